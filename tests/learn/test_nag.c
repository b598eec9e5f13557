/* nag against four rows worked out with 60 digits from the printed rules. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "learn/learner.h"
#include "learn/learners.h"

enum { FEATURES = 4 }; /* the constant, a, b, c */

struct row {
    double target, weight;
    uint32_t ids[3];
    double values[3];
    size_t count;
};

static const struct row rows[] = {
    { 1, 1, { 0, 1, 2 }, { 1, 2, -0.5 }, 3 },
    { -1, 2, { 0, 1 }, { 1, 1 }, 2 },
    { 1, 0.5, { 0, 2, 3 }, { 1, 4, 0.25 }, 3 },
    { -1, 1, { 0, 1, 3 }, { 1, -3, 1 }, 3 },
};

enum { ROWS = sizeof rows / sizeof *rows };

static void assert_close(double value, double wanted)
{
    if (!(fabs(value - wanted) <= 1e-13 * fmax(1, fabs(wanted))))
        fail_msg("%.17g instead of %.17g", value, wanted);
}

static struct wh_learner *make(enum wh_loss_kind loss)
{
    struct wh_learner_settings settings = { .loss = { .kind = loss }, .rate = 0.5,
                                            .numbers = loss == WH_LOSS_SQUARED };
    return wh_learner_open(&wh_learner_nag, &settings, 1);
}

static double learn(struct wh_learner *nag, const struct row *row)
{
    struct wh_example example = { row->ids, row->values, row->count, FEATURES, 0, false };
    struct wh_outcome outcome = {
        .target = row->target, .weight = row->weight,
    };
    struct wh_learner_scratch *scratch = wh_learner_scratch_open(nag);
    wh_learner_predict(nag, scratch, &example, &outcome.prediction);
    wh_loss_find(&nag->settings.loss, &outcome);
    wh_learner_learn(nag, scratch, &example, &outcome);
    wh_learner_scratch_close(scratch);
    return outcome.prediction;
}

static void check(enum wh_loss_kind loss, const double predictions[ROWS], const double wanted[][3])
{
    struct wh_learner *nag = make(loss);
    for (size_t i = 0; i < ROWS; i++)
        assert_close(learn(nag, &rows[i]), predictions[i]);
    for (uint32_t id = 0; id < FEATURES; id++) {
        double numbers[WH_MAX_PARAMETERS];
        wh_learner_get(nag, id, numbers);
        for (size_t i = 0; i < wh_learner_parameter_count(nag); i++)
            assert_close(numbers[i], wanted[id][i]);
    }
    wh_learner_close(nag);
}

static void logistic_rows_give_the_weights_of_the_rules(void **state)
{
    (void)state;
    static const double predictions[] = { 0, 0.353029621241869, -2.04172338999296,
                                          1.01764452937594 };
    static const double weights[][3] = {
        { -0.189544796149763, 1.8711836609839, 1 },
        { 0.0663174250938623, 6.54555599841073, 3 },
        { 0.000775180443629636, 6.32983841041191, 4 },
        { -0.0529165473338682, 0.563991914175368, 1 },
    };
    check(WH_LOSS_LOGISTIC, predictions, weights);
}

static void squared_rows_give_the_weights_of_the_rules(void **state)
{
    (void)state;
    static const double predictions[] = { 0, 0.289689986972943, -1, 0.934845452099353 };
    static const double weights[][3] = {
        { -0.214294698935916, 40.2809097940243, 1 },
        { 0.0539365536998919, 164.07697134633, 3 },
        { 0.0050022851500553, 129, 4 },
        { -0.0537893949286208, 15.4745076940382, 1 },
    };
    check(WH_LOSS_SQUARED, predictions, weights);
}

static void a_row_of_weight_zero_teaches_nothing(void **state)
{
    (void)state;
    struct wh_learner *nag = make(WH_LOSS_LOGISTIC);
    struct row row = rows[0];
    row.weight = 0;
    learn(nag, &row);
    double numbers[WH_MAX_PARAMETERS];
    wh_learner_get(nag, 1, numbers);
    assert_true(numbers[0] == 0 && numbers[1] == 0 && numbers[2] == 0);
    wh_learner_close(nag);
}

/* Rows at the limits of what the reader lets through, in every order. */
static void extreme_rows_leave_every_number_finite(void **state)
{
    (void)state;
    static const double extremes[] = { 1e50, -1e50, 1e-300, 1, 5e-324 };
    static const double weights[] = { 1e50, 1, 1e-300 };
    static const double targets[] = { 1e50, -1e50, 0, 1 };
    for (int kind = 0; kind < 2; kind++) {
        enum wh_loss_kind loss = kind ? WH_LOSS_LOGISTIC : WH_LOSS_SQUARED;
        struct wh_learner *nag = make(loss);
        for (unsigned i = 0; i < 5 * 5 * 3 * 4; i++) {
            double target = targets[i % 4];
            struct row row = { kind ? (target > 0 ? 1 : -1) : target, weights[i / 4 % 3],
                               { 0, 1, 2 }, { 1, extremes[i / 12 % 5], extremes[i / 60] }, 3 };
            assert_true(isfinite(learn(nag, &row)));
        }
        for (uint32_t id = 0; id < FEATURES; id++) {
            double numbers[WH_MAX_PARAMETERS];
            wh_learner_get(nag, id, numbers);
            assert_true(isfinite(numbers[0]) && isfinite(numbers[1]) && isfinite(numbers[2]));
        }
        wh_learner_close(nag);
    }
}

static void a_learner_that_was_saved_goes_on_the_same(void **state)
{
    (void)state;
    struct wh_error error;
    struct wh_learner *whole = make(WH_LOSS_LOGISTIC), *second = make(WH_LOSS_LOGISTIC);
    learn(whole, &rows[0]);
    learn(whole, &rows[1]);
    json_t *saved = wh_learner_save(whole);
    assert_int_equal(wh_learner_load(second, saved, &error), 0);
    json_decref(saved);
    for (uint32_t id = 0; id < FEATURES; id++) {
        double numbers[WH_MAX_PARAMETERS];
        wh_learner_get(whole, id, numbers);
        assert_true(wh_learner_set(second, id, numbers));
    }
    for (size_t i = 2; i < ROWS; i++)
        assert_true(learn(whole, &rows[i]) == learn(second, &rows[i]));
    wh_learner_close(whole);
    wh_learner_close(second);
}

static void numbers_that_cannot_be_are_refused(void **state)
{
    (void)state;
    struct wh_learner *nag = make(WH_LOSS_LOGISTIC);
    assert_false(wh_learner_set(nag, 1, (const double[]){ INFINITY, 1, 1 }));
    assert_false(wh_learner_set(nag, 1, (const double[]){ 0, -1, 1 }));
    assert_false(wh_learner_set(nag, 1, (const double[]){ 0, 1, NAN }));
    assert_false(wh_learner_set(nag, 1, (const double[]){ -1e200, 1, 1 }));
    assert_false(wh_learner_set(nag, 1, (const double[]){ 0, 1, 1e60 }));
    struct wh_error error;
    json_t *empty = json_object();
    assert_int_equal(wh_learner_load(nag, empty, &error), -1);
    json_decref(empty);
    wh_learner_close(nag);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logistic_rows_give_the_weights_of_the_rules),
        cmocka_unit_test(squared_rows_give_the_weights_of_the_rules),
        cmocka_unit_test(a_row_of_weight_zero_teaches_nothing),
        cmocka_unit_test(extreme_rows_leave_every_number_finite),
        cmocka_unit_test(a_learner_that_was_saved_goes_on_the_same),
        cmocka_unit_test(numbers_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
