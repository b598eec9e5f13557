/* The CSV reader and encoder: values and types, bad rows, blocks, and what comes back as it was. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memory.h"
#include "record/csv_encode.h"
#include "record/csv_scan.h"
#include "record/reader.h"

/* Input ------------------------------------------------------------------------------------ */

/* Bytes that arrive through a pipe, so many at a time. */
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
        assert_int_equal(write(drip->descriptor, drip->bytes, length), (ssize_t)length);
    }
    drip->bytes += length;
    drip->length -= length;
    return 0;
}

static struct wh_reader *open_drip(const struct wh_reading *reading, struct drip *drip)
{
    int ends[2];
    char path[64];
    struct wh_error error;
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    struct wh_input *input = wh_input_open(path, &error);
    assert_non_null(input);
    close(ends[0]);
    drip->descriptor = ends[1];
    input->name = "pipe";
    input->before_wait = drip_more;
    input->wait_context = drip;
    struct wh_reader *reader = wh_csv_open(reading, input, &error);
    assert_non_null(reader);
    return reader;
}

/* A file in memory; *path stays valid until the next call. */
static const char *file_of(const char *bytes, size_t length)
{
    static char path[64];
    static int descriptor = -1;
    if (descriptor >= 0)
        close(descriptor);
    descriptor = memfd_create("csv", 0);
    assert_int_equal(write(descriptor, bytes, length), (ssize_t)length);
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    return path;
}

static struct wh_reader *open_file(const struct wh_reading *reading, const char *bytes,
                                   size_t length)
{
    struct wh_error error;
    struct wh_input *input = wh_input_open(file_of(bytes, length), &error);
    assert_non_null(input);
    struct wh_reader *reader = wh_csv_open(reading, input, &error);
    if (!reader)
        fail_msg("%s", error.text);
    return reader;
}

/* Showing ---------------------------------------------------------------------------------- */

static void show_value(struct wh_buffer *out, const struct wh_field *field)
{
    static const char *const names[] = { "null", "false", "true", "", "", "nested" };
    char mark = field->type == WH_STRING ? '\'' : 0;
    if (field->flags & WH_QUOTED)
        wh_buffer_byte(out, 'q');
    wh_buffer_format(out, "%s", names[field->type]);
    if (mark)
        wh_buffer_byte(out, mark);
    if (field->type >= WH_NUMBER)
        wh_buffer_add(out, field->text, field->length);
    if (mark)
        wh_buffer_byte(out, mark);
}

/*
 * All that a reader gives: a line for each row with its values between blanks, 'strings', numbers,
 * nulls, a q before what was quoted; "! rule column line:byte {raw}" for a bad row; "# text" for
 * an error. The caller frees.
 */
static char *show(struct wh_reader *reader)
{
    struct wh_buffer out = { 0 };
    struct wh_error error;
    enum wh_verdict next;
    while ((next = wh_reader_next(reader, &error)) == WH_PASSED || next == WH_BAD) {
        const struct wh_row *row = reader->row;
        if (next == WH_BAD) {
            wh_buffer_format(&out, "! %s %s %d:%zu {", error.rule, error.column, (int)row->line,
                             error.byte);
            wh_buffer_add(&out, row->raw, row->raw_length - row->terminator);
            wh_buffer_literal(&out, "}\n");
            continue;
        }
        for (uint32_t i = 0; i < row->shape->count; i++) {
            if (i)
                wh_buffer_byte(&out, ' ');
            show_value(&out, &row->fields[i]);
        }
        wh_buffer_byte(&out, '\n');
    }
    if (next == WH_FATAL)
        wh_buffer_format(&out, "# %s\n", error.text);
    wh_reader_close(reader);
    return wh_buffer_text(&out);
}

/* Expects the same from a file and from pipes that deliver little at a time, with every kind of
 * vector. */
static void expect_bytes(const struct wh_reading *reading, const char *bytes, size_t length,
                         const char *expected)
{
    for (const struct wh_csv_scan *const *scan = wh_csv_scans(); *scan; scan++) {
        setenv("WH_SIMD", (*scan)->name, 1);
        char *got = show(open_file(reading, bytes, length));
        assert_string_equal(got, expected);
        free(got);
        for (size_t chunk = 1; chunk <= length && chunk <= 12; chunk++) {
            struct drip drip = { bytes, length, chunk, -1 };
            got = show(open_drip(reading, &drip));
            assert_string_equal(got, expected);
            free(got);
        }
        unsetenv("WH_SIMD");
    }
}

static void expect(const struct wh_reading *reading, const char *text, const char *expected)
{
    expect_bytes(reading, text, strlen(text), expected);
}

static const struct wh_reading usual = { .format = WH_FORMAT_CSV };

/* Values ----------------------------------------------------------------------------------- */

static void values_keep_their_text(void **state)
{
    (void)state;
    expect(&usual, "a,b,c\n1,x,2.50\n-0,1e400, y \n", "1 'x' 2.50\n-0 1e400 ' y '\n");
    expect(&usual, "a\n123456789012345678901234567890\n", "123456789012345678901234567890\n");
    expect(&usual, "a,b\n\xc3\xa9,\xf0\x9f\x98\x80\n", "'\xc3\xa9' '\xf0\x9f\x98\x80'\n");
    expect(&usual, "a,b\n\\n,\x01\t\x7f\n", "'\\n' '\x01\t\x7f'\n");
}

