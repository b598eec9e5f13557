/*
 * A stage is closed through its ops alone, at any moment, and nothing is left of it: no memory
 * (close.bats runs this under valgrind, and the sanitizers' build looks too), no lock, no file.
 */
#define _GNU_SOURCE
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

#include "clean/stage.h"
#include "clean/table.h"
#include "feature/encoder.h"
#include "feature/stage.h"
#include "feature/table.h"
#include "pipe/recipe.h"
#include "record/files.h"
#include "record/reader.h"
#include "score/score.h"
#include "sink/into.h"
#include "sink/load.h"
#include "train/update.h"

static char folder[] = "/tmp/wh_close_XXXXXX";
static struct wh_error problem;

static int enter_folder(void **state)
{
    (void)state;
    FILE *rows = mkdtemp(folder) && chdir(folder) == 0 ? fopen("rows", "w") : NULL;
    if (!rows)
        return -1;
    for (int i = 0; i < 20; i++)
        fprintf(rows, "{\"id\":%d,\"y\":%d,\"x\":%d.5,\"c\":\"c%d\"}\n", i, i % 2, i, i % 3);
    return fclose(rows);
}

static int leave_folder(void **state)
{
    (void)state;
    static const char *const left[] = { "rows", "state", "m.whm", "out.ndjson" };
    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        unlink(left[i]);
    return chdir("/") || rmdir(folder); /* fails where anything else is left */
}

static enum wh_verdict take_row(struct wh_emit *emit, struct wh_row *row, struct wh_error *error)
{
    (void)emit;
    (void)row;
    (void)error;
    return WH_TAKEN;
}

static void feed(struct wh_stage *stage, int rows)
{
    static const struct wh_reading reading = { .format = WH_FORMAT_NDJSON };
    static const char *const paths[] = { "rows" };
    struct wh_emit emit = { .row = take_row };
    struct wh_reader *reader = wh_reader_open(&reading, paths, 1, &problem);
    assert_non_null(reader);
    while (rows-- > 0 && wh_reader_next(reader, &problem) == WH_PASSED)
        if (stage->ops->row(stage, reader->row, &emit, &problem) != WH_TAKEN)
            fail_msg("%s", problem.text);
    wh_reader_close(reader);
}

static void finish(struct wh_stage *stage)
{
    struct wh_emit emit = { .row = take_row };
    if (stage->ops->finish && stage->ops->finish(stage, &emit, &problem) != 0)
        fail_msg("%s", problem.text);
}

/* Opened and closed, closed within the rows, and closed at the end. */
static void close_everywhere(struct wh_stage *(*open)(const void *settings), const void *settings)
{
    static const int rows[] = { 0, 3, 20 };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wh_stage *stage = open(settings);
        if (!stage)
            fail_msg("%s", problem.text);
        feed(stage, rows[i]);
        if (rows[i] == 20)
            finish(stage);
        stage->ops->close(stage);
    }
}

static void fill_recipe(struct wh_recipe *recipe, const struct wh_step_type *const *types,
                        const char *const *ops)
{
    wh_recipe_init(recipe, types);
    for (; *ops; ops += 2)
        if (wh_recipe_option(recipe, ops[0], ops[1], &problem) != 0)
            fail_msg("%s", problem.text);
}

static struct wh_stage *open_clean(const void *settings)
{
    return wh_clean_open(settings, &problem);
}

static void nothing_is_left_of_a_stage_that_cleans(void **state)
{
    (void)state;
    static const char *const ops[] = { "trim", "c", "unique", "id", NULL };
    struct wh_recipe recipe;
    fill_recipe(&recipe, wh_clean_steps, ops);
    const struct wh_cleaning without = { .recipe = &recipe };
    const struct wh_cleaning with = { .recipe = &recipe, .state = "state" };
    close_everywhere(open_clean, &without);
    close_everywhere(open_clean, &with);
    wh_recipe_free(&recipe);
}

