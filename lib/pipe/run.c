#include "pipe/run.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
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
#include "pipe/parallel.h"
#include "pipe/stream.h"
#include "record/files.h"

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

static int run_stage(struct loop *loop, struct wh_error *error)
{
    if (loop->run->origin && wh_stream_begin(loop, error) != 0)
        return -1;
    int failed = loop->run->settings->threads > 1 ? wh_parallel_rows(loop, error)
                                                  : wh_loop_rows(loop, error);
    if (failed || wh_stream_close(loop, error) != 0) {
        wh_stream_fail(loop);
        return -1;
    }
    const struct wh_reading *reading = &loop->run->settings->reading;
    if (loop->lane.has_strings && wh_columns_check(reading->strings, true, NULL, error))
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
    wh_loop_open(loop);
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
    run->reader->before_wait = wh_loop_before_wait;
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
    struct loop loop = { .run = run };
    struct outcome outcome = { 0, error };
    if (begin(&loop, error) || run_stage(&loop, error))
        outcome.result = -1;
    run->reader->before_wait = NULL;
    wh_loop_lag(&loop, wh_clock());
    if (run->settings->display)
        run->settings->display->end(run->settings->display);
    end_output(&loop, &outcome);
    end_rejects(&loop, &outcome);
    end_stats(&loop, &outcome);
    publish(run, &outcome);
    wh_outlet_close(loop.outlet);
    wh_loop_close(&loop);
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
