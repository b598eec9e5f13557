#include "base/base64.h"

#include <stdint.h>

static const char alphabet[64] = { "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" };

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
