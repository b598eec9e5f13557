#include "sink/postgres/postgres.h"

#include <inttypes.h>
#include <stdlib.h>

#include "database/pgconnect.h"
#include "record/held.h"
#include "sink/into.h"
#include "sink/postgres/batch.h"
#include "sink/postgres/layout.h"
#include "sink/postgres/session.h"
#include "sink/postgres/staging.h"
#include "sink/postgres/table.h"
#include "sink/schema.h"
#include "sink/sink.h"

enum { MOST_WAITING = 16 << 20 }; /* bytes of rows that settle the columns of a new table */

struct postgres {
    struct wh_sink sink;
    const struct wh_sink_request *request;
    struct wh_pg_session session;
    struct wh_pg_table table;
    struct wh_pg_layout layout;
    struct wh_pg_stage stage;
    struct wh_pg_batch batch;
    struct wh_schema *schema; /* of the table that is to be made; NULL: it is there */
    struct wh_held *waiting;  /* the rows that its columns are taken from */
};

/* ---- rows ------------------------------------------------------------------------------------ */

static int truncate_table(struct postgres *pg, struct wh_emit *emit, struct wh_error *error)
{
    if (wh_pg_batch_deliver(&pg->batch, emit, error) || wh_pg_session_begin(&pg->session, error))
        return -1;
    return wh_pg_stage_truncate(&pg->stage, &pg->session, error);
}

static enum wh_verdict take_row(struct postgres *pg, struct wh_row *row, struct wh_emit *emit,
                                struct wh_error *error)
{
    struct wh_pg_batch *batch = &pg->batch;
    struct wh_pg_plan *plan;
    enum wh_apply_op op;
    enum wh_verdict verdict = wh_pg_layout_plan(&pg->layout, row, &plan, &op, error);
    if (verdict != WH_TAKEN)
        return verdict;
    if (op == WH_APPLY_TRUNCATE)
        return truncate_table(pg, emit, error) ? WH_FATAL : WH_TAKEN;
    if (!wh_pg_layout_fits(&pg->layout, plan, op)) {
        if (wh_pg_batch_deliver(batch, emit, error))
            return WH_FATAL;
        wh_pg_layout_take(&pg->layout, plan, op);
        wh_pg_stage_lay(&pg->stage, &pg->layout);
    }
    if (wh_pg_layout_row(&pg->layout, plan, row, batch->count, &batch->text, error))
        return WH_BAD;
    wh_pg_batch_add(batch, row);
    if (wh_pg_batch_send(batch, error))
        return WH_FATAL;
    bool deliver = wh_pg_batch_full(batch);
    return deliver && wh_pg_batch_deliver(batch, emit, error) ? WH_FATAL : WH_TAKEN;
}

/* ---- a table that is made -------------------------------------------------------------------- */

/* The table is there and known: rows can be taken. */
static int get_ready(struct postgres *pg, struct wh_error *error)
{
    wh_pg_layout_open(&pg->layout, &pg->table, pg->request);
    if (wh_pg_stage_open(&pg->stage, &pg->table, pg->request, pg->session.connection, error))
        return wh_pg_session_name(&pg->session, error);
    wh_pg_batch_open(&pg->batch, &pg->session, &pg->stage, pg->request->rejects);
    pg->session.target = (struct wh_pg_target){ pg->table.name, pg->table.oid,
                                                pg->request->into->table };
    return 0;
}

static int make_table(struct postgres *pg, struct wh_error *error)
{
    struct wh_buffer sql = { 0 };
    int status = wh_schema_sql(pg->schema, WH_SQL_POSTGRES, 3, &sql, error);
    if (status == 0)
        status = wh_pg_session_begin(&pg->session, error);
    if (status == 0 && wh_pg_command(pg->session.connection, wh_buffer_text(&sql), error))
        status = wh_pg_session_name(&pg->session, error);
    wh_buffer_free(&sql);
    if (status == 0 && wh_pg_table_find(&pg->table, pg->session.connection, pg->request, error))
        status = wh_pg_session_name(&pg->session, error);
    status = status == 0 ? get_ready(pg, error) : -1;
    pg->layout.values.made = true;
    return status;
}

/* A row that waited turns out to be bad: the run has read on since. */
static int refuse_waiting(struct postgres *pg, const struct wh_row *row, struct wh_emit *emit,
                          struct wh_error *error)
{
    struct wh_error reason = *error;
    return pg->request->rejects ? emit->reject(emit, row, &reason, error)
                                : wh_error_at(error, wh_row_place(row));
}

/* Makes the table, if that was put off, and takes the rows that waited for it. */
static int settle_table(struct postgres *pg, struct wh_emit *emit, struct wh_error *error)
{
    if (!pg->schema || wh_schema_count(pg->schema) == 0)
        return 0;
    int status = make_table(pg, error);
    wh_schema_close(pg->schema);
    pg->schema = NULL;
    for (size_t i = 0; status == 0 && i < wh_held_count(pg->waiting); i++) {
        struct wh_row *row = wh_held_row(pg->waiting, i);
        enum wh_verdict verdict = take_row(pg, row, emit, error);
        if (verdict != WH_TAKEN)
            status = verdict == WH_FATAL ? -1 : refuse_waiting(pg, row, emit, error);
    }
    wh_held_clear(pg->waiting);
    return status;
}

