#include "model/examples.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/excluded.h"
#include "model/feature_columns.h"
#include "model/features_object.h"
#include "model/interactions.h"
#include "model/maker.h"
#include "record/required.h"

struct wh_examples {
    const struct wh_names *names;
    struct wh_names *growing; /* the same where names are added, else NULL */
    struct wh_row_plans *plans;
    size_t place; /* in a plan: the columns of features */
    struct wh_maker maker;
    struct wh_column_reader reader;
    struct wh_excluded excluded;
    char *aside[2];
    char *weight;
    struct wh_required weighing; /* the weight's column */
    struct wh_interactions *interactions; /* NULL: none */
    bool held;    /* rows are only looked at */
    bool lenient; /* excluded columns may be absent */
    bool begins;  /* by the end, some row must have had each of them ... */
    bool columns; /* ... unless no row had columns for features */
    uint32_t count_before;   /* of names, before the row */
    uint64_t crowded_before; /* the row */
};

static char *copy(const char *text)
{
    return text ? wh_copy(text, strlen(text)) : NULL;
}

static void release(void *owner, void *part)
{
    wh_feature_columns_release(&((struct wh_examples *)owner)->reader, part);
}

static int open_choices(struct wh_examples *examples, const struct wh_roles *roles,
                        struct wh_error *error)
{
    if (roles->interactions) {
        examples->interactions = wh_interactions_open(roles->interactions, examples->names, error);
        if (!examples->interactions)
            return -1;
    }
    return wh_excluded_open(&examples->excluded, roles, error);
}

static struct wh_examples *open_examples(const struct wh_maker_settings *making,
                                         struct wh_row_plans *plans,
                                         const struct wh_roles *roles,
                                         const struct wh_examples_settings *settings,
                                         struct wh_error *error)
{
    struct wh_examples *examples = wh_alloc(1, sizeof *examples);
    examples->names = making->names;
    examples->growing = making->growing;
    examples->begins = making->growing && settings->begins;
    examples->lenient = !examples->begins;
    wh_maker_open(&examples->maker, making);
    examples->reader = (struct wh_column_reader){ .maker = &examples->maker,
                                                  .census = settings->census,
                                                  .strict = settings->strict };
    examples->weight = copy(roles->weight);
    examples->weighing = (struct wh_required){ .option = "--weight", .name = examples->weight };
    for (size_t i = 0; i < 2; i++)
        examples->aside[i] = copy(settings->aside[i]);
    if (open_choices(examples, roles, error) != 0) {
        wh_examples_close(examples);
        return NULL;
    }
    examples->plans = plans;
    examples->place = wh_row_plans_add(plans, &(struct wh_row_part){
        .size = sizeof(struct wh_feature_columns), .release = release, .owner = examples });
    return examples;
}

struct wh_examples *wh_examples_open(struct wh_names *names, struct wh_row_plans *plans,
                                     const struct wh_roles *roles,
                                     const struct wh_examples_settings *settings,
                                     struct wh_error *error)
{
    const struct wh_maker_settings making = { names, names, settings->needs, roles->hash_bits,
                                              settings->max_features };
    return open_examples(&making, plans, roles, settings, error);
}

struct wh_examples *wh_examples_open_scoring(const struct wh_names *names,
                                             struct wh_row_plans *plans,
                                             const struct wh_roles *roles,
                                             const struct wh_examples_settings *settings,
                                             struct wh_error *error)
{
    const struct wh_maker_settings making = { names, NULL, settings->needs, roles->hash_bits,
                                              settings->max_features };
    return open_examples(&making, plans, roles, settings, error);
}

void wh_examples_close(struct wh_examples *examples)
{
    if (!examples)
        return;
    wh_maker_close(&examples->maker);
    wh_column_reader_close(&examples->reader);
    wh_excluded_close(&examples->excluded);
    wh_interactions_close(examples->interactions);
    free(examples->weight);
    for (size_t i = 0; i < 2; i++)
        free(examples->aside[i]);
    free(examples);
}

uint64_t wh_examples_crowded(const struct wh_examples *examples)
{
    return examples->maker.crowded;
}

/*
 * Binding
 */

/* Whether each option that names columns of a new model has found one: in `shape`, which all rows
 * have, or, where that is NULL, in any row. Features of an object are known as rows bring them. */
static int check_choices(const struct wh_examples *examples, bool raw,
                         const struct wh_shape *shape, struct wh_error *error)
{
    if (raw && wh_excluded_check(&examples->excluded, shape, error) != 0)
        return -1;
    return examples->interactions ? wh_interactions_check(examples->interactions, shape, error) : 0;
}

