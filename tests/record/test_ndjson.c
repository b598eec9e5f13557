/* The NDJSON reader and writer: rows, shapes, bad rows, blocks. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/memory.h"
#include "record/files.h"
#include "record/json.h"
#include "record/json_scan.h"
#include "record/reader.h"
#include "record/writer.h"

/* A file in memory with these bytes; its path stays valid until the next call. */
static const char *file_of(const void *bytes, size_t length)
{
    static char path[64];
    static int descriptor = -1;
    if (descriptor >= 0)
        close(descriptor);
    descriptor = memfd_create("rows", 0);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, bytes, length), (ssize_t)length);
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    return path;
}

static struct wh_reading reading = { .format = WH_FORMAT_NDJSON };

static struct wh_reader *open_bytes(const void *bytes, size_t length)
{
    struct wh_error error = { 0 };
    const char *path = file_of(bytes, length);
    struct wh_reader *reader = wh_reader_open(&reading, &path, 1, &error);
    if (!reader)
        fail_msg("%s", error.text);
    return reader;
}

static struct wh_reader *open_text(const char *text)
{
    return open_bytes(text, strlen(text));
}

/* Everything that comes out when rows are written to a file in memory; free() it. */
static char *written(struct wh_reader *reader, bool changed, size_t *length)
{
    int descriptor = memfd_create("out", 0);
    struct wh_writing writing = { 0 };
    struct wh_writer *writer = wh_writer_open(descriptor, &writing);
    struct wh_error error;
    enum wh_verdict next;
    while ((next = wh_reader_next(reader, &error)) == WH_PASSED) {
        reader->row->changed = changed;
        assert_int_equal(wh_writer_row(writer, reader->row, &error), WH_TAKEN);
    }
    if (next != WH_ENDED)
        fail_msg("%s", error.text);
    assert_int_equal(wh_writer_close(writer, &error), 0);
    *length = (size_t)lseek(descriptor, 0, SEEK_END);
    char *bytes = wh_alloc(*length + 1, 1);
    assert_int_equal(pread(descriptor, bytes, *length, 0), (ssize_t)*length);
    close(descriptor);
    return bytes;
}

static void expect_bad(const char *text, const char *rule, size_t byte)
{
    struct wh_reader *reader = open_text(text);
    struct wh_error error;
    enum wh_verdict next = wh_reader_next(reader, &error);
    if (next != WH_BAD)
        fail_msg("accepted: %s", text);
    if (strcmp(error.rule, rule) != 0 || error.byte != byte)
        fail_msg("%s: rule %s at byte %zu: %s", text, error.rule, error.byte, error.text);
    assert_int_equal(reader->row->raw_length, strlen(text));
    assert_int_equal(wh_reader_next(reader, &error), WH_ENDED);
    wh_reader_close(reader);
}

static const char *const awkward =
    "{\"long\":123456789012345678901234567890,\"decimal\":1.10,\"zero\":-0,\"huge\":1e400}\n"
    "{\"escapes\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\\u0000\"}\n"
    "{ \"nested\" : { \"a\" : [ 1 , { } , [ ] , \"x\" ] } , \"other\" : \"S\xc3\xa3o Paulo\" }\n"
    "{}\n"
    "  { }\t\r\n"
    "{\"a\":{},\"b\":[],\"c\":\"\",\"\":null,\"d\":true,\"e\":false}\r\n"
    "{\"last\":\"no newline\"}";

static void unchanged_rows_leave_byte_for_byte(void **state)
{
    (void)state;
    size_t length;
    struct wh_reader *reader = open_text(awkward);
    char *out = written(reader, false, &length);
    assert_int_equal(length, strlen(awkward));
    assert_memory_equal(out, awkward, length);
    free(out);
    wh_reader_close(reader);
}

static void changed_rows_keep_their_values_and_lose_blanks(void **state)
{
    (void)state;
    size_t length;
    struct wh_reader *reader = open_text(awkward);
    char *out = written(reader, true, &length);
    assert_string_equal(
        out,
        "{\"long\":123456789012345678901234567890,\"decimal\":1.10,\"zero\":-0,\"huge\":1e400}\n"
        "{\"escapes\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\\u0000\"}\n"
        "{\"nested\":{ \"a\" : [ 1 , { } , [ ] , \"x\" ] },\"other\":\"S\xc3\xa3o Paulo\"}\n"
        "{}\n"
        "{}\n"
        "{\"a\":{},\"b\":[],\"c\":\"\",\"\":null,\"d\":true,\"e\":false}\n"
        "{\"last\":\"no newline\"}");
    free(out);
    wh_reader_close(reader);
}

