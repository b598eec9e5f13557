/* Errors: what is told, and values that are safe to show. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/text.h"

static void a_failure_carries_its_status_and_text_and_no_old_place(void **state)
{
    (void)state;
    struct wh_error error;
    memset(&error, 'x', sizeof error);
    assert_int_equal(wh_fail(&error, WH_REFUSED, "no column %s", "amuont"), -1);
    assert_int_equal(error.status, WH_REFUSED);
    assert_string_equal(error.text, "no column amuont");
    assert_string_equal(error.column, "");
    assert_string_equal(error.rule, "");
    assert_int_equal(error.byte, 0);
}

static void a_failed_call_is_told_with_the_system_s_reason(void **state)
{
    (void)state;
    struct wh_error error;
    errno = ENOENT;
    assert_int_equal(wh_fail_errno(&error, WH_FAILED, "%s: cannot open", "shop.db"), -1);
    char expected[256] = "shop.db: cannot open: ";
    assert_string_equal(error.text, strcat(expected, strerror(ENOENT)));
}

static void a_text_too_long_is_cut_and_ends(void **state)
{
    (void)state;
    static char text[5000];
    memset(text, 'a', sizeof text - 1);
    struct wh_error error;
    errno = ENOENT;
    wh_fail_errno(&error, WH_FAILED, "%s", text);
    assert_int_equal(strlen(error.text), sizeof error.text - 1);
}

static void a_bad_row_names_rule_column_and_byte(void **state)
{
    (void)state;
    struct wh_error error;
    assert_int_equal(wh_bad_row(&error, "number", "amount,x", 6, 17, "is %d", 5), -1);
    assert_int_equal(error.status, WH_FAILED);
    assert_string_equal(error.column, "amount");
    assert_string_equal(error.rule, "number");
    assert_int_equal(error.byte, 17);
    assert_string_equal(error.text, "is 5");
    wh_bad_row(&error, "a rule whose name is much longer than the room for it", NULL, 0, 0, "x");
    assert_string_equal(error.column, "");
    assert_int_equal(strlen(error.rule), sizeof error.rule - 1);
}

static struct wh_error bad_amount(void)
{
    struct wh_error error;
    wh_bad_row(&error, "number", "amount", 6, 17, "\"x\" is not a number");
    return error;
}

static void context_stands_before_the_text_and_changes_nothing_else(void **state)
{
    (void)state;
    struct wh_error error = bad_amount();
    error.status = WH_UNREACHABLE;
    assert_int_equal(wh_error_in(&error, "%s: step %d", "clean.json", 3), -1);
    assert_string_equal(error.text, "clean.json: step 3: \"x\" is not a number");
    assert_int_equal(error.status, WH_UNREACHABLE);
    assert_string_equal(error.column, "amount");
    assert_string_equal(error.rule, "number");
    assert_int_equal(error.byte, 17);
    wh_error_in(&error, "%s", error.text); /* the context may come from the text itself */
    assert_string_equal(error.text, "clean.json: step 3: \"x\" is not a number: "
                                    "clean.json: step 3: \"x\" is not a number");
}

static void a_refusal_is_about_no_row(void **state)
{
    (void)state;
    struct wh_error error = bad_amount();
    assert_int_equal(wh_refuse_in(&error, "--string"), -1);
    assert_string_equal(error.text, "--string: \"x\" is not a number");
    assert_int_equal(error.status, WH_REFUSED);
    assert_string_equal(error.column, "");
    assert_string_equal(error.rule, "");
    assert_int_equal(error.byte, 0);
}

static void a_place_is_the_line_of_a_file_or_the_row_of_a_database(void **state)
{
    (void)state;
    struct wh_error error = bad_amount();
    assert_int_equal(wh_error_at(&error, (struct wh_source_place){ "orders.csv", 3, false }), -1);
    assert_string_equal(error.text, "orders.csv:3: amount: \"x\" is not a number");
    assert_string_equal(error.column, "");
    assert_string_equal(error.rule, "number");
    assert_int_equal(error.status, WH_FAILED);

    error = bad_amount();
    wh_error_at(&error, (struct wh_source_place){ "shop.db", 12, true });
    assert_string_equal(error.text, "shop.db: row 12: amount: \"x\" is not a number");
    error = bad_amount();
    wh_error_at(&error, (struct wh_source_place){ "shop.db", 0, false });
    assert_string_equal(error.text, "shop.db: amount: \"x\" is not a number");
    error = bad_amount();
    error.column[0] = '\0';
    wh_error_at(&error, (struct wh_source_place){ "orders.ndjson", 1, false });
    assert_string_equal(error.text, "orders.ndjson:1: byte 17: \"x\" is not a number");
    error = bad_amount();
    wh_error_at(&error, (struct wh_source_place){ 0 });
    assert_string_equal(error.text, "amount: \"x\" is not a number");
}

