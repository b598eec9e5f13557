#include "record/shape_cache.h"

#include <stdlib.h>

#include "base/memory.h"

void wh_shape_cache_open(struct wh_shape_cache *cache, size_t size, unsigned log2)
{
    *cache = (struct wh_shape_cache){
        .entries = wh_alloc((size_t)1 << log2, size),
        .size = size,
        .count = (size_t)1 << log2,
        .shift = 64 - log2,
    };
}

void wh_shape_cache_close(struct wh_shape_cache *cache)
{
    free(cache->entries);
    *cache = (struct wh_shape_cache){ 0 };
}
