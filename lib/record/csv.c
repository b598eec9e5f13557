/*
 * Reading CSV (RFC 4180, with or without a header).
 *
 * Most records are plain: as many values as there are columns, quotes around whole values and
 * doubled within them. These are cut where vector code has found the delimiters, and their values
 * are slices of the input. Whatever is not plain (the header, a broken quote, another number of
 * values, broken UTF-8, a record larger than the window) is read by libcsv, set to take nothing
 * for granted: strict, no blanks dropped, an unclosed quote an error.
 *
 * Records end with LF or CR LF; a CR elsewhere is part of a value. Control characters are part of
 * values too, but for NUL. A line without any byte holds no row, unless there is one column only,
 * which then is null.
 *
 * TSV (the media type text/tab-separated-values) goes the same ways, but knows no quotes: a record
 * is a line, a value what stands between two tabs. Where its values have escapes, those of a plain
 * record are replaced when the vector code has seen a backslash in it.
 */
#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "record/csv_scan.h"
#include "record/json.h"
#include "record/position.h"
#include "record/reader.h"

enum { WINDOW = 64 << 10, ORDER_MARK = 3 /* bytes of it in UTF-8 */ };

/* Where the delimiters, line feeds and quotes of a part of the input stand. */
struct marks {
    const char *base; /* NULL: nothing is known */
    size_t length;    /* bytes looked at */
    uint32_t count, next;
    bool quotes;      /* TSV: there are some, which are not marked */
    uint64_t bits[WINDOW / 64];
    uint8_t traits[WINDOW / 64];
    uint32_t at[WINDOW];
};

/* What the values of a column may be. */
enum mode { BY_VALUE, STRINGS, NUMBERS };
/* The same in a position. */
static const char mode_letters[] = { [BY_VALUE] = 'v', [STRINGS] = 's', [NUMBERS] = 'n' };

/* Where a record stands that is being skipped, or swept over for its end. */
enum place { AT_START, IN_PLAIN, IN_QUOTES, BEHIND_QUOTE, BROKEN };

/* How far the ends of records are known that have not been read: offsets in the input. */
struct sweep {
    uint64_t whole;    /* up to here records are whole */
    uint64_t line;     /* whether the next line goes on in quotes is known up to here */
    uint64_t searched; /* no line feed is between that and here */
    bool in_quotes;    /* a record goes on in that line */
    bool too_long;     /* beyond --max-row: next() refuses it */
};

struct csv {
    struct wh_reader reader;
    struct wh_row row;
    const struct wh_reading *reading;
    struct wh_input *input;
    const struct wh_csv_scan *scan;
    struct marks *marks;
    bool tsv, escapes;        /* values have no quotes; they have escapes instead */
    size_t max_row;
    uint64_t line;            /* the next record begins on */
    size_t lead;              /* bytes of a byte order mark before the first record */
    struct wh_shape *shape;   /* NULL until the header was read */
    char *header;
    uint8_t *modes;           /* enum mode of each column */
    size_t *null_lengths;
    struct wh_field *fields;
    size_t room;
    bool skipping;            /* the record before was too long; its rest is at `place` */
    enum place place;
    bool holds;               /* a last record without its end is held back */
    struct sweep sweep;
    struct wh_spot open;      /* the last record, if it was given before its end was seen */
    uint64_t header_end;      /* offset after the header; 0 where none was read */
    const char *types;        /* of a position: what --infer has settled; NULL: not yet settled */

    /* The record that libcsv is reading. */
    struct csv_parser parser;
    size_t count;             /* its values so far */
    size_t value_start;       /* offset of the next value */
    size_t last_start;        /* offset of the value in the last column */
};

/* Input -------------------------------------------------------------------------------------- */

static int fill(struct csv *csv, struct wh_error *error)
{
    csv->marks->base = NULL;
    int result = wh_input_fill(csv->input, error);
    csv->reader.progress = wh_input_progress(csv->input);
    return result;
}

/* Ends the current record, of `length` bytes and so many lines. Its bytes stay until a fill. */
static void take_record(struct csv *csv, size_t length, uint64_t lines)
{
    csv->row.raw = csv->input->next;
    csv->row.raw_length = length;
    csv->line += lines;
    csv->lead = 0;
    csv->reader.bytes += length;
    wh_input_take(csv->input, length);
}

/* The current record, of `length` bytes (0: it is too long), is given although more may follow. */
static void keep_open(struct csv *csv, size_t length)
{
    csv->open = (struct wh_spot){
        .offset = csv->input->offset, .line = csv->line, .given = true, .length = length,
    };
}

static bool is_null(const struct csv *csv, const char *text, size_t length)
{
    for (size_t i = 0; i < csv->reading->null_count; i++)
        if (csv->null_lengths[i] == length && memcmp(csv->reading->nulls[i], text, length) == 0)
            return true;
    return false;
}

static inline bool is_number(const char *text, size_t length)
{
    if (length == 0 || !wh_is_digit(text[length - 1]) || !(wh_is_digit(text[0]) || text[0] == '-'))
        return false;
    return wh_number_valid(text, length);
}

/* Gives a value its type. False where the column was settled to hold numbers and this is not one. A
 * value that --null-value calls null is null for later tools too, so the row is not passed on as it
 * came. */
static inline bool settle_value(struct csv *csv, struct wh_field *field, enum mode mode,
                                const char *text, size_t length, unsigned flags)
{
    unsigned type = WH_STRING;
    bool fits = true;
    if (csv->reading->null_count && is_null(csv, text, length)) {
        csv->row.changed = csv->row.changed || length || flags & WH_QUOTED || csv->escapes;
        type = WH_NULL;
        flags = 0;
        text = "";
        length = 0;
    } else if (length == 0 && !(flags & WH_QUOTED) && !csv->escapes) {
        type = WH_NULL;
        flags = 0;
    } else if (mode != STRINGS) {
        if (is_number(text, length))
            type = WH_NUMBER;
        else
            fits = mode != NUMBERS;
    } else {
        flags |= WH_DECLARED;
    }
    *field = (struct wh_field){ text, (uint32_t)length, (uint8_t)type, (uint8_t)flags };
    return fits;
}

/* Plain records ------------------------------------------------------------------------------ */

enum cut {
    CUT_ROW,   /* a row was read */
    CUT_BLANK, /* a line without a row was read */
    CUT_SHORT, /* the record goes on after what the marks know */
    CUT_OTHER, /* the record is not plain */
};

static void find_marks(struct csv *csv)
{
    struct marks *marks = csv->marks;
    marks->base = csv->input->next;
    marks->length = csv->input->available < WINDOW ? csv->input->available : WINDOW;
    csv->scan->classify(marks->base, marks->length, csv->row.delimiter, csv->tsv ? '\n' : '"',
                        marks->bits, marks->traits);
    marks->quotes = csv->tsv && memchr(marks->base, '"', marks->length);
    uint32_t *out = marks->at;
    for (size_t i = 0; i < marks->length; i += 64)
        for (uint64_t bits = marks->bits[i / 64]; bits; bits &= bits - 1)
            *out++ = (uint32_t)i + (uint32_t)__builtin_ctzll(bits);
    marks->count = (uint32_t)(out - marks->at);
    marks->next = 0;
}

