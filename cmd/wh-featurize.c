/* wh-featurize: rows to features, by a list of encoders and of wh-clean's steps. */
#include <stdlib.h>

#include "cli/recipe.h"
#include "cli/tool.h"
#include "feature/encoder.h"
#include "feature/featurize.h"
#include "feature/table.h"
#include "pipe/recipe.h"

struct job {
    struct wh_recipe recipe;
    struct wh_featurize_options options;
};

static const char *const missing_choices[] = { "null", NULL };

static const struct wh_option featurize_options[] = {
    WH_HEADING("Learning the constants"),
    WH_FILE(struct wh_featurize_options, state, "state", 0, "FILE",
            "what was learned; alone: each row is transformed with what those before it taught, "
            "then learned from, and FILE goes on where it ended"),
    WH_FLAG(struct wh_featurize_options, fit, "fit", 0,
            "learn from all rows and write the state; no row comes out"),
    WH_FLAG(struct wh_featurize_options, fit_transform, "fit-transform", 0,
            "learn from all rows, write the state, then transform them"),
    WH_FLAG(struct wh_featurize_options, frozen, "frozen", 0, "transform with the state as it is"),
    WH_FILE(struct wh_featurize_options, live, "live", 0, "FILE",
            "with --frozen: what steps remember of the rows goes on in FILE"),
    WH_HEADING("Columns"),
    WH_TEXT(struct wh_featurize_options, keep, "keep", 0, "COLS",
            "the columns that leave beside the features", .otherwise = "those no step encodes"),
    WH_FLAG(struct wh_featurize_options, strict, "strict", 0,
            "with --frozen: rows are bad that have a value which --onehot has not learned"),
    WH_CHOICE(struct wh_featurize_options, missing_column, "missing-column", 0, "null",
              missing_choices, "take a column that is absent as null"),
};

/* Feature rows are objects, so that NDJSON is what comes out unless CSV is asked for. */
static const struct wh_option writing_options[] = {
    WH_HEADING("Writing rows"),
    WH_CHOICE(struct wh_common, output_format, "output-format", 'o', "FORMAT", wh_output_formats,
              "ndjson; csv or tsv with a column features.NAME for every feature",
              .otherwise = "ndjson"),
};

static int featurize(void *context, struct wh_common *common, const char *const *paths,
                     size_t count, struct wh_error *error)
{
    const struct job *job = context;
    if (job->recipe.print)
        return wh_recipe_show(&job->recipe, error);
    return wh_featurize(&common->run, &job->recipe, &job->options, paths, count, error);
}

static const char *const of_output[] = { "output-format", "columns", NULL };

static const struct wh_mode modes[] = { { "fit", "writes no rows", NULL, of_output } };

int main(int argc, char **argv)
{
    struct wh_common common = { .tool = "wh-featurize" };
    struct job job = { .options = { 0 } };
    size_t step_count;
    const struct wh_step_type **types = wh_feature_steps();
    struct wh_option *steps = wh_recipe_options(types, &step_count);
    wh_recipe_init(&job.recipe, types);
    const struct wh_option_part parts[] = {
        { steps, step_count, &job.recipe },
        WH_PART(featurize_options, &job.options),
        wh_common_reading(&common),
        WH_PART(writing_options, &common),
        wh_common_columns(&common),
        wh_common_threads(&common),
    };
    const struct wh_command command = {
        .tool = common.tool,
        .usage = "[OPTION]... [FILE]...",
        .summary = "Turns rows into features: {...,\"recipe\":\"R.F\",\"features\":{...}}.",
        .closing = "Example:\n"
                   "  wh-featurize --state s --fit-transform --standard price --onehot city a.csv\n"
                   "COLS is a list such as a,c or a range a-f, a pattern /_id$/, or !x for all but "
                   "x. More in wh-featurize(1).",
        .parts = parts,
        .part_count = sizeof parts / sizeof *parts,
        .modes = modes,
        .mode_count = sizeof modes / sizeof *modes,
    };
    int status = wh_tool(&command, &common, argc, argv, featurize, &job);
    wh_recipe_free(&job.recipe);
    free(steps);
    free(types);
    return status;
}
