/* What json_grammar.h needs to look at bytes, by AVX2, used where the processor has it. */
#ifndef WH_RECORD_JSON_AVX2_H
#define WH_RECORD_JSON_AVX2_H

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TARGET __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt")))
#define WIDTH ((size_t)32)
#define BITS ((size_t)1)

TARGET static inline __m256i load(const char *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* Index of the lowest of 32 bits, 32 where none is set. */
TARGET static inline size_t lowest(__m256i bytes)
{
    return _tzcnt_u32((unsigned)_mm256_movemask_epi8(bytes));
}

TARGET static inline __m256i quote_or_backslash(__m256i v)
{
    return _mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('"')),
                           _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\\')));
}

/* Compared as signed numbers, bytes of 0x80 and more are below 0x20 too. */
TARGET static inline size_t first_special(const char *p)
{
    __m256i v = load(p);
    return lowest(_mm256_or_si256(quote_or_backslash(v),
                                  _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), v)));
}

TARGET static inline size_t first_unsafe(const char *p)
{
    __m256i v = load(p);
    __m256i control = _mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8(0x1f)), v);
    return lowest(_mm256_or_si256(quote_or_backslash(v), control));
}

TARGET static inline uint64_t nondigits(const char *p)
{
    __m256i v = _mm256_sub_epi8(load(p), _mm256_set1_epi8('0'));
    __m256i digit = _mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8(9)), v);
    return ~(unsigned)_mm256_movemask_epi8(digit);
}

TARGET static inline bool same_chunk(const char *p, const char *text, size_t length)
{
    unsigned equal = (unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(load(p), load(text)));
    return _bzhi_u32(~equal, (unsigned)length) == 0;
}

#endif
