/* Two models on the same rows: every figure held against SciPy's (ttest_rel, ttest_1samp, t.sf,
 * binomtest; version 1.17) and, with weights, NumPy's of the same formula. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "learn/compare.h"

static void assert_close(double value, double wanted, double margin)
{
    if (!(fabs(value - wanted) <= margin * fmax(1e-12, fabs(wanted))))
        fail_msg("%.17g instead of %.17g", value, wanted);
}

/* A fixed sequence of the linear congruential kind, from 0 to 1. */
static double next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*seed >> 11) / 9007199254740992.0;
}

/* 200 pairs of which the second is a little better. */
static struct wh_comparison pairs(bool weighted, double scale)
{
    struct wh_comparison comparison = { 0 };
    uint64_t seed = 1;
    for (int i = 0; i < 200; i++) {
        double base = next_random(&seed), first = base + 0.1 * next_random(&seed);
        double second = base + 0.08 * next_random(&seed), weight = next_random(&seed) * 3;
        wh_compare_loss(&comparison, first, second, weighted ? weight * scale : 1);
    }
    return comparison;
}

static void figures_are_those_of_the_paired_t_test(void **state)
{
    (void)state;
    struct wh_comparison comparison = pairs(false, 1);
    struct wh_compared result = wh_compare_result(&comparison);
    assert_close(result.first, 0.5554565994672858, 1e-13);
    assert_close(result.second, 0.5440693912009322, 1e-13);
    assert_close(result.difference, -0.011387208266353518, 1e-13);
    assert_close(result.error, 0.0025273726361496563, 1e-12);
    assert_close(result.low, -0.01637107727597164, 1e-11);
    assert_close(result.high, -0.006403339256735399, 1e-11);
    assert_close(result.p, 1.1276952576284276e-05, 1e-10);
    assert_close(result.p_second, 5.638476288142138e-06, 1e-10);
    assert_int_equal(result.verdict, WH_COMPARE_SECOND);
}

static void weights_count_by_their_share_and_not_by_their_size(void **state)
{
    (void)state;
    struct wh_comparison comparison = pairs(true, 1), scaled = pairs(true, 1e6);
    struct wh_compared result = wh_compare_result(&comparison);
    assert_close(result.difference, -0.01245764064561561, 1e-12);
    assert_close(result.error, 0.0030299348076828206, 1e-12);
    assert_close(result.low, -0.018432540418281927, 1e-11);
    assert_close(result.high, -0.006482740872949295, 1e-11);
    assert_close(result.p, 5.7465440511244086e-05, 1e-10);
    assert_close(wh_compare_result(&scaled).p, result.p, 1e-9);
}

static void exchanging_the_two_turns_the_verdict(void **state)
{
    (void)state;
    struct wh_comparison one = { 0 }, other = { 0 };
    for (int i = 0; i < 50; i++) {
        double first = 0.2 + 0.001 * (i % 7), second = 0.3 + 0.001 * (i % 5);
        wh_compare_loss(&one, first, second, 1);
        wh_compare_loss(&other, second, first, 1);
    }
    struct wh_compared left = wh_compare_result(&one), right = wh_compare_result(&other);
    assert_int_equal(left.verdict, WH_COMPARE_FIRST);
    assert_int_equal(right.verdict, WH_COMPARE_SECOND);
    assert_close(left.low, -right.high, 1e-12);
    assert_close(left.p, right.p, 1e-12);
    assert_true(left.p_second > 0.999 && right.p_second < 0.001);
}

static void few_rows_need_a_larger_difference(void **state)
{
    (void)state;
    struct wh_comparison three = { 0 }, two = { 0 };
    wh_compare_loss(&three, 0, 0.5, 1);
    wh_compare_loss(&three, 0, 0.25, 1);
    wh_compare_loss(&three, 0, 0.75, 1);
    struct wh_compared result = wh_compare_result(&three);
    assert_close(result.p, 0.07417990022744854, 1e-12);
    assert_close(result.low, -0.12103442793758246, 1e-12);
    assert_close(result.high, 1.1210344279375826, 1e-12);
    assert_int_equal(result.verdict, WH_COMPARE_NEITHER);
    wh_compare_loss(&two, 0, 1, 1);
    wh_compare_loss(&two, 0, 2, 1);
    assert_close(wh_compare_result(&two).p, 0.20483276469913345, 1e-12);
    assert_close(wh_compare_result(&two).high, 7.853102368087347, 1e-12);
}

static void less_than_two_rows_say_nothing(void **state)
{
    (void)state;
    struct wh_comparison comparison = { 0 };
    assert_true(isnan(wh_compare_result(&comparison).difference));
    wh_compare_loss(&comparison, 1, 5, 0); /* counts nothing */
    assert_true(isnan(wh_compare_result(&comparison).difference));
    wh_compare_loss(&comparison, 1, 0.5, 2);
    struct wh_compared result = wh_compare_result(&comparison);
    assert_close(result.difference, -0.5, 0);
    assert_true(isnan(result.p) && isnan(result.low));
    assert_int_equal(result.verdict, WH_COMPARE_NEITHER);
}

