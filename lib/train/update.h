/*
 * The stage of wh-update: learns from each row, keeps the model in its file, and passes rows on
 * with the score that they had before, where that is asked for.
 *
 * The model is read at open, or begun; when it is saved, and what control records do to that, is
 * told in train/saving.h. A run that fails saves nothing: the file is as it was last saved.
 */
#ifndef WH_TRAIN_UPDATE_H
#define WH_TRAIN_UPDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "model/model.h"
#include "pipe/stage.h"
#include "score/report.h"
#include "train/rival.h"
#include "train/saving.h"
#include "train/window.h"

struct wh_update_settings {
    struct wh_saving_settings saving; /* the model's file; `passes`: rows are emitted */
    const char *as;     /* of the columns that a row is passed on with (score/scored.h) */
    bool keep_features;
    uint64_t digits;    /* significant ones of what is written, 17 at most; 0: all */
    bool strict;        /* rows unlike those that the model learned from are bad */
    /* What the user gave, NULL where nothing: for a model that is there, what it has. */
    const char *learner, *loss, *task, *positive;
    struct wh_settings model;
    const char *pending; /* where the rows that still wait are written at the end; NULL */
    const struct wh_window *window; /* learn from these rows only (train/retrain.h), as parsed;
                                       NULL: from all */
    /* Takes a line of the table of progress, after rows 1, 2, 4, 8 ... and at the end. May be
     * NULL. */
    void (*say)(void *context, const char *line);
    void *say_context;
    struct wh_notify notify; /* hears of drift */
};

/* `settings` and what it points at must stay. NULL on failure. */
struct wh_stage *wh_update_open(const struct wh_update_settings *settings, struct wh_error *error);

/* The model, and whether it was there before. */
const struct wh_model *wh_update_model(const struct wh_stage *stage);
bool wh_update_continues(const struct wh_stage *stage);

/*
 * For reading the rows several times (train/retrain.h), with settings.saving.waits. What a reading
 * is for is said before it.
 */
enum wh_update_turn {
    WH_UPDATE_FIRST,   /* learn and measure, as ever */
    WH_UPDATE_LOOK,    /* before that: find where the window begins */
    WH_UPDATE_AGAIN,   /* learn; the measures stay those of the first time */
    WH_UPDATE_MEASURE, /* measure the model, from nothing, on the rows that are held out */
};
void wh_update_turn(struct wh_stage *stage, enum wh_update_turn turn);
/* A model to be measured on the same rows; NULL: none. It must stay while rows are read. */
void wh_update_beside(struct wh_stage *stage, struct wh_rival *rival);
/* Rows learned from, the first time. */
uint64_t wh_update_learned(const struct wh_stage *stage);
/* The measures of the rows held out, which the caller may put others in the place of. */
struct wh_evaluation *wh_update_held(struct wh_stage *stage);
/* The model itself, to be written and not to be learned with; and another in its place, which is
 * taken. */
struct wh_model *wh_update_own(struct wh_stage *stage);
int wh_update_exchange(struct wh_stage *stage, struct wh_model *model, struct wh_error *error);
int wh_update_save(struct wh_stage *stage, struct wh_error *error);
/* Members for --stats; takes the reference. */
void wh_update_tell(struct wh_stage *stage, json_t *members);

#endif
