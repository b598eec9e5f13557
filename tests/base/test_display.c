/* Text from outside as people see it: harmless to a terminal, and without passwords. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/display.h"
#include "base/error.h"

static void assert_text(struct wh_buffer *shown, const char *expected)
{
    assert_string_equal(wh_buffer_text(shown), expected);
    wh_buffer_free(shown);
}

static void assert_escaped(const char *text, const char *expected)
{
    struct wh_buffer shown = { 0 };
    wh_display_text(&shown, text, strlen(text), false);
    assert_text(&shown, expected);
}

static void assert_hidden(const char *text, const char *expected)
{
    struct wh_buffer shown = { 0 };
    wh_display_hide(&shown, text, strlen(text));
    assert_text(&shown, expected);
}

/* `message` quotes the argument, or parts of it. */
static void assert_argument_hidden(const char *argument, const char *message, const char *expected)
{
    struct wh_buffer secrets = { 0 }, shown = { 0 };
    wh_display_secrets(&secrets, argument);
    wh_display_hide_these(&shown, message, strlen(message), &secrets);
    assert_text(&shown, expected);
    wh_buffer_free(&secrets);
}

static void what_a_terminal_would_obey_is_escaped(void **state)
{
    (void)state;
    assert_escaped("\x1B[31mred\x1B]0;title\x07", "\\x1B[31mred\\x1B]0;title\\x07");
    assert_escaped("a\tb\nc\rd\x7F", "a\\x09b\\x0Ac\\x0Dd\\x7F");
    assert_escaped("\xC2\x9B" "31m\xC2\x85", "\\xC2\\x9B31m\\xC2\\x85");
    assert_escaped("a\xFF\xC3", "a\\xFF\\xC3");
    assert_escaped("\xED\xA0\x80", "\\xED\\xA0\\x80");
}

static void what_would_mislead_a_reader_is_escaped(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\xE2\x80\xAA", "\xE2\x80\xAE", "\xE2\x81\xA6", "\xE2\x81\xA9", "\xE2\x80\x8E",
        "\xE2\x80\x8F", "\xD8\x9C", "\xE2\x80\xA8", "\xE2\x80\xA9", "\xEF\xBB\xBF",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(wh_display_character(bad[i], strlen(bad[i])), 0);
    assert_escaped("gpj.\xE2\x80\xAE" "exe", "gpj.\\xE2\\x80\\xAEexe");
}

static void letters_of_every_script_stay(void **state)
{
    (void)state;
    static const char text[] = "Z\xC3\xBCrich \xE6\x9D\xB1\xE4\xBA\xAC \xD8\xB9 "
                               "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB \xC2\xA0";
    assert_escaped(text, text);
}

static void line_ends_stay_where_lines_are_wanted(void **state)
{
    (void)state;
    struct wh_buffer shown = { 0 };
    wh_display_text(&shown, "a\nb\x1B\n", 5, true);
    assert_text(&shown, "a\nb\\x1B\n");
}

static void passwords_of_urls_are_hidden(void **state)
{
    (void)state;
    assert_hidden("cannot open postgresql://ada:secret@db/shop: gone",
                  "cannot open postgresql://ada:***@db/shop: gone");
    assert_hidden("POSTGRESQL://ada:secret@db#a", "POSTGRESQL://ada:***@db#a");
    assert_hidden("\"mysql://ada:s@cr/e?t#@db/shop\"", "\"mysql://ada:***@db/shop\"");
    assert_hidden("https://:secret@host/", "https://:***@host/");
    assert_hidden("a://u:one@h and b://u:two@h", "a://u:***@h and b://u:***@h");
    assert_hidden("postgresql://ada:secr...", "postgresql://ada:***");
    assert_hidden("postgresql://ada:12345...", "postgresql://ada:***");
    assert_hidden("postgresql://ada:secret", "postgresql://ada:***");
}

