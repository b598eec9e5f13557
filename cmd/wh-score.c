/* wh-score: adds a model's prediction to each row, and measures it where there are labels. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/choice.h"
#include "base/display.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scheme.h"
#include "cli/tool.h"
#include "model/modelfile.h"
#include "score/description.h"
#include "score/explain.h"
#include "score/report.h"
#include "score/score.h"
#include "score/weights.h"

enum { DESCRIBED_FEATURES = 20 };

struct options {
    struct wh_score_settings settings;
    struct wh_score_model *models; /* their names are memory of their own */
    size_t count;
    const char *as, *calibrate;
    uint64_t explain;
    bool no_output, digest, describe, as_json, weights;
};

static const char *const calibrations[] = { [WH_CALIBRATE_ISOTONIC] = "isotonic",
                                            [WH_CALIBRATE_PLATT] = "platt", NULL };
static const char *const forms[] = { "text", "json", NULL };

/* "MODEL", or "NAME=MODEL", where the name holds no slash: ./a=b.whm is a file. */
static int add_model(void *target, const struct wh_option *option, const char *value,
                     struct wh_error *error)
{
    (void)option;
    struct options *options = target;
    const char *equals = strchr(value, '='), *slash = strchr(value, '/');
    bool named = equals && (!slash || equals < slash);
    const char *path = named ? equals + 1 : value;
    if (*path == '\0')
        return wh_fail(error, WH_REFUSED, "%s names no file", value);
    if (wh_scheme_check_file(path, error) != 0)
        return -1;
    options->models = wh_resize(options->models, options->count + 1, sizeof *options->models);
    options->models[options->count++] = (struct wh_score_model){
        .path = path, .as = named ? wh_copy(value, (size_t)(equals - value)) : NULL,
    };
    return 0;
}

static int set_describe(void *target, const struct wh_option *option, const char *value,
                        struct wh_error *error)
{
    (void)option;
    struct options *options = target;
    options->describe = true;
    options->as_json = value && strcmp(value, "json") == 0;
    return wh_choice_check(NULL, value, forms, error);
}

#define SCORER(member) settings.scorer.member

static const struct wh_option options_table[] = {
    WH_HEADING("Scoring"),
    WH_CALL(add_model, "model", 'm', "MODEL",
            "the model's file, as wh-update made it; several of them each as NAME=MODEL, for "
            "columns NAME and NAME_prediction"),
    WH_TEXT(struct options, as, "as", 0, "NAME",
            "call the columns NAME and NAME_prediction instead of score and prediction"),
    WH_FLAG(struct options, SCORER(proba), "proba", 0, "add the probabilities of all classes"),
    WH_COUNT(struct options, explain, "explain", 0, "K", 0, WH_MOST_EXPLAINED,
             "add an explanation by the K features that count most"),
    WH_COUNT(struct options, SCORER(digits), "digits", 0, "N", 1, WH_MOST_DIGITS,
             "round what is added to N significant digits", .otherwise = "all"),
    WH_FLAG(struct options, SCORER(stamp), "stamp", 0,
            "add the first 12 digits of the model's digest"),
    WH_NUMBER(struct options, SCORER(threshold), "threshold", 0, "T", -INFINITY, INFINITY,
              "of two classes predict the positive one from this score on"),
    WH_CHOICE(struct options, calibrate, "calibrate", 0, "HOW", calibrations,
              "calibrate probabilities by the model's own past predictions: isotonic or platt"),
    WH_FLAG(struct options, settings.watch, "watch", 0,
            "go on with the model that replaces the file, from the next row on"),
    WH_FLAG(struct options, SCORER(strict), "strict", 0,
            "rows are bad that lack a column of all rows learned from, have one that the model "
            "does not know, or a value of another kind than the column's"),
    WH_FLAG(struct options, SCORER(keep_features), "keep-features", 0,
            "write the features object too"),
    WH_HEADING("Measuring"),
    WH_TEXT(struct options, SCORER(label), "label", 0, "COLUMN",
            "measure the scores against this column, and say at the end how good they are, and "
            "which of several models is better"),
    WH_TEXT(struct options, SCORER(weight), "weight", 0, "COLUMN", "how much a row counts in that",
            .otherwise = "1"),
    WH_FLAG(struct options, no_output, "no-output", 'n', "only measure: write no rows"),
    WH_HEADING("Instead of scoring"),
    WH_CALL(set_describe, "describe", 0, "[=json]",
            "show what the model is and what weighs most in it, for people or as JSON"),
    WH_FLAG(struct options, weights, "weights", 0, "print the weights of a linear model as CSV"),
    WH_FLAG(struct options, digest, "digest", 0,
            "print the digest of what the model has learned"),
};

/* What shapes rows that are not written. */
static const char *const of_output[] = { "as", "proba", "explain", "digits", "stamp",
                                         "keep-features", "output-format", "columns", NULL };
static const char *const of_digest[] = { "digest", "model", "quiet", NULL };
static const char *const of_describe[] = { "describe", "model", "quiet", NULL };
static const char *const of_weights[] = { "weights", "model", "quiet", NULL };

static const struct wh_mode modes[] = {
    { "digest", "reads no rows", of_digest, NULL },
    { "describe", "reads no rows", of_describe, NULL },
    { "weights", "reads no rows", of_weights, NULL },
    { "no-output", "writes no rows", NULL, of_output },
};

static int score_rows(struct wh_common *common, const struct options *options,
                      const char *const *paths, size_t count, struct wh_error *error)
{
    struct wh_stage *stage = wh_score_open(&options->settings, error);
    if (!stage)
        return -1;
    struct wh_run run = {
        .settings = &common->run, .stage = stage,
        .output = options->no_output ? -1 : STDOUT_FILENO,
    };
    int failed = wh_run_files(&run, paths, count, error);
    stage->ops->close(stage);
    return failed;
}

