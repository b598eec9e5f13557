/*
 * Numbers and their text.
 *
 * A number in a row is text until somebody computes with it; what is computed is printed as the
 * shortest text that reads back to the same double. Both directions are exact (round to nearest,
 * ties to even) and independent of the locale.
 */
#ifndef WH_BASE_NUMBER_H
#define WH_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WH_NUMBER_SIZE = 32 }; /* room that any printed double or 64-bit integer fits in */

/* Whether all of `text` is a number in the grammar of RFC 8259, section 6. */
bool wh_number_valid(const char *text, size_t length);

/*
 * The double nearest to `text`, which must be a valid JSON number of exactly `length` bytes; the
 * byte after it must be readable. Beyond the range the result is infinite, below it zero.
 */
double wh_number_parse(const char *text, size_t length);

/* The same, faster, where WH_NUMBER_SLACK bytes after the text are readable, as a row's are. */
enum { WH_NUMBER_SLACK = 8 };
double wh_number_parse_slack(const char *text, size_t length);

/*
 * Whether `text`, a valid JSON number, is an integer without fraction or exponent that fits 64
 * bits; then *value is that.
 */
bool wh_number_integer(const char *text, size_t length, int64_t *value);

/*
 * Whether nothing of `text`, a valid JSON number, is lost in a double: the nearest one prints as a
 * number equal to it. So 0.1 and 12.50 are, 0.12345678901234567890 is not.
 */
bool wh_number_exact(const char *text, size_t length);

/*
 * Whether `text`, a valid JSON number, is what a double (or a float of 32 bits) reads as, to the
 * last digit that it has: printed with as many significant digits, the nearest one is equal to it.
 * So what C prints by "%.17g" (0.10000000000000001) is kept as well as 0.1, and
 * 0.12345678901234567890 is not. What exceeds the range is not kept.
 */
bool wh_number_kept(const char *text, size_t length);
bool wh_number_kept_single(const char *text, size_t length);

/*
 * One spelling for all spellings of a value: 3, 3.0 and 3e0 are 3, and 0.50 is 0.5. A whole number
 * of any length, and what a double cannot hold exactly, stay as they are. `text`, a valid JSON
 * number of *length bytes (the byte after it readable), is returned, or `out`; *length is then
 * that of the spelling.
 */
const char *wh_number_spell(const char *text, size_t *length, char out[static WH_NUMBER_SIZE]);

/*
 * Prints the shortest JSON number that reads back to `value` (finite), nearest to it among the
 * shortest. Form as in JavaScript's Number::toString: 100, 0.001, 1e-7, 1e+21 printed as 1e21;
 * negative zero as -0. Returns the length; no NUL is written.
 */
size_t wh_number_print(double value, char out[static WH_NUMBER_SIZE]);
/* The same for `value` rounded to so many significant digits, 1 to 17; 0: not rounded. */
size_t wh_number_print_rounded(double value, unsigned digits, char out[static WH_NUMBER_SIZE]);
enum { WH_MOST_DIGITS = 17 };
size_t wh_integer_print(int64_t value, char out[static WH_NUMBER_SIZE]);

/* A count as people read it, "1,234,567"; returns `out`. */
const char *wh_count_text(uint64_t count, char out[static 32]);

#endif
