#include "pipe/loop.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/number.h"
#include "base/process.h"
#include "base/time.h"
#include "pipe/stream.h"

/* The clock is read after LARGEST_BATCH rows at the latest, and every LOOK_EVERY seconds if rows
 * come evenly. */
enum { LARGEST_BATCH = 1024 };
static const double LOOK_EVERY = 0.1, TICK_EVERY = 1.0;

/* The share of bad rows is not judged before this many rows. */
enum { ROWS_FOR_SHARE = 100 };

/* What the command line asks of a row that all rows of its source lack has no line; what else is
 * refused with a status of its own is not the rows' fault. */
static int name_source(const struct wh_row *row, struct wh_error *error)
{
    if (error->status != WH_REFUSED || !row->source)
        return -1;
    return wh_error_at(error, (struct wh_source_place){ .source = row->source });
}

/* ------------------------------------------------------------------ output */

int wh_loop_output_failed(const struct loop *loop, struct wh_error *error)
{
    if (errno == 0 || loop->run->write)
        return -1; /* saving has failed, and the error names the file; or `write` has */
    if (wh_stream_controlled(loop) && errno == EPIPE)
        return wh_stream_unread(loop, error);
    return wh_error_in(error, "standard output");
}

int wh_loop_flush(struct loop *loop, struct wh_error *error)
{
    if (loop->rejects && wh_rejects_flush(loop->rejects, error) != 0)
        return -1;
    if (loop->writer && wh_writer_pending(loop->writer) && wh_writer_flush(loop->writer, error))
        return wh_loop_output_failed(loop, error);
    return 0;
}

int wh_loop_save(struct loop *loop, bool last, struct wh_error *error)
{
    if (!wh_outlet_saves(loop->outlet))
        return 0;
    wh_outlet_record(loop->outlet, loop->hop.place.n, last ? NULL : "", 0);
    return wh_outlet_write(loop->outlet, "", 0, error) == 0 ? 0
                                                            : wh_loop_output_failed(loop, error);
}

static enum wh_verdict emit_row(struct wh_emit *emit, struct wh_row *row, struct wh_error *error)
{
    struct loop *loop = (struct loop *)(void *)emit;
    if (!loop->writer)
        return WH_TAKEN;
    enum wh_verdict verdict = wh_writer_row(loop->writer, row, error);
    if (verdict == WH_TAKEN)
        loop->run->rows_out++;
    else if (verdict == WH_FATAL && error->status != WH_REFUSED)
        wh_loop_output_failed(loop, error);
    return verdict;
}

/* ------------------------------------------------------------ clock, waits */

/* What is not committed yet, as the source or the sink knows it. */
void wh_loop_lag(struct loop *loop, double now)
{
    struct wh_run *run = loop->run;
    if (run->origin && wh_origin_resumes(run->origin)) {
        run->lag = wh_origin_lag(run->origin, run->rows_out - loop->record_rows, now);
        run->has_lag = true;
    } else if (loop->hop.begun && run->stage && run->stage->ops->lag) {
        run->lag = run->stage->ops->lag(run->stage, now);
        run->has_lag = true;
    }
}

static void draw(struct loop *loop, double now)
{
    struct wh_run *run = loop->run;
    char line[256] = "";
    if (run->stage && run->stage->ops->progress)
        run->stage->ops->progress(run->stage, line, sizeof line);
    wh_loop_lag(loop, now);
    struct wh_run_progress progress = { run->rows_in, run->rows_rejected, run->reader->progress,
                                        run->has_lag ? &run->lag : NULL, line };
    run->settings->display->draw(run->settings->display, &progress, now);
}

/* Looks at the clock, and does what it is time for. */
int wh_loop_look(struct loop *loop, struct wh_error *error)
{
    struct wh_run *run = loop->run;
    double now = wh_clock(), passed = now - loop->looked;
    loop->looked = now;
    if (passed < LOOK_EVERY / 2 && loop->batch < LARGEST_BATCH)
        loop->batch *= 2;
    else if (passed > LOOK_EVERY * 2 && loop->batch > 1)
        loop->batch /= 2;
    loop->until_look = loop->batch;
    struct wh_display *display = run->settings->display;
    if (display && display->due(display, now))
        draw(loop, now);
    wh_stream_look(loop, now);
    if (wh_outlet_check(loop->outlet, error) != 0)
        return wh_loop_output_failed(loop, error);
    if (wh_process_check(error) != 0) {
        loop->broken = true;
        return -1;
    }
    if (now - loop->ticked < TICK_EVERY || !run->stage || !run->stage->ops->tick)
        return 0;
    loop->ticked = now;
    return run->stage->ops->tick(run->stage, now, error) == 0 ? wh_loop_save(loop, true, error)
                                                           : -1;
}

