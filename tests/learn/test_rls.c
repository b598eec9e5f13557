/* Recursive least squares against the normal equations, solved directly. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "learn/auto/pack.h"
#include "learn/auto/rls.h"

enum { TERMS = 7, ROWS = 300 };

struct row {
    double terms[TERMS];
    double target, weight;
};

static double draw(uint64_t number)
{
    return 2 * wh_auto_draw(number) - 1;
}

static struct row make_row(unsigned i)
{
    struct row row = { .terms = { 1 }, .weight = 0.25 + 3 * wh_auto_draw(1000000 + i) };
    for (unsigned j = 1; j < TERMS; j++)
        row.terms[j] = 2 * draw(i * TERMS + j);
    row.target = 0.5 * row.terms[1] - 2 * row.terms[3] + 0.3 * draw(2000000 + i)
        + 0.01 * i * row.terms[5];
    return row;
}

/* The weights that fit best: those of the sum over rows of keep^(rows after it) weight error^2,
 * plus keep^rows / prior times the weights' squares. */
static void solve(double keep, double prior, double *weights)
{
    long double a[TERMS][TERMS + 1] = { { 0 } };
    for (unsigned i = 0; i < TERMS; i++)
        a[i][i] = powl(keep, ROWS) / prior;
    for (unsigned n = 0; n < ROWS; n++) {
        struct row row = make_row(n);
        long double share = row.weight * powl(keep, ROWS - 1 - n);
        for (unsigned i = 0; i < TERMS; i++) {
            for (unsigned j = 0; j < TERMS; j++)
                a[i][j] += share * row.terms[i] * row.terms[j];
            a[i][TERMS] += share * row.terms[i] * row.target;
        }
    }
    /* Positive definite: no pivoting is needed. */
    for (unsigned k = 0; k < TERMS; k++)
        for (unsigned i = 0; i < TERMS; i++) {
            long double factor = i == k ? 0 : a[i][k] / a[k][k];
            for (unsigned j = k; j <= TERMS; j++)
                a[i][j] -= factor * a[k][j];
        }
    for (unsigned i = 0; i < TERMS; i++)
        weights[i] = (double)(a[i][TERMS] / a[i][i]);
}

static void learn_rows(struct wh_rls *rls, unsigned from, unsigned to)
{
    for (unsigned n = from; n < to; n++) {
        struct row row = make_row(n);
        wh_rls_learn(rls, row.terms, row.target - wh_rls_predict(rls, row.terms), row.weight, 1);
    }
}

static void check_exact(double keep, double prior)
{
    struct wh_rls rls;
    double weights[TERMS];
    wh_rls_init(&rls, keep, prior);
    wh_rls_grow(&rls, TERMS, 0);
    learn_rows(&rls, 0, ROWS);
    solve(keep, prior, weights);
    for (unsigned i = 0; i < TERMS; i++)
        assert_true(fabs(rls.weights[i] - weights[i]) < 1e-10);
    wh_rls_free(&rls);
}

static void weights_are_those_of_least_squares(void **state)
{
    (void)state;
    check_exact(1, 1);
    check_exact(1, 100);
    check_exact(0.97, 1);
    check_exact(0.9, 0.5);
}

static void a_term_that_comes_later_is_as_one_that_was_zero(void **state)
{
    (void)state;
    struct wh_rls whole, grown;
    wh_rls_init(&whole, 1, 1);
    wh_rls_init(&grown, 1, 1);
    wh_rls_grow(&whole, 3, 0);
    wh_rls_grow(&grown, 2, 0);
    for (unsigned i = 0; i < 50; i++) {
        struct row row = make_row(i);
        if (i < 20)
            row.terms[2] = 0;
        else
            wh_rls_grow(&grown, 3, 0);
        wh_rls_learn(&whole, row.terms, row.target - wh_rls_predict(&whole, row.terms), 1, 1);
        wh_rls_learn(&grown, row.terms, row.target - wh_rls_predict(&grown, row.terms), 1, 1);
    }
    for (unsigned i = 0; i < 3; i++)
        assert_true(whole.weights[i] == grown.weights[i]);
    wh_rls_free(&whole);
    wh_rls_free(&grown);
}

/* Two terms that are the same, one that is always 0 and one that was there once, with forgetting
 * that would have raised the last two's variances beyond all numbers. */