/* Moves after the marks of a record that was read without them. */
static void catch_up(struct csv *csv)
{
    struct marks *marks = csv->marks;
    if (!marks->base)
        return;
    size_t passed = (size_t)(csv->input->next - marks->base);
    while (marks->next < marks->count && marks->at[marks->next] < passed)
        marks->next++;
}

/* Escapes of TSV --------------------------------------------------------------------------- */

/* Replaces the escapes of `length` bytes, in scratch; NULL where one is unknown, then at *fault. */
static const char *unescape(struct csv *csv, const char *text, size_t *length, const char **fault)
{
    static const char letters[] = "tnr\\bfv", bytes[] = "\t\n\r\\\b\f\v";
    char *copy = wh_row_take(&csv->row, *length), *out = copy;
    const char *end = text + *length;
    while (text < end) {
        const char *slash = memchr(text, '\\', (size_t)(end - text));
        const char *stop = slash ? slash : end;
        memcpy(out, text, (size_t)(stop - text));
        out += stop - text;
        text = stop;
        if (!slash)
            break;
        const char *letter = end - slash > 1 ? memchr(letters, slash[1], sizeof letters - 1) : NULL;
        if (!letter) {
            *fault = slash;
            return NULL;
        }
        *out++ = bytes[letter - letters];
        text = slash + 2;
    }
    *length = (size_t)(out - copy);
    return copy;
}

/* Replaces the escapes in a value that has been cut. False with *fault where one is unknown, or
 * where the column holds numbers. */
static bool unescape_value(struct csv *csv, size_t column, const char **fault)
{
    struct wh_field *field = &csv->fields[column];
    const char *text = field->text;
    size_t length = field->length;
    *fault = NULL;
    if (field->type == WH_NULL || !memchr(text, '\\', length))
        return true;
    if (length == 2 && text[1] == 'N') {
        *field = (struct wh_field){ .text = "", .type = WH_NULL };
        return true;
    }
    text = unescape(csv, text, &length, fault);
    return text && settle_value(csv, field, csv->modes[column], text, length, 0);
}

/*
 * Looks closer at a record that is not all printable ASCII: which strings can stand in JSON as
 * they are, whether it is UTF-8 without NUL. False: let libcsv's path find what is wrong with it.
 */
static bool look_closer(struct csv *csv, const char *end, unsigned traits)
{
    const char *start = csv->input->next;
    if (traits & WH_CSV_UNSAFE) {
        if (memchr(start, 0, (size_t)(end - start)))
            return false;
        for (uint32_t i = 0; i < csv->shape->count; i++) {
            struct wh_field *field = &csv->fields[i];
            const char *fault;
            if (csv->escapes && !unescape_value(csv, i, &fault))
                return false;
            if ((field->flags & WH_JSON_SAFE) && !wh_json_safe(field->text, field->length))
                field->flags &= (uint8_t)~WH_JSON_SAFE;
        }
    }
    size_t length = (size_t)(end - start);
    return !(traits & WH_CSV_HIGH) || wh_utf8_valid(start, length) == length;
}

/* Finishes a plain record whose line feed is at `end`. */
static enum cut finish_plain(struct csv *csv, const char *end, uint64_t lines)
{
    const struct marks *marks = csv->marks;
    const char *start = csv->input->next;
    size_t length = (size_t)(end - start);
    unsigned traits = 0;
    size_t last = (size_t)(end - marks->base) / 64;
    for (size_t i = (size_t)(start - marks->base) / 64; i <= last; i++)
        traits |= marks->traits[i];
    if (csv->marks->quotes && memchr(start, '"', length)) /* JSON escapes it */
        traits |= WH_CSV_UNSAFE;
    if (__builtin_expect(traits != 0, 0) && !look_closer(csv, end, traits))
        return CUT_OTHER;
    csv->row.terminator = length && end[-1] == '\r' ? 2 : 1;
    if (length > csv->max_row)
        return CUT_OTHER;
    take_record(csv, length + 1, lines);
    return CUT_ROW;
}

/* A quoted value of a plain record. */
struct quoted {
    const char *end;     /* its closing quote */
    const uint32_t *at;  /* the mark after that: a delimiter or line feed; NULL: not plain */
    uint64_t lines;      /* line feeds in it */
    size_t doubled;      /* doubled quotes in it */
    enum cut cut;        /* why there is no mark */
};

/* Finds the end of a quoted value, `at` being the mark after its opening quote. */
static inline struct quoted close_quote(const char *base, const uint32_t *at, const uint32_t *stop)
{
    struct quoted value = { .cut = CUT_SHORT };
    for (;; at += 2, value.doubled++) {
        while (at < stop && base[*at] != '"')
            value.lines += base[*at++] == '\n';
        if (stop - at < 2)
            return value;
        if (base[at[1]] != '"' || at[1] != at[0] + 1)
            break;
    }
    value.end = base + at[0];
    value.cut = CUT_OTHER;
    const char *behind = base + at[1];
    if ((behind == value.end + 1 && *behind != '"') ||
        (behind == value.end + 2 && behind[-1] == '\r' && *behind == '\n'))
        value.at = at + 1;
    return value;
}

/* A copy of a quoted value's inside without the second of each two quotes. */
static const char *undouble(struct csv *csv, const char *text, const char *end)
{
    char *copy = wh_row_take(&csv->row, (size_t)(end - text)), *out = copy;
    while (text < end) {
        const char *quote = memchr(text, '"', (size_t)(end - text));
        const char *stop = quote ? quote + 1 : end;
        memcpy(out, text, (size_t)(stop - text));
        out += stop - text;
        text = quote ? stop + 1 : end;
    }
    return copy;
}

/* Whether a line feed at `end` ends a line that begins at `start` without any byte. */
static inline bool is_blank(const char *start, const char *end)
{
    return *end == '\n' && (end == start || (end == start + 1 && *start == '\r'));
}

