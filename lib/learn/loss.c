#include "learn/loss.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/choice.h"
#include "base/number.h"
#include "base/text.h"

/* Below this length a step is so short that the gradient does not change on the way. */
static const double SHORT_STEP = 1e-6;
/* And beyond this one it has long arrived; products of longer ones could overflow. */
static const double LONG_STEP = 1e100;

struct kind {
    const char *name, *link;
    const char *parameter; /* what it is called in messages; NULL: there is none */
    double usual;          /* the parameter where none is given */
    double most;           /* it is above 0 and below this */
};

static const struct kind kinds[] = {
    [WH_LOSS_SQUARED] = { .name = "squared", .link = "identity" },
    [WH_LOSS_ABSOLUTE] = { .name = "absolute", .link = "identity" },
    /* Huber's own choice: as good as squared loss to 95 % where errors are normal. */
    [WH_LOSS_HUBER] = { "huber", "identity", "DELTA", 1.345, 1e9 },
    [WH_LOSS_QUANTILE] = { "quantile", "identity", "TAU", 0.5, 1 },
    [WH_LOSS_POISSON] = { .name = "poisson", .link = "log" },
    [WH_LOSS_LOGISTIC] = { .name = "logistic", .link = "logit" },
    [WH_LOSS_HINGE] = { .name = "hinge", .link = "none" },
};

enum { KINDS = sizeof kinds / sizeof *kinds };

const char *wh_loss_name(const struct wh_loss *loss)
{
    return kinds[loss->kind].name;
}

const char *wh_loss_link(const struct wh_loss *loss)
{
    return kinds[loss->kind].link;
}

bool wh_loss_is_margin(const struct wh_loss *loss)
{
    return loss->kind == WH_LOSS_LOGISTIC || loss->kind == WH_LOSS_HINGE;
}

bool wh_loss_is_of_numbers(const struct wh_loss *loss)
{
    return !wh_loss_is_margin(loss) && loss->kind != WH_LOSS_SQUARED;
}

struct wh_loss wh_loss_of_task(bool classes)
{
    return (struct wh_loss){ .kind = classes ? WH_LOSS_LOGISTIC : WH_LOSS_SQUARED };
}

/* As --loss takes them. */
static const char *const forms[] = { "squared", "absolute", "huber:DELTA", "quantile:TAU",
                                     "poisson", "logistic", "hinge", NULL };

static int parse_parameter(const char *text, struct wh_loss *loss, struct wh_error *error)
{
    const struct kind *kind = &kinds[loss->kind];
    char quoted[96];
    size_t length = strlen(text);
    if (!kind->parameter)
        return wh_fail(error, WH_REFUSED, "--loss %s takes no number", kind->name);
    if (wh_number_valid(text, length))
        loss->parameter = wh_number_parse(text, length);
    if (loss->parameter > 0 && loss->parameter < kind->most)
        return 0;
    return wh_fail(error, WH_REFUSED, "--loss %s:%s: %s must be above 0 and below %g", kind->name,
                   wh_quote(quoted, text, length), kind->parameter, kind->most);
}

int wh_loss_parse(const char *text, struct wh_loss *loss, struct wh_error *error)
{
    size_t length = strcspn(text, ":");
    for (size_t i = 0; i < KINDS; i++) {
        if (strlen(kinds[i].name) != length || memcmp(text, kinds[i].name, length) != 0)
            continue;
        *loss = (struct wh_loss){ .kind = (enum wh_loss_kind)i };
        if (text[length] == ':')
            return parse_parameter(text + length + 1, loss, error);
        loss->parameter = kinds[i].usual;
        return 0;
    }
    return wh_choice_refuse("loss", text, forms, error);
}

const char *wh_loss_print(const struct wh_loss *loss, char text[static WH_LOSS_TEXT])
{
    const struct kind *kind = &kinds[loss->kind];
    size_t length = strlen(kind->name);
    memcpy(text, kind->name, length);
    if (kind->parameter) {
        text[length++] = ':';
        length += wh_number_print(loss->parameter, text + length);
    }
    text[length] = '\0';
    return text;
}

/*
 * Losses and slopes
 */

static void find_logistic(struct wh_outcome *outcome)
{
    double margin = outcome->prediction * outcome->target;
    double growth = exp(margin);
    outcome->growth = growth;
    /* log1p would keep more digits of very small losses, which sums of losses do not need. */
    outcome->loss = margin > 0 ? log(1 + 1 / growth) : log(1 + growth) - margin;
    outcome->slope = -outcome->target / (1 + growth);
}

static void find_hinge(struct wh_outcome *outcome)
{
    double lacking = 1 - outcome->prediction * outcome->target;
    outcome->loss = lacking > 0 ? lacking : 0;
    outcome->slope = lacking > 0 ? -outcome->target : 0;
}

static void find_poisson(struct wh_outcome *outcome)
{
    double expected = exp(outcome->prediction), target = outcome->target;
    outcome->growth = expected;
    outcome->slope = expected - target;
    outcome->loss = outcome->slope;
    if (target > 0)
        outcome->loss += target * (log(target) - outcome->prediction);
}