static void only_json_numbers_are_numbers(void **state)
{
    (void)state;
    expect(&usual, "a,b,c,d\n007,+1,NaN,1.\n", "'007' '+1' 'NaN' '1.'\n");
    expect(&usual, "a,b,c,d\n.5,-,1e5,1E-5\n", "'.5' '-' 1e5 1E-5\n");
    expect(&usual, "a,b,c,d\n0x1,1 , 1,1-2\n", "'0x1' '1 ' ' 1' '1-2'\n");
    expect(&usual, "a,b,c,d\ntrue,null,2024-03-01,\"12\"\n", "'true' 'null' '2024-03-01' q12\n");
}

static void empty_and_null_differ(void **state)
{
    (void)state;
    expect(&usual, "a,b,c\n,\"\", \n", "null q'' ' '\n");
    expect(&usual, "a,b\n,\n\"\",\"\"\n", "null null\nq'' q''\n");
    expect(&usual, "a,b\n,", "null null\n");
}

static void quotes_hold_anything(void **state)
{
    (void)state;
    expect(&usual, "a,b\n\"x,y\",\"1\n2\"\n3,4\n", "q'x,y' q'1\n2'\n3 4\n");
    expect(&usual, "a,b\n\"say \"\"hi\"\"\",\"\"\"\"\n", "q'say \"hi\"' q'\"'\n");
    expect(&usual, "a,b\n\"\"\"\",\"\"\"\"\"\"\n", "q'\"' q'\"\"'\n");
    expect(&usual, "a,b\n\"x\r\ny\",\"\n\"\r\n", "q'x\r\ny' q'\n'\n");
    expect(&usual, "a,b\n\"\"\"\n\"\"\",\",\"", "q'\"\n\"' q','\n");
}

static void lines_end_with_or_without_cr(void **state)
{
    (void)state;
    expect(&usual, "a,b\r\n1,2\r\n3,4\n5,6", "1 2\n3 4\n5 6\n");
    expect(&usual, "a,b\r\n1,\r\n\"x\",\"y\"\r\n", "1 null\nq'x' q'y'\n");
    expect(&usual, "a,b\nx\ry,\r\r\nz,w\r", "'x\ry' '\r'\n'z' 'w\r'\n");
}

static void blank_lines_hold_no_row_of_several_columns(void **state)
{
    (void)state;
    expect(&usual, "\n\r\na,b\n\n1,2\n\r\n\n3,4\n\n", "1 2\n3 4\n");
    expect(&usual, "a\n\n1\n\r\n\"\"\n", "null\n1\nnull\nq''\n");
    expect(&usual, "a\n1\nx\ny\n2\n\n", "1\n'x'\n'y'\n2\nnull\n");
}

static void files_without_rows_are_no_error(void **state)
{
    (void)state;
    expect(&usual, "", "");
    expect(&usual, "\n\n", "");
    expect(&usual, "a,b", "");
    expect(&usual, "a,b\r\n", "");
    expect(&usual, "\xEF\xBB\xBF", "");
}

static void an_order_mark_is_no_part_of_a_name(void **state)
{
    (void)state;
    struct wh_reading plain = { .format = WH_FORMAT_CSV, .no_header = true };
    struct wh_error error;
    const char text[] = "\xEF\xBB\xBF\"a\",b\n1,2\n";
    struct wh_reader *reader = open_file(&usual, text, sizeof text - 1);
    assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
    assert_int_equal(wh_shape_find(reader->row->shape, "a", 1), 0);
    assert_int_equal(reader->row->shape->header_length, 6);
    wh_reader_close(reader);
    expect(&plain, text, "q'a' 'b'\n1 2\n");
}

static void columns_without_a_header_are_numbered(void **state)
{
    (void)state;
    struct wh_reading reading = { .format = WH_FORMAT_CSV, .no_header = true };
    struct wh_error error;
    expect(&reading, "x,1\ny,2\n", "'x' 1\n'y' 2\n");
    expect(&reading, "\"x,1\ny\",2", "q'x,1\ny' 2\n");
    expect(&reading, "x,\"y\"z\n1\n2,3\n", "! quote  1:6 {x,\"y\"z}\n1\n! fields  3:0 {2,3}\n");
    struct wh_reader *reader = open_file(&reading, "x,y", 3);
    assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
    assert_int_equal(wh_shape_find(reader->row->shape, "2", 1), 1);
    assert_null(reader->row->shape->header);
    wh_reader_close(reader);
}

static void any_byte_may_delimit(void **state)
{
    (void)state;
    struct wh_reading tabs = { .format = WH_FORMAT_CSV, .delimiter = '\t' };
    struct wh_reading odd = { .format = WH_FORMAT_CSV, .delimiter = '\x01' };
    struct wh_reading quote = { .format = WH_FORMAT_CSV, .delimiter = '"' };
    expect(&tabs, "a\tb\n1,5\t\"x\ty\"\n\t \n", "'1,5' q'x\ty'\nnull ' '\n");
    expect(&odd, "a\x01""b\n1\x01\"x\"\n", "1 q'x'\n");
    struct wh_error error;
    assert_null(wh_csv_open(&quote, wh_input_open(file_of("a\n", 2), &error), &error));
    assert_int_equal(error.status, WH_REFUSED);
}

