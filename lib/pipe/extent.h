/*
 * The extent of a file: how many of its bytes count, and by which of them it is known again.
 *
 * A file is recognised by what it holds and not by its inode, which another file may get, and which
 * a file that was moved or restored from a backup does not keep. Compared are the length and
 * SHA-256 of the first and of the last 4,096 bytes up to it (all, where there are fewer).
 */
#ifndef WH_PIPE_EXTENT_H
#define WH_PIPE_EXTENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct wh_extent {
    uint64_t length;
    bool known; /* first and last are filled */
    char first[65], last[65];
};

/* The extent of the first `length` bytes of an open regular file, which must have so many:
 * WH_BROKEN where it has fewer, and WH_FAILED where it cannot be read. */
int wh_extent_take(int descriptor, uint64_t length, struct wh_extent *extent,
                   struct wh_error *error);
/* Whether two extents, both known, are the same. */
bool wh_extent_same(const struct wh_extent *left, const struct wh_extent *right);

/* Sets the members length, first and last of an object, the latter where they are known; and reads
 * them back: false where they are not sound. */
void wh_extent_put(json_t *object, const struct wh_extent *extent);
bool wh_extent_get(const json_t *object, struct wh_extent *extent);

#endif
