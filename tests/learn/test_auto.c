/* The learner auto as a whole, for classes: what no input may change, and what it may not do. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memory.h"
#include "learn/auto/pack.h"
#include "learn/learners.h"
#include "model/modelfile.h"

static char folder[] = "/tmp/wh-auto-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/m.whm", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static struct wh_model *make_model(const char *task)
{
    struct wh_model *model = wh_model_open();
    struct wh_error error;
    assert_int_equal(wh_task_init(&model->task, task, NULL, &error), 0);
    if (strcmp(task, "binary") == 0)
        model->task.type = WH_NUMBER;
    model->type = &wh_learner_auto;
    model->loss = (struct wh_loss){ .kind = WH_LOSS_LOGISTIC };
    model->settings.rate = 1;
    model->settings.roles.label = wh_copy("y", 1);
    model->input = WH_INPUT_COLUMNS;
    wh_model_make_learner(model);
    return model;
}

/* A row being put together. */
struct row {
    uint32_t ids[1100];
    double values[1100];
    size_t count;
    double label, weight;
};

static void begin_row(struct row *row)
{
    row->ids[0] = WH_CONSTANT;
    row->values[0] = 1;
    row->count = 1;
    row->label = 0;
    row->weight = 1;
}

static void put(struct wh_model *model, struct row *row, const char *name, double value)
{
    uint32_t id = wh_names_find(&model->names, name, strlen(name));
    row->ids[row->count] = id == WH_NO_FEATURE ? wh_names_add(&model->names, name, strlen(name))
                                               : id;
    row->values[row->count++] = value;
}

/* Predicts and learns; the margin, which must be finite. */
static double learn(struct wh_model *model, const struct row *row)
{
    struct wh_example example = { .ids = row->ids, .values = row->values, .count = row->count,
                                  .features = model->names.count };
    struct wh_model_scratch *scratch = wh_model_scratch_open();
    struct wh_prediction prediction = wh_model_predict(model, scratch, &example);
    double margin = prediction.value;
    assert_true(isfinite(margin));
    struct wh_judgement judgement = wh_model_judge(model, &prediction, row->label, row->weight);
    wh_model_measure(model, &model->metrics, &prediction, &judgement);
    wh_model_learn(model, scratch, &example, &prediction, &judgement);
    wh_model_scratch_close(scratch);
    return margin;
}

/* Row i of a table of numbers, strings and missing values that say something of the label. */
static void make_row(struct wh_model *model, struct row *row, uint64_t i, double unit)
{
    static const char *const cities[] = { "city=Lagos", "city=Accra", "city=Lima" };
    double a = wh_auto_draw(7 * i) - 0.5, b = wh_auto_draw(7 * i + 1);
    unsigned city = (unsigned)(wh_auto_mix(7 * i + 2) % 3);
    begin_row(row);
    put(model, row, "a", unit * a);
    put(model, row, "b", i % 7 == 0 ? (double)NAN : unit * b);
    put(model, row, cities[city], 1);
    if (i % 3)
        put(model, row, "c", unit * floor(4 * wh_auto_draw(7 * i + 3)));
    row->label = a * (city == 1 ? -1 : 1) + 0.3 * b + 0.2 * wh_auto_draw(7 * i + 4) > 0.25;
}

static void it_learns_what_no_line_can_separate(void **state)
{
    (void)state;
    struct wh_model *model = make_model("binary");
    struct row row;
    for (unsigned i = 0; i < 3000; i++) {
        make_row(model, &row, i, 1);
        learn(model, &row);
    }
    assert_true(model->metrics.loss / model->metrics.weight < 0.35);
    wh_model_close(model);
}

static void units_do_not_matter(void **state)
{
    (void)state;
    struct wh_model *one = make_model("binary"), *other = make_model("binary");
    struct row row;
    for (unsigned i = 0; i < 700; i++) {
        make_row(one, &row, i, 1);
        double margin = learn(one, &row);
        make_row(other, &row, i, 0x1p-70);
        assert_true(margin == learn(other, &row));
    }
    wh_model_close(one);
    wh_model_close(other);
}

static void the_order_in_which_a_row_names_its_numbers_does_not_matter_much(void **state)
{
    (void)state;
    struct wh_model *one = make_model("binary"), *other = make_model("binary");
    struct row row, turned;
    for (unsigned i = 0; i < 300; i++) {
        make_row(one, &row, i, 1);
        double margin = learn(one, &row);
        make_row(other, &row, i, 1);
        turned = row;
        for (size_t k = 1; i > 0 && k < row.count; k++) {
            turned.ids[k] = row.ids[row.count - k];
            turned.values[k] = row.values[row.count - k];
        }
        assert_true(fabs(margin - learn(other, &turned)) < 1e-3);
    }
    wh_model_close(one);
    wh_model_close(other);
}

