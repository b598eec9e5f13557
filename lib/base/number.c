#include "base/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool digit(char c) { return c >= '0' && c <= '9'; }

bool wh_number_valid(const char *text, size_t length)
{
    const char *at = text, *end = text + length;
    if (at < end && *at == '-')
        at++;
    if (at == end || !digit(*at))
        return false;
    if (*at++ != '0')
        while (at < end && digit(*at))
            at++;
    if (at < end && *at == '.') {
        const char *first = ++at;
        while (at < end && digit(*at))
            at++;
        if (at == first)
            return false;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        const char *first = at;
        while (at < end && digit(*at))
            at++;
        if (at == first)
            return false;
    }
    return at == end;
}

double wh_number_parse(const char *text, size_t length)
{
    char copy[400];
    if (length >= sizeof copy)
        return strtod(text, NULL);
    memcpy(copy, text, length);
    copy[length] = '\0';
    return strtod(copy, NULL);
}

bool wh_number_integer(const char *text, size_t length, int64_t *value)
{
    bool negative = length > 0 && text[0] == '-';
    int64_t number = 0;
    for (size_t i = negative; i < length; i++) {
        if (!digit(text[i]) || __builtin_mul_overflow(number, (int64_t)10, &number)
            || __builtin_sub_overflow(number, (int64_t)(text[i] - '0'), &number))
            return false;
    }
    if (!negative && number == INT64_MIN)
        return false;
    *value = negative ? number : -number;
    return true;
}

size_t wh_number_print(double value, char out[static WH_NUMBER_SIZE])
{
    char science[40];
    for (int precision = 0; precision < 17; precision++) {
        snprintf(science, sizeof science, "%.*e", precision, value);
        if (strtod(science, NULL) == value)
            break;
    }
    char digits[20];
    size_t count = 0, used = 0;
    const char *at = science;
    if (*at == '-')
        out[used++] = *at++;
    for (; *at != 'e'; at++)
        if (digit(*at))
            digits[count++] = *at;
    int point = atoi(at + 1) + 1;
    while (count > 1 && digits[count - 1] == '0')
        count--;
    if (count == 1 && digits[0] == '0') {
        out[used++] = '0';
        return used;
    }
    if (point > 21 || point <= -6) {
        out[used++] = digits[0];
        if (count > 1)
            out[used++] = '.';
        memcpy(out + used, digits + 1, count - 1);
        used += count - 1;
        char exponent[8];
        int length = snprintf(exponent, sizeof exponent, "e%d", point - 1);
        memcpy(out + used, exponent, (size_t)length);
        return used + (size_t)length;
    }
    if (point <= 0) {
        out[used++] = '0';
        out[used++] = '.';
        for (int i = point; i < 0; i++)
            out[used++] = '0';
    }
    for (int i = 0; i < (int)count || i < point; i++) {
        if (i == point && i > 0)
            out[used++] = '.';
        out[used++] = i < (int)count ? digits[i] : '0';
    }
    return used;
}

size_t wh_integer_print(int64_t value, char out[static WH_NUMBER_SIZE])
{
    char text[32];
    int length = snprintf(text, sizeof text, "%lld", (long long)value);
    memcpy(out, text, (size_t)length);
    return (size_t)length;
}
