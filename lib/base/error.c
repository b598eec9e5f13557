#include "base/error.h"

#include <errno.h>
#include <inttypes.h>
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

/* strerror may be at work in another thread; the form of POSIX is not glibc's own. */
static const char *errno_text(int number, char *text, size_t size)
{
    if (strerror_r(number, text, size) != 0)
        snprintf(text, size, "error %d", number);
    return text;
}

int wh_fail_errno(struct wh_error *error, enum wh_status status, const char *format, ...)
{
    int number = errno;
    va_list args;
    va_start(args, format);
    fill(error, status, format, args);
    va_end(args);
    char reason[128];
    size_t used = strlen(error->text);
    snprintf(error->text + used, sizeof error->text - used, ": %s",
             errno_text(number, reason, sizeof reason));
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

/* The length of text[0..length) without the beginning of a character at its end. */
static size_t whole_characters(const char *text, size_t length)
{
    size_t end = length;
    while (end > 0 && length - end < 3 && ((unsigned char)text[end - 1] & 0xC0) == 0x80)
        end--;
    if (end == 0)
        return length;
    unsigned char lead = (unsigned char)text[end - 1];
    size_t needs = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    return length - (end - 1) < needs ? end - 1 : length;
}

/* Puts `prefix` before the text, in place. */
static void put_before(struct wh_error *error, const char *prefix, size_t length)
{
    size_t kept = strlen(error->text);
    if (kept > sizeof error->text - 1 - length)
        kept = whole_characters(error->text, sizeof error->text - 1 - length);
    memmove(error->text + length, error->text, kept);
    memcpy(error->text, prefix, length);
    error->text[length + kept] = '\0';
}

static void put_context(struct wh_error *error, const char *format, va_list args)
{
    enum { longest = sizeof error->text * 3 / 4 };
    char context[longest];
    int wanted = vsnprintf(context, sizeof context - 2, format, args);
    if (wanted < 0)
        return;
    size_t length = (size_t)wanted;
    if (length > sizeof context - 3)
        length = whole_characters(context, sizeof context - 3);
    memcpy(context + length, ": ", 2);
    put_before(error, context, length + 2);
}

int wh_error_in(struct wh_error *error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    put_context(error, format, args);
    va_end(args);
    return -1;
}

int wh_refuse_in(struct wh_error *error, const char *format, ...)
{
    va_list args;
    error->status = WH_REFUSED;
    error->byte = 0;
    error->column[0] = error->rule[0] = '\0';
    va_start(args, format);
    put_context(error, format, args);
    va_end(args);
    return -1;
}

int wh_error_column(struct wh_error *error, const char *column, size_t length)
{
    copy_cut(error->column, sizeof error->column, column, length);
    return -1;
}

/* The end of a path says more than its beginning, and the reason more than both. */
static const char *short_source(const char *source)
{
    enum { longest = 400 };
    size_t length = strlen(source);
    if (length <= longest)
        return source;
    source += length - longest;
    while (((unsigned char)*source & 0xC0) == 0x80) /* not from within a character */
        source++;
    return source;
}

int wh_error_at(struct wh_error *error, struct wh_source_place place)
{
    char text[640];
    int used = 0;
    if (place.source && place.line)
        used = snprintf(text, sizeof text, place.counted ? "%s: row %" PRIu64 ": "
                                                         : "%s:%" PRIu64 ": ",
                        short_source(place.source), place.line);
    else if (place.source)
        used = snprintf(text, sizeof text, "%s: ", short_source(place.source));
    if (*error->column)
        used += snprintf(text + used, sizeof text - (size_t)used, "%s: ", error->column);
    else if (error->byte)
        used += snprintf(text + used, sizeof text - (size_t)used, "byte %zu: ", error->byte);
    put_before(error, text, (size_t)used);
    error->byte = 0;
    error->column[0] = '\0';
    return -1;
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

void wh_notify_say(const struct wh_notify *notify, const char *format, ...)
{
    struct wh_buffer text = { 0 };
    va_list args;
    if (!notify->notice)
        return;
    va_start(args, format);
    wh_buffer_vformat(&text, format, args);
    va_end(args);
    notify->notice(notify->context, wh_buffer_text(&text));
    wh_buffer_free(&text);
}

void wh_notify_lines(const struct wh_notify *notify, const char *text)
{
    for (const char *end; (end = strchr(text, '\n')); text = end + 1)
        wh_notify_say(notify, "%.*s", (int)(end - text), text);
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
