/* Losses and the length of steps, against values computed with 60 digits. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/loss.h"

static const struct wh_loss squared_loss = { .kind = WH_LOSS_SQUARED };
static const struct wh_loss logistic_loss = { .kind = WH_LOSS_LOGISTIC };

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

static void losses_of_a_rate_are_entropy_and_variance(void **state)
{
    (void)state;
    assert_close(wh_loss_of_rate(&logistic_loss, 0.5), log(2), 1e-15);
    assert_close(wh_loss_of_rate(&logistic_loss, 0.25), 0.5623351446188083, 1e-15);
    assert_true(wh_loss_of_rate(&logistic_loss, 0) == 0);
    assert_true(wh_loss_of_rate(&logistic_loss, 1) == 0);
    assert_close(wh_loss_of_rate(&squared_loss, 0.25), 0.1875, 1e-15);
}

static void names_lead_to_losses_and_back(void **state)
{
    (void)state;
    struct wh_loss loss;
    struct wh_error error;
    char text[WH_LOSS_TEXT];
    assert_int_equal(wh_loss_parse("squared", &loss, &error), 0);
    assert_true(loss.kind == WH_LOSS_SQUARED);
    assert_int_equal(wh_loss_parse("logistic", &loss, &error), 0);
    assert_true(loss.kind == WH_LOSS_LOGISTIC);
    assert_string_equal(wh_loss_print(&loss, text), "logistic");
    assert_int_equal(wh_loss_parse("cubic", &loss, &error), -1);
    assert_string_equal(wh_loss_name(&logistic_loss), "logistic");
    assert_string_equal(wh_loss_link(&squared_loss), "identity");
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
        cmocka_unit_test(losses_of_a_rate_are_entropy_and_variance),
        cmocka_unit_test(names_lead_to_losses_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
