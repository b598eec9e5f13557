#include "pipe/stats.h"

#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/display.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/secrets.h"
#include "pipe/recipe.h"
#include "pipe/side.h"
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

static void set_count(json_t *object, const char *key, uint64_t count)
{
    json_object_set_new(object, key, json_integer((json_int_t)count));
}

/* As it is, but for passwords, and for bytes that JSON cannot hold. */
static json_t *error_text(const char *error)
{
    struct wh_buffer hidden = { 0 }, shown = { 0 };
    wh_secrets_hide(&hidden, error);
    json_t *text = json_stringn(hidden.data, hidden.length);
    if (!text) {
        wh_display_text(&shown, hidden.data, hidden.length, true);
        text = json_stringn(shown.data, shown.length);
    }
    wh_buffer_free(&hidden);
    wh_buffer_free(&shown);
    return text;
}

static json_t *collect(const struct wh_run *run, const struct wh_error *failure)
{
    json_t *object = json_object();
    json_object_set_new(object, "tool", json_string(run->settings->tool));
    json_object_set_new(object, "version", json_string(WH_VERSION));
    set_count(object, "rows_in", run->rows_in);
    set_count(object, "rows_out", run->rows_out);
    set_count(object, "rows_rejected", run->rows_rejected);
    set_count(object, "bytes_in", run->bytes_in);
    set_count(object, "bytes_out", run->bytes_out);
    json_object_set_new(object, "seconds", json_real(round(run->seconds * 1e6) / 1e6));
    if (run->has_lag)
        json_object_set_new(object, "lag",
                            json_pack("{s:I, s:f}", "rows", (json_int_t)run->lag.rows, "seconds",
                                      round(run->lag.seconds * 1e3) / 1e3));
    if (run->stage && run->stage->ops->stats)
        run->stage->ops->stats(run->stage, object);
    if (failure)
        json_object_set_new(object, "error", error_text(failure->text));
    return object;
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

int wh_stats_close(struct wh_stats *stats, const struct wh_run *run,
                   const struct wh_error *failure, struct wh_error *error)
{
    if (!stats)
        return 0;
    json_t *object = collect(run, failure);
    struct wh_buffer out = { 0 };
    print(&out, object);
    json_decref(object);
    int written = wh_write_all(stats->descriptor, out.data, out.length, error);
    wh_buffer_free(&out);
    int result = end_target(stats, written, error);
    free(stats);
    return result;
}
