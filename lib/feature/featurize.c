#include "feature/featurize.h"

#include <sys/stat.h>
#include <unistd.h>

#include "feature/encoder.h"
#include "feature/stage.h"
#include "pipe/again.h"

/* Everything that one call has at hand. */
struct job {
    struct wh_run_settings run;
    const struct wh_recipe *recipe;
    const struct wh_featurize_options *options;
    enum wh_learning learning;
    struct wh_again again; /* the operands */
};

/* Options. */

static bool is_same_file(const char *left, const char *right)
{
    struct stat a, b;
    return stat(left, &a) == 0 && stat(right, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

static int check_options(const struct wh_featurize_options *options, struct wh_error *error)
{
    const char *given = options->fit             ? "--fit"
                        : options->fit_transform ? "--fit-transform"
                        : options->frozen        ? "--frozen"
                                                 : NULL;
    if (options->fit + options->fit_transform + options->frozen > 1)
        return wh_fail(error, WH_REFUSED, "only one of --fit, --fit-transform and --frozen");
    if (given && !options->state)
        return wh_fail(error, WH_REFUSED, "%s needs --state FILE", given);
    if (options->live && options->state && is_same_file(options->live, options->state))
        return wh_fail(error, WH_REFUSED, "--live must be another file than --state, which "
                       "--frozen only reads");
    if (options->strict && !options->frozen)
        return wh_fail(error, WH_REFUSED, "--strict is for --frozen: while constants are learned, "
                       "no value is unknown to them");
    if (options->live && !options->frozen)
        return wh_fail(error, WH_REFUSED, "--live is for --frozen (without it, --state holds what "
                       "steps remember of the rows too)");
    return 0;
}

static bool recipe_learns(const struct wh_recipe *recipe)
{
    struct wh_error ignored;
    struct wh_steps *steps = wh_steps_open(recipe->steps, recipe->types, &ignored);
    bool learns = steps && wh_steps_learn(steps);
    wh_steps_close(steps);
    return learns;
}

static enum wh_learning choose_learning(const struct wh_featurize_options *options,
                                        const struct wh_recipe *recipe)
{
    if (options->frozen)
        return WH_LEARN_FROZEN;
    if (options->fit || options->fit_transform)
        return WH_LEARN_FIRST;
    return options->state || !recipe_learns(recipe) ? WH_LEARN_LIVE : WH_LEARN_FIRST;
}

/* Makes sure that every operand can be read again. */
static int prepare_again(struct job *job, struct wh_error *error)
{
    bool wanted = job->options->fit || job->options->fit_transform;
    if (wh_again_spools(&job->again) && !wanted)
        return wh_fail(error, WH_REFUSED, "the recipe has constants to learn, and standard "
                       "input cannot be read twice: name a FILE, or give --state FILE to learn "
                       "row by row, with --fit-transform to learn first");
    return wh_again_prepare(&job->again, "--state FILE --fit-transform takes it on standard input",
                            wh_featurizer_refuse_stream, error);
}

/* Runs. */

/* One reading of all operands. A rehearsal learns only: another reading is to come. */
static int read_once(struct job *job, struct wh_featurizer *featurizer, bool rehearsal, int output,
                     struct wh_error *error)
{
    /* Rejects are written each time anew, what is said about them only once. */
    job->run.reading.spool = job->again.spool;
    struct wh_run_settings silent = job->run;
    silent.notify = (struct wh_notify){ 0 };
    silent.display = NULL;
    silent.stats = NULL;
    struct wh_run run = {
        .settings = rehearsal ? &silent : &job->run,
        .stage = wh_featurizer_stage(featurizer),
        .output = output,
        .rehearsal = output < 0, /* constants are learned */
    };
    return wh_run_files(&run, job->again.paths, job->again.count, error);
}

static int read_all(struct job *job, struct wh_featurizer *featurizer, struct wh_error *error)
{
    bool fit_only = job->options->fit;
    size_t passes = wh_featurizer_passes(featurizer);
    bool again = passes > 0 && passes + !fit_only > 1;
    if (again && prepare_again(job, error))
        return -1;
    for (size_t pass = 0; pass < passes; pass++) {
        bool rehearsal = pass + 1 < passes || !fit_only;
        if (read_once(job, featurizer, rehearsal, -1, error) ||
            wh_featurizer_settle(featurizer, error))
            return -1;
        if (again && wh_again_rewind(&job->again, error))
            return -1;
    }
    if (!fit_only)
        return read_once(job, featurizer, false, STDOUT_FILENO, error);
    const struct wh_run over = { .settings = &job->run, .stage = wh_featurizer_stage(featurizer) };
    wh_run_summary(&over);
    return 0;
}

int wh_featurize(const struct wh_run_settings *run, const struct wh_recipe *recipe,
                 const struct wh_featurize_options *options, const char *const *paths, size_t count,
                 struct wh_error *error)
{
    if (check_options(options, error))
        return -1;
    struct job job = { *run, recipe, options, choose_learning(options, recipe),
                       wh_again_of(paths, count) };
    if (job.run.writing.format == WH_FORMAT_NONE)
        job.run.writing.format = WH_FORMAT_NDJSON;
    struct wh_featurizing featurizing = {
        .recipe = recipe,
        .nulls = wh_nulls_make(run->reading.nulls, run->reading.null_count),
        .learning = job.learning,
        .state = options->state,
        .live = options->live,
        .keep = options->keep,
        .strict = options->strict,
        .missing_null = options->missing_column != NULL,
        .dense = job.run.writing.format == WH_FORMAT_CSV,
    };
    struct wh_featurizer *featurizer = wh_featurizer_open(&featurizing, error);
    if (!featurizer)
        return -1;
    uint64_t before = wh_featurizer_continues(featurizer);
    if (before)
        wh_notify_say(&run->notify, "continues from %s (rows it learned from: %llu)",
                  options->live ? options->live : options->state, (unsigned long long)before);
    int failed = read_all(&job, featurizer, error);
    wh_featurizer_close(featurizer);
    wh_again_free(&job.again);
    return failed;
}
