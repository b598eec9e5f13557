#include "model/update.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/time.h"
#include "model/modelfile.h"
#include "model/report.h"

struct update {
    struct wh_stage stage;
    const struct wh_update_settings *settings;
    struct wh_lock *lock;
    struct wh_model *model;
    struct wh_examples *examples;
    struct wh_evaluation evaluation; /* of this run */
    bool continues;
    bool replaces;        /* --new, and a model is there: it stays until the end */
    bool labelled_column; /* some row had it */
    uint64_t learned, unlabelled;
    uint64_t saved_rows;  /* of learned, how many are in the file */
    double saved_at;      /* by wh_clock() */
    uint64_t next_line;   /* rows after which the table's next line is due */
    bool head_said;
};

static struct update *update_of(struct wh_stage *stage)
{
    return (struct update *)stage;
}

/*
 * Settings
 */

static int contradict(const struct update *update, const char *option, const char *given,
                      const char *stored, struct wh_error *error)
{
    if (!given || (stored && strcmp(given, stored) == 0))
        return 0;
    if (!stored)
        return wh_fail(error, WH_REFUSED,
                       "%s was learned without --%s: --%s %s contradicts that (--new starts "
                       "another model)", update->settings->path, option, option, given);
    return wh_fail(error, WH_REFUSED,
                   "%s was learned with --%s %s: --%s %s contradicts that (--new starts another "
                   "model)", update->settings->path, option, stored, option, given);
}

/* Holds what the user gave against what the model has. */
static int check_settings(const struct update *update, struct wh_error *error)
{
    const struct wh_update_settings *given = update->settings;
    const struct wh_model *model = update->model;
    const struct wh_class *positive = &model->task.classes[1];
    const char *stored = model->task.positive ? model->task.positive : positive->text;
    if (contradict(update, "learner", given->learner, model->type->name, error)
        || contradict(update, "loss", given->loss, wh_loss_name(model->loss), error)
        || contradict(update, "task", given->task, wh_task_name(&model->task), error)
        || contradict(update, "positive", given->positive, stored, error)
        || contradict(update, "label", given->roles.label, model->roles.label, error)
        || contradict(update, "weight", given->roles.weight, model->roles.weight, error)
        || contradict(update, "id", given->roles.id, model->roles.id, error)
        || contradict(update, "ignore", given->roles.ignore, model->roles.ignore, error)
        || contradict(update, "time", given->roles.time, model->roles.time, error))
        return -1;
    if (!isnan(given->rate) && given->rate != model->rate)
        return wh_fail(error, WH_REFUSED,
                       "%s was learned with --learning-rate %g: another one contradicts that "
                       "(--new starts another model)", given->path, model->rate);
    return 0;
}

/* Names go into the model's file, which is UTF-8. */
static int check_text(const char *option, const char *text, struct wh_error *error)
{
    char quoted[96];
    size_t length = text ? strlen(text) : 0;
    if (length == 0 || wh_utf8_valid(text, length) == length)
        return 0;
    return wh_fail(error, WH_REFUSED, "--%s: %s is not UTF-8", option,
                   wh_quote(quoted, text, length));
}

static int check_texts(const struct wh_update_settings *given, struct wh_error *error)
{
    return check_text("label", given->roles.label, error)
        || check_text("weight", given->roles.weight, error)
        || check_text("id", given->roles.id, error)
        || check_text("ignore", given->roles.ignore, error)
        || check_text("time", given->roles.time, error)
        || check_text("positive", given->positive, error) ? -1 : 0;
}

static int find_learner(struct wh_model *model, const char *name, struct wh_error *error)
{
    model->type = name ? wh_learner_find(name) : wh_learners[0];
    if (model->type)
        return 0;
    struct wh_buffer names = { 0 };
    for (size_t i = 0; wh_learners[i]; i++)
        wh_buffer_format(&names, "%s%s", i ? ", " : "", wh_learners[i]->name);
    wh_buffer_byte(&names, '\0');
    wh_fail(error, WH_REFUSED, "--learner %s is not known (there is %s)", name, names.data);
    wh_buffer_free(&names);
    return -1;
}

static int begin_model(struct update *update, struct wh_error *error)
{
    const struct wh_update_settings *given = update->settings;
    struct wh_model *model = update->model = wh_model_new();
    if (!given->roles.label)
        return wh_fail(error, WH_REFUSED,
                       "a new model needs --label COLUMN: what is it to predict?");
    model->loss_settled = given->loss != NULL;
    if (given->loss && !wh_loss_named(given->loss, &model->loss))
        return wh_fail(error, WH_REFUSED, "--loss %s is not known (there are squared and logistic)",
                       given->loss);
    if (check_texts(given, error) != 0 || find_learner(model, given->learner, error) != 0
        || wh_task_init(&model->task, given->task, given->positive, error) != 0)
        return -1;
    model->rate = isnan(given->rate) ? model->type->rate : given->rate;
    if (!(model->rate > 0 && model->rate <= WH_LARGEST_RATE))
        return wh_fail(error, WH_REFUSED, "the learning rate must be above 0, and 1e9 at most");
    wh_model_name(&model->roles.label, given->roles.label);
    wh_model_name(&model->roles.weight, given->roles.weight);
    wh_model_name(&model->roles.id, given->roles.id);
    wh_model_name(&model->roles.ignore, given->roles.ignore);
    wh_model_name(&model->roles.time, given->roles.time);
    return 0;
}