int wh_examples_finish(const struct wh_examples *examples, struct wh_error *error)
{
    /* Rows that go on teaching a model may be few, and all bad. */
    bool whole = examples->begins || !examples->growing;
    if (whole && wh_required_check(&examples->weighing, error) != 0)
        return -1;
    bool read = examples->begins && examples->lenient; /* a row */
    return read ? check_choices(examples, examples->columns, NULL, error) : 0;
}

void wh_examples_merge(struct wh_examples *examples, const struct wh_examples *from)
{
    examples->weighing.found = examples->weighing.found || from->weighing.found;
}

static bool is_aside(const struct wh_examples *examples, const struct wh_column *column)
{
    for (size_t i = 0; i < 2; i++)
        if (examples->aside[i] && strlen(examples->aside[i]) == column->length
            && memcmp(examples->aside[i], column->name, column->length) == 0)
            return true;
    return false;
}

static void add_column(struct wh_examples *examples, struct wh_feature_columns *columns,
                       uint32_t index, const char *name, uint32_t length)
{
    wh_feature_columns_add(&examples->reader, columns, index, name, length);
    if (examples->interactions)
        wh_interactions_meet(examples->interactions, name, length);
}

static void bind_features(struct wh_examples *examples, struct wh_feature_columns *columns,
                          const struct wh_shape *shape)
{
    uint32_t length;
    for (uint32_t i = 0; i < shape->count; i++) {
        const char *name = wh_column_feature(&shape->columns[i], &length);
        if (name)
            add_column(examples, columns, i, name, length);
    }
}

static int bind_columns(struct wh_examples *examples, const struct wh_row_plan *plan,
                        struct wh_feature_columns *columns, const struct wh_row *row,
                        struct wh_error *error)
{
    const struct wh_shape *shape = row->shape;
    bool *excluded = wh_alloc(shape->count, sizeof *excluded);
    int result = wh_excluded_mark(&examples->excluded, row, examples->lenient, excluded, error);
    for (uint32_t i = 0; i < shape->count && result == 0; i++) {
        const struct wh_column *column = &shape->columns[i];
        if (!excluded[i] && (int)i != plan->label && (int)i != plan->weight
            && !is_aside(examples, column))
            add_column(examples, columns, i, column->name, column->length);
    }
    free(excluded);
    return result;
}

static int bind(struct wh_examples *examples, const struct wh_row_plan *plan,
                struct wh_feature_columns *columns, const struct wh_row *row,
                struct wh_error *error)
{
    bool raw = plan->input == WH_INPUT_COLUMNS;
    wh_feature_columns_release(&examples->reader, columns);
    wh_feature_columns_begin(columns, row->shape->count, raw);
    examples->weighing.found |= plan->weight >= 0;
    if (!raw)
        bind_features(examples, columns, row->shape);
    else if (bind_columns(examples, plan, columns, row, error) != 0)
        return -1;
    bool settled = row->raw_format != WH_FORMAT_NDJSON && plan->features < 0;
    if (!examples->lenient && settled && check_choices(examples, raw, row->shape, error) != 0)
        return -1;
    examples->columns |= raw;
    examples->lenient = true;
    columns->bound = true;
    return 0;
}

/*
 * Rows
 */

static bool read_weight(struct wh_examples *examples, const struct wh_row_plan *plan,
                        const struct wh_row *row, bool labelled, double *weight,
                        struct wh_error *error)
{
    *weight = 1;
    if (!examples->weight || (examples->growing && !labelled))
        return true;
    struct wh_named name = { examples->weight, strlen(examples->weight), WH_NO_FEATURE };
    const struct wh_field *field = wh_row_plan_field(row, plan->weight);
    if (!field && wh_required_at(&examples->weighing, row, -1, error) < 0
        && error->status == WH_REFUSED)
        return false;
    if (!field || field->type == WH_NULL) {
        wh_bad_row(error, "weight", name.text, name.length, 0, "the row has no weight");
        if (!field)
            wh_shape_suggest(row->shape, name.text, error);
        return false;
    }
    if (!wh_field_number(field, weight))
        return wh_maker_bad_value(error, &name, "weight", field->text, field->length,
                                  "is not a number, as a weight must be");
    if (*weight >= 0 && *weight <= WH_LARGEST_VALUE)
        return true;
    return wh_maker_bad_value(error, &name, "weight", field->text, field->length,
                              "is not a weight: weights are from 0 to 1e50");
}

