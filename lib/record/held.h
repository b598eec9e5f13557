/*
 * Rows held back: copies that stay when the reader goes on, in the order in which they came. For
 * a step that waits for what comes, or what a sink can only do, or find out, about a batch of rows.
 */
#ifndef WH_RECORD_HELD_H
#define WH_RECORD_HELD_H

#include <stddef.h>

#include "record/row.h"

struct wh_held;

struct wh_held *wh_held_open(void);
/* NULL is allowed. */
void wh_held_close(struct wh_held *held);

/* Copies the row, with its raw text. */
void wh_held_add(struct wh_held *held, const struct wh_row *row);
size_t wh_held_count(const struct wh_held *held);
size_t wh_held_bytes(const struct wh_held *held); /* about the memory that they take */
/* The row at `index`, until the next call. Rows that came in one shape still have one shape, until
 * wh_held_clear. */
struct wh_row *wh_held_row(struct wh_held *held, size_t index);
void wh_held_clear(struct wh_held *held);

#endif
