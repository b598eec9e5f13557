#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/number.h"
#include "database/pgaccept_scan.h"

/* Of texts that are no JSON number: what wh-clean --type makes one of, and what it does not. */
static bool refuse_number(const struct wh_slice *text, const char *what, bool integer,
                          struct wh_pg_refusal *refusal)
{
    struct cursor left = cursor_of(text);
    int value;
    if (refuse_blanks(text, what, refusal))
        return false;
    if (!take(&left, '-'))
        take(&left, '+');
    int digits = take_digits(&left, &value);
    bool point = take(&left, '.');
    digits += take_digits(&left, &value);
    if (digits == 0 || left.at != left.end)
        return refuse(refusal, what, KEEPS("text"));
    if (!integer)
        return refuse(refusal, what,
                      CONVERTS("decimal", "makes it one; a column of text keeps it"));
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

bool wh_pg_accept_integer(struct wh_slice *text, int64_t least, int64_t most,
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
    for (; left.at < left.end && (wh_is_digit(*left.at) || *left.at == '.'); left.at++) {
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

/* The digits that numeric keeps (PostgreSQL, "Numeric Types"). */
enum { MOST_WHOLE = 131072, MOST_SCALE = 16383 };

/* Of a number that has too many digits for its type: what keeps it is numeric, up to its limits. */
static bool refuse_digits(struct wh_pg_refusal *refusal, const char *what,
                          const struct wh_slice *text)
{
    int64_t high = 0, low = 0;
    if (find_powers(text, &high, &low) && (high >= MOST_WHOLE || low < -MOST_SCALE))
        return refuse(refusal, what, KEEPS("text"));
    return refuse(refusal, what, KEEPS("numeric"));
}

/* Precision and scale as pg_attribute.atttypmod has them (PostgreSQL, utils/adt/numeric.c). */
bool wh_pg_accept_numeric(const struct wh_pg_type *type, const struct wh_slice *text,
                          struct wh_pg_refusal *refusal)
{
    enum { HEADER = 4, SCALE_BITS = 0x7FF, SCALE_SIGN = 0x400 };
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
        return refuse_digits(refusal, "has more digits before the point than the type keeps", text);
    if (scale < 0 && low < -scale)
        return refuse_digits(refusal, "has digits that the type, with its negative scale, rounds away",
                             text);
    return low >= -scale
           || refuse_digits(refusal, "has more digits after the point than the type keeps", text);
}

/* Of a number that no real, or no double, is near to. */
static const char *out_of_range(const struct wh_slice *text, bool single)
{
    int64_t high = 0, low = 0;
    char *copy = wh_copy(text->text, text->length);
    double value = fabs(wh_number_parse(copy, text->length));
    free(copy);
    if (single ? value > (double)FLT_MAX : isinf(value))
        return single ? "is too large for a real" : "is too large for a double";
    if (find_powers(text, &high, &low) && value < (single ? (double)FLT_MIN : DBL_MIN))
        return single ? "is too close to zero for a real" : "is too close to zero for a double";
    return NULL;
}

bool wh_pg_accept_float(const struct wh_slice *text, bool single, struct wh_pg_refusal *refusal)
{
    if (!wh_number_valid(text->text, text->length))
        return is_special_number(text)
               || refuse_number(text, "is not a number", false, refusal);
    if (single ? wh_number_kept_single(text->text, text->length)
               : wh_number_kept(text->text, text->length))
        return true;
    const char *range = out_of_range(text, single);
    if (single && wh_number_kept(text->text, text->length))
        return refuse(refusal, range ? range : "has more digits than a real keeps",
                      KEEPS("double precision"));
    return refuse_digits(refusal, range ? range : "has more digits than a double keeps", text);
}

/* A number of two places, or as lc_monetary C prints it: -$1,234.50. */
bool wh_pg_accept_money(const struct wh_slice *text, struct wh_pg_refusal *refusal)
{
    enum { PLACES = 2 };
    int64_t high = 0, low = 0;
    if (wh_number_valid(text->text, text->length))
        return !find_powers(text, &high, &low) || low >= -PLACES
               || refuse_digits(refusal, "has more digits after the point than the type keeps",
                                text);
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
