#include "pipe/parallel.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum {
    BATCH = 256 << 10,
    FEW = 16 << 10,   /* bytes that are not worth waking a thread for */
    SPARE = 2,        /* sessions beyond those that work */
    LARGE = 8,        /* batches: a buffer as large as that was for a long row and is not kept */
};

/* So many rows were taken, and came out. */
struct rows {
    uint64_t in, out;
    size_t end; /* of what came out, where it waits */
};

/* A record that is for the run's thread, after rows that are not. */
struct event {
    struct rows before; /* since the event before */
    size_t at;          /* where it is in the batch */
    uint64_t line;
    bool judged;        /* it is a row, and `verdict` and `error` are what became of it */
    enum wh_verdict verdict;
    struct wh_error error;
};

struct session {
    struct wh_emit emit; /* first: its stage emits to it */
    struct wh_lane lane;
    struct wh_stage *stage;      /* NULL: none */
    struct wh_columns *strings;  /* --string, NULL: none */
    struct wh_reader *reader;    /* of batches; NULL: none yet */
    struct wh_writer *writer;    /* NULL: nothing is written */
    struct wh_buffer *out;       /* where that waits; NULL */
    struct wh_batch batch;       /* its bytes are those of: */
    char *bytes;
    size_t room;
    uint64_t bytes_before;       /* the run's reader had read, before the batch */
    struct event *events;
    size_t count, event_room;
    struct rows rows;            /* since the last event */
    struct rows last;            /* after it, when the batch is done */
    bool done;                   /* under the lock */
};

struct parallel {
    struct loop *loop;
    size_t most, least; /* bytes of a batch */
    struct session *sessions; /* batch n is that of session n modulo their count; NULL: not opened */
    size_t count;
    uint64_t given, gathered; /* batches */
    struct wh_reader *again;  /* for records that are read again, of batches of the part: */
    uint64_t part;
    int (*before_wait)(void *context, struct wh_error *error); /* the run's */
    void *wait_context;
    bool rows_failed; /* while reading: not that has failed, but what became of rows before */

    pthread_t *threads;
    size_t started;
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    uint64_t queued, taken; /* batches: given out, and taken by threads */
    bool closing;
};

/* ---- sessions -------------------------------------------------------------------------------- */

static struct event *add_event(struct session *session)
{
    if (session->count == session->event_room) {
        session->event_room = session->event_room ? 2 * session->event_room : 4;
        session->events = wh_resize(session->events, session->event_room,
                                    sizeof *session->events);
    }
    const struct wh_row *row = session->reader->row;
    struct event *event = &session->events[session->count++];
    event->at = (size_t)(row->raw - session->bytes);
    event->line = row->line;
    event->judged = false;
    return event;
}

static void end_rows(struct session *session, struct rows *rows)
{
    *rows = session->rows;
    rows->end = session->out ? session->out->length : 0;
    session->rows = (struct rows){ 0, 0, 0 };
}

/* False where no row can follow. */
static bool work_on_next(struct session *session)
{
    struct wh_error error;
    enum wh_verdict next = wh_reader_next(session->reader, &error);
    enum wh_verdict verdict = WH_TAKEN;
    if (next == WH_ENDED)
        return false;
    if (next == WH_PASSED)
        verdict = wh_lane_row(&session->lane, session->reader->row, &error);
    if (next == WH_PASSED && verdict == WH_TAKEN) {
        session->rows.in++;
        return true;
    }
    struct event *event = add_event(session);
    end_rows(session, &event->before);
    if (next == WH_PASSED) {
        event->judged = true;
        event->verdict = verdict;
        event->error = error;
    }
    return next != WH_FATAL && verdict != WH_FATAL;
}

static void work_on_batch(struct session *session)
{
    session->count = 0;
    if (session->out)
        session->out->length = 0;
    session->rows = (struct rows){ 0, 0, 0 };
    session->reader->ops->begin(session->reader, &session->batch);
    while (work_on_next(session))
        continue;
    end_rows(session, &session->last);
}

static enum wh_verdict emit_row(struct wh_emit *emit, struct wh_row *row, struct wh_error *error)
{
    struct session *session = (struct session *)(void *)emit;
    enum wh_verdict verdict = session->writer ? wh_writer_row(session->writer, row, error)
                                              : WH_TAKEN;
    session->rows.out += verdict == WH_TAKEN && session->writer;
    return verdict;
}

