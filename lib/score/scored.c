#include "score/scored.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "record/json.h"

enum { STAMP_DIGITS = 12 };

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
        return wh_fail(error, WH_REFUSED, "--as: the name of a column must be valid UTF-8, and not empty");
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

void wh_scored_close(struct wh_scored *scored)
{
    if (!scored)
        return;
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

/* What a model adds, in this order; returns how many there are. `columns` has room for them. */
static uint32_t list_columns(const struct wh_scored *scored, const struct wh_model *model,
                             struct wh_column *columns)
{
    uint32_t count = 0;
    columns[count++] = wh_column_named(scored->score_name);
    if (wh_task_classifies(&model->task))
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

/* Whether none of the `count` columns after the first `there` has the name of one of those. */
static bool has_none(const struct wh_column *columns, uint32_t there, uint32_t count,
                     struct wh_error *error)
{
    const struct wh_shape before = { .count = there, .columns = columns };
    for (uint32_t i = there; i < there + count; i++) {
        const struct wh_column *column = &columns[i];
        if (wh_shape_find(&before, column->name, column->length) < 0)
            continue;
        wh_bad_row(error, "column", column->name, column->length, 0,
                   "the row has a column of this name already (see --as, or wh-clean --rename)");
        return false;
    }
    return true;
}

/* The columns of the input that stay. */
static void keep_columns(const struct wh_scored *scored, const struct wh_shape *shape,
                         struct wh_scored_columns *kept, struct wh_column *columns)
{
    *kept = (struct wh_scored_columns){
        .kept = wh_alloc((size_t)shape->count + 1, sizeof *kept->kept),
    };
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct wh_column *column = &shape->columns[i];
        if (!scored->keep_features && wh_column_is_features(column->name, column->length))
            continue;
        kept->kept[kept->kept_count] = i;
        columns[kept->kept_count++] = *column;
    }
}

bool wh_scored_bind(struct wh_scored_columns *columns, const struct wh_shape *shape,
                    const struct wh_scoring *by, size_t count, struct wh_error *error)
{
    enum { OTHERS = 5 }; /* than classes */
    size_t most = shape->count;
    for (size_t i = 0; i < count; i++) {
        tell_classes(by[i].scored, by[i].model);
        most += by[i].scored->told_count + OTHERS;
    }
    struct wh_column *all = wh_alloc(most, sizeof *all);
    keep_columns(by[0].scored, shape, columns, all);
    uint32_t there = columns->kept_count;
    bool room = true;
    for (size_t i = 0; i < count && room; i++) {
        uint32_t added = list_columns(by[i].scored, by[i].model, all + there);
        room = has_none(all, there, added, error);
        there += added;
    }
    if (room)
        columns->shape = wh_shape_open(all, there);
    else
        wh_scored_forget(columns);
    free(all);
    return room;
}

bool wh_scored_may_bind(const struct wh_scored *scored, const struct wh_shape *shape,
                        struct wh_error *error)
{
    struct wh_column *all = wh_alloc((size_t)shape->count + 2, sizeof *all);
    memcpy(all, shape->columns, shape->count * sizeof *all);
    all[shape->count] = wh_column_named(scored->score_name);
    all[shape->count + 1] = wh_column_named(scored->prediction_name);
    bool room = has_none(all, shape->count, 2, error);
    free(all);
    return room;
}

void wh_scored_forget(struct wh_scored_columns *columns)
{
    wh_shape_close(columns->shape);
    free(columns->kept);
    *columns = (struct wh_scored_columns){ 0 };
}

static void release(void *owner, void *part)
{
    (void)owner;
    wh_scored_forget(part);
}

size_t wh_scored_take_part(struct wh_row_plans *plans)
{
    return wh_row_plans_add(plans, &(struct wh_row_part){
        .size = sizeof(struct wh_scored_columns), .release = release });
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

struct wh_field *wh_scored_put(const struct wh_scored *scored, const struct wh_model *model,
                               struct wh_row *row, const struct wh_prediction *prediction,
                               const struct wh_field *explanation, struct wh_field *field)
{
    *field++ = number_field(scored, row, wh_model_score(model, prediction));
    if (wh_task_classifies(&model->task))
        *field++ = wh_task_label(&model->task, row, prediction->best);
    for (uint32_t i = 0; scored->flat && i < scored->told_count; i++)
        *field++ = number_field(scored, row,
                                probability_of(model, prediction, scored->told[i].class));
    if (scored->told && !scored->flat)
        *field++ = proba_field(scored, model, row, prediction);
    if (scored->explanation)
        *field++ = *explanation;
    if (scored->stamp)
        *field++ = stamp_field(model, row);
    return field;
}

void wh_scored_put_null(const struct wh_scored_columns *columns, struct wh_field *fields)
{
    for (uint32_t i = columns->kept_count; i < columns->shape->count; i++)
        fields[i] = (struct wh_field){ .type = WH_NULL };
}

struct wh_field *wh_scored_begin(const struct wh_scored_columns *columns, struct wh_row *row)
{
    uint32_t count = columns->kept_count;
    struct wh_field *fields = wh_row_fields(row, columns->shape->count);
    if (count == row->shape->count) {
        memcpy(fields, row->fields, count * sizeof *fields);
        if (!row->changed)
            row->raw_fields = count;
        return fields;
    }
    for (uint32_t i = 0; i < count; i++)
        fields[i] = row->fields[columns->kept[i]];
    row->raw_fields = 0;
    return fields;
}
