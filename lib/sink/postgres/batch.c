#include "sink/postgres/batch.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/process.h"
#include "database/pgconnect.h"
#include "database/pgerror.h"
#include "database/pgquery.h"

enum {
    PIECE = 256 << 10,      /* sent at once */
    MOST_KEPT = 8 << 20,    /* bytes of lines in a batch that is kept, */
    MOST_HELD = 2 << 20,    /* or whose rows are, too */
    MOST_SENT = 64 << 20,   /* or that is not */
    MOST_ROWS = 1 << 20,
    FIRST_STEP = 256,       /* rows tried together after one that was at fault, at most */
    FEW_REFUSED = 8,        /* so many are found by their lines in any case, */
    SPARSE = 256,           /* and more where there is no more than one in so many rows */
};

void wh_pg_batch_open(struct wh_pg_batch *batch, struct wh_pg_session *session,
                      struct wh_pg_stage *stage, bool rejects)
{
    batch->session = session;
    batch->stage = stage;
    batch->rejects = rejects;
    batch->kept = rejects || stage->passes_on;
    batch->held = rejects ? wh_held_open() : NULL;
}

void wh_pg_batch_close(struct wh_pg_batch *batch)
{
    if (batch->copying)
        wh_pg_give_up_copy(batch->session->connection);
    wh_buffer_free(&batch->text);
    wh_held_close(batch->held);
    wh_arena_free(&batch->sources);
    free(batch->ends);
    free(batch->runs);
    *batch = (struct wh_pg_batch){ 0 };
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* Notes where the row came from. */
static void note_place(struct wh_pg_batch *batch, const struct wh_row *row)
{
    const char *source = row->source ? row->source : "";
    const struct wh_source_place before = batch->end;
    bool same = before.source && strcmp(before.source, source) == 0;
    batch->end = (struct wh_source_place){
        .source = same ? before.source : wh_arena_copy(&batch->sources, source, strlen(source)),
        .line = row->line,
        .counted = row->raw == NULL,
    };
    if (!batch->begin.source)
        batch->begin = batch->end;
    if (same && batch->count > 0 && row->line == before.line + 1)
        return;
    if (batch->run_count == batch->run_capacity) {
        batch->run_capacity = batch->run_capacity ? 2 * batch->run_capacity : 64;
        batch->runs = wh_resize(batch->runs, batch->run_capacity, sizeof *batch->runs);
    }
    batch->runs[batch->run_count++] = (struct wh_pg_run){ batch->count, batch->end };
}

void wh_pg_batch_add(struct wh_pg_batch *batch, const struct wh_row *row)
{
    note_place(batch, row);
    if (batch->kept) {
        if (batch->count == batch->capacity) {
            batch->capacity = batch->capacity ? 2 * batch->capacity : 1024;
            batch->ends = wh_resize(batch->ends, batch->capacity, sizeof *batch->ends);
        }
        batch->ends[batch->count] = batch->text.length;
    }
    if (batch->held)
        wh_held_add(batch->held, row);
    batch->count++;
}

bool wh_pg_batch_full(const struct wh_pg_batch *batch)
{
    size_t most = batch->held ? MOST_HELD : batch->kept ? MOST_KEPT : MOST_SENT;
    return batch->interrupted || batch->bytes + batch->text.length >= most
           || batch->count >= MOST_ROWS
           || (batch->held && wh_held_bytes(batch->held) >= 4 * MOST_HELD);
}

/* The next batch is tried row by row at once where this one turned out to need it. */
static bool stays_searching(const struct wh_pg_batch *batch)
{
    return batch->rejects && !batch->unsearchable && !batch->stage->request->replace
           && batch->refused > FEW_REFUSED && batch->refused * SPARSE > batch->count;
}

static void empty(struct wh_pg_batch *batch)
{
    batch->searching = stays_searching(batch);
    batch->text.length = batch->sent = batch->bytes = batch->run_count = 0;
    batch->count = batch->refused = 0;
    batch->copying = batch->interrupted = false;
    if (batch->held)
        wh_held_clear(batch->held);
}

/* ---- places ---------------------------------------------------------------------------------- */

static struct wh_source_place place_of(const struct wh_pg_batch *batch, uint64_t row)
{
    size_t low = 0, high = batch->run_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (batch->runs[middle].first <= row)
            low = middle;
        else
            high = middle;
    }
    struct wh_source_place place = batch->runs[low].place;
    place.line += row - batch->runs[low].first;
    return place;
}

