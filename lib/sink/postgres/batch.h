/*
 * A batch: rows on their way into the table by one COPY, and what is known of them should the
 * database refuse one.
 *
 * Lines are sent while they come in, a large piece at a time. What the server thinks of them is
 * heard at the end of the batch, or earlier where it has something to say.
 *
 * A batch that is kept stays in memory until the database has taken it, behind a savepoint. Where
 * it is refused, the rows at fault are found one by one: each is judged with all good rows before
 * it in place. Without --rejects the first of them fails the run, by its place in the input. A batch
 * that is not kept remembers only where each of its lines came from.
 *
 * Where COPY names the line at fault, the rows before it are copied again, and so on. Where the
 * fault is not told by its line (foreign keys, triggers, what happens on the way from the temporary
 * table), or where many lines are at fault, the server tries the rows itself (wh_pg_stage_search),
 * also those of the next batch; one that cannot gets smaller and smaller pieces of the batch. With
 * --rejects, rows of one key are each tried, too, though a later one of the batch takes the place of
 * the earlier.
 */
#ifndef WH_SINK_POSTGRES_BATCH_H
#define WH_SINK_POSTGRES_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "pipe/stage.h"
#include "record/held.h"
#include "sink/postgres/fault.h"
#include "sink/postgres/session.h"
#include "sink/postgres/staging.h"

/* Rows whose lines of the input follow each other. */
struct wh_pg_run {
    uint64_t first; /* row of the batch, from 0 */
    struct wh_source_place place;
};

struct wh_pg_batch {
    struct wh_pg_session *session;
    struct wh_pg_stage *stage;
    bool kept;
    bool rejects;           /* rows at fault go there */
    bool searching;         /* the server tries the rest of the batch row by row; and the next batch,
                               where enough of this one was refused */
    bool unsearchable;      /* it cannot do that */
    bool copying;           /* COPY has begun, */
    bool interrupted;       /* and the server has said something before its end */
    struct wh_buffer text;  /* the lines; of one that is not kept, those not sent yet */
    size_t sent;            /* of text */
    uint64_t count;         /* rows */
    uint64_t refused;       /* of these, so far */
    size_t bytes;           /* of all lines so far */
    size_t *ends;           /* kept: of each row's line in text */
    size_t capacity;        /* of ends */
    struct wh_held *held;   /* kept for rejects: the rows */
    struct wh_pg_run *runs;
    size_t run_count, run_capacity;
    struct wh_source_place begin; /* the first row since the last commit; source NULL: there is none */
    struct wh_source_place end;   /* the last row */
    struct wh_arena sources;
};

/* `session` and `stage` must stay. Zero-initialise; to be closed in any case. */
void wh_pg_batch_open(struct wh_pg_batch *batch, struct wh_pg_session *session,
                      struct wh_pg_stage *stage, bool rejects);
void wh_pg_batch_close(struct wh_pg_batch *batch);

/* The row whose line was just appended to batch->text. */
void wh_pg_batch_add(struct wh_pg_batch *batch, const struct wh_row *row);
/* Whether the batch has to be delivered before another row is added. */
bool wh_pg_batch_full(const struct wh_pg_batch *batch);
/* Sends what has come together, if that is enough, in a transaction that begins here. */
int wh_pg_batch_send(struct wh_pg_batch *batch, struct wh_error *error);
/* Delivers the rows; the batch is empty then. */
int wh_pg_batch_deliver(struct wh_pg_batch *batch, struct wh_emit *emit, struct wh_error *error);

/* Names the rows since the last commit, of which one is at fault, by their places. -1. */
int wh_pg_batch_blame(const struct wh_pg_batch *batch, struct wh_error *error);
/* The rows have been committed. */
void wh_pg_batch_committed(struct wh_pg_batch *batch);

#endif
