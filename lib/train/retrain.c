#include "train/retrain.h"

#include <inttypes.h>
#include <math.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/time.h"
#include "learn/compare.h"
#include "model/modelfile.h"
#include "pipe/again.h"
#include "pipe/stats.h"

static const char SNAPSHOT[] = "temporary file (see TMPDIR)";

struct retraining {
    const struct wh_run_settings *run;
    struct wh_stage *stage;
    const struct wh_update_settings *update;
    const struct wh_retrain_settings *settings;
    struct wh_again again;
    bool read;             /* the rows were read once */
    struct wh_run first;   /* the reading that counts */
    struct wh_rival *rival; /* NULL: none to beat */
    int snapshot;          /* of the best pass's model; -1: none */
    struct wh_evaluation held; /* the best pass's measures */
    uint64_t made, best;   /* passes; numbers from 1 */
    json_t *losses;        /* after each pass, on the rows held out */
};

/*
 * Readings
 */

/* One reading of all rows. What is said of bad rows, and where they go, is settled by the first
 * reading that learns. */
static int read_rows(struct retraining *retraining, enum wh_update_turn turn,
                     struct wh_error *error)
{
    struct wh_run_settings settings = *retraining->run;
    bool first = turn == WH_UPDATE_FIRST;
    if (retraining->read && wh_again_rewind(&retraining->again, error) != 0)
        return -1;
    retraining->read = true;
    settings.reading.spool = retraining->again.spool;
    wh_update_turn(retraining->stage, turn);
    settings.stats = NULL;
    if (!first && settings.rejects) {
        settings.rejects = "/dev/null";
        settings.notify = (struct wh_notify){ 0 };
        settings.display = NULL;
    }
    struct wh_run run = { .settings = &settings, .stage = retraining->stage, .output = -1,
                          .rehearsal = true };
    int failed = wh_run_files(&run, retraining->again.paths, retraining->again.count, error);
    run.settings = retraining->run;
    if (first)
        retraining->first = run;
    return failed;
}

/* The loss on the rows held out; NaN where there are none. */
static int measure(struct retraining *retraining, double *loss, struct wh_error *error)
{
    *loss = (double)NAN;
    if (!wh_update_model(retraining->stage)->settings.holdout)
        return 0;
    if (read_rows(retraining, WH_UPDATE_MEASURE, error) != 0)
        return -1;
    *loss = wh_evaluation_loss(wh_update_held(retraining->stage));
    return 0;
}

/*
 * Passes
 */

/* Keeps the model, and what was measured of it, while further passes go on. */
static int keep(struct retraining *retraining, struct wh_error *error)
{
    struct wh_model *model = wh_update_own(retraining->stage);
    struct wh_evaluation *held = wh_update_held(retraining->stage);
    wh_evaluation_free(&retraining->held);
    retraining->held = *held;
    *held = (struct wh_evaluation){ 0 };
    if (retraining->snapshot < 0 && (retraining->snapshot = wh_spool_open(error)) < 0)
        return -1;
    if (lseek(retraining->snapshot, 0, SEEK_SET) < 0 || ftruncate(retraining->snapshot, 0) != 0)
        return wh_fail_errno(error, WH_FAILED, "%s", SNAPSHOT);
    int failed = wh_model_write(model, retraining->snapshot, SNAPSHOT, error);
    *model->digest = '\0'; /* it goes on learning */
    return failed;
}

static int go_back(struct retraining *retraining, struct wh_error *error)
{
    struct wh_evaluation *held = wh_update_held(retraining->stage);
    wh_evaluation_free(held);
    *held = retraining->held;
    retraining->held = (struct wh_evaluation){ 0 };
    if (lseek(retraining->snapshot, 0, SEEK_SET) < 0)
        return wh_fail_errno(error, WH_FAILED, "%s", SNAPSHOT);
    struct wh_model *model = wh_model_read(retraining->snapshot, SNAPSHOT, error);
    return model ? wh_update_exchange(retraining->stage, model, error) : -1;
}

static void say_pass(const struct retraining *retraining, double loss)
{
    const struct wh_notify *notify = &retraining->run->notify;
    uint64_t passes = retraining->settings->passes;
    if (passes == 1)
        return;
    if (isnan(loss) && retraining->made == 1)
        wh_notify_say(notify, "no row was held out, so that all %" PRIu64 " passes are made: "
                  "--holdout P%% tells when to stop", passes);
    if (!isnan(loss))
        wh_notify_say(notify, "pass %" PRIu64 " of %" PRIu64 ": loss %.6g on the rows held out",
                  retraining->made, passes, loss);
}

/* A pass was made. Whether another one is worth while. */
static int judge_pass(struct retraining *retraining, double *least, bool *more,
                      struct wh_error *error)
{
    double loss = (double)NAN;
    bool only = retraining->settings->passes == 1 && retraining->rival; /* measured with that */
    retraining->made++;
    if (!only && measure(retraining, &loss, error) != 0)
        return -1;
    say_pass(retraining, loss);
    if (!isnan(loss))
        json_array_append_new(retraining->losses, json_real(loss));
    bool better = isnan(loss) || retraining->made == 1 || loss < *least;
    *more = better && retraining->made < retraining->settings->passes;
    if (!better)
        return 0;
    *least = loss;
    retraining->best = retraining->made;
    return *more && !isnan(loss) ? keep(retraining, error) : 0;
}

