#include "pipe/stats.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/display.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/secrets.h"
#include "pipe/side.h"
#include "record/canonical.h"
#include "record/json.h"

struct wh_stats {
    const char *path;
    struct wh_atomic_file *file; /* NULL: straight to `descriptor` */
    int descriptor;
    bool close_descriptor;
};

static int open_target(struct wh_stats *stats, struct wh_error *error)
{
    if (strcmp(stats->path, "-") == 0) {
        stats->descriptor = STDERR_FILENO;
        return 0;
    }
    if (wh_side_special(stats->path)) {
        stats->descriptor = open(stats->path, O_WRONLY | O_APPEND | O_CLOEXEC);
        stats->close_descriptor = true;
        return stats->descriptor < 0
                   ? wh_fail_errno(error, WH_FAILED, "%s: cannot open", stats->path)
                   : 0;
    }
    if (wh_refuse_foreign(stats->path, "{\"tool\":\"wh-", error))
        return -1;
    stats->file = wh_atomic_open(stats->path, error);
    if (!stats->file)
        return -1;
    stats->descriptor = wh_atomic_descriptor(stats->file);
    return 0;
}

struct wh_stats *wh_stats_open(const char *path, struct wh_error *error)
{
    struct wh_stats *stats = wh_alloc(1, sizeof *stats);
    stats->path = path;
    if (open_target(stats, error)) {
        free(stats);
        return NULL;
    }
    return stats;
}

/* As it is, but for passwords, and for bytes that JSON cannot hold. */
json_t *wh_stats_text(const char *text)
{
    struct wh_buffer hidden = { 0 }, shown = { 0 };
    wh_secrets_hide(&hidden, text);
    json_t *string = json_stringn(hidden.data, hidden.length);
    if (!string) {
        wh_display_text(&shown, hidden.data, hidden.length, true);
        string = json_stringn(shown.data, shown.length);
    }
    wh_buffer_free(&hidden);
    wh_buffer_free(&shown);
    return string;
}

/* The members in the order they were added, so that the tool's name comes first; their values in
 * canonical form, so that numbers are short. */
static void print(struct wh_buffer *out, json_t *object)
{
    const char *key;
    json_t *value;
    char before = '{';
    json_object_foreach(object, key, value) {
        wh_buffer_byte(out, before);
        wh_buffer_byte(out, '"');
        wh_json_escape(out, key, strlen(key));
        wh_buffer_literal(out, "\":");
        wh_json_canonical(out, value);
        before = ',';
    }
    wh_buffer_literal(out, "}\n");
}

static int end_target(struct wh_stats *stats, int written, struct wh_error *error)
{
    if (stats->file && written == 0)
        return wh_atomic_commit(stats->file, error);
    if (stats->file)
        wh_atomic_abort(stats->file);
    if (stats->close_descriptor)
        close(stats->descriptor);
    return written == 0 ? 0 : wh_error_in(error, "%s", stats->path);
}

int wh_stats_close(struct wh_stats *stats, json_t *object, struct wh_error *error)
{
    struct wh_buffer out = { 0 };
    print(&out, object);
    json_decref(object);
    int written = wh_write_all(stats->descriptor, out.data, out.length, error);
    wh_buffer_free(&out);
    int result = end_target(stats, written, error);
    free(stats);
    return result;
}
