/*
 * Files that appear whole: what is left when anything fails or anybody is killed; and locks.
 *
 * test_file_portable.c runs the same on what systems without unnamed files do.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* mount, F_GETPIPE_SZ */
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/mount.h>
#endif

#include <cmocka.h>

#include "base/file.h"
#include "base/memory.h"
#include "cli/signals.h"

/* Every test runs in an empty folder of its own. */
static char home[128];

static int enter_new_folder(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(home, sizeof home, "%s/wh-test-XXXXXX", base && *base ? base : "/tmp");
    return mkdtemp(home) && chdir(home) == 0 ? 0 : -1;
}

/* Counts the entries of the current folder, and removes them if asked. */
static int count_entries(bool removing)
{
    DIR *folder = opendir(".");
    assert_non_null(folder);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        count++;
        if (removing && remove(entry->d_name) != 0)
            fail_msg("%s: %s", entry->d_name, strerror(errno));
    }
    closedir(folder);
    return count;
}

static int leave_folder(void **state)
{
    (void)state;
    count_entries(true);
    return chdir("/") == 0 && rmdir(home) == 0 ? 0 : -1;
}

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void assert_holds(const char *path, const char *text)
{
    struct wh_error error;
    size_t length;
    char *content = wh_read_file(path, 1 << 20, &length, &error);
    if (!content)
        fail_msg("%s", error.text);
    assert_string_equal(content, text);
    assert_int_equal(length, strlen(text));
    free(content);
}

static mode_t mode_of(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 07777;
}

static struct wh_atomic_file *begin_with(const char *path, const char *text)
{
    struct wh_error error;
    struct wh_atomic_file *file = wh_atomic_open(path, &error);
    if (!file)
        fail_msg("%s", error.text);
    assert_int_equal(wh_write_all(wh_atomic_descriptor(file), text, strlen(text), &error), 0);
    return file;
}

static void write_whole(const char *path, const char *text)
{
    struct wh_error error;
    if (wh_atomic_commit(begin_with(path, text), &error) != 0)
        fail_msg("%s", error.text);
}

static void a_new_file_appears_with_the_commit_and_only_for_its_owner(void **state)
{
    (void)state;
    struct wh_error error;
    umask(0);
    struct wh_atomic_file *file = begin_with("new", "text");
    assert_int_equal(access("new", F_OK), -1);
    assert_int_equal(wh_atomic_commit(file, &error), 0);
    assert_holds("new", "text");
    assert_int_equal(mode_of("new"), 0600);
    assert_int_equal(count_entries(false), 1);
}

static void a_replaced_file_keeps_its_mode_and_is_old_or_new(void **state)
{
    (void)state;
    put("model", "old");
    chmod("model", 0640);
    int reader = open("model", O_RDONLY);
    struct wh_error error;
    struct wh_atomic_file *file = begin_with("model", "new content");
    assert_holds("model", "old");
    assert_int_equal(wh_atomic_commit(file, &error), 0);
    assert_holds("model", "new content");
    assert_int_equal(mode_of("model"), 0640);
    char old[8];
    assert_int_equal(read(reader, old, sizeof old), 3);
    close(reader);
    assert_int_equal(count_entries(false), 1);
}

static void a_file_given_up_changes_nothing(void **state)
{
    (void)state;
    put("model", "old");
    wh_atomic_abort(begin_with("model", "new"));
    wh_atomic_abort(begin_with("other", "new"));
    assert_holds("model", "old");
    assert_int_equal(count_entries(false), 1);
}

static void two_writers_of_one_file_both_give_it_whole(void **state)
{
    (void)state;
    struct wh_error error;
    struct wh_atomic_file *first = begin_with("model", "first");
    struct wh_atomic_file *second = begin_with("model", "second");
    assert_int_equal(wh_atomic_commit(second, &error), 0);
    assert_holds("model", "second");
    assert_int_equal(wh_atomic_commit(first, &error), 0);
    assert_holds("model", "first");
    assert_int_equal(count_entries(false), 1);
}

