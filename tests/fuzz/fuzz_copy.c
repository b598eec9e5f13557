/*
 * COPY into PostgreSQL: what it would read out of a value that was encoded for it, found out here
 * by its rules for text, arrays, composites and bytea, is the value that the row held.
 *
 * The first byte chooses the column's type, the rest is the value's JSON.
 */
#include <stdbool.h>
#include <string.h>

#include <jansson.h>

#include "fuzz.h"
#include "record/files.h"
#include "record/reader.h"
#include "sink/postgres/value.h"

static const struct wh_pg_type string = { .kind = WH_PG_STRING };
static const struct wh_pg_type number = { .kind = WH_PG_NUMBER };
static const struct wh_pg_type boolean = { .kind = WH_PG_BOOL };
static const struct wh_pg_type json = { .kind = WH_PG_JSON };
static const struct wh_pg_type bytes = { .kind = WH_PG_BYTEA };
static const struct wh_pg_type strings = { .kind = WH_PG_ARRAY, .delimiter = ',', .element = &string };
static const struct wh_pg_type jsons = { .kind = WH_PG_ARRAY, .delimiter = ',', .element = &json };
static const struct wh_pg_member members[] = {
    { "\"a\":", 4, &string },
    { "\"\\u0001\":", 9, &strings },
    { "\"c\":", 4, &json },
};
static const struct wh_pg_type composite = { .kind = WH_PG_COMPOSITE, .members = members, .count = 3 };
static const char *const member_names[] = { "a", "\x01", "c" };
static const struct wh_pg_type composites = { .kind = WH_PG_ARRAY, .delimiter = ';', .element = &composite };

static const struct wh_pg_type *const types[] = {
    &string, &number, &boolean, &json, &bytes, &strings, &jsons, &composite, &composites,
};

/* ---- as PostgreSQL reads --------------------------------------------------------------------- */

/* COPY's text format: the value without escapes; NULL for \N. A tab or a line end would end the
 * value. */
static char *uncopy(const char *text, size_t length, size_t *decoded)
{
    static const char letters[] = "bfnrtv", meant[] = "\b\f\n\r\t\v";
    if (length == 2 && memcmp(text, "\\N", 2) == 0)
        return NULL;
    char *out = wh_alloc(length + 1, 1);
    *decoded = 0;
    for (size_t i = 0; i < length; i++) {
        char byte = text[i];
        CHECK(byte != '\0' && byte != '\t' && byte != '\n' && byte != '\r');
        if (byte == '\\') {
            CHECK(++i < length);
            const char *letter = strchr(letters, text[i]);
            /* Other letters and digits would be codes of bytes or the end of the data. */
            CHECK(letter || text[i] == '\\');
            byte = letter ? meant[letter - letters] : '\\';
        }
        out[(*decoded)++] = byte;
    }
    return out;
}

/* An element of an array or a member of a composite: in quotes, or up to what ends it. */
struct item {
    struct wh_buffer text;
    bool quoted;
};

static const char *read_item(const char *at, const char *end, const char *enders,
                             struct item *item)
{
    item->text.length = 0;
    wh_buffer_reserve(&item->text, 1); /* no NULL where it is empty */
    item->quoted = at < end && *at == '"';
    if (!item->quoted) {
        for (; at < end && !strchr(enders, *at); at++)
            wh_buffer_byte(&item->text, *at);
        return at;
    }
    for (at++; at < end && *at != '"'; at++) {
        if (*at == '\\')
            at++;
        CHECK(at < end);
        wh_buffer_byte(&item->text, *at);
    }
    CHECK(at < end);
    return at + 1;
}

/* ---- what the row held ----------------------------------------------------------------------- */

static void check_value(const struct wh_pg_type *type, const char *text, size_t length,
                        const json_t *value);

static bool is_null(const struct item *item)
{
    return !item->quoted && item->text.length == 4 && memcmp(item->text.data, "NULL", 4) == 0;
}

/* Returns what stands behind the closing brace. */
static const char *check_array(const struct wh_pg_type *type, const char *at, const char *end,
                               const json_t *value)
{
    const char enders[] = { type->delimiter, '}', '\0' };
    struct item item = { 0 };
    CHECK(json_is_array(value));
    CHECK(at < end && *at == '{');
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *element = json_array_get(value, i);
        CHECK(*at++ == (i > 0 ? type->delimiter : '{'));
        CHECK(at < end);
        if (*at == '{') {
            at = check_array(type, at, end, element);
            continue;
        }
        at = read_item(at, end, enders, &item);
        CHECK(is_null(&item) == json_is_null(element));
        CHECK(item.quoted || json_is_null(element));
        if (item.quoted)
            check_value(type->element, item.text.data, item.text.length, element);
    }
    at += json_array_size(value) == 0;
    CHECK(at < end && *at == '}');
    wh_buffer_free(&item.text);
    return at + 1;
}

static void check_composite(const struct wh_pg_type *type, const char *at, const char *end,
                            const json_t *value)
{
    struct item item = { 0 };
    size_t found = 0;
    for (size_t i = 0; i < type->count; i++) {
        const json_t *member = json_object_get(value, member_names[i]);
        CHECK(at < end && *at++ == (i > 0 ? ',' : '('));
        at = read_item(at, end, ",)", &item);
        found += member != NULL;
        /* Nothing at all between two commas is null. */
        CHECK(item.quoted == (member && !json_is_null(member)));
        CHECK(item.quoted || item.text.length == 0);
        if (item.quoted)
            check_value(type->members[i].type, item.text.data, item.text.length, member);
    }
    CHECK(at + 1 == end && *at == ')');
    CHECK(found == json_object_size(value));
    wh_buffer_free(&item.text);
}

