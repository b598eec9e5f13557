/* The run loop with a reader and a stage of its own: counts, places, ticks, what is lost or not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/progress.h"
#include "pipe/run.h"

/*
 * A reader of rows {"a":VALUE}, one for each word: a number, or what the stage below makes of the
 * word. "broken" is a row that the reader itself finds bad, "torn" ends the reading with an error,
 * "wait" calls the hook as if a read would block.
 */
struct fake_reader {
    struct wh_reader reader;
    struct wh_row row;
    struct wh_shape *shape;
    const char *const *words;
    size_t calls;
    bool database; /* rows have no raw text */
    const char *source;
    char raw[64];
};

static void set_row(struct fake_reader *fake, const char *word)
{
    struct wh_row *row = &fake->row;
    wh_arena_reset(&row->scratch);
    row->shape = fake->shape;
    row->fields = wh_row_fields(row, 1);
    size_t length = strlen(word);
    char *text = wh_row_take(row, length);
    memcpy(text, word, length);
    row->fields[0] = (struct wh_field){ text, (uint32_t)length, WH_STRING, WH_JSON_SAFE };
    row->changed = false;
    row->line++;
    row->source = fake->source ? fake->source : "rows.txt";
    if (fake->database)
        return;
    row->raw = fake->raw;
    row->raw_length = (size_t)snprintf(fake->raw, sizeof fake->raw, "{\"a\":\"%s\"}\n", word);
    row->raw_format = WH_FORMAT_NDJSON;
    row->terminator = 1;
}

static enum wh_verdict fake_next(struct wh_reader *reader, struct wh_error *error)
{
    struct fake_reader *fake = (struct fake_reader *)reader;
    const char *word = fake->words[fake->calls++];
    if (word && strcmp(word, "wait") == 0) {
        if (reader->before_wait(reader->wait_context, error))
            return WH_FATAL;
        word = fake->words[fake->calls++];
    }
    if (!word)
        return WH_ENDED;
    if (strcmp(word, "torn") == 0) {
        wh_fail(error, WH_FAILED, "rows.txt: cannot read");
        return WH_FATAL;
    }
    set_row(fake, word);
    reader->bytes += 10;
    if (strcmp(word, "broken") != 0)
        return WH_PASSED;
    wh_bad_row(error, "json", NULL, 0, 7, "it is broken");
    return WH_BAD;
}

static const struct wh_reader_ops fake_reader_ops = { .next = fake_next };

/* Does what the row's value says. */
struct fake_stage {
    struct wh_stage stage;
    size_t ticks;
    bool finished;
};

static enum wh_verdict fake_row(struct wh_stage *stage, struct wh_row *row, struct wh_emit *emit,
                                struct wh_error *error)
{
    (void)stage;
    struct wh_slice word = wh_row_text(row, &row->fields[0]);
    if (word.length == 4 && memcmp(word.text, "drop", 4) == 0)
        return WH_TAKEN;
    if (word.length == 5 && memcmp(word.text, "fatal", 5) == 0) {
        wh_fail(error, WH_UNREACHABLE, "the other side is away");
        return WH_FATAL;
    }
    if (word.length == 3 && memcmp(word.text, "bad", 3) == 0) {
        wh_row_set_text(row, 0, WH_NUMBER, "42", 2, 0); /* an earlier step has changed it */
        wh_bad_row(error, "type", "a", 1, 0, "\"bad\" is not a number");
        return WH_BAD;
    }
    enum wh_verdict verdict = wh_emit_row(emit, row, error);
    if (verdict == WH_TAKEN && word.length == 5 && memcmp(word.text, "twice", 5) == 0)
        return wh_emit_row(emit, row, error);
    return verdict;
}

static int fake_finish(struct wh_stage *stage, struct wh_emit *emit, struct wh_error *error)
{
    (void)emit;
    (void)error;
    ((struct fake_stage *)stage)->finished = true;
    return 0;
}

static int fake_tick(struct wh_stage *stage, double now, struct wh_error *error)
{
    (void)now;
    (void)error;
    ((struct fake_stage *)stage)->ticks++;
    return 0;
}

static const struct wh_stage_ops fake_stage_ops = { .row = fake_row, .finish = fake_finish,
                                                    .tick = fake_tick };

/* A run over words, its output and what came of it. */
struct trial {
    struct wh_run_settings settings;
    struct fake_reader reader;
    struct fake_stage stage;
    struct wh_run run;
    struct wh_error error;
    int result;
    char output[1024];
    char rejects[4096];
};

