/*
 * Steps that hold rows back, emit several, or emit at the end: what comes out, what the steps after
 * them meet and learn, what is rejected, and that nothing depends on where checkpoints fall.
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

#include "base/file.h"
#include "clean/stage.h"
#include "clean/table.h"
#include "feature/stage.h"
#include "feature/table.h"
#include "pipe/recipe.h"
#include "pipe/run.h"
#include "record/files.h"
#include "record/held.h"

enum { MOST_HELD = 8 };

static struct wh_error problem;

/* The steps ------------------------------------------------------------------------------------ */

/* "later" holds each row back until the next comes, "batch" until there are three, "twice" emits
 * each two times; "judge" rejects rows whose first value is "bad", having changed it; "clock" makes
 * it the event time. */
struct holder {
    struct wh_step base;
    struct wh_held *held;
    int64_t times[MOST_HELD];
};

static struct wh_binding *bind_nothing(struct wh_step *step, const struct wh_shape *shape,
                                       struct wh_error *error)
{
    (void)step;
    (void)shape;
    (void)error;
    return wh_alloc(1, sizeof(struct wh_binding));
}

static int emit_all(struct wh_step *step, struct wh_error *error)
{
    struct holder *self = (struct holder *)step;
    for (size_t i = 0; i < wh_held_count(self->held); i++)
        if (wh_step_emit(step, wh_held_row(self->held, i), self->times[i], error) != 0)
            return -1;
    wh_held_clear(self->held);
    return 0;
}

static enum wh_verdict hold(struct wh_step *step, struct wh_row *row, size_t most,
                            struct wh_error *error)
{
    struct holder *self = (struct holder *)step;
    if (wh_held_count(self->held) == most && emit_all(step, error) != 0)
        return WH_FATAL;
    self->times[wh_held_count(self->held)] = step->context->time;
    wh_held_add(self->held, row);
    return WH_TAKEN;
}

static enum wh_verdict later_row(struct wh_step *step, struct wh_binding *binding,
                                 struct wh_row *row, struct wh_error *error)
{
    (void)binding;
    return hold(step, row, 1, error);
}

static enum wh_verdict batch_row(struct wh_step *step, struct wh_binding *binding,
                                 struct wh_row *row, struct wh_error *error)
{
    (void)binding;
    return hold(step, row, 3, error);
}

static enum wh_verdict twice_row(struct wh_step *step, struct wh_binding *binding,
                                 struct wh_row *row, struct wh_error *error)
{
    struct holder *self = (struct holder *)step;
    (void)binding;
    wh_held_add(self->held, row);
    int failed = wh_step_emit(step, wh_held_row(self->held, 0), step->context->time, error);
    wh_held_clear(self->held);
    return failed ? WH_FATAL : WH_PASSED;
}

static enum wh_verdict judge_row(struct wh_step *step, struct wh_binding *binding,
                                 struct wh_row *row, struct wh_error *error)
{
    (void)step;
    (void)binding;
    struct wh_slice value = wh_row_text(row, &row->fields[0]);
    bool bad = value.length == 3 && memcmp(value.text, "bad", 3) == 0;
    wh_row_set_text(row, 0, WH_STRING, bad ? "changed" : value.text, bad ? 7 : value.length,
                    WH_JSON_SAFE);
    if (!bad)
        return WH_PASSED;
    wh_bad_row(error, "judge", "a", 1, 0, "it is bad");
    return WH_BAD;
}

static enum wh_verdict clock_row(struct wh_step *step, struct wh_binding *binding,
                                 struct wh_row *row, struct wh_error *error)
{
    (void)binding;
    (void)error;
    char *text = wh_row_take(row, 32);
    int length = snprintf(text, 32, "%lld", (long long)step->context->time);
    wh_row_set_text(row, 0, WH_NUMBER, text, (size_t)length, 0);
    return WH_PASSED;
}

/* The state is the rows themselves, as lines. */
static void save_rows(const struct wh_step *step, struct wh_buffer *text)
{
    const struct holder *self = (const struct holder *)step;
    struct wh_buffer rows = { 0 };
    for (size_t i = 0; i < wh_held_count(self->held); i++) {
        wh_row_to_json(&rows, wh_held_row(self->held, i));
        wh_buffer_byte(&rows, '\n');
    }
    json_t *value = json_stringn(rows.data ? rows.data : "", rows.length);
    char *shown = json_dumps(value, JSON_ENCODE_ANY);
    wh_buffer_format(text, "%s", shown);
    free(shown);
    json_decref(value);
    wh_buffer_free(&rows);
}