static void without_any_spread_there_is_no_doubt(void **state)
{
    (void)state;
    struct wh_comparison same = { 0 }, shifted = { 0 };
    for (int i = 0; i < 10; i++) {
        wh_compare_loss(&same, i, i, 1);
        wh_compare_loss(&shifted, 1, 0.5, 1);
    }
    struct wh_compared result = wh_compare_result(&same);
    assert_true(result.p >= 1 && result.p_second >= 0.5);
    assert_int_equal(result.verdict, WH_COMPARE_NEITHER);
    result = wh_compare_result(&shifted);
    assert_true(result.p <= 0 && result.p_second <= 0);
    assert_int_equal(result.verdict, WH_COMPARE_SECOND);
}

/* Losses of a billion that differ by a millionth: naive sums would lose the difference. */
static void small_differences_of_large_losses_survive(void **state)
{
    (void)state;
    struct wh_comparison comparison = { 0 };
    for (int i = 0; i < 1000; i++)
        wh_compare_loss(&comparison, 1e9, 1e9 + (i % 2 ? 0.5 : 0.25), 1);
    struct wh_compared result = wh_compare_result(&comparison);
    assert_close(result.difference, 0.375, 1e-12);
    assert_close(result.error, 0.125 / sqrt(999), 1e-12);
}

static struct wh_comparison right_only(int first, int second)
{
    struct wh_comparison comparison = { 0 };
    for (int i = 0; i < first; i++)
        wh_compare_class(&comparison, true, false);
    for (int i = 0; i < second; i++)
        wh_compare_class(&comparison, false, true);
    wh_compare_class(&comparison, true, true);
    wh_compare_class(&comparison, false, false);
    wh_compare_loss(&comparison, 0, 0, 1);
    return comparison;
}

static void classes_are_compared_by_mcnemars_exact_test(void **state)
{
    (void)state;
    struct wh_comparison comparison = right_only(7, 18);
    assert_close(wh_compare_result(&comparison).p_classes, 0.043285250663757324, 1e-12);
    comparison = right_only(5, 0);
    assert_close(wh_compare_result(&comparison).p_classes, 0.0625, 1e-12);
    comparison = right_only(1100, 900);
    assert_close(wh_compare_result(&comparison).p_classes, 8.45708953550381e-06, 1e-9);
    comparison = right_only(3, 3);
    assert_close(wh_compare_result(&comparison).p_classes, 1, 0);
}

/* A mean of t standard errors in `rows` rows, by sums set directly: p by SciPy's t.sf. */
static double p_of(double t, double degrees)
{
    double rows = degrees + 1;
    struct wh_comparison comparison = {
        .rows = rows, .weight = rows, .squares = rows, .mean = t, .mean_squared = t,
        .spread_squared = rows * degrees, /* so that the standard error is 1 */
    };
    return wh_compare_result(&comparison).p;
}

static void p_values_hold_for_any_number_of_rows(void **state)
{
    (void)state;
    assert_close(p_of(12.7, 1), 0.050024327689344165, 1e-10);
    assert_close(p_of(3, 2), 0.09546596626670913, 1e-10);
    assert_close(p_of(1.96, 1e6), 0.04999606758526985, 1e-8);
    assert_close(p_of(5, 1e7), 5.733128075008536e-07, 1e-6);
    assert_close(p_of(3, 9.9e7), 0.002699796734752414, 1e-6);
    assert_close(p_of(3, 1e9), 0.002699796129737913, 1e-6);
    assert_true(p_of(0, 10) >= 1 && p_of(1e200, 10) <= 1e-300);
}

static void the_line_names_the_better_model(void **state)
{
    (void)state;
    struct wh_comparison comparison = pairs(false, 1);
    struct wh_buffer out = { 0 };
    wh_compare_report(&out, &comparison, "old", "new");
    assert_string_equal(wh_buffer_text(&out),
                        "loss 0.555457 (old), 0.544069 (new): new is better by 0.0114 (95 % "
                        "confidence: 0.0064 to 0.0164, p = 1.1e-05) on 200 rows");
    wh_buffer_free(&out);
    json_t *stats = wh_compare_stats(&comparison, "old", "new");
    assert_string_equal(json_string_value(json_object_get(stats, "better")), "new");
    assert_int_equal(json_integer_value(json_object_get(stats, "rows")), 200);
    json_decref(stats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_those_of_the_paired_t_test),
        cmocka_unit_test(weights_count_by_their_share_and_not_by_their_size),
        cmocka_unit_test(exchanging_the_two_turns_the_verdict),
        cmocka_unit_test(few_rows_need_a_larger_difference),
        cmocka_unit_test(less_than_two_rows_say_nothing),
        cmocka_unit_test(without_any_spread_there_is_no_doubt),
        cmocka_unit_test(small_differences_of_large_losses_survive),
        cmocka_unit_test(classes_are_compared_by_mcnemars_exact_test),
        cmocka_unit_test(p_values_hold_for_any_number_of_rows),
        cmocka_unit_test(the_line_names_the_better_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
