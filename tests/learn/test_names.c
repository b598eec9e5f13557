/* Names and their numbers, also when the newest are taken back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "learn/names.h"

static uint32_t add(struct wh_names *names, const char *text)
{
    return wh_names_add(names, text, strlen(text));
}

static uint32_t find(const struct wh_names *names, const char *text)
{
    return wh_names_find(names, text, strlen(text));
}

static void names_are_numbered_in_the_order_they_came(void **state)
{
    (void)state;
    struct wh_names names;
    wh_names_init(&names);
    assert_int_equal(add(&names, "b"), 1);
    assert_int_equal(add(&names, ""), 2);
    assert_int_equal(add(&names, "a"), 3);
    assert_int_equal(find(&names, "a"), 3);
    assert_int_equal(find(&names, ""), 2);
    assert_int_equal(find(&names, "c"), WH_NO_FEATURE);
    wh_names_free(&names);
}

/* Taking back in the middle of long probes must not lose those that stay. */
static void names_taken_back_leave_the_others_to_be_found(void **state)
{
    (void)state;
    enum { STAY = 5000, ALL = 9000 };
    struct wh_names names;
    char text[32];
    wh_names_init(&names);
    for (int round = 0; round < 3; round++) {
        while (names.count < ALL) {
            snprintf(text, sizeof text, "city=%u", names.count);
            add(&names, text);
        }
        wh_names_cut(&names, STAY);
        assert_int_equal(names.count, STAY);
        for (unsigned i = 1; i < ALL; i++) {
            snprintf(text, sizeof text, "city=%u", i);
            assert_int_equal(find(&names, text), i < STAY ? i : WH_NO_FEATURE);
        }
    }
    wh_names_free(&names);
}

static void guesses_compare_every_byte_of_a_name(void **state)
{
    (void)state;
    struct wh_names names;
    char text[WH_SLACK + 40];
    wh_names_init(&names);
    for (size_t length = 1; length < 40; length++) {
        memset(text, '.', sizeof text);
        for (size_t i = 0; i < length; i++)
            text[i] = (char)('a' + i % 26);
        uint32_t id = wh_names_add(&names, text, length);
        memset(text + length, '!', sizeof text - length);
        assert_true(wh_names_is(&names, id, text));
        for (size_t i = 0; i < length; i++) {
            text[i] = (char)(text[i] ^ 1);
            assert_false(wh_names_is(&names, id, text));
            text[i] = (char)(text[i] ^ 1);
        }
    }
    wh_names_free(&names);
}

static void only_names_that_json_spells_the_same_are_plain(void **state)
{
    (void)state;
    struct wh_names names;
    wh_names_init(&names);
    assert_true(names.names[add(&names, "caf\xC3\xA9")].plain);
    assert_false(names.names[add(&names, "a\"b")].plain);
    assert_false(names.names[add(&names, "a\\")].plain);
    assert_false(names.names[add(&names, "a\nb")].plain);
    wh_names_free(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_numbered_in_the_order_they_came),
        cmocka_unit_test(names_taken_back_leave_the_others_to_be_found),
        cmocka_unit_test(guesses_compare_every_byte_of_a_name),
        cmocka_unit_test(only_names_that_json_spells_the_same_are_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
