/*
 * Fields: which field of the rows a feature belongs to, and which fields get a slot
 * (learn/auto/slot.h) in the learner `auto`.
 *
 * The field of `city=Lagos` is city, that of `amount` is amount. The first 1,024 fields are known
 * here; those that are in an eighth of the rows or more get a slot, 128 at most, so that wide and
 * text rows stay cheap: what has no slot is left to the experts that take rows as they are.
 */
#ifndef WH_LEARN_AUTO_FIELDS_H
#define WH_LEARN_AUTO_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "learn/auto/constants.h"
#include "learn/names.h"

#define WH_AUTO_NO_FIELD UINT16_MAX

struct wh_auto_field {
    uint32_t offset, length; /* of the name in the fields' text */
    int slot;                /* -1: none, -2: none any more */
    uint64_t first, present; /* the row that had it first, and how many had it */
    uint64_t last;           /* the last row that had it */
    uint64_t strings;        /* how many features are values of it */
};

/* The names must stay. */
struct wh_auto_fields {
    const struct wh_names *names;
    struct wh_auto_field fields[WH_AUTO_FIELDS];
    uint32_t count;
    uint32_t slots;  /* slots that were given out */
    uint64_t rows;
    struct wh_buffer text;
    uint16_t table[2 * WH_AUTO_FIELDS]; /* by hash of the name: field + 1, or 0 */
    uint16_t *of;    /* of the features whose fields were looked up */
    uint32_t *keys;  /* hashes of their names */
    size_t of_count, of_capacity;
    uint64_t settled; /* features that were looked up before the state was saved */
};

void wh_auto_fields_init(struct wh_auto_fields *fields, const struct wh_names *names);
void wh_auto_fields_free(struct wh_auto_fields *fields);

/* The field of a feature, or WH_AUTO_NO_FIELD; changes nothing. */
uint16_t wh_auto_fields_find(const struct wh_auto_fields *fields, uint32_t id);

static inline uint16_t wh_auto_fields_of(const struct wh_auto_fields *fields, uint32_t id)
{
    return id < fields->of_count ? fields->of[id] : wh_auto_fields_find(fields, id);
}

/* A hash of the feature's name, which does not depend on its number. */
uint32_t wh_auto_fields_make_key(const struct wh_auto_fields *fields, uint32_t id);

static inline uint32_t wh_auto_fields_key(const struct wh_auto_fields *fields, uint32_t id)
{
    return id < fields->of_count ? fields->keys[id] : wh_auto_fields_make_key(fields, id);
}

/* Looks up what a loaded state had looked up; to be called when the names are there. */
void wh_auto_fields_settle(struct wh_auto_fields *fields);

/* As learn/learner.h has it. */
void wh_auto_fields_renumber(struct wh_auto_fields *fields, const uint32_t *from, uint32_t count);

/* Whether a feature is a value of its field (city=Lagos), not a number. */
bool wh_auto_fields_category(const struct wh_auto_fields *fields, uint32_t id);

/* A row is learned from: features of number up to `features` are looked up, and their fields
 * added. */
void wh_auto_fields_row(struct wh_auto_fields *fields, uint32_t features);

/* The row has a feature of this field. Returns false where it had one before. */
bool wh_auto_fields_meet(struct wh_auto_fields *fields, uint16_t field);

/* Gives the field a slot, if it is due one: the slot's number, or -1. */
int wh_auto_fields_admit(struct wh_auto_fields *fields, uint16_t field);

/* The slot of this number is out of use. */
void wh_auto_fields_drop(struct wh_auto_fields *fields, int slot);

/* As a new object, and back: false for what cannot be. Where the names are too long for a model's
 * header, it lacks the list of fields. */
json_t *wh_auto_fields_save(const struct wh_auto_fields *fields);
bool wh_auto_fields_load(struct wh_auto_fields *fields, const json_t *state);

/* A new array of the fields that the object lacks; and the next of them back. */
json_t *wh_auto_fields_apart(const struct wh_auto_fields *fields);
bool wh_auto_fields_load_one(struct wh_auto_fields *fields, const json_t *state);

#endif
