/* wh-update: learns from each row; creates a model or goes on with it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/number.h"
#include "cli/diagnostic.h"
#include "cli/progress.h"
#include "cli/tool.h"
#include "learn/learners.h"
#include "model/guard.h"
#include "train/holdout.h"
#include "train/merge.h"
#include "train/retrain.h"
#include "train/update.h"

/* Seconds, where rows may never end. */
#define DEFAULT_SAVE_EVERY 60
#define DEFAULT_SAVE_EVERY_TEXT "60s"

struct options {
    struct wh_update_settings settings;
    const char *checkpoint;
    bool merge;
    double save_every; /* negative: not given */
    struct wh_retrain_settings retrain;
    const char *window;
    struct wh_window window_room;
    struct wh_holdout *holdout; /* whose text the settings have; NULL */
};

static int set_holdout(void *target, const struct wh_option *option, const char *value,
                       struct wh_error *error)
{
    (void)option;
    struct options *options = target;
    wh_holdout_close(options->holdout);
    options->holdout = wh_holdout_open(value, NULL, error);
    if (!options->holdout)
        return -1;
    options->settings.given.model.holdout = wh_holdout_text(options->holdout);
    return 0;
}

/* What completion offers; DELTA and TAU are to follow. */
static const char *const losses[] = { "squared", "absolute", "huber:", "quantile:", "poisson",
                                      "logistic", "hinge", NULL };

#define SETTINGS(member) settings.member
#define GIVEN(member) settings.given.member
#define MODEL(member) settings.given.model.member

