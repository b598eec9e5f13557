#include "score/score.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "learn/compare.h"
#include "model/findings.h"
#include "score/report.h"
#include "score/served.h"

enum { ROWS_BETWEEN_LOOKS = 1024 };

/* One model, what it says of the row at hand, and how good it has been. */
struct contestant {
    const char *name;
    struct wh_served served;
    struct wh_reading_row reading;
    struct wh_prediction prediction;
    struct wh_judgement judgement;
    struct wh_task classes; /* more than two, as the evaluation numbers them: a model that takes
                               another's place may number them differently */
    struct wh_evaluation evaluation;
    struct wh_comparison comparison; /* with the first */
};

/* What was predicted of a row with a label, and what came of that. */
struct measured {
    struct wh_judgement judgement;
    double value;
    uint32_t best;
};

struct score {
    struct wh_stage stage;
    const struct wh_score_settings *settings;
    struct wh_served_settings served;
    const char *label;       /* NULL: nothing is measured */
    struct contestant *contestants;
    size_t count;
    uint64_t rows;           /* since the models' files were looked at */
    uint64_t unlabelled;
    bool settled;            /* the output's format is */
    struct wh_error no_label; /* to be told where no row had the label's column */
    bool labelled_column;    /* some row had the label's column */
    bool streams;            /* the rows are a part of a stream with control records */
    bool defers;             /* a session: rows are not measured, but noted: of each row with a label
                                a struct measured for each contestant */
    struct wh_buffer measured;
};

static struct score *score_of(struct wh_stage *stage)
{
    return (struct score *)stage;
}

static struct wh_model *model_of(const struct contestant *contestant)
{
    return contestant->served.scorer->model;
}

/*
 * Rows
 */

/* What the label means, to the model and to the evaluation. */
static enum wh_verdict judge(struct contestant *contestant, struct wh_row *row, const char *label,
                             double *class, struct wh_error *error)
{
    struct wh_model *model = model_of(contestant);
    const struct wh_reading_row *reading = &contestant->reading;
    double target;
    enum wh_verdict verdict = wh_task_read(&model->task, row, reading->label, label, &target,
                                           error);
    if (verdict != WH_TAKEN)
        return verdict;
    if (!wh_model_takes(model, target, error))
        return WH_BAD;
    contestant->judgement = wh_model_judge(model, &contestant->prediction, target,
                                           reading->weight);
    *class = target;
    if (model->task.kind != WH_TASK_MULTICLASS)
        return WH_TAKEN;
    return wh_task_read(&contestant->classes, row, reading->label, label, class, error);
}

static void evaluate(struct contestant *contestant, double class)
{
    const struct wh_model *model = model_of(contestant);
    struct wh_judgement judgement = contestant->judgement;
    if (model->task.kind == WH_TASK_MULTICLASS)
        judgement.class = (uint32_t)class; /* among the labels of these rows */
    wh_evaluation_add(&contestant->evaluation, model, &contestant->prediction, &judgement);
}

static void compare(struct contestant *contestant, const struct contestant *first)
{
    const struct wh_judgement *one = &first->judgement, *other = &contestant->judgement;
    wh_compare_loss(&contestant->comparison, one->loss, other->loss, one->weight);
    if (wh_task_classifies(&model_of(first)->task))
        wh_compare_class(&contestant->comparison, one->right, other->right);
}

static void add_measured(struct score *score, double class)
{
    for (size_t i = 0; i < score->count; i++) {
        evaluate(&score->contestants[i], class);
        if (i > 0)
            compare(&score->contestants[i], &score->contestants[0]);
    }
}

static void defer_measures(struct score *score)
{
    for (size_t i = 0; i < score->count; i++) {
        const struct contestant *contestant = &score->contestants[i];
        const struct measured measured = { contestant->judgement, contestant->prediction.value,
                                           contestant->prediction.best };
        wh_buffer_add(&score->measured, (const char *)&measured, sizeof measured);
    }
}

/* The sums are made in the order of the rows. */
static void measure_deferred(struct score *score, struct score *session)
{
    struct wh_buffer *rows = &session->measured;
    for (size_t at = 0; at < rows->length;) {
        for (size_t i = 0; i < score->count; i++, at += sizeof(struct measured)) {
            struct measured measured;
            memcpy(&measured, rows->data + at, sizeof measured);
            struct contestant *contestant = &score->contestants[i];
            contestant->judgement = measured.judgement;
            contestant->prediction = (struct wh_prediction){ .value = measured.value,
                                                             .best = measured.best };
        }
        add_measured(score, 0);
    }
    rows->length = 0;
}

