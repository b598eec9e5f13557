/*
 * Calibration, held against scikit-learn 1.9 (IsotonicRegression, and the sigmoid of
 * CalibratedClassifierCV) on the same rows, and against what must hold of any such function.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "learn/calibration.h"

static void assert_close(double value, double wanted, double margin)
{
    if (!(fabs(value - wanted) <= margin))
        fail_msg("%.17g instead of %.17g", value, wanted);
}

/* A fixed sequence of the linear congruential kind, from 0 to 1. */
static double next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*seed >> 11) / 9007199254740992.0;
}

struct example {
    double margin, weight;
    bool positive;
};

/* A row whose margin says too much: the class follows 0.6 m - 0.5. `grid`: margins are multiples of
 * 1/16 from -6 to 6, so that each has a bin of its own. */
static struct example next_example(uint64_t *seed, bool grid)
{
    static const double weights[] = { 0.5, 1, 2 };
    struct example example;
    double even = next_random(seed);
    example.margin = grid ? floor(next_random(seed) * 193 - 96) / 16 : 3 * log(even / (1 - even));
    example.positive = next_random(seed) < 1 / (1 + exp(-(0.6 * example.margin - 0.5)));
    example.weight = weights[(int)(next_random(seed) * 3)];
    return example;
}

static struct wh_calibration count_examples(uint64_t seed, int count, bool grid)
{
    struct wh_calibration calibration = { 0 };
    for (int i = 0; i < count; i++) {
        struct example example = next_example(&seed, grid);
        wh_calibration_add(&calibration, example.margin, example.positive, example.weight);
    }
    return calibration;
}

/* scikit-learn's draws came one for each row before the seed was used further. */
static uint64_t seed_after(uint64_t seed, int rows)
{
    for (int i = 0; i < rows; i++)
        next_example(&seed, true);
    return seed;
}

static void rows_on_a_grid_are_calibrated_as_by_scikit_learn(void **state)
{
    (void)state;
    /* margin, IsotonicRegression(out_of_bounds="clip"), _SigmoidCalibration */
    static const double wanted[][3] = {
        { -7, 0, 0.010824074610925671 },
        { -6, 0, 0.019061300447930512 },
        { -4.1, 0.060150375939849621, 0.054692914612764543 },
        { -3, 0.064935064935064929, 0.098136736670422373 },
        { -2.03, 0.23008849557522124, 0.15961719976498029 },
        { -1, 0.23008849557522124, 0.25547878027883325 },
        { -0.5, 0.30612244897959184, 0.31378623531618627 },
        { 0, 0.30612244897959184, 0.37863348496725607 },
        { 0.26, 0.42028985507246375, 0.41434120880845404 },
        { 0.5, 0.42028985507246375, 0.44813037018092572 },
        { 1, 0.43478260869565216, 0.51971405953642358 },
        { 1.77, 0.67660231660231662, 0.62739777208777536 },
        { 2.5, 0.6785714285714286, 0.71915449440743939 },
        { 3, 0.7142857142857143, 0.77336253701376734 },
        { 4, 0.8666666666666667, 0.85834916481666423 },
        { 5.5, 1, 0.93480896296401483 },
        { 6, 1, 0.95027034036986124 },
        { 7, 1, 0.97137395510338354 },
    };
    struct wh_calibration calibration = count_examples(7, 400, true);
    struct wh_calibrator isotonic, platt;
    wh_calibrator_fit(&isotonic, &calibration, WH_CALIBRATE_ISOTONIC);
    wh_calibrator_fit(&platt, &calibration, WH_CALIBRATE_PLATT);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        double least = 1.0 / 402; /* scikit-learn goes to 0 and 1 */
        double probability = fmin(fmax(wanted[i][1], least), 1 - least);
        assert_close(wh_calibrator_probability(&isotonic, wanted[i][0]), probability, 1e-14);
        assert_close(wh_calibrator_probability(&platt, wanted[i][0]), wanted[i][2], 1e-8);
    }
    /* scikit-learn ends at 0.5742495691, -0.4953524301; Newton steps in NumPy here: */
    assert_close(platt.slope, 0.57424956704095609, 1e-9);
    assert_close(platt.shift, -0.49535243246667032, 1e-9);
    wh_calibrator_free(&isotonic);
    wh_calibrator_free(&platt);
    wh_calibration_free(&calibration);
}