static int open_model(struct update *update, struct wh_error *error)
{
    const struct wh_update_settings *given = update->settings;
    bool exists = wh_model_exists(given->path);
    update->continues = exists && !given->fresh;
    update->replaces = exists && given->fresh;
    if (update->replaces && wh_model_refuse_foreign(given->path, error) != 0)
        return -1;
    if (!update->continues)
        return begin_model(update, error);
    update->model = wh_model_load(given->path, error);
    return update->model ? check_settings(update, error) : -1;
}

static int open_all(struct update *update, struct wh_error *error)
{
    const struct wh_update_settings *given = update->settings;
    update->lock = wh_lock_take(given->path, error);
    if (!update->lock || open_model(update, error) != 0)
        return -1;
    struct wh_model *model = update->model;
    if (given->max_features)
        model->max_features = given->max_features < WH_MOST_FEATURES ? given->max_features
                                                                     : WH_MOST_FEATURES - 1;
    enum wh_examples_use use = update->continues ? WH_EXAMPLES_LEARN : WH_EXAMPLES_BEGIN;
    update->examples = wh_examples_open(&model->names, &model->roles, use, model->max_features,
                                        error);
    return update->examples ? 0 : -1;
}

/*
 * Rows
 */

/* A row without a label teaches nothing; a CSV file without its column is a mistake, and so are
 * rows of which none has it. */
static enum wh_verdict pass_unlabelled(struct update *update, const struct wh_row *row,
                                       const struct wh_reading_row *reading,
                                       struct wh_error *error)
{
    update->unlabelled++;
    update->labelled_column |= reading->labelled_column;
    if (reading->labelled_column || row->raw_format != WH_FORMAT_CSV)
        return WH_TAKEN;
    wh_no_label_column(update->model->roles.label, row->shape, error);
    return WH_FATAL;
}

/* The first label has settled the task: now the loss is known, and the learner can begin. */
static int begin_learner(struct update *update, struct wh_error *error)
{
    struct wh_model *model = update->model;
    bool binary = model->task.kind == WH_TASK_BINARY;
    if (!model->loss_settled)
        model->loss = binary ? WH_LOSS_LOGISTIC : WH_LOSS_SQUARED;
    if (!binary && model->loss == WH_LOSS_LOGISTIC)
        return wh_fail(error, WH_REFUSED,
                       "%s: the labels are numbers other than two classes, and logistic loss is "
                       "for classes (--loss squared, or name a class with --positive VALUE)",
                       model->roles.label);
    wh_model_make_learner(model);
    return 0;
}

static void say_line(struct update *update)
{
    const struct wh_update_settings *settings = update->settings;
    struct wh_buffer line = { 0 };
    if (!update->head_said) {
        wh_report_head(&line, update->model);
        wh_buffer_byte(&line, '\0');
        settings->say(settings->say_context, line.data);
        line.length = 0;
        update->head_said = true;
    }
    wh_report_line(&line, update->model, &update->evaluation);
    wh_buffer_byte(&line, '\0');
    settings->say(settings->say_context, line.data);
    wh_buffer_free(&line);
}

static void learn(struct update *update, const struct wh_reading_row *reading, double label)
{
    struct wh_model *model = update->model;
    struct wh_outcome outcome = {
        .prediction = model->type->predict(model->learner, &reading->example),
        .target = wh_model_target(model, label),
        .weight = reading->weight,
    };
    wh_loss_find(model->loss, &outcome);
    wh_model_measure(model, &model->metrics, label, &outcome);
    wh_evaluation_add(&update->evaluation, model, label, &outcome);
    model->type->learn(model->learner, &reading->example, &outcome);
    update->learned++;
    if (update->learned == update->next_line) {
        update->next_line *= 2;
        if (update->settings->say)
            say_line(update);
    }
}

static enum wh_verdict update_row(struct wh_stage *stage, struct wh_row *row, struct wh_emit *emit,
                                  struct wh_error *error)
{
    (void)emit;
    struct update *update = update_of(stage);
    struct wh_model *model = update->model;
    struct wh_reading_row reading;
    wh_nulls_row(&update->settings->nulls, row);
    enum wh_verdict verdict = wh_examples_read(update->examples, row, true, &reading, error);
    if (verdict != WH_TAKEN)
        return verdict;
    if (!reading.label)
        return pass_unlabelled(update, row, &reading, error);
    update->labelled_column = true;
    double label;
    verdict = wh_task_read(&model->task, row, reading.label, model->roles.label, &label, error);
    if (verdict != WH_TAKEN) {
        wh_examples_undo(update->examples);
        return verdict;
    }
    if (wh_model_check(model, &reading, error) != 0
        || (!model->learner && begin_learner(update, error) != 0))
        return WH_FATAL;
    learn(update, &reading, label);
    return WH_TAKEN;
}