/* Which the writer may take from the raw text, where that has no blanks between. */
static void fields_of_the_raw_text_are_written_like_any(void **state)
{
    (void)state;
    static const char more[] =
        "{\"a\":1,\"b\":\"x\"}\n{\"a\":1,\"b\": \"x\"}\n{\"a\":1 ,\"b\":null}\n"
        "{\"a\":[ 1 ],\"\\u0062\":\"\\n\"} \n{\"a\":1,\"b\":2}\r\n";
    struct wh_buffer text = { 0 }, each = { 0 }, raw = { 0 };
    wh_buffer_format(&text, "%s%s", more, awkward);
    struct wh_reader *reader = open_bytes(text.data, text.length);
    struct wh_error error;
    while (wh_reader_next(reader, &error) == WH_PASSED) {
        struct wh_row *row = reader->row;
        assert_int_equal(row->raw_fields, 0);
        wh_row_to_json(&each, row);
        row->raw_fields = row->shape->count;
        wh_row_to_json(&raw, row);
        assert_int_equal(raw.length, each.length);
        assert_memory_equal(raw.data, each.data, each.length);
    }
    wh_reader_close(reader);
    wh_buffer_free(&text);
    wh_buffer_free(&each);
    wh_buffer_free(&raw);
}

static void bad_rows_are_told_with_rule_and_byte(void **state)
{
    (void)state;
    expect_bad("[1]\n", "json", 1);
    expect_bad("{\"a\":1\n", "json", 7);
    expect_bad("{\"a\":1} x\n", "json", 9);
    expect_bad("{\"a\":1}{\"b\":2}\n", "json", 8);
    expect_bad("{\"a\" 1}\n", "json", 6);
    expect_bad("{\"a\":}\n", "json", 6);
    expect_bad("{\"a\":1,}\n", "json", 8);
    expect_bad("{a:1}\n", "json", 2);
    expect_bad("{\"a\":01}\n", "number", 6);
    expect_bad("{\"a\":-}\n", "number", 7);
    expect_bad("{\"a\":1.}\n", "number", 8);
    expect_bad("{\"a\":1e}\n", "number", 8);
    expect_bad("{\"a\":+1}\n", "json", 6);
    expect_bad("{\"a\":NaN}\n", "json", 6);
    expect_bad("{\"a\":tru}\n", "json", 6);
    expect_bad("{\"a\":\"\\x\"}\n", "escape", 7);
    expect_bad("{\"a\":\"\\u12g4\"}\n", "escape", 7);
    expect_bad("{\"a\":\"\\ud800\"}\n", "surrogate", 7);
    expect_bad("{\"a\":\"\\udc00\\ud800\"}\n", "surrogate", 7);
    expect_bad("{\"a\":\"\xc3\"}\n", "utf-8", 7);
    expect_bad("{\"a\":\"\xed\xa0\x80\"}\n", "utf-8", 7);
    expect_bad("{\"a\":\"\xf4\x90\x80\x80\"}\n", "utf-8", 7);
    expect_bad("{\"a\":\"\tb\"}\n", "control-character", 7);
    expect_bad("{\"a\":\"b\n", "control-character", 8);
    expect_bad("{\"a\":1,\"b\":2,\"a\":3}\n", "duplicate-key", 14);
    expect_bad("{\"a\":1,\"\\u0061\":3}\n", "duplicate-key", 8);
    expect_bad("{\"a\":[1,2}}\n", "json", 10);
    expect_bad("{\"a\":1", "json", 7);
}