static enum cut cut_record(struct csv *csv)
{
    struct marks *marks = csv->marks;
    const size_t columns = csv->shape->count;
    const char *base = marks->base, *start = csv->input->next;
    const uint32_t *at = marks->at + marks->next, *stop = marks->at + marks->count;
    struct wh_field *fields = csv->fields;
    const uint8_t *modes = csv->modes;
    uint64_t lines = 1;
    if (!base || at == stop)
        return CUT_SHORT;
    if (__builtin_expect(columns > 1 && is_blank(start, base + *at), 0)) {
        marks->next++;
        take_record(csv, (size_t)(base + *at + 1 - start), 1);
        return CUT_BLANK;
    }
    for (size_t column = 0; column < columns; column++) {
        if (at == stop)
            return CUT_SHORT;
        const char *text = start, *end = base + *at, *behind = end;
        size_t length = (size_t)(end - start);
        unsigned flags = WH_JSON_SAFE;
        if (__builtin_expect(*end == '"', 0)) { /* never in TSV, whose quotes are not marked */
            if (end != start)
                return CUT_OTHER;
            struct quoted value = close_quote(base, at + 1, stop);
            if (!value.at)
                return value.cut;
            flags = WH_QUOTED | (value.at == at + 2 ? WH_JSON_SAFE : 0);
            text = value.doubled ? undouble(csv, start + 1, value.end) : start + 1;
            length = (size_t)(value.end - start) - 1 - value.doubled;
            lines += value.lines;
            at = value.at;
            behind = base + *at;
        } else if (*end == '\n' && length && end[-1] == '\r') {
            length--;
        }
        if ((*behind == '\n') != (column + 1 == columns) ||
            !settle_value(csv, &fields[column], modes[column], text, length, flags))
            return CUT_OTHER;
        at++;
        start = behind + 1;
    }
    enum cut cut = finish_plain(csv, start - 1, lines);
    if (cut == CUT_ROW)
        marks->next = (uint32_t)(at - marks->at);
    return cut;
}

/*
 * Learns more marks, reading on where the record at hand is not complete. 1: cut again; 0: read
 * the record with libcsv, since the input ends in it or it is larger than the window; -1 error.
 */
static int find_more(struct csv *csv, struct wh_error *error)
{
    struct wh_input *input = csv->input;
    struct marks *marks = csv->marks;
    size_t known = marks->base == input->next ? marks->length : 0;
    while (known == input->available || known >= WINDOW) {
        if (known >= WINDOW || input->ended)
            return 0;
        size_t before = input->available;
        bool feed = false;
        while (!feed && !input->ended && input->available < WINDOW) {
            if (fill(csv, error))
                return -1;
            feed = memchr(input->next + before, '\n', input->available - before);
            before = input->available;
        }
        known = 0;
        if (input->available == 0)
            return 0;
    }
    find_marks(csv);
    return 1;
}

/* Records that libcsv reads ------------------------------------------------------------------ */

static int never(unsigned char c)
{
    (void)c;
    return 0;
}

static void *resize_or_end(void *memory, size_t size)
{
    return wh_resize(memory, size, 1);
}

/* Records are handed over without their line end, so no byte is a line end to libcsv. Nothing here
 * can fail: csv_init allocates nothing. */
static void start_parser(struct csv *csv)
{
    csv_init(&csv->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL | CSV_EMPTY_IS_NULL);
    csv_set_delim(&csv->parser, (unsigned char)csv->row.delimiter);
    csv_set_space_func(&csv->parser, never);
    csv_set_term_func(&csv->parser, never);
    csv_set_realloc_func(&csv->parser, resize_or_end);
}

/* Before a line is handed over: libcsv makes its buffer larger a block at a time, which takes
 * quadratic time unless a block is as large as the buffer or all that is still to come. */
static void settle_block(struct csv *csv, size_t line)
{
    enum { SMALLEST = 4096 };
    size_t block = csv_get_buffer_size(&csv->parser);
    if (block < line)
        block = line;
    csv_set_blk_size(&csv->parser, block < SMALLEST ? SMALLEST : block);
}

/* After an error libcsv stays in the middle of things; after a large value it keeps its room. */
static void restart_parser(struct csv *csv)
{
    csv_free(&csv->parser);
    start_parser(csv);
}

/* Room for one more value; a record has at most as many as there are columns, a first one at most
 * WH_MAX_COLUMNS. */
static bool room_for_value(struct csv *csv)
{
    if (csv->count >= (csv->shape ? csv->shape->count : (uint32_t)WH_MAX_COLUMNS))
        return false;
    if (csv->count == csv->room) {
        csv->room = csv->room ? 2 * csv->room : 64;
        csv->fields = wh_resize(csv->fields, csv->room, sizeof *csv->fields);
    }
    return true;
}

/* libcsv has read a value; NULL is an empty one without quotes. */
static void keep_value(void *text, size_t length, void *context)
{
    struct csv *csv = context;
    const char *raw = csv->input->next + csv->value_start;
    bool quoted = text && *raw == '"';
    size_t raw_length = length + (quoted ? 2 : 0);
    if (quoted)
        for (const char *at = text, *end = at + length;
             (at = memchr(at, '"', (size_t)(end - at))) != NULL; at++)
            raw_length++;
    if (room_for_value(csv)) {
        char *copy = wh_row_take(&csv->row, length);
        if (length)
            memcpy(copy, text, length);
        csv->fields[csv->count] = (struct wh_field){
            .text = copy,
            .length = (uint32_t)length,
            .type = text ? WH_STRING : WH_NULL,
            .flags = quoted ? WH_QUOTED : 0,
        };
        csv->last_start = csv->value_start;
    }
    csv->count++;
    csv->value_start += raw_length + 1;
}

/* The same for the values of a line of TSV. */
static void cut_line(struct csv *csv, size_t start, size_t end)
{
    const char *line = csv->input->next;
    for (const char *text = line + start, *stop = line + end; csv->count == 0 || text <= stop;) {
        const char *tab = memchr(text, '\t', (size_t)(stop - text));
        size_t length = (size_t)((tab ? tab : stop) - text);
        if (room_for_value(csv)) {
            char *copy = wh_row_take(&csv->row, length);
            memcpy(copy, text, length);
            csv->fields[csv->count] = (struct wh_field){
                .text = copy, .length = (uint32_t)length,
                .type = length || csv->escapes ? WH_STRING : WH_NULL,
            };
            csv->last_start = (size_t)(text - line);
        }
        csv->count++;
        text += length + 1;
    }
}

/* The name of a column for messages; "" while there are none. */
static struct wh_slice column_name(const struct csv *csv, size_t column)
{
    if (!csv->shape || column >= csv->shape->count)
        return (struct wh_slice){ "", 0 };
    const struct wh_column *found = &csv->shape->columns[column];
    return (struct wh_slice){ found->name, found->length };
}

static enum wh_verdict bad_value(const struct csv *csv, const char *rule, size_t column,
                                 size_t byte, const char *text, struct wh_error *error)
{
    struct wh_slice name = column_name(csv, column);
    wh_bad_row(error, rule, name.text, name.length, byte, "%s", text);
    return WH_BAD;
}

/* The delimiter, as -d takes it, that the broken quote at `place` stands next to; NULL: none. */
static const char *other_delimiter(const struct csv *csv, size_t place)
{
    static const struct {
        char byte;
        const char *option;
    } likely[] = { { ';', "';'" }, { '\t', "'\\t'" }, { '|', "'|'" }, { ',', "," } };
    const char *text = csv->input->next;
    char next_to = text[place] != '"' ? text[place] : place > 0 ? text[place - 1] : '\0';
    for (size_t i = 0; i < sizeof likely / sizeof *likely; i++)
        if (likely[i].byte == next_to && next_to != csv->row.delimiter)
            return likely[i].option;
    return csv->shape ? wh_shape_delimiter(csv->shape) : NULL;
}