static void a_link_stays_and_what_it_points_at_is_replaced(void **state)
{
    (void)state;
    assert_int_equal(mkdir("store", 0700), 0);
    put("store/real", "old");
    assert_int_equal(symlink("store/real", "one"), 0);
    assert_int_equal(symlink("one", "two"), 0);
    write_whole("two", "new");
    assert_holds("store/real", "new");
    struct stat status;
    assert_int_equal(lstat("two", &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_int_equal(lstat("one", &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    /* One that points at nothing yet. */
    assert_int_equal(unlink("store/real"), 0);
    write_whole("two", "made");
    assert_holds("store/real", "made");
    assert_int_equal(unlink("store/real"), 0);
}

static void refused(const char *path, enum wh_status status, const char *part)
{
    struct wh_error error;
    assert_null(wh_atomic_open(path, &error));
    assert_int_equal(error.status, status);
    if (!strstr(error.text, part))
        fail_msg("%s: no \"%s\" in it", error.text, part);
}

static void what_cannot_be_replaced_is_refused_with_its_name(void **state)
{
    (void)state;
    assert_int_equal(symlink("turn", "round"), 0);
    assert_int_equal(symlink("round", "turn"), 0);
    put("file", "");
    refused("round", WH_FAILED, "round: too many symbolic links");
    refused("missing/model", WH_FAILED, "missing/model: cannot open the folder missing");
    refused("file/model", WH_FAILED, "file/model: cannot open the folder file");
    refused(".", WH_REFUSED, ".: is not a regular file");
    refused("/dev/null", WH_REFUSED, "/dev/null: is not a regular file");
    refused("", WH_REFUSED, "\"\" is not the name of a file");
    refused("new/", WH_REFUSED, "\"new/\" is not the name of a file");
    assert_int_equal(count_entries(false), 3);
}

static void a_name_of_the_greatest_length_is_written(void **state)
{
    (void)state;
    char name[256];
    memset(name, 'n', 255);
    name[255] = '\0';
    write_whole(name, "text");
    assert_holds(name, "text");
}

/* Runs `body` in a child; returns its wait status. */
static int in_child(void (*body)(void))
{
    pid_t child = fork();
    if (child == 0) {
        body();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

enum { FILLING = 1 << 20 };

/* Exits with 0 where writing more than fits has failed as it should. */
static void fill_beyond_the_end(void)
{
    static char much[FILLING];
    struct wh_error error;
    struct wh_atomic_file *file = wh_atomic_open("model", &error);
    if (!file)
        _exit(2);
    int result = wh_write_all(wh_atomic_descriptor(file), much, sizeof much, &error);
    if (result != 0 && strstr(error.text, "cannot write: "))
        wh_atomic_abort(file);
    else
        _exit(wh_atomic_commit(file, &error) == 0 ? 3 : 0);
}

static void fill_beyond_the_size_limit(void)
{
    struct rlimit limit = { FILLING / 2, FILLING / 2 };
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        _exit(4);
    fill_beyond_the_end();
}

static void a_file_that_may_not_grow_leaves_the_old_one(void **state)
{
    (void)state;
    put("model", "old");
    assert_int_equal(in_child(fill_beyond_the_size_limit), 0);
    assert_holds("model", "old");
    assert_int_equal(count_entries(false), 1);
}

static void a_disk_that_fills_leaves_the_old_file(void **state)
{
    (void)state;
#ifdef __linux__
    assert_int_equal(mkdir("disk", 0700), 0);
    if (mount("tmpfs", "disk", "tmpfs", 0, "size=512k") == 0) {
        assert_int_equal(chdir("disk"), 0);
        put("model", "old");
        int status = in_child(fill_beyond_the_end);
        assert_holds("model", "old");
        int entries = count_entries(true);
        assert_int_equal(chdir(".."), 0);
        assert_int_equal(umount("disk"), 0);
        assert_int_equal(status, 0);
        assert_int_equal(entries, 1);
        return;
    }
#endif
    print_message("# needs the right to mount\n");
    skip();
}

/* Writes half a file and says so on descriptor `told`; then waits to be killed. */
static int told;

static void write_half(void)
{
    struct wh_error error;
    struct wh_atomic_file *file = wh_atomic_open("model", &error);
    struct wh_lock *lock = wh_lock_take("model", &error);
    if (!file || !lock
        || wh_write_all(wh_atomic_descriptor(file), "ne", 2, &error) != 0
        || wh_write_all(told, "x", 1, &error) != 0)
        _exit(1);
    for (;;)
        pause();
}

static void kill_midway(int number)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        told = ends[1];
        write_half();
    }
    close(ends[1]);
    char byte;
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    assert_int_equal(access("model.lock", F_OK), 0);
    assert_int_equal(kill(child, number), 0);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), number);
    assert_holds("model", "old");
}

static void a_kill_leaves_the_old_file_and_no_lock_that_holds(void **state)
{
    (void)state;
    put("model", "old");
    kill_midway(SIGKILL);
    struct wh_error error;
    struct wh_lock *lock = wh_lock_take("model", &error);
    assert_non_null(lock);
    write_whole("model", "new");
    wh_lock_release(lock);
    assert_holds("model", "new");
    assert_int_equal(access("model.lock", F_OK), -1);
}

static void a_signal_ends_the_process_as_ever_and_leaves_only_the_old_file(void **state)
{
    (void)state;
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGXFSZ };
    put("model", "old");
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        kill_midway(numbers[i]);
        assert_int_equal(count_entries(false), 1);
    }
}