/* Vector code looks at 8 to 32 bytes at once: what it must not mistake stands at every place. */
static void numbers_of_any_length_are_whole_or_told_bad(void **state)
{
    (void)state;
    for (size_t digits = 1; digits <= 70; digits++) {
        for (size_t point = 1; point <= digits; point++) {
            char text[80], row[200];
            memset(text, '7', digits + 1);
            text[point] = '.';
            text[digits + 1] = '\0';
            snprintf(row, sizeof row, "{\"a\":-%s,\"b\":%s0e-7}\n", text, text);
            if (point == digits) {
                expect_bad(row, "number", 5 + digits + 3);
                continue;
            }
            struct wh_error error;
            struct wh_reader *reader = open_text(row);
            assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
            assert_int_equal(reader->row->fields[0].type, WH_NUMBER);
            assert_int_equal(reader->row->fields[0].length, digits + 2);
            assert_int_equal(reader->row->fields[1].length, digits + 5);
            wh_reader_close(reader);
        }
    }
}

static void a_first_key_of_control_records_makes_one(void **state)
{
    (void)state;
    static const char *const lines[] = { "{\"@wh\":\"begin\"}\n", "{ \"\\u0040wh\" : 1 }\n" };
    struct wh_error error;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct wh_reader *reader = open_text(lines[i]);
        assert_int_equal(wh_reader_next(reader, &error), WH_CONTROL);
        assert_int_equal(reader->row->raw_length, strlen(lines[i]));
        assert_memory_equal(reader->row->raw, lines[i], strlen(lines[i]));
        assert_int_equal(reader->row->terminator, 1);
        assert_int_equal(wh_reader_next(reader, &error), WH_ENDED);
        wh_reader_close(reader);
    }
    struct wh_reader *reader = open_text("{\"a\":1,\"@wh\":2}\n{\"@wh\":3}");
    assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
    assert_int_equal(wh_reader_next(reader, &error), WH_CONTROL);
    assert_int_equal(reader->row->terminator, 0);
    wh_reader_close(reader);
}

static void the_row_behind_a_bad_one_is_read(void **state)
{
    (void)state;
    struct wh_reader *reader = open_text("{\"a\":1}\n{\"a\":tru}\n\n{\"a\":3}\n");
    struct wh_error error;
    assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
    assert_int_equal(wh_reader_next(reader, &error), WH_BAD);
    assert_int_equal(reader->row->line, 2);
    assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
    assert_int_equal(reader->row->line, 4);
    assert_memory_equal(reader->row->fields[0].text, "3", 1);
    assert_int_equal(wh_reader_next(reader, &error), WH_ENDED);
    wh_reader_close(reader);
}

static void rows_of_one_shape_share_it(void **state)
{
    (void)state;
    struct wh_reader *reader =
        open_text("{\"a\":1,\"b\":2}\n{\"a\":\"x\",\"b\":null}\n{\"b\":1,\"a\":2}\n"
                  "{\"a\":1}\n{\"a\":1,\"b\":2}\n");
    struct wh_error error;
    uint64_t serials[5];
    for (int i = 0; i < 5; i++) {
        assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
        serials[i] = reader->row->shape->serial;
    }
    assert_int_equal(serials[0], serials[1]);
    assert_int_equal(serials[0], serials[4]);
    assert_int_not_equal(serials[0], serials[2]);
    assert_int_not_equal(serials[0], serials[3]);
    wh_reader_close(reader);
}

static void hundreds_of_shapes_are_known_again(void **state)
{
    (void)state;
    enum { SHAPES = 300 };
    struct wh_buffer text = { 0 };
    for (int i = 0; i < 2 * SHAPES; i++)
        wh_buffer_format(&text, "{\"type\":1, \"only%d\" : 2,\"last\":3}\n", i % SHAPES);
    struct wh_reader *reader = open_bytes(text.data, text.length);
    struct wh_error error;
    uint64_t serials[SHAPES];
    for (int i = 0; i < 2 * SHAPES; i++) {
        assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
        if (i < SHAPES)
            serials[i] = reader->row->shape->serial;
        else
            assert_int_equal(reader->row->shape->serial, serials[i - SHAPES]);
    }
    wh_reader_close(reader);
    wh_buffer_free(&text);
}