/* The record broke at `place`: it ends with that line. */
static enum wh_verdict broken(struct csv *csv, size_t place, size_t length, uint64_t lines,
                              struct wh_error *error)
{
    bool within = csv->input->next[place] == '"';
    const char *delimiter = other_delimiter(csv, place);
    char text[160];
    snprintf(text, sizeof text, "%s (%s%s%s)",
             within ? "a quote is within a value that does not begin with one"
                    : "the value continues after its closing quote",
             delimiter ? "is the delimiter -d "
             : csv->row.delimiter == '\t' ? "-i tsv takes quotes as part of a value"
             : within  ? "quote the whole value and double the quotes in it"
                       : "double the quotes within a value",
             delimiter ? delimiter : "", delimiter ? "?" : "");
    bad_value(csv, "quote", csv->count, place + 1, text, error);
    take_record(csv, length, lines);
    restart_parser(csv);
    return WH_BAD;
}

static enum wh_verdict unclosed(struct csv *csv, uint64_t lines, struct wh_error *error)
{
    bad_value(csv, "quote", csv->count, csv->value_start + 1,
              "the quote that opens this value is never closed", error);
    csv->row.terminator = 0; /* a line end there is part of the value */
    take_record(csv, csv->input->available, lines);
    restart_parser(csv);
    return WH_BAD;
}

static enum place step(const struct csv *csv, enum place place, char c)
{
    const char delimiter = csv->row.delimiter;
    if (csv->tsv)
        return IN_PLAIN;
    switch (place) {
    case AT_START:
    case IN_PLAIN:
        if (c == delimiter)
            return AT_START;
        return c != '"' ? IN_PLAIN : place == AT_START ? IN_QUOTES : BROKEN;
    case IN_QUOTES:
        return c == '"' ? BEHIND_QUOTE : IN_QUOTES;
    case BEHIND_QUOTE:
        if (c == delimiter)
            return AT_START;
        return c == '"' ? IN_QUOTES : c == '\r' ? BEHIND_QUOTE : BROKEN;
    case BROKEN:
        break;
    }
    return BROKEN;
}

/* The column that byte `place` of the record belongs to. */
static size_t column_at(const struct csv *csv, size_t place)
{
    size_t column = 0;
    bool in_quotes = false;
    for (size_t i = 0; i < place; i++) {
        in_quotes ^= csv->row.raw[i] == '"' && !csv->tsv;
        column += csv->row.raw[i] == csv->row.delimiter && !in_quotes;
    }
    return column;
}

/* The record is longer than a row may be; libcsv has read `fed` bytes of it. */
static enum wh_verdict too_long(struct csv *csv, size_t fed, uint64_t lines, struct wh_error *error)
{
    const char *record = csv->input->next;
    enum place place = fed > csv->lead ? IN_QUOTES : AT_START; /* only quotes hold line ends */
    for (size_t i = fed; i < csv->max_row; i++)
        place = step(csv, place, record[i]);
    csv->row.terminator = 0;
    csv->place = place;
    csv->skipping = true;
    keep_open(csv, 0);
    take_record(csv, csv->max_row, lines);
    restart_parser(csv);
    struct wh_slice name = column_name(csv, column_at(csv, csv->max_row));
    wh_bad_row(error, "length", name.text, name.length, 0,
               "the row is longer than %zu bytes%s (see --max-row); only so much of it is kept",
               csv->max_row, place == IN_QUOTES ? ", or a quote is not closed" : "");
    return WH_BAD;
}

/* Drops the rest of a record that was too long. */
static int skip_rest(struct csv *csv, struct wh_error *error)
{
    struct wh_input *input = csv->input;
    enum place place = csv->place;
    csv->marks->base = NULL;
    while (csv->skipping && (input->available > 0 || !input->ended)) {
        size_t i = 0;
        uint64_t lines = 0;
        while (i < input->available && csv->skipping) {
            char c = input->next[i++];
            lines += c == '\n';
            if (c == '\n' && place != IN_QUOTES)
                csv->skipping = csv->open.given = false;
            else
                place = step(csv, place, c);
        }
        take_record(csv, i, lines);
        if (csv->skipping && !input->ended && fill(csv, error))
            return -1;
    }
    csv->skipping = false;
    return 0;
}

static bool odd_quotes(const char *text, size_t length)
{
    bool odd = false;
    for (size_t i = 0; i < length; i++)
        odd ^= text[i] == '"';
    return odd;
}

/* The end of libcsv's record, `content` bytes of it before the line end. */
static enum wh_verdict end_record(struct csv *csv, size_t length, uint64_t lines,
                                  struct wh_error *error)
{
    enum { KEEP_ROOM = 1 << 20 };
    if (csv_fini(&csv->parser, keep_value, NULL, csv))
        return unclosed(csv, lines, error);
    if (csv_get_buffer_size(&csv->parser) > KEEP_ROOM)
        restart_parser(csv);
    take_record(csv, length, lines);
    return WH_PASSED;
}

/* The end of the input is within a record: none of it is given. */
static enum wh_verdict hold(struct csv *csv)
{
    csv->reader.held_line = csv->line;
    restart_parser(csv);
    return WH_ENDED;
}

/*
 * Reads one record into fields that are as yet strings and nulls. A line is handed over when it
 * is complete, so that a broken one is known at its end, however the rest looks. An empty record
 * has no values.
 */
static enum wh_verdict read_record(struct csv *csv, struct wh_error *error)
{
    struct wh_input *input = csv->input;
    size_t fed = csv->lead, searched = fed;
    uint64_t lines = 0;
    bool in_quotes = false;
    csv->count = 0;
    csv->value_start = fed;
    for (;;) {
        const char *feed = NULL;
        if (input->available > searched)
            feed = memchr(input->next + searched, '\n', input->available - searched);
        size_t line_end = feed ? (size_t)(feed - input->next) : input->available;
        if (line_end > csv->max_row)
            return too_long(csv, fed, lines, error);
        if (!feed && !input->ended) {
            searched = input->available > fed ? input->available : fed;
            if (fill(csv, error))
                return WH_FATAL;
            continue;
        }
        if (!feed && line_end <= csv->lead && fed == csv->lead)
            return WH_ENDED;
        if (!feed && csv->holds)
            return hold(csv);
        size_t length = line_end + (feed != NULL), content = line_end;
        if (feed && content > fed && feed[-1] == '\r')
            content--;
        csv->row.terminator = (uint8_t)(length - content);
        if (!feed)
            keep_open(csv, length);
        lines += feed != NULL;
        if (csv->tsv) {
            if (content > fed)
                cut_line(csv, fed, content);
            take_record(csv, length, lines);
            return WH_PASSED;
        }
        const char *line = input->next + fed;
        settle_block(csv, content - fed);
        size_t parsed = csv_parse(&csv->parser, line, content - fed, keep_value, NULL, csv);
        if (parsed < content - fed)
            return broken(csv, fed + parsed, length, lines, error);
        in_quotes ^= odd_quotes(line, content - fed);
        if (!in_quotes || !feed)
            return end_record(csv, length, lines, error);
        csv_parse(&csv->parser, input->next + content, length - content, keep_value, NULL, csv);
        fed = searched = length;
    }
}

