#include "base/decimal.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * A middle of two doubles has at most 767 significant digits. Of a longer text the first 800 and
 * whether anything follows decide. The largest integers met are then below 10^801 (2661 bits) or
 * 2^54 * 5^1125 (2667 bits), each less than doubled by the shift that aligns them.
 */
enum { MOST_DIGITS = 800, LIMBS = 96 };

/* limb[0] is the least; limb[used - 1] is not zero. */
struct big {
    size_t used;
    uint32_t limb[LIMBS];
};

static void multiply_add(struct big *big, uint32_t factor, uint32_t summand)
{
    uint64_t carry = summand;
    for (size_t i = 0; i < big->used; i++) {
        carry += (uint64_t)big->limb[i] * factor;
        big->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry)
        big->limb[big->used++] = (uint32_t)carry;
}

static void divide(struct big *big, uint32_t divisor)
{
    uint64_t rest = 0;
    for (size_t i = big->used; i-- > 0;) {
        rest = rest << 32 | big->limb[i];
        big->limb[i] = (uint32_t)(rest / divisor);
        rest %= divisor;
    }
    while (big->used > 0 && big->limb[big->used - 1] == 0)
        big->used--;
}

static void multiply_power_of_five(struct big *big, int64_t power)
{
    enum { FIVE_TO_13 = 1220703125 };
    for (; power >= 13; power -= 13)
        multiply_add(big, FIVE_TO_13, 0);
    for (; power > 0; power--)
        multiply_add(big, 5, 0);
}

static void shift_left(struct big *big, int64_t bits)
{
    size_t limbs = (size_t)bits / 32;
    multiply_add(big, UINT32_C(1) << (bits % 32), 0);
    memmove(big->limb + limbs, big->limb, big->used * sizeof *big->limb);
    memset(big->limb, 0, limbs * sizeof *big->limb);
    big->used += limbs;
}

static int compare(const struct big *a, const struct big *b)
{
    if (a->used != b->used)
        return a->used < b->used ? -1 : 1;
    for (size_t i = a->used; i-- > 0;)
        if (a->limb[i] != b->limb[i])
            return a->limb[i] < b->limb[i] ? -1 : 1;
    return 0;
}

/* The limb `depth` places below the top one, 0 below the last. */
static uint64_t limb_from_top(const struct big *big, size_t depth)
{
    return depth < big->used ? big->limb[big->used - 1 - depth] : 0;
}

static struct wh_wide leading_bits(const struct big *big)
{
    uint64_t high = limb_from_top(big, 0) << 32 | limb_from_top(big, 1);
    uint64_t low = limb_from_top(big, 2) << 32 | limb_from_top(big, 3);
    int up = 0;
    while (!(high << up >> 63))
        up++;
    if (up == 0)
        return (struct wh_wide){ high, low };
    return (struct wh_wide){ high << up | low >> (64 - up),
                             low << up | limb_from_top(big, 4) >> (32 - up) };
}

void wh_powers_fill(struct wh_wide powers[static WH_POWERS])
{
    struct big big = { .used = 1, .limb = { 1 } };
    for (int q = 0; q <= WH_POWER_MOST; q++) {
        powers[q - WH_POWER_LEAST] = leading_bits(&big);
        multiply_add(&big, 5, 0);
    }
    /* Dividing and cutting again and again gives the same as dividing by the product and cutting
     * once. 2^992 leaves 198 bits after the last of 342 divisions. */
    big = (struct big){ .used = 1, .limb = { 1 } };
    shift_left(&big, 992);
    for (int q = -1; q >= WH_POWER_LEAST; q--) {
        divide(&big, 5);
        powers[q - WH_POWER_LEAST] = leading_bits(&big);
    }
}

/* Reads the significant digits; returns the power of ten of the last one taken. */
static int64_t read_digits(struct big *big, const char *at, const char *end, int64_t exponent)
{
    int taken = 0;
    bool fraction = false, rest = false;
    big->used = 0;
    for (; at < end; at++) {
        if (*at == '.') {
            fraction = true;
        } else if (taken < MOST_DIGITS) {
            multiply_add(big, 10, (uint32_t)(*at - '0'));
            taken += big->used > 0;
            exponent -= fraction;
        } else {
            rest |= *at != '0';
            exponent += !fraction;
        }
    }
    if (rest) {
        multiply_add(big, 10, 1);
        exponent--;
    }
    return exponent;
}

int wh_decimal_compare(const char *digits, const char *end, int64_t exponent, uint64_t mantissa,
                       int power)
{
    struct big decimal;
    struct big binary = { .used = 2, .limb = { (uint32_t)mantissa, (uint32_t)(mantissa >> 32) } };
    if (binary.limb[1] == 0)
        binary.used = 1;
    exponent = read_digits(&decimal, digits, end, exponent);
    /* The factor 5^exponent goes to the side where it is an integer, then the powers of two. */
    multiply_power_of_five(&decimal, exponent);
    multiply_power_of_five(&binary, -exponent);
    int64_t twos = exponent - power;
    if (twos >= 0)
        shift_left(&decimal, twos);
    else
        shift_left(&binary, -twos);
    return compare(&decimal, &binary);
}
