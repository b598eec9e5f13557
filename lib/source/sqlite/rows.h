/*
 * SQLite databases, only ever read.
 *
 *     INTEGER   the number; in a column declared BOOLEAN or BOOL, 0 and 1 become false and true
 *     REAL      the shortest number that reads back to the same, with a point in columns that do
 *               not tell it from an integer; infinities as strings
 *     TEXT      a string; text that is not valid UTF-8 is a bad row
 *     BLOB      a string, base64
 *
 * What a column of this declared type would not take back as the same is marked
 * (database/sqlite_type.h).
 */
#ifndef WH_SOURCE_SQLITE_ROWS_H
#define WH_SOURCE_SQLITE_ROWS_H

#include "source/source.h"

/* A reader of the request, which has a query; NULL on failure. */
struct wh_reader *wh_sqlite_rows_open(const struct wh_source_request *request,
                                      struct wh_error *error);

#endif
