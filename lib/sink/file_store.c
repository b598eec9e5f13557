#include "sink/file_store.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "sink/sink.h"

enum { LARGEST = 16 << 20 };

/* ---- for the sink -------------------------------------------------------------------------- */

static bool read_count(const json_t *json, const char *key, uint64_t *count)
{
    const json_t *value = json_object_get(json, key);
    *count = (uint64_t)json_integer_value(value);
    return json_is_integer(value) && json_integer_value(value) >= 0;
}

int wh_file_checkpoint_read(const char *path, struct wh_file_checkpoint *held,
                            struct wh_error *error)
{
    size_t length;
    *held = (struct wh_file_checkpoint){ .exists = access(path, F_OK) == 0 };
    if (!held->exists)
        return 0;
    char *text = wh_read_file(path, LARGEST, &length, error);
    if (!text)
        return -1;
    json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    free(text);
    const char *kind = json_string_value(json_object_get(json, "wh"));
    bool sound = kind && strcmp(kind, "checkpoint") == 0
                 && read_count(json, "inode", &held->inode)
                 && read_count(json, "length", &held->length)
                 && wh_checkpoint_read(json_object_get(json, "checkpoint"), &held->checkpoint,
                                       error) == 0;
    json_decref(json);
    return sound ? 0 : wh_fail(error, WH_REFUSED, "%s: holds something else than the checkpoint of "
                                                  "a file", path);
}

static int write_text(const char *path, const char *text, struct wh_error *error)
{
    struct wh_atomic_file *file = wh_atomic_open(path, error);
    if (!file)
        return -1;
    if (wh_write_all(wh_atomic_descriptor(file), text, strlen(text), error) == 0)
        return wh_atomic_commit(file, error);
    struct wh_error cause = *error;
    wh_atomic_abort(file);
    return wh_fail(error, cause.status, "%s: %s", path, cause.text);
}

int wh_file_checkpoint_write(const char *path, const char *target, uint64_t inode,
                             uint64_t length, const struct wh_checkpoint *next,
                             struct wh_error *error)
{
    json_t *checkpoint = next ? wh_checkpoint_json(next) : json_null();
    json_t *json = json_pack("{s:s, s:o, s:s%, s:I, s:I}", "wh", "checkpoint", "checkpoint",
                             checkpoint, "target", target, strlen(target), "inode",
                             (json_int_t)inode, "length", (json_int_t)length);
    if (!json) /* which has let go of `checkpoint` too */
        return wh_fail(error, WH_REFUSED, "%s: the name of a file with a checkpoint must be UTF-8",
                       target);
    struct wh_buffer line = { 0 };
    char *text = json_dumps(json, JSON_COMPACT);
    wh_buffer_format(&line, "%s\n", text);
    wh_buffer_byte(&line, '\0');
    int status = write_text(path, line.data, error);
    wh_buffer_free(&line);
    free(text);
    json_decref(json);
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
    (void)notify, (void)error;
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

const struct wh_store_kind wh_file_store = { takes_any, open_file };
