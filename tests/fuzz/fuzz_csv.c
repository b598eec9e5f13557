/*
 * The CSV reader against libcsv alone: on any bytes and with any delimiter the two agree which
 * records are rows, where each begins and ends, and what values it has; what is encoded from the
 * values of a row are the bytes it came from; and neither the kind of vector nor the place where
 * the bytes are cut between two reads makes a difference.
 *
 * TSV, with and without escapes, is held against itself in the same ways: what is encoded of a row
 * is read as the same row, without escapes byte for byte, and is valid JSON in NDJSON.
 *
 * The reader asks for more than libcsv, and this program adds it to what libcsv says: UTF-8
 * without zero bytes, and the number of values that the first row has. The one thing they cannot
 * agree on is a CR that no LF follows (a line end to libcsv, part of the value to the reader) or
 * one before the LF where only LF ends lines; each input is read in two versions that have the
 * one kind or the other.
 */
#define _GNU_SOURCE
#include <csv.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "fuzz.h"
#include "record/csv_encode.h"
#include "record/csv_scan.h"
#include "record/reader.h"
#include "record/writer.h"

/* The reader, fed through a pipe ------------------------------------------------------------- */

struct drip {
    const char *bytes;
    size_t length, chunk;
    int descriptor;
};

static int drip_more(void *context, struct wh_error *error)
{
    struct drip *drip = context;
    (void)error;
    size_t length = drip->length < drip->chunk ? drip->length : drip->chunk;
    if (length == 0 && drip->descriptor >= 0) {
        close(drip->descriptor);
        drip->descriptor = -1;
    } else if (length > 0) {
        CHECK(write(drip->descriptor, drip->bytes, length) == (ssize_t)length);
    }
    drip->bytes += length;
    drip->length -= length;
    return 0;
}

