#include "pipe/rejects.h"

#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "pipe/extent.h"
#include "pipe/keep.h"
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
    uint64_t length;       /* written so far, by this run and those it goes on from */
    char *state;           /* the name of what keeps the length */
    struct wh_keep *keep;  /* under control records, where the file can be cut */
    struct wh_lock *lock;
};

struct wh_rejects *wh_rejects_open(const char *path, struct wh_error *error)
{
    if (wh_refuse_foreign(path, opening, error))
        return NULL;
    int how = wh_side_special(path) ? O_WRONLY : O_RDWR | O_CREAT;
    int descriptor = open(path, how | O_APPEND | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        wh_fail_errno(error, WH_FAILED, "%s: cannot open", path);
        return NULL;
    }
    struct wh_rejects *rejects = wh_alloc(1, sizeof *rejects);
    rejects->path = path;
    struct wh_buffer state = { 0 };
    wh_buffer_format(&state, "%s.state", path);
    rejects->state = wh_buffer_text(&state);
    rejects->descriptor = descriptor;
    return rejects;
}

static int cut(struct wh_rejects *rejects, uint64_t length, struct wh_error *error)
{
    if (wh_side_special(rejects->path))
        return 0;
    if (ftruncate(rejects->descriptor, (off_t)length) != 0)
        return wh_fail_errno(error, WH_FAILED, "%s: cannot cut it to %" PRIu64 " bytes",
                             rejects->path, length);
    rejects->length = length;
    return 0;
}

int wh_rejects_start(struct wh_rejects *rejects, bool empty, struct wh_error *error)
{
    if (wh_side_special(rejects->path) || !wh_keep_exists(rejects->state))
        return cut(rejects, 0, error);
    return empty ? 0
                 : wh_fail(error, WH_BROKEN, "%s: belongs to a stream with checkpoints, and these "
                           "rows come without (give another name; or remove it and %s.state* to "
                           "start over)", rejects->path, rejects->path);
}

/* ---- control records ------------------------------------------------------------------------- */

/* {"checkpoint":{...},"first":"...","last":"...","length":N,"wh":"rejects"}, the content of a kept
 * state; one of an earlier version has no first and last. */
static int read_extent(const char *path, struct wh_place *place, struct wh_extent *extent,
                       struct wh_error *error)
{
    enum { LARGEST = 4096 };
    size_t size;
    char *text = wh_read_file(path, LARGEST, &size, error);
    if (!text)
        return -1;
    json_t *state = json_loadb(text, size, 0, NULL);
    free(text);
    const char *kind = json_string_value(json_object_get(state, "wh"));
    bool good = kind && strcmp(kind, "rejects") == 0 && wh_extent_get(state, extent)
                && wh_place_read(json_object_get(state, "checkpoint"), place) == 0;
    json_decref(state);
    return good ? 0
                : wh_fail(error, WH_REFUSED, "%s: is not the length of a file of rejects", path);
}

