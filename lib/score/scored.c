#include "score/scored.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "record/json.h"
#include "record/shape_cache.h"

enum { BINDINGS_LOG2 = 4, STAMP_DIGITS = 12 };

/* The columns of the output for one shape of the input. */
struct binding {
    uint64_t serial; /* of the input's shape; 0: none */
    struct wh_shape *shape;
    uint32_t *kept;  /* indices of the input's columns that stay */
    uint32_t kept_count;
    bool prediction; /* whether there is such a column */
};

/* A class whose probability is told. */
struct told {
    uint32_t class;
    size_t length;
    char *text; /* the column's name, NUL after it, or the member's key: "LABEL": */
};

struct wh_scored {
    char *score_name, *prediction_name, *proba_name, *explanation_name, *stamp_name;
    bool keep_features, proba, explanation, stamp;
    unsigned digits;
    bool flat;
    struct told *told; /* NULL before the first row, and where there are no probabilities */
    uint32_t told_count;
    size_t told_length; /* of all keys */
    struct wh_shape_cache bindings;
};

/* Whether the name means something to other tools: features, a recipe's stamp, control records. */
static bool is_reserved(const char *name, size_t length)
{
    return wh_column_is_features(name, length) || strcmp(name, "recipe") == 0
        || strcmp(name, "@wh") == 0;
}

static int check_name(const char *as, struct wh_error *error)
{
    size_t length = strlen(as);
    if (length == 0 || wh_utf8_valid(as, length) != length)
        return wh_fail(error, WH_REFUSED, "--as: the name of a column is UTF-8 and not empty");
    if (is_reserved(as, length))
        return wh_fail(error, WH_REFUSED,
                       "--as %s: who reads the rows next would take that column for something else "
                       "(choose another name)", as);
    return 0;
}

/* "KIND", or "AS_KIND". */
static char *name_of(const char *as, const char *kind)
{
    struct wh_buffer name = { 0 };
    wh_buffer_format(&name, "%s%s%s", as ? as : "", as ? "_" : "", kind);
    return wh_buffer_text(&name);
}

struct wh_scored *wh_scored_open(const struct wh_scored_settings *settings,
                                 struct wh_error *error)
{
    const char *as = settings->as, *score = as ? as : "score";
    if (as && check_name(as, error) != 0)
        return NULL;
    if (settings->digits > WH_MOST_DIGITS) {
        wh_fail(error, WH_REFUSED, "--digits: %d at most, which is all that a number has",
                WH_MOST_DIGITS);
        return NULL;
    }
    struct wh_scored *scored = wh_alloc(1, sizeof *scored);
    wh_shape_cache_open(&scored->bindings, sizeof(struct binding), BINDINGS_LOG2);
    scored->score_name = wh_copy(score, strlen(score));
    scored->prediction_name = name_of(as, "prediction");
    scored->proba_name = name_of(as, "proba");
    scored->explanation_name = name_of(as, "explanation");
    scored->stamp_name = name_of(as, "model");
    scored->keep_features = settings->keep_features;
    scored->proba = settings->proba;
    scored->explanation = settings->explanation;
    scored->stamp = settings->stamp;
    scored->digits = (unsigned)settings->digits;
    return scored;
}

void wh_scored_flat(struct wh_scored *scored, bool flat)
{
    scored->flat = flat;
}

static void unbind(struct binding *binding)
{
    wh_shape_free(binding->shape);
    free(binding->kept);
    *binding = (struct binding){ 0 };
}

void wh_scored_free(struct wh_scored *scored)
{
    if (!scored)
        return;
    for (struct binding *binding = NULL;
         (binding = wh_shape_cache_next(&scored->bindings, binding));)
        unbind(binding);
    wh_shape_cache_close(&scored->bindings);
    for (uint32_t i = 0; i < scored->told_count; i++)
        free(scored->told[i].text);
    free(scored->told);
    free(scored->score_name);
    free(scored->prediction_name);
    free(scored->proba_name);
    free(scored->explanation_name);
    free(scored->stamp_name);
    free(scored);
}

/*
 * Columns
 */

/* The label of a class as text: that of two booleans need not have been seen. */
static struct wh_slice label_of(const struct wh_model *model, uint32_t class)
{
    const struct wh_class *known = &model->task.classes[class];
    if (model->task.type == WH_TRUE && model->task.kind == WH_TASK_BINARY)
        return class ? (struct wh_slice){ "true", 4 } : (struct wh_slice){ "false", 5 };
    return (struct wh_slice){ known->text, known->length };
}