static bool name_product(struct wh_examples *examples, uint32_t left, uint32_t right,
                         uint32_t *id, struct wh_error *error)
{
    struct wh_buffer *text = &examples->maker.name;
    text->length = 0;
    wh_interactions_name(examples->interactions, left, right, text);
    struct wh_named name = { text->data, text->length, WH_NO_FEATURE };
    if (!wh_maker_number_name(&examples->maker, &name, error))
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
    struct wh_maker *maker = &examples->maker;
    const struct wh_pair *pairs;
    size_t count = wh_interactions_pairs(examples->interactions, maker->ids, maker->count, &pairs);
    if (count > WH_MOST_PAIRS) {
        wh_bad_row(error, "feature", NULL, 0, 0, "the row has more than %d products of features: "
                   "%s", WH_MOST_PAIRS,
                   examples->growing ? "choose fewer with --interactions"
                                     : "learn a new model with fewer --interactions");
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        double product = product_of(maker->values[pairs[i].left], maker->values[pairs[i].right]);
        uint32_t id = pairs[i].id;
        if (product == 0 && !maker->zeros)
            continue;
        if (id == WH_NO_FEATURE && !name_product(examples, maker->ids[pairs[i].left],
                                                 maker->ids[pairs[i].right], &id, error))
            return false;
        if (id != WH_NO_FEATURE && !wh_maker_put(maker, id, product, error))
            return false;
    }
    return true;
}

/* Those in an object. A new model's choice of products is held against the keys. */
static bool read_features(struct wh_examples *examples, struct wh_row *row,
                          const struct wh_field *field, struct wh_error *error)
{
    struct wh_interactions *meeting = examples->begins ? examples->interactions : NULL;
    if (meeting && !wh_interactions_misses(meeting))
        meeting = NULL;
    return wh_features_object_read(&examples->maker, meeting, row, field, error);
}

static bool read_row(struct wh_examples *examples, struct wh_row_plan *plan, struct wh_row *row,
                     struct wh_reading_row *reading, struct wh_error *error)
{
    struct wh_maker *maker = &examples->maker;
    struct wh_feature_columns *columns = wh_row_plan_part(plan, examples->place);
    wh_maker_begin(maker);
    if (!read_weight(examples, plan, row, reading->label, &reading->weight, error))
        return false;
    if (plan->features >= 0 && !read_features(examples, row, &row->fields[plan->features], error))
        return false;
    if (!wh_column_reader_row(&examples->reader, columns, row, error))
        return false;
    if (examples->interactions && !add_products(examples, error))
        return false;
    reading->known = maker->known || !maker->named;
    reading->example = (struct wh_example){ .ids = maker->ids, .values = maker->values,
                                            .count = maker->count,
                                            .features = examples->names->count,
                                            .columns = plan->input == WH_INPUT_COLUMNS };
    return true;
}

void wh_examples_count(struct wh_examples *examples, bool taught)
{
    wh_column_reader_count(&examples->reader, taught);
}

enum wh_verdict wh_examples_read(struct wh_examples *examples, struct wh_row *row,
                                 struct wh_row_plan *plan, bool need_label,
                                 struct wh_reading_row *reading, struct wh_error *error)
{
    struct wh_feature_columns *columns = wh_row_plan_part(plan, examples->place);
    examples->count_before = examples->names->count;
    examples->crowded_before = examples->maker.crowded;
    if (!columns->bound && bind(examples, plan, columns, row, error) != 0)
        return WH_FATAL;
    reading->plan = plan;
    reading->input = plan->input;
    reading->stamp = wh_row_plan_field(row, plan->stamp);
    reading->labelled_column = plan->label >= 0;
    reading->label = wh_row_plan_field(row, plan->label);
    if (reading->label && reading->label->type == WH_NULL)
        reading->label = NULL;
    if (need_label && !reading->label)
        return WH_TAKEN;
    examples->maker.adds = examples->growing && reading->label && !examples->held;
    if (read_row(examples, plan, row, reading, error))
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
    examples->reader.columns = NULL;
    if (examples->interactions)
        wh_interactions_forget(examples->interactions);
    wh_row_plans_release(examples->plans, examples->place);
    wh_maker_forget(&examples->maker, first, end);
}

void wh_examples_undo(struct wh_examples *examples)
{
    examples->maker.crowded = examples->crowded_before;
    uint32_t count = examples->names->count;
    if (count == examples->count_before)
        return;
    wh_names_cut(examples->growing, examples->count_before);
    forget(examples, examples->count_before, count);
}

void wh_examples_forget(struct wh_examples *examples)
{
    forget(examples, 0, examples->maker.met_capacity);
}
