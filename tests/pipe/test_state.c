/* The file of a state: what is too large for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pipe/state.c"

static void a_state_that_no_run_could_read_is_not_written(void **state)
{
    (void)state;
    struct wh_error error;
    const struct wh_buffer line = { .length = (size_t)LARGEST + 1 };
    assert_int_equal(write_content(-1, &line, NULL, &error), -1);
    assert_int_equal(error.status, WH_FAILED);
    assert_string_equal(error.text, "what was learned takes more than 1073741824 bytes (--hash takes "
                                    "less than --onehot)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_that_no_run_could_read_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