static const struct wh_option options_table[] = {
    WH_HEADING("The model"),
    WH_FILE(struct options, SETTINGS(saving.path), "model", 'm', "MODEL",
            "the model's file: begun if it is not there, else learned further"),
    WH_FLAG(struct options, SETTINGS(saving.fresh), "new", 0,
            "start from nothing; a model that is there is replaced at the end"),
    WH_FLAG(struct options, merge, "merge", 0,
            "make MODEL of the models that are the operands, which learned from different rows"),
    WH_DURATION(struct options, save_every, "save-every", 0, "DURATION",
                "save also in between, when so much time has passed",
                .otherwise = DEFAULT_SAVE_EVERY_TEXT " for endless input, else only at the end"),
    WH_HEADING("Retraining"),
    WH_COUNT(struct options, retrain.passes, "passes", 0, "N", 1, WH_NO_LIMIT,
             "read the rows N times, or until the loss on those held out grows no smaller",
             .fallback = "1"),
    WH_TEXT(struct options, window, "window", 0, "N|DURATION",
            "with --new: learn from the last N rows only, or from those of so much time (--time) "
            "before the newest"),
    WH_FLAG(struct options, retrain.if_better, "replace-if-better", 0,
            "with --new and --holdout: a model that is there is replaced only by one that is "
            "better on the rows held out"),
    WH_HEADING("Streams with checkpoints (wh-extract --checkpoint)"),
    WH_FILE(struct options, checkpoint, "checkpoint", 0, "MODEL",
            "save the model and the stream's position in one step; the same file as -m, and the "
            "same --checkpoint as wh-extract's"),
    WH_DURATION(struct options, SETTINGS(saving.every), "every", 0, "DURATION",
                "save at most once in so much time", .otherwise = "1s, or 20 times what saving takes"),
    WH_FLAG(struct options, SETTINGS(saving.changed_recipe), "changed-recipe", 0,
            "go on although the rows come through other recipes than before"),
    WH_FLAG(struct options, SETTINGS(saving.detach), "detach", 0,
            "let the model belong to no stream any more (do it to a copy)"),
    WH_HEADING("Passing rows on"),
    WH_FLAG(struct options, SETTINGS(saving.passes), "pass", 'p',
            "write each row with the score that it had before it was learned from, as wh-score "
            "would"),
    WH_TEXT(struct options, SETTINGS(as), "as", 0, "NAME",
            "call the columns NAME and NAME_prediction instead of score and prediction"),
    WH_FLAG(struct options, SETTINGS(keep_features), "keep-features", 0,
            "write the features object too"),
    WH_COUNT(struct options, SETTINGS(digits), "digits", 0, "N", 1, WH_MOST_DIGITS,
             "round scores to N significant digits", .otherwise = "all"),
    WH_HEADING("The columns"),
    WH_TEXT(struct options, MODEL(roles.label), "label", 0, "COLUMN",
            "what is to be predicted; rows where it is null are passed over"),
    WH_TEXT(struct options, MODEL(roles.weight), "weight", 0, "COLUMN",
            "how much a row counts, 0 or more", .otherwise = "1"),
    WH_TEXT(struct options, MODEL(roles.id), "id", 0, "COLS",
            "columns that identify a row and say nothing about it"),
    WH_TEXT(struct options, MODEL(roles.ignore), "ignore", 0, "COLS", "columns not to learn from"),
    WH_TEXT(struct options, MODEL(roles.time), "time", 0, "COL",
            "the column of the event time, for --window, --half-life, --within and the reports of "
            "drift; it is not learned from"),
    WH_FLAG(struct options, SETTINGS(strict), "strict", 0,
            "rows are bad that lack a column of all rows before, have one more, or a value of "
            "another kind than the column's"),
    WH_HEADING("Learning"),
    WH_CHOICE(struct options, GIVEN(task), "task", 0, "TASK", wh_task_names,
              "binary, multiclass or regression", .otherwise = "by the first label"),
    WH_TEXT(struct options, GIVEN(positive), "positive", 0, "VALUE",
            "of two labels the one whose probability is to be learned"),
    WH_CHOICE(struct options, GIVEN(learner), "learner", 0, "NAME", wh_learner_names,
              "how to learn", .otherwise = WH_DEFAULT_LEARNER, .about = wh_learner_help),
    WH_TEXT(struct options, GIVEN(loss), "loss", 0, "LOSS",
            "what is made small: squared, absolute, huber:DELTA, quantile:TAU or poisson for "
            "numbers, logistic or hinge for classes", .words = losses,
            .otherwise = "squared; logistic"),
    WH_NUMBER_ABOVE(struct options, MODEL(rate), "learning-rate", 'l', "RATE", 0, WH_LARGEST_RATE,
                    "the length of a step", .otherwise = "by the learner"),
    WH_NUMBER(struct options, MODEL(l1), "l1", 0, "PENALTY", 0, WH_LARGEST_RATE,
              "make weights small, and useless ones 0", .otherwise = "0"),
    WH_NUMBER(struct options, MODEL(l2), "l2", 0, "PENALTY", 0, WH_LARGEST_RATE,
              "make weights small, large ones most", .otherwise = "0"),
    WH_TEXT(struct options, MODEL(class_weights), "class-weight", 0, "LABEL=W,...",
            "how much rows of a class teach", .otherwise = "1"),
    WH_TEXT(struct options, MODEL(half_life), "half-life", 0, "ROWS|DURATION",
            "after this many rows, or this much time by --time, what a row has taught counts half"),
    WH_TEXT(struct options, MODEL(roles.interactions), "interactions", 0, "PAIRS",
            "learn from products of features too, such as city*plan,amount*hour, or from all"),
    WH_CALL(set_holdout, "holdout", 0, "P%[:A,B,...]",
            "never learn from P percent of the rows, but measure by them; all rows alike in these "
            "columns are on one side", .otherwise = "in all but label and weight"),
    WH_COUNT(struct options, MODEL(roles.hash_bits), "hash-bits", 0, "BITS", 1, WH_MOST_HASH_BITS,
             "keep this many bits of the hash of names instead of the names: features that collide "
             "share a weight"),
    WH_COUNT(struct options, MODEL(max_features), "max-features", 0, "N", 1, WH_NO_LIMIT,
             "the most features that the model holds; the rarest make room for others",
             .otherwise = WH_DEFAULT_MAX_FEATURES_TEXT),
    WH_HEADING("Labels that come later than their rows"),
    WH_TEXT(struct options, MODEL(roles.join), "join", 0, "ID",
            "rows without a label wait until one with the same value in this column brings it"),
    WH_TEXT(struct options, MODEL(within), "within", 0, "LIMIT",
            "a duration by --time, or a number of rows: so long they wait"),
    WH_CHOICE(struct options, MODEL(unmatched), "unmatched", 0, "WHAT", wh_unmatched_names,
              "what to do with labels that no row waits for: skip, or learn from their rows as "
              "they are", .otherwise = WH_DEFAULT_UNMATCHED),
    WH_FILE(struct options, SETTINGS(pending), "pending", 0, "FILE",
            "write the rows that still wait to FILE at the end, as NDJSON"),
    WH_HEADING("Drift"),
    WH_CHOICE(struct options, MODEL(drift), "drift", 0, "TEST", wh_drift_names,
              "look for rising losses by adwin, page-hinkley, both or none",
              .otherwise = WH_DEFAULT_DRIFT),
    WH_CHOICE(struct options, MODEL(on_drift), "on-drift", 0, "WHAT", wh_on_drift_names,
              "when losses have risen: warn, or reset: the learner starts anew",
              .otherwise = WH_DEFAULT_ON_DRIFT),
};

