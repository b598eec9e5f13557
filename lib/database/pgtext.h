/*
 * What PostgreSQL prints, as fields of a row: text, arrays and composites as JSON, by the type of
 * each column and never through a double.
 *
 *     smallint ... numeric       the number as printed; NaN, Infinity and -Infinity as strings
 *     boolean                    true, false
 *     timestamp                  "2024-03-01T12:00:00.5"
 *     timestamp with time zone   "2024-03-01T12:00:00.5Z" (the session's zone is UTC)
 *     json, jsonb                the value itself, on one line
 *     bytea                      a string, base64
 *     array                      [[1,2],[3,null]]; lower bounds are left out
 *     composite                  {"street":"Marina","number":4}
 *     anything else              a string, as printed
 *
 * The text may be changed in place and needs WH_SLACK readable bytes behind it, since fields point
 * into it; what does not fit there goes to the row's scratch.
 */
#ifndef WH_DATABASE_PGTEXT_H
#define WH_DATABASE_PGTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "record/row.h"

enum wh_pg_kind {
    WH_PG_STRING,
    WH_PG_NUMBER,
    WH_PG_BOOL,
    WH_PG_TIMESTAMP,
    WH_PG_TIMESTAMPTZ,
    WH_PG_JSON,
    WH_PG_BYTEA,
    WH_PG_ARRAY,
    WH_PG_COMPOSITE,
};

struct wh_pg_member;

struct wh_pg_type {
    enum wh_pg_kind kind;
    char delimiter;                     /* array: between elements, ',' but for box */
    const struct wh_pg_type *element;   /* array */
    const struct wh_pg_member *members; /* composite */
    size_t count;
};

struct wh_pg_member {
    const char *key; /* `"name":` as JSON spells it */
    size_t key_length;
    const struct wh_pg_type *type;
};

/* The kind of a built-in type; false where `oid` is none of those known here. */
bool wh_pg_builtin(uint32_t oid, enum wh_pg_kind *kind);

/* Where the fields go. `work` is memory kept from row to row: zero-initialise, wh_buffer_free. */
struct wh_pg_rows {
    struct wh_row *row;                    /* its fields have room for its shape */
    const struct wh_pg_type *const *types; /* one for each column */
    struct wh_buffer work;
};

/*
 * Fills all fields from a line of COPY in text format, without its line end. 0, or -1: the server
 * did not send what it announced.
 */
int wh_pg_copy_row(struct wh_pg_rows *rows, char *line, size_t length, struct wh_error *error);

/* Fills one field from a value as the server prints it, without COPY's escapes. */
int wh_pg_field(struct wh_pg_rows *rows, uint32_t index, char *text, size_t length,
                struct wh_error *error);

#endif
