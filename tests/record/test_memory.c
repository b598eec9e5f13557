/* Reading from memory: the same rows, errors and positions as from a file with the same bytes. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/memory.h"
#include "record/files.h"
#include "record/reader.h"
#include "record/writer.h"

/* Bytes ------------------------------------------------------------------------------------ */

/* The same bytes twice: in a file, and in memory that must not be written to, with pages after it
 * that must not be read. */
struct twin {
    int descriptor;
    char path[64];
    char *pages;
    size_t size; /* of the pages, the one after them included */
    const char *bytes;
    size_t length;
};

static struct twin make_twin(const void *bytes, size_t length)
{
    struct twin twin = { .descriptor = memfd_create("rows", 0), .length = length };
    assert_true(twin.descriptor >= 0);
    assert_int_equal(write(twin.descriptor, bytes, length), (ssize_t)length);
    snprintf(twin.path, sizeof twin.path, "/proc/self/fd/%d", twin.descriptor);
    size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (length + page - 1) / page * page;
    twin.size = whole + page;
    twin.pages = mmap(NULL, twin.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(twin.pages != MAP_FAILED);
    memcpy(twin.pages + whole - length, bytes, length);
    if (whole > 0)
        assert_int_equal(mprotect(twin.pages, whole, PROT_READ), 0);
    assert_int_equal(mprotect(twin.pages + whole, page, PROT_NONE), 0);
    twin.bytes = twin.pages + whole - length;
    return twin;
}

static void free_twin(struct twin *twin)
{
    munmap(twin->pages, twin->size);
    close(twin->descriptor);
}

static void add_gzip(struct wh_buffer *out, const void *bytes, size_t length)
{
    z_stream stream = { 0 };
    assert_int_equal(deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t room = length + (length >> 8) + 1024;
    wh_buffer_reserve(out, room);
    stream.next_in = (unsigned char *)(uintptr_t)bytes;
    stream.avail_in = (uInt)length;
    stream.next_out = (unsigned char *)out->data + out->length;
    stream.avail_out = (uInt)room;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out->length += room - stream.avail_out;
    deflateEnd(&stream);
}

/* Rows ------------------------------------------------------------------------------------- */

static void show_position(struct wh_buffer *out, struct wh_reader *reader, bool behind)
{
    json_t *position = reader->ops->position(reader, behind);
    char *text = position ? json_dumps(position, JSON_SORT_KEYS) : NULL;
    wh_buffer_format(out, "  %s\n", text ? text : "-");
    free(text);
    json_decref(position);
}

/* All that a reader gives, with a position after each row where they can be asked for. */
static char *show(struct wh_reader *reader, bool resumable, struct wh_error *error)
{
    struct wh_buffer out = { 0 };
    enum wh_verdict next = reader ? WH_PASSED : WH_FATAL;
    while (reader && ((next = wh_reader_next(reader, error)) == WH_PASSED ||
                      next == WH_BAD || next == WH_CONTROL)) {
        const struct wh_row *row = reader->row;
        wh_buffer_format(&out, "%d %d %s: ", next, (int)row->line, row->source);
        if (next == WH_PASSED)
            wh_row_to_json(&out, row);
        else if (next == WH_BAD)
            wh_buffer_format(&out, "%s %s %zu", error->rule, error->text, error->byte);
        wh_buffer_byte(&out, '\n');
        if (resumable)
            show_position(&out, reader, true);
    }
    if (next == WH_FATAL)
        wh_buffer_format(&out, "error %d: %s\n", (int)error->status, error->text);
    else
        wh_buffer_format(&out, "%d bytes, progress %.3f, held %d\n", (int)reader->bytes,
                         reader->progress, (int)reader->held_line);
    wh_buffer_byte(&out, '\0');
    wh_reader_close(reader);
    return out.data;
}

static char *show_memory(const struct twin *twin, const struct wh_reading *reading)
{
    struct wh_error error;
    struct wh_reader *reader = wh_reader_open_memory(reading, twin->path, twin->bytes,
                                                     twin->length, &error);
    return show(reader, reading->resumable, &error);
}

static void assert_same(const struct wh_reading *reading, const void *bytes, size_t length)
{
    struct wh_error error;
    struct twin twin = make_twin(bytes, length);
    const char *const paths[] = { twin.path };
    char *file = show(wh_reader_open(reading, paths, 1, &error), reading->resumable, &error);
    char *memory = show_memory(&twin, reading);
    assert_string_equal(memory, file);
    free(memory);
    free(file);
    free_twin(&twin);
}

static void assert_same_text(const struct wh_reading *reading, const char *text)
{
    assert_same(reading, text, strlen(text));
}

/* So many rows, each with a text so long. */
static struct wh_buffer many_rows(size_t count, size_t length)
{
    struct wh_buffer out = { 0 };
    for (size_t i = 0; i < count; i++) {
        wh_buffer_format(&out, "{\"id\":%zu,\"text\":\"", i);
        for (size_t j = 0; j < length; j++)
            wh_buffer_byte(&out, (char)('a' + (i + j) % 26));
        wh_buffer_add(&out, "\"}\n", 3);
    }
    return out;
}

/* Tests ------------------------------------------------------------------------------------ */

static const struct wh_reading any = { 0 }, resumable = { .resumable = true };

static void rows_of_every_format_are_those_of_the_file(void **state)
{
    (void)state;
    const struct wh_reading tsv = { .format = WH_FORMAT_CSV, .delimiter = '\t', .tsv = true };
    assert_same_text(&any, "{\"a\":1}\n{\"a\":2,\"b\":[1,{}]}\n");
    assert_same_text(&any, "\xEF\xBB\xBF{\"a\":1}\n{\"a\":\"\\u00e9\"}");
    assert_same_text(&any, "id,city\n1,\"Lagos, Ikeja\"\n2,\"a \"\"b\"\"\"\n");
    assert_same_text(&tsv, "id\tcity\n1\tLagos\n2\t\n");
    assert_same_text(&any, "\n\n{\"a\":1}\r\n");
    assert_same_text(&any, "{\"@wh\":\"begin\"}\n{\"a\":1}\n");
}

static void small_and_empty_inputs_end_as_the_file_does(void **state)
{
    (void)state;
    assert_same_text(&any, "");
    assert_same_text(&any, "\n");
    assert_same_text(&any, "{");
    assert_same_text(&any, "a");
    assert_same_text(&any, "a\n");
}

static void bad_rows_and_foreign_formats_are_told_alike(void **state)
{
    (void)state;
    assert_same_text(&any, "{\"a\":1}\n{\"a\":01}\n{\"a\":2,\"a\":3}\n{\"a\":4}\n");
    assert_same_text(&any, "a,b\n1\n2,3,4\n5,6\n");
    assert_same_text(&any, "[{\"a\":1}]");
    assert_same(&any, "\xFF\xFEi\0d\0", 6);
    assert_same(&any, "SQLite format 3\0", 16);
    assert_same(&any, "\x28\xB5\x2F\xFD....", 8);
    const struct wh_reading option = { .csv_option = "--ragged" };
    assert_same_text(&option, "{\"a\":1}\n");
}

static void rows_longer_than_a_block_come_whole(void **state)
{
    (void)state;
    struct wh_buffer rows = many_rows(40, 700);
    struct wh_buffer long_rows = many_rows(3, 1 << 20), short_rows = many_rows(20000, 20);
    assert_same(&any, rows.data, rows.length);
    assert_same(&any, long_rows.data, long_rows.length);
    assert_same(&any, short_rows.data, short_rows.length);
    const struct wh_reading limited = { .max_row = 1000 };
    assert_same(&limited, long_rows.data, long_rows.length);
    wh_buffer_free(&rows);
    wh_buffer_free(&long_rows);
    wh_buffer_free(&short_rows);
}

static void gzip_in_memory_is_unpacked(void **state)
{
    (void)state;
    struct wh_buffer rows = many_rows(20000, 30), packed = { 0 };
    add_gzip(&packed, rows.data, rows.length);
    add_gzip(&packed, "{\"id\":-1}\n", 10);
    assert_same(&any, packed.data, packed.length);
    assert_same(&any, packed.data, packed.length / 2); /* cut off */
    packed.data[packed.length / 3] ^= 0x55;            /* corrupt */
    assert_same(&any, packed.data, packed.length);
    packed.length = 0;
    add_gzip(&packed, "", 0);
    assert_same(&any, packed.data, packed.length);
    wh_buffer_free(&rows);
    wh_buffer_free(&packed);
}

static void positions_in_memory_are_those_in_the_file(void **state)
{
    (void)state;
    struct wh_buffer packed = { 0 };
    assert_same_text(&resumable, "{\"a\":1}\n{\"a\":2}\n{\"a\":3");
    assert_same_text(&resumable, "id,city\n1,Lagos\n2,Accra\n");
    add_gzip(&packed, "{\"a\":1}\n{\"a\":2}\n", 16);
    assert_same(&resumable, packed.data, packed.length);
    wh_buffer_free(&packed);
}

/* What is left after so many rows, by a reader opened where another stopped. */
static void assert_resumes(const struct twin *twin, size_t rows, const char *rest)
{
    struct wh_error error;
    struct wh_reading reading = resumable;
    struct wh_reader *reader = wh_reader_open_memory(&reading, twin->path, twin->bytes,
                                                     twin->length, &error);
    assert_non_null(reader);
    for (size_t i = 0; i < rows; i++)
        assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
    json_t *position = reader->ops->position(reader, true);
    wh_reader_close(reader);
    reading.position = position;
    reader = wh_reader_open_memory(&reading, twin->path, twin->bytes, twin->length, &error);
    if (!reader)
        fail_msg("%s", error.text);
    assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
    struct wh_buffer shown = { 0 };
    wh_row_to_json(&shown, reader->row);
    wh_buffer_byte(&shown, '\0');
    assert_string_equal(shown.data, rest);
    wh_buffer_free(&shown);
    wh_reader_close(reader);
    json_decref(position);
}

static void reading_resumes_in_memory_from_a_position(void **state)
{
    (void)state;
    struct wh_buffer rows = many_rows(30000, 40), packed = { 0 };
    struct twin plain = make_twin(rows.data, rows.length);
    add_gzip(&packed, rows.data, rows.length);
    struct twin gzip = make_twin(packed.data, packed.length);
    char last[128];
    const char *text = rows.data + rows.length - 1;
    while (text[-1] != '\n')
        text--;
    snprintf(last, sizeof last, "%.*s", (int)(rows.data + rows.length - 1 - text), text);
    assert_resumes(&plain, 29999, last);
    assert_resumes(&gzip, 29999, last);
    free_twin(&plain);
    free_twin(&gzip);
    wh_buffer_free(&rows);
    wh_buffer_free(&packed);
}

static void memory_that_has_become_shorter_is_refused(void **state)
{
    (void)state;
    struct wh_error error;
    static const char text[] = "{\"a\":1}\n{\"a\":2}\n";
    struct wh_reading reading = resumable;
    struct wh_reader *reader = wh_reader_open_memory(&reading, "r", text, sizeof text - 1, &error);
    assert_non_null(reader);
    assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
    assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
    json_t *position = reader->ops->position(reader, true);
    wh_reader_close(reader);
    reading.position = position;
    assert_null(wh_reader_open_memory(&reading, "r", text, 8, &error));
    assert_int_equal(error.status, WH_REFUSED);
    json_decref(position);
}

static void the_name_says_the_format_as_that_of_a_file_does(void **state)
{
    (void)state;
    struct wh_error error;
    static const char text[] = "{a}\n1\n";
    struct wh_reader *reader = wh_reader_open_memory(&any, "odd.csv", text, sizeof text - 1,
                                                     &error);
    assert_non_null(reader);
    assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
    assert_string_equal(reader->row->source, "odd.csv");
    assert_int_equal(reader->row->raw_format, WH_FORMAT_CSV);
    wh_reader_close(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_every_format_are_those_of_the_file),
        cmocka_unit_test(small_and_empty_inputs_end_as_the_file_does),
        cmocka_unit_test(bad_rows_and_foreign_formats_are_told_alike),
        cmocka_unit_test(rows_longer_than_a_block_come_whole),
        cmocka_unit_test(gzip_in_memory_is_unpacked),
        cmocka_unit_test(positions_in_memory_are_those_in_the_file),
        cmocka_unit_test(reading_resumes_in_memory_from_a_position),
        cmocka_unit_test(memory_that_has_become_shorter_is_refused),
        cmocka_unit_test(the_name_says_the_format_as_that_of_a_file_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
