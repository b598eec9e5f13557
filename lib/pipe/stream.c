#include "pipe/stream.h"

#include <inttypes.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/time.h"

/* Seconds to wait for the sink's commit after the end; fewer where somebody wants us gone. */
static const double PATIENCE = 30, PATIENCE_STOPPED = 2;

static uint64_t rows_since(const struct loop *loop)
{
    return loop->run->rows_out - loop->record_rows;
}

/* Writes the first `length` bytes of loop->record, and what stands before them. */
static int write_bytes(struct loop *loop, size_t length, struct wh_error *error)
{
    loop->record_rows = loop->run->rows_out;
    if (loop->writer && wh_writer_bytes(loop->writer, loop->record.data, length, error) != 0)
        return wh_loop_output_failed(loop, error);
    return wh_loop_flush(loop, error);
}

/* Writes loop->record, and what stands before it. */
static int write_record(struct loop *loop, struct wh_error *error)
{
    return write_bytes(loop, loop->record.length, error);
}

/* The same with the record of a checkpoint, which leaves when all is safe that was handed to the
 * outlet. Only the `last` of a stream is never skipped. */
static int write_checkpoint_record(struct loop *loop, uint64_t n, bool last,
                                   struct wh_error *error)
{
    if (!loop->writer)
        return wh_loop_save(loop, true, error);
    if (!wh_outlet_saves(loop->outlet))
        return write_record(loop, error);
    size_t length = loop->record.length;
    if (write_bytes(loop, 0, error) != 0)
        return -1;
    wh_buffer_reserve(&loop->record, length);
    if (!last)
        wh_control_skip(&loop->record, loop->record.data, length);
    wh_outlet_record(loop->outlet, n, last ? NULL : loop->record.data + length,
                     loop->record.length - length);
    return write_bytes(loop, length, error);
}

/* ---- passing on ------------------------------------------------------------------------------ */

static int pass_on(struct loop *loop, const struct wh_control *control, struct wh_error *error)
{
    const struct wh_run *run = loop->run;
    const char *recipe = NULL;
    if (control->kind == WH_CONTROL_BEGIN && run->stage && run->stage->ops->recipe)
        recipe = run->stage->ops->recipe(run->stage);
    loop->record.length = 0;
    wh_control_print(&loop->record, control, rows_since(loop), run->settings->tool, recipe);
    bool last = control->kind == WH_CONTROL_END;
    return last || control->kind == WH_CONTROL_CHECKPOINT
               ? write_checkpoint_record(loop, control->place.n, last, error)
               : write_record(loop, error);
}

static int refuse_csv(const struct loop *loop, struct wh_error *error)
{
    if (!loop->writer || loop->run->settings->writing.format != WH_FORMAT_CSV)
        return 0;
    return wh_fail(error, WH_REFUSED, "CSV has no room for control records: leave out "
                                      "--output-format, or convert after the last tool that needs "
                                      "them");
}

static int take_begin(struct loop *loop, const struct wh_control *control, struct wh_error *error)
{
    struct wh_stage *stage = loop->run->stage;
    wh_process_hold_pipe();
    if (refuse_csv(loop, error) != 0)
        return -1;
    if (stage && stage->ops->begin && stage->ops->begin(stage, control, error) != 0)
        return -1;
    /* Last, for it may cut what another run has written, if the stage knows of none. */
    if (loop->rejects && wh_rejects_resume(loop->rejects, control, error) != 0)
        return -1;
    return pass_on(loop, control, error);
}

/* The sink is known to hold so much. */
static int take_committed(struct loop *loop, const struct wh_place *place, struct wh_error *error)
{
    struct wh_stage *stage = loop->run->stage;
    if (place->n == 0)
        return 0;
    /* Which it is, unless somebody makes the records up. */
    if (wh_outlet_await(loop->outlet, place->n, error) != 0)
        return wh_loop_output_failed(loop, error);
    if (loop->rejects && wh_rejects_committed(loop->rejects, place->n, error) != 0)
        return -1;
    return stage && stage->ops->committed ? stage->ops->committed(stage, place, error) : 0;
}

