/*
 * PostgreSQL, and what speaks its protocol.
 *
 * The query is prepared, which gives the names and types of its columns, and then run by COPY in
 * text format, the fastest way that keeps every value exact: the server prints, we only put the
 * escapes of JSON where COPY has its own (pgtext.h). All of it happens in one read-only transaction
 * that sees one state of the database. What COPY cannot run (SHOW, EXPLAIN; servers before 8.2,
 * which Redshift counts as) comes row by row.
 */
#ifndef WH_SOURCE_POSTGRES_ROWS_H
#define WH_SOURCE_POSTGRES_ROWS_H

#include "source/source.h"

/* A reader of the request, which has a query; NULL on failure. */
struct wh_reader *wh_pg_rows_open(const struct wh_source_request *request,
                                  struct wh_error *error);

#endif
