/* JSON values as lines of COPY, without a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "record/json.h"
#include "sink/postgres/value.h"

static const struct wh_pg_type string = { .kind = WH_PG_STRING };
static const struct wh_pg_type number = { .kind = WH_PG_NUMBER };
static const struct wh_pg_type boolean = { .kind = WH_PG_BOOL, .input = WH_PG_IN_BOOLEAN };
static const struct wh_pg_type json = { .kind = WH_PG_JSON };
static const struct wh_pg_type bytes = { .kind = WH_PG_BYTEA, .input = WH_PG_IN_BYTES };
static const struct wh_pg_type strings = { .kind = WH_PG_ARRAY, .delimiter = ',', .element = &string };
static const struct wh_pg_type numbers = { .kind = WH_PG_ARRAY, .delimiter = ',', .element = &number };
static const struct wh_pg_type boxes = { .kind = WH_PG_ARRAY, .delimiter = ';', .element = &string };
static const struct wh_pg_type documents = { .kind = WH_PG_ARRAY, .delimiter = ',', .element = &json };
static const struct wh_pg_type blobs = { .kind = WH_PG_ARRAY, .delimiter = ',', .element = &bytes };
static const struct wh_pg_member address_members[] = {
    { "\"street\":", 9, &string },
    { "\"the \\\"number\\\"\":", 17, &number },
};
static const struct wh_pg_type address = { .kind = WH_PG_COMPOSITE, .members = address_members, .count = 2 };
static const struct wh_pg_type addresses = { .kind = WH_PG_ARRAY, .delimiter = ',', .element = &address };

static struct wh_error error;
static struct wh_buffer result;
static struct wh_pg_values values;

static const char *encode(const struct wh_pg_type *type, const struct wh_field *field)
{
    result.length = 0;
    int status = wh_pg_value(&values, &result, type, field, &error);
    return status == 0 ? wh_buffer_text(&result) : NULL;
}

/* The value as a column of this type gets it; NULL where it is refused. */
static const char *loaded(const struct wh_pg_type *type, const char *text)
{
    size_t length = strlen(text);
    char *array = calloc(1, length + 2 + WH_SLACK);
    struct wh_json_walk walk;
    snprintf(array, length + 3, "[%s]", text);
    wh_json_walk_begin(&walk, array);
    assert_true(wh_json_walk_next(&walk));
    const char *made = encode(type, &walk.field);
    free(array);
    return made;
}

static void scalars_stand_as_they_are(void **state)
{
    (void)state;
    assert_string_equal(loaded(&number, "1.10"), "1.10");
    assert_string_equal(loaded(&string, "-1e400"), "-1e400");
    assert_string_equal(loaded(&json, "12345678901234567890"), "12345678901234567890");
    assert_string_equal(loaded(&boolean, "true"), "t");
    assert_string_equal(loaded(&boolean, "false"), "f");
    assert_string_equal(loaded(&string, "true"), "true");
    assert_string_equal(loaded(&json, "false"), "false");
    assert_string_equal(loaded(&string, "null"), "\\N");
    assert_string_equal(loaded(&json, "null"), "\\N");
    assert_string_equal(loaded(&string, "\"null\""), "null");
    assert_string_equal(loaded(&string, "\"\\\\N\""), "\\\\N");
    assert_string_equal(loaded(&string, "\"\""), "");
}

