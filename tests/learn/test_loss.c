/* Losses and the length of steps, against values computed with 60 digits. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "learn/loss.h"

static const struct wh_loss squared_loss = { .kind = WH_LOSS_SQUARED };
static const struct wh_loss logistic_loss = { .kind = WH_LOSS_LOGISTIC };

static const struct wh_loss others[] = {
    { WH_LOSS_ABSOLUTE, 0 },   { WH_LOSS_HUBER, 1.5 },   { WH_LOSS_QUANTILE, 0.9 },
    { WH_LOSS_QUANTILE, 0.2 }, { WH_LOSS_POISSON, 0 },   { WH_LOSS_HINGE, 0 },
    { WH_LOSS_SQUARED, 0 },    { WH_LOSS_LOGISTIC, 0 },
};

enum { OTHERS = sizeof others / sizeof *others };

static struct wh_outcome outcome_of(const struct wh_loss *loss, double prediction, double target)
{
    struct wh_outcome outcome = { .prediction = prediction, .target = target, .weight = 1 };
    wh_loss_find(loss, &outcome);
    return outcome;
}

static void assert_close(double value, double wanted, double relative)
{
    if (!(fabs(value - wanted) <= relative * fabs(wanted)))
        fail_msg("%.17g instead of %.17g", value, wanted);
}

static void logistic_loss_is_right_on_both_sides(void **state)
{
    (void)state;
    static const double cases[][2] = {
        { 0, 0.6931471805599453 }, { 2, 0.1269280110429725 }, { -2, 2.1269280110429727 },
        { -50, 50 },               { 30, 9.357622968839737e-14 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wh_outcome positive = outcome_of(&logistic_loss, cases[i][0], 1);
        struct wh_outcome negative = outcome_of(&logistic_loss, -cases[i][0], -1);
        assert_true(fabs(positive.loss - cases[i][1]) <= 4e-16 * fmax(1, cases[i][1]));
        assert_true(positive.loss == negative.loss);
        assert_true(positive.slope == -negative.slope);
        assert_close(positive.slope, -1 / (1 + exp(cases[i][0])), 1e-15);
    }
}

static void logistic_steps_solve_the_equation_of_lambert(void **state)
{
    (void)state;
    static const struct {
        double margin, step, move;
    } cases[] = {
        { 0, 0.5, 0.23504027987449946 },
        { 0, 1e-5, 4.9999937500052084e-06 },
        { 2, 0.1, 0.011858120051497683 },
        { -2, 0.1, 0.087608593896077641 },
        { -5, 3, 2.8859856916031683 },
        { 30, 0.5, 4.6788114844195403e-14 },
        { -30, 40, 32.070579904980313 },
        { 50, 1, 1.9287498479639178e-22 },
        { -50, 1e6, 63.815446740481242 },
        { 1, 2e-6, 5.3788273698582726e-07 },
        { 0.1, 1e90, 207.13265836946411 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wh_outcome outcome = outcome_of(&logistic_loss, -cases[i].margin, -1);
        assert_close(wh_loss_move(&logistic_loss, &outcome, cases[i].step), -cases[i].move,
                     1e-14);
    }
}

/* d + E (exp(d) - 1) = step, over every margin and step that can come. */
static void logistic_steps_leave_no_remainder(void **state)
{
    (void)state;
    for (double margin = -WH_MARGIN_LIMIT; margin <= WH_MARGIN_LIMIT; margin += 0.37)
        for (double step = 1e-6; step < 1e12; step *= 1.9) {
            struct wh_outcome outcome = outcome_of(&logistic_loss, margin, 1);
            double move = wh_loss_move(&logistic_loss, &outcome, step);
            assert_true(move > 0);
            assert_close(move + outcome.growth * expm1(move), step, 1e-12);
        }
}

static void squared_steps_never_pass_the_target(void **state)
{
    (void)state;
    struct wh_outcome outcome = outcome_of(&squared_loss, 3, 5);
    assert_true(outcome.loss == 4);
    assert_true(outcome.slope == -4);
    assert_close(wh_loss_move(&squared_loss, &outcome, 0.25), 2 * (1 - exp(-0.5)), 1e-15);
    assert_true(wh_loss_move(&squared_loss, &outcome, 1e300) == 2);
}

static void short_steps_follow_the_slope(void **state)
{
    (void)state;
    struct wh_outcome squared = outcome_of(&squared_loss, 3, 5);
    assert_close(wh_loss_move(&squared_loss, &squared, 1e-7), 4e-7, 1e-15);
    struct wh_outcome logistic = outcome_of(&logistic_loss, 0, -1);
    assert_close(wh_loss_move(&logistic_loss, &logistic, 1e-7), -0.5e-7, 1e-15);
}

