/* wh-update: learns from each row; creates a model or goes on with it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/number.h"
#include "base/time.h"
#include "cli/diagnostic.h"
#include "cli/progress.h"
#include "cli/tool.h"
#include "train/holdout.h"
#include "train/merge.h"
#include "train/retrain.h"
#include "train/update.h"

static const double DEFAULT_SAVE_EVERY = 60;

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

/* A duration, in seconds, at the option's offset. */
static int set_duration(void *target, const struct wh_option *option, const char *value,
                        struct wh_error *error)
{
    int64_t milliseconds;
    char quoted[96];
    if (!wh_duration_parse(value, strlen(value), &milliseconds))
        return wh_fail(error, WH_REFUSED, "%s is not a duration, such as 30s or 10m",
                       wh_quote(quoted, value, strlen(value)));
    *(double *)(void *)((char *)target + option->offset) = (double)milliseconds / 1000;
    return 0;
}

static int set_holdout(void *target, const struct wh_option *option, const char *value,
                       struct wh_error *error)
{
    (void)option;
    struct options *options = target;
    wh_holdout_free(options->holdout);
    options->holdout = wh_holdout_open(value, NULL, NULL, error);
    if (!options->holdout)
        return -1;
    options->settings.model.holdout = wh_holdout_text(options->holdout);
    return 0;
}

#define AT(member) offsetof(struct options, settings.member)

/* What completion offers. */
static const char *const tasks[] = { "binary", "multiclass", "regression", NULL };
static const char *const learners[] = { "auto", "nag", "ftrl", "coin", "sgd", NULL };
static const char *const losses[] = { "squared", "absolute", "huber:", "quantile:", "poisson",
                                      "logistic", "hinge", NULL };
static const char *const unmatched[] = { "skip", "learn", NULL };
static const char *const tests[] = { "adwin", "page-hinkley", "both", "none", NULL };
static const char *const upon_drift[] = { "warn", "reset", NULL };

static const uint64_t most_digits = WH_MOST_DIGITS, most_hash_bits = WH_MOST_HASH_BITS;

