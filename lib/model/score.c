#include "model/score.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/modelfile.h"
#include "model/report.h"
#include "model/scored.h"

struct score {
    struct wh_stage stage;
    const struct wh_score_settings *settings;
    struct wh_model *model;
    struct wh_examples *examples;
    struct wh_evaluation evaluation;
    struct wh_scored *scored;
    uint64_t unlabelled;
    bool labelled_column; /* some row had the label's column */
    bool streams;         /* the rows are a part of a stream with control records */
};

static struct score *score_of(struct wh_stage *stage)
{
    return (struct score *)stage;
}

/*
 * Rows
 */

static enum wh_verdict measure(struct score *score, struct wh_row *row,
                               const struct wh_reading_row *reading,
                               const struct wh_prediction *prediction, struct wh_error *error)
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
    struct wh_judgement judgement = wh_model_judge(model, prediction, label, reading->weight);
    wh_evaluation_add(&score->evaluation, model, prediction, &judgement);
    return WH_TAKEN;
}

static enum wh_verdict score_row(struct wh_stage *stage, struct wh_row *row, struct wh_emit *emit,
                                 struct wh_error *error)
{
    struct score *score = score_of(stage);
    struct wh_model *model = score->model;
    if (!wh_scored_room(score->scored, model, row->shape, error))
        return WH_BAD;
    struct wh_reading_row reading;
    wh_nulls_row(&score->settings->nulls, row);
    enum wh_verdict verdict = wh_examples_read(score->examples, row, false, &reading, error);
    if (verdict != WH_TAKEN)
        return verdict;
    if (wh_model_check(model, &reading, error) != 0)
        return WH_FATAL;
    if (!wh_model_knows(model, &reading, score->settings->path, error))
        return WH_BAD;
    struct wh_prediction prediction = wh_model_predict(model, &reading.example);
    if (score->settings->label)
        verdict = measure(score, row, &reading, &prediction, error);
    if (verdict != WH_TAKEN)
        return verdict;
    wh_scored_add(score->scored, model, row, &prediction);
    return wh_emit_row(emit, row, error);
}

static int score_columns(struct wh_stage *stage, struct wh_row *row, struct wh_error *error)
{
    struct score *score = score_of(stage);
    if (!wh_scored_room(score->scored, score->model, row->shape, error))
        return -1;
    row->shape = wh_scored_shape(score->scored, row->shape);
    return 0;
}

static int score_begin(struct wh_stage *stage, const struct wh_control *begin,
                       struct wh_error *error)
{
    (void)begin;
    (void)error;
    score_of(stage)->streams = true;
    return 0;
}

/* Of a stream this run may see a part only, which need not have a label. */
static int score_finish(struct wh_stage *stage, struct wh_emit *emit, struct wh_error *error)
{
    (void)emit;
    const struct score *score = score_of(stage);
    if (score->unlabelled && !score->labelled_column && !score->streams)
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
    wh_scored_free(score->scored);
    wh_examples_free(score->examples);
    wh_evaluation_free(&score->evaluation);
    wh_model_free(score->model);
    free(score);
}

static const struct wh_stage_ops score_ops = {
    .row = score_row,
    .columns = score_columns,
    .begin = score_begin,
    .finish = score_finish,
    .stats = score_stats,
    .progress = score_progress,
    .close = score_close,
};

static int open_all(struct score *score, struct wh_error *error)
{
    const struct wh_score_settings *settings = score->settings;
    score->model = wh_model_load(settings->path, error);
    if (!score->model)
        return -1;
    if (!score->model->learner)
        return wh_fail(error, WH_REFUSED, "%s: has learned nothing yet: no row with a label has "
                       "come to it", settings->path);
    score->scored = wh_scored_open(settings->as, settings->keep_features, error);
    if (!score->scored)
        return -1;
    struct wh_roles roles = score->model->settings.roles;
    roles.label = settings->label ? settings->label : roles.label;
    roles.weight = settings->weight;
    struct wh_examples_settings reading = { .use = WH_EXAMPLES_SCORE,
                                            .needs = wh_model_needs(score->model) };
    score->examples = wh_examples_open(&score->model->names, &roles, &reading, error);
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
