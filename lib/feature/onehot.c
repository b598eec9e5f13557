/*
 * --onehot: one feature "column=value" a category, 1 in the rows that have it.
 *
 * null (and an absent column) is a category of its own, "column is null": neither the empty string
 * nor the word. With min_frequency=N, categories in fewer rows than N share "column is
 * infrequent"; with max_categories=N there are at most N features, that one included. A value that
 * learning never saw is infrequent too where there is such a feature, and none at all otherwise.
 * All this is scikit-learn's OneHotEncoder with handle_unknown="infrequent_if_exist", ties
 * included. While learning goes on, a category has a feature of its own once it has been in N
 * rows, and the first max_categories - 1 to get there stay.
 *
 * At most WH_ONEHOT_VALUES values of a column are remembered, WH_ONEHOT_BYTES of them; further ones
 * are infrequent.
 *
 * Values count by their text, and numbers by one spelling of their value: 3, 3.0 and 3e0 are the
 * category 3. (A state of an earlier version may have 3.0 as well, which then stays one of its
 * own.)
 *
 * With fixed constants, values that were not learned are counted, and are bad rows where the
 * features are strict.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/number.h"
#include "feature/encoder.h"
#include "feature/table.h"
#include "pipe/step_argument.h"
#include "record/json.h"

enum { FIRST_TABLE = 64 };

struct category {
    struct wh_slice value;
    uint64_t count;             /* rows that had it; 0: only null, before it was met */
    bool own;                   /* has a feature of its own */
    struct wh_feature *feature; /* that one; NULL until it is needed */
};

/* The categories of one column. */
struct categories {
    struct wh_encoder_memory memory;
    struct category **table; /* by value, open addressing, NULL where free */
    size_t table_size;       /* a power of two */
    size_t count;            /* in the table */
    size_t bytes;            /* of their values */
    struct category null;
    size_t owners;           /* categories with a feature of their own */
    size_t merged;           /* known categories without */
    uint64_t overflow;       /* rows whose values were not remembered */
    struct wh_feature *infrequent;
    struct wh_arena values;
    uint64_t unknown;        /* rows whose values were not learned, when constants are fixed */
    char sample[96];         /* the first of them, as messages show it */
};

struct onehot {
    struct wh_encoder encoder;
    uint64_t min_frequency;
    uint64_t max_categories; /* 0: no limit */
    bool settled;
};

/* The table. */

static size_t place(const struct categories *categories, struct wh_slice value)
{
    size_t mask = categories->table_size - 1;
    size_t at = (size_t)wh_hash(value.text, value.length) & mask;
    for (; categories->table[at]; at = (at + 1) & mask) {
        const struct category *category = categories->table[at];
        if (category->value.length == value.length &&
            memcmp(category->value.text, value.text, value.length) == 0)
            break;
    }
    return at;
}

static void enlarge(struct categories *categories)
{
    struct category **old = categories->table;
    size_t old_size = categories->table_size;
    categories->table_size = old_size ? old_size * 2 : FIRST_TABLE;
    categories->table = wh_alloc(categories->table_size, sizeof(struct category *));
    for (size_t i = 0; i < old_size; i++)
        if (old[i])
            categories->table[place(categories, old[i]->value)] = old[i];
    free(old);
}

static struct category *add(struct categories *categories, struct wh_slice value)
{
    if (categories->count * 2 >= categories->table_size)
        enlarge(categories);
    struct category *category = wh_arena_take(&categories->values, sizeof *category);
    *category = (struct category){
        .value = { wh_arena_copy(&categories->values, value.text, value.length), value.length } };
    categories->table[place(categories, value)] = category;
    categories->count++;
    categories->bytes += value.length;
    return category;
}

static bool has_room(const struct categories *categories, struct wh_slice value)
{
    return categories->count < WH_ONEHOT_VALUES &&
           categories->bytes + value.length <= WH_ONEHOT_BYTES;
}

static struct category *find(const struct categories *categories, struct wh_slice value)
{
    return categories->table_size ? categories->table[place(categories, value)] : NULL;
}

static void forget(struct wh_encoder_memory *memory)
{
    struct categories *categories = (struct categories *)memory;
    wh_arena_free(&categories->values);
    free(categories->table);
}

static int compare_values(const void *left, const void *right)
{
    const struct category *a = *(struct category *const *)left;
    const struct category *b = *(struct category *const *)right;
    size_t common = a->value.length < b->value.length ? a->value.length : b->value.length;
    int order = memcmp(a->value.text, b->value.text, common);
    if (order)
        return order;
    return (a->value.length > b->value.length) - (a->value.length < b->value.length);
}

