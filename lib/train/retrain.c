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
    struct wh_stage *stage;     /* of wh_update_open */
    struct wh_trainer *trainer; /* its */
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

/* The stage of the readings that are not the first: rows go to the trainer, and nowhere else. */
struct reading {
    struct wh_stage stage;
    struct wh_trainer *trainer;
};

static enum wh_verdict reading_row(struct wh_stage *stage, struct wh_row *row,
                                   struct wh_emit *emit, struct wh_error *error)
{
    (void)emit;
    struct wh_trainer *trainer = ((struct reading *)stage)->trainer;
    struct wh_trainer_look look;
    enum wh_verdict verdict = wh_trainer_look(trainer, row, &look, error);
    return verdict == WH_TAKEN ? wh_trainer_take(trainer, error) : verdict;
}

static int reading_finish(struct wh_stage *stage, struct wh_emit *emit, struct wh_error *error)
{
    (void)emit;
    return wh_trainer_finish(((struct reading *)stage)->trainer, false, error);
}

static void reading_progress(struct wh_stage *stage, char *line, size_t size)
{
    wh_trainer_progress(((struct reading *)stage)->trainer, line, size);
}

static const struct wh_stage_ops reading_ops = {
    .row = reading_row,
    .finish = reading_finish,
    .progress = reading_progress,
};

/* What is said of bad rows, and where they go, is settled by the reading that learns first. */
static void hush(struct wh_run_settings *settings)
{
    if (!settings->rejects)
        return;
    settings->rejects = "/dev/null";
    settings->notify = (struct wh_notify){ 0 };
    settings->display = NULL;
}

/* One reading of all rows. */
static int read_rows(struct retraining *retraining, enum wh_turn turn, struct wh_error *error)
{
    struct wh_run_settings settings = *retraining->run;
    struct reading reading = { .stage.ops = &reading_ops, .trainer = retraining->trainer };
    bool first = turn == WH_TURN_FIRST;
    if (retraining->read && wh_again_rewind(&retraining->again, error) != 0)
        return -1;
    retraining->read = true;
    settings.reading.spool = retraining->again.spool;
    wh_trainer_turn(retraining->trainer, turn);
    settings.stats = NULL;
    if (!first)
        hush(&settings);
    struct wh_run run = { .settings = &settings,
                          .stage = first ? retraining->stage : &reading.stage, .output = -1,
                          .rehearsal = true };
    int failed = wh_run_files(&run, retraining->again.paths, retraining->again.count, error);
    run.settings = retraining->run;
    if (first)
        retraining->first = run;
    return failed;
}

static const struct wh_model *model_of(const struct retraining *retraining)
{
    return wh_trainer_model(retraining->trainer);
}

static struct wh_evaluation *held_of(const struct retraining *retraining)
{
    return &wh_trainer_trained(retraining->trainer)->held;
}

/* The loss on the rows held out; NaN where there are none. */
static int measure(struct retraining *retraining, double *loss, struct wh_error *error)
{
    *loss = (double)NAN;
    if (!model_of(retraining)->settings.holdout)
        return 0;
    if (read_rows(retraining, WH_TURN_MEASURE, error) != 0)
        return -1;
    *loss = wh_evaluation_loss(held_of(retraining));
    return 0;
}

/*
 * Passes
 */

/* Keeps the model, and what was measured of it, while further passes go on. */
static int keep(struct retraining *retraining, struct wh_error *error)
{
    struct wh_model *model = wh_trainer_model(retraining->trainer);
    struct wh_evaluation *held = held_of(retraining);
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
    struct wh_evaluation *held = held_of(retraining);
    wh_evaluation_free(held);
    *held = retraining->held;
    retraining->held = (struct wh_evaluation){ 0 };
    if (lseek(retraining->snapshot, 0, SEEK_SET) < 0)
        return wh_fail_errno(error, WH_FAILED, "%s", SNAPSHOT);
    struct wh_model *model = wh_model_read(retraining->snapshot, SNAPSHOT, error);
    if (!model)
        return -1;
    struct wh_census *own = &wh_trainer_model(retraining->trainer)->census;
    struct wh_census census = model->census;
    model->census = *own; /* which knows what this run brought */
    *own = census;
    return wh_trainer_exchange(retraining->trainer, model, error);
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
        if (read_rows(retraining, WH_TURN_AGAIN, error) != 0
            || judge_pass(retraining, &least, &more, error) != 0)
            return -1;
    if (retraining->best == retraining->made)
        return 0;
    wh_notify_say(&retraining->run->notify, "pass %" PRIu64 " did not make it smaller: the model "
                  "is that of pass %" PRIu64, retraining->made, retraining->best);
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
        wh_notify_say(&retraining->run->notify, "%s stays as it was: two rows or more must be held "
                      "out to tell whether the new model is better", path);
    else
        wh_notify_say(&retraining->run->notify, "%s %s: the new model is %s to be better "
                      "(one-sided p = %.2g, asked for is less than %g)", path, became,
                      wins ? "shown" : "not shown", p, WH_RETRAIN_LEVEL);
}

/* Measures both models on the rows held out. */
static int compete(struct retraining *retraining, struct wh_error *error)
{
    double loss;
    if (wh_rival_check(retraining->rival, model_of(retraining), error) != 0)
        return -1;
    wh_trainer_beside(retraining->trainer, retraining->rival);
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
    *wh_trainer_model(retraining->trainer)->digest = '\0'; /* not that of the file */
    return 0;
}

/*
 * All of it
 */

static int retrain(struct retraining *retraining, struct wh_error *error)
{
    const struct wh_model *model = model_of(retraining);
    if (retraining->settings->if_better
        && wh_rival_open(retraining->update->saving.path, model, &retraining->rival, error) != 0)
        return -1;
    if (wh_again_prepare(&retraining->again, "give its rows on standard input",
                         wh_saving_refuse_stream, error) != 0
        || (retraining->update->window && read_rows(retraining, WH_TURN_LOOK, error) != 0)
        || read_rows(retraining, WH_TURN_FIRST, error) != 0)
        return -1;
    bool learned = wh_trainer_trained(retraining->trainer)->learned > 0;
    if (learned && (make_passes(retraining, error) != 0
                    || (retraining->rival && compete(retraining, error) != 0)))
        return -1;
    wh_run_summary(&retraining->first);
    return learned ? settle(retraining, error) : 0;
}

static void release(struct retraining *retraining)
{
    wh_trainer_beside(retraining->trainer, NULL);
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
        .run = run, .stage = stage, .trainer = wh_update_trainer(stage), .update = update,
        .settings = settings,
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
