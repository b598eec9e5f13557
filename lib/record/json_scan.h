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

#endif
