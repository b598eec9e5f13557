/*
 * A row: one field for each column of its shape, each a type and a slice of text.
 *
 * Nothing is decoded or copied until somebody needs it. The slices point into the reader's
 * block, the row's scratch arena, or something that outlives the row; they are valid until the
 * reader's next row, and whoever keeps a value copies it. Every slice may be read (not relied on)
 * up to WH_SLACK bytes beyond its end by the vector code: memory handed to a field comes from the
 * input block or wh_row_take.
 *
 * A row that nobody changed is written as it was read: so whoever changes a field, the shape or
 * the terminator sets `changed`.
 */
#ifndef WH_RECORD_ROW_H
#define WH_RECORD_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "record/shape.h"

enum { WH_SLACK = 64 };

enum wh_type {
    WH_NULL,   /* null; CSV: an unquoted empty value or a --null-value */
    WH_FALSE,
    WH_TRUE,
    WH_NUMBER, /* text: the number as it came, valid by RFC 8259 */
    WH_STRING, /* text: see the flags */
    WH_NESTED, /* text: an array or object as it stands in the input, valid JSON on one line */
};

enum wh_field_flag {
    WH_ESCAPED = 1,   /* string: text holds JSON escapes and must be decoded before use */
    WH_JSON_SAFE = 2, /* string: text may stand between quotes in JSON as it is (ESCAPED implies) */
    WH_QUOTED = 4,    /* CSV: it came in quotes and is written in quotes */
    WH_DECLARED = 32, /* string: --string or --no-infer says so, whatever it looks like */
    WH_DOCUMENT = 16, /* null or string (ESCAPED or JSON_SAFE): of a column of JSON documents. CSV,
                         which has no types, gets it as JSON text: null, or in quotes of its own */
};

/* The longest field. Whatever else is read has fewer bytes: rows are limited to less (--max-row), a
 * value of a database to 2 GB; only escapes and base64 can make more of one. */
#define WH_MAX_FIELD UINT32_MAX

struct wh_field {
    const char *text;
    uint32_t length;
    uint8_t type;  /* enum wh_type */
    uint8_t flags; /* enum wh_field_flag */
};

/* How the raw text is spelled, so that it may be passed on to a writer of the same format. */
enum wh_format {
    WH_FORMAT_NONE, /* rows out of a database: no raw text */
    WH_FORMAT_NDJSON,
    WH_FORMAT_CSV,
};

/* What may stand within a value of CSV, and how. */
enum wh_csv_dialect {
    WH_CSV_QUOTED,         /* quotes, by RFC 4180 */
    WH_TSV_PLAIN,         /* no quotes and no escapes: neither tabs nor line ends in values */
    WH_TSV_ESCAPED, /* \t, \n, \r and \\ for them, \N for null (--tsv-escapes) */
};

static inline enum wh_csv_dialect wh_csv_dialect(bool tsv, bool escapes)
{
    return !tsv ? WH_CSV_QUOTED : escapes ? WH_TSV_ESCAPED : WH_TSV_PLAIN;
}

struct wh_row {
    const struct wh_shape *shape;
    struct wh_field *fields; /* shape->count of them; wh_row_fields gives room for another shape */
    bool changed;
    uint32_t raw_fields;  /* so many fields, the first, are all that the raw text has, as it has
                             them; 0: not known. Set by who adds columns to an unchanged row. */
    uint8_t terminator;   /* bytes of line end in raw: 0 (none), 1 or 2 (CR LF) */
    uint8_t raw_format;   /* enum wh_format */
    char delimiter;       /* of the raw text, CSV */
    uint8_t dialect;      /* enum wh_csv_dialect of the raw text, CSV */
    bool order_mark;      /* CSV: the input began with a byte order mark; where that is in `raw`,
                             `line` is 1 */
    const char *raw;      /* the row as it was read, with its terminator; NULL out of a database */
    size_t raw_length;
    const char *source;   /* file or database as messages name it */
    uint64_t line;        /* line it begins on, from 1; for a database the row's number */
    struct wh_arena scratch; /* text made for this row; reset by the reader */
    struct wh_field *room;   /* the row's own fields: two halves [room_count | room_count], of which
                                `fields` is one, or neither */
    size_t room_count;
};

/* Where the row came from, for wh_error_at. */
static inline struct wh_source_place wh_row_place(const struct wh_row *row)
{
    return (struct wh_source_place){ row->source, row->line, .counted = !row->raw };
}

/* Room for `count` fields that is not the array `row->fields` points at. Two rooms alternate, so
 * a step may read the old fields while it writes the new. */
struct wh_field *wh_row_fields(struct wh_row *row, size_t count);

/* Scratch memory of `length` bytes with WH_SLACK readable bytes following. */
char *wh_row_take(struct wh_row *row, size_t length);

void wh_row_free(struct wh_row *row);

/* Setting one field. The text is kept, not copied (see above); `changed` is set. */
void wh_row_set_null(struct wh_row *row, uint32_t index);
void wh_row_set_bool(struct wh_row *row, uint32_t index, bool value);
void wh_row_set_text(struct wh_row *row, uint32_t index, enum wh_type type, const char *text,
                     size_t length, unsigned flags);

/*
 * The characters of a string field: decoded into scratch where it holds escapes, else as they
 * stand. For other types their text (null: empty, true, false, the number, the JSON). A NUL
 * escape decodes to a zero byte.
 */
struct wh_slice {
    const char *text;
    size_t length;
};
struct wh_slice wh_row_text(struct wh_row *row, const struct wh_field *field);

/* The field's number: a number parsed, a boolean 0 or 1. False for anything else. */
bool wh_field_number(const struct wh_field *field, double *value);

#endif
