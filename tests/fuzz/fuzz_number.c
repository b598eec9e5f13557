/*
 * Numbers against the C library: what is a number at all, its value to the last bit, its value as
 * an integer; and printing, which must give valid, shortest text that reads back to the same.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "fuzz.h"

/* The grammar of RFC 8259, section 6, spelled out. */
static const char *skip_digits(const char *text)
{
    while (isdigit((unsigned char)*text))
        text++;
    return text;
}

static bool is_number(const char *text, size_t length)
{
    const char *at = text + (*text == '-');
    const char *end = skip_digits(at);
    if (end == at || (*at == '0' && end > at + 1))
        return false;
    if (*end == '.') {
        at = end + 1;
        end = skip_digits(at);
        if (end == at)
            return false;
    }
    if (*end == 'e' || *end == 'E') {
        at = end + 1 + (end[1] == '+' || end[1] == '-');
        end = skip_digits(at);
        if (end == at)
            return false;
    }
    return end == text + length;
}

static int digits_of(const char *text, size_t length)
{
    int digits = 0, zeros = 0;
    for (size_t i = 0; i < length && text[i] != 'e'; i++) {
        if (!isdigit((unsigned char)text[i]) || (digits == 0 && text[i] == '0'))
            continue;
        zeros = text[i] == '0' ? zeros + 1 : 0;
        digits++;
    }
    return digits - zeros;
}

static void check_print(double value)
{
    if (!isfinite(value))
        return;
    char text[WH_NUMBER_SIZE + 1];
    size_t length = wh_number_print(value, text);
    CHECK(length <= WH_NUMBER_SIZE);
    text[length] = '\0';
    CHECK(is_number(text, length));
    double again = strtod(text, NULL);
    CHECK(again == value && !signbit(again) == !signbit(value));

    char shortest[64];
    int precision = 0;
    do
        snprintf(shortest, sizeof shortest, "%.*e", precision++, value);
    while (strtod(shortest, NULL) != value);
    CHECK(digits_of(text, length) <= precision);
}

static void check_parse(const char *text, size_t length)
{
    double wanted = strtod(text, NULL);
    double value = wh_number_parse(text, length);
    CHECK(memcmp(&value, &wanted, sizeof value) == 0);
    check_print(value);

    errno = 0;
    char *end;
    long long integer = strtoll(text, &end, 10);
    bool fits = *end == '\0' && errno == 0;
    int64_t number;
    CHECK(wh_number_integer(text, length, &number) == fits);
    if (!fits)
        return;
    CHECK(number == integer);
    char printed[WH_NUMBER_SIZE];
    size_t size = wh_integer_print(number, printed);
    CHECK(number == 0 || (size == length && memcmp(printed, text, length) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    double bits;
    if (size == sizeof bits) {
        memcpy(&bits, data, sizeof bits);
        check_print(bits);
    }
    char *text = wh_copy((const char *)data, size);
    bool valid = wh_number_valid(text, size);
    CHECK(valid == is_number(text, size));
    if (valid)
        check_parse(text, size);
    free(text);
    return 0;
}
