/* Which rows are the last ones, by number and by time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "train/window.h"

static struct wh_error error;

/* A row of one column, `at`. */
static struct wh_row row_of(const struct wh_shape *shape, struct wh_field *field,
                            enum wh_type type, const char *text)
{
    static char room[64 + WH_SLACK];
    snprintf(room, sizeof room, "%s", text);
    *field = (struct wh_field){ .text = room, .length = (uint32_t)strlen(text),
                                .type = (uint8_t)type };
    return (struct wh_row){ .shape = shape, .fields = field };
}

/* The rows inside, as digits of their order: "0", "1" ... */
static const char *inside_of(const char *choice, enum wh_type type, const char *const *times,
                             size_t count)
{
    static char list[32];
    struct wh_window window;
    struct wh_column column = wh_column_named("at");
    struct wh_shape *shape = wh_shape_open(&column, 1);
    struct wh_field field;
    assert_int_equal(wh_window_parse(choice, "at", &window, &error), 0);
    for (size_t i = 0; i < count; i++) {
        struct wh_row row = row_of(shape, &field, type, times[i]);
        wh_window_look(&window, &row, 0, &error);
    }
    for (int reading = 0; reading < 2; reading++) {
        size_t length = 0;
        wh_window_begin(&window);
        for (size_t i = 0; i < count; i++) {
            struct wh_row row = row_of(shape, &field, type, times[i]);
            bool inside = false;
            if (wh_window_row(&window, &row, 0, &inside, &error) == WH_TAKEN && inside)
                list[length++] = (char)('0' + i);
        }
        list[length] = '\0';
    }
    wh_shape_close(shape);
    return list;
}

static void the_last_rows_are_counted_from_the_end(void **state)
{
    (void)state;
    const char *const rows[] = { "a", "b", "c", "d", "e" };
    assert_string_equal(inside_of("2", WH_STRING, rows, 5), "34");
    assert_string_equal(inside_of("5", WH_STRING, rows, 5), "01234");
    assert_string_equal(inside_of("9223372036854775807", WH_STRING, rows, 5), "01234");
}

static void rows_are_recent_by_the_newest_of_them(void **state)
{
    (void)state;
    const char *const days[] = { "2026-03-01", "2026-03-09T12:00:00Z", "2026-03-02",
                                 "2026-03-09 12:00:00+02", "2026-03-08T12:00:00.001Z" };
    assert_string_equal(inside_of("1d", WH_STRING, days, 5), "134");
    assert_string_equal(inside_of("24h", WH_STRING, days, 4), "13");
    assert_string_equal(inside_of("52w", WH_STRING, days, 5), "01234");
    const char *const seconds[] = { "1000", "-5", "1060.5", "1000.6" };
    assert_string_equal(inside_of("1m", WH_NUMBER, seconds, 4), "23");
    assert_string_equal(inside_of("61s", WH_NUMBER, seconds, 4), "023");
}

static void a_row_without_a_time_is_bad(void **state)
{
    (void)state;
    const char *const days[] = { "2026-03-01", "yesterday", "2026-03-01" };
    assert_string_equal(inside_of("1d", WH_STRING, days, 3), "02");
    const char *const yesterday[] = { "yesterday" };
    assert_string_equal(inside_of("1d", WH_STRING, yesterday, 1), "");
    assert_string_equal(error.rule, "time");
    assert_string_equal(error.column, "at");
    const char *const milliseconds[] = { "1773057600000" };
    assert_string_equal(inside_of("1d", WH_NUMBER, milliseconds, 1), "");
    assert_non_null(strstr(error.text, "1773057600000"));
    assert_string_equal(inside_of("1d", WH_NULL, yesterday, 1), "");
}

static void assert_refused(const char *text, const char *time, const char *says)
{
    struct wh_window window;
    assert_int_equal(wh_window_parse(text, time, &window, &error), -1);
    assert_int_equal(error.status, WH_REFUSED);
    assert_non_null(strstr(error.text, says));
}

static void what_is_no_window_is_refused(void **state)
{
    (void)state;
    assert_refused("", "at", "neither");
    assert_refused("0", "at", "neither");
    assert_refused("-3", "at", "neither");
    assert_refused("1e3", "at", "neither");
    assert_refused("0s", "at", "neither");
    assert_refused("10 days", "at", "neither");
    assert_refused("90d", NULL, "--time");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_rows_are_counted_from_the_end),
        cmocka_unit_test(rows_are_recent_by_the_newest_of_them),
        cmocka_unit_test(a_row_without_a_time_is_bad),
        cmocka_unit_test(what_is_no_window_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
