/*
 * What a PostgreSQL column may be given: text that reads back as the value that was sent, under any
 * settings of the server, the database, the role and the session.
 *
 * The server's own input functions take more than that. They read 02/01/2014 as one day or another
 * by DateStyle, drop the offset of a timestamp and the zeros of 02134, round to the scale of
 * numeric(10,2) and to the digits of a double, and take "yes" and "today". So text is checked here
 * by the type of its column, before the server sees it; wh-load(1) has the list.
 */
#ifndef WH_DATABASE_PGACCEPT_H
#define WH_DATABASE_PGACCEPT_H

#include <stdbool.h>

#include "database/pgtext.h"
#include "record/row.h"

/* Why a value is refused, in static text: "\"02134\" WHAT", and what helps. */
struct wh_pg_refusal {
    const char *what;
    const char *before, *after; /* around the name of the column; before is NULL where nothing is
                                   known to help, after where it is a column of another type */
};

/*
 * Whether a value of the type may be sent as this text, without the escapes of a string. The text
 * is shortened where the server reads only its beginning as the same value: the integer 1.0 is sent
 * as 1. It does not decide on arrays, composites, json and bytea, whose texts are made elsewhere
 * (sink/postgres/value.h); of their literals the parts are checked.
 */
bool wh_pg_accepts(const struct wh_pg_type *type, struct wh_slice *text,
                   struct wh_pg_refusal *refusal);

/* Whether the type takes the text of any JSON value, arrays and objects among them. */
bool wh_pg_accepts_nested(const struct wh_pg_type *type);

/* For the columns that --create makes: a text that is a date, a time of day with or without an
 * offset, as columns of these types take it. */
bool wh_pg_is_date(const char *text, size_t length);
bool wh_pg_is_timestamp(const char *text, size_t length, bool *zoned);

#endif
