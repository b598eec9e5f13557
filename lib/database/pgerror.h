/*
 * What a PostgreSQL server complains about, as an error of the tool.
 */
#ifndef WH_DATABASE_PGERROR_H
#define WH_DATABASE_PGERROR_H

#include <libpq-fe.h>

#include "base/error.h"

/*
 * Fills `error` from a failed result (NULL: from the connection) and returns -1. The text is the
 * server's message with detail and hint on one line, and the place in `sql` (NULL: none) that it
 * names. The status tells a lost connection and what may pass by itself (WH_UNREACHABLE), a
 * server in trouble (WH_FAILED) and SQL at fault (WH_REFUSED) apart.
 */
int wh_pg_fail(struct wh_error *error, PGconn *connection, const PGresult *result,
               const char *sql);

/* Makes an error's text of a server's message, its detail and its hint; each may be NULL or "". */
void wh_pg_say(struct wh_error *error, enum wh_status status, const char *message,
               const char *detail, const char *hint);

/* The place in `sql` that the result's message names; NULL where it names none. */
const char *wh_pg_error_place(const PGresult *result, const char *sql);

/* Copies a message of several lines to `out` as one, in whole words, as many as there is room for;
 * its passwords are hidden before. Returns `out`. */
char *wh_pg_one_line(char *out, size_t size, const char *message);

#endif
