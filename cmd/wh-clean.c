/* wh-clean: types, missing values, text, duplicates and columns of rows, by a list of steps. */
#include <stdlib.h>
#include <unistd.h>

#include "clean/stage.h"
#include "clean/table.h"
#include "cli/recipe.h"
#include "cli/tool.h"
#include "pipe/recipe.h"

static const struct wh_option clean_options[] = {
    WH_HEADING("What steps remember"),
    WH_FILE(struct wh_cleaning, state, "state", 0, "FILE",
            "--unique goes on with the rows that earlier runs have seen"),
};

static int run_steps(struct wh_common *common, const struct wh_cleaning *cleaning,
                     const char *const *paths, size_t count, struct wh_error *error)
{
    struct wh_stage *stage = wh_clean_open(cleaning, error);
    if (!stage)
        return -1;
    uint64_t before = wh_clean_rows(stage);
    if (before)
        wh_notice(common, "continues from %s (rows it has seen: %llu)", cleaning->state,
                  (unsigned long long)before);
    struct wh_run run = { .settings = &common->run, .stage = stage, .output = STDOUT_FILENO };
    int failed = wh_run_files(&run, paths, count, error);
    stage->ops->close(stage);
    return failed;
}

static int clean(void *context, struct wh_common *common, const char *const *paths, size_t count,
                 struct wh_error *error)
{
    struct wh_cleaning *cleaning = context;
    if (cleaning->recipe->print)
        return wh_recipe_show(cleaning->recipe, error);
    cleaning->nulls = wh_nulls_make(common->nulls.items, common->nulls.count);
    return run_steps(common, cleaning, paths, count, error);
}

int main(int argc, char **argv)
{
    struct wh_common common = { .tool = "wh-clean" };
    struct wh_recipe recipe;
    struct wh_cleaning cleaning = { .recipe = &recipe };
    size_t step_count;
    struct wh_option *steps = wh_recipe_options(wh_clean_steps, &step_count);
    wh_recipe_init(&recipe, wh_clean_steps);
    const struct wh_option_part parts[] = {
        { steps, step_count, &recipe },
        WH_PART(clean_options, &cleaning),
        wh_common_reading(&common),
        wh_common_writing(&common),
        wh_common_columns(&common),
        wh_common_threads(&common),
    };
    const struct wh_command command = {
        .tool = common.tool,
        .usage = "[OPTION]... [FILE]...",
        .summary = "Cleans rows of CSV or NDJSON; fields that no step touches stay byte for byte.",
        .closing = "Example:\n"
                   "  wh-clean --null-value NA --trim city --type amount=decimal orders.csv\n"
                   "COLS is a list such as a,c or a range a-f, a pattern /_id$/, or !x for all but "
                   "x. More in wh-clean(1).",
        .parts = parts,
        .part_count = sizeof parts / sizeof *parts,
    };
    int status = wh_tool(&command, &common, argc, argv, clean, &cleaning);
    wh_recipe_free(&recipe);
    free(steps);
    return status;
}
