/*
 * The checkpoint C of a target file, a small file of its own:
 *
 *     {"wh":"checkpoint","checkpoint":{"epoch":...,"n":...,"position":...,"through":[...]},
 *      "target":"orders.ndjson","inode":1234,"length":56789}
 *
 * The target's first `length` bytes are committed, what is behind them is not. `checkpoint` is
 * null from the beginning of the first run to its first commit.
 */
#ifndef WH_SINK_FILE_STORE_H
#define WH_SINK_FILE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "pipe/checkpoint.h"

struct wh_file_checkpoint {
    bool exists; /* the file C */
    struct wh_checkpoint checkpoint;
    uint64_t inode;
    uint64_t length;
};

/* Freed by wh_checkpoint_free of its checkpoint. */
int wh_file_checkpoint_read(const char *path, struct wh_file_checkpoint *held,
                            struct wh_error *error);
/* Replaces C as a whole (base/file.h); `next` NULL: nothing is committed yet. */
int wh_file_checkpoint_write(const char *path, const char *target, uint64_t inode,
                             uint64_t length, const struct wh_checkpoint *next,
                             struct wh_error *error);

#endif
