/*
 * The grammar of JSON where it stands in a line: what json.h and the NDJSON reader rest on.
 *
 * Values are read by one of several kinds of vector code, chosen by what the processor has. All of
 * them read text that ends in a line feed, after which WH_SLACK bytes can be read, and report what
 * is wrong as a fault. Nothing here holds memory.
 */
#ifndef WH_RECORD_JSON_SCAN_H
#define WH_RECORD_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "record/row.h"

enum { WH_MAX_DEPTH = 1000 }; /* of nested values */

/* What the text broke, and where. */
struct wh_json_fault {
    const char *at;
    const char *rule;
    const char *text;
};

/* The vector code, one set for each kind of processor. */
struct wh_json_scan {
    const char *name;
    /* Checks one JSON value; returns the byte after it or NULL with the fault. */
    const char *(*value)(const char *p, struct wh_field *field, struct wh_json_fault *fault);
    /* Whether `p` begins with `text`, which holds no newline: so it is never compared beyond the
     * line at `p`, but for vectors reading WH_SLACK on. */
    bool (*same)(const char *p, const char *text, size_t length);
    /* Length of the part of `text` that needs no escape within quotes. Reads WH_SLACK beyond. */
    size_t (*safe)(const char *text, size_t length);
};

extern const struct wh_json_scan wh_json_plain;
#if defined(__x86_64__)
extern const struct wh_json_scan wh_json_sse2, wh_json_avx2;
#elif defined(__aarch64__)
extern const struct wh_json_scan wh_json_neon;
#endif

/* The best for this processor, or the one that WH_SIMD names. */
const struct wh_json_scan *wh_json_scan_choose(void);
/* The same, chosen once in the process. */
const struct wh_json_scan *wh_json_scan(void);

/* The first byte from `p` on that is no blank within a line. */
static inline const char *wh_json_skip_blanks(const char *p)
{
    while (*p == ' ' || *p == '\t' || *p == '\r')
        p++;
    return p;
}

/* The code unit of the four hexadecimal digits at `p`, or -1. */
int wh_json_code_unit(const char *p);

/* Parts of strings that vector code leaves to these: `p` at a backslash, or at a byte of 0x80 or
 * more. They return the first byte after the escape (or the run of such bytes), or NULL. */
const char *wh_json_check_escape(const char *p, struct wh_json_fault *fault);
const char *wh_json_check_utf8(const char *p, struct wh_json_fault *fault);

/*
 * In text that has been checked to be valid JSON, on one line, these need not look for faults.
 */

/* The first byte from `p` on that is no blank. */
static inline const char *wh_json_skip_checked(const char *p)
{
    while ((unsigned char)*p <= ' ')
        p++;
    return p;
}

/* The closing quote of the string whose inside begins at `p`, and whether that holds escapes. */
static inline const char *wh_json_string_end(const char *p, bool *escaped)
{
    *escaped = false;
    while (*p != '"') {
        if (*p == '\\') {
            *escaped = true;
            p++;
        }
        p++;
    }
    return p;
}

/* The end of the number in an object that begins at `p`: a comma, brace or blank. Eight bytes at a
 * time, since lengths vary and a branch for each byte would often be guessed wrong; so 7 bytes
 * after that end can be read. */
static inline const char *wh_json_number_end(const char *p)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    for (;; p += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, p, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        uint64_t comma = word ^ ones * ',', brace = word ^ ones * '}';
        /* The lowest byte marked is right; a borrow may mark others above it. */
        uint64_t ends = (((comma - ones) & ~comma) | ((brace - ones) & ~brace)
                         | ((word - ones * (' ' + 1)) & ~word)) & tops;
        if (ends)
            return p + (unsigned)__builtin_ctzll(ends) / 8;
    }
}

#endif
