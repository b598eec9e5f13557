/* The learner auto in regression, through the interface of learners and the scale of targets, on
 * rows made by rule. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "learn/auto/pack.h"
#include "learn/learner.h"
#include "learn/learners.h"
#include "learn/target.h"

enum { FIELDS = 4, FEATURES = FIELDS + 1, MANY = 4000 };

struct row {
    double values[FEATURES];
    double label, weight;
};

struct trial {
    struct wh_names names;
    struct wh_learner_settings settings;
    struct wh_learner *learner;
    struct wh_learner_scratch *scratch;
    struct wh_target target;
    uint32_t ids[FEATURES];
};

static void begin(struct trial *trial)
{
    *trial = (struct trial){ .settings = { .loss = { .kind = WH_LOSS_SQUARED }, .numbers = true,
                                           .rate = 1, .names = &trial->names } };
    wh_names_init(&trial->names);
    for (uint32_t i = 0; i < FIELDS; i++) {
        char name[2] = { (char)('a' + i), 0 };
        wh_names_add(&trial->names, name, 1);
    }
    for (uint32_t i = 0; i < FEATURES; i++)
        trial->ids[i] = i;
    trial->learner = wh_learner_open(wh_learner_find("auto"), &trial->settings, 1);
    trial->scratch = wh_learner_scratch_open(trial->learner);
}

static void end(struct trial *trial)
{
    wh_learner_close(trial->learner);
    wh_learner_scratch_close(trial->scratch);
    wh_names_free(&trial->names);
}

/* Learns a row; returns what was predicted of it before. */
static double learn(struct trial *trial, const struct row *row)
{
    const struct wh_loss *loss = &trial->settings.loss;
    struct wh_example example = { trial->ids, row->values, FEATURES, FEATURES, 0, false };
    double raw;
    wh_learner_predict(trial->learner, trial->scratch, &example, &raw);
    double expected = wh_target_expected(&trial->target, loss, raw);
    wh_target_learn(&trial->target, row->label, row->weight);
    struct wh_outcome outcome = {
        .prediction = raw,
        .target = wh_target_scaled(&trial->target, loss, row->label),
        .weight = row->weight,
    };
    wh_loss_find(loss, &outcome);
    wh_learner_learn(trial->learner, trial->scratch, &example, &outcome);
    return expected;
}

/* A number of mean 0 and deviation about 1, by rule. */
static double noise(uint64_t draw)
{
    double sum = 0;
    for (unsigned i = 0; i < 3; i++)
        sum += 2 * wh_auto_draw(3 * draw + i) - 1;
    return sum;
}

/* Steps in two fields, a slope in the third, and a fourth that says nothing. */
static struct row make_row(uint64_t i)
{
    struct row row = { .values = { 1 }, .weight = 1 };
    for (unsigned j = 1; j < FEATURES; j++)
        row.values[j] = wh_auto_draw(100 * i + j);
    row.label = (row.values[1] > 0.5 ? row.values[2] > 0.3 ? 5 : -2 : 1) + 3 * row.values[3]
        + 0.5 * noise(1000000 + i);
    return row;
}

static double squared_error(struct trial *trial, uint64_t from, uint64_t to, double unit)
{
    double sum = 0;
    for (uint64_t i = from; i < to; i++) {
        struct row row = make_row(i);
        row.label *= unit;
        double error = (row.label - learn(trial, &row)) / unit;
        sum += error * error;
    }
    return sum / (double)(to - from);
}

/* The least root of the mean squared error of an expert, as described, in the label's unit. */
static double best_expert(struct trial *trial)
{
    struct wh_buffer text = { 0 };
    double best = INFINITY;
    const struct wh_learner_type *type = trial->learner->type;
    type->describe(trial->learner->view, trial->learner->heads[0], &text);
    wh_buffer_byte(&text, 0);
    for (char *line = strchr(text.data, '\n') + 1; *line; line = strchr(line, '\n') + 1) {
        char *end = strchr(line, '\n');
        while (end[-1] != ' ')
            end--;
        best = fmin(best, strtod(end, NULL));
    }
    wh_buffer_free(&text);
    return best * wh_target_unit(&trial->target, &trial->settings.loss);
}

static void the_committee_is_better_than_each_expert(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    double squared = squared_error(&trial, 0, MANY, 1);
    assert_true(isfinite(best_expert(&trial)));
    assert_true(sqrt(squared) < 0.98 * best_expert(&trial));
    end(&trial);
}

/* Noise is a quarter; the best constant is left with more than eight, the best line with four. */
static void it_comes_close_to_what_can_be_known(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    squared_error(&trial, 0, MANY, 1);
    double squared = squared_error(&trial, MANY, 2 * MANY, 1);
    assert_true(squared > 0.24 && squared < 0.9);
    end(&trial);
}

