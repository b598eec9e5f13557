#include "base/hash.h"

#include <stdatomic.h>
#include <string.h>

#include "base/random.h"
#include "base/wide.h"

/* The seed of wh_hash; 0 until it was drawn. */
static _Atomic uint64_t hash_seed;

/* Threads may draw at the same time; the first one's seed holds for all. */
static uint64_t draw_seed(void)
{
    uint64_t drawn = 0;
    wh_random_bytes(&drawn, sizeof drawn);
    drawn |= 1; /* 0 means that none was drawn yet */
    uint64_t unset = 0;
    atomic_compare_exchange_strong(&hash_seed, &unset, drawn);
    return atomic_load(&hash_seed);
}

static uint64_t load64(const unsigned char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

static uint64_t load32(const unsigned char *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* Multiplies and folds the product's halves: every bit of either number reaches all of the sum. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    struct wh_wide product = wh_wide_product(a, b);
    return product.high ^ product.low;
}

/* Words without a pattern (those of wyhash), with which a lane's bytes are masked. */
static const uint64_t lane_masks[] = {
    UINT64_C(0xA0761D6478BD642F), UINT64_C(0xE7037ED1A0B428DB),
    UINT64_C(0x8EBC6AF09C88C6E3), UINT64_C(0x589965CC75374CC3),
};
enum { RUNNING_LANES = 4, STRIPE = 64 };

void wh_running_begin(struct wh_running *running, uint64_t word)
{
    *running = (struct wh_running){ .word = word };
    for (size_t i = 0; i < RUNNING_LANES; i++)
        running->lanes[i] = word ^ lane_masks[i];
}

static uint64_t load64_little(const unsigned char *bytes)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return load64(bytes);
#else
    uint64_t word = 0;
    for (size_t i = 8; i > 0; i--)
        word = word << 8 | bytes[i - 1];
    return word;
#endif
}

/* The product's halves are added to the bytes themselves, so that no factor of zero hides the
 * other. */
static inline uint64_t add_lane(uint64_t lane, const unsigned char *at, uint64_t mask)
{
    uint64_t low = load64_little(at), high = load64_little(at + 8);
    return fold(low ^ mask, high ^ lane) + low;
}

/* Each lane takes 16 bytes of each stripe; they do not wait for each other. */
static void add_stripes(uint64_t lanes[static RUNNING_LANES], const unsigned char *at, size_t count)
{
    uint64_t first = lanes[0], second = lanes[1], third = lanes[2], fourth = lanes[3];
    for (; count > 0; count--, at += STRIPE) {
        first = add_lane(first, at, lane_masks[0]);
        second = add_lane(second, at + 16, lane_masks[1]);
        third = add_lane(third, at + 32, lane_masks[2]);
        fourth = add_lane(fourth, at + 48, lane_masks[3]);
    }
    lanes[0] = first, lanes[1] = second, lanes[2] = third, lanes[3] = fourth;
}

static uint64_t end_chunk(const struct wh_running *running,
                          const uint64_t lanes[static RUNNING_LANES])
{
    uint64_t word = fold(running->word ^ lane_masks[0], running->length ^ lane_masks[1]);
    for (size_t i = 0; i < RUNNING_LANES; i++)
        word = fold(word ^ lane_masks[i], lanes[i] ^ lane_masks[RUNNING_LANES - 1 - i]) + lanes[i];
    return word;
}

size_t wh_running_add(struct wh_running *running, const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    if (length > WH_RUNNING_CHUNK - running->length)
        length = WH_RUNNING_CHUNK - running->length;
    const unsigned char *end = at + length;
    size_t partial = running->length % STRIPE;
    running->length += (uint32_t)length;
    if (partial > 0) {
        size_t part = STRIPE - partial < length ? STRIPE - partial : length;
        memcpy(running->rest + partial, at, part);
        at += part;
        if (partial + part == STRIPE)
            add_stripes(running->lanes, running->rest, 1);
    }
    size_t stripes = (size_t)(end - at) / STRIPE;
    add_stripes(running->lanes, at, stripes);
    at += stripes * STRIPE;
    if (running->length % STRIPE > 0 && at < end)
        memcpy(running->rest, at, (size_t)(end - at));
    if (running->length == WH_RUNNING_CHUNK)
        wh_running_begin(running, end_chunk(running, running->lanes));
    return length;
}

