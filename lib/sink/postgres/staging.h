/*
 * How a batch gets into the table: the COPY ... FROM STDIN before its rows, the SQL behind them.
 *
 * Rows that are only added are copied into the table itself. Rows of a key go to a temporary table
 * first, with their number in the batch, and from there into the table or out of it, the last row
 * of each key alone. So do rows for what cannot be copied to: views, and tables whose rows are
 * guarded by policies.
 *
 * With --rejects the temporary table has columns as text whose values only the server can judge, so
 * that such a value is refused together with what else is at fault.
 *
 * Under --replace all rows go to the temporary table, which has the defaults of the table, and take
 * the place of what the table holds at commit, in one statement that deletes and inserts. So
 * readers see the old rows until the commit, and are never kept waiting (TRUNCATE would lock them
 * out, and show an empty table to transactions that began before); grants, indexes, views and
 * foreign keys of other tables stay. Other writers wait while the statement runs. The price is the
 * room of the old rows, which is free again after the next VACUUM.
 */
#ifndef WH_SINK_POSTGRES_STAGING_H
#define WH_SINK_POSTGRES_STAGING_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "sink/postgres/layout.h"
#include "sink/postgres/session.h"
#include "sink/postgres/table.h"
#include "sink/sink.h"

struct wh_pg_stage {
    const struct wh_pg_table *table;
    const struct wh_sink_request *request;
    bool staged;             /* rows go to the temporary table, ... */
    bool passes_on;          /* ... and from there on after each batch */
    const char *clear;       /* the SQL that empties it again; "" */
    const char *copied;      /* the name of the table that rows are copied to, in messages */
    uint64_t transaction;    /* the session's in which the temporary table was made */
    const struct wh_pg_layout *layout; /* the present one */
    struct wh_buffer before; /* its COPY; ends in a NUL */
    char *absent;            /* the query of rows that refer to what is not there; NULL: none */
    bool absent_known;       /* it has been looked up */
};

extern const char wh_pg_stage_name[]; /* of the temporary table, in messages */

/* `table` and `request` must stay. Refuses what --replace would break in other tables.
 * Zero-initialise; to be closed in any case. */
int wh_pg_stage_open(struct wh_pg_stage *stage, const struct wh_pg_table *table,
                     const struct wh_sink_request *request, PGconn *connection,
                     struct wh_error *error);
void wh_pg_stage_close(struct wh_pg_stage *stage);

/* Makes the SQL for batches of a layout, which must stay. */
void wh_pg_stage_lay(struct wh_pg_stage *stage, const struct wh_pg_layout *layout);
/* Appends the SQL, if there is any, that passes `count` rows on, of which no two are of one key
 * where `distinct`; each statement ends in a semicolon. */
void wh_pg_stage_pass(const struct wh_pg_stage *stage, uint64_t count, bool distinct,
                      struct wh_buffer *out);
/* In the open transaction, before a batch: the temporary table is there. */
int wh_pg_stage_begin(struct wh_pg_stage *stage, struct wh_pg_session *session,
                      struct wh_error *error);

/* Whether two of the rows in the temporary table are of one key, of which only the last would be
 * passed on; -1 on failure. */
int wh_pg_stage_repeats(const struct wh_pg_stage *stage, struct wh_pg_session *session,
                        struct wh_error *error);
/* Appends the COPY by which rows get into the temporary table whether or not they usually go there,
 * and makes it. */
int wh_pg_stage_copy_sql(struct wh_pg_stage *stage, struct wh_pg_session *session,
                         struct wh_buffer *out, struct wh_error *error);
/*
 * Passes the rows of the temporary table on in order, on the server, and empties it; what becomes
 * of each is what becomes of it by itself. `each`: two of them may be of one key.
 * `refused` are those that the table did not take, in order: for each its number (of the batch, or
 * without a key of those in the temporary table, from 0), and what wh_pg_fault_told takes;
 * PQclear() it. 0; 1 where the server cannot do that, the transaction having failed; -1.
 */
int wh_pg_stage_search(struct wh_pg_stage *stage, struct wh_pg_session *session, bool each,
                       PGresult **refused, struct wh_error *error);

/* In the open transaction: takes all rows out of the table. */
int wh_pg_stage_truncate(struct wh_pg_stage *stage, struct wh_pg_session *session,
                         struct wh_error *error);
/* In the open transaction: the rows of the temporary table take the place of the table's. Where
 * constraints refuse them the error is one of rows (`rule` set), which of them is not known. */
int wh_pg_stage_swap(struct wh_pg_stage *stage, struct wh_pg_session *session,
                     struct wh_error *error);

#endif