static enum wh_verdict measure(struct score *score, struct wh_row *row, struct wh_error *error)
{
    const struct wh_reading_row *reading = &score->contestants[0].reading;
    if (!reading->label) {
        score->unlabelled++;
        if (!reading->labelled_column && row->raw_format == WH_FORMAT_CSV) {
            wh_no_label_column(score->label, row->shape, error);
            return WH_FATAL;
        }
        if (score->unlabelled == 1)
            wh_no_label_row(score->label, row, &score->no_label);
        score->labelled_column |= reading->labelled_column;
        return WH_TAKEN;
    }
    score->labelled_column = true;
    double class = 0;
    for (size_t i = 0; i < score->count; i++) {
        enum wh_verdict verdict = judge(&score->contestants[i], row, score->label, &class, error);
        if (verdict != WH_TAKEN)
            return verdict;
    }
    if (score->defers)
        defer_measures(score);
    else
        add_measured(score, class);
    return WH_TAKEN;
}

/* The first row settles what the output is where nothing else says so. */
static void settle(struct score *score, const struct wh_row *row)
{
    uint8_t format = score->settings->format == WH_FORMAT_NONE ? row->raw_format
                                                               : (uint8_t)score->settings->format;
    for (size_t i = 0; i < score->count; i++)
        wh_served_flat(&score->contestants[i].served, format == WH_FORMAT_CSV);
    score->settled = true;
}

/* Works out which columns scored rows of this shape have; false where there is no room for all. */
static bool bind_columns(struct score *score, struct wh_scored_columns *columns,
                         const struct wh_shape *shape, struct wh_error *error)
{
    struct wh_scoring *by = wh_alloc(score->count, sizeof *by);
    for (size_t i = 0; i < score->count; i++) {
        const struct wh_scorer *scorer = score->contestants[i].served.scorer;
        by[i] = (struct wh_scoring){ scorer->scored, scorer->model };
    }
    bool room = wh_scored_bind(columns, shape, by, score->count, error);
    free(by);
    return room;
}

/* The columns of scored rows of this shape, whose plan, by the first model, is `plan`; NULL where
 * there is no room for them. */
static const struct wh_scored_columns *columns_of(struct score *score, struct wh_row_plan *plan,
                                                  const struct wh_shape *shape,
                                                  struct wh_error *error)
{
    size_t place = score->contestants[0].served.scorer->columns;
    struct wh_scored_columns *columns = wh_row_plan_part(plan, place);
    return columns->shape || bind_columns(score, columns, shape, error) ? columns : NULL;
}

static void look(struct score *score)
{
    for (size_t i = 0; i < score->count; i++)
        wh_served_look(&score->contestants[i].served);
    score->rows = 0;
}

static void add_columns(struct score *score, const struct wh_scored_columns *columns,
                        struct wh_row *row)
{
    struct wh_field *fields = wh_scored_begin(columns, row), *field = fields + columns->kept_count;
    for (size_t i = 0; i < score->count; i++) {
        struct contestant *contestant = &score->contestants[i];
        field = wh_scorer_put(contestant->served.scorer, row, &contestant->reading,
                              &contestant->prediction, field);
    }
    wh_scored_end(columns, row, fields);
}

static enum wh_verdict score_row(struct wh_stage *stage, struct wh_row *row, struct wh_emit *emit,
                                 struct wh_error *error)
{
    struct score *score = score_of(stage);
    if (!score->settled)
        settle(score, row);
    if (score->settings->watch && ++score->rows == ROWS_BETWEEN_LOOKS)
        look(score);
    for (size_t i = 0; i < score->count; i++) {
        struct contestant *contestant = &score->contestants[i];
        enum wh_verdict verdict = wh_served_read(&contestant->served, row, &contestant->reading,
                                                 error);
        if (verdict != WH_TAKEN)
            return verdict;
    }
    const struct wh_scored_columns *columns = columns_of(score, score->contestants[0].reading.plan,
                                                         row->shape, error);
    if (!columns)
        return WH_BAD;
    for (size_t i = 0; i < score->count; i++) {
        struct contestant *contestant = &score->contestants[i];
        contestant->prediction = wh_scorer_predict(contestant->served.scorer,
                                                   &contestant->reading);
    }
    enum wh_verdict verdict = score->label ? measure(score, row, error) : WH_TAKEN;
    if (verdict != WH_TAKEN)
        return verdict;
    add_columns(score, columns, row);
    return wh_emit_row(emit, row, error);
}

