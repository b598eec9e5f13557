/*
 * SQLite databases, as sources, targets and checkpoints open them, and what they complain about.
 */
#ifndef WH_DATABASE_SQLITE_H
#define WH_DATABASE_SQLITE_H

#include <sqlite3.h>
#include <stdbool.h>

#include "base/error.h"

enum { WH_SQLITE_PATIENCE = 10000 }; /* milliseconds that others are waited for */

enum wh_sqlite_mode { WH_SQLITE_READ, WH_SQLITE_WRITE, WH_SQLITE_CREATE };

/*
 * Opens the file at `path`, which only WH_SQLITE_CREATE makes where it is not there. Another
 * process that is writing is waited for, WH_SQLITE_PATIENCE at most. A signal that asks for the end
 * of the run ends that, and long statements too, as failures. NULL on failure; the text
 * does not name the database. sqlite3_close() it.
 */
sqlite3 *wh_sqlite_open(const char *path, enum wh_sqlite_mode mode, struct wh_error *error);

/* Whether others who hold a lock are waited for, as they are after wh_sqlite_open. */
void wh_sqlite_wait(sqlite3 *database, bool wait);

/*
 * Fills `error` by what the database says of the last call, and returns -1. The status tells one
 * that others are using (WH_UNREACHABLE), a database or disk in trouble (WH_FAILED) and SQL at
 * fault (WH_REFUSED) apart. The name of a table that does not exist earns the nearest one.
 */
int wh_sqlite_fail(sqlite3 *database, struct wh_error *error);

/* Adds the nearest table's or view's name to an error about one that does not exist. */
void wh_sqlite_suggest_table(sqlite3 *database, const char *wanted, struct wh_error *error);

/* Runs a statement, or several, that give no rows; 0 or -1. */
int wh_sqlite_command(sqlite3 *database, const char *sql, struct wh_error *error);

#endif
