#include "record/json.h"

#include <string.h>

#include "base/text.h"
#include "record/json_scan.h"

/* Bytes of `text` that need no escape. The vector code reads beyond the end, so the last bytes of
 * text that nobody padded are looked at in a copy. */
static size_t safe_length(const char *text, size_t length)
{
    size_t whole = length - length % WH_SLACK;
    if (whole > 0) {
        /* Up to `whole` the slack of each look lies inside the text but for the last. */
        size_t inside = whole - WH_SLACK;
        size_t safe = inside ? wh_json_scan()->safe(text, inside) : 0;
        if (safe < inside)
            return safe;
        text += inside;
        length -= inside;
    }
    char copy[3 * WH_SLACK] = { 0 };
    memcpy(copy, text, length);
    return (whole ? whole - WH_SLACK : 0) + wh_json_scan()->safe(copy, length);
}

bool wh_json_safe(const char *text, size_t length)
{
    return safe_length(text, length) == length;
}

static void escape_byte(struct wh_buffer *out, unsigned char byte)
{
    static const char letters[32] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
                                      ['\r'] = 'r' };
    static const char hex[] = "0123456789abcdef";
    char letter = byte < 32 ? letters[byte] : (char)byte;
    wh_buffer_byte(out, '\\');
    if (letter) {
        wh_buffer_byte(out, letter);
        return;
    }
    char code[5] = { 'u', '0', '0', hex[byte >> 4], hex[byte & 15] };
    wh_buffer_add(out, code, sizeof code);
}

void wh_json_escape(struct wh_buffer *out, const char *text, size_t length)
{
    while (length > 0) {
        size_t safe = safe_length(text, length);
        wh_buffer_add(out, text, safe);
        if (safe == length)
            return;
        escape_byte(out, (unsigned char)text[safe]);
        text += safe + 1;
        length -= safe + 1;
    }
}

/* Decodes the escape at `p` (a backslash) to `out`; returns the bytes read, and *wrote. */
static size_t decode_escape(const char *p, char *out, size_t *wrote)
{
    *wrote = 1;
    switch (p[1]) {
    case 'b': *out = '\b'; return 2;
    case 'f': *out = '\f'; return 2;
    case 'n': *out = '\n'; return 2;
    case 'r': *out = '\r'; return 2;
    case 't': *out = '\t'; return 2;
    case 'u': break;
    default: *out = p[1]; return 2;
    }
    uint32_t code = (uint32_t)wh_json_code_unit(p + 2);
    size_t read = 6;
    if (code >= 0xD800 && code <= 0xDBFF) {
        code = 0x10000 + ((code - 0xD800) << 10)
               + ((uint32_t)wh_json_code_unit(p + 8) - 0xDC00);
        read = 12;
    }
    char bytes[4];
    *wrote = wh_utf8_put(code, bytes);
    memcpy(out, bytes, *wrote);
    return read;
}

size_t wh_json_unescape(const char *text, size_t length, char *out)
{
    const char *end = text + length;
    char *start = out;
    while (text < end) {
        const char *backslash = memchr(text, '\\', (size_t)(end - text));
        size_t plain = (size_t)((backslash ? backslash : end) - text);
        memmove(out, text, plain);
        out += plain;
        text += plain;
        if (backslash) {
            size_t wrote;
            text += decode_escape(text, out, &wrote);
            out += wrote;
        }
    }
    return (size_t)(out - start);
}

const char *wh_json_value(const char *text, struct wh_field *field)
{
    struct wh_json_fault fault;
    return wh_json_scan()->value(text, field, &fault);
}

bool wh_json_valid(const char *text, size_t length)
{
    struct wh_field field;
    return wh_json_value(text, &field) == text + length;
}

void wh_json_walk_begin(struct wh_json_walk *walk, const char *text)
{
    walk->object = *text == '{';
    walk->next = wh_json_skip_blanks(text + 1);
}

bool wh_json_walk_next(struct wh_json_walk *walk)
{
    const struct wh_json_scan *use = wh_json_scan();
    struct wh_json_fault none;
    const char *p = walk->next;
    if (*p == '}' || *p == ']')
        return false;
    if (*p == ',')
        p = wh_json_skip_blanks(p + 1);
    if (walk->object) {
        struct wh_field key;
        p = wh_json_skip_blanks(use->value(p, &key, &none));
        walk->key = key.text;
        walk->key_length = key.length;
        walk->key_escaped = key.flags & WH_ESCAPED;
        p = wh_json_skip_blanks(p + 1);
    }
    walk->next = wh_json_skip_blanks(use->value(p, &walk->field, &none));
    return true;
}
