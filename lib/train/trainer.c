#include "train/trainer.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "model/eviction.h"
#include "model/examples.h"
#include "model/guard.h"
#include "pipe/eventtime.h"
#include "train/holdout.h"
#include "train/learning.h"

/* What a row is for. */
enum use {
    PASS_OVER,
    LEARN,
    HOLD_OUT,
    UNLABELLED, /* it is only counted */
    WAIT,       /* for its label */
    NOTHING,    /* it was held out before there was anything to measure */
};

/* The row that was looked at last. */
struct at_hand {
    enum use use;
    struct wh_row *row; /* of those that had to wait for their label the one that waited */
    struct wh_row_plan *plan; /* its plan */
    struct wh_reading_row reading;
    double label;
    struct wh_prediction prediction;
    bool scores;    /* it is to be passed on with what is predicted of it */
    bool predicted; /* and something is */
    struct wh_task_mark mark;         /* before its label was read */
    bool wound;                       /* the clock by which the model forgets, */
    struct wh_forgetting forgetting;  /* which was this before */
};

struct wh_trainer {
    const struct wh_trainer_settings *settings;
    struct wh_model *model;
    struct wh_session *session; /* by which rows are read and predicted, */
    struct wh_row_plans *plans; /* its plans of them, */
    size_t columns; /* with the columns that rows are passed on with at this place, */
    struct wh_model_scratch *scratch; /* its scratch, */
    struct wh_examples *examples;     /* and its examples */
    struct wh_holdout *holdout; /* NULL: all rows are learned from */
    struct wh_join *join;       /* NULL: labels come with their rows */
    enum wh_turn turn;
    struct wh_rival *rival;     /* measured beside the model; NULL */
    struct wh_window *window;   /* in which this run's readings are counted; NULL */
    struct wh_table table;
    struct at_hand at;
    struct wh_trained sum;
    uint64_t crowded;         /* values ignored in the first reading, once it is over */
    uint64_t left_out;        /* values ignored up to the row before */
    bool begins; /* no row has settled the model yet: the options' columns must all come */
    struct wh_error no_label; /* to be told where no row had the label's column */
    bool labelled_column;     /* some row had it */
};

/*
 * Opening
 */

static int open_session(struct wh_trainer *trainer, struct wh_error *error)
{
    struct wh_model *model = trainer->model;
    uint64_t given = trainer->settings->max_features, *most = &model->settings.max_features;
    if (given || *most == 0)
        *most = given ? given : WH_DEFAULT_MAX_FEATURES;
    if (*most >= WH_MOST_FEATURES)
        *most = WH_MOST_FEATURES - 1;
    struct wh_examples_settings settings = {
        .begins = !model->learner && !model->met,
        .needs = wh_model_needs(model),
        .max_features = *most,
        .census = &model->census,
        .strict = trainer->settings->strict,
    };
    trainer->begins = settings.begins;
    trainer->left_out = 0;
    trainer->session = wh_learning_open(model, trainer->settings->path, &settings, error);
    if (!trainer->session)
        return -1;
    trainer->plans = trainer->session->plans;
    if (trainer->settings->scores)
        trainer->columns = wh_scored_take_part(trainer->plans);
    trainer->examples = wh_learning_examples(trainer->session);
    trainer->scratch = wh_learning_scratch(trainer->session);
    return 0;
}

static int open_holdout(struct wh_trainer *trainer, struct wh_error *error)
{
    const struct wh_settings *settings = &trainer->model->settings;
    if (!settings->holdout)
        return 0;
    trainer->holdout = wh_holdout_open(settings->holdout, trainer->plans, error);
    return trainer->holdout ? 0 : -1;
}

static int open_join(struct wh_trainer *trainer, struct wh_error *error)
{
    bool joins = trainer->model->settings.roles.join;
    if (joins && trainer->settings->rereads)
        return wh_fail(error, WH_REFUSED,
                       "--join contradicts --passes, --window and --replace-if-better: labels that "
                       "come late come once");
    trainer->join = joins ? wh_join_open(trainer->model) : NULL;
    return 0;
}

