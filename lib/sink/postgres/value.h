/*
 * Values of rows as COPY ... FROM STDIN takes them in text format: what database/pgtext.h makes of
 * a database's values, the other way round, by the type of each column. What the server would read
 * as another value is refused (database/pgaccept.h).
 *
 *     numbers, strings           their text; of a string what JSON's escapes stand for
 *     true, false                t and f; the word itself in columns that are not boolean
 *     json, jsonb                the value's JSON; out of CSV a string is taken for JSON text. Null
 *                                is JSON's where the column cannot hold SQL's
 *     bytea                      base64; or hexadecimal digits following "\x"
 *     array of an array type     [[1,2],[3,null]] becomes {{1,2},{3,NULL}}
 *     object of a composite      {"street":"Marina","number":4} becomes (Marina,4)
 *     other arrays and objects   their JSON text, in columns of text and of types of extensions
 *     string that is the JSON    as the array or object itself: CSV and SQLite have strings only
 *       of one of the two
 */
#ifndef WH_SINK_POSTGRES_VALUE_H
#define WH_SINK_POSTGRES_VALUE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/memory.h"
#include "database/pgtext.h"
#include "record/row.h"

/* Zero-initialise; wh_pg_values_free. */
struct wh_pg_values {
    struct wh_buffer work, decoded; /* kept from value to value */
    bool csv;                       /* the rows were read as CSV */
    bool made;                      /* the table was made by this run, and is gone if that fails */
    const char *column, *type;      /* of the next value, as messages name them; may be NULL */
    bool not_null;                  /* its column cannot hold SQL's null */
};

void wh_pg_values_free(struct wh_pg_values *values);

/* Appends a value, escaped as COPY wants it. -1: a bad row, whose column the caller adds. */
int wh_pg_value(struct wh_pg_values *values, struct wh_buffer *out, const struct wh_pg_type *type,
                const struct wh_field *field, struct wh_error *error);

#endif