static char rejects_path[64];

static void read_back(FILE *file, char *text, size_t size)
{
    rewind(file);
    text[fread(text, 1, size - 1, file)] = '\0';
}

static void prepare(struct trial *trial, const char *const *words)
{
    *trial = (struct trial){ 0 };
    trial->settings.tool = "wh-try";
    struct wh_column column = wh_column_named("a");
    trial->reader.shape = wh_shape_open(&column, 1);
    trial->reader.reader = (struct wh_reader){ .ops = &fake_reader_ops, .row = &trial->reader.row,
                                               .progress = -1 };
    trial->reader.words = words;
    trial->stage.stage.ops = &fake_stage_ops;
    trial->run = (struct wh_run){ .settings = &trial->settings, .reader = &trial->reader.reader,
                                  .stage = &trial->stage.stage };
}

static void run(struct trial *trial)
{
    FILE *output = tmpfile();
    assert_non_null(output);
    trial->run.output = fileno(output);
    trial->result = wh_run(&trial->run, &trial->error);
    read_back(output, trial->output, sizeof trial->output);
    fclose(output);
    if (trial->settings.rejects) {
        FILE *rejects = fopen(trial->settings.rejects, "r");
        assert_non_null(rejects);
        read_back(rejects, trial->rejects, sizeof trial->rejects);
        fclose(rejects);
        unlink(trial->settings.rejects);
    }
    wh_row_free(&trial->reader.row);
    wh_shape_close(trial->reader.shape);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void counts_add_up(void **state)
{
    (void)state;
    struct trial trial;
    prepare(&trial, WORDS("1", "drop", "bad", "twice", "broken", "2"));
    trial.settings.rejects = rejects_path;
    run(&trial);
    assert_int_equal(trial.result, 0);
    assert_int_equal(trial.run.rows_in, 6);
    assert_int_equal(trial.run.rows_out, 4);
    assert_int_equal(trial.run.rows_rejected, 2);
    assert_int_equal(trial.run.bytes_in, 60);
    assert_int_equal(trial.run.bytes_out, strlen(trial.output));
    assert_true(trial.stage.finished);
    assert_string_equal(trial.output, "{\"a\":\"1\"}\n{\"a\":\"twice\"}\n{\"a\":\"twice\"}\n{\"a\":\"2\"}\n");
}

static void the_first_bad_row_ends_the_run_with_its_place(void **state)
{
    (void)state;
    struct trial trial;
    prepare(&trial, WORDS("1", "2", "bad", "3"));
    run(&trial);
    assert_int_equal(trial.result, -1);
    assert_int_equal(trial.error.status, WH_FAILED);
    assert_string_equal(trial.error.text, "rows.txt:3: a: \"bad\" is not a number");
    assert_string_equal(trial.output, "{\"a\":\"1\"}\n{\"a\":\"2\"}\n");
    assert_int_equal(trial.run.rows_in, trial.run.rows_out + trial.run.rows_rejected);
    assert_false(trial.stage.finished);
    prepare(&trial, WORDS("1", "broken"));
    run(&trial);
    assert_string_equal(trial.error.text, "rows.txt:2: byte 7: it is broken");
}

static void a_row_of_a_database_is_named_by_its_number(void **state)
{
    (void)state;
    struct trial trial;
    prepare(&trial, WORDS("1", "bad"));
    trial.reader.database = true;
    run(&trial);
    assert_string_equal(trial.error.text, "rows.txt: row 2: a: \"bad\" is not a number");
}

static void a_rejected_row_is_kept_as_it_was_read(void **state)
{
    (void)state;
    for (int database = 0; database < 2; database++) {
        struct trial trial;
        prepare(&trial, WORDS("1", "bad"));
        trial.reader.database = database;
        trial.settings.rejects = rejects_path;
        run(&trial);
        assert_int_equal(trial.result, 0);
        assert_string_equal(trial.rejects,
                            "{\"error\":\"\\\"bad\\\" is not a number\",\"source\":\"rows.txt\","
                            "\"line\":2,\"column\":\"a\",\"rule\":\"type\","
                            "\"row\":\"{\\\"a\\\":\\\"bad\\\"}\"}\n");
    }
}

static void the_limit_of_rejects_counts_rows_or_their_share(void **state)
{
    (void)state;
    static const struct {
        struct wh_reject_limit limit;
        int result;
        size_t rows_in;
    } cases[] = {
        { { .kind = WH_REJECT_ALL }, 0, 5 },
        { { WH_REJECT_ROWS, .rows = 0 }, -1, 2 },
        { { WH_REJECT_ROWS, .rows = 1 }, -1, 4 },
        { { WH_REJECT_ROWS, .rows = 2 }, 0, 5 },
        { { WH_REJECT_SHARE, .percent = 40 }, 0, 5 },
        { { WH_REJECT_SHARE, .percent = 39.9 }, -1, 5 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trial trial;
        prepare(&trial, WORDS("1", "bad", "2", "broken", "3"));
        trial.settings.rejects = rejects_path;
        trial.settings.reject_limit = cases[i].limit;
        trial.settings.reject_limit.text = "LIMIT";
        run(&trial);
        assert_int_equal(trial.result, cases[i].result);
        assert_int_equal(trial.run.rows_in, cases[i].rows_in);
        if (trial.result)
            assert_non_null(strstr(trial.error.text, "rejected, more than --max-rejects LIMIT"));
    }
}

static void a_share_of_rejects_is_judged_from_a_hundred_rows_on(void **state)
{
    (void)state;
    const char *words[402] = { NULL };
    for (size_t i = 0; i < 400; i++)
        words[i] = i % 2 ? "bad" : "1";
    struct trial trial;
    prepare(&trial, words);
    trial.settings.rejects = rejects_path;
    trial.settings.reject_limit =
        (struct wh_reject_limit){ WH_REJECT_SHARE, .percent = 10, .text = "10%" };
    run(&trial);
    assert_int_equal(trial.result, -1);
    assert_int_equal(trial.run.rows_in, 100);
    assert_int_equal(trial.run.rows_rejected, 50);
}

static void the_limit_of_rows_reads_no_further(void **state)
{
    (void)state;
    struct trial trial;
    prepare(&trial, WORDS("1", "drop", "torn"));
    trial.run.limit = 2;
    run(&trial);
    assert_int_equal(trial.result, 0);
    assert_int_equal(trial.reader.calls, 2);
    assert_true(trial.stage.finished);
}

static void what_came_before_a_failure_is_written(void **state)
{
    (void)state;
    struct trial trial;
    prepare(&trial, WORDS("1", "torn"));
    run(&trial);
    assert_int_equal(trial.result, -1);
    assert_string_equal(trial.error.text, "rows.txt: cannot read");
    assert_string_equal(trial.output, "{\"a\":\"1\"}\n");
    prepare(&trial, WORDS("1", "fatal"));
    run(&trial);
    assert_int_equal(trial.error.status, WH_UNREACHABLE);
    assert_string_equal(trial.output, "{\"a\":\"1\"}\n");
}

static void without_a_stage_rows_pass_and_without_output_none_are_written(void **state)
{
    (void)state;
    struct trial trial;
    prepare(&trial, WORDS("1", "bad", "2"));
    trial.run.stage = NULL;
    run(&trial);
    assert_int_equal(trial.result, 0);
    assert_int_equal(trial.run.rows_out, 3);
    prepare(&trial, WORDS("1", "2"));
    trial.run.output = -1;
    assert_int_equal(wh_run(&trial.run, &trial.error), 0);
    assert_int_equal(trial.run.rows_in, 2);
    assert_int_equal(trial.run.rows_out, 0);
    wh_row_free(&trial.reader.row);
    wh_shape_close(trial.reader.shape);
}

/* Checks at its own call that what came before is written already. */
static enum wh_verdict look_at_output(struct wh_stage *stage, struct wh_row *row,
                                      struct wh_emit *emit, struct wh_error *error)
{
    struct trial *trial = (struct trial *)((char *)stage - offsetof(struct trial, stage));
    if (row->line == 3) {
        struct stat status;
        assert_int_equal(fstat(trial->run.output, &status), 0);
        assert_int_equal(status.st_size, strlen("{\"a\":\"1\"}\n"));
        assert_int_equal(stat(rejects_path, &status), 0);
        assert_true(status.st_size > 0);
    }
    return fake_row(stage, row, emit, error);
}

static void output_and_rejects_are_flushed_before_a_wait(void **state)
{
    (void)state;
    static const struct wh_stage_ops ops = { .row = look_at_output };
    struct trial trial;
    prepare(&trial, WORDS("1", "bad", "wait", "2"));
    trial.settings.rejects = rejects_path;
    trial.stage.stage.ops = &ops;
    run(&trial);
    assert_int_equal(trial.result, 0);
    assert_int_equal(trial.run.rows_out, 2);
}

/* Rows that take a while each: 40 of them take about two seconds. */
static enum wh_verdict slow_row(struct wh_stage *stage, struct wh_row *row, struct wh_emit *emit,
                                struct wh_error *error)
{
    nanosleep(&(struct timespec){ .tv_nsec = 55000000 }, NULL);
    return fake_row(stage, row, emit, error);
}

static void a_stage_ticks_about_once_a_second(void **state)
{
    (void)state;
    static const struct wh_stage_ops ops = { .row = slow_row, .tick = fake_tick };
    const char *words[41] = { NULL };
    for (size_t i = 0; i < 40; i++)
        words[i] = "drop";
    struct trial trial;
    prepare(&trial, words);
    trial.stage.stage.ops = &ops;
    run(&trial);
    assert_in_range(trial.stage.ticks, 1, (size_t)trial.run.seconds);
}

static void a_long_path_does_not_push_the_reason_out(void **state)
{
    (void)state;
    char path[3000];
    memset(path, 'x', sizeof path);
    strcpy(path + sizeof path - sizeof "/rows.txt", "/rows.txt");
    struct trial trial;
    prepare(&trial, WORDS("broken"));
    trial.reader.source = path;
    run(&trial);
    assert_non_null(strstr(trial.error.text, "/rows.txt:1: byte 7: it is broken"));
}

/* What drawing `state` at `now` prints to standard error, begun at 0 without a terminal. */
static const char *drawn(const struct wh_run_progress *shown, double now)
{
    static char text[1024];
    FILE *file = tmpfile();
    assert_non_null(file);
    int saved = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    struct wh_progress *progress = wh_progress_begin(true, false, -1, 0);
    assert_false(wh_progress_due(progress, now / 2));
    assert_true(wh_progress_due(progress, now));
    wh_progress_draw(progress, shown, now);
    wh_progress_end(progress);
    dup2(saved, STDERR_FILENO);
    close(saved);
    read_back(file, text, sizeof text);
    fclose(file);
    return text;
}

static void progress_tells_rows_rate_rejects_share_and_what_is_left(void **state)
{
    (void)state;
    struct wh_run_progress shown = { 1234567, 3, 0.25, NULL, "loss 0.351" };
    assert_string_equal(drawn(&shown, 10),
                        "1,234,567 rows  123,457/s  3 rejected  25%  0:30 left  loss 0.351\n");
    shown = (struct wh_run_progress){ 1, 0, -1, NULL, "" };
    assert_string_equal(drawn(&shown, 10), "1 row  0.1/s\n");
    shown = (struct wh_run_progress){ 1000, 0, 0.002, NULL, NULL };
    assert_string_equal(drawn(&shown, 10), "1,000 rows  100/s  0%  1:23:10 left\n");
    struct wh_lag lag = { 1234, 2.25 };
    shown = (struct wh_run_progress){ 2000, 0, -1, &lag, "loss 0.351" };
    assert_string_equal(drawn(&shown, 10), "2,000 rows  200/s  lag 1,234 rows 2.2s  loss 0.351\n");
    assert_null(wh_progress_begin(true, true, -1, 0));
}

static int name_rejects(void **state)
{
    (void)state;
    snprintf(rejects_path, sizeof rejects_path, "/tmp/wh-test-rejects-%ld", (long)getpid());
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_add_up),
        cmocka_unit_test(the_first_bad_row_ends_the_run_with_its_place),
        cmocka_unit_test(a_row_of_a_database_is_named_by_its_number),
        cmocka_unit_test(a_rejected_row_is_kept_as_it_was_read),
        cmocka_unit_test(the_limit_of_rejects_counts_rows_or_their_share),
        cmocka_unit_test(a_share_of_rejects_is_judged_from_a_hundred_rows_on),
        cmocka_unit_test(the_limit_of_rows_reads_no_further),
        cmocka_unit_test(what_came_before_a_failure_is_written),
        cmocka_unit_test(without_a_stage_rows_pass_and_without_output_none_are_written),
        cmocka_unit_test(output_and_rejects_are_flushed_before_a_wait),
        cmocka_unit_test(a_stage_ticks_about_once_a_second),
        cmocka_unit_test(a_long_path_does_not_push_the_reason_out),
        cmocka_unit_test(progress_tells_rows_rate_rejects_share_and_what_is_left),
    };
    return cmocka_run_group_tests(tests, name_rejects, NULL);
}
