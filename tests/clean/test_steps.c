/* The list of steps: bindings found by shape, who is taught in which pass, what a row must have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipe/step.h"

/*
 * A step that notes what is asked of it. Recipe: {"op":...,"name":"a"}, and "feeds", the names of
 * the steps that it feeds when it learns.
 */
struct spy {
    struct wh_step base;
    const char *name;
    const char *feeds;
    json_t *recipe;
    int taught;
};

static char notes[1024];     /* "bind a;row a;learn a;..." */
static enum wh_verdict answer;  /* what the step "judge" does with a row */

static void note(const struct wh_step *step, const char *what)
{
    size_t used = strlen(notes);
    snprintf(notes + used, sizeof notes - used, "%s %s;", what, ((const struct spy *)step)->name);
}

static void assert_notes(const char *expected)
{
    assert_string_equal(notes, expected);
    notes[0] = '\0';
}

static struct wh_binding *spy_bind(struct wh_step *step, const struct wh_shape *shape,
                                   struct wh_error *error)
{
    (void)shape, (void)error;
    note(step, step->lenient ? "bind-leniently" : "bind");
    return wh_alloc(1, sizeof(struct wh_binding));
}

static enum wh_verdict spy_row(struct wh_step *step, struct wh_binding *binding, struct wh_row *row,
                               struct wh_error *error)
{
    (void)binding, (void)row;
    note(step, "row");
    if (strcmp(((struct spy *)step)->name, "judge") != 0 || answer == WH_PASSED)
        return WH_PASSED;
    if (answer == WH_BAD)
        wh_bad_row(error, "judge", NULL, 0, 0, "judged");
    return answer;
}

static void spy_learn(struct wh_step *step, struct wh_binding *binding)
{
    assert_non_null(binding);
    ((struct spy *)step)->taught++;
    note(step, "learn");
}

static void spy_settle(struct wh_step *step)
{
    note(step, "settle");
}

static void spy_rewind(struct wh_step *step)
{
    note(step, "rewind");
}

static bool spy_feeds(const struct wh_step *step, const struct wh_step *later)
{
    return strstr(((const struct spy *)step)->feeds, ((const struct spy *)later)->name) != NULL;
}

static void spy_save(const struct wh_step *step, struct wh_buffer *text)
{
    wh_buffer_format(text, "%d", ((const struct spy *)step)->taught);
}

static int spy_load(struct wh_step *step, const json_t *state, struct wh_slice tape,
                    struct wh_error *error)
{
    (void)tape;
    if (!json_is_integer(state))
        return wh_fail(error, WH_REFUSED, "not a number");
    ((struct spy *)step)->taught = (int)json_integer_value(state);
    return 0;
}

static void spy_close(struct wh_step *step)
{
    json_decref(((struct spy *)step)->recipe);
    free(step);
}

static struct wh_step *spy_create(const json_t *recipe, const struct wh_step_ops *ops)
{
    struct spy *spy = wh_alloc(1, sizeof *spy);
    const char *feeds = json_string_value(json_object_get(recipe, "feeds"));
    spy->base.ops = ops;
    spy->recipe = json_incref((json_t *)recipe);
    spy->name = json_string_value(json_object_get(recipe, "name"));
    spy->feeds = feeds ? feeds : "";
    return &spy->base;
}

static struct wh_step *plain_create(const json_t *recipe, struct wh_error *error)
{
    static const struct wh_step_ops ops = {
        .bind = spy_bind, .row = spy_row, .rewind = spy_rewind, .close = spy_close,
    };
    (void)error;
    return spy_create(recipe, &ops);
}

static struct wh_step *learner_create(const json_t *recipe, struct wh_error *error)
{
    static const struct wh_step_ops ops = {
        .bind = spy_bind, .row = spy_row, .learn = spy_learn, .settle = spy_settle,
        .feeds = spy_feeds, .save = spy_save, .load = spy_load, .close = spy_close,
    };
    (void)error;
    return spy_create(recipe, &ops);
}

static const char *const keys[] = { "name", "feeds", NULL };
static const struct wh_step_type plain = { .op = "plain", .keys = keys, .create = plain_create };
static const struct wh_step_type dropper = { .op = "dropper", .keys = keys,
                                             .create = plain_create, .drops = true };
