#include "base/tape.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"

enum { BLOCK = 64 << 10 };

char *wh_tape_add(struct wh_tape *tape, size_t size)
{
    struct wh_tape_block *last = tape->count ? &tape->blocks[tape->count - 1] : NULL;
    if (!last || last->capacity - last->length < size) {
        size_t capacity = size > BLOCK ? size : BLOCK;
        /* By doubling, when their number reaches a power of two. */
        if ((tape->count & (tape->count - 1)) == 0)
            tape->blocks = wh_resize(tape->blocks, tape->count ? tape->count * 2 : 1,
                                     sizeof *tape->blocks);
        last = &tape->blocks[tape->count++];
        *last = (struct wh_tape_block){ wh_alloc(capacity, 1), 0, capacity };
    }
    char *place = last->bytes + last->length;
    last->length += size;
    tape->length += size;
    return place;
}

void wh_tape_digest(struct wh_tape *tape, char hex[static 65])
{
    if (tape->digested == 0)
        wh_sha256_init(&tape->sha);
    while (tape->digested < tape->length) {
        const struct wh_tape_block *block = &tape->blocks[tape->block];
        wh_sha256_add(&tape->sha, block->bytes + tape->at, block->length - tape->at);
        tape->digested += block->length - tape->at;
        tape->at = block->length;
        if (tape->block + 1 < tape->count) {
            tape->block++;
            tape->at = 0;
        }
    }
    struct wh_sha256 whole = tape->sha;
    wh_sha256_hex(&whole, hex);
}

int wh_tape_write(const struct wh_tape *tape, int descriptor, struct wh_error *error)
{
    for (size_t i = 0; i < tape->count; i++)
        if (wh_write_all(descriptor, tape->blocks[i].bytes, tape->blocks[i].length, error))
            return -1;
    return 0;
}

void wh_tape_free(struct wh_tape *tape)
{
    for (size_t i = 0; i < tape->count; i++)
        free(tape->blocks[i].bytes);
    free(tape->blocks);
    *tape = (struct wh_tape){ 0 };
}
