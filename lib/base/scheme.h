/*
 * Names that look like databases: where a file is meant, such a name is most likely a mistake, and
 * may hold a password, so that no message shows more of it than the scheme.
 */
#ifndef WH_BASE_SCHEME_H
#define WH_BASE_SCHEME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Bytes of "odbc:" or "mysql://" at the front; 0 where the name has no scheme. One letter is a
 * drive or a file's name; a dash or dot before a colon is that of "orders-2024-03-01T10:00.csv". */
size_t wh_scheme_length(const char *name);
/* Whether it is "host=db dbname=shop" or "Driver={x};Server=db;PWD=y". */
bool wh_is_connection_string(const char *name);

/* WH_REFUSED where a name looks like a database and no file bears it. "./odbc:x" is a file. */
int wh_scheme_check_file(const char *name, struct wh_error *error);

/* WH_REFUSED where the file of this name is an SQLite database, which has to be called one. What
 * cannot be read is left to whoever opens it. */
int wh_scheme_refuse_sqlite(const char *path, struct wh_error *error);

#endif
