#include "model/target.h"

#include <math.h>

void wh_target_learn(struct wh_target *target, double label, double weight)
{
    /* West, "Updating mean and variance estimates", 1979. */
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
    double origin = loss->kind == WH_LOSS_POISSON ? 0 : target->mean;
    return (label - origin) / wh_target_unit(target, loss);
}

double wh_target_expected(const struct wh_target *target, const struct wh_loss *loss, double raw)
{
    double unit = wh_target_unit(target, loss);
    return loss->kind == WH_LOSS_POISSON ? unit * exp(raw) : target->mean + unit * raw;
}

json_t *wh_target_save(const struct wh_target *target)
{
    return json_pack("{s:f, s:f, s:f}", "weight", target->weight, "mean", target->mean, "spread",
                     target->spread);
}

bool wh_target_load(struct wh_target *target, const json_t *object)
{
    const json_t *weight = json_object_get(object, "weight");
    const json_t *mean = json_object_get(object, "mean");
    const json_t *spread = json_object_get(object, "spread");
    if (!json_is_number(weight) || !json_is_number(mean) || !json_is_number(spread))
        return false;
    *target = (struct wh_target){ json_number_value(weight), json_number_value(mean),
                                  json_number_value(spread) };
    /* Labels and weights are 1e50 at most. */
    return target->weight >= 0 && target->weight <= 1e100 && fabs(target->mean) <= 1e51
        && target->spread >= 0 && target->spread <= 1e300;
}
