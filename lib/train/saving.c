#include "train/saving.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/time.h"
#include "model/modelfile.h"
#include "pipe/checkpoint.h"
#include "pipe/keep.h"

/* Seconds between two commits unless the user says otherwise; but where writing takes long, so many
 * times what it took last, so that learning is not held up by more than a twentieth. */
static const double EVERY = 1, TIMES_THE_COST = 20;
/* A source's checkpoints do not come on the dot: so much of the time is enough. */
static const double NEARLY = 0.8;

enum mode {
    PLAIN,   /* no control records */
    MARKED,  /* a stream of --mark, which nothing resumes */
    COMMITS, /* the model is the checkpoint C */
    KEEPS,   /* the model is a filter's state */
};

struct wh_saving {
    const struct wh_saving_settings *settings;
    struct wh_lock *lock;
    enum mode mode;
    bool replaces; /* --new, and a model is there: without checkpoints it stays until the end */
    bool met;      /* a row has come */
    bool changed;  /* the model, since it was last written */
    struct wh_control begin;      /* holds a reference of its own */
    struct wh_keep *keep;         /* KEEPS */
    struct wh_place expected;     /* COMMITS: what the file must hold; the outlet's while one is */
    struct wh_checkpoint waiting; /* COMMITS: put off, no row having followed; else none */
    uint64_t rows;                /* COMMITS: not committed yet, */
    double since;                 /* and when the first of them came */
    uint64_t count;
    double saved_at, cost;        /* by wh_clock(); seconds that it held learning up */
    struct wh_outlet *outlet;     /* from the first checkpoint on */
    atomic_bool committing;       /* COMMITS: a commit is under way, */
};

struct wh_saving *wh_saving_open(const struct wh_saving_settings *settings,
                                 struct wh_error *error)
{
    struct wh_lock *lock = wh_lock_take(settings->path, error);
    if (!lock)
        return NULL;
    struct wh_saving *saving = wh_alloc(1, sizeof *saving);
    saving->settings = settings;
    saving->lock = lock;
    saving->replaces = settings->fresh && wh_model_exists(settings->path);
    saving->saved_at = wh_clock();
    return saving;
}

void wh_saving_close(struct wh_saving *saving)
{
    if (!saving)
        return;
    wh_checkpoint_free(&saving->waiting);
    wh_control_free(&saving->begin);
    wh_keep_close(saving->keep);
    wh_lock_release(saving->lock);
    free(saving);
}

bool wh_saving_streams(const struct wh_saving *saving)
{
    return saving->mode != PLAIN;
}

uint64_t wh_saving_count(const struct wh_saving *saving)
{
    return saving->count;
}

static void note_written(struct wh_saving *saving, double begun)
{
    saving->saved_at = wh_clock();
    saving->cost = saving->saved_at - begun;
    saving->changed = false;
    saving->count++;
}

static int write_model(struct wh_saving *saving, struct wh_model *model, const char *path,
                       struct wh_error *error)
{
    double begun = wh_clock();
    if (wh_lock_check(saving->lock, error) != 0 || wh_model_save(model, path, error) != 0)
        return -1;
    note_written(saving, begun);
    return 0;
}

/*
 * The beginning of a stream
 */

static int refuse_member(const struct wh_saving *saving, const struct wh_model *model,
                         struct wh_error *error)
{
    char place[80];
    if (wh_place_none(&model->checkpoint.place))
        return 0;
    return wh_fail(error, WH_REFUSED,
                   "%s belongs to a stream (it holds %s), and what it learned from other rows "
                   "would be no part of that: send them through the stream, take a copy out of it "
                   "with --detach, or start another model with --new", saving->settings->path,
                   wh_place_text(&model->checkpoint.place, place));
}

static int begin_marked(struct wh_saving *saving, const struct wh_model *model,
                        struct wh_error *error)
{
    const char *path = saving->settings->path;
    saving->mode = MARKED;
    if (saving->settings->commits)
        return wh_fail(error, WH_REFUSED,
                       "--checkpoint %s: the stream has none, being one of wh-extract --mark: give "
                       "wh-extract --checkpoint %s, or leave it out here", path, path);
    return refuse_member(saving, model, error);
}

static int refuse_fresh(const struct wh_saving *saving, struct wh_error *error)
{
    char from[80];
    if (!saving->settings->fresh || wh_place_none(&saving->begin.from))
        return 0;
    return wh_fail(error, WH_REFUSED,
                   "--new would forget what the stream has taught so far, and it goes on from %s: "
                   "leave --new out; to start over, remove the stream's checkpoint first",
                   wh_place_text(&saving->begin.from, from));
}

static int begin_commits(struct wh_saving *saving, struct wh_error *error)
{
    const struct wh_saving_settings *settings = saving->settings;
    struct wh_checkpoint held;
    saving->mode = COMMITS;
    saving->expected = saving->begin.from;
    saving->saved_at = wh_clock() - 1e9; /* the first checkpoint is not put off */
    if (wh_model_checkpoint(settings->path, &held, error) != 0)
        return -1;
    int result = wh_checkpoint_check(&held, &saving->begin, settings->path,
                                     settings->changed_recipe, error);
    wh_checkpoint_free(&held);
    return result;
}

