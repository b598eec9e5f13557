#include "sink/postgres_accept.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/time.h"

/* ---- reasons --------------------------------------------------------------------------------- */

#define KEEPS(TYPE) "a column of " TYPE " keeps it: ALTER TABLE, or --create with --schema", ""
#define CONVERTS(TYPE, RESULT) "wh-clean --type ", "=" TYPE " " RESULT

static bool refuse(struct wh_pg_refusal *refusal, const char *what, const char *before,
                   const char *after)
{
    *refusal = (struct wh_pg_refusal){ what, before, after };
    return false;
}

static bool refuse_form(struct wh_pg_refusal *refusal)
{
    return refuse(refusal, "is not written as PostgreSQL writes values of the type", KEEPS("text"));
}

/* ---- reading text ---------------------------------------------------------------------------- */

struct cursor {
    const char *at, *end;
    bool fine; /* a fraction of a second had more digits than were asked for */
};

static struct cursor cursor_of(const struct wh_slice *text)
{
    return (struct cursor){ text->text, text->text + text->length, false };
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool take(struct cursor *left, char wanted)
{
    if (left->at == left->end || *left->at != wanted)
        return false;
    left->at++;
    return true;
}

static bool take_word(struct cursor *left, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(left->end - left->at) < length || memcmp(left->at, word, length) != 0)
        return false;
    left->at += length;
    return true;
}

/* How many digits come next; they are read. Their value is cut off at a billion. */
static int take_digits(struct cursor *left, int *value)
{
    enum { MOST = 1000000000 };
    int count = 0;
    *value = 0;
    for (; left->at < left->end && is_digit(*left->at); left->at++, count++)
        *value = *value >= MOST / 10 ? MOST : *value * 10 + (*left->at - '0');
    return count;
}

/* Two digits of a value up to `most`. */
static bool take_pair(struct cursor *left, int most, int *value)
{
    if (left->end - left->at < 2 || !is_digit(left->at[0]) || !is_digit(left->at[1]))
        return false;
    *value = (left->at[0] - '0') * 10 + (left->at[1] - '0');
    left->at += 2;
    return *value <= most;
}

static bool is_word(const struct wh_slice *text, const char *word)
{
    return text->length == strlen(word) && strncasecmp(text->text, word, text->length) == 0;
}