static int make_passes(struct retraining *retraining, struct wh_error *error)
{
    double least = 0;
    bool more;
    if (judge_pass(retraining, &least, &more, error) != 0)
        return -1;
    while (more)
        if (read_rows(retraining, WH_UPDATE_AGAIN, error) != 0
            || judge_pass(retraining, &least, &more, error) != 0)
            return -1;
    if (retraining->best == retraining->made)
        return 0;
    wh_notify_say(&retraining->run->notify, "pass %" PRIu64 " did not make it smaller: the model is that of "
              "pass %" PRIu64, retraining->made, retraining->best);
    return go_back(retraining, error);
}

/*
 * Replacing
 */

static void say_verdict(const struct retraining *retraining, bool wins)
{
    const struct wh_comparison *comparison = wh_rival_comparison(retraining->rival);
    const char *path = retraining->update->saving.path;
    const char *became = wins ? "is replaced" : "stays as it was";
    struct wh_buffer line = { 0 };
    wh_compare_report(&line, comparison, "old", "new");
    wh_notify_say(&retraining->run->notify, "%s", wh_buffer_text(&line));
    wh_buffer_free(&line);
    double p = wh_compare_result(comparison).p_second;
    if (isnan(p))
        wh_notify_say(&retraining->run->notify, "%s stays as it was: two rows or more must be held out to "
                  "tell whether the new model is better", path);
    else
        wh_notify_say(&retraining->run->notify, "%s %s: the new model is %s to be better (one-sided "
                  "p = %.2g, asked for is less than %g)", path, became,
                  wins ? "shown" : "not shown", p, WH_RETRAIN_LEVEL);
}

/* Measures both models on the rows held out. */
static int compete(struct retraining *retraining, struct wh_error *error)
{
    double loss;
    if (wh_rival_check(retraining->rival, wh_update_model(retraining->stage), error) != 0)
        return -1;
    wh_update_beside(retraining->stage, retraining->rival);
    return measure(retraining, &loss, error);
}

/* Whether the new model takes the old one's place. */
static bool judge_rival(const struct retraining *retraining)
{
    if (!retraining->rival)
        return true;
    const struct wh_comparison *comparison = wh_rival_comparison(retraining->rival);
    bool wins = wh_compare_result(comparison).p_second < WH_RETRAIN_LEVEL;
    say_verdict(retraining, wins);
    return wins;
}

static void tell(struct retraining *retraining, bool wins)
{
    json_t *members = json_pack("{s:I, s:I}", "passes", (json_int_t)retraining->made, "pass_kept",
                                (json_int_t)retraining->best);
    json_object_set(members, "pass_losses", retraining->losses);
    if (retraining->settings->if_better)
        json_object_set_new(members, "replaced", json_boolean(wins));
    if (retraining->rival)
        json_object_set_new(members, "comparison",
                            wh_compare_stats(wh_rival_comparison(retraining->rival), "old",
                                             "new"));
    wh_update_tell(retraining->stage, members);
}

static int settle(struct retraining *retraining, struct wh_error *error)
{
    bool wins = judge_rival(retraining);
    tell(retraining, wins);
    if (wins)
        return wh_process_check(error) || wh_update_save(retraining->stage, error) ? -1 : 0;
    *wh_update_own(retraining->stage)->digest = '\0'; /* not that of the file */
    return 0;
}

/*
 * All of it
 */

static int retrain(struct retraining *retraining, struct wh_error *error)
{
    const struct wh_model *model = wh_update_model(retraining->stage);
    if (retraining->settings->if_better
        && wh_rival_open(retraining->update->saving.path, model, &retraining->rival, error) != 0)
        return -1;
    if (wh_again_prepare(&retraining->again, "give its rows on standard input",
                         wh_saving_refuse_stream, error) != 0
        || (retraining->update->window && read_rows(retraining, WH_UPDATE_LOOK, error) != 0)
        || read_rows(retraining, WH_UPDATE_FIRST, error) != 0)
        return -1;
    bool learned = wh_update_learned(retraining->stage) > 0;
    if (learned && (make_passes(retraining, error) != 0
                    || (retraining->rival && compete(retraining, error) != 0)))
        return -1;
    wh_run_summary(&retraining->first);
    return learned ? settle(retraining, error) : 0;
}

static void release(struct retraining *retraining)
{
    wh_update_beside(retraining->stage, NULL);
    wh_rival_close(retraining->rival);
    wh_again_free(&retraining->again);
    wh_evaluation_free(&retraining->held);
    json_decref(retraining->losses);
    if (retraining->snapshot >= 0)
        close(retraining->snapshot);
}

int wh_retrain(const struct wh_run_settings *run, struct wh_stage *stage,
               const struct wh_update_settings *update,
               const struct wh_retrain_settings *settings, const char *const *paths, size_t count,
               struct wh_error *error)
{
    struct wh_stats *stats = NULL;
    struct wh_error ending;
    double begun = wh_clock();
    if (run->stats && !(stats = wh_stats_open(run->stats, error)))
        return -1;
    struct retraining retraining = {
        .run = run, .stage = stage, .update = update, .settings = settings,
        .again = wh_again_of(paths, count), .first = { .settings = run, .stage = stage },
        .snapshot = -1, .losses = json_array(),
    };
    int failed = retrain(&retraining, error);
    retraining.first.seconds = wh_clock() - begun;
    json_t *object = stats ? wh_run_stats(&retraining.first, failed ? error : NULL) : NULL;
    if (stats && wh_stats_close(stats, object, &ending) && !failed) {
        *error = ending;
        failed = -1;
    }
    release(&retraining);
    return failed;
}