static const struct wh_step_type learner = { .op = "learner", .keys = keys,
                                             .create = learner_create, .learns = true };
static const struct wh_step_type *const types[] = { &plain, &dropper, &learner, NULL };

static struct wh_steps *make(const char *recipe)
{
    struct wh_error error = { 0 };
    json_error_t place;
    json_t *steps = json_loads(recipe, 0, &place);
    assert_non_null(steps);
    struct wh_steps *made = wh_steps_open(steps, types, &error);
    if (!made)
        fail_msg("%s", error.text);
    json_decref(steps);
    notes[0] = '\0';
    answer = WH_PASSED;
    return made;
}

/* A row of one column. */
static struct wh_shape *one_column(void)
{
    struct wh_column column = wh_column_named("a");
    return wh_shape_open(&column, 1);
}

static struct wh_field field = { .text = "1", .length = 1, .type = WH_NUMBER };

static struct wh_row row_of(const struct wh_shape *shape, enum wh_format format)
{
    return (struct wh_row){ .shape = shape, .fields = &field, .raw_format = (uint8_t)format };
}

static enum wh_verdict run(struct wh_steps *steps, const struct wh_shape *shape)
{
    struct wh_error error = { 0 };
    struct wh_row row = row_of(shape, WH_FORMAT_NDJSON);
    enum wh_verdict verdict = wh_steps_row(steps, &row, &error);
    wh_row_free(&row);
    return verdict;
}

static void fit(struct wh_steps *steps, size_t pass, const struct wh_shape *shape)
{
    struct wh_error error = { 0 };
    struct wh_row row = row_of(shape, WH_FORMAT_NDJSON);
    wh_steps_fit(steps, pass, &row, &error);
    wh_row_free(&row);
}

static void a_shape_is_bound_once(void **state)
{
    (void)state;
    struct wh_steps *steps = make("[{\"op\":\"plain\",\"name\":\"a\"}]");
    struct wh_shape *shape = one_column(), *other = one_column();
    run(steps, shape);
    run(steps, shape);
    assert_notes("bind a;row a;row a;");
    run(steps, other);
    run(steps, shape);
    assert_notes("bind-leniently a;row a;row a;");
    wh_steps_close(steps);
    wh_shape_close(shape);
    wh_shape_close(other);
}

static void many_shapes_are_bound_anew_and_nothing_is_lost(void **state)
{
    (void)state;
    struct wh_steps *steps = make("[{\"op\":\"plain\",\"name\":\"a\"}]");
    for (int i = 0; i < 1000; i++) {
        struct wh_shape *shape = one_column();
        notes[0] = '\0';
        assert_int_equal(run(steps, shape), WH_PASSED);
        wh_shape_close(shape);
    }
    wh_steps_close(steps);
}

static void shapes_however_wide_are_bound_once(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    struct wh_column *columns = wh_alloc(COUNT, sizeof *columns);
    for (size_t i = 0; i < COUNT; i++)
        columns[i] = wh_column_named("x");
    struct wh_shape *shapes[] = { wh_shape_open(columns, COUNT), wh_shape_open(columns, COUNT) };
    struct wh_steps *steps = make("[{\"op\":\"plain\",\"name\":\"a\"},"
                                  "{\"op\":\"plain\",\"name\":\"b\"}]");
    for (int i = 0; i < 2; i++)
        run(steps, shapes[i]);
    notes[0] = '\0';
    for (int i = 0; i < 4; i++)
        run(steps, shapes[i % 2]);
    assert_notes("row a;row b;row a;row b;row a;row b;row a;row b;");
    wh_steps_close(steps);
    wh_shape_close(shapes[0]);
    wh_shape_close(shapes[1]);
    free(columns);
}

static void only_later_rows_of_ndjson_are_met_leniently(void **state)
{
    (void)state;
    struct wh_steps *steps = make("[{\"op\":\"plain\",\"name\":\"a\"}]");
    struct wh_error error = { 0 };
    for (int i = 0; i < 2; i++) {
        struct wh_shape *shape = one_column();
        struct wh_row row = row_of(shape, WH_FORMAT_CSV);
        wh_steps_row(steps, &row, &error);
        wh_row_free(&row);
        wh_shape_close(shape);
    }
    assert_notes("bind a;row a;bind a;row a;");
    wh_steps_close(steps);
}

