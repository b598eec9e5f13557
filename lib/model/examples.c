#include "model/examples.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "model/findings.h"
#include "model/interactions.h"
#include "record/json.h"
#include "record/required.h"
#include "record/shape_cache.h"

static const char FEATURES[] = "features";
static const char DOTTED[] = "features.";
static const char STAMP[] = "recipe";

enum { BINDINGS_LOG2 = 4 }; /* shapes that are remembered */

/* A column that features come from. */
struct column {
    uint32_t index;
    uint32_t length; /* of its name; after it in the text stands "=" */
    size_t offset;   /* of its name in the binding's text */
    uint32_t id;     /* of the feature it is where it is a number, WH_NO_FEATURE while not known */
    uint32_t fast;   /* the same where a number is read as it is, else WH_NO_FEATURE */
    uint32_t last;   /* of the feature its last string was */
};

/* A column of the census that rows of a shape lack. */
struct absent {
    struct wh_census_column *known;
    size_t before; /* the column that it is missed in front of */
    uint32_t id;   /* as in a column */
};

/* What is known of one shape. */
struct binding {
    uint64_t serial; /* 0: none */
    int label, weight, stamp, object; /* indices, -1 where there is none */
    enum wh_example_input input;
    struct column *columns;
    size_t count;
    struct wh_census_column **known; /* of each column; NULL: not in the census */
    struct absent *absent;
    size_t absent_count;
    uint32_t version; /* of the census, for `known` and `absent` */
    struct wh_buffer text;
};

enum { ID, IGNORE, TIME, JOIN, EXCLUDED };

/* What the rows so far tell of a feature. */
struct met {
    uint32_t next; /* what came after it last time, to be checked; WH_CONSTANT: nothing */
    uint32_t row;  /* the last row that had it, as the examples count them; 0: none */
};

struct wh_examples {
    const struct wh_names *names;
    struct wh_names *growing; /* the same where names are added, else NULL */
    struct met *met; /* by number, of all names that there are when a row is read */
    size_t met_capacity;
    char *label, *weight, *aside[2];
    struct wh_columns *excluded[EXCLUDED]; /* NULL where not given */
    struct wh_interactions *interactions; /* NULL: none */
    struct wh_required weighing; /* the weight's column */
    uint64_t hash_mask; /* of the bits of names' hashes; 0: names are kept */
    struct wh_census *census; /* NULL: none */
    bool strict;
    bool learn;
    bool zeros, missing; /* these are put into the examples too */
    bool held;           /* rows are only looked at */
    bool adds;           /* the row being read may add names: it has a label to learn */
    bool lenient;        /* excluded columns may be absent */
    bool begins;         /* by the end, some row must have had each of them ... */
    bool columns;        /* ... unless no row had columns for features */
    uint32_t most;       /* names, the constant included */
    uint64_t crowded, crowded_before; /* the row */
    struct wh_shape_cache bindings;

    /* The example being made. */
    uint32_t *ids;
    double *values;
    size_t count, capacity;
    uint32_t *places; /* where features are in it, by their numbers, where names are hashed */
    size_t place_capacity;
    uint32_t count_before; /* of names, before the row */
    uint32_t row;          /* its number, from 1; it begins again where that is too large */
    struct wh_row *at;     /* the row read last, and its fields */
    const struct wh_field *fields;
    struct binding *binding;
    uint32_t *odd;         /* columns whose value was not the usual one */
    size_t odd_count, odd_capacity;
    bool fresh;            /* the last string was no feature before */
    bool named, known;     /* a feature was named; one of these is known */
    struct wh_buffer name;
};

/* A name within the row, with its number or WH_NO_FEATURE where that is not known. */
struct named {
    const char *text;
    size_t length;
    uint32_t id;
};

static int parse_columns(struct wh_columns **columns, const char *text, struct wh_error *error)
{
    return text ? wh_columns_parse(text, strlen(text), columns, error) : 0;
}

static char *copy(const char *text)
{
    return text ? wh_copy(text, strlen(text)) : NULL;
}

static struct wh_examples *open_examples(const struct wh_names *names, struct wh_names *growing,
                                         const struct wh_roles *roles,
                                         const struct wh_examples_settings *settings,
                                         struct wh_error *error)
{
    struct wh_examples *examples = wh_alloc(1, sizeof *examples);
    wh_shape_cache_open(&examples->bindings, sizeof(struct binding), BINDINGS_LOG2);
    uint64_t most = settings->max_features;
    examples->names = names;
    examples->growing = growing;
    examples->census = settings->census;
    examples->strict = settings->strict;
    examples->learn = growing != NULL;
    examples->begins = growing && settings->begins;
    examples->lenient = !examples->begins;
    examples->zeros = settings->needs & WH_NEEDS_ZEROS;
    examples->missing = settings->needs & WH_NEEDS_MISSING;
    if (roles->hash_bits)
        examples->hash_mask = (UINT64_C(1) << roles->hash_bits) - 1;
    examples->most = most < WH_MOST_FEATURES ? (uint32_t)most + 1 : WH_MOST_FEATURES;
    examples->label = copy(roles->label);
    examples->weight = copy(roles->weight);
    examples->weighing = (struct wh_required){ .option = "--weight", .name = examples->weight };
    for (size_t i = 0; i < 2; i++)
        examples->aside[i] = copy(settings->aside[i]);
    examples->capacity = 64;
    examples->ids = wh_alloc(examples->capacity, sizeof *examples->ids);
    examples->values = wh_alloc(examples->capacity, sizeof *examples->values);
    if (roles->interactions)
        examples->interactions = wh_interactions_open(roles->interactions, names, error);
    if ((roles->interactions && !examples->interactions)
        || parse_columns(&examples->excluded[ID], roles->id, error) != 0
        || parse_columns(&examples->excluded[IGNORE], roles->ignore, error) != 0
        || parse_columns(&examples->excluded[TIME], roles->time, error) != 0
        || parse_columns(&examples->excluded[JOIN], roles->join, error) != 0) {
        wh_examples_free(examples);
        return NULL;
    }
    return examples;
}

