/* wh-score: adds a model's prediction to each row, and measures it where there are labels. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "model/modelfile.h"
#include "model/report.h"
#include "model/score.h"
#include "pipe/tool.h"

enum { DESCRIBED_FEATURES = 20 };

struct options {
    struct wh_score_settings settings;
    bool no_output, digest, describe;
};

#define AT(member) offsetof(struct options, member)

static const struct wh_option options_table[] = {
    { .kind = WH_OPTION_HEADING, .help = "Scoring" },
    { "model", 'm', "MODEL", "the model's file, as wh-update made it", WH_OPTION_TEXT,
      AT(settings.path), NULL, NULL },
    { "as", 0, "NAME", "call the columns NAME and NAME_prediction instead of score and prediction",
      WH_OPTION_TEXT, AT(settings.as), NULL, NULL },
    { "keep-features", 0, NULL, "write the features object too", WH_OPTION_FLAG,
      AT(settings.keep_features), NULL, NULL },
    { .kind = WH_OPTION_HEADING, .help = "Measuring" },
    { "label", 0, "COLUMN", "measure the scores against this column, and say at the end how good "
      "they are", WH_OPTION_TEXT, AT(settings.label), NULL, NULL },
    { "weight", 0, "COLUMN", "how much a row counts in that [1]", WH_OPTION_TEXT,
      AT(settings.weight), NULL, NULL },
    { "no-output", 'n', NULL, "only measure: write no rows", WH_OPTION_FLAG, AT(no_output), NULL,
      NULL },
    { .kind = WH_OPTION_HEADING, .help = "Instead of scoring" },
    { "describe", 0, NULL, "show what the model is and what weighs most in it", WH_OPTION_FLAG,
      AT(describe), NULL, NULL },
    { "digest", 0, NULL, "print the digest of what the model has learned", WH_OPTION_FLAG,
      AT(digest), NULL, NULL },
};

static int score_rows(struct wh_common *common, const struct options *options,
                      const char *const *paths, size_t count, struct wh_error *error)
{
    struct wh_stage *stage = wh_score_open(&options->settings, error);
    if (!stage)
        return -1;
    struct wh_buffer summary = { 0 };
    struct wh_reader *reader = wh_reader_open(&common->reading, paths, count, error);
    int failed = -1;
    if (reader) {
        struct wh_run run = {
            .common = common, .reader = reader, .stage = stage,
            .output = options->no_output ? -1 : STDOUT_FILENO,
        };
        failed = wh_run(&run, error);
    }
    if (!failed) {
        wh_score_summary(stage, &summary);
        wh_buffer_byte(&summary, '\0');
        wh_notice_lines(common, summary.data);
    }
    wh_buffer_free(&summary);
    wh_reader_close(reader);
    stage->ops->close(stage);
    return failed;
}

static int show_model(const struct options *options, struct wh_error *error)
{
    struct wh_model *model = wh_model_load(options->settings.path, error);
    if (!model)
        return -1;
    struct wh_buffer text = { 0 };
    if (options->digest)
        wh_buffer_format(&text, "%s\n", model->digest);
    else
        wh_report_model(&text, model, DESCRIBED_FEATURES);
    int failed = wh_write_all(STDOUT_FILENO, text.data, text.length, error)
              || wh_close_output(STDOUT_FILENO, error);
    wh_buffer_free(&text);
    wh_model_free(model);
    return failed ? -1 : 0;
}

static int score(void *context, struct wh_common *common, const char *const *paths, size_t count,
                 struct wh_error *error)
{
    struct options *options = context;
    const struct wh_score_settings *settings = &options->settings;
    if (!settings->path)
        return wh_fail(error, WH_REFUSED, "which model? Give its file with -m MODEL");
    if (options->digest || options->describe)
        return count ? wh_fail(error, WH_REFUSED, "%s: --%s reads no rows", paths[0],
                               options->digest ? "digest" : "describe")
                     : show_model(options, error);
    if (options->no_output && !settings->label)
        return wh_fail(error, WH_REFUSED, "without output there must be a --label to measure by");
    if (settings->weight && !settings->label)
        return wh_fail(error, WH_REFUSED, "--weight is for measuring: it needs --label");
    options->settings.nulls = wh_nulls_make(common->nulls, common->null_count);
    return score_rows(common, options, paths, count, error);
}

int main(int argc, char **argv)
{
    struct wh_common common = { .tool = "wh-score" };
    struct options options = { 0 };
    const struct wh_option_part parts[] = {
        { options_table, sizeof options_table / sizeof *options_table, &options },
        { wh_common_options, wh_common_option_count, &common },
    };
    const struct wh_command command = {
        .tool = common.tool,
        .usage = "-m MODEL [OPTION]... [FILE]...",
        .summary = "Adds a model's prediction to each row; with --label it also says how good the "
                   "predictions are.",
        .closing = "Examples:\n"
                   "  wh-score -m churn.whm new.csv >scored.csv\n"
                   "  wh-score -m churn.whm --label churned -n test.csv\n"
                   "More in wh-score(1).",
        .parts = parts,
        .part_count = sizeof parts / sizeof *parts,
    };
    return wh_tool(&command, &common, argc, argv, score, &options);
}