static void describe_as_json(struct wh_buffer *out, const struct wh_model *model)
{
    json_t *description = wh_model_description(model, DESCRIBED_FEATURES);
    char *text = json_dumps(description, JSON_COMPACT);
    wh_buffer_format(out, "%s\n", text);
    free(text);
    json_decref(description);
}

/* A description is for people: what names and texts hold cannot make their terminal act. */
static void describe(struct wh_buffer *out, const struct wh_model *model)
{
    struct wh_buffer text = { 0 };
    wh_report_model(&text, model, DESCRIBED_FEATURES);
    wh_display_text(out, text.data, text.length, true);
    wh_buffer_free(&text);
}

static int show_model(const struct options *options, struct wh_error *error)
{
    const char *path = options->models[0].path;
    struct wh_model *model = wh_model_load(path, error);
    if (!model)
        return -1;
    struct wh_buffer text = { 0 };
    int failed = 0;
    if (options->digest)
        wh_buffer_format(&text, "%s\n", model->digest);
    else if (options->describe && options->as_json)
        describe_as_json(&text, model);
    else if (options->describe)
        describe(&text, model);
    else
        failed = wh_weights_write(model, path, STDOUT_FILENO, error);
    failed = failed || wh_write_named(STDOUT_FILENO, "standard output", text.data,
                                         text.length, error)
          || wh_close_output(STDOUT_FILENO, error);
    wh_buffer_free(&text);
    wh_model_close(model);
    return failed ? -1 : 0;
}

/* Of several models each has a name of its own, which its columns bear. */
static int check_names(const struct options *options, struct wh_error *error)
{
    const struct wh_score_model *models = options->models;
    if (options->as && (options->count > 1 || models[0].as))
        return wh_fail(error, WH_REFUSED, "--as names the columns of one model that has no name: "
                       "give the name with the model, -m %s=MODEL", options->as);
    for (size_t i = 0; i < options->count && options->count > 1; i++) {
        if (!models[i].as)
            return wh_fail(error, WH_REFUSED, "-m %s: of several models each needs a name for its "
                           "columns: -m NAME=%s", models[i].path, models[i].path);
        for (size_t k = 0; k < i; k++)
            if (strcmp(models[k].as, models[i].as) == 0)
                return wh_fail(error, WH_REFUSED, "two models are called %s", models[i].as);
    }
    return 0;
}

static int check_scoring(const struct options *options, struct wh_error *error)
{
    const struct wh_scorer_settings *scorer = &options->settings.scorer;
    if (options->no_output && !scorer->label)
        return wh_fail(error, WH_REFUSED, "without output there must be a --label to measure by");
    if (scorer->weight && !scorer->label)
        return wh_fail(error, WH_REFUSED, "--weight is for measuring: it needs --label");
    return check_names(options, error);
}

/* What the options say in other words than the stage. */
static void settle(struct options *options, const struct wh_common *common)
{
    struct wh_score_settings *settings = &options->settings;
    if (options->as)
        options->models[0].as = wh_copy(options->as, strlen(options->as));
    settings->models = options->models;
    settings->count = options->count;
    settings->scorer.explain = (uint32_t)options->explain;
    settings->scorer.calibrate = options->calibrate != NULL;
    if (options->calibrate && strcmp(options->calibrate, calibrations[WH_CALIBRATE_PLATT]) == 0)
        settings->scorer.calibration = WH_CALIBRATE_PLATT;
    settings->format = common->run.writing.format;
    settings->notify = common->run.notify;
}

static int score(void *context, struct wh_common *common, const char *const *paths, size_t count,
                 struct wh_error *error)
{
    struct options *options = context;
    if (options->count == 0)
        return wh_fail(error, WH_REFUSED, "which model? Give its file with -m MODEL");
    const char *show = options->digest ? "digest" : options->describe ? "describe"
                     : options->weights ? "weights" : NULL;
    if (show && (count > 0 || options->count > 1))
        return wh_fail(error, WH_REFUSED, "--%s applies to one model, and reads no rows", show);
    if (show)
        return show_model(options, error);
    if (check_scoring(options, error) != 0)
        return -1;
    settle(options, common);
    return score_rows(common, options, paths, count, error);
}

int main(int argc, char **argv)
{
    struct wh_common common = { .tool = "wh-score" };
    struct options options = { .settings.scorer.threshold = NAN };
    const struct wh_option_part parts[] = {
        WH_PART(options_table, &options),
        wh_common_reading(&common),
        wh_common_writing(&common),
        wh_common_columns(&common),
        wh_common_threads(&common),
    };
    const struct wh_command command = {
        .tool = common.tool,
        .usage = "-m MODEL [OPTION]... [FILE]...",
        .summary = "Adds a model's prediction to each row; with --label it also says how good the "
                   "predictions are.",
        .closing = "Examples:\n"
                   "  wh-score -m churn.whm new.csv >scored.csv\n"
                   "  wh-score -m churn.whm --label churned -n test.csv\n"
                   "  wh-score -m old=churn.whm -m new=next.whm --label churned -n test.csv\n"
                   "More in wh-score(1).",
        .parts = parts,
        .part_count = sizeof parts / sizeof *parts,
        .modes = modes,
        .mode_count = sizeof modes / sizeof *modes,
    };
    int status = wh_tool(&command, &common, argc, argv, score, &options);
    for (size_t i = 0; i < options.count; i++)
        free((char *)options.models[i].as);
    free(options.models);
    return status;
}