static enum wh_verdict postgres_row(struct wh_sink *sink, struct wh_row *row, struct wh_emit *emit,
                                    struct wh_error *error)
{
    struct postgres *pg = (struct postgres *)(void *)sink;
    if (!pg->schema)
        return take_row(pg, row, emit, error);
    if (wh_schema_given(pg->schema))
        return settle_table(pg, emit, error) ? WH_FATAL : take_row(pg, row, emit, error);
    wh_schema_see(pg->schema, row);
    wh_held_add(pg->waiting, row);
    if (wh_held_count(pg->waiting) < WH_SCHEMA_ROWS && wh_held_bytes(pg->waiting) < MOST_WAITING)
        return WH_TAKEN;
    return settle_table(pg, emit, error) ? WH_FATAL : WH_TAKEN;
}

static bool postgres_waits(const struct wh_sink *sink)
{
    const struct postgres *pg = (const struct postgres *)(const void *)sink;
    return pg->schema && wh_held_count(pg->waiting) > 0;
}

/* ---- commit ---------------------------------------------------------------------------------- */

static int postgres_send(struct wh_sink *sink, struct wh_emit *emit, struct wh_error *error)
{
    struct postgres *pg = (struct postgres *)(void *)sink;
    if (settle_table(pg, emit, error))
        return -1;
    bool known = !pg->schema; /* else there was neither a table nor a row */
    return known ? wh_pg_batch_deliver(&pg->batch, emit, error) : 0;
}

/* Where nothing is rejected, a bad row ends the run whenever it is found. */
static int postgres_settle(struct wh_sink *sink, struct wh_emit *emit, struct wh_error *error)
{
    struct postgres *pg = (struct postgres *)(void *)sink;
    return pg->request->rejects ? postgres_send(sink, emit, error) : 0;
}

/* The transaction's end, when all rows are in it. */
static int commit(struct postgres *pg, bool swap, const struct wh_checkpoint *next,
                  const struct wh_place *expected, struct wh_error *error)
{
    struct wh_pg_session *session = &pg->session;
    if (!swap && !next && !session->open)
        return 0;
    int status = wh_pg_session_begin(session, error);
    if (status == 0 && swap)
        status = wh_pg_stage_swap(&pg->stage, session, error);
    if (status == 0)
        status = wh_pg_session_commit(session, next, expected, error);
    if (status != 0)
        return *error->rule ? wh_pg_batch_blame(&pg->batch, error) : -1;
    wh_pg_batch_committed(&pg->batch);
    pg->layout.values.made = false;
    return 0;
}

static int postgres_commit(struct wh_sink *sink, const struct wh_checkpoint *next,
                           const struct wh_place *expected, struct wh_emit *emit,
                           struct wh_error *error)
{
    struct postgres *pg = (struct postgres *)(void *)sink;
    if (postgres_send(sink, emit, error))
        return -1;
    return commit(pg, !pg->schema && pg->request->replace, next, expected, error);
}

static int postgres_checkpoint(struct wh_sink *sink, struct wh_checkpoint *held,
                               struct wh_error *error)
{
    struct postgres *pg = (struct postgres *)(void *)sink;
    return wh_pg_session_read(&pg->session, held, error);
}

static int postgres_belongs(struct wh_sink *sink, const struct wh_checkpoint *held,
                            struct wh_error *error)
{
    struct postgres *pg = (struct postgres *)(void *)sink;
    bool changed = pg->request->into->changed && !wh_place_none(&held->place);
    return changed ? 0 : wh_pg_session_belongs(&pg->session, held, error);
}

/* ---- opening --------------------------------------------------------------------------------- */

static void postgres_close(struct wh_sink *sink)
{
    struct postgres *pg = (struct postgres *)(void *)sink;
    wh_pg_batch_close(&pg->batch);
    wh_pg_stage_close(&pg->stage);
    wh_pg_layout_close(&pg->layout);
    wh_pg_table_free(&pg->table);
    wh_schema_close(pg->schema);
    wh_held_close(pg->waiting);
    wh_pg_session_close(&pg->session);
    free(pg);
}

static int open_table(struct postgres *pg, struct wh_error *error)
{
    PGconn *connection = pg->session.connection;
    int status = wh_pg_table_find(&pg->table, connection, pg->request, error);
    if (status == 0)
        return get_ready(pg, error);
    if (status > 0 && pg->request->into->create) {
        pg->waiting = wh_held_open();
        pg->schema = wh_schema_open(pg->request, error);
        return pg->schema ? 0 : -1;
    }
    if (status > 0)
        wh_pg_table_absent(connection, pg->request, error);
    return wh_pg_session_name(&pg->session, error);
}

struct wh_sink *wh_pg_sink_open(const struct wh_sink_request *request,
                                struct wh_error *error)
{
    static const struct wh_sink_ops ops = {
        .row = postgres_row,
        .settle = postgres_settle,
        .send = postgres_send,
        .commit = postgres_commit,
        .checkpoint = postgres_checkpoint, .belongs = postgres_belongs,
        .waits = postgres_waits,
        .close = postgres_close,
    };
    struct postgres *pg = wh_alloc(1, sizeof *pg);
    pg->sink.ops = &ops;
    pg->request = request;
    if (wh_pg_session_open(&pg->session, request, error) == 0 && open_table(pg, error) == 0)
        return &pg->sink;
    postgres_close(&pg->sink);
    return NULL;
}
