/* Time: every day of ten thousand years, and every form of text that is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/time.h"

static bool parse(const char *text, struct wh_civil *time)
{
    return wh_time_parse(text, strlen(text), time);
}

/* Counts the days one by one, by the rules of the Gregorian calendar and nothing else. */
static void every_day_from_year_0_to_9999_is_numbered_as_the_calendar_does(void **state)
{
    (void)state;
    static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int64_t number = -719528; /* 0000-01-01, a Saturday */
    int weekday = 5;
    for (int year = 0; year <= 9999; year++) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        for (int month = 1; month <= 12; month++) {
            int last = lengths[month - 1] + (month == 2 && leap);
            for (int day = 1; day <= last; day++, number++) {
                assert_true(wh_time_days(year, month, day) == number);
                struct wh_civil time = wh_time_civil(number * 86400 + 86399, 7);
                assert_true(time.year == year && time.month == month && time.day == day);
                assert_true(time.hour == 23 && time.minute == 59 && time.second == 59);
                assert_true(wh_time_weekday(&time) == weekday);
                weekday = (weekday + 1) % 7;
            }
        }
    }
    assert_true(wh_time_days(1970, 1, 1) == 0);
    assert_true(wh_time_days(9999, 12, 31) == 2932896);
    assert_true(number == 2932897);
}

static void seconds_become_the_time_that_the_system_gives(void **state)
{
    (void)state;
    uint64_t random = 1;
    for (int i = 0; i < 100000; i++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        time_t seconds = (time_t)(random >> 20) % INT64_C(315537897600) - INT64_C(62135596800);
        struct tm expected;
        gmtime_r(&seconds, &expected);
        struct wh_civil time = wh_time_civil(seconds, 0);
        assert_int_equal(time.year, expected.tm_year + 1900);
        assert_int_equal(time.month, expected.tm_mon + 1);
        assert_int_equal(time.day, expected.tm_mday);
        assert_int_equal(time.hour, expected.tm_hour);
        assert_int_equal(time.minute, expected.tm_min);
        assert_int_equal(time.second, expected.tm_sec);
        assert_int_equal(wh_time_weekday(&time), (expected.tm_wday + 6) % 7);
        assert_true(wh_time_seconds(&time) == seconds);
    }
}

static void a_number_that_is_no_time_does_no_harm(void **state)
{
    (void)state;
    assert_true(wh_time_civil(INT64_MAX, 0).year > 9999);
    assert_true(wh_time_civil(INT64_MIN, 0).year < 0);
    char text[48];
    struct wh_civil time = wh_time_civil(INT64_MIN, 999999999);
    assert_true(wh_time_print(&time, text) <= sizeof text);
}

/* Texts, the seconds since 1970 that Python's datetime gives for them, and how they are printed. */
static const struct {
    const char *text;
    int64_t seconds;
    const char *printed;
} texts[] = {
    { "2024-03-01", 1709251200, "2024-03-01T00:00:00" },
    { "20240301", 1709251200, "2024-03-01T00:00:00" },
    { "2024-03-01T12:30:05.25Z", 1709296205, "2024-03-01T12:30:05.25Z" },
    { "2024-03-01t12:30:05,25z", 1709296205, "2024-03-01T12:30:05.25Z" },
    { "2024-03-01 12:30+02", 1709289000, "2024-03-01T12:30:00+02:00" },
    { "2024-03-01 12:30:00+0545", 1709275500, "2024-03-01T12:30:00+05:45" },
    { "2024-03-01 12:30:00 -03:30", 1709308800, "2024-03-01T12:30:00-03:30" },
    { "20240301T123005Z", 1709296205, "2024-03-01T12:30:05Z" },
    { "20240301T1230", 1709296200, "2024-03-01T12:30:00" },
    { "2024-03-01 12:30:05.123456789", 1709296205, "2024-03-01T12:30:05.123456789" },
    { "2024-03-01 12:30:05.1234567891", 1709296205, "2024-03-01T12:30:05.123456789" },
    { "2024-03-01 12:30:05.000000", 1709296205, "2024-03-01T12:30:05" },
    { "2024-03-01 12:30:05 UTC", 1709296205, "2024-03-01T12:30:05Z" },
    { "2024-03-01T12:30:05-00:00", 1709296205, "2024-03-01T12:30:05Z" },
    { "2024-02-29", 1709164800, "2024-02-29T00:00:00" },
    { "2000-02-29T23:59:59Z", 951868799, "2000-02-29T23:59:59Z" },
    { "0000-02-29", -62162121600, "0000-02-29T00:00:00" },
    { "1969-12-31T23:59:59.5Z", -1, "1969-12-31T23:59:59.5Z" },
    { "9999-12-31 23:59:59", 253402300799, "9999-12-31T23:59:59" },
    { "2016-12-31T23:59:60Z", 1483228800, "2017-01-01T00:00:00Z" },
    { "2017-01-01T05:29:60+05:30", 1483228800, "2017-01-01T05:30:00+05:30" },
    { "1883-11-18T12:03:57-04:56", -2717650803, "1883-11-18T12:03:57-04:56" },
};