/* Names the rows, of which one is at fault. */
static int blame_rows(struct wh_source_place from, struct wh_source_place to,
                      struct wh_error *error)
{
    bool same = strcmp(from.source, to.source) == 0;
    if (same && from.line == to.line)
        return wh_error_at(error, from);
    wh_error_at(error, (struct wh_source_place){ 0 });
    return wh_error_in(error, "one of the rows from %s:%" PRIu64 " to %s%s%" PRIu64, from.source,
                       from.line, same ? "" : to.source, same ? "" : ":", to.line);
}

int wh_pg_batch_blame(const struct wh_pg_batch *batch, struct wh_error *error)
{
    return batch->begin.source ? blame_rows(batch->begin, batch->end, error)
                               : wh_error_at(error, (struct wh_source_place){ 0 });
}

void wh_pg_batch_committed(struct wh_pg_batch *batch)
{
    batch->begin = batch->end = (struct wh_source_place){ 0 };
    wh_arena_reset(&batch->sources);
}

/* Whether the rows of the layout lack a column of the table. */
static bool lacks(const struct wh_pg_layout *layout, const char *column)
{
    for (uint32_t i = 0; i < layout->table->count; i++)
        if (strcmp(layout->table->columns[i].name, column) == 0)
            return layout->places[i] == WH_PG_NONE;
    return false;
}

/* The reason with what can be done about it. */
static struct wh_error advised(const struct wh_pg_batch *batch, const struct wh_pg_fault *fault)
{
    struct wh_error reason = fault->error;
    struct wh_buffer remedy = { 0 };
    const struct wh_pg_layout *layout = batch->stage->layout;
    const struct wh_refused refused = {
        .by = fault->by, .column = reason.column, .absent = lacks(layout, reason.column),
        .deleted = layout->op == WH_APPLY_DELETE,
    };
    wh_refused_remedy(&remedy, batch->stage->request, &refused);
    size_t used = strlen(reason.text), stop = used > 0 && reason.text[used - 1] == '.';
    if (remedy.length > 0 && used - stop + remedy.length < sizeof reason.text) {
        memcpy(reason.text + used - stop, remedy.data, remedy.length);
        reason.text[used - stop + remedy.length] = '\0';
    }
    wh_buffer_free(&remedy);
    return reason;
}

/* ---- COPY ------------------------------------------------------------------------------------ */

static int lost(struct wh_pg_batch *batch, struct wh_error *error)
{
    wh_pg_fail(error, batch->session->connection, NULL, NULL);
    return wh_pg_session_name(batch->session, error);
}

static int begin_copy(struct wh_pg_batch *batch, struct wh_error *error)
{
    struct wh_pg_session *session = batch->session;
    struct wh_buffer sql = { 0 };
    if (wh_pg_session_begin(session, error) || wh_pg_stage_begin(batch->stage, session, error))
        return -1;
    struct wh_buffer staging = { 0 };
    if (batch->searching && wh_pg_stage_copy_sql(batch->stage, session, &staging, error) != 0)
        return -1;
    wh_buffer_format(&sql, "%s%s", batch->kept ? "SAVEPOINT wh_batch;" : "",
                     batch->searching ? staging.data : batch->stage->before.data);
    wh_buffer_free(&staging);
    PGresult *result = wh_pg_exec(session->connection, sql.data);
    wh_buffer_free(&sql);
    batch->copying = PQresultStatus(result) == PGRES_COPY_IN;
    if (!batch->copying) {
        wh_pg_fail(error, session->connection, result, NULL);
        wh_pg_session_name(session, error);
    }
    PQclear(result);
    return batch->copying ? 0 : -1;
}

static int send_bytes(struct wh_pg_batch *batch, const char *bytes, size_t length,
                      struct wh_error *error)
{
    bool heard = batch->interrupted;
    int status = wh_pg_put(batch->session->connection, bytes, length, &heard);
    batch->interrupted = heard;
    return status == 0 ? 0 : lost(batch, error);
}