/* The values in the order of their bytes, then null where it was met; *count of them. free() it. */
static struct category **sorted(struct categories *categories, size_t *count)
{
    struct category **list = wh_alloc(categories->count + 1, sizeof(struct category *));
    size_t filled = 0;
    for (size_t i = 0; i < categories->table_size; i++)
        if (categories->table[i])
            list[filled++] = categories->table[i];
    qsort(list, filled, sizeof(struct category *), compare_values);
    if (categories->null.count)
        list[filled++] = &categories->null;
    *count = filled;
    return list;
}

/* Features. */

static struct wh_feature *name_feature(const struct onehot *onehot,
                                       const struct categories *categories, const char *end,
                                       struct wh_slice value, struct wh_features *features,
                                       struct wh_error *error)
{
    struct wh_buffer name = { 0 };
    wh_buffer_add(&name, categories->memory.name.text, categories->memory.name.length);
    wh_buffer_add(&name, end, strlen(end));
    wh_buffer_add(&name, value.text, value.length);
    struct wh_feature *feature = wh_features_name(features, onehot, name.data, name.length, error);
    wh_buffer_free(&name);
    return feature;
}

static struct wh_feature *feature_of(const struct onehot *onehot, struct categories *categories,
                                     struct category *category, struct wh_features *features,
                                     struct wh_error *error)
{
    /* null's value is empty */
    const char *end = category == &categories->null ? " is null" : "=";
    if (!category->feature)
        category->feature = name_feature(onehot, categories, end, category->value, features, error);
    return category->feature;
}

static struct wh_feature *infrequent(const struct onehot *onehot, struct categories *categories,
                                     struct wh_features *features, struct wh_error *error)
{
    if (!categories->infrequent)
        categories->infrequent = name_feature(onehot, categories, " is infrequent",
                                              (struct wh_slice){ "", 0 }, features, error);
    return categories->infrequent;
}

static bool has_infrequent(const struct categories *categories)
{
    return categories->merged > 0 || categories->overflow > 0;
}

/* Asks for all features there are, in order, as a dense row needs it. */
static int name_all(const struct onehot *onehot, struct categories *categories,
                    struct wh_features *features, struct wh_error *error)
{
    size_t count;
    struct category **list = sorted(categories, &count);
    int failed = 0;
    for (size_t i = 0; i < count && !failed; i++)
        failed = list[i]->own && !feature_of(onehot, categories, list[i], features, error);
    free(list);
    if (!failed && has_infrequent(categories))
        failed = !infrequent(onehot, categories, features, error);
    return failed ? -1 : 0;
}

static int bind_column(const struct onehot *onehot, struct categories *categories,
                       struct wh_features *features, struct wh_error *error)
{
    struct wh_slice name = categories->memory.name;
    char *prefix = wh_copy(name.text, name.length + 1);
    prefix[name.length] = '=';
    int failed = wh_features_claim(features, onehot, prefix, name.length + 1, error);
    free(prefix);
    return failed || (features->dense && name_all(onehot, categories, features, error)) ? -1 : 0;
}

static struct wh_binding *bind(struct wh_step *step, const struct wh_shape *shape,
                               struct wh_error *error)
{
    struct wh_features *features = step->context->features;
    struct onehot *onehot = (struct onehot *)step;
    struct wh_encoder_binding *binding = wh_encoder_bind(&onehot->encoder, shape, features, error);
    if (!binding)
        return NULL;
    int failed = features->dense && !onehot->settled
        ? wh_fail(error, WH_REFUSED, "onehot: CSV needs all categories before the first row: "
                  "--fit-transform or --frozen gives them, -o ndjson does without")
        : wh_encoder_remember(&onehot->encoder, binding, sizeof(struct categories), error);
    for (size_t i = 0; i < binding->count && !failed; i++)
        failed = bind_column(onehot, binding->columns[i].memory, features, error);
    if (failed) {
        free(binding);
        return NULL;
    }
    return &binding->binding;
}

/* Rows. */

/* A number by the one spelling of its value, in the row's scratch where that is another. */
static struct wh_slice spell(struct wh_row *row, struct wh_slice text)
{
    char spelled[WH_NUMBER_SIZE];
    size_t length = text.length;
    if (wh_number_spell(text.text, &length, spelled) == text.text)
        return text;
    char *copy = wh_row_take(row, length);
    memcpy(copy, spelled, length);
    return (struct wh_slice){ copy, length };
}

