#include "base/number.h"

#include <float.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/text.h"
#include "base/wide.h"

/* A double is mantissa * 2^(biased - EXPONENT_BIAS), with 52 stored bits of mantissa. */
enum { MANTISSA_BITS = 52, EXPONENT_BIAS = 1075, EXPONENT_INFINITE = 2047, MOST_EXACT_TEN = 22 };

static const double exact_tens[MOST_EXACT_TEN + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

/*
 * Powers of ten, computed (some 30 microseconds) when the first number needs one.
 */

static struct wh_wide powers[WH_POWERS];
static atomic_bool powers_known;
static pthread_once_t powers_once = PTHREAD_ONCE_INIT;

static void fill_powers(void)
{
    wh_powers_fill(powers);
    atomic_store_explicit(&powers_known, true, memory_order_release);
}

/* The 128 leading bits of 10^q, cut off. */
static struct wh_wide leading_bits_of_ten(int q)
{
    if (!atomic_load_explicit(&powers_known, memory_order_acquire))
        pthread_once(&powers_once, fill_powers);
    return powers[q - WH_POWER_LEAST];
}

/* floor(log2(10^q)), right for |q| <= 1233. */
static int log2_of_ten(int q)
{
    return (q * 1741647) >> 19;
}

/*
 * Grammar
 */

/* At least one digit; returns the place after the last, or NULL. */
static const char *skip_digits(const char *at, const char *end)
{
    const char *first = at;
    while (at < end && wh_is_digit(*at))
        at++;
    return at > first ? at : NULL;
}

bool wh_number_valid(const char *text, size_t length)
{
    const char *at = text, *end = text + length;
    if (at < end && *at == '-')
        at++;
    const char *whole = at;
    at = skip_digits(at, end);
    if (!at || (*whole == '0' && at - whole > 1))
        return false;
    if (at < end && *at == '.') {
        at = skip_digits(at + 1, end);
        if (!at)
            return false;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        at = skip_digits(at, end);
    }
    return at == end;
}

bool wh_number_integer(const char *text, size_t length, int64_t *value)
{
    bool negative = length > 0 && text[0] == '-';
    /* Summed up below zero, where there is one integer more. */
    int64_t number = 0;
    for (size_t i = negative; i < length; i++)
        if (!wh_is_digit(text[i]) || __builtin_mul_overflow(number, (int64_t)10, &number)
            || __builtin_sub_overflow(number, (int64_t)(text[i] - '0'), &number))
            return false;
    if (!negative && number == INT64_MIN)
        return false;
    *value = negative ? number : -number;
    return true;
}

/*
 * Text to double
 */

enum { MOST_DIGITS = 19 }; /* any number of 19 digits fits 64 bits */

/* A number's text taken apart: digits * 10^exponent, if nothing was cut off. */
struct decimal {
    uint64_t digits;
    int64_t exponent;
    bool cut; /* there were more than 19 digits: these are the first */
    const char *text; /* digits and point, without sign */
    const char *text_end;
    int64_t written_exponent;
};

static uint64_t load_little_endian(const char *text)
{
    uint64_t word;
    memcpy(&word, text, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* Whether all eight bytes are '0' to '9': adding 0x46 carries above '9', subtracting below '0'. */
static bool all_digits(uint64_t word)
{
    return (((word + UINT64_C(0x4646464646464646)) | (word - UINT64_C(0x3030303030303030)))
            & UINT64_C(0x8080808080808080)) == 0;
}

/* Eight digits, the first in the lowest byte: joined to pairs, fours and then all by products. */
static uint64_t eight_digits(uint64_t word)
{
    word = (word & UINT64_C(0x0F0F0F0F0F0F0F0F)) * (10 << 8 | 1) >> 8;
    word = (word & UINT64_C(0x00FF00FF00FF00FF)) * (100 << 16 | 1) >> 16;
    return (word & UINT64_C(0x0000FFFF0000FFFF)) * (UINT64_C(10000) << 32 | 1) >> 32;
}

/* Appends the digits at `at` to *value (modulo 2^64); returns the place after them. */
static const char *read_digits(const char *at, const char *end, uint64_t *value)
{
    uint64_t sum = *value;
    while (end - at >= 8) {
        uint64_t word = load_little_endian(at);
        if (!all_digits(word))
            break;
        sum = sum * 100000000 + eight_digits(word);
        at += 8;
    }
    for (; at < end && wh_is_digit(*at); at++)
        sum = sum * 10 + (uint64_t)(*at - '0');
    *value = sum;
    return at;
}

/* An exponent too long for 64 bits is as good as 10^17: no text is as long, to make up for it. */
static int64_t read_exponent(const char *at, const char *end)
{
    enum { ENOUGH_DIGITS = 17 };
    bool negative = *at == '-';
    if (*at == '-' || *at == '+')
        at++;
    while (at < end && *at == '0')
        at++;
    uint64_t value = 0;
    if (end - at > ENOUGH_DIGITS)
        value = UINT64_C(100000000000000000);
    else
        read_digits(at, end, &value);
    return negative ? -(int64_t)value : (int64_t)value;
}

/* Reads the first 19 significant digits of a text that has more digits than that. */
static void cut_digits(struct decimal *decimal)
{
    int taken = 0;
    bool fraction = false;
    decimal->digits = 0;
    decimal->exponent = decimal->written_exponent;
    for (const char *at = decimal->text; at < decimal->text_end; at++) {
        if (*at == '.') {
            fraction = true;
        } else if (taken < MOST_DIGITS) {
            decimal->digits = decimal->digits * 10 + (uint64_t)(*at - '0');
            taken += decimal->digits > 0;
            decimal->exponent -= fraction;
        } else {
            decimal->cut |= *at != '0';
            decimal->exponent += !fraction;
        }
    }
}

static struct decimal read_decimal(const char *at, const char *end)
{
    struct decimal decimal = { .text = at };
    at = read_digits(at, end, &decimal.digits);
    int64_t count = at - decimal.text;
    if (at < end && *at == '.') {
        const char *fraction = ++at;
        at = read_digits(at, end, &decimal.digits);
        decimal.exponent = fraction - at;
        count += at - fraction;
    }
    decimal.text_end = at;
    if (at < end) {
        decimal.written_exponent = read_exponent(at + 1, end);
        decimal.exponent += decimal.written_exponent;
    }
    if (count > MOST_DIGITS)
        cut_digits(&decimal);
    return decimal;
}

static double from_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* A double's bits that are right, or the lower of the two that remain possible. */
struct rounded {
    uint64_t bits;
    bool certain;
};

static const struct rounded rounded_zero = { 0, true };
static const struct rounded rounded_infinity = { (uint64_t)EXPONENT_INFINITE << MANTISSA_BITS,
                                                 true };

/*
 * Rounds the fraction high.middle.low (192 bits, of which one of the top two is set) times
 * 2^exponent, `exponent` counting from the lowest bit of `high`. Where it is not exact, the true
 * fraction is greater by more than 0 and less than `error` units of `low`.
 */
static struct rounded round_product(uint64_t high, uint64_t middle, uint64_t low, int exponent,
                                    uint64_t error)
{
    /* Bits of `high` below the mantissa: 10 or 11, or more for what is below the normal range. */
    int drop = 10 + (int)(high >> 63);
    int biased = exponent + drop + EXPONENT_BIAS;
    if (biased < 1) {
        drop += 1 - biased;
        biased = 1;
    }
    if (drop > 64)
        return rounded_zero;
    if (biased >= EXPONENT_INFINITE)
        return rounded_infinity;
    uint64_t mantissa = drop < 64 ? high >> drop : 0;
    uint64_t half = UINT64_C(1) << (drop - 1);
    uint64_t tail = high & (half - 1);
    /* The top bit of a normal mantissa adds one to the exponent, as does one that overflows. */
    uint64_t bits = ((uint64_t)(biased - 1) << MANTISSA_BITS) + mantissa;
    if (high & half) {
        bool above = tail || middle || low || error;
        return (struct rounded){ bits + (above || (mantissa & 1)), true };
    }
    bool below = tail == half - 1 && middle == UINT64_MAX && low + error < low;
    return (struct rounded){ bits, !below };
}

/*
 * The double nearest to digits * 10^exponent: 64 by 128 bit multiplication, as in D. Lemire,
 * Number Parsing at a Gigabyte per Second (2021). The power of ten is cut off after 128 bits, so
 * the true product is greater by less than one unit of the power's last place times `digits`; if
 * no middle of two doubles lies in between, the result is certain.
 */
static struct rounded round_decimal(uint64_t digits, int64_t exponent)
{
    enum { LAST_EXACT_POWER = 55 }; /* 5^55 < 2^128 */
    if (digits == 0 || exponent < WH_POWER_LEAST)
        return rounded_zero;
    if (exponent > DBL_MAX_10_EXP)
        return rounded_infinity;
    int power = (int)exponent;
    int up = __builtin_clzll(digits);
    uint64_t factor = digits << up;
    struct wh_wide ten = leading_bits_of_ten(power);
    struct wh_wide upper = wh_wide_product(factor, ten.high);
    struct wh_wide lower = wh_wide_product(factor, ten.low);
    uint64_t middle = upper.low + lower.high;
    uint64_t high = upper.high + (middle < lower.high);
    bool exact = power >= 0 && power <= LAST_EXACT_POWER;
    return round_product(high, middle, lower.low, 1 + log2_of_ten(power) - up,
                         exact ? 0 : factor);
}

/*
 * digits / 10^places where that is a fraction with a power of two below, so that it may lie in the
 * very middle of two doubles: then 5^places divides the digits, and what is left is converted with
 * one rounding. False where it does not divide.
 */
static bool divide_exactly(uint64_t digits, int64_t places, double *value)
{
    enum { MOST_FIVES = 27 }; /* 5^28 > 2^64 */
    if (places > MOST_FIVES)
        return false;
    for (int64_t i = 0; i < places; i++) {
        if (digits % 5 != 0)
            return false;
        digits /= 5;
    }
    *value = ldexp((double)digits, (int)-places);
    return true;
}

/* Decides exactly between the double of `bits` and the next one, by the middle of both. */
static double settle(const struct decimal *decimal, uint64_t bits)
{
    uint64_t mantissa = bits & ((UINT64_C(1) << MANTISSA_BITS) - 1);
    int biased = (int)(bits >> MANTISSA_BITS);
    if (biased > 0)
        mantissa |= UINT64_C(1) << MANTISSA_BITS;
    else
        biased = 1;
    int side = wh_decimal_compare(decimal->text, decimal->text_end, decimal->written_exponent,
                                  mantissa * 2 + 1, biased - EXPONENT_BIAS - 1);
    return from_bits(bits + (side > 0 || (side == 0 && (bits & 1))));
}

static double nearest_double(const struct decimal *decimal)
{
    struct rounded rounded = round_decimal(decimal->digits, decimal->exponent);
    if (decimal->cut) {
        /* The true value lies between these digits and the next ones. */
        struct rounded next = round_decimal(decimal->digits + 1, decimal->exponent);
        rounded.certain &= next.certain && next.bits == rounded.bits;
    }
    if (rounded.certain)
        return from_bits(rounded.bits);
    double value;
    if (!decimal->cut && decimal->exponent < 0
        && divide_exactly(decimal->digits, -decimal->exponent, &value))
        return value;
    return settle(decimal, rounded.bits);
}

double wh_number_parse(const char *text, size_t length)
{
    bool negative = length > 0 && text[0] == '-';
    struct decimal decimal = read_decimal(text + negative, text + length);
    double value;
    /* Both numbers are exact doubles, so that one operation rounds once (W. Clinger, How to Read
     * Floating Point Numbers Accurately, 1990), unless it is done in a wider format. */
    if (FLT_EVAL_METHOD == 0 && !decimal.cut && decimal.digits >> (MANTISSA_BITS + 1) == 0
        && decimal.exponent >= -MOST_EXACT_TEN && decimal.exponent <= MOST_EXACT_TEN)
        value = decimal.exponent < 0 ? (double)decimal.digits / exact_tens[-decimal.exponent]
                                     : (double)decimal.digits * exact_tens[decimal.exponent];
    else
        value = nearest_double(&decimal);
    return negative ? -value : value;
}

/*
 * Most numbers are short, and a valid number's bytes are few, so that eight of them are looked at
 * together: less '0' (by exclusive or) a digit is below 0x10, and of the others "." and e each
 * have bit 4 set. Digits and power of ten are exact doubles (Clinger, as above).
 */
static const uint64_t ZEROS = UINT64_C(0x3030303030303030);
static const uint64_t BIT_FOUR = UINT64_C(0x1010101010101010);
static const uint64_t NO_DIGIT = UINT64_C(0xF0F0F0F0F0F0F0F0);

/* A number of 1 to 8 bytes without sign. False where it has an exponent. */
static inline bool parse_word(const char *text, size_t length, double *value)
{
    const uint64_t point = '.' ^ '0';
    /* The text's end in the highest byte; what comes in below are leading zeros. */
    uint64_t word = (load_little_endian(text) ^ ZEROS) << (64 - 8 * length);
    uint64_t marks = word & BIT_FOUR;
    if (!marks) {
        *value = (double)eight_digits(word);
        return true;
    }
    unsigned place = (unsigned)__builtin_ctzll(marks) & ~7u;
    word ^= point << place;
    if (word & NO_DIGIT)
        return false;
    /* The digits before the point move up to those after it. */
    uint64_t before = word & ((UINT64_C(1) << place) - 1);
    word += (before << 8) - before;
    *value = (double)eight_digits(word) / exact_tens[7 - place / 8];
    return true;
}

/* The first `count` bytes of `word`, 1 to 8, as the last of eight digits, zeros before them. */
static uint64_t align_digits(uint64_t word, size_t count)
{
    return (word ^ ZEROS) << (64 - 8 * count);
}

/* The same of 9 to 15 bytes, with 1 to 8 digits before the point and after it. */
static bool parse_two_words(const char *text, size_t length, double *value)
{
    uint64_t marks = (load_little_endian(text) ^ ZEROS) & BIT_FOUR;
    size_t whole = marks ? (size_t)__builtin_ctzll(marks) / 8 : 8;
    size_t fraction = length - whole - 1;
    if (text[whole] != '.' || fraction > 8)
        return false;
    uint64_t high = align_digits(load_little_endian(text), whole);
    uint64_t low = align_digits(load_little_endian(text + whole + 1), fraction);
    double scale = exact_tens[fraction];
    *value = ((double)eight_digits(high) * scale + (double)eight_digits(low)) / scale;
    return !((high | low) & NO_DIGIT);
}

/* At most 15 bytes, whose digits are surely below 2^53. False for what is better read by other
 * means. */
static inline bool parse_short(const char *text, size_t length, double *value)
{
    if (FLT_EVAL_METHOD != 0)
        return false;
    if (length - 1 < 8)
        return parse_word(text, length, value);
    return length - 9 < 7 && parse_two_words(text, length, value);
}

double wh_number_parse_slack(const char *text, size_t length)
{
    uint64_t negative = text[0] == '-', bits;
    double value;
    if (!parse_short(text + negative, length - negative, &value))
        return wh_number_parse(text, length);
    /* No branch: signs are often as good as random. */
    memcpy(&bits, &value, sizeof bits);
    return from_bits(bits | negative << 63);
}

/*
 * Double to text
 */

static const char digit_pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445"
    "46474849505152535455565758596061626364656667686970717273747576777879808182838485868788899091"
    "9293949596979899";

static int count_digits(uint64_t value)
{
    int count = 1;
    for (; value >= 10000; value /= 10000)
        count += 4;
    return count + (value >= 10) + (value >= 100) + (value >= 1000);
}

static void write_four_digits(uint32_t value, char *out)
{
    memcpy(out, digit_pairs + value / 100 * 2, 2);
    memcpy(out + 2, digit_pairs + value % 100 * 2, 2);
}

/* Writes `value`, which has `count` digits, by eights, whose parts do not wait for one another. */
static void write_digits(uint64_t value, int count, char *out)
{
    enum { EIGHT_DIGITS = 100000000 };
    char *at = out + count;
    for (; value >= EIGHT_DIGITS; value /= EIGHT_DIGITS) {
        uint32_t eight = (uint32_t)(value % EIGHT_DIGITS);
        at -= 8;
        write_four_digits(eight / 10000, at);
        write_four_digits(eight % 10000, at + 4);
    }
    uint32_t rest = (uint32_t)value;
    for (; rest >= 100; rest /= 100) {
        at -= 2;
        memcpy(at, digit_pairs + rest % 100 * 2, 2);
    }
    if (rest >= 10)
        memcpy(at - 2, digit_pairs + rest * 2, 2);
    else
        at[-1] = (char)('0' + rest);
}

static size_t write_integer(uint64_t value, char *out)
{
    int count = count_digits(value);
    write_digits(value, count, out);
    return (size_t)count;
}

/* A positive number: digits * 10^exponent, the last digit not 0. */
struct shortest {
    uint64_t digits;
    int exponent;
};

/*
 * floor(power * factor / 2^128), its last bit set where anything was cut off. `power` is cut off
 * after 128 bits and one added; that excess cannot reach beyond the lowest bit of low.
 */
static uint64_t multiply_to_odd(struct wh_wide power, uint64_t factor)
{
    uint64_t carry = wh_wide_product(power.low, factor).high;
    struct wh_wide product = wh_wide_product(power.high, factor);
    uint64_t low = product.low + carry;
    return (product.high + (low < carry)) | (low > 1);
}

static struct shortest strip_zeros(uint64_t digits, int exponent)
{
    if (digits % 10 != 0)
        return (struct shortest){ digits, exponent };
    if (digits % 100000000 == 0) {
        digits /= 100000000;
        exponent += 8;
    }
    for (; digits % 100 == 0; digits /= 100)
        exponent += 2;
    if (digits % 10 == 0) {
        digits /= 10;
        exponent++;
    }
    return (struct shortest){ digits, exponent };
}

/*
 * The shortest decimal that rounds to the double, by R. Giulietti, The Schubfach way to render
 * doubles (2020). All that rounds to mantissa * 2^power lies between the middles to its
 * neighbours. With 10^scale the greatest power of ten not above their distance, there is at most
 * one multiple of 10^(scale + 1) between them, and at least one of 10^scale. Everything is
 * compared in quarters of 10^scale, cut off to odd: the cut never hides on which side of an even
 * number of quarters the exact value lies.
 */
static struct shortest shortest_decimal(uint64_t mantissa, int power)
{
    /* Below a power of two the doubles are twice as dense. */
    bool uneven = mantissa == UINT64_C(1) << MANTISSA_BITS && power > 1 - EXPONENT_BIAS;
    /* floor(log10(2^power)), or of 3/4 of that. */
    int scale = (power * 1262611 - (uneven ? 524031 : 0)) >> 22;
    int up = power + log2_of_ten(-scale) + 1;
    struct wh_wide ten = leading_bits_of_ten(-scale);
    ten.low++;
    ten.high += ten.low == 0;
    uint64_t value = multiply_to_odd(ten, mantissa * 4 << up);
    uint64_t below = multiply_to_odd(ten, (mantissa * 4 - (uneven ? 1 : 2)) << up);
    uint64_t above = multiply_to_odd(ten, (mantissa * 4 + 2) << up);
    /* A middle itself is read back to the even mantissa. */
    below += mantissa & 1;
    above -= mantissa & 1;

    uint64_t units = value / 4;
    uint64_t tens = units / 10 * 10;
    bool lower_ten = tens > 0 && below <= tens * 4;
    bool upper_ten = tens > 0 && (tens + 10) * 4 <= above;
    if (lower_ten || upper_ten)
        return strip_zeros(lower_ten ? tens : tens + 10, scale);
    bool lower = below <= units * 4;
    bool upper = (units + 1) * 4 <= above;
    if (lower && upper) {
        uint64_t middle = units * 4 + 2;
        upper = value > middle || (value == middle && (units & 1));
    }
    return strip_zeros(upper ? units + 1 : units, scale);
}

/* The forms of ECMAScript's Number::toString. `out` has room for WH_NUMBER_SIZE bytes. */
static size_t lay_out(struct shortest number, char *out)
{
    enum { MOST_PLACES = 21, MOST_ZEROS = 6 };
    int count = count_digits(number.digits);
    int point = count + number.exponent; /* digits before the decimal point */
    if (point > MOST_PLACES || point <= -MOST_ZEROS) {
        write_digits(number.digits, count, out + 1);
        out[0] = out[1];
        out[1] = '.';
        char *at = out + (count > 1 ? count + 1 : 1);
        *at++ = 'e';
        if (point <= 0)
            *at++ = '-';
        uint64_t exponent = (uint64_t)(point > 0 ? point - 1 : 1 - point);
        return (size_t)(at - out) + write_integer(exponent, at);
    }
    if (point <= 0) {
        memcpy(out, "0.000000", 8);
        write_digits(number.digits, count, out + 2 - point);
        return (size_t)(2 - point + count);
    }
    if (point >= count) {
        write_digits(number.digits, count, out);
        memset(out + count, '0', (size_t)(point - count));
        return (size_t)point;
    }
    write_digits(number.digits, count, out + 1);
    memmove(out, out + 1, (size_t)point);
    out[point] = '.';
    return (size_t)count + 1;
}

/*
 * A number of up to six decimal places below 10^9, as most that people write: at most 15 digits,
 * of which no two texts stand for the same double, so that the one found is the shortest. Returns
 * 0 where `size` is no such number.
 */
static size_t print_few_places(double size, char *out)
{
    enum { PLACES = 6, SCALE = 1000000 };
    if (!(size < 1e9))
        return 0;
    uint64_t scaled = (uint64_t)(size * SCALE + 0.5);
    /* The division rounds once, so this is what reading the text gives. */
    if (FLT_EVAL_METHOD != 0 || (double)scaled / SCALE != size)
        return 0;
    size_t length = write_integer(scaled / SCALE, out);
    /* The leading 1 keeps the zeros after the point, which then takes its place. */
    write_digits(SCALE + scaled % SCALE, 1 + PLACES, out + length);
    out[length] = '.';
    length += 1 + PLACES;
    while (out[length - 1] == '0')
        length--;
    return length;
}

const char *wh_number_spell(const char *text, size_t *length, char out[static WH_NUMBER_SIZE])
{
    size_t at = *text == '-';
    while (at < *length && text[at] >= '0' && text[at] <= '9')
        at++;
    bool whole = at == *length, zero = whole && text[at - 1] == '0' && *length == 2 && *text == '-';
    if ((whole && !zero) || !wh_number_exact(text, *length))
        return text;
    double value = wh_number_parse(text, *length);
    *length = wh_number_print(value == 0 ? 0 : value, out);
    return out;
}

size_t wh_number_print(double value, char out[static WH_NUMBER_SIZE])
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    size_t sign = bits >> 63;
    if (sign)
        out[0] = '-';
    double size = fabs(value);
    /* Every integer up to 2^53 is its own shortest text. */
    if (size <= 0x1p53 && size == (double)(uint64_t)size)
        return sign + write_integer((uint64_t)size, out + sign);
    size_t length = print_few_places(size, out + sign);
    if (length > 0)
        return sign + length;
    uint64_t mantissa = bits & ((UINT64_C(1) << MANTISSA_BITS) - 1);
    int biased = (int)(bits >> MANTISSA_BITS & EXPONENT_INFINITE);
    if (biased > 0)
        mantissa |= UINT64_C(1) << MANTISSA_BITS;
    else
        biased = 1;
    return sign + lay_out(shortest_decimal(mantissa, biased - EXPONENT_BIAS), out + sign);
}

size_t wh_number_print_rounded(double value, unsigned digits, char out[static WH_NUMBER_SIZE])
{
    char text[WH_NUMBER_SIZE];
    if (digits == 0)
        return wh_number_print(value, out);
    /* Where the nearest text of so many digits lies is the C library's to say; its form is ours. */
    int length = snprintf(text, sizeof text, "%.*e", (int)digits - 1, value);
    return wh_number_print(wh_number_parse(text, (size_t)length), out);
}

size_t wh_integer_print(int64_t value, char out[static WH_NUMBER_SIZE])
{
    uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
    if (value < 0)
        *out++ = '-';
    return write_integer(size, out) + (value < 0);
}

/*
 * What a double keeps of a text
 */

/* The digits of a number without sign, the zeros at their end moved into the exponent: equal
 * numbers of up to 19 digits have equal parts. */
static struct decimal trimmed_decimal(const char *text, size_t length)
{
    bool negative = length > 0 && text[0] == '-';
    struct decimal decimal = read_decimal(text + negative, text + length);
    while (decimal.digits > 0 && decimal.digits % 10 == 0) {
        decimal.digits /= 10;
        decimal.exponent++;
    }
    return decimal;
}

bool wh_number_exact(const char *text, size_t length)
{
    enum { SAFE_EXPONENT = 280 };
    /* Any decimal of up to 15 digits survives (DBL_DIG), away from the ends of the range. */
    static const uint64_t safe_digits = UINT64_C(1000000000000000);
    struct decimal given = trimmed_decimal(text, length);
    if (given.cut)
        return false;
    if (given.digits == 0 || (given.digits < safe_digits && given.exponent > -SAFE_EXPONENT
                              && given.exponent < SAFE_EXPONENT))
        return true;
    double value = wh_number_parse(text, length);
    if (isinf(value))
        return false;
    char printed[WH_NUMBER_SIZE];
    struct decimal kept = trimmed_decimal(printed, wh_number_print(value, printed));
    return kept.digits == given.digits && kept.exponent == given.exponent;
}

/* The number's digits as the value printed with as many of them has them. */
static bool printed_as(const struct decimal *given, double value)
{
    char printed[WH_NUMBER_SIZE];
    int places = count_digits(given->digits) - 1;
    snprintf(printed, sizeof printed, "%.*e", places, fabs(value));
    /* The second byte is the point, however the locale writes it. */
    uint64_t digits = (uint64_t)(printed[0] - '0');
    for (int i = 0; i < places; i++)
        digits = digits * 10 + (uint64_t)(printed[2 + i] - '0');
    const char *exponent = strchr(printed, 'e') + 1;
    return digits == given->digits
           && read_exponent(exponent, exponent + strlen(exponent)) - places == given->exponent;
}

/* Whether one of `most` digits at most, of which the first `safe` are kept in any case, is kept. */
static bool kept(const char *text, size_t length, int safe, int most, int safe_exponent,
                 double (*nearest)(const char *text, size_t length))
{
    struct decimal given = trimmed_decimal(text, length);
    if (given.cut)
        return false;
    if (given.digits == 0)
        return true;
    int count = count_digits(given.digits);
    if (count <= safe && given.exponent > -safe_exponent
        && given.exponent + count < safe_exponent)
        return true;
    double value = nearest(text, length);
    return count <= most && isfinite(value) && value != 0 && printed_as(&given, value);
}

bool wh_number_kept(const char *text, size_t length)
{
    enum { MOST_DIGITS_OF_DOUBLE = 17, SAFE_EXPONENT = 280 };
    return kept(text, length, DBL_DIG, MOST_DIGITS_OF_DOUBLE, SAFE_EXPONENT, wh_number_parse);
}

static double nearest_single(const char *text, size_t length)
{
    static const double rounded_up = 0x1.ffffffp127; /* half a step above FLT_MAX */
    double value = wh_number_parse(text, length);
    return fabs(value) >= rounded_up ? HUGE_VAL : (double)(float)value;
}

bool wh_number_kept_single(const char *text, size_t length)
{
    enum { MOST_DIGITS_OF_SINGLE = 9, SAFE_EXPONENT = 30 };
    return kept(text, length, FLT_DIG, MOST_DIGITS_OF_SINGLE, SAFE_EXPONENT, nearest_single);
}

const char *wh_count_text(uint64_t count, char out[static 32])
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)count);
    size_t used = 0;
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0)
            out[used++] = ',';
        out[used++] = digits[i];
    }
    out[used] = '\0';
    return out;
}