/* Whether the server has sent something, although it should only listen: most likely an error,
 * after which it throws away whatever else it gets. */
static bool interrupted(const struct wh_pg_batch *batch)
{
    struct pollfd socket = { .fd = PQsocket(batch->session->connection), .events = POLLIN };
    return poll(&socket, 1, 0) > 0;
}

int wh_pg_batch_send(struct wh_pg_batch *batch, struct wh_error *error)
{
    if (batch->text.length - batch->sent < PIECE)
        return 0;
    if (!batch->copying && begin_copy(batch, error))
        return -1;
    if (send_bytes(batch, batch->text.data + batch->sent, batch->text.length - batch->sent, error))
        return -1;
    batch->sent = batch->text.length;
    if (!batch->kept) {
        batch->bytes += batch->text.length;
        batch->text.length = batch->sent = 0;
    }
    batch->interrupted = batch->interrupted || interrupted(batch);
    return 0;
}

/* ---- delivery -------------------------------------------------------------------------------- */

/* What became of rows that were tried. */
enum outcome {
    FAILED = -1,
    GOOD,     /* the table has them, or the rejects those that it did not take */
    REFUSED,  /* they are at fault, and nothing of them is there */
    TRY_AGAIN /* nothing of them is there; the server cannot search */
};

/* Whether the server can try the rows one by one. */
static bool may_search(const struct wh_pg_batch *batch)
{
    return batch->rejects && !batch->unsearchable;
}

static int reject(struct wh_pg_batch *batch, uint64_t row, const struct wh_pg_fault *fault,
                  struct wh_emit *emit, struct wh_error *error)
{
    batch->refused++;
    return emit->reject(emit, wh_held_row(batch->held, row), &fault->error, error);
}

/* Has the server try what is in the temporary table, of which `each` row may have to be tried by
 * itself; without a key its first row is `first`. */
static enum outcome search(struct wh_pg_batch *batch, uint64_t first, bool each,
                           struct wh_emit *emit, struct wh_error *error)
{
    PGresult *refused;
    int status = wh_pg_stage_search(batch->stage, batch->session, each, &refused, error);
    if (status > 0)
        batch->unsearchable = true;
    if (status != 0)
        return status > 0 ? TRY_AGAIN : FAILED;
    uint64_t base = batch->stage->table->key_count > 0 ? 0 : first;
    for (int i = 0; status == 0 && i < PQntuples(refused); i++) {
        struct wh_pg_fault fault;
        uint64_t row = base + strtoull(PQgetvalue(refused, i, 0), NULL, 10);
        wh_pg_fault_told(&fault, refused, i);
        status = reject(batch, row, &fault, emit, error);
    }
    PQclear(refused);
    if (status == 0
        && wh_pg_command(batch->session->connection, "RELEASE SAVEPOINT wh_batch", error) != 0)
        status = wh_pg_session_name(batch->session, error);
    return status == 0 ? GOOD : FAILED;
}

/* What a result says that is no success. */
static enum outcome judge(struct wh_pg_batch *batch, const PGresult *result, const char *copied,
                          struct wh_pg_fault *fault, struct wh_error *error)
{
    wh_pg_fault_read(fault, batch->session->connection, result, copied);
    if (fault->rows)
        return REFUSED;
    *error = fault->error;
    wh_pg_session_name(batch->session, error);
    return FAILED;
}

/* Passes the `count` rows of the temporary table on, all at once. */
static enum outcome pass_together(struct wh_pg_batch *batch, uint64_t count, bool distinct,
                                  struct wh_pg_fault *fault, struct wh_error *error)
{
    PGconn *connection = batch->session->connection;
    struct wh_buffer sql = { 0 };
    enum outcome outcome = GOOD;
    wh_buffer_format(&sql, "%s", distinct ? "SAVEPOINT wh_pass;" : "");
    wh_pg_stage_pass(batch->stage, count, distinct, &sql);
    wh_buffer_format(&sql, "RELEASE SAVEPOINT wh_batch;%s", batch->stage->clear);
    PGresult *result = wh_pg_exec(connection, sql.data);
    wh_buffer_free(&sql);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        outcome = judge(batch, result, NULL, fault, error);
    PQclear(result);
    return outcome;
}