static void types_can_be_turned_off(void **state)
{
    (void)state;
    struct wh_error error;
    struct wh_reading none = { .format = WH_FORMAT_CSV, .no_infer = true };
    struct wh_reading some = { .format = WH_FORMAT_CSV };
    expect(&none, "a,b\n1,\n", "'1' null\n");
    assert_int_equal(wh_columns_parse("/^z/", 4, &some.strings, &error), 0);
    expect(&some, "zip,n\n1,2\n", "'1' 2\n");
    wh_columns_free(some.strings);
    assert_int_equal(wh_columns_parse("/_zip$/", 7, &some.strings, &error), 0);
    expect(&some, "Zip,n\n1,2\n", "# --string: no column matches /_zip$/ (did you mean \"Zip\"?)\n");
    wh_columns_free(some.strings);
    assert_int_equal(wh_columns_parse("zap", 3, &some.strings, &error), 0);
    expect(&some, "zip,n\n1,2\n", "# --string: there is no column \"zap\" (did you mean zip?)\n");
    wh_columns_free(some.strings);
}

static void null_values_become_null_and_change_the_row(void **state)
{
    (void)state;
    const char *const nulls[] = { "NA", "-999" };
    const char *const empty[] = { "" };
    struct wh_reading reading = { .format = WH_FORMAT_CSV, .nulls = nulls, .null_count = 2 };
    expect(&reading, "a,b,c\nNA,-999,N\n\"NA\",NAN,\"\"\n",
           "null null 'N'\nnull 'NAN' q''\n");
    reading.nulls = empty;
    reading.null_count = 1;
    expect(&reading, "a,b\n,\"\"\n", "null null\n");
}

/* Types settled by the first rows ------------------------------------------------------------ */

static void first_rows_settle_the_types(void **state)
{
    (void)state;
    struct wh_reading reading = { .format = WH_FORMAT_CSV, .infer_rows = 2 };
    static const char text[] = "a,b,c,d\n1,2,,\n2,x,3,\n3,4,5,6\nx,5,6,y\n";
    char *got = show(open_file(&reading, text, sizeof text - 1));
    assert_string_equal(got, "1 '2' null null\n2 'x' 3 null\n3 '4' 5 6\n"
                             "! number a 5:0 {x,5,6,y}\n");
    free(got);
    reading.infer_rows = 100;
    got = show(open_file(&reading, text, sizeof text - 1));
    assert_string_equal(got, "'1' '2' null null\n'2' 'x' 3 null\n'3' '4' 5 '6'\n'x' '5' 6 'y'\n");
    free(got);
}

static void a_pipe_cannot_settle_types(void **state)
{
    (void)state;
    struct wh_reading reading = { .format = WH_FORMAT_CSV, .infer_rows = 2 };
    struct wh_error error;
    int ends[2];
    char path[64];
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    assert_null(wh_csv_open(&reading, wh_input_open(path, &error), &error));
    assert_int_equal(error.status, WH_REFUSED);
    assert_non_null(strstr(error.text, "regular file"));
    close(ends[0]);
    close(ends[1]);
}

/* Bad rows --------------------------------------------------------------------------------- */

static void a_row_must_have_the_columns(void **state)
{
    (void)state;
    expect(&usual, "a,b\n1\n2,3\n4,5,6\n7,8\n\"\"\n",
           "! fields  2:0 {1}\n2 3\n! fields  4:0 {4,5,6}\n7 8\n! fields  6:0 {\"\"}\n");
}

static void ragged_rows_are_filled_and_folded(void **state)
{
    (void)state;
    struct wh_reading reading = { .format = WH_FORMAT_CSV, .ragged = true };
    expect(&reading, "a,b,c\n1\n2,x,y, z\n3,,\"y\",\"z\"\"\"\r\n4,5,6\n",
           "1 null null\n2 'x' 'y, z'\n3 null '\"y\",\"z\"\"\"'\n4 5 6\n");
    struct wh_error error;
    struct wh_reader *reader = open_file(&reading, "a,b\n1\n2,3\n", 10);
    assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
    assert_true(reader->row->changed); /* it is written with all its columns */
    assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
    assert_false(reader->row->changed);
    wh_reader_close(reader);
}

static void a_broken_quote_ends_with_its_line(void **state)
{
    (void)state;
    expect(&usual, "a,b\nx\"y,1\n2,3\n", "! quote a 2:2 {x\"y,1}\n2 3\n");
    expect(&usual, "a,b\n1,\"x\"y\n2,3\n", "! quote b 2:6 {1,\"x\"y}\n2 3\n");
    expect(&usual, "a,b\n1,\"x\" \r\n2,3\n", "! quote b 2:6 {1,\"x\" }\n2 3\n");
    expect(&usual, "a,b\n1,\"x\n\"\"y\"z\n2,3\n", "! quote b 2:10 {1,\"x\n\"\"y\"z}\n2 3\n");
    expect(&usual, "a,b\n1,x\"\n\"2\",3\n", "! quote b 2:4 {1,x\"}\nq2 3\n");
    expect(&usual, "a,b\n1, \"x\"\n2,3\n", "! quote b 2:4 {1, \"x\"}\n2 3\n");
}

