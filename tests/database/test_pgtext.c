/* What PostgreSQL prints, turned into JSON, without a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "record/writer.h"
#include "database/pgtext.h"

static const struct wh_pg_type string = { .kind = WH_PG_STRING };
static const struct wh_pg_type number = { .kind = WH_PG_NUMBER };
static const struct wh_pg_type boolean = { .kind = WH_PG_BOOL };
static const struct wh_pg_type timestamp = { .kind = WH_PG_TIMESTAMP };
static const struct wh_pg_type timestamptz = { .kind = WH_PG_TIMESTAMPTZ };
static const struct wh_pg_type json = { .kind = WH_PG_JSON };
static const struct wh_pg_type bytes = { .kind = WH_PG_BYTEA };
static const struct wh_pg_type strings = { .kind = WH_PG_ARRAY, .delimiter = ',', .element = &string };
static const struct wh_pg_type numbers = { .kind = WH_PG_ARRAY, .delimiter = ',', .element = &number };
static const struct wh_pg_type boxes = { .kind = WH_PG_ARRAY, .delimiter = ';', .element = &string };
static const struct wh_pg_member address_members[] = {
    { "\"street\":", 9, &string },
    { "\"number\":", 9, &number },
};
static const struct wh_pg_type address = { .kind = WH_PG_COMPOSITE, .members = address_members, .count = 2 };
static const struct wh_pg_type addresses = { .kind = WH_PG_ARRAY, .delimiter = ',', .element = &address };
static const struct wh_pg_member nested_members[] = {
    { "\"at\":", 5, &address },
    { "\"all\":", 6, &numbers },
};
static const struct wh_pg_type nested = { .kind = WH_PG_COMPOSITE, .members = nested_members, .count = 2 };
static const struct wh_pg_type nothing = { .kind = WH_PG_COMPOSITE };

static struct wh_error error;
static struct wh_buffer result;
static size_t longest; /* bytes that a field may have; 0: as many as ever */

/* A line of COPY in columns a, b, c ... of these types, as NDJSON; NULL where it is refused. */
static const char *copied(const struct wh_pg_type *const *types, size_t count, const char *line)
{
    static const char *const names[] = { "a", "b", "c", "d" };
    struct wh_column columns[4];
    for (size_t i = 0; i < count; i++)
        columns[i] = wh_column_named(names[i]);
    struct wh_shape *shape = wh_shape_open(columns, count);
    struct wh_field fields[4];
    struct wh_row row = { .shape = shape, .fields = fields };
    struct wh_pg_rows rows = { .row = &row, .types = types, .longest = longest };
    size_t length = strlen(line);
    char *text = calloc(1, length + WH_SLACK);
    memcpy(text, line, length);

    int status = wh_pg_copy_row(&rows, text, length, &error);
    result.length = 0;
    if (status == 0)
        wh_row_to_json(&result, &row);
    free(text);
    wh_buffer_free(&rows.work);
    wh_row_free(&row);
    wh_shape_close(shape);
    return status == 0 ? wh_buffer_text(&result) : NULL;
}

static const char *one(const struct wh_pg_type *type, const char *line)
{
    const char *row = copied(&type, 1, line);
    if (!row)
        return NULL;
    result.data[strlen(row) - 1] = '\0';
    return row + strlen("{\"a\":");
}

static void a_line_is_cut_at_its_tabs(void **state)
{
    (void)state;
    const struct wh_pg_type *types[] = { &number, &string, &boolean, &string };
    assert_string_equal(copied(types, 4, "12\tx y\tt\t"),
                        "{\"a\":12,\"b\":\"x y\",\"c\":true,\"d\":\"\"}");
    assert_string_equal(copied(types, 4, "\\N\t\\N\t\\N\t\\N"),
                        "{\"a\":null,\"b\":null,\"c\":null,\"d\":null}");
    assert_null(copied(types, 4, "1\t2\tt"));
    assert_null(copied(types, 4, "1\t2\tt\t4\t5"));
    assert_int_equal(error.status, WH_FAILED);
}

/* The line is looked at in blocks: whatever is special must be seen at every place in them. */
static void special_characters_are_seen_at_every_place(void **state)
{
    (void)state;
    const struct wh_pg_type *types[] = { &string, &string };
    for (size_t before = 0; before < 200; before++) {
        char line[300];
        char expected[300];
        memset(line, 'x', before);
        memcpy(line + before, "\"\t\\\\y", 6);
        memcpy(expected, "{\"a\":\"", 6);
        memset(expected + 6, 'x', before);
        strcpy(expected + 6 + before, "\\\"\",\"b\":\"\\\\y\"}");
        assert_string_equal(copied(types, 2, line), expected);
    }
}