static int begin_keeps(struct wh_saving *saving, const char **source, struct wh_error *error)
{
    saving->mode = KEEPS;
    saving->keep = wh_keep_open(saving->settings->path, &saving->begin, error);
    if (!saving->keep)
        return -1;
    if (!saving->settings->fresh)
        *source = wh_keep_source(saving->keep);
    return 0;
}

int wh_saving_begin(struct wh_saving *saving, const struct wh_model *model,
                    const struct wh_control *begin, const char **source, struct wh_error *error)
{
    const struct wh_saving_settings *settings = saving->settings;
    *source = NULL;
    wh_control_free(&saving->begin);
    saving->begin = *begin;
    json_incref(begin->json);
    if (begin->marked)
        return begin_marked(saving, model, error);
    if (settings->waits)
        return wh_saving_refuse_stream(error);
    if (settings->detach)
        return wh_fail(error, WH_REFUSED,
                       "--detach: the rows come in a stream with checkpoints, to which the model "
                       "would belong at once");
    if (!settings->commits && !settings->passes)
        return wh_fail(error, WH_REFUSED,
                       "the rows come in a stream with checkpoints, which a model must be saved "
                       "with: give --checkpoint %s, as to wh-extract, or -p where the stream goes "
                       "on to wh-load", settings->path);
    if (refuse_fresh(saving, error) != 0)
        return -1;
    return settings->passes ? begin_keeps(saving, source, error) : begin_commits(saving, error);
}

int wh_saving_check(const struct wh_saving *saving, const struct wh_model *model,
                    struct wh_error *error)
{
    const struct wh_saving_settings *settings = saving->settings;
    if (saving->mode == COMMITS)
        return wh_checkpoint_expect(&model->checkpoint, &saving->expected, settings->path, error);
    if (saving->mode != KEEPS)
        return 0;
    bool found = !settings->fresh && wh_keep_source(saving->keep);
    return wh_keep_check(saving->keep, found ? &model->checkpoint.place : NULL, error);
}

/*
 * Rows
 */

/* Rows without control records. */
static int check_plain(const struct wh_saving *saving, const struct wh_model *model,
                       struct wh_error *error)
{
    const char *path = saving->settings->path;
    if (saving->settings->commits)
        return wh_fail(error, WH_BROKEN,
                       "stopped, since no control records came (the tool before it has failed, or "
                       "wh-extract lacks --checkpoint %s)", path);
    return refuse_member(saving, model, error);
}

int wh_saving_row(struct wh_saving *saving, const struct wh_model *model, struct wh_error *error)
{
    if (saving->mode == PLAIN && !saving->met && check_plain(saving, model, error) != 0)
        return -1;
    saving->met = true;
    if (saving->mode != COMMITS)
        return 0;
    if (saving->rows++ == 0)
        saving->since = wh_clock();
    if (!wh_place_none(&saving->waiting.place))
        wh_checkpoint_free(&saving->waiting);
    return 0;
}

void wh_saving_changed(struct wh_saving *saving)
{
    saving->changed = true;
}

int wh_saving_finish(struct wh_saving *saving, struct wh_model *model, struct wh_error *error)
{
    if (saving->mode != PLAIN || saving->settings->waits)
        return 0;
    if (saving->settings->commits)
        return check_plain(saving, model, error);
    return saving->changed ? write_model(saving, model, saving->settings->path, error) : 0;
}

int wh_saving_write(struct wh_saving *saving, struct wh_model *model, struct wh_error *error)
{
    return saving->changed ? write_model(saving, model, saving->settings->path, error) : 0;
}

int wh_saving_refuse_stream(struct wh_error *error)
{
    return wh_fail(error, WH_REFUSED,
                   "a stream with checkpoints has no end and goes by once, and the rows are to be "
                   "read several times: learn from it as it comes (without --passes, --window and "
                   "--replace-if-better), or retrain with rows of wh-extract --mark, or of a file");
}

/*
 * Checkpoints
 */

/* Whether the model may say that it has seen the rows so far. Before the first label, where none
 * had so much as the label's column, it is most likely misspelled: no row shall be lost by that. */
static bool may_commit(const struct wh_saving *saving, const struct wh_model *model)
{
    return model->learner || model->met || !saving->met;
}

static bool due(const struct wh_saving *saving, double now)
{
    double every = saving->settings->every;
    if (every < 0)
        every = saving->cost * TIMES_THE_COST > EVERY ? saving->cost * TIMES_THE_COST : EVERY;
    return now - saving->saved_at >= every * NEARLY;
}

