/*
 * From the expected number to the number that a loss asks for, in the learner `auto`: the median
 * under absolute loss, a quantile under quantile loss, something between mean and median under
 * Huber's.
 *
 * Three guesses are made: the expected number as it is; it plus an offset; it plus a multiple of
 * the error that rows like this one have (so that a quantile lies further out where numbers
 * scatter more). Offset and multiple follow the loss's slope in steps that shorten as slopes are
 * seen (AdaGrad, older slopes counting less); the guesses are averaged by weights that fall with
 * the loss each had of late. A loss whose best guess is the expected number itself needs none of
 * this.
 */
#ifndef WH_LEARN_AUTO_SHIFT_H
#define WH_LEARN_AUTO_SHIFT_H

#include <jansson.h>
#include <stdbool.h>

#include "learn/loss.h"

enum { WH_AUTO_GUESSES = 3 };

/* Zero-initialise. */
struct wh_auto_shift {
    double offset;   /* in usual errors */
    double multiple; /* of the row's error */
    double offset_slopes, multiple_slopes; /* sums of squares */
    double losses[WH_AUTO_GUESSES];        /* discounted sums */
};

/* `error` is the usual absolute error, and `scatter` that of rows like this one. */
double wh_auto_shift_guess(const struct wh_auto_shift *shift, double expected, double error,
                           double scatter);

/* `target` is what `expected` was to be; `weight` is above 0. */
void wh_auto_shift_learn(struct wh_auto_shift *shift, const struct wh_loss *loss, double expected,
                         double error, double scatter, double target, double weight);

json_t *wh_auto_shift_save(const struct wh_auto_shift *shift);
bool wh_auto_shift_load(struct wh_auto_shift *shift, const json_t *state);

#endif
