#include "base/base64.h"

#include <stdint.h>
#include <string.h>

static const char alphabet[64] = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
};

size_t wh_base64_encode(const void *bytes, size_t length, char *out)
{
    const unsigned char *in = bytes;
    char *place = out;
    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i;
        uint32_t group = (uint32_t)in[i] << 16;
        group |= left > 1 ? (uint32_t)in[i + 1] << 8 : 0;
        group |= left > 2 ? (uint32_t)in[i + 2] : 0;
        *place++ = alphabet[group >> 18];
        *place++ = alphabet[group >> 12 & 63];
        *place++ = '=';
        *place++ = '=';
        if (left > 1)
            place[-2] = alphabet[group >> 6 & 63];
        if (left > 2)
            place[-1] = alphabet[group & 63];
    }
    return (size_t)(place - out);
}

/* The value of a letter, or -1. */
static int digit_of(char letter)
{
    const char *place = memchr(alphabet, letter, sizeof alphabet);
    return place ? (int)(place - alphabet) : -1;
}

bool wh_base64_decode(const char *text, size_t length, void *out, size_t *size)
{
    unsigned char *place = out;
    if (length % 4 != 0)
        return false;
    size_t padding = 0;
    while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
        padding++;
    uint32_t bits = 0;
    unsigned held = 0;
    for (size_t i = 0; i < length - padding; i++) {
        int digit = digit_of(text[i]);
        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        held += 6;
        if (held >= 8) {
            held -= 8;
            *place++ = (unsigned char)(bits >> held);
        }
    }
    *size = (size_t)(place - (unsigned char *)out);
    return (bits & ((1U << held) - 1)) == 0; /* what padding leaves over is zero */
}