static void strings_get_the_escapes_of_copy(void **state)
{
    (void)state;
    assert_string_equal(loaded(&string, "\"a\\tb\\nc\\rd\\be\\ff\\\\g\\/h\\\"i\""),
                        "a\\tb\\nc\\rd\\be\\ff\\\\g/h\"i");
    assert_string_equal(loaded(&string, "\"\\u0009\\u000a\\u000D\\u005c\\u0001\\u00e9\\u65E5\""),
                        "\\t\\n\\r\\\\\x01\xc3\xa9\xe6\x97\xa5");
    assert_string_equal(loaded(&string, "\"x\\ud83d\\ude00y\\uD83D\\uDE00\""),
                        "x\xf0\x9f\x98\x80y\xf0\x9f\x98\x80");
    assert_string_equal(loaded(&string, "\"\\uD7FF\\ue000\\uffff\""),
                        "\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf");
    assert_string_equal(loaded(&string, "\"\\\\.\""), "\\\\.");
    assert_null(loaded(&string, "\"a\\u0000\""));
    assert_string_equal(error.rule, "nul");
    assert_null(loaded(&strings, "[\"a\\u0000\"]"));
    assert_string_equal(error.rule, "nul");
}

/* Text that no reader has vouched for, as CSV has it. */
static void bare_text_is_escaped_at_every_place(void **state)
{
    (void)state;
    for (size_t before = 0; before < 200; before++) {
        char text[300 + WH_SLACK] = "", expected[400] = "";
        memset(text, 'x', before);
        memset(expected, 'x', before);
        strcpy(text + before, "\t\\\n\r\"y");
        strcpy(expected + before, "\\t\\\\\\n\\r\"y");
        struct wh_field field = { text, (uint32_t)strlen(text), WH_STRING, 0 };
        assert_string_equal(encode(&string, &field), expected);
    }
    struct wh_field nul = { "a\0b", 3, WH_STRING, 0 };
    assert_null(encode(&string, &nul));
}

static void json_columns_get_json(void **state)
{
    (void)state;
    assert_string_equal(loaded(&json, "{\"a\":[1.10,\"x\\n\\\\\"]}"),
                        "{\"a\":[1.10,\"x\\\\n\\\\\\\\\"]}");
    assert_string_equal(loaded(&json, "[1,\t2]"), "[1,\\t2]");
    assert_string_equal(loaded(&json, "\"te\\\"xt\""), "\"te\\\\\"xt\"");
    assert_string_equal(loaded(&json, "\"plain\""), "\"plain\"");
    assert_string_equal(loaded(&string, "{\"a\":\"\\u0000\"}"), "{\"a\":\"\\\\u0000\"}");
    values.not_null = true;
    assert_string_equal(loaded(&json, "null"), "null");
    values.csv = true;
    assert_string_equal(loaded(&json, "null"), "\\N");
    values.not_null = false;
    struct wh_field field = { "{\"a\":1}", 7, WH_STRING, 0 };
    assert_string_equal(encode(&json, &field), "{\"a\":1}");
    struct wh_field pretty = { "\n [\n1]\r\n", 8, WH_STRING, 0 };
    assert_string_equal(encode(&json, &pretty), "[ 1]");
    struct wh_field word = { "hello", 5, WH_STRING, 0 };
    assert_null(encode(&json, &word));
    values.csv = false;
}

static void booleans_are_words_that_the_type_reads(void **state)
{
    (void)state;
    struct wh_field field = { .type = WH_TRUE };
    assert_string_equal(encode(&string, &field), "true");
    assert_string_equal(encode(&boolean, &field), "t");
    assert_string_equal(encode(&json, &field), "true");
}

static void arrays_become_literals(void **state)
{
    (void)state;
    assert_string_equal(loaded(&numbers, "[]"), "{}");
    assert_string_equal(loaded(&numbers, "[1, null,2.50]"), "{\"1\",NULL,\"2.50\"}");
    assert_string_equal(loaded(&numbers, "[[1,2],[3,null]]"), "{{\"1\",\"2\"},{\"3\",NULL}}");
    assert_string_equal(loaded(&strings, "[\"NULL\",\"\",\"a\\\"b\\\\c\",\"d,e\",\"{\",\"\\n\"]"),
                        "{\"NULL\",\"\",\"a\\\\\"b\\\\\\\\c\",\"d,e\",\"{\",\"\\n\"}");
    assert_string_equal(loaded(&strings, "[true,false,{\"a\":1}]"),
                        "{\"true\",\"false\",\"{\\\\\"a\\\\\":1}\"}");
    assert_string_equal(loaded(&boxes, "[\"(1,1),(0,0)\",\"(2,2),(1,1)\"]"),
                        "{\"(1,1),(0,0)\";\"(2,2),(1,1)\"}");
    assert_string_equal(loaded(&documents, "[[1,2],\"x\",null]"),
                        "{\"[1,2]\",\"\\\\\"x\\\\\"\",NULL}");
    assert_string_equal(loaded(&numbers, "\"{1,2}\""), "{1,2}");
}

