/*
 * A run over several sessions does to the byte what a run over one does: what it writes, rejects,
 * counts and says, whatever the input is and wherever it is cut into batches.
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

#include "../trials.h"
#include "base/file.h"
#include "clean/stage.h"
#include "clean/table.h"
#include "pipe/run.h"
#include "record/files.h"

static char folder[] = "/tmp/wh-parallel-XXXXXX", rejects[64];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(rejects, sizeof rejects, "%s/rejects", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(rejects);
    return rmdir(folder);
}

/* A generator of its own, the same everywhere (splitmix64). */
static uint64_t seed;

static uint64_t draw(uint64_t below)
{
    uint64_t z = seed += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (z ^ (z >> 31)) % below;
}

/* Runs ------------------------------------------------------------------------------------- */

struct trial {
    struct wh_buffer text;
    const char *name; /* of the input, which says its format */
    struct wh_run_settings settings;
    struct wh_recipe recipe;
};

struct result {
    int failed;
    struct wh_error error;
    struct wh_buffer out, rejected;
    char *stats;
};

static void read_rejects(struct wh_buffer *out)
{
    FILE *file = fopen(rejects, "rb");
    char bytes[4096];
    size_t length;
    while (file && (length = fread(bytes, 1, sizeof bytes, file)) > 0)
        wh_buffer_add(out, bytes, length);
    if (file)
        fclose(file);
    unlink(rejects);
}

static void run_trial(struct trial *trial, unsigned threads, size_t batch, struct result *result)
{
    *result = (struct result){ 0 };
    struct wh_run_settings settings = trial->settings;
    settings.tool = "wh-clean";
    settings.threads = threads;
    settings.batch = batch;
    if (settings.reading.strings_text)
        assert_int_equal(wh_columns_parse(settings.reading.strings_text,
                                          strlen(settings.reading.strings_text),
                                          &settings.reading.strings, &result->error), 0);
    const struct wh_cleaning cleaning = { .recipe = &trial->recipe };
    struct wh_stage *stage = wh_clean_open(&cleaning, &result->error);
    assert_non_null(stage);
    struct wh_reader *reader = wh_reader_open_memory(&settings.reading, trial->name,
                                                     trial->text.data, trial->text.length,
                                                     &result->error);
    if (reader) {
        struct wh_run run = { .settings = &settings, .reader = reader, .stage = stage,
                              .output = -1, .write = wh_write_buffer,
                              .write_context = &result->out };
        result->failed = wh_run(&run, &result->error);
        run.seconds = 0;
        json_t *stats = wh_run_stats(&run, result->failed ? &result->error : NULL);
        result->stats = json_dumps(stats, JSON_SORT_KEYS);
        json_decref(stats);
        wh_reader_close(reader);
    }
    stage->ops->close(stage);
    wh_columns_free(settings.reading.strings);
    read_rejects(&result->rejected);
}

static void free_result(struct result *result)
{
    wh_buffer_free(&result->out);
    wh_buffer_free(&result->rejected);
    free(result->stats);
}

static void assert_same_bytes(const struct wh_buffer *left, const struct wh_buffer *right)
{
    assert_int_equal(left->length, right->length);
    if (left->length > 0)
        assert_memory_equal(left->data, right->data, left->length);
}

static void compare(struct trial *trial, unsigned threads, size_t batch)
{
    struct result one, several;
    run_trial(trial, 1, 0, &one);
    run_trial(trial, threads, batch, &several);
    if (one.failed != several.failed || one.out.length != several.out.length)
        print_error("%s: %u threads, batches of %zu:\n%.*s\n", trial->name, threads, batch,
                    (int)trial->text.length, trial->text.data);
    assert_int_equal(one.failed, several.failed);
    if (one.failed) {
        assert_string_equal(one.error.text, several.error.text);
        assert_int_equal(one.error.status, several.error.status);
    }
    assert_same_bytes(&one.out, &several.out);
    assert_same_bytes(&one.rejected, &several.rejected);
    assert_true((one.stats != NULL) == (several.stats != NULL));
    if (one.stats)
        assert_string_equal(one.stats, several.stats);
    free_result(&one);
    free_result(&several);
}