static void rows_that_say_nothing_are_learned_as_the_share_of_labels(void **state)
{
    (void)state;
    struct wh_model *model = make_model("binary");
    struct row row;
    double margin = 0;
    for (unsigned i = 0; i < 2000; i++) {
        begin_row(&row);
        put(model, &row, "a", NAN);
        put(model, &row, "b", NAN);
        put(model, &row, "constant", 1e9);
        row.label = wh_auto_mix(i) % 10 < 3;
        margin = learn(model, &row);
    }
    assert_true(fabs(1 / (1 + exp(-margin)) - 0.3) < 0.1);
    assert_true(model->metrics.loss / model->metrics.weight < 0.64);
    wh_model_close(model);
}

static void save_and_load(struct wh_model **model)
{
    struct wh_error error;
    assert_int_equal(wh_model_save(*model, path, &error), 0);
    struct wh_model *back = wh_model_load(path, &error);
    if (!back)
        fail_msg("%s", error.text);
    assert_int_equal(wh_model_save(back, path, &error), 0);
    assert_string_equal((*model)->digest, back->digest);
    wh_model_close(*model);
    *model = back;
}

/* Values and weights at the limits of what the reader lets through, in every order. */
static void extreme_rows_leave_a_model_that_saves_and_loads(void **state)
{
    (void)state;
    static const double extremes[] = { 1e50, -1e50, 1e-300, 1, 5e-324, 0, NAN };
    static const double weights[] = { 1e50, 1, 1e-300, 0, 1e-7 };
    struct wh_model *model = make_model("binary");
    struct row row;
    for (unsigned i = 0; i < 7 * 7 * 5 * 4; i++) {
        begin_row(&row);
        put(model, &row, "a", extremes[i % 7]);
        put(model, &row, "b", extremes[i / 7 % 7]);
        put(model, &row, i % 2 ? "c=x" : "c=y", 1);
        row.weight = weights[i / 49 % 5];
        row.label = (double)(wh_auto_mix(i) % 2);
        learn(model, &row);
    }
    save_and_load(&model);
    for (unsigned i = 0; i < 100; i++) {
        make_row(model, &row, i, 1e40);
        learn(model, &row);
    }
    wh_model_close(model);
}

static void a_thousand_columns_are_learned_from(void **state)
{
    (void)state;
    struct wh_model *model = make_model("binary");
    struct row row;
    char name[16];
    for (unsigned i = 0; i < 300; i++) {
        begin_row(&row);
        for (unsigned k = 0; k < 1000; k++) {
            snprintf(name, sizeof name, "f%u", k);
            put(model, &row, name, wh_auto_draw(1000 * (uint64_t)i + k) - 0.5);
        }
        row.label = row.values[990] > 0;
        learn(model, &row);
    }
    assert_true(model->metrics.loss / model->metrics.weight < 0.75);
    save_and_load(&model);
    wh_model_close(model);
}

static void copy_digest(struct wh_model *model, char digest[static 65])
{
    struct wh_error error;
    assert_int_equal(wh_model_save(model, path, &error), 0);
    strcpy(digest, model->digest);
}

/* Split at every `step`-th row, among them where edges are taken and slots reviewed. */
static void check_splits(const char *task, unsigned rows, unsigned step)
{
    struct wh_model *whole = make_model(task), *parts = make_model(task);
    struct row row;
    char left[65], right[65];
    for (unsigned i = 0; i < rows; i++) {
        make_row(whole, &row, i, 1);
        learn(whole, &row);
        make_row(parts, &row, i, 1);
        learn(parts, &row);
        if (i % step == 0)
            save_and_load(&parts);
    }
    copy_digest(whole, left);
    copy_digest(parts, right);
    assert_string_equal(left, right);
    wh_model_close(whole);
    wh_model_close(parts);
}

static void split_runs_give_the_bytes_of_one(void **state)
{
    (void)state;
    check_splits("binary", 140, 1);
    check_splits("binary", 2200, 91);
}

static void features_of_other_numbers_are_the_same_features(void **state)
{
    (void)state;
    struct wh_model *model = make_model("binary");
    struct row row;
    for (unsigned i = 0; i < 200; i++) {
        make_row(model, &row, i, 1);
        learn(model, &row);
    }
    /* Forgets feature 2; those behind it move up. */
    uint32_t from[16], count = 0;
    for (uint32_t id = 0; id < model->names.count; id++)
        if (id != 2)
            from[count++] = id;
    double before[WH_MAX_PARAMETERS * 2], after[WH_MAX_PARAMETERS * 2];
    wh_learner_get(model->learner, 3, before);
    wh_learner_renumber(model->learner, from, count);
    wh_learner_get(model->learner, 2, after);
    assert_memory_equal(before, after,
                        wh_learner_parameter_count(model->learner) * sizeof *before);
    wh_model_close(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_learns_what_no_line_can_separate),
        cmocka_unit_test(units_do_not_matter),
        cmocka_unit_test(the_order_in_which_a_row_names_its_numbers_does_not_matter_much),
        cmocka_unit_test(rows_that_say_nothing_are_learned_as_the_share_of_labels),
        cmocka_unit_test(extreme_rows_leave_a_model_that_saves_and_loads),
        cmocka_unit_test(a_thousand_columns_are_learned_from),
        cmocka_unit_test(split_runs_give_the_bytes_of_one),
        cmocka_unit_test(features_of_other_numbers_are_the_same_features),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