/* What reads rows for the model. */
static int open_reading(struct wh_trainer *trainer, struct wh_error *error)
{
    const struct wh_model *model = trainer->model;
    trainer->labelled_column |= !model->learner && model->met;
    return open_join(trainer, error) || open_session(trainer, error)
        || open_holdout(trainer, error) ? -1 : 0;
}

/* They point into the model. */
static void close_reading(struct wh_trainer *trainer)
{
    wh_session_close(trainer->session); /* and its plans */
    wh_join_close(trainer->join);
    wh_holdout_close(trainer->holdout);
    trainer->join = NULL;
    trainer->session = NULL;
    trainer->holdout = NULL;
}

struct wh_trainer *wh_trainer_open(const struct wh_trainer_settings *settings,
                                   struct wh_model *model, struct wh_error *error)
{
    struct wh_trainer *trainer = wh_alloc(1, sizeof *trainer);
    trainer->settings = settings;
    trainer->model = model;
    trainer->table = settings->table;
    if (settings->window) {
        trainer->window = wh_alloc(1, sizeof *trainer->window);
        *trainer->window = *settings->window;
    }
    if (open_reading(trainer, error) == 0)
        return trainer;
    wh_trainer_close(trainer);
    return NULL;
}

void wh_trainer_close(struct wh_trainer *trainer)
{
    if (!trainer)
        return;
    close_reading(trainer);
    wh_evaluation_free(&trainer->sum.evaluation);
    wh_evaluation_free(&trainer->sum.held);
    wh_model_close(trainer->model);
    free(trainer->window);
    free(trainer);
}

struct wh_model *wh_trainer_model(const struct wh_trainer *trainer)
{
    return trainer->model;
}

int wh_trainer_exchange(struct wh_trainer *trainer, struct wh_model *model,
                        struct wh_error *error)
{
    close_reading(trainer);
    wh_model_close(trainer->model);
    trainer->model = model;
    return open_reading(trainer, error);
}

/*
 * Looking at rows
 */

struct wh_scored_columns *wh_trainer_columns(const struct wh_trainer *trainer,
                                             const struct wh_shape *shape)
{
    return wh_row_plan_part(wh_row_plan_of(trainer->plans, shape), trainer->columns);
}

int wh_trainer_check_task(const struct wh_model *model, struct wh_error *error)
{
    if (model->task.kind != WH_TASK_UNSETTLED)
        return 0;
    return wh_fail(error, WH_REFUSED,
                   "before the first label it is not known whether there are classes, so no row "
                   "can be passed on: say so with --task binary, multiclass or regression");
}

static void predict(struct wh_trainer *trainer)
{
    struct at_hand *at = &trainer->at;
    at->prediction = wh_session_predict(trainer->session, &at->reading);
    at->predicted = true;
}

/* The first label has settled the task: now the loss is known, and the learner can begin. */
static int begin_learner(struct wh_trainer *trainer, struct wh_error *error)
{
    struct wh_model *model = trainer->model;
    if (!model->loss_settled)
        model->loss = wh_loss_of_task(wh_task_classifies(&model->task));
    if (wh_model_check_loss(model, error) != 0)
        return -1;
    wh_model_make_learner(model);
    return 0;
}

/* Where rows grow old by their event time, it is this row's now. */
static enum wh_verdict wind_clock(struct wh_trainer *trainer, struct wh_error *error)
{
    struct wh_model *model = trainer->model;
    struct at_hand *at = &trainer->at;
    int64_t now;
    if (!(model->forgetting.milliseconds > 0))
        return WH_TAKEN;
    at->forgetting = model->forgetting;
    at->wound = true;
    enum wh_verdict verdict = wh_event_time_at(model->settings.roles.time, at->plan->time, at->row,
                                               &now, error);
    if (verdict == WH_TAKEN)
        wh_forgetting_time(&model->forgetting, now);
    return verdict;
}

