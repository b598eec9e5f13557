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
#include "sink/postgres_value.h"

static const struct wh_pg_type string = { .kind = WH_PG_STRING };
static const struct wh_pg_type number = { .kind = WH_PG_NUMBER };
static const struct wh_pg_type boolean = { .kind = WH_PG_BOOL };
static const struct wh_pg_type json = { .kind = WH_PG_JSON };
static const struct wh_pg_type bytes = { .kind = WH_PG_BYTEA };
static const struct wh_pg_type strings = { WH_PG_ARRAY, ',', &string, NULL, 0 };
static const struct wh_pg_type numbers = { WH_PG_ARRAY, ',', &number, NULL, 0 };
static const struct wh_pg_type boxes = { WH_PG_ARRAY, ';', &string, NULL, 0 };
static const struct wh_pg_type documents = { WH_PG_ARRAY, ',', &json, NULL, 0 };
static const struct wh_pg_type blobs = { WH_PG_ARRAY, ',', &bytes, NULL, 0 };
static const struct wh_pg_member address_members[] = {
    { "\"street\":", 9, &string },
    { "\"the \\\"number\\\"\":", 17, &number },
};
static const struct wh_pg_type address = { WH_PG_COMPOSITE, 0, NULL, address_members, 2 };
static const struct wh_pg_type addresses = { WH_PG_ARRAY, ',', &address, NULL, 0 };

static struct wh_error error;
static struct wh_buffer result;
static struct wh_pg_values values;

static const char *encode(const struct wh_pg_type *type, const struct wh_field *field)
{
    result.length = 0;
    int status = wh_pg_value(&values, &result, type, field, &error);
    wh_buffer_byte(&result, '\0');
    return status == 0 ? result.data : NULL;
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
    values.csv = true;
    struct wh_field field = { "{\"a\":1}", 7, WH_STRING, 0 };
    assert_string_equal(encode(&json, &field), "{\"a\":1}");
    values.csv = false;
}

static void words_of_csv_stay_as_they_are_spelled(void **state)
{
    (void)state;
    struct wh_field field = { "TRUE", 4, WH_TRUE, WH_LITERAL };
    assert_string_equal(encode(&string, &field), "TRUE");
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
    assert_non_null(strstr(error.text, "no attribute \"streat\""));
}

static void arrays_and_composites_may_come_as_text(void **state)
{
    (void)state;
    assert_string_equal(loaded(&strings, "\"[\\\"a\\\",null]\""), "{\"a\",NULL}");
    assert_string_equal(loaded(&address, "\"{\\\"street\\\":\\\"a\\\"}\""), "(\"a\",)");
    assert_string_equal(loaded(&numbers, "\"[0:1]={1,2}\""), "[0:1]={1,2}");
    assert_string_equal(loaded(&numbers, "\"[1,2] or so\""), "[1,2] or so");
    assert_string_equal(loaded(&address, "\"(a,1)\""), "(a,1)");
    assert_string_equal(loaded(&string, "\"[1,2]\""), "[1,2]");
    struct wh_field field = { "[1,2]", 5, WH_STRING, 0 };
    assert_string_equal(encode(&numbers, &field), "{\"1\",\"2\"}");
    assert_null(loaded(&address, "\"{\\\"streat\\\":1}\""));
}

static void bytes_come_as_base64_or_digits(void **state)
{
    (void)state;
    assert_string_equal(loaded(&bytes, "\"AP8=\""), "\\\\x00ff");
    assert_string_equal(loaded(&bytes, "\"AP9c\""), "\\\\x00ff5c");
    assert_string_equal(loaded(&bytes, "\"\""), "\\\\x");
    assert_string_equal(loaded(&bytes, "\"\\\\x0aFF\""), "\\\\x0aFF");
    assert_string_equal(loaded(&blobs, "[\"AP8=\"]"), "{\"\\\\\\\\x00ff\"}");
    static const char *const bad[] = { "\"A\"", "\"AP8\"", "\"AP8!\"", "\"====\"", "\"AP 8\"" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_null(loaded(&bytes, bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_stand_as_they_are),
        cmocka_unit_test(strings_get_the_escapes_of_copy),
        cmocka_unit_test(bare_text_is_escaped_at_every_place),
        cmocka_unit_test(json_columns_get_json),
        cmocka_unit_test(words_of_csv_stay_as_they_are_spelled),
        cmocka_unit_test(arrays_become_literals),
        cmocka_unit_test(objects_become_composites),
        cmocka_unit_test(arrays_and_composites_may_come_as_text),
        cmocka_unit_test(bytes_come_as_base64_or_digits),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    wh_buffer_free(&result);
    wh_buffer_free(&values.work);
    return failed;
}
