/*
 * What the source sees of C: that a file was replaced is forced to disk before it is believed. The
 * call that does so is replaced by its name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/file.h"

static unsigned settled;
static int outcome;

static int count_settle(const char *path, struct wh_error *error)
{
    assert_string_equal(path, "c");
    settled++;
    return outcome == 0 ? 0 : wh_fail(error, WH_FAILED, "as if it had failed");
}

#define wh_file_sync_folder count_settle
#include "pipe/store.c"
#include "pipe/store.h"

static struct wh_place present; /* what C holds */

static int read_present(struct wh_store *store, struct wh_checkpoint *held, struct wh_error *error)
{
    (void)store;
    (void)error;
    *held = (struct wh_checkpoint){ .place = present, .position = json_object(),
                                    .through = json_array() };
    return 0;
}

static void close_present(struct wh_store *store)
{
    (void)store;
}

static bool takes(const char *name)
{
    (void)name;
    return true;
}

static struct wh_store *open_present(const char *name, const struct wh_notify *notify,
                                     struct wh_error *error)
{
    static const struct wh_store_ops ops = { read_present, close_present };
    static struct wh_store store = { &ops };
    (void)name;
    (void)notify;
    (void)error;
    return &store;
}

/* Reads C, which holds checkpoint `n` by now. */
static int read_at(struct wh_store *store, uint64_t n)
{
    struct wh_checkpoint held;
    struct wh_error error;
    present = (struct wh_place){ "aaaaaaaaaaaa", n };
    int status = store->ops->read(store, &held, &error);
    if (status == 0)
        assert_int_equal(held.place.n, n);
    wh_checkpoint_free(&held);
    return status;
}

static struct wh_store *open_kind_of(bool file)
{
    static struct wh_store_kind kind;
    static const struct wh_store_kind *const kinds[] = { &kind };
    struct wh_error error;
    kind = (struct wh_store_kind){ takes, open_present, file };
    settled = 0;
    outcome = 0;
    struct wh_store *store = wh_store_open(kinds, "c", NULL, &error);
    assert_non_null(store);
    return store;
}

static void a_file_that_was_replaced_is_forced_to_disk_once(void **state)
{
    (void)state;
    struct wh_store *store = open_kind_of(true);
    for (uint64_t n = 1; n <= 3; n++) {
        assert_int_equal(read_at(store, n), 0);
        assert_int_equal(read_at(store, n), 0);
        assert_int_equal(settled, n);
    }
    store->ops->close(store);
}

static void what_cannot_be_forced_to_disk_is_not_believed(void **state)
{
    (void)state;
    struct wh_store *store = open_kind_of(true);
    outcome = -1;
    assert_int_equal(read_at(store, 1), -1);
    outcome = 0;
    assert_int_equal(read_at(store, 1), 0);
    assert_int_equal(settled, 2);
    store->ops->close(store);
}

static void a_database_sees_to_it_by_itself(void **state)
{
    (void)state;
    struct wh_store *store = open_kind_of(false);
    assert_int_equal(read_at(store, 1), 0);
    assert_int_equal(settled, 0);
    store->ops->close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_was_replaced_is_forced_to_disk_once),
        cmocka_unit_test(what_cannot_be_forced_to_disk_is_not_believed),
        cmocka_unit_test(a_database_sees_to_it_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
