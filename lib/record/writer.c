#include "record/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "record/csv_encode.h"
#include "record/json.h"
#include "record/json_scan.h"

enum { FULL = 256 << 10, ORDER_MARK = 3 /* bytes of it in UTF-8 */ };

struct wh_writer {
    struct wh_writing writing;
    int descriptor;
    wh_write *write; /* in place of the descriptor; NULL */
    void *context;
    struct wh_buffer buffer;
    size_t full;            /* bytes, from which on they do not wait in the buffer */
    uint64_t total;
    bool begun;             /* the format is settled, the header written */
    uint8_t dialect;        /* enum wh_csv_dialect */
    bool missing_newline;   /* the row before had none: it was the last of its file */
    struct wh_csv_encoder *encoder;
};

/*
 * Copies `length` bytes in steps of 32: up to 31 more are read and written, for which a field has
 * its slack and the buffer its reserve. Most values are shorter than a call of memcpy is worth.
 */
static inline char *copy_loose(char *out, const char *text, size_t length)
{
    size_t done = 0;
    do {
        memcpy(out + done, text + done, 32);
        done += 32;
    } while (__builtin_expect(done < length, 0));
    return out + length;
}

/* Appends a string value; `text` has slack after it. */
static void add_string(struct wh_buffer *out, const struct wh_field *field,
                       const struct wh_json_scan *scan)
{
    wh_buffer_byte(out, '"');
    size_t safe = field->flags & (WH_JSON_SAFE | WH_ESCAPED)
                      ? field->length : scan->safe(field->text, field->length);
    wh_buffer_reserve(out, safe + WH_SLACK);
    if (safe)
        copy_loose(out->data + out->length, field->text, safe);
    out->length += safe;
    if (safe < field->length)
        wh_json_escape(out, field->text + safe, field->length - safe);
    wh_buffer_byte(out, '"');
}

static void add_value(struct wh_buffer *out, const struct wh_field *field,
                      const struct wh_json_scan *scan)
{
    switch ((enum wh_type)field->type) {
    case WH_NULL:
        wh_buffer_literal(out, "null");
        return;
    case WH_FALSE:
        wh_buffer_literal(out, "false");
        return;
    case WH_TRUE:
        wh_buffer_literal(out, "true");
        return;
    case WH_STRING:
        add_string(out, field, scan);
        return;
    case WH_NUMBER:
    case WH_NESTED:
        wh_buffer_reserve(out, field->length + WH_SLACK);
        copy_loose(out->data + out->length, field->text, field->length);
        out->length += field->length;
        return;
    }
}

/* How long the first `count` fields are, the brace before them included, without any blank. */
static size_t length_of(const struct wh_row *row, uint32_t count)
{
    size_t length = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct wh_field *field = &row->fields[i];
        size_t quotes = field->type == WH_STRING ? 2 : 0;
        length += 1 + row->shape->columns[i].key_length + field->length + quotes;
    }
    return length;
}

/* Adds the raw text up to its closing brace, where that is how the row's first fields would be
 * written. Returns how many those are. */
static uint32_t add_raw(struct wh_buffer *out, const struct wh_row *row)
{
    if (row->raw_fields == 0 || row->raw_format != WH_FORMAT_NDJSON)
        return 0;
    size_t length = row->raw_length - row->terminator - 1;
    if (length_of(row, row->raw_fields) != length)
        return 0; /* it has blanks */
    wh_buffer_reserve(out, length + WH_SLACK);
    copy_loose(out->data + out->length, row->raw, length);
    out->length += length;
    return row->raw_fields;
}

static void add_row(struct wh_buffer *out, const struct wh_row *row,
                    const struct wh_json_scan *scan)
{
    uint32_t i = add_raw(out, row);
    const struct wh_column *column = row->shape->columns + i;
    const struct wh_field *field = row->fields + i;
    char separator = i ? ',' : '{';
    for (; i < row->shape->count; i++, column++, field++) {
        wh_buffer_reserve(out, column->key_length + WH_SLACK);
        char *place = out->data + out->length;
        *place = separator;
        copy_loose(place + 1, column->key, column->key_length);
        out->length += 1 + column->key_length;
        add_value(out, field, scan);
        separator = ',';
    }
    if (row->shape->count == 0)
        wh_buffer_byte(out, '{');
    wh_buffer_byte(out, '}');
}

void wh_row_to_json(struct wh_buffer *out, const struct wh_row *row)
{
    add_row(out, row, wh_json_scan());
}

