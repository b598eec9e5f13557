/*
 * What linear learners have in common: the range that predictions are kept to, and the reading of
 * what was saved.
 */
#ifndef WH_MODEL_LINEAR_H
#define WH_MODEL_LINEAR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "model/loss.h"

/*
 * Far more than learning can come to, as rows have values, labels and weights up to 1e50. What a
 * file holds is kept to these bounds, so that no prediction made of it is infinite or none.
 */
static const double WH_LARGEST_COEFFICIENT = 1e150, WH_LARGEST_GRADIENTS = 1e300,
                    WH_LARGEST_SUM = 1e100;

/*
 * Margins and logarithms are kept to +-WH_MARGIN_LIMIT, numbers to the range of the targets seen,
 * 0 included, and so are the margins of hinge loss, of which more than 1 gains nothing.
 * Zero-initialised is the range of no targets.
 */
struct wh_range {
    double lowest, highest; /* targets seen; 0 is between */
};

static inline double wh_range_clamp(const struct wh_range *range, const struct wh_loss *loss,
                                    double raw)
{
    bool open = loss->kind == WH_LOSS_LOGISTIC || loss->kind == WH_LOSS_POISSON;
    double lowest = open ? -WH_MARGIN_LIMIT : range->lowest;
    double highest = open ? WH_MARGIN_LIMIT : range->highest;
    return raw < lowest ? lowest : raw > highest ? highest : raw;
}

static inline void wh_range_widen(struct wh_range *range, double target)
{
    if (target < range->lowest)
        range->lowest = target;
    if (target > range->highest)
        range->highest = target;
}

/* Adds the members "lowest" and "highest" to an object, and takes them from one. */
void wh_range_save(const struct wh_range *range, json_t *state);
bool wh_range_load(struct wh_range *range, const json_t *state);

/* A member that must be a number between -most and most. */
bool wh_state_number(const json_t *state, const char *name, double most, double *number);

/* A capacity for `wanted` elements or more that grows by doubling. */
size_t wh_linear_capacity(size_t capacity, size_t wanted);

#endif
