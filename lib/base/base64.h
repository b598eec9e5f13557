/*
 * Base64 (RFC 4648, section 4: the alphabet with + and /, padded): bytes that are no text, as text.
 */
#ifndef WH_BASE_BASE64_H
#define WH_BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes that the text of `length` bytes takes. */
static inline size_t wh_base64_size(size_t length)
{
    return length / 3 * 4 + (length % 3 ? 4 : 0);
}

/* Writes the text of `length` bytes to `out`, which has room for it; no NUL. Returns its length. */
size_t wh_base64_encode(const void *bytes, size_t length, char *out);

/* Reads such a text of `length` bytes back to `out`, which has room for length / 4 * 3 bytes; sets
 * *size. False where it is none, or not the one that the bytes are written as. */
bool wh_base64_decode(const char *text, size_t length, void *out, size_t *size);

#endif
