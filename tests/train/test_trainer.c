/*
 * A trainer without a stage: what looking at rows, taking and dropping them does to a model, and
 * how a learner that needs all rows at once is trained.
 */
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
#include "model/modelfile.h"
#include "record/files.h"
#include "score/predictor.h"
#include "train/opening.h"
#include "train/trainer.h"

enum { ROWS = 60 };

static char path[] = "/tmp/wh-trainer-XXXXXX";
static struct wh_error problem;

static int make_file(void **state)
{
    (void)state;
    int file = mkstemp(path);
    return file < 0 || close(file) != 0 || unlink(path) != 0 ? -1 : 0;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

/* Two thirds of them are of the class "yes". */
static struct wh_buffer make_rows(void)
{
    struct wh_buffer rows = { 0 };
    for (unsigned i = 0; i < ROWS; i++)
        wh_buffer_format(&rows, "{\"x\":%u,\"city\":\"%c\",\"y\":\"%s\"}\n", i * 7919 % 101,
                         (char)('a' + i % 5), i % 3 ? "yes" : "no");
    return rows;
}

static struct wh_trainer *open_trainer(const struct wh_trainer_settings *settings,
                                       const struct wh_learner_type *type)
{
    struct wh_opening given = { .learner = "nag", .task = "binary", .positive = "yes",
                                .model = wh_settings_none() };
    given.model.roles.label = "y";
    struct wh_model *model = wh_opening_begin(&given, &problem);
    assert_non_null(model);
    if (type)
        model->type = type;
    struct wh_trainer *trainer = wh_trainer_open(settings, model, &problem);
    assert_non_null(trainer);
    return trainer;
}

static struct wh_reader *open_rows(const struct wh_buffer *rows)
{
    static const struct wh_reading reading = { .format = WH_FORMAT_NDJSON };
    struct wh_reader *reader = wh_reader_open_memory(&reading, "rows", rows->data, rows->length,
                                                     &problem);
    assert_non_null(reader);
    return reader;
}

static bool next_row(struct wh_reader *reader)
{
    return wh_reader_next(reader, &problem) == WH_PASSED;
}

static struct wh_trainer_look look_at(struct wh_trainer *trainer, struct wh_row *row)
{
    struct wh_trainer_look look;
    assert_int_equal(wh_trainer_look(trainer, row, &look, &problem), WH_TAKEN);
    return look;
}

static void take(struct wh_trainer *trainer, struct wh_row *row)
{
    assert_true(look_at(trainer, row).teaches);
    assert_int_equal(wh_trainer_take(trainer, &problem), WH_TAKEN);
}

static void save(struct wh_trainer *trainer, char digest[65])
{
    assert_int_equal(wh_model_save(wh_trainer_model(trainer), path, &problem), 0);
    strcpy(digest, wh_trainer_model(trainer)->digest);
}

/* Learns from the rows, having looked `looks` times at each. */
static void learn(const struct wh_buffer *rows, int looks, char digest[65])
{
    const struct wh_trainer_settings settings = { .path = path };
    struct wh_trainer *trainer = open_trainer(&settings, NULL);
    struct wh_reader *reader = open_rows(rows);
    while (next_row(reader)) {
        for (int i = 0; i < looks; i++) {
            look_at(trainer, reader->row);
            wh_trainer_drop(trainer, WH_BAD);
        }
        take(trainer, reader->row);
    }
    assert_int_equal(wh_trainer_finish(trainer, false, &problem), 0);
    assert_int_equal(wh_trainer_trained(trainer)->learned, ROWS);
    save(trainer, digest);
    wh_reader_close(reader);
    wh_trainer_close(trainer);
}

static void a_row_that_is_dropped_teaches_nothing(void **state)
{
    (void)state;
    char once[65], twice[65];
    struct wh_buffer rows = make_rows();
    learn(&rows, 0, once);
    learn(&rows, 2, twice);
    assert_string_equal(once, twice);
    wh_buffer_free(&rows);
}

/* What a session of the model that is in the file predicts of a row. */
static double predict_by_file(struct wh_row *row)
{
    const struct wh_session_settings settings = { 0 };
    struct wh_reading_row reading;
    struct wh_predictor *predictor = wh_predictor_load(&wh_predictor_native, path, &problem);
    assert_non_null(predictor);
    struct wh_session *session = wh_session_open(predictor, &settings, &problem);
    assert_non_null(session);
    assert_int_equal(wh_session_read(session, row, &reading, &problem), WH_TAKEN);
    double value = wh_session_predict(session, &reading).value;
    wh_session_close(session);
    wh_predictor_release(predictor);
    return value;
}

static void what_a_row_is_predicted_is_what_the_model_before_it_predicts(void **state)
{
    (void)state;
    char digest[65];
    const struct wh_trainer_settings settings = { .path = path, .scores = true };
    struct wh_buffer rows = make_rows();
    struct wh_trainer *trainer = open_trainer(&settings, NULL);
    struct wh_reader *reader = open_rows(&rows);
    assert_true(next_row(reader));
    take(trainer, reader->row);
    while (next_row(reader)) {
        save(trainer, digest);
        struct wh_trainer_look look = look_at(trainer, reader->row);
        assert_true(look.passes);
        assert_true(look.prediction->value == predict_by_file(reader->row));
        assert_int_equal(wh_trainer_take(trainer, &problem), WH_TAKEN);
    }
    wh_reader_close(reader);
    wh_trainer_close(trainer);
    wh_buffer_free(&rows);
}

/* A learner that needs all rows: it predicts the mean of the targets that it was given. -------- */

struct batch {
    double sum, weight; /* of the targets put by */
    double mean;
};

static struct wh_head *batch_new(const struct wh_learner_settings *settings, struct wh_view *view)
{
    (void)settings;
    (void)view;
    return wh_alloc(1, sizeof(struct batch));
}

static void batch_free(struct wh_head *head)
{
    free(head);
}

static double batch_predict(const struct wh_head *head, struct wh_scratch *scratch, void *guess,
                            const struct wh_example *example)
{
    (void)scratch;
    (void)guess;
    (void)example;
    return ((const struct batch *)head)->mean;
}

static void batch_learn(struct wh_head *head, struct wh_scratch *scratch, void *guess,
                        const struct wh_example *example, const struct wh_outcome *outcome)
{
    (void)scratch;
    (void)guess;
    (void)example;
    struct batch *batch = (struct batch *)head;
    batch->sum += outcome->weight * outcome->target;
    batch->weight += outcome->weight;
}

static int batch_fit(struct wh_head *head, struct wh_error *error)
{
    struct batch *batch = (struct batch *)head;
    if (batch->weight == 0)
        return wh_fail(error, WH_REFUSED, "no row to learn from");
    batch->mean = batch->sum / batch->weight;
    return 0;
}

static const struct wh_learner_type batch_type = {
    .name = "batch",
    .help = "the mean of all labels",
    .rate = 1,
    .head_new = batch_new,
    .head_free = batch_free,
    .predict = batch_predict,
    .learn = batch_learn,
    .fit = batch_fit,
};

static void a_batch_learner_learns_from_all_rows_when_they_are_over(void **state)
{
    (void)state;
    const struct wh_trainer_settings settings = { .path = path, .scores = true };
    struct wh_buffer rows = make_rows();
    struct wh_trainer *trainer = open_trainer(&settings, &batch_type);
    struct wh_reader *reader = open_rows(&rows);
    while (next_row(reader)) {
        assert_true(look_at(trainer, reader->row).prediction->value == 0);
        assert_int_equal(wh_trainer_take(trainer, &problem), WH_TAKEN);
    }
    wh_reader_close(reader);
    assert_int_equal(wh_trainer_finish(trainer, false, &problem), 0);
    reader = open_rows(&rows);
    assert_true(next_row(reader));
    /* Two targets in three are 1, the others -1. */
    assert_true(look_at(trainer, reader->row).prediction->value == 1.0 / 3);
    wh_reader_close(reader);
    wh_trainer_close(trainer);
    wh_buffer_free(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_that_is_dropped_teaches_nothing),
        cmocka_unit_test(what_a_row_is_predicted_is_what_the_model_before_it_predicts),
        cmocka_unit_test(a_batch_learner_learns_from_all_rows_when_they_are_over),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