/* Growths of 1e-22 to 1e22 and steps without end: nothing overflows to something that is none. */
static void absurd_steps_stay_finite(void **state)
{
    (void)state;
    static const double steps[] = { 1e6, 1e50, 1e150, 1e300, INFINITY };
    for (double margin = -50; margin <= 50; margin += 25)
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
            struct wh_outcome outcome = outcome_of(&logistic_loss, margin, 1);
            assert_true(isfinite(wh_loss_move(&logistic_loss, &outcome, steps[i])));
        }
}

/* By scikit-learn 1.9 (HuberLoss, PinballLoss, HalfPoissonLoss with its constant, AbsoluteError,
 * hinge_loss). */
static void losses_and_slopes_are_those_of_the_books(void **state)
{
    (void)state;
    static const struct {
        struct wh_loss loss;
        double prediction, target, value, slope;
    } cases[] = {
        { { WH_LOSS_ABSOLUTE, 0 }, 3, 5, 2, -1 },
        { { WH_LOSS_ABSOLUTE, 0 }, 5, 3, 2, 1 },
        { { WH_LOSS_ABSOLUTE, 0 }, 5, 5, 0, 0 },
        { { WH_LOSS_HUBER, 1.5 }, 1, 2, 0.5, -1 },
        { { WH_LOSS_HUBER, 1.5 }, 5, 1, 4.875, 1.5 },
        { { WH_LOSS_QUANTILE, 0.9 }, 3, 5, 1.8, -0.9 },
        { { WH_LOSS_QUANTILE, 0.9 }, 5, 3, 0.2, 0.1 },
        { { WH_LOSS_POISSON, 0 }, 0, 0, 1, 1 },
        { { WH_LOSS_POISSON, 0 }, 1, 3, 0.014118694463374215, -0.281718171540955 },
        { { WH_LOSS_POISSON, 0 }, 1.0986122886681098, 3, 0, 0 },
        { { WH_LOSS_HINGE, 0 }, 0.25, 1, 0.75, -1 },
        { { WH_LOSS_HINGE, 0 }, 0.25, -1, 1.25, 1 },
        { { WH_LOSS_HINGE, 0 }, 1.5, 1, 0, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wh_outcome outcome =
            outcome_of(&cases[i].loss, cases[i].prediction, cases[i].target);
        assert_true(fabs(outcome.loss - cases[i].value) <= 1e-13);
        assert_true(fabs(outcome.slope - cases[i].slope) <= 1e-13);
    }
}

/* The targets to try with a loss: two for margins, counts for poisson. */
static double target_of(const struct wh_loss *loss, int i)
{
    static const double targets[] = { -1, 1, 0, 4.25 }, counts[] = { 0, 1, 7, 0.3 };
    return loss->kind == WH_LOSS_POISSON ? counts[i]
         : wh_loss_is_margin(loss)       ? targets[i % 2] : targets[i];
}

static void slopes_are_the_derivatives_of_losses(void **state)
{
    (void)state;
    static const double step = 1e-6;
    for (size_t k = 0; k < OTHERS; k++)
        for (int i = 0; i < 4; i++)
            for (double prediction = -4.03; prediction < 5; prediction += 0.17) {
                double target = target_of(&others[k], i);
                double right = outcome_of(&others[k], prediction + step, target).loss;
                double left = outcome_of(&others[k], prediction - step, target).loss;
                double slope = outcome_of(&others[k], prediction, target).slope;
                assert_true(fabs((right - left) / (2 * step) - slope) < 1e-6 * (1 + fabs(slope)));
            }
}

/* dp/ds = -dl/dp in so many short steps (of the fourth order, Runge and Kutta). */
static double walk(const struct wh_loss *loss, double prediction, double target, double step)
{
    enum { STEPS = 4000 };
    double h = step / STEPS, p = prediction;
    for (int i = 0; i < STEPS; i++) {
        double a = -outcome_of(loss, p, target).slope;
        double b = -outcome_of(loss, p + h * a / 2, target).slope;
        double c = -outcome_of(loss, p + h * b / 2, target).slope;
        double d = -outcome_of(loss, p + h * c, target).slope;
        p += h * (a + 2 * b + 2 * c + d) / 6;
    }
    return p - prediction;
}

static void steps_follow_the_slope_as_it_changes(void **state)
{
    (void)state;
    static const double steps[] = { 1e-7, 0.01, 0.3, 1.7, 6 };
    for (size_t k = 0; k < OTHERS; k++)
        for (int i = 0; i < 4; i++)
            for (double prediction = -3.03; prediction < 5; prediction += 1.1)
                for (size_t n = 0; n < sizeof steps / sizeof *steps; n++) {
                    double target = target_of(&others[k], i);
                    struct wh_outcome outcome = outcome_of(&others[k], prediction, target);
                    double move = wh_loss_move(&others[k], &outcome, steps[n]);
                    double wanted = walk(&others[k], prediction, target, steps[n]);
                    /* At a kink the walk goes to and fro, a step of it at most. */
                    double kink = steps[n] / 1000;
                    assert_true(fabs(move - wanted) <= 1e-7 * fabs(wanted) + kink * 1e-2
                                || (fabs(move - wanted) <= kink
                                    && others[k].kind != WH_LOSS_POISSON));
                }
}

/* However long the step: at the target, and neither beyond it nor nowhere. */
static void steps_of_any_length_end_at_the_target(void **state)
{
    (void)state;
    static const double steps[] = { 1e3, 1e30, 1e150, INFINITY };
    for (size_t k = 0; k < OTHERS; k++)
        for (int i = 0; i < 4; i++)
            for (double prediction = -50; prediction <= 50; prediction += 12.5)
                for (size_t n = 0; n < sizeof steps / sizeof *steps; n++) {
                    double target = target_of(&others[k], i);
                    struct wh_outcome outcome = outcome_of(&others[k], prediction, target);
                    double end = prediction + wh_loss_move(&others[k], &outcome, steps[n]);
                    assert_true(isfinite(end));
                    if (others[k].kind == WH_LOSS_HINGE)
                        assert_true(end * target >= 1 - 1e-12);
                    else if (others[k].kind == WH_LOSS_POISSON && target > 0)
                        assert_true(fabs(end - log(target)) < 1e-9);
                    else if (!wh_loss_is_margin(&others[k])
                             && others[k].kind != WH_LOSS_POISSON)
                        assert_true(fabs(end - target) <= 1e-13 * (50 + fabs(target)));
                }
}

static void losses_of_a_rate_are_entropy_and_variance(void **state)
{
    (void)state;
    assert_close(wh_loss_of_rate(&logistic_loss, 0.5), log(2), 1e-15);
    assert_close(wh_loss_of_rate(&logistic_loss, 0.25), 0.5623351446188083, 1e-15);
    assert_true(wh_loss_of_rate(&logistic_loss, 0) == 0);
    assert_true(wh_loss_of_rate(&logistic_loss, 1) == 0);
    assert_close(wh_loss_of_rate(&squared_loss, 0.25), 0.1875, 1e-15);
    assert_close(wh_loss_of_rate(&(struct wh_loss){ .kind = WH_LOSS_HINGE }, 0.75), 0.5, 1e-15);
}

static void names_lead_to_losses_and_back(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        { "squared", "squared" },           { "absolute", "absolute" },
        { "huber", "huber:1.345" },         { "huber:0.50", "huber:0.5" },
        { "quantile", "quantile:0.5" },     { "quantile:9e-1", "quantile:0.9" },
        { "poisson", "poisson" },           { "logistic", "logistic" },
        { "hinge", "hinge" },
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct wh_loss loss, again;
        struct wh_error error;
        char text[WH_LOSS_TEXT];
        assert_int_equal(wh_loss_parse(texts[i][0], &loss, &error), 0);
        assert_string_equal(wh_loss_print(&loss, text), texts[i][1]);
        assert_int_equal(wh_loss_parse(text, &again, &error), 0);
        assert_true(again.kind == loss.kind && again.parameter == loss.parameter);
    }
    assert_string_equal(wh_loss_name(&logistic_loss), "logistic");
    assert_string_equal(wh_loss_link(&squared_loss), "identity");
}

