/*
 * Hashes: one for tables in memory, MurmurHash3 for the hashing trick, SHA-256 for files.
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

/* SHA-256 (FIPS 180-4). */
struct wh_sha256 {
    uint32_t state[8];
    uint64_t length;
    unsigned char block[64];
};

void wh_sha256_init(struct wh_sha256 *sha);
void wh_sha256_add(struct wh_sha256 *sha, const void *bytes, size_t length);
/* Writes 64 lower-case hexadecimal digits and a NUL. */
void wh_sha256_hex(struct wh_sha256 *sha, char hex[65]);

#endif