/* The rows [first, first + count) have been copied to the temporary table, and go on from there. */
static enum outcome pass_on(struct wh_pg_batch *batch, uint64_t first, uint64_t count,
                            struct wh_emit *emit, struct wh_pg_fault *fault, struct wh_error *error)
{
    bool distinct = may_search(batch) && batch->stage->passes_on;
    int repeats = distinct ? wh_pg_stage_repeats(batch->stage, batch->session, error) : 0;
    if (repeats < 0)
        return FAILED;
    if (repeats > 0 || (distinct && batch->searching))
        return search(batch, first, repeats > 0, emit, error);
    enum outcome outcome = pass_together(batch, count, distinct, fault, error);
    if (outcome != REFUSED || !distinct)
        return outcome;
    if (wh_pg_command(batch->session->connection, "ROLLBACK TO SAVEPOINT wh_pass", error) != 0) {
        wh_pg_session_name(batch->session, error);
        return FAILED;
    }
    return search(batch, first, false, emit, error);
}

/* Ends the COPY of the rows [first, first + count) and passes them on. Where they are REFUSED, what
 * was done since the savepoint is still to be taken back. */
static enum outcome end_copy(struct wh_pg_batch *batch, uint64_t first, uint64_t count,
                             struct wh_emit *emit, struct wh_pg_fault *fault,
                             struct wh_error *error)
{
    PGresult *result = wh_pg_put_end(batch->session->connection);
    enum outcome outcome = GOOD;
    const char *copied = batch->searching ? wh_pg_stage_name : batch->stage->copied;
    batch->copying = false;
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        outcome = judge(batch, result, copied, fault, error);
    PQclear(result);
    if (outcome != GOOD || !batch->kept)
        return outcome;
    return batch->searching && !batch->stage->staged
               ? search(batch, first, false, emit, error)
               : pass_on(batch, first, count, emit, fault, error);
}

/* Sends the rows [first, first + count), or what has not been sent of them yet, and hears what
 * becomes of them. */
static enum outcome try_once(struct wh_pg_batch *batch, uint64_t first, uint64_t count,
                             struct wh_emit *emit, struct wh_pg_fault *fault,
                             struct wh_error *error)
{
    size_t from = batch->sent, to = batch->text.length;
    if (!batch->copying) {
        from = batch->kept && first > 0 ? batch->ends[first - 1] : 0;
        to = batch->kept ? batch->ends[first + count - 1] : to;
        if (begin_copy(batch, error))
            return FAILED;
    }
    if (send_bytes(batch, batch->text.data + from, to - from, error))
        return FAILED;
    enum outcome outcome = end_copy(batch, first, count, emit, fault, error);
    if ((outcome == REFUSED || outcome == TRY_AGAIN) && batch->kept
        && wh_pg_command(batch->session->connection,
                         "ROLLBACK TO SAVEPOINT wh_batch; RELEASE SAVEPOINT wh_batch", error)) {
        wh_pg_session_name(batch->session, error);
        return FAILED;
    }
    return outcome;
}

static enum outcome try_rows(struct wh_pg_batch *batch, uint64_t first, uint64_t count,
                             struct wh_emit *emit, struct wh_pg_fault *fault,
                             struct wh_error *error)
{
    enum outcome outcome = try_once(batch, first, count, emit, fault, error);
    if (outcome != TRY_AGAIN)
        return outcome;
    batch->searching = false;
    return try_once(batch, first, count, emit, fault, error);
}

/* A row that was refused all by itself. */
static int give_up(struct wh_pg_batch *batch, uint64_t row, const struct wh_pg_fault *fault,
                   struct wh_emit *emit, struct wh_error *error)
{
    if (batch->rejects)
        return reject(batch, row, fault, emit, error);
    *error = advised(batch, fault);
    return wh_error_at(error, place_of(batch, row));
}