/* Whether the file is still the one that this run goes on from. */
static int expect(const struct wh_saving *saving, struct wh_error *error)
{
    const char *path = saving->settings->path;
    struct wh_checkpoint held;
    if (wh_model_checkpoint(path, &held, error) != 0) {
        if (error->status == WH_REFUSED) /* no model any more, though it was one */
            error->status = WH_BROKEN;
        return -1;
    }
    int result = wh_checkpoint_expect(&held, &saving->expected, path, error);
    wh_checkpoint_free(&held);
    return result;
}

/* A commit, as the outlet does it. */
struct commit {
    struct wh_saving *saving;
    struct wh_atomic_file *file; /* NULL: committed */
    struct wh_place place;
};

static int save_commit(void *context, struct wh_error *error)
{
    struct commit *commit = context;
    struct wh_saving *saving = commit->saving;
    struct wh_atomic_file *file = commit->file;
    if (expect(saving, error) != 0 || wh_lock_check(saving->lock, error) != 0)
        return -1;
    commit->file = NULL;
    if (wh_atomic_commit(file, error) != 0)
        return -1;
    saving->expected = commit->place;
    return 0;
}

static void drop_commit(void *context)
{
    struct commit *commit = context;
    if (commit->file)
        wh_atomic_abort(commit->file);
    atomic_store(&commit->saving->committing, false);
    free(commit);
}

static int commit(struct wh_saving *saving, struct wh_model *model, struct wh_error *error)
{
    if (!may_commit(saving, model))
        return 0;
    double begun = wh_clock();
    wh_checkpoint_free(&model->checkpoint);
    model->checkpoint = saving->waiting;
    saving->waiting = (struct wh_checkpoint){ 0 };
    struct wh_atomic_file *file = wh_model_prepare(model, saving->settings->path, error);
    if (!file)
        return -1;
    struct commit *job = wh_alloc(1, sizeof *job);
    *job = (struct commit){ saving, file, model->checkpoint.place };
    atomic_store(&saving->committing, true);
    note_written(saving, begun);
    saving->rows = 0;
    return wh_outlet_run(saving->outlet, save_commit, drop_commit, job, error);
}

static int keep(struct wh_saving *saving, struct wh_model *model,
                const struct wh_control *checkpoint, struct wh_error *error)
{
    double begun = wh_clock();
    wh_checkpoint_free(&model->checkpoint);
    model->checkpoint = wh_checkpoint_of(&saving->begin, checkpoint);
    const char *path = wh_keep_target(saving->keep, &checkpoint->place);
    struct wh_atomic_file *file = wh_lock_check(saving->lock, error) == 0
                                ? wh_model_prepare(model, path, error) : NULL;
    if (!file)
        return -1;
    note_written(saving, begun);
    return wh_outlet_save(saving->outlet, file, error);
}

int wh_saving_checkpoint(struct wh_saving *saving, struct wh_model *model,
                         const struct wh_control *checkpoint, struct wh_outlet *outlet,
                         struct wh_error *error)
{
    saving->outlet = outlet;
    switch (saving->mode) {
    case PLAIN:
        return 0;
    case MARKED:
        return saving->changed && !saving->settings->waits
             ? write_model(saving, model, saving->settings->path, error) : 0;
    case KEEPS:
        return keep(saving, model, checkpoint, error);
    case COMMITS:
        break;
    }
    wh_checkpoint_free(&saving->waiting);
    saving->waiting = wh_checkpoint_of(&saving->begin, checkpoint);
    if (checkpoint->kind != WH_CONTROL_END && !due(saving, wh_clock()))
        return 0;
    if (!atomic_load(&saving->committing) || checkpoint->kind == WH_CONTROL_END)
        return commit(saving, model, error);
    if (saving->settings->every < 0)
        return 0;
    /* Who says how often it is to be waits for it. */
    return wh_outlet_settle(outlet, error) == 0 ? commit(saving, model, error) : -1;
}

int wh_saving_committed(struct wh_saving *saving, const struct wh_place *place,
                        struct wh_error *error)
{
    if (!saving->keep)
        return 0;
    return wh_lock_check(saving->lock, error) == 0
               ? wh_keep_committed(saving->keep, place->n, error) : -1;
}

int wh_saving_broken(struct wh_saving *saving, struct wh_model *model, struct wh_error *error)
{
    return wh_place_none(&saving->waiting.place) ? 0 : commit(saving, model, error);
}

int wh_saving_tick(struct wh_saving *saving, struct wh_model *model, double now,
                   struct wh_error *error)
{
    if (!wh_place_none(&saving->waiting.place))
        return due(saving, now) && !atomic_load(&saving->committing)
                   ? commit(saving, model, error) : 0;
    double every = saving->settings->save_every;
    bool wanted = saving->mode == PLAIN && every > 0 && !saving->replaces && saving->changed
               && !saving->settings->waits;
    if (!wanted || now - saving->saved_at < every)
        return 0;
    return write_model(saving, model, saving->settings->path, error);
}

struct wh_lag wh_saving_lag(const struct wh_saving *saving, double now)
{
    if (saving->rows == 0)
        return (struct wh_lag){ 0 };
    return (struct wh_lag){ saving->rows, now - saving->since };
}