/* Whether the record is text. */
static enum wh_verdict check_text(const struct csv *csv, struct wh_error *error)
{
    const char *raw = csv->row.raw;
    size_t length = csv->row.raw_length, valid = wh_utf8_valid(raw, length);
    const char *zero = memchr(raw, 0, valid);
    if (zero) {
        size_t place = (size_t)(zero - raw);
        return bad_value(csv, "nul", column_at(csv, place), place + 1,
                         "the value has a zero byte (UTF-16? convert it: "
                         "iconv -f UTF-16LE -t UTF-8)", error);
    }
    if (valid < length)
        return bad_value(csv, "utf-8", column_at(csv, valid), valid + 1,
                         "the value is not valid UTF-8 (from Latin-1: iconv -f LATIN1 -t UTF-8)",
                         error);
    return WH_PASSED;
}

/* Replaces the escapes in the values, or those of a first row without a header or of the header. */
static enum wh_verdict unescape_record(struct csv *csv, size_t columns, struct wh_error *error)
{
    for (size_t i = 0; i < columns && csv->escapes; i++) {
        struct wh_field *field = &csv->fields[i];
        size_t length = field->length;
        const char *fault = NULL;
        if (field->type == WH_NULL || !memchr(field->text, '\\', length))
            continue;
        if (length == 2 && field->text[1] == 'N') {
            *field = (struct wh_field){ .text = "", .type = WH_NULL };
            continue;
        }
        const char *text = unescape(csv, field->text, &length, &fault);
        if (!text) {
            char shown[96];
            struct wh_slice name = column_name(csv, i);
            size_t left = field->length - (size_t)(fault - field->text);
            wh_bad_row(error, "escape", name.text, name.length, 0, "%s is not an escape of TSV "
                       "(double the backslash, or leave out --tsv-escapes)",
                       wh_quote(shown, fault, left < 2 ? left : 2));
            return WH_BAD;
        }
        field->text = text;
        field->length = (uint32_t)length;
    }
    return WH_PASSED;
}

/* Fills a record that is too short, or folds what is too long into the last column. */
static enum wh_verdict fit(struct csv *csv, struct wh_error *error)
{
    const size_t columns = csv->shape->count;
    if (!csv->reading->ragged) {
        const char *delimiter = wh_shape_delimiter(csv->shape);
        wh_bad_row(error, "fields", NULL, 0, 0, "%zu value%s where there %s %zu column%s (%s%s%s)",
                   csv->count, csv->count == 1 ? "" : "s", columns == 1 ? "is" : "are", columns,
                   columns == 1 ? "" : "s", delimiter ? "is the delimiter -d " : "see --ragged",
                   delimiter ? delimiter : "", delimiter ? "?" : "");
        return WH_BAD;
    }
    for (; csv->count < columns; csv->count++)
        csv->fields[csv->count] = (struct wh_field){ .text = "", .type = WH_NULL };
    if (csv->count > columns) {
        csv->fields[columns - 1] = (struct wh_field){
            .text = csv->row.raw + csv->last_start,
            .length = (uint32_t)(csv->row.raw_length - csv->row.terminator - csv->last_start),
            .type = WH_STRING,
        };
    }
    csv->row.changed = true;
    return WH_PASSED;
}

/* Makes the record that libcsv has read a row of the shape. */
static enum wh_verdict settle_record(struct csv *csv, struct wh_error *error)
{
    const size_t columns = csv->shape->count;
    bool folded = csv->count > columns;
    enum wh_verdict next = check_text(csv, error);
    if (next == WH_PASSED && csv->count != columns)
        next = fit(csv, error);
    if (next == WH_PASSED)
        next = unescape_record(csv, columns, error);
    for (size_t i = 0; i < columns && next == WH_PASSED; i++) {
        const struct wh_field field = csv->fields[i];
        if (field.type == WH_NULL && csv->escapes)
            continue; /* not the empty string, as which it would be settled */
        if (folded && i + 1 == columns && csv->modes[i] != NUMBERS)
            break;
        if (!settle_value(csv, &csv->fields[i], csv->modes[i], field.text, field.length,
                          field.flags)) {
            char shown[96];
            struct wh_slice name = column_name(csv, i);
            wh_bad_row(error, "number", name.text, name.length, 0,
                       "%s is not a number, as the first values here were (see --string)",
                       wh_quote(shown, field.text, field.length));
            return WH_BAD;
        }
    }
    return next;
}

/* The header -------------------------------------------------------------------------------- */

static int compare_columns(const void *a, const void *b)
{
    const struct wh_column *const *left = a, *const *right = b;
    size_t shorter = (*left)->length < (*right)->length ? (*left)->length : (*right)->length;
    int order = memcmp((*left)->name, (*right)->name, shorter);
    if (order == 0)
        order = ((*left)->length > (*right)->length) - ((*left)->length < (*right)->length);
    return order ? order : (*left > *right) - (*left < *right);
}

static int check_names(const struct csv *csv, const struct wh_column *columns, size_t count,
                       struct wh_error *error)
{
    const char *file = csv->input->name;
    const struct wh_column **sorted = wh_alloc(count, sizeof *sorted);
    for (size_t i = 0; i < count; i++) {
        sorted[i] = &columns[i];
        if (columns[i].length > 0)
            continue;
        free(sorted);
        return wh_fail(error, WH_FAILED, "%s: header: column %zu has no name (give it one, or use "
                       "--no-header, where columns are named 1, 2, 3 ...)", file, i + 1);
    }
    qsort(sorted, count, sizeof *sorted, compare_columns);
    int result = 0;
    for (size_t i = 1; i < count && result == 0; i++) {
        const struct wh_column *a = sorted[i - 1], *b = sorted[i];
        char shown[96];
        if (a->length == b->length && memcmp(a->name, b->name, a->length) == 0)
            result = wh_fail(error, WH_FAILED, "%s: header: columns %zu and %zu are both named %s "
                             "(rename one, or use --no-header, where columns are named 1, 2, 3 "
                             "...)", file, (size_t)(a - columns) + 1, (size_t)(b - columns) + 1,
                             wh_quote(shown, a->name, a->length));
    }
    free(sorted);
    if (result == 0 && columns[0].length == 3 && memcmp(columns[0].name, "@wh", 3) == 0)
        return wh_fail(error, WH_FAILED,
                       "%s: header: @wh marks control records and cannot be the first column "
                       "(rename it)", file);
    return result;
}