/* The category of the column in this row, NULL where it is unknown; leaves it for learn(). */
static struct category *meet(struct wh_encoder_column *column, struct wh_row *row)
{
    struct categories *categories = column->memory;
    if (wh_encoder_null(column, row)) {
        column->met.known = &categories->null;
        return categories->null.count ? &categories->null : NULL;
    }
    const struct wh_field *field = &row->fields[column->field];
    struct wh_slice text = wh_row_text(row, field);
    column->met.value = field->type == WH_NUMBER ? spell(row, text) : text;
    column->met.known = find(categories, column->met.value);
    if (!column->met.known && column->met.value.text != text.text)
        column->met.known = find(categories, text);
    return column->met.known;
}

/* Counts a value that was not learned; with `strict` features it is a bad row, and false. */
static bool take_unknown(struct wh_encoder_column *column, struct wh_row *row, bool strict,
                         struct wh_error *error)
{
    struct categories *categories = column->memory;
    char shown[96] = "null";
    if (!wh_encoder_null(column, row))
        wh_quote(shown, column->met.value.text, column->met.value.length);
    if (strict) {
        wh_bad_row(error, "onehot", column->name, column->length, 0, "%s is not among the values "
                   "that were learned (learn the constants anew, by --fit, from rows that have it)",
                   shown);
        return false;
    }
    if (categories->unknown++ == 0)
        memcpy(categories->sample, shown, sizeof shown);
    return true;
}

/* The feature that the category makes, NULL in *feature where there is none. */
static int encode(const struct onehot *onehot, struct categories *categories,
                  struct category *category, struct wh_features *features,
                  struct wh_feature **feature, struct wh_error *error)
{
    *feature = NULL;
    if (category && category->own)
        *feature = feature_of(onehot, categories, category, features, error);
    else if (has_infrequent(categories))
        *feature = infrequent(onehot, categories, features, error);
    else
        return 0;
    return *feature ? 0 : -1;
}

static enum wh_verdict row(struct wh_step *step, struct wh_binding *binding, struct wh_row *row,
                           struct wh_error *error)
{
    struct wh_features *features = step->context->features;
    const struct onehot *onehot = (const struct onehot *)step;
    struct wh_encoder_binding *own = (struct wh_encoder_binding *)binding;
    wh_features_pass(features, own);
    for (size_t i = 0; i < own->count; i++) {
        struct wh_encoder_column *column = &own->columns[i];
        struct categories *categories = column->memory;
        struct wh_feature *feature;
        if (column->field >= 0 && row->fields[column->field].type == WH_NESTED) {
            bool array = *wh_row_text(row, &row->fields[column->field]).text == '[';
            wh_bad_row(error, "onehot", column->name, column->length, 0,
                       array ? "an array is not a category (jq -c '.COL |= .[0]' takes its first "
                               "value)"
                             : "an object is not a category (see --flatten)");
            return WH_BAD;
        }
        struct category *category = meet(column, row);
        if (!category && onehot->settled && !take_unknown(column, row, features->strict, error))
            return WH_BAD;
        if (!column->met.known && !onehot->settled && !has_room(categories, column->met.value))
            features->full = categories->memory.name.text;
        if (encode(onehot, categories, category, features, &feature, error))
            return WH_FATAL;
        if (feature)
            wh_features_add(features, feature)->kind = WH_FEATURE_ONE;
    }
    return WH_PASSED;
}

/* Learning. */

/* Counts one more row of the category and gives it a feature of its own when it is due. */
static void count_row(const struct onehot *onehot, struct categories *categories,
                      struct category *category)
{
    if (category->count++ == 0)
        categories->merged++;
    bool room = onehot->max_categories == 0 || categories->owners + 1 < onehot->max_categories;
    if (category->own || category->count < onehot->min_frequency || !room)
        return;
    category->own = true;
    categories->owners++;
    categories->merged--;
}

static void learn(struct wh_step *step, struct wh_binding *binding)
{
    const struct onehot *onehot = (const struct onehot *)step;
    const struct wh_encoder_binding *own = (const struct wh_encoder_binding *)binding;
    for (size_t i = 0; i < own->count; i++) {
        const struct wh_encoder_column *column = &own->columns[i];
        struct categories *categories = column->memory;
        if (column->met.known)
            count_row(onehot, categories, column->met.known);
        else if (has_room(categories, column->met.value))
            count_row(onehot, categories, add(categories, column->met.value));
        else
            categories->overflow++;
    }
}

