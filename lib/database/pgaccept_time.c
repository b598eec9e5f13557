#include "base/time.h"
#include "database/pgaccept_scan.h"

/* ---- dates and times ------------------------------------------------------------------------- */

enum { MICROSECOND_PLACES = 6 };

/* A day of the calendar, of a year with four digits or more. */
static bool take_date(struct cursor *left, bool before_christ)
{
    int year, month, day;
    const char *begin = left->at;
    int count = take_digits(left, &year);
    if (count < 4 || count > 7 || (count > 4 && *begin == '0') || year == 0)
        return false;
    if (!take(left, '-') || !take_pair(left, 12, &month) || month == 0 || !take(left, '-')
        || !take_pair(left, 31, &day) || day == 0)
        return false;
    int32_t counted = before_christ ? 1 - year : year;
    int64_t next = month == 12 ? wh_time_days(counted + 1, 1, 1)
                               : wh_time_days(counted, month + 1, 1);
    return day <= next - wh_time_days(counted, month, 1);
}

/* Digits after the point; left->fine where one beyond `places` is not 0. */
static bool take_fraction(struct cursor *left, int places)
{
    int count = 0;
    for (; left->at < left->end && wh_is_digit(*left->at); left->at++, count++)
        left->fine = left->fine || (count >= places && *left->at != '0');
    return count > 0;
}

/* hh:mm, hh:mm:ss or with a fraction; 24:00:00 is the end of a day. */
static bool take_clock(struct cursor *left, int most_hours, int places)
{
    int hour, minute, second = 0, fraction = 0;
    if (!take_pair(left, most_hours, &hour) || !take(left, ':') || !take_pair(left, 59, &minute))
        return false;
    if (take(left, ':') && !take_pair(left, 59, &second))
        return false;
    const char *point = left->at;
    if (take(left, '.') && !take_fraction(left, places))
        return false;
    for (const char *at = point; at < left->at; at++)
        fraction += *at != '.' && *at != '0';
    return hour < 24 || (minute == 0 && second == 0 && fraction == 0);
}

/* Z, +hh, +hh:mm, +hhmm or +hh:mm:ss, which a blank may come before. */
static bool take_offset(struct cursor *left)
{
    enum { MOST_HOURS = 15 };
    int part;
    take(left, ' ');
    if (take(left, 'Z') || take(left, 'z'))
        return true;
    if ((!take(left, '+') && !take(left, '-')) || !take_pair(left, MOST_HOURS, &part))
        return false;
    bool colons = take(left, ':');
    if (!colons && (left->at == left->end || !wh_is_digit(*left->at)))
        return true;
    if (!take_pair(left, 59, &part))
        return false;
    return !colons || !take(left, ':') || take_pair(left, 59, &part);
}

/* Takes " BC" off the end, as PostgreSQL prints years before the first. */
static bool cut_era(struct cursor *left)
{
    if (left->end - left->at <= 3 || memcmp(left->end - 3, " BC", 3) != 0)
        return false;
    left->end -= 3;
    return true;
}

static bool is_endless(const struct wh_slice *text)
{
    return is_word(text, "infinity") || is_word(text, "-infinity");
}

/* What a text is among dates and times. */
enum stamp { NO_STAMP, DATE, STAMP, ZONED_STAMP };

static enum stamp stamp_of(struct cursor *left, int places)
{
    bool before_christ = cut_era(left);
    if (!take_date(left, before_christ))
        return NO_STAMP;
    if (left->at == left->end)
        return DATE;
    if ((!take(left, 'T') && !take(left, ' ')) || !take_clock(left, 23, places))
        return NO_STAMP;
    if (left->at == left->end)
        return STAMP;
    return take_offset(left) && left->at == left->end ? ZONED_STAMP : NO_STAMP;
}

static int places_of(const struct wh_pg_type *type)
{
    return type->modifier >= 0 && type->modifier < MICROSECOND_PLACES ? type->modifier
                                                                       : MICROSECOND_PLACES;
}

/* What is wrong with a text that has the form of a date, of a time of day or of both; NULL where it
 * has not. */
