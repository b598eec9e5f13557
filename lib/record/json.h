/*
 * JSON text, a slice at a time: finding where values end, checking them, decoding and encoding
 * strings. This is the grammar of RFC 8259 with UTF-8 by RFC 3629, surrogates paired, depth
 * bounded. Vector code is chosen at run time (WH_SIMD=plain|sse2|avx2|neon in the environment
 * overrides the choice, for tests).
 */
#ifndef WH_RECORD_JSON_H
#define WH_RECORD_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "record/row.h"

/* Length of `text` as the inside of a JSON string, and the string itself appended to `out`. */
void wh_json_escape(struct wh_buffer *out, const char *text, size_t length);
/* Whether `text` needs no escape inside quotes. */
bool wh_json_safe(const char *text, size_t length);
/* Decodes the inside of a valid JSON string to `out`, which has room for `length` bytes. Returns
 * the decoded length. */
size_t wh_json_unescape(const char *text, size_t length, char *out);
/* Whether `text` is one JSON value, on one line and nothing around it. A NUL stands after it, and
 * WH_SLACK bytes there can be read. */
bool wh_json_valid(const char *text, size_t length);

/* Reads the JSON value that begins at `text`, somewhere before a line feed after which WH_SLACK
 * bytes can be read. Returns the byte after it, or NULL where there is none. */
const char *wh_json_value(const char *text, struct wh_field *field);

/*
 * Walks a valid JSON object or array (a WH_NESTED field): begin, then a member at a time.
 * `field` gets its value; `key` the inside of the key's quotes with key_escaped telling whether
 * it must be decoded (objects only). Returns false at the end.
 */
struct wh_json_walk {
    const char *next;
    bool object;
    const char *key;
    uint32_t key_length;
    bool key_escaped;
    struct wh_field field;
};
void wh_json_walk_begin(struct wh_json_walk *walk, const char *text);
bool wh_json_walk_next(struct wh_json_walk *walk);

#endif
