#include "learn/metrics.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/memory.h"
#include "learn/target.h"

static const struct {
    const char *name;
    size_t offset;
    bool later; /* models of earlier versions lack it, and it is 0 */
} sums[] = {
    { "passed_over", offsetof(struct wh_metrics, passed_over), true },
    { "weight", offsetof(struct wh_metrics, weight), false },
    { "loss", offsetof(struct wh_metrics, loss), false },
    { "correct", offsetof(struct wh_metrics, correct), false },
    { "positive", offsetof(struct wh_metrics, positive), false },
    { "absolute", offsetof(struct wh_metrics, absolute), false },
    { "squared", offsetof(struct wh_metrics, squared), false },
    { "mean", offsetof(struct wh_metrics, mean), false },
    { "spread", offsetof(struct wh_metrics, spread), false },
    { "followed", offsetof(struct wh_metrics, followed), false },
    { "repeated", offsetof(struct wh_metrics, repeated), false },
    { "change", offsetof(struct wh_metrics, change), false },
    { "change_squared", offsetof(struct wh_metrics, change_squared), false },
    { "rise", offsetof(struct wh_metrics, rise), false },
    { "surprise", offsetof(struct wh_metrics, surprise), false },
    { "last", offsetof(struct wh_metrics, last), false },
};

enum { SUMS = sizeof sums / sizeof *sums };

void wh_metrics_free(struct wh_metrics *metrics)
{
    free(metrics->classes);
    *metrics = (struct wh_metrics){ 0 };
}

/* Whether the row that comes has a label before it. */
static bool follows(const struct wh_metrics *metrics)
{
    return metrics->rows > 0 || metrics->preceded;
}

static void add_class(struct wh_metrics *metrics, double target, bool correct, double loss,
                      double weight)
{
    if (follows(metrics)) {
        metrics->followed += weight;
        metrics->repeated += metrics->last == target ? weight : 0;
    }
    metrics->last = target;
    metrics->rows++;
    metrics->weight += weight;
    metrics->loss += weight * loss;
    metrics->correct += correct ? weight : 0;
}

void wh_metrics_binary(struct wh_metrics *metrics, bool target, bool prediction, double loss,
                       double weight)
{
    add_class(metrics, target, target == prediction, loss, weight);
    metrics->positive += target ? weight : 0;
}

static void make_room(struct wh_metrics *metrics, uint32_t classes)
{
    if (classes <= metrics->class_count)
        return;
    metrics->classes = wh_resize(metrics->classes, classes, sizeof *metrics->classes);
    while (metrics->class_count < classes)
        metrics->classes[metrics->class_count++] = 0;
}

void wh_metrics_class(struct wh_metrics *metrics, uint32_t target, bool right, double loss,
                      double weight)
{
    make_room(metrics, target + 1);
    add_class(metrics, target, right, loss, weight);
    metrics->classes[target] += weight;
}

