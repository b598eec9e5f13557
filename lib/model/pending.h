/*
 * Rows that wait for their labels, each under its ID, until a label comes or their time is up.
 *
 * A row is kept as a line of JSON. Besides its ID and text it takes about 160 bytes of memory. What
 * is here follows from the rows alone; it is stored in the model's file (model/join.h), in the
 * order in which the rows came.
 */
#ifndef WH_MODEL_PENDING_H
#define WH_MODEL_PENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/row.h"

/* A row that waits. */
struct wh_waiting {
    uint64_t hash;
    int64_t time;     /* what it is held against: milliseconds, or a row's number */
    uint64_t order;   /* of coming */
    size_t place;     /* in the heap */
    struct wh_waiting *before, *after; /* in the order in which they came */
    uint32_t id_length, text_length;
    char bytes[];     /* the ID, the text, and WH_SLACK bytes that can be read */
};

struct wh_pending {
    size_t count;
    uint64_t bytes; /* about the memory that they take */
    struct wh_waiting *first, *last;
    struct wh_waiting **heap;  /* the one of the earliest time on top */
    struct wh_waiting **slots; /* by hash; a power of two */
    size_t slot_count;
    uint64_t orders;
};

/* Empties it. */
void wh_pending_free(struct wh_pending *pending);

/* The row that waits under an ID, or NULL. Valid until it is removed. */
struct wh_waiting *wh_pending_find(const struct wh_pending *pending, struct wh_slice id);

/* Adds a row, whose ID none waits under. */
void wh_pending_add(struct wh_pending *pending, struct wh_slice id, int64_t time,
                    struct wh_slice text);
void wh_pending_remove(struct wh_pending *pending, struct wh_waiting *waiting);

/* The row of the earliest time, the one that came first of several; NULL: none waits. */
struct wh_waiting *wh_pending_earliest(const struct wh_pending *pending);

static inline struct wh_slice wh_waiting_id(const struct wh_waiting *waiting)
{
    return (struct wh_slice){ waiting->bytes, waiting->id_length };
}

static inline struct wh_slice wh_waiting_text(const struct wh_waiting *waiting)
{
    return (struct wh_slice){ waiting->bytes + waiting->id_length, waiting->text_length };
}

#endif