struct wh_examples *wh_examples_open(struct wh_names *names, const struct wh_roles *roles,
                                     const struct wh_examples_settings *settings,
                                     struct wh_error *error)
{
    return open_examples(names, names, roles, settings, error);
}

struct wh_examples *wh_examples_open_scoring(const struct wh_names *names,
                                             const struct wh_roles *roles,
                                             const struct wh_examples_settings *settings,
                                             struct wh_error *error)
{
    return open_examples(names, NULL, roles, settings, error);
}

static void unbind(struct wh_examples *examples, struct binding *binding)
{
    if (examples->census && examples->census->pending.columns == binding->known)
        wh_census_settle(examples->census);
    free(binding->columns);
    free(binding->absent);
    free(binding->known);
    wh_buffer_free(&binding->text);
    *binding = (struct binding){ 0 };
}

static void unbind_all(struct wh_examples *examples)
{
    struct binding *binding = NULL;
    while ((binding = wh_shape_cache_next(&examples->bindings, binding)))
        unbind(examples, binding);
}

void wh_examples_free(struct wh_examples *examples)
{
    if (!examples)
        return;
    unbind_all(examples);
    wh_shape_cache_close(&examples->bindings);
    for (size_t i = 0; i < EXCLUDED; i++)
        wh_columns_free(examples->excluded[i]);
    wh_interactions_free(examples->interactions);
    free(examples->label);
    free(examples->weight);
    for (size_t i = 0; i < 2; i++)
        free(examples->aside[i]);
    free(examples->ids);
    free(examples->values);
    free(examples->places);
    free(examples->met);
    free(examples->odd);
    wh_buffer_free(&examples->name);
    free(examples);
}

uint64_t wh_examples_crowded(const struct wh_examples *examples)
{
    return examples->crowded;
}

/*
 * Binding
 */

static bool is_dotted(const char *name, size_t length)
{
    return length > sizeof DOTTED - 1 && memcmp(name, DOTTED, sizeof DOTTED - 1) == 0;
}

bool wh_column_is_features(const char *name, size_t length)
{
    return (length == sizeof FEATURES - 1 && memcmp(name, FEATURES, length) == 0)
        || is_dotted(name, length);
}

int wh_no_label_column(const char *label, const struct wh_shape *shape, struct wh_error *error)
{
    wh_fail(error, WH_REFUSED, "there is no column %s, the label", label);
    wh_shape_suggest(shape, label, error);
    return -1;
}

void wh_no_label_row(const char *label, const struct wh_row *row, struct wh_error *error)
{
    wh_fail(error, WH_REFUSED, "no row has a column %s, the label", label);
    wh_shape_suggest(row->shape, label, error);
}

static int find(const struct wh_shape *shape, const char *name)
{
    return name ? wh_shape_find(shape, name, strlen(name)) : -1;
}

enum { HASHED_SIZE = 16 };

/* What a feature is called in the names: as the row has it, or by its hash, then in `hashed`. */
static struct wh_slice name_of(const struct wh_examples *examples, const char *text,
                               size_t length, char hashed[static HASHED_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    if (!examples->hash_mask)
        return (struct wh_slice){ text, length };
    uint64_t hash = wh_stable_mix(wh_stable_hash(WH_STABLE_HASH, text, length));
    char *at = hashed + HASHED_SIZE;
    uint64_t left = hash & examples->hash_mask;
    do
        *--at = digits[left & 15];
    while (left >>= 4);
    *--at = '#';
    return (struct wh_slice){ at, (size_t)(hashed + HASHED_SIZE - at) };
}

static uint32_t find_name(const struct wh_examples *examples, const char *text, size_t length)
{
    char hashed[HASHED_SIZE];
    struct wh_slice name = name_of(examples, text, length, hashed);
    return wh_names_find(examples->names, name.text, name.length);
}

static void add_column(struct wh_examples *examples, struct binding *binding, uint32_t index,
                       const char *name, uint32_t length)
{
    struct column *column = &binding->columns[binding->count++];
    *column = (struct column){ .index = index, .length = length, .offset = binding->text.length,
                               .fast = WH_NO_FEATURE, .last = WH_NO_FEATURE };
    wh_buffer_add(&binding->text, name, length);
    wh_buffer_byte(&binding->text, '=');
    column->id = find_name(examples, name, length);
    if (examples->interactions)
        wh_interactions_meet(examples->interactions, name, length);
}

static void bind_features(struct wh_examples *examples, struct binding *binding,
                          const struct wh_shape *shape)
{
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct wh_column *column = &shape->columns[i];
        uint32_t prefix = sizeof DOTTED - 1;
        if (is_dotted(column->name, column->length))
            add_column(examples, binding, i, column->name + prefix, column->length - prefix);
    }
}

static const char *const excluding[EXCLUDED] = { "--id", "--ignore", "--time", "--join" };

/* Names the option in an error about its columns. */
static int refuse_excluded(size_t option, struct wh_error *error)
{
    return wh_refuse_in(error, "%s", excluding[option]);
}

/* Marks the columns that these options name. */
static int mark_excluded(struct wh_examples *examples, const struct wh_row *row,
                         bool *excluded, struct wh_error *error)
{
    const struct wh_shape *shape = row->shape;
    uint32_t *indices = wh_alloc(shape->count, sizeof *indices);
    int result = 0;
    for (size_t i = 0; i < EXCLUDED && result == 0; i++) {
        if (!examples->excluded[i])
            continue;
        int count = wh_columns_resolve(examples->excluded[i], shape, examples->lenient, indices,
                                       error);
        for (int k = 0; k < count; k++)
            excluded[indices[k]] = true;
        if (count < 0 && row->raw_format == WH_FORMAT_NDJSON && i != TIME && i != JOIN)
            wh_columns_suggest_later(examples->excluded[i], shape, error);
        if (count < 0)
            result = refuse_excluded(i, error);
    }
    free(indices);
    return result;
}

