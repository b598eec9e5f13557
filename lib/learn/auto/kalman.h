/*
 * Linear experts of many terms that learn by a Kalman filter which keeps variances only: each
 * weight has one, which falls with what rows tell of it and makes its next steps shorter. Learning
 * needs no rate, only the noise: the squared error that is usual once everything is known.
 *
 * A weight and its variance are a cell (learn/auto/cells.h) whose `squares` is how much of the
 * prior variance is gone, so that a cell of zeros is one that knows nothing yet. Variances stop
 * falling at a 4,096th of the prior: weights follow slow change for ever.
 */
#ifndef WH_LEARN_AUTO_KALMAN_H
#define WH_LEARN_AUTO_KALMAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "learn/auto/cells.h"

/* What came of a row. */
struct wh_auto_surprise {
    double error; /* the truth less the prediction, within +-1e6 */
    double noise; /* above 0 */
    double keep;  /* what rows before count of what they did, above 0, to 1 */
};

/* A step for the cells in a list, whose sum was wrong by the error. Together they have the
 * prior variance of one, however many they are. No cell is in it twice. */
void wh_auto_kalman_learn(struct wh_auto_cell *cells, const struct wh_auto_active *active,
                          const struct wh_auto_surprise *surprise);

/* The same for weights of values: the sum, to which ids from `known` on add nothing, and a step. */
double wh_auto_kalman_predict(const struct wh_auto_cell *weights, size_t known,
                              const uint32_t *ids, const double *values, size_t count);
void wh_auto_kalman_follow(struct wh_auto_cell *weights, const uint32_t *ids,
                           const double *values, size_t count,
                           const struct wh_auto_surprise *surprise);

/* Whether it can be one. */
bool wh_auto_kalman_sound(const struct wh_auto_cell *cell);

#endif