static int load_rows(struct wh_step *step, const json_t *state, struct wh_slice tape,
                     struct wh_error *error)
{
    static const struct wh_reading reading = { .format = WH_FORMAT_NDJSON };
    struct holder *self = (struct holder *)step;
    (void)tape;
    if (json_string_length(state) == 0)
        return 0;
    struct wh_reader *reader = wh_reader_open_memory(&reading, "state", json_string_value(state),
                                                     json_string_length(state), error);
    while (reader && wh_reader_next(reader, error) == WH_PASSED)
        wh_held_add(self->held, reader->row);
    wh_reader_close(reader);
    return reader ? 0 : -1;
}

static void forget_rows(struct wh_step *step)
{
    wh_held_clear(((struct holder *)step)->held);
}

static void close_holder(struct wh_step *step)
{
    wh_held_close(((struct holder *)step)->held);
    free(step);
}

static struct wh_step *create(const struct wh_step_ops *ops)
{
    struct holder *self = wh_alloc(1, sizeof *self);
    self->base.ops = ops;
    self->held = wh_held_open();
    return &self->base;
}

static struct wh_step *later_create(const json_t *recipe, struct wh_error *error)
{
    static const struct wh_step_ops ops = {
        .bind = bind_nothing, .row = later_row, .finish = emit_all, .save = save_rows,
        .load = load_rows, .rewind = forget_rows, .close = close_holder,
    };
    (void)recipe;
    (void)error;
    return create(&ops);
}

static struct wh_step *batch_create(const json_t *recipe, struct wh_error *error)
{
    static const struct wh_step_ops ops = {
        .bind = bind_nothing, .row = batch_row, .flush = emit_all, .finish = emit_all,
        .rewind = forget_rows, .close = close_holder,
    };
    (void)recipe;
    (void)error;
    return create(&ops);
}

static struct wh_step *twice_create(const json_t *recipe, struct wh_error *error)
{
    static const struct wh_step_ops ops = { .bind = bind_nothing, .row = twice_row,
                                            .close = close_holder };
    (void)recipe;
    (void)error;
    return create(&ops);
}

static struct wh_step *judge_create(const json_t *recipe, struct wh_error *error)
{
    static const struct wh_step_ops ops = { .bind = bind_nothing, .row = judge_row,
                                            .close = close_holder };
    (void)recipe;
    (void)error;
    return create(&ops);
}

static struct wh_step *clock_create(const json_t *recipe, struct wh_error *error)
{
    static const struct wh_step_ops ops = { .bind = bind_nothing, .row = clock_row,
                                            .close = close_holder };
    (void)recipe;
    (void)error;
    return create(&ops);
}

/* learn() of real steps is no part of `live` here: it takes what row() has taken. */
static void learn_nothing(struct wh_step *step, struct wh_binding *binding)
{
    (void)step;
    (void)binding;
}

static struct wh_step *remembering_create(const json_t *recipe, struct wh_error *error)
{
    static const struct wh_step_ops ops = {
        .bind = bind_nothing, .row = later_row, .finish = emit_all, .learn = learn_nothing,
        .save = save_rows, .load = load_rows, .rewind = forget_rows, .close = close_holder,
    };
    (void)recipe;
    (void)error;
    return create(&ops);
}

static const char *const no_keys[] = { NULL };

static const struct wh_step_type later_type = { .op = "later", .keys = no_keys, .holds = true,
                                                .create = later_create };
static const struct wh_step_type kept_type = { .op = "kept", .keys = no_keys, .holds = true,
                                               .live = true, .create = remembering_create };
static const struct wh_step_type batch_type = { .op = "batch", .keys = no_keys, .holds = true,
                                                .create = batch_create };
static const struct wh_step_type twice_type = { .op = "twice", .keys = no_keys, .holds = true,
                                                .create = twice_create };
static const struct wh_step_type judge_type = { .op = "judge", .keys = no_keys,
                                                .create = judge_create };
static const struct wh_step_type clock_type = { .op = "clock", .keys = no_keys, .timed = true,
                                                .create = clock_create };

static const struct wh_step_type *const types[] = {
    &later_type, &kept_type, &batch_type, &twice_type, &judge_type, &clock_type,
    &wh_clean_unique, &wh_clean_type, &wh_step_standard, &wh_step_passthrough, NULL,
};

/* Runs ----------------------------------------------------------------------------------------- */