/* Whether each item of these options has found a column: in `shape`, which all rows
 * have, or, where that is NULL, in any row. */
static int check_excluded(const struct wh_examples *examples, const struct wh_shape *shape,
                          struct wh_error *error)
{
    for (size_t i = 0; i < EXCLUDED; i++)
        if (examples->excluded[i] && wh_columns_check(examples->excluded[i], true, shape, error))
            return refuse_excluded(i, error);
    return 0;
}

/* The same of all options that name columns of a new model; features of an object are known as
 * rows bring them. */
static int check_choices(const struct wh_examples *examples, enum wh_example_input input,
                         const struct wh_shape *shape, struct wh_error *error)
{
    if (input == WH_INPUT_COLUMNS && check_excluded(examples, shape, error) != 0)
        return -1;
    return examples->interactions ? wh_interactions_check(examples->interactions, shape, error) : 0;
}

int wh_examples_finish(const struct wh_examples *examples, struct wh_error *error)
{
    /* Rows that go on teaching a model may be few, and all bad. */
    bool whole = examples->begins || !examples->learn;
    if (whole && wh_required_check(&examples->weighing, error) != 0)
        return -1;
    bool read = examples->begins && examples->lenient; /* a row */
    return read ? check_choices(examples, examples->columns ? WH_INPUT_COLUMNS : WH_INPUT_FEATURES,
                                NULL, error) : 0;
}

static bool is_aside(const struct wh_examples *examples, const struct wh_column *column)
{
    for (size_t i = 0; i < 2; i++)
        if (examples->aside[i] && strlen(examples->aside[i]) == column->length
            && memcmp(examples->aside[i], column->name, column->length) == 0)
            return true;
    return false;
}

static int bind_columns(struct wh_examples *examples, struct binding *binding,
                        const struct wh_row *row, struct wh_error *error)
{
    const struct wh_shape *shape = row->shape;
    bool *excluded = wh_alloc(shape->count, sizeof *excluded);
    int result = mark_excluded(examples, row, excluded, error);
    for (uint32_t i = 0; i < shape->count && result == 0; i++) {
        const struct wh_column *column = &shape->columns[i];
        if (!excluded[i] && (int)i != binding->label && (int)i != binding->weight
            && !is_aside(examples, column))
            add_column(examples, binding, i, column->name, column->length);
    }
    free(excluded);
    return result;
}

static struct wh_slice name_in(const struct binding *binding, const struct column *column)
{
    return (struct wh_slice){ binding->text.data + column->offset, column->length };
}

static void add_absent(struct wh_examples *examples, struct binding *binding, uint32_t id,
                       size_t before)
{
    struct wh_census_column *known = examples->census->columns[id];
    struct wh_slice name = wh_census_name(examples->census, known);
    binding->absent[binding->absent_count++] =
        (struct absent){ known, before, find_name(examples, name.text, name.length) };
}

/* Missing columns stand where rows that have them mostly have them: then a row says the same
 * whether it lacks a column or has null there. */
static void find_absent(struct wh_examples *examples, struct binding *binding, const bool *there,
                        uint32_t count)
{
    size_t before = 0;
    binding->absent = wh_alloc(count, sizeof *binding->absent);
    for (uint32_t id = 0; id < count; id++) {
        const struct wh_census_column *known;
        while (before < binding->count
               && (!(known = binding->known[before]) || known->id - 1 < id))
            before++;
        if (!there[id])
            add_absent(examples, binding, id, before);
    }
}

/* Holds the shape against the census as it is now. */
static void bind_census(struct wh_examples *examples, struct binding *binding)
{
    struct wh_census *census = examples->census;
    uint32_t count = wh_census_count(census);
    if (count > WH_CENSUS_EXPECTED && !examples->strict)
        count = WH_CENSUS_EXPECTED;
    bool *there = wh_alloc((size_t)count + 1, sizeof *there);
    wh_census_settle(census);
    for (size_t i = 0; i < binding->count; i++) {
        struct wh_census_column **known = &binding->known[i];
        binding->columns[i].fast = WH_NO_FEATURE; /* the kind may be another */
        if (!*known || (*known)->stranger)
            *known = wh_census_find(census, name_in(binding, &binding->columns[i]));
        if (*known && !(*known)->stranger && (*known)->id <= count)
            there[(*known)->id - 1] = true;
    }
    free(binding->absent);
    binding->absent = NULL;
    binding->absent_count = 0;
    if (examples->missing || examples->strict)
        find_absent(examples, binding, there, count);
    binding->version = census->version;
    free(there);
}

static int bind(struct wh_examples *examples, struct binding *binding, const struct wh_row *row,
                struct wh_error *error)
{
    const struct wh_shape *shape = row->shape;
    unbind(examples, binding);
    binding->columns = wh_alloc(shape->count, sizeof *binding->columns);
    binding->known = wh_alloc(shape->count, sizeof *binding->known);
    binding->label = find(shape, examples->label);
    binding->weight = find(shape, examples->weight);
    examples->weighing.found = examples->weighing.found || binding->weight >= 0;
    binding->object = find(shape, FEATURES);
    binding->input = binding->object >= 0 ? WH_INPUT_FEATURES : WH_INPUT_COLUMNS;
    for (uint32_t i = 0; i < shape->count; i++)
        if (is_dotted(shape->columns[i].name, shape->columns[i].length))
            binding->input = WH_INPUT_FEATURES;
    binding->stamp = binding->input == WH_INPUT_FEATURES ? find(shape, STAMP) : -1;
    if (binding->input == WH_INPUT_FEATURES)
        bind_features(examples, binding, shape);
    else if (bind_columns(examples, binding, row, error) != 0)
        return -1;
    bool settled = row->raw_format != WH_FORMAT_NDJSON && binding->object < 0;
    if (!examples->lenient && settled && check_choices(examples, binding->input, shape, error) != 0)
        return -1;
    examples->columns = examples->columns || binding->input == WH_INPUT_COLUMNS;
    binding->serial = shape->serial;
    examples->lenient = true;
    return 0;
}

