/* The states that a filter keeps: which one a stream takes up, and what is removed when. */
#define _XOPEN_SOURCE 700 /* nftw, mkdtemp */

#include <errno.h>
#include <ftw.h>
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

#include "pipe/keep.h"

static char folder[64], state_path[96];

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status, (void)type, (void)place;
    return remove(path);
}

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/wh-test-keep-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(state_path, sizeof state_path, "%s/s", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void expect_text(const char *name, const char *text)
{
    char found[64] = "";
    FILE *file = fopen(path_of(name), "r");
    if (!file)
        fail_msg("%s is not there", name);
    size_t length = fread(found, 1, sizeof found - 1, file);
    fclose(file);
    found[length] = '\0';
    assert_string_equal(found, text);
}

static bool there(const char *name)
{
    return access(path_of(name), F_OK) == 0;
}

/* A stream of `epoch` that goes on from `from`, "" being the beginning. */
static struct wh_keep *begin(const char *epoch, const char *from, uint64_t n)
{
    struct wh_control control = { .kind = WH_CONTROL_BEGIN };
    struct wh_error error;
    strcpy(control.place.epoch, epoch);
    strcpy(control.from.epoch, from);
    control.from.n = n;
    struct wh_keep *keep = wh_keep_open(state_path, &control, &error);
    if (!keep)
        fail_msg("%s", error.text);
    return keep;
}

/* Writes the state of checkpoint n, whose content is "EPOCH N". */
static void save(struct wh_keep *keep, const char *epoch, uint64_t n)
{
    struct wh_place place = { .n = n };
    char text[64];
    strcpy(place.epoch, epoch);
    snprintf(text, sizeof text, "%s %d", epoch, (int)n);
    write_text(wh_keep_target(keep, &place), text);
}

static void committed(struct wh_keep *keep, uint64_t n)
{
    struct wh_error error;
    if (wh_keep_committed(keep, n, &error) != 0)
        fail_msg("%s", error.text);
}

#define ONE "111111111111"
#define TWO "222222222222"
#define THREE "333333333333"

static void nothing_is_removed_before_a_commit_of_our_own(void **state)
{
    (void)state;
    struct wh_keep *keep = begin(ONE, "", 0);
    assert_null(wh_keep_source(keep));
    save(keep, ONE, 1);
    save(keep, ONE, 2);
    wh_keep_close(keep);

    struct wh_keep *next = begin(TWO, "", 0);
    save(next, TWO, 1);
    committed(next, 0);
    assert_true(there("s." ONE ".1") && there("s." ONE ".2") && there("s." TWO ".1"));
    assert_false(there("s"));
    committed(next, 1);
    assert_false(there("s." ONE ".1") || there("s." ONE ".2"));
    expect_text("s." TWO ".1", TWO " 1");
    expect_text("s", TWO " 1");
    wh_keep_close(next);
}

static void exactly_the_state_of_from_is_taken_up(void **state)
{
    (void)state;
    struct wh_error error;
    struct wh_keep *keep = begin(ONE, "", 0);
    for (uint64_t n = 1; n <= 4; n++)
        save(keep, ONE, n);
    committed(keep, 2);
    committed(keep, 3);
    wh_keep_close(keep);
    assert_false(there("s." ONE ".1"));

    keep = begin(TWO, ONE, 4);
    assert_string_equal(wh_keep_source(keep), path_of("s." ONE ".4"));
    struct wh_place found = { ONE, 4 }, other = { ONE, 3 };
    assert_int_equal(wh_keep_check(keep, &found, &error), 0);
    assert_int_equal(wh_keep_check(keep, &other, &error), -1);
    assert_int_equal(error.status, WH_BROKEN);
    assert_int_equal(wh_keep_check(keep, NULL, &error), -1);
    assert_int_equal(error.status, WH_BROKEN);
    wh_keep_close(keep);

    /* STATE alone, as after a move to another machine. */
    unlink(path_of("s." ONE ".4"));
    unlink(path_of("s." ONE ".3"));
    keep = begin(TWO, ONE, 3);
    assert_string_equal(wh_keep_source(keep), state_path);
    wh_keep_close(keep);
}

static void a_stream_from_nothing_takes_up_a_fitted_state_and_no_streams(void **state)
{
    (void)state;
    struct wh_error error;
    write_text(state_path, "fitted");
    struct wh_keep *keep = begin(ONE, "", 0);
    assert_string_equal(wh_keep_source(keep), state_path);
    struct wh_place fitted = { "", 0 }, streams = { TWO, 9 };
    assert_int_equal(wh_keep_check(keep, &fitted, &error), 0);
    assert_int_equal(wh_keep_check(keep, NULL, &error), 0);
    assert_int_equal(wh_keep_check(keep, &streams, &error), -1);
    assert_int_equal(error.status, WH_BROKEN);
    wh_keep_close(keep);
}

/* ONE commits 3 and falls asleep before it hears of it; TWO goes on from there. */
static void a_sleeper_that_wakes_takes_nothing_from_its_successor(void **state)
{
    (void)state;
    struct wh_keep *sleeper = begin(ONE, "", 0);
    for (uint64_t n = 1; n <= 3; n++)
        save(sleeper, ONE, n);
    struct wh_keep *next = begin(TWO, ONE, 3);
    save(next, TWO, 1);
    committed(sleeper, 3);
    assert_true(there("s." ONE ".3") && there("s." TWO ".1"));
    committed(next, 1);
    expect_text("s", TWO " 1");
    save(sleeper, ONE, 4);
    committed(sleeper, 4); /* cannot be: but whatever it believes, ... */
    assert_true(there("s." TWO ".1"));
    wh_keep_close(sleeper);
    wh_keep_close(next);

    /* ... the one behind them finds its state. */
    struct wh_keep *last = begin(THREE, TWO, 1);
    assert_string_equal(wh_keep_source(last), path_of("s." TWO ".1"));
    save(last, THREE, 1);
    committed(last, 1);
    assert_false(there("s." ONE ".4"));
    wh_keep_close(last);
}

/* A commit that was seen need not last: C may hold again what it held before. */
static void the_state_of_the_commit_before_the_last_is_left(void **state)
{
    (void)state;
    struct wh_keep *keep = begin(ONE, "", 0);
    for (uint64_t n = 1; n <= 9; n++)
        save(keep, ONE, n);
    committed(keep, 3);
    committed(keep, 5);
    assert_false(there("s." ONE ".1") || there("s." ONE ".2"));
    /* The commit before 5 may have been 4 as well. */
    assert_true(there("s." ONE ".3") && there("s." ONE ".4") && there("s." ONE ".5"));
    committed(keep, 8);
    assert_false(there("s." ONE ".3") || there("s." ONE ".4"));
    assert_true(there("s." ONE ".5") && there("s." ONE ".6") && there("s." ONE ".8"));
    wh_keep_close(keep);

    /* Across runs it is the state that the stream went on from. */
    keep = begin(TWO, ONE, 8);
    save(keep, TWO, 1);
    committed(keep, 1);
    assert_true(there("s." ONE ".8"));
    assert_false(there("s." ONE ".5") || there("s." ONE ".7") || there("s." ONE ".9"));
    wh_keep_close(keep);
    keep = begin(THREE, ONE, 8);
    assert_string_equal(wh_keep_source(keep), path_of("s." ONE ".8"));
    save(keep, THREE, 1);
    save(keep, THREE, 2);
    committed(keep, 1);
    assert_false(there("s." TWO ".1"));
    committed(keep, 2);
    assert_false(there("s." ONE ".8"));
    assert_true(there("s." THREE ".1") && there("s." THREE ".2"));
    wh_keep_close(keep);
}

/* As after a move to another machine, whether STATE is a file or a link to one. */
static void state_alone_gets_the_name_of_its_checkpoint_before_it_is_replaced(void **state)
{
    (void)state;
    for (int linked = 0; linked <= 1; linked++) {
        unlink(state_path);
        write_text(linked ? path_of("real") : state_path, ONE " 3");
        if (linked)
            assert_int_equal(symlink("real", state_path), 0);
        struct wh_keep *keep = begin(TWO, ONE, 3);
        assert_string_equal(wh_keep_source(keep), state_path);
        save(keep, TWO, 1);
        committed(keep, 1);
        wh_keep_close(keep);
        expect_text("s", TWO " 1");
        expect_text("s." ONE ".3", ONE " 3");
        unlink(path_of("s." ONE ".3"));
    }
}

static void what_a_kill_left_of_a_name_goes_with_the_next_commit(void **state)
{
    (void)state;
    write_text(path_of("s." ONE ".7.new"), ONE " 7");
    struct wh_keep *keep = begin(TWO, ONE, 7);
    save(keep, TWO, 1);
    assert_true(there("s." ONE ".7.new"));
    committed(keep, 1);
    assert_false(there("s." ONE ".7.new"));
    wh_keep_close(keep);
}

static void a_run_that_another_has_gone_on_before_is_refused(void **state)
{
    (void)state;
    struct wh_control control = { .kind = WH_CONTROL_BEGIN, .at = 1, .place.epoch = TWO,
                                  .from = { ONE, 3 } };
    struct wh_error error;
    char expected[256];
    write_text(path_of("s." ONE ".3"), "old");
    write_text(state_path, "newer");
    assert_null(wh_keep_open(state_path, &control, &error));
    assert_int_equal(error.status, WH_BROKEN);
    snprintf(expected, sizeof expected, "%s: another run has continued from checkpoint 3 of epoch "
             ONE " since this one began (only one may; run the line again)", state_path);
    assert_string_equal(error.text, expected);
}

static void a_state_that_cannot_be_replaced_is_told(void **state)
{
    (void)state;
    struct wh_keep *keep = begin(ONE, "", 0);
    struct wh_error error;
    char expected[256];
    save(keep, ONE, 1);
    mkdir(state_path, 0700);
    assert_int_equal(wh_keep_committed(keep, 1, &error), -1);
    snprintf(expected, sizeof expected, "%s: cannot replace the file: %s", state_path,
             strerror(EISDIR));
    assert_string_equal(error.text, expected);
    wh_keep_close(keep);
}

static void files_of_others_stay(void **state)
{
    (void)state;
    static const char *const names[] = { "s.json", "s.lock", "s.111111111111", "s.111111111111.x",
                                         "s.111111111111.0", "s.2024.1", "st." ONE ".1",
                                         "s.11111111111G.1", "s." ONE ".1.old" };
    enum { NAMES = sizeof names / sizeof *names };
    for (size_t i = 0; i < NAMES; i++)
        write_text(path_of(names[i]), "theirs");
    struct wh_keep *keep = begin(TWO, "", 0);
    save(keep, TWO, 1);
    committed(keep, 1);
    wh_keep_close(keep);
    for (size_t i = 0; i < NAMES; i++)
        expect_text(names[i], "theirs");
}

static void a_state_behind_a_link_stays_there_and_keeps_who_may_read_it(void **state)
{
    (void)state;
    struct stat status;
    write_text(path_of("real"), "fitted");
    assert_int_equal(symlink("real", state_path), 0);
    struct wh_keep *keep = begin(ONE, "", 0);
    save(keep, ONE, 1);
    committed(keep, 1);
    expect_text("real", ONE " 1");
    assert_int_equal(lstat(state_path, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    wh_keep_close(keep);

    unlink(state_path);
    write_text(state_path, "fitted");
    chmod(state_path, 0640);
    keep = begin(TWO, "", 0);
    save(keep, TWO, 1);
    committed(keep, 1);
    assert_int_equal(stat(state_path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    wh_keep_close(keep);
}

static void a_checkpoint_without_a_state_changes_nothing(void **state)
{
    (void)state;
    write_text(state_path, "fitted");
    struct wh_keep *keep = begin(ONE, "", 0);
    committed(keep, 5);
    expect_text("s", "fitted");
    wh_keep_close(keep);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_removed_before_a_commit_of_our_own),
        TEST(exactly_the_state_of_from_is_taken_up),
        TEST(a_stream_from_nothing_takes_up_a_fitted_state_and_no_streams),
        TEST(a_sleeper_that_wakes_takes_nothing_from_its_successor),
        TEST(the_state_of_the_commit_before_the_last_is_left),
        TEST(state_alone_gets_the_name_of_its_checkpoint_before_it_is_replaced),
        TEST(what_a_kill_left_of_a_name_goes_with_the_next_commit),
        TEST(files_of_others_stay),
        TEST(a_run_that_another_has_gone_on_before_is_refused),
        TEST(a_state_that_cannot_be_replaced_is_told),
        TEST(a_state_behind_a_link_stays_there_and_keeps_who_may_read_it),
        TEST(a_checkpoint_without_a_state_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