void wh_field_to_json(struct wh_buffer *out, const struct wh_field *field)
{
    add_value(out, field, wh_json_scan());
}

struct wh_writer *wh_writer_open(int descriptor, const struct wh_writing *writing)
{
    struct wh_writer *writer = wh_alloc(1, sizeof *writer);
    writer->writing = *writing;
    writer->descriptor = descriptor;
    writer->full = FULL;
    wh_pipe_enlarge(descriptor);
    return writer;
}

int wh_write_buffer(void *context, const char *bytes, size_t length, struct wh_error *error)
{
    (void)error;
    wh_buffer_add(context, bytes, length);
    return 0;
}

struct wh_writer *wh_writer_open_to(wh_write *write, void *context,
                                    const struct wh_writing *writing)
{
    struct wh_writer *writer = wh_alloc(1, sizeof *writer);
    writer->writing = *writing;
    writer->descriptor = -1;
    writer->full = FULL;
    writer->write = write;
    writer->context = context;
    return writer;
}

struct wh_writer *wh_writer_session(const struct wh_writer *writer)
{
    struct wh_writer *session = wh_writer_open_to(NULL, NULL, &writer->writing);
    session->full = SIZE_MAX;
    session->begun = true;
    session->dialect = writer->dialect;
    if (writer->encoder)
        session->encoder = wh_csv_encoder_copy(writer->encoder);
    return session;
}

struct wh_buffer *wh_writer_waiting(struct wh_writer *session)
{
    return &session->buffer;
}

void wh_writer_merge(struct wh_writer *writer, const struct wh_writer *session)
{
    if (writer->encoder)
        wh_csv_encoder_merge(writer->encoder, session->encoder);
}

static int write_out(struct wh_writer *writer, const char *bytes, size_t length,
                     struct wh_error *error)
{
    writer->total += length;
    if (writer->write)
        return writer->write(writer->context, bytes, length, error);
    return wh_write_all(writer->descriptor, bytes, length, error);
}

int wh_writer_flush(struct wh_writer *writer, struct wh_error *error)
{
    struct wh_buffer *buffer = &writer->buffer;
    size_t length = buffer->length;
    int result = length ? write_out(writer, buffer->data, length, error) : 0;
    buffer->length = 0;
    if (buffer->capacity > 8 * FULL) /* a single long row is over */
        wh_buffer_free(buffer);
    return result;
}

static inline __attribute__((always_inline)) int add_bytes(struct wh_writer *writer,
                                                           const char *bytes, size_t length,
                                                           struct wh_error *error)
{
    bool large = length > writer->full / 2; /* not worth copying */
    if ((large || writer->buffer.length + length > writer->full)
        && wh_writer_flush(writer, error) != 0)
        return -1;
    if (large)
        return write_out(writer, bytes, length, error);
    wh_buffer_add(&writer->buffer, bytes, length);
    return 0;
}

int wh_writer_bytes(struct wh_writer *writer, const char *bytes, size_t length,
                    struct wh_error *error)
{
    if (writer->missing_newline)
        wh_buffer_byte(&writer->buffer, '\n');
    writer->missing_newline = false;
    return add_bytes(writer, bytes, length, error);
}

/* Whether somebody has chosen the columns. */
static bool chosen(const struct wh_writer *writer)
{
    return writer->writing.columns && !writer->writing.columns_there;
}

/* The format that the first row settles, where nobody asked for one. */
static enum wh_format format_for(const struct wh_writer *writer, const struct wh_row *row)
{
    if (writer->writing.format != WH_FORMAT_NONE)
        return writer->writing.format;
    return row->raw_format == WH_FORMAT_CSV ? WH_FORMAT_CSV : WH_FORMAT_NDJSON;
}

/* Whether rows that have not come may bring columns that this one lacks. */
static bool varies(const struct wh_row *row)
{
    return row->raw_format == WH_FORMAT_NDJSON;
}

