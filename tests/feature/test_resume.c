/*
 * Nothing learned depends on where checkpoints fall: random recipes over random rows, killed and
 * resumed at random checkpoints, give the rows and the state of a run that nobody disturbed.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "clean/stage.h"
#include "clean/table.h"
#include "feature/encoder.h"
#include "feature/stage.h"
#include "feature/table.h"
#include "pipe/recipe.h"
#include "record/files.h"
#include "record/reader.h"
#include "record/writer.h"

enum { RECIPES = 150, ROWS = 40, MOST_STEPS = 6, MOST_CHECKPOINTS = 9 };

static uint64_t seed = 20240229;

static unsigned dice(unsigned sides)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed % sides);
}

/* Recipes and rows. */

static const char *const cleaning[] = {
    "{\"op\":\"unique\",\"columns\":\"a\"}",
    "{\"op\":\"unique\",\"columns\":\"/^[abx]$/\"}",
    "{\"op\":\"drop_missing\",\"columns\":\"b,nowhere\"}",
    "{\"op\":\"drop_missing\",\"columns\":\"a\"}",
    "{\"op\":\"trim\",\"columns\":\"b\"}",
    "{\"op\":\"fill\",\"column\":\"x\",\"value\":1.5}",
    "{\"op\":\"type\",\"column\":\"a\",\"type\":\"int\"}",
    "{\"op\":\"rename\",\"names\":{\"c\":\"e\"}}",
    "{\"op\":\"flatten\",\"columns\":\"n\"}",
    "{\"op\":\"exclude\",\"columns\":\"/^q/\"}",
};

static const char *const encoding[] = {
    "{\"op\":\"standard\",\"columns\":\"x\"}",
    "{\"op\":\"standard\",\"columns\":\"/^[xy]$/\",\"ddof\":1}",
    "{\"op\":\"log1p\",\"columns\":\"y\"}",
    "{\"op\":\"onehot\",\"columns\":\"b\",\"min_frequency\":2,\"max_categories\":4}",
    "{\"op\":\"onehot\",\"columns\":\"/^[ac]$/\"}",
    "{\"op\":\"hash\",\"columns\":\"/^[bq]/\",\"size\":8}",
    "{\"op\":\"passthrough\",\"columns\":\"/^p/\"}",
    "{\"op\":\"dates\",\"columns\":\"t\",\"hour\":true}",
};

#define COUNT(array) (unsigned)(sizeof(array) / sizeof *(array))

static void make_recipe(struct wh_recipe *recipe, bool encodes)
{
    unsigned steps = 1 + dice(MOST_STEPS);
    for (unsigned i = 0; i < steps; i++) {
        const char *text = encodes && dice(2) ? encoding[dice(COUNT(encoding))]
                                              : cleaning[dice(COUNT(cleaning))];
        json_error_t place;
        json_t *object = json_loads(text, 0, &place);
        assert_non_null(object);
        json_array_append_new(recipe->steps, object);
    }
}

static void add_value(struct wh_buffer *text, const char *name)
{
    static const char *const strings[] = { "\"u\"", "\" u\"", "\"v\"", "\"\\u00e9\\u0000\"", "null",
                                           "\"\"", "7", "true" };
    static const char *const numbers[] = { "1", "1.0", "-0.25", "1e22", "null", "3", "12345.678" };
    static const char *const times[] = { "\"2024-02-29T12:30:00+02:00\"", "null",
                                         "\"1999-01-01\"" };
    static const char *const nested[] = { "{\"m\":1}", "{\"m\":{\"k\":2},\"l\":[]}", "null", "{}" };
    const char *value = strchr("axyp", *name) ? numbers[dice(COUNT(numbers))]
                        : *name == 't'        ? times[dice(COUNT(times))]
                        : *name == 'n'        ? nested[dice(COUNT(nested))]
                                              : strings[dice(COUNT(strings))];
    if (dice(40) == 0)
        value = "\"odd\"";
    wh_buffer_format(text, "%s\"%s\":%s", text->data[text->length - 1] == '{' ? "" : ",", name,
                     value);
}

/* The first row has all columns that are named, most of the time. */
static void make_row(struct wh_buffer *text, bool first)
{
    static const char *const names[] = { "a", "b", "c", "x", "y", "t", "n", "p1", "p2", "q", "e" };
    bool whole = first && dice(10) > 0;
    wh_buffer_byte(text, '{');
    for (unsigned i = 0; i < COUNT(names); i++)
        if (i < 7 && whole ? true : dice(4) > 0 && (i < 7 || dice(3) == 0))
            add_value(text, names[i]);
    wh_buffer_literal(text, "}\n");
}