static void tell(struct wh_scored *scored, struct told *told, struct wh_slice label)
{
    struct wh_buffer text = { 0 };
    if (scored->flat) {
        wh_buffer_format(&text, "%s.", scored->proba_name);
        wh_buffer_add(&text, label.text, label.length);
    } else {
        wh_buffer_byte(&text, '"');
        wh_json_escape(&text, label.text, label.length);
        wh_buffer_literal(&text, "\":");
    }
    told->length = text.length;
    told->text = wh_buffer_text(&text);
    scored->told_length += told->length;
}

/* Settles which classes are told of: those that the model has an output and a label for. */
static void tell_classes(struct wh_scored *scored, const struct wh_model *model)
{
    if (!scored->proba || scored->told || !wh_task_classifies(&model->task))
        return;
    bool many = model->task.kind == WH_TASK_MULTICLASS;
    uint32_t classes = many ? wh_model_outputs(model) : 2;
    scored->told = wh_alloc(classes + 1, sizeof *scored->told);
    for (uint32_t i = 0; i < classes; i++) {
        struct wh_slice label = label_of(model, i);
        if (!label.text)
            continue;
        struct told *told = &scored->told[scored->told_count++];
        told->class = i;
        tell(scored, told, label);
    }
}

bool wh_scored_alike(struct wh_scored *one, const struct wh_model *its_model,
                     struct wh_scored *other, const struct wh_model *others_model)
{
    tell_classes(one, its_model);
    tell_classes(other, others_model);
    if (wh_task_classifies(&its_model->task) != wh_task_classifies(&others_model->task))
        return false;
    if (!one->flat)
        return true;
    bool same = one->told_count == other->told_count;
    for (uint32_t i = 0; same && i < one->told_count; i++)
        same = one->told[i].length == other->told[i].length
            && memcmp(one->told[i].text, other->told[i].text, one->told[i].length) == 0;
    return same;
}

static bool has_column(const struct wh_shape *shape, const struct wh_column *column,
                       struct wh_error *error)
{
    if (wh_shape_find(shape, column->name, column->length) < 0)
        return false;
    wh_bad_row(error, "column", column->name, column->length, 0,
               "the row has a column of this name already (see --as, or wh-clean --rename)");
    return true;
}

/* What is added, in this order; returns how many there are. `columns` has room for them. */
static uint32_t list_columns(const struct wh_scored *scored, bool classes,
                             struct wh_column *columns)
{
    uint32_t count = 0;
    columns[count++] = wh_column_named(scored->score_name);
    if (classes)
        columns[count++] = wh_column_named(scored->prediction_name);
    for (uint32_t i = 0; scored->flat && i < scored->told_count; i++) {
        struct wh_column *column = &columns[count++];
        *column = wh_column_named(scored->told[i].text);
        column->length = (uint32_t)scored->told[i].length;
    }
    if (scored->told && !scored->flat)
        columns[count++] = wh_column_named(scored->proba_name);
    if (scored->explanation)
        columns[count++] = wh_column_named(scored->explanation_name);
    if (scored->stamp)
        columns[count++] = wh_column_named(scored->stamp_name);
    return count;
}

static bool has_none(const struct wh_shape *shape, const struct wh_column *columns, uint32_t count,
                     struct wh_error *error)
{
    for (uint32_t i = 0; i < count; i++)
        if (has_column(shape, &columns[i], error))
            return false;
    return true;
}

static bool bind(struct wh_scored *scored, struct binding *binding, const struct wh_model *model,
                 const struct wh_shape *shape, struct wh_error *error)
{
    enum { OTHERS = 5 }; /* than classes */
    unbind(binding);
    tell_classes(scored, model);
    bool classes = wh_task_classifies(&model->task);
    struct wh_column *columns = wh_alloc((size_t)shape->count + scored->told_count + OTHERS,
                                         sizeof *columns);
    uint32_t added = list_columns(scored, classes, columns), count = 0;
    if (!has_none(shape, columns, added, error)) {
        free(columns);
        return false;
    }
    binding->kept = wh_alloc((size_t)shape->count + 1, sizeof *binding->kept);
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct wh_column *column = &shape->columns[i];
        if (!scored->keep_features && wh_column_is_features(column->name, column->length))
            continue;
        binding->kept[count] = i;
        columns[count++] = *column;
    }
    binding->kept_count = count;
    count += list_columns(scored, classes, columns + count);
    binding->prediction = classes;
    binding->shape = wh_shape_make(columns, count);
    binding->serial = shape->serial;
    free(columns);
    return true;
}

/* The columns that there may be while it is not known whether there are classes. */
static bool room_unsettled(const struct wh_scored *scored, const struct wh_shape *shape,
                           struct wh_error *error)
{
    const struct wh_column columns[] = { wh_column_named(scored->score_name),
                                         wh_column_named(scored->prediction_name) };
    return has_none(shape, columns, 2, error);
}