static void escapes_of_copy_become_those_of_json(void **state)
{
    (void)state;
    assert_string_equal(one(&string, "a\\tb\\nc\\rd\\be\\ff\\\\g"),
                        "\"a\\tb\\nc\\rd\\be\\ff\\\\g\"");
    assert_string_equal(one(&string, "vertical\\vtab"), "\"vertical\\u000btab\"");
    assert_string_equal(one(&string, "no\\\\vertical"), "\"no\\\\vertical\"");
    assert_string_equal(one(&string, "\\\\\\v"), "\"\\\\\\u000b\"");
    assert_string_equal(one(&string, "\"a\\nb\""), "\"\\\"a\\nb\\\"\"");
    assert_string_equal(one(&string, "\x01\x7f\xc3\xa9"), "\"\\u0001\x7f\xc3\xa9\"");
    assert_string_equal(one(&string, "\\\\N"), "\"\\\\N\"");
    assert_string_equal(one(&string, "\\\\"), "\"\\\\\"");
}

static void numbers_stand_as_printed(void **state)
{
    (void)state;
    static const char *const texts[] = { "0", "-0", "1.10", "1e+300", "-9223372036854775808",
                                         "123456789012345678901234567890.123456789" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_string_equal(one(&number, texts[i]), texts[i]);
    assert_string_equal(one(&number, "NaN"), "\"NaN\"");
    assert_string_equal(one(&number, "Infinity"), "\"Infinity\"");
    assert_string_equal(one(&number, "-Infinity"), "\"-Infinity\"");
}

static void times_become_iso_8601(void **state)
{
    (void)state;
    assert_string_equal(one(&timestamp, "2024-01-01 12:00:00.5"), "\"2024-01-01T12:00:00.5\"");
    assert_string_equal(one(&timestamp, "0044-03-15 00:00:00 BC"), "\"0044-03-15T00:00:00 BC\"");
    assert_string_equal(one(&timestamp, "-infinity"), "\"-infinity\"");
    assert_string_equal(one(&timestamptz, "2024-01-01 12:00:00.5+00"),
                        "\"2024-01-01T12:00:00.5Z\"");
    assert_string_equal(one(&timestamptz, "0044-03-15 00:00:00+00 BC"),
                        "\"0044-03-15T00:00:00Z BC\"");
    assert_string_equal(one(&timestamptz, "infinity"), "\"infinity\"");
    assert_string_equal(one(&timestamptz, "2024-01-01 12:00:00+05:30"),
                        "\"2024-01-01T12:00:00+05:30\"");
}

static void json_stands_as_it_is_on_one_line(void **state)
{
    (void)state;
    assert_string_equal(one(&json, "{\"a\": [1.10, null]}"), "{\"a\": [1.10, null]}");
    assert_string_equal(one(&json, " {\\n\\t\"a\":\"x\\\\n\\\\\\\\\"\\n} "),
                        "{  \"a\":\"x\\n\\\\\" }");
    assert_string_equal(one(&json, "\"text\\\\u00e9\""), "\"text\\u00e9\"");
    assert_string_equal(one(&json, "\"plain\""), "\"plain\"");
    assert_string_equal(one(&json, " 12.50\\n"), "12.50");
    assert_string_equal(one(&json, "true"), "true");
    assert_string_equal(one(&json, "false"), "false");
    assert_string_equal(one(&json, "null"), "null");
}

static void bytes_become_base64(void **state)
{
    (void)state;
    assert_string_equal(one(&bytes, "\\\\x"), "\"\"");
    assert_string_equal(one(&bytes, "\\\\x00ff10"), "\"AP8Q\"");
    assert_string_equal(one(&bytes, "\\\\xDEADbeef"), "\"3q2+7w==\"");
    assert_string_equal(one(&bytes, "escaped \\\\000"), "\"escaped \\\\000\"");
}

static void arrays_become_arrays(void **state)
{
    (void)state;
    assert_string_equal(one(&numbers, "{}"), "[]");
    assert_string_equal(one(&numbers, "{1,NULL,-2.50,NaN}"), "[1,null,-2.50,\"NaN\"]");
    assert_string_equal(one(&numbers, "{{1,2},{3,4}}"), "[[1,2],[3,4]]");
    assert_string_equal(one(&numbers, "[-1:0]={7,8}"), "[7,8]");
    assert_string_equal(one(&numbers, "[1:1][2:3]={{7,8}}"), "[[7,8]]");
    assert_string_equal(one(&strings, "{a,\"NULL\",NULL,\"\",\"b c\",\"{},;\"}"),
                        "[\"a\",\"NULL\",null,\"\",\"b c\",\"{},;\"]");
    /* Written by the server as "q\"u", "b\\s" and a line end; COPY doubles the backslashes. */
    assert_string_equal(one(&strings, "{\"q\\\\\"u\",\"b\\\\\\\\s\",\"l\\n\"}"),
                        "[\"q\\\"u\",\"b\\\\s\",\"l\\n\"]");
    assert_string_equal(one(&boxes, "{(1,1),(0,0);(2,2),(1,1)}"),
                        "[\"(1,1),(0,0)\",\"(2,2),(1,1)\"]");
}

static void composites_become_objects(void **state)
{
    (void)state;
    assert_string_equal(one(&address, "(Marina,4)"), "{\"street\":\"Marina\",\"number\":4}");
    assert_string_equal(one(&address, "(,)"), "{\"street\":null,\"number\":null}");
    assert_string_equal(one(&address, "(\"\",0)"), "{\"street\":\"\",\"number\":0}");
    assert_string_equal(one(&address, "(\"a \"\"b\"\" (c), \\\\\\\\\",1)"),
                        "{\"street\":\"a \\\"b\\\" (c), \\\\\",\"number\":1}");
    assert_string_equal(one(&addresses, "{\"(\\\\\"x y\\\\\",1)\",NULL,\"(,)\"}"),
                        "[{\"street\":\"x y\",\"number\":1},null,"
                        "{\"street\":null,\"number\":null}]");
    assert_string_equal(one(&nested, "(\"(Marina,4)\",\"{1,2}\")"),
                        "{\"at\":{\"street\":\"Marina\",\"number\":4},\"all\":[1,2]}");
    assert_string_equal(one(&nothing, "()"), "{}");
}

static void text_that_is_not_of_its_type_is_an_error(void **state)
{
    (void)state;
    static const char *const arrays[] = { "", "1", "{", "{1", "{1,", "{{1}", "{1}}", "[1:2]",
                                          "{\"a", "{\"a\"x}", "{1,}", "{,1}", "{{1}2}" };
    static const char *const composites[] = { "", "(", ")", "(1", "(1,2,3)", "(1)", "(1,2",
                                              "(\"1,2)", "(1,2)x" };
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        assert_null(one(&strings, arrays[i]));
    for (size_t i = 0; i < sizeof composites / sizeof *composites; i++)
        assert_null(one(&address, composites[i]));
    assert_string_equal(error.text, "a: the server's text is not of the column's type");
}

static void a_value_too_long_for_a_field_is_an_error(void **state)
{
    (void)state;
    longest = strlen("[\"\\u0001\",\"b\"]");
    assert_string_equal(one(&strings, "{\001,b}"), "[\"\\u0001\",\"b\"]");
    assert_null(one(&strings, "{\001,bc}"));
    longest = 0;
    assert_string_equal(error.text, "a: the value has 15 bytes as JSON (at most 14): select its parts "
                                    "as columns of their own");
}

static void a_line_has_as_many_values_as_there_are_columns(void **state)
{
    (void)state;
    static const struct wh_pg_type *const two[] = { &string, &number };
    static const char *const lines[] = { "a", "a\t1\t2", "" };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_null(copied(two, 2, lines[i]));
        assert_int_equal(error.status, WH_FAILED);
        assert_string_equal(error.text,
                            "the server announced 2 columns, and has sent a row of another number");
    }
}

static int give_back(void **state)
{
    (void)state;
    wh_buffer_free(&result);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_cut_at_its_tabs),
        cmocka_unit_test(special_characters_are_seen_at_every_place),
        cmocka_unit_test(escapes_of_copy_become_those_of_json),
        cmocka_unit_test(numbers_stand_as_printed),
        cmocka_unit_test(times_become_iso_8601),
        cmocka_unit_test(json_stands_as_it_is_on_one_line),
        cmocka_unit_test(bytes_become_base64),
        cmocka_unit_test(arrays_become_arrays),
        cmocka_unit_test(composites_become_objects),
        cmocka_unit_test(a_line_has_as_many_values_as_there_are_columns),
        cmocka_unit_test(text_that_is_not_of_its_type_is_an_error),
        cmocka_unit_test(a_value_too_long_for_a_field_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, give_back);
}
