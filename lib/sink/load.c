#include "sink/load.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/time.h"
#include "database/url.h"
#include "pipe/outlet.h"
#include "sink/checkpoint_name.h"

/* So much of `every` is enough: a source's checkpoints of the same interval come a little early
 * and a little late, and each second one would be put off. */
static const double ENOUGH = 0.8;

struct load {
    struct wh_stage stage;
    const struct wh_loading *loading;
    struct wh_sink *sink;
    char *checkpoint;           /* as messages name it */
    enum { NO_STREAM, MARKED, CHECKPOINTED } stream;
    struct wh_control begin;    /* of the stream; it holds a reference to its JSON */
    struct wh_place held;       /* what C holds: this is committed */
    struct wh_checkpoint put_off; /* place none: nothing is */
    bool followed;              /* rows have come behind it */
    bool ending;                /* there are no more rows */
    bool told;                  /* that rows wait for others */
    double opened_at;           /* by wh_clock() */
    double committed_at;        /* the same; negative: not yet */
    double last_commit;         /* how many seconds that took, */
    double commit_seconds;      /* and all of them did */
    struct wh_lag waiting;      /* seconds: when the first of the rows came, by wh_clock() */
    struct wh_emit late;        /* what the sink rejects to: counts, and passes on to ... */
    struct wh_emit *emit;       /* ... the run's */
    uint64_t rows, commits;     /* committed */
};

/* A row that was waiting turns out bad. */
static int reject_late(struct wh_emit *emit, const struct wh_row *row,
                       const struct wh_error *reason, struct wh_error *error)
{
    struct load *load = (struct load *)(void *)((char *)emit - offsetof(struct load, late));
    load->waiting.rows -= load->waiting.rows > 0;
    return load->emit->reject(load->emit, row, reason, error);
}

static int commit(struct load *load, const struct wh_checkpoint *next, struct wh_error *error)
{
    struct wh_sink *sink = load->sink;
    if (sink->ops->send && sink->ops->send(sink, &load->late, error) != 0)
        return -1;
    double begun = wh_clock();
    /* The rejects that belong to the checkpoint are safe before it is. */
    struct wh_outlet *outlet = load->emit ? load->emit->outlet : NULL;
    if (next && outlet && wh_outlet_settle(outlet, error) != 0)
        return -1;
    if (sink->ops->commit(sink, next, &load->held, &load->late, error) != 0)
        return -1;
    if (next)
        load->held = next->place;
    load->committed_at = wh_clock();
    load->last_commit = load->committed_at - begun;
    load->commit_seconds += load->last_commit;
    load->rows += load->waiting.rows;
    load->commits++;
    load->waiting = (struct wh_lag){ 0 };
    load->followed = false;
    wh_checkpoint_free(&load->put_off);
    return 0;
}

/* How long after a commit the next may begin. */
static double rest(const struct load *load)
{
    if (load->loading->every >= 0)
        return ENOUGH * load->loading->every;
    return fmax(ENOUGH * WH_COMMIT_EVERY,
                fmin(WH_COMMIT_PAUSE * load->last_commit, WH_COMMIT_LONGEST));
}

static bool due(const struct load *load, double now)
{
    return load->committed_at < 0 || now - load->committed_at >= rest(load);
}

/* Says at the end of a stream what its commits have cost, where that is worth a thought. */
static void tell_cost(const struct load *load)
{
    static const double most = 1.0 / WH_COMMIT_PAUSE, noticed = 0.5;
    double all = wh_clock() - load->opened_at;
    if (load->commits < 2 || load->commit_seconds < noticed || load->commit_seconds <= most * all)
        return;
    wh_notify_say(&load->loading->sink.notify, "%" PRIu64 " commits took %.1f of %.1f s (%.0f %%), "
                  "while no row was read%s", load->commits, load->commit_seconds, all,
                  100 * load->commit_seconds / all,
                  load->loading->every >= 0 ? "; a longer --every makes them fewer" : "");
}

/* Commits the checkpoint that was put off; a copy of it, since a commit forgets it. */
static int commit_put_off(struct load *load, struct wh_error *error)
{
    struct wh_checkpoint next = load->put_off;
    load->put_off = (struct wh_checkpoint){ 0 };
    int result = commit(load, &next, error);
    wh_checkpoint_free(&next);
    return result;
}