static const char *wrong_value(const struct wh_slice *text, bool timed)
{
    struct cursor left = cursor_of(text), day = left;
    int value, part;
    if (!timed) {
        bool before_christ = cut_era(&left);
        bool form = take_digits(&left, &value) >= 4
                    && take(&left, '-') && take_pair(&left, 99, &part)
                    && take(&left, '-') && take_pair(&left, 99, &part)
                    && (left.at == left.end || *left.at == 'T' || *left.at == ' ');
        if (!form)
            return NULL;
        if (!take_date(&day, before_christ))
            return "names a day that does not exist";
        if (left.at++ == left.end)
            return NULL;
    }
    if (!take_pair(&left, 99, &value) || !take(&left, ':') || !take_pair(&left, 99, &value))
        return NULL;
    if (take(&left, ':') && !take_pair(&left, 99, &value))
        return NULL;
    if (left.at < left.end && (wh_is_digit(*left.at) || !strchr(".Zz+- ", *left.at)))
        return NULL;
    left = cursor_of(text);
    if (!timed)
        left.at = day.at + 1;
    return take_clock(&left, timed ? 24 : 23, MICROSECOND_PLACES)
               ? NULL : "names a time of day that does not exist";
}

#define NO_DATE "is not a date such as 2024-01-31"
#define NO_INTERVAL "is not an interval such as 1 day 02:30:00 or P1DT2H30M"
#define READ_IN_SQL "write it as ISO 8601 does, or load it into a column of text and read it by "  \
                    "to_date() or to_timestamp() in SQL", ""

/* Of texts that are no ISO 8601 in the form asked for: wh-clean reads some others. */
static bool refuse_stamp(const struct wh_slice *text, const char *what, bool zoned,
                         struct wh_pg_refusal *refusal)
{
    struct wh_civil time;
    if (refuse_blanks(text, what, refusal))
        return false;
    const char *wrong = wrong_value(text, false);
    if (wrong)
        return refuse(refusal, wrong, KEEPS("text"));
    if (wh_time_parse(text->text, text->length, &time) && time.has_offset == zoned)
        return refuse(refusal, what, CONVERTS("timestamp", "writes it so"));
    return refuse(refusal, what, READ_IN_SQL);
}

static bool refuse_fine(struct wh_pg_refusal *refusal)
{
    return refuse(refusal, "has a finer fraction of a second than the type keeps", KEEPS("text"));
}

/* "2024-01-31T00:00:00.000" is the date, if it is nothing else. */
static bool is_midnight(const struct wh_slice *text, size_t *date)
{
    const char *between = memchr(text->text, 'T', text->length);
    between = between ? between : memchr(text->text, ' ', text->length);
    for (const char *at = between + 1; at < text->text + text->length; at++)
        if (*at != '0' && *at != ':' && *at != '.')
            return false;
    *date = (size_t)(between - text->text);
    return true;
}

bool wh_pg_accept_date(struct wh_slice *text, struct wh_pg_refusal *refusal)
{
    struct cursor left = cursor_of(text);
    if (is_endless(text))
        return true;
    switch (stamp_of(&left, INT32_MAX)) {
    case DATE:
        return true;
    case STAMP:
        return is_midnight(text, &text->length)
               || refuse(refusal, "has a time of day, which a date does not", KEEPS("timestamp"));
    case ZONED_STAMP:
        return refuse(refusal, "has a time of day, which a date does not", KEEPS("timestamptz"));
    case NO_STAMP:
        break;
    }
    return refuse_stamp(text, NO_DATE, false, refusal);
}

bool wh_pg_accept_stamp(const struct wh_pg_type *type, const struct wh_slice *text,
                        struct wh_pg_refusal *refusal)
{
    struct cursor left = cursor_of(text);
    if (is_endless(text))
        return true;
    switch (stamp_of(&left, places_of(type))) {
    case DATE:
    case STAMP:
        return !left.fine || refuse_fine(refusal);
    case ZONED_STAMP:
        return refuse(refusal, "has an offset from UTC, which the column would drop",
                      KEEPS("timestamptz"));
    case NO_STAMP:
        break;
    }
    return refuse_stamp(text, "is not a timestamp such as 2024-01-31T12:30:00", false, refusal);
}

