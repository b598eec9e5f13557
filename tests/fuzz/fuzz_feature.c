/*
 * Encoders: any rows give features that are JSON, and a state that is the same however often it was
 * saved and read back between the rows; any state is taken or refused; any option of an encoder is
 * a step or refused.
 *
 * The first byte chooses: s is a state, o the option of an encoder (which one, says the next byte),
 * any other rows.
 */
#define _GNU_SOURCE
#include <stdbool.h>
#include <string.h>

#include "feature/encoder.h"
#include "feature/table.h"
#include "fuzz.h"
#include "pipe/recipe.h"
#include "record/files.h"
#include "record/reader.h"

static const char recipe_text[] =
    "[{\"op\":\"log1p\",\"columns\":\"a\"},{\"op\":\"standard\",\"columns\":\"/^[a-c]$/\"},"
    "{\"op\":\"onehot\",\"columns\":\"!a\",\"min_frequency\":2,\"max_categories\":3},"
    "{\"op\":\"hash\",\"columns\":\"/./\",\"size\":7},"
    "{\"op\":\"dates\",\"columns\":\"/^t/\",\"week\":true,\"yearday\":true,\"hour\":true,"
    "\"epoch\":true,\"cyclic\":true,\"utc\":true}]";

static const char rows_text[] =
    "{\"a\":1,\"b\":2.5,\"c\":null,\"d\":\"Lagos\",\"t\":\"2024-02-29T12:30:00+02:00\"}\n"
    "{\"a\":3,\"b\":true,\"c\":-7e3,\"d\":\"\\u00e9\\u0000\",\"t\":null}\n"
    "{\"a\":3,\"b\":0,\"c\":1e140,\"d\":\"Lagos\",\"t\":\"0000-01-01\"}\n";

/* Steps at work. */
struct work {
    struct wh_steps *steps;
    struct wh_features *features;
};

static const struct wh_step_type **types;

static struct work begin(const json_t *recipe)
{
    struct wh_error error = { 0 };
    struct work work = { wh_steps_open(recipe, types, &error), wh_features_open() };
    CHECK(work.steps);
    work.features->absence = WH_ABSENCE_NULL;
    wh_steps_context(work.steps)->features = work.features;
    return work;
}

static void end(struct work *work)
{
    wh_steps_close(work->steps);
    wh_features_close(work->features);
}

/* NULL where this is no text at all (UTF-16, say). */
static struct wh_reader *open_rows(const void *bytes, size_t length)
{
    static const struct wh_reading reading = { .format = WH_FORMAT_NDJSON };
    struct wh_error error = { 0 };
    const char *path = fuzz_file(bytes, length);
    struct wh_reader *reader = wh_reader_open(&reading, &path, 1, &error);
    CHECK(reader || error.text[0]);
    return reader;
}

static void check_features(struct wh_features *features)
{
    struct wh_buffer text = { 0 };
    json_error_t place;
    wh_features_text(features, &text);
    json_t *value = json_loadb(text.data, text.length, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES,
                               &place);
    CHECK(json_is_object(value) || json_error_code(&place) == json_error_numeric_overflow ||
          json_error_code(&place) == json_error_null_byte_in_key);
    json_decref(value);
    wh_buffer_free(&text);
}

/* The row through the steps, which learn from it unless it is bad. */
static enum wh_verdict step_row(struct work *work, struct wh_row *row)
{
    struct wh_error error = { 0 };
    wh_features_begin(work->features);
    enum wh_verdict verdict = wh_steps_row(work->steps, row, &error);
    CHECK(verdict != WH_BAD || (error.text[0] && error.rule[0]));
    CHECK(verdict != WH_FATAL || (error.text[0] && error.status == WH_REFUSED));
    if (verdict == WH_PASSED) {
        check_features(work->features);
        wh_steps_teach(work->steps);
    }
    return verdict;
}

static char *state_of(const struct work *work)
{
    struct wh_buffer text = { 0 };
    wh_steps_save(work->steps, WH_STEPS_ALL, &text);
    return wh_buffer_text(&text);
}