/* Whether the sink holds rows back until there are more. */
static bool waits(const struct load *load)
{
    return load->sink->ops->waits && load->sink->ops->waits(load->sink);
}

static bool has_put_off(const struct load *load)
{
    return !wh_place_none(&load->put_off.place) && !load->followed;
}

static bool may_commit_put_off(const struct load *load)
{
    return has_put_off(load) && !waits(load);
}

/* Says once why nothing is committed although the stream is idle. */
static void tell_waiting(struct load *load)
{
    if (load->told)
        return;
    load->told = true;
    wh_notify_say(&load->loading->sink.notify, "--create: the rows wait until 1,000 of them, or "
                  "the end of the rows, decide the types of the columns (--schema makes the table at "
                  "once)");
}

/* ---- rows ---------------------------------------------------------------------------------- */

static int refuse_without_records(const struct load *load, struct wh_error *error)
{
    return wh_fail(error, WH_BROKEN, "stopped, since no control records came (the tool before it has "
                   "failed, or wh-extract lacks --checkpoint %s)", load->checkpoint);
}

static enum wh_verdict load_row(struct wh_stage *stage, struct wh_row *row, struct wh_emit *emit,
                                struct wh_error *error)
{
    struct load *load = (struct load *)stage;
    load->emit = emit;
    if (load->checkpoint && load->stream != CHECKPOINTED) {
        refuse_without_records(load, error);
        return WH_FATAL;
    }
    enum wh_verdict verdict = load->sink->ops->row(load->sink, row, &load->late, error);
    if (verdict != WH_TAKEN)
        return verdict;
    if (load->waiting.rows++ == 0)
        load->waiting.seconds = wh_clock();
    load->followed = true;
    return WH_TAKEN;
}

static int load_settle(struct wh_stage *stage, struct wh_emit *emit, struct wh_error *error)
{
    struct load *load = (struct load *)stage;
    struct wh_sink *sink = load->sink;
    load->emit = emit;
    if (!sink->ops->settle || (load->stream == CHECKPOINTED && !load->ending && waits(load)))
        return 0;
    return sink->ops->settle(sink, &load->late, error);
}

/* ---- the stream ---------------------------------------------------------------------------- */

static int check_stream(const struct load *load, const struct wh_control *begin,
                        struct wh_error *error)
{
    const struct wh_loading *loading = load->loading;
    if (begin->marked && load->checkpoint)
        return wh_fail(error, WH_REFUSED, "the stream was made with --mark, which nothing can be "
                       "resumed from: give wh-extract --checkpoint '%s' in its place",
                       load->checkpoint);
    if (begin->marked || load->checkpoint)
        return 0;
    bool database = loading->sink.into != NULL;
    return wh_fail(error, WH_REFUSED, "the stream carries checkpoints, which are committed "
                   "together with the rows: give wh-load the --checkpoint of wh-extract too, which "
                   "must be %s", database ? "TARGET#NAME" : "a file's name");
}

static int load_begin(struct wh_stage *stage, const struct wh_control *begin,
                      struct wh_error *error)
{
    struct load *load = (struct load *)stage;
    struct wh_sink *sink = load->sink;
    if (check_stream(load, begin, error) != 0)
        return -1;
    load->stream = begin->marked ? MARKED : CHECKPOINTED;
    load->begin = *begin;
    json_incref(load->begin.json);
    if (begin->marked)
        return 0;
    struct wh_checkpoint held = { 0 };
    if (sink->ops->checkpoint(sink, &held, error) != 0)
        return -1;
    load->held = held.place;
    int result = wh_checkpoint_check(&held, begin, load->checkpoint, load->loading->changed, error);
    if (result == 0 && sink->ops->belongs)
        result = sink->ops->belongs(sink, &held, error);
    wh_checkpoint_free(&held);
    return result;
}