/* 20,000 rows of any margin: bins stand for their means, scikit-learn takes each row as it is. */
static void bins_cost_next_to_nothing(void **state)
{
    (void)state;
    static const double wanted[][2] = {
        { -10, 0 }, { -7.5, 0.0059171597633136093 }, { -5, 0.026329930145083294 },
        { -2.5, 0.1111111111111111 }, { 0, 0.38373983739837392 }, { 2.5, 0.71825396825396826 },
        { 5, 0.92640990371389276 }, { 7.5, 0.98167938931297705 }, { 10, 0.99724264705882348 },
    };
    struct wh_calibration calibration = count_examples(seed_after(7, 400), 20000, false);
    struct wh_calibrator isotonic, platt;
    wh_calibrator_fit(&isotonic, &calibration, WH_CALIBRATE_ISOTONIC);
    wh_calibrator_fit(&platt, &calibration, WH_CALIBRATE_PLATT);
    assert_close(platt.slope, 0.61093882037686642, 1e-4);
    assert_close(platt.shift, -0.52524695913810515, 1e-4);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        assert_close(wh_calibrator_probability(&isotonic, wanted[i][0]), wanted[i][1], 0.01);
    wh_calibrator_free(&isotonic);
    wh_calibrator_free(&platt);
    wh_calibration_free(&calibration);
}

static double log_loss(double probability, bool positive)
{
    return -log(positive ? probability : 1 - probability);
}

static void calibrated_rows_lose_no_more_than_the_margins_did(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        int rows = 160 << seed % 6;
        struct wh_calibration calibration = count_examples(seed, rows, false);
        struct wh_calibrator isotonic, platt;
        wh_calibrator_fit(&isotonic, &calibration, WH_CALIBRATE_ISOTONIC);
        wh_calibrator_fit(&platt, &calibration, WH_CALIBRATE_PLATT);
        double before = 0, by_isotonic = 0, by_platt = 0, weight = 0;
        uint64_t again = seed;
        for (int i = 0; i < rows; i++) {
            struct example row = next_example(&again, false);
            weight += row.weight;
            before += row.weight * log_loss(1 / (1 + exp(-row.margin)), row.positive);
            by_isotonic += row.weight * log_loss(wh_calibrator_probability(&isotonic, row.margin),
                                                 row.positive);
            by_platt += row.weight * log_loss(wh_calibrator_probability(&platt, row.margin),
                                              row.positive);
        }
        assert_true(by_platt / weight < before / weight);
        assert_true(by_isotonic / weight < by_platt / weight + 0.01);
        wh_calibrator_free(&isotonic);
        wh_calibrator_free(&platt);
        wh_calibration_free(&calibration);
    }
}

static void check_shape(const struct wh_calibration *calibration, enum wh_calibrator_kind kind)
{
    struct wh_calibrator calibrator;
    wh_calibrator_fit(&calibrator, calibration, kind);
    double before = 0;
    for (double margin = -60; margin <= 60; margin += 0.0078125) {
        double probability = wh_calibrator_probability(&calibrator, margin);
        assert_true(probability >= before - 1e-15 && probability >= 0 && probability <= 1);
        before = probability;
    }
    wh_calibrator_free(&calibrator);
}

static void both_functions_never_decrease(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct wh_calibration calibration = count_examples(seed, 1 << seed % 12, seed % 2);
        check_shape(&calibration, WH_CALIBRATE_ISOTONIC);
        check_shape(&calibration, WH_CALIBRATE_PLATT);
        wh_calibration_free(&calibration);
    }
}

/* A model that has it the wrong way round, one that has seen one class, one margin, or extremes. */
static void odd_models_get_a_function_too(void **state)
{
    (void)state;
    static const struct example odd[][3] = {
        { { -2, 1, true }, { 2, 1, false }, { 3, 2, false } },
        { { -2, 1, true }, { 2, 1, true }, { 3, 1, true } },
        { { 1, 1, true }, { 1, 1, true }, { 1, 1, false } },
        { { -1e9, 1e50, true }, { 1e9, 1e-50, false }, { 0, 1e50, false } },
        { { -50, 5e-324, false }, { 50, 5e-324, true }, { 0.01, 5e-324, true } },
        { { -INFINITY, 1, false }, { INFINITY, 1, true }, { -0.0, 1e-300, true } },
    };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct wh_calibration calibration = { 0 };
        for (size_t k = 0; k < 3; k++)
            wh_calibration_add(&calibration, odd[i][k].margin, odd[i][k].positive,
                               odd[i][k].weight);
        assert_true(calibration.rows == 3);
        check_shape(&calibration, WH_CALIBRATE_ISOTONIC);
        check_shape(&calibration, WH_CALIBRATE_PLATT);
        wh_calibration_free(&calibration);
    }
}

