/* Hashes: published values, and the spread of the one for tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/wide.h"

static int32_t murmur(const char *text)
{
    return wh_murmur3(text, strlen(text), 0);
}

static void murmur3_gives_what_scikit_learn_gives(void **state)
{
    (void)state;
    assert_int_equal(murmur("foo"), -156908512);
    assert_int_equal(murmur("bar"), 1158584717);
    assert_int_equal(murmur("city=Paris"), -33168497);
    assert_int_equal(murmur(""), 0);
    assert_int_equal(murmur("xxxxxxxxxxxxxxxxx"), 1181088194);
    assert_int_equal(murmur("\xC3\xA9"), 269551495);
}

/* Appleby's own check (SMHasher, VerificationTest): the hash of the hashes of {0}, {0,1}, ... */
static void murmur3_gives_the_verification_value_of_its_author(void **state)
{
    (void)state;
    unsigned char key[256], hashes[256 * 4];
    for (unsigned i = 0; i < 256; i++) {
        key[i] = (unsigned char)i;
        uint32_t hash = (uint32_t)wh_murmur3(key, i, 256 - i);
        for (unsigned byte = 0; byte < 4; byte++)
            hashes[4 * i + byte] = (unsigned char)(hash >> (8 * byte));
    }
    assert_int_equal((uint32_t)wh_murmur3(hashes, sizeof hashes, 0), 0xB0F57EE3);
}

static void check_sha256(const char *text, size_t length, const char *expected)
{
    /* Whole, and in pieces of every size that matters to the blocks. */
    static const size_t pieces[] = { SIZE_MAX, 1, 3, 55, 56, 63, 64, 65, 127, 128, 255, 256, 257,
                                     1000 };
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct wh_sha256 sha;
        char hex[65];
        wh_sha256_init(&sha);
        for (size_t at = 0; at < length;) {
            size_t size = length - at < pieces[i] ? length - at : pieces[i];
            wh_sha256_add(&sha, text + at, size);
            at += size;
        }
        wh_sha256_hex(&sha, hex);
        assert_string_equal(hex, expected);
    }
}