/* The most frequent first; among equals the later in order. */
struct rank {
    uint64_t count;
    size_t order;
    struct category *category;
};

static int compare_ranks(const void *left, const void *right)
{
    const struct rank *a = left, *b = right;
    if (a->count != b->count)
        return a->count < b->count ? 1 : -1;
    return (a->order < b->order) - (a->order > b->order);
}

/* Leaves their own features to the `most` most frequent only. */
static void keep_most_frequent(struct category **list, size_t count, size_t most)
{
    struct rank *ranks = wh_alloc(count, sizeof *ranks);
    for (size_t i = 0; i < count; i++)
        ranks[i] = (struct rank){ list[i]->count, i, list[i] };
    qsort(ranks, count, sizeof *ranks, compare_ranks);
    for (size_t i = most; i < count; i++)
        ranks[i].category->own = false;
    free(ranks);
}

static void settle_column(const struct onehot *onehot, struct categories *categories)
{
    size_t count;
    struct category **list = sorted(categories, &count);
    categories->owners = 0;
    for (size_t i = 0; i < count; i++) {
        list[i]->own = list[i]->count >= onehot->min_frequency;
        categories->owners += list[i]->own;
    }
    if (onehot->max_categories && categories->owners + 1 > onehot->max_categories) {
        categories->owners = (size_t)onehot->max_categories - 1;
        keep_most_frequent(list, count, categories->owners);
    }
    categories->merged = count - categories->owners;
    free(list);
}

static void settle(struct wh_step *step)
{
    struct onehot *onehot = (struct onehot *)step;
    onehot->settled = true;
    for (size_t i = 0; i < onehot->encoder.memory_count; i++)
        settle_column(onehot, (struct categories *)onehot->encoder.memories[i]);
}

/* State: [value, rows, whether it has a feature of its own] a category, null in value's place for
 * that one. */

static void save_value(struct wh_buffer *text, const struct categories *categories,
                       const struct category *category)
{
    if (category == &categories->null) {
        wh_buffer_literal(text, "[null");
    } else {
        wh_buffer_literal(text, "[\"");
        wh_json_escape(text, category->value.text, category->value.length);
        wh_buffer_byte(text, '"');
    }
    wh_buffer_byte(text, ',');
    char *digits = wh_buffer_reserve(text, WH_NUMBER_SIZE);
    text->length += wh_integer_print((int64_t)category->count, digits);
    wh_buffer_format(text, ",%s]", category->own ? "true" : "false");
}

static void save_column(struct wh_buffer *text, struct categories *categories)
{
    size_t count;
    struct category **list = sorted(categories, &count);
    wh_buffer_literal(text, "{\"column\":\"");
    wh_json_escape(text, categories->memory.name.text, categories->memory.name.length);
    wh_buffer_format(text, "\",\"overflow\":%llu,\"values\":[",
                     (unsigned long long)categories->overflow);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            wh_buffer_byte(text, ',');
        save_value(text, categories, list[i]);
    }
    wh_buffer_literal(text, "]}");
    free(list);
}

static void save(const struct wh_step *step, struct wh_buffer *text)
{
    const struct wh_encoder *encoder = (const struct wh_encoder *)step;
    for (size_t i = 0; i < encoder->memory_count; i++) {
        wh_buffer_byte(text, i > 0 ? ',' : '[');
        save_column(text, (struct categories *)encoder->memories[i]);
    }
    wh_buffer_format(text, encoder->memory_count ? "]" : "[]");
}

static void tell(const struct wh_step *step, struct wh_buffer *out)
{
    const struct wh_encoder *encoder = (const struct wh_encoder *)step;
    for (size_t i = 0; i < encoder->memory_count; i++) {
        const struct categories *categories = (const struct categories *)encoder->memories[i];
        char name[96];
        if (categories->unknown)
            wh_buffer_format(out, "column %s: %llu value%s not learned, such as %s (--strict "
                             "makes such rows bad; --fit learns them)\n",
                             wh_quote(name, categories->memory.name.text,
                                      categories->memory.name.length),
                             (unsigned long long)categories->unknown,
                             categories->unknown == 1 ? " was" : "s were", categories->sample);
    }
}

static json_t *count_unknown(const struct wh_step *step)
{
    const struct wh_encoder *encoder = (const struct wh_encoder *)step;
    json_t *counts = json_object();
    for (size_t i = 0; i < encoder->memory_count; i++) {
        const struct categories *categories = (const struct categories *)encoder->memories[i];
        if (categories->unknown)
            json_object_set_new(counts, categories->memory.name.text,
                                json_integer((json_int_t)categories->unknown));
    }
    return counts;
}