static void the_wrong_way_round_becomes_the_share(void **state)
{
    (void)state;
    struct wh_calibration calibration = { 0 };
    for (int i = 0; i < 30; i++)
        wh_calibration_add(&calibration, i % 3 ? 2 : -2, i % 3 == 0, 1);
    for (int kind = WH_CALIBRATE_ISOTONIC; kind <= WH_CALIBRATE_PLATT; kind++) {
        struct wh_calibrator calibrator;
        wh_calibrator_fit(&calibrator, &calibration, (enum wh_calibrator_kind)kind);
        assert_close(wh_calibrator_probability(&calibrator, -3), 1.0 / 3, 0.03);
        assert_true(wh_calibrator_probability(&calibrator, -3)
                    == wh_calibrator_probability(&calibrator, 3));
        wh_calibrator_free(&calibrator);
    }
    wh_calibration_free(&calibration);
}

static void rows_without_weight_or_number_count_for_nothing(void **state)
{
    (void)state;
    struct wh_calibration calibration = { 0 };
    wh_calibration_add(&calibration, 1, true, 0);
    wh_calibration_add(&calibration, NAN, true, 1);
    assert_null(calibration.bins);
    assert_true(calibration.rows == 0);
}

static void what_was_counted_reads_back_as_it_was(void **state)
{
    (void)state;
    struct wh_calibration calibration = count_examples(3, 3000, false), back = { 0 };
    json_t *saved = wh_calibration_save(&calibration);
    assert_true(wh_calibration_load(&back, saved));
    json_t *again = wh_calibration_save(&back);
    assert_true(json_equal(saved, again));
    struct wh_calibrator first, second;
    wh_calibrator_fit(&first, &calibration, WH_CALIBRATE_ISOTONIC);
    wh_calibrator_fit(&second, &back, WH_CALIBRATE_ISOTONIC);
    assert_int_equal(first.count, second.count);
    assert_memory_equal(first.knots, second.knots, first.count * sizeof *first.knots);
    wh_calibrator_free(&first);
    wh_calibrator_free(&second);
    json_decref(saved);
    json_decref(again);
    wh_calibration_free(&calibration);
    wh_calibration_free(&back);
    struct wh_calibration none = { 0 };
    saved = wh_calibration_save(&none);
    assert_true(wh_calibration_load(&back, saved));
    assert_null(back.bins);
    json_decref(saved);
}

static void what_cannot_have_been_counted_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "null", "{}", "[]", "{\"rows\":1,\"bins\":{}}", "{\"rows\":\"1\",\"bins\":[]}",
        "{\"rows\":1,\"bins\":[]}", "{\"rows\":0,\"bins\":[[0,1,0,-50]]}",
        "{\"rows\":1.5,\"bins\":[[0,1,0,-50]]}", "{\"rows\":1e16,\"bins\":[[0,1,0,-50]]}",
        "{\"rows\":1,\"bins\":[[0,1,0,-50],[1,1,0,-50]]}", "{\"rows\":-1,\"bins\":[[0,1,0,-50]]}",
        "{\"rows\":1,\"bins\":[[1024,1,0,50]]}", "{\"rows\":1,\"bins\":[[-1,1,0,50]]}",
        "{\"rows\":1,\"bins\":[[0.5,1,0,50]]}", "{\"rows\":1,\"bins\":[[0,-1,2,-50]]}",
        "{\"rows\":1,\"bins\":[[0,0,0,-50]]}", "{\"rows\":1,\"bins\":[[0,1e101,0,-50]]}",
        "{\"rows\":1,\"bins\":[[0,1,0]]}", "{\"rows\":1,\"bins\":[[0,1,0,null]]}",
        "{\"rows\":2,\"bins\":[[5,1,0,-9],[5,1,0,-9]]}",
        "{\"rows\":2,\"bins\":[[5,1,0,-9],[4,1,0,-9]]}",
        "{\"rows\":1,\"bins\":[[0,1,0,-50]],\"more\":1}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct wh_calibration calibration = { 0 };
        json_t *object = json_loads(texts[i], JSON_DECODE_ANY, NULL);
        assert_non_null(object);
        if (wh_calibration_load(&calibration, object))
            fail_msg("%s is taken", texts[i]);
        assert_null(calibration.bins);
        json_decref(object);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_on_a_grid_are_calibrated_as_by_scikit_learn),
        cmocka_unit_test(bins_cost_next_to_nothing),
        cmocka_unit_test(calibrated_rows_lose_no_more_than_the_margins_did),
        cmocka_unit_test(both_functions_never_decrease),
        cmocka_unit_test(odd_models_get_a_function_too),
        cmocka_unit_test(the_wrong_way_round_becomes_the_share),
        cmocka_unit_test(rows_without_weight_or_number_count_for_nothing),
        cmocka_unit_test(what_was_counted_reads_back_as_it_was),
        cmocka_unit_test(what_cannot_have_been_counted_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