static struct wh_recipe recipe_of(const char *steps)
{
    json_error_t place;
    struct wh_recipe recipe = { .types = types, .steps = json_loads(steps, 0, &place) };
    if (!recipe.steps)
        fail_msg("%s: %s", steps, place.text);
    return recipe;
}

/* All that a run through a stage gave. */
struct outcome {
    int result;
    struct wh_error error;
    struct wh_buffer out;
    json_t *stats;
};

static void free_outcome(struct outcome *outcome)
{
    wh_buffer_free(&outcome->out);
    json_decref(outcome->stats);
}

static struct outcome run_stage(struct wh_stage *stage, const char *text, const char *rejects,
                                bool rehearsal)
{
    struct outcome outcome = { 0 };
    struct wh_run_settings settings = { .tool = "test", .rejects = rejects,
                                        .writing.format = WH_FORMAT_NDJSON };
    struct wh_run run = { .settings = &settings, .stage = stage, .output = -1,
                          .rehearsal = rehearsal };
    run.reader = wh_reader_open_memory(&settings.reading, "rows", text, strlen(text),
                                       &outcome.error);
    assert_non_null(run.reader);
    if (!rehearsal) {
        run.write = wh_write_buffer;
        run.write_context = &outcome.out;
    }
    outcome.result = wh_run(&run, &outcome.error);
    outcome.stats = json_object();
    stage->ops->stats(stage, outcome.stats);
    wh_reader_close(run.reader);
    wh_buffer_text(&outcome.out);
    return outcome;
}

static struct outcome clean(const struct wh_cleaning *settings, const char *steps,
                            const char *text, const char *rejects)
{
    struct wh_recipe recipe = recipe_of(steps);
    struct wh_cleaning cleaning = *settings;
    cleaning.recipe = &recipe;
    struct wh_stage *stage = wh_clean_open(&cleaning, &problem);
    if (!stage)
        fail_msg("%s", problem.text);
    struct outcome outcome = run_stage(stage, text, rejects, false);
    stage->ops->close(stage);
    json_decref(recipe.steps);
    return outcome;
}

static const struct wh_cleaning plain = { 0 };

static void assert_rows(const char *steps, const char *text, const char *expected)
{
    struct outcome outcome = clean(&plain, steps, text, NULL);
    if (outcome.result != 0)
        fail_msg("%s", outcome.error.text);
    assert_string_equal(outcome.out.data, expected);
    free_outcome(&outcome);
}

static json_int_t count_of(const struct outcome *outcome, size_t step, const char *name)
{
    const json_t *list = json_object_get(outcome->stats, "steps");
    return json_integer_value(json_object_get(json_array_get(list, step), name));
}

static int enter_folder(void **state)
{
    static char folder[] = "/tmp/wh_holding_XXXXXX";
    *state = folder;
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", (const char *)*state);
    return chdir("/") || system(command) ? -1 : 0;
}

/* Rows ----------------------------------------------------------------------------------------- */

#define A "{\"a\":\"1\"}\n"
#define B "{\"a\":\"2\"}\n"
#define C "{\"a\":\"3\"}\n"
#define D "{\"a\":\"4\",\"b\":[1]}\n"
#define BAD "{ \"a\": \"bad\" }\n"

static void rows_that_are_held_back_come_out_in_order_the_last_at_the_end(void **state)
{
    (void)state;
    assert_rows("[{\"op\":\"later\"}]", A B C D, A B C D);
    assert_rows("[{\"op\":\"later\"},{\"op\":\"later\"},{\"op\":\"batch\"}]", A B C D, A B C D);
    assert_rows("[{\"op\":\"batch\"}]", A B C D, A B C D);
    assert_rows("[{\"op\":\"later\"}]", "", "");
}

static void a_step_that_emits_several_has_each_go_through_the_steps_after_it(void **state)
{
    (void)state;
    assert_rows("[{\"op\":\"twice\"}]", A D, A A D D);
    assert_rows("[{\"op\":\"twice\"},{\"op\":\"twice\"}]", A D, A A A A D D D D);
    assert_rows("[{\"op\":\"twice\"},{\"op\":\"later\"},{\"op\":\"twice\"}]", A D,
                A A A A D D D D);
    assert_rows("[{\"op\":\"twice\"},{\"op\":\"unique\",\"columns\":\"a\"}]", A D, A D);
    struct outcome outcome = clean(&plain, "[{\"op\":\"twice\"},{\"op\":\"later\"},"
                                           "{\"op\":\"unique\",\"columns\":\"a\"}]", A B A, NULL);
    assert_string_equal(outcome.out.data, A B);
    assert_int_equal(count_of(&outcome, 0, "rows_in"), 3);
    assert_int_equal(count_of(&outcome, 1, "rows_in"), 6);
    assert_int_equal(count_of(&outcome, 1, "rows_dropped"), 0);
    assert_int_equal(count_of(&outcome, 2, "rows_in"), 6);
    assert_int_equal(count_of(&outcome, 2, "rows_dropped"), 4);
    free_outcome(&outcome);
}