/* Whatever the lengths, the text ends within its room and between two characters. */
static void context_and_text_that_are_too_long_are_cut_between_two_characters(void **state)
{
    (void)state;
    static char euros[3001];
    for (size_t i = 0; i < 3000; i += 3)
        memcpy(euros + i, "\xE2\x82\xAC", 3);
    for (size_t shift = 0; shift < 6; shift++) {
        struct wh_error error;
        wh_fail(&error, WH_FAILED, "%.*s", (int)(1023 - shift), euros);
        error.text[1023 - shift - (1023 - shift) % 3] = '\0';
        wh_error_in(&error, "%.*s", (int)shift, "abcdef");
        assert_true(strlen(error.text) < sizeof error.text);
        assert_true(strlen(error.text) > sizeof error.text - 16);
        assert_int_equal(wh_utf8_valid(error.text, strlen(error.text)), strlen(error.text));

        wh_fail(&error, WH_FAILED, "the reason");
        wh_error_in(&error, "%.*s%s", (int)shift, "abcdef", euros);
        assert_non_null(strstr(error.text, ": the reason"));
        assert_int_equal(wh_utf8_valid(error.text, strlen(error.text)), strlen(error.text));

        wh_fail(&error, WH_FAILED, "the reason");
        wh_error_at(&error, (struct wh_source_place){ euros + shift * 3, UINT64_MAX, true });
        assert_non_null(strstr(error.text, ": row 18446744073709551615: the reason"));
        assert_int_equal(wh_utf8_valid(error.text, strlen(error.text)), strlen(error.text));
    }
}

static void take_notice(void *context, const char *text)
{
    strcpy(context, text);
}

static void a_notice_goes_to_whoever_listens(void **state)
{
    (void)state;
    char heard[64] = "";
    struct wh_notify notify = { take_notice, heard };
    wh_notify_say(&notify, "%d rows", 3);
    assert_string_equal(heard, "3 rows");
    wh_notify_say(&(struct wh_notify){ 0 }, "%d rows", 3);
}

static void a_long_column_is_cut_between_two_characters(void **state)
{
    (void)state;
    for (size_t before = 0; before < 4; before++) {
        char name[400] = "aaa";
        size_t length = before;
        while (length < 390) {
            memcpy(name + length, "\xE2\x82\xAC", 3);
            length += 3;
        }
        struct wh_error error;
        wh_bad_row(&error, "utf-8", name, length, 1, "x");
        size_t kept = strlen(error.column);
        assert_true(kept < sizeof error.column && kept > sizeof error.column - 8);
        assert_string_equal(error.column + kept - 3, "...");
        assert_int_equal(wh_utf8_valid(error.column, kept), kept);
    }
}

static void check_quote(const char *text, size_t length, const char *expected)
{
    char out[96];
    assert_ptr_equal(wh_quote(out, text, length), out);
    assert_string_equal(out, expected);
}

static void a_value_is_shown_between_quotes(void **state)
{
    (void)state;
    check_quote("", 0, "\"\"");
    check_quote("12,5", 4, "\"12,5\"");
    check_quote("12,5 and more", 4, "\"12,5\"");
    check_quote("caf\xC3\xA9 \xF0\x9F\x98\x80", 10, "\"caf\xC3\xA9 \xF0\x9F\x98\x80\"");
}

static void what_a_terminal_would_obey_or_not_understand_is_shown_in_hexadecimal(void **state)
{
    (void)state;
    check_quote("a\0b\nc\x1B[2J\x7F", 10, "\"a\\x00b\\x0Ac\\x1B[2J\\x7F\"");
    check_quote("\xC2\x9B" "2J", 4, "\"\\xC2\\x9B2J\"");
    check_quote("\xC2\xA0", 2, "\"\xC2\xA0\"");
    check_quote("\xC3", 1, "\"\\xC3\"");
    check_quote("\xC0\xAF", 2, "\"\\xC0\\xAF\"");
    check_quote("\xED\xA0\x80", 3, "\"\\xED\\xA0\\x80\"");
    check_quote("\xFF\xE9t\xE9", 4, "\"\\xFF\\xE9t\\xE9\"");
}

static void a_long_value_is_cut_between_two_characters(void **state)
{
    (void)state;
    static const char *const units[] = { "a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80" };
    for (size_t u = 0; u < sizeof units / sizeof *units; u++)
        for (size_t count = 0; count < 100; count++) {
            char text[500] = "";
            for (size_t i = 0; i < count; i++)
                strcat(text, units[u]);
            size_t length = strlen(text);
            char out[96];
            wh_quote(out, text, length);
            size_t shown = strlen(out);
            assert_true(shown < sizeof out && out[0] == '"' && out[shown - 1] == '"');
            assert_int_equal(wh_utf8_valid(out, shown), shown);
            bool whole = shown < 5 || memcmp(out + shown - 4, "...\"", 4) != 0;
            assert_true(whole ? shown == length + 2 : shown > 60);
            assert_memory_equal(out + 1, text, whole ? length : shown - 5);
        }
    char out[96], bytes[200];
    memset(bytes, 0xFF, sizeof bytes);
    assert_true(strlen(wh_quote(out, bytes, sizeof bytes)) < sizeof out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_carries_its_status_and_text_and_no_old_place),
        cmocka_unit_test(a_failed_call_is_told_with_the_system_s_reason),
        cmocka_unit_test(a_text_too_long_is_cut_and_ends),
        cmocka_unit_test(a_bad_row_names_rule_column_and_byte),
        cmocka_unit_test(context_stands_before_the_text_and_changes_nothing_else),
        cmocka_unit_test(a_refusal_is_about_no_row),
        cmocka_unit_test(a_place_is_the_line_of_a_file_or_the_row_of_a_database),
        cmocka_unit_test(context_and_text_that_are_too_long_are_cut_between_two_characters),
        cmocka_unit_test(a_notice_goes_to_whoever_listens),
        cmocka_unit_test(a_long_column_is_cut_between_two_characters),
        cmocka_unit_test(a_value_is_shown_between_quotes),
        cmocka_unit_test(what_a_terminal_would_obey_or_not_understand_is_shown_in_hexadecimal),
        cmocka_unit_test(a_long_value_is_cut_between_two_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