static int load_checkpoint(struct wh_stage *stage, const struct wh_control *control,
                           struct wh_emit *emit, struct wh_error *error)
{
    struct load *load = (struct load *)stage;
    load->emit = emit;
    if (load->stream == MARKED)
        return control->kind == WH_CONTROL_END ? commit(load, NULL, error) : 0;
    wh_checkpoint_free(&load->put_off);
    load->put_off = wh_checkpoint_of(&load->begin, control);
    load->followed = false;
    if (control->kind != WH_CONTROL_END && (!due(load, wh_clock()) || waits(load)))
        return 0;
    if (commit_put_off(load, error) != 0)
        return -1;
    if (control->kind == WH_CONTROL_END)
        tell_cost(load);
    return 0;
}

static int load_tick(struct wh_stage *stage, double now, struct wh_error *error)
{
    struct load *load = (struct load *)stage;
    struct wh_sink *sink = load->sink;
    bool put_off = has_put_off(load) && due(load, now);
    if (put_off && !waits(load))
        return commit_put_off(load, error);
    if (put_off)
        tell_waiting(load);
    return sink->ops->tick ? sink->ops->tick(sink, error) : 0;
}

static int load_broken(struct wh_stage *stage, struct wh_error *error)
{
    struct load *load = (struct load *)stage;
    return may_commit_put_off(load) ? commit_put_off(load, error) : 0;
}

/* A tool before this one that failed at once must not pass for a table that has become empty. */
static int refuse_nothing(struct wh_error *error)
{
    return wh_fail(error, WH_FAILED, "--replace, and no row came: what is there stays (wh-extract "
                   "--mark tells no rows from a failure)");
}

/* Under control records the end commits, which comes behind this. */
static int load_finish(struct wh_stage *stage, struct wh_emit *emit, struct wh_error *error)
{
    struct load *load = (struct load *)stage;
    load->emit = emit;
    load->ending = true;
    if (load->stream != NO_STREAM)
        return 0;
    if (load->checkpoint)
        return refuse_without_records(load, error);
    if (load->loading->piped && load->loading->sink.replace && load->waiting.rows == 0)
        return refuse_nothing(error);
    return commit(load, NULL, error);
}

/* ---- reports, and the end ------------------------------------------------------------------ */

static struct wh_lag load_lag(struct wh_stage *stage, double now)
{
    const struct load *load = (const struct load *)stage;
    if (load->waiting.rows == 0)
        return (struct wh_lag){ 0 };
    return (struct wh_lag){ load->waiting.rows, now - load->waiting.seconds };
}

static void load_stats(struct wh_stage *stage, json_t *stats)
{
    const struct load *load = (const struct load *)stage;
    struct wh_sink *sink = load->sink;
    json_object_set_new(stats, "rows_committed", json_integer((json_int_t)load->rows));
    json_object_set_new(stats, "commits", json_integer((json_int_t)load->commits));
    json_object_set_new(stats, "commit_seconds",
                        json_real(round(load->commit_seconds * 1e6) / 1e6));
    if (sink->ops->stats)
        sink->ops->stats(sink, stats);
}

static void load_close(struct wh_stage *stage)
{
    struct load *load = (struct load *)stage;
    if (load->sink)
        load->sink->ops->close(load->sink);
    wh_checkpoint_free(&load->put_off);
    json_decref(load->begin.json);
    free(load->checkpoint);
    free(load);
}

struct wh_stage *wh_load_open(struct wh_loading *loading, struct wh_error *error)
{
    static const struct wh_stage_ops ops = {
        .row = load_row, .finish = load_finish, .tick = load_tick, .begin = load_begin,
        .settle = load_settle, .checkpoint = load_checkpoint, .broken = load_broken,
        .lag = load_lag, .stats = load_stats, .close = load_close,
    };
    struct load *load = wh_alloc(1, sizeof *load);
    load->stage.ops = &ops;
    load->loading = loading;
    load->late.reject = reject_late;
    load->committed_at = -1;
    load->opened_at = wh_clock();
    if (loading->sink.checkpoint)
        load->checkpoint = wh_checkpoint_display(loading->sink.checkpoint);
    load->sink = wh_sink_open(&loading->sink, error);
    if (load->sink)
        return &load->stage;
    load_close(&load->stage);
    return NULL;
}