uint64_t wh_running_digest(const struct wh_running *running)
{
    size_t partial = running->length % STRIPE;
    if (running->length == 0)
        return running->word;
    uint64_t lanes[RUNNING_LANES];
    memcpy(lanes, running->lanes, sizeof lanes);
    if (partial > 0) {
        unsigned char last[STRIPE] = { 0 };
        memcpy(last, running->rest, partial);
        add_stripes(lanes, last, 1);
    }
    return end_chunk(running, lanes);
}

/*
 * 16 bytes a multiplication. Both factors are masked with words an outsider does not know, so that
 * no input can be made that multiplies by zero and so hides what it is multiplied with.
 */
uint64_t wh_hash(const void *bytes, size_t length)
{
    uint64_t seed = atomic_load_explicit(&hash_seed, memory_order_relaxed);
    if (seed == 0)
        seed = draw_seed();
    uint64_t mask = seed * UINT64_C(0xD6E8FEB86659FD93) ^ UINT64_C(0xA0761D6478BD642F);
    const unsigned char *at = bytes;
    uint64_t hash = seed, a = 0, b = 0;
    size_t left = length;
    for (; left > 16; at += 16, left -= 16)
        hash = fold(load64(at) ^ mask, load64(at + 8) ^ hash);
    /* The last 1 to 16 bytes as two words that overlap where they are fewer than 16. */
    if (left >= 8) {
        a = load64(at);
        b = load64(at + left - 8);
    } else if (left >= 4) {
        a = load32(at);
        b = load32(at + left - 4);
    } else if (left > 0) {
        a = (uint64_t)at[0] << 16 | (uint64_t)at[left / 2] << 8 | at[left - 1];
    }
    hash = fold(a ^ mask, b ^ hash);
    return fold(hash ^ seed, length ^ mask);
}

static uint32_t rotate_left(uint32_t x, int by)
{
    return x << by | x >> (32 - by);
}

static uint32_t rotate_right(uint32_t x, int by)
{
    return x >> by | x << (32 - by);
}

static uint32_t little_endian(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16
         | (uint32_t)bytes[3] << 24;
}

static uint32_t big_endian(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8
         | (uint32_t)bytes[3];
}

static uint32_t murmur_scramble(uint32_t k)
{
    return rotate_left(k * 0xCC9E2D51u, 15) * 0x1B873593u;
}

int32_t wh_murmur3(const void *bytes, size_t length, uint32_t seed)
{
    const unsigned char *at = bytes;
    const unsigned char *tail = at + (length & ~(size_t)3);
    uint32_t hash = seed;
    for (; at < tail; at += 4)
        hash = rotate_left(hash ^ murmur_scramble(little_endian(at)), 13) * 5 + 0xE6546B64u;
    uint32_t rest = 0;
    for (size_t i = length & 3; i > 0; i--)
        rest = rest << 8 | tail[i - 1];
    hash ^= murmur_scramble(rest);
    hash ^= (uint32_t)length;
    hash = (hash ^ hash >> 16) * 0x85EBCA6Bu;
    hash = (hash ^ hash >> 13) * 0xC2B2AE35u;
    hash ^= hash >> 16;
    return hash <= INT32_MAX ? (int32_t)hash : -(int32_t)~hash - 1;
}

uint64_t wh_stable_hash(uint64_t before, const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    uint64_t hash = before;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001B3);
    return hash;
}

uint64_t wh_stable_mix(uint64_t hash)
{
    hash = (hash ^ hash >> 33) * UINT64_C(0xFF51AFD7ED558CCD);
    hash = (hash ^ hash >> 33) * UINT64_C(0xC4CEB9FE1A85EC53);
    return hash ^ hash >> 33;
}

/* FIPS 180-4, section 4.2.2: the first bits of the cube roots of the first 64 primes. */
static const uint32_t sha_constants[64] = {
    0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5,
    0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174,
    0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA,
    0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967,
    0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85,
    0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070,
    0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3,
    0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208, 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2,
};

void wh_sha256_init(struct wh_sha256 *sha)
{
    *sha = (struct wh_sha256){
        .state = { 0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
                   0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19 },
    };
}

/* Compiled once for each number of blocks. */
#define INLINE static inline __attribute__((always_inline))

/* One word of each of four blocks. */
typedef uint32_t words __attribute__((vector_size(16)));

enum { BLOCK = 64, LANES = 4 };

