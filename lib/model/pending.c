#include "model/pending.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"

enum { FIRST_SLOTS = 64 };

void wh_pending_free(struct wh_pending *pending)
{
    struct wh_waiting *next;
    for (struct wh_waiting *waiting = pending->first; waiting; waiting = next) {
        next = waiting->after;
        free(waiting);
    }
    free(pending->heap);
    free(pending->slots);
    *pending = (struct wh_pending){ 0 };
}

/*
 * The table: open addressing, never more than half full.
 */

static bool is_of(const struct wh_waiting *waiting, uint64_t hash, struct wh_slice id)
{
    return waiting->hash == hash && waiting->id_length == id.length
        && memcmp(waiting->bytes, id.text, id.length) == 0;
}

static void put_in_table(struct wh_pending *pending, struct wh_waiting *waiting)
{
    size_t mask = pending->slot_count - 1, at = (size_t)waiting->hash & mask;
    while (pending->slots[at])
        at = (at + 1) & mask;
    pending->slots[at] = waiting;
}

static void make_room(struct wh_pending *pending)
{
    if (2 * (pending->count + 1) <= pending->slot_count)
        return;
    free(pending->slots);
    pending->slot_count = pending->slot_count ? 2 * pending->slot_count : FIRST_SLOTS;
    pending->slots = wh_alloc(pending->slot_count, sizeof *pending->slots);
    pending->heap = wh_resize(pending->heap, pending->slot_count / 2, sizeof *pending->heap);
    for (struct wh_waiting *waiting = pending->first; waiting; waiting = waiting->after)
        put_in_table(pending, waiting);
}

/* What follows in the table moves up, as if the row had never been there. */
static void take_from_table(struct wh_pending *pending, const struct wh_waiting *waiting)
{
    size_t mask = pending->slot_count - 1, hole = (size_t)waiting->hash & mask;
    while (pending->slots[hole] != waiting)
        hole = (hole + 1) & mask;
    for (size_t at = (hole + 1) & mask; pending->slots[at]; at = (at + 1) & mask) {
        size_t home = (size_t)pending->slots[at]->hash & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            pending->slots[hole] = pending->slots[at];
            hole = at;
        }
    }
    pending->slots[hole] = NULL;
}

struct wh_waiting *wh_pending_find(const struct wh_pending *pending, struct wh_slice id)
{
    if (pending->count == 0)
        return NULL;
    uint64_t hash = wh_hash(id.text, id.length);
    size_t mask = pending->slot_count - 1;
    for (size_t at = (size_t)hash & mask; pending->slots[at]; at = (at + 1) & mask)
        if (is_of(pending->slots[at], hash, id))
            return pending->slots[at];
    return NULL;
}

/*
 * The heap
 */

static bool is_earlier(const struct wh_waiting *left, const struct wh_waiting *right)
{
    return left->time != right->time ? left->time < right->time : left->order < right->order;
}

static void set(struct wh_pending *pending, size_t place, struct wh_waiting *waiting)
{
    pending->heap[place] = waiting;
    waiting->place = place;
}

static void rise(struct wh_pending *pending, size_t place, struct wh_waiting *waiting)
{
    while (place > 0 && is_earlier(waiting, pending->heap[(place - 1) / 2])) {
        set(pending, place, pending->heap[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    set(pending, place, waiting);
}

static void sink(struct wh_pending *pending, size_t place, struct wh_waiting *waiting)
{
    for (;;) {
        size_t child = 2 * place + 1;
        if (child + 1 < pending->count
            && is_earlier(pending->heap[child + 1], pending->heap[child]))
            child++;
        if (child >= pending->count || !is_earlier(pending->heap[child], waiting))
            break;
        set(pending, place, pending->heap[child]);
        place = child;
    }
    set(pending, place, waiting);
}

struct wh_waiting *wh_pending_earliest(const struct wh_pending *pending)
{
    return pending->count ? pending->heap[0] : NULL;
}

/*
 * Rows
 */

static size_t size_of(size_t id_length, size_t text_length)
{
    return sizeof(struct wh_waiting) + id_length + text_length + WH_SLACK;
}

void wh_pending_add(struct wh_pending *pending, struct wh_slice id, int64_t time,
                    struct wh_slice text)
{
    make_room(pending);
    size_t size = size_of(id.length, text.length);
    struct wh_waiting *waiting = wh_alloc(1, size);
    waiting->hash = wh_hash(id.text, id.length);
    waiting->time = time;
    waiting->order = pending->orders++;
    waiting->id_length = (uint32_t)id.length;
    waiting->text_length = (uint32_t)text.length;
    memcpy(waiting->bytes, id.text, id.length);
    memcpy(waiting->bytes + id.length, text.text, text.length);
    waiting->before = pending->last;
    if (pending->last)
        pending->last->after = waiting;
    else
        pending->first = waiting;
    pending->last = waiting;
    put_in_table(pending, waiting);
    rise(pending, pending->count++, waiting);
    pending->bytes += size;
}

void wh_pending_remove(struct wh_pending *pending, struct wh_waiting *waiting)
{
    take_from_table(pending, waiting);
    struct wh_waiting *last = pending->heap[--pending->count];
    if (last != waiting) {
        rise(pending, waiting->place, last);
        sink(pending, last->place, last);
    }
    if (waiting->before)
        waiting->before->after = waiting->after;
    else
        pending->first = waiting->after;
    if (waiting->after)
        waiting->after->before = waiting->before;
    else
        pending->last = waiting->before;
    pending->bytes -= size_of(waiting->id_length, waiting->text_length);
    free(waiting);
}
