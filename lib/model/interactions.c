#include "model/interactions.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"

enum { MOST_CHOICES = 32, FIRST_SLOTS = 256 };

static const char ALL[] = "all";

/* One side of a choice. */
struct side {
    const char *text;
    size_t length;
    bool all;
    bool met; /* as the name of a column or feature */
};

struct choice {
    struct side sides[2];
    bool squares; /* both sides are the same */
};

/* Open addressing with linear probing. What is of another generation is as good as free. */
struct slot {
    uint64_t pair; /* the lesser number above the other */
    uint32_t id;
    uint32_t generation;
};

struct wh_interactions {
    const struct wh_names *names;
    char *text;
    struct choice choices[MOST_CHOICES];
    size_t choice_count;
    size_t unmet; /* sides */
    /* Of each feature the sides that it is on: bit k the left one of choice k, bit k + 32 the right
     * one. Known of those below `known`. */
    uint64_t *places;
    uint32_t known, capacity;
    struct slot *slots;
    size_t mask, used;
    uint32_t generation;
    struct wh_pair *pairs;
    size_t pair_capacity;
};

/*
 * Choices
 */

static bool same(const struct side *a, const struct side *b)
{
    return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

static int refuse(const char *text, size_t length, struct wh_error *error)
{
    char quoted[96];
    return wh_fail(error, WH_REFUSED,
                   "--interactions %s is no pair of names, as in city*plan, nor all",
                   wh_quote(quoted, text, length));
}

static int parse_choice(struct wh_interactions *interactions, const char *text, size_t length,
                        struct wh_error *error)
{
    const char *star = memchr(text, '*', length), *end = text + length;
    if (interactions->choice_count == MOST_CHOICES)
        return wh_fail(error, WH_REFUSED, "--interactions: there are more than %d pairs",
                       MOST_CHOICES);
    struct choice *choice = &interactions->choices[interactions->choice_count++];
    struct side *left = &choice->sides[0], *right = &choice->sides[1];
    *left = *right = (struct side){ .text = text, .length = length };
    if (star) {
        left->length = (size_t)(star - text);
        *right = (struct side){ .text = star + 1, .length = (size_t)(end - star - 1) };
    }
    for (size_t i = 0; i < 2; i++) {
        struct side *side = &choice->sides[i];
        side->all = side->length == strlen(ALL) && memcmp(side->text, ALL, side->length) == 0;
    }
    interactions->unmet += (size_t)!left->all + !right->all;
    choice->squares = same(left, right);
    if (left->length == 0 || right->length == 0 || memchr(right->text, '*', right->length)
        || (!star && !left->all))
        return refuse(text, length, error);
    return 0;
}

static int parse(struct wh_interactions *interactions, struct wh_error *error)
{
    const char *at = interactions->text;
    for (;;) {
        size_t length = strcspn(at, ",");
        if (parse_choice(interactions, at, length, error) != 0)
            return -1;
        if (at[length] == '\0')
            return 0;
        at += length + 1;
    }
}

struct wh_interactions *wh_interactions_open(const char *text, const struct wh_names *names,
                                             struct wh_error *error)
{
    struct wh_interactions *interactions = wh_alloc(1, sizeof *interactions);
    interactions->names = names;
    interactions->text = wh_copy(text, strlen(text));
    interactions->slots = wh_alloc(FIRST_SLOTS, sizeof *interactions->slots);
    interactions->mask = FIRST_SLOTS - 1;
    interactions->generation = 1;
    if (parse(interactions, error) == 0)
        return interactions;
    wh_interactions_close(interactions);
    return NULL;
}

void wh_interactions_close(struct wh_interactions *interactions)
{
    if (!interactions)
        return;
    free(interactions->text);
    free(interactions->places);
    free(interactions->slots);
    free(interactions->pairs);
    free(interactions);
}

/* Whether a feature is the one named, or of the column named. */
static bool matches(const struct side *side, const char *name, size_t length)
{
    return side->all
        || (length >= side->length && memcmp(name, side->text, side->length) == 0
            && (length == side->length || name[side->length] == '='));
}

/* The length of the column's name in the name of a feature such as city=Lagos. */
static size_t column_length(const char *name, size_t length)
{
    const char *value = memchr(name, '=', length);
    return value ? (size_t)(value - name) : length;
}

/* Whether a side has this name, or both are of one column. */
static bool is_named(const struct side *side, const char *name, size_t length)
{
    size_t column = column_length(side->text, side->length);
    return matches(side, name, length)
        || (column < side->length && column == column_length(name, length)
            && memcmp(side->text, name, column) == 0);
}

void wh_interactions_meet(struct wh_interactions *interactions, const char *name, size_t length)
{
    for (size_t i = 0; interactions->unmet > 0 && i < 2 * interactions->choice_count; i++) {
        struct side *side = &interactions->choices[i / 2].sides[i % 2];
        if (side->all || side->met || !is_named(side, name, length))
            continue;
        side->met = true;
        interactions->unmet--;
    }
}

bool wh_interactions_misses(const struct wh_interactions *interactions)
{
    return interactions->unmet > 0;
}

static int refuse_unmet(const struct side *side, const struct wh_shape *shape,
                        struct wh_error *error)
{
    char quoted[96];
    wh_quote(quoted, side->text, side->length);
    if (shape && wh_shape_find(shape, side->text, side->length) >= 0)
        return wh_fail(error, WH_REFUSED, "--interactions: the column %s is not learned from: "
                       "another option names it (such as --label or --ignore)", quoted);
    wh_fail(error, WH_REFUSED, "--interactions: %s column or feature %s to learn from",
            shape ? "there is no" : "no row has a", quoted);
    char *name = wh_copy(side->text, side->length);
    if (shape)
        wh_shape_suggest(shape, name, error);
    free(name);
    return -1;
}

int wh_interactions_check(const struct wh_interactions *interactions,
                          const struct wh_shape *shape, struct wh_error *error)
{
    for (size_t i = 0; interactions->unmet > 0 && i < 2 * interactions->choice_count; i++) {
        const struct side *side = &interactions->choices[i / 2].sides[i % 2];
        if (!side->all && !side->met)
            return refuse_unmet(side, shape, error);
    }
    return 0;
}

const char *wh_interactions_unmet(const char *text, const struct wh_names *names, size_t *length)
{
    for (const char *at = text; *at; at += *length + (at[*length] != '\0')) {
        *length = strcspn(at, "*,");
        struct side side = { .text = at, .length = *length };
        side.all = *length == strlen(ALL) && memcmp(at, ALL, *length) == 0;
        uint32_t id = 1;
        while (id < names->count
               && !matches(&side, wh_names_text(names, id), names->names[id].length))
            id++;
        if (id == names->count && !side.all)
            return at;
    }
    return NULL;
}

static uint64_t places_of(const struct wh_interactions *interactions, uint32_t id)
{
    const char *name = wh_names_text(interactions->names, id);
    size_t length = interactions->names->names[id].length;
    uint64_t places = 0;
    for (size_t i = 0; i < interactions->choice_count; i++)
        for (size_t side = 0; side < 2; side++)
            if (matches(&interactions->choices[i].sides[side], name, length))
                places |= UINT64_C(1) << (i + side * MOST_CHOICES);
    return places;
}

/* Makes `places` hold those of all features there are. */
static void find_places(struct wh_interactions *interactions)
{
    uint32_t count = interactions->names->count;
    if (count > interactions->capacity) {
        interactions->capacity = count < UINT32_MAX / 2 ? 2 * count : count;
        interactions->places = wh_resize(interactions->places, interactions->capacity,
                                         sizeof *interactions->places);
    }
    for (uint32_t id = interactions->known; id < count; id++)
        interactions->places[id] = id == WH_CONSTANT ? 0 : places_of(interactions, id);
    interactions->known = count;
}

/*
 * Numbers of pairs
 */

static uint64_t pair_of(uint32_t left, uint32_t right)
{
    return left < right ? (uint64_t)left << 32 | right : (uint64_t)right << 32 | left;
}

/* The slot of a pair, or the free one where it belongs. */
static struct slot *find_slot(const struct wh_interactions *interactions, uint64_t pair)
{
    for (size_t at = wh_stable_mix(pair);; at++) {
        struct slot *slot = &interactions->slots[at & interactions->mask];
        if (slot->generation != interactions->generation || slot->pair == pair)
            return slot;
    }
}

static void grow(struct wh_interactions *interactions)
{
    struct slot *old = interactions->slots;
    size_t count = interactions->mask + 1;
    interactions->slots = wh_alloc(2 * count, sizeof *interactions->slots);
    interactions->mask = 2 * count - 1;
    for (size_t i = 0; i < count; i++)
        if (old[i].generation == interactions->generation)
            *find_slot(interactions, old[i].pair) = old[i];
    free(old);
}

void wh_interactions_remember(struct wh_interactions *interactions, uint32_t left, uint32_t right,
                              uint32_t id)
{
    if (interactions->used > interactions->mask / 2)
        grow(interactions);
    struct slot *slot = find_slot(interactions, pair_of(left, right));
    interactions->used += slot->generation != interactions->generation;
    *slot = (struct slot){ pair_of(left, right), id, interactions->generation };
}

void wh_interactions_forget(struct wh_interactions *interactions)
{
    interactions->known = 0;
    interactions->used = 0;
    if (++interactions->generation == 0) {
        memset(interactions->slots, 0, (interactions->mask + 1) * sizeof *interactions->slots);
        interactions->generation = 1;
    }
}

/*
 * Rows
 */

static bool is_chosen(const struct wh_interactions *interactions, uint64_t a, uint64_t b,
                      bool square)
{
    uint64_t either = ((a & b >> MOST_CHOICES) | (b & a >> MOST_CHOICES)) & UINT32_MAX;
    if (!square)
        return either != 0;
    for (size_t i = 0; i < interactions->choice_count; i++)
        if (either >> i & 1 && interactions->choices[i].squares)
            return true;
    return false;
}

static void add_pair(struct wh_interactions *interactions, const uint32_t *ids, size_t left,
                     size_t right, size_t *count)
{
    if (*count == interactions->pair_capacity) {
        interactions->pair_capacity = *count ? 2 * *count : 64;
        interactions->pairs = wh_resize(interactions->pairs, interactions->pair_capacity,
                                        sizeof *interactions->pairs);
    }
    const struct slot *slot = find_slot(interactions, pair_of(ids[left], ids[right]));
    interactions->pairs[(*count)++] = (struct wh_pair){
        .left = (uint32_t)left,
        .right = (uint32_t)right,
        .id = slot->generation == interactions->generation ? slot->id : WH_NO_FEATURE,
    };
}

size_t wh_interactions_pairs(struct wh_interactions *interactions, const uint32_t *ids,
                             size_t count, const struct wh_pair **pairs)
{
    size_t found = 0;
    find_places(interactions);
    const uint64_t *places = interactions->places;
    for (size_t i = 1; i < count; i++)
        for (size_t k = i; k < count && places[ids[i]]; k++)
            if (is_chosen(interactions, places[ids[i]], places[ids[k]], i == k)) {
                add_pair(interactions, ids, i, k, &found);
                if (found > WH_MOST_PAIRS)
                    return found;
            }
    *pairs = interactions->pairs;
    return found;
}

void wh_interactions_name(const struct wh_interactions *interactions, uint32_t left,
                          uint32_t right, struct wh_buffer *name)
{
    const struct wh_names *names = interactions->names;
    size_t left_length = names->names[left].length, right_length = names->names[right].length;
    size_t shared = left_length < right_length ? left_length : right_length;
    int order = memcmp(wh_names_text(names, left), wh_names_text(names, right), shared);
    if (order > 0 || (order == 0 && left_length > right_length)) {
        uint32_t swapped = left;
        left = right;
        right = swapped;
    }
    wh_buffer_add(name, wh_names_text(names, left), names->names[left].length);
    wh_buffer_byte(name, '*');
    wh_buffer_add(name, wh_names_text(names, right), names->names[right].length);
}
