/*
 * The stage of wh-update: a trainer (train/trainer.h) on a stream. It gives the trainer its rows,
 * passes them on with the score that they had before they were learned from, where that is asked
 * for, and keeps the model in its file.
 *
 * The model is read at open, or begun; when it is saved, and what control records do to that, is
 * told in train/saving.h. A run that fails saves nothing: the file is as it was last saved.
 */
#ifndef WH_TRAIN_UPDATE_H
#define WH_TRAIN_UPDATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "model/model.h"
#include "pipe/stage.h"
#include "train/opening.h"
#include "train/saving.h"
#include "train/trainer.h"
#include "train/window.h"

struct wh_update_settings {
    struct wh_saving_settings saving; /* the model's file; `passes`: rows are emitted */
    struct wh_opening given;
    const char *as;     /* of the columns that a row is passed on with (score/scored.h) */
    bool keep_features;
    uint64_t digits;    /* significant ones of what is written, 17 at most; 0: all */
    bool strict;        /* rows unlike those that the model learned from are bad */
    const char *pending; /* where the rows that still wait are written at the end; NULL */
    const struct wh_window *window; /* learn from these rows only (train/retrain.h), as parsed;
                                       NULL: from all */
    /* Takes a line of the table of progress, after rows 1, 2, 4, 8 ... and at the end. May be
     * NULL. */
    void (*say)(void *context, const char *line);
    void *say_context;
    struct wh_notify notify; /* hears of drift */
};

/* `settings` and what it points at must outlive the stage. NULL on failure. */
struct wh_stage *wh_update_open(const struct wh_update_settings *settings, struct wh_error *error);

/* The model, and whether it was there before. */
const struct wh_model *wh_update_model(const struct wh_stage *stage);
bool wh_update_continues(const struct wh_stage *stage);

/*
 * For reading the rows several times (train/retrain.h), with settings.saving.waits: the stage takes
 * the first turn, the trainer further ones; then the model is saved.
 */
struct wh_trainer *wh_update_trainer(struct wh_stage *stage);
int wh_update_save(struct wh_stage *stage, struct wh_error *error);
/* Members for --stats; takes the reference. */
void wh_update_tell(struct wh_stage *stage, json_t *members);

#endif