static void a_row_that_was_held_back_is_rejected_as_it_came(void **state)
{
    (void)state;
    size_t length;
    static const char steps[] = "[{\"op\":\"unique\",\"columns\":\"a\"},{\"op\":\"later\"},"
                                "{\"op\":\"judge\"}]";
    struct outcome outcome = clean(&plain, steps, A BAD B, "rejects");
    assert_int_equal(outcome.result, 0);
    assert_string_equal(outcome.out.data, A B);
    char *rejects = wh_read_file("rejects", 4096, &length, &problem);
    assert_non_null(rejects);
    assert_non_null(strstr(rejects, "\"line\":2"));
    assert_non_null(strstr(rejects, "{ \\\"a\\\": \\\"bad\\\" }"));
    free(rejects);
    free_outcome(&outcome);
    outcome = clean(&plain, steps, A BAD B, NULL);
    assert_int_equal(outcome.result, -1);
    assert_non_null(strstr(outcome.error.text, "rows:2: a: it is bad"));
    free_outcome(&outcome);
}

static void each_row_keeps_its_own_event_time(void **state)
{
    (void)state;
    static const char rows[] = "{\"a\":\"x\",\"t\":1}\n"
                               "{\"a\":\"y\",\"t\":\"1970-01-01T00:00:02\"}\n"
                               "{\"a\":\"z\",\"t\":3}\n";
    static const struct wh_cleaning timed = { .time = "t" };
    struct outcome outcome = clean(&timed, "[{\"op\":\"later\"},{\"op\":\"twice\"},"
                                           "{\"op\":\"later\"},{\"op\":\"clock\"}]", rows, NULL);
    if (outcome.result != 0)
        fail_msg("%s", outcome.error.text);
    assert_string_equal(outcome.out.data,
                        "{\"a\":1000,\"t\":1}\n{\"a\":1000,\"t\":1}\n"
                        "{\"a\":2000,\"t\":\"1970-01-01T00:00:02\"}\n"
                        "{\"a\":2000,\"t\":\"1970-01-01T00:00:02\"}\n"
                        "{\"a\":3000,\"t\":3}\n{\"a\":3000,\"t\":3}\n");
    free_outcome(&outcome);
    outcome = clean(&timed, "[{\"op\":\"clock\"}]", "{\"a\":1,\"t\":null}\n" A, "rejects");
    assert_int_equal(outcome.result, 0);
    assert_string_equal(outcome.out.data, "");
    free_outcome(&outcome);
}

static void a_step_that_needs_the_event_time_requires_its_column(void **state)
{
    (void)state;
    struct wh_recipe recipe = recipe_of("[{\"op\":\"clock\"}]");
    const struct wh_cleaning cleaning = { .recipe = &recipe };
    assert_null(wh_clean_open(&cleaning, &problem));
    assert_int_equal(problem.status, WH_REFUSED);
    assert_string_equal(problem.text, "--clock requires --time COL");
    json_decref(recipe.steps);
}

/* Features ------------------------------------------------------------------------------------- */

#define NUMBERS "{\"n\":1,\"m\":2}\n{\"n\":5,\"m\":3}\n{\"n\":9,\"m\":\"x\"}\n{\"n\":11,\"m\":5}\n"
#define ENCODE "{\"op\":\"standard\",\"columns\":\"n\"},{\"op\":\"passthrough\",\"columns\":\"m\"}]"