bool wh_pg_accept_zoned_stamp(const struct wh_pg_type *type, const struct wh_slice *text,
                              struct wh_pg_refusal *refusal)
{
    struct cursor left = cursor_of(text);
    if (is_endless(text))
        return true;
    switch (stamp_of(&left, places_of(type))) {
    case DATE:
    case STAMP:
        return refuse(refusal, "has no offset from UTC, so that it could be any zone's",
                      "append its offset, Z for UTC; a column of timestamp takes it as it is", "");
    case ZONED_STAMP:
        return !left.fine || refuse_fine(refusal);
    case NO_STAMP:
        break;
    }
    return refuse_stamp(text, "is not a timestamp such as 2024-01-31T12:30:00Z", true, refusal);
}

bool wh_pg_accept_time(const struct wh_pg_type *type, const struct wh_slice *text,
                       struct wh_pg_refusal *refusal)
{
    struct cursor left = cursor_of(text);
    bool zoned = type->input == WH_PG_IN_TIME_ZONED;
    bool sound = take_clock(&left, 24, places_of(type));
    bool offset = sound && left.at < left.end && take_offset(&left);
    if (!sound && wrong_value(text, true))
        return refuse(refusal, wrong_value(text, true), KEEPS("text"));
    if (!sound || left.at != left.end) {
        const char *what = zoned ? "is not a time of day such as 12:30:00+02"
                                 : "is not a time of day such as 12:30:00";
        return refuse_blanks(text, what, refusal) ? false : refuse(refusal, what, READ_IN_SQL);
    }
    if (offset && !zoned)
        return refuse(refusal, "has an offset from UTC, which the column would drop",
                      KEEPS("timetz"));
    if (!offset && zoned)
        return refuse(refusal, "has no offset from UTC, so that it could be any zone's",
                      "append its offset, Z for UTC; a column of time takes it as it is", "");
    return !left.fine || refuse_fine(refusal);
}

/* ---- intervals ------------------------------------------------------------------------------- */

/* The fields of an interval, from coarse to fine. */
enum field { YEARS, MONTHS, DAYS, HOURS, MINUTES, SECONDS };

/* An amount of a field: -12, or of seconds 1.5. */
static bool take_amount(struct cursor *left, int places, bool *zero, bool *fraction)
{
    const char *begin = left->at;
    int value;
    if (!take(left, '-'))
        take(left, '+');
    if (take_digits(left, &value) == 0)
        return false;
    *fraction = take(left, '.');
    if (*fraction && !take_fraction(left, places))
        return false;
    *zero = true;
    for (const char *at = begin; at < left->at; at++)
        *zero = *zero && (*at < '1' || *at > '9');
    return true;
}

static bool take_unit(struct cursor *left, enum field *field)
{
    static const struct {
        const char *word;
        enum field field;
    } units[] = {
        { "year", YEARS }, { "month", MONTHS }, { "mon", MONTHS }, { "week", DAYS },
        { "day", DAYS }, { "hour", HOURS }, { "minute", MINUTES }, { "min", MINUTES },
        { "second", SECONDS }, { "sec", SECONDS },
    };
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (!take_word(left, units[i].word))
            continue;
        *field = units[i].field;
        take(left, 's');
        return left->at == left->end || *left->at == ' ';
    }
    return false;
}

/* hh:mm:ss at the end, of any number of hours. */
static bool take_length(struct cursor *left, int places, enum field *finest)
{
    int hours, minute, second;
    if (!take(left, '-'))
        take(left, '+');
    if (take_digits(left, &hours) < 2 || !take(left, ':') || !take_pair(left, 59, &minute)
        || !take(left, ':') || !take_pair(left, 59, &second))
        return false;
    const char *fraction = left->at;
    if (take(left, '.') && !take_fraction(left, places))
        return false;
    bool zero = second == 0;
    for (const char *at = fraction; at < left->at; at++)
        zero = zero && (*at == '.' || *at == '0');
    enum field field = !zero ? SECONDS : minute > 0 ? MINUTES : hours > 0 ? HOURS : YEARS;
    *finest = field > *finest ? field : *finest;
    return left->at == left->end;
}

