/* Text: what UTF-8 is accepted, and which names are near. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

/*
 * RFC 3629 read in another way than the code under test reads it: decode without looking, then ask
 * whether the code point is one that UTF-8 may carry and needs that many bytes.
 */
static size_t reference_valid(const unsigned char *text, size_t length)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t i = 0;
    while (i < length) {
        size_t size = text[i] >> 7 == 0 ? 1 : text[i] >> 5 == 6 ? 2
                    : text[i] >> 4 == 14 ? 3 : text[i] >> 3 == 30 ? 4 : 0;
        if (size == 0 || i + size > length)
            return i;
        uint32_t code = size == 1 ? text[i] : text[i] & (0x7Fu >> size);
        for (size_t k = 1; k < size; k++) {
            if (text[i + k] >> 6 != 2)
                return i;
            code = code << 6 | (text[i + k] & 0x3Fu);
        }
        if (code < least[size] || (code >= 0xD800 && code < 0xE000) || code > 0x10FFFF)
            return i;
        i += size;
    }
    return length;
}

static void check_valid(const unsigned char *text, size_t length)
{
    size_t valid = wh_utf8_valid((const char *)text, length);
    if (valid != reference_valid(text, length))
        fail_msg("%02X %02X %02X %02X, %zu bytes: valid up to %zu", text[0], text[1], text[2],
                 text[3], length, valid);
}

static void utf8_of_one_to_three_bytes_is_judged_as_rfc_3629_does(void **state)
{
    (void)state;
    for (uint32_t bytes = 0; bytes < 1u << 24; bytes++) {
        unsigned char text[4] = { (unsigned char)(bytes >> 16), (unsigned char)(bytes >> 8),
                                  (unsigned char)bytes, 0 };
        check_valid(text, 3);
        if (text[2] == 0)
            check_valid(text, 2);
        if (text[2] == 0 && text[1] == 0)
            check_valid(text, 1);
    }
}

static void utf8_of_four_bytes_is_judged_as_rfc_3629_does(void **state)
{
    (void)state;
    static const unsigned char edges[] = { 0x00, 0x7F, 0x80, 0xBF, 0xC0, 0xFF };
    for (unsigned first = 0xE0; first < 0x100; first++)
        for (unsigned second = 0; second < 0x100; second++)
            for (size_t i = 0; i < sizeof edges; i++)
                for (size_t j = 0; j < sizeof edges; j++) {
                    unsigned char text[4] = { (unsigned char)first, (unsigned char)second,
                                              edges[i], edges[j] };
                    check_valid(text, 4);
                }
}

static void bad_utf8_is_found_at_any_place_of_a_long_text(void **state)
{
    (void)state;
    static const char *const good[] = { "", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80" };
    static const char *const bad[] = { "\x80", "\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF5", "\xFF" };
    for (size_t before = 0; before < 100; before++)
        for (size_t g = 0; g < sizeof good / sizeof *good; g++)
            for (size_t b = 0; b < sizeof bad / sizeof *bad; b++) {
                char text[256];
                memset(text, 'a', sizeof text);
                size_t at = before + strlen(good[g]);
                memcpy(text + before, good[g], strlen(good[g]));
                assert_int_equal(wh_utf8_valid(text, sizeof text), sizeof text);
                memcpy(text + at, bad[b], strlen(bad[b]));
                assert_int_equal(wh_utf8_valid(text, sizeof text), at);
                assert_int_equal(wh_utf8_valid(text, at), at);
            }
}

static void every_character_is_written_and_read_back(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        if (code >= 0xD800 && code < 0xE000)
            continue;
        char text[4];
        size_t size = wh_utf8_put(code, text);
        assert_int_equal(size, code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4);
        assert_int_equal(wh_utf8_valid(text, size), size);
        uint32_t back;
        assert_int_equal(wh_utf8_get(text, size, &back), size);
        assert_int_equal(back, code);
    }
}

static const char *const names[] = { "amount", "city", "created_at", "--standard", "x", "price" };
enum { NAMES = sizeof names / sizeof *names };

static void a_slip_of_the_fingers_finds_the_name_that_was_meant(void **state)
{
    (void)state;
    assert_string_equal(wh_nearest("amuont", names, NAMES), "amount");   /* two swapped */
    assert_string_equal(wh_nearest("amout", names, NAMES), "amount");    /* one missing */
    assert_string_equal(wh_nearest("citty", names, NAMES), "city");      /* one too many */
    assert_string_equal(wh_nearest("cyty", names, NAMES), "city");       /* one wrong */
    assert_string_equal(wh_nearest("CITY", names, NAMES), "city");       /* case */
    assert_string_equal(wh_nearest("createdat", names, NAMES), "created_at");
    assert_string_equal(wh_nearest("--standart", names, NAMES), "--standard");
}

static void a_name_unlike_all_others_finds_none(void **state)
{
    (void)state;
    char longest[200];
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_null(wh_nearest("quantity", names, NAMES));
    assert_null(wh_nearest("y", names, NAMES)); /* all of one letter differs */
    assert_null(wh_nearest("", names, NAMES));
    assert_null(wh_nearest(longest, names, NAMES));
    assert_null(wh_nearest("amount", names, 0));
}

static void a_suggestion_is_appended_and_never_overflows(void **state)
{
    (void)state;
    char text[64] = "no column amuont";
    wh_suggest(text, sizeof text, "amuont", names, NAMES);
    assert_string_equal(text, "no column amuont (did you mean amount?)");
    wh_suggest(text, sizeof text, "quantity", names, NAMES);
    assert_string_equal(text, "no column amuont (did you mean amount?)");
    char small[20] = "no column amuont";
    wh_suggest(small, sizeof small, "amuont", names, NAMES);
    assert_string_equal(small, "no column amuont (d");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_of_one_to_three_bytes_is_judged_as_rfc_3629_does),
        cmocka_unit_test(utf8_of_four_bytes_is_judged_as_rfc_3629_does),
        cmocka_unit_test(bad_utf8_is_found_at_any_place_of_a_long_text),
        cmocka_unit_test(every_character_is_written_and_read_back),
        cmocka_unit_test(a_slip_of_the_fingers_finds_the_name_that_was_meant),
        cmocka_unit_test(a_name_unlike_all_others_finds_none),
        cmocka_unit_test(a_suggestion_is_appended_and_never_overflows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