static void urls_without_passwords_stay(void **state)
{
    (void)state;
    static const char *const plain[] = {
        "postgresql:///shop", "postgresql://db: cannot connect", "postgresql://ada@db:5432/shop",
        "postgresql://db:5432: gone", "\"kafka://a:9092,b:9092/orders\" is unknown",
        "postgresql://[::1]:5432/shop", "see https://example.org/a?b=c (or not)", "://",
        "orders.csv:12: email: \"ada@example.org\" is not a number",
    };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        assert_hidden(plain[i], plain[i]);
}

static void passwords_of_parameters_are_hidden(void **state)
{
    (void)state;
    assert_hidden("postgresql://db/shop?user=ada&password=secret&x=1",
                  "postgresql://db/shop?user=ada&password=***");
    assert_hidden("?sslpassword=a;b#c rest", "?sslpassword=*** rest");
    assert_hidden("host=db password=secret dbname=shop", "host=db password=*** dbname=shop");
    assert_hidden("password = 'a b\\' c' host=db", "password = '***' host=db");
    assert_hidden("odbc:DSN=x;UID=u;PWD={a;b c};X=1", "odbc:DSN=x;UID=u;PWD={***};X=1");
    assert_hidden("\"Password=secret\": unknown", "\"Password=***\": unknown");
    assert_hidden("password == 'a'", "password == 'a'");
    assert_hidden("passfile=/etc/pass keyword=x", "passfile=/etc/pass keyword=x");
}

static void a_value_that_is_cut_shows_no_part_of_a_password(void **state)
{
    (void)state;
    char quoted[96];
    static const char url[] = "postgresql://ada:0123456789012345678901234567890123456789012345678901"
                              "23456789012345678901234567890123456789@db/shop";
    static const char blank[] = "postgresql://ada:a secret@db/shop";
    assert_string_equal(wh_quote(quoted, url, strlen(url)), "\"postgresql://ada:***@db/shop\"");
    assert_string_equal(wh_quote(quoted, blank, strlen(blank)),
                        "\"postgresql://ada:***@db/shop\"");
}

static void the_command_lines_own_passwords_are_hidden_wherever_they_turn_up(void **state)
{
    (void)state;
    assert_argument_hidden("postgresql://ada:se cret@db", "no se cret here", "no *** here");
    assert_argument_hidden("postgresql://ada:s%65cret@db", "user \"secret\", s%65cret",
                           "user \"***\", ***");
    assert_argument_hidden("--url=x://ada:sec@ret@db/a", "host \"ret@db\", sec@ret",
                           "host \"ret@db\", ***");
    assert_argument_hidden("ada:secret@db/shop", "ada:secret@db/shop: gone",
                           "ada:***@db/shop: gone");
    assert_argument_hidden("host=db password='se cret'", "se cret?", "***?");
    assert_argument_hidden("x://db?password=secret&a=b", "secret", "***");
}

static void words_that_are_no_secrets_stay(void **state)
{
    (void)state;
    assert_argument_hidden("x://ada:a@db", "a b a", "a b a");
    assert_argument_hidden("x://postgres:postgres@db", "role postgres", "role postgres");
    assert_argument_hidden("x://ada:open@db", "cannot reopen, opened", "cannot reopen, opened");
    assert_argument_hidden("password=unknown", "unknown option", "unknown option");
    assert_argument_hidden("amount=median:by=ada@x", "by=ada", "by=ada");
    assert_argument_hidden("C:/data@home", "/data", "/data");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_terminal_would_obey_is_escaped),
        cmocka_unit_test(what_would_mislead_a_reader_is_escaped),
        cmocka_unit_test(letters_of_every_script_stay),
        cmocka_unit_test(line_ends_stay_where_lines_are_wanted),
        cmocka_unit_test(passwords_of_urls_are_hidden),
        cmocka_unit_test(urls_without_passwords_stay),
        cmocka_unit_test(passwords_of_parameters_are_hidden),
        cmocka_unit_test(a_value_that_is_cut_shows_no_part_of_a_password),
        cmocka_unit_test(the_command_lines_own_passwords_are_hidden_wherever_they_turn_up),
        cmocka_unit_test(words_that_are_no_secrets_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
