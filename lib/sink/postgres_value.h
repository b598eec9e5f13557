/*
 * Values of rows as COPY ... FROM STDIN takes them in text format: what database/pgtext.h makes of
 * a database's values, the other way round, by the type of each column.
 *
 *     numbers, strings           their text; of a string what JSON's escapes stand for
 *     true, false                t and f; the word itself in columns that are not boolean
 *     json, jsonb                the value's JSON; out of CSV a string is taken for JSON text
 *     bytea                      base64; or, from "\x" on, hexadecimal digits
 *     array of an array type     [[1,2],[3,null]] becomes {{1,2},{3,NULL}}
 *     object of a composite      {"street":"Marina","number":4} becomes (Marina,4)
 *     other arrays and objects   their JSON text
 *     string that is the JSON    as the array or object itself: CSV and SQLite have strings only
 *       of one of the two
 *
 * That is how PostgreSQL's json_populate_record reads JSON, bytea aside.
 */
#ifndef WH_SINK_POSTGRES_VALUE_H
#define WH_SINK_POSTGRES_VALUE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/memory.h"
#include "database/pgtext.h"
#include "record/row.h"

struct wh_pg_values {
    struct wh_buffer work; /* kept from value to value: zero-initialise, wh_buffer_free */
    bool csv;              /* the rows were read as CSV */
};

/* Appends a value, escaped as COPY wants it. -1: a bad row, whose column the caller adds. */
int wh_pg_value(struct wh_pg_values *values, struct wh_buffer *out, const struct wh_pg_type *type,
                const struct wh_field *field, struct wh_error *error);

#endif