/* The same steps, made anew from what their state's text says. */
static void reopen(struct work *work, const json_t *recipe)
{
    struct wh_error error = { 0 };
    json_error_t place;
    char *before = state_of(work);
    struct wh_steps_state state = { .steps = json_loads(before, JSON_ALLOW_NUL, &place) };
    CHECK(state.steps);
    end(work);
    *work = begin(recipe);
    CHECK(wh_steps_load(work->steps, &state, WH_STEPS_ALL, &error) == 0);
    json_decref(state.steps);
    char *after = state_of(work);
    CHECK(strcmp(before, after) == 0);
    free(before);
    free(after);
}

/* Runs the rows; with `often`, everything is saved and read back between two of them. Returns the
 * state, or NULL where the run would have ended. */
static char *run_rows(const json_t *recipe, const uint8_t *data, size_t size, bool often)
{
    struct work work = begin(recipe);
    struct wh_error error = { 0 };
    struct wh_reader *reader = open_rows(data, size);
    enum wh_verdict next;
    bool ended = false;
    while (reader && !ended && (next = wh_reader_next(reader, &error)) != WH_ENDED) {
        ended = next == WH_FATAL ||
                (next == WH_PASSED && step_row(&work, reader->row) == WH_FATAL);
        if (often && !ended)
            reopen(&work, recipe);
    }
    wh_reader_close(reader);
    char *state = ended ? NULL : state_of(&work);
    end(&work);
    return state;
}

static void fuzz_rows(const json_t *recipe, const uint8_t *data, size_t size)
{
    char *once = run_rows(recipe, data, size, false);
    char *often = run_rows(recipe, data, size, true);
    /* Names that steps make of different columns may clash within one run only. */
    CHECK(!once || (often && strcmp(once, often) == 0));
    free(once);
    free(often);
}

static void fuzz_state(const json_t *recipe, const uint8_t *data, size_t size)
{
    json_error_t place;
    struct wh_error error = { 0 };
    struct wh_steps_state state = {
        .steps = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL,
                            &place),
    };
    if (!state.steps)
        return;
    struct work work = begin(recipe);
    if (wh_steps_load(work.steps, &state, WH_STEPS_ALL, &error) == 0) {
        reopen(&work, recipe);
        for (size_t pass = 0; pass < wh_steps_passes(work.steps); pass++)
            wh_steps_settle(work.steps, pass);
        struct wh_reader *reader = open_rows(rows_text, sizeof rows_text - 1);
        while (wh_reader_next(reader, &error) == WH_PASSED)
            step_row(&work, reader->row);
        wh_reader_close(reader);
    }
    CHECK(!*error.text || error.status == WH_REFUSED);
    end(&work);
    json_decref(state.steps);
}

static void fuzz_option(const uint8_t *data, size_t size)
{
    static const struct wh_step_type *const encoders[] = {
        &wh_step_passthrough, &wh_step_standard, &wh_step_log1p,
        &wh_step_onehot,      &wh_step_hash,     &wh_step_dates,
    };
    struct wh_recipe recipe;
    struct wh_error error = { 0 };
    wh_recipe_init(&recipe, types);
    const char *op = encoders[data[0] % (sizeof encoders / sizeof *encoders)]->op;
    char *argument = wh_copy((const char *)data + 1, size - 1);
    if (wh_recipe_option(&recipe, op, argument, &error) == 0)
        free(run_rows(recipe.steps, (const uint8_t *)rows_text, sizeof rows_text - 1, true));
    else
        CHECK(error.text[0] && error.status == WH_REFUSED);
    free(argument);
    wh_recipe_free(&recipe);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    json_error_t place;
    json_t *recipe = json_loads(recipe_text, 0, &place);
    CHECK(recipe);
    types = wh_feature_steps();
    if (data[0] == 's')
        fuzz_state(recipe, data + 1, size - 1);
    else if (data[0] == 'o')
        fuzz_option(data + 1, size - 1);
    else
        fuzz_rows(recipe, data + 1, size - 1);
    free(types);
    json_decref(recipe);
    return 0;
}