static void objects_become_composites(void **state)
{
    (void)state;
    assert_string_equal(loaded(&address, "{\"street\":\"a\\\"b\\\\\"}"), "(\"a\\\\\"b\\\\\\\\\",)");
    assert_string_equal(loaded(&address, "{\"the \\\"number\\\"\":4,\"stre\\u0065t\":\"x\"}"),
                        "(\"x\",\"4\")");
    assert_string_equal(loaded(&address, "{}"), "(,)");
    assert_string_equal(loaded(&address, "{\"street\":null}"), "(,)");
    assert_string_equal(loaded(&address, "{\"street\":\"a\",\"street\":\"b\"}"), "(\"b\",)");
    assert_string_equal(loaded(&addresses, "[{\"street\":\"\\\"\"},null]"),
                        "{\"(\\\\\"\\\\\\\\\\\\\"\\\\\",)\",NULL}");
    assert_null(loaded(&address, "{\"streat\":1}"));
    assert_string_equal(error.text, "the column's composite type has no attribute \"streat\"");
}

static void arrays_and_composites_may_come_as_text(void **state)
{
    (void)state;
    assert_string_equal(loaded(&strings, "\"[\\\"a\\\",null]\""), "{\"a\",NULL}");
    assert_string_equal(loaded(&address, "\"{\\\"street\\\":\\\"a\\\"}\""), "(\"a\",)");
    assert_string_equal(loaded(&numbers, "\"[0:1]={1,2}\""), "[0:1]={1,2}");
    assert_null(loaded(&numbers, "\"[1,2] or so\""));
    assert_string_equal(loaded(&address, "\"(a,1)\""), "(a,1)");
    assert_string_equal(loaded(&string, "\"[1,2]\""), "[1,2]");
    struct wh_field field = { "[1,2]", 5, WH_STRING, 0 };
    assert_string_equal(encode(&numbers, &field), "{\"1\",\"2\"}");
    assert_null(loaded(&address, "\"{\\\"streat\\\":1}\""));
}