/* Of stages that divide, none finds out about a row later. */
static int never_reject(struct wh_emit *emit, const struct wh_row *row,
                        const struct wh_error *reason, struct wh_error *error)
{
    (void)emit;
    (void)row;
    *error = *reason;
    return -1;
}

static int open_session(struct parallel *parallel, struct session *session, struct wh_error *error)
{
    struct loop *loop = parallel->loop;
    const struct wh_reading *reading = &loop->run->settings->reading;
    struct wh_stage *stage = loop->run->stage;
    if (stage && !(session->stage = stage->ops->session(stage, error)))
        return -1;
    if (reading->strings && wh_columns_parse(reading->strings_text, strlen(reading->strings_text),
                                             &session->strings, error) != 0)
        return -1;
    session->emit = (struct wh_emit){ .row = emit_row, .reject = never_reject };
    wh_lane_open(&session->lane, reading, session->strings, session->stage, &session->emit);
    session->lane.has_strings = true;
    if (loop->writer) {
        session->writer = wh_writer_session(loop->writer);
        session->out = wh_writer_waiting(session->writer);
    }
    return 0;
}

static void close_session(struct parallel *parallel, struct session *session)
{
    struct loop *loop = parallel->loop;
    struct wh_columns *strings = loop->run->settings->reading.strings;
    if (session->strings)
        wh_columns_set_found(strings, wh_columns_found(strings)
                                          | wh_columns_found(session->strings));
    if (session->writer) {
        wh_writer_merge(loop->writer, session->writer);
        wh_writer_discard(session->writer);
    }
    wh_lane_close(&session->lane);
    wh_reader_close(session->reader);
    if (session->stage)
        session->stage->ops->close(session->stage);
    wh_columns_free(session->strings);
    free(session->events);
    free(session->bytes);
}

/* ---- threads --------------------------------------------------------------------------------- */

static void *work(void *context)
{
    struct parallel *parallel = context;
    pthread_mutex_lock(&parallel->lock);
    for (;;) {
        while (parallel->taken == parallel->queued && !parallel->closing)
            pthread_cond_wait(&parallel->work, &parallel->lock);
        if (parallel->closing)
            break;
        struct session *session = &parallel->sessions[parallel->taken++ % parallel->count];
        pthread_mutex_unlock(&parallel->lock);
        work_on_batch(session);
        pthread_mutex_lock(&parallel->lock);
        session->done = true;
        pthread_cond_signal(&parallel->done);
    }
    pthread_mutex_unlock(&parallel->lock);
    return NULL;
}

/* Signals are for the thread of the run. Fewer threads than wanted do as well, and where the system
 * gives none the run's own does all the work (gather). */