/* What any run may be asked for. */
static void draw_settings(struct trial *trial)
{
    static const char *const nulls[] = { "a" };
    struct wh_run_settings *settings = &trial->settings;
    struct wh_error error;
    *settings = (struct wh_run_settings){ 0 };
    wh_recipe_init(&trial->recipe, wh_clean_steps);
    if (draw(4) > 0)
        assert_int_equal(wh_recipe_option(&trial->recipe, "trim", "/./", &error), 0);
    if (draw(3) == 0)
        assert_int_equal(wh_recipe_option(&trial->recipe, "type", "b=int", &error), 0);
    if (draw(4) == 0)
        assert_int_equal(wh_recipe_option(&trial->recipe, "drop_missing", "a", &error), 0);
    settings->rejects = draw(5) > 0 ? rejects : NULL;
    if (settings->rejects && draw(4) == 0) {
        settings->reject_limit.kind = WH_REJECT_ROWS;
        settings->reject_limit.rows = draw(6);
        settings->reject_limit.text = "N";
    } else if (settings->rejects && draw(4) == 0) {
        settings->reject_limit.kind = WH_REJECT_SHARE;
        settings->reject_limit.percent = (double)draw(60);
        settings->reject_limit.text = "P%";
    }
    settings->reading.max_row = draw(3) == 0 ? 5 + draw(40) : 0;
    settings->reading.null_count = draw(4) == 0;
    settings->reading.nulls = nulls;
    settings->reading.strings_text = draw(4) == 0 ? "b" : NULL;
    settings->writing.format = draw(3) == 0 ? WH_FORMAT_CSV
                             : draw(3) == 0 ? WH_FORMAT_NDJSON : WH_FORMAT_NONE;
}

static void compare_all(struct trial *trial)
{
    static const unsigned threads[] = { 2, 3, 8 };
    compare(trial, threads[draw(3)], 1 + draw(draw(2) ? 40 : 400));
    wh_recipe_free(&trial->recipe);
    wh_buffer_free(&trial->text);
}

/* Inputs ----------------------------------------------------------------------------------- */

static void add_line(struct wh_buffer *out)
{
    static const char *const lines[] = {
        "{\"a\":\"x\",\"b\":1}", "{\"a\":\" y \",\"b\":2.0}", "{\"a\":null,\"b\":\"3\"}",
        "{\"b\":7,\"a\":\"a\"}", " { \"a\" : \"blanks\" , \"b\" : 4 } ", "{\"a\":\"z\",\"b\":5,\"c\":[1,2]}",
        "{\"a\":\"\\u0041\",\"b\":true}", "", "  ", "{\"a\":1,\"a\":2}", "{\"a\":", "nonsense",
        "{\"a\":\"\xFF\",\"b\":1}", "{\"b\":1}", "{\"@wh\":\"begin\"}", "{\"b\":\"no number\",\"a\":\"w\"}",
        "{\"a\":\"long, long, long, long, long, long, long, long\",\"b\":6}",
    };
    uint64_t usual = draw(3) > 0 ? 6 : sizeof lines / sizeof *lines;
    const char *line = lines[draw(usual)];
    wh_buffer_add(out, line, strlen(line));
    wh_buffer_byte(out, '\n');
}

static void ndjson_is_the_same_wherever_it_is_cut(void **state)
{
    (void)state;
    for (size_t i = 0, trials = trials_of(400); i < trials; i++) {
        seed = i;
        struct trial trial = { .name = "in.ndjson" };
        draw_settings(&trial);
        wh_buffer_format(&trial.text, "{\"a\":\"first\",\"b\":0}\n");
        for (uint64_t k = 0, count = draw(120); k < count; k++)
            add_line(&trial.text);
        if (draw(3) == 0)
            trial.text.length--;
        compare_all(&trial);
    }
}

static void add_token(struct wh_buffer *out, bool soup, char delimiter)
{
    static const char *const rows[] = { "1,2\n", "\"1\",\"2\"\n", "x y,\"a \"\"b\"\"\"\r\n",
                                        "\"two\nlines\",3\n", ",\n", "a,\"\"\r\n", "\"\n\n\",5\n",
                                        " pad ,6\n" };
    static const char *const tokens[] = { "\"", "\"", ",", ",", "\n", "\r\n", "\r", "a", "12", " ",
                                          "\"\"", "\n\"", "\",\"", "\"\n", "\xC3\xA9", "\xFF",
                                          "long text that has no end as it seems" };
    const char *text = soup ? tokens[draw(sizeof tokens / sizeof *tokens)]
                            : rows[draw(sizeof rows / sizeof *rows)];
    for (; *text; text++)
        wh_buffer_byte(out, *text == ',' ? delimiter : *text);
}

