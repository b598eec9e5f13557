/*
 * A checkpoint C in an SQLite database: a row of
 *
 *     wh_checkpoint(name TEXT PRIMARY KEY, epoch TEXT, n INTEGER, position TEXT, updated_at TEXT)
 *
 * `position` is JSON: {"position":...,"through":[...]}. Without that table, or the row, C holds
 * nothing.
 */
#ifndef WH_SINK_SQLITE_STORE_H
#define WH_SINK_SQLITE_STORE_H

#include <sqlite3.h>

#include "base/error.h"
#include "pipe/checkpoint.h"

/* What the row `name` holds; freed by wh_checkpoint_free. */
int wh_sqlite_checkpoint_read(sqlite3 *database, const char *name, struct wh_checkpoint *held,
                              struct wh_error *error);

/* Within a transaction: puts `next` in the place of `expected`. WH_BROKEN, naming what `shown`
 * holds, where that is something else. */
int wh_sqlite_checkpoint_write(sqlite3 *database, const char *name, const char *shown,
                               const struct wh_place *expected, const struct wh_checkpoint *next,
                               struct wh_error *error);

#endif