static volatile sig_atomic_t caught;

static void catch(int number)
{
    caught = number;
}

static void a_handler_of_the_program_and_an_ignored_signal_stay(void **state)
{
    (void)state;
    struct sigaction own = { .sa_handler = catch }, old_term, old_hup;
    sigaction(SIGTERM, &own, &old_term);
    own.sa_handler = SIG_IGN;
    sigaction(SIGHUP, &own, &old_hup);
    struct wh_error error;
    struct wh_lock *lock = wh_lock_take("model", &error);
    struct wh_atomic_file *file = begin_with("model", "text");
    raise(SIGTERM);
    raise(SIGHUP);
    assert_int_equal(caught, SIGTERM);
    assert_int_equal(wh_atomic_commit(file, &error), 0);
    wh_lock_release(lock);
    assert_holds("model", "text");
    sigaction(SIGTERM, &old_term, NULL);
    sigaction(SIGHUP, &old_hup, NULL);
}

/* Takes the lock in a child, which says that it writes, and is killed. */
static void kill_holder(uint64_t length)
{
    struct wh_error error;
    pid_t child = fork();
    if (child == 0) {
        struct wh_lock *lock = wh_lock_take("model", &error);
        wh_lock_appends(lock, length / 2);
        wh_lock_appends(lock, length);
        raise(SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

static void a_killed_holder_leaves_word_how_much_it_has_written(void **state)
{
    (void)state;
    struct wh_error error;
    uint64_t length;
    if (access("/proc/sys/kernel/random/boot_id", R_OK) != 0)
        skip();
    for (uint64_t wrote = 1; wrote < UINT64_MAX / 1000; wrote *= 1000) {
        kill_holder(wrote);
        for (int i = 0; i < 2; i++) {
            struct wh_lock *lock = wh_lock_take("model", &error);
            assert_true(wh_lock_left(lock, &length));
            assert_int_equal(length, wrote);
            (i == 0 ? wh_lock_leave : wh_lock_release)(lock);
        }
        assert_int_equal(count_entries(false), 0);
    }
    struct wh_lock *lock = wh_lock_take("model", &error);
    assert_false(wh_lock_left(lock, &length));
    wh_lock_release(lock);
}

/* Another boot, an older version, half a line. */
static void what_a_lock_file_does_not_say_for_sure_is_not_known(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "17", "17\n", "17\n5", "17\n00000000000000000005 ",
        "17\n00000000000000000005 01234567-89ab-cdef-0123-456789abcdef\n", "\n\n\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct wh_error error;
        uint64_t length;
        FILE *file = fopen("model.lock", "w");
        assert_non_null(file);
        fputs(texts[i], file);
        fclose(file);
        struct wh_lock *lock = wh_lock_take("model", &error);
        assert_false(wh_lock_left(lock, &length));
        wh_lock_release(lock);
    }
}

static void a_second_lock_is_refused_and_names_the_holder(void **state)
{
    (void)state;
    struct wh_error error;
    struct wh_lock *lock = wh_lock_take("model", &error);
    assert_non_null(lock);
    assert_int_equal(access("model.lock", F_OK), 0);
    assert_null(wh_lock_take("model", &error));
    assert_int_equal(error.status, WH_BROKEN);
    char expected[64];
    snprintf(expected, sizeof expected, "model: process %ld is writing it", (long)getpid());
    assert_string_equal(error.text, expected);
    wh_lock_release(lock);
    assert_int_equal(count_entries(false), 0);
    lock = wh_lock_take("model", &error);
    assert_non_null(lock);
    wh_lock_release(lock);
}

static void a_lock_whose_file_was_removed_no_longer_guards(void **state)
{
    (void)state;
    struct wh_error error;
    struct wh_lock *first = wh_lock_take("model", &error);
    assert_int_equal(wh_lock_check(first, &error), 0);
    assert_int_equal(unlink("model.lock"), 0);
    assert_int_equal(wh_lock_check(first, &error), -1);
    assert_int_equal(error.status, WH_BROKEN);
    assert_non_null(strstr(error.text, "model: its lock file model.lock was removed"));
    struct wh_lock *second = wh_lock_take("model", &error);
    assert_non_null(second);
    assert_int_equal(wh_lock_check(first, &error), -1);
    assert_int_equal(wh_lock_check(second, &error), 0);
    wh_lock_release(first);
    /* What the second holds is still there. */
    assert_int_equal(wh_lock_check(second, &error), 0);
    assert_null(wh_lock_take("model", &error));
    wh_lock_release(second);
    assert_int_equal(count_entries(false), 0);
}

static void a_file_is_not_replaced_under_a_lock_that_was_removed(void **state)
{
    (void)state;
    struct wh_error error;
    put("model", "old");
    struct wh_lock *lock = wh_lock_take("model", &error);
    struct wh_lock *other = wh_lock_take("mod", &error);
    struct wh_atomic_file *file = begin_with("model", "new");
    unlink("model.lock");
    assert_int_equal(wh_atomic_commit(file, &error), -1);
    assert_int_equal(error.status, WH_BROKEN);
    assert_non_null(strstr(error.text, "model: its lock file model.lock was removed"));
    assert_holds("model", "old");
    assert_int_equal(wh_atomic_commit(begin_with("mod", "new"), &error), 0);
    wh_lock_release(other);
    wh_lock_release(lock);
    assert_int_equal(wh_atomic_commit(begin_with("model", "new"), &error), 0);
    assert_int_equal(count_entries(false), 2);
}

static void a_signal_removes_no_lock_of_another_process(void **state)
{
    (void)state;
    struct wh_error error;
    pid_t child = fork();
    if (child == 0) {
        wh_lock_take("model", &error);
        unlink("model.lock");
        put("model.lock", "another's");
        raise(SIGTERM);
        _exit(1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_holds("model.lock", "another's");
}

static void a_file_has_one_lock_under_all_its_names(void **state)
{
    (void)state;
    struct wh_error error;
    assert_int_equal(symlink("model", "link"), 0);
    struct wh_lock *lock = wh_lock_take("model", &error);
    assert_null(wh_lock_take("link", &error));
    assert_int_equal(error.status, WH_BROKEN);
    wh_lock_release(lock);
}

static void two_names_are_one_place_whether_there_is_a_file_or_not(void **state)
{
    (void)state;
    assert_int_equal(mkdir("folder", 0700), 0);
    assert_int_equal(symlink("../there", "folder/link"), 0);
    for (int written = 0; written < 2; written++) {
        assert_true(wh_file_same("there", "./there"));
        assert_true(wh_file_same("folder/../there", "there"));
        assert_true(wh_file_same("there", "folder/link"));
        assert_false(wh_file_same("there", "folder/there"));
        assert_false(wh_file_same("there", "elsewhere"));
        put("there", "");
    }
    assert_int_equal(link("there", "elsewhere"), 0);
    assert_false(wh_file_same("there", "elsewhere")); /* replacing one leaves the other */
    assert_false(wh_file_same("there", "nowhere/there"));
    assert_true(wh_file_same("nowhere/there", "nowhere/there"));
    assert_false(wh_file_same("there", "folder/"));
    unlink("folder/link");
}

static void a_lock_that_is_a_link_is_not_followed(void **state)
{
    (void)state;
    struct wh_error error;
    put("victim", "text");
    assert_int_equal(symlink("victim", "model.lock"), 0);
    assert_null(wh_lock_take("model", &error));
    assert_int_equal(error.status, WH_FAILED);
    assert_holds("victim", "text");
}

/* Adds one to the number in the file, under its lock, a hundred times. */
static void count_under_lock(void)
{
    struct wh_error error;
    for (int i = 0; i < 100;) {
        struct wh_lock *lock = wh_lock_take("count", &error);
        if (!lock && error.status != WH_BROKEN)
            _exit(1);
        if (!lock)
            continue;
        size_t length;
        char *text = wh_read_file("count", 100, &length, &error);
        char next[24];
        snprintf(next, sizeof next, "%ld", strtol(text, NULL, 10) + 1);
        free(text);
        FILE *file = fopen("count", "w");
        if (!file || fputs(next, file) < 0 || fclose(file) != 0)
            _exit(1);
        wh_lock_release(lock);
        i++;
    }
}

static void processes_that_lock_and_release_never_hold_together(void **state)
{
    (void)state;
    enum { PROCESSES = 4 };
    put("count", "0");
    pid_t children[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            count_under_lock();
            _exit(0);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_holds("count", "400");
    assert_int_equal(access("count.lock", F_OK), -1);
}

static void a_file_is_read_whole_up_to_its_limit(void **state)
{
    (void)state;
    struct wh_error error;
    size_t length;
    put("empty", "");
    assert_holds("empty", "");
    char *text = wh_alloc(200001, 1);
    memset(text, 'x', 200000);
    put("large", text);
    assert_holds("large", text);
    free(text);
    text = wh_read_file("large", 200000, &length, &error);
    assert_int_equal(length, 200000);
    free(text);
    assert_null(wh_read_file("large", 199999, &length, &error));
    assert_string_equal(error.text, "large: is larger than 199999 bytes");
    assert_null(wh_read_file("missing", 10, &length, &error));
    assert_non_null(strstr(error.text, "missing: cannot open: "));
    assert_null(wh_read_file(".", 10, &length, &error));
    assert_non_null(strstr(error.text, ".: cannot read: "));
}

static void writing_waits_for_a_slow_reader_even_when_not_blocking(void **state)
{
    (void)state;
    static char sent[1 << 20];
    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (char)(i * 31 >> 3);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[1]);
        size_t at = 0;
        char got[5000];
        for (ssize_t n; (n = read(ends[0], got, sizeof got)) > 0; at += (size_t)n)
            if (at + (size_t)n > sizeof sent || memcmp(got, sent + at, (size_t)n) != 0)
                _exit(1);
        _exit(at == sizeof sent ? 0 : 2);
    }
    close(ends[0]);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    struct wh_error error;
    assert_int_equal(wh_write_all(ends[1], sent, sizeof sent, &error), 0);
    close(ends[1]);
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
}

static void writing_to_a_full_device_fails_with_the_reason(void **state)
{
    (void)state;
#ifdef __linux__
    struct wh_error error;
    int full = open("/dev/full", O_WRONLY);
    assert_true(full >= 0);
    assert_int_equal(wh_write_all(full, "x", 1, &error), -1);
    assert_string_equal(error.text, "cannot write: No space left on device");
    assert_int_equal(error.status, WH_FAILED);
    close(full);
#else
    print_message("# needs /dev/full\n");
    skip();
#endif
}

static void a_spool_has_no_name_and_goes_where_tmpdir_says(void **state)
{
    (void)state;
    struct wh_error error;
    char *old = getenv("TMPDIR");
    char *saved = old ? wh_copy(old, strlen(old)) : NULL;
    setenv("TMPDIR", home, 1);
    int spool = wh_spool_open(&error);
    assert_true(spool >= 0);
    struct stat here, there;
    assert_int_equal(fstat(spool, &there), 0);
    assert_int_equal(stat(".", &here), 0);
    assert_true(here.st_dev == there.st_dev);
    assert_int_equal(there.st_nlink, 0);
    assert_int_equal(count_entries(false), 0);
    assert_int_equal(wh_write_all(spool, "abc", 3, &error), 0);
    char text[4] = "";
    assert_int_equal(pread(spool, text, 3, 0), 3);
    assert_string_equal(text, "abc");
    assert_int_equal(fcntl(spool, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    close(spool);
    setenv("TMPDIR", "/missing", 1);
    assert_int_equal(wh_spool_open(&error), -1);
    assert_non_null(strstr(error.text, "/missing (see TMPDIR)"));
    if (saved)
        setenv("TMPDIR", saved, 1);
    else
        unsetenv("TMPDIR");
    free(saved);
}

static void a_pipe_is_enlarged_and_anything_else_left_alone(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    wh_pipe_enlarge(ends[1]);
#ifdef F_GETPIPE_SZ
    assert_true(fcntl(ends[1], F_GETPIPE_SZ) >= 65536);
#endif
    assert_int_equal(write(ends[1], "x", 1), 1);
    close(ends[0]);
    close(ends[1]);
    put("file", "text");
    int file = open("file", O_RDONLY);
    wh_pipe_enlarge(file);
    wh_pipe_enlarge(-1);
    close(file);
    assert_holds("file", "text");
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_new_folder, leave_folder)

int main(void)
{
    wh_signals_own();
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(a_new_file_appears_with_the_commit_and_only_for_its_owner),
        IN_A_FOLDER(a_replaced_file_keeps_its_mode_and_is_old_or_new),
        IN_A_FOLDER(a_file_given_up_changes_nothing),
        IN_A_FOLDER(two_writers_of_one_file_both_give_it_whole),
        IN_A_FOLDER(a_link_stays_and_what_it_points_at_is_replaced),
        IN_A_FOLDER(what_cannot_be_replaced_is_refused_with_its_name),
        IN_A_FOLDER(a_name_of_the_greatest_length_is_written),
        IN_A_FOLDER(a_file_that_may_not_grow_leaves_the_old_one),
        IN_A_FOLDER(a_disk_that_fills_leaves_the_old_file),
        IN_A_FOLDER(a_kill_leaves_the_old_file_and_no_lock_that_holds),
        IN_A_FOLDER(a_signal_ends_the_process_as_ever_and_leaves_only_the_old_file),
        IN_A_FOLDER(a_handler_of_the_program_and_an_ignored_signal_stay),
        IN_A_FOLDER(a_killed_holder_leaves_word_how_much_it_has_written),
        IN_A_FOLDER(what_a_lock_file_does_not_say_for_sure_is_not_known),
        IN_A_FOLDER(a_second_lock_is_refused_and_names_the_holder),
        IN_A_FOLDER(a_lock_whose_file_was_removed_no_longer_guards),
        IN_A_FOLDER(a_file_is_not_replaced_under_a_lock_that_was_removed),
        IN_A_FOLDER(a_signal_removes_no_lock_of_another_process),
        IN_A_FOLDER(a_file_has_one_lock_under_all_its_names),
        IN_A_FOLDER(two_names_are_one_place_whether_there_is_a_file_or_not),
        IN_A_FOLDER(a_lock_that_is_a_link_is_not_followed),
        IN_A_FOLDER(processes_that_lock_and_release_never_hold_together),
        IN_A_FOLDER(a_file_is_read_whole_up_to_its_limit),
        IN_A_FOLDER(writing_waits_for_a_slow_reader_even_when_not_blocking),
        IN_A_FOLDER(writing_to_a_full_device_fails_with_the_reason),
        IN_A_FOLDER(a_spool_has_no_name_and_goes_where_tmpdir_says),
        IN_A_FOLDER(a_pipe_is_enlarged_and_anything_else_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
