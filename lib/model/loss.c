#include "model/loss.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* Below this length a step is so short that the gradient does not change on the way. */
static const double SHORT_STEP = 1e-6;
/* And beyond this one it has long arrived; products of longer ones could overflow. */
static const double LONG_STEP = 1e100;

static const struct {
    const char *name, *link;
} losses[] = {
    [WH_LOSS_SQUARED] = { "squared", "identity" },
    [WH_LOSS_LOGISTIC] = { "logistic", "logit" },
};

const char *wh_loss_name(const struct wh_loss *loss)
{
    return losses[loss->kind].name;
}

const char *wh_loss_link(const struct wh_loss *loss)
{
    return losses[loss->kind].link;
}

bool wh_loss_is_margin(const struct wh_loss *loss)
{
    return loss->kind == WH_LOSS_LOGISTIC;
}

struct wh_loss wh_loss_of_task(bool classes)
{
    return (struct wh_loss){ .kind = classes ? WH_LOSS_LOGISTIC : WH_LOSS_SQUARED };
}

int wh_loss_parse(const char *text, struct wh_loss *loss, struct wh_error *error)
{
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        if (strcmp(text, losses[i].name) == 0) {
            *loss = (struct wh_loss){ .kind = (enum wh_loss_kind)i };
            return 0;
        }
    }
    return wh_fail(error, WH_REFUSED, "--loss %s is not known (there are squared and logistic)",
                   text);
}

const char *wh_loss_print(const struct wh_loss *loss, char text[static WH_LOSS_TEXT])
{
    return strcpy(text, losses[loss->kind].name);
}

void wh_loss_find(const struct wh_loss *loss, struct wh_outcome *outcome)
{
    if (loss->kind == WH_LOSS_SQUARED) {
        double error = outcome->prediction - outcome->target;
        outcome->loss = error * error;
        outcome->slope = 2 * error;
        outcome->growth = 0;
        return;
    }
    double margin = outcome->prediction * outcome->target;
    double growth = exp(margin);
    outcome->growth = growth;
    /* log1p would keep more digits of very small losses, which sums of losses do not need. */
    outcome->loss = margin > 0 ? log(1 + 1 / growth) : log(1 + growth) - margin;
    outcome->slope = -outcome->target / (1 + growth);
}

/*
 * The d >= 0 with d + growth (exp(d) - 1) = step, growth and step being positive: the margin y p
 * grows by d. With z = step + y p + exp(y p) it is z - W(exp(z)) - y p, W being Lambert's
 * function; solved for d itself, no digits are lost where the margin is large. The left side is
 * convex and grows, its tangent in 0 meets `step` right of the root. From there, and for short
 * steps from the next term of the series, Halley's rule converges cubically: mostly at once.
 */
static double logistic_growth(double growth, double step)
{
    static const double CLOSE = 1e-5; /* cubed it is within rounding */
    double d = step / (1 + growth);
    if (d < 1)
        d -= d * d * growth / (2 * (1 + growth));
    else if (d > log(1 + step / growth))
        d = log(1 + step / growth);
    for (int round = 0; round < 16; round++) {
        double grown = growth * expm1(d);
        double excess = d + grown - step;
        double first = 1 + growth + grown;  /* the derivative by d */
        double second = growth + grown;     /* and the second */
        double change = 2 * excess * first / (2 * first * first - excess * second);
        d -= change;
        if (fabs(change) <= CLOSE * (d < 1 ? d : 1))
            break;
    }
    return d;
}

double wh_loss_move(const struct wh_loss *loss, const struct wh_outcome *outcome, double step)
{
    if (step < SHORT_STEP)
        return -outcome->slope * step;
    if (loss->kind == WH_LOSS_SQUARED)
        return (outcome->prediction - outcome->target) * expm1(-2 * step);
    return outcome->target * logistic_growth(outcome->growth, step < LONG_STEP ? step : LONG_STEP);
}

double wh_loss_of_rate(const struct wh_loss *loss, double rate)
{
    if (loss->kind == WH_LOSS_SQUARED)
        return rate * (1 - rate);
    if (rate <= 0 || rate >= 1)
        return 0;
    return -(rate * log(rate) + (1 - rate) * log1p(-rate));
}

double wh_loss_probability(const struct wh_loss *loss, double prediction)
{
    if (loss->kind == WH_LOSS_LOGISTIC)
        return 1 / (1 + exp(-prediction));
    return prediction < 0 ? 0 : prediction > 1 ? 1 : prediction;
}