/* How far a batch was taken to pieces. */
struct pieces {
    uint64_t at;      /* the rows before have been settled */
    uint64_t tried;   /* rows from there on were refused together */
    uint64_t step;    /* rows to be tried together next, at most */
    bool named;       /* COPY has named a line on the way to the search, which does not help then */
    uint64_t refused; /* so far */
};

/* Has the server try the rest of the batch row by row, if it can; staged rows always get there. */
static bool begin_search(struct wh_pg_batch *batch, struct pieces *pieces)
{
    if (!may_search(batch) || batch->stage->staged)
        return false;
    batch->searching = true;
    pieces->step = batch->count;
    return true;
}

/* Takes the row at pieces->at for the one at fault. */
static int settle_row(struct wh_pg_batch *batch, struct pieces *pieces,
                      const struct wh_pg_fault *fault, struct wh_emit *emit,
                      struct wh_error *error)
{
    if (give_up(batch, pieces->at, fault, emit, error))
        return -1;
    pieces->at++;
    pieces->refused++;
    pieces->step = pieces->step > FIRST_STEP ? FIRST_STEP : pieces->step;
    if (pieces->refused > FEW_REFUSED && pieces->refused * SPARSE > pieces->at && !pieces->named)
        begin_search(batch, pieces);
    return wh_process_check(error);
}

/* After a refusal: finds the row at fault, or makes pieces smaller. */
static int refine(struct wh_pg_batch *batch, struct pieces *pieces, struct wh_pg_fault *fault,
                  struct wh_emit *emit, struct wh_error *error)
{
    uint64_t named = fault->line <= pieces->tried ? fault->line : 0;
    if (named > 0 && batch->searching) {
        pieces->named = true;
        batch->searching = false;
    }
    while (named > 1) {
        struct wh_pg_fault other;
        enum outcome outcome = try_rows(batch, pieces->at, named - 1, emit, &other, error);
        if (outcome == FAILED)
            return -1;
        if (outcome == GOOD) {
            pieces->at += named - 1;
            return settle_row(batch, pieces, fault, emit, error);
        }
        *fault = other;
        pieces->tried = named - 1;
        named = fault->line <= pieces->tried ? fault->line : 0;
    }
    if (named == 1 || pieces->tried == 1)
        return settle_row(batch, pieces, fault, emit, error);
    if (!begin_search(batch, pieces))
        pieces->step = pieces->tried / 2;
    return wh_process_check(error);
}

/* Takes a batch that was refused to pieces. */
static int split(struct wh_pg_batch *batch, struct wh_pg_fault *fault, struct wh_emit *emit,
                 struct wh_error *error)
{
    struct pieces pieces = { .tried = batch->count, .step = batch->count };
    for (;;) {
        if (refine(batch, &pieces, fault, emit, error))
            return -1;
        enum outcome outcome = GOOD;
        while (outcome == GOOD) {
            uint64_t left = batch->count - pieces.at;
            if (left == 0)
                return 0;
            pieces.tried = pieces.step > left ? left : pieces.step;
            outcome = try_rows(batch, pieces.at, pieces.tried, emit, fault, error);
            if (outcome == FAILED)
                return -1;
            pieces.at += outcome == GOOD ? pieces.tried : 0;
            pieces.step *= outcome == GOOD ? 2 : 1;
        }
    }
}

/* Rows that were not kept: the server names the line, or all of them are named. */
static int refuse(const struct wh_pg_batch *batch, const struct wh_pg_fault *fault,
                  struct wh_error *error)
{
    *error = advised(batch, fault);
    if (fault->line > 0 && fault->line <= batch->count)
        return wh_error_at(error, place_of(batch, fault->line - 1));
    return blame_rows(place_of(batch, 0), batch->end, error);
}

int wh_pg_batch_deliver(struct wh_pg_batch *batch, struct wh_emit *emit, struct wh_error *error)
{
    struct wh_pg_fault fault;
    if (batch->count == 0)
        return 0;
    enum outcome outcome = try_rows(batch, 0, batch->count, emit, &fault, error);
    int status = outcome == FAILED ? -1 : 0;
    if (outcome == REFUSED)
        status = batch->kept ? split(batch, &fault, emit, error) : refuse(batch, &fault, error);
    empty(batch);
    return status;
}