/*
 * Saving
 */

static int save(struct update *update, struct wh_error *error)
{
    if (wh_model_save(update->model, update->settings->path, error) != 0)
        return -1;
    update->saved_rows = update->learned;
    return 0;
}

static int update_tick(struct wh_stage *stage, double now, struct wh_error *error)
{
    struct update *update = update_of(stage);
    double every = update->settings->save_every;
    if (!(every > 0) || update->replaces || now - update->saved_at < every
        || update->saved_rows == update->learned)
        return 0;
    update->saved_at = now;
    return save(update, error);
}

static int update_finish(struct wh_stage *stage, struct wh_emit *emit, struct wh_error *error)
{
    (void)emit;
    struct update *update = update_of(stage);
    if (update->unlabelled && !update->labelled_column)
        return wh_fail(error, WH_REFUSED, "no row has a column %s, the label",
                       update->model->roles.label);
    bool reported = update->next_line / 2 == update->learned;
    if (update->settings->say && update->learned && !reported)
        say_line(update);
    if (!update->model->learner || (update->saved_rows == update->learned && !update->replaces))
        return 0;
    return save(update, error);
}

/*
 * Reports
 */

static void update_stats(struct wh_stage *stage, json_t *stats)
{
    struct update *update = update_of(stage);
    const struct wh_model *model = update->model;
    json_object_set_new(stats, "rows_learned", json_integer((json_int_t)update->learned));
    json_object_set_new(stats, "rows_without_label", json_integer((json_int_t)update->unlabelled));
    json_object_set_new(stats, "features", json_integer((json_int_t)model->names.count - 1));
    json_object_set_new(stats, "values_ignored",
                        json_integer((json_int_t)wh_examples_crowded(update->examples)));
    if (model->learner)
        wh_report_stats(stats, model, &update->evaluation, "progressive_loss");
    if (*model->digest)
        json_object_set_new(stats, "digest", json_string(model->digest));
}

static void update_progress(struct wh_stage *stage, char *line, size_t size)
{
    struct update *update = update_of(stage);
    const struct wh_metrics *metrics = &update->evaluation.metrics;
    if (metrics->weight > 0)
        snprintf(line, size, "loss %.6g", metrics->loss / metrics->weight);
}

const struct wh_model *wh_update_model(const struct wh_stage *stage)
{
    return ((const struct update *)stage)->model;
}

bool wh_update_continues(const struct wh_stage *stage)
{
    return ((const struct update *)stage)->continues;
}

void wh_update_summary(struct wh_stage *stage, double seconds, struct wh_buffer *out)
{
    struct update *update = update_of(stage);
    const struct wh_model *model = update->model;
    const char *path = update->settings->path;
    if (update->learned == 0) {
        wh_buffer_format(out, "%s: no row to learn from, %s\n", path,
                         update->continues || update->replaces ? "it stays as it was"
                                                               : "so it was not made");
        return;
    }
    wh_buffer_format(out, "%s: learned from %" PRIu64 " row%s", path, update->learned,
                     update->learned == 1 ? "" : "s");
    if (seconds > 0)
        wh_buffer_format(out, " (%.0f rows/s)", (double)update->learned / seconds);
    if (update->unlabelled)
        wh_buffer_format(out, ", passed over %" PRIu64 " without a label", update->unlabelled);
    if (update->continues)
        wh_buffer_format(out, "; it has seen %.0f", model->metrics.rows);
    unsigned long features = (unsigned long)model->names.count - 1;
    wh_buffer_format(out, "; %lu feature%s\n", features, features == 1 ? "" : "s");
    if (wh_examples_crowded(update->examples))
        wh_buffer_format(out, "%" PRIu64 " values were left out because there were %" PRIu64
                         " features already (see --max-features)\n",
                         wh_examples_crowded(update->examples), model->max_features);
    wh_report_figures(out, model, &update->evaluation, "progressive loss");
}

static void update_close(struct wh_stage *stage)
{
    struct update *update = update_of(stage);
    wh_examples_free(update->examples);
    wh_evaluation_free(&update->evaluation);
    wh_model_free(update->model);
    if (update->lock)
        wh_lock_release(update->lock);
    free(update);
}

static const struct wh_stage_ops update_ops = {
    .row = update_row,
    .finish = update_finish,
    .tick = update_tick,
    .stats = update_stats,
    .progress = update_progress,
    .close = update_close,
};

struct wh_stage *wh_update_open(const struct wh_update_settings *settings, struct wh_error *error)
{
    struct update *update = wh_alloc(1, sizeof *update);
    update->stage.ops = &update_ops;
    update->settings = settings;
    update->next_line = 1;
    update->saved_at = wh_clock();
    if (open_all(update, error) == 0)
        return &update->stage;
    update_close(&update->stage);
    return NULL;
}