static void what_a_column_would_change_is_refused_with_a_remedy(void **state)
{
    (void)state;
    values.column = "zip";
    values.type = "bigint";
    assert_null(loaded(wh_pg_builtin(20), "\"02134\""));
    assert_string_equal(error.text, "\"02134\" is not an integer; the column's type is bigint "
                                    "(wh-clean --type zip=int makes it one; a column of text keeps "
                                    "it)");
    values.made = true; /* by --create, from the values of other rows */
    assert_null(loaded(wh_pg_builtin(20), "\"02134\""));
    assert_string_equal(error.text, "\"02134\" is not an integer; the column's type is bigint "
                                    "(--string zip makes its column text; wh-clean --type zip=int "
                                    "makes it one; a column of text keeps it)");
    assert_null(loaded(wh_pg_builtin(20), "9223372036854775808"));
    assert_string_equal(error.text, "\"9223372036854775808\" is outside of the type's range; the "
                                    "column's type is bigint (a column of numeric keeps it: "
                                    "--create with --schema)");
    values.made = false;
    assert_null(loaded(wh_pg_builtin(20), "9223372036854775808"));
    assert_non_null(strstr(error.text, " (a column of numeric keeps it: ALTER TABLE, or --create "
                                       "with --schema)"));
    assert_null(loaded(wh_pg_builtin(20), "[5]"));
    assert_string_equal(error.text, "\"[5]\" is an array; the column's type is bigint");
    assert_null(loaded(&bytes, "true"));
    assert_string_equal(error.text, "\"true\" is not a string of base64; the column's type is bigint");
    values.column = values.type = NULL;
    assert_string_equal(loaded(wh_pg_builtin(20), "5.0"), "5");
    assert_null(loaded(wh_pg_builtin(20), "[5]"));
    assert_null(loaded(wh_pg_builtin(1082), "\"02/01/2014\""));
    assert_string_equal(loaded(wh_pg_builtin(1082), "\"2014-0\\u0031-02\""), "2014-01-02");
    assert_null(loaded(wh_pg_builtin(1082), "true"));
    assert_null(loaded(wh_pg_builtin(3904), "[1,5]"));
    assert_string_equal(loaded(wh_pg_builtin(3904), "\"[1,5]\""), "[1,5]");
    assert_string_equal(loaded(wh_pg_builtin(25), "[1,5]"), "[1,5]");
    static const struct wh_pg_type dates = { .kind = WH_PG_ARRAY, .delimiter = ',' };
    struct wh_pg_type of_dates = dates;
    of_dates.element = wh_pg_builtin(1082);
    assert_string_equal(loaded(&of_dates, "[\"2014-01-02\",null]"), "{\"2014-01-02\",NULL}");
    assert_string_equal(loaded(&of_dates, "\"{2014-01-02, null}\""), "{2014-01-02, null}");
    assert_null(loaded(&of_dates, "[\"02/01/2014\"]"));
    assert_null(loaded(&of_dates, "\"{02/01/2014}\""));
    assert_null(loaded(&of_dates, "[[]]"));
}

static void bytes_come_as_base64_or_digits(void **state)
{
    (void)state;
    assert_string_equal(loaded(&bytes, "\"AP8=\""), "\\\\x00ff");
    assert_string_equal(loaded(&bytes, "\"AP9c\""), "\\\\x00ff5c");
    assert_string_equal(loaded(&bytes, "\"\""), "\\\\x");
    assert_string_equal(loaded(&bytes, "\"\\\\x0aFF\""), "\\\\x0aFF");
    assert_string_equal(loaded(&blobs, "[\"AP8=\"]"), "{\"\\\\\\\\x00ff\"}");
    static const char *const bad[] = { "\"A\"", "\"AP8\"", "\"AP8!\"", "\"====\"", "\"AP 8\"",
                                       "1234", "true", "{}", "\"\\\\x0\"", "\"\\\\x0g\"" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_null(loaded(&bytes, bad[i]));
    values.csv = true; /* which does not tell it from a number */
    assert_string_equal(loaded(&bytes, "1234"), "\\\\xd76df8");
    assert_null(loaded(&bytes, "\"AP8!\""));
    assert_string_equal(error.text, "\"AP8!\" is neither base64 nor \\x and hexadecimal digits");
    assert_null(loaded(&json, "\"text\""));
    assert_string_equal(error.text, "\"text\" is not JSON, which values of CSV are in such a "
                                    "column: a string has quotes of its own, as in \"\"\"text\"\"\"");
    values.csv = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_stand_as_they_are),
        cmocka_unit_test(strings_get_the_escapes_of_copy),
        cmocka_unit_test(bare_text_is_escaped_at_every_place),
        cmocka_unit_test(json_columns_get_json),
        cmocka_unit_test(booleans_are_words_that_the_type_reads),
        cmocka_unit_test(arrays_become_literals),
        cmocka_unit_test(objects_become_composites),
        cmocka_unit_test(arrays_and_composites_may_come_as_text),
        cmocka_unit_test(what_a_column_would_change_is_refused_with_a_remedy),
        cmocka_unit_test(bytes_come_as_base64_or_digits),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    wh_buffer_free(&result);
    wh_pg_values_free(&values);
    return failed;
}