/* What comes out, without the stamp, which is of the recipe. */
static char *featurize(const char *steps, enum wh_learning learning)
{
    struct wh_recipe recipe = recipe_of(steps);
    const struct wh_featurizing featurizing = { .recipe = &recipe, .learning = learning };
    struct wh_featurizer *featurizer = wh_featurizer_open(&featurizing, &problem);
    if (!featurizer)
        fail_msg("%s", problem.text);
    struct wh_stage *stage = wh_featurizer_stage(featurizer);
    for (size_t left = wh_featurizer_passes(featurizer); left > 0; left--) {
        struct outcome outcome = run_stage(stage, NUMBERS, "rejects", true);
        if (outcome.result || wh_featurizer_settle(featurizer, &problem))
            fail_msg("%s %s", outcome.error.text, problem.text);
        free_outcome(&outcome);
    }
    struct outcome outcome = run_stage(stage, NUMBERS, "rejects", false);
    if (outcome.result)
        fail_msg("%s", outcome.error.text);
    struct wh_buffer text = { 0 };
    for (const char *line = outcome.out.data; *line; line = strchr(line, '\n') + 1)
        wh_buffer_add(&text, strstr(line, "\"features\""),
                      (size_t)(strchr(line, '\n') + 1 - strstr(line, "\"features\"")));
    free_outcome(&outcome);
    wh_featurizer_close(featurizer);
    json_decref(recipe.steps);
    return wh_buffer_text(&text);
}

static void rows_that_were_held_back_teach_and_are_encoded_as_others(void **state)
{
    (void)state;
    static const enum wh_learning ways[] = { WH_LEARN_LIVE, WH_LEARN_FIRST };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        char *straight = featurize("[" ENCODE, ways[i]);
        char *held = featurize("[{\"op\":\"later\"}," ENCODE, ways[i]);
        char *several = featurize("[{\"op\":\"later\"},{\"op\":\"batch\"}," ENCODE, ways[i]);
        assert_non_null(strstr(straight, "\"m\":3"));
        assert_string_equal(held, straight);
        assert_string_equal(several, straight);
        free(straight);
        free(held);
        free(several);
    }
}

static void a_step_that_emits_several_must_come_before_those_that_encode(void **state)
{
    (void)state;
    struct wh_recipe recipe = recipe_of("[{\"op\":\"standard\",\"columns\":\"n\"},"
                                        "{\"op\":\"twice\"}]");
    const struct wh_featurizing featurizing = { .recipe = &recipe };
    assert_null(wh_featurizer_open(&featurizing, &problem));
    assert_int_equal(problem.status, WH_REFUSED);
    assert_non_null(strstr(problem.text, "twice holds rows back or makes several of one, so it "
                                         "must come before standard"));
    json_decref(recipe.steps);
}

static size_t passes_of(const char *steps)
{
    struct wh_recipe recipe = recipe_of(steps);
    struct wh_steps *list = wh_steps_open(recipe.steps, types, &problem);
    assert_non_null(list);
    size_t passes = wh_steps_passes(list);
    wh_steps_close(list);
    json_decref(recipe.steps);
    return passes;
}

static void steps_after_one_that_holds_rows_share_its_level(void **state)
{
    (void)state;
    assert_int_equal(passes_of("[{\"op\":\"later\"}]"), 0);
    assert_int_equal(passes_of("[{\"op\":\"later\"}," ENCODE), 1);
}

/* Control records ------------------------------------------------------------------------------ */

/* The stream of an epoch that goes on from `from` ("null" or a place): parts of rows, a checkpoint
 * after each, the last being the end where `ends`. */
static char *stream_of(const char *epoch, const char *from, const char *const *parts, bool ends)
{
    struct wh_buffer text = { 0 };
    wh_buffer_format(&text, "{\"@wh\":\"begin\",\"epoch\":\"%s\",\"from\":%s,\"position\":{}}\n",
                     epoch, from);
    for (int n = 1; *parts; parts++, n++) {
        int rows = 0;
        for (const char *at = *parts; (at = strchr(at, '\n')); at++)
            rows++;
        wh_buffer_format(&text, "%s{\"@wh\":\"%s\",\"epoch\":\"%s\",\"n\":%d,\"rows\":%d,%s"
                         "\"position\":{}}\n", *parts, ends && !parts[1] ? "end" : "checkpoint",
                         epoch, n, rows, ends && !parts[1] ? "" : "\"committed\":0,");
    }
    return wh_buffer_text(&text);
}

/* The rows among what came out, up to the checkpoint `n` of it (0: all). */
static void add_rows(struct wh_buffer *rows, const char *text, int n)
{
    for (; *text; text = strchr(text, '\n') + 1) {
        bool record = strncmp(text, "{\"@wh\"", 6) == 0;
        if (!record)
            wh_buffer_add(rows, text, (size_t)(strchr(text, '\n') + 1 - text));
        else if (strncmp(text, "{\"@wh\":\"checkpoint\"", 19) == 0 && --n == 0)
            return;
    }
}

static const struct wh_cleaning with_state = { .state = "state" };

static void remove_states(void)
{
    assert_int_equal(system("rm -f state state.*"), 0);
}