static void escaped_names_are_decoded_and_keep_their_spelling(void **state)
{
    (void)state;
    struct wh_reader *reader = open_text("{\"caf\\u00e9\":1}\n");
    struct wh_error error;
    assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
    const struct wh_column *column = &reader->row->shape->columns[0];
    assert_int_equal(column->length, 5);
    assert_string_equal(column->name, "caf\xc3\xa9");
    struct wh_buffer text = { 0 };
    wh_row_to_json(&text, reader->row);
    assert_memory_equal(text.data, "{\"caf\\u00e9\":1}", text.length);
    wh_buffer_free(&text);
    wh_reader_close(reader);
}

/* Rows whose lengths sweep over every alignment to the block's end. */
static void rows_cut_by_blocks_are_whole(void **state)
{
    (void)state;
    struct wh_buffer text = { 0 };
    for (int i = 0; i < 20000; i++)
        wh_buffer_format(&text, "{\"n\":%d,\"s\":\"%.*s\",\"u\":\"\xc3\xa9\\n\"}\n", i, i % 113,
                         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    struct wh_reader *reader = open_bytes(text.data, text.length);
    size_t length;
    char *out = written(reader, false, &length);
    assert_int_equal(length, text.length);
    assert_memory_equal(out, text.data, length);
    free(out);
    wh_reader_close(reader);
    wh_buffer_free(&text);
}

struct drip {
    int descriptor;
    const char *text;
};

static void *drip_bytes(void *context)
{
    struct drip *drip = context;
    for (const char *p = drip->text; *p; p++)
        if (write(drip->descriptor, p, 1) != 1)
            break;
    close(drip->descriptor);
    return NULL;
}

static int count_call(void *context, struct wh_error *error)
{
    (void)error;
    ++*(int *)context;
    return 0;
}

static void a_pipe_that_drips_gives_the_same_rows(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct drip drip = { ends[1], awkward };
    pthread_t thread;
    pthread_create(&thread, NULL, drip_bytes, &drip);
    char path[32];
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    const char *paths[] = { path };
    struct wh_error error;
    struct wh_reader *reader = wh_reader_open(&reading, paths, 1, &error);
    assert_non_null(reader);
    int calls = 0;
    reader->before_wait = count_call;
    reader->wait_context = &calls;
    size_t length;
    char *out = written(reader, false, &length);
    assert_int_equal(length, strlen(awkward));
    assert_memory_equal(out, awkward, length);
    pthread_join(thread, NULL);
    free(out);
    wh_reader_close(reader);
    close(ends[0]);
}

/* Text that comes in pieces, each when the reader has nothing left to do without it. */
struct pieces {
    const char *text;
    size_t length, size;
    int descriptor; /* -1 when it was closed */
};

static int next_piece(void *context, struct wh_error *error)
{
    (void)error;
    struct pieces *pieces = context;
    size_t size = pieces->length < pieces->size ? pieces->length : pieces->size;
    if (size == 0 && pieces->descriptor >= 0) {
        close(pieces->descriptor);
        pieces->descriptor = -1;
    } else if (size > 0) {
        assert_int_equal(write(pieces->descriptor, pieces->text, size), (ssize_t)size);
    }
    pieces->text += size;
    pieces->length -= size;
    return 0;
}

/* The first three bytes, by which formats are told, come together. */
static struct wh_reader *open_pieces(struct pieces *pieces, const char *text, size_t size)
{
    int ends[2];
    char name[64];
    const char *path = name;
    struct wh_error error;
    assert_int_equal(pipe(ends), 0);
    *pieces = (struct pieces){ text, strlen(text), 3, ends[1] };
    next_piece(pieces, &error);
    pieces->size = size;
    snprintf(name, sizeof name, "/proc/self/fd/%d", ends[0]);
    struct wh_reader *reader = wh_reader_open(&reading, &path, 1, &error);
    assert_non_null(reader);
    close(ends[0]);
    reader->before_wait = next_piece;
    reader->wait_context = pieces;
    return reader;
}

static int late_descriptor;

static void write_late(int signal)
{
    static int signals;
    (void)signal;
    if (++signals == 20 && write(late_descriptor, "{\"a\":2}\n", 8) != 8)
        _exit(1);
}

static void a_signal_does_not_end_the_looks_at_the_clock(void **state)
{
    (void)state;
    struct pieces pieces;
    struct wh_error error;
    struct wh_reader *reader = open_pieces(&pieces, "{\"a\":1}\n", 8);
    assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
    int calls = 0;
    reader->before_wait = count_call;
    reader->wait_context = &calls;
    late_descriptor = pieces.descriptor;
    struct sigaction action = { .sa_handler = write_late }, before;
    struct itimerval often = { { 0, 5000 }, { 0, 5000 } }, never = { { 0, 0 }, { 0, 0 } };
    sigaction(SIGALRM, &action, &before);
    setitimer(ITIMER_REAL, &often, NULL);
    assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, &before, NULL);
    assert_true(calls > 1);
    wh_reader_close(reader);
    close(pieces.descriptor);
}

