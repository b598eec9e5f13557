#include "record/csv_encode.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "record/csv_scan.h"
#include "record/json.h"
#include "record/shape_cache.h"

enum { PLACES_LOG2 = 6 }; /* shapes that are remembered */

static const uint32_t nowhere = UINT32_MAX;

/* Where the header's columns stand in rows of one shape. */
struct places {
    uint64_t serial; /* 0: of none */
    bool same;       /* each at its own place, and no others */
    int extra;       /* a column that the header lacks, or -1 */
    uint32_t *at;    /* nowhere: the row has no such column */
};

struct wh_csv_encoder {
    struct wh_shape *shape; /* the columns of the header */
    uint32_t *named;        /* them by the hash of their names; nowhere: a free slot */
    size_t named_mask;
    bool *met;              /* of each whether rows of some shape had it */
    const struct wh_csv_scan *scan;
    char delimiter;
    char quote;           /* what no value may hold as it is, beside the delimiter and line ends */
    enum wh_csv_dialect dialect;
    bool carriage_return; /* a header made here ends like the first row */
    struct wh_buffer header; /* as it came; empty where it must be made */
    struct wh_buffer text; /* a string without its JSON escapes */
    struct wh_shape_cache places;
};

static bool same_column(const struct wh_column *a, const struct wh_column *b)
{
    return a->length == b->length && memcmp(a->name, b->name, a->length) == 0;
}

/* The slot of the header's column of this name, or the free one where it would be. */
static uint32_t *named_slot(const struct wh_csv_encoder *encoder, const struct wh_column *column)
{
    size_t i = wh_hash(column->name, column->length) & encoder->named_mask;
    while (encoder->named[i] != nowhere &&
           !same_column(&encoder->shape->columns[encoder->named[i]], column))
        i = (i + 1) & encoder->named_mask;
    return &encoder->named[i];
}

static void index_names(struct wh_csv_encoder *encoder)
{
    size_t size = 16;
    while (size < 2 * (size_t)encoder->shape->count)
        size *= 2;
    encoder->named = wh_alloc(size, sizeof *encoder->named);
    encoder->named_mask = size - 1;
    for (size_t i = 0; i < size; i++)
        encoder->named[i] = nowhere;
    for (uint32_t i = 0; i < encoder->shape->count; i++)
        *named_slot(encoder, &encoder->shape->columns[i]) = i;
}

static void learn_places(struct wh_csv_encoder *encoder, struct places *places,
                         const struct wh_shape *shape)
{
    const uint32_t count = encoder->shape->count;
    if (!places->at)
        places->at = wh_alloc(count, sizeof *places->at);
    for (uint32_t i = 0; i < count; i++)
        places->at[i] = nowhere;
    places->serial = shape->serial;
    places->same = shape->count == count;
    places->extra = -1;
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct wh_column *column = &shape->columns[i];
        bool there = i < count && same_column(column, &encoder->shape->columns[i]);
        uint32_t place = there ? i : *named_slot(encoder, column);
        places->same = places->same && there;
        if (place != nowhere) {
            places->at[place] = i;
            encoder->met[place] = true;
        } else if (places->extra < 0) {
            places->extra = (int)i;
        }
    }
}

static const struct places *find_places(struct wh_csv_encoder *encoder,
                                        const struct wh_shape *shape)
{
    struct places *places = wh_shape_cache_at(&encoder->places, shape->serial);
    if (__builtin_expect(places->serial != shape->serial, 0))
        learn_places(encoder, places, shape);
    return places;
}

enum wh_verdict wh_csv_check_columns(const struct wh_shape *shape, struct wh_error *error)
{
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct wh_column *column = &shape->columns[i];
        if (column->length > 0 && !memchr(column->name, '\0', column->length))
            continue;
        wh_bad_row(error, "column", NULL, 0, 0,
                   "column %u has %s: CSV cannot say so in its header (write -o ndjson, or leave "
                   "it out)", i + 1, column->length ? "a zero byte in its name" : "no name");
        return WH_BAD;
    }
    return WH_TAKEN;
}

