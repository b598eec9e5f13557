/*
 * Tilings: projections of two or three slots upon random directions, cut into steps, so that each
 * row falls into one cell of each tiling (learn/auto/view.h says what for).
 *
 * Which slots a tiling looks at is drawn so that each has the same chance, however many there come
 * to be. Directions and offsets follow from the tiling's number and are not kept.
 */
#ifndef WH_LEARN_AUTO_TILINGS_H
#define WH_LEARN_AUTO_TILINGS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "learn/auto/constants.h"

enum {
    WH_AUTO_ALL_TILINGS = WH_AUTO_TILINGS * WH_AUTO_WIDTHS,
};

struct wh_auto_tiling {
    uint32_t count;   /* slots it looks at */
    uint32_t offered; /* slots that could have been among them */
};

/* By dimension, then by tiling, so that several can be read at once. */
struct wh_auto_tilings {
    struct wh_auto_tiling tilings[WH_AUTO_ALL_TILINGS];
    uint32_t slots[WH_AUTO_TILE_SLOTS][WH_AUTO_ALL_TILINGS];
    /* The directions, over the width; 0 where there are not so many. */
    float directions[WH_AUTO_TILE_SLOTS][WH_AUTO_TILE_SLOTS][WH_AUTO_ALL_TILINGS];
    float offsets[WH_AUTO_TILE_SLOTS][WH_AUTO_ALL_TILINGS];
};

void wh_auto_tilings_init(struct wh_auto_tilings *tilings);

/* A slot has come, or is out of use: which tilings look at others now goes up in `versions`. */
void wh_auto_tilings_offer(struct wh_auto_tilings *tilings, uint32_t slot, uint32_t *versions);
void wh_auto_tilings_drop(struct wh_auto_tilings *tilings, uint32_t slot, uint32_t *versions);

/* The active cell of each tiling, `first` being the first of the first; `marks` are the codes of
 * slots whose value says nothing (strings, missing), else 0. */
void wh_auto_tilings_read(const struct wh_auto_tilings *tilings, const float *values,
                          const uint32_t *marks, uint32_t first, uint32_t *cells);

json_t *wh_auto_tilings_save(const struct wh_auto_tilings *tilings);
bool wh_auto_tilings_load(struct wh_auto_tilings *tilings, const json_t *state, uint32_t slots);

#endif
