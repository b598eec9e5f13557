#include "learn/target.h"

#include <math.h>

/* Labels beyond so many deviations from the mean are outliers, in a scale that has seen so many
 * rows as heavy as theirs; but the second of two in a row may be of a new level. */
static const double FAR = 10, SETTLED = 20;
/* Learners are told of no label that is further off, in units. */
static const double FARTHEST = 100;

static double clamp(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

/* The label, or what it counts as for the scale: a single one must not spoil it for good. */
static double tame(struct wh_target *target, double label, double weight)
{
    double far = FAR * sqrt(target->spread / target->weight);
    if (!(target->weight > SETTLED * weight) || !(far > 0) || fabs(label - target->mean) <= far) {
        target->far = false;
        return label;
    }
    if (target->far)
        return label;
    target->far = true;
    return clamp(label, target->mean - far, target->mean + far);
}

void wh_target_learn(struct wh_target *target, double label, double weight)
{
    /* West, "Updating mean and variance estimates", 1979. */
    label = tame(target, label, weight);
    double distance = label - target->mean;
    target->weight += weight;
    target->mean += distance * weight / target->weight;
    target->spread += weight * distance * (label - target->mean);
}

void wh_target_merge(struct wh_target *target, const struct wh_target *from)
{
    if (!(from->weight > 0))
        return;
    /* Chan, Golub and LeVeque, "Updating formulae ... for computing sample variances", 1979. */
    double weight = target->weight + from->weight, distance = from->mean - target->mean;
    target->mean += distance * (from->weight / weight);
    target->spread += from->spread + distance * distance * target->weight
                                         * (from->weight / weight);
    target->weight = weight;
}

double wh_target_unit(const struct wh_target *target, const struct wh_loss *loss)
{
    double unit = 0;
    if (target->weight > 0)
        unit = loss->kind == WH_LOSS_POISSON ? target->mean
                                             : sqrt(target->spread / target->weight);
    return unit > 0 ? unit : 1;
}

double wh_target_scaled(const struct wh_target *target, const struct wh_loss *loss, double label)
{
    double unit = wh_target_unit(target, loss);
    if (loss->kind == WH_LOSS_POISSON)
        return label / unit;
    return clamp((label - target->mean) / unit, -FARTHEST, FARTHEST);
}

double wh_target_expected(const struct wh_target *target, const struct wh_loss *loss, double raw)
{
    double unit = wh_target_unit(target, loss);
    return loss->kind == WH_LOSS_POISSON ? unit * exp(raw) : target->mean + unit * raw;
}

json_t *wh_target_save(const struct wh_target *target)
{
    return json_pack("{s:f, s:f, s:f, s:b}", "weight", target->weight, "mean", target->mean,
                     "spread", target->spread, "far", target->far);
}

bool wh_target_load(struct wh_target *target, const json_t *object)
{
    const json_t *weight = json_object_get(object, "weight");
    const json_t *mean = json_object_get(object, "mean");
    const json_t *spread = json_object_get(object, "spread");
    const json_t *far = json_object_get(object, "far");
    if (!json_is_number(weight) || !json_is_number(mean) || !json_is_number(spread)
        || !json_is_boolean(far))
        return false;
    *target = (struct wh_target){ json_number_value(weight), json_number_value(mean),
                                  json_number_value(spread),
                                  json_is_true(far) };
    /* Labels and weights are 1e50 at most. */
    return target->weight >= 0 && target->weight <= 1e100 && fabs(target->mean) <= 1e51
        && target->spread >= 0 && target->spread <= 1e300;
}
