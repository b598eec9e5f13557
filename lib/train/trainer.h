/*
 * The trainer: what a model learns from rows by. It has no stage and no stream, emits nothing and
 * saves nothing: the stage of wh-update (train/update.h) gives it rows as they come, retraining
 * (train/retrain.h) the same rows by turns.
 *
 * A row is given in two steps. wh_trainer_look reads it, and predicts it where that is needed; then
 * wh_trainer_take learns from it, or wh_trainer_drop forgets it, so that a row which turns out to
 * be bad after it was predicted (whoever it was passed on to refuses it) teaches nothing. After the
 * last row comes wh_trainer_finish. What a row is for is the trainer's to decide: it may be held
 * out, lie outside the window, lack a label, or wait for one that comes later.
 *
 * When the model changes is decided by its learner (learn/learner.h). Most learn from each row as
 * it is taken. A batch learner only puts rows by then, and learns from all of them when
 * wh_trainer_finish calls its operation `fit`. Callers may therefore rely on this alone: the model
 * predicts at any time, and once wh_trainer_finish has returned it has learned from the rows that
 * were taken. Whoever adds a batch learner must also refuse, for it, the options that save a model
 * before the last row (train/saving.h).
 *
 * Failures: WH_BAD, with the error of a bad row, after which other rows may follow; WH_FATAL, after
 * which the trainer is only to be closed.
 */
#ifndef WH_TRAIN_TRAINER_H
#define WH_TRAIN_TRAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/join.h"
#include "model/model.h"
#include "record/row.h"
#include "record/verdict.h"
#include "score/report.h"
#include "score/scored.h"
#include "train/fewlabels.h"
#include "train/rival.h"
#include "train/table.h"
#include "train/window.h"

struct wh_trainer_settings {
    const char *path;      /* of the model, for messages */
    uint64_t max_features; /* 0: as many as the model has it, or the default */
    bool strict;           /* rows that a model cannot know anything of are bad */
    bool scores;           /* rows without a label are predicted too: all are to be passed on */
    bool rereads;          /* rows come by turns */
    const struct wh_window *window; /* learn from these rows only, as parsed; NULL: from all */
    struct wh_table table;          /* of progress, as it begins */
    struct wh_notify notify;        /* hears of drift */
};

struct wh_trainer;

/* Trains `model`, which becomes the trainer's, on failure too. `settings` and what it points at
 * must outlive it. NULL on failure. */
struct wh_trainer *wh_trainer_open(const struct wh_trainer_settings *settings,
                                   struct wh_model *model, struct wh_error *error);
/* NULL is allowed. */
void wh_trainer_close(struct wh_trainer *trainer);

/* The model, as it is between two rows; to be saved, and not to be learned with. */
struct wh_model *wh_trainer_model(const struct wh_trainer *trainer);
/* Goes on with another model, which becomes the trainer's; what this run counted stays. */
int wh_trainer_exchange(struct wh_trainer *trainer, struct wh_model *model,
                        struct wh_error *error);

/* With `scores`: the columns with which rows of this shape are passed on, for the caller to bind:
 * the part of their plan (model/row_plan.h) that is not the trainer's. Valid until a row of another
 * shape is looked at. */
struct wh_scored_columns *wh_trainer_columns(const struct wh_trainer *trainer,
                                             const struct wh_shape *shape);

/* What taking a row would do. */
struct wh_trainer_look {
    bool passes;  /* with `scores`: the row is one of those that are passed on */
    bool teaches; /* the model, or what waits with it for labels, will not be the same */
    const struct wh_prediction *prediction; /* NULL: nothing can be predicted of it yet */
};

/* Looks at a row, which must not change until it is taken or dropped, except that columns may be
 * added to it. The prediction lasts as long. */
enum wh_verdict wh_trainer_look(struct wh_trainer *trainer, struct wh_row *row,
                                struct wh_trainer_look *look, struct wh_error *error);
/* Takes the row that was looked at last. */
enum wh_verdict wh_trainer_take(struct wh_trainer *trainer, struct wh_error *error);
/* That row could not be passed on, for a reason of this kind. */
void wh_trainer_drop(struct wh_trainer *trainer, enum wh_verdict verdict);

/* After the last row of every turn that teaches. WH_REFUSED where the rows of the first turn lacked
 * columns that were named. `part`: they were a part of a stream, which need not have a label. */
int wh_trainer_finish(struct wh_trainer *trainer, bool part, struct wh_error *error);

/* What has come of the rows. */
struct wh_trained {
    uint64_t learned;    /* rows, */
    uint64_t unlabelled; /* those passed over, or waiting, without a label, */
    uint64_t outside;    /* and those outside the window; all the first time */
    uint64_t evicted;    /* features */
    uint64_t strangers;  /* rows passed on that share no feature with the model */
    struct wh_few_labels labels;     /* numbers that were learned from */
    struct wh_evaluation evaluation; /* of rows before they were learned from, the first time */
    struct wh_evaluation held;       /* of the rows held out */
};
/* The trainer's; retraining puts measures of another turn in the place of `held`. */
struct wh_trained *wh_trainer_trained(struct wh_trainer *trainer);
/* Values of features that there was no room for, the first time. */
uint64_t wh_trainer_ignored(const struct wh_trainer *trainer);
/* One line for the progress display (pipe/stage.h). */
void wh_trainer_progress(const struct wh_trainer *trainer, char *line, size_t size);
/* What joins late labels to rows; NULL: nothing. */
const struct wh_join *wh_trainer_join(const struct wh_trainer *trainer);

/* What rows are for that come several times; said before each reading. */
enum wh_turn {
    WH_TURN_FIRST,   /* learn and measure: as if it were the only one */
    WH_TURN_LOOK,    /* before that: find where the window begins */
    WH_TURN_AGAIN,   /* learn; the measures stay those of the first time */
    WH_TURN_MEASURE, /* measure the model, from nothing, on the rows that are held out */
};
void wh_trainer_turn(struct wh_trainer *trainer, enum wh_turn turn);
/* A model to be measured on the same rows; NULL: none. It must outlive the reading. */
void wh_trainer_beside(struct wh_trainer *trainer, struct wh_rival *rival);

/* Refuses to pass on rows while it is not known which columns a prediction has. */
int wh_trainer_check_task(const struct wh_model *model, struct wh_error *error);

#endif
