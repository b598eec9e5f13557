#include "record/csv_scan.h"

#include <stdlib.h>
#include <string.h>

#include "record/row.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

/* Of 64 bytes, one bit each. */
struct masks {
    uint64_t marks;
    uint64_t feeds;   /* LF */
    uint64_t returns; /* CR */
    uint64_t unsafe;  /* backslash or control character, CR among them, LF and delimiter not */
    uint64_t high;
};

/* Writes down the masks of text[i .. i + 64), of which only the bytes before `length` count. */
static inline void keep(const struct masks *masks, const char *text, size_t i, size_t length,
                        uint64_t *marks, uint8_t *traits)
{
    uint64_t valid = length - i >= 64 ? UINT64_MAX : (UINT64_C(1) << (length - i)) - 1;
    uint64_t unsafe = masks->unsafe;
    if (unsafe) {
        uint64_t feed_behind = length - i > 64 && text[i + 64] == '\n';
        uint64_t before_feed = (masks->feeds & valid) >> 1 | feed_behind << 63;
        unsafe &= ~(masks->returns & before_feed);
    }
    marks[i / 64] = masks->marks & valid;
    traits[i / 64] = (uint8_t)(((masks->high & valid) ? WH_CSV_HIGH : 0) |
                               ((unsafe & valid) ? WH_CSV_UNSAFE : 0));
}

/* Plain ------------------------------------------------------------------------------------ */

static void classify_plain(const char *text, size_t length, char delimiter, char quote,
                           uint64_t *marks, uint8_t *traits)
{
    for (size_t i = 0; i < length; i += 64) {
        struct masks masks = { 0 };
        for (size_t j = 0; j < 64 && i + j < length; j++) {
            char c = text[i + j];
            uint64_t bit = UINT64_C(1) << j;
            if (c == delimiter || c == '\n' || c == quote)
                masks.marks |= bit;
            else if (c == '\\' || (unsigned char)c < 0x20)
                masks.unsafe |= bit;
            if (c == '\n')
                masks.feeds |= bit;
            if (c == '\r')
                masks.returns |= bit;
            if ((unsigned char)c >= 0x80)
                masks.high |= bit;
        }
        keep(&masks, text, i, length, marks, traits);
    }
}

static size_t copy_plain(char *out, const char *text, size_t length, char delimiter,
                         char quote)
{
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == delimiter || c == quote || c == '\n' || c == '\r')
            return i;
        out[i] = c;
    }
    return length;
}

static const struct wh_csv_scan plain = { "plain", classify_plain, copy_plain };

#if defined(__x86_64__)

/* SSE2, which every x86-64 has ---------------------------------------------------------------- */

struct quarter {
    unsigned marks, feeds, returns, unsafe, high;
};

static inline struct quarter look_sse2(const char *text, __m128i delimiter, __m128i quote)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)text);
    __m128i feed = _mm_cmpeq_epi8(v, _mm_set1_epi8('\n'));
    __m128i ends = _mm_or_si128(feed, _mm_cmpeq_epi8(v, delimiter));
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
    __m128i unsafe = _mm_or_si128(control, _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
    __m128i marks = _mm_or_si128(ends, _mm_cmpeq_epi8(v, quote));
    return (struct quarter){
        .marks = (unsigned)_mm_movemask_epi8(marks),
        .feeds = (unsigned)_mm_movemask_epi8(feed),
        .returns = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8('\r'))),
        .unsafe = (unsigned)_mm_movemask_epi8(_mm_andnot_si128(ends, unsafe)),
        .high = (unsigned)_mm_movemask_epi8(v),
    };
}

static void classify_sse2(const char *text, size_t length, char delimiter, char quote,
                          uint64_t *marks, uint8_t *traits)
{
    __m128i wanted = _mm_set1_epi8(delimiter), quotes = _mm_set1_epi8(quote);
    for (size_t i = 0; i < length; i += 64) {
        struct masks masks = { 0 };
        for (unsigned j = 0; j < 64; j += 16) {
            struct quarter part = look_sse2(text + i + j, wanted, quotes);
            masks.marks |= (uint64_t)part.marks << j;
            masks.feeds |= (uint64_t)part.feeds << j;
            masks.returns |= (uint64_t)part.returns << j;
            masks.unsafe |= (uint64_t)part.unsafe << j;
            masks.high |= (uint64_t)part.high << j;
        }
        keep(&masks, text, i, length, marks, traits);
    }
}