void wh_metrics_number(struct wh_metrics *metrics, double target, double prediction, double loss,
                       double weight)
{
    if (follows(metrics)) {
        double change = target - metrics->last;
        metrics->followed += weight;
        metrics->change += weight * fabs(change);
        metrics->change_squared += weight * change * change;
        metrics->rise += change > 0 ? weight * change : 0;
    }
    if (target > 0)
        metrics->surprise += weight * target * log(target);
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

void wh_metrics_pass_over(struct wh_metrics *metrics, double target)
{
    metrics->last = target;
    metrics->rows++;
    metrics->passed_over++;
}

void wh_metrics_follow(struct wh_metrics *metrics, const struct wh_metrics *before)
{
    metrics->preceded = follows(before);
    metrics->last = before->last;
}

void wh_metrics_merge(struct wh_metrics *metrics, const struct wh_metrics *from,
                      const uint32_t *classes)
{
    /* Those that are no sums are worked out from both. */
    struct wh_target labels = { metrics->weight, metrics->mean, metrics->spread, false };
    wh_target_merge(&labels, &(struct wh_target){ from->weight, from->mean, from->spread, false });
    double rows = metrics->rows + from->rows;
    for (size_t i = 0; i < SUMS; i++) {
        double *sum = (double *)((char *)metrics + sums[i].offset);
        *sum += *(const double *)((const char *)from + sums[i].offset);
    }
    metrics->rows = rows;
    metrics->mean = labels.mean;
    metrics->spread = labels.spread;
    metrics->last = from->last;
    for (uint32_t i = 0; classes && i < from->class_count; i++) {
        make_room(metrics, classes[i] + 1);
        metrics->classes[classes[i]] += from->classes[i];
    }
    if (classes && from->last >= 0 && from->last < from->class_count)
        metrics->last = classes[(size_t)from->last];
}

static void binary_figures(const struct wh_metrics *metrics, const struct wh_loss *loss,
                           struct wh_figures *figures)
{
    double rate = metrics->positive / metrics->weight;
    double repeated = figures->no_change_accuracy;
    figures->constant_loss = wh_loss_of_rate(loss, rate);
    figures->constant_accuracy = rate < 0.5 ? 1 - rate : rate;
    figures->no_change_loss = wh_loss_of_rate(loss, repeated < 0.5 ? 0.5 : repeated);
}

/* The entropy of a share. */
static double entropy(double share)
{
    return share > 0 ? -share * log(share) : 0;
}

static void class_figures(const struct wh_metrics *metrics, struct wh_figures *figures)
{
    double most = 0, others = metrics->class_count > 1 ? metrics->class_count - 1 : 1;
    for (uint32_t i = 0; i < metrics->class_count; i++) {
        double share = metrics->classes[i] / metrics->weight;
        figures->constant_loss += entropy(share);
        if (share > most)
            most = share;
    }
    figures->constant_accuracy = most;
    /* The other classes are thought alike. */
    double repeated = figures->no_change_accuracy;
    if (repeated < 1 / (1 + others))
        repeated = 1 / (1 + others);
    figures->no_change_loss = entropy(repeated) + others * entropy((1 - repeated) / others);
}

/* The losses of always saying the same, and of saying what the label before was. */
static void number_baselines(const struct wh_metrics *metrics, const struct wh_loss *loss,
                             struct wh_figures *figures)
{
    double weight = metrics->weight, followed = metrics->followed, mean = metrics->mean;
    figures->constant_loss = figures->no_change_loss = (double)NAN;
    switch (loss->kind) {
    case WH_LOSS_ABSOLUTE:
        figures->no_change_loss = metrics->change / followed;
        break;
    case WH_LOSS_QUANTILE:
        figures->no_change_loss = (loss->parameter * metrics->rise
                                   + (1 - loss->parameter) * (metrics->change - metrics->rise))
                                / followed;
        break;
    case WH_LOSS_POISSON:
        figures->constant_loss = metrics->surprise / weight - (mean > 0 ? mean * log(mean) : 0);
        break;
    case WH_LOSS_HUBER:
        break;
    default:
        figures->constant_loss = metrics->spread / weight;
        figures->no_change_loss = metrics->change_squared / followed;
    }
}

static void number_figures(const struct wh_metrics *metrics, const struct wh_loss *loss,
                           struct wh_figures *figures)
{
    figures->mae = metrics->absolute / metrics->weight;
    figures->rmse = sqrt(metrics->squared / metrics->weight);
    figures->no_change_mae = metrics->change / metrics->followed;
    number_baselines(metrics, loss, figures);
}

struct wh_figures wh_metrics_figures(const struct wh_metrics *metrics, enum wh_task_kind task,
                                     const struct wh_loss *loss)
{
    struct wh_figures figures = {
        .loss = metrics->loss / metrics->weight,
        .accuracy = metrics->correct / metrics->weight,
        .no_change_accuracy = metrics->repeated / metrics->followed,
    };
    if (task == WH_TASK_REGRESSION)
        number_figures(metrics, loss, &figures);
    else if (task == WH_TASK_MULTICLASS)
        class_figures(metrics, &figures);
    else
        binary_figures(metrics, loss, &figures);
    return figures;
}

json_t *wh_metrics_save(const struct wh_metrics *metrics)
{
    json_t *object = json_object();
    for (size_t i = 0; i < SUMS; i++) {
        const double *sum = (const double *)((const char *)metrics + sums[i].offset);
        json_object_set_new(object, sums[i].name, json_real(*sum));
    }
    json_t *classes = json_array();
    for (uint32_t i = 0; i < metrics->class_count; i++)
        json_array_append_new(classes, json_real(metrics->classes[i]));
    json_object_set_new(object, "classes", classes);
    return object;
}

bool wh_metrics_load(struct wh_metrics *metrics, const json_t *object)
{
    for (size_t i = 0; i < SUMS; i++) {
        const json_t *value = json_object_get(object, sums[i].name);
        if (!value && sums[i].later)
            continue;
        if (!json_is_number(value))
            return false;
        double *sum = (double *)((char *)metrics + sums[i].offset);
        *sum = json_number_value(value);
    }
    const json_t *classes = json_object_get(object, "classes");
    size_t count = json_array_size(classes);
    if (!json_is_array(classes) || count > WH_MOST_CLASSES)
        return false;
    make_room(metrics, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        if (!json_is_number(json_array_get(classes, i)))
            return false;
        metrics->classes[i] = json_number_value(json_array_get(classes, i));
    }
    return true;
}