/*
 * Values
 */

static bool bad_value(struct wh_error *error, const struct named *name, const char *rule,
                      const char *text, size_t length, const char *what)
{
    char quoted[96];
    wh_bad_row(error, rule, name->text, name->length, 0, "%s %s", wh_quote(quoted, text, length),
               what);
    return false;
}

/* The feature is the next of the example. */
static void note_place(struct wh_examples *examples, uint32_t id)
{
    if (id >= examples->place_capacity) {
        examples->place_capacity = 2 * (size_t)id + 64;
        examples->places = wh_resize(examples->places, examples->place_capacity,
                                     sizeof *examples->places);
    }
    examples->places[id] = (uint32_t)examples->count;
}

/* A feature that the row has already: another name of the same hash, or a mistake. */
static bool put_again(struct wh_examples *examples, uint32_t id, double value,
                      struct wh_error *error)
{
    if (!examples->hash_mask) {
        wh_bad_row(error, "feature", wh_names_text(examples->names, id),
                   examples->names->names[id].length, 0, "the row has this feature twice");
        return false;
    }
    size_t at = examples->places[id];
    double sum = examples->values[at] + value;
    examples->values[at] = fabs(sum) <= WH_LARGEST_VALUE ? sum : copysign(WH_LARGEST_VALUE, sum);
    return true;
}

/* Puts a feature into the example. */
static inline bool put(struct wh_examples *examples, uint32_t id, double value,
                       struct wh_error *error)
{
    struct met *met = &examples->met[id];
    if (met->row == examples->row)
        return put_again(examples, id, value, error);
    met->row = examples->row;
    if (examples->hash_mask)
        note_place(examples, id);
    if (examples->count == examples->capacity) {
        examples->capacity *= 2;
        examples->ids = wh_resize(examples->ids, examples->capacity, sizeof *examples->ids);
        examples->values =
            wh_resize(examples->values, examples->capacity, sizeof *examples->values);
    }
    examples->ids[examples->count] = id;
    examples->values[examples->count++] = value;
    return true;
}

/* Makes room for what is met of all names that the names have room for: what is new is zero, and
 * takes no memory until it is written to where there was none before. */
static void remember_names(struct wh_examples *examples)
{
    size_t capacity = examples->names->capacity, before = examples->met_capacity;
    if (before == 0) {
        examples->met = wh_alloc(capacity, sizeof *examples->met);
    } else {
        examples->met = wh_resize(examples->met, capacity, sizeof *examples->met);
        memset(examples->met + before, 0, (capacity - before) * sizeof *examples->met);
    }
    examples->met_capacity = capacity;
}

/* Finds a name's number, or gives it one; WH_NO_FEATURE where there is none. False: bad row. */
static bool number_name(struct wh_examples *examples, struct named *name, struct wh_error *error)
{
    char hashed[HASHED_SIZE];
    struct wh_slice text = name_of(examples, name->text, name->length, hashed);
    name->id = wh_names_find(examples->names, text.text, text.length);
    if (name->id != WH_NO_FEATURE || !examples->adds)
        return true;
    if (text.length > WH_MAX_NAME)
        return bad_value(error, name, "feature", name->text, name->length,
                         "is too long for the name of a feature (4096 bytes at most): leave the "
                         "column out with --ignore, or encode it with wh-featurize");
    if (examples->names->count >= examples->most) {
        examples->crowded++;
        return true;
    }
    name->id = wh_names_add(examples->growing, text.text, text.length);
    if (examples->names->count > examples->met_capacity)
        remember_names(examples);
    return true;
}

/* The row has a feature of this name, which may have been learned since its shape was looked at. */
static inline void mark(struct wh_examples *examples, struct named *name)
{
    if (name->id == WH_NO_FEATURE && examples->learn && !examples->adds)
        name->id = wh_names_find(examples->names, name->text, name->length);
    examples->named = true;
    examples->known |= name->id != WH_NO_FEATURE;
}

static inline bool put_value(struct wh_examples *examples, struct named *name, double value,
                             struct wh_error *error)
{
    if (name->id == WH_NO_FEATURE && examples->learn && !number_name(examples, name, error))
        return false;
    return name->id == WH_NO_FEATURE || put(examples, name->id, value, error);
}

static inline bool take_value(struct wh_examples *examples, struct named *name, double value,
                              struct wh_error *error)
{
    mark(examples, name);
    if (value == 0 && !examples->zeros)
        return true;
    return put_value(examples, name, value, error);
}

/* Missing values name a feature, and are part of the example where the learner needs them. */
static inline bool take_missing(struct wh_examples *examples, struct named *name,
                                struct wh_error *error)
{
    mark(examples, name);
    return !examples->missing || put_value(examples, name, (double)NAN, error);
}

/* Takes a number of a feature that has an id, as nearly all are. False where there is more to it
 * than that: nothing has been done then. */
static inline bool take_known(struct wh_examples *examples, uint32_t id, const char *text,
                              size_t length)
{
    if (id == WH_NO_FEATURE)
        return false;
    double value = wh_number_parse_slack(text, length);
    struct met *met = &examples->met[id];
    size_t count = examples->count;
    bool left_out = value == 0 && !examples->zeros;
    if (!(fabs(value) <= WH_LARGEST_VALUE)
        || (!left_out && (met->row == examples->row || count == examples->capacity)))
        return false;
    examples->named = examples->known = true;
    if (left_out)
        return true;
    met->row = examples->row;
    if (examples->hash_mask)
        note_place(examples, id);
    examples->ids[count] = id;
    examples->values[count] = value;
    examples->count = count + 1;
    return true;
}