static size_t copy_sse2(char *out, const char *text, size_t length, char delimiter, char quote)
{
    __m128i wanted = _mm_set1_epi8(delimiter), quotes = _mm_set1_epi8(quote);
    for (size_t i = 0; i < length; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(text + i));
        _mm_storeu_si128((__m128i *)(void *)(out + i), v);
        __m128i ends = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\n')),
                                    _mm_cmpeq_epi8(v, _mm_set1_epi8('\r')));
        __m128i others = _mm_or_si128(_mm_cmpeq_epi8(v, wanted),
                                      _mm_cmpeq_epi8(v, quotes));
        unsigned found = (unsigned)_mm_movemask_epi8(_mm_or_si128(ends, others));
        if (found) {
            size_t place = i + (size_t)__builtin_ctz(found);
            return place < length ? place : length;
        }
    }
    return length;
}

static const struct wh_csv_scan sse2 = { "sse2", classify_sse2, copy_sse2 };

/* AVX2, where the processor has it ------------------------------------------------------------ */

#define AVX2 __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt")))

AVX2 static inline uint64_t join(__m256i low, __m256i high)
{
    return (uint32_t)_mm256_movemask_epi8(low) |
           (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

AVX2 static inline __m256i either(__m256i v, char a, __m256i b)
{
    return _mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8(a)), b);
}

AVX2 static inline __m256i control(__m256i v)
{
    return _mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8(0x1f)), v);
}

AVX2 static void classify_avx2(const char *text, size_t length, char delimiter, char quote,
                               uint64_t *marks, uint8_t *traits)
{
    __m256i wanted = _mm256_set1_epi8(delimiter), feed = _mm256_set1_epi8('\n');
    for (size_t i = 0; i < length; i += 64) {
        __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)(text + i));
        __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(text + i + 32));
        __m256i feeds_a = _mm256_cmpeq_epi8(a, feed), feeds_b = _mm256_cmpeq_epi8(b, feed);
        __m256i ends_a = _mm256_or_si256(feeds_a, _mm256_cmpeq_epi8(a, wanted));
        __m256i ends_b = _mm256_or_si256(feeds_b, _mm256_cmpeq_epi8(b, wanted));
        struct masks masks = {
            .marks = join(either(a, quote, ends_a), either(b, quote, ends_b)),
            .unsafe = join(_mm256_andnot_si256(ends_a, either(a, '\\', control(a))),
                           _mm256_andnot_si256(ends_b, either(b, '\\', control(b)))),
            .high = join(a, b),
        };
        if (masks.unsafe) {
            __m256i carriage = _mm256_set1_epi8('\r');
            masks.feeds = join(feeds_a, feeds_b);
            masks.returns = join(_mm256_cmpeq_epi8(a, carriage), _mm256_cmpeq_epi8(b, carriage));
        }
        keep(&masks, text, i, length, marks, traits);
    }
}

AVX2 static size_t copy_avx2(char *out, const char *text, size_t length, char delimiter,
                             char quote)
{
    __m256i wanted = _mm256_set1_epi8(delimiter);
    for (size_t i = 0; i < length; i += 32) {
        __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(text + i));
        _mm256_storeu_si256((__m256i *)(void *)(out + i), v);
        __m256i special = either(v, quote, either(v, '\n', either(v, '\r',
                                                       _mm256_cmpeq_epi8(v, wanted))));
        unsigned found = (unsigned)_mm256_movemask_epi8(special);
        if (found) {
            size_t place = i + (size_t)__builtin_ctz(found);
            return place < length ? place : length;
        }
    }
    return length;
}

static const struct wh_csv_scan avx2 = { "avx2", classify_avx2, copy_avx2 };