/* With an outlet (else NULL) the file is saved by that. */
static int write_extent(const char *path, const struct wh_place *place,
                        const struct wh_extent *extent, struct wh_outlet *outlet,
                        struct wh_error *error)
{
    struct wh_atomic_file *file = wh_atomic_open(path, error);
    if (!file)
        return -1;
    json_t *state = json_pack("{s:o, s:s}", "checkpoint", wh_place_json(place), "wh", "rejects");
    wh_extent_put(state, extent);
    char *text = json_dumps(state, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(state);
    int result = wh_write_named(wh_atomic_descriptor(file), path, text, strlen(text), error);
    if (result == 0)
        result = wh_write_named(wh_atomic_descriptor(file), path, "\n", 1, error);
    free(text);
    if (result == 0)
        return wh_outlet_save(outlet, file, error);
    wh_atomic_abort(file);
    return -1;
}

/* What the file was at the checkpoint that the stream goes on from. Where --rejects is new
 * in a pipeline that goes on, nothing: that is kept at once, since this run may be killed before
 * its first commit, and then the next one goes on from here too. */
static int find_extent(struct wh_rejects *rejects, const struct wh_place *from,
                       struct wh_extent *extent, struct wh_error *error)
{
    const char *source = wh_keep_source(rejects->keep);
    struct wh_place place;
    *extent = (struct wh_extent){ 0 };
    if (!source && !wh_keep_exists(rejects->state))
        return wh_place_none(from) ? 0 : write_extent(rejects->state, from, extent, NULL, error);
    if (source && read_extent(source, &place, extent, error) != 0)
        return -1;
    return wh_keep_check(rejects->keep, source ? &place : NULL, error);
}

/* The file is still the one that it was: nothing else is cut. */
static int check_begin(const struct wh_rejects *rejects, const struct wh_extent *extent,
                       struct wh_error *error)
{
    struct stat status;
    struct wh_extent found;
    if (fstat(rejects->descriptor, &status) != 0)
        return wh_fail_errno(error, WH_FAILED, "%s: cannot look at it", rejects->path);
    if ((uint64_t)status.st_size < extent->length)
        return wh_fail(error, WH_BROKEN, "%s: it is shorter than the %" PRIu64 " bytes that it had "
                       "when the stream stopped (remove it and %s.state* to begin it anew)",
                       rejects->path, extent->length, rejects->path);
    if (extent->length == 0 || !extent->known)
        return 0;
    if (wh_extent_take(rejects->descriptor, extent->length, &found, error) != 0)
        return wh_error_in(error, "%s", rejects->path);
    if (wh_extent_same(&found, extent))
        return 0;
    return wh_fail(error, WH_BROKEN, "%s: it is not the file that it was when the stream "
                   "stopped (put that back; or move this one away and remove %s.state* to begin it "
                   "anew)", rejects->path, rejects->path);
}

int wh_rejects_resume(struct wh_rejects *rejects, const struct wh_control *begin,
                      struct wh_error *error)
{
    if (begin->marked || wh_side_special(rejects->path))
        return wh_rejects_start(rejects, false, error);
    rejects->lock = wh_lock_take(rejects->path, error);
    if (rejects->lock)
        rejects->keep = wh_keep_open(rejects->state, begin, error);
    struct wh_extent extent;
    if (!rejects->keep || find_extent(rejects, &begin->from, &extent, error) != 0
        || check_begin(rejects, &extent, error) != 0)
        return -1;
    return cut(rejects, extent.length, error);
}

/* The length that is kept must be that of the file: the next run cuts it there. */
static int check_length(const struct wh_rejects *rejects, struct wh_error *error)
{
    struct stat status, named;
    if (fstat(rejects->descriptor, &status) != 0)
        return wh_fail_errno(error, WH_FAILED, "%s: cannot look at it", rejects->path);
    if (stat(rejects->path, &named) != 0 || named.st_ino != status.st_ino
        || named.st_dev != status.st_dev)
        return wh_fail(error, WH_BROKEN, "%s: another program has moved, removed or replaced it "
                       "while this run wrote to it (put it back and run again)", rejects->path);
    if ((uint64_t)status.st_size == rejects->length)
        return 0;
    return wh_fail(error, WH_BROKEN, "%s: another program has written to it or cut it: it has "
                   "%" PRIu64 " bytes where this run has written %" PRIu64 " (run it again, with "
                   "a --rejects that nobody else writes to)", rejects->path,
                   (uint64_t)status.st_size, rejects->length);
}

int wh_rejects_checkpoint(struct wh_rejects *rejects, const struct wh_place *place,
                          struct wh_outlet *outlet, struct wh_error *error)
{
    if (wh_rejects_flush(rejects, error) != 0)
        return -1;
    if (!rejects->keep)
        return 0;
    if (wh_lock_check(rejects->lock, error) != 0 || check_length(rejects, error) != 0)
        return -1;
    struct wh_extent extent;
    if (wh_outlet_sync(outlet, rejects->descriptor, rejects->path, error) != 0)
        return -1;
    if (wh_extent_take(rejects->descriptor, rejects->length, &extent, error) != 0)
        return wh_error_in(error, "%s", rejects->path);
    return write_extent(wh_keep_target(rejects->keep, place), place, &extent, outlet, error);
}

int wh_rejects_committed(struct wh_rejects *rejects, uint64_t n, struct wh_error *error)
{
    if (!rejects->keep)
        return 0;
    return wh_lock_check(rejects->lock, error) == 0 ? wh_keep_committed(rejects->keep, n, error)
                                                    : -1;
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* Appends the inside of a JSON string. What is not UTF-8 (in a file's name) becomes U+FFFD. */
static void add_inside(struct wh_buffer *out, const char *text, size_t length)
{
    while (length) {
        size_t valid = wh_utf8_valid(text, length);
        wh_json_escape(out, text, valid);
        if (valid == length)
            return;
        wh_buffer_literal(out, "\xEF\xBF\xBD");
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
        wh_buffer_literal(out, "null");
    }
}

static void add_text(struct wh_buffer *out, const char *text, size_t length)
{
    if (wh_utf8_valid(text, length) == length) {
        wh_buffer_literal(out, ",\"row\":\"");
        wh_json_escape(out, text, length);
    } else {
        wh_buffer_literal(out, ",\"row_base64\":\"");
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
    wh_buffer_literal(out, "\"}\n");
    return out->length < FULL_BUFFER ? 0 : wh_rejects_flush(rejects, error);
}

int wh_rejects_flush(struct wh_rejects *rejects, struct wh_error *error)
{
    struct wh_buffer *out = &rejects->buffer;
    if (out->length == 0)
        return 0;
    if (rejects->lock && wh_lock_check(rejects->lock, error) != 0) {
        out->length = 0; /* the file is another run's now */
        return -1;
    }
    int result = wh_write_all(rejects->descriptor, out->data, out->length, error);
    rejects->length += out->length;
    out->length = 0;
    if (out->capacity > 4 * FULL_BUFFER)
        wh_buffer_free(out);
    if (result == 0)
        return 0;
    return wh_error_in(error, "%s", rejects->path);
}

int wh_rejects_close(struct wh_rejects *rejects, struct wh_error *error)
{
    if (!rejects)
        return 0;
    int result = wh_rejects_flush(rejects, error);
    if (close(rejects->descriptor) && result == 0)
        result = wh_fail_errno(error, WH_FAILED, "%s: cannot write", rejects->path);
    wh_buffer_free(&rejects->buffer);
    wh_keep_close(rejects->keep);
    free(rejects->state);
    if (rejects->lock)
        wh_lock_release(rejects->lock);
    free(rejects);
    return result;
}