/* The sums of all rounds' constants and message words (FIPS 180-4, section 6.2.2), of `count`
 * blocks at once: they do not depend on what was hashed before. */
INLINE void sha_schedule(words sums[static 64], const unsigned char *bytes, size_t count)
{
    words word[16] = { 0 };
    for (size_t i = 0; i < 16; i++)
        for (size_t lane = 0; lane < count; lane++)
            word[i][lane] = big_endian(bytes + BLOCK * lane + 4 * i);
    for (size_t i = 0; i < 64; i++) {
        words *next = &word[i & 15];
        if (i >= 16) {
            words a = word[(i + 1) & 15], b = word[(i + 14) & 15];
            *next += word[(i + 9) & 15]
                   + ((a >> 7 | a << 25) ^ (a >> 18 | a << 14) ^ a >> 3)
                   + ((b >> 17 | b << 15) ^ (b >> 19 | b << 13) ^ b >> 10);
        }
        sums[i] = *next + sha_constants[i];
    }
}

/*
 * One round. Instead of moving all eight words along, the caller names them in their new order.
 */
#define ROUND(a, b, c, d, e, f, g, h, i)                                                           \
    do {                                                                                           \
        uint32_t first = h + sums[i][lane] + (g ^ (e & (f ^ g)))                                   \
                       + (rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25));         \
        d += first;                                                                                \
        h = first + ((a & b) | (c & (a | b)))                                                      \
          + (rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22));                      \
    } while (0)

INLINE void sha_rounds(uint32_t state[static 8], const words sums[static 64], size_t lane)
{
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (size_t i = 0; i < 64; i += 8) {
        ROUND(a, b, c, d, e, f, g, h, i);
        ROUND(h, a, b, c, d, e, f, g, i + 1);
        ROUND(g, h, a, b, c, d, e, f, i + 2);
        ROUND(f, g, h, a, b, c, d, e, i + 3);
        ROUND(e, f, g, h, a, b, c, d, i + 4);
        ROUND(d, e, f, g, h, a, b, c, i + 5);
        ROUND(c, d, e, f, g, h, a, b, i + 6);
        ROUND(b, c, d, e, f, g, h, a, i + 7);
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
}

INLINE void sha_blocks(uint32_t state[static 8], const unsigned char *bytes, size_t count)
{
    words sums[64];
    sha_schedule(sums, bytes, count);
    for (size_t lane = 0; lane < count; lane++)
        sha_rounds(state, sums, lane);
}

static void add_four(uint32_t state[static 8], const unsigned char *bytes)
{
    sha_blocks(state, bytes, LANES);
}

static void add_one(uint32_t state[static 8], const unsigned char *bytes)
{
    sha_blocks(state, bytes, 1);
}

void wh_sha256_add(struct wh_sha256 *sha, const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    size_t held = sha->length % sizeof sha->blocks;
    sha->length += length;
    if (held > 0) {
        size_t fill = sizeof sha->blocks - held;
        if (length < fill) {
            if (length)
                memcpy(sha->blocks + held, at, length);
            return;
        }
        memcpy(sha->blocks + held, at, fill);
        add_four(sha->state, sha->blocks);
        at += fill;
        length -= fill;
    }
    for (; length >= sizeof sha->blocks; at += sizeof sha->blocks, length -= sizeof sha->blocks)
        add_four(sha->state, at);
    if (length)
        memcpy(sha->blocks, at, length);
}

void wh_sha256_hex(struct wh_sha256 *sha, char hex[65])
{
    uint64_t bits = sha->length * 8;
    /* Room for the end of four blocks and one more. */
    unsigned char padded[sizeof sha->blocks + BLOCK] = { 0 };
    size_t held = sha->length % sizeof sha->blocks;
    size_t count = held / BLOCK + (held % BLOCK < BLOCK - 8 ? 1 : 2);
    memcpy(padded, sha->blocks, held);
    padded[held] = 0x80;
    for (size_t i = 0; i < 8; i++)
        padded[count * BLOCK - 8 + i] = (unsigned char)(bits >> (56 - 8 * i));
    for (size_t done = 0; done < count; done++)
        add_one(sha->state, padded + done * BLOCK);
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 64; i++)
        hex[i] = digits[sha->state[i / 8] >> (28 - 4 * (i % 8)) & 15];
    hex[64] = '\0';
}
