/*
 * Interactions: products of two features of a row, as features of their own.
 *
 * Which, is chosen as --interactions has it: "city*plan,amount*hour" or "all". A word names the
 * feature of that name, or all that a column of strings makes of its values (city=Lagos ...); "all"
 * alone is every pair with every feature's square, and "a*all" pairs a with all others. The
 * constant takes no part, a square comes only of "a*a" and "all". The product of two features is
 * named by both, the lesser name first: amount*city=Lagos.
 *
 * What number a pair has is remembered; the names (learn/names.h) tell it anew where that is
 * forgotten.
 */
#ifndef WH_MODEL_INTERACTIONS_H
#define WH_MODEL_INTERACTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "learn/names.h"
#include "record/shape.h"

struct wh_interactions;

enum { WH_MOST_PAIRS = 1 << 22 }; /* of one row */

/* A pair of features of the row that is chosen. */
struct wh_pair {
    uint32_t left, right; /* their places in the row; the same for a square */
    uint32_t id;          /* of the product, WH_NO_FEATURE where it is not remembered */
};

/* NULL on failure: a choice that is none. `names` must stay. */
struct wh_interactions *wh_interactions_open(const char *text, const struct wh_names *names,
                                             struct wh_error *error);
/* Notes that rows have a column, or a feature, of this name, for wh_interactions_check. */
void wh_interactions_meet(struct wh_interactions *interactions, const char *name, size_t length);
/* Whether a name of the choice has not been met yet. Cheap. */
bool wh_interactions_misses(const struct wh_interactions *interactions);
/* WH_REFUSED where a name of the choice is that of no column and no feature that was met: in
 * `shape`, which all rows have, or, where that is NULL, in any row. The part of a name that follows
 * a "=" is a column's value, which any row may bring later. */
int wh_interactions_check(const struct wh_interactions *interactions,
                          const struct wh_shape *shape, struct wh_error *error);
/* The first name of a choice, as wh_interactions_open takes it, that no feature and no column of
 * strings has so far: NULL where there is none. It points into `text`. */
const char *wh_interactions_unmet(const char *text, const struct wh_names *names, size_t *length);
/* NULL is allowed. */
void wh_interactions_close(struct wh_interactions *interactions);

/* The chosen pairs of a row's features, in the order of the row; the first of `ids` is the
 * constant. Valid until the next call. Where there are more than WH_MOST_PAIRS, it returns more
 * and sets no pairs. */
size_t wh_interactions_pairs(struct wh_interactions *interactions, const uint32_t *ids,
                             size_t count, const struct wh_pair **pairs);

/* Appends the name of the product of two features. */
void wh_interactions_name(const struct wh_interactions *interactions, uint32_t left,
                          uint32_t right, struct wh_buffer *name);
/* Remembers the number of the product of two features. */
void wh_interactions_remember(struct wh_interactions *interactions, uint32_t left, uint32_t right,
                              uint32_t id);
/* To be called when names were taken back or numbered anew. */
void wh_interactions_forget(struct wh_interactions *interactions);

#endif
