/*
 * The checkpoint C of a target file, a small file of its own:
 *
 *     {"wh":"checkpoint","checkpoint":{"epoch":...,"n":...,"position":...,"through":[...]},
 *      "target":"orders.ndjson","length":56789,"first":"77e0...","last":"5d1f...","open":true}
 *
 * The target's first `length` bytes are committed, and it is known again by what these are
 * (pipe/extent.h). With "open" bytes may follow them that a run has written and not committed;
 * without it, what follows them is not ours. `checkpoint` is null until the first commit.
 *
 * A target of which nothing is committed is written as a file without a name; before it takes the
 * target's, "next" is set to its extent, so that it is known again if the run ends before C says
 * that it is committed. "rotate" is the name that the target will get when another begins
 * (--rotate); "rotating" is set while it gets it. "inode" is for versions that knew no digests.
 */
#ifndef WH_SINK_FILE_STORE_H
#define WH_SINK_FILE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "pipe/checkpoint.h"
#include "pipe/extent.h"

struct wh_file_checkpoint {
    bool exists; /* the file C */
    struct wh_checkpoint checkpoint;
    struct wh_extent extent; /* that is committed; not known: C is of an earlier version, ... */
    uint64_t inode;          /* ... which told the target by its inode; 0: C has none */
    bool open;
    struct wh_extent next; /* not known: there is none */
    char *rotate;          /* NULL */
    bool rotating;
};

/* -1: WH_REFUSED where the file is no such checkpoint, which is to be freed in any case. */
int wh_file_checkpoint_read(const char *path, struct wh_file_checkpoint *held,
                            struct wh_error *error);
/* Replaces C as a whole (base/file.h); a checkpoint whose place is none is written as null. */
int wh_file_checkpoint_write(const char *path, const char *target,
                             const struct wh_file_checkpoint *next, struct wh_error *error);
void wh_file_checkpoint_free(struct wh_file_checkpoint *held);

#endif
