/*
 * Scored rows: the columns that a model's prediction adds to a row, which wh-score and wh-update
 * write alike.
 *
 * `score` is one number: the probability of the positive class, the expected value, or with more
 * than two classes the probability of the likeliest; `prediction` is the predicted class' label as
 * it was spelled in training. On request follow `proba`, the probabilities of all classes (an
 * object; in CSV a column proba.LABEL for each), `explanation` (score/explain.h) and `model`, the
 * first 12 digits of the model's digest. A features object is left out, unless it is to be kept.
 */
#ifndef WH_SCORE_SCORED_H
#define WH_SCORE_SCORED_H

#include <stdbool.h>

#include "base/error.h"
#include "model/model.h"
#include "record/row.h"

struct wh_scored_settings {
    /* With it the columns are called NAME, NAME_prediction, NAME_proba ..., so that several models
     * can follow one another; NULL for the plain names. */
    const char *as;
    bool keep_features;
    bool proba, explanation, stamp; /* whether there are such columns */
    uint64_t digits; /* significant ones of scores and probabilities, 17 at most; 0: all */
};

struct wh_scored;

/* NULL on failure: a name that cannot be. */
struct wh_scored *wh_scored_open(const struct wh_scored_settings *settings,
                                 struct wh_error *error);
/* NULL is allowed. */
void wh_scored_free(struct wh_scored *scored);

/* Before the first row, where there are probabilities: whether they are columns of their own. */
void wh_scored_flat(struct wh_scored *scored, bool flat);

/* Whether a row of this shape has room for the columns, which depend on the model's task (while
 * that is not settled: for all that there may be); else it is a bad row. Always the same model. */
bool wh_scored_room(struct wh_scored *scored, const struct wh_model *model,
                    const struct wh_shape *shape, struct wh_error *error);

/* The shape that rows of this shape, for which there is room, come out with. From here on the task
 * must be settled. */
const struct wh_shape *wh_scored_shape(const struct wh_scored *scored,
                                       const struct wh_shape *shape);

/* Whether rows come out with the same columns through both; their models' tasks are settled. */
bool wh_scored_alike(struct wh_scored *one, const struct wh_model *its_model,
                     struct wh_scored *other, const struct wh_model *others_model);

/* Adds the columns to a row for which there is room; null for all where `prediction` is NULL.
 * `explanation` is needed where there is such a column. */
void wh_scored_add(const struct wh_scored *scored, const struct wh_model *model,
                   struct wh_row *row, const struct wh_prediction *prediction,
                   const struct wh_field *explanation);

#endif