/* Predicts a row that has a label. */
static enum wh_verdict look_at_label(struct wh_trainer *trainer, struct wh_error *error)
{
    struct wh_model *model = trainer->model;
    struct at_hand *at = &trainer->at;
    enum wh_verdict verdict = wh_task_read(&model->task, at->row, at->reading.label,
                                           model->settings.roles.label, &at->label, error);
    if (verdict != WH_TAKEN)
        return verdict;
    if (wh_model_check(model, &at->reading, error) != 0)
        return WH_FATAL;
    if (!wh_model_takes(model, at->label, error))
        return WH_BAD;
    if (at->use == LEARN && (verdict = wind_clock(trainer, error)) != WH_TAKEN)
        return verdict;
    if (!model->learner && begin_learner(trainer, error) != 0)
        return WH_FATAL;
    predict(trainer);
    return WH_TAKEN;
}

/* Takes back what the row at hand has done, but for a learner, which was made for it. */
static void undo(struct wh_trainer *trainer, enum wh_verdict verdict)
{
    struct wh_model *model = trainer->model;
    struct at_hand *at = &trainer->at;
    if (at->use != LEARN && at->use != HOLD_OUT)
        return;
    if (at->wound && verdict != WH_TAKEN)
        model->forgetting = at->forgetting;
    if (model->learner) {
        at->mark.kind = model->task.kind;
        at->mark.type = model->task.type;
    }
    if (verdict == WH_BAD || at->use == HOLD_OUT)
        wh_task_undo(&model->task, &at->mark);
    if (verdict == WH_BAD)
        wh_examples_undo(trainer->examples);
}

/* Before the first label there is nothing to predict by, and perhaps not even known which columns
 * a prediction has. */
static enum wh_verdict score_unlabelled(struct wh_trainer *trainer, struct wh_error *error)
{
    if (!trainer->model->learner)
        return wh_trainer_check_task(trainer->model, error) ? WH_FATAL : WH_TAKEN;
    predict(trainer);
    return WH_TAKEN;
}

static enum wh_verdict look_unlabelled(struct wh_trainer *trainer, struct wh_error *error)
{
    enum wh_verdict verdict = WH_TAKEN;
    if (trainer->model->learner)
        verdict = wh_session_admit(trainer->session, &trainer->at.reading, error);
    return verdict == WH_TAKEN ? score_unlabelled(trainer, error) : verdict;
}

/* Nothing is settled by a row that is held out, neither the task nor a class: before the first
 * other label it is as if it had none. */
static enum wh_verdict look_labelled(struct wh_trainer *trainer, struct wh_error *error)
{
    struct wh_model *model = trainer->model;
    struct at_hand *at = &trainer->at;
    if (at->use == HOLD_OUT && !model->learner) {
        at->use = NOTHING;
        return at->scores ? look_unlabelled(trainer, error) : WH_TAKEN;
    }
    at->mark = wh_task_mark(&model->task);
    enum wh_verdict verdict = look_at_label(trainer, error);
    if (verdict != WH_TAKEN)
        undo(trainer, verdict);
    return verdict;
}

static enum wh_verdict choose_by_holdout(struct wh_trainer *trainer, struct wh_error *error)
{
    struct at_hand *at = &trainer->at;
    bool held = false;
    enum wh_verdict verdict = wh_holdout_row(trainer->holdout, at->row, at->plan, &held, error);
    if (verdict != WH_TAKEN)
        return verdict;
    at->use = held ? HOLD_OUT : LEARN;
    if (trainer->turn == (held ? WH_TURN_AGAIN : WH_TURN_MEASURE))
        at->use = PASS_OVER;
    wh_examples_hold(trainer->examples, held);
    return WH_TAKEN;
}

