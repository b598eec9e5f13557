/*
 * A served model: one that rows are scored by, and that may be replaced on the way.
 *
 * Its file is looked at now and then. What has taken its place is loaded beside it first, once for
 * all that score by the file (score/loaded.h), and takes over between two rows, as soon as a row
 * comes that it can read (made by the recipe it learned from). What cannot take over is passed over
 * with one notice, and the model before stays.
 */
#ifndef WH_SCORE_SERVED_H
#define WH_SCORE_SERVED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "score/loaded.h"
#include "score/scorer.h"

struct wh_served_settings {
    struct wh_scorer_settings scorer;
    bool watch;               /* whether the file may be replaced */
    struct wh_notify notify;  /* is told of that; no notice: nobody */
};

struct wh_served {
    const struct wh_served_settings *settings;
    const char *path, *as;
    struct wh_scorer *scorer; /* which scores now */
    struct wh_scorer *next;   /* loaded, and waiting for a row that it can read; NULL: none */
    bool waiting_told;
    bool flat;
    struct wh_loaded *loaded; /* the file, */
    uint64_t number;          /* and its load that was taken, or passed over, last */
};

/* Scores by what is `loaded`, which it holds too; where that is NULL, by the model in the file
 * `path`. `settings`, `path` and `as` must outlive it; closed in every case. */
int wh_served_open(struct wh_served *served, const struct wh_served_settings *settings,
                   struct wh_loaded *loaded, const char *path, const char *as,
                   struct wh_error *error);
void wh_served_close(struct wh_served *served);

/* Before the first row: whether probabilities are columns of their own. */
void wh_served_flat(struct wh_served *served, bool flat);

/* Looks at the file. */
void wh_served_look(struct wh_served *served);

/* Reads a row, for the model that has taken its place where it can (see score/predictor.h). */
enum wh_verdict wh_served_read(struct wh_served *served, struct wh_row *row,
                               struct wh_reading_row *reading, struct wh_error *error);

#endif