static bool take_number(struct wh_examples *examples, struct named *name, const char *text,
                        size_t length, struct wh_error *error)
{
    double value = wh_number_parse_slack(text, length);
    if (!(fabs(value) <= WH_LARGEST_VALUE))
        return bad_value(error, name, "number", text, length,
                         "is too large to learn from (the limit is 1e50)");
    return take_value(examples, name, value, error);
}

/* What programs write for a number that is none. */
static bool no_number(const char *text, size_t length)
{
    static const char *const words[] = { "nan", "inf", "infinity" };
    size_t sign = length > 0 && (*text == '-' || *text == '+');
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (length - sign == strlen(words[i])
            && strncasecmp(text + sign, words[i], length - sign) == 0)
            return true;
    return false;
}

/* A string: the feature `name=value`. `last` is the feature it was in the row before. */
static bool take_string(struct wh_examples *examples, const struct named *column,
                        struct wh_slice value, bool declared, uint32_t *last,
                        struct wh_error *error)
{
    const struct wh_names *names = examples->names;
    size_t prefix = column->length + 1;
    uint32_t id = *last;
    examples->fresh = false;
    if (id < names->count && !examples->hash_mask
        && names->names[id].length == prefix + value.length
        && memcmp(wh_names_text(names, id) + prefix, value.text, value.length) == 0) {
        examples->named = examples->known = true;
        return put(examples, id, 1, error);
    }
    wh_buffer_add(&examples->name, column->text, column->length);
    wh_buffer_byte(&examples->name, '=');
    wh_buffer_add(&examples->name, value.text, value.length);
    struct named name = { examples->name.data, examples->name.length, WH_NO_FEATURE };
    examples->name.length = 0;
    uint32_t count = names->count;
    if (!number_name(examples, &name, error))
        return false;
    mark(examples, &name);
    examples->fresh = name.id == WH_NO_FEATURE || name.id >= count;
    if (!declared && examples->fresh && no_number(value.text, value.length))
        return bad_value(error, column, "number", value.text, value.length,
                         "is not a number: if it means a missing value, say so with --null-value; "
                         "if it is a word, with --string");
    if (name.id == WH_NO_FEATURE)
        return true;
    *last = name.id;
    return put(examples, name.id, 1, error);
}

static bool bad_nested(const struct wh_examples *examples, const struct named *name, char opening,
                       struct wh_error *error)
{
    bool array = opening == '[';
    wh_bad_row(error, "feature", name->text, name->length, 0,
               "%s is not a feature (%s%s leaves it out)", array ? "an array" : "an object",
               array ? "" : "wh-clean --flatten makes columns of it, ",
               examples->learn ? "--ignore" : "wh-clean --exclude");
    return false;
}

/* Whether the model knows the category. */
static bool is_category(struct wh_examples *examples, const struct named *column,
                        struct wh_slice value)
{
    wh_buffer_add(&examples->name, column->text, column->length);
    wh_buffer_byte(&examples->name, '=');
    wh_buffer_add(&examples->name, value.text, value.length);
    uint32_t id = find_name(examples, examples->name.data, examples->name.length);
    examples->name.length = 0;
    return id != WH_NO_FEATURE;
}

/* A number or boolean in a column of texts: its own spelling where that is known, or the one that
 * programs give a boolean; else the one spelling that it is given here. */
static struct wh_slice spell(struct wh_examples *examples, const struct named *column,
                             const struct wh_field *field, const struct wh_field *as)
{
    static const char *const truths[][2] = { { "False", "True" }, { "FALSE", "TRUE" } };
    struct wh_slice text = { as->text, as->length };
    if (is_category(examples, column, text))
        return text;
    struct wh_slice own = { field->text, field->length };
    if (field->type == WH_NUMBER)
        return is_category(examples, column, own) ? own : text;
    for (size_t i = 0; i < sizeof truths / sizeof *truths; i++) {
        const char *word = truths[i][field->type == WH_TRUE];
        if (is_category(examples, column, (struct wh_slice){ word, strlen(word) }))
            return (struct wh_slice){ word, strlen(word) };
    }
    return text;
}

/* The value as the column's kind has it; *as is room for another. NULL: a bad row. */
static const struct wh_field *as_kind(struct wh_examples *examples,
                                      const struct wh_census_column *known,
                                      const struct named *name, struct wh_row *row,
                                      const struct wh_field *field, struct wh_field *as,
                                      struct wh_error *error)
{
    if (!known || !wh_census_differs(known, field->type))
        return field;
    if (!wh_census_read(known, row, field, as) && examples->strict) {
        wh_refuse_value(known, (struct wh_slice){ name->text, name->length },
                        wh_row_text(row, field), error);
        return NULL;
    }
    if (as->type == WH_STRING && field->type != WH_STRING) {
        struct wh_slice text = spell(examples, name, field, as);
        as->text = text.text;
        as->length = (uint32_t)text.length;
    }
    return as;
}

/* A text that is no feature, and so says nothing, is missing in its column. */
static bool read_text(struct wh_examples *examples, struct column *column, struct named *name,
                      struct wh_slice text, bool declared, struct wh_error *error)
{
    size_t count = examples->count;
    if (!take_string(examples, name, text, declared, &column->last, error))
        return false;
    return examples->count > count || name->id == WH_NO_FEATURE || !examples->missing
        || put_value(examples, name, (double)NAN, error);
}

static void note_odd(struct wh_examples *examples, uint32_t column)
{
    if (examples->odd_count == examples->odd_capacity) {
        examples->odd_capacity = 2 * examples->odd_capacity + 16;
        examples->odd = wh_resize(examples->odd, examples->odd_capacity, sizeof *examples->odd);
    }
    examples->odd[examples->odd_count++] = column;
}

