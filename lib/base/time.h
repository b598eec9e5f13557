/*
 * Points in time and lengths of time, without time zones' tables: civil dates of the proleptic
 * Gregorian calendar and fixed offsets from UTC.
 */
#ifndef WH_BASE_TIME_H
#define WH_BASE_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A timestamp taken apart. `offset` is minutes east of UTC; has_offset false: local, unzoned. */
struct wh_civil {
    int32_t year; /* 0000 to 9999 in text */
    int month;    /* 1 to 12 */
    int day;      /* 1 to 31 */
    int hour;     /* 0 to 23 */
    int minute;
    int second; /* 0 to 59; a leap second 60 is read as the next minute's 0 */
    int32_t nanosecond;
    int offset;
    bool has_offset;
};

/*
 * Reads ISO 8601 / RFC 3339 and what databases print: "2024-03-01", "2024-03-01T12:30:05.25Z",
 * "2024-03-01 12:30+02", "20240301T123005Z". All of the text must be used. False where it is no
 * date (month 13, 30 February).
 */
bool wh_time_parse(const char *text, size_t length, struct wh_civil *time);

/* Prints "2024-03-01T12:30:05.25Z"; fraction as short as exact; no offset where none was given.
 * Returns the length (at most 48), no NUL. */
size_t wh_time_print(const struct wh_civil *time, char out[static 48]);

/* Seconds since 1970-01-01T00:00:00 UTC (unzoned times are taken as UTC), fraction left out. */
int64_t wh_time_seconds(const struct wh_civil *time);
/* The UTC time at `seconds` (within 2^51) and `nanosecond` (below 10^9) after 1970-01-01. */
struct wh_civil wh_time_civil(int64_t seconds, int32_t nanosecond);
/* Days since 1970-01-01, and the day of the week from 0 Monday to 6 Sunday. */
int64_t wh_time_days(int32_t year, int month, int day);
int wh_time_weekday(const struct wh_civil *time);

/* A duration "90s", "15m", "24h", "7d", "2w", "250ms" in milliseconds; false where it is none. */
bool wh_duration_parse(const char *text, size_t length, int64_t *milliseconds);

/* Milliseconds since 1970 by the system's clock, as files' times are. */
int64_t wh_time_now(void);

/* A clock that only goes forward, in seconds, for rates and timeouts. */
double wh_clock(void);

#endif
