/* The progress display, with a clock of its own. With the argument "print" it prints what a log gets
 * of runs of several kinds: a golden file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/progress.h"

static const struct wh_lag lag = { .rows = 1024, .seconds = 0.25 };

static const struct wh_run_progress states[] = {
    { .rows = 1, .share = -1 },
    { .rows = 25, .share = -1 },
    { .rows = 1234567, .share = -1 },
    { .rows = 1234567, .rejected = 3, .share = -1 },
    { .rows = 2000000, .rejected = 1250, .share = 0.25 },
    { .rows = 2000000, .share = 0.001 },
    { .rows = 8000000, .share = 0.9995 },
    { .rows = 8000000, .share = 1 },
    { .rows = 8000000, .share = -1, .lag = &lag },
    { .rows = 8000000, .rejected = 2, .share = 0.5, .lag = &lag, .more = "loss 0.25" },
    { .rows = 8000000, .share = -1, .more = "names\tand \033[31mescapes" },
};

/* As lines of a log, to standard error. */
static void print_states(void)
{
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        struct wh_progress *progress = wh_progress_begin(true, false, -1, 0);
        wh_progress_draw(progress, &states[i], 10);
        wh_progress_end(progress);
    }
    struct wh_progress *progress = wh_progress_begin(true, false, -1, 0);
    for (uint64_t i = 1; i <= 5; i++) {
        struct wh_run_progress state = { .rows = i * i * 1000, .share = (double)i / 5 };
        wh_progress_draw(progress, &state, (double)i * 10);
    }
    wh_progress_end(progress);
    progress = wh_progress_begin(true, false, -1, 0);
    wh_progress_draw(progress, &(struct wh_run_progress){ .rows = 2000, .share = 0.01 }, 100);
    wh_progress_end(progress);
}

static void a_log_gets_a_line_every_ten_seconds(void **state)
{
    (void)state;
    struct wh_progress *progress = wh_progress_begin(true, false, -1, 100);
    assert_non_null(progress);
    if (!isatty(STDERR_FILENO)) {
        assert_false(wh_progress_due(progress, 109));
        assert_true(wh_progress_due(progress, 110));
    }
    wh_progress_end(progress);
}

static void quiet_shows_nothing(void **state)
{
    (void)state;
    assert_null(wh_progress_begin(true, true, -1, 0));
    assert_false(wh_progress_due(NULL, 100));
    wh_progress_clear(NULL);
    wh_progress_end(NULL);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "print") == 0) {
        dup2(STDOUT_FILENO, STDERR_FILENO);
        print_states();
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_gets_a_line_every_ten_seconds),
        cmocka_unit_test(quiet_shows_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
