/*
 * The exact part of converting between decimal and binary, on integers of any length. number.c
 * asks here once for its table of powers, and seldom for a text too near the middle of two doubles.
 *
 * Nothing allocates and nothing fails.
 */
#ifndef WH_BASE_DECIMAL_H
#define WH_BASE_DECIMAL_H

#include <stdint.h>

#include "base/wide.h"

/* The powers of ten that lead to finite doubles from up to 19 digits, and to digits from any. */
enum { WH_POWER_LEAST = -342, WH_POWER_MOST = 324, WH_POWERS = WH_POWER_MOST - WH_POWER_LEAST + 1 };

/*
 * Fills powers[q - WH_POWER_LEAST] with the 128 leading bits of 5^q, which are those of 10^q, cut
 * off after the last: floor(5^q * 2^s) with the s that sets the top bit.
 */
void wh_powers_fill(struct wh_wide powers[static WH_POWERS]);

/*
 * Compares a decimal with mantissa * 2^power: -1, 0 or 1 where it is smaller, equal, greater. The
 * decimal is digits * 10^exponent, `digits` to `end` being a JSON number's part before its
 * exponent, without sign and not zero. Both must lie between 2^-1076 and 2^1025, within a factor
 * of two of each other.
 */
int wh_decimal_compare(const char *digits, const char *end, int64_t exponent, uint64_t mantissa,
                       int power);

#endif
