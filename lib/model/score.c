#include "model/score.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "model/modelfile.h"
#include "model/report.h"

enum { BINDINGS = 16 };

/* The columns of the output for one shape of the input. */
struct binding {
    uint64_t serial; /* of the input's shape; 0: none */
    struct wh_shape *shape;
    uint32_t *kept;  /* indices of the input's columns that stay */
    uint32_t kept_count;
};

struct score {
    struct wh_stage stage;
    const struct wh_score_settings *settings;
    struct wh_model *model;
    struct wh_examples *examples;
    struct wh_evaluation evaluation;
    char *score_name, *prediction_name; /* the latter NULL for regression */
    uint64_t unlabelled;
    bool labelled_column; /* some row had the label's column */
    struct binding bindings[BINDINGS];
};

static struct score *score_of(struct wh_stage *stage)
{
    return (struct score *)stage;
}

/*
 * Columns
 */

static void unbind(struct binding *binding)
{
    wh_shape_free(binding->shape);
    free(binding->kept);
    *binding = (struct binding){ 0 };
}

static bool has_column(const struct wh_shape *shape, const char *name, struct wh_error *error)
{
    if (!name || wh_shape_find(shape, name, strlen(name)) < 0)
        return false;
    wh_bad_row(error, "column", name, strlen(name), 0,
               "the row has a column of this name already (see --as, or wh-clean --rename)");
    return true;
}

/* Whether the row has room for the columns to be added; makes the output's shape. */
static bool bind(struct score *score, struct binding *binding, const struct wh_shape *shape,
                 struct wh_error *error)
{
    unbind(binding);
    if (has_column(shape, score->score_name, error)
        || has_column(shape, score->prediction_name, error))
        return false;
    struct wh_column *columns = wh_alloc((size_t)shape->count + 2, sizeof *columns);
    binding->kept = wh_alloc(shape->count, sizeof *binding->kept);
    uint32_t count = 0;
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct wh_column *column = &shape->columns[i];
        if (!score->settings->keep_features && wh_column_is_features(column->name, column->length))
            continue;
        binding->kept[count] = i;
        columns[count++] = *column;
    }
    binding->kept_count = count;
    columns[count++] = wh_column_named(score->score_name);
    if (score->prediction_name)
        columns[count++] = wh_column_named(score->prediction_name);
    binding->shape = wh_shape_make(columns, count);
    binding->serial = shape->serial;
    free(columns);
    return true;
}

/* The binding of a shape; NULL where it has a column already that is to be added. */
static struct binding *binding_of(struct score *score, const struct wh_shape *shape,
                                  struct wh_error *error)
{
    struct binding *binding = &score->bindings[shape->serial % BINDINGS];
    return binding->serial == shape->serial || bind(score, binding, shape, error) ? binding : NULL;
}

static int score_columns(struct wh_stage *stage, struct wh_row *row, struct wh_error *error)
{
    const struct binding *binding = binding_of(score_of(stage), row->shape, error);
    if (!binding)
        return -1;
    row->shape = binding->shape;
    return 0;
}

static void add_prediction(const struct score *score, const struct binding *binding,
                           struct wh_row *row, double prediction)
{
    const struct wh_model *model = score->model;
    struct wh_field *fields = wh_row_fields(row, binding->shape->count);
    for (uint32_t i = 0; i < binding->kept_count; i++)
        fields[i] = row->fields[binding->kept[i]];
    bool binary = model->task.kind == WH_TASK_BINARY;
    double value = binary ? wh_loss_probability(model->loss, prediction) : prediction;
    char *text = wh_row_take(row, WH_NUMBER_SIZE);
    fields[binding->kept_count] = (struct wh_field){
        .type = WH_NUMBER, .text = text, .length = (uint32_t)wh_number_print(value, text),
    };
    if (score->prediction_name)
        fields[binding->kept_count + 1] =
            wh_task_label(&model->task, row, wh_model_positive(model, prediction));
    row->fields = fields;
    row->shape = binding->shape;
    row->changed = true;
}

/*
 * Rows
 */

static enum wh_verdict measure(struct score *score, struct wh_row *row,
                               const struct wh_reading_row *reading, double prediction,
                               struct wh_error *error)
{
    struct wh_model *model = score->model;
    if (!reading->label) {
        score->unlabelled++;
        if (!reading->labelled_column && row->raw_format == WH_FORMAT_CSV) {
            wh_no_label_column(score->settings->label, row->shape, error);
            return WH_FATAL;
        }
        score->labelled_column |= reading->labelled_column;
        return WH_TAKEN;
    }
    score->labelled_column = true;
    double label;
    enum wh_verdict verdict = wh_task_read(&model->task, row, reading->label,
                                           score->settings->label, &label, error);
    if (verdict != WH_TAKEN)
        return verdict;
    struct wh_outcome outcome = {
        .prediction = prediction,
        .target = wh_model_target(model, label),
        .weight = reading->weight,
    };
    wh_loss_find(model->loss, &outcome);
    wh_evaluation_add(&score->evaluation, model, label, &outcome);
    return WH_TAKEN;
}

