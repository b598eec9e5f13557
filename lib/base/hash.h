/*
 * Hashes: one for tables in memory, MurmurHash3 for the hashing trick, one for decisions, SHA-256
 * for files.
 */
#ifndef WH_BASE_HASH_H
#define WH_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/*
 * 64-bit hash for tables in memory, seeded with random bytes once per process against crafted
 * collisions; never stored, never printed. Nothing that is written may depend on its order.
 */
uint64_t wh_hash(const void *bytes, size_t length);

/* MurmurHash3_x86_32 (Austin Appleby, public domain), as a signed number like scikit-learn's. */
int32_t wh_murmur3(const void *bytes, size_t length, uint32_t seed);

/*
 * 64-bit hash that is the same everywhere and for ever, for what is decided by it and must be
 * decided alike the next time: FNV-1a (Fowler, Noll, Vo), which takes text piece by piece, begun
 * with WH_STABLE_HASH, and at the end a mixing of the bits (MurmurHash3's), since the upper ones of
 * FNV-1a alone hardly depend on the last bytes.
 */
#define WH_STABLE_HASH UINT64_C(0xCBF29CE484222325)
uint64_t wh_stable_hash(uint64_t before, const void *bytes, size_t length);
uint64_t wh_stable_mix(uint64_t hash);

/* SHA-256 (FIPS 180-4). */
struct wh_sha256 {
    uint32_t state[8];
    uint64_t length;
    unsigned char blocks[256]; /* four at a time */
};

void wh_sha256_init(struct wh_sha256 *sha);
void wh_sha256_add(struct wh_sha256 *sha, const void *bytes, size_t length);
/* Writes 64 lower-case hexadecimal digits and a NUL. */
void wh_sha256_hex(struct wh_sha256 *sha, char hex[65]);

#endif
