/* C by its name: which kind it is, is asked each time: a file shows it only when it is there. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "pipe/checkpoint.h"

struct named_store {
    struct wh_store base;
    const struct wh_store_kind *const *kinds;
    const struct wh_store_kind *kind; /* of `open` */
    struct wh_store *open;            /* NULL: none yet */
    const struct wh_notify *notify;
    char *name;
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

static int read_named(struct wh_store *base, struct wh_checkpoint *checkpoint,
                      struct wh_error *error)
{
    struct named_store *store = (struct named_store *)base;
    *checkpoint = (struct wh_checkpoint){ 0 };
    return open_kind(store, error) == 0 ? store->open->ops->read(store->open, checkpoint, error)
                                        : -1;
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
