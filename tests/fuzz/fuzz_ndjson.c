/*
 * The NDJSON reader against jansson: on any bytes the two agree which lines are rows, what columns
 * and values they have; every vector width agrees with the plain scan; what is written from the
 * fields reads back as the same; and where the bytes are cut between two reads makes no difference.
 *
 * Left out of the comparison: numbers beyond a double's or 64 bits' range and null characters in
 * keys, which jansson refuses, and raw null bytes, which it skips.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "record/json.h"
#include "record/reader.h"
#include "record/writer.h"

static struct wh_reader *open_ndjson(const char *path, const char *simd)
{
    setenv("WH_SIMD", simd, 1);
    static const struct wh_reading reading = { .format = WH_FORMAT_NDJSON };
    struct wh_error error;
    struct wh_input *input = wh_input_open(path, &error);
    CHECK(input);
    return wh_ndjson_open(&reading, input, &error);
}

/* Whether jansson's "no" may be for its limits rather than the grammar's. */
static bool beyond_jansson(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_numeric_overflow:
    case json_error_null_character:
    case json_error_null_byte_in_key:
    case json_error_stack_overflow:
    case json_error_out_of_memory:
        return true;
    default:
        return false;
    }
}

static void compare_value(struct wh_row *row, const struct wh_field *field, const json_t *value)
{
    static const int kinds[] = { [WH_NULL] = JSON_NULL, [WH_FALSE] = JSON_FALSE,
                                 [WH_TRUE] = JSON_TRUE, [WH_STRING] = JSON_STRING };
    json_type type = json_typeof(value);
    if (field->type == WH_NUMBER) {
        CHECK(json_is_number(value));
        double number;
        CHECK(wh_field_number(field, &number));
        if (type == JSON_REAL)
            CHECK(number == json_real_value(value));
        else
            CHECK(number == (double)json_integer_value(value));
        return;
    }
    if (field->type == WH_NESTED) {
        CHECK(type == JSON_ARRAY || type == JSON_OBJECT);
        struct wh_json_walk walk;
        size_t members = 0;
        for (wh_json_walk_begin(&walk, field->text); wh_json_walk_next(&walk); members++) {
            if (type == JSON_ARRAY)
                compare_value(row, &walk.field, json_array_get(value, members));
        }
        if (type == JSON_ARRAY)
            CHECK(members == json_array_size(value));
        else
            CHECK(members >= json_object_size(value));
        return;
    }
    CHECK(kinds[field->type] == (int)type);
    if (type == JSON_STRING) {
        struct wh_slice text = wh_row_text(row, field);
        CHECK(text.length == json_string_length(value));
        CHECK(memcmp(text.text, json_string_value(value), text.length) == 0);
    }
}

static void compare_row(struct wh_row *row, const json_t *object)
{
    CHECK(json_is_object(object));
    CHECK(row->shape->count == json_object_size(object));
    uint32_t i = 0;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value) {
        const struct wh_column *column = &row->shape->columns[i];
        CHECK(column->length == strlen(key) && memcmp(column->name, key, column->length) == 0);
        compare_value(row, &row->fields[i], value);
        i++;
    }
    /* Written anew, the row is what it was. */
    struct wh_buffer text = { 0 };
    wh_row_to_json(&text, row);
    json_error_t error;
    json_t *again = json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL,
                               &error);
    CHECK(again && json_equal(again, object));
    json_decref(again);
    wh_buffer_free(&text);
}

static void check_line(struct wh_reader *reader, enum wh_verdict next)
{
    struct wh_row *row = reader->row;
    if (memchr(row->raw, '\0', row->raw_length)) {
        CHECK(next == WH_BAD || next == WH_CONTROL);
        return;
    }
    json_error_t error;
    json_t *value = json_loadb(row->raw, row->raw_length, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES,
                               &error);
    if (next == WH_PASSED) {
        if (!value) {
            /* Jansson looks for duplicates at every depth, we at the first. */
            CHECK(beyond_jansson(&error) ||
                  json_error_code(&error) == json_error_duplicate_key);
        } else {
            compare_row(row, value);
        }
    } else if (value) {
        bool reserved = json_is_object(value) && json_object_get(value, "@wh");
        CHECK(!json_is_object(value) || reserved || row->raw_length > 1500);
        CHECK(next != WH_CONTROL || reserved);
    }
    json_decref(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size >= 2 && memcmp(data, "\x1f\x8b", 2) == 0)
        return 0; /* that is gzip, another target's */
    const char *path = fuzz_file(data, size);
    static const char *const widths[] = { "plain", "sse2", "avx2", "neon" };
    enum { WIDTHS = sizeof widths / sizeof *widths };
    struct wh_reader *readers[WIDTHS];
    for (int i = 0; i < WIDTHS; i++)
        readers[i] = open_ndjson(path, widths[i]);
    for (;;) {
        struct wh_error error = { 0 };
        enum wh_verdict next = wh_reader_next(readers[0], &error);
        CHECK(next != WH_FATAL);
        struct wh_row *row = readers[0]->row;
        for (int i = 1; i < WIDTHS; i++) {
            struct wh_error other = { 0 };
            struct wh_row *twin = readers[i]->row;
            CHECK(wh_reader_next(readers[i], &other) == next);
            if (next == WH_ENDED)
                continue;
            CHECK(twin->line == row->line && twin->raw_length == row->raw_length);
            CHECK(memcmp(twin->raw, row->raw, row->raw_length) == 0);
            CHECK(strcmp(other.text, error.text) == 0 && other.byte == error.byte);
        }
        if (next == WH_ENDED)
            break;
        check_line(readers[0], next);
    }
    for (int i = 0; i < WIDTHS; i++)
        wh_reader_close(readers[i]);
    return 0;
}
