#include "pipe/rejects.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "pipe/side.h"
#include "record/json.h"
#include "record/writer.h"

enum { FULL_BUFFER = 64 << 10 };

/* What every line begins with, by which a file of rejects is known again. */
static const char opening[] = "{\"error\":";

struct wh_rejects {
    const char *path;
    int descriptor;
    struct wh_buffer buffer;
};

struct wh_rejects *wh_rejects_open(const char *path, struct wh_error *error)
{
    if (wh_refuse_foreign(path, opening, error))
        return NULL;
    int how = wh_side_special(path) ? O_APPEND : O_CREAT | O_TRUNC;
    int descriptor = open(path, O_WRONLY | O_CLOEXEC | how, 0600);
    if (descriptor < 0) {
        wh_fail_errno(error, WH_FAILED, "%s: cannot open", path);
        return NULL;
    }
    struct wh_rejects *rejects = wh_alloc(1, sizeof *rejects);
    rejects->path = path;
    rejects->descriptor = descriptor;
    return rejects;
}

/* Appends the inside of a JSON string. What is not UTF-8 (in a file's name) becomes U+FFFD. */
static void add_inside(struct wh_buffer *out, const char *text, size_t length)
{
    while (length) {
        size_t valid = wh_utf8_valid(text, length);
        wh_json_escape(out, text, valid);
        if (valid == length)
            return;
        wh_buffer_add(out, "\xEF\xBF\xBD", 3);
        text += valid + 1;
        length -= valid + 1;
    }
}

static void add_member(struct wh_buffer *out, const char *opening_text, const char *text)
{
    wh_buffer_add(out, opening_text, strlen(opening_text));
    if (text && *text) {
        wh_buffer_byte(out, '"');
        add_inside(out, text, strlen(text));
        wh_buffer_byte(out, '"');
    } else {
        wh_buffer_add(out, "null", 4);
    }
}

static void add_text(struct wh_buffer *out, const char *text, size_t length)
{
    if (wh_utf8_valid(text, length) == length) {
        wh_buffer_add(out, ",\"row\":\"", 8);
        wh_json_escape(out, text, length);
    } else {
        wh_buffer_add(out, ",\"row_base64\":\"", 15);
        char *place = wh_buffer_reserve(out, wh_base64_size(length));
        out->length += wh_base64_encode(text, length, place);
    }
}

static void add_row(struct wh_buffer *out, const struct wh_row *row)
{
    if (row->raw) {
        size_t length = row->raw_length - row->terminator;
        /* To NDJSON a blank at the end of the row, to people half of the line end. */
        if (row->terminator == 1 && length && row->raw[length - 1] == '\r')
            length--;
        add_text(out, row->raw, length);
        return;
    }
    struct wh_buffer json = { 0 };
    wh_row_to_json(&json, row);
    add_text(out, json.data, json.length);
    wh_buffer_free(&json);
}

int wh_rejects_add(struct wh_rejects *rejects, const struct wh_row *row,
                   const struct wh_error *reason, struct wh_error *error)
{
    struct wh_buffer *out = &rejects->buffer;
    add_member(out, opening, reason->text);
    add_member(out, ",\"source\":", row->source);
    wh_buffer_format(out, ",\"line\":%llu", (unsigned long long)row->line);
    if (reason->byte)
        wh_buffer_format(out, ",\"byte\":%zu", reason->byte);
    add_member(out, ",\"column\":", reason->column);
    add_member(out, ",\"rule\":", reason->rule);
    add_row(out, row);
    wh_buffer_add(out, "\"}\n", 3);
    return out->length < FULL_BUFFER ? 0 : wh_rejects_flush(rejects, error);
}

int wh_rejects_flush(struct wh_rejects *rejects, struct wh_error *error)
{
    struct wh_buffer *out = &rejects->buffer;
    if (out->length == 0)
        return 0;
    int result = wh_write_all(rejects->descriptor, out->data, out->length, error);
    out->length = 0;
    if (out->capacity > 4 * FULL_BUFFER)
        wh_buffer_free(out);
    if (result == 0)
        return 0;
    struct wh_error inner = *error;
    return wh_fail(error, inner.status, "%s: %s", rejects->path, inner.text);
}

int wh_rejects_close(struct wh_rejects *rejects, struct wh_error *error)
{
    if (!rejects)
        return 0;
    int result = wh_rejects_flush(rejects, error);
    if (close(rejects->descriptor) && result == 0)
        result = wh_fail_errno(error, WH_FAILED, "%s: cannot write", rejects->path);
    wh_buffer_free(&rejects->buffer);
    free(rejects);
    return result;
}