/* Hands in what has to be safe before the record goes on; a sink commits last of all. */
static int save_checkpoint(struct loop *loop, const struct wh_control *control,
                           struct wh_error *error)
{
    struct wh_stage *stage = loop->run->stage;
    if (stage && stage->ops->settle && stage->ops->settle(stage, &loop->emit, error) != 0)
        return -1;
    if (control->kind == WH_CONTROL_END && wh_loop_check_share(loop, error) != 0)
        return -1;
    if (!loop->hop.marked && loop->rejects
        && wh_rejects_checkpoint(loop->rejects, &control->place, loop->outlet, error) != 0)
        return -1;
    /* Of a sink this is only the rejects, and the next checkpoint's will do as well. */
    if (!loop->writer && wh_loop_save(loop, control->kind == WH_CONTROL_END, error) != 0)
        return -1;
    return stage && stage->ops->checkpoint
               ? stage->ops->checkpoint(stage, control, &loop->emit, error) : 0;
}

static int take_checkpoint(struct loop *loop, const struct wh_control *control,
                           struct wh_error *error)
{
    if (control->kind == WH_CONTROL_END && wh_loop_finish(loop, error) != 0)
        return -1;
    if (control->kind != WH_CONTROL_SKIPPED && save_checkpoint(loop, control, error) != 0)
        return -1;
    if (pass_on(loop, control, error) != 0)
        return -1;
    struct wh_place held = control->place;
    held.n = control->committed;
    return take_committed(loop, &held, error);
}

/* Behind the end nobody needs to be there any more to read it. */
static int take_last(struct loop *loop, const struct wh_control *control, struct wh_error *error)
{
    struct wh_error ignored;
    pass_on(loop, control, &ignored);
    return take_committed(loop, &control->place, error);
}

/* ---- failures -------------------------------------------------------------------------------- */

static void set_farewell(struct loop *loop, const char *tool, const char *what)
{
    const struct wh_run_settings *settings = loop->run->settings;
    if (!settings->farewell)
        return;
    settings->farewell->length = 0;
    if (loop->writer)
        wh_control_failed(settings->farewell, tool, what, settings->tool);
}

void wh_run_owe_farewell(const struct wh_run_settings *settings)
{
    int stopped = wh_process_stop();
    if (!settings->farewell)
        return;
    settings->farewell->length = 0;
    wh_control_failed(settings->farewell, settings->tool,
                      stopped == SIGINT ? "was ended by SIGINT"
                      : stopped         ? "was ended by SIGTERM" : "failed", settings->tool);
}

static bool owes_farewell(const struct loop *loop)
{
    const struct wh_buffer *farewell = loop->run->settings->farewell;
    return farewell && farewell->length > 0;
}

