/*
 * A tape: bytes that are only ever added to, in blocks that never move, with a SHA-256 that is
 * carried forward. What a filter remembers of a million rows is written out every few seconds; the
 * digest of it must not be worked out anew each time.
 *
 * Zero-initialise; wh_tape_free leaves an empty tape again.
 */
#ifndef WH_BASE_TAPE_H
#define WH_BASE_TAPE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/hash.h"

struct wh_tape_block {
    char *bytes;
    size_t length, capacity;
};

struct wh_tape {
    struct wh_tape_block *blocks;
    size_t count;
    uint64_t length;      /* of all blocks */
    struct wh_sha256 sha; /* of the first `digested` bytes */
    uint64_t digested;
    size_t block, at;     /* where these end */
};

/* Room for `size` bytes after the last, which the caller fills before the next call. */
char *wh_tape_add(struct wh_tape *tape, size_t size);
/* The SHA-256 of all bytes: 64 lower-case hexadecimal digits and a NUL. */
void wh_tape_digest(struct wh_tape *tape, char hex[static 65]);
int wh_tape_write(const struct wh_tape *tape, int descriptor, struct wh_error *error);
void wh_tape_free(struct wh_tape *tape);

#endif
