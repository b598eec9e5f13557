/* Figures by hand, and the area under the curve exact, with ties, with weights, and in bins. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "learn/auc.h"
#include "learn/metrics.h"

static const struct wh_loss squared_loss = { .kind = WH_LOSS_SQUARED };
static const struct wh_loss logistic_loss = { .kind = WH_LOSS_LOGISTIC };

static void assert_close(double value, double wanted, double margin)
{
    if (!(fabs(value - wanted) <= margin))
        fail_msg("%.17g instead of %.17g", value, wanted);
}

static void classes_are_counted_by_weight(void **state)
{
    (void)state;
    struct wh_metrics metrics = { 0 };
    wh_metrics_binary(&metrics, true, true, 0.5, 1);
    wh_metrics_binary(&metrics, true, false, 1, 2);
    wh_metrics_binary(&metrics, false, false, 0.25, 1);
    struct wh_figures figures = wh_metrics_figures(&metrics, WH_TASK_BINARY, &logistic_loss);
    assert_close(figures.loss, 2.75 / 4, 1e-15);
    assert_close(figures.accuracy, 0.5, 1e-15);
    assert_close(figures.constant_accuracy, 0.75, 1e-15);
    assert_close(figures.constant_loss, 0.5623351446188083, 1e-15);
    assert_close(figures.no_change_accuracy, 2.0 / 3, 1e-15);
    assert_close(figures.no_change_loss, 0.6365141682948128, 1e-15);
}

static void labels_that_alternate_are_no_help_to_no_change(void **state)
{
    (void)state;
    struct wh_metrics metrics = { 0 };
    for (int i = 0; i < 10; i++)
        wh_metrics_binary(&metrics, i % 2, true, 0, 1);
    struct wh_figures figures = wh_metrics_figures(&metrics, WH_TASK_BINARY, &logistic_loss);
    assert_close(figures.no_change_accuracy, 0, 0);
    assert_close(figures.no_change_loss, 0.6931471805599453, 1e-15);
}

/* NaN is the same as NaN. */
static void assert_same(double value, double wanted)
{
    assert_int_equal(isnan(value), isnan(wanted));
    if (!isnan(wanted))
        assert_close(value, wanted, 1e-15);
}

static void numbers_are_measured_by_weight(void **state)
{
    (void)state;
    struct wh_metrics metrics = { 0 };
    wh_metrics_number(&metrics, 1, 0, 1, 1);
    wh_metrics_number(&metrics, 3, 1, 4, 3);
    struct wh_figures figures = wh_metrics_figures(&metrics, WH_TASK_REGRESSION, &squared_loss);
    assert_close(figures.loss, 13.0 / 4, 1e-15);
    assert_close(figures.mae, 7.0 / 4, 1e-15);
    assert_close(figures.rmse, sqrt(13.0 / 4), 1e-15);
    assert_close(figures.constant_loss, 0.75, 1e-15); /* around the mean 2.5 */
    assert_close(figures.no_change_loss, 4, 1e-15);
    assert_close(figures.no_change_mae, 2, 1e-15);
}

/* Labels 1, 3, 0: they rise by 2 and fall by 3. */
static void baselines_are_those_of_the_loss(void **state)
{
    (void)state;
    struct wh_metrics metrics = { 0 };
    static const double labels[] = { 1, 3, 0 };
    for (int i = 0; i < 3; i++)
        wh_metrics_number(&metrics, labels[i], 1, 0, 1);
    static const struct {
        struct wh_loss loss;
        double constant, no_change;
    } cases[] = {
        { { WH_LOSS_ABSOLUTE, 0 }, NAN, 2.5 },
        { { WH_LOSS_QUANTILE, 0.9 }, NAN, (0.9 * 2 + 0.1 * 3) / 2 },
        { { WH_LOSS_POISSON, 0 }, 0.7150361920657353, NAN }, /* ln 3 - 4/3 ln 4/3 */
        { { WH_LOSS_HUBER, 1 }, NAN, NAN },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wh_figures figures =
            wh_metrics_figures(&metrics, WH_TASK_REGRESSION, &cases[i].loss);
        assert_same(figures.constant_loss, cases[i].constant);
        assert_same(figures.no_change_loss, cases[i].no_change);
    }
}