static void an_unclosed_quote_is_a_bad_row(void **state)
{
    (void)state;
    expect(&usual, "a,b\n1,2\n3,\"x\n4,5\n", "1 2\n! quote b 3:3 {3,\"x\n4,5\n}\n");
    expect(&usual, "a,b\n\"", "! quote a 2:1 {\"}\n");
    expect(&usual, "a,b\n1,\"x\"\"", "! quote b 2:3 {1,\"x\"\"}\n");
}

static void bytes_that_are_no_text_are_bad_rows(void **state)
{
    (void)state;
    expect(&usual, "a,b\n1,\xff\n2,3\n", "! utf-8 b 2:3 {1,\xff}\n2 3\n");
    expect(&usual, "a,b\n\"x\n,\",\xc3\n2,3\n", "! utf-8 b 2:7 {\"x\n,\",\xc3}\n2 3\n");
    expect(&usual, "a,b\n\xed\xa0\x80,1\n2,3\n", "! utf-8 a 2:1 {\xed\xa0\x80,1}\n2 3\n");
    static const char zero[] = "a,b\n1,x\0y\n2,3\n";
    struct wh_error error;
    struct wh_reader *reader = open_file(&usual, zero, sizeof zero - 1);
    assert_int_equal(wh_reader_next(reader, &error), WH_BAD);
    assert_string_equal(error.rule, "nul");
    assert_string_equal(error.column, "b");
    assert_int_equal(error.byte, 4);
    assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
    wh_reader_close(reader);
}

static void a_row_that_is_too_long_is_skipped(void **state)
{
    (void)state;
    struct wh_reading reading = { .format = WH_FORMAT_CSV, .max_row = 8 };
    expect(&reading, "a,b\n12345,67\n123456,78\n1,2\n",
           "12345 67\n! length b 3:0 {123456,7}\n1 2\n");
    expect(&reading, "a,b\n1,\"xxxxxxxx\n\"\"\nyy\"\n3,4\n", "! length b 2:0 {1,\"xxxxx}\n3 4\n");
    expect(&reading, "a,b\n1,\"x\nxxxxxxx\"\n3,4\n", "! length b 2:0 {1,\"x\nxxx}\n3 4\n");
    expect(&reading, "a,b\nx\"xxxxxxxxx\n3,4\n", "! length a 2:0 {x\"xxxxxx}\n3 4\n");
    expect(&reading, "a,b\n1,xxxxxxxxxx\"xx\n3,4\n", "! length b 2:0 {1,xxxxxx}\n3 4\n");
    expect(&reading, "a,b\n1,xxxxxxx,\"xx\n\",\"\"\"\"\r\n3,4\n",
           "! length b 2:0 {1,xxxxxx}\n3 4\n");
    expect(&reading, "a,b\n1,\"xxxxxxxx", "! length b 2:0 {1,\"xxxxx}\n");
}

/* The header ------------------------------------------------------------------------------- */

/* Expects the reader to give up with a text that holds `part`. */
static void expect_refused(const char *text, const char *part)
{
    struct drip drip = { text, strlen(text), 3, -1 };
    char *got = show(open_drip(&usual, &drip));
    if (got[0] != '#' || !strstr(got, part))
        fail_msg("%s instead of %s", got, part);
    free(got);
}

static void a_header_that_names_no_columns_is_refused(void **state)
{
    (void)state;
    expect_refused("a,b,a\n1,2,3\n", "columns 1 and 3 are both named \"a\"");
    expect_refused("a,\"\",c\n", "column 2 has no name");
    expect_refused(",a\n", "column 1 has no name");
    expect_refused("a,b\"c\n", "pipe:1: header: a quote is within");
    expect_refused("\n\na,\xff\n", "pipe:3: header: the value is not valid UTF-8");
    expect_refused("a,\"b\n", "never closed");
    expect_refused("a,b\r1,2\r", "carriage return");
    expect_refused("@wh,b\n", "control records");
    expect(&usual, "\"a\r\nb\",c\n1,2\n", "1 2\n");
}

static void more_columns_than_a_row_may_have_are_refused(void **state)
{
    (void)state;
    struct wh_reading reading = { .format = WH_FORMAT_CSV, .no_header = true };
    size_t length = WH_MAX_COLUMNS; /* delimiters, so one value more */
    char *text = wh_alloc(length, 1);
    memset(text, ',', length);
    char *got = show(open_file(&reading, text, length));
    assert_non_null(strstr(got, "# "));
    assert_non_null(strstr(got, "131073 columns"));
    free(got);
    struct wh_error error;
    struct wh_reader *reader = open_file(&reading, text, length - 1);
    assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
    assert_int_equal(reader->row->shape->count, WH_MAX_COLUMNS);
    wh_reader_close(reader);
    free(text);
}

/* Large things ----------------------------------------------------------------------------- */