static void the_unit_of_the_label_does_not_matter(void **state)
{
    (void)state;
    static const double units[] = { 1e-6, 0.0254, 60, 1e6 };
    struct trial trial;
    begin(&trial);
    double wanted = squared_error(&trial, 0, 1000, 1);
    end(&trial);
    for (unsigned i = 0; i < sizeof units / sizeof *units; i++) {
        begin(&trial);
        double squared = squared_error(&trial, 0, 1000, units[i]);
        assert_true(fabs(squared - wanted) < 1e-6 * wanted);
        end(&trial);
    }
}

static void an_outlier_is_forgiven(void **state)
{
    (void)state;
    static const double outliers[] = { 1e12, -1e50 };
    for (unsigned i = 0; i < 2; i++) {
        struct trial calm, struck;
        begin(&calm);
        begin(&struck);
        squared_error(&calm, 0, 1000, 1);
        squared_error(&struck, 0, 1000, 1);
        struct row row = make_row(1000);
        learn(&calm, &row);
        row.label = outliers[i];
        learn(&struck, &row);
        double without = squared_error(&calm, 1001, 2000, 1);
        double with = squared_error(&struck, 1001, 2000, 1);
        assert_true(with < 1.2 * without);
        end(&calm);
        end(&struck);
    }
}

static void a_new_level_is_followed(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    squared_error(&trial, 0, 1000, 1);
    double sum = 0;
    for (uint64_t i = 1000; i < 2000; i++) {
        struct row row = make_row(i);
        row.label += 1000;
        double error = row.label - learn(&trial, &row);
        sum += i < 1050 ? 0 : error * error;
    }
    /* Against a deviation of 2.9, and a step of a thousand. */
    assert_true(sqrt(sum / 950) < 100);
    end(&trial);
}

static void constant_labels_are_predicted_as_they_are(void **state)
{
    (void)state;
    static const double labels[] = { 0, 42.5, -1e50, 1e-50 };
    for (unsigned l = 0; l < sizeof labels / sizeof *labels; l++) {
        struct trial trial;
        begin(&trial);
        for (uint64_t i = 0; i < 1000; i++) {
            struct row row = make_row(i);
            row.label = labels[l];
            double expected = learn(&trial, &row);
            assert_true(i == 0 || fabs(expected - labels[l]) <= 1e-12 * fabs(labels[l]));
        }
        end(&trial);
    }
}

static void rows_of_weight_zero_change_nothing(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial);
    squared_error(&trial, 0, 200, 1);
    struct row next = make_row(200);
    struct wh_example example = { trial.ids, next.values, FEATURES, FEATURES, 0, false };
    const struct wh_learner_type *type = trial.learner->type;
    struct wh_scratch *scratch = type->scratch_new();
    void *guess = wh_alloc(1, type->guess_size(&trial.settings));
    struct wh_head *head = trial.learner->heads[0];
    type->view_read(trial.learner->view, scratch, &example);
    double before = type->predict(head, scratch, guess, &example);
    struct wh_outcome outcome = { .prediction = before, .target = 8, .weight = 0 };
    wh_loss_find(&trial.settings.loss, &outcome);
    type->learn(head, scratch, guess, &example, &outcome);
    double after = type->predict(head, scratch, guess, &example);
    type->scratch_free(scratch);
    free(guess);
    assert_true(before == after);
    end(&trial);
}

static void extremes_leave_it_sound(void **state)
{
    (void)state;
    static const double extremes[] = { 1e50, -1e50, 1e-50, 0, 1e25, 5, -1e-9 };
    struct trial trial;
    begin(&trial);
    for (uint64_t i = 0; i < 3000; i++) {
        struct row row = make_row(i);
        row.values[1 + i % 4] = extremes[i % 7];
        row.label = extremes[i / 7 % 7];
        row.weight = i % 5 == 0 ? 1e50 : i % 5 == 1 ? 1e-50 : 1;
        assert_true(isfinite(learn(&trial, &row)));
    }
    end(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_committee_is_better_than_each_expert),
        cmocka_unit_test(it_comes_close_to_what_can_be_known),
        cmocka_unit_test(the_unit_of_the_label_does_not_matter),
        cmocka_unit_test(an_outlier_is_forgiven),
        cmocka_unit_test(a_new_level_is_followed),
        cmocka_unit_test(constant_labels_are_predicted_as_they_are),
        cmocka_unit_test(rows_of_weight_zero_change_nothing),
        cmocka_unit_test(extremes_leave_it_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