static bool read_column(struct wh_examples *examples, struct binding *binding,
                        struct column *column, struct wh_row *row, struct wh_error *error)
{
    struct wh_field as;
    size_t number = (size_t)(column - binding->columns);
    struct wh_census_column *known = binding->known[number];
    const struct wh_field *own = &row->fields[column->index];
    struct named name = { binding->text.data + column->offset, column->length, column->id };
    const struct wh_field *field = as_kind(examples, known, &name, row, own, &as, error);
    bool good = true;
    if (!field)
        return false;
    if (!wh_census_is_usual(known, own))
        note_odd(examples, (uint32_t)number);
    switch ((enum wh_type)field->type) {
    case WH_NULL:
        good = take_missing(examples, &name, error);
        break;
    case WH_FALSE:
        good = take_value(examples, &name, 0, error);
        break;
    case WH_TRUE:
        good = take_value(examples, &name, 1, error);
        break;
    case WH_NUMBER:
        good = take_number(examples, &name, field->text, field->length, error);
        break;
    case WH_STRING:
        good = read_text(examples, column, &name, wh_row_text(row, field),
                         own->flags & WH_DECLARED, error);
        if (examples->fresh && known)
            wh_census_surprise(known, own);
        return good;
    case WH_NESTED:
        return bad_nested(examples, &name, *wh_row_text(row, field).text, error);
    }
    column->id = name.id;
    if (!known || known->quick >> WH_NUMBER & 1)
        column->fast = name.id;
    return good;
}

/* A column that the model knows and the row lacks: the same as null. */
static bool miss_column(struct wh_examples *examples, struct absent *absent,
                        struct wh_error *error)
{
    const struct wh_census *census = examples->census;
    struct wh_slice text = wh_census_name(census, absent->known);
    if (examples->strict && wh_census_always(census, absent->known))
        return wh_refuse_absent(text, error) == 0;
    if (!examples->missing || !wh_census_expects(census, absent->known))
        return true;
    struct named name = { text.text, text.length, absent->id };
    bool good = put_value(examples, &name, (double)NAN, error);
    absent->id = name.id;
    return good;
}

/*
 * The features object. The reader has checked that it is valid JSON.
 */

static inline const char *blanks(const char *at)
{
    while ((unsigned char)*at <= ' ') /* in valid JSON that is only blanks */
        at++;
    return at;
}

/* The closing quote of the string that begins after an opening one. */
static const char *close_quote(const char *at, bool *escaped)
{
    *escaped = false;
    while (*at != '"') {
        if (*at == '\\') {
            *escaped = true;
            at++;
        }
        at++;
    }
    return at;
}

static struct wh_slice decode(struct wh_row *row, const char *text, const char *end, bool escaped)
{
    size_t length = (size_t)(end - text);
    if (!escaped)
        return (struct wh_slice){ text, length };
    char *decoded = wh_row_take(row, length);
    return (struct wh_slice){ decoded, wh_json_unescape(text, length, decoded) };
}

/* Reads the key at `at`, an opening quote, guessed to be what came after `before` last time.
 * Returns what stands after its closing quote. */
static inline const char *read_key(const struct wh_examples *examples, struct wh_row *row,
                                   const char *at, const char *end, uint32_t before,
                                   struct named *name)
{
    const struct wh_names *names = examples->names;
    uint32_t guess = examples->met[before].next;
    at++;
    if (guess != WH_CONSTANT && guess < names->count && !examples->hash_mask) {
        const struct wh_name *guessed = &names->names[guess];
        size_t length = guessed->length;
        if (guessed->plain && (size_t)(end - at) > length && at[length] == '"'
            && wh_names_is(names, guess, at)) {
            *name = (struct named){ at, length, guess };
            return at + length + 1;
        }
    }
    bool escaped;
    const char *close = close_quote(at, &escaped);
    struct wh_slice key = decode(row, at, close, escaped);
    *name = (struct named){ key.text, key.length, find_name(examples, key.text, key.length) };
    return close + 1;
}

/* The end of the number that begins at `at`: a comma, brace or blank. Eight bytes at a time, since
 * lengths vary and a branch for each byte would often be guessed wrong. */
static inline const char *number_end(const char *at)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    for (;; at += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        uint64_t comma = word ^ ones * ',', brace = word ^ ones * '}';
        /* The lowest byte marked is right; a borrow may mark others above it. */
        uint64_t ends = (((comma - ones) & ~comma) | ((brace - ones) & ~brace)
                         | ((word - ones * (' ' + 1)) & ~word)) & tops;
        if (ends)
            return at + (unsigned)__builtin_ctzll(ends) / 8;
    }
}

/* Reads the value at `at`; returns what stands after it, or NULL for a bad row. */
static inline const char *read_value(struct wh_examples *examples, struct wh_row *row,
                                     const char *at, struct named *name, struct wh_error *error)
{
    const char *end = at;
    bool good = true;
    switch (*at) {
    case '"': {
        bool escaped;
        uint32_t last = WH_NO_FEATURE;
        end = close_quote(at + 1, &escaped);
        good = take_string(examples, name, decode(row, at + 1, end, escaped), false, &last, error);
        end++;
        break;
    }
    case '{':
    case '[':
        good = bad_nested(examples, name, *at, error);
        break;
    case 't':
        end += strlen("true");
        good = take_value(examples, name, 1, error);
        break;
    case 'f':
        end += strlen("false");
        good = take_value(examples, name, 0, error);
        break;
    case 'n':
        end += strlen("null");
        good = take_missing(examples, name, error);
        break;
    default:
        end = number_end(at);
        good = take_known(examples, name->id, at, (size_t)(end - at))
            || take_number(examples, name, at, (size_t)(end - at), error);
    }
    return good ? end : NULL;
}

