#include "base/time.h"

#include <string.h>
#include <time.h>

enum { SECONDS_A_DAY = 86400, NANOSECONDS = 1000000000 };

static bool leap(int32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in_month(int32_t year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return month == 2 && leap(year) ? 29 : days[month - 1];
}

/*
 * Days are counted in eras of 400 years (146097 days) that begin on 1 March, so that the leap day
 * is the last of its year. Day 0 of era 0 is 1 March 0000, 719468 days before 1970-01-01.
 */
enum { DAYS_AN_ERA = 146097, DAYS_TO_1970 = 719468 };

int64_t wh_time_days(int32_t year, int month, int day)
{
    int64_t y = month <= 2 ? (int64_t)year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_AN_ERA + day_of_era - DAYS_TO_1970;
}

static void set_date(struct wh_civil *time, int64_t days)
{
    days += DAYS_TO_1970;
    int64_t era = (days >= 0 ? days : days - (DAYS_AN_ERA - 1)) / DAYS_AN_ERA;
    int64_t day_of_era = days - era * DAYS_AN_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    time->day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    time->month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    time->year = (int32_t)(year_of_era + era * 400 + (time->month <= 2));
}

int64_t wh_time_seconds(const struct wh_civil *time)
{
    int64_t seconds = wh_time_days(time->year, time->month, time->day) * SECONDS_A_DAY
                    + time->hour * 3600 + time->minute * 60 + time->second;
    return time->has_offset ? seconds - (int64_t)time->offset * 60 : seconds;
}

struct wh_civil wh_time_civil(int64_t seconds, int32_t nanosecond)
{
    /* Some 58 million years to either side: the year fits, whatever number was taken for a time. */
    const int64_t furthest = INT64_C(1) << 51;
    seconds = seconds > furthest ? furthest : seconds < -furthest ? -furthest : seconds;
    int64_t days = seconds / SECONDS_A_DAY;
    int rest = (int)(seconds % SECONDS_A_DAY);
    if (rest < 0) {
        rest += SECONDS_A_DAY;
        days--;
    }
    struct wh_civil time = {
        .hour = rest / 3600,
        .minute = rest / 60 % 60,
        .second = rest % 60,
        .nanosecond = nanosecond,
        .has_offset = true,
    };
    set_date(&time, days);
    return time;
}

int wh_time_weekday(const struct wh_civil *time)
{
    /* 1970-01-01 was a Thursday. */
    int64_t day = (wh_time_days(time->year, time->month, time->day) + 3) % 7;
    return (int)(day < 0 ? day + 7 : day);
}

/* What is left to be read. */
struct cursor {
    const char *at;
    const char *end;
};

static bool take(struct cursor *text, char wanted)
{
    if (text->at == text->end || *text->at != wanted)
        return false;
    text->at++;
    return true;
}

static bool digit_next(const struct cursor *text)
{
    return text->at < text->end && *text->at >= '0' && *text->at <= '9';
}

/* Exactly `count` digits, of a value from `low` to `high`. */
static bool take_number(struct cursor *text, int count, int low, int high, int *value)
{
    int number = 0;
    for (int i = 0; i < count; i++) {
        if (!digit_next(text))
            return false;
        number = number * 10 + (*text->at++ - '0');
    }
    *value = number;
    return number >= low && number <= high;
}

static bool take_date(struct cursor *text, struct wh_civil *time)
{
    int year;
    if (!take_number(text, 4, 0, 9999, &year))
        return false;
    time->year = year;
    bool dashed = take(text, '-');
    if (!take_number(text, 2, 1, 12, &time->month) || take(text, '-') != dashed)
        return false;
    return take_number(text, 2, 1, days_in_month(year, time->month), &time->day);
}

/* Digits after the point; those beyond the ninth are read and left out. */
static bool take_fraction(struct cursor *text, int32_t *nanosecond)
{
    if (!digit_next(text))
        return false;
    int32_t value = 0, unit = NANOSECONDS / 10;
    for (; digit_next(text); text->at++, unit /= 10)
        value += (*text->at - '0') * unit;
    *nanosecond = value;
    return true;
}

/* hh:mm, hh:mm:ss, hhmm or hhmmss; the last two forms may have a fraction. */
static bool take_clock(struct cursor *text, struct wh_civil *time)
{
    if (!take_number(text, 2, 0, 23, &time->hour))
        return false;
    bool colons = take(text, ':');
    if (!take_number(text, 2, 0, 59, &time->minute))
        return false;
    if (colons ? !take(text, ':') : !digit_next(text))
        return true;
    if (!take_number(text, 2, 0, 60, &time->second))
        return false;
    if (take(text, '.') || take(text, ','))
        return take_fraction(text, &time->nanosecond);
    return true;
}

/* Z, +hh, +hhmm, +hh:mm or UTC, each also after a blank. */
static bool take_offset(struct cursor *text, struct wh_civil *time)
{
    take(text, ' ');
    time->has_offset = true;
    size_t left = (size_t)(text->end - text->at);
    if (left == 3 && memcmp(text->at, "UTC", 3) == 0) {
        text->at += 3;
        return true;
    }
    if (take(text, 'Z') || take(text, 'z'))
        return true;
    int sign = take(text, '+') ? 1 : take(text, '-') ? -1 : 0;
    int hours, minutes = 0;
    if (sign == 0 || !take_number(text, 2, 0, 23, &hours))
        return false;
    if (take(text, ':') || digit_next(text)) {
        if (!take_number(text, 2, 0, 59, &minutes))
            return false;
    }
    time->offset = sign * (hours * 60 + minutes);
    return true;
}

/* Second 60 becomes second 0 of the next minute; false beyond the year 9999. */
static bool settle_leap_second(struct wh_civil *time)
{
    if (time->second != 60)
        return true;
    struct wh_civil local = *time;
    local.has_offset = false;
    struct wh_civil next = wh_time_civil(wh_time_seconds(&local), time->nanosecond);
    next.has_offset = time->has_offset;
    next.offset = time->offset;
    *time = next;
    return next.year <= 9999;
}

bool wh_time_parse(const char *text, size_t length, struct wh_civil *time)
{
    struct cursor left = { text, text + length };
    struct wh_civil read = { 0 };
    if (!take_date(&left, &read))
        return false;
    if (left.at < left.end) {
        if (!take(&left, 'T') && !take(&left, 't') && !take(&left, ' '))
            return false;
        if (!take_clock(&left, &read))
            return false;
        if (left.at < left.end && !take_offset(&left, &read))
            return false;
    }
    if (left.at != left.end || !settle_leap_second(&read))
        return false;
    *time = read;
    return true;
}

/* Writes `count` digits of a number that has no more, and returns the place after them. */
static char *put_digits(char *out, int32_t number, int count)
{
    for (int i = count; i-- > 0; number /= 10)
        out[i] = (char)('0' + number % 10);
    return out + count;
}

static char *put_part(char *out, char before, int32_t number)
{
    *out = before;
    return put_digits(out + 1, number, 2);
}

size_t wh_time_print(const struct wh_civil *time, char out[static 48])
{
    char *end = put_digits(out, time->year, 4);
    end = put_part(end, '-', time->month);
    end = put_part(end, '-', time->day);
    end = put_part(end, 'T', time->hour);
    end = put_part(end, ':', time->minute);
    end = put_part(end, ':', time->second);
    if (time->nanosecond != 0) {
        *end++ = '.';
        end = put_digits(end, time->nanosecond, 9);
        while (end[-1] == '0')
            end--;
    }
    if (time->has_offset && time->offset == 0) {
        *end++ = 'Z';
    } else if (time->has_offset) {
        int minutes = time->offset < 0 ? -time->offset : time->offset;
        end = put_part(end, time->offset < 0 ? '-' : '+', minutes / 60);
        end = put_part(end, ':', minutes % 60);
    }
    return (size_t)(end - out);
}

bool wh_duration_parse(const char *text, size_t length, int64_t *milliseconds)
{
    static const struct {
        const char *name;
        int64_t milliseconds;
    } units[] = {
        { "ms", 1 },      { "s", 1000 },     { "m", 60000 },
        { "h", 3600000 }, { "d", 86400000 }, { "w", 604800000 },
    };
    size_t digits = 0;
    int64_t count = 0;
    for (; digits < length && text[digits] >= '0' && text[digits] <= '9'; digits++)
        if (__builtin_mul_overflow(count, (int64_t)10, &count)
            || __builtin_add_overflow(count, (int64_t)(text[digits] - '0'), &count))
            return false;
    if (digits == 0)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strlen(units[i].name) == length - digits
            && memcmp(units[i].name, text + digits, length - digits) == 0)
            return !__builtin_mul_overflow(count, units[i].milliseconds, milliseconds);
    return false;
}

int64_t wh_time_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

double wh_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / NANOSECONDS;
}