/* What is kept in a file, or shown on a terminal, is not on its way to a sink. */
static bool goes_to_a_tool(int output)
{
    struct stat status;
    return fstat(output, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

/* ---- taking in ------------------------------------------------------------------------------- */

static int take(struct loop *loop, const struct wh_control *control, struct wh_error *error)
{
    loop->broken = true;
    if (control->kind == WH_CONTROL_FAILED)
        set_farewell(loop, control->tool, control->what);
    if (wh_hop_take(&loop->hop, control, loop->run->settings->tool, error) != 0)
        return -1;
    loop->broken = false;
    switch (control->kind) {
    case WH_CONTROL_BEGIN:
        return take_begin(loop, control, error);
    case WH_CONTROL_CHECKPOINT:
    case WH_CONTROL_SKIPPED:
    case WH_CONTROL_END:
        return take_checkpoint(loop, control, error);
    case WH_CONTROL_COMMITTED:
        return take_last(loop, control, error);
    case WH_CONTROL_FAILED:
    case WH_CONTROL_SCHEMA:
        break;
    }
    return pass_on(loop, control, error);
}

int wh_stream_broken(struct loop *loop, struct wh_error *error)
{
    loop->broken = true;
    error->status = WH_BROKEN;
    return wh_error_in(error, "the stream is broken between %s and %s",
                       *loop->hop.by ? loop->hop.by : "the source", loop->run->settings->tool);
}

int wh_stream_cut_off(struct loop *loop, const char *what, struct wh_error *error)
{
    wh_fail(error, WH_BROKEN, "it is cut off in the middle of a %s (%s, or a tool before it, did "
            "not finish)", what, *loop->hop.by ? loop->hop.by : "the source");
    return wh_stream_broken(loop, error);
}

int wh_stream_take(struct loop *loop, struct wh_error *error)
{
    const struct wh_row *row = loop->run->reader->row;
    struct wh_control control;
    if (!row->terminator)
        return wh_stream_cut_off(loop, "control record", error);
    if (wh_control_read(row->raw, row->raw_length, &control, error) != 0)
        return wh_stream_broken(loop, error);
    int result = take(loop, &control, error);
    wh_control_free(&control);
    return result;
}

/* Under control records whoever reads the output must stay until the end. */
int wh_stream_unread(const struct loop *loop, struct wh_error *error)
{
    (void)loop;
    return wh_fail(error, WH_BROKEN, "stopped, since the tool after it has ended");
}

int wh_stream_check_output(struct loop *loop, struct wh_error *error)
{
    if (loop->run->output < 0 || !wh_stream_controlled(loop) || loop->hop.closed
        || !wh_write_closed(loop->run->output, 0))
        return 0;
    loop->broken = true;
    return wh_stream_unread(loop, error);
}

/* ---- the source ------------------------------------------------------------------------------ */

static json_t *position(struct loop *loop, bool behind)
{
    struct wh_reader *reader = loop->run->reader;
    return reader->ops->position ? reader->ops->position(reader, behind) : NULL;
}

static void set_next(struct loop *loop)
{
    const struct wh_origin *origin = loop->run->origin;
    uint64_t rows = origin ? wh_origin_rows(origin) : 0;
    loop->record_at = rows > 0 ? loop->run->rows_out + rows : UINT64_MAX;
}

int wh_stream_begin(struct loop *loop, struct wh_error *error)
{
    struct wh_origin *origin = loop->run->origin;
    struct wh_control stream = wh_origin_stream(origin);
    wh_process_hold_pipe();
    if (loop->rejects && wh_rejects_resume(loop->rejects, &stream, error) != 0)
        return -1;
    json_t *start = wh_origin_resumes(origin) ? position(loop, true) : NULL;
    loop->record.length = 0;
    wh_origin_begin(origin, &loop->record, start);
    json_decref(start);
    set_next(loop);
    return write_record(loop, error);
}

/* Called with the first row or record of the input, or at its end. */
int wh_stream_open(struct loop *loop, enum wh_verdict first, struct wh_error *error)
{
    bool control = first == WH_CONTROL;
    loop->opened = true;
    if (loop->run->origin && control)
        return wh_fail(error, WH_REFUSED, "the input has control records already, which another "
                                          "wh-extract has made: leave out --checkpoint and --mark");
    /* Under control records the begin tells how much of the file is to stay. */
    bool plain = !control && !loop->run->origin;
    return plain && loop->rejects
               ? wh_rejects_start(loop->rejects, first == WH_ENDED, error) : 0;
}

/* The reader may let go of what the sink was last seen to hold. */
static int tell_reader(struct loop *loop, struct wh_error *error)
{
    struct wh_reader *reader = loop->run->reader;
    const struct wh_origin *origin = loop->run->origin;
    uint64_t n = wh_origin_committed(origin);
    if (!reader->ops->committed || n == loop->told)
        return 0;
    loop->told = n;
    return reader->ops->committed(reader, wh_origin_committed_position(origin), error);
}

static int write_checkpoint(struct loop *loop, bool end, const json_t *place,
                            struct wh_error *error)
{
    struct wh_origin *origin = loop->run->origin;
    struct wh_place next = wh_origin_next(origin);
    if (place && loop->rejects
        && wh_rejects_checkpoint(loop->rejects, &next, loop->outlet, error) != 0)
        return -1;
    loop->record.length = 0;
    if (wh_origin_checkpoint(origin, &loop->record, end, rows_since(loop), place, wh_clock(),
                             error) != 0)
        return -1;
    set_next(loop);
    if (write_checkpoint_record(loop, next.n, end, error) != 0 || tell_reader(loop, error) != 0)
        return -1;
    return loop->rejects ? wh_rejects_committed(loop->rejects, wh_origin_committed(origin), error)
                         : 0;
}

int wh_stream_checkpoint(struct loop *loop, bool behind, struct wh_error *error)
{
    json_t *place = position(loop, behind);
    if (!place) { /* perhaps at the next row */
        loop->record_at = 0;
        return 0;
    }
    int result = write_checkpoint(loop, false, place, error);
    json_decref(place);
    return result;
}

void wh_stream_look(struct loop *loop, double now)
{
    struct wh_origin *origin = loop->run->origin;
    if (origin && wh_origin_due(origin, now))
        loop->record_at = 0;
}

/* ---- ends ------------------------------------------------------------------------------------ */

/* The next run gives a row that was held back, if its end has come by then. */
static void tell_held(const struct loop *loop)
{
    const struct wh_reader *reader = loop->run->reader;
    if (reader->held_line > 0)
        wh_notify_say(&loop->run->settings->notify, "%s:%" PRIu64 ": the last row is held back until its end "
                  "comes: it has no line end, or is within an open quote (add a line end; "
                  "--complete takes the row as it is)", reader->row->source, reader->held_line);
}

static int end_origin(struct loop *loop, struct wh_error *error)
{
    bool resumes = wh_origin_resumes(loop->run->origin);
    json_t *place = resumes ? position(loop, true) : NULL;
    if (resumes && !place)
        return wh_fail(error, WH_REFUSED, "the last rows cannot be told apart, so no later run "
                                          "could continue after them (see --since)");
    int result = write_checkpoint(loop, true, place, error);
    json_decref(place);
    loop->hop.ended = result == 0;
    if (result == 0) {
        if (owes_farewell(loop))
            loop->run->settings->farewell->length = 0;
        tell_held(loop);
    }
    return result;
}

int wh_stream_close(struct loop *loop, struct wh_error *error)
{
    loop->broken = true;
    if (wh_hop_close(&loop->hop, loop->run->settings->tool, error) != 0)
        return -1;
    loop->broken = false;
    if (!loop->hop.begun && wh_loop_finish(loop, error) != 0)
        return -1;
    return loop->run->origin ? end_origin(loop, error) : 0;
}

void wh_stream_fail(struct loop *loop)
{
    struct wh_stage *stage = loop->run->stage;
    struct wh_error ignored;
    if (loop->writer && wh_stream_controlled(loop) && !loop->hop.ended
        && !owes_farewell(loop))
        wh_run_owe_farewell(loop->run->settings);
    if (loop->run->origin) {
        /* Not where something else has failed meanwhile: rows or rejects may be lost. */
        if (wh_process_stop() && loop->broken && wh_origin_resumes(loop->run->origin))
            end_origin(loop, &ignored);
    } else if (loop->hop.begun && loop->broken && stage && stage->ops->broken) {
        stage->ops->broken(stage, &ignored);
    }
}

int wh_stream_wait(struct loop *loop, struct wh_error *error)
{
    struct wh_run *run = loop->run;
    if (!run->origin || !wh_origin_resumes(run->origin) || !loop->hop.ended)
        return 0;
    bool done, unread;
    double patience = goes_to_a_tool(run->output) ? PATIENCE : 0;
    if (wh_outlet_settle(loop->outlet, error) != 0)
        return wh_loop_output_failed(loop, error);
    loop->record.length = 0;
    if (wh_origin_wait(run->origin, &loop->record, run->output, patience, PATIENCE_STOPPED, &done,
                       &unread, error) != 0
        || tell_reader(loop, error) != 0)
        return -1;
    if (unread && !done)
        return wh_stream_unread(loop, error);
    if (done) {
        struct wh_error ignored;
        write_record(loop, &ignored);
        return loop->rejects ? wh_rejects_committed(loop->rejects, wh_origin_committed(run->origin),
                                                    error) : 0;
    }
    if (wh_process_check(error) != 0)
        return -1;
    struct wh_lag lag = wh_origin_lag(run->origin, 0, wh_clock());
    wh_notify_say(&run->settings->notify, "the sink has not committed all yet (rows left: %" PRIu64 "); the next "
              "run continues from what it did commit (is --checkpoint the same at both ends?)",
              lag.rows);
    return 0;
}
