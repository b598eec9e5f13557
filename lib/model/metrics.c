#include "model/metrics.h"

#include <math.h>
#include <stddef.h>

static const struct {
    const char *name;
    size_t offset;
} sums[] = {
    { "weight", offsetof(struct wh_metrics, weight) },
    { "loss", offsetof(struct wh_metrics, loss) },
    { "correct", offsetof(struct wh_metrics, correct) },
    { "positive", offsetof(struct wh_metrics, positive) },
    { "absolute", offsetof(struct wh_metrics, absolute) },
    { "squared", offsetof(struct wh_metrics, squared) },
    { "mean", offsetof(struct wh_metrics, mean) },
    { "spread", offsetof(struct wh_metrics, spread) },
    { "followed", offsetof(struct wh_metrics, followed) },
    { "repeated", offsetof(struct wh_metrics, repeated) },
    { "change", offsetof(struct wh_metrics, change) },
    { "change_squared", offsetof(struct wh_metrics, change_squared) },
    { "last", offsetof(struct wh_metrics, last) },
};

enum { SUMS = sizeof sums / sizeof *sums };

void wh_metrics_binary(struct wh_metrics *metrics, bool target, bool prediction, double loss,
                       double weight)
{
    double last = target;
    if (metrics->rows > 0) {
        metrics->followed += weight;
        metrics->repeated += metrics->last == last ? weight : 0;
    }
    metrics->last = last;
    metrics->rows++;
    metrics->weight += weight;
    metrics->loss += weight * loss;
    metrics->correct += target == prediction ? weight : 0;
    metrics->positive += target ? weight : 0;
}

void wh_metrics_number(struct wh_metrics *metrics, double target, double prediction, double loss,
                       double weight)
{
    if (metrics->rows > 0) {
        double change = target - metrics->last;
        metrics->followed += weight;
        metrics->change += weight * fabs(change);
        metrics->change_squared += weight * change * change;
    }
    metrics->last = target;
    metrics->rows++;
    metrics->weight += weight;
    metrics->loss += weight * loss;
    double error = prediction - target;
    metrics->absolute += weight * fabs(error);
    metrics->squared += weight * error * error;
    if (weight > 0) {
        /* West, "Updating mean and variance estimates", 1979. */
        double distance = target - metrics->mean;
        metrics->mean += distance * weight / metrics->weight;
        metrics->spread += weight * distance * (target - metrics->mean);
    }
}

struct wh_figures wh_metrics_figures(const struct wh_metrics *metrics, bool binary,
                                     enum wh_loss loss)
{
    double weight = metrics->weight, followed = metrics->followed;
    struct wh_figures figures = { .loss = metrics->loss / weight };
    if (binary) {
        double rate = metrics->positive / weight, repeated = metrics->repeated / followed;
        figures.accuracy = metrics->correct / weight;
        figures.constant_loss = wh_loss_of_rate(loss, rate);
        figures.constant_accuracy = rate < 0.5 ? 1 - rate : rate;
        figures.no_change_loss = wh_loss_of_rate(loss, repeated < 0.5 ? 0.5 : repeated);
        figures.no_change_accuracy = repeated;
    } else {
        figures.mae = metrics->absolute / weight;
        figures.rmse = sqrt(metrics->squared / weight);
        figures.constant_loss = metrics->spread / weight;
        figures.no_change_loss = metrics->change_squared / followed;
        figures.no_change_mae = metrics->change / followed;
    }
    return figures;
}

json_t *wh_metrics_save(const struct wh_metrics *metrics)
{
    json_t *object = json_object();
    for (size_t i = 0; i < SUMS; i++) {
        const double *sum = (const double *)((const char *)metrics + sums[i].offset);
        json_object_set_new(object, sums[i].name, json_real(*sum));
    }
    return object;
}

bool wh_metrics_load(struct wh_metrics *metrics, const json_t *object)
{
    for (size_t i = 0; i < SUMS; i++) {
        const json_t *value = json_object_get(object, sums[i].name);
        if (!json_is_number(value))
            return false;
        double *sum = (double *)((char *)metrics + sums[i].offset);
        *sum = json_number_value(value);
    }
    return true;
}
