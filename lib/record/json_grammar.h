/*
 * The grammar of JSON values, written once and compiled for each kind of vector: a template that
 * json_kind.h and ndjson_scan.h include after a file with these:
 *
 *   TARGET          attributes of the functions ("avx2" code in a baseline build)
 *   WIDTH           bytes looked at together
 *   first_special   index in p[0 .. WIDTH) of the first byte that is '"', '\\', below 0x20 or of
 *                   0x80 or more; WIDTH where there is none
 *   first_unsafe    the same without 0x80 and more
 *   nondigits       one bit for each of the next bytes, 8 at least: set where it is no digit; the
 *                   first byte's is the lowest, and they stand BITS apart
 *   same_chunk      whether the first `length` bytes, at most WIDTH, are the same
 *
 * Every loop ends at the newline after the value, which is no part of any valid token.
 */
#include <string.h>

#include "base/text.h"
#include "record/json_scan.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
/* What runs for each value is part of the loop over them, however large that makes it. */
#define INLINE static inline __attribute__((always_inline))

TARGET static inline bool same_text(const char *p, const char *text, size_t length)
{
    while (UNLIKELY(length > WIDTH)) {
        if (!same_chunk(p, text, WIDTH))
            return false;
        p += WIDTH;
        text += WIDTH;
        length -= WIDTH;
    }
    return same_chunk(p, text, length);
}

static const char *scan_fault(struct wh_json_fault *fault, const char *at, const char *rule,
                              const char *text)
{
    *fault = (struct wh_json_fault){ at, rule, text };
    return NULL;
}

/* The rest of a string, `p` somewhere inside it: the closing quote, or NULL. */
TARGET static const char *scan_string(const char *p, bool *escaped, struct wh_json_fault *fault)
{
    for (;;) {
        size_t n = first_special(p);
        p += n;
        if (n == WIDTH)
            continue;
        unsigned char c = (unsigned char)*p;
        if (c == '"')
            return p;
        if (c == '\\') {
            *escaped = true;
            p = wh_json_check_escape(p, fault);
        } else if (c >= 0x80) {
            p = wh_json_check_utf8(p, fault);
        } else {
            return scan_fault(fault, p, "control-character",
                              c == '\n' ? "the line ends inside a string"
                                        : "a string has a control character (escape it)");
        }
        if (!p)
            return NULL;
    }
}

static const char *scan_digits(const char *p)
{
    while (wh_is_digit(*p))
        p++;
    return p;
}

/* The byte after the number at `p`, however long it is and whatever is wrong with it. */
static const char *scan_any_number(const char *p, struct wh_json_fault *fault)
{
    const char *digits = p + (*p == '-');
    p = scan_digits(digits);
    if (p == digits)
        return scan_fault(fault, p, "number", "a digit must follow the minus sign");
    if (*digits == '0' && p != digits + 1)
        return scan_fault(fault, digits, "number", "a number must not begin with 0");
    if (*p == '.') {
        const char *fraction = p + 1;
        p = scan_digits(fraction);
        if (p == fraction)
            return scan_fault(fault, p, "number", "a digit must follow the decimal point");
    }
    if ((*p | 0x20) == 'e') {
        const char *exponent = p + 1 + (p[1] == '+' || p[1] == '-');
        p = scan_digits(exponent);
        if (p == exponent)
            return scan_fault(fault, p, "number", "the exponent has no digits");
    }
    return p;
}

/* The same. What stands where is read off one look at the bytes, since the place after a number
 * is what everything after it waits for; what that does not settle goes the long way. */
TARGET INLINE const char *scan_number(const char *p, struct wh_json_fault *fault)
{
    size_t sign = *p == '-';
    uint64_t others = nondigits(p) & ~(uint64_t)sign;
    if (UNLIKELY(!others))
        return scan_any_number(p, fault);
    const char *digits = p + sign, *end = p + (size_t)__builtin_ctzll(others) / BITS;
    if (UNLIKELY(end == digits || (*digits == '0' && end != digits + 1)))
        return scan_any_number(p, fault);
    if (*end == '.') {
        const char *fraction = end + 1;
        others &= others - 1;
        if (UNLIKELY(!others))
            return scan_any_number(p, fault);
        end = p + (size_t)__builtin_ctzll(others) / BITS;
        if (UNLIKELY(end == fraction))
            return scan_any_number(p, fault);
    }
    return UNLIKELY((*end | 0x20) == 'e') ? scan_any_number(p, fault) : end;
}

/* Without a branch between digits and the sign, which is often as good as random. */
static inline bool begins_number(char c)
{
    return wh_is_digit(c) | (c == '-');
}

/* Where there is hardly ever a blank. */
static inline const char *skip_blanks(const char *p)
{
    return UNLIKELY((unsigned char)*p <= ' ') ? wh_json_skip_blanks(p) : p;
}