/* What the columns' values may be, as far as the options say. */
static int find_modes(struct csv *csv, struct wh_error *error)
{
    const uint32_t count = csv->shape->count;
    csv->modes = wh_alloc(count, 1);
    if (csv->reading->no_infer)
        memset(csv->modes, STRINGS, count);
    if (!csv->reading->strings)
        return 0;
    uint32_t *chosen = wh_alloc(count, sizeof *chosen);
    int found = wh_columns_resolve(csv->reading->strings, csv->shape, false, chosen, error);
    for (int i = 0; i < found; i++)
        csv->modes[chosen[i]] = STRINGS;
    free(chosen);
    if (found >= 0 && wh_columns_check(csv->reading->strings, true, csv->shape, error) == 0)
        return 0;
    return wh_refuse_in(error, "--string");
}

/* Takes the columns' modes from the letters of a position. */
static int recall_types(struct csv *csv, struct wh_error *error)
{
    const uint32_t count = csv->shape->count;
    if (strlen(csv->types) != count)
        return wh_position_damaged(error);
    for (uint32_t i = 0; i < count; i++) {
        const char *letter = memchr(mode_letters, csv->types[i], sizeof mode_letters);
        if (!letter)
            return wh_position_damaged(error);
        csv->modes[i] = (uint8_t)(letter - mode_letters);
    }
    return 0;
}

static int sample_columns(struct csv *csv, struct wh_error *error);

/* Makes the shape of `count` columns and room for their values. */
static int set_shape(struct csv *csv, const struct wh_column *columns, size_t count,
                     struct wh_error *error)
{
    csv->shape = wh_shape_open(columns, count);
    csv->row.shape = csv->shape;
    if (csv->room < count) {
        csv->fields = wh_resize(csv->fields, count, sizeof *csv->fields);
        csv->room = count;
    }
    if (find_modes(csv, error))
        return -1;
    return csv->types ? recall_types(csv, error) : sample_columns(csv, error);
}

static int name_columns(struct csv *csv, struct wh_error *error)
{
    struct wh_column *columns = wh_alloc(csv->count, sizeof *columns);
    for (size_t i = 0; i < csv->count; i++) {
        columns[i].name = csv->fields[i].text;
        columns[i].length = csv->fields[i].length;
    }
    int result = check_names(csv, columns, csv->count, error);
    if (result == 0 && (result = set_shape(csv, columns, csv->count, error)) == 0) {
        size_t mark = csv->row.order_mark ? ORDER_MARK : 0;
        csv->header = wh_copy(csv->row.raw, csv->row.raw_length);
        csv->shape->header = csv->header + mark;
        csv->shape->header_length = csv->row.raw_length - mark;
    }
    free(columns);
    return result;
}

/* Names the columns 1, 2, 3 ... */
static int number_columns(struct csv *csv, struct wh_error *error)
{
    struct wh_column *columns = wh_alloc(csv->count, sizeof *columns);
    char (*names)[WH_NUMBER_SIZE] = wh_alloc(csv->count, sizeof *names);
    for (size_t i = 0; i < csv->count; i++) {
        columns[i].name = names[i];
        columns[i].length = (uint32_t)wh_integer_print((int64_t)i + 1, names[i]);
    }
    int result = set_shape(csv, columns, csv->count, error);
    free(names);
    free(columns);
    return result;
}

/* A byte order mark is no part of the first value; where one may stand, all of it is waited for. */
static int find_order_mark(struct csv *csv, struct wh_error *error)
{
    static const char mark[] = "\xEF\xBB\xBF";
    const size_t size = ORDER_MARK;
    struct wh_input *input = csv->input;
    while (!input->ended && (input->available == 0 ||
                             (input->available < size && *input->next == mark[0])))
        if (fill(csv, error))
            return -1;
    csv->row.order_mark = input->available >= size && memcmp(input->next, mark, size) == 0;
    csv->lead = csv->row.order_mark ? size : 0;
    return 0;
}

/* Whether a CR stands outside quotes, as in files whose lines end with nothing else. */
static bool bare_return(const struct wh_row *row)
{
    size_t length = row->raw_length - row->terminator;
    return memchr(row->raw, '\r', length) &&
           (row->dialect != WH_CSV_QUOTED || !memchr(row->raw, '"', length));
}

/* Reads the header, or the first row where there is none; then the columns are known. */
static enum wh_verdict read_first(struct csv *csv, struct wh_error *error)
{
    const char *file = csv->input->name;
    bool headed = !csv->reading->no_header;
    enum wh_verdict next;
    if (csv->input->offset == 0 && find_order_mark(csv, error))
        return WH_FATAL;
    do {
        csv->row.line = csv->line;
        next = read_record(csv, error);
        if (next == WH_PASSED && csv->count > 0)
            next = check_text(csv, error);
        if (next == WH_PASSED && headed)
            next = unescape_record(csv, csv->count < csv->room ? csv->count : csv->room, error);
    } while (next == WH_PASSED && csv->count == 0);
    if (next == WH_BAD && headed) {
        error->byte = 0;
        wh_error_in(error, "header");
        wh_error_at(error, wh_row_place(&csv->row));
        return WH_FATAL;
    }
    if (next != WH_PASSED)
        return next;
    if (csv->count > WH_MAX_COLUMNS) {
        wh_fail(error, WH_FAILED, "%s: there are %zu columns, more than the %d that a row may "
                "have (is the delimiter right?)", file, csv->count, WH_MAX_COLUMNS);
        return WH_FATAL;
    }
    if (headed && bare_return(&csv->row)) {
        wh_fail(error, WH_FAILED, "%s: header: lines that end with a carriage return alone "
                "(convert them: tr '\\r' '\\n')", file);
        return WH_FATAL;
    }
    if (headed ? name_columns(csv, error) : number_columns(csv, error))
        return WH_FATAL;
    if (!headed)
        return settle_record(csv, error);
    csv->header_end = csv->input->offset;
    return WH_PASSED;
}

/* Reader ------------------------------------------------------------------------------------- */

