/* Rows that wait, held against a plain list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/pending.h"

enum { IDS = 500, STEPS = 20000 };

/* What ought to be there. */
struct listed {
    bool there;
    int64_t time;
    uint64_t order;
    char text[32];
};

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33);
}

static struct wh_slice slice(const char *text)
{
    return (struct wh_slice){ text, strlen(text) };
}

static int earliest(const struct listed *list)
{
    int found = -1;
    for (int i = 0; i < IDS; i++)
        if (list[i].there && (found < 0 || list[i].time < list[found].time
                              || (list[i].time == list[found].time
                                  && list[i].order < list[found].order)))
            found = i;
    return found;
}

static void assert_earliest(const struct wh_pending *pending, const struct listed *list)
{
    const struct wh_waiting *waiting = wh_pending_earliest(pending);
    int found = earliest(list);
    assert_true((found < 0) == !waiting);
    if (waiting)
        assert_memory_equal(wh_waiting_text(waiting).text, list[found].text,
                            strlen(list[found].text));
}

static void assert_order(const struct wh_pending *pending, const struct listed *list)
{
    size_t count = 0, there = 0;
    int64_t last = -1;
    for (int i = 0; i < IDS; i++)
        there += list[i].there;
    for (const struct wh_waiting *at = pending->first; at; at = at->after, count++) {
        assert_true((int64_t)at->order > last);
        last = (int64_t)at->order;
    }
    assert_int_equal(count, there);
    assert_int_equal(pending->count, there);
}

static void rows_are_found_under_their_ids_until_they_are_removed(void **state)
{
    (void)state;
    static struct listed list[IDS];
    struct wh_pending pending = { 0 };
    uint64_t seed = 1;
    for (uint64_t step = 0; step < STEPS; step++) {
        uint32_t id = next_random(&seed) % IDS;
        char name[16];
        snprintf(name, sizeof name, "id%u", id);
        struct wh_waiting *waiting = wh_pending_find(&pending, slice(name));
        assert_true(!waiting == !list[id].there);
        if (waiting) {
            assert_int_equal(waiting->text_length, strlen(list[id].text));
            assert_memory_equal(wh_waiting_text(waiting).text, list[id].text,
                                waiting->text_length);
            wh_pending_remove(&pending, waiting);
            list[id].there = false;
        } else {
            struct listed *listed = &list[id];
            *listed = (struct listed){ true, next_random(&seed) % 100, step, "" };
            snprintf(listed->text, sizeof listed->text, "row %llu", (unsigned long long)step);
            wh_pending_add(&pending, slice(name), listed->time, slice(listed->text));
        }
        if (step % 16 == 0)
            assert_earliest(&pending, list);
        if (step % 1000 == 0)
            assert_order(&pending, list);
    }
    wh_pending_free(&pending);
}

static void rows_leave_in_the_order_of_their_times(void **state)
{
    (void)state;
    struct wh_pending pending = { 0 };
    uint64_t seed = 2;
    for (int i = 0; i < 3000; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        wh_pending_add(&pending, slice(name), next_random(&seed) % 500, slice("{}"));
    }
    int64_t last = -1;
    uint64_t order = 0;
    while (pending.count) {
        struct wh_waiting *waiting = wh_pending_earliest(&pending);
        assert_true(waiting->time > last || (waiting->time == last && waiting->order > order));
        last = waiting->time;
        order = waiting->order;
        wh_pending_remove(&pending, waiting);
    }
    assert_null(pending.first);
    assert_null(pending.last);
    assert_int_equal(pending.bytes, 0);
    assert_null(wh_pending_earliest(&pending));
    wh_pending_free(&pending);
}

static void ids_may_be_empty_or_hold_zero_bytes(void **state)
{
    (void)state;
    struct wh_pending pending = { 0 };
    wh_pending_add(&pending, (struct wh_slice){ "", 0 }, 1, slice("empty"));
    wh_pending_add(&pending, (struct wh_slice){ "a\0b", 3 }, 1, slice("zero"));
    assert_null(wh_pending_find(&pending, (struct wh_slice){ "a", 1 }));
    assert_memory_equal(
        wh_waiting_text(wh_pending_find(&pending, (struct wh_slice){ "a\0b", 3 })).text, "zero", 4);
    assert_memory_equal(
        wh_waiting_text(wh_pending_find(&pending, (struct wh_slice){ "", 0 })).text, "empty", 5);
    wh_pending_free(&pending);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_found_under_their_ids_until_they_are_removed),
        cmocka_unit_test(rows_leave_in_the_order_of_their_times),
        cmocka_unit_test(ids_may_be_empty_or_hold_zero_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