static int score_columns(struct wh_stage *stage, struct wh_row *row, struct wh_error *error)
{
    struct score *score = score_of(stage);
    settle(score, row);
    const struct wh_row_plans *plans = score->contestants[0].served.scorer->session->plans;
    const struct wh_scored_columns *columns =
        columns_of(score, wh_row_plan_of(plans, row->shape), row->shape, error);
    if (!columns)
        return -1;
    row->shape = columns->shape;
    return 0;
}

static int score_tick(struct wh_stage *stage, double now, struct wh_error *error)
{
    (void)now;
    (void)error;
    struct score *score = score_of(stage);
    if (score->settings->watch)
        look(score);
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

/* Of a stream this run may see a part only, which need not have a label or weight. */
static int score_finish(struct wh_stage *stage, struct wh_emit *emit, struct wh_error *error)
{
    (void)emit;
    const struct score *score = score_of(stage);
    if (!score->label || score->streams)
        return 0;
    if (!score->unlabelled || score->labelled_column)
        return wh_session_finish(score->contestants[0].served.scorer->session, error);
    *error = score->no_label;
    return -1;
}

/*
 * Reports
 */

static json_t *stats_of(struct contestant *contestant, bool measured)
{
    struct wh_model *model = model_of(contestant);
    json_t *stats = json_pack("{s:s, s:s}", "name", contestant->name, "digest", model->digest);
    json_object_set_new(stats, "rows_without_known_feature",
                        json_integer((json_int_t)contestant->served.scorer->session->strangers));
    wh_findings_stats(stats, model, false);
    if (measured)
        wh_report_stats(stats, model, &contestant->evaluation, "loss");
    return stats;
}

/* Of one model its figures stand among the run's own. */
static void add_models(struct score *score, json_t *stats)
{
    json_t *models = json_array(), *comparisons = json_array();
    struct contestant *first = &score->contestants[0];
    if (score->count == 1) {
        json_t *alone = stats_of(first, score->label != NULL);
        json_object_del(alone, "name");
        json_object_update(stats, alone);
        json_decref(alone);
    }
    for (size_t i = 0; i < score->count && score->count > 1; i++) {
        struct contestant *contestant = &score->contestants[i];
        json_array_append_new(models, stats_of(contestant, score->label != NULL));
        if (i > 0 && score->label)
            json_array_append_new(comparisons,
                                  wh_compare_stats(&contestant->comparison, first->name,
                                                   contestant->name));
    }
    if (json_array_size(models))
        json_object_set(stats, "models", models);
    if (json_array_size(comparisons))
        json_object_set(stats, "comparisons", comparisons);
    json_decref(models);
    json_decref(comparisons);
}

static void score_stats(struct wh_stage *stage, json_t *stats)
{
    struct score *score = score_of(stage);
    double rows = wh_metrics_measured(&score->contestants[0].evaluation.metrics);
    if (score->label) {
        json_object_set_new(stats, "rows_measured", json_integer((json_int_t)rows));
        json_object_set_new(stats, "rows_without_label",
                            json_integer((json_int_t)score->unlabelled));
    }
    add_models(score, stats);
}

static void score_progress(struct wh_stage *stage, char *line, size_t size)
{
    const struct wh_metrics *metrics = &score_of(stage)->contestants[0].evaluation.metrics;
    if (metrics->weight > 0)
        snprintf(line, size, "loss %.6g", metrics->loss / metrics->weight);
}

/* A line for each model, and one for each but the first that says how it compares with that. */
static void add_table(struct score *score, struct wh_buffer *out)
{
    int width = (int)strlen("model");
    for (size_t i = 0; i < score->count; i++)
        if ((int)strlen(score->contestants[i].name) > width)
            width = (int)strlen(score->contestants[i].name);
    wh_buffer_format(out, "%-*s ", width, "model");
    wh_report_columns(out, model_of(&score->contestants[0]));
    wh_buffer_byte(out, '\n');
    for (size_t i = 0; i < score->count; i++) {
        struct contestant *contestant = &score->contestants[i];
        wh_buffer_format(out, "%-*s ", width, contestant->name);
        wh_report_cells(out, model_of(contestant), &contestant->evaluation);
        wh_buffer_byte(out, '\n');
    }
    for (size_t i = 1; i < score->count; i++) {
        wh_compare_report(out, &score->contestants[i].comparison, score->contestants[0].name,
                          score->contestants[i].name);
        wh_buffer_byte(out, '\n');
    }
}

/* What came in the rows that the model does not know, or did not come. */
static void add_findings(const struct contestant *contestant, bool alone, struct wh_buffer *out)
{
    struct wh_buffer name = { 0 };
    uint64_t strangers = contestant->served.scorer->session->strangers;
    if (!alone)
        wh_buffer_format(&name, "%s: ", contestant->name);
    const char *prefix = wh_buffer_text(&name);
    if (strangers)
        wh_buffer_format(out, "%s%" PRIu64 " row%s no feature with the model, and got the score of "
                         "a row without any (--strict refuses such rows)\n", prefix, strangers,
                         strangers == 1 ? " shares" : "s share");
    wh_findings_report(out, model_of(contestant), false, prefix);
    wh_buffer_free(&name);
}

static void add_measures(struct score *score, struct wh_buffer *out)
{
    struct contestant *first = &score->contestants[0];
    double rows = wh_metrics_measured(&first->evaluation.metrics);
    if (score->count == 1)
        wh_buffer_format(out, "%s: ", first->served.path);
    wh_buffer_format(out, "measured on %.0f row%s", rows, rows == 1 ? "" : "s");
    if (score->unlabelled)
        wh_buffer_format(out, " (%" PRIu64 " have no label)", score->unlabelled);
    wh_buffer_byte(out, '\n');
    if (score->count == 1)
        wh_report_task(out, model_of(first));
    if (rows > 0 && score->count == 1)
        wh_report_figures(out, model_of(first), &first->evaluation, "loss");
    else if (rows > 0)
        add_table(score, out);
}

static void score_summary(struct wh_stage *stage, double seconds, struct wh_buffer *out)
{
    (void)seconds;
    struct score *score = score_of(stage);
    if (score->label)
        add_measures(score, out);
    for (size_t i = 0; i < score->count; i++)
        add_findings(&score->contestants[i], score->count == 1, out);
}

/*
 * Opening and closing
 */

static void score_close(struct wh_stage *stage)
{
    struct score *score = score_of(stage);
    for (size_t i = 0; i < score->count; i++) {
        struct contestant *contestant = &score->contestants[i];
        wh_served_close(&contestant->served);
        wh_task_free(&contestant->classes);
        wh_evaluation_free(&contestant->evaluation);
    }
    wh_buffer_free(&score->measured);
    free(score->contestants);
    free(score);
}

/*
 * Sessions
 */

/* Labels that are still to come may be what a task is settled by. */
static bool knows_labels(const struct wh_task *task)
{
    return task->kind != WH_TASK_BINARY || (task->classes[0].text && task->classes[1].text);
}

static int score_divides(const struct wh_stage *stage, struct wh_error *error)
{
    const struct score *score = (const struct score *)stage;
    bool settled = score->settled;
    if (score->settings->watch)
        return wh_fail(error, WH_REFUSED, "--watch changes the model between two rows, so that all "
                       "must go through one thread (leave one of the two out)");
    for (size_t i = 0; i < score->count; i++) {
        const struct wh_task *task = &model_of(&score->contestants[i])->task;
        if (score->label && task->kind == WH_TASK_MULTICLASS)
            return wh_fail(error, WH_REFUSED, "--label of more than two classes counts them as they "
                           "come, so that all rows must go through one thread (score with threads, "
                           "measure with wh-score -n in another run)");
        settled = settled && (!score->label || knows_labels(task));
    }
    return settled;
}

static struct wh_stage *open_score(const struct wh_score_settings *settings,
                                   const struct wh_score_model *models, struct wh_error *error);

static struct wh_stage *score_session(struct wh_stage *stage, struct wh_error *error)
{
    struct score *score = score_of(stage);
    struct wh_score_model *models = wh_alloc(score->count, sizeof *models);
    for (size_t i = 0; i < score->count; i++) {
        models[i] = score->settings->models[i];
        models[i].loaded = score->contestants[i].served.loaded;
    }
    struct wh_stage *session = open_score(score->settings, models, error);
    free(models);
    if (!session)
        return NULL;
    struct score *other = score_of(session);
    other->defers = other->settled = true;
    for (size_t i = 0; i < score->count; i++) {
        wh_served_flat(&other->contestants[i].served, score->contestants[i].served.flat);
        wh_session_share(other->contestants[i].served.scorer->session,
                         score->contestants[i].served.scorer->session);
    }
    return session;
}

static void score_merge(struct wh_stage *stage, struct wh_stage *session)
{
    struct score *score = score_of(stage), *other = score_of(session);
    measure_deferred(score, other);
    if (other->unlabelled > 0 && score->unlabelled == 0)
        score->no_label = other->no_label;
    score->unlabelled += other->unlabelled;
    score->labelled_column |= other->labelled_column;
    other->unlabelled = 0;
    for (size_t i = 0; i < score->count; i++)
        wh_session_merge(score->contestants[i].served.scorer->session,
                         other->contestants[i].served.scorer->session);
}

static const struct wh_stage_ops score_ops = {
    .row = score_row,
    .columns = score_columns,
    .tick = score_tick,
    .begin = score_begin,
    .finish = score_finish,
    .stats = score_stats,
    .summary = score_summary,
    .progress = score_progress,
    .divides = score_divides,
    .session = score_session,
    .merge = score_merge,
    .close = score_close,
};

/* Losses of different kinds, or of numbers and classes, say nothing about each other. */
static int check_rivals(const struct score *score, struct wh_error *error)
{
    const struct contestant *first = &score->contestants[0];
    const struct wh_model *one = model_of(first);
    for (size_t i = 1; i < score->count && score->label; i++) {
        const struct contestant *contestant = &score->contestants[i];
        const struct wh_model *other = model_of(contestant);
        char first_loss[WH_LOSS_TEXT], loss[WH_LOSS_TEXT];
        if (one->task.kind != other->task.kind)
            return wh_fail(error, WH_REFUSED,
                           "%s and %s cannot be measured side by side: their tasks are %s and %s",
                           first->name, contestant->name, wh_task_name(&one->task),
                           wh_task_name(&other->task));
        if (one->loss.kind != other->loss.kind || one->loss.parameter != other->loss.parameter)
            return wh_fail(error, WH_REFUSED,
                           "%s and %s cannot be measured side by side: their losses are %s and "
                           "%s%s", first->name, contestant->name,
                           wh_loss_print(&one->loss, first_loss),
                           wh_loss_print(&other->loss, loss),
                           wh_task_classifies(&one->task)
                               ? " (with --calibrate both are logistic)" : "");
    }
    return 0;
}

/* What one of the models before was loaded from the same file as, or NULL. */
static struct wh_loaded *find_loaded(const struct score *score, const char *path)
{
    for (size_t i = 0; i < score->count; i++)
        if (strcmp(score->contestants[i].served.path, path) == 0)
            return score->contestants[i].served.loaded;
    return NULL;
}

static int open_all(struct score *score, const struct wh_score_model *models,
                    struct wh_error *error)
{
    const struct wh_score_settings *settings = score->settings;
    for (size_t i = 0; i < settings->count; i++) {
        const struct wh_score_model *model = &models[i];
        struct contestant *contestant = &score->contestants[i];
        struct wh_loaded *loaded = model->loaded ? model->loaded : find_loaded(score, model->path);
        score->count++;
        contestant->name = model->as ? model->as : "score";
        if (wh_served_open(&contestant->served, &score->served, loaded, model->path, model->as,
                           error) != 0
            || wh_task_init(&contestant->classes, "multiclass", NULL, error) != 0)
            return -1;
    }
    return check_rivals(score, error);
}

/* The stage of these models, which may have predictors that those of the settings lack. */
static struct wh_stage *open_score(const struct wh_score_settings *settings,
                                   const struct wh_score_model *models, struct wh_error *error)
{
    struct score *score = wh_alloc(1, sizeof *score);
    score->stage.ops = &score_ops;
    score->settings = settings;
    score->label = settings->scorer.label;
    score->served = (struct wh_served_settings){ settings->scorer, settings->watch,
                                                 settings->notify };
    score->contestants = wh_alloc(settings->count, sizeof *score->contestants);
    if (open_all(score, models, error) == 0)
        return &score->stage;
    score_close(&score->stage);
    return NULL;
}

struct wh_stage *wh_score_open(const struct wh_score_settings *settings, struct wh_error *error)
{
    return open_score(settings, settings->models, error);
}