static void start_threads(struct parallel *parallel)
{
    size_t wanted = parallel->count - SPARE;
    sigset_t all, before;
    sigfillset(&all);
    parallel->threads = wh_alloc(wanted, sizeof *parallel->threads);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (parallel->started < wanted
           && pthread_create(&parallel->threads[parallel->started], NULL, work, parallel) == 0)
        parallel->started++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static int open_sessions(struct parallel *parallel, struct wh_error *error)
{
    parallel->count = (size_t)parallel->loop->run->settings->threads + SPARE;
    parallel->sessions = wh_alloc(parallel->count, sizeof *parallel->sessions);
    for (size_t i = 0; i < parallel->count; i++)
        if (open_session(parallel, &parallel->sessions[i], error) != 0)
            return -1;
    start_threads(parallel);
    return 0;
}

/* What threads are at is finished, and forgotten. */
static void close_sessions(struct parallel *parallel)
{
    pthread_mutex_lock(&parallel->lock);
    parallel->closing = true;
    pthread_cond_broadcast(&parallel->work);
    pthread_mutex_unlock(&parallel->lock);
    for (size_t i = 0; i < parallel->started; i++)
        pthread_join(parallel->threads[i], NULL);
    for (size_t i = 0; parallel->sessions && i < parallel->count; i++)
        close_session(parallel, &parallel->sessions[i]);
    free(parallel->threads);
    free(parallel->sessions);
    wh_reader_close(parallel->again);
}

/* ---- handing out ----------------------------------------------------------------------------- */

/* The run's reader reads records of the session's batch again, from byte `at` on. */
static struct wh_reader *read_again(struct parallel *parallel, const struct session *session,
                                    size_t at, uint64_t line)
{
    if (parallel->again && parallel->part != session->batch.part) {
        wh_reader_close(parallel->again);
        parallel->again = NULL;
    }
    if (!parallel->again)
        parallel->again = parallel->loop->run->reader->ops->batches(parallel->loop->run->reader);
    parallel->part = session->batch.part;
    const struct wh_batch rest = { session->bytes + at, session->batch.length - at, line,
                                   session->batch.part };
    parallel->again->ops->begin(parallel->again, &rest);
    return parallel->again;
}

static enum wh_verdict drop_row(struct wh_emit *emit, struct wh_row *row, struct wh_error *error)
{
    (void)emit;
    (void)row;
    (void)error;
    return WH_TAKEN;
}

/* The run ends within the batch: of its rows only those before byte `end` are counted, by going
 * through the run's own stage as well. */
static void recount(struct parallel *parallel, const struct session *session, size_t end)
{
    struct wh_lane *lane = &parallel->loop->lane;
    struct wh_emit *emit = lane->emit, drop = { .row = drop_row, .reject = never_reject };
    struct wh_reader *again = read_again(parallel, session, 0, session->batch.line);
    struct wh_error ignored;
    enum wh_verdict next;
    lane->emit = &drop;
    while ((next = wh_reader_next(again, &ignored)) != WH_ENDED && next != WH_FATAL
           && (size_t)(again->row->raw - session->bytes) < end)
        if (next == WH_PASSED)
            wh_lane_row(lane, again->row, &ignored);
    lane->emit = emit;
}

static void merge(const struct parallel *parallel, const struct session *session)
{
    struct wh_stage *stage = parallel->loop->run->stage;
    if (stage)
        stage->ops->merge(stage, session->stage);
}

/* How far a batch has been handed out. */
struct course {
    const struct session *session;
    size_t out;   /* bytes that came out of it */
    size_t next;  /* after the last event: where the next record is */
    size_t end;   /* the rows before this byte of it count */
    bool counted; /* and have been, by the run's stage */
};

/* Deals with the record that was read again from byte `at` on; `event` is about it, or NULL. */
static int deal(struct parallel *parallel, struct course *course, size_t at, enum wh_verdict next,
                const struct event *event, struct wh_error *error)
{
    struct loop *loop = parallel->loop;
    struct wh_reader *reader = loop->run->reader;
    int failed;
    loop->run->reader = parallel->again;
    if (event && event->judged) {
        *error = event->error;
        failed = wh_loop_judged(loop, event->verdict, error);
    } else {
        failed = wh_loop_take(loop, next, error);
    }
    loop->run->reader = reader;
    course->next = at + (size_t)parallel->again->bytes;
    if (failed)
        reader->bytes = course->session->bytes_before + course->next;
    return failed ? -1 : 0;
}

/* None may follow the end of a stream: the first is refused. */
static int refuse_rows(struct parallel *parallel, struct course *course, struct wh_error *error)
{
    struct wh_reader *again = read_again(parallel, course->session, course->next, 0);
    enum wh_verdict next = wh_reader_next(again, error);
    return deal(parallel, course, course->next, next, NULL, error);
}

static int hand_out_rows(struct parallel *parallel, struct course *course, const struct rows *rows,
                         size_t next, struct wh_error *error)
{
    size_t length = rows->end - course->out;
    const char *bytes = length > 0 ? course->session->out->data + course->out : NULL;
    if (parallel->loop->hop.ended && rows->in > 0)
        return refuse_rows(parallel, course, error);
    int failed = wh_loop_count(parallel->loop, rows->in, rows->out, bytes, length, error);
    course->out = rows->end;
    if (failed == 0)
        course->end = next;
    return failed;
}

/* Before the end of a stream its stage is asked how all rows were; none may follow. */
static void count_for_end(struct parallel *parallel, struct course *course,
                          const struct event *event, const struct wh_row *row)
{
    const struct session *session = course->session;
    struct wh_control control;
    struct wh_error ignored;
    if (course->counted || wh_control_read(row->raw, row->raw_length, &control, &ignored) != 0)
        return;
    bool ends = control.kind == WH_CONTROL_END;
    wh_control_free(&control);
    bool last = session->last.in == 0;
    for (const struct event *other = event + 1; other < session->events + session->count; other++)
        last = last && other->before.in == 0 && !other->judged;
    if (ends && last)
        merge(parallel, session);
    else if (ends)
        recount(parallel, session, event->at);
    course->counted = ends;
}

static int hand_out_event(struct parallel *parallel, struct course *course,
                          const struct event *event, struct wh_error *error)
{
    struct wh_reader *again = read_again(parallel, course->session, event->at, event->line);
    enum wh_verdict next = wh_reader_next(again, error);
    if (next == WH_CONTROL) {
        count_for_end(parallel, course, event, again->row);
        again = read_again(parallel, course->session, event->at, event->line);
        next = wh_reader_next(again, error);
    }
    course->end = event->at + 1;
    return deal(parallel, course, event->at, next, event, error);
}

static int hand_out_all(struct parallel *parallel, struct course *course, struct wh_error *error)
{
    const struct session *session = course->session;
    for (size_t i = 0; i < session->count; i++) {
        const struct event *event = &session->events[i];
        if (hand_out_rows(parallel, course, &event->before, event->at, error) != 0
            || hand_out_event(parallel, course, event, error) != 0)
            return -1;
    }
    return hand_out_rows(parallel, course, &session->last, session->batch.length, error);
}

static int hand_out(struct parallel *parallel, const struct session *session,
                    struct wh_error *error)
{
    struct wh_reader *reader = parallel->loop->run->reader;
    uint64_t read = reader->bytes;
    struct course course = { .session = session };
    reader->bytes = session->bytes_before + session->batch.length;
    int failed = hand_out_all(parallel, &course, error);
    if (!course.counted && failed)
        recount(parallel, session, course.end);
    else if (!course.counted)
        merge(parallel, session);
    if (failed || wh_loop_look(parallel->loop, error) != 0)
        return -1;
    reader->bytes = read;
    return 0;
}

/* The oldest batch that is out. */
static int gather(struct parallel *parallel, struct wh_error *error)
{
    struct session *session = &parallel->sessions[parallel->gathered++ % parallel->count];
    if (parallel->started == 0)
        work_on_batch(session);
    pthread_mutex_lock(&parallel->lock);
    while (parallel->started > 0 && !session->done)
        pthread_cond_wait(&parallel->done, &parallel->lock);
    session->done = false;
    pthread_mutex_unlock(&parallel->lock);
    return hand_out(parallel, session, error);
}

static int gather_all(struct parallel *parallel, struct wh_error *error)
{
    while (parallel->gathered < parallel->given)
        if (gather(parallel, error) != 0)
            return -1;
    return 0;
}

static bool is_done(struct parallel *parallel)
{
    struct session *session = &parallel->sessions[parallel->gathered % parallel->count];
    pthread_mutex_lock(&parallel->lock);
    bool done = parallel->gathered < parallel->given && session->done;
    pthread_mutex_unlock(&parallel->lock);
    return done;
}

static int before_wait(void *context, struct wh_error *error)
{
    struct parallel *parallel = context;
    if (gather_all(parallel, error) != 0) {
        parallel->rows_failed = true;
        return -1;
    }
    return parallel->before_wait(parallel->wait_context, error);
}

/* ---- giving out ------------------------------------------------------------------------------ */

/* Whether the rows so far have settled all that sessions must know. */
static int may_divide(const struct parallel *parallel, struct wh_error *error)
{
    const struct loop *loop = parallel->loop;
    const struct wh_stage *stage = loop->run->stage;
    const struct wh_row *row = loop->run->reader->row;
    if (!loop->opened || (loop->writer && !wh_writer_begun(loop->writer)))
        return 0;
    if (loop->lane.strings && !loop->lane.has_strings && row->raw_format == WH_FORMAT_NDJSON)
        return 0;
    return parallel->sessions || !stage ? 1 : stage->ops->divides(stage, error);
}

static void keep_batch(struct session *session, const struct wh_batch *batch)
{
    size_t size = batch->length + WH_SLACK;
    if (session->room < size || session->room / LARGE > size + BATCH) {
        free(session->bytes);
        session->room = size + size / 4;
        session->bytes = wh_alloc(session->room, 1);
    }
    if (session->out && session->out->capacity / LARGE > size + BATCH)
        wh_buffer_free(session->out);
    memcpy(session->bytes, batch->bytes, batch->length);
    memset(session->bytes + batch->length, 0, WH_SLACK);
    uint64_t part = session->batch.part;
    session->batch = *batch;
    session->batch.bytes = session->bytes;
    if (session->reader && part != batch->part) {
        wh_reader_close(session->reader);
        session->reader = NULL;
    }
}

static int give(struct parallel *parallel, const struct wh_batch *batch, struct wh_error *error)
{
    const struct wh_reader *reader = parallel->loop->run->reader;
    if (!parallel->sessions && open_sessions(parallel, error) != 0)
        return -1;
    struct session *session = &parallel->sessions[parallel->given++ % parallel->count];
    keep_batch(session, batch);
    if (!session->reader)
        session->reader = reader->ops->batches(reader);
    session->bytes_before = reader->bytes - batch->length;
    pthread_mutex_lock(&parallel->lock);
    parallel->queued++;
    pthread_cond_signal(&parallel->work);
    pthread_mutex_unlock(&parallel->lock);
    return 0;
}

/* Reading has failed: the rows before that are still to be handed out. */
static int end_reading(struct parallel *parallel, struct wh_error *error)
{
    const struct wh_error reason = *error;
    if (parallel->rows_failed || gather_all(parallel, error) != 0)
        return -1;
    *error = reason;
    parallel->loop->broken = true;
    return -1;
}

/* 1: a batch was given out; 0: there is nothing to share out now. */
static int give_next(struct parallel *parallel, struct wh_error *error)
{
    struct wh_reader *reader = parallel->loop->run->reader;
    struct wh_batch batch;
    int divides = may_divide(parallel, error);
    if (divides <= 0)
        return divides;
    bool full = parallel->sessions && parallel->given - parallel->gathered == parallel->count;
    while (full || (parallel->sessions && is_done(parallel))) {
        if (gather(parallel, error) != 0)
            return -1;
        full = false;
    }
    size_t least = parallel->given == parallel->gathered ? parallel->least : 1;
    int cut = reader->ops->cut(reader, least, parallel->most, &batch, error);
    if (cut < 0)
        return end_reading(parallel, error);
    return cut == 0 || give(parallel, &batch, error) == 0 ? cut : -1;
}

static int read_rows(struct parallel *parallel, struct wh_error *error)
{
    struct loop *loop = parallel->loop;
    for (;;) {
        int given = give_next(parallel, error);
        if (given < 0)
            return -1;
        if (given > 0)
            continue;
        if (gather_all(parallel, error) != 0)
            return -1;
        int taken = wh_loop_next(loop, error);
        if (taken != 0)
            return taken < 0 ? -1 : 0;
    }
}

/* ---- the loop -------------------------------------------------------------------------------- */

static int check(const struct loop *loop, struct wh_error *error)
{
    const struct wh_stage *stage = loop->run->stage;
    if (!loop->run->reader->ops->cut || loop->run->origin || loop->run->limit > 0
        || (stage && !stage->ops->divides))
        return wh_fail(error, WH_REFUSED, "--threads: the rows go through one thread only (leave it "
                                          "out)");
    if (stage && stage->ops->divides(stage, error) < 0)
        return wh_refuse_in(error, "--threads");
    return 0;
}

int wh_parallel_rows(struct loop *loop, struct wh_error *error)
{
    struct wh_reader *reader = loop->run->reader;
    size_t batch = loop->run->settings->batch;
    if (check(loop, error) != 0)
        return -1;
    struct parallel parallel = {
        .loop = loop, .most = batch ? batch : BATCH, .least = batch ? 1 : FEW,
        .before_wait = reader->before_wait, .wait_context = reader->wait_context,
    };
    pthread_mutex_init(&parallel.lock, NULL);
    pthread_cond_init(&parallel.work, NULL);
    pthread_cond_init(&parallel.done, NULL);
    reader->before_wait = before_wait;
    reader->wait_context = &parallel;
    int failed = read_rows(&parallel, error);
    reader->before_wait = parallel.before_wait;
    reader->wait_context = parallel.wait_context;
    close_sessions(&parallel);
    pthread_cond_destroy(&parallel.done);
    pthread_cond_destroy(&parallel.work);
    pthread_mutex_destroy(&parallel.lock);
    return failed;
}