static enum wh_verdict score_row(struct wh_stage *stage, struct wh_row *row, struct wh_emit *emit,
                                 struct wh_error *error)
{
    struct score *score = score_of(stage);
    struct wh_model *model = score->model;
    const struct binding *binding = binding_of(score, row->shape, error);
    if (!binding)
        return WH_BAD;
    struct wh_reading_row reading;
    wh_nulls_row(&score->settings->nulls, row);
    enum wh_verdict verdict = wh_examples_read(score->examples, row, false, &reading, error);
    if (verdict != WH_TAKEN)
        return verdict;
    if (wh_model_check(model, &reading, error) != 0)
        return WH_FATAL;
    if (!reading.known && model->names.count > 1) {
        wh_bad_row(error, "feature", NULL, 0, 0, "the row shares no feature with the model %s",
                   score->settings->path);
        return WH_BAD;
    }
    double prediction = model->type->predict(model->learner, &reading.example);
    if (score->settings->label)
        verdict = measure(score, row, &reading, prediction, error);
    if (verdict != WH_TAKEN)
        return verdict;
    add_prediction(score, binding, row, prediction);
    return wh_emit_row(emit, row, error);
}

static int score_finish(struct wh_stage *stage, struct wh_emit *emit, struct wh_error *error)
{
    (void)emit;
    const struct score *score = score_of(stage);
    if (score->unlabelled && !score->labelled_column)
        return wh_fail(error, WH_REFUSED, "no row has a column %s, the label",
                       score->settings->label);
    return 0;
}

/*
 * Reports
 */

static void score_stats(struct wh_stage *stage, json_t *stats)
{
    struct score *score = score_of(stage);
    json_object_set_new(stats, "digest", json_string(score->model->digest));
    if (!score->settings->label)
        return;
    json_object_set_new(stats, "rows_measured",
                        json_integer((json_int_t)score->evaluation.metrics.rows));
    json_object_set_new(stats, "rows_without_label", json_integer((json_int_t)score->unlabelled));
    wh_report_stats(stats, score->model, &score->evaluation, "loss");
}

static void score_progress(struct wh_stage *stage, char *line, size_t size)
{
    const struct wh_metrics *metrics = &score_of(stage)->evaluation.metrics;
    if (metrics->weight > 0)
        snprintf(line, size, "loss %.6g", metrics->loss / metrics->weight);
}

void wh_score_summary(struct wh_stage *stage, struct wh_buffer *out)
{
    struct score *score = score_of(stage);
    if (!score->settings->label)
        return;
    wh_buffer_format(out, "%s: measured on %.0f rows", score->settings->path,
                     score->evaluation.metrics.rows);
    if (score->unlabelled)
        wh_buffer_format(out, " (%" PRIu64 " have no label)", score->unlabelled);
    wh_buffer_byte(out, '\n');
    if (score->evaluation.metrics.rows > 0)
        wh_report_figures(out, score->model, &score->evaluation, "loss");
}

/*
 * Opening and closing
 */

static void score_close(struct wh_stage *stage)
{
    struct score *score = score_of(stage);
    for (size_t i = 0; i < BINDINGS; i++)
        unbind(&score->bindings[i]);
    wh_examples_free(score->examples);
    wh_evaluation_free(&score->evaluation);
    wh_model_free(score->model);
    free(score->score_name);
    free(score->prediction_name);
    free(score);
}

static const struct wh_stage_ops score_ops = {
    .row = score_row,
    .columns = score_columns,
    .finish = score_finish,
    .stats = score_stats,
    .progress = score_progress,
    .close = score_close,
};

/* Whether the name means something to other tools: features, a recipe's stamp, control records. */
static bool is_reserved(const char *name, size_t length)
{
    return wh_column_is_features(name, length) || strcmp(name, "recipe") == 0
        || strcmp(name, "@wh") == 0;
}

/* With --as NAME the columns are NAME and NAME_prediction, so that several models can follow one
 * another. */
static int name_columns(struct score *score, struct wh_error *error)
{
    const char *as = score->settings->as;
    size_t length = as ? strlen(as) : 0;
    if (as && (length == 0 || wh_utf8_valid(as, length) != length))
        return wh_fail(error, WH_REFUSED, "--as: the name of a column is UTF-8 and not empty");
    if (as && is_reserved(as, length))
        return wh_fail(error, WH_REFUSED,
                       "--as %s: who reads the rows next would take that column for something else "
                       "(choose another name)", as);
    score->score_name = as ? wh_copy(as, length) : wh_copy("score", strlen("score"));
    if (score->model->task.kind != WH_TASK_BINARY)
        return 0;
    struct wh_buffer name = { 0 };
    wh_buffer_format(&name, "%s%sprediction", as ? as : "", as ? "_" : "");
    wh_buffer_byte(&name, '\0');
    score->prediction_name = name.data;
    return 0;
}

static int open_all(struct score *score, struct wh_error *error)
{
    const struct wh_score_settings *settings = score->settings;
    score->model = wh_model_load(settings->path, error);
    if (!score->model)
        return -1;
    if (!score->model->learner)
        return wh_fail(error, WH_REFUSED, "%s: has learned nothing yet: no row with a label has "
                       "come to it", settings->path);
    if (name_columns(score, error) != 0)
        return -1;
    struct wh_roles roles = score->model->roles;
    roles.label = settings->label ? settings->label : roles.label;
    roles.weight = settings->weight;
    score->examples = wh_examples_open(&score->model->names, &roles, WH_EXAMPLES_SCORE, 0,
                                       error);
    return score->examples ? 0 : -1;
}

struct wh_stage *wh_score_open(const struct wh_score_settings *settings, struct wh_error *error)
{
    struct score *score = wh_alloc(1, sizeof *score);
    score->stage.ops = &score_ops;
    score->settings = settings;
    if (open_all(score, error) == 0)
        return &score->stage;
    score_close(&score->stage);
    return NULL;
}