static void rows_larger_than_a_block_are_whole(void **state)
{
    (void)state;
    enum { SIZE = 3 << 20 };
    struct wh_error error;
    for (int quoted = 0; quoted < 2; quoted++) {
        struct wh_buffer text = { 0 };
        wh_buffer_format(&text, "a,b\n1,2\n3,%s", quoted ? "\"" : "");
        memset(wh_buffer_reserve(&text, SIZE), 'x', SIZE);
        text.length += SIZE;
        wh_buffer_format(&text, "%s\n4,5\n", quoted ? "\"\"\n\"" : "");
        struct drip drip = { text.data, text.length, 50000, -1 };
        struct wh_reader *reader = open_drip(&usual, &drip);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
            if (i == 1)
                assert_int_equal(reader->row->fields[1].length, SIZE + (quoted ? 2 : 0));
        }
        assert_int_equal(reader->row->line, quoted ? 5 : 4);
        assert_int_equal(wh_reader_next(reader, &error), WH_ENDED);
        wh_reader_close(reader);
        wh_buffer_free(&text);
    }
}

static long peak_kilobytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void memory_is_bounded_by_the_longest_row_allowed(void **state)
{
    (void)state;
    enum { LINES = 2000, WIDTH = 10000 };
    struct wh_reading reading = { .format = WH_FORMAT_CSV, .max_row = 1 << 20 };
    struct wh_buffer text = { 0 };
    wh_buffer_format(&text, "a,b\n1,\"");
    for (int i = 0; i < LINES; i++) {
        memset(wh_buffer_reserve(&text, WIDTH + 1), i % 3 ? 'x' : ',', WIDTH);
        text.length += WIDTH;
        wh_buffer_byte(&text, '\n');
    }
    wh_buffer_format(&text, "\"\n2,3\n");
    long before = peak_kilobytes();
    struct drip drip = { text.data, text.length, 60000, -1 };
    struct wh_reader *reader = open_drip(&reading, &drip);
    struct wh_error error;
    assert_int_equal(wh_reader_next(reader, &error), WH_BAD);
    assert_string_equal(error.rule, "length");
    assert_int_equal(reader->row->raw_length, 1 << 20);
    assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
    assert_int_equal(reader->row->line, LINES + 3);
    wh_reader_close(reader);
    wh_buffer_free(&text);
    assert_in_range(peak_kilobytes() - before, 0, 8 << 10);
}

/* What comes back as it was ---------------------------------------------------------------- */

static uint64_t random_state = 1;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((random_state >> 33) % limit);
}

static const char *pick(const char *const *words, uint32_t count)
{
    return words[random_below(count)];
}

static void add_random_value(struct wh_buffer *out, char delimiter)
{
    static const char *const plain[] = { "", "1", "-2.50", "1e400", "007", "x", " y ", "\xc3\xa9",
                                         "NaN", "\\", "a\tb", "a somewhat longer text, without" };
    static const char *const parts[] = { "", "x", ",", "\t", "\"\"", "\n", "\r\n", "12",
                                         "\xf0\x9f\x98\x80",
                                         "a somewhat longer text; it goes on and on for a while" };
    if (random_below(3) > 0) {
        const char *text = pick(plain, 12);
        size_t length = strcspn(text, delimiter == ',' ? "," : "\t");
        wh_buffer_add(out, text, length);
        return;
    }
    wh_buffer_byte(out, '"');
    for (uint32_t i = random_below(4); i > 0; i--) {
        const char *part = pick(parts, 10);
        wh_buffer_add(out, part, strlen(part));
    }
    wh_buffer_byte(out, '"');
}

/* A file that is valid in every way. Rows are no blank lines: the first value is not empty. */
static void make_file(struct wh_buffer *out, uint32_t columns, uint32_t rows, char delimiter)
{
    const char *line_end = random_below(2) ? "\r\n" : "\n";
    if (random_below(4) == 0)
        wh_buffer_literal(out, "\xEF\xBB\xBF");
    for (uint32_t i = 0; i < columns; i++)
        wh_buffer_format(out, i % 3 ? "%.*sc%u" : "%.*s\"c,%u\"", i > 0, &delimiter, i);
    wh_buffer_add(out, line_end, strlen(line_end));
    for (uint32_t row = 0; row < rows; row++) {
        wh_buffer_format(out, "%u", row);
        for (uint32_t i = 1; i < columns; i++) {
            wh_buffer_byte(out, delimiter);
            add_random_value(out, delimiter);
        }
        if (row + 1 < rows || random_below(2))
            wh_buffer_add(out, line_end, strlen(line_end));
    }
}

/* Reads everything and writes it from the values, as if each row had been changed. */
static void encode_all(struct wh_reader *reader, struct wh_buffer *out, struct wh_buffer *raw)
{
    struct wh_csv_encoder *encoder = NULL;
    struct wh_error error;
    enum wh_verdict next;
    while ((next = wh_reader_next(reader, &error)) == WH_PASSED) {
        if (!encoder) {
            encoder = wh_csv_encoder_open(NULL, 0, reader->row, reader->row->delimiter,
                                          WH_CSV_QUOTED);
            if (reader->row->order_mark) {
                wh_buffer_literal(out, "\xEF\xBB\xBF");
                wh_buffer_literal(raw, "\xEF\xBB\xBF");
            }
            assert_int_equal(wh_csv_encode_header(encoder, out, &error), 0);
            assert_int_equal(wh_csv_encode_header(encoder, raw, &error), 0);
        }
        assert_true(wh_csv_encoder_same(encoder, reader->row->shape));
        assert_int_equal(wh_csv_encode_row(encoder, out, reader->row, &error), WH_TAKEN);
        wh_buffer_add(raw, reader->row->raw, reader->row->raw_length);
    }
    if (next != WH_ENDED)
        fail_msg("%d: %s", (int)reader->row->line, error.text);
    wh_csv_encoder_close(encoder);
    wh_reader_close(reader);
}

