/* The way out of a run: what leaves when, while files are being saved. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memory.h"
#include "pipe/outlet.h"

/* Saving that takes as long as the test says, and what became of it. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool open, fails;
    unsigned begun, saved, dropped;
};

static int pass_gate(void *context, struct wh_error *error)
{
    struct gate *gate = context;
    pthread_mutex_lock(&gate->lock);
    gate->begun++;
    pthread_cond_broadcast(&gate->changed);
    while (!gate->open)
        pthread_cond_wait(&gate->changed, &gate->lock);
    bool fails = gate->fails;
    gate->saved += !fails;
    pthread_mutex_unlock(&gate->lock);
    return fails ? wh_fail(error, WH_FAILED, "s: the disk is full") : 0;
}

static void drop_gate(void *context)
{
    struct gate *gate = context;
    pthread_mutex_lock(&gate->lock);
    gate->dropped++;
    pthread_mutex_unlock(&gate->lock);
}

static void open_gate(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->open = true;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

static void wait_begun(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    while (gate->begun == 0)
        pthread_cond_wait(&gate->changed, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
}

/* An outlet whose other end is read at the end, or by hand. */
struct fixture {
    int ends[2];
    struct wh_outlet *outlet;
    struct gate gate;
};

static int begin(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){ .gate = { .open = false } };
    pthread_mutex_init(&fixture.gate.lock, NULL);
    pthread_cond_init(&fixture.gate.changed, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (pipe(fixture.ends) != 0)
        return -1;
    fixture.outlet = wh_outlet_open(fixture.ends[1]);
    *state = &fixture;
    return 0;
}

static int end(void **state)
{
    struct fixture *fixture = *state;
    open_gate(&fixture->gate);
    wh_outlet_close(fixture->outlet);
    close(fixture->ends[0]);
    close(fixture->ends[1]);
    return 0;
}

static void put(struct fixture *fixture, const char *text)
{
    struct wh_error error;
    if (wh_outlet_write(fixture->outlet, text, strlen(text), &error) != 0)
        fail_msg("%s", error.text);
}

/* A record that leaves when the gate has let its saving pass. */
static void put_record(struct fixture *fixture, uint64_t n, const char *text, const char *skipped)
{
    struct wh_error error;
    assert_int_equal(wh_outlet_run(fixture->outlet, pass_gate, drop_gate, &fixture->gate, &error),
                     0);
    assert_true(wh_outlet_saves(fixture->outlet));
    wh_outlet_record(fixture->outlet, n, skipped, skipped ? strlen(skipped) : 0);
    put(fixture, text);
    assert_false(wh_outlet_saves(fixture->outlet));
}

static void settle(struct fixture *fixture)
{
    struct wh_error error;
    if (wh_outlet_settle(fixture->outlet, &error) != 0)
        fail_msg("%s", error.text);
}

/* What can be read now. */
static void expect(const struct fixture *fixture, const char *text)
{
    char found[256];
    fcntl(fixture->ends[0], F_SETFL, O_NONBLOCK);
    ssize_t got = read(fixture->ends[0], found, sizeof found - 1);
    found[got > 0 ? got : 0] = '\0';
    assert_string_equal(found, text);
}

static void without_files_bytes_leave_at_once(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, "row\n");
    expect(fixture, "row\n");
    wh_outlet_record(fixture->outlet, 1, NULL, 0);
    put(fixture, "record\n");
    expect(fixture, "record\n");
}

static void a_record_leaves_when_its_files_are_saved_and_the_run_goes_on_meanwhile(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, "a\n");
    put_record(fixture, 1, "record 1\n", "skipped 1\n");
    wait_begun(&fixture->gate);
    for (int i = 0; i < 3; i++)
        put(fixture, "b\n"); /* does not wait */
    expect(fixture, "a\n");
    open_gate(&fixture->gate);
    settle(fixture);
    expect(fixture, "record 1\nb\nb\nb\n");
    assert_int_equal(fixture->gate.saved, 1);
    assert_int_equal(fixture->gate.dropped, 1);
    put(fixture, "c\n");
    expect(fixture, "c\n");
}