static void every_form_of_timestamp_is_read_and_printed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct wh_civil time;
        if (!parse(texts[i].text, &time))
            fail_msg("%s was not read", texts[i].text);
        assert_true(wh_time_seconds(&time) == texts[i].seconds);
        char printed[49];
        printed[wh_time_print(&time, printed)] = '\0';
        assert_string_equal(printed, texts[i].printed);
        struct wh_civil again;
        assert_true(parse(printed, &again));
        printed[wh_time_print(&again, printed)] = '\0';
        assert_string_equal(printed, texts[i].printed);
    }
}

static void what_is_no_timestamp_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "2024", "2024-03", "2024-3-1", "24-03-01", "2024-13-01", "2024-00-01", "2024-01-00",
        "2024-02-30", "2023-02-29", "1900-02-29", "2024-04-31", "2024-0301", "202403-01",
        "2024/03/01", "01.03.2024", "2024-03-01T", "2024-03-01 ", " 2024-03-01", "2024-03-01T12",
        "2024-03-01T24:00:00", "2024-03-01T12:60", "2024-03-01T12:30:61", "2024-03-01T12:30:",
        "2024-03-01T12:3005", "2024-03-01T1230:05", "2024-03-01T12:30.5", "2024-03-01T12:30:05.",
        "2024-03-01T12:30:05.Z", "2024-03-01T12:30:05ZZ", "2024-03-01T12:30:05+", "2024-03-01Z",
        "2024-03-01T12:30:05+2", "2024-03-01T12:30:05+24:00", "2024-03-01T12:30:05+02:60",
        "2024-03-01T12:30:05+02:", "2024-03-01T12:30:05-04:56:02", "2024-03-01T12:30:05  Z",
        "2024-03-01T12:30:05 CET", "2024-03-01T12:30:05 BC", "10000-01-01", "-001-01-01",
        "infinity", "9999-12-31T23:59:60", "+024-03-01", "2024-03-0a",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct wh_civil time;
        if (parse(bad[i], &time))
            fail_msg("\"%s\" was read", bad[i]);
    }
    struct wh_civil time;
    assert_false(wh_time_parse("2024-03-01\0", 11, &time));
}

static void a_timestamp_cut_at_any_byte_is_read_within_its_bounds(void **state)
{
    (void)state;
    static const char text[] = "2024-03-01T12:30:05.25+02:00";
    for (size_t length = 0; length < sizeof text; length++) {
        char *exact = malloc(length + 1); /* so that a sanitizer sees what is read beyond */
        assert_non_null(exact);
        memcpy(exact, text, length);
        struct wh_civil time;
        bool whole = length == 10 || length == 16 || length == 19 || length == 21 || length == 22
                  || length == 25 || length == 28;
        assert_true(wh_time_parse(exact, length, &time) == whole);
        free(exact);
    }
}

static void durations_are_an_integer_and_a_unit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t milliseconds;
    } good[] = {
        { "250ms", 250 },     { "90s", 90000 },         { "15m", 900000 },
        { "24h", 86400000 },  { "7d", 604800000 },      { "2w", 1209600000 },
        { "0s", 0 },          { "007s", 7000 },         { "9223372036854775807ms", INT64_MAX },
    };
    static const char *const bad[] = {
        "", "s", "10", "1.5h", "-1s", "+1s", "1 s", "1S", "1y", "1mss", "1h30m",
        "9223372036854775808ms", "9223372036854775807s", "99999999999999999999s",
    };
    int64_t value;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(wh_duration_parse(good[i].text, strlen(good[i].text), &value));
        assert_true(value == good[i].milliseconds);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (wh_duration_parse(bad[i], strlen(bad[i]), &value))
            fail_msg("\"%s\" was read", bad[i]);
}

static void the_clock_goes_forward(void **state)
{
    (void)state;
    double before = wh_clock();
    for (int i = 0; i < 1000; i++) {
        double now = wh_clock();
        assert_true(now >= before);
        before = now;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_from_year_0_to_9999_is_numbered_as_the_calendar_does),
        cmocka_unit_test(seconds_become_the_time_that_the_system_gives),
        cmocka_unit_test(a_number_that_is_no_time_does_no_harm),
        cmocka_unit_test(every_form_of_timestamp_is_read_and_printed),
        cmocka_unit_test(what_is_no_timestamp_is_refused),
        cmocka_unit_test(a_timestamp_cut_at_any_byte_is_read_within_its_bounds),
        cmocka_unit_test(durations_are_an_integer_and_a_unit),
        cmocka_unit_test(the_clock_goes_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
