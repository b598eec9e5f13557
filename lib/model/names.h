/*
 * The names of a model's features, numbered from 0 in the order they first came.
 *
 * Number 0 is the constant feature, which has no name. Texts are copied. Besides finding a name
 * by its hash it can be guessed: each name remembers which name usually comes next in a row, and
 * comparing the bytes is all that is needed when the guess is right.
 *
 * A feature costs 24 bytes here, its name, and 8 to 16 bytes of hash table.
 */
#ifndef WH_MODEL_NAMES_H
#define WH_MODEL_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"

enum {
    WH_CONSTANT = 0,
    WH_MAX_NAME = 4096, /* bytes of a name */
};
#define WH_NO_FEATURE UINT32_MAX
#define WH_MOST_FEATURES (UINT32_C(1) << 30)

struct wh_name {
    size_t offset;   /* of the text in wh_names.text */
    uint32_t next;   /* what came after this one last time, to be checked; WH_CONSTANT: nothing */
    uint16_t length;
    bool plain;      /* JSON spells it the same between quotes */
    uint64_t row;    /* the last row that had it, as the caller counts them */
};

struct wh_names {
    struct wh_name *names;
    uint32_t count; /* the constant included */
    uint32_t capacity;
    struct wh_buffer text;
    struct wh_name_slot *slots;
    uint32_t mask; /* number of slots - 1 */
};

void wh_names_init(struct wh_names *names);
void wh_names_free(struct wh_names *names);

static inline const char *wh_names_text(const struct wh_names *names, uint32_t id)
{
    return names->text.data + names->names[id].offset;
}

/* The number of a name, or WH_NO_FEATURE. */
uint32_t wh_names_find(const struct wh_names *names, const char *text, size_t length);
/* A new name, which must not be there yet, of at most WH_MAX_NAME bytes; the count must be below
 * WH_MOST_FEATURES. */
uint32_t wh_names_add(struct wh_names *names, const char *text, size_t length);
/* Forgets the newest names so that `count` are left. */
void wh_names_cut(struct wh_names *names, uint32_t count);

#endif