static void a_megabyte_in_one_value_is_a_row(void **state)
{
    (void)state;
    struct wh_buffer text = { 0 };
    wh_buffer_literal(&text, "{\"v\":\"");
    memset(wh_buffer_reserve(&text, 1 << 20), 'x', 1 << 20);
    text.length += 1 << 20;
    wh_buffer_literal(&text, "\",\"w\":1}\n{\"v\":2}\n");
    struct wh_reader *reader = open_bytes(text.data, text.length);
    size_t length;
    char *out = written(reader, false, &length);
    assert_int_equal(length, text.length);
    assert_memory_equal(out, text.data, length);
    free(out);
    wh_reader_close(reader);
    wh_buffer_free(&text);
}

static void a_row_beyond_the_limit_is_bad_and_the_next_is_read(void **state)
{
    (void)state;
    struct wh_buffer text = { 0 };
    wh_buffer_literal(&text, "{\"v\":\"");
    memset(wh_buffer_reserve(&text, 3 << 20), 'x', 3 << 20);
    text.length += 3 << 20;
    wh_buffer_literal(&text, "\"}\n{\"v\":2}\n");
    reading.max_row = 1 << 20;
    struct wh_reader *reader = open_bytes(text.data, text.length);
    struct wh_error error;
    assert_int_equal(wh_reader_next(reader, &error), WH_BAD);
    assert_string_equal(error.rule, "length");
    assert_int_equal(reader->row->line, 1);
    assert_int_equal(reader->row->raw_length, 1 << 20);
    assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
    assert_int_equal(reader->row->line, 2);
    assert_int_equal(wh_reader_next(reader, &error), WH_ENDED);
    wh_reader_close(reader);
    wh_buffer_free(&text);

    reading.max_row = 0;
}

static void rows_too_long_are_told_alike_wherever_the_input_is_cut(void **state)
{
    (void)state;
    /* One that just fits, then a sound, a broken, a blank and an unfinished one too many. */
    static const char text[] = "{\"v\":1234}\n{\"v\":12345}\n{\"v\":12345]\n           \n"
                               "{\"v\":12345}";
    static const char *const begin[] = { "{\"v\":12345", "{\"v\":12345", "          ",
                                         "{\"v\":12345" };
    reading.max_row = 10;
    for (size_t size = 1; size < sizeof text; size++) {
        struct pieces pieces;
        struct wh_error error;
        struct wh_reader *reader = open_pieces(&pieces, text, size);
        assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(wh_reader_next(reader, &error), WH_BAD);
            assert_string_equal(error.rule, "length");
            assert_int_equal(reader->row->line, i + 2);
            assert_int_equal(reader->row->raw_length, 10);
            assert_memory_equal(reader->row->raw, begin[i], 10);
        }
        assert_int_equal(wh_reader_next(reader, &error), WH_ENDED);
        assert_int_equal(reader->bytes, sizeof text - 1);
        wh_reader_close(reader);
    }
    reading.max_row = 0;
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    for (int depth = WH_MAX_DEPTH - 1; depth <= WH_MAX_DEPTH + 1; depth++) {
        struct wh_buffer text = { 0 };
        wh_buffer_literal(&text, "{\"v\":");
        for (int i = 0; i < depth; i++)
            wh_buffer_add(&text, i % 2 ? "{\"a\":" : "[", i % 2 ? 5 : 1);
        wh_buffer_byte(&text, '1');
        for (int i = depth; i-- > 0;)
            wh_buffer_byte(&text, i % 2 ? '}' : ']');
        wh_buffer_literal(&text, "}\n");
        struct wh_reader *reader = open_bytes(text.data, text.length);
        struct wh_error error;
        enum wh_verdict next = wh_reader_next(reader, &error);
        assert_int_equal(next, depth <= WH_MAX_DEPTH ? WH_PASSED : WH_BAD);
        if (next == WH_BAD)
            assert_string_equal(error.rule, "depth");
        wh_reader_close(reader);
        wh_buffer_free(&text);
    }
}

