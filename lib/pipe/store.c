#include "pipe/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

/* Which kind it is, is asked each time: a file shows it only when it is there. */
struct named_store {
    struct wh_store base;
    const struct wh_store_kind *const *kinds;
    const struct wh_store_kind *kind; /* of `open` */
    struct wh_store *open;            /* NULL: none yet */
    const struct wh_notify *notify;
    char *name;
    struct wh_place settled; /* the last place that was read, which is on the disk */
};

static void close_kind(struct named_store *store)
{
    if (store->open)
        store->open->ops->close(store->open);
    store->open = NULL;
}

static int open_kind(struct named_store *store, struct wh_error *error)
{
    const struct wh_store_kind *const *kind = store->kinds;
    while (!(*kind)->takes(store->name))
        kind++;
    if (store->open && store->kind == *kind)
        return 0;
    close_kind(store);
    store->kind = *kind;
    store->open = (*kind)->open(store->name, store->notify, error);
    return store->open ? 0 : -1;
}

/*
 * A sink gives a new C its name and then forces that to disk. We may see it in between: filters
 * must not give up older states, nor the source acknowledge anything, for what a power cut could
 * still undo.
 */
static int settle(struct named_store *store, const struct wh_checkpoint *held,
                  struct wh_error *error)
{
    if (!store->kind->file || wh_place_same(&held->place, &store->settled))
        return 0;
    if (wh_file_sync_folder(store->name, error) != 0)
        return -1;
    store->settled = held->place;
    return 0;
}

static int read_named(struct wh_store *base, struct wh_checkpoint *checkpoint,
                      struct wh_error *error)
{
    struct named_store *store = (struct named_store *)base;
    *checkpoint = (struct wh_checkpoint){ 0 };
    if (open_kind(store, error) != 0 || store->open->ops->read(store->open, checkpoint, error) != 0)
        return -1;
    if (settle(store, checkpoint, error) == 0)
        return 0;
    wh_checkpoint_free(checkpoint);
    return -1;
}

static void close_named(struct wh_store *base)
{
    struct named_store *store = (struct named_store *)base;
    close_kind(store);
    free(store->name);
    free(store);
}

struct wh_store *wh_store_open(const struct wh_store_kind *const *kinds, const char *name,
                               const struct wh_notify *notify, struct wh_error *error)
{
    static const struct wh_store_ops ops = { read_named, close_named };
    struct named_store *store = wh_alloc(1, sizeof *store);
    store->base.ops = &ops;
    store->kinds = kinds;
    store->notify = notify;
    store->name = wh_copy(name, strlen(name));
    if (open_kind(store, error) == 0)
        return &store->base;
    close_named(&store->base);
    return NULL;
}