#elif defined(__aarch64__)

/* NEON, which every 64-bit ARM has ------------------------------------------------------------ */

/* The top bits of 64 bytes that are each 0 or 0xFF. */
static inline uint64_t join(const uint8x16_t bytes[4])
{
    static const uint8_t weights[16] = { 1, 2, 4, 8, 16, 32, 64, 128,
                                         1, 2, 4, 8, 16, 32, 64, 128 };
    uint8x16_t weight = vld1q_u8(weights);
    uint8x16_t low = vpaddq_u8(vandq_u8(bytes[0], weight), vandq_u8(bytes[1], weight));
    uint8x16_t high = vpaddq_u8(vandq_u8(bytes[2], weight), vandq_u8(bytes[3], weight));
    low = vpaddq_u8(low, high);
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(low, low)), 0);
}

static inline uint8x16_t same(uint8x16_t v, char c)
{
    return vceqq_u8(v, vdupq_n_u8((uint8_t)c));
}

static void classify_neon(const char *text, size_t length, char delimiter, char quote,
                          uint64_t *marks, uint8_t *traits)
{
    for (size_t i = 0; i < length; i += 64) {
        uint8x16_t mark[4], feed[4], carriage[4], unsafe[4], high[4];
        for (size_t j = 0; j < 4; j++) {
            uint8x16_t v = vld1q_u8((const uint8_t *)text + i + 16 * j);
            feed[j] = same(v, '\n');
            carriage[j] = same(v, '\r');
            uint8x16_t ends = vorrq_u8(feed[j], same(v, delimiter));
            mark[j] = vorrq_u8(ends, same(v, quote));
            uint8x16_t control = vcltq_u8(v, vdupq_n_u8(0x20));
            unsafe[j] = vbicq_u8(vorrq_u8(control, same(v, '\\')), ends);
            high[j] = vcgeq_u8(v, vdupq_n_u8(0x80));
        }
        struct masks masks = { join(mark), join(feed), join(carriage), join(unsafe), join(high) };
        keep(&masks, text, i, length, marks, traits);
    }
}

static size_t copy_neon(char *out, const char *text, size_t length, char delimiter, char quote)
{
    for (size_t i = 0; i < length; i += 16) {
        uint8x16_t v = vld1q_u8((const uint8_t *)text + i);
        vst1q_u8((uint8_t *)out + i, v);
        uint8x16_t special = vorrq_u8(vorrq_u8(same(v, '\n'), same(v, '\r')),
                                      vorrq_u8(same(v, quote), same(v, delimiter)));
        /* Four bits of the result stand for each byte. */
        uint8x8_t narrow = vshrn_n_u16(vreinterpretq_u16_u8(special), 4);
        uint64_t found = vget_lane_u64(vreinterpret_u64_u8(narrow), 0);
        if (found) {
            size_t place = i + (size_t)__builtin_ctzll(found) / 4;
            return place < length ? place : length;
        }
    }
    return length;
}

static const struct wh_csv_scan neon = { "neon", classify_neon, copy_neon };

#endif

const struct wh_csv_scan *const *wh_csv_scans(void)
{
#if defined(__x86_64__)
    static const struct wh_csv_scan *const some[] = { &plain, &sse2, NULL };
    static const struct wh_csv_scan *const all[] = { &plain, &sse2, &avx2, NULL };
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                   __builtin_cpu_supports("bmi2") ? all : some;
#elif defined(__aarch64__)
    static const struct wh_csv_scan *const all[] = { &plain, &neon, NULL };
    return all;
#else
    static const struct wh_csv_scan *const all[] = { &plain, NULL };
    return all;
#endif
}

const struct wh_csv_scan *wh_csv_scan_choose(void)
{
    const char *wanted = getenv("WH_SIMD");
    const struct wh_csv_scan *best = NULL;
    for (const struct wh_csv_scan *const *scan = wh_csv_scans(); *scan; scan++) {
        best = *scan;
        if (wanted && strcmp(wanted, best->name) == 0)
            break;
    }
    return best;
}
