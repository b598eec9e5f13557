/*
 * PostgreSQL's text: values written as the server would, in a line of COPY, come out as they went
 * in; and whatever else a line holds, what is made of it is JSON or refused.
 */
#include <stdbool.h>
#include <string.h>

#include <jansson.h>

#include "base/text.h"
#include "record/writer.h"
#include "database/pgtext.h"
#include "fuzz.h"

static const struct wh_pg_type string = { .kind = WH_PG_STRING };
static const struct wh_pg_type bytes = { .kind = WH_PG_BYTEA };
static const struct wh_pg_type timestamp = { .kind = WH_PG_TIMESTAMPTZ };
static const struct wh_pg_type boolean = { .kind = WH_PG_BOOL };
static const struct wh_pg_type strings = { .kind = WH_PG_ARRAY, .delimiter = ',', .element = &string };
static const struct wh_pg_member members[] = {
    { "\"a\":", 4, &string },
    { "\"b\":", 4, &strings },
};
static const struct wh_pg_type composite = { .kind = WH_PG_COMPOSITE, .members = members, .count = 2 };
static const struct wh_pg_type composites = { .kind = WH_PG_ARRAY, .delimiter = ';', .element = &composite };

/* The server is trusted to print a time as a time; what comes before that may be anything. */
static const struct wh_pg_type *const kinds[] = { &string, &bytes, &boolean, &strings, &composite,
                                                  &composites, &timestamp };
enum { KINDS = sizeof kinds / sizeof *kinds, UNTRUSTED = KINDS - 1 };

/* Makes a row of a line in these columns, as JSON; false where the line is refused. *row is NULL
 * where the row is no JSON. */
static bool row_of(const struct wh_pg_type *const *types, uint32_t count,
                   const struct wh_buffer *line, json_t **row_json)
{
    static const char *const names[] = { "0", "1", "2", "3", "4", "5", "6" };
    struct wh_column columns[KINDS];
    for (uint32_t i = 0; i < count; i++)
        columns[i] = wh_column_named(names[i]);
    struct wh_field fields[KINDS];
    struct wh_shape *shape = wh_shape_open(columns, count);
    struct wh_row row = { .shape = shape, .fields = fields };
    struct wh_pg_rows rows = { .row = &row, .types = types };
    struct wh_error error;
    struct wh_buffer json = { 0 };

    /* Memory of just the size that is promised, for the sanitizer to see what is beyond. */
    char *text = wh_alloc(line->length + WH_SLACK, 1);
    if (line->length)
        memcpy(text, line->data, line->length);
    bool taken = wh_pg_copy_row(&rows, text, line->length, &error) == 0;
    if (taken) {
        wh_row_to_json(&json, &row);
        *row_json = json_loadb(json.data, json.length, JSON_ALLOW_NUL, NULL);
    }
    free(text);
    wh_buffer_free(&json);
    wh_buffer_free(&rows.work);
    wh_row_free(&row);
    wh_shape_close(shape);
    return taken;
}

static void add_escaped_by_copy(struct wh_buffer *out, const char *text, size_t length)
{
    static const char from[] = "\b\f\n\r\t\v\\";
    static const char to[] = "bfnrtv\\";
    for (size_t i = 0; i < length; i++) {
        const char *found = text[i] ? strchr(from, text[i]) : NULL;
        if (found)
            wh_buffer_byte(out, '\\');
        wh_buffer_byte(out, found ? to[found - from] : text[i]);
    }
}

/* As array_out does: in quotes, with backslashes. */
static void add_element(struct wh_buffer *out, const char *text, size_t length)
{
    wh_buffer_byte(out, '"');
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"' || text[i] == '\\')
            wh_buffer_byte(out, '\\');
        wh_buffer_byte(out, text[i]);
    }
    wh_buffer_byte(out, '"');
}

/* As record_out does: in quotes, doubled. */
static void add_member(struct wh_buffer *out, const char *text, size_t length)
{
    wh_buffer_byte(out, '"');
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"' || text[i] == '\\')
            wh_buffer_byte(out, text[i]);
        wh_buffer_byte(out, text[i]);
    }
    wh_buffer_byte(out, '"');
}

static bool is_text(const json_t *value, const char *text, size_t length)
{
    return json_is_string(value) && json_string_length(value) == length &&
           memcmp(json_string_value(value), text, length) == 0;
}

/* The text as a string, as both elements of an array, and as a member beside such an array. */
static void check_round_trip(const char *text, size_t length)
{
    struct wh_buffer array = { 0 }, record = { 0 }, line = { 0 };
    wh_buffer_byte(&array, '{');
    add_element(&array, text, length);
    wh_buffer_byte(&array, ',');
    add_element(&array, text, length);
    wh_buffer_byte(&array, '}');
    wh_buffer_byte(&record, '(');
    add_member(&record, text, length);
    wh_buffer_byte(&record, ',');
    add_member(&record, array.data, array.length);
    wh_buffer_byte(&record, ')');
    add_escaped_by_copy(&line, text, length);
    wh_buffer_byte(&line, '\t');
    add_escaped_by_copy(&line, array.data, array.length);
    wh_buffer_byte(&line, '\t');
    add_escaped_by_copy(&line, record.data, record.length);

    static const struct wh_pg_type *const types[] = { &string, &strings, &composite };
    json_t *row = NULL;
    CHECK(row_of(types, 3, &line, &row));
    CHECK(row);
    CHECK(is_text(json_object_get(row, "0"), text, length));
    const json_t *copies[] = { json_object_get(row, "1"),
                               json_object_get(json_object_get(row, "2"), "b") };
    for (size_t i = 0; i < 2; i++) {
        CHECK(json_array_size(copies[i]) == 2);
        CHECK(is_text(json_array_get(copies[i], 0), text, length));
        CHECK(is_text(json_array_get(copies[i], 1), text, length));
    }
    CHECK(is_text(json_object_get(json_object_get(row, "2"), "a"), text, length));
    json_decref(row);
    wh_buffer_free(&array);
    wh_buffer_free(&record);
    wh_buffer_free(&line);
}

static void check_line(const struct wh_pg_type *const *types, uint32_t count,
                       const struct wh_buffer *line, bool trusted)
{
    json_t *row = NULL;
    if (row_of(types, count, line, &row))
        CHECK(row || trusted);
    json_decref(row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    if (size > 4096 || wh_utf8_valid(text, size) != size)
        return 0;
    check_round_trip(text, size);

    struct wh_buffer line = { 0 };
    wh_buffer_add(&line, text, size);
    check_line(kinds, UNTRUSTED, &line, false);
    for (uint32_t i = 0; i < KINDS; i++)
        check_line(&kinds[i], 1, &line, i >= UNTRUSTED);
    wh_buffer_free(&line);
    return 0;
}