/* The characters of UTF-8 text. */
static size_t characters(const char *text, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

/* ---- numbers --------------------------------------------------------------------------------- */

/* Of texts that are no JSON number: what wh-clean --type makes one of, and what it does not. */
static bool refuse_number(const struct wh_slice *text, const char *what, bool integer,
                          struct wh_pg_refusal *refusal)
{
    struct cursor left = cursor_of(text);
    int value;
    if (text->length == 0)
        return refuse(refusal, what, "wh-clean --null-value '' makes it null", "");
    if (!take(&left, '-'))
        take(&left, '+');
    int digits = take_digits(&left, &value);
    bool point = take(&left, '.');
    digits += take_digits(&left, &value);
    if (digits == 0 || left.at != left.end)
        return refuse(refusal, what, KEEPS("text"));
    if (!integer)
        return refuse(refusal, what, CONVERTS("decimal", "makes it one; a column of text keeps it"));
    if (point)
        return refuse(refusal, what, KEEPS("numeric"));
    return refuse(refusal, what, CONVERTS("int", "makes it one; a column of text keeps it"));
}

/* Takes a fraction of zeros off a number. */
static void cut_zeros(struct wh_slice *text)
{
    const char *point = memchr(text->text, '.', text->length);
    const char *end = text->text + text->length;
    while (point && end > point + 1 && end[-1] == '0')
        end--;
    if (point && end == point + 1)
        text->length = (size_t)(point - text->text);
}

static bool accept_integer(struct wh_slice *text, int64_t least, int64_t most,
                           struct wh_pg_refusal *refusal)
{
    int64_t value;
    if (!wh_number_valid(text->text, text->length))
        return refuse_number(text, "is not an integer", true, refusal);
    cut_zeros(text);
    if (wh_number_integer(text->text, text->length, &value) && value >= least && value <= most)
        return true;
    if (memchr(text->text, '.', text->length) || memchr(text->text, 'e', text->length)
        || memchr(text->text, 'E', text->length))
        return refuse(refusal, "is not written as an integer", KEEPS("numeric"));
    return refuse(refusal, "is outside of the type's range", KEEPS("numeric"));
}

static bool is_special_number(const struct wh_slice *text)
{
    struct wh_slice size = *text;
    if (is_word(text, "NaN"))
        return true;
    if (size.length > 0 && *size.text == '-') {
        size.text++;
        size.length--;
    }
    return is_word(&size, "Infinity") || is_word(&size, "inf");
}

/* The powers of ten of the first and of the last digit that is not 0. False for zero. */
static bool find_powers(const struct wh_slice *text, int64_t *high, int64_t *low)
{
    struct cursor left = cursor_of(text);
    int64_t power = 0;
    bool found = false, point = false;
    take(&left, '-');
    for (; left.at < left.end && (is_digit(*left.at) || *left.at == '.'); left.at++) {
        point = point || *left.at == '.';
        if (*left.at == '.')
            continue;
        power--; /* of this digit, as if the point came before all */
        if (*left.at != '0') {
            *high = found ? *high : power;
            *low = power;
            found = true;
        }
    }
    struct cursor whole = cursor_of(text);
    int value;
    take(&whole, '-');
    int64_t shift = take_digits(&whole, &value);
    if (left.at < left.end) {
        left.at++;
        bool negative = take(&left, '-');
        take(&left, '+');
        take_digits(&left, &value);
        shift += negative ? -value : value;
    }
    *high += found ? shift : 0;
    *low += found ? shift : 0;
    return found;
}

/* Precision and scale as pg_attribute.atttypmod has them (PostgreSQL, utils/adt/numeric.c). */
static bool accept_numeric(const struct wh_pg_type *type, const struct wh_slice *text,
                           struct wh_pg_refusal *refusal)
{
    enum { HEADER = 4, SCALE_BITS = 0x7FF, SCALE_SIGN = 0x400, MOST_WHOLE = 131072,
           MOST_SCALE = 16383 };
    int64_t high = 0, low = 0, whole = MOST_WHOLE, scale = MOST_SCALE;
    if (!wh_number_valid(text->text, text->length))
        return is_special_number(text)
               || refuse_number(text, "is not a number", false, refusal);
    if (type->modifier >= HEADER) {
        int32_t packed = type->modifier - HEADER;
        scale = ((packed & SCALE_BITS) ^ SCALE_SIGN) - SCALE_SIGN;
        whole = (packed >> 16) - scale;
    }
    if (!find_powers(text, &high, &low))
        return true;
    if (high >= whole)
        return refuse(refusal, "has more digits before the point than the type",
                      KEEPS("numeric"));
    return low >= -scale
           || refuse(refusal, "has more digits behind the point than the type keeps",
                     KEEPS("numeric"));
}

static bool accept_float(const struct wh_slice *text, bool single, struct wh_pg_refusal *refusal)
{
    if (!wh_number_valid(text->text, text->length))
        return is_special_number(text)
               || refuse_number(text, "is not a number", false, refusal);
    if (single ? wh_number_kept_single(text->text, text->length)
               : wh_number_kept(text->text, text->length))
        return true;
    if (single && wh_number_kept(text->text, text->length))
        return refuse(refusal, "has more digits than a real keeps", KEEPS("double precision"));
    return refuse(refusal, "has more digits than a double keeps", KEEPS("numeric"));
}

/* A number of two places, or as lc_monetary C prints it: -$1,234.50. */
static bool accept_money(const struct wh_slice *text, struct wh_pg_refusal *refusal)
{
    enum { PLACES = 2 };
    int64_t high = 0, low = 0;
    if (wh_number_valid(text->text, text->length))
        return !find_powers(text, &high, &low) || low >= -PLACES
               || refuse(refusal, "has more digits behind the point than the type keeps",
                         KEEPS("numeric"));
    struct cursor left = cursor_of(text);
    int value, count;
    take(&left, '-');
    bool sound = take(&left, '$');
    for (count = take_digits(&left, &value); sound && take(&left, ',');)
        sound = count > 0 && take_digits(&left, &value) == 3;
    sound = sound && count > 0 && take(&left, '.') && take_digits(&left, &value) == PLACES;
    return (sound && left.at == left.end)
           || refuse(refusal, "is not an amount such as 1234.50 or $1,234.50", KEEPS("text"));
}

static bool accept_boolean(const struct wh_slice *text, struct wh_pg_refusal *refusal)
{
    if (is_word(text, "true") || is_word(text, "false") || is_word(text, "t")
        || is_word(text, "f"))
        return true;
    if (text->length == 0)
        return refuse(refusal, "is not true or false", "wh-clean --null-value '' makes it null", "");
    return refuse(refusal, "is not true or false",
                  CONVERTS("bool", "reads yes and no, on and off, 1 and 0"));
}

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

/* Digits behind the point; left->fine where one beyond `places` is not 0. */
static bool take_fraction(struct cursor *left, int places)
{
    int count = 0;
    for (; left->at < left->end && is_digit(*left->at); left->at++, count++)
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
    if (!colons && (left->at == left->end || !is_digit(*left->at)))
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

#define NO_DATE "is not a date such as 2024-01-31"
#define READ_IN_SQL "write it as ISO 8601 does, or load it into a column of text and read it by "  \
                    "to_date() or to_timestamp() in SQL", ""

/* Of texts that are no ISO 8601 in the form asked for: wh-clean reads some others. */
static bool refuse_stamp(const struct wh_slice *text, const char *what, bool zoned,
                         struct wh_pg_refusal *refusal)
{
    struct wh_civil time;
    if (text->length == 0)
        return refuse(refusal, what, "wh-clean --null-value '' makes it null", "");
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

static bool accept_date(struct wh_slice *text, struct wh_pg_refusal *refusal)
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

static bool accept_stamp(const struct wh_pg_type *type, const struct wh_slice *text,
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

static bool accept_zoned_stamp(const struct wh_pg_type *type, const struct wh_slice *text,
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

static bool accept_time(const struct wh_pg_type *type, const struct wh_slice *text,
                        struct wh_pg_refusal *refusal)
{
    struct cursor left = cursor_of(text);
    bool zoned = type->input == WH_PG_IN_TIME_ZONED;
    bool sound = take_clock(&left, 24, places_of(type));
    bool offset = sound && left.at < left.end && take_offset(&left);
    if (!sound || left.at != left.end)
        return refuse_stamp(text, zoned ? "is not a time of day such as 12:30:00+02"
                                        : "is not a time of day such as 12:30:00", false, refusal);
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

static bool accept_interval(const struct wh_pg_type *type, const struct wh_slice *text,
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
        return refuse_stamp(text, "is not an interval such as 1 day 02:30:00 or P1DT2H30M", false,
                            refusal);
    if (finest > finest_of(type->modifier))
        return refuse(refusal, "has a finer field than the type keeps", KEEPS("interval"));
    return !left.fine || refuse_fine(refusal);
}

/* ---- texts ----------------------------------------------------------------------------------- */

enum { LENGTH_HEADER = 4 }; /* more than the length in pg_attribute.atttypmod */

static bool accept_length(const struct wh_pg_type *type, const struct wh_slice *text,
                          struct wh_pg_refusal *refusal)
{
    size_t most = (size_t)(type->modifier - LENGTH_HEADER), length = text->length;
    if (type->modifier < LENGTH_HEADER || length <= most)
        return true;
    while (type->input == WH_PG_IN_CHARACTER && length > 0 && text->text[length - 1] == ' ')
        length--;
    return characters(text->text, length) <= most
           || refuse(refusal, "is longer than the type", KEEPS("text"));
}

static bool accept_bytes(const struct wh_slice *text, size_t most, struct wh_pg_refusal *refusal)
{
    return text->length <= most || refuse(refusal, "is longer than the type", KEEPS("text"));
}

/* "char": a byte, or \ooo. */
static bool accept_letter(const struct wh_slice *text, struct wh_pg_refusal *refusal)
{
    enum { OCTAL = 4 };
    if (text->length == OCTAL && text->text[0] == '\\')
        return true;
    return accept_bytes(text, 1, refusal);
}

static bool accept_bits(const struct wh_pg_type *type, const struct wh_slice *text,
                        struct wh_pg_refusal *refusal)
{
    size_t length = type->modifier < 0 ? text->length : (size_t)type->modifier;
    for (size_t i = 0; i < text->length; i++)
        if (text->text[i] != '0' && text->text[i] != '1')
            return refuse(refusal, "is not made of the digits 0 and 1", KEEPS("text"));
    if (text->length > length || (text->length < length && type->input == WH_PG_IN_BITS))
        return refuse(refusal, "has another length than the type", KEEPS("varbit"));
    return true;
}

/* All four parts of an IPv4 address, since PostgreSQL fills the others up, and without zeros before
 * them, which others read as octal. */
static bool accept_network(const struct wh_slice *text, struct wh_pg_refusal *refusal)
{
    struct cursor left = cursor_of(text);
    int value;
    if (memchr(text->text, ':', text->length))
        return true;
    for (int part = 0; part < 4; part++) {
        const char *begin = left.at;
        int count = part == 0 || take(&left, '.') ? take_digits(&left, &value) : 0;
        begin += part > 0;
        if (count == 0 || value > 255 || (count > 1 && *begin == '0'))
            return refuse(refusal, "is not an address such as 10.0.0.1 or 10.0.0.0/8",
                          KEEPS("text"));
    }
    return left.at == left.end || (take(&left, '/') && take_digits(&left, &value) > 0)
           || refuse(refusal, "is not an address such as 10.0.0.1 or 10.0.0.0/8", KEEPS("text"));
}

/* Pairs of hexadecimal digits, six, or eight of macaddr8, between them colons or dashes. */
static bool accept_mac(const struct wh_pg_type *type, const struct wh_slice *text,
                       struct wh_pg_refusal *refusal)
{
    enum { PAIR = 3 };
    static const char digits[] = "0123456789abcdefABCDEF";
    const char *at = text->text;
    size_t pairs = type->input == WH_PG_IN_MAC ? 6 : 8;
    bool good = text->length == pairs * PAIR - 1 && (at[2] == ':' || at[2] == '-');
    for (size_t i = 0; good && i < text->length; i++)
        good = i % PAIR == 2 ? at[i] == at[2] : at[i] != '\0' && strchr(digits, at[i]);
    return good || refuse(refusal, "is not an address such as 08:00:2b:01:02:03", KEEPS("text"));
}

/* Points and what is made of them: numbers that doubles keep, in brackets. */
static bool accept_geometry(const struct wh_slice *text, struct wh_pg_refusal *refusal)
{
    static const char numerals[] = "0123456789.eE+-";
    struct cursor left = cursor_of(text);
    if (text->length == 0 || !strchr("([{<", text->text[0]))
        return refuse_form(refusal);
    while (left.at < left.end) {
        const char *begin = left.at;
        while (left.at < left.end && *left.at && strchr(numerals, *left.at))
            left.at++;
        size_t length = (size_t)(left.at - begin);
        if (length == 0)
            left.at++;
        else if (wh_number_valid(begin, length) && !wh_number_kept(begin, length))
            return refuse(refusal, "has more digits than a double keeps", KEEPS("text"));
    }
    return true;
}

/* ---- texts with parts ------------------------------------------------------------------------ */

static bool accept_part(const struct wh_pg_type *type, const struct wh_pg_element *part,
                        struct wh_pg_refusal *refusal)
{
    struct wh_slice text = { part->text, part->length };
    return wh_pg_accepts(type, &text, refusal);
}

/* [1,5): bounds may be in quotes or left out. */
static bool accept_range(const struct wh_pg_type *type, char *text, size_t length,
                         struct wh_pg_refusal *refusal)
{
    struct wh_pg_element part;
    char *at = text + 1;
    const char *end = text + length;
    if (length == 5 && strncasecmp(text, "empty", length) == 0)
        return true;
    if (length < 3 || !strchr("[(", text[0]) || !strchr("])", end[-1]))
        return refuse_form(refusal);
    for (int bound = 0; bound < 2; bound++) {
        char closing = bound == 0 ? ',' : end[-1];
        at = wh_pg_take_element(&part, at, end, closing, closing);
        if (!at)
            return refuse_form(refusal);
        at++;
        if ((part.quoted || part.length > 0) && !accept_part(type->element, &part, refusal))
            return false;
    }
    return at == end || refuse_form(refusal);
}

/* {[1,5),[7,9)} */
static bool accept_multirange(const struct wh_pg_type *type, char *text, size_t length,
                              struct wh_pg_refusal *refusal)
{
    char *at = text + 1, *end = text + length - 1;
    if (length < 2 || *text != '{' || *end != '}')
        return refuse_form(refusal);
    while (at < end) {
        bool quoted = false;
        char *begin = at;
        for (; at < end && (quoted || (*at != ')' && *at != ']')); at++)
            quoted = quoted != (*at == '"');
        if (at == end)
            return refuse_form(refusal);
        at++;
        if (!accept_range(type->element, begin, (size_t)(at - begin), refusal))
            return false;
        if (at < end && (*at++ != ',' || at == end))
            return refuse_form(refusal);
    }
    return true;
}

static char *skip_blanks(char *at, const char *end)
{
    while (at < end && *at == ' ')
        at++;
    return at;
}

/* An array's braces and what is in them; returns the byte following them, NULL where it is not
 * accepted. */
static char *accept_braces(const struct wh_pg_type *type, char *at, const char *end,
                           struct wh_pg_refusal *refusal)
{
    at = skip_blanks(at + 1, end);
    if (at < end && *at == '}')
        return at + 1;
    refuse_form(refusal);
    while (at < end) {
        at = skip_blanks(at, end);
        struct wh_pg_element part = { .quoted = true };
        if (at < end && *at == '{')
            at = accept_braces(type, at, end, refusal);
        else
            at = wh_pg_take_element(&part, at, end, type->delimiter, '}');
        if (!at)
            return NULL;
        while (!part.quoted && part.length > 0 && part.text[part.length - 1] == ' ')
            part.length--;
        bool null = !part.quoted && part.length == 4 && strncasecmp(part.text, "NULL", 4) == 0;
        if (part.text && !null && !accept_part(type->element, &part, refusal))
            return NULL;
        refuse_form(refusal);
        if (at == end || (*at != type->delimiter && *at != '}'))
            return NULL;
        if (*at++ == '}')
            return at;
    }
    return NULL;
}

/* {1,2}, which bounds may come before: [0:1]={1,2}. */
static bool accept_array(const struct wh_pg_type *type, char *text, size_t length,
                         struct wh_pg_refusal *refusal)
{
    char *at = text;
    const char *end = text + length;
    if (length > 0 && *text == '[') {
        at = memchr(text, '=', length);
        if (!at)
            return refuse_form(refusal);
        at++;
    }
    if (at == end || *at != '{')
        return refuse_form(refusal);
    return accept_braces(type, at, end, refusal) == end;
}

static bool accept_composite(const struct wh_pg_type *type, char *text, size_t length,
                             struct wh_pg_refusal *refusal)
{
    char *at = text + 1;
    const char *end = text + length;
    if (length < 2 || *text != '(')
        return refuse_form(refusal);
    for (size_t i = 0; i < type->count; i++) {
        struct wh_pg_element part;
        at = wh_pg_take_element(&part, at, end, ',', ')');
        if (!at || (*at == ')') != (i + 1 == type->count))
            return refuse_form(refusal);
        at++;
        if ((part.quoted || part.length > 0)
            && !accept_part(type->members[i].type, &part, refusal))
            return false;
    }
    return type->count == 0 || at == end || refuse_form(refusal);
}

/* What is taken apart is a copy, whose escapes are resolved in place. */
static bool accept_parts(const struct wh_pg_type *type, const struct wh_slice *text,
                         struct wh_pg_refusal *refusal)
{
    char *copy = wh_copy(text->text, text->length);
    bool good = type->kind == WH_PG_ARRAY       ? accept_array(type, copy, text->length, refusal)
                : type->kind == WH_PG_COMPOSITE ? accept_composite(type, copy, text->length, refusal)
                : type->input == WH_PG_IN_RANGE    ? accept_range(type, copy, text->length, refusal)
                                                : accept_multirange(type, copy, text->length,
                                                                    refusal);
    free(copy);
    return good;
}

/* ---- every type ------------------------------------------------------------------------------ */

bool wh_pg_accepts_nested(const struct wh_pg_type *type)
{
    return type->kind != WH_PG_ARRAY && type->kind != WH_PG_COMPOSITE
           && (type->input == WH_PG_IN_ANYTHING || type->input == WH_PG_IN_TEXT
               || type->input == WH_PG_IN_VARCHAR);
}

/* bytea as a part of a literal. */
static bool accept_hexadecimal(const struct wh_slice *text, struct wh_pg_refusal *refusal)
{
    return (text->length >= 2 && memcmp(text->text, "\\x", 2) == 0)
           || refuse(refusal, "is not \\x and hexadecimal digits", NULL, NULL);
}

bool wh_pg_accepts(const struct wh_pg_type *type, struct wh_slice *text,
                   struct wh_pg_refusal *refusal)
{
    enum { NAME_LENGTH = 63 };
    if (type->kind == WH_PG_ARRAY || type->kind == WH_PG_COMPOSITE)
        return accept_parts(type, text, refusal);
    switch (type->input) {
    case WH_PG_IN_BOOLEAN:
        return accept_boolean(text, refusal);
    case WH_PG_IN_SMALLINT:
        return accept_integer(text, INT16_MIN, INT16_MAX, refusal);
    case WH_PG_IN_INTEGER:
        return accept_integer(text, INT32_MIN, INT32_MAX, refusal);
    case WH_PG_IN_BIGINT:
        return accept_integer(text, INT64_MIN, INT64_MAX, refusal);
    case WH_PG_IN_OID:
        return accept_integer(text, 0, UINT32_MAX, refusal);
    case WH_PG_IN_NUMERIC:
        return accept_numeric(type, text, refusal);
    case WH_PG_IN_REAL:
        return accept_float(text, true, refusal);
    case WH_PG_IN_DOUBLE:
        return accept_float(text, false, refusal);
    case WH_PG_IN_MONEY:
        return accept_money(text, refusal);
    case WH_PG_IN_DATE:
        return accept_date(text, refusal);
    case WH_PG_IN_TIME:
    case WH_PG_IN_TIME_ZONED:
        return accept_time(type, text, refusal);
    case WH_PG_IN_STAMP:
        return accept_stamp(type, text, refusal);
    case WH_PG_IN_STAMP_ZONED:
        return accept_zoned_stamp(type, text, refusal);
    case WH_PG_IN_INTERVAL:
        return accept_interval(type, text, refusal);
    case WH_PG_IN_VARCHAR:
    case WH_PG_IN_CHARACTER:
        return accept_length(type, text, refusal);
    case WH_PG_IN_NAME:
        return accept_bytes(text, NAME_LENGTH, refusal);
    case WH_PG_IN_LETTER:
        return accept_letter(text, refusal);
    case WH_PG_IN_BITS:
    case WH_PG_IN_VARBITS:
        return accept_bits(type, text, refusal);
    case WH_PG_IN_NETWORK:
        return accept_network(text, refusal);
    case WH_PG_IN_MAC:
    case WH_PG_IN_MAC8:
        return accept_mac(type, text, refusal);
    case WH_PG_IN_GEOMETRY:
        return accept_geometry(text, refusal);
    case WH_PG_IN_RANGE:
    case WH_PG_IN_MULTIRANGE:
        return accept_parts(type, text, refusal);
    case WH_PG_IN_BYTES:
        return accept_hexadecimal(text, refusal);
    case WH_PG_IN_ANYTHING:
    case WH_PG_IN_TEXT:
    case WH_PG_IN_UUID:
    case WH_PG_IN_XML:
    case WH_PG_IN_DOCUMENT:
    case WH_PG_IN_BINARY_DOCUMENT:
        break;
    }
    return true;
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