static enum wh_verdict choose(struct wh_trainer *trainer, struct wh_error *error)
{
    struct wh_window *window = trainer->window;
    struct at_hand *at = &trainer->at;
    bool inside = true;
    at->use = PASS_OVER;
    if (trainer->turn == WH_TURN_LOOK)
        return wh_window_look(window, at->row, at->plan->time, error);
    if (window && wh_window_row(window, at->row, at->plan->time, &inside, error) != WH_TAKEN)
        return WH_BAD;
    if (inside && trainer->holdout)
        return choose_by_holdout(trainer, error);
    if (inside)
        at->use = LEARN;
    else
        trainer->sum.outside += trainer->turn == WH_TURN_FIRST;
    return WH_TAKEN;
}

/* A row without a label teaches nothing; a CSV file without its column is a mistake. */
static enum wh_verdict look_for_label(struct wh_trainer *trainer, struct wh_row *row,
                                      struct wh_error *error)
{
    struct at_hand *at = &trainer->at;
    const struct wh_reading_row *reading = &at->reading;
    if (reading->label) {
        trainer->labelled_column = true;
        return look_labelled(trainer, error);
    }
    if (!reading->labelled_column && row->raw_format == WH_FORMAT_CSV) {
        wh_no_label_column(trainer->model->settings.roles.label, row->shape, error);
        return WH_FATAL;
    }
    at->use = trainer->turn == WH_TURN_FIRST ? UNLABELLED : PASS_OVER;
    return at->use == UNLABELLED && at->scores ? look_unlabelled(trainer, error) : WH_TAKEN;
}

static enum wh_verdict look_at_row(struct wh_trainer *trainer, struct wh_error *error)
{
    struct at_hand *at = &trainer->at;
    enum wh_verdict verdict = choose(trainer, error);
    if (verdict != WH_TAKEN || at->use == PASS_OVER)
        return verdict;
    verdict = wh_examples_read(trainer->examples, at->row, at->plan, !at->scores, &at->reading,
                               error);
    return verdict == WH_TAKEN ? look_for_label(trainer, at->row, error) : verdict;
}

/* A row that is to wait is read all the same: a bad one is found when it comes. */
static enum wh_verdict look_at_waiting(struct wh_trainer *trainer, struct wh_error *error)
{
    struct at_hand *at = &trainer->at;
    if (!at->scores)
        return wh_examples_read(trainer->examples, at->row, at->plan, false, &at->reading, error);
    enum wh_verdict verdict = wh_session_read(trainer->session, at->row, &at->reading, error);
    return verdict == WH_TAKEN ? score_unlabelled(trainer, error) : verdict;
}

/* What is to be looked at instead of a row that may wait for its label, or complete one that does:
 * that was passed on when it came. */
static enum wh_verdict choose_by_id(struct wh_trainer *trainer, struct wh_error *error)
{
    struct at_hand *at = &trainer->at;
    enum wh_join_kind kind;
    struct wh_row *joined;
    enum wh_verdict verdict = wh_join_look(trainer->join, at->row, at->plan, &kind, &joined,
                                           error);
    if (verdict != WH_TAKEN)
        return verdict;
    if (kind == WH_JOIN_COMPLETES) {
        at->row = joined;
        at->plan = wh_row_plan_of(trainer->plans, joined->shape);
        at->scores = false;
    } else if (kind != WH_JOIN_UNMATCHED) {
        at->use = WAIT;
    } else if (!wh_join_learns_unmatched(trainer->join)) {
        at->use = PASS_OVER;
    }
    return WH_TAKEN;
}

enum wh_verdict wh_trainer_look(struct wh_trainer *trainer, struct wh_row *row,
                                struct wh_trainer_look *look, struct wh_error *error)
{
    struct at_hand *at = &trainer->at;
    enum wh_verdict verdict = WH_TAKEN;
    at->use = LEARN;
    at->row = row;
    at->plan = wh_row_plan_of(trainer->plans, row->shape);
    at->scores = trainer->settings->scores;
    at->predicted = at->wound = false;
    *look = (struct wh_trainer_look){ .teaches = trainer->join };
    if (trainer->join && (verdict = choose_by_id(trainer, error)) != WH_TAKEN)
        return verdict;
    if (at->use == LEARN)
        verdict = look_at_row(trainer, error);
    else if (at->use == WAIT)
        verdict = look_at_waiting(trainer, error);
    look->teaches |= at->use == LEARN;
    look->passes = at->scores && at->use != PASS_OVER;
    if (look->passes && at->predicted)
        look->prediction = &at->prediction;
    return verdict;
}

