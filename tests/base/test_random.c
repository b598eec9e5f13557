/* Random bytes, by each of the ways there are to come by them. */
#define _GNU_SOURCE
#include "base/random.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { COUNT = 64, TIMES = 32 };

static void always_make_up(void *bytes, size_t count)
{
    make_up(bytes, count);
}

static void always_read(void *bytes, size_t count)
{
    if (!read_device(bytes, count))
        make_up(bytes, count);
}

/* All bytes are written, and no drawing is like another. */
static void check(void (*draw)(void *bytes, size_t count))
{
    unsigned char drawn[TIMES][COUNT + 1], seen[COUNT] = { 0 };
    for (int i = 0; i < TIMES; i++) {
        drawn[i][COUNT] = 0x5A;
        draw(drawn[i], COUNT);
        assert_int_equal(drawn[i][COUNT], 0x5A);
        for (int k = 0; k < i; k++)
            assert_memory_not_equal(drawn[i], drawn[k], COUNT);
        for (int k = 0; k < COUNT; k++)
            seen[k] |= drawn[i][k];
    }
    for (int k = 0; k < COUNT; k++)
        assert_int_not_equal(seen[k], 0);
}

static void no_two_drawings_are_alike(void **state)
{
    (void)state;
    check(wh_random_bytes);
}

static void they_come_from_the_device_where_the_system_has_no_call(void **state)
{
    (void)state;
    check(always_read);
}

static void they_are_made_up_where_there_is_neither(void **state)
{
    (void)state;
    check(always_make_up);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_two_drawings_are_alike),
        cmocka_unit_test(they_come_from_the_device_where_the_system_has_no_call),
        cmocka_unit_test(they_are_made_up_where_there_is_neither),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
