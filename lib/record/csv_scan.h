/*
 * The hot loops of CSV: finding what separates values, and copying values that need no quotes.
 * Written for each kind of vector; the best one is chosen at run time, WH_SIMD in the environment
 * (plain, sse2, avx2, neon) overrides the choice.
 */
#ifndef WH_RECORD_CSV_SCAN_H
#define WH_RECORD_CSV_SCAN_H

#include <stddef.h>
#include <stdint.h>

/* What 64 bytes hold that asks for a closer look at the records they belong to. */
enum wh_csv_trait {
    WH_CSV_HIGH = 1,   /* a byte of 0x80 or more: the text may be broken UTF-8 */
    WH_CSV_UNSAFE = 2, /* a backslash or control character that JSON escapes; the delimiter, a
                          line feed and the CR before it aside */
};

struct wh_csv_scan {
    const char *name;
    /*
     * Looks at `length` bytes, 64 at a time: a bit in `marks` for each delimiter, line feed and
     * quote (a line feed where there are no quotes), and the traits of each 64 bytes. WH_SLACK
     * bytes after `length` are readable.
     */
    void (*classify)(const char *text, size_t length, char delimiter, char quote, uint64_t *marks,
                     uint8_t *traits);
    /*
     * Copies `length` bytes and returns how many of them stand before the first delimiter, quote,
     * CR or LF. Both sides have WH_SLACK bytes after `length`, which are read and written.
     */
    size_t (*copy)(char *out, const char *text, size_t length, char delimiter, char quote);
};

/* The kinds that this processor can run, the best last; NULL after them. */
const struct wh_csv_scan *const *wh_csv_scans(void);
const struct wh_csv_scan *wh_csv_scan_choose(void);

#endif