/*
 * Taking them
 */

/* Counts a row before it is learned from. */
static void measure(struct wh_trainer *trainer, const struct wh_judgement *judgement)
{
    struct wh_model *model = trainer->model;
    struct wh_trained *sum = &trainer->sum;
    const struct wh_prediction *prediction = &trainer->at.prediction;
    if (sum->learned == 0)
        wh_metrics_follow(&sum->evaluation.metrics, &model->metrics);
    wh_model_measure(model, &model->metrics, prediction, judgement);
    wh_evaluation_add(&sum->evaluation, model, prediction, judgement);
    sum->learned++;
    if (model->task.kind == WH_TASK_REGRESSION)
        wh_few_labels_add(&sum->labels, judgement->label);
    if (wh_table_due(&trainer->table, sum->learned))
        wh_table_row(&trainer->table, sum->learned, model, &sum->evaluation,
                     trainer->holdout ? &sum->held : NULL);
}

/* The losses are watched; drift is told at once. */
static void watch(struct wh_trainer *trainer, const struct wh_judgement *judgement)
{
    const struct wh_drift_event *event = wh_guard_row(trainer->model, trainer->at.row, judgement);
    if (!event)
        return;
    struct wh_buffer text = { 0 };
    wh_guard_tell(&text, trainer->model, event);
    wh_notify_say(&trainer->settings->notify, "%s", wh_buffer_text(&text));
    wh_buffer_free(&text);
}

/* Where the row brought names that there was no room for, the rarest make room for the next. */
static void make_room(struct wh_trainer *trainer)
{
    uint64_t left_out = wh_examples_crowded(trainer->examples);
    if (left_out == trainer->left_out)
        return;
    trainer->left_out = left_out;
    trainer->sum.evicted += wh_model_evict(trainer->model);
    wh_examples_forget(trainer->examples);
}

static void learn(struct wh_trainer *trainer)
{
    struct wh_model *model = trainer->model;
    const struct at_hand *at = &trainer->at;
    const struct wh_example *example = &at->reading.example;
    bool first = trainer->turn == WH_TURN_FIRST;
    struct wh_judgement judgement = wh_model_judge(model, &at->prediction, at->label,
                                                   at->reading.weight);
    if (first)
        measure(trainer, &judgement);
    wh_model_learn(model, trainer->scratch, example, &at->prediction, &judgement);
    if (first) {
        wh_examples_count(trainer->examples, true);
        wh_model_count(model, trainer->scratch, &judgement);
        watch(trainer, &judgement);
    }
    wh_model_saw(model, example);
    make_room(trainer);
}

/* A row that is held out measures the model as it is, and leaves nothing in it. */
static enum wh_verdict measure_held(struct wh_trainer *trainer, struct wh_error *error)
{
    const struct wh_model *model = trainer->model;
    const struct at_hand *at = &trainer->at;
    struct wh_judgement judgement = wh_model_judge(model, &at->prediction, at->label,
                                                   at->reading.weight);
    enum wh_verdict verdict = trainer->rival
                            ? wh_rival_row(trainer->rival, at->row, &at->prediction, &judgement,
                                           error)
                            : WH_TAKEN;
    if (verdict == WH_TAKEN)
        wh_evaluation_add(&trainer->sum.held, model, &at->prediction, &judgement);
    undo(trainer, verdict);
    return verdict;
}