/* A run, or what was left of one that was killed. */

struct run {
    struct wh_emit emit;
    const struct wh_recipe *recipe;
    bool encodes;
    char state[64];
    struct wh_buffer input;
    size_t lines[ROWS + 1]; /* where they begin */
    struct wh_buffer output;
    struct wh_cleaning cleaning;
    struct wh_featurizing featurizing;
    struct wh_featurizer *featurizer;
    struct wh_stage *stage;
    unsigned epochs;
    struct wh_error error;
};

static enum wh_verdict take_row(struct wh_emit *emit, struct wh_row *row, struct wh_error *error)
{
    (void)error;
    struct run *run = (struct run *)emit;
    wh_row_to_json(&run->output, row);
    wh_buffer_byte(&run->output, '\n');
    return WH_TAKEN;
}

static void open_stage(struct run *run)
{
    if (run->encodes) {
        run->featurizing = (struct wh_featurizing){ .recipe = run->recipe, .state = run->state,
                                                    .learning = WH_LEARN_LIVE };
        run->featurizer = wh_featurizer_open(&run->featurizing, &run->error);
        run->stage = run->featurizer ? wh_featurizer_stage(run->featurizer) : NULL;
    } else {
        run->cleaning = (struct wh_cleaning){ .recipe = run->recipe, .state = run->state };
        run->stage = wh_clean_open(&run->cleaning, &run->error);
    }
    if (!run->stage)
        fail_msg("%s", run->error.text);
}

static void close_stage(struct run *run)
{
    if (run->encodes)
        wh_featurizer_close(run->featurizer);
    else
        run->stage->ops->close(run->stage);
}

/* A new epoch, which goes on from `place`. */
static void begin_epoch(struct run *run, const struct wh_place *place, struct wh_control *control)
{
    *control = (struct wh_control){ .kind = WH_CONTROL_BEGIN, .from = *place };
    snprintf(control->place.epoch, sizeof control->place.epoch, "%012x", ++run->epochs);
    open_stage(run);
    if (run->stage->ops->begin(run->stage, control, &run->error))
        fail_msg("%s", run->error.text);
}

/* False where a row ends the run. */
static bool feed(struct run *run, size_t from, size_t to)
{
    static const struct wh_reading reading = { .format = WH_FORMAT_NDJSON };
    char path[64];
    const char *paths[] = { path };
    size_t length = run->lines[to] - run->lines[from];
    int descriptor = memfd_create("rows", 0);
    assert_int_equal(write(descriptor, run->input.data + run->lines[from], length),
                     (ssize_t)length);
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    struct wh_reader *reader = wh_reader_open(&reading, paths, 1, &run->error);
    assert_non_null(reader);
    enum wh_verdict verdict = WH_TAKEN;
    while (verdict != WH_FATAL && wh_reader_next(reader, &run->error) == WH_PASSED) {
        verdict = run->stage->ops->row(run->stage, reader->row, &run->emit, &run->error);
        if (verdict == WH_BAD)
            wh_buffer_format(&run->output, "bad: %s\n", run->error.text);
    }
    wh_reader_close(reader);
    close(descriptor);
    if (verdict == WH_FATAL)
        wh_buffer_format(&run->output, "fatal: %s\n", run->error.text);
    return verdict != WH_FATAL;
}

static void pass_checkpoint(struct run *run, struct wh_control *control, bool end)
{
    control->kind = end ? WH_CONTROL_END : WH_CONTROL_CHECKPOINT;
    control->place.n++;
    if (run->stage->ops->checkpoint(run->stage, control, &run->emit, &run->error))
        fail_msg("%s", run->error.text);
}

static void commit(struct run *run, const struct wh_control *control)
{
    if (run->stage->ops->committed(run->stage, &control->place, &run->error))
        fail_msg("%s", run->error.text);
}

/* The process dies behind the checkpoint, maybe with rows after it on their way, and another goes
 * on; whether the first saw the commit or not. */
static void kill_and_resume(struct run *run, size_t row, size_t rows, struct wh_control *control)
{
    size_t length = run->output.length;
    if (dice(2))
        commit(run, control);
    if (dice(2))
        feed(run, row, row + dice((unsigned)(rows - row) + 1));
    run->output.length = length;
    close_stage(run);
    struct wh_place from = control->place;
    begin_epoch(run, &from, control);
}