static void no_row_gives_no_figure(void **state)
{
    (void)state;
    struct wh_metrics metrics = { 0 };
    assert_true(isnan(wh_metrics_figures(&metrics, WH_TASK_BINARY, &logistic_loss).loss));
    struct wh_auc auc = { 0 };
    assert_true(isnan(wh_auc_value(&auc)));
    wh_auc_add(&auc, 1, true, 1);
    assert_true(isnan(wh_auc_value(&auc)));
    wh_auc_free(&auc);
}

static void metrics_read_back_as_they_were(void **state)
{
    (void)state;
    struct wh_metrics metrics = { 0 }, back = { 0 };
    wh_metrics_number(&metrics, 0.1, 0.7, 1.0 / 3, 1);
    wh_metrics_number(&metrics, 1e-9, 1e9, 1e18, 0.3);
    json_t *saved = wh_metrics_save(&metrics);
    assert_true(wh_metrics_load(&back, saved));
    back.rows = metrics.rows;
    assert_memory_equal(&metrics, &back, sizeof metrics);
    json_object_del(saved, "mean");
    assert_false(wh_metrics_load(&back, saved));
    json_decref(saved);
}

static void the_area_is_that_of_ranks_with_ties_and_weights(void **state)
{
    (void)state;
    struct wh_auc auc = { 0 };
    wh_auc_add(&auc, 0.1, false, 1);
    wh_auc_add(&auc, 0.4, false, 1);
    wh_auc_add(&auc, 0.35, true, 1);
    wh_auc_add(&auc, 0.8, true, 1);
    assert_close(wh_auc_value(&auc), 0.75, 0);
    wh_auc_add(&auc, 0.8, false, 2); /* ties with the best, counts twice */
    assert_close(wh_auc_value(&auc), (1 + 3) / 8.0, 0);
    wh_auc_add(&auc, 99, false, 0); /* counts nothing */
    assert_close(wh_auc_value(&auc), 0.5, 0);
    wh_auc_free(&auc);
}

/* A fixed sequence of the linear congruential kind, from 0 to 1. */
static double next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*seed >> 11) / 9007199254740992.0;
}

/* Random scores around the decision: the two ways of counting, held against each other at their
 * border. */
static void bins_agree_with_the_exact_area(void **state)
{
    (void)state;
    enum { EXACT = 1 << 18 };
    struct wh_auc auc = { 0 };
    uint64_t seed = 1;
    for (int i = 0; i < EXACT; i++) {
        double even = next_random(&seed), score = 3 * log(even / (1 - even));
        wh_auc_add(&auc, score, next_random(&seed) < 1 / (1 + exp(-score)), 1);
    }
    assert_null(auc.bins);
    double exact = wh_auc_value(&auc);
    assert_true(exact > 0.9 && exact < 0.99);
    wh_auc_add(&auc, 0, true, 1e-9); /* one more row: now they are counted in bins */
    assert_non_null(auc.bins);
    assert_close(wh_auc_value(&auc), exact, 1e-6);
    wh_auc_free(&auc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_are_counted_by_weight),
        cmocka_unit_test(labels_that_alternate_are_no_help_to_no_change),
        cmocka_unit_test(numbers_are_measured_by_weight),
        cmocka_unit_test(baselines_are_those_of_the_loss),
        cmocka_unit_test(no_row_gives_no_figure),
        cmocka_unit_test(metrics_read_back_as_they_were),
        cmocka_unit_test(the_area_is_that_of_ranks_with_ties_and_weights),
        cmocka_unit_test(bins_agree_with_the_exact_area),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
