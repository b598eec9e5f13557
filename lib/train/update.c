#include "train/update.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/choice.h"
#include "base/memory.h"
#include "base/text.h"
#include "learn/learners.h"
#include "model/classweights.h"
#include "model/eviction.h"
#include "model/findings.h"
#include "model/guard.h"
#include "model/interactions.h"
#include "model/modelfile.h"
#include "pipe/eventtime.h"
#include "record/canonical.h"
#include "score/report.h"
#include "score/scored.h"
#include "train/fewlabels.h"
#include "train/holdout.h"

struct update {
    struct wh_stage stage;
    const struct wh_update_settings *settings;
    struct wh_saving *saving;
    struct wh_model *model;
    struct wh_model_scratch *scratch;
    struct wh_examples *examples;
    struct wh_event_time clock; /* where rows grow old by it */
    struct wh_scored *scored;        /* NULL: no rows are passed on */
    struct wh_holdout *holdout;      /* NULL: all rows are learned from */
    struct wh_join *join;            /* NULL: labels come with their rows */
    enum wh_update_turn turn;
    struct wh_rival *rival;          /* measured beside the model; NULL */
    struct wh_window *window;        /* in which this run's readings are counted; NULL */
    uint64_t outside;                /* of the window */
    uint64_t crowded;                /* values ignored in the first reading, once it is over */
    uint64_t left_out;               /* values ignored up to the row before */
    uint64_t evicted;                /* features */
    uint64_t strangers;              /* rows passed on that share no feature with the model */
    json_t *told;                    /* by wh_update_tell; NULL */
    struct wh_evaluation evaluation; /* of this run */
    struct wh_evaluation held;       /* of the rows held out */
    bool continues;
    bool begins; /* no row has settled the model yet: the options' columns must all come */
    struct wh_error no_label; /* to be told where no row had the label's column */
    bool labelled_column; /* some row had it */
    uint64_t learned, unlabelled;
    struct wh_few_labels labels; /* numbers that were learned from */
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

static int compare(const struct update *update, const char *option, const char *given,
                   const char *stored, struct wh_error *error)
{
    return wh_setting_compare(option, given, stored, update->settings->saving.path, error);
}

/* Holds what the user gave against what the model has. */
static int check_settings(const struct update *update, struct wh_error *error)
{
    const struct wh_update_settings *given = update->settings;
    const struct wh_model *model = update->model;
    const struct wh_task *task = &model->task;
    char loss[WH_LOSS_TEXT];
    const char *positive = task->positive                   ? task->positive
                         : task->kind == WH_TASK_BINARY ? task->classes[1].text : NULL;
    if (compare(update, "learner", given->learner, model->type->name, error)
        || compare(update, "task", given->task, wh_task_name(task), error)
        || compare(update, "positive", given->positive, positive, error))
        return -1;
    struct wh_loss wanted = model->loss;
    if (given->loss && wh_loss_parse(given->loss, &wanted, error) != 0)
        return -1;
    if (wanted.kind != model->loss.kind || wanted.parameter != model->loss.parameter)
        return compare(update, "loss", given->loss, wh_loss_print(&model->loss, loss), error);
    return wh_settings_compare(&given->model, &model->settings, given->saving.path, error);
}

static int find_learner(struct wh_model *model, const char *name, struct wh_error *error)
{
    if (!name)
        name = WH_DEFAULT_LEARNER;
    model->type = wh_learner_find(name);
    return model->type ? 0 : wh_choice_refuse("learner", name, wh_learner_names, error);
}

/* The task as far as options tell: a loss that is for numbers says that labels are. */
static const char *task_given(const struct wh_update_settings *given, const struct wh_loss *loss)
{
    bool numbers = !given->task && !given->positive && given->loss && wh_loss_is_of_numbers(loss);
    return numbers ? "regression" : given->task;
}

static int begin_model(struct update *update, const struct wh_update_settings *given,
                       struct wh_error *error)
{
    struct wh_model *model = update->model = wh_model_new();
    if (!given->model.roles.label)
        return wh_fail(error, WH_REFUSED,
                       "a new model needs --label COLUMN: what is it to predict?");
    model->loss_settled = given->loss != NULL;
    if ((given->loss && wh_loss_parse(given->loss, &model->loss, error) != 0)
        || wh_settings_check(&given->model, error) != 0
        || wh_setting_check("positive", given->positive, error) != 0
        || find_learner(model, given->learner, error) != 0
        || wh_task_init(&model->task, task_given(given, &model->loss), given->positive, error) != 0)
        return -1;
    model->settings = wh_settings_copy(&given->model);
    return wh_model_settle(model, error) || wh_guard_begin(model, error)
        || wh_join_check(model, error) ? -1 : 0;
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
    char loss[WH_LOSS_TEXT];
    if (stored->met && compare(update, "label", given.model.roles.label,
                               stored->settings.roles.label, error) != 0)
        return -1;
    if (stored->joining.pending.count
        && wh_settings_compare(&given.model, &stored->settings, given.saving.path, error) != 0)
        return -1;
    wh_settings_fill(&given.model, &stored->settings);
    fill_in(&given.learner, stored->type->name);
    fill_in(&given.loss, stored->loss_settled ? wh_loss_print(&stored->loss, loss) : NULL);
    fill_in(&given.positive, stored->task.positive);
    if (stored->task.kind != WH_TASK_UNSETTLED)
        fill_in(&given.task, wh_task_name(&stored->task));
    int result = begin_model(update, &given, error);
    struct wh_model *model = update->model;
    model->checkpoint = stored->checkpoint;
    stored->checkpoint = (struct wh_checkpoint){ 0 };
    model->joining = stored->joining;
    stored->joining = (struct wh_joining){ 0 };
    model->met = update->labelled_column = stored->met;
    strcpy(model->saved, stored->saved);
    wh_model_free(stored);
    return result;
}

/* Takes the model that is in a file. */
static int load_model(struct update *update, const char *path, struct wh_error *error)
{
    wh_examples_free(update->examples); /* which point into the model */
    update->examples = NULL;
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
    struct wh_model *model = update->model;
    uint64_t given = update->settings->model.max_features, *most = &model->settings.max_features;
    if (given || *most == 0)
        *most = given ? given : WH_DEFAULT_MAX_FEATURES;
    if (*most >= WH_MOST_FEATURES)
        *most = WH_MOST_FEATURES - 1;
    struct wh_examples_settings settings = {
        .begins = !model->learner && !model->met,
        .needs = wh_model_needs(model),
        .max_features = *most,
        .census = &model->census,
        .strict = update->settings->strict,
    };
    wh_examples_free(update->examples);
    update->begins = settings.begins;
    update->left_out = 0;
    update->examples = wh_examples_open(&model->names, &model->settings.roles, &settings, error);
    return update->examples ? 0 : -1;
}

static int open_holdout(struct update *update, struct wh_error *error)
{
    const struct wh_settings *settings = &update->model->settings;
    wh_holdout_free(update->holdout);
    update->holdout = NULL;
    if (!settings->holdout)
        return 0;
    update->holdout = wh_holdout_open(settings->holdout, settings->roles.label,
                                      settings->roles.weight, error);
    return update->holdout ? 0 : -1;
}

static int open_join(struct update *update, struct wh_error *error)
{
    const struct wh_update_settings *given = update->settings;
    bool joins = update->model->settings.roles.join;
    if (given->pending && !joins)
        return wh_fail(error, WH_REFUSED, "--pending requires --join ID");
    if (joins && given->saving.waits)
        return wh_fail(error, WH_REFUSED,
                       "--join contradicts --passes, --window and --replace-if-better: labels that "
                       "come late come once");
    wh_join_free(update->join);
    update->join = joins ? wh_join_open(update->model) : NULL;
    return 0;
}

/* What reads rows for the model. */
static int open_reading(struct update *update, struct wh_error *error)
{
    return open_join(update, error) || open_examples(update, error)
        || open_holdout(update, error) ? -1 : 0;
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
    const struct wh_scored_settings columns = { .as = given->as,
                                                .keep_features = given->keep_features,
                                                .digits = given->digits };
    if (given->saving.passes && !(update->scored = wh_scored_open(&columns, error)))
        return -1;
    return open_reading(update, error);
}

/*
 * Rows
 */

/* The first label has settled the task: now the loss is known, and the learner can begin. */
static int begin_learner(struct update *update, struct wh_error *error)
{
    struct wh_model *model = update->model;
    if (!model->loss_settled)
        model->loss = wh_loss_of_task(wh_task_classifies(&model->task));
    if (wh_model_check_loss(model, error) != 0)
        return -1;
    wh_model_make_learner(model);
    return 0;
}

/* Which columns a prediction has depends on the task. */
static int check_task(const struct wh_model *model, struct wh_error *error)
{
    if (model->task.kind != WH_TASK_UNSETTLED)
        return 0;
    return wh_fail(error, WH_REFUSED,
                   "before the first label it is not known whether there are classes, so no row "
                   "can be passed on: say so with --task binary, multiclass or regression");
}

static void say_line(struct update *update)
{
    const struct wh_update_settings *settings = update->settings;
    struct wh_buffer line = { 0 };
    if (!update->head_said) {
        wh_report_head(&line, update->model);
        if (update->holdout)
            wh_buffer_format(&line, " %10s", "held out");
        settings->say(settings->say_context, wh_buffer_text(&line));
        line.length = 0;
        update->head_said = true;
    }
    wh_report_line(&line, update->model, &update->evaluation);
    if (update->holdout)
        wh_report_cell(&line, wh_evaluation_loss(&update->held));
    settings->say(settings->say_context, wh_buffer_text(&line));
    wh_buffer_free(&line);
}

/* Counts a row before it is learned from. */
static void measure(struct update *update, const struct wh_prediction *prediction,
                    const struct wh_judgement *judgement)
{
    struct wh_model *model = update->model;
    if (update->learned == 0)
        wh_metrics_follow(&update->evaluation.metrics, &model->metrics);
    wh_model_measure(model, &model->metrics, prediction, judgement);
    wh_evaluation_add(&update->evaluation, model, prediction, judgement);
    update->learned++;
    if (model->task.kind == WH_TASK_REGRESSION)
        wh_few_labels_add(&update->labels, judgement->label);
    if (update->learned == update->next_line) {
        update->next_line *= 2;
        if (update->settings->say)
            say_line(update);
    }
}

/* The losses are watched; drift is told at once. */
static void watch(struct update *update, const struct wh_row *row,
                  const struct wh_judgement *judgement)
{
    const struct wh_drift_event *event = wh_guard_row(update->model, row, judgement);
    if (!event)
        return;
    struct wh_buffer text = { 0 };
    wh_guard_tell(&text, update->model, event);
    wh_notify_say(&update->settings->notify, "%s", wh_buffer_text(&text));
    wh_buffer_free(&text);
}

/* Where the row brought names that there was no room for, the rarest make room for the next. */
static void make_room(struct update *update)
{
    uint64_t left_out = wh_examples_crowded(update->examples);
    if (left_out == update->left_out)
        return;
    update->left_out = left_out;
    update->evicted += wh_model_evict(update->model);
    wh_examples_forget(update->examples);
}

static void learn(struct update *update, const struct wh_row *row,
                  const struct wh_reading_row *reading, double label,
                  const struct wh_prediction *prediction)
{
    struct wh_model *model = update->model;
    struct wh_judgement judgement = wh_model_judge(model, prediction, label, reading->weight);
    if (update->turn == WH_UPDATE_FIRST)
        measure(update, prediction, &judgement);
    wh_model_learn(model, update->scratch, &reading->example, prediction, &judgement);
    if (update->turn == WH_UPDATE_FIRST) {
        wh_examples_count(update->examples, true);
        wh_model_count(model, update->scratch, &judgement);
        watch(update, row, &judgement);
    }
    wh_model_saw(model, &reading->example);
    make_room(update);
    wh_saving_changed(update->saving);
}

/* Passes the row on with what was predicted of it; NULL: nothing could be. */
static enum wh_verdict pass(struct update *update, struct wh_row *row,
                            const struct wh_prediction *prediction, struct wh_emit *emit,
                            struct wh_error *error)
{
    if (!wh_scored_room(update->scored, update->model, row->shape, error))
        return WH_BAD;
    wh_scored_add(update->scored, update->model, row, prediction, NULL);
    return wh_emit_row(emit, row, error);
}

/* Where rows grow old by their event time, it is this row's now. */
static enum wh_verdict wind_clock(struct update *update, struct wh_row *row,
                                  struct wh_error *error)
{
    struct wh_model *model = update->model;
    int64_t at;
    if (!(model->forgetting.milliseconds > 0))
        return WH_TAKEN;
    update->clock.column = model->settings.roles.time;
    enum wh_verdict verdict = wh_event_time_read(&update->clock, row, &at, error);
    if (verdict == WH_TAKEN)
        wh_forgetting_time(&model->forgetting, at);
    return verdict;
}

/* Predicts a row, passes it on, and only then learns from it: a row that turns out to be bad
 * teaches nothing. */
static enum wh_verdict predict_and_learn(struct update *update, struct wh_row *row,
                                         const struct wh_reading_row *reading, double label,
                                         struct wh_emit *emit, struct wh_error *error)
{
    struct wh_model *model = update->model;
    if (wh_model_check(model, reading, error) != 0)
        return WH_FATAL;
    if (!wh_model_takes(model, label, error))
        return WH_BAD;
    struct wh_forgetting before = model->forgetting;
    enum wh_verdict verdict = wind_clock(update, row, error);
    if (verdict != WH_TAKEN)
        return verdict;
    if (!model->learner && begin_learner(update, error) != 0)
        return WH_FATAL;
    struct wh_prediction prediction = wh_model_predict(model, update->scratch,
                                                       &reading->example);
    if (update->scored)
        verdict = pass(update, row, &prediction, emit, error);
    if (verdict == WH_TAKEN)
        learn(update, row, reading, label, &prediction);
    else
        model->forgetting = before;
    return verdict;
}

/* A row that is held out measures the model as it is. */
static enum wh_verdict predict_and_measure(struct update *update, struct wh_row *row,
                                           const struct wh_reading_row *reading, double label,
                                           struct wh_emit *emit, struct wh_error *error)
{
    struct wh_model *model = update->model;
    if (wh_model_check(model, reading, error) != 0)
        return WH_FATAL;
    if (!wh_model_takes(model, label, error))
        return WH_BAD;
    struct wh_prediction prediction = wh_model_predict(model, update->scratch,
                                                       &reading->example);
    struct wh_judgement judgement = wh_model_judge(model, &prediction, label, reading->weight);
    enum wh_verdict verdict = WH_TAKEN;
    if (update->scored)
        verdict = pass(update, row, &prediction, emit, error);
    if (verdict == WH_TAKEN && update->rival)
        verdict = wh_rival_row(update->rival, row, &prediction, &judgement, error);
    if (verdict == WH_TAKEN)
        wh_evaluation_add(&update->held, model, &prediction, &judgement);
    return verdict;
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
    if (!wh_model_knows(model, reading)) {
        if (update->settings->strict)
            return wh_model_refuse_stranger(update->settings->saving.path, error) ? WH_BAD
                                                                                  : WH_FATAL;
        update->strangers++;
    }
    struct wh_prediction prediction = wh_model_predict(model, update->scratch,
                                                       &reading->example);
    return pass(update, row, &prediction, emit, error);
}

/* Nothing is settled by a row that is held out, neither the task nor a class: before the first
 * other label it is as if it had none. */
static enum wh_verdict take_labelled(struct update *update, struct wh_row *row,
                                     const struct wh_reading_row *reading, bool held,
                                     struct wh_emit *emit, struct wh_error *error)
{
    struct wh_model *model = update->model;
    struct wh_task_mark mark = wh_task_mark(&model->task);
    double label;
    if (held && !model->learner)
        return update->scored ? pass_unlabelled(update, row, reading, emit, error) : WH_TAKEN;
    enum wh_verdict verdict = wh_task_read(&model->task, row, reading->label,
                                           model->settings.roles.label, &label, error);
    if (verdict == WH_TAKEN)
        verdict = held ? predict_and_measure(update, row, reading, label, emit, error)
                       : predict_and_learn(update, row, reading, label, emit, error);
    if (model->learner) { /* which was made for them */
        mark.kind = model->task.kind;
        mark.type = model->task.type;
    }
    if (verdict == WH_BAD || held)
        wh_task_undo(&model->task, &mark);
    if (verdict == WH_BAD)
        wh_examples_undo(update->examples);
    return verdict;
}

/* A row without a label teaches nothing; a CSV file without its column is a mistake, and so are
 * rows of which none has it. */
static enum wh_verdict take_unlabelled(struct update *update, struct wh_row *row,
                                       const struct wh_reading_row *reading,
                                       struct wh_emit *emit, struct wh_error *error)
{
    struct wh_model *model = update->model;
    if (!reading->labelled_column && row->raw_format == WH_FORMAT_CSV) {
        wh_no_label_column(model->settings.roles.label, row->shape, error);
        return WH_FATAL;
    }
    if (update->turn != WH_UPDATE_FIRST)
        return WH_TAKEN;
    enum wh_verdict verdict = WH_TAKEN;
    if (update->scored)
        verdict = pass_unlabelled(update, row, reading, emit, error);
    if (verdict != WH_TAKEN)
        return verdict;
    if (update->unlabelled++ == 0)
        wh_no_label_row(model->settings.roles.label, row, &update->no_label);
    update->labelled_column |= reading->labelled_column;
    if (!model->learner)
        model->met |= reading->labelled_column;
    return WH_TAKEN;
}

/* What a row is for. */
enum use { PASS_OVER, LEARN, HOLD_OUT };

static enum wh_verdict choose_by_holdout(struct update *update, struct wh_row *row, enum use *use,
                                         struct wh_error *error)
{
    bool held = false;
    enum wh_verdict verdict = update->holdout ? wh_holdout_row(update->holdout, row, &held, error)
                                              : WH_TAKEN;
    if (verdict != WH_TAKEN)
        return verdict;
    *use = held ? HOLD_OUT : LEARN;
    if (update->turn == (held ? WH_UPDATE_AGAIN : WH_UPDATE_MEASURE))
        *use = PASS_OVER;
    wh_examples_hold(update->examples, held);
    return WH_TAKEN;
}

static enum wh_verdict choose(struct update *update, struct wh_row *row, enum use *use,
                              struct wh_error *error)
{
    struct wh_window *window = update->window;
    bool inside = true;
    *use = PASS_OVER;
    if (update->turn == WH_UPDATE_LOOK)
        return wh_window_look(window, row, error);
    if (window && wh_window_row(window, row, &inside, error) != WH_TAKEN)
        return WH_BAD;
    if (inside)
        return choose_by_holdout(update, row, use, error);
    update->outside += update->turn == WH_UPDATE_FIRST;
    return WH_TAKEN;
}

static enum wh_verdict take_row(struct update *update, struct wh_row *row, struct wh_emit *emit,
                                struct wh_error *error)
{
    struct wh_reading_row reading;
    enum use use;
    enum wh_verdict verdict = choose(update, row, &use, error);
    if (verdict != WH_TAKEN || use == PASS_OVER)
        return verdict;
    verdict = wh_examples_read(update->examples, row, !update->scored, &reading, error);
    if (verdict != WH_TAKEN)
        return verdict;
    if (!reading.label)
        return take_unlabelled(update, row, &reading, emit, error);
    update->labelled_column = true;
    return take_labelled(update, row, &reading, use == HOLD_OUT, emit, error);
}

/*
 * Late labels
 */

/* A row that is to wait is read all the same: a bad one is found when it comes. */
static enum wh_verdict take_waiting(struct update *update, struct wh_row *row,
                                    struct wh_emit *emit, struct wh_error *error)
{
    struct wh_reading_row reading;
    enum wh_verdict verdict = wh_examples_read(update->examples, row, false, &reading, error);
    if (verdict == WH_TAKEN && update->scored)
        verdict = pass_unlabelled(update, row, &reading, emit, error);
    update->unlabelled += verdict == WH_TAKEN;
    return verdict;
}

/* The row that waited was passed on when it came. */
static enum wh_verdict take_joined(struct update *update, struct wh_row *row,
                                   struct wh_emit *emit, struct wh_error *error)
{
    struct wh_scored *scored = update->scored;
    update->scored = NULL;
    enum wh_verdict verdict = take_row(update, row, emit, error);
    update->scored = scored;
    return verdict;
}

static enum wh_verdict take_by_id(struct update *update, struct wh_row *row, struct wh_emit *emit,
                                  struct wh_error *error)
{
    enum wh_join_kind kind;
    struct wh_row *joined;
    enum wh_verdict verdict = wh_join_look(update->join, row, &kind, &joined, error);
    if (verdict != WH_TAKEN)
        return verdict;
    if (kind == WH_JOIN_COMPLETES)
        verdict = take_joined(update, joined, emit, error);
    else if (kind != WH_JOIN_UNMATCHED)
        verdict = take_waiting(update, row, emit, error);
    else if (wh_join_learns_unmatched(update->join))
        verdict = take_row(update, row, emit, error);
    if (verdict != WH_TAKEN)
        return verdict;
    wh_join_take(update->join);
    wh_saving_changed(update->saving);
    return WH_TAKEN;
}

static enum wh_verdict update_row(struct wh_stage *stage, struct wh_row *row, struct wh_emit *emit,
                                  struct wh_error *error)
{
    struct update *update = update_of(stage);
    if (wh_saving_row(update->saving, update->model, error) != 0)
        return WH_FATAL;
    if (update->scored && !wh_scored_room(update->scored, update->model, row->shape, error))
        return WH_BAD;
    return update->join ? take_by_id(update, row, emit, error)
                        : take_row(update, row, emit, error);
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
    if (other && (load_model(update, source, error) != 0 || open_reading(update, error) != 0))
        return -1;
    return wh_saving_check(update->saving, update->model, error);
}

static int update_checkpoint(struct wh_stage *stage, const struct wh_control *checkpoint,
                             struct wh_emit *emit, struct wh_error *error)
{
    struct update *update = update_of(stage);
    return wh_saving_checkpoint(update->saving, update->model, checkpoint, emit->outlet, error);
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
    json_t *adds = json_pack("{s:s, s:s?, s:b}", "label", update->model->settings.roles.label, "as",
                             update->settings->as, "keep_features",
                             update->settings->keep_features);
    wh_json_hash(adds, update->recipe);
    json_decref(adds);
    return update->recipe;
}

/* Whether the rows had the columns that the options name. */
static int check_columns(const struct update *update, struct wh_error *error)
{
    if (update->begins && update->join && wh_join_finish(update->join, error) != 0)
        return -1;
    if (update->begins && update->holdout && wh_holdout_finish(update->holdout, error) != 0)
        return -1;
    return wh_examples_finish(update->examples, error);
}

static int update_finish(struct wh_stage *stage, struct wh_emit *emit, struct wh_error *error)
{
    (void)emit;
    struct update *update = update_of(stage);
    if (update->turn != WH_UPDATE_FIRST)
        return 0;
    /* Of a stream this run may see a part only, which need not have a label. */
    bool part = wh_saving_streams(update->saving) && update->model->learner;
    if (update->unlabelled && !update->labelled_column && !part && !update->join) {
        *error = update->no_label;
        return -1;
    }
    if (check_columns(update, error) != 0)
        return -1;
    bool reported = update->next_line / 2 == update->learned;
    if (update->settings->say && update->learned && !reported)
        say_line(update);
    if (wh_saving_finish(update->saving, update->model, error) != 0)
        return -1;
    const char *pending = update->settings->pending;
    return pending ? wh_join_export(update->model, pending, error) : 0;
}

static uint64_t values_ignored(const struct update *update)
{
    return update->turn == WH_UPDATE_FIRST ? wh_examples_crowded(update->examples)
                                           : update->crowded;
}

/*
 * Several readings
 */

void wh_update_turn(struct wh_stage *stage, enum wh_update_turn turn)
{
    struct update *update = update_of(stage);
    update->crowded = values_ignored(update);
    update->turn = turn;
    if (update->window)
        wh_window_begin(update->window);
    if (turn != WH_UPDATE_MEASURE)
        return;
    wh_evaluation_free(&update->held);
    update->held = (struct wh_evaluation){ 0 };
}

void wh_update_beside(struct wh_stage *stage, struct wh_rival *rival)
{
    update_of(stage)->rival = rival;
}

uint64_t wh_update_learned(const struct wh_stage *stage)
{
    return ((const struct update *)stage)->learned;
}

struct wh_evaluation *wh_update_held(struct wh_stage *stage)
{
    return &update_of(stage)->held;
}

struct wh_model *wh_update_own(struct wh_stage *stage)
{
    return update_of(stage)->model;
}

int wh_update_exchange(struct wh_stage *stage, struct wh_model *model, struct wh_error *error)
{
    struct update *update = update_of(stage);
    wh_examples_free(update->examples);
    update->examples = NULL;
    struct wh_census census = model->census;
    model->census = update->model->census; /* which knows what this run brought */
    update->model->census = census;
    wh_model_free(update->model);
    update->model = model;
    return open_reading(update, error);
}

int wh_update_save(struct wh_stage *stage, struct wh_error *error)
{
    struct update *update = update_of(stage);
    return wh_saving_write(update->saving, update->model, error);
}

void wh_update_tell(struct wh_stage *stage, json_t *members)
{
    struct update *update = update_of(stage);
    json_decref(update->told);
    update->told = members;
}

/*
 * Reports
 */

static void add_held_stats(struct update *update, json_t *stats)
{
    json_t *held = json_object();
    json_object_set_new(held, "rows", json_integer((json_int_t)update->held.metrics.rows));
    if (update->held.metrics.rows > 0)
        wh_report_stats(held, update->model, &update->held, "loss");
    json_object_set_new(stats, "held_out", held);
}

static void update_stats(struct wh_stage *stage, json_t *stats)
{
    struct update *update = update_of(stage);
    struct wh_model *model = update->model;
    json_object_set_new(stats, "rows_learned", json_integer((json_int_t)update->learned));
    json_object_set_new(stats, "rows_without_label", json_integer((json_int_t)update->unlabelled));
    json_object_set_new(stats, "commits",
                        json_integer((json_int_t)wh_saving_count(update->saving)));
    json_object_set_new(stats, "features", json_integer((json_int_t)model->names.count - 1));
    json_object_set_new(stats, "values_ignored",
                        json_integer((json_int_t)values_ignored(update)));
    json_object_set_new(stats, "features_evicted", json_integer((json_int_t)update->evicted));
    if (model->learner)
        wh_report_stats(stats, model, &update->evaluation, "progressive_loss");
    if (update->holdout)
        add_held_stats(update, stats);
    if (update->settings->window)
        json_object_set_new(stats, "rows_outside_window",
                            json_integer((json_int_t)update->outside));
    if (update->told)
        json_object_update(stats, update->told);
    if (update->scored)
        json_object_set_new(stats, "rows_without_known_feature",
                            json_integer((json_int_t)update->strangers));
    wh_findings_stats(stats, model, true);
    wh_guard_stats(stats, model);
    if (update->join)
        wh_join_stats(stats, update->join);
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

static void summarize_held(struct update *update, struct wh_buffer *out)
{
    double rows = update->held.metrics.rows;
    if (!(rows > 0)) {
        wh_buffer_format(out, "held out no row: there are few, or few that differ, by --holdout "
                         "%s\n", update->model->settings.holdout);
        return;
    }
    wh_buffer_format(out, "held out %.0f row%s, never learned from: ", rows, rows == 1 ? "" : "s");
    wh_report_figures(out, update->model, &update->held, "loss");
}

/* Names that were given and did not come, most likely misspelled. */
static void summarize_unmet(const struct wh_model *model, struct wh_buffer *out)
{
    const struct wh_settings *settings = &model->settings;
    const char *name = NULL;
    size_t length;
    char quoted[96];
    if (settings->roles.interactions)
        name = wh_interactions_unmet(settings->roles.interactions, &model->names, &length);
    if (name)
        wh_buffer_format(out, "--interactions: no feature and no column of strings is called %s\n",
                         wh_quote(quoted, name, length));
    if (settings->class_weights
        && wh_class_weights_unmet(settings->class_weights, &model->task, &name, &length))
        wh_buffer_format(out, "--class-weight: no row had the label %s\n",
                         wh_quote(quoted, name, length));
}

/* How a new model took its labels; who has named the task or a loss knows. */
static void summarize_task(const struct update *update, struct wh_buffer *out)
{
    const struct wh_update_settings *given = update->settings;
    wh_report_task(out, update->model);
    if (!given->task && !given->loss && !update->continues)
        wh_few_labels_tell(&update->labels, update->model->settings.roles.label, out);
}

static void update_summary(struct wh_stage *stage, double seconds, struct wh_buffer *out)
{
    struct update *update = update_of(stage);
    struct wh_model *model = update->model;
    const char *path = update->settings->saving.path;
    if (update->join)
        wh_join_summary(out, update->join);
    if (update->learned == 0) {
        wh_buffer_format(out, "%s: no row to learn from, %s\n", path,
                         !wh_saving_count(update->saving)
                             ? wh_model_exists(path) ? "it stays as it was" : "so it was not made"
                         : update->join && !update->settings->saving.detach
                             ? "only which rows wait for a label is new"
                         : wh_saving_streams(update->saving)
                             ? "only its place in the stream is new"
                             : "only that it belongs to no stream is new");
        return;
    }
    wh_buffer_format(out, "%s: learned from %" PRIu64 " row%s", path, update->learned,
                     update->learned == 1 ? "" : "s");
    if (seconds > 0)
        wh_buffer_format(out, " (%.0f rows/s)", (double)update->learned / seconds);
    if (update->unlabelled && !update->join)
        wh_buffer_format(out, ", passed over %" PRIu64 " without a label", update->unlabelled);
    if (update->outside)
        wh_buffer_format(out, ", passed over %" PRIu64 " outside the window", update->outside);
    if (update->continues)
        wh_buffer_format(out, "; it has seen %.0f", model->metrics.rows);
    unsigned long features = (unsigned long)model->names.count - 1;
    wh_buffer_format(out, "; %lu feature%s\n", features, features == 1 ? "" : "s");
    if (values_ignored(update))
        wh_buffer_format(out, "%" PRIu64 " rare features were forgotten to make room for others, "
                         "and %" PRIu64 " values left out: there were %" PRIu64 " features (see "
                         "--max-features)\n", update->evicted, values_ignored(update),
                         model->settings.max_features);
    summarize_unmet(model, out);
    summarize_task(update, out);
    if (update->strangers)
        wh_buffer_format(out, "%" PRIu64 " row%s no feature with the model, and got the score of a "
                         "row without any (--strict refuses such rows)\n", update->strangers,
                         update->strangers == 1 ? " shares" : "s share");
    wh_report_figures(out, model, &update->evaluation, "progressive loss");
    if (update->holdout)
        summarize_held(update, out);
    wh_findings_report(out, model, true, "");
}

static void update_close(struct wh_stage *stage)
{
    struct update *update = update_of(stage);
    wh_join_free(update->join);
    wh_examples_free(update->examples);
    wh_scored_free(update->scored);
    wh_holdout_free(update->holdout);
    json_decref(update->told);
    wh_evaluation_free(&update->evaluation);
    wh_evaluation_free(&update->held);
    wh_model_free(update->model);
    wh_model_scratch_free(update->scratch);
    wh_saving_close(update->saving);
    free(update->window);
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
    .summary = update_summary,
    .progress = update_progress,
    .close = update_close,
};

struct wh_stage *wh_update_open(const struct wh_update_settings *settings, struct wh_error *error)
{
    struct update *update = wh_alloc(1, sizeof *update);
    update->stage.ops = &update_ops;
    update->settings = settings;
    if (settings->window) {
        update->window = wh_alloc(1, sizeof *update->window);
        *update->window = *settings->window;
    }
    update->next_line = 1;
    update->scratch = wh_model_scratch_new();
    if (open_all(update, error) == 0)
        return &update->stage;
    update_close(&update->stage);
    return NULL;
}
