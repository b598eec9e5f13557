/*
 * One loaded model is shared: threads that each score by a session of it write the bytes that one
 * thread writes, and leave the model as it was. A predictor that is not a model of wh is one more
 * kind.
 */
#include <math.h>
#include <pthread.h>
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
#include "record/files.h"
#include "record/writer.h"
#include "score/score.h"
#include "train/update.h"

enum { LEARNED = 240, SCORED = 160, THREADS = 8, RELOADS = 200 };

static char folder[] = "/tmp/wh-sessions-XXXXXX", path[64], saved_path[64];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/m.whm", folder);
    snprintf(saved_path, sizeof saved_path, "%s/saved.whm", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    unlink(saved_path);
    return rmdir(folder);
}

/* Rows ------------------------------------------------------------------------------------- */

/* What the label is. */
enum label { TWO, MANY, NUMBER };

static void add_label(struct wh_buffer *out, enum label label, double score)
{
    static const char *const names[] = { "low", "middle", "high" };
    if (label == TWO)
        wh_buffer_format(out, "%d", score > 0);
    else if (label == MANY)
        wh_buffer_format(out, "\"%s\"", names[score < -0.2 ? 0 : score < 0.3 ? 1 : 2]);
    else
        wh_buffer_format(out, "%.4f", 3 * score + 10);
}

/* Rows by rule, from number `first` on: numbers, a string that may be new, nulls, columns that come
 * only now and then, and one that the model has never met. */
static struct wh_buffer make_rows(enum label label, unsigned first, unsigned count)
{
    struct wh_buffer out = { 0 };
    for (unsigned i = first; i < first + count; i++) {
        double a = wh_auto_draw(5 * i) - 0.5, b = wh_auto_draw(5 * i + 1) - 0.5;
        unsigned city = (unsigned)(wh_auto_mix(5 * i + 2) % 17);
        wh_buffer_format(&out, "{\"y\":");
        add_label(&out, label, a - b / 2 + (city == 3));
        wh_buffer_format(&out, ",\"a\":%.5f,\"b\":", a);
        wh_buffer_format(&out, i % 11 ? "%.5f" : "null", b);
        wh_buffer_format(&out, ",\"city\":\"c%u\"", i > LEARNED && i % 13 == 0 ? i : city);
        if (i % 7 == 0)
            wh_buffer_format(&out, ",\"rare\":%u", i % 5);
        if (i > LEARNED && i % 29 == 0)
            wh_buffer_format(&out, ",\"unmet\":\"x\"");
        wh_buffer_format(&out, "}\n");
    }
    return out;
}

struct output {
    struct wh_emit emit;
    struct wh_buffer text;
};

static enum wh_verdict write_row(struct wh_emit *emit, struct wh_row *row, struct wh_error *error)
{
    struct wh_buffer *text = &((struct output *)emit)->text;
    (void)error;
    wh_row_to_json(text, row);
    wh_buffer_byte(text, '\n');
    return WH_TAKEN;
}

/* Passes all rows through a stage. NULL, or what is wrong: cmocka's checks are for one thread. */
static const char *pass_rows(struct wh_stage *stage, const struct wh_buffer *rows,
                             struct output *output)
{
    struct wh_error error;
    const struct wh_reading reading = { .format = WH_FORMAT_NDJSON };
    struct wh_reader *reader = wh_reader_open_memory(&reading, "rows", rows->data, rows->length,
                                                     &error);
    enum wh_verdict next = WH_FATAL;
    bool good = reader != NULL;
    while (good && (next = wh_reader_next(reader, &error)) == WH_PASSED)
        good = stage->ops->row(stage, reader->row, &output->emit, &error) == WH_TAKEN;
    wh_reader_close(reader);
    good = good && next == WH_ENDED && stage->ops->finish(stage, &output->emit, &error) == 0;
    return good ? NULL : "a row was not taken";
}

/* How a model is learned. */
struct lesson {
    const char *learner;
    enum label label;
    const char *interactions;
    uint64_t hash_bits;
};

static void learn_rows(const struct lesson *lesson, const struct wh_buffer *rows)
{
    struct wh_error error;
    struct wh_update_settings settings = {
        .saving = { .path = path, .fresh = true },
        .given = { .learner = lesson->learner, .model = wh_settings_none() },
    };
    settings.given.model.roles.label = "y";
    settings.given.model.roles.interactions = lesson->interactions;
    settings.given.model.roles.hash_bits = lesson->hash_bits;
    struct wh_stage *stage = wh_update_open(&settings, &error);
    assert_non_null(stage);
    struct output nowhere = { .emit = { .row = write_row } };
    assert_null(pass_rows(stage, rows, &nowhere));
    stage->ops->close(stage);
    wh_buffer_free(&nowhere.text);
}