static void values_are_written_back_as_they_came(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        char delimiter = i % 2 ? ',' : '\t';
        struct wh_reading reading = { .format = WH_FORMAT_CSV, .delimiter = delimiter };
        struct wh_buffer file = { 0 }, encoded = { 0 }, raw = { 0 };
        make_file(&file, 1 + random_below(6), 1 + random_below(i % 20 ? 30 : 20000), delimiter);
        const struct wh_csv_scan *const *scans = wh_csv_scans();
        setenv("WH_SIMD", scans[i % 2 + (scans[2] && i % 3 == 0)]->name, 1);
        struct drip drip = { file.data, file.length, 1 + random_below(i % 20 ? 300 : 60000), -1 };
        encode_all(i % 4 ? open_drip(&reading, &drip)
                         : open_file(&reading, file.data, file.length), &encoded, &raw);
        unsetenv("WH_SIMD");
        assert_int_equal(encoded.length, file.length);
        assert_memory_equal(encoded.data, file.data, file.length);
        assert_int_equal(raw.length, file.length);
        assert_memory_equal(raw.data, file.data, file.length);
        wh_buffer_free(&file);
        wh_buffer_free(&encoded);
        wh_buffer_free(&raw);
    }
}

/* The encoder ------------------------------------------------------------------------------ */

/* Fields with slack behind their text, as rows have it. */
static struct wh_field field_of(enum wh_type type, unsigned flags, const char *text)
{
    static char room[8192];
    static size_t used;
    size_t length = strlen(text);
    if (used + length + WH_SLACK > sizeof room)
        used = 0;
    char *place = memcpy(room + used, text, length);
    used += length;
    return (struct wh_field){ place, (uint32_t)length, (uint8_t)type, (uint8_t)flags };
}

static void expect_row(struct wh_csv_encoder *encoder, const struct wh_row *row,
                       const char *expected)
{
    struct wh_buffer out = { 0 };
    struct wh_error error;
    assert_int_equal(wh_csv_encode_row(encoder, &out, row, &error), WH_TAKEN);
    assert_string_equal(wh_buffer_text(&out), expected);
    wh_buffer_free(&out);
}

static void rows_of_any_origin_can_be_written(void **state)
{
    (void)state;
    const struct wh_column columns[] = { wh_column_named("a"), wh_column_named("b,\"c") };
    struct wh_shape *shape = wh_shape_open(columns, 2);
    struct wh_field fields[2];
    struct wh_row row = { .shape = shape, .fields = fields };
    struct wh_csv_encoder *encoder = wh_csv_encoder_open(NULL, 0, &row, ',', WH_CSV_QUOTED);
    struct wh_buffer out = { 0 };
    struct wh_error error;
    assert_int_equal(wh_csv_encode_header(encoder, &out, &error), 0);
    assert_string_equal(wh_buffer_text(&out), "a,\"b,\"\"c\"\n");
    wh_buffer_free(&out);

    fields[0] = field_of(WH_NULL, 0, "");
    fields[1] = field_of(WH_STRING, 0, "");
    expect_row(encoder, &row, ",\"\"\n");
    fields[0] = field_of(WH_TRUE, 0, "");
    fields[1] = field_of(WH_FALSE, 0, "");
    expect_row(encoder, &row, "true,false\n");
    fields[0] = field_of(WH_NESTED, 0, "{\"x\": [1,2]}");
    fields[1] = field_of(WH_STRING, WH_ESCAPED, "a\\u00e9\\\"\\n");
    expect_row(encoder, &row, "\"{\"\"x\"\": [1,2]}\",\"a\xc3\xa9\"\"\n\"\n");
    fields[0] = field_of(WH_NUMBER, 0, "1e400");
    fields[1] = field_of(WH_NULL, WH_QUOTED, "");
    expect_row(encoder, &row, "1e400,\n");
    fields[0] = field_of(WH_STRING, 0, "a text longer than a vector, with its only comma behind");
    fields[1] = field_of(WH_STRING, WH_QUOTED, "12");
    row.terminator = 2;
    expect_row(encoder, &row,
               "\"a text longer than a vector, with its only comma behind\",\"12\"\r\n");
    row.terminator = 0;
    row.raw_format = WH_FORMAT_NDJSON;
    fields[0] = field_of(WH_STRING, 0, "x\ry");
    expect_row(encoder, &row, "\"x\ry\",\"12\"");

    fields[0] = field_of(WH_STRING, WH_ESCAPED, "\\u0000");
    assert_int_equal(wh_csv_encode_row(encoder, &out, &row, &error), WH_BAD);
    assert_string_equal(error.rule, "nul");
    assert_string_equal(error.column, "a");
    wh_buffer_free(&out);
    wh_csv_encoder_close(encoder);
    wh_shape_close(shape);
}

