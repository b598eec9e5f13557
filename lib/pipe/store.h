/*
 * Stores: the checkpoint C (pipe/checkpoint.h) as the source watches it, by its name.
 */
#ifndef WH_PIPE_STORE_H
#define WH_PIPE_STORE_H

#include <stdbool.h>

#include "base/error.h"
#include "pipe/checkpoint.h"

struct wh_store;

struct wh_store_ops {
    /* What C holds now; freed by wh_checkpoint_free. */
    int (*read)(struct wh_store *store, struct wh_checkpoint *checkpoint, struct wh_error *error);
    void (*close)(struct wh_store *store);
};

struct wh_store {
    const struct wh_store_ops *ops;
};

/* A kind of C; those a tool knows stand in a table of its own, the last taking every name. `notify`
 * must stay as long as the store. */
struct wh_store_kind {
    bool (*takes)(const char *name);
    struct wh_store *(*open)(const char *name, const struct wh_notify *notify,
                             struct wh_error *error);
    bool file; /* C is a file, replaced as a whole */
};

/*
 * The store of the first kind that takes the name, which is asked again at each read: a file that
 * is not there yet may become a model or not. What it reads lasts: the new name of a file that was
 * replaced is on the disk before anything follows from that. `kinds` must stay. NULL on failure.
 */
struct wh_store *wh_store_open(const struct wh_store_kind *const *kinds, const char *name,
                               const struct wh_notify *notify, struct wh_error *error);

#endif