static unsigned sextet(char letter)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = letter ? strchr(alphabet, letter) : NULL;
    CHECK(found);
    return (unsigned)(found - alphabet);
}

/* Hexadecimal digits of what the string is base64 of; or those that it is already. */
static void check_bytes(const char *text, size_t length, const char *value, size_t value_length)
{
    if (value_length >= 2 && memcmp(value, "\\x", 2) == 0) {
        CHECK(length == value_length && memcmp(text, value, length) == 0);
        return;
    }
    while (value_length > 0 && value[value_length - 1] == '=')
        value_length--;
    CHECK(length == 2 + value_length * 6 / 8 * 2 && memcmp(text, "\\x", 2) == 0);
    for (size_t i = 0; i < value_length * 6 / 8; i++) {
        size_t first = i * 8 / 6, bit = i * 8 % 6;
        unsigned pair = sextet(value[first]) << 6 | sextet(value[first + 1]);
        char hex[3];
        snprintf(hex, sizeof hex, "%02x", pair >> (4 - bit) & 255);
        CHECK(memcmp(text + 2 + 2 * i, hex, 2) == 0);
    }
}

static void check_json(const char *text, size_t length, const json_t *value)
{
    json_t *read = json_loadb(text, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    CHECK(read && json_equal(read, value));
    json_decref(read);
}

static void check_text(const char *text, size_t length, const char *expected,
                       size_t expected_length)
{
    CHECK(length == expected_length && memcmp(text, expected, length) == 0);
}

static void check_value(const struct wh_pg_type *type, const char *text, size_t length,
                        const json_t *value)
{
    const char *end = text + length;
    bool is_true = json_is_true(value);
    if (json_is_boolean(value) && length == 1)
        CHECK(type->kind == WH_PG_BOOL && *text == (is_true ? 't' : 'f'));
    else if (json_is_boolean(value))
        check_text(text, length, is_true ? "true" : "false", is_true ? 4 : 5);
    else if (json_is_string(value) && type->kind == WH_PG_BYTEA)
        check_bytes(text, length, json_string_value(value), json_string_length(value));
    else if (json_is_string(value) && type->kind != WH_PG_JSON)
        check_text(text, length, json_string_value(value), json_string_length(value));
    else if (json_is_array(value) && type->kind == WH_PG_ARRAY)
        CHECK(check_array(type, text, end, value) == end);
    else if (json_is_object(value) && type->kind == WH_PG_COMPOSITE)
        check_composite(type, text, end, value);
    else
        check_json(text, length, value);
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* Whether an array column may refuse the value: no array, or one with arrays in it, which may be
 * empty, of several lengths, or too deep. */
static bool no_plain_array(const struct wh_pg_type *type, const json_t *value)
{
    size_t i;
    json_t *element;
    if (type->kind != WH_PG_ARRAY)
        return false;
    json_array_foreach((json_t *)value, i, element)
        if (json_is_array(element))
            return true;
    return !json_is_array(value);
}

/* Whether PostgreSQL cannot hold the value, or bytea would need other text. */
static bool refusable(const struct wh_pg_type *type, const json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    bool nul = !text || strstr(text, "\\u0000");
    free(text);
    return nul || type->kind == WH_PG_BYTEA || type->kind == WH_PG_COMPOSITE
           || type == &composites || no_plain_array(type, value);
}

static void check_row(const struct wh_pg_type *type, struct wh_row *row)
{
    json_t *read = json_loadb(row->raw, row->raw_length, JSON_ALLOW_NUL, NULL);
    struct wh_pg_values values = { 0 };
    struct wh_buffer copied = { 0 };
    struct wh_error error = { 0 };
    json_t *value = json_object_get(read, "v");
    if (value && row->shape->count == 1) {
        if (wh_pg_value(&values, &copied, type, &row->fields[0], &error) == 0) {
            size_t length = 0;
            char *text = uncopy(copied.data, copied.length, &length);
            CHECK(!text == json_is_null(value));
            if (text)
                check_value(type, text, length, value);
            free(text);
        } else {
            CHECK(error.text[0] && refusable(type, value));
        }
    }
    json_decref(read);
    wh_pg_values_free(&values);
    wh_buffer_free(&copied);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct wh_reading reading = { .format = WH_FORMAT_NDJSON, .max_row = 1 << 20 };
    if (size < 2)
        return 0;
    struct wh_buffer line = { 0 };
    struct wh_error error = { 0 };
    wh_buffer_format(&line, "{\"v\":");
    wh_buffer_add(&line, (const char *)data + 1, size - 1);
    wh_buffer_format(&line, "}\n");
    const char *path = fuzz_file((const uint8_t *)line.data, line.length);
    struct wh_reader *reader = wh_reader_open(&reading, &path, 1, &error);
    if (reader && wh_reader_next(reader, &error) == WH_PASSED)
        check_row(types[data[0] % (sizeof types / sizeof *types)], reader->row);
    wh_reader_close(reader);
    wh_buffer_free(&line);
    return 0;
}
