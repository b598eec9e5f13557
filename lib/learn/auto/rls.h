/*
 * Recursive least squares: the weights of a linear expert that fit all rows so far best, older
 * rows counting less where `keep` is below 1 (Haykin, "Adaptive Filter Theory", chapter 9).
 *
 * Besides a weight for each term there is a covariance for each two, so that a row costs the
 * square of the number of terms: it is for few. The covariance is kept as its lower triangle, and
 * so is symmetric whatever is rounded. Forgetting stops where it would raise the variances above
 * a hundred times what they began with (terms that say nothing for long would grow without bound),
 * and what rounding has made indefinite begins anew, the weights staying.
 *
 * Nothing fails. Terms are to be at most 1e3 in size, errors 1e6.
 */
#ifndef WH_LEARN_AUTO_RLS_H
#define WH_LEARN_AUTO_RLS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { WH_RLS_MOST = 256 }; /* terms */

struct wh_rls {
    double keep;   /* what the rows before a row count of what they did, above 0, to 1 */
    double prior;  /* variance of a new term's weight: the smaller, the longer it stays near
                      what it begins with */
    uint32_t size, capacity;
    double *weights;
    double *covariance; /* row i, from i (i + 1) / 2, has columns 0 to i */
    double *gain;       /* the covariance times the row's terms: while learning */
};

void wh_rls_init(struct wh_rls *rls, double keep, double prior);
void wh_rls_free(struct wh_rls *rls);

/* Adds terms until there are `size`, WH_RLS_MOST at most, their weights beginning at `weight`. */
void wh_rls_grow(struct wh_rls *rls, uint32_t size, double weight);

double wh_rls_predict(const struct wh_rls *rls, const double *terms);

/* `error` is the truth less the prediction; `weight` is above 0 and counts as so many rows.
 * `keep` multiplies the expert's own. */
void wh_rls_learn(struct wh_rls *rls, const double *terms, double error, double weight,
                  double keep);

/* Weights and covariance as a new object; and back, of any size up to `most`: false for what
 * cannot be one. */
json_t *wh_rls_save(const struct wh_rls *rls);
bool wh_rls_load(struct wh_rls *rls, const json_t *state, uint32_t most);

#endif
