/*
 * Every system call behind a whole file fails once: the commit says so, the old content stays, and
 * nothing is left beside it. The calls are replaced by their names, in both ways of writing.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* The call that fails, how many of its kind go well before, and with what. */
static const char *failing = "";
static int good_before;
static int failing_errno;

static int fails(const char *call)
{
    if (strcmp(call, failing) != 0 || good_before-- != 0)
        return 0;
    errno = failing_errno;
    return 1;
}

static int fault_fsync(int descriptor)
{
    return fails("fsync") ? -1 : fsync(descriptor);
}

static int fault_fchmod(int descriptor, mode_t mode)
{
    return fails("fchmod") ? -1 : fchmod(descriptor, mode);
}

static int fault_close(int descriptor)
{
    int result = close(descriptor);
    return fails("close") ? -1 : result;
}

static int fault_linkat(int from, const char *old, int to, const char *name, int flags)
{
    return fails("linkat") ? -1 : linkat(from, old, to, name, flags);
}

static int fault_renameat(int from, const char *old, int to, const char *name)
{
    return fails("renameat") ? -1 : renameat(from, old, to, name);
}

static ssize_t fault_write(int descriptor, const void *bytes, size_t length)
{
    /* A short write first: the rest must follow, or fail. */
    if (strcmp(failing, "write") == 0)
        return fails("write") ? -1 : write(descriptor, bytes, 1);
    return write(descriptor, bytes, length);
}

static int fault_flock(int descriptor, int operation)
{
    return fails("flock") ? -1 : flock(descriptor, operation);
}

/* A folder on a file system without unnamed files: their opening fails, all else goes well. */
static int without_unnamed;

static int fault_openat(int folder, const char *name, int flags, mode_t mode)
{
    if (without_unnamed && (flags & O_TMPFILE) == O_TMPFILE) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return fails("openat") ? -1 : openat(folder, name, flags, mode);
}

#define fsync fault_fsync
#define fchmod fault_fchmod
#define close fault_close
#define linkat fault_linkat
#define renameat fault_renameat
#define write fault_write
#define openat fault_openat
#define flock fault_flock
#include "base/file.c"
#undef close

static char home[64];

static int enter_new_folder(void **state)
{
    (void)state;
    strcpy(home, "/tmp/wh-test-XXXXXX");
    failing = "";
    return mkdtemp(home) && chdir(home) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
    (void)state;
    return unlink("model") == 0 && chdir("/") == 0 && rmdir(home) == 0 ? 0 : -1;
}

static int replace_model(const char *content, struct wh_error *error)
{
    struct wh_atomic_file *file = wh_atomic_open("model", error);
    if (!file)
        return -1;
    if (wh_write_named(wh_atomic_descriptor(file), "model", content, strlen(content), error) == 0)
        return wh_atomic_commit(file, error);
    wh_atomic_abort(file);
    return -1;
}

static void assert_only_model(const char *content)
{
    struct wh_error error;
    size_t length;
    char *text = wh_read_file("model", 100, &length, &error);
    assert_non_null(text);
    assert_string_equal(text, content);
    free(text);
    DIR *folder = opendir(".");
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));)
        if (entry->d_name[0] != '.' || strlen(entry->d_name) > 2)
            assert_string_equal(entry->d_name, "model");
    closedir(folder);
}

/* The commit fails with `what` and the system's reason, and leaves this content. */
static void fail_with(const char *call, int after, int number, const char *what, const char *left)
{
    char expected[256];
    snprintf(expected, sizeof expected, "model: %s: %s", what, strerror(number));
    struct wh_error error;
    failing = "";
    assert_int_equal(replace_model("old", &error), 0);
    failing = call;
    good_before = after;
    failing_errno = number;
    int result = replace_model("new content", &error);
    failing = "";
    if (result != -1)
        fail_msg("%s failed and the commit did not", call);
    assert_int_equal(error.status, WH_FAILED);
    assert_string_equal(error.text, expected);
    assert_only_model(left);
}

static void each_call_that_fails_leaves_the_old_file(void **state)
{
    (void)state;
    for (without_unnamed = 0; without_unnamed < 2; without_unnamed++) {
        fail_with("write", 0, ENOSPC, "cannot write", "old");
        fail_with("write", 5, ENOSPC, "cannot write", "old");
        fail_with("fchmod", 0, EPERM, "cannot keep the file's mode", "old");
        fail_with("fsync", 0, ENOSPC, "cannot write", "old");
        fail_with("fsync", 0, EIO, "cannot write", "old");
        fail_with("renameat", 0, EACCES, "cannot replace the file", "old");
    }
    without_unnamed = 0;
    fail_with("linkat", 0, ENOSPC, "cannot name the new file", "old");
    without_unnamed = 1;
    fail_with("openat", 0, EACCES, "cannot create a file in its folder", "old");
    without_unnamed = 0;
}

/* The file's own is the first descriptor that a commit closes. */
static void an_error_reported_by_close_leaves_the_old_file(void **state)
{
    (void)state;
    for (without_unnamed = 0; without_unnamed < 2; without_unnamed++)
        fail_with("close", 0, EDQUOT, "cannot write", "old");
    without_unnamed = 0;
}

static void a_folder_that_cannot_be_synced_is_told_of_after_the_replacement(void **state)
{
    (void)state;
    fail_with("fsync", 1, EIO, "replaced, but cannot sync its folder", "new content");
    struct wh_error error;
    failing = "fsync";
    good_before = 1;
    failing_errno = EINVAL; /* the file system has no such thing */
    assert_int_equal(replace_model("newer", &error), 0);
    assert_only_model("newer");
}

static void an_interrupted_write_goes_on(void **state)
{
    (void)state;
    struct wh_error error;
    failing = "write";
    good_before = 3;
    failing_errno = EINTR;
    assert_int_equal(replace_model("whole", &error), 0);
    failing = "";
    assert_only_model("whole");
}

static void a_temporary_name_that_is_taken_is_passed_over(void **state)
{
    (void)state;
    struct wh_error error;
    for (without_unnamed = 0; without_unnamed < 2; without_unnamed++) {
        failing = without_unnamed ? "openat" : "linkat";
        good_before = 0;
        failing_errno = EEXIST;
        assert_int_equal(replace_model("text", &error), 0);
        assert_only_model("text");
    }
    without_unnamed = 0;
}

static void a_lock_and_a_folder_that_fail_are_told(void **state)
{
    (void)state;
    struct wh_error error;
    char expected[256];
    assert_int_equal(replace_model("old", &error), 0);
    failing = "flock";
    good_before = 0;
    failing_errno = ENOLCK;
    assert_null(wh_lock_take("model", &error));
    snprintf(expected, sizeof expected, "model: cannot lock: %s", strerror(ENOLCK));
    assert_string_equal(error.text, expected);
    unlink("model.lock");
    failing = "fsync";
    good_before = 0;
    failing_errno = EIO;
    assert_int_equal(wh_file_sync_folder("model", &error), -1);
    snprintf(expected, sizeof expected, "model: cannot sync its folder: %s", strerror(EIO));
    assert_string_equal(error.text, expected);
    failing = "";
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_new_folder, leave_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(each_call_that_fails_leaves_the_old_file),
        IN_A_FOLDER(an_error_reported_by_close_leaves_the_old_file),
        IN_A_FOLDER(a_folder_that_cannot_be_synced_is_told_of_after_the_replacement),
        IN_A_FOLDER(an_interrupted_write_goes_on),
        IN_A_FOLDER(a_temporary_name_that_is_taken_is_passed_over),
        IN_A_FOLDER(a_lock_and_a_folder_that_fail_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