static void learn(const struct lesson *lesson)
{
    struct wh_buffer rows = make_rows(lesson->label, 0, LEARNED);
    learn_rows(lesson, &rows);
    wh_buffer_free(&rows);
}

/* The same rows with a features object, as wh-featurize makes them; the label stays outside. */
static struct wh_buffer with_features(const struct wh_buffer *rows)
{
    struct wh_buffer out = { 0 };
    const char *end = rows->data + rows->length;
    for (const char *at = rows->data, *next; at < end; at = next) {
        next = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1;
        const char *rest = (const char *)memchr(at, ',', (size_t)(next - at)) + 1;
        wh_buffer_add(&out, at, (size_t)(rest - at));
        wh_buffer_format(&out, "\"features\":{%.*s}\n", (int)(next - rest - 1), rest);
    }
    return out;
}

/* Threads ---------------------------------------------------------------------------------- */

struct thread {
    pthread_t id;
    struct wh_loaded *loaded;
    const struct wh_buffer *rows;
    struct output output;
    struct wh_buffer summary;
    const char *wrong;
};

/* Scores, measures and explains all rows, in a stage of its own. */
static void *score(void *argument)
{
    struct thread *thread = argument;
    struct wh_error error;
    const struct wh_score_model model = { .path = path, .loaded = thread->loaded };
    const struct wh_score_settings settings = {
        .models = &model,
        .count = 1,
        .scorer = { .label = "y", .threshold = (double)NAN, .explain = 2, .stamp = true },
    };
    struct wh_stage *stage = wh_score_open(&settings, &error);
    wh_loaded_release(thread->loaded); /* the stage holds it now */
    thread->output.emit.row = write_row;
    thread->wrong = stage ? pass_rows(stage, thread->rows, &thread->output) : "no stage";
    if (!stage)
        return NULL;
    stage->ops->summary(stage, 0, &thread->summary);
    stage->ops->close(stage);
    return NULL;
}

static void start(struct thread *thread, struct wh_loaded *loaded,
                  const struct wh_buffer *rows)
{
    *thread = (struct thread){ .loaded = loaded, .rows = rows };
    wh_loaded_hold(loaded);
    assert_int_equal(pthread_create(&thread->id, NULL, score, thread), 0);
}

static void join(struct thread *thread)
{
    assert_int_equal(pthread_join(thread->id, NULL), 0);
    if (thread->wrong)
        fail_msg("%s", thread->wrong);
}

static void free_thread(struct thread *thread)
{
    wh_buffer_free(&thread->output.text);
    wh_buffer_free(&thread->summary);
}

static void assert_same(const struct wh_buffer *one, const struct wh_buffer *other)
{
    assert_int_equal(one->length, other->length);
    assert_memory_equal(one->data, other->data, one->length);
}

/* What one thread writes that loads the model for itself. */
static void score_alone(struct thread *thread, const struct wh_buffer *rows)
{
    *thread = (struct thread){ .rows = rows };
    score(thread);
    assert_null(thread->wrong);
    assert_true(thread->output.text.length > rows->length);
}

static void check_threads(struct wh_loaded *loaded, const struct wh_buffer *rows,
                          const struct thread *alone, unsigned count)
{
    struct thread threads[THREADS];
    for (unsigned i = 0; i < count; i++)
        start(&threads[i], loaded, rows);
    for (unsigned i = 0; i < count; i++) {
        join(&threads[i]);
        assert_same(&threads[i].output.text, &alone->output.text);
        assert_same(&threads[i].summary, &alone->summary);
        free_thread(&threads[i]);
    }
}

/* The rows are scored by what is in the model's file. */
static void check_rows(const struct wh_buffer *rows)
{
    struct wh_error error;
    struct thread alone;
    score_alone(&alone, rows);
    struct wh_loaded *loaded = wh_loaded_open(&wh_predictor_native, path, &error);
    assert_non_null(loaded);
    static const unsigned counts[] = { 1, 2, THREADS };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        check_threads(loaded, rows, &alone, counts[i]);
    wh_loaded_release(loaded);
    free_thread(&alone);
}