/* Whether --interactions names what no row has had yet. */
static bool misses_some(const struct wh_examples *examples)
{
    return examples->interactions && wh_interactions_misses(examples->interactions);
}

static bool read_object(struct wh_examples *examples, struct wh_row *row,
                        const struct wh_field *field, struct wh_error *error)
{
    const char *end = field->text + field->length;
    const char *at = blanks(field->text + 1);
    uint32_t before = WH_CONSTANT;
    bool meets = examples->begins && misses_some(examples);
    if (*at == '}')
        return true;
    for (;;) {
        struct named name;
        at = read_key(examples, row, at, end, before, &name);
        if (meets)
            wh_interactions_meet(examples->interactions, name.text, name.length);
        at = blanks(blanks(at) + 1);
        at = read_value(examples, row, at, &name, error);
        if (!at)
            return false;
        if (name.id != WH_NO_FEATURE) {
            struct met *met = &examples->met[before];
            if (met->next != name.id)
                met->next = name.id;
            before = name.id;
        }
        at = blanks(at);
        if (*at == '}')
            return true;
        at = blanks(at + 1);
    }
}

static bool read_features(struct wh_examples *examples, const struct binding *binding,
                          struct wh_row *row, struct wh_error *error)
{
    if (binding->object < 0)
        return true;
    const struct wh_field *field = &row->fields[binding->object];
    if (field->type == WH_NESTED && *field->text == '{')
        return read_object(examples, row, field, error);
    wh_bad_row(error, "feature", FEATURES, strlen(FEATURES), 0, "is not an object");
    return false;
}

/*
 * Rows
 */

static bool read_weight(struct wh_examples *examples, const struct binding *binding,
                        const struct wh_row *row, bool labelled, double *weight,
                        struct wh_error *error)
{
    *weight = 1;
    if (!examples->weight || (examples->learn && !labelled))
        return true;
    struct named name = { examples->weight, strlen(examples->weight), WH_NO_FEATURE };
    const struct wh_field *field = binding->weight < 0 ? NULL : &row->fields[binding->weight];
    if (!field && wh_required_find(&examples->weighing, row, error) < 0
        && error->status == WH_REFUSED)
        return false;
    if (!field || field->type == WH_NULL) {
        wh_bad_row(error, "weight", name.text, name.length, 0, "the row has no weight");
        if (!field)
            wh_shape_suggest(row->shape, name.text, error);
        return false;
    }
    if (!wh_field_number(field, weight))
        return bad_value(error, &name, "weight", field->text, field->length,
                         "is not a number, as a weight must be");
    if (*weight >= 0 && *weight <= WH_LARGEST_VALUE)
        return true;
    return bad_value(error, &name, "weight", field->text, field->length,
                     "is no weight: they are from 0 to 1e50");
}

static bool name_product(struct wh_examples *examples, uint32_t left, uint32_t right,
                         uint32_t *id, struct wh_error *error)
{
    examples->name.length = 0;
    wh_interactions_name(examples->interactions, left, right, &examples->name);
    struct named name = { examples->name.data, examples->name.length, WH_NO_FEATURE };
    examples->name.length = 0;
    if (!number_name(examples, &name, error))
        return false;
    *id = name.id;
    if (name.id != WH_NO_FEATURE)
        wh_interactions_remember(examples->interactions, left, right, name.id);
    return true;
}

/* The product of two values that may both be the largest is kept to it. */
static double product_of(double left, double right)
{
    double product = left * right;
    if (fabs(product) > WH_LARGEST_VALUE)
        return copysign(WH_LARGEST_VALUE, product);
    return product;
}

static bool add_products(struct wh_examples *examples, struct wh_error *error)
{
    const struct wh_pair *pairs;
    size_t count = wh_interactions_pairs(examples->interactions, examples->ids, examples->count,
                                         &pairs);
    if (count > WH_MOST_PAIRS) {
        wh_bad_row(error, "feature", NULL, 0, 0, "the row has more than %d products of features: "
                   "%s", WH_MOST_PAIRS,
                   examples->learn ? "choose fewer with --interactions"
                                   : "learn a new model with fewer --interactions");
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        double product = product_of(examples->values[pairs[i].left],
                                    examples->values[pairs[i].right]);
        uint32_t id = pairs[i].id;
        if (product == 0 && !examples->zeros)
            continue;
        if (id == WH_NO_FEATURE && !name_product(examples, examples->ids[pairs[i].left],
                                                 examples->ids[pairs[i].right], &id, error))
            return false;
        if (id != WH_NO_FEATURE && !put(examples, id, product, error))
            return false;
    }
    return true;
}

static inline bool read_some(struct wh_examples *examples, struct binding *binding,
                             struct wh_row *row, size_t from, size_t to, struct wh_error *error)
{
    const struct wh_field *fields = row->fields;
    struct column *end = binding->columns + to;
    for (struct column *column = binding->columns + from; column < end; column++) {
        const struct wh_field *field = &fields[column->index];
        bool taken = field->type == WH_NUMBER
                  && take_known(examples, column->fast, field->text, field->length);
        if (!taken && !read_column(examples, binding, column, row, error))
            return false;
    }
    return true;
}

static bool refuse_column(const struct wh_examples *examples, const struct binding *binding,
                          const struct column *column, struct wh_error *error)
{
    size_t count = binding->absent_count;
    char **names = wh_alloc(count + 1, sizeof *names);
    for (size_t i = 0; i < count; i++) {
        struct wh_slice name = wh_census_name(examples->census, binding->absent[i].known);
        names[i] = wh_copy(name.text, name.length);
    }
    wh_refuse_unknown(name_in(binding, column), (const char *const *)names, count,
                      examples->learn, error);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    return false;
}

