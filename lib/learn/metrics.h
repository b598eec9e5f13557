/*
 * Metrics: sums over rows from which every figure is made, and what to compare it with.
 *
 * The two baselines are the best that could be done without looking at the features: the one
 * constant prediction that turned out best, and "the label stays what it was" (for classes: said
 * with the confidence that turned out best, at least that of a guess). A model that does not beat
 * them has learned nothing of use. All sums are weighted.
 *
 * Rows that were predicted before anything was known are counted and not measured, neither by the
 * model's figures nor by the baselines; but such a row's label is the one before the next row's.
 */
#ifndef WH_LEARN_METRICS_H
#define WH_LEARN_METRICS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "learn/loss.h"

struct wh_metrics {
    double rows;     /* an integer below 2^53 */
    double passed_over; /* of these, not measured */
    bool preceded;   /* whether `last` was before the first row */
    double weight;
    double loss;
    double correct;  /* classes */
    double positive; /* binary */
    double *classes; /* multiclass: weight of each, `class_count` of them, else NULL */
    uint32_t class_count;
    double absolute; /* regression: sum of |p - y| */
    double squared;  /* and of (p - y)^2 */
    double mean;     /* of the labels */
    double spread;   /* sum of squared distances from the mean */
    double followed; /* weight of rows with a row before them */
    double repeated; /* and of those with the same label as the row before */
    double change;   /* sum of |y - label before| */
    double change_squared;
    double rise;     /* what labels rose by: part of `change` */
    double surprise; /* sum of y ln y, of labels above 0 */
    double last;     /* the label before; only where rows > 0, or preceded */
};

/* Zero-initialise. */
void wh_metrics_free(struct wh_metrics *metrics);

/*
 * Adds a row. `target` is the class or the number, `prediction` what was predicted of it; `loss`
 * is the row's, not weighted.
 */
void wh_metrics_binary(struct wh_metrics *metrics, bool target, bool prediction, double loss,
                       double weight);
void wh_metrics_class(struct wh_metrics *metrics, uint32_t target, bool right, double loss,
                      double weight);
void wh_metrics_number(struct wh_metrics *metrics, double target, double prediction, double loss,
                       double weight);

/* Counts a row that was predicted before anything was known. */
void wh_metrics_pass_over(struct wh_metrics *metrics, double target);
/* For metrics of no row yet: the rows that come follow those of others. */
void wh_metrics_follow(struct wh_metrics *metrics, const struct wh_metrics *before);

/* Rows that were measured. */
static inline double wh_metrics_measured(const struct wh_metrics *metrics)
{
    return metrics->rows - metrics->passed_over;
}

/* Adds what other metrics have counted, of rows after these; `classes` are the numbers here of
 * their classes, NULL where these are not counted. */
void wh_metrics_merge(struct wh_metrics *metrics, const struct wh_metrics *from,
                      const uint32_t *classes);

/* Figures; NaN where no row was measured, and for losses of which a baseline does not follow from
 * the sums: the best constant of absolute, Huber's and quantile loss, no change of Huber's and
 * poisson. */
struct wh_figures {
    double loss;
    double accuracy;      /* classes */
    double mae, rmse;     /* regression */
    double constant_loss, constant_accuracy; /* the accuracies of classes */
    double no_change_loss, no_change_accuracy;
    double no_change_mae; /* regression */
};
struct wh_figures wh_metrics_figures(const struct wh_metrics *metrics, enum wh_task_kind task,
                                     const struct wh_loss *loss);

/* All but the number of rows as a new object, and back; false where it is not one. */
json_t *wh_metrics_save(const struct wh_metrics *metrics);
bool wh_metrics_load(struct wh_metrics *metrics, const json_t *object);

#endif