/* All rows, with checkpoints in between; false where a row ended the run. */
static bool run_all(struct run *run, size_t rows, bool disturbed)
{
    static const struct wh_place none;
    struct wh_control control;
    run->emit = (struct wh_emit){ .row = take_row };
    begin_epoch(run, &none, &control);
    size_t row = 0;
    bool well = true;
    for (unsigned left = disturbed ? dice(MOST_CHECKPOINTS) : 0; well && left > 0; left--) {
        size_t next = row + dice((unsigned)(rows - row) + 1);
        well = feed(run, row, next);
        row = next;
        if (!well)
            break;
        pass_checkpoint(run, &control, false);
        if (dice(3) > 0)
            kill_and_resume(run, row, rows, &control);
    }
    well = well && feed(run, row, rows);
    if (well && run->stage->ops->finish(run->stage, &run->emit, &run->error))
        wh_buffer_format(&run->output, "finish: %s\n", run->error.text);
    if (well) {
        pass_checkpoint(run, &control, true);
        commit(run, &control);
    }
    close_stage(run);
    return well;
}

/* The line of STATE without what differs from epoch to epoch; the rest in *tapes. */
static json_t *read_state(const struct run *run, struct wh_buffer *tapes)
{
    struct wh_error error;
    json_error_t place;
    size_t length;
    char *text = wh_read_file(run->state, 1 << 20, &length, &error);
    assert_non_null(text);
    size_t line = (size_t)(strchr(text, '\n') - text) + 1;
    json_t *state = json_loadb(text, line, JSON_ALLOW_NUL, &place);
    assert_non_null(state);
    json_object_del(state, "checkpoint");
    json_object_del(state, "sha256");
    wh_buffer_add(tapes, text + line, length - line);
    free(text);
    return state;
}

static void assert_same_state(const struct run *once, const struct run *often)
{
    struct wh_buffer once_tapes = { 0 }, often_tapes = { 0 };
    json_t *expected = read_state(once, &once_tapes), *found = read_state(often, &often_tapes);
    char *expected_text = json_dumps(expected, 0), *found_text = json_dumps(found, 0);
    assert_string_equal(found_text, expected_text);
    assert_int_equal(often_tapes.length, once_tapes.length);
    if (once_tapes.length)
        assert_memory_equal(often_tapes.data, once_tapes.data, once_tapes.length);
    free(expected_text);
    free(found_text);
    json_decref(expected);
    json_decref(found);
    wh_buffer_free(&once_tapes);
    wh_buffer_free(&often_tapes);
}

static void assert_same_output(const struct run *once, const struct run *often)
{
    if (once->output.length == often->output.length &&
        (once->output.length == 0 ||
         memcmp(once->output.data, often->output.data, once->output.length) == 0))
        return;
    char *recipe = wh_recipe_print(once->recipe);
    fail_msg("%s%.*s---- once:\n%.*s---- disturbed:\n%.*s", recipe, (int)once->input.length,
             once->input.data, (int)once->output.length, once->output.data,
             (int)often->output.length, often->output.data);
}

static void make_input(struct run *run, size_t rows)
{
    for (size_t i = 0; i < rows; i++) {
        make_row(&run->input, i == 0);
        run->lines[i + 1] = run->input.length;
    }
}

static void try_recipe(const char *folder, bool encodes, const struct wh_step_type **types)
{
    struct wh_recipe recipe;
    struct run once = { .recipe = &recipe, .encodes = encodes }, often;
    size_t rows = dice(ROWS + 1);
    wh_recipe_init(&recipe, types);
    make_recipe(&recipe, encodes);
    make_input(&once, rows);
    often = once;
    snprintf(once.state, sizeof once.state, "%s/once", folder);
    snprintf(often.state, sizeof often.state, "%s/often", folder);
    bool well = run_all(&once, rows, false);
    assert_int_equal(run_all(&often, rows, true), well);
    assert_same_output(&once, &often);
    if (well)
        assert_same_state(&once, &often);
    wh_buffer_free(&once.input);
    wh_buffer_free(&once.output);
    wh_buffer_free(&often.output);
    wh_recipe_free(&recipe);
}

/* Removes the folder and what runs have left in it. */
static void clear(const char *folder)
{
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
}

static void try_recipes(bool encodes)
{
    const struct wh_step_type **types = wh_feature_steps();
    for (int i = 0; i < RECIPES; i++) {
        char folder[] = "/tmp/wh-resume-XXXXXX";
        assert_non_null(mkdtemp(folder));
        try_recipe(folder, encodes, types);
        clear(folder);
    }
    free(types);
}

static void cleaning_goes_on_as_if_undisturbed(void **state)
{
    (void)state;
    try_recipes(false);
}

static void learning_goes_on_as_if_undisturbed(void **state)
{
    (void)state;
    try_recipes(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cleaning_goes_on_as_if_undisturbed),
        cmocka_unit_test(learning_goes_on_as_if_undisturbed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