int wh_loop_before_wait(void *context, struct wh_error *error)
{
    struct loop *loop = context;
    if (wh_loop_flush(loop, error) != 0 || wh_loop_look(loop, error) != 0
        || wh_stream_check_output(loop, error) != 0)
        return -1;
    return loop->run->origin && loop->opened && loop->run->rows_out >= loop->record_at
               ? wh_stream_checkpoint(loop, true, error) : 0;
}

/* ---------------------------------------------------------------- bad rows */

/* Remembers the fields of a row that has no raw text: a later step may find it bad when earlier
 * ones have changed it. The texts stay as they are until the reader's next row. */
static void keep_original(struct loop *loop, const struct wh_row *row)
{
    struct wh_row *original = &loop->original;
    original->fields = wh_row_fields(original, row->shape->count);
    memcpy(original->fields, row->fields, row->shape->count * sizeof *row->fields);
    original->shape = row->shape;
    original->source = row->source;
    original->line = row->line;
}

static bool exceeds_share(const struct wh_run *run)
{
    return (double)run->rows_rejected * 100 > run->settings->reject_limit.percent
                                                  * (double)run->rows_in;
}

static int refuse_more(struct loop *loop, struct wh_error *error)
{
    const struct wh_run *run = loop->run;
    char rejected[32], all[32];
    loop->too_many = true;
    return wh_fail(error, WH_FAILED, "%s of %s rows rejected, more than --max-rejects %s (see %s)",
                   wh_count_text(run->rows_rejected, rejected), wh_count_text(run->rows_in, all),
                   run->settings->reject_limit.text, run->settings->rejects);
}

/* Deals with the bad row that `error` tells of: 0 when the run may go on. */
static int reject(struct loop *loop, const struct wh_row *row, struct wh_error *error)
{
    struct wh_run *run = loop->run;
    run->rows_rejected++;
    if (!loop->rejects)
        return wh_error_at(error, wh_row_place(row));
    struct wh_error reason = *error;
    if (wh_rejects_add(loop->rejects, row, &reason, error))
        return -1;
    const struct wh_reject_limit *limit = &run->settings->reject_limit;
    bool exceeded = (limit->kind == WH_REJECT_ROWS && run->rows_rejected > limit->rows)
                    || (limit->kind == WH_REJECT_SHARE && run->rows_in >= ROWS_FOR_SHARE
                        && exceeds_share(run));
    return exceeded ? refuse_more(loop, error) : 0;
}

/* The row that the reader gave. */
static int reject_read(struct loop *loop, struct wh_error *error)
{
    const struct wh_row *row = loop->run->reader->row;
    return reject(loop, row->raw || !loop->rejects ? row : &loop->original, error);
}

static int late_reject(struct wh_emit *emit, const struct wh_row *row,
                       const struct wh_error *reason, struct wh_error *error)
{
    struct loop *loop = (struct loop *)(void *)emit;
    *error = *reason;
    return reject(loop, row, error);
}

/* -------------------------------------------------------------------- loop */

/* A stream that did not begin with a control record has none: it has lost its begin, or has a row
 * with a reserved key, as all such of a source are. */
static enum wh_verdict refuse_record(struct loop *loop, struct wh_error *error)
{
    const struct wh_row *row = loop->run->reader->row;
    struct wh_control control;
    if (!loop->run->origin && wh_control_read(row->raw, row->raw_length, &control, error) == 0) {
        wh_hop_name(&loop->hop, &control);
        wh_control_free(&control);
        wh_fail(error, WH_BROKEN, "there are rows before its first control record");
        wh_stream_broken(loop, error);
        return WH_FATAL;
    }
    wh_bad_row(error, "reserved", NULL, 0, 2,
               "a row must not begin with the key \"@wh\", which marks control records");
    return WH_BAD;
}

/* What became of the row that the reader gave. */
static inline int settle_row(struct loop *loop, enum wh_verdict verdict, struct wh_error *error)
{
    if (verdict == WH_FATAL)
        return name_source(loop->run->reader->row, error);
    if (verdict == WH_BAD && reject_read(loop, error) != 0)
        return -1;
    return --loop->until_look == 0 ? wh_loop_look(loop, error) : 0;
}

