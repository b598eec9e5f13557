/* wh-clean: types, missing values, text, duplicates and columns of rows, by a list of steps. */
#include <stdlib.h>
#include <unistd.h>

#include "clean/clean.h"
#include "clean/stage.h"
#include "pipe/recipe.h"
#include "pipe/run.h"

static const struct wh_option clean_options[] = {
    { .kind = WH_OPTION_HEADING, .help = "What steps remember" },
    { "state", 0, "FILE", "--unique goes on with the rows that earlier runs have seen",
      WH_OPTION_TEXT, offsetof(struct wh_cleaning, state), NULL, NULL },
};

static int run_steps(struct wh_common *common, const struct wh_cleaning *cleaning,
                     const char *const *paths, int count, struct wh_error *error)
{
    struct wh_stage *stage = wh_clean_open(cleaning, error);
    if (!stage)
        return -1;
    uint64_t before = wh_clean_rows(stage);
    if (before)
        wh_notice(common, "goes on with %s (rows it has seen: %llu)", cleaning->state,
                  (unsigned long long)before);
    int failed = -1;
    struct wh_reader *reader = wh_reader_open(&common->reading, paths, (size_t)count, error);
    if (reader) {
        struct wh_run run = {
            .common = common, .reader = reader, .stage = stage, .output = STDOUT_FILENO,
        };
        failed = wh_run(&run, error) || wh_clean_save(stage, error) ? -1 : 0;
    }
    wh_reader_close(reader);
    stage->ops->close(stage);
    return failed;
}

/* Parses the command line and does what it says. */
static int run(int argc, char **argv, struct wh_common *common, struct wh_recipe *recipe,
               struct wh_error *error)
{
    struct wh_cleaning cleaning = { .recipe = recipe };
    size_t step_count;
    struct wh_option *steps = wh_recipe_options(wh_clean_steps, &step_count);
    const struct wh_option_part parts[] = {
        { steps, step_count, recipe },
        { clean_options, sizeof clean_options / sizeof *clean_options, &cleaning },
        { wh_common_options, wh_common_option_count, common },
    };
    const struct wh_command command = {
        .tool = common->tool,
        .usage = "[OPTION]... [FILE]...",
        .summary = "Cleans rows of CSV or NDJSON; fields that no step touches stay byte for byte.",
        .closing = "Example:\n"
                   "  wh-clean --null-value NA --trim city --type amount=decimal orders.csv\n"
                   "COLS is a list such as a,c or a range a-f, a pattern /_id$/, or !x for all but "
                   "x. More in wh-clean(1).",
        .parts = parts,
        .part_count = sizeof parts / sizeof *parts,
    };
    int operands;
    bool done;
    int failed = wh_options_parse(&command, argc, argv, &operands, &done, error);
    if (!failed && !done && recipe->print)
        failed = wh_recipe_show(recipe, error);
    else if (!failed && !done && !(failed = wh_common_settle(common, error))) {
        cleaning.nulls = wh_nulls_make(common->nulls, common->null_count);
        failed = run_steps(common, &cleaning, (const char *const *)argv + 1, operands, error);
    }
    free(steps);
    return failed ? -1 : 0;
}

int main(int argc, char **argv)
{
    struct wh_common common = { .tool = "wh-clean" };
    struct wh_recipe recipe;
    struct wh_error error;
    wh_recipe_init(&recipe, wh_clean_steps);
    int failed = run(argc, argv, &common, &recipe, &error);
    int status = failed ? wh_complain(common.tool, &error) : WH_OK;
    wh_recipe_free(&recipe);
    wh_common_free(&common);
    return status;
}
