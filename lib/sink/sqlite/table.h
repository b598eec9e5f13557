/*
 * A table of an SQLite database as rows go into it: its columns, and a statement for each shape of
 * rows.
 */
#ifndef WH_SINK_SQLITE_TABLE_H
#define WH_SINK_SQLITE_TABLE_H

#include <sqlite3.h>

#include "base/error.h"
#include "sink/sink.h"

enum { WH_SQLITE_PARTS = 2 }; /* of a table's name: schema.table */

struct wh_sqlite_table;

/* The request's table, *table NULL where it does not exist. `database` and `request` must stay. */
int wh_sqlite_table_open(sqlite3 *database, const struct wh_sink_request *request,
                         struct wh_sqlite_table **table, struct wh_error *error);
/* Its name without schema and quotes; the table's own. */
const char *wh_sqlite_table_name(const struct wh_sqlite_table *table);
/* Whether this run has made it, and it is gone where the run fails; for remedies. */
void wh_sqlite_table_made(struct wh_sqlite_table *table, bool made);
/* NULL is allowed. */
void wh_sqlite_table_close(struct wh_sqlite_table *table);

/* Puts a row there, or does what its _op says. Columns that the table lacks, and what no row could
 * get over, are WH_FATAL. */
enum wh_verdict wh_sqlite_table_row(struct wh_sqlite_table *table, struct wh_row *row,
                                    struct wh_error *error);
/* Removes all rows. */
int wh_sqlite_table_empty(struct wh_sqlite_table *table, struct wh_error *error);

#endif