bool wh_scored_room(struct wh_scored *scored, const struct wh_model *model,
                    const struct wh_shape *shape, struct wh_error *error)
{
    struct binding *binding = wh_shape_cache_at(&scored->bindings, shape->serial);
    if (model->task.kind == WH_TASK_UNSETTLED)
        return room_unsettled(scored, shape, error);
    return binding->serial == shape->serial || bind(scored, binding, model, shape, error);
}

const struct wh_shape *wh_scored_shape(const struct wh_scored *scored,
                                       const struct wh_shape *shape)
{
    const struct binding *binding = wh_shape_cache_at(&scored->bindings, shape->serial);
    return binding->shape;
}

/*
 * Fields
 */

static struct wh_field number_field(const struct wh_scored *scored, struct wh_row *row,
                                    double number)
{
    char *text = wh_row_take(row, WH_NUMBER_SIZE);
    size_t length = wh_number_print_rounded(number, scored->digits, text);
    return (struct wh_field){ .type = WH_NUMBER, .text = text, .length = (uint32_t)length };
}

static double probability_of(const struct wh_model *model, const struct wh_prediction *prediction,
                             uint32_t class)
{
    if (prediction->probabilities)
        return prediction->probabilities[class];
    double positive = wh_model_score(model, prediction);
    return class ? positive : 1 - positive;
}

/* {"setosa":0.9,"virginica":0.1} */
static struct wh_field proba_field(const struct wh_scored *scored, const struct wh_model *model,
                                   struct wh_row *row, const struct wh_prediction *prediction)
{
    char *text = wh_row_take(row, scored->told_length + 2
                                      + scored->told_count * ((size_t)WH_NUMBER_SIZE + 1));
    char *at = text;
    *at++ = '{';
    for (uint32_t i = 0; i < scored->told_count; i++) {
        const struct told *told = &scored->told[i];
        if (i)
            *at++ = ',';
        memcpy(at, told->text, told->length);
        at += told->length;
        at += wh_number_print_rounded(probability_of(model, prediction, told->class),
                                      scored->digits, at);
    }
    *at++ = '}';
    return (struct wh_field){ .type = WH_NESTED, .text = text, .length = (uint32_t)(at - text) };
}

static struct wh_field stamp_field(const struct wh_model *model, struct wh_row *row)
{
    char *text = wh_row_take(row, STAMP_DIGITS);
    memcpy(text, model->digest, STAMP_DIGITS);
    return (struct wh_field){ .type = WH_STRING, .text = text, .length = STAMP_DIGITS,
                              .flags = WH_JSON_SAFE };
}

/* What only some runs ask for, after score and prediction. */
static void add_more(const struct wh_scored *scored, const struct wh_model *model,
                     struct wh_row *row, const struct wh_prediction *prediction,
                     const struct wh_field *explanation, struct wh_field *field)
{
    for (uint32_t i = 0; scored->flat && i < scored->told_count; i++)
        *field++ = number_field(scored, row,
                                probability_of(model, prediction, scored->told[i].class));
    if (scored->told && !scored->flat)
        *field++ = proba_field(scored, model, row, prediction);
    if (scored->explanation)
        *field++ = *explanation;
    if (scored->stamp)
        *field++ = stamp_field(model, row);
}

static void keep_fields(const struct binding *binding, const struct wh_row *row,
                        struct wh_field *fields)
{
    if (binding->kept_count == row->shape->count) {
        memcpy(fields, row->fields, binding->kept_count * sizeof *fields);
        return;
    }
    for (uint32_t i = 0; i < binding->kept_count; i++)
        fields[i] = row->fields[binding->kept[i]];
}

void wh_scored_add(const struct wh_scored *scored, const struct wh_model *model,
                   struct wh_row *row, const struct wh_prediction *prediction,
                   const struct wh_field *explanation)
{
    const struct binding *binding = wh_shape_cache_at(&scored->bindings, row->shape->serial);
    uint32_t count = binding->kept_count, all = binding->shape->count;
    struct wh_field *fields = wh_row_fields(row, all);
    if (count != row->shape->count)
        row->raw_fields = 0;
    else if (!row->changed)
        row->raw_fields = count;
    keep_fields(binding, row, fields);
    if (prediction) {
        fields[count++] = number_field(scored, row, wh_model_score(model, prediction));
        if (binding->prediction)
            fields[count++] = wh_task_label(&model->task, row, prediction->best);
        if (count < all)
            add_more(scored, model, row, prediction, explanation, &fields[count]);
    } else {
        for (; count < all; count++)
            fields[count] = (struct wh_field){ .type = WH_NULL };
    }
    row->fields = fields;
    row->shape = binding->shape;
    row->changed = true;
}
