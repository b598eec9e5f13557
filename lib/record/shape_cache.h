/*
 * What a module has worked out about the shapes of rows, found again by the shape's serial.
 *
 * The entries are structs of the module's own whose first member is `uint64_t serial`: of the shape
 * that the entry is about, 0 for none. There is a fixed number of them and one that a shape can be
 * in, so a newer shape takes the place of an older one. The module fills an entry whose serial is
 * another, after it has freed what the entry held:
 *
 *     struct plan *plan = wh_shape_cache_at(&plans, row->shape->serial);
 *     if (plan->serial != row->shape->serial)
 *         make_plan(plan, row->shape);
 *
 * Serials are spread evenly (record/shape.h), so shapes in turns do not all want the same entry,
 * however many other shapes are made between them. The cache owns the entries' memory and not what
 * they point to. It never fails.
 */
#ifndef WH_RECORD_SHAPE_CACHE_H
#define WH_RECORD_SHAPE_CACHE_H

#include <stddef.h>
#include <stdint.h>

/* Zero-initialise; until it is opened it has no entries. */
struct wh_shape_cache {
    char *entries;
    size_t size;    /* of an entry */
    size_t count;
    unsigned shift; /* 64 - log2(count) */
};

/* The cache for `1 << log2` entries of `size` bytes, all zero. */
void wh_shape_cache_open(struct wh_shape_cache *cache, size_t size, unsigned log2);
/* Frees the entries. */
void wh_shape_cache_close(struct wh_shape_cache *cache);

/* Which of `1 << (64 - shift)` places is the serial's, which is spread as it comes. */
static inline size_t wh_shape_place(uint64_t serial, unsigned shift)
{
    return (size_t)(serial >> shift);
}

/* The entry that the shape of this serial is in, if it is in any. */
static inline void *wh_shape_cache_at(const struct wh_shape_cache *cache, uint64_t serial)
{
    return cache->entries + wh_shape_place(serial, cache->shift) * cache->size;
}

/* The entry after `entry`, the first after NULL, whether or not it is about a shape; NULL at the
 * end. */
static inline void *wh_shape_cache_next(const struct wh_shape_cache *cache, const void *entry)
{
    size_t next = entry ? (size_t)((const char *)entry - cache->entries) / cache->size + 1 : 0;
    return next < cache->count ? cache->entries + next * cache->size : NULL;
}

#endif
