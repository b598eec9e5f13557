/*
 * A shape: the columns of a row, in order.
 *
 * Consecutive rows nearly always have the same shape, so whatever depends on the columns alone is
 * worked out once per shape and found again by its serial: where a step's column is, what a
 * writer puts between two values. Nobody looks a column up once per row.
 *
 * A shape belongs to whoever made it (a reader, a step's binding) and never changes. It lives at
 * least as long as the row that carries it; whoever remembers one longer remembers the serial,
 * which is unique in the process and never used again, not the pointer.
 */
#ifndef WH_RECORD_SHAPE_H
#define WH_RECORD_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

struct wh_column {
    const char *name; /* UTF-8, decoded, NUL after it (but it may hold NULs) */
    uint32_t length;
    uint32_t key_length;
    const char *key; /* as NDJSON spells it: `"name":` with the escapes it came with */
};

struct wh_shape {
    uint64_t serial;
    uint32_t count;
    const struct wh_column *columns;
    const char *header; /* the CSV header line as it came, with its line end, a byte order
                           mark aside; NULL where none */
    size_t header_length;
};

enum { WH_MAX_COLUMNS = 1 << 17 }; /* of one row; more makes it a bad row */

/*
 * Makes a shape of copies of `columns`, all in one block to be freed by wh_shape_close. A column
 * whose `key` is NULL gets one from its name.
 */
struct wh_shape *wh_shape_open(const struct wh_column *columns, size_t count);
void wh_shape_close(struct wh_shape *shape);

/* A column by name alone, for building shapes; `name` is kept, not copied. */
struct wh_column wh_column_named(const char *name);

/* Index of the column, or -1. Linear: for binding, not for rows. */
int wh_shape_find(const struct wh_shape *shape, const char *name, size_t length);

/* The bad row that lacks a column (rule "column"), the nearest name suggested. Returns -1. */
int wh_shape_lacks(const struct wh_shape *shape, const char *name, size_t length,
                   struct wh_error *error);
/* The delimiter, as -d takes it, that a CSV header of one column seems to have; NULL where it seems
 * right. */
const char *wh_shape_delimiter(const struct wh_shape *shape);
/* Adds to an error that says that the column is not there what may have been meant: the nearest
 * name, or, where a CSV header came as one column, another delimiter. */
void wh_shape_suggest(const struct wh_shape *shape, const char *name, struct wh_error *error);

/* A serial for a shape that a reader lays out itself: no other shape's, never 0, and spread evenly
 * over all 64 bits (record/shape_cache.h). */
uint64_t wh_shape_serial(void);

/*
 * A choice of columns in the one syntax used everywhere: "a,c", ranges "a-f" (where no column has
 * that very name), patterns "/_id$/" (PCRE2, found anywhere in the name; "/_id$/i" in any case),
 * negation "!x" (where it comes first: all but x; later: takes x out again). A backslash takes the
 * special meaning from the next character; blanks belong to the names.
 */
struct wh_columns;
int wh_columns_parse(const char *text, size_t length, struct wh_columns **columns,
                     struct wh_error *error);
/*
 * The indices in `shape` that are chosen, in the order they were named (for a range, pattern or
 * negation: in the shape's order), each once. `indices` has room for shape->count. A column that
 * was named and is absent: skipped when `lenient`, and after a `!` where an earlier shape had it;
 * else -1 with the nearest name suggested (a bad row by rule "column"). Returns how many. The
 * choice remembers which of its items have found a column in any shape.
 */
int wh_columns_resolve(struct wh_columns *columns, const struct wh_shape *shape, bool lenient,
                       uint32_t *indices, struct wh_error *error);
/*
 * WH_REFUSED where an item (a pattern, a negation, with `names` also a plain name or range) has
 * found no column in any shape so far, or where the list as a whole has chosen none. For rows that
 * all have the columns of one shape it is asked with that shape after wh_columns_resolve; where
 * later rows may bring columns, after the last, with NULL.
 */
int wh_columns_check(const struct wh_columns *columns, bool names, const struct wh_shape *shape,
                     struct wh_error *error);
/* Whether a column of any shape was chosen. */
bool wh_columns_chosen(const struct wh_columns *columns);
/* What the choice remembers of that, as a number below 2^49; and the same put back. */
uint64_t wh_columns_found(const struct wh_columns *columns);
void wh_columns_set_found(struct wh_columns *columns, uint64_t found);
/* The names that were named outright and that `shape` lacks, one a call: *item is 0 at first and
 * then kept for the next call. NULL at the end. */
const char *wh_columns_absent(const struct wh_columns *columns, const struct wh_shape *shape,
                              size_t *item, size_t *length);
/* Adds to the error of wh_columns_resolve about the first row of NDJSON what chooses a column that
 * only later rows bring; nothing where the error is another. */
void wh_columns_suggest_later(const struct wh_columns *columns, const struct wh_shape *shape,
                              struct wh_error *error);
/* Whether a column can be chosen by both: false only where both are lists of plain names. */
bool wh_columns_overlap(const struct wh_columns *left, const struct wh_columns *right);
/* Whether a column of this name is chosen, ranges aside. */
bool wh_columns_match(const struct wh_columns *columns, const char *name, size_t length);
void wh_columns_free(struct wh_columns *columns);

#endif
