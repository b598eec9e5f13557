#include "pipe/run.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/process.h"
#include "base/secrets.h"
#include "base/time.h"
#include "pipe/loop.h"
#include "pipe/stream.h"
#include "record/files.h"

/* The clock is looked at every so many rows at most, and every so many seconds at best. */
enum { LARGEST_BATCH = 1024 };
static const double LOOK_EVERY = 0.1, TICK_EVERY = 1.0;

/* From so many rows on a share of them is taken for the share of the whole. */
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
static void find_lag(struct loop *loop, double now)
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
    find_lag(loop, now);
    struct wh_run_progress progress = { run->rows_in, run->rows_rejected, run->reader->progress,
                                        run->has_lag ? &run->lag : NULL, line };
    run->settings->display->draw(run->settings->display, &progress, now);
}

/* Looks at the clock, and does what it is time for. */
static int look(struct loop *loop, struct wh_error *error)
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

static int before_wait(void *context, struct wh_error *error)
{
    struct loop *loop = context;
    if (wh_loop_flush(loop, error) != 0 || look(loop, error) != 0
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

enum { STRINGS_LOG2 = 4 }; /* shapes that are remembered */

/* The columns of --string in rows of one shape. */
struct strings {
    uint64_t serial;
    uint32_t *indices;
    int count;
};

/* Finds the columns of --string in a shape. The first row must have those that are named. */
static int find_strings(struct loop *loop, struct strings *strings, const struct wh_shape *shape,
                        struct wh_error *error)
{
    bool lenient = loop->has_strings;
    loop->has_strings = true;
    strings->indices = wh_resize(strings->indices, shape->count + 1, sizeof(uint32_t));
    strings->count = wh_columns_resolve(loop->run->settings->reading.strings, shape, lenient,
                                        strings->indices, error);
    strings->serial = shape->serial;
    if (strings->count >= 0)
        return 0;
    wh_columns_suggest_later(loop->run->settings->reading.strings, shape, error);
    return wh_refuse_in(error, "--string");
}

/* --string in NDJSON: numbers become strings, and strings are meant as such. */
static int declare_strings(struct loop *loop, struct wh_row *row, struct wh_error *error)
{
    if (row->raw_format != WH_FORMAT_NDJSON)
        return 0;
    struct strings *strings = wh_shape_cache_at(&loop->strings, row->shape->serial);
    if (strings->serial != row->shape->serial && find_strings(loop, strings, row->shape, error))
        return -1;
    for (int i = 0; i < strings->count; i++) {
        uint32_t index = strings->indices[i];
        struct wh_field *field = &row->fields[index];
        if (field->type == WH_NUMBER)
            wh_row_set_text(row, index, WH_STRING, field->text, field->length,
                            WH_JSON_SAFE | WH_DECLARED);
        else if (field->type == WH_STRING)
            field->flags |= WH_DECLARED;
    }
    return 0;
}

static enum wh_verdict pass_row(struct loop *loop, struct wh_error *error)
{
    struct wh_stage *stage = loop->run->stage;
    struct wh_row *row = loop->run->reader->row;
    wh_nulls_row(&loop->nulls, row);
    if (loop->run->settings->reading.strings && declare_strings(loop, row, error))
        return WH_FATAL;
    return stage ? stage->ops->row(stage, row, &loop->emit, error)
                 : emit_row(&loop->emit, row, error);
}

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

static int take_row(struct loop *loop, enum wh_verdict next, struct wh_error *error)
{
    struct wh_run *run = loop->run;
    /* Under control records the writer did not get to the row's end: half a row may look whole. */
    if (__builtin_expect(loop->hop.begun && !run->reader->row->terminator, 0))
        return wh_stream_cut_off(loop, "row", error);
    run->rows_in++;
    loop->hop.rows++;
    if (!run->reader->row->raw && loop->rejects)
        keep_original(loop, run->reader->row);
    enum wh_verdict verdict = next == WH_PASSED    ? pass_row(loop, error)
                              : next == WH_CONTROL ? refuse_record(loop, error)
                                                   : WH_BAD;
    if (verdict == WH_FATAL)
        return name_source(run->reader->row, error);
    if (verdict == WH_BAD && reject_read(loop, error) != 0)
        return -1;
    return --loop->until_look == 0 ? look(loop, error) : 0;
}

/* One row or record. 1 where the input is over. */
static int take_next(struct loop *loop, struct wh_error *error)
{
    enum wh_verdict next = wh_reader_next(loop->run->reader, error);
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
    if (__builtin_expect(loop->hop.ended, 0)) {
        wh_fail(error, WH_BROKEN, "rows follow the end");
        return wh_stream_broken(loop, error);
    }
    if (__builtin_expect(loop->run->rows_out >= loop->record_at, 0) && next == WH_PASSED
        && wh_stream_checkpoint(loop, false, error) != 0)
        return -1;
    return take_row(loop, next, error);
}

static int read_rows(struct loop *loop, struct wh_error *error)
{
    struct wh_run *run = loop->run;
    while (run->limit == 0 || run->rows_in < run->limit) {
        int taken = take_next(loop, error);
        if (taken != 0)
            return taken < 0 ? -1 : 0;
    }
    return 0;
}

/* CSV without rows is a header, if the reader knows the columns: of NDJSON only rows tell. */
static int write_header(struct loop *loop, struct wh_error *error)
{
    const struct wh_run *run = loop->run;
    const struct wh_row *last = run->reader->row;
    if (!loop->writer || wh_writer_begun(loop->writer) || !last || !last->shape ||
        last->raw_format == WH_FORMAT_NDJSON || (run->stage && !run->stage->ops->columns))
        return 0;
    struct wh_row header = {
        .shape = last->shape, .raw_format = last->raw_format, .delimiter = last->delimiter,
        .dialect = last->dialect, .order_mark = last->order_mark,
        .raw = last->raw, .terminator = last->terminator,
    };
    if (run->stage && run->stage->ops->columns(run->stage, &header, error))
        return -1;
    return wh_writer_begin(loop->writer, &header, error);
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

static int run_stage(struct loop *loop, struct wh_error *error)
{
    if (loop->run->origin && wh_stream_begin(loop, error) != 0)
        return -1;
    if (read_rows(loop, error) != 0 || wh_stream_close(loop, error) != 0) {
        wh_stream_fail(loop);
        return -1;
    }
    const struct wh_reading *reading = &loop->run->settings->reading;
    if (loop->has_strings && wh_columns_check(reading->strings, true, NULL, error))
        return wh_refuse_in(error, "--string");
    if (write_header(loop, error) != 0 ||
        (loop->writer && loop->run->rows_out && wh_writer_finish(loop->writer, error) != 0))
        return -1;
    return wh_stream_wait(loop, error);
}

static int begin(struct loop *loop, struct wh_error *error)
{
    struct wh_run *run = loop->run;
    const struct wh_run_settings *settings = run->settings;
    struct wh_display *display = settings->display;
    run->rows_in = run->rows_out = run->rows_rejected = run->bytes_in = run->bytes_out = 0;
    loop->begun = loop->looked = loop->ticked = wh_clock();
    loop->batch = loop->until_look = 1;
    loop->record_at = UINT64_MAX;
    wh_shape_cache_open(&loop->strings, sizeof(struct strings), STRINGS_LOG2);
    loop->nulls = wh_nulls_make(settings->reading.nulls, settings->reading.null_count);
    wh_process_catch(run->origin != NULL);
    if (settings->stats && !(loop->stats = wh_stats_open(settings->stats, error)))
        return -1;
    if (settings->rejects && !(loop->rejects = wh_rejects_open(settings->rejects, error)))
        return -1;
    if (run->output >= 0)
        wh_pipe_enlarge(run->output);
    loop->outlet = run->write ? wh_outlet_open_to(run->write, run->write_context)
                              : wh_outlet_open(run->output);
    loop->emit.outlet = loop->outlet;
    if (run->output >= 0 || run->write)
        loop->writer = wh_writer_open_to(wh_outlet_write, loop->outlet, &settings->writing);
    if (display)
        display->begin(display, run->output, loop->begun);
    run->reader->before_wait = before_wait;
    run->reader->wait_context = loop;
    return 0;
}

/* What became of a run: the first error is kept, later ones are most likely its consequence. */
struct outcome {
    int result;
    struct wh_error *error;
};

static void settle_outcome(struct outcome *outcome, int ended, const struct wh_error *ending)
{
    if (ended == 0 || outcome->result != 0)
        return;
    outcome->result = -1;
    *outcome->error = *ending;
}

/* Waits until all is saved and written; after a failure, until what is being saved is, since that
 * uses what the run closes next. */
static int settle_outlet(struct loop *loop, struct wh_error *error)
{
    struct wh_error ignored;
    if (wh_loop_save(loop, true, error) != 0) {
        wh_outlet_settle(loop->outlet, &ignored);
        return -1;
    }
    return wh_outlet_settle(loop->outlet, error) == 0 ? 0 : wh_loop_output_failed(loop, error);
}

/* Rows before a failure are not lost by it. */
static void end_output(struct loop *loop, struct outcome *outcome)
{
    struct wh_error ending;
    int ended = loop->writer ? wh_writer_flush(loop->writer, &ending) : 0;
    if (ended)
        wh_loop_output_failed(loop, &ending);
    settle_outcome(outcome, ended, &ending);
    ended = loop->outlet ? settle_outlet(loop, &ending) : 0;
    settle_outcome(outcome, ended, &ending);
    if (!loop->writer)
        return;
    loop->run->bytes_out = wh_writer_total(loop->writer);
    ended = wh_writer_close(loop->writer, &ending);
    settle_outcome(outcome, ended, &ending);
    ended = loop->run->write ? 0 : wh_close_output(loop->run->output, &ending);
    settle_outcome(outcome, ended, &ending);
}

static void end_rejects(struct loop *loop, struct outcome *outcome)
{
    const struct wh_run *run = loop->run;
    struct wh_error ending;
    wh_row_free(&loop->original);
    if (!loop->rejects)
        return;
    int ended = wh_rejects_close(loop->rejects, &ending);
    settle_outcome(outcome, ended, &ending);
    if (ended || run->rows_rejected == 0 || loop->too_many)
        return;
    char rejected[32], all[32];
    wh_notify_say(&run->settings->notify, "%s of %s rows rejected, see %s",
                  wh_count_text(run->rows_rejected, rejected), wh_count_text(run->rows_in, all),
                  run->settings->rejects);
}

static void set_count(json_t *object, const char *key, uint64_t count)
{
    json_object_set_new(object, key, json_integer((json_int_t)count));
}

json_t *wh_run_stats(const struct wh_run *run, const struct wh_error *failure)
{
    json_t *object = json_object();
    json_object_set_new(object, "tool", json_string(run->settings->tool));
    json_object_set_new(object, "version", json_string(WH_VERSION));
    set_count(object, "rows_in", run->rows_in);
    set_count(object, "rows_out", run->rows_out);
    set_count(object, "rows_rejected", run->rows_rejected);
    set_count(object, "bytes_in", run->bytes_in);
    set_count(object, "bytes_out", run->bytes_out);
    json_object_set_new(object, "seconds", json_real(round(run->seconds * 1e6) / 1e6));
    if (run->has_lag)
        json_object_set_new(object, "lag",
                            json_pack("{s:I, s:f}", "rows", (json_int_t)run->lag.rows, "seconds",
                                      round(run->lag.seconds * 1e3) / 1e3));
    if (run->stage && run->stage->ops->stats)
        run->stage->ops->stats(run->stage, object);
    if (failure)
        json_object_set_new(object, "error", wh_stats_text(failure->text));
    return object;
}

static void end_stats(struct loop *loop, struct outcome *outcome)
{
    struct wh_run *run = loop->run;
    struct wh_error ending;
    run->bytes_in = run->reader->bytes;
    run->seconds = wh_clock() - loop->begun;
    const struct wh_error *failure = outcome->result ? outcome->error : NULL;
    if (!loop->stats)
        return;
    int ended = wh_stats_close(loop->stats, wh_run_stats(run, failure), &ending);
    settle_outcome(outcome, ended, &ending);
}

/* All is written: the stage saves what it keeps, and says what became of the rows. */
static void publish(struct wh_run *run, struct outcome *outcome)
{
    struct wh_error ending;
    struct wh_stage *stage = run->stage;
    if (outcome->result != 0 || run->rehearsal || !stage)
        return;
    if (stage->ops->published)
        settle_outcome(outcome, stage->ops->published(stage, &ending), &ending);
    if (outcome->result == 0)
        wh_run_summary(run);
}

void wh_run_summary(const struct wh_run *run)
{
    struct wh_buffer lines = { 0 };
    if (!run->stage || !run->stage->ops->summary)
        return;
    run->stage->ops->summary(run->stage, run->seconds, &lines);
    wh_notify_lines(&run->settings->notify, wh_buffer_text(&lines));
    wh_buffer_free(&lines);
}

int wh_run(struct wh_run *run, struct wh_error *error)
{
    struct loop loop = { .emit = { .row = emit_row, .reject = late_reject }, .run = run };
    struct outcome outcome = { 0, error };
    if (begin(&loop, error) || run_stage(&loop, error))
        outcome.result = -1;
    run->reader->before_wait = NULL;
    find_lag(&loop, wh_clock());
    if (run->settings->display)
        run->settings->display->end(run->settings->display);
    end_output(&loop, &outcome);
    end_rejects(&loop, &outcome);
    end_stats(&loop, &outcome);
    publish(run, &outcome);
    wh_outlet_close(loop.outlet);
    wh_buffer_free(&loop.record);
    for (struct strings *strings = NULL; (strings = wh_shape_cache_next(&loop.strings, strings));)
        free(strings->indices);
    wh_shape_cache_close(&loop.strings);
    return outcome.result;
}

int wh_run_files(struct wh_run *run, const char *const *paths, size_t count,
                 struct wh_error *error)
{
    run->reader = wh_reader_open(&run->settings->reading, paths, count, error);
    int failed = run->reader ? wh_run(run, error) : -1;
    wh_reader_close(run->reader);
    run->reader = NULL;
    return failed;
}
