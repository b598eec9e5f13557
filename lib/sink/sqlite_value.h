/*
 * Values of rows as a column of an SQLite table takes them, by its declared type:
 *
 *     numbers   as they are where the column keeps them exactly, as text where it keeps text. A
 *               number of too many digits makes a bad row in a column that would round it (one
 *               declared INTEGER, NUMERIC and so on); in one declared REAL it is rounded.
 *     booleans  0 and 1, in columns declared BOOLEAN also for the words of CSV; as text in columns
 *               of text, or of no type
 *     strings   text; in a column declared BLOB the bytes, out of base64. A string such as "007"
 *               makes a bad row in a column that would make a number of it.
 *     nested    its JSON text
 *
 * So what wh-extract reads is what was put there.
 */
#ifndef WH_SINK_SQLITE_VALUE_H
#define WH_SINK_SQLITE_VALUE_H

#include <sqlite3.h>
#include <stdbool.h>

#include "base/error.h"
#include "record/row.h"

/* What a declared type makes SQLite do with values. */
enum wh_sqlite_affinity {
    WH_SQLITE_TEXTUAL, /* makes text of numbers */
    WH_SQLITE_WHOLE,   /* these three make numbers of text that looks like one */
    WH_SQLITE_REAL,
    WH_SQLITE_NUMERIC,
    WH_SQLITE_AS_GIVEN,
};

struct wh_sqlite_column {
    char *name; /* whoever has the column sets this, and `key` */
    bool key;
    enum wh_sqlite_affinity affinity;
    bool boolean, blob; /* declared so */
};

/* Sets what follows from the declared type, "" where there is none. */
void wh_sqlite_column_declare(struct wh_sqlite_column *column, const char *type);

/* Binds a field to a parameter, for as long as the row stays. SQLite's code; -1 for a bad row. */
int wh_sqlite_bind(sqlite3_stmt *statement, int index, const struct wh_sqlite_column *column,
                   struct wh_row *row, const struct wh_field *field, struct wh_error *error);

#endif