/* null, true and false; anything else is a fault. */
static const char *scan_word(const char *p, struct wh_field *field, struct wh_json_fault *fault)
{
    field->text = p;
    field->flags = 0;
    if (memcmp(p, "null", 4) == 0) {
        field->type = WH_NULL;
        field->length = 4;
        return p + 4;
    }
    if (memcmp(p, "true", 4) == 0) {
        field->type = WH_TRUE;
        field->length = 4;
        return p + 4;
    }
    if (memcmp(p, "false", 5) == 0) {
        field->type = WH_FALSE;
        field->length = 5;
        return p + 5;
    }
    if (*p == '\n')
        return scan_fault(fault, p, "json", "the line ends where a value should be");
    return scan_fault(fault, p, "json",
                      "expected a value: a string in double quotes, a number, true, false, "
                      "null, an object or an array");
}

TARGET static const char *scan_nested(const char *p, struct wh_json_fault *fault);
TARGET static const char *scan_one(const char *p, struct wh_field *field,
                                   struct wh_json_fault *fault);

TARGET INLINE const char *scan_value(const char *p, struct wh_field *field,
                                     struct wh_json_fault *fault)
{
    const char *end;
    if (*p == '"') {
        bool escaped = false;
        field->text = ++p;
        size_t n = first_special(p);
        if (LIKELY(n < WIDTH && p[n] == '"'))
            end = p + n;
        else
            end = scan_string(p + (n < WIDTH ? n : WIDTH), &escaped, fault);
        if (UNLIKELY(!end))
            return NULL;
        field->length = (uint32_t)(end - p);
        field->type = WH_STRING;
        field->flags = (uint8_t)(WH_JSON_SAFE | (escaped ? WH_ESCAPED : 0));
        return end + 1;
    }
    if (begins_number(*p)) {
        end = scan_number(p, fault);
        if (UNLIKELY(!end))
            return NULL;
        field->type = WH_NUMBER;
    } else if (*p == '{' || *p == '[') {
        end = scan_nested(p, fault);
        if (UNLIKELY(!end))
            return NULL;
        field->type = WH_NESTED;
    } else {
        /* An edge of the tree may match and yet lack a blank that stands before this value. */
        const char *behind = wh_json_skip_blanks(p);
        return behind == p ? scan_word(p, field, fault) : scan_one(behind, field, fault);
    }
    field->text = p;
    field->length = (uint32_t)(end - p);
    field->flags = 0;
    return end;
}

/* The string at `p`, a quote, whatever is in it: the byte after its closing quote. */
TARGET static inline const char *pass_string(const char *p, struct wh_json_fault *fault)
{
    bool escaped = false;
    size_t n = first_special(++p);
    p += n;
    if (LIKELY(n < WIDTH && *p == '"'))
        return p + 1;
    p = scan_string(p, &escaped, fault);
    return p ? p + 1 : NULL;
}

/* The key of a member within a nested object, up to its value. */
TARGET static inline const char *scan_member(const char *p, struct wh_json_fault *fault)
{
    p = skip_blanks(p);
    if (UNLIKELY(*p != '"'))
        return scan_fault(fault, p, "json", "expected a key in double quotes");
    p = pass_string(p, fault);
    if (UNLIKELY(!p))
        return NULL;
    p = skip_blanks(p);
    if (UNLIKELY(*p != ':'))
        return scan_fault(fault, p, "json", "a colon must follow the key");
    return skip_blanks(p + 1);
}

/* A value that is no object or array, anything after it left alone. */
TARGET static inline const char *pass_scalar(const char *p, struct wh_json_fault *fault)
{
    struct wh_field ignored;
    if (begins_number(*p))
        return scan_number(p, fault);
    return *p == '"' ? pass_string(p, fault) : scan_word(p, &ignored, fault);
}

/* A nested object or array, without recursion: one bit a level says which of the two it is. */
TARGET static const char *scan_nested(const char *p, struct wh_json_fault *fault)
{
    uint64_t objects[WH_MAX_DEPTH / 64 + 1] = { 0 };
    size_t depth = 0;
    bool object = false; /* what the innermost bracket opened */
    for (;;) {
        /* `p` is at a value. */
        if (*p == '{' || *p == '[') {
            if (depth == WH_MAX_DEPTH)
                return scan_fault(fault, p, "depth", "values are nested too deep");
            uint64_t bit = (uint64_t)1 << (depth % 64);
            object = *p == '{';
            objects[depth / 64] = object ? objects[depth / 64] | bit : objects[depth / 64] & ~bit;
            depth++;
            p = skip_blanks(p + 1);
            if (*p != (object ? '}' : ']')) {
                if (object && !(p = scan_member(p, fault)))
                    return NULL;
                continue;
            }
        } else {
            p = pass_scalar(p, fault);
            if (UNLIKELY(!p))
                return NULL;
            p = skip_blanks(p);
        }
        /* `p` is after a value, or at the bracket that closes an empty one. */
        while (*p != ',') {
            if (UNLIKELY(*p != (object ? '}' : ']')))
                return scan_fault(fault, p, "json",
                                  object ? "expected a comma or the closing brace"
                                         : "expected a comma or the closing bracket");
            if (--depth == 0)
                return p + 1;
            object = objects[(depth - 1) / 64] >> ((depth - 1) % 64) & 1;
            p = skip_blanks(p + 1);
        }
        p = skip_blanks(p + 1);
        if (object && !(p = scan_member(p, fault)))
            return NULL;
    }
}

TARGET static const char *scan_one(const char *p, struct wh_field *field,
                                   struct wh_json_fault *fault)
{
    return scan_value(p, field, fault);
}
