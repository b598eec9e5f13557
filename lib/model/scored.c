#include "model/scored.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"

enum { BINDINGS = 16 };

/* The columns of the output for one shape of the input. */
struct binding {
    uint64_t serial; /* of the input's shape; 0: none */
    struct wh_shape *shape;
    uint32_t *kept;  /* indices of the input's columns that stay */
    uint32_t kept_count;
    bool prediction; /* whether there is such a column */
};

struct wh_scored {
    char *score_name, *prediction_name;
    bool keep_features;
    struct binding bindings[BINDINGS];
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

struct wh_scored *wh_scored_open(const char *as, bool keep_features, struct wh_error *error)
{
    if (as && check_name(as, error) != 0)
        return NULL;
    struct wh_scored *scored = wh_alloc(1, sizeof *scored);
    struct wh_buffer name = { 0 };
    wh_buffer_format(&name, "%s%sprediction", as ? as : "", as ? "_" : "");
    wh_buffer_byte(&name, '\0');
    const char *score = as ? as : "score";
    scored->score_name = wh_copy(score, strlen(score));
    scored->prediction_name = name.data;
    scored->keep_features = keep_features;
    return scored;
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
    for (size_t i = 0; i < BINDINGS; i++)
        unbind(&scored->bindings[i]);
    free(scored->score_name);
    free(scored->prediction_name);
    free(scored);
}

static bool has_column(const struct wh_shape *shape, const char *name, struct wh_error *error)
{
    if (wh_shape_find(shape, name, strlen(name)) < 0)
        return false;
    wh_bad_row(error, "column", name, strlen(name), 0,
               "the row has a column of this name already (see --as, or wh-clean --rename)");
    return true;
}

static bool bind(struct wh_scored *scored, struct binding *binding, bool prediction,
                 const struct wh_shape *shape, struct wh_error *error)
{
    unbind(binding);
    if (has_column(shape, scored->score_name, error)
        || (prediction && has_column(shape, scored->prediction_name, error)))
        return false;
    struct wh_column *columns = wh_alloc((size_t)shape->count + 2, sizeof *columns);
    binding->kept = wh_alloc(shape->count, sizeof *binding->kept);
    uint32_t count = 0;
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct wh_column *column = &shape->columns[i];
        if (!scored->keep_features && wh_column_is_features(column->name, column->length))
            continue;
        binding->kept[count] = i;
        columns[count++] = *column;
    }
    binding->kept_count = count;
    columns[count++] = wh_column_named(scored->score_name);
    if (prediction)
        columns[count++] = wh_column_named(scored->prediction_name);
    binding->prediction = prediction;
    binding->shape = wh_shape_make(columns, count);
    binding->serial = shape->serial;
    free(columns);
    return true;
}

bool wh_scored_room(struct wh_scored *scored, const struct wh_model *model,
                    const struct wh_shape *shape, struct wh_error *error)
{
    struct binding *binding = &scored->bindings[shape->serial % BINDINGS];
    bool prediction = wh_task_classifies(&model->task);
    if (model->task.kind == WH_TASK_UNSETTLED)
        return !has_column(shape, scored->score_name, error)
            && !has_column(shape, scored->prediction_name, error);
    return binding->serial == shape->serial || bind(scored, binding, prediction, shape, error);
}

const struct wh_shape *wh_scored_shape(const struct wh_scored *scored,
                                       const struct wh_shape *shape)
{
    return scored->bindings[shape->serial % BINDINGS].shape;
}

static struct wh_field score_field(const struct wh_model *model, struct wh_row *row,
                                   const struct wh_prediction *prediction)
{
    char *text = wh_row_take(row, WH_NUMBER_SIZE);
    size_t length = wh_number_print(wh_model_score(model, prediction), text);
    return (struct wh_field){ .type = WH_NUMBER, .text = text, .length = (uint32_t)length };
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
                   struct wh_row *row, const struct wh_prediction *prediction)
{
    const struct binding *binding = &scored->bindings[row->shape->serial % BINDINGS];
    const struct wh_field null = { .type = WH_NULL };
    struct wh_field *fields = wh_row_fields(row, binding->shape->count);
    bool all = binding->kept_count == row->shape->count;
    row->raw_fields = all && !row->changed ? binding->kept_count : 0;
    keep_fields(binding, row, fields);
    fields[binding->kept_count] = prediction ? score_field(model, row, prediction) : null;
    if (binding->prediction)
        fields[binding->kept_count + 1] =
            prediction ? wh_task_label(&model->task, row, prediction->best) : null;
    row->fields = fields;
    row->shape = binding->shape;
    row->changed = true;
}
