/*
 * A scorer: one model that was loaded to score rows, with all that this takes: what it reads of a
 * row, the calibration of its probabilities, the columns it adds.
 */
#ifndef WH_SCORE_SCORER_H
#define WH_SCORE_SCORER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "learn/calibration.h"
#include "model/model.h"
#include "score/explain.h"
#include "score/scored.h"

struct wh_scorer_settings {
    const char *label;  /* the column to measure by; NULL: the model's own */
    const char *weight; /* of the rows; NULL: all 1 */
    bool keep_features, proba, stamp;
    bool strict;        /* rows unlike those that the model learned from are bad */
    uint32_t explain;   /* features to explain each row by; 0: rows are not explained */
    double threshold;   /* positive is a score from here on; NaN: what is the likelier */
    bool calibrate;
    enum wh_calibrator_kind calibration;
    uint64_t digits;    /* significant ones of what is written, 17 at most; 0: all */
};

struct wh_scorer {
    const char *path; /* of the model, as it was given */
    struct wh_model *loaded; /* which is not written to */
    struct wh_model *model;  /* that shares with it (wh_model_share) */
    struct wh_model_scratch *scratch;
    struct wh_examples *examples;
    struct wh_scored *scored;
    double threshold;
    struct wh_calibrator *calibrators; /* one for each output; NULL: none */
    struct wh_loss loss;               /* that the model learned by, where it is calibrated */
    double *probabilities;             /* calibrated, of more than two classes */
    struct wh_explainer *explainer;    /* NULL: none */
    bool strict;
    uint64_t strangers;                /* rows that share no feature with the model */
};

/* Loads the model at `path`, which must stay. `as`: see struct wh_scored_settings. NULL on
 * failure: what is no sound model, has learned nothing, or cannot do what is asked for. */
struct wh_scorer *wh_scorer_open(const struct wh_scorer_settings *settings, const char *path,
                                 const char *as, struct wh_error *error);
/* NULL is allowed. */
void wh_scorer_free(struct wh_scorer *scorer);

/* Reads a row and counts what came in it: bad where --strict refuses it; fatal where it was made by
 * another recipe. */
enum wh_verdict wh_scorer_read(struct wh_scorer *scorer, struct wh_row *row,
                               struct wh_reading_row *reading, struct wh_error *error);

/* What is predicted of the row that was read last, calibrated and held against the threshold;
 * valid until the next. */
struct wh_prediction wh_scorer_predict(struct wh_scorer *scorer,
                                       const struct wh_reading_row *reading);

/* Adds the columns to the row that was predicted last, which must have room for them. */
void wh_scorer_add(struct wh_scorer *scorer, struct wh_row *row,
                   const struct wh_reading_row *reading, const struct wh_prediction *prediction);

/* Whether `other` may go on where `scorer` was: the same task, of two classes the same ones, the
 * same columns. */
bool wh_scorer_follows(const struct wh_scorer *scorer, const struct wh_scorer *other,
                       struct wh_error *reason);

#endif
