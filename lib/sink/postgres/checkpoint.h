/*
 * A checkpoint C in PostgreSQL: a row of
 *
 *     wh_checkpoint(name text PRIMARY KEY, epoch text, n bigint, position text, updated_at)
 *
 * in the first schema of the search path that has such a table; without one it is made in the first
 * schema. `position` is JSON: {"position":...,"through":[...],"target":{...}}. Without that table,
 * or the row, C holds nothing.
 *
 * "target" identifies the table that the rows went to:
 *
 *     {"table":"public.orders","oid":16400,"checkpoint":16390}
 *
 * "checkpoint" is the OID of wh_checkpoint itself. Where that is still the same, "oid" identifies
 * the table: one that was dropped and created again has another. Where it is not, the database was
 * restored from a dump, which gives every table a new OID, and the name has to do. The member is
 * absent while the table does not exist, and in rows of earlier versions.
 */
#ifndef WH_SINK_POSTGRES_CHECKPOINT_H
#define WH_SINK_POSTGRES_CHECKPOINT_H

#include <libpq-fe.h>

#include "base/error.h"
#include "pipe/checkpoint.h"

/* Where C is. Found once, so that a later change of the search path leads nowhere else. */
struct wh_pg_checkpoint {
    const char *row; /* its name in the table */
    char *table;     /* schema and name, quoted where they need it; NULL: not found yet */
    Oid oid;         /* of the table */
};

/* The table that rows go to. */
struct wh_pg_target {
    const char *table; /* schema and name, quoted where they need it; NULL: it does not exist yet */
    Oid oid;
    const char *wanted; /* its name as the user gave it */
};

/* `row` must outlive it. */
void wh_pg_checkpoint_open(struct wh_pg_checkpoint *checkpoint, const char *row);
void wh_pg_checkpoint_close(struct wh_pg_checkpoint *checkpoint);

/* What the row holds; freed by wh_checkpoint_free. Not within a transaction. */
int wh_pg_checkpoint_read(struct wh_pg_checkpoint *checkpoint, PGconn *connection,
                          struct wh_checkpoint *held, struct wh_error *error);

/* Makes the table where there is none. Not within a transaction. */
int wh_pg_checkpoint_make(struct wh_pg_checkpoint *checkpoint, PGconn *connection,
                          struct wh_error *error);

/*
 * Whether `held`, which the row holds, belongs to `target`; WH_REFUSED with a remedy where it
 * belongs to another table, or to one that is gone, and WH_BROKEN where that is there by now.
 * Where it holds nothing, the tables of this name in other schemas are searched for a row that
 * belongs to `target`: WH_REFUSED where there is one, since the rows would come twice. Not within a
 * transaction.
 */
int wh_pg_checkpoint_check(const struct wh_pg_checkpoint *checkpoint, PGconn *connection,
                           const struct wh_checkpoint *held, const struct wh_pg_target *target,
                           struct wh_error *error);

/*
 * Within a transaction, which it begins by the SQL of `begin`: locks the row until its end, and
 * gives its place. Where there is none it puts one there for nobody else to see, so that of two
 * first runs one must wait for the other. WH_BROKEN where another run holds the lock.
 */
int wh_pg_checkpoint_lock(const struct wh_pg_checkpoint *checkpoint, PGconn *connection,
                          const char *begin, struct wh_place *held, struct wh_error *error);

/* Within that transaction: puts `next` in the place of `expected`. 0; 1 where the row holds
 * something else, or the target's name leads to another table; -1. */
int wh_pg_checkpoint_write(const struct wh_pg_checkpoint *checkpoint, PGconn *connection,
                           const struct wh_place *expected, const struct wh_checkpoint *next,
                           const struct wh_pg_target *target, struct wh_error *error);

#endif
