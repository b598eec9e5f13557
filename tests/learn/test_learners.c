/*
 * Every linear learner under every loss: against Vowpal Wabbit 9.11 on generated rows, at the
 * limits of what the reader lets through, and cut in two by saving and loading.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "learn/learner.h"
#include "learn/learners.h"

enum { FEATURES = 21, MOST = 8, ROWS = 400 }; /* the constant among the features */

struct row {
    uint32_t ids[MOST];
    double values[MOST];
    size_t count;
    double sum, weight;
};

static struct row rows[ROWS];

static double draw(uint64_t *seed)
{
    *seed = (*seed * 1103515245 + 12345) % 2147483648;
    return (double)*seed / 2147483648;
}

static bool has(const struct row *row, uint32_t id)
{
    for (size_t i = 0; i < row->count; i++)
        if (row->ids[i] == id)
            return true;
    return false;
}

/* Every third feature is in another unit. */
static double unit_of(uint32_t id)
{
    return id % 3 == 0 ? 10 : 1;
}

static int make_rows(void **state)
{
    (void)state;
    static const double weights[] = { 1, 2, 0.5 };
    uint64_t seed = 12345;
    for (size_t i = 0; i < ROWS; i++) {
        struct row *row = &rows[i];
        *row = (struct row){ .ids = { WH_CONSTANT }, .values = { 1 }, .count = 1 };
        row->weight = weights[i % 3];
        int drawn = 1 + (int)(draw(&seed) * 6);
        for (int k = 0; k < drawn; k++) {
            uint32_t id = 1 + (uint32_t)(draw(&seed) * 20);
            double value = draw(&seed) * 4 - 1;
            if (has(row, id))
                continue;
            row->ids[row->count] = id;
            row->values[row->count++] = value * unit_of(id);
            row->sum += value * (double)((int)(id * 7 % 5) - 2);
        }
        row->sum += draw(&seed) * 2 - 1;
    }
    rows[0].sum = 40;
    rows[1].sum = -40;
    return 0;
}

static double target_of(const struct row *row, const struct wh_loss *loss)
{
    if (wh_loss_is_margin(loss))
        return row->sum > 0 ? 1 : -1;
    if (loss->kind == WH_LOSS_POISSON)
        return floor(fmin(fabs(row->sum), 9));
    return row->sum;
}

/* With a scratch for this row alone: nothing needs one that has seen others. */
static double learn_row(struct wh_learner *learner, const struct row *row, double target,
                        double clock)
{
    struct wh_learner_scratch *scratch = wh_learner_scratch_open(learner);
    struct wh_example example = { row->ids, row->values, row->count, FEATURES, clock, false };
    struct wh_outcome outcome = { .target = target, .weight = row->weight };
    wh_learner_predict(learner, scratch, &example, &outcome.prediction);
    wh_loss_find(&learner->settings.loss, &outcome);
    wh_learner_learn(learner, scratch, &example, &outcome);
    wh_learner_scratch_close(scratch);
    return outcome.prediction;
}

static struct wh_learner *make(const struct wh_learner_type *type, struct wh_loss loss)
{
    struct wh_learner_settings settings = { .loss = loss, .rate = type->rate,
                                            .numbers = !wh_loss_is_margin(&loss) };
    return wh_learner_open(type, &settings, 1);
}

/* What Vowpal Wabbit would have said: under hinge loss it cuts margins at 1. */
static double said(double prediction, const struct wh_loss *loss)
{
    return loss->kind == WH_LOSS_HINGE ? fmax(-1, fmin(1, prediction)) : prediction;
}

/* The means of predictions and of their squares, from vw --loss_function ..., also with --ftrl
 * --ftrl_alpha 0.5 --ftrl_beta 1. */
static const struct {
    const struct wh_learner_type *type;
    struct wh_loss loss;
    double mean, square;
} known[] = {
    { &wh_learner_nag, { WH_LOSS_LOGISTIC, 0 }, 0.17451244, 0.96711735 },
    { &wh_learner_nag, { WH_LOSS_HINGE, 0 }, 0.13951617, 0.43335524 },
    { &wh_learner_nag, { WH_LOSS_SQUARED, 0 }, 0.21906377, 1.13318996 },
    { &wh_learner_nag, { WH_LOSS_QUANTILE, 0.9 }, 2.54119598, 8.06365118 },
    { &wh_learner_nag, { WH_LOSS_POISSON, 0 }, 0.71265079, 0.72837059 },
    { &wh_learner_ftrl, { WH_LOSS_LOGISTIC, 0 }, 0.32597540, 23.92380574 },
    { &wh_learner_ftrl, { WH_LOSS_HINGE, 0 }, 0.09223866, 0.76110507 },
    { &wh_learner_ftrl, { WH_LOSS_SQUARED, 0 }, 0.17600682, 19.69653514 },
    { &wh_learner_ftrl, { WH_LOSS_QUANTILE, 0.9 }, 3.30124287, 28.04142949 },
    { &wh_learner_ftrl, { WH_LOSS_POISSON, 0 }, -1.09980347, 6.80573959 },
};