static const struct wh_option options_table[] = {
    { .kind = WH_OPTION_HEADING, .help = "The model" },
    { "model", 'm', "MODEL", "the model's file: begun if it is not there, else learned further",
      WH_OPTION_TEXT, AT(saving.path), NULL, NULL },
    { "new", 0, NULL, "start from nothing; a model that is there is replaced at the end",
      WH_OPTION_FLAG, AT(saving.fresh), NULL, NULL },
    { "merge", 0, NULL, "make MODEL of the models that are the operands, which learned from "
      "different rows", WH_OPTION_FLAG, offsetof(struct options, merge), NULL, NULL },
    { "save-every", 0, "DURATION", "save also in between, when so much time has passed [60s for "
      "endless input, else only at the end]", WH_OPTION_CALL,
      offsetof(struct options, save_every), set_duration, NULL },
    { .kind = WH_OPTION_HEADING, .help = "Retraining" },
    { "passes", 0, "N", "read the rows N times, or until the loss on those held out grows no "
      "smaller [1]", WH_OPTION_POSITIVE, offsetof(struct options, retrain.passes), NULL, NULL },
    { "window", 0, "N|DURATION", "with --new: learn from the last N rows only, or from those of so "
      "much time (--time) before the newest", WH_OPTION_TEXT, offsetof(struct options, window),
      NULL, NULL },
    { "replace-if-better", 0, NULL, "with --new and --holdout: a model that is there is replaced "
      "only by one that is better on the rows held out", WH_OPTION_FLAG,
      offsetof(struct options, retrain.if_better), NULL, NULL },
    { .kind = WH_OPTION_HEADING, .help = "Streams with checkpoints (wh-extract --checkpoint)" },
    { "checkpoint", 0, "MODEL", "save the model and the stream's position in one step; the same "
      "file as -m, and the same --checkpoint as wh-extract's", WH_OPTION_TEXT,
      offsetof(struct options, checkpoint), NULL, NULL },
    { "every", 0, "DURATION", "save at most once in so much time [1s, or 20 times what saving "
      "takes]", WH_OPTION_CALL, AT(saving.every), set_duration, NULL },
    { "changed-recipe", 0, NULL, "go on although the rows come through other recipes than before",
      WH_OPTION_FLAG, AT(saving.changed_recipe), NULL, NULL },
    { "detach", 0, NULL, "let the model belong to no stream any more (do it to a copy)",
      WH_OPTION_FLAG, AT(saving.detach), NULL, NULL },
    { .kind = WH_OPTION_HEADING, .help = "Passing rows on" },
    { "pass", 'p', NULL, "write each row with the score that it had before it was learned from, as "
      "wh-score would", WH_OPTION_FLAG, AT(saving.passes), NULL, NULL },
    { "as", 0, "NAME", "call the columns NAME and NAME_prediction instead of score and prediction",
      WH_OPTION_TEXT, AT(as), NULL, NULL },
    { "keep-features", 0, NULL, "write the features object too", WH_OPTION_FLAG,
      AT(keep_features), NULL, NULL },
    { "digits", 0, "N", "round scores to N significant digits [all, up to 17]",
      WH_OPTION_POSITIVE, AT(digits), NULL, &most_digits },
    { .kind = WH_OPTION_HEADING, .help = "The columns" },
    { "label", 0, "COLUMN", "what is to be predicted; rows where it is null are passed over",
      WH_OPTION_TEXT, AT(model.roles.label), NULL, NULL },
    { "weight", 0, "COLUMN", "how much a row counts, 0 or more [1]", WH_OPTION_TEXT,
      AT(model.roles.weight), NULL, NULL },
    { "id", 0, "COLS", "columns that identify a row and say nothing about it", WH_OPTION_TEXT,
      AT(model.roles.id), NULL, NULL },
    { "ignore", 0, "COLS", "columns not to learn from", WH_OPTION_TEXT, AT(model.roles.ignore),
      NULL, NULL },
    { "time", 0, "COL", "the column of the event time, for --window, --half-life, --within and the "
      "reports of drift; it is not learned from", WH_OPTION_TEXT, AT(model.roles.time), NULL,
      NULL },
    { "strict", 0, NULL, "rows are bad that lack a column of all rows before, have one more, or a "
      "value of another kind than the column's", WH_OPTION_FLAG, AT(strict), NULL, NULL },
    { .kind = WH_OPTION_HEADING, .help = "Learning" },
    { "task", 0, "TASK", "binary, multiclass or regression [by the first label]", WH_OPTION_TEXT,
      AT(task), NULL, tasks },
    { "positive", 0, "VALUE", "of two labels the one whose probability is to be learned",
      WH_OPTION_TEXT, AT(positive), NULL, NULL },
    { "learner", 0, "NAME", "how to learn: auto, nag, ftrl, coin or sgd [auto]", WH_OPTION_TEXT,
      AT(learner), NULL, learners },
    { "loss", 0, "LOSS", "what is made small: squared, absolute, huber:DELTA, quantile:TAU or "
      "poisson for numbers, logistic or hinge for classes [squared; logistic]", WH_OPTION_TEXT,
      AT(loss), NULL, losses },
    { "learning-rate", 'l', "RATE", "the length of a step [by the learner]", WH_OPTION_NUMBER,
      AT(model.rate), NULL, NULL },
    { "l1", 0, "PENALTY", "make weights small, and useless ones 0 [0]", WH_OPTION_NUMBER,
      AT(model.l1), NULL, NULL },
    { "l2", 0, "PENALTY", "make weights small, large ones most [0]", WH_OPTION_NUMBER,
      AT(model.l2), NULL, NULL },
    { "class-weight", 0, "LABEL=W,...", "how much rows of a class teach [1]", WH_OPTION_TEXT,
      AT(model.class_weights), NULL, NULL },
    { "half-life", 0, "ROWS|DURATION", "after this many rows, or this much time by --time, what a "
      "row has taught counts half", WH_OPTION_TEXT, AT(model.half_life), NULL, NULL },
    { "interactions", 0, "PAIRS", "learn from products of features too, such as "
      "city*plan,amount*hour, or from all", WH_OPTION_TEXT, AT(model.roles.interactions), NULL,
      NULL },
    { "holdout", 0, "P%[:A,B,...]", "never learn from P percent of the rows, but measure by them; "
      "all rows alike in these columns are on one side [in all but label and weight]",
      WH_OPTION_CALL, 0, set_holdout, NULL },
    { "hash-bits", 0, "BITS", "keep this many bits of the hash of names instead of the names: "
      "features that collide share a weight", WH_OPTION_POSITIVE, AT(model.roles.hash_bits), NULL,
      &most_hash_bits },
    { "max-features", 0, "N", "the most features that the model holds; the rarest make room for "
      "others [4m]", WH_OPTION_POSITIVE, AT(model.max_features), NULL, NULL },
    { .kind = WH_OPTION_HEADING, .help = "Labels that come later than their rows" },
    { "join", 0, "ID", "rows without a label wait until one with the same value in this column "
      "brings it", WH_OPTION_TEXT, AT(model.roles.join), NULL, NULL },
    { "within", 0, "LIMIT", "a duration by --time, or a number of rows: so long they wait",
      WH_OPTION_TEXT, AT(model.within), NULL, NULL },
    { "unmatched", 0, "WHAT", "what to do with labels that no row waits for: skip, or learn from "
      "their rows as they are [skip]", WH_OPTION_TEXT, AT(model.unmatched), NULL, unmatched },
    { "pending", 0, "FILE", "write the rows that still wait to FILE at the end, as NDJSON",
      WH_OPTION_TEXT, AT(pending), NULL, NULL },
    { .kind = WH_OPTION_HEADING, .help = "Drift" },
    { "drift", 0, "TEST", "look for rising losses by adwin, page-hinkley, both or none [adwin]",
      WH_OPTION_TEXT, AT(model.drift), NULL, tests },
    { "on-drift", 0, "WHAT", "when losses have risen: warn, or reset: the learner starts anew "
      "[warn]", WH_OPTION_TEXT, AT(model.on_drift), NULL, upon_drift },
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

static int learn_rows(struct wh_common *common, struct wh_stage *stage, struct wh_reader *reader,
                      int output, struct wh_error *error)
{
    struct wh_run run = { .settings = &common->run, .reader = reader, .stage = stage, .output = output };
    if (wh_run(&run, error))
        return -1;
    struct wh_buffer summary = { 0 };
    wh_update_summary(stage, run.seconds, &summary);
    wh_notice_lines(common, wh_buffer_text(&summary));
    wh_buffer_free(&summary);
    return 0;
}

static int read_once(struct wh_common *common, struct wh_stage *stage,
                     const struct wh_update_settings *settings, const char *const *paths,
                     size_t count, struct wh_error *error)
{
    int output = settings->saving.passes ? STDOUT_FILENO : -1;
    struct wh_reader *reader = wh_reader_open(&common->run.reading, paths, count, error);
    int failed = reader ? learn_rows(common, stage, reader, output, error) : -1;
    wh_reader_close(reader);
    return failed;
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
    if (common->column_count)
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
        return contradicts(option, "--checkpoint", "what a stream teaches, and up to where, is "
                           "one thing, and it goes by once", error);
    if (saving->passes)
        return contradicts(option, "-p", "rows are passed on as they are learned from, once",
                           error);
    if (options->save_every >= 0)
        return contradicts(option, "--save-every", "the model is done when all is read", error);
    if (!saving->fresh && options->window)
        return needs("--window", "--new: a model cannot forget what it learned before", error);
    if (!saving->fresh && options->retrain.if_better)
        return needs("--replace-if-better", "--new: there would be no other model", error);
    if (options->retrain.if_better && !options->settings.model.holdout)
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
        || check_retraining(options, settings->model.roles.time, error) != 0)
        return -1;
    settings->saving.waits = retrains(options) != NULL;
    if (options->retrain.passes == 0)
        options->retrain.passes = 1;
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
    wh_model_free(model);
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
        .settings = { .model = wh_settings_none(), .saving = { .every = -1 } },
        .save_every = -1,
    };
    const struct wh_option_part parts[] = {
        { options_table, sizeof options_table / sizeof *options_table, &options },
        { wh_common_options, wh_common_option_count, &common },
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
    wh_holdout_free(options.holdout);
    return status;
}
