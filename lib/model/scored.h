/*
 * Scored rows: the columns that a model's prediction adds to a row, which wh-score and wh-update
 * write alike.
 *
 * `score` is one number: the probability of the positive class, the expected value, or with more
 * than two classes the probability of the likeliest; `prediction` is the likeliest class' label as
 * it was spelled in training. A features
 * object is left out, unless it is to be kept.
 */
#ifndef WH_MODEL_SCORED_H
#define WH_MODEL_SCORED_H

#include <stdbool.h>

#include "base/error.h"
#include "model/model.h"
#include "record/row.h"

struct wh_scored;

/* `as`: with it the columns are called NAME and NAME_prediction, so that several models can follow
 * one another; NULL for the plain names. NULL on failure: a name that cannot be. */
struct wh_scored *wh_scored_open(const char *as, bool keep_features, struct wh_error *error);
/* NULL is allowed. */
void wh_scored_free(struct wh_scored *scored);

/* Whether a row of this shape has room for the columns, which depend on the model's task (while
 * that is not settled: for all that there may be); else it is a bad row. */
bool wh_scored_room(struct wh_scored *scored, const struct wh_model *model,
                    const struct wh_shape *shape, struct wh_error *error);

/* The shape that rows of this shape, for which there is room, come out with. From here on the task
 * must be settled. */
const struct wh_shape *wh_scored_shape(const struct wh_scored *scored,
                                       const struct wh_shape *shape);

/* Adds the columns to a row for which there is room; null for both where `prediction` is NULL. */
void wh_scored_add(const struct wh_scored *scored, const struct wh_model *model,
                   struct wh_row *row, const struct wh_prediction *prediction);

#endif