static void merge(struct wh_step *step, struct wh_step *session)
{
    struct wh_encoder *encoder = (struct wh_encoder *)step;
    struct wh_encoder *other = (struct wh_encoder *)session;
    struct wh_error ignored;
    for (size_t i = 0; i < other->memory_count; i++) {
        struct categories *from = (struct categories *)other->memories[i];
        struct categories *categories = NULL;
        if (from->unknown > 0)
            categories = wh_encoder_memory(encoder, from->memory.name.text,
                                           from->memory.name.length, sizeof *categories, i,
                                           &ignored);
        if (categories && categories->unknown == 0)
            memcpy(categories->sample, from->sample, sizeof from->sample);
        if (categories)
            categories->unknown += from->unknown;
        from->unknown = 0;
    }
}

static int load_value(struct categories *categories, const json_t *entry)
{
    const json_t *value = json_array_get(entry, 0);
    const json_t *rows = json_array_get(entry, 1);
    const json_t *own = json_array_get(entry, 2);
    if (!json_is_integer(rows) || json_integer_value(rows) < 1 || !json_is_boolean(own) ||
        !(json_is_string(value) || json_is_null(value)))
        return -1;
    struct wh_slice text = { json_string_value(value), json_string_length(value) };
    if (json_is_string(value) && !has_room(categories, text))
        return -1;
    struct category *category = json_is_null(value)      ? &categories->null
                                : find(categories, text) ? find(categories, text)
                                                         : add(categories, text);
    if (category->count)
        return -1;
    category->count = (uint64_t)json_integer_value(rows);
    category->own = json_is_true(own);
    categories->owners += category->own;
    categories->merged += !category->own;
    return 0;
}

static int load(struct wh_step *step, const json_t *state, struct wh_slice tape,
                struct wh_error *error)
{
    (void)tape;
    struct wh_encoder *encoder = (struct wh_encoder *)step;
    size_t i, j;
    json_t *column, *entry;
    json_array_foreach(state, i, column) {
        const json_t *name = json_object_get(column, "column");
        const json_t *overflow = json_object_get(column, "overflow");
        if (!json_is_string(name) || !json_is_integer(overflow) || json_integer_value(overflow) < 0)
            return wh_fail(error, WH_REFUSED, "the saved state of column %zu is invalid", i + 1);
        struct categories *categories =
            wh_encoder_memory(encoder, json_string_value(name), json_string_length(name),
                              sizeof *categories, i, error);
        if (!categories)
            return -1;
        categories->overflow = (uint64_t)json_integer_value(overflow);
        json_array_foreach(json_object_get(column, "values"), j, entry)
            if (load_value(categories, entry))
                return wh_fail(error, WH_REFUSED, "the saved state of value %zu of column %zu is "
                               "invalid", j + 1, i + 1);
    }
    return 0;
}

static const struct wh_step_ops ops = {
    .bind = bind,
    .row = row,
    .columns = wh_encoder_columns,
    .learn = learn,
    .settle = settle,
    .save = save,
    .tell = tell,
    .unknown = count_unknown,
    .merge = merge,
    .load = load,
    .feeds = wh_encoder_feeds_none,
    .close = wh_encoder_close,
};

static struct wh_step *create(const json_t *recipe, struct wh_error *error)
{
    struct onehot *onehot = wh_alloc(1, sizeof *onehot);
    onehot->encoder.forget = forget;
    onehot->min_frequency = 1;
    if (wh_encoder_open(&onehot->encoder, &ops, recipe, error) ||
        wh_encoder_count(recipe, "min_frequency", 1, INT64_MAX, &onehot->min_frequency, error) ||
        wh_encoder_count(recipe, "max_categories", 1, WH_ONEHOT_VALUES, &onehot->max_categories,
                         error)) {
        wh_encoder_close(&onehot->encoder.step);
        return NULL;
    }
    return &onehot->encoder.step;
}

const struct wh_step_type wh_step_onehot = {
    .op = "onehot",
    .encodes = true,
    .argument = "COLS[:min_frequency=N,max_categories=N]",
    .help = "a feature COL=VALUE for each value; rarer ones than N, or all but the N - 1 most "
            "frequent, share one",
    .keys = (const char *const[]){ "columns", "min_frequency", "max_categories", NULL },
    .parse = wh_parse_columns_argument,
    .create = create,
    .learns = true,
};
