/*
 * Where rows go: NDJSON or CSV on a descriptor.
 *
 * A row nobody changed, whose raw text has this format already, is passed on as it was read.
 * Output is collected in a large buffer and written when it is full, at wh_writer_flush and at
 * close. An error of writing is reported by the call that meets it; what was collected is lost.
 */
#ifndef WH_RECORD_WRITER_H
#define WH_RECORD_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "record/row.h"
#include "record/verdict.h"

struct wh_writing {
    enum wh_format format;          /* WH_FORMAT_NONE: as the first row's raw text, else NDJSON */
    char delimiter;                 /* CSV: 0: as the input's, TSV or not, else ',' */
    bool tsv;                       /* CSV: values have no quotes; the delimiter is a tab */
    bool tsv_escapes;               /* where it is TSV: backslash escapes, and \N for null */
    bool no_header;                 /* CSV: leave the header out */
    const char *const *columns;     /* CSV: these columns in this order; NULL: the first row's */
    size_t column_count;
    bool columns_there;             /* they are those of a file that is there, not a choice: rows
                                       may all lack one */
};

struct wh_writer;

struct wh_writer *wh_writer_open(int descriptor, const struct wh_writing *writing);
/* The same for rows that go elsewhere: `write` gets the bytes, and fails or takes all. */
typedef int wh_write(void *context, const char *bytes, size_t length, struct wh_error *error);
struct wh_writer *wh_writer_open_to(wh_write *write, void *context,
                                    const struct wh_writing *writing);
/* A wh_write that appends to `context`, a struct wh_buffer, and never fails. */
int wh_write_buffer(void *context, const char *bytes, size_t length, struct wh_error *error);
/* Settles the format by the first row, or one like it without values, and writes what stands
 * before the rows: a CSV header. The first wh_writer_row does it where this has not. WH_REFUSED
 * where `columns` names one that rows out of CSV or a query lack. */
int wh_writer_begin(struct wh_writer *writer, const struct wh_row *row, struct wh_error *error);
/* After the last row: WH_REFUSED where `columns` names one that no row had. */
int wh_writer_finish(struct wh_writer *writer, struct wh_error *error);
bool wh_writer_begun(const struct wh_writer *writer);
/* Writes one row. WH_BAD when it cannot be written in this format: it has a column that the CSV
 * header lacks, or a first one called @wh. WH_FATAL when writing failed. */
enum wh_verdict wh_writer_row(struct wh_writer *writer, const struct wh_row *row,
                              struct wh_error *error);
/* Bytes as they are, between rows: the row before is ended where it had no line end. */
int wh_writer_bytes(struct wh_writer *writer, const char *bytes, size_t length,
                    struct wh_error *error);
int wh_writer_flush(struct wh_writer *writer, struct wh_error *error);
/* Whether anything is waiting in the buffer. */
bool wh_writer_pending(const struct wh_writer *writer);
uint64_t wh_writer_total(const struct wh_writer *writer); /* bytes handed to the descriptor */
/* Flushes and frees; the descriptor stays open (wh_close_output ends it). */
int wh_writer_close(struct wh_writer *writer, struct wh_error *error);
/* Frees, and forgets what is waiting. */
void wh_writer_discard(struct wh_writer *writer);

/* A writer of rows as `writer`, which has begun, writes them; it can be used in another thread. The
 * rows' line ends must all be there. What it writes waits for the caller, who takes it out of the
 * buffer, and empties that. Merging adds to what `writer` knows of the rows, before
 * wh_writer_finish, and changes neither's bytes. */
struct wh_writer *wh_writer_session(const struct wh_writer *writer);
struct wh_buffer *wh_writer_waiting(struct wh_writer *session);
void wh_writer_merge(struct wh_writer *writer, const struct wh_writer *session);

/* One row as NDJSON appended to a buffer, without a line end. */
void wh_row_to_json(struct wh_buffer *out, const struct wh_row *row);
/* One value as JSON. */
void wh_field_to_json(struct wh_buffer *out, const struct wh_field *field);

#endif