static struct wh_reader *open_drip(const struct wh_reading *reading, struct drip *drip,
                                   const char *simd)
{
    int ends[2];
    char path[64];
    struct wh_error error;
    CHECK(pipe(ends) == 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    struct wh_input *input = wh_input_open(path, &error);
    CHECK(input);
    close(ends[0]);
    drip->descriptor = ends[1];
    input->name = "pipe";
    input->before_wait = drip_more;
    input->wait_context = drip;
    setenv("WH_SIMD", simd, 1);
    struct wh_reader *reader = wh_csv_open(reading, input, &error);
    CHECK(reader);
    return reader;
}

static void close_drip(struct wh_reader *reader, struct drip *drip)
{
    wh_reader_close(reader);
    if (drip->descriptor >= 0)
        close(drip->descriptor);
}

/* libcsv alone ------------------------------------------------------------------------------- */

struct value {
    bool null;
    size_t start, length; /* in `text` */
};

struct oracle {
    const char *bytes;
    size_t length;
    unsigned char delimiter;
    bool feeds_only; /* lines end with LF; else with CR LF or LF, and there is no other CR */
    struct csv_parser parser;
    size_t start, next;       /* the record at hand, and the byte behind what was parsed */
    bool ended, after_return; /* a record is complete; the LF of its CR is still to come */
    struct wh_buffer text;
    struct wh_buffer values; /* struct value each */
    size_t columns;          /* of the first row; 0 before it */
};

enum verdict { ROW, BAD, END };

static int never(unsigned char c)
{
    (void)c;
    return 0;
}

static int is_feed(unsigned char c)
{
    return c == '\n';
}

static void start_parser(struct oracle *oracle)
{
    CHECK(csv_init(&oracle->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL |
                                        CSV_EMPTY_IS_NULL | CSV_REPALL_NL) == 0);
    csv_set_delim(&oracle->parser, oracle->delimiter);
    csv_set_space_func(&oracle->parser, never);
    if (oracle->feeds_only)
        csv_set_term_func(&oracle->parser, is_feed);
}

static void on_value(void *text, size_t length, void *context)
{
    struct oracle *oracle = context;
    struct value value = { !text, oracle->text.length, length };
    wh_buffer_add(&oracle->text, text, length);
    wh_buffer_add(&oracle->values, &value, sizeof value);
}

static void on_row(int end, void *context)
{
    struct oracle *oracle = context;
    if (end == '\r')
        oracle->after_return = true;
    else
        oracle->ended = true;
}

static size_t value_count(const struct oracle *oracle)
{
    return oracle->values.length / sizeof(struct value);
}

/* Whether the record [start, next) is a row, now that libcsv has read it. */
static enum verdict judge(struct oracle *oracle)
{
    const char *raw = oracle->bytes + oracle->start;
    size_t length = oracle->next - oracle->start;
    if (wh_utf8_valid(raw, length) < length || memchr(raw, 0, length))
        return BAD;
    if (oracle->columns == 0)
        oracle->columns = value_count(oracle);
    return value_count(oracle) == oracle->columns ? ROW : BAD;
}

/* Ends a broken record with its line. */
static enum verdict give_up(struct oracle *oracle)
{
    while (oracle->next < oracle->length && oracle->bytes[oracle->next] != '\n')
        oracle->next++;
    oracle->next += oracle->next < oracle->length;
    csv_free(&oracle->parser);
    start_parser(oracle);
    return BAD;
}

static enum verdict next_record(struct oracle *oracle)
{
    oracle->text.length = oracle->values.length = 0;
    oracle->start = oracle->next;
    while (oracle->next < oracle->length) {
        /* A CR that ended the record is followed by its LF, reported as an empty row. */
        bool after_return = oracle->after_return;
        if (csv_parse(&oracle->parser, oracle->bytes + oracle->next, 1, on_value, on_row,
                      oracle) != 1)
            return give_up(oracle);
        oracle->next++;
        if (after_return)
            oracle->after_return = false;
        if (!oracle->ended)
            continue;
        oracle->ended = false;
        if (value_count(oracle) == 0 && oracle->columns != 1) {
            oracle->start = oracle->next; /* a blank line */
            continue;
        }
        if (value_count(oracle) == 0)
            on_value(NULL, 0, oracle);
        return judge(oracle);
    }
    if (csv_fini(&oracle->parser, on_value, on_row, oracle) != 0) {
        csv_free(&oracle->parser);
        start_parser(oracle);
        return BAD;
    }
    oracle->ended = false;
    return value_count(oracle) ? judge(oracle) : END;
}

/* Comparing ---------------------------------------------------------------------------------- */

static void compare_row(const struct oracle *oracle, const struct wh_row *row)
{
    CHECK(row->shape->count == oracle->columns);
    for (uint32_t i = 0; i < row->shape->count; i++) {
        struct value value;
        memcpy(&value, oracle->values.data + i * sizeof value, sizeof value);
        CHECK(value.null == (row->fields[i].type == WH_NULL));
        CHECK(value.length == row->fields[i].length);
        CHECK(value.length == 0 ||
              memcmp(oracle->text.data + value.start, row->fields[i].text, value.length) == 0);
    }
}

/* A row's values are encoded as they came; only a bare CR is then put in quotes. */
static void compare_encoded(const struct oracle *oracle, const struct wh_row *row)
{
    struct wh_error error;
    struct wh_buffer out = { 0 };
    size_t lead = row->raw == NULL || row->line > 1 || row->raw_length < 3 ||
                          memcmp(row->raw, "\xEF\xBB\xBF", 3) != 0 ? 0 : 3;
    if (oracle->feeds_only && memchr(row->raw, '\r', row->raw_length))
        return;
    struct wh_csv_encoder *encoder = wh_csv_encoder_open(NULL, 0, row, row->delimiter,
                                                             row->dialect);
    CHECK(wh_csv_encode_row(encoder, &out, row, &error) == WH_TAKEN);
    CHECK(out.length == row->raw_length - lead);
    CHECK(memcmp(out.data, row->raw + lead, out.length) == 0);
    wh_csv_encoder_close(encoder);
    wh_buffer_free(&out);
}

static void compare_with_libcsv(const char *bytes, size_t length, char delimiter, bool feeds_only,
                                size_t chunk, const char *simd)
{
    struct wh_reading reading = { .format = WH_FORMAT_CSV, .delimiter = delimiter,
                                  .no_header = true, .no_infer = true };
    struct drip drip = { bytes, length, chunk, -1 };
    struct wh_reader *reader = open_drip(&reading, &drip, simd);
    struct oracle oracle = { .bytes = bytes, .length = length, .feeds_only = feeds_only,
                             .delimiter = (unsigned char)delimiter };
    start_parser(&oracle);
    bool marked = length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0;
    oracle.next = marked ? 3 : 0;
    bool first = true;
    enum wh_verdict next;
    do {
        struct wh_error error;
        enum verdict verdict = next_record(&oracle);
        next = wh_reader_next(reader, &error);
        CHECK((verdict == END) == (next == WH_ENDED));
        if (verdict == END)
            break;
        CHECK(next == (verdict == ROW ? WH_PASSED : WH_BAD));
        if (first && marked && oracle.start == 3)
            oracle.start = 0;
        first = false;
        CHECK(reader->row->raw_length == oracle.next - oracle.start);
        CHECK(memcmp(reader->row->raw, bytes + oracle.start, reader->row->raw_length) == 0);
        if (verdict == ROW) {
            compare_row(&oracle, reader->row);
            compare_encoded(&oracle, reader->row);
        }
    } while (next != WH_ENDED);
    close_drip(reader, &drip);
    csv_free(&oracle.parser);
    wh_buffer_free(&oracle.text);
    wh_buffer_free(&oracle.values);
}

/* All that a reader gives, types and errors too. */
static void describe(struct wh_buffer *out, const struct wh_reading *reading, struct drip drip,
                     const char *simd)
{
    struct wh_reader *reader = open_drip(reading, &drip, simd);
    struct wh_error error;
    enum wh_verdict next;
    do {
        next = wh_reader_next(reader, &error);
        const struct wh_row *row = reader->row;
        wh_buffer_format(out, "\n%d ", (int)next);
        if (next == WH_PASSED || next == WH_BAD) {
            wh_buffer_format(out, "%d %d %zu ", (int)row->line, row->terminator, row->raw_length);
            wh_buffer_add(out, row->raw, row->raw_length);
        }
        if (next == WH_BAD || next == WH_FATAL)
            wh_buffer_format(out, "%s %s %zu %s", error.rule, error.column, error.byte, error.text);
        for (uint32_t i = 0; next == WH_PASSED && i < row->shape->count; i++) {
            const struct wh_field *field = &row->fields[i];
            wh_buffer_format(out, "|%d %d ", field->type, field->flags & ~WH_JSON_SAFE);
            wh_buffer_add(out, field->text, field->length);
        }
    } while (next == WH_PASSED || next == WH_BAD);
    close_drip(reader, &drip);
}

static void compare_with_itself(const char *bytes, size_t length, char delimiter, uint8_t options,
                                size_t chunk, const char *simd)
{
    static const char *const nulls[] = { "NA", "" };
    struct wh_reading reading = { .format = WH_FORMAT_CSV, .delimiter = delimiter,
                                  .no_header = options & 1, .ragged = options & 2,
                                  .nulls = nulls, .null_count = options & 4 ? 2 : 0,
                                  .max_row = options & 8 ? 1 + options : 0 };
    struct wh_buffer one = { 0 }, other = { 0 };
    describe(&one, &reading, (struct drip){ bytes, length, 4096, -1 }, "plain");
    describe(&other, &reading, (struct drip){ bytes, length, chunk, -1 }, simd);
    CHECK(one.length == other.length);
    CHECK(memcmp(one.data, other.data, one.length) == 0);
    wh_buffer_free(&one);
    wh_buffer_free(&other);
}

/* TSV ---------------------------------------------------------------------------------------- */

static void check_tsv_row(const struct wh_row *row)
{
    struct wh_error error;
    struct wh_buffer out = { 0 };
    bool escapes = row->dialect == WH_TSV_ESCAPED;
    struct wh_csv_encoder *encoder = wh_csv_encoder_open(NULL, 0, row, '\t', row->dialect);
    CHECK(wh_csv_encode_row(encoder, &out, row, &error) == WH_TAKEN);
    CHECK(memchr(out.data, '\n', out.length - (row->terminator > 0)) == NULL);
    if (!escapes && row->line > 1) {
        CHECK(out.length == row->raw_length);
        CHECK(memcmp(out.data, row->raw, out.length) == 0);
    }
    wh_csv_encoder_close(encoder);
    out.length = 0;
    wh_row_to_json(&out, row);
    json_error_t fault;
    json_t *json = json_loadb(out.data, out.length, JSON_ALLOW_NUL, &fault);
    CHECK(json || strstr(fault.text, "number"));
    json_decref(json);
    wh_buffer_free(&out);
}

static void check_tsv(const char *bytes, size_t length, uint8_t options, size_t chunk,
                      const char *simd)
{
    struct wh_reading reading = { .format = WH_FORMAT_CSV, .delimiter = '\t', .tsv = true,
                                  .tsv_escapes = options & 16, .no_header = true,
                                  .ragged = options & 2,
                                  .max_row = options & 8 ? 1 + options : 0 };
    struct wh_buffer one = { 0 }, other = { 0 };
    describe(&one, &reading, (struct drip){ bytes, length, 4096, -1 }, "plain");
    describe(&other, &reading, (struct drip){ bytes, length, chunk, -1 }, simd);
    CHECK(one.length == other.length);
    CHECK(memcmp(one.data, other.data, one.length) == 0);
    wh_buffer_free(&one);
    wh_buffer_free(&other);
    reading.ragged = false;
    struct drip drip = { bytes, length, chunk, -1 };
    struct wh_reader *reader = open_drip(&reading, &drip, simd);
    struct wh_error error;
    for (enum wh_verdict next; (next = wh_reader_next(reader, &error)) != WH_ENDED &&
                            next != WH_FATAL;)
        if (next == WH_PASSED)
            check_tsv_row(reader->row);
    close_drip(reader, &drip);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char delimiters[] = ",;\t| a\x01\\";
    enum { OPTIONS = 4, LONGEST = 4096 };
    if (size < OPTIONS || size > LONGEST)
        return 0;
    char delimiter = delimiters[data[0] % (sizeof delimiters - 1)];
    bool feeds_only = data[1] & 1;
    size_t chunk = data[2] & 1 ? 1 + data[2] / 2u : LONGEST;
    const struct wh_csv_scan *const *scans = wh_csv_scans();
    size_t kinds = 0;
    while (scans[kinds])
        kinds++;
    const char *simd = scans[data[1] / 2 % kinds]->name;
    data += OPTIONS;
    size -= OPTIONS;
    if (size >= 2 && memcmp(data, "\x1f\x8b", 2) == 0)
        return 0; /* gzip */

    char *bytes = malloc(size + 1);
    CHECK(bytes);
    memcpy(bytes, data, size);
    compare_with_itself(bytes, size, delimiter, data[-1], chunk, simd);
    check_tsv(bytes, size, data[-1], chunk, simd);
    for (size_t i = 0; i < size; i++)
        if (bytes[i] == '\r' && (i + 1 < size && data[i + 1] == '\n') == feeds_only)
            bytes[i] = 'r';
    compare_with_libcsv(bytes, size, delimiter, feeds_only, chunk, simd);
    free(bytes);
    return 0;
}
