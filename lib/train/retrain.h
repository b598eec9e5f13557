/*
 * Retraining: a model learned by reading the same rows several times.
 *
 * The first reading learns and measures as ever. After each pass over the rows the loss on those
 * that are held out is taken, in a reading of its own; the first pass that does not make it smaller
 * is the last, and the model of the pass before is kept. The model that is there stays untouched
 * until all is done, and for good where the new one has to win its place and does not.
 *
 * Regular files are opened again, standard input is put by in a temporary file (pipe/again.h).
 */
#ifndef WH_TRAIN_RETRAIN_H
#define WH_TRAIN_RETRAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "pipe/run.h"
#include "train/update.h"

struct wh_retrain_settings {
    uint64_t passes; /* at most, 1 or more; without rows held out exactly so many */
    bool if_better;  /* a model that is there is replaced only by a better one */
};

/* The new model takes the old one's place where a one-sided paired test at this level says that it
 * is better. */
static const double WH_RETRAIN_LEVEL = 0.05;

/* `stage` is that of wh_update_open with `update`, whose saving waits. Says what came of it in
 * notices; a model that did not win its place is no failure. */
int wh_retrain(const struct wh_run_settings *run, struct wh_stage *stage,
               const struct wh_update_settings *update,
               const struct wh_retrain_settings *settings, const char *const *paths, size_t count,
               struct wh_error *error);

#endif
