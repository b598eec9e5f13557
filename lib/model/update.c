#include "model/update.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "model/modelfile.h"
#include "model/report.h"
#include "model/scored.h"
#include "pipe/recipe.h"

struct update {
    struct wh_stage stage;
    const struct wh_update_settings *settings;
    struct wh_saving *saving;
    struct wh_model *model;
    struct wh_examples *examples;
    struct wh_scored *scored;        /* NULL: no rows are passed on */
    struct wh_evaluation evaluation; /* of this run */
    bool continues;
    bool labelled_column; /* some row had it */
    uint64_t learned, unlabelled;
    uint64_t next_line;   /* rows after which the table's next line is due */
    bool head_said;
    char recipe[13];
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
                       "another model)", update->settings->saving.path, option, option, given);
    return wh_fail(error, WH_REFUSED,
                   "%s was learned with --%s %s: --%s %s contradicts that (--new starts another "
                   "model)", update->settings->saving.path, option, stored, option, given);
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
                       "(--new starts another model)", given->saving.path, model->rate);
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

static int begin_model(struct update *update, const struct wh_update_settings *given,
                       struct wh_error *error)
{
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

static void fill_in(const char **given, const char *stored)
{
    if (!*given)
        *given = stored;
}

/* A model that no label has come to yet takes all options anew, and those that are not given from
 * what it was begun with. */
static int begin_again(struct update *update, struct wh_error *error)
{
    struct wh_model *stored = update->model;
    struct wh_update_settings given = *update->settings;
    if (stored->met && contradict(update, "label", given.roles.label, stored->roles.label, error))
        return -1;
    fill_in(&given.roles.label, stored->roles.label);
    fill_in(&given.roles.weight, stored->roles.weight);
    fill_in(&given.roles.id, stored->roles.id);
    fill_in(&given.roles.ignore, stored->roles.ignore);
    fill_in(&given.roles.time, stored->roles.time);
    fill_in(&given.learner, stored->type->name);
    fill_in(&given.loss, stored->loss_settled ? wh_loss_name(stored->loss) : NULL);
    fill_in(&given.positive, stored->task.positive);
    if (stored->task.kind != WH_TASK_UNSETTLED)
        fill_in(&given.task, wh_task_name(&stored->task));
    if (isnan(given.rate))
        given.rate = stored->rate;
    int result = begin_model(update, &given, error);
    struct wh_model *model = update->model;
    model->checkpoint = stored->checkpoint;
    stored->checkpoint = (struct wh_checkpoint){ 0 };
    model->met = update->labelled_column = stored->met;
    model->max_features = stored->max_features;
    strcpy(model->saved, stored->saved);
    wh_model_free(stored);
    return result;
}

/* Takes the model that is in a file. */
static int load_model(struct update *update, const char *path, struct wh_error *error)
{
    wh_model_free(update->model);
    update->model = wh_model_load(path, error);
    if (!update->model)
        return -1;
    if (update->settings->saving.detach && !wh_place_none(&update->model->checkpoint.place)) {
        wh_checkpoint_free(&update->model->checkpoint);
        wh_saving_changed(update->saving);
    }
    update->continues = true;
    return update->model->learner ? check_settings(update, error) : begin_again(update, error);
}

static int open_examples(struct update *update, struct wh_error *error)
{
    const struct wh_update_settings *given = update->settings;
    struct wh_model *model = update->model;
    if (given->max_features)
        model->max_features = given->max_features < WH_MOST_FEATURES ? given->max_features
                                                                     : WH_MOST_FEATURES - 1;
    enum wh_examples_use use = model->learner || model->met ? WH_EXAMPLES_LEARN
                                                            : WH_EXAMPLES_BEGIN;
    wh_examples_free(update->examples);
    update->examples = wh_examples_open(&model->names, &model->roles, use, model->max_features,
                                        error);
    return update->examples ? 0 : -1;
}

static int open_model(struct update *update, struct wh_error *error)
{
    const struct wh_saving_settings *given = &update->settings->saving;
    if (!wh_model_exists(given->path))
        return begin_model(update, update->settings, error);
    if (!given->fresh)
        return load_model(update, given->path, error);
    return wh_model_refuse_foreign(given->path, error)
        || begin_model(update, update->settings, error) ? -1 : 0;
}

static int open_all(struct update *update, struct wh_error *error)
{
    const struct wh_update_settings *given = update->settings;
    update->saving = wh_saving_open(&given->saving, error);
    if (!update->saving || open_model(update, error) != 0)
        return -1;
    if (given->saving.passes
        && !(update->scored = wh_scored_open(given->as, given->keep_features, error)))
        return -1;
    return open_examples(update, error);
}

/*
 * Rows
 */

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

/* Which columns a prediction has depends on the task. */
static int check_task(const struct wh_model *model, struct wh_error *error)
{
    if (model->task.kind != WH_TASK_UNSETTLED)
        return 0;
    return wh_fail(error, WH_REFUSED,
                   "before the first label it is not known whether there are two classes, so no "
                   "row can be passed on: say so with --task binary, or --task regression");
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

static void learn(struct update *update, const struct wh_reading_row *reading, double label,
                  const struct wh_outcome *outcome)
{
    struct wh_model *model = update->model;
    wh_model_measure(model, &model->metrics, label, outcome);
    wh_evaluation_add(&update->evaluation, model, label, outcome);
    model->type->learn(model->learner, &reading->example, outcome);
    wh_saving_changed(update->saving);
    update->learned++;
    if (update->learned == update->next_line) {
        update->next_line *= 2;
        if (update->settings->say)
            say_line(update);
    }
}

/* Passes the row on with what was predicted of it; NULL: nothing could be. */
static enum wh_verdict pass(struct update *update, struct wh_row *row, const double *prediction,
                            struct wh_emit *emit, struct wh_error *error)
{
    if (!wh_scored_room(update->scored, update->model, row->shape, error))
        return WH_BAD;
    wh_scored_add(update->scored, update->model, row, prediction);
    return wh_emit_row(emit, row, error);
}

/* Predicts a row, passes it on, and only then learns from it: a row that turns out to be bad
 * teaches nothing. */
static enum wh_verdict learn_from(struct update *update, struct wh_row *row,
                                  const struct wh_reading_row *reading, struct wh_emit *emit,
                                  struct wh_error *error)
{
    struct wh_model *model = update->model;
    double label;
    enum wh_verdict verdict = wh_task_read(&model->task, row, reading->label, model->roles.label,
                                           &label, error);
    if (verdict != WH_TAKEN)
        return verdict;
    if (wh_model_check(model, reading, error) != 0
        || (!model->learner && begin_learner(update, error) != 0))
        return WH_FATAL;
    struct wh_outcome outcome = {
        .prediction = model->type->predict(model->learner, &reading->example),
        .target = wh_model_target(model, label),
        .weight = reading->weight,
    };
    if (update->scored)
        verdict = pass(update, row, &outcome.prediction, emit, error);
    if (verdict != WH_TAKEN)
        return verdict;
    wh_loss_find(model->loss, &outcome);
    learn(update, reading, label, &outcome);
    return WH_TAKEN;
}

/* Before the first label there is nothing to predict by, and perhaps not even known which columns
 * a prediction has. */
static enum wh_verdict pass_unlabelled(struct update *update, struct wh_row *row,
                                       const struct wh_reading_row *reading,
                                       struct wh_emit *emit, struct wh_error *error)
{
    struct wh_model *model = update->model;
    if (!model->learner)
        return check_task(model, error) ? WH_FATAL : pass(update, row, NULL, emit, error);
    if (wh_model_check(model, reading, error) != 0)
        return WH_FATAL;
    if (!wh_model_knows(model, reading, update->settings->saving.path, error))
        return WH_BAD;
    double prediction = model->type->predict(model->learner, &reading->example);
    return pass(update, row, &prediction, emit, error);
}

/* A row without a label teaches nothing; a CSV file without its column is a mistake, and so are
 * rows of which none has it. */
static enum wh_verdict take_unlabelled(struct update *update, struct wh_row *row,
                                       const struct wh_reading_row *reading,
                                       struct wh_emit *emit, struct wh_error *error)
{
    struct wh_model *model = update->model;
    if (!reading->labelled_column && row->raw_format == WH_FORMAT_CSV) {
        wh_no_label_column(model->roles.label, row->shape, error);
        return WH_FATAL;
    }
    enum wh_verdict verdict = WH_TAKEN;
    if (update->scored)
        verdict = pass_unlabelled(update, row, reading, emit, error);
    if (verdict != WH_TAKEN)
        return verdict;
    update->unlabelled++;
    update->labelled_column |= reading->labelled_column;
    if (!model->learner)
        model->met |= reading->labelled_column;
    return WH_TAKEN;
}

static enum wh_verdict update_row(struct wh_stage *stage, struct wh_row *row, struct wh_emit *emit,
                                  struct wh_error *error)
{
    struct update *update = update_of(stage);
    struct wh_reading_row reading;
    if (wh_saving_row(update->saving, update->model, error) != 0)
        return WH_FATAL;
    if (update->scored && !wh_scored_room(update->scored, update->model, row->shape, error))
        return WH_BAD;
    wh_nulls_row(&update->settings->nulls, row);
    enum wh_verdict verdict = wh_examples_read(update->examples, row, !update->scored, &reading,
                                               error);
    if (verdict != WH_TAKEN)
        return verdict;
    if (!reading.label)
        return take_unlabelled(update, row, &reading, emit, error);
    update->labelled_column = true;
    verdict = learn_from(update, row, &reading, emit, error);
    if (verdict == WH_BAD)
        wh_examples_undo(update->examples);
    return verdict;
}

static int update_columns(struct wh_stage *stage, struct wh_row *row, struct wh_error *error)
{
    struct update *update = update_of(stage);
    if (check_task(update->model, error) != 0
        || !wh_scored_room(update->scored, update->model, row->shape, error))
        return -1;
    row->shape = wh_scored_shape(update->scored, row->shape);
    return 0;
}

/*
 * The stream
 */

static int update_begin(struct wh_stage *stage, const struct wh_control *begin,
                        struct wh_error *error)
{
    struct update *update = update_of(stage);
    const char *source;
    if (wh_saving_begin(update->saving, update->model, begin, &source, error) != 0)
        return -1;
    bool other = source && strcmp(source, update->settings->saving.path) != 0;
    if (other && (load_model(update, source, error) != 0 || open_examples(update, error) != 0))
        return -1;
    return wh_saving_check(update->saving, update->model, error);
}

static int update_checkpoint(struct wh_stage *stage, const struct wh_control *checkpoint,
                             struct wh_emit *emit, struct wh_error *error)
{
    (void)emit;
    struct update *update = update_of(stage);
    return wh_saving_checkpoint(update->saving, update->model, checkpoint, error);
}

static int update_committed(struct wh_stage *stage, const struct wh_place *place,
                            struct wh_error *error)
{
    return wh_saving_committed(update_of(stage)->saving, place, error);
}

static int update_broken(struct wh_stage *stage, struct wh_error *error)
{
    struct update *update = update_of(stage);
    return wh_saving_broken(update->saving, update->model, error);
}

static int update_tick(struct wh_stage *stage, double now, struct wh_error *error)
{
    struct update *update = update_of(stage);
    return wh_saving_tick(update->saving, update->model, now, error);
}

static struct wh_lag update_lag(struct wh_stage *stage, double now)
{
    return wh_saving_lag(update_of(stage)->saving, now);
}

/* Who goes on with a stream must find the same columns in its rows. */
static const char *update_recipe(struct wh_stage *stage)
{
    struct update *update = update_of(stage);
    if (!update->scored)
        return NULL;
    json_t *adds = json_pack("{s:s, s:s?, s:b}", "label", update->model->roles.label, "as",
                             update->settings->as, "keep_features",
                             update->settings->keep_features);
    wh_json_hash(adds, update->recipe);
    json_decref(adds);
    return update->recipe;
}

static int update_finish(struct wh_stage *stage, struct wh_emit *emit, struct wh_error *error)
{
    (void)emit;
    struct update *update = update_of(stage);
    /* Of a stream this run may see a part only, which need not have a label. */
    bool part = wh_saving_streams(update->saving) && update->model->learner;
    if (update->unlabelled && !update->labelled_column && !part)
        return wh_fail(error, WH_REFUSED, "no row has a column %s, the label",
                       update->model->roles.label);
    bool reported = update->next_line / 2 == update->learned;
    if (update->settings->say && update->learned && !reported)
        say_line(update);
    return wh_saving_finish(update->saving, update->model, error);
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
    json_object_set_new(stats, "commits",
                        json_integer((json_int_t)wh_saving_count(update->saving)));
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
    const char *path = update->settings->saving.path;
    if (update->learned == 0) {
        wh_buffer_format(out, "%s: no row to learn from, %s\n", path,
                         !wh_saving_count(update->saving)
                             ? wh_model_exists(path) ? "it stays as it was" : "so it was not made"
                         : wh_saving_streams(update->saving)
                             ? "only its place in the stream is new"
                             : "only that it belongs to no stream is new");
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
    wh_scored_free(update->scored);
    wh_evaluation_free(&update->evaluation);
    wh_model_free(update->model);
    wh_saving_close(update->saving);
    free(update);
}

static const struct wh_stage_ops update_ops = {
    .row = update_row,
    .finish = update_finish,
    .columns = update_columns,
    .tick = update_tick,
    .begin = update_begin,
    .checkpoint = update_checkpoint,
    .committed = update_committed,
    .broken = update_broken,
    .recipe = update_recipe,
    .lag = update_lag,
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
    if (open_all(update, error) == 0)
        return &update->stage;
    update_close(&update->stage);
    return NULL;
}