struct wh_csv_encoder *wh_csv_encoder_open(const char *const *names, size_t count,
                                           const struct wh_row *first, char delimiter,
                                           enum wh_csv_dialect dialect)
{
    struct wh_csv_encoder *encoder = wh_alloc(1, sizeof *encoder);
    wh_shape_cache_open(&encoder->places, sizeof(struct places), PLACES_LOG2);
    const struct wh_shape *from = first->shape;
    encoder->scan = wh_csv_scan_choose();
    encoder->delimiter = delimiter;
    encoder->dialect = dialect;
    encoder->quote = dialect == WH_CSV_QUOTED ? '"' : dialect == WH_TSV_PLAIN ? '\n' : '\\';
    encoder->carriage_return = first->raw && first->terminator == 2;
    if (names) {
        struct wh_column *columns = wh_alloc(count, sizeof *columns);
        for (size_t i = 0; i < count; i++)
            columns[i] = wh_column_named(names[i]);
        encoder->shape = wh_shape_open(columns, count);
        free(columns);
    } else {
        encoder->shape = wh_shape_open(from->columns, from->count);
    }
    index_names(encoder);
    encoder->met = wh_alloc(encoder->shape->count, sizeof *encoder->met);
    if (from->header && first->delimiter == delimiter && first->dialect == dialect &&
        find_places(encoder, from)->same)
        wh_buffer_add(&encoder->header, from->header, from->header_length);
    return encoder;
}

struct wh_csv_encoder *wh_csv_encoder_copy(const struct wh_csv_encoder *encoder)
{
    struct wh_csv_encoder *copy = wh_alloc(1, sizeof *copy);
    *copy = (struct wh_csv_encoder){
        .shape = wh_shape_open(encoder->shape->columns, encoder->shape->count),
        .scan = encoder->scan, .delimiter = encoder->delimiter, .quote = encoder->quote,
        .dialect = encoder->dialect, .carriage_return = encoder->carriage_return,
    };
    wh_shape_cache_open(&copy->places, sizeof(struct places), PLACES_LOG2);
    index_names(copy);
    copy->met = wh_alloc(copy->shape->count, sizeof *copy->met);
    return copy;
}

void wh_csv_encoder_merge(struct wh_csv_encoder *encoder, const struct wh_csv_encoder *copy)
{
    for (uint32_t i = 0; i < encoder->shape->count; i++)
        encoder->met[i] |= copy->met[i];
}

void wh_csv_encoder_close(struct wh_csv_encoder *encoder)
{
    if (!encoder)
        return;
    wh_shape_close(encoder->shape);
    free(encoder->named);
    free(encoder->met);
    wh_buffer_free(&encoder->header);
    wh_buffer_free(&encoder->text);
    for (struct places *places = NULL; (places = wh_shape_cache_next(&encoder->places, places));)
        free(places->at);
    wh_shape_cache_close(&encoder->places);
    free(encoder);
}

bool wh_csv_encoder_same(struct wh_csv_encoder *encoder, const struct wh_shape *shape)
{
    return find_places(encoder, shape)->same;
}

int wh_csv_encoder_check(struct wh_csv_encoder *encoder, const struct wh_shape *shape,
                         struct wh_error *error)
{
    if (shape)
        find_places(encoder, shape);
    uint32_t i = 0;
    while (i < encoder->shape->count && encoder->met[i])
        i++;
    if (i == encoder->shape->count)
        return 0;
    const struct wh_column *column = &encoder->shape->columns[i];
    char shown[96];
    wh_fail(error, WH_REFUSED, shape ? "--columns: there is no column %s"
                                     : "--columns: no row has a column %s",
            wh_quote(shown, column->name, column->length));
    if (shape)
        wh_shape_suggest(shape, column->name, error);
    return -1;
}

static void add_quoted(struct wh_buffer *out, const char *text, size_t length)
{
    const char *end = text + length;
    wh_buffer_byte(out, '"');
    for (const char *quote; (quote = memchr(text, '"', (size_t)(end - text))) != NULL;
         text = quote + 1) {
        wh_buffer_add(out, text, (size_t)(quote - text));
        wh_buffer_literal(out, "\"\"");
    }
    wh_buffer_add(out, text, (size_t)(end - text));
    wh_buffer_byte(out, '"');
}

