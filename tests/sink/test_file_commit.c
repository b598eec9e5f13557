/*
 * A file's commit whose last step is done but reported as failed: C holds the new checkpoint, and
 * the rows before it must stay. The writing of C is replaced by its name.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sink/file/store.h"

static enum outcome { GOOD, DONE_BUT_FAILED, NOT_DONE } writing;

/* Of C with a place: what announces a new target is written in any case. */
static int fault_write(const char *path, const char *target, const struct wh_file_checkpoint *next,
                       struct wh_error *error)
{
    bool commit = !wh_place_none(&next->checkpoint.place);
    if ((writing != NOT_DONE || !commit)
        && wh_file_checkpoint_write(path, target, next, error) != 0)
        return -1;
    if (!commit)
        return 0;
    return writing == GOOD ? 0 : wh_fail(error, WH_FAILED, "as if it had failed");
}

/* Calls about the target's descriptor that fail. */
static bool no_status, no_copy;

static int fault_status(int descriptor, struct stat *status)
{
    errno = EIO;
    return no_status ? -1 : fstat(descriptor, status);
}

static int fault_control(int descriptor, int command, int argument)
{
    errno = EMFILE;
    return no_copy && command == F_DUPFD_CLOEXEC ? -1 : fcntl(descriptor, command, argument);
}

#define wh_file_checkpoint_write fault_write
#define fstat fault_status
#define fcntl fault_control
#include "sink/file/target.c"
#undef fstat
#undef fcntl

static char home[64];

static int enter_new_folder(void **state)
{
    (void)state;
    strcpy(home, "/tmp/wh-test-XXXXXX");
    return mkdtemp(home) && chdir(home) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
    (void)state;
    unlink("c");
    unlink("c.lock");
    unlink("target");
    unlink("target.lock");
    return chdir("/") == 0 && rmdir(home) == 0 ? 0 : -1;
}

/* Loads a row with a checkpoint whose writing ends so; the target's length afterwards. */
static off_t length_after(enum outcome outcome)
{
    struct wh_writing how = { .format = WH_FORMAT_NDJSON };
    struct wh_sink_request request = { .target = "target", .checkpoint = "c", .writing = &how };
    struct wh_checkpoint next = { .place = { "e0e0e0e0e0e0", 1 }, .position = json_object(),
                                  .through = json_array() };
    const struct wh_place none = { 0 };
    struct wh_error error;
    struct stat status;
    writing = GOOD;
    struct wh_file_target *target = wh_file_target_open(&request, &error);
    assert_non_null(target);
    writing = outcome;
    assert_int_equal(wh_file_target_write(target, "{}\n", 3, &error), 0);
    assert_int_equal(wh_file_target_commit(target, &next, &none, &error), outcome == GOOD ? 0 : -1);
    wh_file_target_close(target);
    wh_checkpoint_free(&next);
    assert_int_equal(stat("target", &status), 0);
    return status.st_size;
}

static void a_checkpoint_that_was_not_written_leaves_no_rows(void **state)
{
    (void)state;
    assert_int_equal(length_after(NOT_DONE), 0);
}

static void a_checkpoint_that_is_there_has_its_rows(void **state)
{
    (void)state;
    assert_int_equal(length_after(DONE_BUT_FAILED), 3);
}

static void a_commit_that_went_well_keeps_its_rows(void **state)
{
    (void)state;
    assert_int_equal(length_after(GOOD), 3);
}

/* What a run without a checkpoint says where a call fails after `rows` of its rows. */
static const char *said(bool status, bool copy, bool replace, int rows)
{
    static struct wh_error error;
    struct wh_writing how = { .format = WH_FORMAT_NDJSON };
    struct wh_sink_request request = { .target = "target", .writing = &how, .replace = replace };
    no_status = rows == 0 && status;
    struct wh_file_target *target = wh_file_target_open(&request, &error);
    int result = target ? 0 : -1;
    for (int i = 0; i < rows; i++)
        assert_int_equal(wh_file_target_write(target, "{}\n", 3, &error), 0);
    no_status = status;
    no_copy = copy;
    if (target)
        result = wh_file_target_commit(target, NULL, NULL, &error);
    no_status = no_copy = false;
    if (target)
        wh_file_target_close(target);
    assert_int_equal(result, -1);
    assert_int_equal(error.status, WH_FAILED);
    return error.text;
}

/* C libraries differ in the words for an errno. */
static void expect_reason(const char *text, int number, const char *said)
{
    char expected[256];
    snprintf(expected, sizeof expected, "%s: %s", text, strerror(number));
    assert_string_equal(said, expected);
}

static void a_call_that_fails_is_told_with_the_name_of_the_file(void **state)
{
    (void)state;
    FILE *file = fopen("target", "w");
    assert_int_equal(fclose(file), 0);
    expect_reason("target: cannot look at it", EIO, said(true, false, false, 0));
    expect_reason("target: cannot look at it", EIO, said(true, false, false, 1));
    expect_reason("target: cannot go on with the new file", EMFILE, said(false, true, true, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_checkpoint_that_was_not_written_leaves_no_rows,
                                        enter_new_folder, leave_folder),
        cmocka_unit_test_setup_teardown(a_checkpoint_that_is_there_has_its_rows, enter_new_folder,
                                        leave_folder),
        cmocka_unit_test_setup_teardown(a_call_that_fails_is_told_with_the_name_of_the_file,
                                        enter_new_folder, leave_folder),
        cmocka_unit_test_setup_teardown(a_commit_that_went_well_keeps_its_rows, enter_new_folder,
                                        leave_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