/* What a value of so many lines takes, in clock ticks. */
static clock_t ticks_of_value(size_t lines)
{
    struct wh_buffer text = { 0 };
    wh_buffer_literal(&text, "a,b\n\"");
    char *value = wh_buffer_reserve(&text, 2 * lines);
    for (size_t i = 0; i < lines; i++)
        memcpy(value + 2 * i, "x\n", 2);
    text.length += 2 * lines;
    wh_buffer_literal(&text, "\",7\n");
    struct wh_reader *reader = open_file(&usual, text.data, text.length);
    struct wh_error error;
    clock_t before = clock();
    assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
    clock_t ticks = clock() - before;
    assert_int_equal(reader->row->fields[0].length, 2 * lines);
    assert_int_equal(wh_reader_next(reader, &error), WH_ENDED);
    wh_reader_close(reader);
    wh_buffer_free(&text);
    return ticks;
}

/* Where growing memory copies it, as the sanitizers do, this shows who grows it in small steps:
 * sixteen times the lines would take 256 times as long. */
static void a_large_value_takes_time_by_its_length_only(void **state)
{
    (void)state;
    enum { LINES = 768 << 10 };
    clock_t few = ticks_of_value(LINES), many = ticks_of_value(16 * LINES);
    assert_true(many < 64 * (few + CLOCKS_PER_SEC / 100));
}

static void a_row_that_comes_bit_by_bit_takes_no_memory(void **state)
{
    (void)state;
    enum { MEGABYTES = 1 << 10, PARTS = 6000 };
    struct wh_buffer text = { 0 };
    wh_buffer_literal(&text, "a,b\n\"");
    for (int i = 0; i < PARTS; i++)
        wh_buffer_literal(&text, "\"\"");
    wh_buffer_literal(&text, "\",\"");
    for (int i = 0; i < 2 * PARTS; i++)
        wh_buffer_byte(&text, '\n'); /* at each of which the row might be complete */
    wh_buffer_literal(&text, "\"\n");
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    struct drip drip = { text.data, text.length, 1, -1 };
    struct wh_reader *reader = open_drip(&usual, &drip);
    struct wh_error error;
    assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
    assert_int_equal(reader->row->fields[0].length, PARTS);
    assert_int_equal(reader->row->fields[1].length, 2 * PARTS);
    assert_int_equal(wh_reader_next(reader, &error), WH_ENDED);
    getrusage(RUSAGE_SELF, &after);
    assert_true(after.ru_maxrss - before.ru_maxrss < 30 * MEGABYTES);
    wh_reader_close(reader);
    wh_buffer_free(&text);
}

static void columns_are_found_by_name(void **state)
{
    (void)state;
    const char *const names[] = { "b", "a", "z" };
    const struct wh_column ab[] = { wh_column_named("a"), wh_column_named("b") };
    const struct wh_column abc[] = { ab[0], ab[1], wh_column_named("c") };
    struct wh_shape *two = wh_shape_open(ab, 2), *three = wh_shape_open(abc, 3);
    struct wh_field fields[3] = { field_of(WH_NUMBER, 0, "1"), field_of(WH_NUMBER, 0, "2"),
                                  field_of(WH_NUMBER, 0, "3") };
    struct wh_row row = { .shape = two, .fields = fields };
    struct wh_csv_encoder *encoder = wh_csv_encoder_open(names, 3, &row, ';', WH_CSV_QUOTED);
    expect_row(encoder, &row, "2;1;\n");
    assert_false(wh_csv_encoder_same(encoder, two));
    row.shape = three;
    struct wh_buffer out = { 0 };
    struct wh_error error;
    assert_int_equal(wh_csv_encode_row(encoder, &out, &row, &error), WH_BAD);
    assert_string_equal(error.column, "c");
    row.shape = two;
    expect_row(encoder, &row, "2;1;\n");
    wh_buffer_free(&out);
    wh_csv_encoder_close(encoder);
    wh_shape_close(two);
    wh_shape_close(three);
}

static void wide_rows_in_another_order_take_no_time(void **state)
{
    (void)state;
    static struct wh_column columns[WH_MAX_COLUMNS], backwards[WH_MAX_COLUMNS];
    static struct wh_field fields[WH_MAX_COLUMNS];
    static char names[WH_MAX_COLUMNS][16];
    for (int i = 0; i < WH_MAX_COLUMNS; i++) {
        snprintf(names[i], sizeof names[i], "c%d", i);
        columns[i] = backwards[WH_MAX_COLUMNS - 1 - i] = wh_column_named(names[i]);
        fields[i] = field_of(WH_NULL, 0, "");
    }
    fields[0] = field_of(WH_NUMBER, 0, "7");
    struct wh_shape *shape = wh_shape_open(columns, WH_MAX_COLUMNS);
    struct wh_shape *other = wh_shape_open(backwards, WH_MAX_COLUMNS);
    struct wh_row row = { .shape = shape, .fields = fields };
    struct wh_csv_encoder *encoder = wh_csv_encoder_open(NULL, 0, &row, ',', WH_CSV_QUOTED);
    struct wh_buffer out = { 0 };
    struct wh_error error;
    clock_t begun = clock();
    assert_int_equal(wh_csv_encode_row(encoder, &out, &row, &error), WH_TAKEN);
    out.length = 0;
    row.shape = other;
    clock_t between = clock();
    assert_int_equal(wh_csv_encode_row(encoder, &out, &row, &error), WH_TAKEN);
    clock_t in_order = between - begun, in_another = clock() - between;
    assert_true(in_another < 100 * (in_order + CLOCKS_PER_SEC / 100));
    assert_int_equal(out.length, WH_MAX_COLUMNS + 1);
    assert_memory_equal(out.data + out.length - 3, ",7\n", 3);
    wh_buffer_free(&out);
    wh_csv_encoder_close(encoder);
    wh_shape_close(shape);
    wh_shape_close(other);
}