static void learners_predict_as_vowpal_wabbit_does(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        struct wh_learner *learner = make(known[k].type, known[k].loss);
        double mean = 0, square = 0;
        for (size_t i = 0; i < ROWS; i++) {
            double p = said(learn_row(learner, &rows[i], target_of(&rows[i], &known[k].loss), 0),
                            &known[k].loss);
            mean += p / ROWS;
            square += p * p / ROWS;
        }
        wh_learner_close(learner);
        if (!(fabs(mean - known[k].mean) < 2e-4 * (1 + fabs(known[k].mean)))
            || !(fabs(square - known[k].square) < 5e-4 * (1 + known[k].square)))
            fail_msg("%s, %s: %.8f %.8f instead of %.8f %.8f", known[k].type->name,
                     wh_loss_name(&known[k].loss), mean, square, known[k].mean, known[k].square);
    }
}

/* The mean losses of vw --coin --loss_function ..., of rows of weight 1: it looks at the weight of
 * a row before it predicts it. (What it writes with -p is older by a row.) */
static void coin_loses_as_vowpal_wabbit_does(void **state)
{
    (void)state;
    static const struct {
        struct wh_loss loss;
        double mean;
    } cases[] = {
        { { WH_LOSS_LOGISTIC, 0 }, 0.43610779 },   { { WH_LOSS_HINGE, 0 }, 0.49284901 },
        { { WH_LOSS_SQUARED, 0 }, 18.86470539 },   { { WH_LOSS_QUANTILE, 0.9 }, 0.55723888 },
        { { WH_LOSS_POISSON, 0 }, 2.33263457 / 2 },
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct wh_learner *learner = make(&wh_learner_coin, cases[k].loss);
        double sum = 0;
        for (size_t i = 0; i < ROWS; i++) {
            struct row row = rows[i];
            row.weight = 1;
            struct wh_outcome outcome = { .target = target_of(&row, &cases[k].loss) };
            outcome.prediction = said(learn_row(learner, &row, outcome.target, 0),
                                      &cases[k].loss);
            wh_loss_find(&cases[k].loss, &outcome);
            sum += outcome.loss;
        }
        wh_learner_close(learner);
        if (!(fabs(sum / ROWS - cases[k].mean) < 2e-5 * cases[k].mean))
            fail_msg("%s: %.8f instead of %.8f", wh_loss_name(&cases[k].loss), sum / ROWS,
                     cases[k].mean);
    }
}

static const struct wh_learner_type *const types[] = { &wh_learner_nag, &wh_learner_ftrl,
                                                       &wh_learner_coin, &wh_learner_sgd };
static const struct wh_loss losses[] = {
    { WH_LOSS_SQUARED, 0 },    { WH_LOSS_ABSOLUTE, 0 }, { WH_LOSS_HUBER, 1.345 },
    { WH_LOSS_QUANTILE, 0.9 }, { WH_LOSS_POISSON, 0 },  { WH_LOSS_LOGISTIC, 0 },
    { WH_LOSS_HINGE, 0 },
};

enum { TYPES = sizeof types / sizeof *types, LOSSES = sizeof losses / sizeof *losses };

/* Calls a check with a new learner of each type and loss, with penalties where it takes them. */
static void for_all(void (*check)(struct wh_learner *learner))
{
    for (size_t i = 0; i < TYPES; i++)
        for (size_t k = 0; k < LOSSES; k++) {
            struct wh_learner_settings settings = { .loss = losses[k], .rate = types[i]->rate };
            if (!types[i]->unpenalized)
                settings.l1 = settings.l2 = 1e-3;
            struct wh_learner *learner = wh_learner_open(types[i], &settings, 1);
            check(learner);
            wh_learner_close(learner);
        }
}