/* Rows of which none has the label's column are a mistake. */
static void count_unlabelled(struct wh_trainer *trainer)
{
    struct wh_model *model = trainer->model;
    const struct at_hand *at = &trainer->at;
    if (trainer->sum.unlabelled++ == 0)
        wh_no_label_row(model->settings.roles.label, at->row, &trainer->no_label);
    trainer->labelled_column |= at->reading.labelled_column;
    if (!model->learner)
        model->met |= at->reading.labelled_column;
}

enum wh_verdict wh_trainer_take(struct wh_trainer *trainer, struct wh_error *error)
{
    enum wh_verdict verdict = WH_TAKEN;
    enum use use = trainer->at.use;
    if (use == LEARN)
        learn(trainer);
    else if (use == HOLD_OUT)
        verdict = measure_held(trainer, error);
    else if (use == UNLABELLED)
        count_unlabelled(trainer);
    else if (use == WAIT)
        trainer->sum.unlabelled++;
    if (verdict == WH_TAKEN && trainer->join)
        wh_join_take(trainer->join);
    return verdict;
}

void wh_trainer_drop(struct wh_trainer *trainer, enum wh_verdict verdict)
{
    undo(trainer, verdict);
}

/*
 * The end
 */

/* Whether the rows had the columns that the options name. */
static int check_columns(const struct wh_trainer *trainer, struct wh_error *error)
{
    if (trainer->begins && trainer->join && wh_join_finish(trainer->join, error) != 0)
        return -1;
    if (trainer->begins && trainer->holdout && wh_holdout_finish(trainer->holdout, error) != 0)
        return -1;
    return wh_session_finish(trainer->session, error);
}

static int finish_first(struct wh_trainer *trainer, bool part, struct wh_error *error)
{
    struct wh_trained *sum = &trainer->sum;
    bool may_lack = trainer->labelled_column || (part && trainer->model->learner);
    if (sum->unlabelled && !may_lack && !trainer->join) {
        *error = trainer->no_label;
        return -1;
    }
    if (check_columns(trainer, error) != 0)
        return -1;
    wh_table_end(&trainer->table, sum->learned, trainer->model, &sum->evaluation,
                 trainer->holdout ? &sum->held : NULL);
    return 0;
}

int wh_trainer_finish(struct wh_trainer *trainer, bool part, struct wh_error *error)
{
    struct wh_learner *learner = trainer->model->learner;
    if (trainer->turn == WH_TURN_FIRST && finish_first(trainer, part, error) != 0)
        return -1;
    return learner ? wh_learner_fit(learner, error) : 0;
}

struct wh_trained *wh_trainer_trained(struct wh_trainer *trainer)
{
    if (trainer->session)
        trainer->sum.strangers = trainer->session->strangers;
    return &trainer->sum;
}

uint64_t wh_trainer_ignored(const struct wh_trainer *trainer)
{
    return trainer->turn == WH_TURN_FIRST && trainer->session
               ? wh_examples_crowded(trainer->examples) : trainer->crowded;
}

void wh_trainer_progress(const struct wh_trainer *trainer, char *line, size_t size)
{
    const struct wh_metrics *metrics = &trainer->sum.evaluation.metrics;
    if (metrics->weight > 0)
        snprintf(line, size, "loss %.6g", metrics->loss / metrics->weight);
}

const struct wh_join *wh_trainer_join(const struct wh_trainer *trainer)
{
    return trainer->join;
}

/*
 * Turns
 */

void wh_trainer_turn(struct wh_trainer *trainer, enum wh_turn turn)
{
    trainer->crowded = wh_trainer_ignored(trainer);
    trainer->turn = turn;
    if (trainer->window)
        wh_window_begin(trainer->window);
    if (turn != WH_TURN_MEASURE)
        return;
    wh_evaluation_free(&trainer->sum.held);
    trainer->sum.held = (struct wh_evaluation){ 0 };
}

void wh_trainer_beside(struct wh_trainer *trainer, struct wh_rival *rival)
{
    trainer->rival = rival;
}