static void another_delimiter_makes_another_header(void **state)
{
    (void)state;
    struct wh_error error;
    static const char text[] = "\"a\",\"b;\"\r\n\"1;2\",3;4\r\n";
    struct wh_reader *reader = open_file(&usual, text, sizeof text - 1);
    assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
    struct wh_csv_encoder *encoder = wh_csv_encoder_open(NULL, 0, reader->row, ';', WH_CSV_QUOTED);
    struct wh_buffer out = { 0 };
    assert_int_equal(wh_csv_encode_header(encoder, &out, &error), 0);
    assert_int_equal(wh_csv_encode_row(encoder, &out, reader->row, &error), WH_TAKEN);
    assert_string_equal(wh_buffer_text(&out), "a;\"b;\"\r\n\"1;2\";\"3;4\"\r\n");
    wh_buffer_free(&out);
    wh_csv_encoder_close(encoder);
    wh_reader_close(reader);
}

/* Vectors ---------------------------------------------------------------------------------- */

static void all_kinds_of_vectors_agree(void **state)
{
    (void)state;
    enum { SIZE = 300 };
    static const char bytes[] = "ab,\t\n\r\r\n\"\\\x01\x7f\x80\xff";
    char text[SIZE + WH_SLACK], out[SIZE + WH_SLACK];
    const struct wh_csv_scan *const *scans = wh_csv_scans();
    for (int round = 0; round < 2000; round++) {
        bool dull = round % 2;
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = dull && random_below(50) ? 'x' : bytes[random_below(sizeof bytes)];
        size_t length = random_below(SIZE + 1);
        char delimiter = random_below(2) ? ',' : '\t', quote = random_below(2) ? '"' : '\n';
        uint64_t marks[2][SIZE / 64 + 1] = { { 0 } };
        uint8_t traits[2][SIZE / 64 + 1] = { { 0 } };
        scans[0]->classify(text, length, delimiter, quote, marks[0], traits[0]);
        size_t before = scans[0]->copy(out, text, length, delimiter, quote);
        for (size_t i = 1; scans[i]; i++) {
            scans[i]->classify(text, length, delimiter, quote, marks[1], traits[1]);
            assert_memory_equal(marks[0], marks[1], sizeof marks[0]);
            assert_memory_equal(traits[0], traits[1], sizeof traits[0]);
            memset(out, 0, sizeof out);
            assert_int_equal(scans[i]->copy(out, text, length, delimiter, quote), before);
            assert_memory_equal(out, text, before);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* First, while the process has not yet had much memory. */
        cmocka_unit_test(a_row_that_comes_bit_by_bit_takes_no_memory),
        cmocka_unit_test(a_large_value_takes_time_by_its_length_only),
        cmocka_unit_test(values_keep_their_text),
        cmocka_unit_test(only_json_numbers_are_numbers),
        cmocka_unit_test(empty_and_null_differ),
        cmocka_unit_test(quotes_hold_anything),
        cmocka_unit_test(lines_end_with_or_without_cr),
        cmocka_unit_test(blank_lines_hold_no_row_of_several_columns),
        cmocka_unit_test(files_without_rows_are_no_error),
        cmocka_unit_test(an_order_mark_is_no_part_of_a_name),
        cmocka_unit_test(columns_without_a_header_are_numbered),
        cmocka_unit_test(any_byte_may_delimit),
        cmocka_unit_test(types_can_be_turned_off),
        cmocka_unit_test(null_values_become_null_and_change_the_row),
        cmocka_unit_test(first_rows_settle_the_types),
        cmocka_unit_test(a_pipe_cannot_settle_types),
        cmocka_unit_test(a_row_must_have_the_columns),
        cmocka_unit_test(ragged_rows_are_filled_and_folded),
        cmocka_unit_test(a_broken_quote_ends_with_its_line),
        cmocka_unit_test(an_unclosed_quote_is_a_bad_row),
        cmocka_unit_test(bytes_that_are_no_text_are_bad_rows),
        cmocka_unit_test(a_row_that_is_too_long_is_skipped),
        cmocka_unit_test(a_header_that_names_no_columns_is_refused),
        cmocka_unit_test(more_columns_than_a_row_may_have_are_refused),
        cmocka_unit_test(rows_larger_than_a_block_are_whole),
        cmocka_unit_test(memory_is_bounded_by_the_longest_row_allowed),
        cmocka_unit_test(values_are_written_back_as_they_came),
        cmocka_unit_test(rows_of_any_origin_can_be_written),
        cmocka_unit_test(columns_are_found_by_name),
        cmocka_unit_test(wide_rows_in_another_order_take_no_time),
        cmocka_unit_test(another_delimiter_makes_another_header),
        cmocka_unit_test(all_kinds_of_vectors_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