static enum wh_verdict csv_next(struct wh_reader *base, struct wh_error *error)
{
    struct csv *csv = (struct csv *)base;
    struct wh_row *row = &csv->row;
    wh_arena_reset(&row->scratch);
    row->changed = false;
    row->shape = csv->shape;
    if (__builtin_expect(csv->skipping, 0) && skip_rest(csv, error))
        return WH_FATAL;
    if (__builtin_expect(!csv->shape, 0)) {
        enum wh_verdict next = read_first(csv, error);
        row->fields = csv->fields;
        if (next != WH_PASSED || csv->reading->no_header)
            return next;
        wh_arena_reset(&row->scratch);
    }
    row->fields = csv->fields;
    for (;;) {
        row->line = csv->line;
        enum cut cut = cut_record(csv);
        if (__builtin_expect(cut == CUT_ROW, 1))
            return WH_PASSED;
        if (cut == CUT_BLANK)
            continue;
        int found = cut == CUT_SHORT ? find_more(csv, error) : 0;
        wh_arena_reset(&row->scratch); /* of values that will be cut once more */
        if (found > 0)
            continue;
        if (found < 0)
            return WH_FATAL;
        enum wh_verdict next = read_record(csv, error);
        if (next != WH_PASSED && next != WH_BAD)
            return next;
        catch_up(csv);
        if (next == WH_BAD)
            return next;
        if (csv->count == 0 && csv->shape->count > 1)
            continue; /* a blank line */
        if (csv->count == 0)
            csv->fields[csv->count++] = (struct wh_field){
                .text = "", .type = csv->escapes ? WH_STRING : WH_NULL,
            };
        return settle_record(csv, error);
    }
}

/* Batches ------------------------------------------------------------------------------------ */

/* Where a line, of which `content` bytes come before its line end, leaves the record that it begins
 * or, `in_quotes`, continues: as read_record() has it read by libcsv. */
static enum place line_place(const struct csv *csv, const char *content, size_t length,
                             bool in_quotes)
{
    const char *at = content, *end = content + length;
    enum place place = in_quotes ? IN_QUOTES : AT_START;
    if (csv->tsv || (!in_quotes && !memchr(at, '"', length)))
        return IN_PLAIN;
    while (at < end && place != BROKEN) {
        if (place == IN_QUOTES) {
            const char *quote = memchr(at, '"', (size_t)(end - at));
            at = quote ? quote + 1 : end;
            place = quote ? BEHIND_QUOTE : IN_QUOTES;
            continue;
        }
        char c = *at++;
        if (c == csv->row.delimiter)
            place = AT_START;
        else if (place == BEHIND_QUOTE)
            place = c == '"' ? IN_QUOTES : BROKEN;
        else if (c == '"')
            place = place == AT_START ? IN_QUOTES : BROKEN;
        else
            place = IN_PLAIN;
    }
    return place;
}

/* Finds the ends of records up to `most` bytes from here, or one beyond, in what is at hand. */
static void sweep_records(struct csv *csv, size_t most)
{
    const struct wh_input *input = csv->input;
    struct sweep *sweep = &csv->sweep;
    uint64_t base = input->offset;
    if (sweep->whole < base)
        *sweep = (struct sweep){ base, base, base, false, false };
    while (sweep->whole - base < most && !sweep->too_long) {
        const char *line = input->next + (sweep->line - base);
        const char *from = input->next + (sweep->searched - base);
        const char *end = input->next + input->available;
        const char *feed = memchr(from, '\n', (size_t)(end - from));
        sweep->searched = base + (uint64_t)((feed ? feed + 1 : end) - input->next);
        if (!feed)
            return;
        sweep->too_long = base + (uint64_t)(feed - input->next) - sweep->whole > csv->max_row;
        bool blank = feed > line && feed[-1] == '\r';
        sweep->in_quotes = line_place(csv, line, (size_t)(feed - line) - blank, sweep->in_quotes)
                        == IN_QUOTES;
        sweep->line = sweep->searched;
        if (!sweep->in_quotes && !sweep->too_long)
            sweep->whole = sweep->line;
    }
}

static int csv_cut(struct wh_reader *base, size_t least, size_t most, struct wh_batch *batch,
                   struct wh_error *error)
{
    struct csv *csv = (struct csv *)base;
    struct wh_input *input = csv->input;
    struct sweep *sweep = &csv->sweep;
    if (!csv->shape || csv->skipping || csv->holds)
        return 0;
    for (;;) {
        sweep_records(csv, most);
        if (sweep->whole > input->offset)
            break;
        if (sweep->too_long || input->ended || input->available > csv->max_row)
            return 0;
        if (fill(csv, error) != 0)
            return -1;
    }
    size_t length = (size_t)(sweep->whole - input->offset);
    if (length < least)
        return 0;
    *batch = (struct wh_batch){ .bytes = input->next, .length = length, .line = csv->line };
    csv->marks->base = NULL;
    take_record(csv, length, wh_count_lines(batch->bytes, length));
    return 1;
}

static struct wh_shape *copy_shape(const struct csv *csv, char **header)
{
    const struct wh_shape *from = csv->shape;
    struct wh_shape *shape = wh_shape_open(from->columns, from->count);
    if (from->header) {
        *header = wh_copy(from->header, from->header_length);
        shape->header = *header;
        shape->header_length = from->header_length;
    }
    return shape;
}

static struct csv *new_csv(const struct wh_reading *reading, struct wh_input *input);

static struct wh_reader *csv_batches(const struct wh_reader *base)
{
    const struct csv *from = (const struct csv *)base;
    struct csv *csv = new_csv(from->reading, wh_input_open_block(from->input->name));
    csv->row.order_mark = from->row.order_mark;
    csv->shape = copy_shape(from, &csv->header);
    csv->row.shape = csv->shape;
    csv->room = from->shape->count;
    csv->fields = wh_alloc(csv->room, sizeof *csv->fields);
    csv->modes = wh_alloc(csv->room, sizeof *csv->modes);
    memcpy(csv->modes, from->modes, csv->room * sizeof *csv->modes);
    return &csv->reader;
}

static void csv_begin(struct wh_reader *base, const struct wh_batch *batch)
{
    struct csv *csv = (struct csv *)base;
    wh_input_set_block(csv->input, batch->bytes, batch->length);
    csv->marks->base = NULL;
    csv->skipping = false;
    csv->line = batch->line;
    base->bytes = 0;
}

/* Positions ---------------------------------------------------------------------------------- */

/* The header without its line end, or where it is long its digest. */
static json_t *header_json(const struct csv *csv)
{
    enum { LONG = 1000 };
    size_t length = csv->shape->header_length + (size_t)(csv->shape->header - csv->header);
    while (length > 0 && (csv->header[length - 1] == '\n' || csv->header[length - 1] == '\r'))
        length--;
    if (length <= LONG)
        return json_stringn(csv->header, length);
    char digest[65];
    struct wh_sha256 sha;
    wh_sha256_init(&sha);
    wh_sha256_add(&sha, csv->header, length);
    wh_sha256_hex(&sha, digest);
    return json_sprintf("sha256:%s", digest);
}

/* Adds what is known of the columns. */
static void add_columns(const struct csv *csv, json_t *position)
{
    const uint32_t count = csv->shape->count;
    if (csv->header)
        json_object_set_new(position, "header", header_json(csv));
    else
        json_object_set_new(position, "columns", json_integer(count));
    if (csv->reading->infer_rows == 0)
        return;
    char *types = wh_alloc(count, 1);
    for (uint32_t i = 0; i < count; i++)
        types[i] = mode_letters[csv->modes[i]];
    json_object_set_new(position, "types", json_stringn(types, count));
    free(types);
}

