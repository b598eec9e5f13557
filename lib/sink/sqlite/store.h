/*
 * A checkpoint C in an SQLite database: a row of
 *
 *     wh_checkpoint(name TEXT PRIMARY KEY, epoch TEXT, n INTEGER, position TEXT, updated_at TEXT)
 *
 * `position` is JSON: {"position":...,"through":[...],"target":{"table":"orders"}}. Without that
 * table, or the row, C holds nothing. "target" is absent while the rows' table does not exist, and
 * in rows of earlier versions. SQLite has nothing that tells a table from another of the same name
 * that was made in its place.
 */
#ifndef WH_SINK_SQLITE_STORE_H
#define WH_SINK_SQLITE_STORE_H

#include <sqlite3.h>

#include "base/error.h"
#include "pipe/checkpoint.h"

/* What the row `name` holds; freed by wh_checkpoint_free. */
int wh_sqlite_checkpoint_read(sqlite3 *database, const char *name, struct wh_checkpoint *held,
                              struct wh_error *error);

/* Whether `held`, which the row `name` holds, belongs to rows in `table` (NULL: the run has not
 * found the one that is `wanted`); WH_REFUSED with a remedy where they went to another, or to one
 * that is gone; WH_BROKEN where that is there by now. */
int wh_sqlite_checkpoint_check(sqlite3 *database, const struct wh_checkpoint *held,
                               const char *name, const char *table, const char *wanted,
                               struct wh_error *error);

/* Within a transaction: puts `next`, of rows in `table` (NULL: it does not exist yet), in the place
 * of `expected`. WH_BROKEN, naming what `shown` holds, where that is something else. */
int wh_sqlite_checkpoint_write(sqlite3 *database, const char *name, const char *shown,
                               const struct wh_place *expected, const struct wh_checkpoint *next,
                               const char *table, struct wh_error *error);

#endif
