#include "learn/auto/shift.h"

#include <math.h>

#include "learn/auto/constants.h"
#include "learn/auto/pack.h"

static void make_guesses(const struct wh_auto_shift *shift, double expected, double error,
                         double scatter, double guesses[static WH_AUTO_GUESSES])
{
    guesses[0] = expected;
    guesses[1] = expected + shift->offset * error;
    guesses[2] = expected + shift->multiple * scatter;
}

double wh_auto_shift_guess(const struct wh_auto_shift *shift, double expected, double error,
                           double scatter)
{
    double guesses[WH_AUTO_GUESSES];
    make_guesses(shift, expected, error, scatter, guesses);
    double least = shift->losses[0];
    for (unsigned i = 1; i < WH_AUTO_GUESSES; i++)
        least = fmin(least, shift->losses[i]);
    double sum = 0, weights = 0;
    for (unsigned i = 0; i < WH_AUTO_GUESSES; i++) {
        double weight = 1;
        if (shift->losses[i] > least)
            weight = least > 0 ? exp(-WH_AUTO_SHIFT_SHARPNESS * (shift->losses[i] / least - 1)) : 0;
        sum += weight * guesses[i];
        weights += weight;
    }
    return sum / weights;
}

static struct wh_outcome outcome_of(const struct wh_loss *loss, double guess, double target)
{
    struct wh_outcome outcome = { .prediction = guess, .target = target, .weight = 1 };
    wh_loss_find(loss, &outcome);
    return outcome;
}

/* A step against the slope. */
static void step(double *value, double *slopes, double slope, double weight)
{
    *slopes = *slopes * WH_AUTO_SLOPES_KEPT + weight * slope * slope;
    if (!(*slopes > 0))
        return;
    *value -= fmin(weight, 1) * slope / sqrt(*slopes);
    *value = fmax(-WH_AUTO_SHIFT_FURTHEST, fmin(WH_AUTO_SHIFT_FURTHEST, *value));
}

void wh_auto_shift_learn(struct wh_auto_shift *shift, const struct wh_loss *loss, double expected,
                         double error, double scatter, double target, double weight)
{
    double guesses[WH_AUTO_GUESSES];
    struct wh_outcome outcomes[WH_AUTO_GUESSES];
    make_guesses(shift, expected, error, scatter, guesses);
    for (unsigned i = 0; i < WH_AUTO_GUESSES; i++) {
        outcomes[i] = outcome_of(loss, guesses[i], target);
        shift->losses[i] = shift->losses[i] * WH_AUTO_SHIFT_LOSSES_KEPT + weight * outcomes[i].loss;
    }
    step(&shift->offset, &shift->offset_slopes, outcomes[1].slope, weight);
    step(&shift->multiple, &shift->multiple_slopes, outcomes[2].slope, weight);
}

enum { NUMBERS = 4 + WH_AUTO_GUESSES };

json_t *wh_auto_shift_save(const struct wh_auto_shift *shift)
{
    double numbers[NUMBERS] = { shift->offset, shift->multiple, shift->offset_slopes,
                                shift->multiple_slopes };
    for (unsigned i = 0; i < WH_AUTO_GUESSES; i++)
        numbers[4 + i] = shift->losses[i];
    return wh_auto_doubles_save(numbers, NUMBERS);
}

bool wh_auto_shift_load(struct wh_auto_shift *shift, const json_t *state)
{
    static const double LARGEST_SUM = 1e150;
    double numbers[NUMBERS];
    if (!wh_auto_doubles_load(state, numbers, NUMBERS, LARGEST_SUM))
        return false;
    *shift = (struct wh_auto_shift){ .offset = numbers[0], .multiple = numbers[1],
                                     .offset_slopes = numbers[2], .multiple_slopes = numbers[3] };
    for (unsigned i = 0; i < WH_AUTO_GUESSES; i++)
        shift->losses[i] = numbers[4 + i];
    bool sound = fabs(shift->offset) <= WH_AUTO_SHIFT_FURTHEST
        && fabs(shift->multiple) <= WH_AUTO_SHIFT_FURTHEST
        && shift->offset_slopes >= 0 && shift->multiple_slopes >= 0;
    for (unsigned i = 0; i < WH_AUTO_GUESSES; i++)
        sound = sound && shift->losses[i] >= 0;
    return sound;
}
