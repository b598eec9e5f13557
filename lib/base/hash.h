/*
 * Hashes: one for tables in memory, MurmurHash3 for the hashing trick, one for decisions, a fast
 * one for long files, SHA-256 for files.
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

/*
 * A 64-bit digest of a long run of bytes, taken piece by piece, by which it is noticed that some of
 * them have changed; not by which somebody is kept from changing them. It is the same everywhere,
 * and takes about 20 bytes a nanosecond. Of each whole chunk it makes a word that stands for all
 * bytes so far, from which it can be gone on with: begin at the end of a chunk with its word, at
 * the beginning of all with 0.
 */
enum { WH_RUNNING_CHUNK = 64 << 10 };
struct wh_running {
    uint64_t word;      /* of the chunks so far */
    uint64_t lanes[4];  /* of the chunk begun */
    uint32_t length;    /* bytes of it */
    unsigned char rest[64];
};

void wh_running_begin(struct wh_running *running, uint64_t word);
/* Takes bytes to the end of the chunk at most, and returns how many; running->word is then that of
 * the chunk, if it has ended. */
size_t wh_running_add(struct wh_running *running, const void *bytes, size_t length);
/* The digest of all bytes so far; after a whole chunk its word. */
uint64_t wh_running_digest(const struct wh_running *running);

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
