/*
 * A checkpoint C in PostgreSQL: a row of
 *
 *     wh_checkpoint(name text PRIMARY KEY, epoch text, n bigint, position text, updated_at)
 *
 * in the schema that comes first in the search path. `position` is JSON: {"position":...,
 * "through":[...]}. Without that table, or the row, C holds nothing.
 */
#ifndef WH_SINK_POSTGRES_CHECKPOINT_H
#define WH_SINK_POSTGRES_CHECKPOINT_H

#include <libpq-fe.h>

#include "base/error.h"
#include "pipe/checkpoint.h"

/* What the row holds; freed by wh_checkpoint_free. Not within a transaction. */
int wh_pg_checkpoint_read(PGconn *connection, const char *row, struct wh_checkpoint *held,
                          struct wh_error *error);

/* Makes the table where it is not there. Not within a transaction. */
int wh_pg_checkpoint_make(PGconn *connection, struct wh_error *error);

/*
 * Within a transaction, which it begins by the SQL of `begin`: locks the row until its end, and
 * gives its place. Where there is none it puts one there for nobody else to see, so that of two
 * first runs one must wait for the other. WH_BROKEN where another run holds the lock.
 */
int wh_pg_checkpoint_lock(PGconn *connection, const char *begin, const char *row,
                          struct wh_place *held, struct wh_error *error);

/* Within that transaction: puts `next` in the place of `expected`. 0; 1 where the row holds
 * something else; -1. */
int wh_pg_checkpoint_write(PGconn *connection, const char *row, const struct wh_place *expected,
                           const struct wh_checkpoint *next, struct wh_error *error);

#endif