static struct wh_stage *open_featurizer(const void *settings)
{
    struct wh_featurizer *featurizer = wh_featurizer_open(settings, &problem);
    return featurizer ? wh_featurizer_stage(featurizer) : NULL;
}

static void save_state(const struct wh_featurizing *settings)
{
    struct wh_featurizer *featurizer = wh_featurizer_open(settings, &problem);
    assert_non_null(featurizer);
    struct wh_stage *stage = wh_featurizer_stage(featurizer);
    feed(stage, 20);
    assert_int_equal(stage->ops->published(stage, &problem), 0);
    wh_featurizer_close(featurizer);
}

static void nothing_is_left_of_a_stage_that_makes_features(void **state)
{
    (void)state;
    static const char *const ops[] = { "standard", "x", "onehot", "c", NULL };
    const struct wh_step_type **types = wh_feature_steps();
    struct wh_recipe recipe;
    fill_recipe(&recipe, types, ops);
    const struct wh_featurizing live = { .recipe = &recipe, .state = "state", .keep = "y" };
    const struct wh_featurizing first = { .recipe = &recipe, .learning = WH_LEARN_FIRST };
    const struct wh_featurizing frozen = { .recipe = &recipe, .state = "state", .dense = true,
                                           .learning = WH_LEARN_FROZEN };
    close_everywhere(open_featurizer, &live);
    assert_int_not_equal(access("state.lock", F_OK), 0);
    save_state(&live);
    close_everywhere(open_featurizer, &first);
    close_everywhere(open_featurizer, &frozen);
    unlink("state");
    wh_recipe_free(&recipe);
    free(types);
}

static struct wh_stage *open_update(const void *settings)
{
    return wh_update_open(settings, &problem);
}

static struct wh_stage *open_score(const void *settings)
{
    return wh_score_open(settings, &problem);
}

static void nothing_is_left_of_stages_that_learn_and_score(void **state)
{
    (void)state;
    struct wh_update_settings update = {
        .given.model = wh_settings_none(),
        .saving = { .path = "m.whm", .every = -1, .passes = true },
    };
    update.given.model.roles.label = "y";
    update.given.model.roles.id = "id";
    close_everywhere(open_update, &update);
    const struct wh_score_model model = { .path = "m.whm" };
    struct wh_score_settings score = {
        .models = &model, .count = 1,
        .scorer = { .threshold = (double)NAN, .label = "y", .explain = 2, .proba = true },
        .format = WH_FORMAT_NDJSON,
    };
    close_everywhere(open_score, &score);
    score.models = &(struct wh_score_model){ .path = "rows" };
    assert_null(wh_score_open(&score, &problem));
    update.saving.path = "rows";
    assert_null(wh_update_open(&update, &problem));
    assert_int_not_equal(access("m.whm.lock", F_OK), 0);
}

static struct wh_stage *open_load(const void *settings)
{
    static struct wh_loading loading;
    loading = *(const struct wh_loading *)settings;
    return wh_load_open(&loading, &problem);
}

static void nothing_is_left_of_a_stage_that_loads(void **state)
{
    (void)state;
    static const struct wh_writing writing = { .format = WH_FORMAT_NONE };
    const struct wh_loading loading = {
        .sink = { .target = "out.ndjson", .writing = &writing }, .every = -1,
    };
    close_everywhere(open_load, &loading);
    const struct wh_into into = { .table = "t", .create = true };
    const struct wh_loading database = {
        .sink = { .target = "sqlite::memory:", .into = &into, .writing = &writing },
        .every = -1,
    };
    close_everywhere(open_load, &database);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_left_of_a_stage_that_cleans),
        cmocka_unit_test(nothing_is_left_of_a_stage_that_makes_features),
        cmocka_unit_test(nothing_is_left_of_stages_that_learn_and_score),
        cmocka_unit_test(nothing_is_left_of_a_stage_that_loads),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
