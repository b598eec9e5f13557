/*
 * The names of a model's features, numbered from 0 in the order they first came.
 *
 * Number 0 is the constant feature, which has no name. Texts are copied. A name is found by its
 * hash, or where the caller can guess which it is (model/examples.h) by comparing the bytes alone.
 * Any number of threads may look up names while none are added.
 *
 * A feature costs 16 bytes here, its name, and 8 to 16 bytes of hash table.
 */
#ifndef WH_LEARN_NAMES_H
#define WH_LEARN_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/memory.h"
#include "record/row.h"

enum {
    WH_CONSTANT = 0,
    WH_MAX_NAME = 4096, /* bytes of a name */
};
#define WH_NO_FEATURE UINT32_MAX
#define WH_MOST_FEATURES (UINT32_C(1) << 30)

struct wh_name {
    size_t offset;   /* of the text in wh_names.text */
    uint32_t seen;   /* rows learned from that had it (model/eviction.h) */
    uint16_t length;
    bool plain;      /* JSON spells it the same between quotes */
};

struct wh_names {
    struct wh_name *names;
    uint32_t count; /* the constant included */
    uint32_t capacity;
    struct wh_buffer text; /* with WH_SLACK bytes of room following */
    struct wh_name_slot *slots;
    uint32_t mask; /* number of slots - 1 */
};

void wh_names_init(struct wh_names *names);
void wh_names_free(struct wh_names *names);

static inline const char *wh_names_text(const struct wh_names *names, uint32_t id)
{
    return names->text.data + names->names[id].offset;
}

/* Whether it is this name; WH_SLACK bytes after `text` must be readable. Eight bytes at a time:
 * names are short, and a call would cost more than the comparison. */
static inline bool wh_names_is(const struct wh_names *names, uint32_t id, const char *text)
{
    const char *name = wh_names_text(names, id);
    size_t length = names->names[id].length, at = 0;
    uint64_t left, right;
    for (; at + sizeof left <= length; at += sizeof left) {
        memcpy(&left, name + at, sizeof left);
        memcpy(&right, text + at, sizeof right);
        if (left != right)
            return false;
    }
    if (at == length)
        return true;
    memcpy(&left, name + at, sizeof left);
    memcpy(&right, text + at, sizeof right);
    unsigned unused = 8 * (unsigned)(sizeof left - (length - at));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return (left ^ right) >> unused == 0;
#else
    return (left ^ right) << unused == 0;
#endif
}

/* The number of a name, or WH_NO_FEATURE. */
uint32_t wh_names_find(const struct wh_names *names, const char *text, size_t length);
/* A new name, which must not be there yet, of at most WH_MAX_NAME bytes; the count must be below
 * WH_MOST_FEATURES. */
uint32_t wh_names_add(struct wh_names *names, const char *text, size_t length);
/* Makes room for so many in all. */
void wh_names_reserve(struct wh_names *names, uint32_t count);
/* Forgets names and moves the others up: number i is now what from[i], which is i or above, was
 * before, for i below `count`; there are no others. */
void wh_names_renumber(struct wh_names *names, const uint32_t *from, uint32_t count);
/* Forgets the newest names so that `count` are left. */
void wh_names_cut(struct wh_names *names, uint32_t count);

#endif