static void rows_teach_once_they_came_through_or_were_dropped(void **state)
{
    (void)state;
    struct wh_steps *steps = make("[{\"op\":\"learner\",\"name\":\"a\"},"
                                  "{\"op\":\"dropper\",\"name\":\"judge\"},"
                                  "{\"op\":\"learner\",\"name\":\"c\"}]");
    struct wh_shape *shape = one_column();
    run(steps, shape);
    notes[0] = '\0';
    wh_steps_teach(steps);
    assert_notes("learn a;learn c;");
    answer = WH_DROPPED;
    assert_int_equal(run(steps, shape), WH_DROPPED);
    wh_steps_teach(steps);
    assert_notes("row a;row judge;learn a;");
    answer = WH_BAD;
    assert_int_equal(run(steps, shape), WH_BAD);
    wh_steps_teach(steps);
    assert_notes("row a;row judge;");
    json_t *stats = wh_steps_stats(steps);
    char *text = json_dumps(stats, JSON_COMPACT);
    assert_string_equal(
        text, "[{\"op\":\"learner\",\"rows_in\":3,\"rows_dropped\":0,\"rows_rejected\":0},"
              "{\"op\":\"dropper\",\"rows_in\":3,\"rows_dropped\":1,\"rows_rejected\":1},"
              "{\"op\":\"learner\",\"rows_in\":1,\"rows_dropped\":0,\"rows_rejected\":0}]");
    free(text);
    json_decref(stats);
    wh_steps_close(steps);
    wh_shape_close(shape);
}

static size_t passes(const char *recipe)
{
    struct wh_steps *steps = make(recipe);
    size_t count = wh_steps_passes(steps);
    assert_int_equal(wh_steps_learn(steps), count > 0);
    wh_steps_close(steps);
    return count;
}

static void learners_take_a_pass_more_than_what_feeds_them(void **state)
{
    (void)state;
    assert_int_equal(passes("[]"), 0);
    assert_int_equal(passes("[{\"op\":\"plain\",\"name\":\"a\"}]"), 0);
    assert_int_equal(passes("[{\"op\":\"learner\",\"name\":\"a\"},"
                            "{\"op\":\"learner\",\"name\":\"b\"}]"), 1);
    assert_int_equal(passes("[{\"op\":\"learner\",\"name\":\"a\",\"feeds\":\"b\"},"
                            "{\"op\":\"learner\",\"name\":\"b\",\"feeds\":\"c\"},"
                            "{\"op\":\"learner\",\"name\":\"c\"}]"), 3);
    assert_int_equal(passes("[{\"op\":\"learner\",\"name\":\"a\",\"feeds\":\"c\"},"
                            "{\"op\":\"learner\",\"name\":\"b\",\"feeds\":\"c\"},"
                            "{\"op\":\"learner\",\"name\":\"c\"}]"), 2);
}

static void what_waits_for_a_learner_by_dropping_rows_is_waited_for(void **state)
{
    (void)state;
    assert_int_equal(passes("[{\"op\":\"learner\",\"name\":\"a\",\"feeds\":\"d\"},"
                            "{\"op\":\"dropper\",\"name\":\"d\"},"
                            "{\"op\":\"learner\",\"name\":\"c\"}]"), 2);
    assert_int_equal(passes("[{\"op\":\"learner\",\"name\":\"a\",\"feeds\":\"d\"},"
                            "{\"op\":\"plain\",\"name\":\"d\"},"
                            "{\"op\":\"learner\",\"name\":\"c\"}]"), 1);
}

static void a_fitting_pass_runs_and_teaches_by_levels(void **state)
{
    (void)state;
    struct wh_steps *steps = make("[{\"op\":\"plain\",\"name\":\"p\"},"
                                  "{\"op\":\"learner\",\"name\":\"a\",\"feeds\":\"b\"},"
                                  "{\"op\":\"learner\",\"name\":\"b\"},"
                                  "{\"op\":\"learner\",\"name\":\"c\"}]");
    struct wh_shape *shape = one_column();
    assert_int_equal(wh_steps_passes(steps), 2);
    fit(steps, 0, shape);
    assert_notes("bind p;row p;bind a;row a;bind c;row c;learn a;learn c;");
    wh_steps_settle(steps, 0);
    assert_notes("rewind p;settle a;settle c;");
    fit(steps, 1, shape);
    assert_notes("row p;row a;bind b;row b;row c;learn b;");
    wh_steps_settle(steps, 1);
    assert_notes("rewind p;settle b;");
    wh_steps_close(steps);
    wh_shape_close(shape);
}

