#include "record/csv_encode.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "record/csv_scan.h"
#include "record/json.h"

enum { CACHED_SHAPES = 64 };

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
    bool carriage_return; /* a header made here ends like the first row */
    struct wh_buffer header; /* as it came; empty where it must be made */
    struct wh_buffer text; /* a string without its JSON escapes */
    struct places places[CACHED_SHAPES]; /* by serial */
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
    struct places *places = &encoder->places[shape->serial % CACHED_SHAPES];
    if (__builtin_expect(places->serial != shape->serial, 0))
        learn_places(encoder, places, shape);
    return places;
}

int wh_csv_check_columns(const struct wh_shape *shape, struct wh_error *error)
{
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct wh_column *column = &shape->columns[i];
        if (column->length > 0 && !memchr(column->name, '\0', column->length))
            continue;
        wh_bad_row(error, "column", NULL, 0, 0,
                   "column %u has %s: CSV cannot say so in its header (write -o ndjson, or leave "
                   "it out)", i + 1, column->length ? "a zero byte in its name" : "no name");
        return 1;
    }
    return 0;
}

struct wh_csv_encoder *wh_csv_encoder_begin(const char *const *names, size_t count,
                                            const struct wh_row *first, char delimiter)
{
    struct wh_csv_encoder *encoder = wh_alloc(1, sizeof *encoder);
    const struct wh_shape *from = first->shape;
    encoder->scan = wh_csv_scan_choose();
    encoder->delimiter = delimiter;
    encoder->carriage_return = first->raw && first->terminator == 2;
    if (names) {
        struct wh_column *columns = wh_alloc(count, sizeof *columns);
        for (size_t i = 0; i < count; i++)
            columns[i] = wh_column_named(names[i]);
        encoder->shape = wh_shape_make(columns, count);
        free(columns);
    } else {
        encoder->shape = wh_shape_make(from->columns, from->count);
    }
    index_names(encoder);
    encoder->met = wh_alloc(encoder->shape->count, sizeof *encoder->met);
    if (from->header && first->delimiter == delimiter && find_places(encoder, from)->same)
        wh_buffer_add(&encoder->header, from->header, from->header_length);
    return encoder;
}

void wh_csv_encoder_end(struct wh_csv_encoder *encoder)
{
    if (!encoder)
        return;
    wh_shape_free(encoder->shape);
    free(encoder->named);
    free(encoder->met);
    wh_buffer_free(&encoder->header);
    wh_buffer_free(&encoder->text);
    for (size_t i = 0; i < CACHED_SHAPES; i++)
        free(encoder->places[i].at);
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
        wh_buffer_add(out, "\"\"", 2);
    }
    wh_buffer_add(out, text, (size_t)(end - text));
    wh_buffer_byte(out, '"');
}

/* Text that has WH_SLACK bytes behind it, in quotes only where it needs them. */
static void add_text(const struct wh_csv_encoder *encoder, struct wh_buffer *out,
                     const char *text, size_t length)
{
    char *place = wh_buffer_reserve(out, length + WH_SLACK);
    if (encoder->scan->copy(place, text, length, encoder->delimiter) == length)
        out->length += length;
    else
        add_quoted(out, text, length);
}

/* A JSON string among the documents of a column: "text" becomes """text""". */
static void add_document(struct wh_csv_encoder *encoder, struct wh_buffer *out,
                         const struct wh_field *field)
{
    struct wh_buffer *json = &encoder->text;
    json->length = 0;
    wh_buffer_byte(json, '"');
    wh_buffer_add(json, field->text, field->length);
    wh_buffer_byte(json, '"');
    add_quoted(out, json->data, json->length);
}

