#include "sink/file/store.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "pipe/store.h"
#include "sink/sink.h"

enum { LARGEST = 16 << 20 };

/* ---- for the sink -------------------------------------------------------------------------- */

static int take(const char *path, const json_t *json, struct wh_file_checkpoint *held,
                struct wh_error *error)
{
    const char *kind = json_string_value(json_object_get(json, "wh"));
    const json_t *inode = json_object_get(json, "inode"), *next = json_object_get(json, "next");
    const char *rotate = json_string_value(json_object_get(json, "rotate"));
    if (kind && strcmp(kind, "checkpoint") == 0 && wh_extent_get(json, &held->extent)
        && (!inode || (json_is_integer(inode) && json_integer_value(inode) >= 0))
        && (!next || wh_extent_get(next, &held->next))
        && wh_checkpoint_read(json_object_get(json, "checkpoint"), &held->checkpoint, error) == 0) {
        held->inode = (uint64_t)json_integer_value(inode);
        held->open = json_is_true(json_object_get(json, "open"));
        held->rotate = rotate ? wh_copy(rotate, strlen(rotate)) : NULL;
        held->rotating = rotate && json_is_true(json_object_get(json, "rotating"));
        return 0;
    }
    return wh_fail(error, WH_REFUSED, "%s: holds something else than the checkpoint of a "
                       "file (give another name; or bring it back from a backup, or remove it to "
                       "begin anew)",
                   path);
}

int wh_file_checkpoint_read(const char *path, struct wh_file_checkpoint *held,
                            struct wh_error *error)
{
    size_t length;
    *held = (struct wh_file_checkpoint){ .exists = !wh_file_missing(path) };
    if (!held->exists)
        return 0;
    char *text = wh_read_file(path, LARGEST, &length, error);
    if (!text)
        return -1;
    json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    free(text);
    int result = take(path, json, held, error);
    json_decref(json);
    return result;
}

void wh_file_checkpoint_free(struct wh_file_checkpoint *held)
{
    wh_checkpoint_free(&held->checkpoint);
    free(held->rotate);
    *held = (struct wh_file_checkpoint){ 0 };
}

static int write_text(const char *path, const char *text, struct wh_error *error)
{
    struct wh_atomic_file *file = wh_atomic_open(path, error);
    if (!file)
        return -1;
    if (wh_write_all(wh_atomic_descriptor(file), text, strlen(text), error) == 0)
        return wh_atomic_commit(file, error);
    wh_atomic_abort(file);
    return wh_error_in(error, "%s", path);
}

/* As a line of text, to be freed; NULL where a name is not UTF-8. */
static char *print(const char *target, const struct wh_file_checkpoint *next)
{
    json_t *json = json_pack("{s:s, s:o, s:s%, s:I}", "wh", "checkpoint", "checkpoint",
                             wh_checkpoint_json(&next->checkpoint), "target", target,
                             strlen(target), "inode", (json_int_t)next->inode);
    if (!json) /* which has let go of the checkpoint too */
        return NULL;
    wh_extent_put(json, &next->extent);
    if (next->open)
        json_object_set_new(json, "open", json_true());
    if (next->next.known) {
        json_t *extent = json_object();
        wh_extent_put(extent, &next->next);
        json_object_set_new(json, "next", extent);
    }
    if (next->rotate)
        json_object_set_new(json, "rotate", json_string(next->rotate));
    if (next->rotating)
        json_object_set_new(json, "rotating", json_true());
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}

int wh_file_checkpoint_write(const char *path, const char *target,
                             const struct wh_file_checkpoint *next, struct wh_error *error)
{
    char *text = print(target, next);
    if (!text)
        return wh_fail(error, WH_REFUSED, "%s: the name of a file with a checkpoint must be UTF-8",
                       target);
    struct wh_buffer line = { 0 };
    wh_buffer_format(&line, "%s\n", text);
    int status = write_text(path, wh_buffer_text(&line), error);
    wh_buffer_free(&line);
    free(text);
    return status;
}

/* ---- as the source watches it -------------------------------------------------------------- */

struct file_store {
    struct wh_store base;
    char *path;
};

static int read_file(struct wh_store *base, struct wh_checkpoint *checkpoint,
                     struct wh_error *error)
{
    struct file_store *store = (struct file_store *)base;
    struct wh_file_checkpoint held;
    int status = wh_file_checkpoint_read(store->path, &held, error);
    *checkpoint = held.checkpoint;
    held.checkpoint = (struct wh_checkpoint){ 0 };
    wh_file_checkpoint_free(&held);
    return status;
}

static void close_file(struct wh_store *base)
{
    struct file_store *store = (struct file_store *)base;
    free(store->path);
    free(store);
}

static struct wh_store *open_file(const char *name, const struct wh_notify *notify,
                                  struct wh_error *error)
{
    static const struct wh_store_ops ops = { read_file, close_file };
    (void)notify;
    (void)error;
    struct file_store *store = wh_alloc(1, sizeof *store);
    store->base.ops = &ops;
    store->path = wh_copy(name, strlen(name));
    return &store->base;
}

static bool takes_any(const char *name)
{
    (void)name;
    return true;
}

const struct wh_store_kind wh_file_store = { takes_any, open_file, true };