/* Text with a byte that TSV cannot hold as it is. False where nothing can stand for it. */
static bool add_escaped(const struct wh_csv_encoder *encoder, struct wh_buffer *out,
                        const char *text, size_t length)
{
    bool escapes = encoder->dialect == WH_TSV_ESCAPED;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        char letter = c == '\t' ? 't' : c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\\' ? c : '\0';
        if (letter && escapes)
            wh_buffer_byte(out, '\\');
        else if (c == '\t' || c == '\n')
            return false;
        wh_buffer_byte(out, letter && escapes ? letter : c);
    }
    return true;
}

/* Text that has WH_SLACK bytes after it, in quotes only where it needs them. */
static bool add_text(const struct wh_csv_encoder *encoder, struct wh_buffer *out,
                     const char *text, size_t length)
{
    char *place = wh_buffer_reserve(out, length + WH_SLACK);
    if (encoder->scan->copy(place, text, length, encoder->delimiter, encoder->quote) == length)
        out->length += length;
    else if (encoder->dialect != WH_CSV_QUOTED)
        return add_escaped(encoder, out, text, length);
    else
        add_quoted(out, text, length);
    return true;
}

/* The same for a value that came in quotes. */
static bool add_as_it_came(const struct wh_csv_encoder *encoder, struct wh_buffer *out,
                           const char *text, size_t length, bool quoted)
{
    if (!quoted || encoder->dialect != WH_CSV_QUOTED)
        return add_text(encoder, out, text, length);
    add_quoted(out, text, length);
    return true;
}

/* A JSON string among the documents of a column: "text" becomes """text""". */
static bool add_document(struct wh_csv_encoder *encoder, struct wh_buffer *out,
                         const struct wh_field *field)
{
    struct wh_buffer *json = &encoder->text;
    json->length = 0;
    wh_buffer_byte(json, '"');
    wh_buffer_add(json, field->text, field->length);
    wh_buffer_byte(json, '"');
    wh_buffer_reserve(json, WH_SLACK);
    return add_as_it_came(encoder, out, json->data, json->length, true);
}

/* False where the text holds a zero byte, which no CSV reader takes, or what TSV cannot hold. */
static bool add_string(struct wh_csv_encoder *encoder, struct wh_buffer *out,
                       const struct wh_field *field)
{
    const char *text = field->text;
    size_t length = field->length;
    if (field->flags & WH_DOCUMENT)
        return add_document(encoder, out, field);
    if (field->flags & WH_ESCAPED) {
        struct wh_buffer *decoded = &encoder->text;
        decoded->length = 0;
        text = wh_buffer_reserve(decoded, length + WH_SLACK);
        length = wh_json_unescape(field->text, length, decoded->data);
        decoded->length = length;
        if (memchr(text, 0, length))
            return false;
    }
    return add_as_it_came(encoder, out, text, length,
                          length == 0 || (field->flags & WH_QUOTED));
}

static void add_null(const struct wh_csv_encoder *encoder, struct wh_buffer *out,
                     const struct wh_field *field)
{
    if (field->flags & WH_DOCUMENT) /* JSON's null, not SQL's */
        wh_buffer_literal(out, "null");
    else if (encoder->dialect == WH_TSV_ESCAPED)
        wh_buffer_literal(out, "\\N");
}

static bool add_value(struct wh_csv_encoder *encoder, struct wh_buffer *out,
                      const struct wh_field *field)
{
    switch ((enum wh_type)field->type) {
    case WH_NULL:
        add_null(encoder, out, field);
        return true;
    case WH_FALSE:
        wh_buffer_literal(out, "false");
        return true;
    case WH_TRUE:
        wh_buffer_literal(out, "true");
        return true;
    case WH_NUMBER:
        return add_as_it_came(encoder, out, field->text, field->length, field->flags & WH_QUOTED);
    case WH_STRING:
        return add_string(encoder, out, field);
    case WH_NESTED:
        return add_as_it_came(encoder, out, field->text, field->length, true);
    }
    return true;
}

