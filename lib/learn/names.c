#include "learn/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "record/json.h"

/* Open addressing with linear probing; the tag is both the place and the first comparison. */
struct wh_name_slot {
    uint32_t tag;
    uint32_t id; /* WH_CONSTANT: free */
};

enum { FIRST_SLOTS = 64, FIRST_NAMES = 32 };

void wh_names_init(struct wh_names *names)
{
    *names = (struct wh_names){ .capacity = FIRST_NAMES, .mask = FIRST_SLOTS - 1, .count = 1 };
    names->names = wh_alloc(FIRST_NAMES, sizeof *names->names);
    names->slots = wh_alloc(FIRST_SLOTS, sizeof *names->slots);
    wh_buffer_reserve(&names->text, WH_SLACK);
}

void wh_names_free(struct wh_names *names)
{
    free(names->names);
    free(names->slots);
    wh_buffer_free(&names->text);
    *names = (struct wh_names){ 0 };
}

static uint32_t tag_of(const char *text, size_t length)
{
    return (uint32_t)wh_hash(text, length);
}

uint32_t wh_names_find(const struct wh_names *names, const char *text, size_t length)
{
    uint32_t tag = tag_of(text, length);
    for (uint32_t at = tag & names->mask;; at = (at + 1) & names->mask) {
        const struct wh_name_slot *slot = &names->slots[at];
        if (slot->id == WH_CONSTANT)
            return WH_NO_FEATURE;
        if (slot->tag == tag && names->names[slot->id].length == length
            && memcmp(wh_names_text(names, slot->id), text, length) == 0)
            return slot->id;
    }
}

static void put(struct wh_names *names, struct wh_name_slot entry)
{
    uint32_t at = entry.tag & names->mask;
    while (names->slots[at].id != WH_CONSTANT)
        at = (at + 1) & names->mask;
    names->slots[at] = entry;
}

static void grow_slots(struct wh_names *names, uint32_t mask)
{
    struct wh_name_slot *old = names->slots;
    size_t count = (size_t)names->mask + 1;
    names->slots = wh_alloc((size_t)mask + 1, sizeof *names->slots);
    names->mask = mask;
    for (size_t i = 0; i < count; i++)
        if (old[i].id != WH_CONSTANT)
            put(names, old[i]);
    free(old);
}

void wh_names_reserve(struct wh_names *names, uint32_t count)
{
    uint32_t capacity = names->capacity, mask = names->mask;
    while (capacity < count)
        capacity *= 2;
    /* At most three quarters full, so that probing ends soon. */
    while (count > mask - mask / 4)
        mask = 2 * mask + 1;
    if (capacity > names->capacity)
        names->names = wh_resize(names->names, capacity, sizeof *names->names);
    names->capacity = capacity;
    if (mask > names->mask)
        grow_slots(names, mask);
}

uint32_t wh_names_add(struct wh_names *names, const char *text, size_t length)
{
    wh_names_reserve(names, names->count + 1);
    uint32_t id = names->count++;
    names->names[id] = (struct wh_name){
        .offset = names->text.length,
        .length = (uint16_t)length,
        .plain = wh_json_safe(text, length),
    };
    wh_buffer_add(&names->text, text, length);
    wh_buffer_reserve(&names->text, WH_SLACK);
    put(names, (struct wh_name_slot){ tag_of(text, length), id });
    return id;
}

static void take_out(struct wh_names *names, uint32_t id)
{
    const struct wh_name *name = &names->names[id];
    uint32_t mask = names->mask;
    uint32_t hole = tag_of(wh_names_text(names, id), name->length) & mask;
    while (names->slots[hole].id != id)
        hole = (hole + 1) & mask;
    /* Entries behind that were pushed past the hole move up, so that probing still meets them. */
    for (uint32_t at = (hole + 1) & mask; names->slots[at].id != WH_CONSTANT;
         at = (at + 1) & mask) {
        uint32_t home = names->slots[at].tag & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            names->slots[hole] = names->slots[at];
            hole = at;
        }
    }
    names->slots[hole] = (struct wh_name_slot){ 0 };
}

void wh_names_cut(struct wh_names *names, uint32_t count)
{
    while (names->count > count) {
        uint32_t id = names->count - 1;
        take_out(names, id);
        names->text.length = names->names[id].offset;
        names->count = id;
    }
}

void wh_names_renumber(struct wh_names *names, const uint32_t *from, uint32_t count)
{
    size_t length = 0;
    memset(names->slots, 0, ((size_t)names->mask + 1) * sizeof *names->slots);
    for (uint32_t id = 1; id < count; id++) {
        struct wh_name name = names->names[from[id]];
        memmove(names->text.data + length, names->text.data + name.offset, name.length);
        name.offset = length;
        length += name.length;
        names->names[id] = name;
        put(names, (struct wh_name_slot){ tag_of(wh_names_text(names, id), name.length), id });
    }
    names->text.length = length;
    names->count = count;
}
