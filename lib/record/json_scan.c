#include "record/json_scan.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const char *fault(struct wh_json_fault *out, const char *at, const char *rule,
                         const char *text)
{
    *out = (struct wh_json_fault){ at, rule, text };
    return NULL;
}

/* Strings ---------------------------------------------------------------------------------- */

int wh_json_code_unit(const char *p)
{
    int unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = wh_hex_digit(p[i]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

const char *wh_json_check_escape(const char *p, struct wh_json_fault *out)
{
    switch (p[1]) {
    case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't':
        return p + 2;
    case 'u':
        break;
    default:
        return fault(out, p, "escape", "there is no such escape in JSON");
    }
    int unit = wh_json_code_unit(p + 2);
    if (unit < 0)
        return fault(out, p, "escape", "\\u must be followed by four hexadecimal digits");
    if (unit < 0xD800 || unit > 0xDFFF)
        return p + 6;
    int second = p[6] == '\\' && p[7] == 'u' ? wh_json_code_unit(p + 8) : -1;
    if (unit > 0xDBFF || second < 0xDC00 || second > 0xDFFF)
        return fault(out, p, "surrogate", "half of a surrogate pair is missing");
    return p + 12;
}

/* Length of the UTF-8 character (RFC 3629) whose bytes are in `word`, the first lowest and 0x80 or
 * more; 0 where it is none. */
static size_t character(uint32_t word)
{
    uint32_t first = word & 0xFF, second = word >> 8 & 0xFF;
    if ((word & 0xC0C0F0) == 0x8080E0) /* the next test: too long a form, surrogates */
        return (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ? 0 : 3;
    if ((word & 0xC0E0) == 0x80C0)
        return first >= 0xC2 ? 2 : 0;
    if ((word & 0xC0C0C0F8) == 0x808080F0)
        return (first == 0xF0 && second < 0x90) || first > 0xF4 || (first == 0xF4 && second > 0x8F)
                   ? 0 : 4;
    return 0;
}

const char *wh_json_check_utf8(const char *p, struct wh_json_fault *out)
{
    /* Up to three bytes after the line's end are looked at; they are slack. */
    const unsigned char *at = (const unsigned char *)p;
    while (*at >= 0x80) {
        size_t length = character((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16
                                  | (uint32_t)at[3] << 24);
        if (length == 0)
            return fault(out, (const char *)at, "utf-8", "the text is not valid UTF-8");
        at += length;
    }
    return (const char *)at;
}

/* Kinds ------------------------------------------------------------------------------------ */

const struct wh_json_scan *wh_json_scan_choose(void)
{
    const struct wh_json_scan *best = &wh_json_plain;
    const char *wanted = getenv("WH_SIMD");
#if defined(__x86_64__)
    best = &wh_json_sse2;
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
        __builtin_cpu_supports("bmi2"))
        best = &wh_json_avx2;
    if (wanted && strcmp(wanted, "sse2") == 0)
        best = &wh_json_sse2;
#elif defined(__aarch64__)
    best = &wh_json_neon;
#endif
    if (wanted && strcmp(wanted, "plain") == 0)
        best = &wh_json_plain;
    return best;
}

const struct wh_json_scan *wh_json_scan(void)
{
    static _Atomic(const struct wh_json_scan *) chosen;
    const struct wh_json_scan *now = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (!now) {
        now = wh_json_scan_choose();
        atomic_store_explicit(&chosen, now, memory_order_relaxed);
    }
    return now;
}
