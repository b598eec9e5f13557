/*
 * The stage of wh-score: adds what a model predicts to each row (score/scored.h), or what several
 * do, and measures it where there are labels.
 *
 * A model is read at open. With `watch` its file is looked at about once a second and after every
 * 1,024 rows, and where another one has taken its place that is loaded and scores from the next row
 * on. A file that is damaged, or a model of another task, is passed over with one notice; a model
 * that learned from rows of another recipe waits until there are such rows.
 */
#ifndef WH_SCORE_SCORE_H
#define WH_SCORE_SCORE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/memory.h"
#include "pipe/stage.h"
#include "score/loaded.h"
#include "score/scorer.h"

struct wh_score_model {
    const char *path;
    const char *as; /* the name instead of "score"; NULL: that */
    struct wh_loaded *loaded; /* that file, which the stage is to hold, as stages in other threads
                                 may, so that all share what is loaded; NULL: it loads it */
};

struct wh_score_settings {
    const struct wh_score_model *models;
    size_t count;                     /* 1 or more; of several, each has a name of its own */
    struct wh_scorer_settings scorer; /* label NULL: do not measure */
    enum wh_format format;            /* of the output; WH_FORMAT_NONE: as the first row */
    bool watch;
    struct wh_notify notify;          /* is told what --watch does; no notice: nobody */
};

/* `settings` and what it points at must stay. NULL on failure. Its summary is what was measured. */
struct wh_stage *wh_score_open(const struct wh_score_settings *settings, struct wh_error *error);

#endif
