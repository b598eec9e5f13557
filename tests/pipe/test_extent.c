/* The extent of a file: what it is known by, and what is said where it has become shorter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pipe/extent.h"

static void a_file_that_became_shorter_is_told(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    struct wh_extent extent, again;
    struct wh_error error;
    assert_non_null(file);
    fputs("ten bytes\n", file);
    fflush(file);
    assert_int_equal(wh_extent_take(fileno(file), 10, &extent, &error), 0);
    assert_int_equal(wh_extent_take(fileno(file), 10, &again, &error), 0);
    assert_true(wh_extent_same(&extent, &again));
    assert_int_equal(wh_extent_take(fileno(file), 11, &extent, &error), -1);
    assert_int_equal(error.status, WH_BROKEN);
    assert_string_equal(error.text, "another program has made it shorter (put it back as it was and "
                                    "run again)");
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_became_shorter_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