static void many_columns_are_read_and_too_many_refused(void **state)
{
    (void)state;
    struct wh_buffer text = { 0 };
    for (int columns = WH_MAX_COLUMNS; columns <= WH_MAX_COLUMNS + 1; columns++) {
        for (int i = 0; i < columns; i++)
            wh_buffer_format(&text, "%s\"c%d\":%d", i ? "," : "{", i, i);
        wh_buffer_literal(&text, "}\n");
    }
    wh_buffer_literal(&text, "{\"c1\":1,\"c1\":2}\n");
    struct wh_reader *reader = open_bytes(text.data, text.length);
    struct wh_error error;
    assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
    assert_int_equal(reader->row->shape->count, WH_MAX_COLUMNS);
    assert_int_equal(wh_reader_next(reader, &error), WH_BAD);
    assert_string_equal(error.rule, "columns");
    assert_int_equal(wh_reader_next(reader, &error), WH_BAD);
    assert_string_equal(error.rule, "duplicate-key");
    wh_reader_close(reader);
    wh_buffer_free(&text);
}

static void a_duplicate_among_many_columns_is_found(void **state)
{
    (void)state;
    for (int columns = 30; columns < 300; columns += 13) {
        struct wh_buffer text = { 0 };
        for (int i = 0; i < columns; i++)
            wh_buffer_format(&text, "%s\"c%d\":%d", i ? "," : "{", i, i);
        wh_buffer_format(&text, ",\"c%d\":0}\n", columns / 2);
        struct wh_reader *reader = open_bytes(text.data, text.length);
        struct wh_error error;
        assert_int_equal(wh_reader_next(reader, &error), WH_BAD);
        assert_string_equal(error.rule, "duplicate-key");
        wh_reader_close(reader);
        wh_buffer_free(&text);
    }
}

static void a_row_never_points_at_a_shape_that_is_gone(void **state)
{
    (void)state;
    struct wh_buffer text = { 0 };
    for (int i = 0; i < 60000; i++)
        wh_buffer_format(&text, "%s\"c%d\":%d", i ? "," : "{", i, i);
    wh_buffer_literal(&text, "}\n");
    struct wh_reader *reader = open_bytes(text.data, text.length);
    struct wh_error error;
    assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
    /* So many columns are forgotten before the next row is looked for. */
    assert_int_equal(wh_reader_next(reader, &error), WH_ENDED);
    assert_null(reader->row->shape);
    wh_reader_close(reader);
    wh_buffer_free(&text);
}

