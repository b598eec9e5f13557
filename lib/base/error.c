#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static void fill(struct wh_error *error, enum wh_status status, const char *format, va_list args)
{
    error->status = status;
    error->byte = 0;
    error->column[0] = '\0';
    error->rule[0] = '\0';
    vsnprintf(error->text, sizeof error->text, format, args);
}

int wh_fail(struct wh_error *error, enum wh_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(error, status, format, args);
    va_end(args);
    return -1;
}

int wh_fail_errno(struct wh_error *error, enum wh_status status, const char *format, ...)
{
    int number = errno;
    va_list args;
    va_start(args, format);
    fill(error, status, format, args);
    va_end(args);
    size_t used = strlen(error->text);
    snprintf(error->text + used, sizeof error->text - used, ": %s", strerror(number));
    return -1;
}

static void copy_cut(char *out, size_t size, const char *text, size_t length)
{
    if (length < size) {
        memcpy(out, text, length);
        out[length] = '\0';
        return;
    }
    /* Cut before a character, not within one. */
    size_t keep = size - 4;
    while (keep > 0 && ((unsigned char)text[keep] & 0xC0) == 0x80)
        keep--;
    memcpy(out, text, keep);
    memcpy(out + keep, "...", 4);
}

int wh_bad_row(struct wh_error *error, const char *rule, const char *column, size_t column_length,
               size_t byte, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(error, WH_FAILED, format, args);
    va_end(args);
    error->byte = byte;
    if (column)
        copy_cut(error->column, sizeof error->column, column, column_length);
    snprintf(error->rule, sizeof error->rule, "%s", rule);
    return -1;
}

/* Length of the well-formed UTF-8 character at `text`, 0 where there is none. */
static size_t character(const char *text, size_t length)
{
    unsigned char first = (unsigned char)text[0];
    size_t n = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    return n <= length && wh_utf8_valid(text, n) == n ? n : 0;
}

/* U+0000 to U+001F, U+007F and, in two bytes, U+0080 to U+009F: a terminal may obey them. */
static bool control(const char *text, size_t length)
{
    unsigned char first = (unsigned char)text[0];
    return length == 2 ? first == 0xC2 && (unsigned char)text[1] < 0xA0
                       : first < 0x20 || first == 0x7F;
}

const char *wh_quote(char out[static 96], const char *text, size_t length)
{
    enum { size = 96, tail = sizeof "...\"" };
    size_t used = 0;
    out[used++] = '"';
    size_t i = 0;
    while (i < length && used < size - tail - 4) {
        size_t n = character(text + i, length - i);
        if (n == 0 || control(text + i, n)) {
            used += (size_t)snprintf(out + used, size - used, "\\x%02X", (unsigned char)text[i]);
            i++;
        } else {
            memcpy(out + used, text + i, n);
            used += n;
            i += n;
        }
    }
    memcpy(out + used, i < length ? "...\"" : "\"", i < length ? 5 : 2);
    return out;
}