static void what_is_no_loss_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "cubic", "", ":", "squared:1", "squared:", "quantile:", "quantile:1", "quantile:0",
        "quantile:-0.5", "quantile:nan", "quantile:0.5x", "huber:0", "huber:1e9", "huber:inf",
        "hinge:1", "Squared", "squaredx",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct wh_loss loss;
        struct wh_error error;
        assert_int_equal(wh_loss_parse(texts[i], &loss, &error), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logistic_loss_is_right_on_both_sides),
        cmocka_unit_test(logistic_steps_solve_the_equation_of_lambert),
        cmocka_unit_test(logistic_steps_leave_no_remainder),
        cmocka_unit_test(squared_steps_never_pass_the_target),
        cmocka_unit_test(short_steps_follow_the_slope),
        cmocka_unit_test(absurd_steps_stay_finite),
        cmocka_unit_test(losses_and_slopes_are_those_of_the_books),
        cmocka_unit_test(slopes_are_the_derivatives_of_losses),
        cmocka_unit_test(steps_follow_the_slope_as_it_changes),
        cmocka_unit_test(steps_of_any_length_end_at_the_target),
        cmocka_unit_test(losses_of_a_rate_are_entropy_and_variance),
        cmocka_unit_test(names_lead_to_losses_and_back),
        cmocka_unit_test(what_is_no_loss_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
