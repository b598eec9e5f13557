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
 * The text may be changed in place and needs WH_SLACK readable bytes after it, since fields point
 * into it; what does not fit there goes to the row's scratch.
 */
#ifndef WH_DATABASE_PGTEXT_H
#define WH_DATABASE_PGTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "record/row.h"

/* How a type is printed. */
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

/* What a type accepts. */
enum wh_pg_input {
    WH_PG_IN_ANYTHING, /* what its own input function accepts, or text of any length */
    WH_PG_IN_BOOLEAN,
    WH_PG_IN_SMALLINT,
    WH_PG_IN_INTEGER,
    WH_PG_IN_BIGINT,
    WH_PG_IN_OID,
    WH_PG_IN_NUMERIC,
    WH_PG_IN_REAL,
    WH_PG_IN_DOUBLE,
    WH_PG_IN_MONEY,
    WH_PG_IN_DATE,
    WH_PG_IN_TIME,
    WH_PG_IN_TIME_ZONED,
    WH_PG_IN_STAMP,
    WH_PG_IN_STAMP_ZONED,
    WH_PG_IN_INTERVAL,
    WH_PG_IN_VARCHAR,
    WH_PG_IN_CHARACTER,
    WH_PG_IN_NAME,
    WH_PG_IN_LETTER, /* "char", a byte */
    WH_PG_IN_BITS,
    WH_PG_IN_VARBITS,
    WH_PG_IN_UUID,
    WH_PG_IN_NETWORK,
    WH_PG_IN_MAC,
    WH_PG_IN_MAC8,
    WH_PG_IN_GEOMETRY,
    WH_PG_IN_RANGE,
    WH_PG_IN_MULTIRANGE,
    WH_PG_IN_TEXT,
    WH_PG_IN_XML,
    WH_PG_IN_DOCUMENT,
    WH_PG_IN_BINARY_DOCUMENT, /* jsonb */
    WH_PG_IN_BYTES,
};

struct wh_pg_member;

struct wh_pg_type {
    enum wh_pg_kind kind;
    char delimiter;                     /* array: between elements, ',' but for box */
    const struct wh_pg_type *element;   /* array; also what a range or multirange is made of */
    const struct wh_pg_member *members; /* composite */
    size_t count;
    enum wh_pg_input input;
    int32_t modifier; /* the length or precision (pg_attribute.atttypmod); negative: none */
};

struct wh_pg_member {
    const char *key; /* `"name":` as JSON spells it */
    size_t key_length;
    const struct wh_pg_type *type;
};

/* A built-in type without a modifier; NULL where `oid` is not one of those known here. */
const struct wh_pg_type *wh_pg_builtin(uint32_t oid);

/* A part of an array's or composite's text: where it is, and whether it stood in quotes. */
struct wh_pg_element {
    char *text;
    size_t length;
    bool quoted;
};
/*
 * Takes a part that ends at `delimiter` or `closing`: quoted, with its escapes (\" and \\ in
 * arrays, "" and \\ in composites) resolved in place, or plain. Returns the byte following it,
 * NULL where it does not end.
 */
char *wh_pg_take_element(struct wh_pg_element *element, char *at, const char *end, char delimiter,
                         char closing);

/* Where the fields go. `work` is memory kept from row to row: zero-initialise, wh_buffer_free. */
struct wh_pg_rows {
    struct wh_row *row;                    /* its fields have room for its shape */
    const struct wh_pg_type *const *types; /* one for each column */
    size_t longest;                        /* bytes that a field may have; 0: WH_MAX_FIELD */
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
