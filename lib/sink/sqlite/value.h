/*
 * Values of rows as a column of an SQLite table takes them, by its declared type
 * (database/sqlite_type.h). What SQLite would change is refused.
 *
 *     numbers   as they are where the column keeps them exactly, as text where it keeps text. A
 *               number of too many digits makes a bad row in a column that would round it.
 *     booleans  0 and 1, in columns declared BOOLEAN also for the words of CSV; as text in columns
 *               of text, or of no type
 *     strings   text; in a column declared for bytes they are base64. A string such as "007" makes
 *               a bad row in a column that would make another number of it; "Infinity" is infinite
 *               in a column that makes numbers.
 *     nested    its JSON text, but for {"$blob":"AP8="} and {"$text":"abcd"}
 *
 * So what wh-extract reads is what was put there.
 */
#ifndef WH_SINK_SQLITE_VALUE_H
#define WH_SINK_SQLITE_VALUE_H

#include <sqlite3.h>
#include <stdbool.h>

#include "base/error.h"
#include "database/sqlite_type.h"
#include "record/row.h"

struct wh_sqlite_column {
    char *name;
    bool key;
    bool generated;
    bool made; /* its table was made by this run, and is gone where that fails */
    struct wh_sqlite_declared declared;
};

/* Binds a field to a parameter, for as long as the row stays. SQLite's code; -1 for a bad row. */
int wh_sqlite_bind(sqlite3_stmt *statement, int index, const struct wh_sqlite_column *column,
                   struct wh_row *row, const struct wh_field *field, struct wh_error *error);

#endif
