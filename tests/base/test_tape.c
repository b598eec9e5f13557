/* The tape: what is on it in which order, its digest however often that is asked for. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/tape.h"

static void add(struct wh_tape *tape, struct wh_buffer *expected, size_t size, char fill)
{
    char *place = wh_tape_add(tape, size);
    memset(place, fill, size);
    memset(wh_buffer_reserve(expected, size), fill, size);
    expected->length += size;
}

static void assert_digest(struct wh_tape *tape, const struct wh_buffer *expected)
{
    char found[65], hex[65];
    struct wh_sha256 sha;
    wh_sha256_init(&sha);
    wh_sha256_add(&sha, expected->data, expected->length);
    wh_sha256_hex(&sha, hex);
    wh_tape_digest(tape, found);
    assert_string_equal(found, hex);
}

static void assert_written(const struct wh_tape *tape, const struct wh_buffer *expected)
{
    struct wh_error error;
    int descriptor = memfd_create("tape", 0);
    assert_int_equal(wh_tape_write(tape, descriptor, &error), 0);
    char *bytes = malloc(expected->length + 1);
    assert_int_equal(pread(descriptor, bytes, expected->length + 1, 0), expected->length);
    assert_int_equal(tape->length, expected->length);
    assert_memory_equal(bytes, expected->data, expected->length);
    free(bytes);
    close(descriptor);
}

static void what_was_added_comes_out_in_order(void **state)
{
    (void)state;
    struct wh_tape tape = { 0 };
    struct wh_buffer expected = { 0 };
    for (int i = 0; i < 9000; i++)
        add(&tape, &expected, (size_t)i * 7919 % 97, (char)i);
    add(&tape, &expected, 200000, 'x'); /* more than a block */
    add(&tape, &expected, 5, 'y');
    assert_written(&tape, &expected);
    assert_digest(&tape, &expected);
    wh_tape_free(&tape);
    wh_buffer_free(&expected);
}

static void the_digest_is_that_of_all_bytes_whenever_it_is_asked_for(void **state)
{
    (void)state;
    struct wh_tape tape = { 0 };
    struct wh_buffer expected = { 0 };
    wh_buffer_reserve(&expected, 1);
    assert_digest(&tape, &expected);
    for (int i = 0; i < 3000; i++) {
        add(&tape, &expected, (size_t)i * 7919 % 301, (char)i);
        if (i % 17 == 0 || i > 2990)
            assert_digest(&tape, &expected);
    }
    assert_digest(&tape, &expected);
    wh_tape_free(&tape);
    expected.length = 0;
    assert_digest(&tape, &expected); /* empty again */
    wh_buffer_free(&expected);
}

static void bytes_stay_where_they_are(void **state)
{
    (void)state;
    struct wh_tape tape = { 0 };
    char *first = wh_tape_add(&tape, 3);
    memcpy(first, "abc", 3);
    for (int i = 0; i < 100000; i++)
        *wh_tape_add(&tape, 1) = 'z';
    assert_ptr_equal(tape.blocks[0].bytes, first);
    assert_memory_equal(first, "abcz", 4);
    wh_tape_free(&tape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_added_comes_out_in_order),
        cmocka_unit_test(the_digest_is_that_of_all_bytes_whenever_it_is_asked_for),
        cmocka_unit_test(bytes_stay_where_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