static void threads_that_share_a_model_write_the_bytes_of_one(void **state)
{
    (void)state;
    for (size_t i = 0; wh_learners[i]; i++)
        for (enum label label = TWO; label <= NUMBER; label++) {
            struct wh_buffer rows = make_rows(label, LEARNED, SCORED);
            learn(&(struct lesson){ .learner = wh_learners[i]->name, .label = label });
            check_rows(&rows);
            wh_buffer_free(&rows);
        }
}

static void threads_share_models_of_features_products_and_hashes(void **state)
{
    (void)state;
    static const struct lesson lessons[] = {
        { .learner = "auto" }, { .learner = "nag" },
        { .learner = "sgd", .interactions = "a*b,city*a" }, { .learner = "ftrl", .hash_bits = 4 },
    };
    struct wh_buffer learned = make_rows(TWO, 0, LEARNED), scored = make_rows(TWO, LEARNED, SCORED);
    struct wh_buffer from = with_features(&learned), rows = with_features(&scored);
    for (size_t i = 0; i < sizeof lessons / sizeof *lessons; i++) {
        learn_rows(&lessons[i], &from);
        check_rows(&rows);
        learn_rows(&lessons[i], &learned);
        check_rows(&scored);
    }
    wh_buffer_free(&learned);
    wh_buffer_free(&scored);
    wh_buffer_free(&from);
    wh_buffer_free(&rows);
}

/* Each session holds the model that it was made of, whatever takes its place meanwhile. */
static void a_reload_takes_no_model_from_a_session(void **state)
{
    (void)state;
    struct wh_error error;
    struct wh_buffer rows = make_rows(TWO, LEARNED, SCORED);
    struct thread alone, threads[2];
    learn(&(struct lesson){ .learner = "nag", .label = TWO });
    score_alone(&alone, &rows);
    struct wh_loaded *loaded = NULL;
    for (int i = 0; i < RELOADS; i++) {
        struct wh_loaded *next = wh_loaded_open(&wh_predictor_native, path, &error);
        assert_non_null(next);
        wh_loaded_release(loaded);
        loaded = next;
        if (i % (RELOADS / 2) == 0)
            start(&threads[i / (RELOADS / 2)], loaded, &rows);
    }
    for (int i = 0; i < 2; i++) {
        join(&threads[i]);
        assert_same(&threads[i].output.text, &alone.output.text);
        free_thread(&threads[i]);
    }
    wh_loaded_release(loaded);
    free_thread(&alone);
    wh_buffer_free(&rows);
}

static void predicting_leaves_a_model_as_it_was(void **state)
{
    (void)state;
    struct wh_error error;
    for (size_t i = 0; wh_learners[i]; i++) {
        learn(&(struct lesson){ .learner = wh_learners[i]->name, .label = MANY });
        struct wh_model *model = wh_model_load(path, &error);
        assert_non_null(model);
        char digest[sizeof model->digest];
        strcpy(digest, model->digest);
        struct wh_model_scratch *scratch = wh_model_scratch_open();
        for (uint32_t id = 1; id < model->names.count; id++) {
            const uint32_t ids[] = { WH_CONSTANT, id };
            const double values[] = { 1, id % 3 };
            struct wh_example example = { ids, values, 2, model->names.count, 0, true };
            wh_model_predict(model, scratch, &example);
        }
        wh_model_scratch_close(scratch);
        assert_int_equal(wh_model_save(model, saved_path, &error), 0);
        assert_string_equal(model->digest, digest);
        wh_model_close(model);
    }
}

/* Another kind ------------------------------------------------------------------------------ */

/* Of two classes, by the column "a" alone, ten times which is the log-odds. */
struct foreign {
    struct wh_predictor predictor;
    struct wh_model *model;
};

struct foreign_session {
    struct wh_session session;
    double margin;
};

static struct wh_predictor *foreign_load(const char *file, struct wh_error *error)
{
    (void)file;
    struct foreign *foreign = wh_alloc(1, sizeof *foreign);
    struct wh_model *model = foreign->model = wh_model_open();
    assert_int_equal(wh_task_init(&model->task, "binary", NULL, error), 0);
    model->loss = wh_loss_of_task(true);
    strcpy(model->digest, "0123456789abcdef");
    return &foreign->predictor;
}

static void foreign_close(struct wh_predictor *predictor)
{
    wh_model_close(((struct foreign *)predictor)->model);
    free(predictor);
}

