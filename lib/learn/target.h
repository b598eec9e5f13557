/*
 * The scale of regression's targets: their running mean and standard deviation, so that learners
 * see the same numbers whatever unit the label is in.
 *
 * Counts of Poisson loss are divided by their mean instead: what is learned is the logarithm of
 * the expected number, and a unit is a constant added to that. Single labels far from all others
 * count as nearer ones, so that an outlier does not spoil the scale. Zero-initialised is a scale
 * of no rows.
 */
#ifndef WH_LEARN_TARGET_H
#define WH_LEARN_TARGET_H

#include <jansson.h>
#include <stdbool.h>

#include "learn/loss.h"

struct wh_target {
    double weight; /* of the rows */
    double mean;
    double spread; /* sum of squared distances from the mean */
    bool far;      /* the last label was far from all others */
};

/* A label was seen. Weight above 0. */
void wh_target_learn(struct wh_target *target, double label, double weight);

/* Adds what another scale has seen. */
void wh_target_merge(struct wh_target *target, const struct wh_target *from);

/* One of the learner's units, in the label's: above 0. */
double wh_target_unit(const struct wh_target *target, const struct wh_loss *loss);
/* What a learner is told of a label: at most 100 in size, but for Poisson loss. */
double wh_target_scaled(const struct wh_target *target, const struct wh_loss *loss, double label);
/* The expected number, in the label's unit, from a learner's raw prediction. */
double wh_target_expected(const struct wh_target *target, const struct wh_loss *loss, double raw);

json_t *wh_target_save(const struct wh_target *target);
bool wh_target_load(struct wh_target *target, const json_t *object);

#endif