/* False where the text holds a zero byte, which no CSV reader takes. */
static bool add_string(struct wh_csv_encoder *encoder, struct wh_buffer *out,
                       const struct wh_field *field)
{
    const char *text = field->text;
    size_t length = field->length;
    if (field->flags & WH_DOCUMENT) {
        add_document(encoder, out, field);
        return true;
    }
    if (field->flags & WH_ESCAPED) {
        struct wh_buffer *decoded = &encoder->text;
        decoded->length = 0;
        text = wh_buffer_reserve(decoded, length + WH_SLACK);
        length = wh_json_unescape(field->text, length, decoded->data);
        if (memchr(text, 0, length))
            return false;
    }
    if (length == 0 || (field->flags & WH_QUOTED))
        add_quoted(out, text, length);
    else
        add_text(encoder, out, text, length);
    return true;
}

/* What a value that is no string has for text; `word` where nothing else was kept. */
static void add_literal(const struct wh_csv_encoder *encoder, struct wh_buffer *out,
                        const struct wh_field *field, const char *word)
{
    if (!(field->flags & WH_LITERAL))
        wh_buffer_add(out, word, strlen(word));
    else if (field->flags & WH_QUOTED)
        add_quoted(out, field->text, field->length);
    else
        add_text(encoder, out, field->text, field->length);
}

static bool add_value(struct wh_csv_encoder *encoder, struct wh_buffer *out,
                      const struct wh_field *field)
{
    switch ((enum wh_type)field->type) {
    case WH_NULL:
        add_literal(encoder, out, field, "");
        return true;
    case WH_FALSE:
        add_literal(encoder, out, field, "false");
        return true;
    case WH_TRUE:
        add_literal(encoder, out, field, "true");
        return true;
    case WH_NUMBER:
        if (field->flags & WH_QUOTED)
            add_quoted(out, field->text, field->length);
        else
            add_text(encoder, out, field->text, field->length);
        return true;
    case WH_STRING:
        return add_string(encoder, out, field);
    case WH_NESTED:
        add_quoted(out, field->text, field->length);
        return true;
    }
    return true;
}

static void add_line_end(struct wh_buffer *out, bool carriage_return)
{
    if (carriage_return)
        wh_buffer_byte(out, '\r');
    wh_buffer_byte(out, '\n');
}

void wh_csv_encode_header(struct wh_csv_encoder *encoder, struct wh_buffer *out)
{
    if (encoder->header.length) {
        wh_buffer_add(out, encoder->header.data, encoder->header.length);
        return;
    }
    for (uint32_t i = 0; i < encoder->shape->count; i++) {
        const struct wh_column *column = &encoder->shape->columns[i];
        if (i > 0)
            wh_buffer_byte(out, encoder->delimiter);
        add_text(encoder, out, column->name, column->length);
    }
    add_line_end(out, encoder->carriage_return);
}

int wh_csv_encode_row(struct wh_csv_encoder *encoder, struct wh_buffer *out,
                      const struct wh_row *row, struct wh_error *error)
{
    const struct places *places = find_places(encoder, row->shape);
    if (places->extra >= 0) {
        const struct wh_column *column = &row->shape->columns[places->extra];
        wh_bad_row(error, "column", column->name, column->length, 0,
                   "the CSV header was written without this column (-o ndjson "
                   "takes rows of any columns)");
        return 1;
    }
    const size_t before = out->length;
    for (uint32_t i = 0; i < encoder->shape->count; i++) {
        if (i > 0)
            wh_buffer_byte(out, encoder->delimiter);
        if (places->at[i] != nowhere && !add_value(encoder, out, &row->fields[places->at[i]])) {
            const struct wh_column *column = &encoder->shape->columns[i];
            out->length = before;
            wh_bad_row(error, "nul", column->name, column->length, 0,
                       "a zero byte stands in the value, which CSV cannot hold");
            return 1;
        }
    }
    /* The last row of a file keeps its missing line end; a row out of a database has none. */
    if (row->terminator > 0 || row->raw_format == WH_FORMAT_NONE)
        add_line_end(out, row->terminator == 2);
    return 0;
}
