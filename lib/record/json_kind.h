/*
 * A kind of vector's way to read JSON values: a template that a file includes after its vectors
 * (see json_grammar.h) and after defining KIND, the name of the struct wh_json_scan, and KIND_NAME,
 * its text.
 */
#include "record/json_grammar.h"

TARGET static size_t scan_safe(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i += WIDTH) {
        size_t n = first_unsafe(text + i);
        if (n < WIDTH)
            return i + n < length ? i + n : length;
    }
    return length;
}

TARGET static bool scan_same(const char *p, const char *text, size_t length)
{
    return same_text(p, text, length);
}

const struct wh_json_scan KIND = { KIND_NAME, scan_one, scan_same, scan_safe };
