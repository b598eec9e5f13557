/* What json_grammar.h needs to look at bytes, by SSE2, which every x86-64 processor has. */
#ifndef WH_RECORD_JSON_SSE2_H
#define WH_RECORD_JSON_SSE2_H

#include <emmintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TARGET
#define WIDTH ((size_t)16)
#define BITS ((size_t)1)

static inline __m128i load(const char *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* Index of the lowest of 16 bits, 16 where none is set. */
static inline size_t lowest(__m128i bytes)
{
    return (size_t)__builtin_ctz((unsigned)_mm_movemask_epi8(bytes) | 1u << 16);
}

static inline __m128i quote_or_backslash(__m128i v)
{
    return _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
                        _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
}

/* Compared as signed numbers, bytes of 0x80 and more are below 0x20 too. */
static inline size_t first_special(const char *p)
{
    __m128i v = load(p);
    return lowest(_mm_or_si128(quote_or_backslash(v), _mm_cmplt_epi8(v, _mm_set1_epi8(0x20))));
}

static inline size_t first_unsafe(const char *p)
{
    __m128i v = load(p);
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
    return lowest(_mm_or_si128(quote_or_backslash(v), control));
}

static inline uint64_t nondigits(const char *p)
{
    __m128i v = _mm_sub_epi8(load(p), _mm_set1_epi8('0'));
    __m128i digit = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(9)), v);
    return (unsigned)_mm_movemask_epi8(digit) ^ 0xFFFFu;
}

static inline bool same_chunk(const char *p, const char *text, size_t length)
{
    unsigned equal = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(load(p), load(text)));
    return (~equal & ((1u << length) - 1)) == 0;
}

#endif