static const char *const of_merge[] = { "merge", "model", "new", "quiet", NULL };

static const struct wh_mode modes[] = { { "merge", "reads models and no rows", of_merge, NULL } };

/* Whether the rows may never end: they come from a pipe or a terminal. */
static bool is_endless(const char *const *paths, size_t count)
{
    struct stat status;
    if (count == 0)
        return fstat(STDIN_FILENO, &status) != 0 || !S_ISREG(status.st_mode);
    for (size_t i = 0; i < count; i++)
        if (strcmp(paths[i], "-") == 0 ? is_endless(NULL, 0)
                                       : stat(paths[i], &status) == 0 && !S_ISREG(status.st_mode))
            return true;
    return false;
}

static void say(void *context, const char *line)
{
    const struct wh_common *common = context;
    wh_progress_clear(common->drawn);
    wh_diagnostic(NULL, line);
}

static void say_continues(const struct wh_common *common, const struct wh_stage *stage)
{
    const struct wh_model *model = wh_update_model(stage);
    if (wh_update_continues(stage))
        wh_notice(common, "going on with a model of %.0f rows (%s, %s, saved %s)",
                  model->metrics.rows, model->type->name, wh_task_name(&model->task),
                  model->saved);
}

static int read_once(struct wh_common *common, struct wh_stage *stage,
                     const struct wh_update_settings *settings, const char *const *paths,
                     size_t count, struct wh_error *error)
{
    int output = settings->saving.passes ? STDOUT_FILENO : -1;
    struct wh_run run = { .settings = &common->run, .stage = stage, .output = output };
    return wh_run_files(&run, paths, count, error);
}

static int needs(const char *option, const char *other, struct wh_error *error)
{
    return wh_fail(error, WH_REFUSED, "%s requires %s", option, other);
}

static int check_passing(const struct wh_common *common, const struct wh_update_settings *settings,
                         struct wh_error *error)
{
    if (settings->saving.passes)
        return 0;
    if (settings->as)
        return needs("--as", "-p", error);
    if (settings->keep_features)
        return needs("--keep-features", "-p", error);
    if (settings->digits)
        return needs("--digits", "-p", error);
    if (common->output_format)
        return needs("--output-format", "-p: no rows are written", error);
    if (common->columns.count)
        return needs("--columns", "-p: no rows are written", error);
    return 0;
}

/* Holds --checkpoint, -p and what goes with them against each other. */
static int check_stream(const struct options *options, struct wh_error *error)
{
    const struct wh_saving_settings *saving = &options->settings.saving;
    if (!options->checkpoint && saving->every >= 0)
        return needs("--every", "--checkpoint", error);
    if (!options->checkpoint && saving->changed_recipe)
        return needs("--changed-recipe", "--checkpoint", error);
    if (!options->checkpoint)
        return 0;
    if (saving->passes)
        return wh_fail(error, WH_REFUSED,
                       "--checkpoint and -p contradict each other: a stream has one sink, which "
                       "owns its checkpoint, and rows that are passed on end in another one");
    if (saving->detach)
        return wh_fail(error, WH_REFUSED, "--checkpoint and --detach contradict each other");
    if (options->save_every >= 0)
        return wh_fail(error, WH_REFUSED,
                       "--save-every is for rows without checkpoints: give --every");
    if (!wh_file_same(options->checkpoint, saving->path))
        return wh_fail(error, WH_REFUSED,
                       "--checkpoint %s is another file than -m %s: only the model itself can hold "
                       "a checkpoint that is saved in one step with it", options->checkpoint,
                       saving->path);
    return 0;
}

/* The option for which the rows are read several times, or NULL. */
static const char *retrains(const struct options *options)
{
    return options->retrain.passes > 1    ? "--passes"
         : options->window                ? "--window"
         : options->retrain.if_better     ? "--replace-if-better"
                                          : NULL;
}

static int contradicts(const char *option, const char *other, const char *why,
                       struct wh_error *error)
{
    return wh_fail(error, WH_REFUSED, "%s and %s contradict each other: %s", option, other, why);
}