static void forgetting_does_not_grow_without_bound(void **state)
{
    (void)state;
    struct wh_rls rls;
    wh_rls_init(&rls, 0.9, 1);
    wh_rls_grow(&rls, 5, 0);
    for (unsigned i = 0; i < 200000; i++) {
        double x = draw(i);
        double terms[5] = { 1, x, x, 0, i == 0 };
        wh_rls_learn(&rls, terms, 3 + 4 * x - wh_rls_predict(&rls, terms), 1, 1);
    }
    double terms[5] = { 1, 0.5, 0.5, 0, 0 };
    assert_true(fabs(wh_rls_predict(&rls, terms) - 5) < 1e-6);
    for (unsigned i = 0; i < 100; i++) {
        double x = draw(i), others[5] = { 1, x, x, 0, 0 };
        wh_rls_learn(&rls, others, 7 - x - wh_rls_predict(&rls, others), 1, 1);
    }
    assert_true(fabs(wh_rls_predict(&rls, terms) - 6.5) < 1e-2); /* it forgets as before */
    for (unsigned i = 0; i < 5; i++) {
        double variance = rls.covariance[i * (i + 1) / 2 + i];
        assert_true(variance > 0 && variance <= 200);
    }
    wh_rls_free(&rls);
}

static void rows_of_extreme_weight_leave_it_sound(void **state)
{
    (void)state;
    static const double weights[] = { 1e6, 1e-300, 1e6, 1e-9, 1, 1e6 };
    struct wh_rls rls;
    wh_rls_init(&rls, 0.99, 1);
    wh_rls_grow(&rls, 3, 0);
    for (unsigned i = 0; i < 6000; i++) {
        double terms[3] = { 1, 1000 * draw(i), 1e-6 * draw(9000 + i) };
        wh_rls_learn(&rls, terms, 1 + terms[1] - wh_rls_predict(&rls, terms), weights[i % 6], 1);
    }
    double terms[3] = { 1, 2, 0 };
    assert_true(fabs(wh_rls_predict(&rls, terms) - 3) < 1e-3);
    wh_rls_free(&rls);
}

static void what_is_saved_goes_on_as_if_it_never_was(void **state)
{
    (void)state;
    struct wh_rls whole, first, second;
    wh_rls_init(&whole, 0.99, 1);
    wh_rls_init(&first, 0.99, 1);
    wh_rls_init(&second, 0.99, 1);
    wh_rls_grow(&whole, TERMS, 0);
    wh_rls_grow(&first, TERMS, 0);
    learn_rows(&whole, 0, ROWS);
    learn_rows(&first, 0, 100);
    json_t *saved = wh_rls_save(&first);
    assert_true(wh_rls_load(&second, saved, TERMS));
    learn_rows(&second, 100, ROWS);
    json_t *two = wh_rls_save(&second), *one = wh_rls_save(&whole);
    assert_true(json_equal(one, two));
    json_decref(saved);
    json_decref(one);
    json_decref(two);
    wh_rls_free(&whole);
    wh_rls_free(&first);
    wh_rls_free(&second);
}

static bool loads(const double *weights, const double *covariance, uint32_t size, uint32_t most)
{
    struct wh_rls rls;
    wh_rls_init(&rls, 1, 1);
    json_t *state = json_pack("{s:i, s:o, s:o}", "size", (int)size, "weights",
                              wh_auto_doubles_save(weights, size), "covariance",
                              wh_auto_doubles_save(covariance, size * (size + 1) / 2));
    bool result = wh_rls_load(&rls, state, most);
    json_decref(state);
    wh_rls_free(&rls);
    return result;
}

static void what_is_no_covariance_is_refused(void **state)
{
    (void)state;
    static const double weights[] = { 1, -1 }, wild[] = { 1, 1e10 };
    static const double fine[] = { 1, 0.5, 1 }, rounded[] = { 1, 1.1, 1 },
                        negative[] = { 1, 0, -1 }, huge[] = { 1, 0, 2e12 };
    assert_true(loads(weights, fine, 2, 2));
    assert_false(loads(weights, fine, 2, 1));
    assert_false(loads(wild, fine, 2, 2));
    assert_true(loads(weights, rounded, 2, 2));
    assert_false(loads(weights, negative, 2, 2));
    assert_false(loads(weights, huge, 2, 2));
    assert_false(wh_rls_load(&(struct wh_rls){ .prior = 1, .keep = 1 }, NULL, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_those_of_least_squares),
        cmocka_unit_test(a_term_that_comes_later_is_as_one_that_was_zero),
        cmocka_unit_test(forgetting_does_not_grow_without_bound),
        cmocka_unit_test(rows_of_extreme_weight_leave_it_sound),
        cmocka_unit_test(what_is_saved_goes_on_as_if_it_never_was),
        cmocka_unit_test(what_is_no_covariance_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