/* "1 year 2 mons 3 days 04:05:06.5", as PostgreSQL prints it, or with every field in words. */
static bool take_words(struct cursor *left, int places, enum field *finest)
{
    while (left->at < left->end) {
        struct cursor before = *left;
        enum field field;
        bool zero, fraction;
        if (!take_amount(left, places, &zero, &fraction) || !take(left, ' ')
            || !take_unit(left, &field)) {
            *left = before;
            return take_length(left, places, finest);
        }
        if (fraction && field != SECONDS)
            return false;
        *finest = !zero && field > *finest ? field : *finest;
        if (left->at < left->end && (!take(left, ' ') || left->at == left->end))
            return false;
    }
    return true;
}

/* P1Y2M3DT4H5M6.5S, by ISO 8601. */
static bool take_iso(struct cursor *left, int places, enum field *finest)
{
    static const char dates[] = "YMWD", times[] = "HMS";
    static const enum field fields[] = { YEARS, MONTHS, DAYS, DAYS, HOURS, MINUTES, SECONDS };
    bool timed = false;
    size_t next = 0; /* letters come in their order */
    do {
        bool zero, fraction;
        if (!timed && take(left, 'T')) {
            timed = true;
            next = 0;
        }
        const char *letters = timed ? times : dates;
        if (!take_amount(left, places, &zero, &fraction) || left->at == left->end)
            return false;
        const char *letter = strchr(letters + next, *left->at++);
        if (!letter || !*letter || (fraction && *letter != 'S'))
            return false;
        next = (size_t)(letter - letters) + 1;
        enum field field = fields[(size_t)(letter - letters) + (timed ? 4 : 0)];
        *finest = !zero && field > *finest ? field : *finest;
    } while (left->at < left->end);
    return true;
}

/* The finest field that a column declared as "interval day to minute" keeps; pg_attribute.atttypmod
 * has a bit for each (PostgreSQL, utils/timestamp.h and utils/datetime.h). */
static enum field finest_of(int32_t modifier)
{
    enum { FULL = 0x7FFF, YEAR_BIT = 2, MONTH_BIT = 1, DAY_BIT = 3, HOUR_BIT = 10, MINUTE_BIT = 11,
           SECOND_BIT = 12 };
    int32_t fields = modifier < 0 ? FULL : modifier >> 16 & FULL;
    return fields >> SECOND_BIT & 1   ? SECONDS
           : fields >> MINUTE_BIT & 1 ? MINUTES
           : fields >> HOUR_BIT & 1   ? HOURS
           : fields >> DAY_BIT & 1    ? DAYS
           : fields >> MONTH_BIT & 1  ? MONTHS
                                      : YEARS;
}

bool wh_pg_accept_interval(const struct wh_pg_type *type, const struct wh_slice *text,
                           struct wh_pg_refusal *refusal)
{
    enum { PRECISION = 0xFFFF };
    int places = type->modifier < 0 ? MICROSECOND_PLACES : type->modifier & PRECISION;
    struct cursor left = cursor_of(text);
    enum field finest = YEARS;
    if (is_endless(text))
        return true;
    places = places > MICROSECOND_PLACES ? MICROSECOND_PLACES : places;
    if (text->length == 0 || !(take(&left, 'P') ? take_iso(&left, places, &finest)
                                                : take_words(&left, places, &finest)))
        return !refuse_blanks(text, NO_INTERVAL, refusal)
               && refuse(refusal, NO_INTERVAL, KEEPS("text"));
    if (finest > finest_of(type->modifier))
        return refuse(refusal, "has a finer field than the type keeps", KEEPS("interval"));
    return !left.fine || refuse_fine(refusal);
}

/* ---- the columns of a table that is made ----------------------------------------------------- */

bool wh_pg_is_date(const char *text, size_t length)
{
    struct cursor left = { text, text + length, false };
    return stamp_of(&left, MICROSECOND_PLACES) == DATE;
}

bool wh_pg_is_timestamp(const char *text, size_t length, bool *zoned)
{
    struct cursor left = { text, text + length, false };
    enum stamp stamp = stamp_of(&left, MICROSECOND_PLACES);
    *zoned = stamp == ZONED_STAMP;
    return !left.fine && (stamp == STAMP || stamp == ZONED_STAMP);
}
