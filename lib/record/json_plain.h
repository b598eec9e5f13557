/* What json_grammar.h needs to look at bytes, in plain C: the reference for the vector code, and what
 * runs elsewhere. */
#ifndef WH_RECORD_JSON_PLAIN_H
#define WH_RECORD_JSON_PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TARGET
#define WIDTH ((size_t)16)
#define BITS ((size_t)8)

enum { SPECIAL = 1, UNSAFE = 2 };

/* One byte of flags for each byte value. */
static unsigned kind(unsigned char c)
{
    unsigned unsafe = c == '"' || c == '\\' || c < 0x20 ? UNSAFE : 0;
    return unsafe | (unsafe || c >= 0x80 ? SPECIAL : 0);
}

static size_t first_kind(const char *p, unsigned flag)
{
    size_t i = 0;
    while (i < WIDTH && !(kind((unsigned char)p[i]) & flag))
        i++;
    return i;
}

static inline size_t first_special(const char *p)
{
    return first_kind(p, SPECIAL);
}

static inline size_t first_unsafe(const char *p)
{
    return first_kind(p, UNSAFE);
}

/* Eight bytes in one word: less '0' a digit is at most 9, and 0x76 more does not reach 0x80. */
static inline uint64_t nondigits(const char *p)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t word;
    memcpy(&word, p, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    word ^= ones * '0';
    return (((word & ones * 0x7F) + ones * 0x76) | word) >> 7 & ones;
}

static inline bool same_chunk(const char *p, const char *text, size_t length)
{
    return memcmp(p, text, length) == 0;
}

#endif