static const struct wh_task *foreign_task(const struct wh_predictor *predictor)
{
    return &((const struct foreign *)predictor)->model->task;
}

static struct wh_session *foreign_session(const struct wh_predictor *predictor,
                                          const struct wh_session_settings *settings,
                                          struct wh_error *error)
{
    (void)error;
    struct foreign_session *session = wh_alloc(1, sizeof *session);
    session->session.model = wh_model_share(((const struct foreign *)predictor)->model);
    session->session.plans = wh_row_plans_open(&(struct wh_roles){ .label = settings->label });
    return &session->session;
}

static void foreign_session_close(struct wh_session *session)
{
    wh_model_close(session->model);
    free(session);
}

static enum wh_verdict foreign_read(struct wh_session *session, struct wh_row *row,
                                    struct wh_row_plan *plan, struct wh_reading_row *reading,
                                    struct wh_error *error)
{
    (void)error;
    int a = wh_shape_find(row->shape, "a", 1);
    assert_true(plan->label >= 0 && a >= 0);
    *reading = (struct wh_reading_row){ .label = &row->fields[plan->label], .labelled_column = true,
                                        .weight = 1, .known = true };
    assert_true(wh_field_number(&row->fields[a], &((struct foreign_session *)session)->margin));
    return WH_TAKEN;
}

static struct wh_prediction foreign_predict(struct wh_session *base,
                                            const struct wh_reading_row *reading)
{
    struct foreign_session *session = (struct foreign_session *)base;
    (void)reading;
    session->margin *= 10;
    return (struct wh_prediction){ .raw = &session->margin, .value = session->margin,
                                   .informed = true, .best = session->margin > 0 };
}

static int foreign_finish(const struct wh_session *session, struct wh_error *error)
{
    (void)session;
    (void)error;
    return 0;
}

static const struct wh_predictor_kind foreign_kind = {
    .name = "foreign",
    .load = foreign_load,
    .close = foreign_close,
    .task = foreign_task,
    .session = foreign_session,
    .session_close = foreign_session_close,
    .read = foreign_read,
    .predict = foreign_predict,
    .finish = foreign_finish,
};

static enum wh_verdict check_row(struct wh_emit *emit, struct wh_row *row, struct wh_error *error)
{
    (void)error;
    double a, score;
    ((struct output *)emit)->text.length++; /* counts rows */
    assert_true(wh_field_number(&row->fields[wh_shape_find(row->shape, "a", 1)], &a));
    assert_true(wh_field_number(&row->fields[wh_shape_find(row->shape, "score", 5)], &score));
    assert_true(fabs(score - 1 / (1 + exp(-10 * a))) < 1e-12);
    return WH_TAKEN;
}

static void another_kind_of_predictor_scores_and_is_measured(void **state)
{
    (void)state;
    struct wh_error error;
    struct wh_buffer rows = make_rows(TWO, 0, SCORED), summary = { 0 };
    struct wh_loaded *loaded = wh_loaded_open(&foreign_kind, "foreign.json", &error);
    const struct wh_score_model model = { .path = "foreign.json", .loaded = loaded };
    struct wh_score_settings settings = {
        .models = &model, .count = 1,
        .scorer = { .label = "y", .threshold = (double)NAN, .proba = true, .explain = 1 },
    };
    assert_null(wh_score_open(&settings, &error));
    assert_string_equal(error.text, "foreign.json: a predictor of the kind foreign cannot explain "
                                    "rows");
    settings.scorer.explain = 0;
    struct wh_stage *stage = wh_score_open(&settings, &error);
    assert_non_null(stage);
    struct output output = { .emit = { .row = check_row } };
    assert_null(pass_rows(stage, &rows, &output));
    assert_int_equal(output.text.length, SCORED);
    stage->ops->summary(stage, 0, &summary);
    assert_non_null(strstr(wh_buffer_text(&summary), "foreign.json: measured on 160 rows\n"));
    assert_non_null(strstr(wh_buffer_text(&summary), "accuracy"));
    stage->ops->close(stage);
    wh_loaded_release(loaded);
    wh_buffer_free(&rows);
    wh_buffer_free(&summary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_that_share_a_model_write_the_bytes_of_one),
        cmocka_unit_test(threads_share_models_of_features_products_and_hashes),
        cmocka_unit_test(a_reload_takes_no_model_from_a_session),
        cmocka_unit_test(predicting_leaves_a_model_as_it_was),
        cmocka_unit_test(another_kind_of_predictor_scores_and_is_measured),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