/* What is saved, as numbers that a file could hold, read into a second learner. */
static struct wh_learner *copy_of(const struct wh_learner *learner)
{
    struct wh_error error;
    struct wh_learner *copy = wh_learner_open(learner->type, &learner->settings, 1);
    json_t *state = wh_learner_save(learner);
    assert_int_equal(wh_learner_load(copy, state, &error), 0);
    json_decref(state);
    for (uint32_t id = 0; id < FEATURES; id++) {
        double numbers[2 * WH_MAX_PARAMETERS];
        wh_learner_get(learner, id, numbers);
        for (size_t i = 0; i < wh_learner_parameter_count(learner); i++)
            assert_true(isfinite(numbers[i]));
        if (!wh_learner_set(copy, id, numbers))
            fail_msg("%s, %s: feature %u: %g %g %g %g %g %g", learner->type->name,
                     wh_loss_name(&learner->settings.loss), id, numbers[0], numbers[1], numbers[2],
                     numbers[3], numbers[4], numbers[5]);
    }
    return copy;
}

/* Rows at the limits, in changing combinations and thousands of them, with and without a clock. */
static void survive(struct wh_learner *learner)
{
    static const double extremes[] = { 1e50, -1e50, 1e-300, 1, 5e-324, 0, -3 };
    static const double weights[] = { 1e50, 1, 1e-300, 1e-50, 7 };
    static const double targets[] = { 1e25, 0, 1e-300, 1, 3, 1e-5 };
    uint64_t seed = 99;
    const struct wh_loss *loss = &learner->settings.loss;
    double clock = 0;
    for (int i = 0; i < 6000; i++) {
        struct row row = { .ids = { WH_CONSTANT }, .values = { 1 }, .count = 1 };
        for (uint32_t id = 1; id < 6; id++) {
            double value = extremes[(size_t)(draw(&seed) * 7)];
            if (value == 0 && !(learner->type->needs & WH_NEEDS_ZEROS))
                continue;
            row.ids[row.count] = id;
            row.values[row.count++] = value;
        }
        row.weight = weights[(size_t)(draw(&seed) * 5)];
        double target = targets[(size_t)(draw(&seed) * 6)];
        bool negative = loss->kind != WH_LOSS_POISSON && draw(&seed) < 0.5;
        target = wh_loss_is_margin(loss) ? 1 : target;
        clock += i < 2000 ? 0 : i < 4000 ? 0.3 : draw(&seed) * 300;
        double p = learn_row(learner, &row, negative ? -target : target, clock);
        if (!isfinite(p))
            fail_msg("%s, %s: row %d: %g", learner->type->name, wh_loss_name(loss), i, p);
    }
    wh_learner_close(copy_of(learner));
}

static void no_row_makes_a_number_infinite_or_none(void **state)
{
    (void)state;
    for_all(survive);
}

/* What each value adds to a prediction makes it up. */
static void explain(struct wh_learner *learner)
{
    const struct wh_loss *loss = &learner->settings.loss;
    struct wh_learner_scratch *scratch = wh_learner_scratch_open(learner);
    for (size_t i = 0; i < ROWS; i++) {
        const struct row *row = &rows[i];
        struct wh_example example = { row->ids, row->values, row->count, FEATURES, 0, false };
        double shares[MOST], sum = 0;
        learn_row(learner, row, target_of(row, loss), 0);
        if (i < ROWS / 2)
            continue;
        double prediction;
        wh_learner_predict(learner, scratch, &example, &prediction);
        wh_learner_contribute(learner, scratch, 0, &example, shares);
        for (size_t k = 0; k < row->count; k++)
            sum += shares[k];
        bool cut = fabs(sum) > fabs(prediction);
        assert_true(cut || fabs(sum - prediction) < 1e-12 * (1 + fabs(sum)));
    }
    wh_learner_scratch_close(scratch);
}

static void shares_make_up_the_prediction(void **state)
{
    (void)state;
    for_all(explain);
}

static double clock_of(size_t row)
{
    return (double)row / 3;
}

static void cut_in_two(struct wh_learner *learner)
{
    const struct wh_loss *loss = &learner->settings.loss;
    for (size_t i = 0; i < ROWS / 2; i++)
        learn_row(learner, &rows[i], target_of(&rows[i], loss), clock_of(i));
    struct wh_learner *copy = copy_of(learner);
    for (size_t i = ROWS / 2; i < ROWS; i++) {
        double target = target_of(&rows[i], loss);
        assert_true(learn_row(learner, &rows[i], target, clock_of(i))
                    == learn_row(copy, &rows[i], target, clock_of(i)));
    }
    for (uint32_t id = 0; id < FEATURES; id++) {
        double numbers[2 * WH_MAX_PARAMETERS], others[2 * WH_MAX_PARAMETERS];
        wh_learner_get(learner, id, numbers);
        wh_learner_get(copy, id, others);
        for (size_t i = 0; i < wh_learner_parameter_count(learner); i++)
            assert_true(numbers[i] == others[i]);
    }
    wh_learner_close(copy);
}