static void records_keep_their_order_and_each_is_saved_while_there_is_little_to_wait(void **state)
{
    struct fixture *fixture = *state;
    put_record(fixture, 1, "1\n", "skipped 1\n");
    put(fixture, "a\n");
    put_record(fixture, 2, "2\n", "skipped 2\n");
    put_record(fixture, 3, "3\n", NULL);
    open_gate(&fixture->gate);
    settle(fixture);
    expect(fixture, "1\na\n2\n3\n");
    assert_int_equal(fixture->gate.saved, 3);
}

/* Reads all that comes, so that a pipe's size does not matter. */
static void *read_all(void *context)
{
    const struct fixture *fixture = context;
    struct wh_buffer *found = wh_alloc(1, sizeof *found);
    for (;;) {
        ssize_t got = read(fixture->ends[0], wh_buffer_reserve(found, 4096), 4096);
        if (got <= 0)
            return found;
        found->length += (size_t)got;
    }
}

static void records_that_disk_and_bytes_hold_up_are_skipped_and_the_last_is_saved(void **state)
{
    enum { LONG = 3 << 20 };
    struct fixture *fixture = *state;
    struct wh_error error;
    char *rows = wh_alloc(LONG + 1, 1);
    memset(rows, 'r', LONG);
    pthread_t reader;
    pthread_create(&reader, NULL, read_all, fixture);
    put_record(fixture, 1, "[1]", "(1)");
    wait_begun(&fixture->gate);
    put(fixture, rows);
    put_record(fixture, 2, "[2]", "(2)");
    put(fixture, rows);
    put_record(fixture, 3, "[3]", "(3)");
    put_record(fixture, 4, "[4]", NULL);
    put_record(fixture, 5, "[5]", NULL);
    open_gate(&fixture->gate);
    assert_int_equal(wh_outlet_await(fixture->outlet, 5, &error), 0);
    assert_int_equal(fixture->gate.saved, 3);
    assert_int_equal(fixture->gate.dropped, 5);
    settle(fixture);
    close(fixture->ends[1]);
    void *result;
    pthread_join(reader, &result);
    struct wh_buffer *found = result;
    assert_int_equal(found->length, 2 * LONG + 5 * 3);
    assert_memory_equal(found->data, "[1]r", 4);
    assert_memory_equal(found->data + 3 + LONG, "(2)r", 4);
    assert_memory_equal(found->data + 6 + 2 * LONG, "(3)[4][5]", 9);
    wh_buffer_free(found);
    free(found);
    free(rows);
    fixture->ends[1] = open("/dev/null", O_WRONLY);
}

static void nothing_leaves_after_saving_has_failed(void **state)
{
    struct fixture *fixture = *state;
    struct wh_error error;
    fixture->gate.fails = true;
    put_record(fixture, 1, "record 1\n", NULL);
    put(fixture, "b\n");
    open_gate(&fixture->gate);
    errno = EPIPE;
    assert_int_equal(wh_outlet_settle(fixture->outlet, &error), -1);
    assert_int_equal(errno, 0);
    assert_string_equal(error.text, "s: the disk is full");
    assert_int_equal(wh_outlet_check(fixture->outlet, &error), -1);
    assert_int_equal(wh_outlet_write(fixture->outlet, "c\n", 2, &error), -1);
    assert_int_equal(wh_outlet_await(fixture->outlet, 1, &error), -1);
    expect(fixture, "");
}

static void a_reader_that_has_gone_is_noticed_after_saving_too(void **state)
{
    struct fixture *fixture = *state;
    struct wh_error error;
    put_record(fixture, 1, "record 1\n", NULL);
    close(fixture->ends[0]);
    open_gate(&fixture->gate);
    assert_int_equal(wh_outlet_settle(fixture->outlet, &error), -1);
    assert_int_equal(errno, EPIPE);
    assert_int_equal(wh_outlet_write(fixture->outlet, "c\n", 2, &error), -1);
    assert_int_equal(errno, EPIPE);
    fixture->ends[0] = open("/dev/null", O_RDONLY);
}

