/* What json_grammar.h needs to look at bytes, by NEON, which every 64-bit ARM processor has. */
#ifndef WH_RECORD_JSON_NEON_H
#define WH_RECORD_JSON_NEON_H

#include <arm_neon.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TARGET
#define WIDTH ((size_t)16)
#define BITS ((size_t)4)

static inline uint8x16_t load(const char *p)
{
    return vld1q_u8((const uint8_t *)(const void *)p);
}

/* Four bits for each byte: NEON has no movemask, but it narrows with a shift. */
static inline uint64_t nibbles(uint8x16_t bytes)
{
    return vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(bytes), 4)), 0);
}

static inline size_t lowest(uint8x16_t bytes)
{
    uint64_t mask = nibbles(bytes);
    return mask ? (size_t)__builtin_ctzll(mask) / 4 : WIDTH;
}

static inline uint8x16_t quote_or_backslash(uint8x16_t v)
{
    return vorrq_u8(vceqq_u8(v, vdupq_n_u8('"')), vceqq_u8(v, vdupq_n_u8('\\')));
}

/* Compared as signed numbers, bytes of 0x80 and more are below 0x20 too. */
static inline size_t first_special(const char *p)
{
    uint8x16_t v = load(p);
    return lowest(vorrq_u8(quote_or_backslash(v),
                           vcltq_s8(vreinterpretq_s8_u8(v), vdupq_n_s8(0x20))));
}

static inline size_t first_unsafe(const char *p)
{
    uint8x16_t v = load(p);
    return lowest(vorrq_u8(quote_or_backslash(v), vcltq_u8(v, vdupq_n_u8(0x20))));
}

static inline uint64_t nondigits(const char *p)
{
    return nibbles(vcgtq_u8(vsubq_u8(load(p), vdupq_n_u8('0')), vdupq_n_u8(9)))
         & UINT64_C(0x1111111111111111);
}

static inline bool same_chunk(const char *p, const char *text, size_t length)
{
    uint64_t differ = ~nibbles(vceqq_u8(load(p), load(text)));
    return length == 0 || differ << (64 - 4 * length) == 0;
}

#endif
