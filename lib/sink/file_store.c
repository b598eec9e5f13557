/* The checkpoint of a target file, as wh-extract watches it. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "sink/sink.h"

enum { LARGEST = 16 << 20 };

struct file_store {
    struct wh_store base;
    char *path;
};

static int read_file(struct wh_store *base, struct wh_checkpoint *checkpoint,
                     struct wh_error *error)
{
    struct file_store *store = (struct file_store *)base;
    size_t length;
    *checkpoint = (struct wh_checkpoint){ 0 };
    if (access(store->path, F_OK) != 0)
        return 0;
    char *text = wh_read_file(store->path, LARGEST, &length, error);
    if (!text)
        return -1;
    json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    free(text);
    const char *kind = json_string_value(json_object_get(json, "wh"));
    int result = kind && strcmp(kind, "checkpoint") == 0
                     ? wh_checkpoint_read(json_object_get(json, "checkpoint"), checkpoint, error)
                     : wh_fail(error, WH_REFUSED, "%s: is no checkpoint", store->path);
    json_decref(json);
    return result;
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
