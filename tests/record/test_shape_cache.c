/* What is remembered of shapes: found by their serials, whatever their stride. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/memory.h"
#include "record/shape.h"
#include "record/shape_cache.h"

struct entry {
    uint64_t serial;
    uint64_t twice;
};

static void an_entry_is_found_until_another_shape_takes_its_place(void **state)
{
    (void)state;
    struct wh_shape_cache cache = { 0 };
    wh_shape_cache_open(&cache, sizeof(struct entry), 4);
    uint64_t serials[1000];
    for (size_t i = 0; i < 1000; i++) {
        serials[i] = wh_shape_serial();
        struct entry *entry = wh_shape_cache_at(&cache, serials[i]);
        assert_true(entry->serial != serials[i]);
        *entry = (struct entry){ serials[i], 2 * serials[i] };
        assert_ptr_equal(wh_shape_cache_at(&cache, serials[i]), entry);
    }
    size_t held = 0;
    for (size_t i = 0; i < 1000; i++) {
        const struct entry *entry = wh_shape_cache_at(&cache, serials[i]);
        held += entry->serial == serials[i];
        assert_true(entry->twice == 2 * entry->serial);
    }
    assert_int_equal(held, 16);
    wh_shape_cache_close(&cache);
}

/* Stages that make a shape of their own for each of the reader's leave the reader's a stride. */
static void a_few_shapes_keep_their_entries_whatever_the_stride_of_their_serials(void **state)
{
    (void)state;
    enum { LOG2 = 6, SHAPES = 16, STRIDES = 5000 };
    uint64_t *serials = wh_alloc(SHAPES * STRIDES + 1, sizeof *serials);
    for (size_t i = 0; i <= SHAPES * STRIDES; i++)
        serials[i] = wh_shape_serial();
    size_t shared = 0;
    for (size_t stride = 1; stride <= STRIDES; stride++) {
        bool taken[1 << LOG2] = { false };
        size_t collisions = 0;
        for (size_t i = 1; i <= SHAPES; i++) {
            size_t place = wh_shape_place(serials[i * stride], 64 - LOG2);
            assert_true(place < 1 << LOG2);
            collisions += taken[place];
            taken[place] = true;
        }
        assert_true(collisions <= SHAPES / 2);
        shared += collisions;
    }
    assert_true(shared < STRIDES * SHAPES / 8);
    free(serials);
}

static void every_entry_is_visited_once(void **state)
{
    (void)state;
    struct wh_shape_cache cache = { 0 };
    assert_null(wh_shape_cache_next(&cache, NULL));
    wh_shape_cache_open(&cache, sizeof(struct entry), 3);
    size_t count = 0;
    for (struct entry *entry = NULL; (entry = wh_shape_cache_next(&cache, entry));) {
        assert_int_equal(entry->twice, 0);
        entry->twice = 1;
        count++;
    }
    assert_int_equal(count, 8);
    wh_shape_cache_close(&cache);
    assert_null(wh_shape_cache_next(&cache, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_is_found_until_another_shape_takes_its_place),
        cmocka_unit_test(a_few_shapes_keep_their_entries_whatever_the_stride_of_their_serials),
        cmocka_unit_test(every_entry_is_visited_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