/* Holds what is read several times against what goes by once. */
static int check_retraining(struct options *options, const char *time, struct wh_error *error)
{
    const struct wh_saving_settings *saving = &options->settings.saving;
    const char *option = retrains(options);
    if (!option)
        return 0;
    if (options->checkpoint)
        return contradicts(option, "--checkpoint", "a stream goes by once, and the model is "
                           "saved together with its position", error);
    if (saving->passes)
        return contradicts(option, "-p", "rows are passed on as they are learned from, once",
                           error);
    if (options->save_every >= 0)
        return contradicts(option, "--save-every", "the model is saved when all is read", error);
    if (!saving->fresh && options->window)
        return needs("--window", "--new: a model cannot forget what it learned before", error);
    if (!saving->fresh && options->retrain.if_better)
        return needs("--replace-if-better", "--new: there would be no other model", error);
    if (options->retrain.if_better && !options->settings.given.model.holdout)
        return needs("--replace-if-better", "--holdout P%[:A,B,...]: rows that neither model has "
                     "learned from", error);
    if (!options->window)
        return 0;
    options->settings.window = &options->window_room;
    return wh_window_parse(options->window, time, &options->window_room, error);
}

static int settle(struct wh_common *common, struct options *options, bool endless,
                  struct wh_error *error)
{
    struct wh_update_settings *settings = &options->settings;
    if (!settings->saving.path)
        return wh_fail(error, WH_REFUSED, "which model? Give its file with -m MODEL");
    if (check_passing(common, settings, error) != 0 || check_stream(options, error) != 0
        || check_retraining(options, settings->given.model.roles.time, error) != 0)
        return -1;
    settings->saving.waits = retrains(options) != NULL;
    settings->saving.commits = options->checkpoint != NULL;
    settings->saving.save_every = options->save_every >= 0 ? options->save_every
                                : endless                  ? DEFAULT_SAVE_EVERY
                                                           : 0;
    settings->notify = common->run.notify;
    if (!common->quiet && (common->progress || isatty(STDERR_FILENO))) {
        settings->say = say;
        settings->say_context = common;
    }
    return 0;
}

static int merge(const struct wh_common *common, const struct options *options,
                 const char *const *paths, size_t count, struct wh_error *error)
{
    const struct wh_saving_settings *saving = &options->settings.saving;
    if (!saving->path)
        return wh_fail(error, WH_REFUSED, "into which model? Give its file with -m MODEL");
    struct wh_model *model = wh_model_merge_files(paths, count, saving->path, saving->fresh,
                                                  error);
    if (!model)
        return -1;
    wh_notice(common, "%s: merged from %zu models: %.0f rows, %" PRIu32 " features", saving->path,
              count, model->metrics.rows, model->names.count - 1);
    wh_model_close(model);
    return 0;
}

static int update(void *context, struct wh_common *common, const char *const *paths, size_t count,
                  struct wh_error *error)
{
    struct options *options = context;
    const struct wh_update_settings *settings = &options->settings;
    if (options->merge)
        return merge(common, options, paths, count, error);
    if (settle(common, options, is_endless(paths, count), error) != 0)
        return -1;
    struct wh_stage *stage = wh_update_open(settings, error);
    if (!stage)
        return -1;
    say_continues(common, stage);
    int failed = retrains(options) ? wh_retrain(&common->run, stage, settings, &options->retrain, paths,
                                                count, error)
                                   : read_once(common, stage, settings, paths, count, error);
    stage->ops->close(stage);
    return failed;
}

int main(int argc, char **argv)
{
    struct wh_common common = { .tool = "wh-update" };
    struct options options = {
        .settings = { .given.model = wh_settings_none(), .saving = { .every = -1 } },
        .save_every = -1,
    };
    const struct wh_option_part parts[] = {
        WH_PART(options_table, &options),
        wh_common_reading(&common),
        wh_common_writing(&common),
        wh_common_columns(&common),
    };
    const struct wh_command command = {
        .tool = common.tool,
        .usage = "-m MODEL [OPTION]... [FILE]...",
        .summary = "Learns to predict a column from the others, row by row, and keeps what it "
                   "learned in MODEL.",
        .closing = "Examples:\n"
                   "  wh-update -m churn.whm --label churned --ignore order_id orders.csv\n"
                   "  wh-extract sqlite:shop.db -t orders --since id --checkpoint live.whm |\n"
                   "    wh-update -m live.whm --label churned --checkpoint live.whm\n"
                   "COLS is a list such as a,c or a range a-f, a pattern /_id$/, or !x for all but "
                   "x. More in wh-update(1).",
        .parts = parts,
        .part_count = sizeof parts / sizeof *parts,
        .modes = modes,
        .mode_count = sizeof modes / sizeof *modes,
    };
    int status = wh_tool(&command, &common, argc, argv, update, &options);
    wh_holdout_close(options.holdout);
    return status;
}