static void find_huber(double delta, double error, struct wh_outcome *outcome)
{
    if (fabs(error) <= delta) {
        outcome->loss = error * error / 2;
        outcome->slope = error;
    } else {
        outcome->loss = delta * (fabs(error) - delta / 2);
        outcome->slope = copysign(delta, error);
    }
}

/* The slopes of the two sides, `above` where the prediction is too high. */
static void find_sides(double below, double above, double error, struct wh_outcome *outcome)
{
    outcome->slope = error > 0 ? above : error < 0 ? -below : 0;
    outcome->loss = outcome->slope * error;
}

void wh_loss_find(const struct wh_loss *loss, struct wh_outcome *outcome)
{
    double error = outcome->prediction - outcome->target;
    outcome->growth = 0;
    switch (loss->kind) {
    case WH_LOSS_SQUARED:
        outcome->loss = error * error;
        outcome->slope = 2 * error;
        break;
    case WH_LOSS_ABSOLUTE:
        find_sides(1, 1, error, outcome);
        break;
    case WH_LOSS_HUBER:
        find_huber(loss->parameter, error, outcome);
        break;
    case WH_LOSS_QUANTILE:
        find_sides(loss->parameter, 1 - loss->parameter, error, outcome);
        break;
    case WH_LOSS_POISSON:
        find_poisson(outcome);
        break;
    case WH_LOSS_LOGISTIC:
        find_logistic(outcome);
        break;
    case WH_LOSS_HINGE:
        find_hinge(outcome);
        break;
    }
}

/*
 * Steps
 */

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

/*
 * The d with exp(p) growing by exp(d): dp/ds = y - exp(p) solved for the share of the way that is
 * left, exp(-d) = 1 + (exp(p) - y) (1 - exp(-y s)) / y.
 */
static double poisson_move(const struct wh_outcome *outcome, double step)
{
    static const double LOST = 1e-300; /* products below lose digits */
    double target = outcome->target, product = target * step;
    double length = product > LOST ? -expm1(-product) / target : step;
    double change = length * outcome->slope;
    if (change > -0.5)
        return -log1p(change);
    return -log(exp(-product) + length * outcome->growth);
}

/* Down the slope at the same pace, but no further than `distance`. */
static double straight_move(const struct wh_outcome *outcome, double step, double distance)
{
    double length = fabs(outcome->slope) * step;
    return copysign(length < distance ? length : distance, -outcome->slope);
}

/* At the same pace to where the curve begins, and then along it. */
static double huber_move(double delta, const struct wh_outcome *outcome, double step)
{
    double error = outcome->prediction - outcome->target;
    double straight = fabs(error) / delta - 1; /* the length of step until there */
    if (straight <= 0)
        return error * expm1(-step);
    if (step <= straight)
        return straight_move(outcome, step, fabs(error));
    return -error + copysign(delta, error) * exp(straight - step);
}

double wh_loss_move(const struct wh_loss *loss, const struct wh_outcome *outcome, double step)
{
    double error = outcome->prediction - outcome->target;
    if (step > LONG_STEP)
        step = LONG_STEP;
    switch (loss->kind) {
    case WH_LOSS_SQUARED:
        return step < SHORT_STEP ? -outcome->slope * step : error * expm1(-2 * step);
    case WH_LOSS_LOGISTIC:
        return step < SHORT_STEP ? -outcome->slope * step
                                 : outcome->target * logistic_growth(outcome->growth, step);
    case WH_LOSS_HUBER:
        return huber_move(loss->parameter, outcome, step);
    case WH_LOSS_POISSON:
        return poisson_move(outcome, step);
    case WH_LOSS_HINGE:
        return outcome->slope == 0 ? 0 : straight_move(outcome, step, outcome->loss);
    case WH_LOSS_ABSOLUTE:
    case WH_LOSS_QUANTILE:
        break;
    }
    return straight_move(outcome, step, fabs(error));
}

double wh_loss_of_rate(const struct wh_loss *loss, double rate)
{
    if (loss->kind == WH_LOSS_SQUARED)
        return rate * (1 - rate);
    if (loss->kind == WH_LOSS_HINGE)
        return 2 * (rate < 0.5 ? rate : 1 - rate);
    if (rate <= 0 || rate >= 1)
        return 0;
    return -(rate * log(rate) + (1 - rate) * log1p(-rate));
}

double wh_loss_margin(const struct wh_loss *loss, double prediction)
{
    return loss->kind == WH_LOSS_SQUARED ? 8 * (prediction - 0.5) : prediction;
}

/* From -1 to EDGE what is predicted is squeezed into what is from 0 to EDGE. */
static double near_zero(double prediction)
{
    static const double EDGE = 0.001;
    double from_lowest = prediction > -1 ? prediction + 1 : 0;
    return prediction > EDGE ? prediction : from_lowest * EDGE / (1 + EDGE);
}

double wh_loss_probability(const struct wh_loss *loss, double prediction)
{
    if (loss->kind == WH_LOSS_LOGISTIC)
        return 1 / (1 + exp(-prediction));
    if (loss->kind == WH_LOSS_HINGE)
        return prediction;
    return prediction < 0.5 ? near_zero(prediction) : 1 - near_zero(1 - prediction);
}