static void rows_held_back_are_part_of_the_state_wherever_checkpoints_fall(void **state)
{
    (void)state;
    static const char steps[] = "[{\"op\":\"kept\"},{\"op\":\"twice\"}]";
    static const char *const whole[] = { A B C D, NULL };
    static const char *const firsts[][3] = {
        { "", "", NULL }, { A, NULL, NULL }, { A, B C, NULL }, { A B C, "", NULL },
    };
    static const char *const seconds[][3] = {
        { A B C D, NULL, NULL }, { B, C D, NULL }, { D, NULL, NULL }, { "", D, NULL },
    };
    for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
        char from[64];
        struct wh_buffer rows = { 0 };
        int n = firsts[i][1] ? 2 : 1;
        char *first = stream_of("aaaaaaaaaaaa", "null", firsts[i], false);
        struct outcome outcome = clean(&with_state, steps, first, NULL);
        assert_int_equal(outcome.error.status, WH_BROKEN); /* killed, as it were */
        add_rows(&rows, outcome.out.data, n);
        free_outcome(&outcome);
        snprintf(from, sizeof from, "{\"epoch\":\"aaaaaaaaaaaa\",\"n\":%d}", n);
        char *second = stream_of("bbbbbbbbbbbb", from, seconds[i], true);
        outcome = clean(&with_state, steps, second, NULL);
        if (outcome.result != 0)
            fail_msg("%s", outcome.error.text);
        add_rows(&rows, outcome.out.data, 0);
        free_outcome(&outcome);
        remove_states();
        assert_string_equal(wh_buffer_text(&rows), A A B B C C D D);
        wh_buffer_free(&rows);
        free(first);
        free(second);
    }
    char *stream = stream_of("cccccccccccc", "null", whole, true);
    struct outcome outcome = clean(&with_state, steps, stream, NULL);
    assert_int_equal(outcome.result, 0);
    free_outcome(&outcome);
    remove_states();
    free(stream);
}

static void what_is_held_back_without_state_leaves_before_the_checkpoint(void **state)
{
    (void)state;
    static const char *const parts[] = { A B, C D, NULL };
    char *stream = stream_of("aaaaaaaaaaaa", "null", parts, true);
    struct wh_buffer rows = { 0 };
    struct outcome outcome = clean(&plain, "[{\"op\":\"batch\"},{\"op\":\"twice\"}]", stream, NULL);
    if (outcome.result != 0)
        fail_msg("%s", outcome.error.text);
    add_rows(&rows, outcome.out.data, 1);
    assert_string_equal(wh_buffer_text(&rows), A A B B);
    rows.length = 0;
    add_rows(&rows, outcome.out.data, 0);
    assert_string_equal(wh_buffer_text(&rows), A A B B C C D D);
    assert_non_null(strstr(outcome.out.data, "\"rows\":4"));
    free_outcome(&outcome);
    wh_buffer_free(&rows);
    free(stream);
}

static void rows_to_be_kept_need_a_state_under_checkpoints(void **state)
{
    (void)state;
    static const char *const parts[] = { A, NULL };
    char *stream = stream_of("aaaaaaaaaaaa", "null", parts, true);
    struct outcome outcome = clean(&plain, "[{\"op\":\"kept\"}]", stream, NULL);
    assert_int_equal(outcome.result, -1);
    assert_int_equal(outcome.error.status, WH_REFUSED);
    assert_non_null(strstr(outcome.error.text, "--kept remembers rows"));
    free_outcome(&outcome);
    free(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_that_are_held_back_come_out_in_order_the_last_at_the_end),
        cmocka_unit_test(a_step_that_emits_several_has_each_go_through_the_steps_after_it),
        cmocka_unit_test(a_row_that_was_held_back_is_rejected_as_it_came),
        cmocka_unit_test(each_row_keeps_its_own_event_time),
        cmocka_unit_test(a_step_that_needs_the_event_time_requires_its_column),
        cmocka_unit_test(rows_that_were_held_back_teach_and_are_encoded_as_others),
        cmocka_unit_test(a_step_that_emits_several_must_come_before_those_that_encode),
        cmocka_unit_test(steps_after_one_that_holds_rows_share_its_level),
        cmocka_unit_test(rows_held_back_are_part_of_the_state_wherever_checkpoints_fall),
        cmocka_unit_test(what_is_held_back_without_state_leaves_before_the_checkpoint),
        cmocka_unit_test(rows_to_be_kept_need_a_state_under_checkpoints),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
