/*
 * A scorer: a session of a predictor (score/predictor.h) with all that scoring rows takes beyond:
 * the calibration of its probabilities, a threshold, the columns that it adds. Used by one thread
 * at a time; several threads have a scorer each, of one predictor.
 */
#ifndef WH_SCORE_SCORER_H
#define WH_SCORE_SCORER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "learn/calibration.h"
#include "model/model.h"
#include "score/predictor.h"
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
    struct wh_session *session;
    struct wh_model *model; /* the session's */
    struct wh_scored *scored;
    size_t columns; /* the place of the scored rows' columns in the session's plans */
    double threshold;
    bool explains;
    struct wh_calibrator *calibrators; /* one for each output; NULL: none */
    struct wh_loss loss;               /* that the model learned by, where it is calibrated */
    double *probabilities;             /* calibrated, of more than two classes */
};

/* Scores by a predictor, which it holds. `as`: see struct wh_scored_settings. NULL on failure: one
 * that has learned nothing, or cannot do what is asked for. */
struct wh_scorer *wh_scorer_open(const struct wh_scorer_settings *settings,
                                 struct wh_predictor *predictor, const char *as,
                                 struct wh_error *error);
/* NULL is allowed. */
void wh_scorer_close(struct wh_scorer *scorer);

/* What is predicted of the row that was read last, calibrated and held against the threshold;
 * valid until the next. */
struct wh_prediction wh_scorer_predict(struct wh_scorer *scorer,
                                       const struct wh_reading_row *reading);

/* Puts the columns of the row that was predicted last into `field` and on; returns the field after
 * them. */
struct wh_field *wh_scorer_put(struct wh_scorer *scorer, struct wh_row *row,
                               const struct wh_reading_row *reading,
                               const struct wh_prediction *prediction, struct wh_field *field);

/* Whether `other` may go on where `scorer` was: the same task, of two classes the same ones, the
 * same columns. */
bool wh_scorer_follows(const struct wh_scorer *scorer, const struct wh_scorer *other,
                       struct wh_error *reason);

#endif