int wh_writer_begin(struct wh_writer *writer, const struct wh_row *row, struct wh_error *error)
{
    struct wh_writing *writing = &writer->writing;
    writing->format = format_for(writer, row);
    if (writing->format == WH_FORMAT_CSV) {
        bool same = !writing->delimiter && row->raw_format == WH_FORMAT_CSV;
        if (!writing->delimiter)
            writing->delimiter = same ? row->delimiter : ',';
        if (same)
            writing->tsv = row->dialect != WH_CSV_QUOTED;
        writer->dialect = (uint8_t)wh_csv_dialect(writing->tsv, writing->tsv_escapes);
        writer->encoder = wh_csv_encoder_open(writing->columns, writing->column_count, row,
                                              writing->delimiter,
                                              writer->dialect);
        writer->begun = true;
        if (chosen(writer) && !varies(row) &&
            wh_csv_encoder_check(writer->encoder, row->shape, error) != 0)
            return -1;
        if (row->order_mark && row->raw_format == WH_FORMAT_CSV && !writing->columns_there)
            wh_buffer_literal(&writer->buffer, "\xEF\xBB\xBF");
        if (!writing->no_header && wh_csv_encode_header(writer->encoder, &writer->buffer, error))
            return -1;
    } else if (writing->columns) {
        return wh_fail(error, WH_REFUSED, "--columns is for CSV output, and the rows are written "
                       "as NDJSON (write -o csv, or choose columns of rows with wh-clean "
                       "--select)");
    }
    writer->begun = true;
    return 0;
}

int wh_writer_finish(struct wh_writer *writer, struct wh_error *error)
{
    return writer->encoder && chosen(writer) ? wh_csv_encoder_check(writer->encoder, NULL, error)
                                             : 0;
}

/* Whether the raw text of an unchanged row is what would be written. */
static bool passes(struct wh_writer *writer, const struct wh_row *row)
{
    if (row->changed || row->raw_format != (uint8_t)writer->writing.format)
        return false;
    if (row->raw_format == WH_FORMAT_NDJSON)
        return true;
    return row->delimiter == writer->writing.delimiter &&
           row->dialect == writer->dialect && wh_csv_encoder_same(writer->encoder, row->shape);
}

/* Whoever reads the output would take the row for a control record. No reader lets such a row in,
 * but other columns than the first may have the name, and move to the front. */
static bool seems_control(const struct wh_shape *shape)
{
    return shape->count && shape->columns[0].length == 3 &&
           memcmp(shape->columns[0].name, "@wh", 3) == 0;
}

enum wh_verdict wh_writer_row(struct wh_writer *writer, const struct wh_row *row,
                              struct wh_error *error)
{
    if (row->changed && seems_control(row->shape)) {
        wh_bad_row(error, "reserved", "@wh", 3, 0,
                   "the row would begin with this column, which marks control records (--rename or "
                   "--exclude it first)");
        return WH_BAD;
    }
    if (__builtin_expect(!writer->begun, 0)) {
        if (format_for(writer, row) == WH_FORMAT_CSV && !writer->writing.columns &&
            wh_csv_check_columns(row->shape, error) != WH_TAKEN)
            return WH_BAD;
        if (wh_writer_begin(writer, row, error) != 0)
            return WH_FATAL;
    }
    struct wh_buffer *buffer = &writer->buffer;
    size_t length_before = buffer->length;
    if (__builtin_expect(writer->missing_newline, 0))
        wh_buffer_byte(buffer, '\n');
    /* A row out of a database has no raw text and ends like any other. */
    bool terminated = row->terminator > 0 || row->raw_format == WH_FORMAT_NONE;
    if (passes(writer, row)) {
        writer->missing_newline = !terminated;
        size_t mark = row->order_mark && row->line == 1 ? ORDER_MARK : 0; /* it is written */
        return add_bytes(writer, row->raw + mark, row->raw_length - mark, error) == 0 ? WH_TAKEN
                                                                                      : WH_FATAL;
    }
    if (writer->writing.format == WH_FORMAT_CSV) {
        if (wh_csv_encode_row(writer->encoder, buffer, row, error) != WH_TAKEN) {
            buffer->length = length_before;
            return WH_BAD;
        }
    } else {
        add_row(buffer, row, wh_json_scan());
        if (terminated)
            wh_buffer_byte(buffer, '\n');
    }
    writer->missing_newline = !terminated;
    return buffer->length < writer->full || wh_writer_flush(writer, error) == 0 ? WH_TAKEN
                                                                                : WH_FATAL;
}

bool wh_writer_begun(const struct wh_writer *writer)
{
    return writer->begun;
}

bool wh_writer_pending(const struct wh_writer *writer)
{
    return writer->buffer.length > 0;
}

uint64_t wh_writer_total(const struct wh_writer *writer)
{
    return writer->total;
}

void wh_writer_discard(struct wh_writer *writer)
{
    wh_csv_encoder_close(writer->encoder);
    wh_buffer_free(&writer->buffer);
    free(writer);
}

int wh_writer_close(struct wh_writer *writer, struct wh_error *error)
{
    int result = wh_writer_flush(writer, error);
    wh_writer_discard(writer);
    return result;
}
