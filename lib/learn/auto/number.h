/*
 * The regression side of the learner `auto`: a committee of experts for numbers, for one output.
 *
 * Targets come scaled (learn/target.h), and predictions are given in the same units. The experts:
 * - *linear*, over features as they are, which alone sees text and what has no slot, its weights
 *   learned by a Kalman filter that keeps variances only;
 * - recursive least squares (learn/auto/rls.h) over the first 24 slots with numbers: *line*; *trend*,
 *   with three recent targets (the last, and running means over about 2 and 10 rows) as further
 *   terms; *fresh*, the same with forgetting .99; and *curve*, with squares and products of the
 *   first ten slots too, forgetting .9995;
 * - for each group of cells of the view one that learns what is *left* by those five, its cells
 *   by the same kind of Kalman filter;
 * - the mean of all rows, the two running means and the last target.
 * Rows count in least squares by how little rows in the same bins scatter.
 *
 * Two mixers are averaged: recursive least squares over the experts' predictions (forgetting
 * .999), kept within their range, and weights that fall exponentially with each expert's
 * discounted squared error. Losses other than the squared get a last stage (learn/auto/shift.h);
 * under Poisson loss the expected number's logarithm is given.
 *
 * A target that is further off than a dozen usual errors (three, unless the loss is squared) is
 * taken for one just so far off, and what is usual grows: one outlier is no harm, a new level is
 * followed within rows.
 *
 * Costs: the cells (learn/auto/cells.h), 8 bytes a feature, and up to 100 KB. Least squares take
 * the square of their terms, which are at most 83 (*curve*; it learns from every second row after
 * 1,024 rows, from every fourth after 8,192, if its terms are more than 32).
 */
#ifndef WH_LEARN_AUTO_NUMBER_H
#define WH_LEARN_AUTO_NUMBER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"
#include "learn/auto/cells.h"
#include "learn/auto/view.h"
#include "learn/learner.h"

struct wh_auto_number;

/* The view must stay. */
struct wh_auto_number *wh_auto_number_open(const struct wh_learner_settings *settings,
                                           const struct wh_auto_view *view);
void wh_auto_number_close(struct wh_auto_number *number);

/* What was made of a row, for learning from it. */
struct wh_auto_number_guess;
size_t wh_auto_number_guess_size(void);

/* The raw prediction (learn/loss.h) for a row of the view's. */
double wh_auto_number_predict(const struct wh_auto_number *number,
                              struct wh_auto_number_guess *guess, const struct wh_auto_row *row);
/* Learns from the row of which `guess` was made, its features' numbers being below `features`; of
 * the outcome only target and weight matter. `keep`, above 0 to 1: what the rows before count of
 * what they did. */
void wh_auto_number_learn(struct wh_auto_number *number, struct wh_auto_number_guess *guess,
                          const struct wh_auto_row *row, size_t features,
                          const struct wh_outcome *outcome, double keep);

/* All but cells and the features' numbers as a new object; and back: false for what cannot be. */
json_t *wh_auto_number_save(const struct wh_auto_number *number);
bool wh_auto_number_load(struct wh_auto_number *number, const json_t *state);
/* The view has learned or was loaded: clears cells that mean something new. */
void wh_auto_number_follow(struct wh_auto_number *number);
struct wh_auto_cells *wh_auto_number_cells(struct wh_auto_number *number);

/* A feature's numbers: its weight in *linear*, and how much of that weight's variance is gone.
 * set() returns false for what cannot be one. */
enum { WH_AUTO_NUMBER_PARAMETERS = 2 };
void wh_auto_number_get(const struct wh_auto_number *number, uint32_t id, double *parameters);
bool wh_auto_number_set(struct wh_auto_number *number, uint32_t id, const double *parameters);
/* As learn/learner.h has them. */
void wh_auto_number_renumber(struct wh_auto_number *number, const uint32_t *from, uint32_t count);
double wh_auto_number_effect(const struct wh_auto_number *number, uint32_t id);

/* The experts, a line each: name, its weights in the two mixers, and the root of its progressive
 * squared error, in the target's units. */
void wh_auto_number_describe(const struct wh_auto_number *number, struct wh_buffer *out);

#endif