/* The address sanitizer keeps freed memory for a while. */
#if defined(__SANITIZE_ADDRESS__)
enum { FEW_KILOBYTES = 256 << 10 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { FEW_KILOBYTES = 256 << 10 };
#else
enum { FEW_KILOBYTES = 24 << 10 };
#endif
#else
enum { FEW_KILOBYTES = 24 << 10 };
#endif

static long peak_kilobytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void rows_that_all_differ_cost_no_memory(void **state)
{
    (void)state;
    struct wh_buffer text = { 0 };
    for (int i = 0; i < 300000; i++)
        wh_buffer_format(&text, "{\"k%d\":1,\"x%d\":2,\"y\":3}\n", i, i * 7);
    struct wh_reader *reader = open_bytes(text.data, text.length);
    wh_buffer_free(&text);
    long before = peak_kilobytes();
    struct wh_error error;
    size_t rows = 0;
    while (wh_reader_next(reader, &error) == WH_PASSED)
        rows++;
    assert_int_equal(rows, 300000);
    assert_true(peak_kilobytes() - before < FEW_KILOBYTES);
    wh_reader_close(reader);
}

/* Appends the text as a gzip member of its own. */
static void add_member(struct wh_buffer *packed, const char *text)
{
    z_stream stream = { 0 };
    deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    unsigned char out[256];
    stream.next_in = (unsigned char *)(uintptr_t)text;
    stream.avail_in = (unsigned)strlen(text);
    stream.next_out = out;
    stream.avail_out = sizeof out;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    wh_buffer_add(packed, out, sizeof out - stream.avail_out);
    deflateEnd(&stream);
}

static void blanks_before_the_first_row_do_not_hide_the_format(void **state)
{
    (void)state;
    /* Members come one by one, so the blanks are there before anything else. */
    struct wh_buffer packed = { 0 };
    add_member(&packed, "\n\r\n  \n");
    add_member(&packed, "\t\n ");
    add_member(&packed, "{\"a\":1}\n");
    static const struct wh_reading by_byte = { .format = WH_FORMAT_NONE };
    const char *path = file_of(packed.data, packed.length);
    struct wh_error error;
    struct wh_reader *reader = wh_reader_open(&by_byte, &path, 1, &error);
    assert_non_null(reader);
    assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
    assert_int_equal(reader->row->raw_format, WH_FORMAT_NDJSON);
    assert_int_equal(reader->row->line, 5);
    assert_int_equal(wh_reader_next(reader, &error), WH_ENDED);
    wh_reader_close(reader);
    wh_buffer_free(&packed);
}

static void gzip_of_several_members_reads_like_plain(void **state)
{
    (void)state;
    struct wh_buffer packed = { 0 };
    add_member(&packed, "{\"a\":1}\n{\"a\"");
    add_member(&packed, ":2}\n");
    add_member(&packed, "");
    add_member(&packed, "{\"a\":3}");
    size_t length;
    struct wh_reader *reader = open_bytes(packed.data, packed.length);
    char *out = written(reader, false, &length);
    assert_string_equal(out, "{\"a\":1}\n{\"a\":2}\n{\"a\":3}");
    free(out);
    wh_reader_close(reader);

    /* Cut anywhere inside the last member it is an error, never a short file. */
    for (size_t cut = packed.length - 20; cut < packed.length; cut++) {
        struct wh_error error = { 0 };
        const char *path = file_of(packed.data, cut);
        reader = wh_reader_open(&reading, &path, 1, &error);
        enum wh_verdict next = WH_FATAL;
        while (reader && (next = wh_reader_next(reader, &error)) == WH_PASSED)
            ;
        assert_int_equal(next, WH_FATAL);
        assert_non_null(strstr(error.text, "gzip"));
        wh_reader_close(reader);
    }
    wh_buffer_free(&packed);
}

static void utf16_is_refused_with_the_remedy(void **state)
{
    (void)state;
    const char *files[] = { "\xff\xfe{\0}\0\n\0", "\xfe\xff\0{\0}\0\n", "{\0}\0\n\0\0\0" };
    for (int i = 0; i < 3; i++) {
        struct wh_error error = { 0 };
        const char *path = file_of(files[i], 8);
        assert_null(wh_reader_open(&reading, &path, 1, &error));
        assert_non_null(strstr(error.text, "iconv"));
    }
}

static void a_byte_order_mark_is_skipped(void **state)
{
    (void)state;
    size_t length;
    struct wh_reader *reader = open_text("\xef\xbb\xbf{\"a\":1}\n");
    char *out = written(reader, false, &length);
    assert_string_equal(out, "{\"a\":1}\n");
    free(out);
    wh_reader_close(reader);
}

static void several_files_follow_each_other(void **state)
{
    (void)state;
    char names[2][32];
    const char *paths[2];
    const char *texts[2] = { "{\"a\":1}", "{\"b\":2}\n" };
    int descriptors[2];
    for (int i = 0; i < 2; i++) {
        descriptors[i] = memfd_create("part", 0);
        assert_int_equal(write(descriptors[i], texts[i], strlen(texts[i])), strlen(texts[i]));
        snprintf(names[i], sizeof names[i], "/proc/self/fd/%d", descriptors[i]);
        paths[i] = names[i];
    }
    struct wh_error error;
    struct wh_reader *reader = wh_reader_open(&reading, paths, 2, &error);
    assert_non_null(reader);
    size_t length;
    char *out = written(reader, false, &length);
    assert_string_equal(out, "{\"a\":1}\n{\"b\":2}\n");
    assert_int_equal(reader->bytes, 15);
    free(out);
    wh_reader_close(reader);
    close(descriptors[0]);
    close(descriptors[1]);
}

static void escaping_and_decoding_are_inverse(void **state)
{
    (void)state;
    for (unsigned length = 0; length < 200; length++) {
        char text[200], decoded[2048];
        for (unsigned i = 0; i < length; i++)
            text[i] = (char)((i * 7 + length * 13) % 128);
        struct wh_buffer escaped = { 0 };
        wh_json_escape(&escaped, text, length);
        size_t got = wh_json_unescape(wh_buffer_text(&escaped), escaped.length, decoded);
        assert_int_equal(got, length);
        assert_memory_equal(decoded, text, length);
        assert_int_equal(wh_json_safe(text, length), escaped.length == length);
        wh_buffer_free(&escaped);
    }
}

static void a_walk_visits_every_member(void **state)
{
    (void)state;
    struct wh_json_walk walk;
    const char text[WH_SLACK + 64] = "{ \"a\" : 1 , \"b\\n\":[1,2], \"c\":\"x\" }";
    wh_json_walk_begin(&walk, text);
    assert_true(wh_json_walk_next(&walk));
    assert_memory_equal(walk.key, "a", walk.key_length);
    assert_int_equal(walk.field.type, WH_NUMBER);
    assert_true(wh_json_walk_next(&walk));
    assert_true(walk.key_escaped);
    assert_int_equal(walk.field.type, WH_NESTED);
    assert_int_equal(walk.field.length, 5);
    assert_true(wh_json_walk_next(&walk));
    assert_int_equal(walk.field.type, WH_STRING);
    assert_false(wh_json_walk_next(&walk));
}

#define EACH_WIDTH(test)                                                   \
    { #test " (plain)", test, use_plain, NULL, NULL },                     \
    { #test " (best)", test, use_best, NULL, NULL }

static int use_plain(void **state)
{
    (void)state;
    return setenv("WH_SIMD", "plain", 1);
}

static int use_best(void **state)
{
    (void)state;
    return unsetenv("WH_SIMD");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH_WIDTH(unchanged_rows_leave_byte_for_byte),
        EACH_WIDTH(changed_rows_keep_their_values_and_lose_blanks),
        cmocka_unit_test(fields_of_the_raw_text_are_written_like_any),
        EACH_WIDTH(bad_rows_are_told_with_rule_and_byte),
        EACH_WIDTH(numbers_of_any_length_are_whole_or_told_bad),
        EACH_WIDTH(a_first_key_of_control_records_makes_one),
        EACH_WIDTH(the_row_behind_a_bad_one_is_read),
        EACH_WIDTH(rows_of_one_shape_share_it),
        EACH_WIDTH(hundreds_of_shapes_are_known_again),
        cmocka_unit_test(escaped_names_are_decoded_and_keep_their_spelling),
        EACH_WIDTH(rows_cut_by_blocks_are_whole),
        cmocka_unit_test(a_pipe_that_drips_gives_the_same_rows),
        cmocka_unit_test(a_signal_does_not_end_the_looks_at_the_clock),
        EACH_WIDTH(a_megabyte_in_one_value_is_a_row),
        cmocka_unit_test(a_row_beyond_the_limit_is_bad_and_the_next_is_read),
        cmocka_unit_test(rows_too_long_are_told_alike_wherever_the_input_is_cut),
        cmocka_unit_test(blanks_before_the_first_row_do_not_hide_the_format),
        EACH_WIDTH(nesting_is_bounded),
        cmocka_unit_test(many_columns_are_read_and_too_many_refused),
        cmocka_unit_test(a_duplicate_among_many_columns_is_found),
        cmocka_unit_test(a_row_never_points_at_a_shape_that_is_gone),
        cmocka_unit_test(rows_that_all_differ_cost_no_memory),
        cmocka_unit_test(gzip_of_several_members_reads_like_plain),
        cmocka_unit_test(utf16_is_refused_with_the_remedy),
        cmocka_unit_test(a_byte_order_mark_is_skipped),
        cmocka_unit_test(several_files_follow_each_other),
        cmocka_unit_test(escaping_and_decoding_are_inverse),
        cmocka_unit_test(a_walk_visits_every_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