/* Whether the census knows all columns of the shape, where they must be known. */
static bool knows_columns(const struct wh_examples *examples, const struct binding *binding,
                          struct wh_error *error)
{
    const struct wh_census *census = examples->census;
    if (!census || census->rows == 0 || census->earlier > 0
        || wh_census_count(census) == WH_CENSUS_COLUMNS)
        return true;
    for (size_t i = 0; i < binding->count; i++) {
        const struct wh_census_column *known = binding->known[i];
        if (!known || known->stranger)
            return refuse_column(examples, binding, &binding->columns[i], error);
    }
    return true;
}

/* Holds the shape against the census where that has changed; false for a bad row. */
static bool meet_columns(struct wh_examples *examples, struct binding *binding,
                         struct wh_error *error)
{
    struct wh_census *census = examples->census;
    if (census && binding->version != census->version)
        bind_census(examples, binding);
    if (binding->absent_count > 0 && census->pending.columns != binding->known)
        wh_census_settle(census); /* it is asked for other columns */
    return !examples->strict || knows_columns(examples, binding, error);
}

static bool read_columns(struct wh_examples *examples, struct binding *binding,
                         struct wh_row *row, struct wh_error *error)
{
    if (binding->input == WH_INPUT_COLUMNS && !meet_columns(examples, binding, error))
        return false;
    for (size_t i = 0, from = 0;; i++) {
        bool last = i == binding->absent_count;
        size_t to = last ? binding->count : binding->absent[i].before;
        if (!read_some(examples, binding, row, from, to, error))
            return false;
        if (last)
            return true;
        if (!miss_column(examples, &binding->absent[i], error))
            return false;
        from = to;
    }
}

static void begin_row(struct wh_examples *examples)
{
    if (examples->names->count > examples->met_capacity)
        remember_names(examples);
    if (++examples->row == 0) {
        for (size_t i = 0; i < examples->met_capacity; i++)
            examples->met[i].row = 0;
        examples->row = 1;
    }
    examples->named = examples->known = false;
    examples->odd_count = 0;
    examples->ids[0] = WH_CONSTANT;
    examples->values[0] = 1;
    examples->count = 1;
}

static bool read_row(struct wh_examples *examples, struct binding *binding, struct wh_row *row,
                     struct wh_reading_row *reading, struct wh_error *error)
{
    begin_row(examples);
    if (!read_weight(examples, binding, row, reading->label, &reading->weight, error)
        || !read_features(examples, binding, row, error))
        return false;
    if (!read_columns(examples, binding, row, error))
        return false;
    if (examples->interactions && !add_products(examples, error))
        return false;
    reading->known = examples->known || !examples->named;
    reading->example = (struct wh_example){ .ids = examples->ids, .values = examples->values,
                                            .count = examples->count,
                                            .features = examples->names->count,
                                            .columns = binding->input == WH_INPUT_COLUMNS };
    return true;
}

/* A column in which something else than usual came. */
static void count_odd(struct wh_examples *examples, struct binding *binding, uint32_t number,
                      bool taught)
{
    struct column *column = &binding->columns[number];
    struct wh_census_column **known = &binding->known[number];
    const struct wh_field *field = &examples->fields[column->index];
    if (wh_census_is_quick(*known, field))
        wh_census_counts(*known, taught)->met[field->type]++;
    else
        *known = wh_census_value(examples->census, *known, name_in(binding, column), examples->at,
                                 field, taught);
    if (*known)
        wh_census_unusual(*known, taught); /* which the row is about to count */
}

void wh_examples_count(struct wh_examples *examples, bool taught)
{
    struct wh_census *census = examples->census;
    struct binding *binding = examples->binding;
    if (!census || !binding || binding->input != WH_INPUT_COLUMNS)
        return;
    wh_census_row(census, taught);
    for (size_t i = 0; i < examples->odd_count; i++)
        count_odd(examples, binding, examples->odd[i], taught);
    wh_census_usual(census, binding->known, binding->count, taught);
}

enum wh_verdict wh_examples_read(struct wh_examples *examples, struct wh_row *row, bool need_label,
                                 struct wh_reading_row *reading, struct wh_error *error)
{
    struct binding *binding = wh_shape_cache_at(&examples->bindings, row->shape->serial);
    examples->count_before = examples->names->count;
    examples->crowded_before = examples->crowded;
    if (binding->serial != row->shape->serial && bind(examples, binding, row, error) != 0)
        return WH_FATAL;
    reading->input = binding->input;
    reading->stamp = binding->stamp < 0 ? NULL : &row->fields[binding->stamp];
    reading->labelled_column = binding->label >= 0;
    reading->label = binding->label < 0 ? NULL : &row->fields[binding->label];
    if (reading->label && reading->label->type == WH_NULL)
        reading->label = NULL;
    if (need_label && !reading->label)
        return WH_TAKEN;
    examples->at = row;
    examples->fields = row->fields;
    examples->binding = binding;
    examples->adds = examples->learn && reading->label && !examples->held;
    if (read_row(examples, binding, row, reading, error))
        return WH_TAKEN;
    wh_examples_undo(examples);
    return error->status == WH_REFUSED ? WH_FATAL : WH_BAD;
}

void wh_examples_hold(struct wh_examples *examples, bool held)
{
    examples->held = held;
}

/* Forgets what it knows of names, from number `first` to before `end`. */
static void forget(struct wh_examples *examples, size_t first, size_t end)
{
    examples->binding = NULL;
    if (examples->interactions)
        wh_interactions_forget(examples->interactions);
    unbind_all(examples);
    for (size_t i = first; i < end; i++)
        examples->met[i] = (struct met){ 0 };
}

void wh_examples_undo(struct wh_examples *examples)
{
    examples->crowded = examples->crowded_before;
    uint32_t count = examples->names->count;
    if (count == examples->count_before)
        return;
    wh_names_cut(examples->growing, examples->count_before);
    forget(examples, examples->count_before, count);
}

void wh_examples_forget(struct wh_examples *examples)
{
    forget(examples, 0, examples->met_capacity);
}