/* A process that has set nothing for SIGPIPE, whose thread writes to a pipe without a reader. */
static _Noreturn void write_unread(void)
{
    struct fixture fixture = { .gate = { .lock = PTHREAD_MUTEX_INITIALIZER,
                                         .changed = PTHREAD_COND_INITIALIZER } };
    struct wh_error error;
    signal(SIGPIPE, SIG_DFL);
    if (pipe(fixture.ends) != 0)
        _exit(2);
    fixture.outlet = wh_outlet_open(fixture.ends[1]);
    put_record(&fixture, 1, "record 1\n", NULL);
    close(fixture.ends[0]);
    open_gate(&fixture.gate);
    _exit(wh_outlet_settle(fixture.outlet, &error) == 0 ? 0 : 1);
}

static void a_reader_that_has_gone_ends_the_process_from_the_writing_thread_too(void **state)
{
    (void)state;
    int status;
    pid_t child = fork();
    if (child == 0)
        write_unread();
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGPIPE);
}

static void what_waits_for_another_record_holds_nobody_up(void **state)
{
    struct fixture *fixture = *state;
    struct wh_error error;
    put_record(fixture, 7, "7\n", NULL);
    assert_int_equal(wh_outlet_await(fixture->outlet, 6, &error), 0);
    open_gate(&fixture->gate);
    assert_int_equal(wh_outlet_await(fixture->outlet, 7, &error), 0);
    assert_int_equal(fixture->gate.saved, 1);
}

static void without_output_files_are_saved_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct wh_error error;
    wh_outlet_close(fixture->outlet);
    fixture->outlet = wh_outlet_open(-1);
    put_record(fixture, 1, "", "");
    put_record(fixture, 2, "", NULL);
    open_gate(&fixture->gate);
    settle(fixture);
    assert_int_equal(fixture->gate.saved, 2);
    assert_int_equal(fixture->gate.dropped, 2);
    assert_int_equal(wh_outlet_check(fixture->outlet, &error), 0);
}

/* What was handed in for a record that never came is dropped. */
static void what_belongs_to_no_record_is_not_saved(void **state)
{
    struct fixture *fixture = *state;
    struct wh_error error;
    open_gate(&fixture->gate);
    wh_outlet_run(fixture->outlet, pass_gate, drop_gate, &fixture->gate, &error);
    put(fixture, "row\n");
    expect(fixture, "row\n");
    wh_outlet_close(fixture->outlet);
    assert_int_equal(fixture->gate.saved, 0);
    assert_int_equal(fixture->gate.dropped, 1);
    fixture->outlet = NULL;
}

static void drop_badly(void *context)
{
    (void)context;
    errno = ENOENT;
}

static void what_is_dropped_after_a_failure_does_not_hide_its_errno(void **state)
{
    struct fixture *fixture = *state;
    struct wh_error error;
    put_record(fixture, 1, "record\n", NULL);
    close(fixture->ends[0]);
    open_gate(&fixture->gate);
    assert_int_equal(wh_outlet_settle(fixture->outlet, &error), -1);
    wh_outlet_run(fixture->outlet, pass_gate, drop_badly, &fixture->gate, &error);
    wh_outlet_record(fixture->outlet, 2, NULL, 0);
    errno = 0;
    assert_int_equal(wh_outlet_write(fixture->outlet, "next\n", 5, &error), -1);
    assert_int_equal(errno, EPIPE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(without_files_bytes_leave_at_once),
        TEST(a_record_leaves_when_its_files_are_saved_and_the_run_goes_on_meanwhile),
        TEST(records_keep_their_order_and_each_is_saved_while_there_is_little_to_wait),
        TEST(records_that_disk_and_bytes_hold_up_are_skipped_and_the_last_is_saved),
        TEST(nothing_leaves_after_saving_has_failed),
        TEST(a_reader_that_has_gone_is_noticed_after_saving_too),
        TEST(a_reader_that_has_gone_ends_the_process_from_the_writing_thread_too),
        TEST(what_waits_for_another_record_holds_nobody_up),
        TEST(without_output_files_are_saved_in_order),
        TEST(what_belongs_to_no_record_is_not_saved),
        TEST(what_is_dropped_after_a_failure_does_not_hide_its_errno),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
