/*
 * What linear learners have in common: a table with some numbers for each feature, the range that
 * predictions are kept to, how old rows are forgotten, and the reading of what was saved.
 */
#ifndef WH_LEARN_LINEAR_H
#define WH_LEARN_LINEAR_H

#include <jansson.h>
#include <stdbool.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "learn/example.h"
#include "learn/learner.h"
#include "learn/loss.h"

/*
 * Far more than learning can come to, as rows have values, labels and weights up to 1e50. What a
 * file holds is kept to these bounds, so that no prediction made of it is infinite or none.
 */
static const double WH_LARGEST_COEFFICIENT = 1e150, WH_LARGEST_GRADIENTS = 1e300,
                    WH_LARGEST_SUM = 1e100;

/*
 * Margins and logarithms are kept to +-WH_MARGIN_LIMIT, numbers to the range of the targets seen,
 * 0 included. Probabilities that are learned as numbers may be said to be 1 beyond that, so that
 * rows which are sure are still told apart. Zero-initialised is the range of no targets.
 */
struct wh_range {
    double lowest, highest; /* targets seen; 0 is between */
    double slack;           /* how far beyond these what is said may be */
};

/* The slack of a learner's range. */
static inline double wh_range_slack(const struct wh_learner_settings *settings)
{
    return settings->loss.kind == WH_LOSS_SQUARED && !settings->numbers ? 1 : 0;
}

static inline double wh_range_keep(const struct wh_range *range, const struct wh_loss *loss,
                                   double raw, double slack)
{
    bool open = wh_loss_is_margin(loss) || loss->kind == WH_LOSS_POISSON;
    double lowest = open ? -WH_MARGIN_LIMIT : range->lowest - slack;
    double highest = open ? WH_MARGIN_LIMIT : range->highest + slack;
    return raw < lowest ? lowest : raw > highest ? highest : raw;
}

/* What is said, and what is learned from: beyond the range nothing is to be gained. */
static inline double wh_range_said(const struct wh_range *range, const struct wh_loss *loss,
                                   double raw)
{
    return wh_range_keep(range, loss, raw, range->slack);
}

static inline double wh_range_clamp(const struct wh_range *range, const struct wh_loss *loss,
                                    double raw)
{
    return wh_range_keep(range, loss, raw, 0);
}

static inline void wh_range_widen(struct wh_range *range, double target)
{
    /* Counts, which are told in means, may be larger than labels. */
    if (target < range->lowest)
        range->lowest = fmax(target, -WH_LARGEST_VALUE);
    if (target > range->highest)
        range->highest = fmin(target, WH_LARGEST_VALUE);
}

/* Adds the members "lowest" and "highest" to an object, and takes them from one. */
void wh_range_save(const struct wh_range *range, json_t *state);
bool wh_range_load(struct wh_range *range, const json_t *state);

/* A member that must be a number between -most and most. */
bool wh_state_number(const json_t *state, const char *name, double most, double *number);

/* A capacity for `wanted` elements or more that grows by doubling. */
size_t wh_linear_capacity(size_t capacity, size_t wanted);

/*
 * Cells of `size` bytes, one for each feature, which are zero until they are set. The owner frees
 * `cells`.
 */
struct wh_table {
    void *cells;
    size_t size, capacity;
};

void wh_table_grow(struct wh_table *table, size_t features);
/* As a learner's renumber (learn/learner.h). */
void wh_table_renumber(struct wh_table *table, const uint32_t *from, uint32_t count);

static inline void wh_table_reserve(struct wh_table *table, size_t features)
{
    if (features > table->capacity)
        wh_table_grow(table, features);
}

/*
 * Forgetting: what a row has taught counts half after a half-life. Instead of making all sums
 * smaller with every row, what is added grows: sums are kept as they will be when so many
 * half-lives have passed as the clock (wh_example.clock) tells of the current era, which is
 * WH_ERA of them. When an era ends, all are divided by 2^WH_ERA, which is exact.
 */
enum { WH_ERA = 64 };

/* Clocks that a file may tell: milliseconds between any two years of four digits are fewer. */
static const double WH_LAST_CLOCK = 1e15;

static inline double wh_era_of(double clock)
{
    return floor(clock / WH_ERA);
}

/* What is to be added at `clock`, for each 1, to sums that were added to at `before` last. */
static inline double wh_fading(double before, double clock)
{
    static const double MOST = 512; /* a pause so long has made the past as good as nothing */
    double since = clock - WH_ERA * wh_era_of(before);
    return since == 0 ? 1 : exp2(since < MOST ? since : MOST);
}

/* What sums are multiplied with before the first addition at `clock`; mostly 1. */
static inline double wh_era_change(double before, double clock)
{
    return exp2(WH_ERA * (wh_era_of(before) - wh_era_of(clock)));
}

/* What is left of a weight after a step of so much length under the penalties L1 and L2: the
 * proximal step (Duchi and Singer, "Efficient online and batch learning using forward backward
 * splitting", 2009). */
static inline double wh_shrunk(double weight, double l1, double l2)
{
    double size = fabs(weight) - l1;
    return size > 0 ? copysign(size, weight) / (1 + l2) : 0;
}

#endif