static void what_is_saved_and_loaded_goes_on_the_same(void **state)
{
    (void)state;
    for_all(cut_in_two);
}

/* With a half-life of 100 rows ftrl and coin follow labels that turn round after 1,200; without
 * it they stay longer with what the rows before taught. */
static void forgetting_lets_a_learner_turn_round(void **state)
{
    (void)state;
    for (size_t k = 1; k < 3; k++) {
        double late[2];
        for (int forgets = 0; forgets < 2; forgets++) {
            struct wh_learner *learner = make(types[k], losses[5]);
            double sum = 0;
            for (int i = 0; i < 4 * ROWS; i++) {
                const struct row *row = &rows[i % ROWS];
                double target = target_of(row, &losses[5]) * (i < 3 * ROWS ? 1 : -1);
                struct wh_outcome outcome = { .target = target };
                outcome.prediction = learn_row(learner, row, target, forgets ? i / 100.0 : 0);
                wh_loss_find(&losses[5], &outcome);
                sum += i < 3 * ROWS ? 0 : outcome.loss;
            }
            late[forgets] = sum;
            wh_learner_close(learner);
        }
        assert_true(late[1] < 0.8 * late[0]);
    }
}

static void the_penalty_l1_makes_useless_weights_zero(void **state)
{
    (void)state;
    static const struct wh_learner_type *const penalized[] = { &wh_learner_nag, &wh_learner_ftrl,
                                                               &wh_learner_sgd };
    for (size_t k = 0; k < 3; k++) {
        struct wh_learner_settings settings = { .loss = losses[5], .rate = penalized[k]->rate,
                                                .l1 = k == 1 ? 10 : k == 0 ? 0.5 : 0.35 };
        struct wh_learner *learner = wh_learner_open(penalized[k], &settings, 1);
        for (size_t i = 0; i < ROWS; i++)
            learn_row(learner, &rows[i], target_of(&rows[i], &losses[5]), 0);
        int zeros = 0;
        for (uint32_t id = 1; id < FEATURES; id++) {
            double numbers[WH_MAX_PARAMETERS];
            learner->type->get(learner->heads[0], id, numbers);
            zeros += numbers[0] == 0;
        }
        /* Features 1, 6, 11, 16 have no influence. */
        assert_true(zeros >= 4 && zeros < 10);
        wh_learner_close(learner);
    }
}

static void numbers_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const double absurd[] = { NAN, INFINITY, -INFINITY, 1e301 };
    for (size_t k = 0; k < TYPES; k++) {
        struct wh_learner *learner = make(types[k], losses[5]);
        learn_row(learner, &rows[0], 1, 0);
        size_t count = wh_learner_parameter_count(learner);
        for (size_t i = 0; i < count * 4; i++) {
            double numbers[2 * WH_MAX_PARAMETERS];
            wh_learner_get(learner, rows[0].ids[1], numbers);
            numbers[i / 4] = absurd[i % 4];
            /* The weight of coin follows from the others and is not read. */
            bool unread = types[k] == &wh_learner_coin && i / 4 == 0;
            assert_int_equal(wh_learner_set(learner, rows[0].ids[1], numbers), unread);
        }
        wh_learner_close(learner);
    }
}

static void the_names_of_learners_are_those_of_their_types(void **state)
{
    (void)state;
    size_t i = 0;
    for (; wh_learners[i]; i++)
        assert_string_equal(wh_learner_names[i], wh_learners[i]->name);
    assert_null(wh_learner_names[i]);
    assert_non_null(wh_learner_find(WH_DEFAULT_LEARNER));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_names_of_learners_are_those_of_their_types),
        cmocka_unit_test(learners_predict_as_vowpal_wabbit_does),
        cmocka_unit_test(coin_loses_as_vowpal_wabbit_does),
        cmocka_unit_test(no_row_makes_a_number_infinite_or_none),
        cmocka_unit_test(shares_make_up_the_prediction),
        cmocka_unit_test(what_is_saved_and_loaded_goes_on_the_same),
        cmocka_unit_test(forgetting_lets_a_learner_turn_round),
        cmocka_unit_test(the_penalty_l1_makes_useless_weights_zero),
        cmocka_unit_test(numbers_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, make_rows, NULL);
}