static void csv_is_the_same_wherever_it_is_cut(void **state)
{
    (void)state;
    for (size_t i = 0, trials = trials_of(1500); i < trials; i++) {
        seed = i;
        bool tsv = draw(5) == 0, soup = draw(3) > 0;
        struct trial trial = { .name = tsv ? "in.tsv" : "in.csv" };
        char delimiter = tsv ? '\t' : ',';
        draw_settings(&trial);
        trial.settings.reading.ragged = draw(4) == 0;
        trial.settings.reading.tsv_escapes = tsv && draw(2) == 0;
        trial.settings.writing.tsv_escapes = trial.settings.reading.tsv_escapes;
        if (draw(6) == 0)
            wh_buffer_format(&trial.text, "\xEF\xBB\xBF");
        wh_buffer_format(&trial.text, "a%cb\n", delimiter);
        for (uint64_t k = 0, count = draw(150); k < count; k++)
            add_token(&trial.text, soup && draw(4) > 0, delimiter);
        compare_all(&trial);
    }
}

static enum wh_verdict pass_row(struct wh_stage *stage, struct wh_row *row, struct wh_emit *emit,
                                struct wh_error *error)
{
    (void)stage;
    return wh_emit_row(emit, row, error);
}

static void a_stage_that_does_not_divide_is_refused_several_threads(void **state)
{
    (void)state;
    static const struct wh_stage_ops ops = { .row = pass_row };
    struct wh_stage stage = { &ops };
    struct wh_buffer out = { 0 };
    struct wh_error error;
    for (unsigned threads = 1; threads <= 2; threads++) {
        const struct wh_run_settings settings = { .tool = "test", .threads = threads };
        struct wh_reader *reader = wh_reader_open_memory(&settings.reading, "in.ndjson",
                                                         "{\"a\":1}\n", 8, &error);
        struct wh_run run = { .settings = &settings, .reader = reader, .stage = &stage,
                              .output = -1, .write = wh_write_buffer, .write_context = &out };
        assert_int_equal(wh_run(&run, &error), threads == 1 ? 0 : -1);
        assert_int_equal(run.rows_in, threads == 1);
        wh_reader_close(reader);
    }
    assert_int_equal(error.status, WH_REFUSED);
    assert_non_null(strstr(error.text, "--threads: the rows go through one thread only"));
    wh_buffer_free(&out);
}

/* A row that is larger than batches, and than what is read at a time. */
static void long_rows_go_through(void **state)
{
    (void)state;
    for (seed = 0; seed < 4; seed++) {
        bool csv = seed % 2;
        struct trial trial = { .name = csv ? "in.csv" : "in.ndjson" };
        wh_recipe_init(&trial.recipe, wh_clean_steps);
        wh_buffer_format(&trial.text, csv ? "a,b\n" : "{\"a\":\"first\",\"b\":0}\n");
        for (int i = 0; i < 60; i++) {
            wh_buffer_format(&trial.text, csv ? "\"" : "{\"a\":\"");
            size_t length = i % 20 == 7 ? 3 << 20 : draw(30000);
            char *text = wh_buffer_reserve(&trial.text, length);
            memset(text, i % 3 ? 'x' : csv ? '\n' : 'y', length);
            trial.text.length += length;
            wh_buffer_format(&trial.text, csv ? "\",%d\n" : "\",\"b\":%d}\n", i);
        }
        compare(&trial, 2, 0);
        compare(&trial, 3, 100);
        wh_recipe_free(&trial.recipe);
        wh_buffer_free(&trial.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ndjson_is_the_same_wherever_it_is_cut),
        cmocka_unit_test(csv_is_the_same_wherever_it_is_cut),
        cmocka_unit_test(long_rows_go_through),
        cmocka_unit_test(a_stage_that_does_not_divide_is_refused_several_threads),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