static void add_line_end(struct wh_buffer *out, bool carriage_return)
{
    if (carriage_return)
        wh_buffer_byte(out, '\r');
    wh_buffer_byte(out, '\n');
}

/* Whether what was written last would be taken for a part of the line end. */
static bool ends_in_return(const struct wh_csv_encoder *encoder, const struct wh_buffer *out)
{
    return encoder->dialect == WH_TSV_PLAIN && out->length && out->data[out->length - 1] == '\r';
}

static int refuse_name(const struct wh_column *column, struct wh_error *error)
{
    char shown[96];
    return wh_fail(error, WH_REFUSED, "the name of the column %s cannot be written in TSV (give "
                   "--tsv-escapes, or write -o csv)",
                   wh_quote(shown, column->name, column->length));
}

int wh_csv_encode_header(struct wh_csv_encoder *encoder, struct wh_buffer *out,
                         struct wh_error *error)
{
    if (encoder->header.length) {
        wh_buffer_add(out, encoder->header.data, encoder->header.length);
        return 0;
    }
    for (uint32_t i = 0; i < encoder->shape->count; i++) {
        const struct wh_column *column = &encoder->shape->columns[i];
        if (i > 0)
            wh_buffer_byte(out, encoder->delimiter);
        if (!add_text(encoder, out, column->name, column->length))
            return refuse_name(column, error);
    }
    if (!encoder->carriage_return && ends_in_return(encoder, out))
        return refuse_name(&encoder->shape->columns[encoder->shape->count - 1], error);
    add_line_end(out, encoder->carriage_return);
    return 0;
}

static enum wh_verdict refuse_value(const struct wh_csv_encoder *encoder,
                                    const struct wh_column *column, const struct wh_field *field,
                                    struct wh_error *error)
{
    bool zero = encoder->dialect != WH_TSV_PLAIN;
    if (!zero && field->flags & WH_ESCAPED)
        zero = memchr(encoder->text.data, 0, encoder->text.length) != NULL;
    if (zero)
        wh_bad_row(error, "nul", column->name, column->length, 0,
                   "the value has a zero byte, which CSV cannot hold (write -o ndjson)");
    else
        wh_bad_row(error, "tsv", column->name, column->length, 0,
                   "TSV cannot hold a value with a tab or a line end (give --tsv-escapes, or write "
                   "-o csv)");
    return WH_BAD;
}

enum wh_verdict wh_csv_encode_row(struct wh_csv_encoder *encoder, struct wh_buffer *out,
                                  const struct wh_row *row, struct wh_error *error)
{
    const struct places *places = find_places(encoder, row->shape);
    if (places->extra >= 0) {
        const struct wh_column *column = &row->shape->columns[places->extra];
        wh_bad_row(error, "column", column->name, column->length, 0,
                   "the CSV header was written without this column (name all columns with "
                   "--columns, or write -o ndjson)");
        return WH_BAD;
    }
    const size_t before = out->length;
    for (uint32_t i = 0; i < encoder->shape->count; i++) {
        if (i > 0)
            wh_buffer_byte(out, encoder->delimiter);
        if (places->at[i] != nowhere && !add_value(encoder, out, &row->fields[places->at[i]])) {
            out->length = before;
            return refuse_value(encoder, &encoder->shape->columns[i],
                                &row->fields[places->at[i]], error);
        }
    }
    bool ended = row->terminator > 0 || row->raw_format == WH_FORMAT_NONE;
    if (ended && row->terminator != 2 && out->length > before && ends_in_return(encoder, out)) {
        uint32_t last = encoder->shape->count - 1;
        out->length = before;
        return refuse_value(encoder, &encoder->shape->columns[last],
                            &row->fields[places->at[last]], error);
    }
    /* The last row of a file keeps its missing line end; a row out of a database has none. */
    if (ended)
        add_line_end(out, row->terminator == 2);
    return WH_TAKEN;
}
