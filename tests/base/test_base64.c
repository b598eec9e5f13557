/* Base64 back to bytes: what was written is read, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64.h"

static void bytes_come_back(void **state)
{
    (void)state;
    unsigned char bytes[64], back[64];
    char text[96];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 37 + 250);
    for (size_t length = 0; length <= sizeof bytes; length++) {
        size_t size = 0, written = wh_base64_encode(bytes, length, text);
        assert_int_equal(written, wh_base64_size(length));
        assert_true(wh_base64_decode(text, written, back, &size));
        assert_int_equal(size, length);
        assert_memory_equal(back, bytes, length);
    }
}

static void other_texts_are_refused(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "A", "AA", "AAA", "AAAAA", "====", "A===", "AA=A", "=AAA", "AAA ", "AA\nA", "AA-_",
        "AB==", "AAB=", "AA==AAAA",
    };
    char back[16];
    size_t size;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        assert_false(wh_base64_decode(broken[i], strlen(broken[i]), back, &size));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_back),
        cmocka_unit_test(other_texts_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
