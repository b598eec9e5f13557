#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/display.h"
#include "base/memory.h"

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

static const char *quote(char out[static 96], const char *text, size_t length)
{
    enum { size = 96, tail = sizeof "...\"" };
    size_t used = 0;
    out[used++] = '"';
    size_t i = 0;
    while (i < length && used < size - tail - 4) {
        size_t n = wh_display_character(text + i, length - i);
        if (n == 0) {
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

/* A value that is cut must not show the beginning of a password whose end would tell that it is
 * one. */
const char *wh_quote(char out[static 96], const char *text, size_t length)
{
    enum { never_cut = 20, enough = 4096 };
    struct wh_buffer shown = { 0 };
    if (length <= never_cut)
        return quote(out, text, length);
    wh_display_hide_value(&shown, text, length < enough ? length : enough);
    quote(out, shown.data, shown.length);
    wh_buffer_free(&shown);
    return out;
}
