/*
 * The weights of a linear model as CSV: a line for each feature, the constant first (its name is
 * empty), then in the order they first came.
 *
 *     feature,weight,effect
 *     ,-0.31,0.31
 *     city=Lagos,0.12,0.12
 *
 * Of more than two classes there is a line for each feature and class, and a column `class`. With
 * the values of a row as a model reads them, the sum of weight times value is the margin; of
 * regression the expected number in the label's unit (of counts its logarithm). `effect` is the
 * weight's size times the largest value seen, in the same unit.
 */
#ifndef WH_SCORE_WEIGHTS_H
#define WH_SCORE_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/model.h"

/* Writes them to `descriptor`. Refuses a model without weights. `path` is for messages. */
int wh_weights_write(const struct wh_model *model, const char *path, int descriptor,
                     struct wh_error *error);

/* The numbers of all features but the constant, by falling effect, *count of them; to be freed.
 * The learner must be there. */
uint32_t *wh_weights_ranked(const struct wh_model *model, size_t *count);

#endif