static json_t *csv_position(struct wh_reader *base, bool behind)
{
    const struct csv *csv = (struct csv *)base;
    const struct wh_input *input = csv->input;
    struct wh_spot spot = { .offset = input->offset, .line = csv->line };
    if (!behind) {
        spot.offset -= (uint64_t)(input->next - csv->row.raw);
        spot.line = csv->row.line;
    } else if (csv->header_end > 0 && csv->header_end == input->offset) {
        spot = (struct wh_spot){ .offset = 0, .line = 1 }; /* no row has been given */
    } else if (csv->open.given) {
        spot = csv->open;
    }
    json_t *position = wh_spot_json(&spot);
    if (csv->shape && spot.offset > 0)
        add_columns(csv, position);
    return position;
}

/* The columns as they were: by number, or from the header, which is read again. */
static int recall_columns(struct csv *csv, const json_t *position, struct wh_error *error)
{
    const json_t *count = json_object_get(position, "columns");
    const json_t *header = json_object_get(position, "header");
    csv->types = json_string_value(json_object_get(position, "types"));
    if (count) {
        json_int_t columns = json_integer_value(count);
        if (columns < 1 || columns > WH_MAX_COLUMNS)
            return wh_position_damaged(error);
        csv->count = (size_t)columns;
        return number_columns(csv, error);
    }
    if (!header)
        return 0;
    enum wh_verdict next = read_first(csv, error);
    if (next == WH_FATAL)
        return -1;
    json_t *found = next == WH_PASSED ? header_json(csv) : NULL;
    bool same = found && json_equal(found, header);
    json_decref(found);
    if (same)
        return 0;
    return wh_fail(error, WH_REFUSED, "%s has another header than it had (begin anew with another "
                                      "--checkpoint)", csv->input->name);
}

/* Goes on at a position; the input is at its beginning. */
static int resume(struct csv *csv, const json_t *position, struct wh_error *error)
{
    struct wh_spot spot;
    if (wh_spot_read(position, &spot, error) ||
        (spot.offset > 0 && recall_columns(csv, position, error)) ||
        wh_spot_seek(position, &spot, csv->input, error))
        return -1;
    csv->types = NULL;
    csv->marks->base = NULL;
    csv->header_end = 0;
    csv->line = spot.line;
    int result = spot.given ? wh_spot_pass(&spot, &csv->reader, csv->input, error) : 0;
    csv->reader.bytes = 0;
    return result;
}

static void csv_close(struct wh_reader *base)
{
    struct csv *csv = (struct csv *)base;
    csv_free(&csv->parser);
    wh_row_free(&csv->row);
    wh_shape_close(csv->shape);
    wh_input_close(csv->input);
    free(csv->marks);
    free(csv->header);
    free(csv->modes);
    free(csv->null_lengths);
    free(csv->fields);
    free(csv);
}

/*
 * Settles the columns' types from the first rows, which are read from the file opened a second
 * time. A column of numbers and nulls is numbers, one of nulls alone stays open, any other holds
 * strings. Bad rows are left to the reading proper.
 */
static int sample_columns(struct csv *csv, struct wh_error *error)
{
    uint64_t rows = csv->reading->infer_rows;
    if (rows == 0 || csv->reading->no_infer)
        return 0;
    struct wh_reading reading = *csv->reading;
    reading.infer_rows = 0;
    reading.position = NULL;
    struct wh_input *input = wh_input_open(csv->input->name, error);
    struct wh_reader *sample = input ? wh_csv_open(&reading, input, error) : NULL;
    if (!sample)
        return -1;
    enum wh_verdict next = WH_PASSED;
    for (uint64_t seen = 0; seen < rows && next != WH_ENDED;) {
        next = wh_reader_next(sample, error);
        if (next == WH_FATAL)
            break;
        if (next != WH_PASSED)
            continue;
        seen++;
        for (uint32_t i = 0; i < csv->shape->count && i < sample->row->shape->count; i++) {
            if (sample->row->fields[i].type == WH_STRING)
                csv->modes[i] = STRINGS;
            else if (sample->row->fields[i].type == WH_NUMBER && csv->modes[i] == BY_VALUE)
                csv->modes[i] = NUMBERS;
        }
    }
    wh_reader_close(sample);
    return next == WH_FATAL ? -1 : 0;
}

/* Whether the same bytes can be opened again by the input's name. */
static bool reopens(const struct wh_input *input)
{
    return wh_input_regular(input) && strcmp(input->name, "standard input") != 0;
}

/* A reader that has read nothing and knows no columns. */
static struct csv *new_csv(const struct wh_reading *reading, struct wh_input *input)
{
    static const struct wh_reader_ops ops = {
        .next = csv_next, .close = csv_close, .position = csv_position,
        .cut = csv_cut, .batches = csv_batches, .begin = csv_begin,
    };
    struct csv *csv = wh_alloc(1, sizeof *csv);
    csv->reader.ops = &ops;
    csv->reader.row = &csv->row;
    csv->reader.progress = wh_input_progress(input);
    csv->reading = reading;
    csv->input = input;
    csv->scan = wh_csv_scan_choose();
    csv->marks = wh_alloc(1, sizeof *csv->marks);
    csv->max_row = reading->max_row ? reading->max_row : WH_MAX_ROW;
    if (csv->max_row > UINT32_MAX)
        csv->max_row = UINT32_MAX;
    csv->line = 1;
    csv->row.delimiter = reading->delimiter ? reading->delimiter : ',';
    csv->tsv = reading->tsv;
    csv->escapes = reading->tsv && reading->tsv_escapes;
    csv->row.dialect = (uint8_t)wh_csv_dialect(csv->tsv, csv->escapes);
    csv->row.raw_format = WH_FORMAT_CSV;
    csv->row.source = input->name;
    csv->null_lengths = wh_alloc(reading->null_count, sizeof *csv->null_lengths);
    for (size_t i = 0; i < reading->null_count; i++)
        csv->null_lengths[i] = strlen(reading->nulls[i]);
    start_parser(csv);
    return csv;
}

struct wh_reader *wh_csv_open(const struct wh_reading *reading, struct wh_input *input,
                              struct wh_error *error)
{
    struct csv *csv = new_csv(reading, input);
    unsigned char delimiter = (unsigned char)csv->row.delimiter;
    if (delimiter == '"' || delimiter == '\r' || delimiter == '\n' || delimiter >= 0x80)
        wh_fail(error, WH_REFUSED, "the delimiter must be one ASCII character, and no quote or "
                "line end");
    else if (reading->infer_rows && !reopens(input))
        wh_fail(error, WH_REFUSED, "%s: --infer reads the beginning twice and so needs a regular "
                "file by its name", input->name);
    else if (!reading->position || resume(csv, reading->position, error) == 0) {
        csv->holds = reading->resumable && !reading->complete;
        return &csv->reader;
    }
    csv_close(&csv->reader);
    return NULL;
}