static json_t *parse(const struct wh_buffer *text)
{
    json_error_t place;
    json_t *value = json_loadb(text->data, text->length, 0, &place);
    assert_non_null(value);
    return value;
}

static json_t *save(const struct wh_steps *steps, unsigned parts)
{
    struct wh_buffer text = { 0 };
    wh_steps_save(steps, parts, &text);
    json_t *value = parse(&text);
    wh_buffer_free(&text);
    return value;
}

static void saved_state_loads_into_the_same_steps_only(void **state)
{
    (void)state;
    static const char recipe[] = "[{\"op\":\"plain\",\"name\":\"p\"},"
                                 "{\"op\":\"learner\",\"name\":\"a\"}]";
    struct wh_error error = { 0 };
    struct wh_steps *steps = make(recipe), *same = make(recipe), *other = make("[]");
    struct wh_shape *shape = one_column();
    fit(steps, 0, shape);
    struct wh_steps_state saved = { .steps = save(steps, WH_STEPS_ALL) };
    assert_int_equal(wh_steps_load(same, &saved, WH_STEPS_ALL, &error), 0);
    json_t *again = save(same, WH_STEPS_ALL);
    assert_true(json_equal(saved.steps, again));
    assert_int_equal(wh_steps_load(other, &saved, WH_STEPS_ALL, &error), -1);
    assert_int_equal(error.status, WH_REFUSED);
    json_array_set_new(saved.steps, 1, json_string("x"));
    assert_int_equal(wh_steps_load(same, &saved, WH_STEPS_ALL, &error), -1);
    assert_string_equal(error.text, "learner: not a number");
    json_decref(saved.steps);
    json_decref(again);
    wh_steps_close(steps);
    wh_steps_close(same);
    wh_steps_close(other);
    wh_shape_close(shape);
}

static void what_a_step_has_met_is_kept(void **state)
{
    (void)state;
    static const char recipe[] = "[{\"op\":\"plain\",\"name\":\"a\"},"
                                 "{\"op\":\"dropper\",\"name\":\"judge\"},"
                                 "{\"op\":\"plain\",\"name\":\"c\"}]";
    struct wh_error error = { 0 };
    struct wh_buffer met = { 0 };
    struct wh_steps *steps = make(recipe), *later = make(recipe), *resumed = make(recipe);
    struct wh_shape *shape = one_column();
    answer = WH_DROPPED;
    run(steps, shape);
    wh_steps_save_met(steps, &met);
    struct wh_steps_state saved = { .steps = save(steps, WH_STEPS_ALL), .met = parse(&met) };
    assert_int_equal(wh_steps_load(later, &saved, WH_STEPS_ALL, &error), 0);
    answer = WH_PASSED;
    notes[0] = '\0';
    run(later, shape);
    assert_notes("bind-leniently a;row a;bind-leniently judge;row judge;bind c;row c;");
    wh_steps_resume(resumed);
    run(resumed, shape);
    assert_notes("bind-leniently a;row a;bind-leniently judge;row judge;bind-leniently c;row c;");
    json_decref(saved.steps);
    json_decref(saved.met);
    wh_buffer_free(&met);
    wh_steps_close(steps);
    wh_steps_close(later);
    wh_steps_close(resumed);
    wh_shape_close(shape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shape_is_bound_once),
        cmocka_unit_test(many_shapes_are_bound_anew_and_nothing_is_lost),
        cmocka_unit_test(shapes_however_wide_are_bound_once),
        cmocka_unit_test(only_later_rows_of_ndjson_are_met_leniently),
        cmocka_unit_test(rows_teach_once_they_came_through_or_were_dropped),
        cmocka_unit_test(learners_take_a_pass_more_than_what_feeds_them),
        cmocka_unit_test(what_waits_for_a_learner_by_dropping_rows_is_waited_for),
        cmocka_unit_test(a_fitting_pass_runs_and_teaches_by_levels),
        cmocka_unit_test(saved_state_loads_into_the_same_steps_only),
        cmocka_unit_test(what_a_step_has_met_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