static inline __attribute__((always_inline)) int take_row(struct loop *loop, enum wh_verdict next,
                                                          struct wh_error *error)
{
    struct wh_run *run = loop->run;
    /* Under control records the writer did not get to the row's end: half a row may look whole. */
    if (__builtin_expect(loop->hop.begun && !run->reader->row->terminator, 0))
        return wh_stream_cut_off(loop, "row", error);
    run->rows_in++;
    loop->hop.rows++;
    if (!run->reader->row->raw && loop->rejects)
        keep_original(loop, run->reader->row);
    enum wh_verdict verdict = WH_BAD;
    if (next == WH_PASSED)
        verdict = wh_lane_row(&loop->lane, run->reader->row, error);
    else if (next == WH_CONTROL)
        verdict = refuse_record(loop, error);
    return settle_row(loop, verdict, error);
}

static int refuse_after_end(struct loop *loop, struct wh_error *error)
{
    wh_fail(error, WH_BROKEN, "rows follow the end");
    return wh_stream_broken(loop, error);
}

static inline __attribute__((always_inline)) int take(struct loop *loop, enum wh_verdict next,
                                                      struct wh_error *error)
{
    if (__builtin_expect(next == WH_FATAL, 0)) {
        loop->broken = true;
        return -1;
    }
    bool control = next == WH_CONTROL;
    if (__builtin_expect(!loop->opened, 0) && wh_stream_open(loop, next, error) != 0)
        return -1;
    if (next == WH_ENDED)
        return 1;
    if (control && (loop->hop.begun || loop->run->rows_in == 0))
        return wh_stream_take(loop, error);
    if (__builtin_expect(loop->hop.ended, 0))
        return refuse_after_end(loop, error);
    if (__builtin_expect(loop->run->rows_out >= loop->record_at, 0) && next == WH_PASSED
        && wh_stream_checkpoint(loop, false, error) != 0)
        return -1;
    return take_row(loop, next, error);
}

int wh_loop_take(struct loop *loop, enum wh_verdict next, struct wh_error *error)
{
    return take(loop, next, error);
}

int wh_loop_next(struct loop *loop, struct wh_error *error)
{
    return wh_loop_take(loop, wh_reader_next(loop->run->reader, error), error);
}

int wh_loop_judged(struct loop *loop, enum wh_verdict verdict, struct wh_error *error)
{
    if (loop->hop.ended)
        return refuse_after_end(loop, error);
    loop->run->rows_in++;
    loop->hop.rows++;
    return settle_row(loop, verdict, error);
}

int wh_loop_count(struct loop *loop, uint64_t in, uint64_t out, const char *bytes, size_t length,
                  struct wh_error *error)
{
    loop->run->rows_in += in;
    loop->hop.rows += in;
    loop->run->rows_out += out;
    if (!loop->writer || length == 0 || wh_writer_bytes(loop->writer, bytes, length, error) == 0)
        return 0;
    return wh_loop_output_failed(loop, error);
}

int wh_loop_rows(struct loop *loop, struct wh_error *error)
{
    struct wh_run *run = loop->run;
    while (run->limit == 0 || run->rows_in < run->limit) {
        int taken = take(loop, wh_reader_next(run->reader, error), error);
        if (taken != 0)
            return taken < 0 ? -1 : 0;
    }
    return 0;
}

int wh_loop_check_share(struct loop *loop, struct wh_error *error)
{
    const struct wh_run *run = loop->run;
    bool limited = run->settings->reject_limit.kind == WH_REJECT_SHARE;
    return limited && exceeds_share(run) ? refuse_more(loop, error) : 0;
}

int wh_loop_finish(struct loop *loop, struct wh_error *error)
{
    struct wh_run *run = loop->run;
    struct wh_stage *stage = run->stage;
    if (stage && stage->ops->settle && stage->ops->settle(stage, &loop->emit, error) != 0)
        return -1;
    /* Before the stage finishes: a run that fails by its bad rows must not commit a model. */
    if (wh_loop_check_share(loop, error) != 0)
        return -1;
    return stage && stage->ops->finish ? stage->ops->finish(stage, &loop->emit, error) : 0;
}

void wh_loop_open(struct loop *loop)
{
    const struct wh_run_settings *settings = loop->run->settings;
    loop->emit = (struct wh_emit){ .row = emit_row, .reject = late_reject };
    loop->begun = loop->looked = loop->ticked = wh_clock();
    loop->batch = loop->until_look = 1;
    loop->record_at = UINT64_MAX;
    wh_lane_open(&loop->lane, &settings->reading, settings->reading.strings, loop->run->stage,
                 &loop->emit);
}

void wh_loop_close(struct loop *loop)
{
    wh_row_free(&loop->original);
    wh_buffer_free(&loop->record);
    wh_lane_close(&loop->lane);
}