static void sha256_gives_the_examples_of_fips_180_4(void **state)
{
    (void)state;
    check_sha256("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_sha256("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const char *two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    check_sha256(two, strlen(two),
                 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    const char *four = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                       "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";
    check_sha256(four, strlen(four),
                 "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
    static char million[1000000];
    memset(million, 'a', sizeof million);
    check_sha256(million, sizeof million,
                 "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* The digest of all digests of 0 to 600 bytes, as Python's hashlib gives it. */
static void sha256_ends_right_wherever_the_end_is(void **state)
{
    (void)state;
    struct wh_sha256 all;
    char bytes[600], hex[65];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i % 251);
    wh_sha256_init(&all);
    for (size_t length = 0; length <= sizeof bytes; length++) {
        struct wh_sha256 sha;
        wh_sha256_init(&sha);
        wh_sha256_add(&sha, bytes, length);
        wh_sha256_hex(&sha, hex);
        wh_sha256_add(&all, hex, 64);
    }
    wh_sha256_hex(&all, hex);
    assert_string_equal(hex, "f22b5c3d8d58319c2f4bf70005b58759ecb56f725eb507e4423c0a485198ab2d");
}

static void hash_depends_on_the_bytes_and_nothing_else(void **state)
{
    (void)state;
    char bytes[128];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7);
    for (size_t length = 0; length <= 64; length++) {
        uint64_t hash = wh_hash(bytes, length);
        for (size_t shift = 1; shift < 32; shift++) {
            char moved[128] = { 0 };
            memcpy(moved + shift, bytes, length);
            assert_true(wh_hash(moved + shift, length) == hash);
        }
        assert_true(length == 64 || wh_hash(bytes, length + 1) != hash);
    }
}

static int compare_words(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void hash_keeps_a_million_similar_keys_apart(void **state)
{
    (void)state;
    enum { KEYS = 1000000, BUCKETS = 4096 };
    uint64_t *hashes = malloc(KEYS * sizeof *hashes);
    assert_non_null(hashes);
    unsigned low[BUCKETS] = { 0 }, high[BUCKETS] = { 0 };
    for (unsigned i = 0; i < KEYS; i++) {
        char key[32];
        int length = snprintf(key, sizeof key, "customer_%u", i);
        hashes[i] = wh_hash(key, (size_t)length);
        low[hashes[i] % BUCKETS]++;
        high[hashes[i] / (UINT64_MAX / BUCKETS + 1)]++;
    }
    qsort(hashes, KEYS, sizeof *hashes, compare_words);
    for (unsigned i = 1; i < KEYS; i++)
        assert_true(hashes[i - 1] != hashes[i]);
    free(hashes);
    /* 244 expected in each, with a standard deviation of 15.6: seven of them. */
    for (unsigned i = 0; i < BUCKETS; i++) {
        assert_in_range(low[i], 244 - 110, 244 + 110);
        assert_in_range(high[i], 244 - 110, 244 + 110);
    }
}

/* Flipping any one bit of a key flips any bit of the hash about every second time. */
static void hash_spreads_every_bit_of_short_and_long_keys(void **state)
{
    (void)state;
    enum { TRIALS = 2000 };
    uint64_t random = 1;
    static const size_t lengths[] = { 2, 3, 4, 7, 8, 12, 16, 17, 24, 33 };
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
        for (size_t bit = 0; bit < lengths[l] * 8; bit++) {
            unsigned flips[64] = { 0 };
            for (unsigned trial = 0; trial < TRIALS; trial++) {
                unsigned char key[40];
                for (size_t i = 0; i < sizeof key; i++) {
                    random = random * UINT64_C(6364136223846793005) + 1;
                    key[i] = (unsigned char)(random >> 56);
                }
                uint64_t before = wh_hash(key, lengths[l]);
                key[bit / 8] ^= (unsigned char)(1u << bit % 8);
                uint64_t changed = before ^ wh_hash(key, lengths[l]);
                for (int i = 0; i < 64; i++)
                    flips[i] += (unsigned)(changed >> i & 1);
            }
            for (int i = 0; i < 64; i++)
                assert_in_range(flips[i], TRIALS * 3 / 10, TRIALS * 7 / 10);
        }
}

/* The running digest of bytes that are taken `piece` at a time, from `word` on. */
static uint64_t running_digest(uint64_t word, const unsigned char *bytes, size_t length,
                               size_t piece)
{
    struct wh_running running;
    wh_running_begin(&running, word);
    for (size_t at = 0; at < length;) {
        size_t size = length - at < piece ? length - at : piece;
        for (size_t taken = 0; taken < size;)
            taken += wh_running_add(&running, bytes + at + taken, size - taken);
        at += size;
    }
    return wh_running_digest(&running);
}

enum { RUN = 2 * WH_RUNNING_CHUNK + 1000 };

static unsigned char *some_run(void)
{
    unsigned char *bytes = malloc(RUN);
    uint32_t number = 1;
    for (size_t i = 0; i < RUN; i++, number = number * 1664525 + 1013904223)
        bytes[i] = (unsigned char)(number >> 24);
    return bytes;
}

static void a_running_digest_does_not_depend_on_the_pieces(void **state)
{
    (void)state;
    unsigned char *bytes = some_run();
    const size_t pieces[] = { 1, 7, 63, 64, 65, 4096, 100003, RUN };
    for (size_t length = RUN; length > 0; length /= 3)
        for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
            assert_true(running_digest(0, bytes, length, pieces[i])
                        == running_digest(0, bytes, length, RUN));
    /* It is the same in every version, since positions hold it. */
    assert_true(running_digest(0, bytes, 0, 1) == 0);
    assert_true(running_digest(0, bytes, RUN, RUN) == UINT64_C(0x21341e820ad825ab));
    free(bytes);
}

static void a_running_digest_is_gone_on_with_from_the_end_of_a_chunk(void **state)
{
    (void)state;
    unsigned char *bytes = some_run();
    uint64_t word = running_digest(0, bytes, WH_RUNNING_CHUNK, 1000);
    assert_true(running_digest(word, bytes + WH_RUNNING_CHUNK, RUN - WH_RUNNING_CHUNK, 77)
                == running_digest(0, bytes, RUN, RUN));
    free(bytes);
}

static void a_running_digest_shows_every_change(void **state)
{
    (void)state;
    unsigned char *bytes = some_run();
    uint64_t all = running_digest(0, bytes, RUN, RUN);
    for (size_t i = 0; i < RUN; i += 97) {
        bytes[i] ^= (unsigned char)(1u << i % 8);
        assert_true(running_digest(0, bytes, RUN, RUN) != all);
        bytes[i] ^= (unsigned char)(1u << i % 8);
    }
    assert_true(running_digest(0, bytes, RUN - 1, RUN) != all);
    /* Zeros are counted, and blocks that change places are seen. */
    memset(bytes, 0, RUN);
    assert_true(running_digest(0, bytes, 64, RUN) != running_digest(0, bytes, 128, RUN));
    assert_true(running_digest(0, bytes, 1, RUN) != running_digest(0, bytes, 2, RUN));
    bytes[0] = 1;
    uint64_t first = running_digest(0, bytes, 4 * WH_RUNNING_CHUNK / 2, RUN);
    bytes[0] = 0;
    for (size_t at = 16; at < (size_t)WH_RUNNING_CHUNK * 2; at += 16) {
        bytes[at] = 1;
        assert_true(running_digest(0, bytes, 4 * WH_RUNNING_CHUNK / 2, RUN) != first);
        bytes[at] = 0;
    }
    free(bytes);
}

/* Of two processes, which fork before this one draws its seed. */
static uint64_t hashes_elsewhere[2];

static uint64_t hash_of_another_process(void)
{
    int ends[2];
    uint64_t hash = 0;
    if (pipe(ends) != 0)
        return hash;
    pid_t child = fork();
    if (child == 0) {
        hash = wh_hash("key", 3);
        _exit(write(ends[1], &hash, sizeof hash) == (ssize_t)sizeof hash ? 0 : 1);
    }
    close(ends[1]);
    if (read(ends[0], &hash, sizeof hash) != (ssize_t)sizeof hash)
        hash = 0;
    close(ends[0]);
    waitpid(child, NULL, 0);
    return hash;
}

static void hash_is_another_in_every_process(void **state)
{
    (void)state;
    assert_true(hashes_elsewhere[0] != 0 && hashes_elsewhere[1] != 0);
    assert_true(hashes_elsewhere[0] != hashes_elsewhere[1]);
}

static void both_products_of_64_bits_agree(void **state)
{
    (void)state;
    uint64_t a = 1, b = UINT64_MAX;
    for (int i = 0; i < 100000; i++) {
        struct wh_wide wide = wh_wide_product(a, b), halves = wh_wide_product_halves(a, b);
        assert_true(wide.high == halves.high && wide.low == halves.low);
        a = i % 3 ? a * UINT64_C(6364136223846793005) + 1 : UINT64_MAX - a;
        b = i % 5 ? b * UINT64_C(3935559000370003845) + 1 : b >> 20;
    }
}

int main(void)
{
    for (size_t i = 0; i < 2; i++)
        hashes_elsewhere[i] = hash_of_another_process();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(murmur3_gives_what_scikit_learn_gives),
        cmocka_unit_test(murmur3_gives_the_verification_value_of_its_author),
        cmocka_unit_test(sha256_ends_right_wherever_the_end_is),
        cmocka_unit_test(sha256_gives_the_examples_of_fips_180_4),
        cmocka_unit_test(hash_depends_on_the_bytes_and_nothing_else),
        cmocka_unit_test(hash_keeps_a_million_similar_keys_apart),
        cmocka_unit_test(hash_spreads_every_bit_of_short_and_long_keys),
        cmocka_unit_test(a_running_digest_does_not_depend_on_the_pieces),
        cmocka_unit_test(a_running_digest_is_gone_on_with_from_the_end_of_a_chunk),
        cmocka_unit_test(a_running_digest_shows_every_change),
        cmocka_unit_test(hash_is_another_in_every_process),
        cmocka_unit_test(both_products_of_64_bits_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
