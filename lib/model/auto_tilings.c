#include "model/auto_tilings.h"

#include <math.h>

#include "model/auto_pack.h"

/* Deviations that a step of the widest tilings takes; the others take a half and a quarter. */
static const double WIDEST = 1.5;

static unsigned dimensions(unsigned tiling)
{
    return 2 + tiling % 2;
}

/* Directions are of length 1 over the slots that there are. */
static void point(struct wh_auto_tiling *tiling, unsigned number)
{
    double width = WIDEST / (double)(1u << number / WH_AUTO_TILINGS);
    for (unsigned k = 0; k < WH_AUTO_TILE_SLOTS; k++) {
        uint64_t draw = 16 * ((uint64_t)number * WH_AUTO_TILE_SLOTS + k);
        double direction[WH_AUTO_TILE_SLOTS] = { 0 }, length = 0;
        for (unsigned i = 0; i < tiling->count; i++) {
            direction[i] = 2 * wh_auto_draw(draw + i) - 1;
            length += direction[i] * direction[i];
        }
        bool used = k < tiling->count && length > 0;
        for (unsigned i = 0; i < WH_AUTO_TILE_SLOTS; i++)
            tiling->directions[k][i] =
                used ? (float)(direction[i] / (sqrt(length) * width)) : 0;
        tiling->offsets[k] = (float)wh_auto_draw(draw + WH_AUTO_TILE_SLOTS);
    }
}

void wh_auto_tilings_init(struct wh_auto_tilings *tilings)
{
    *tilings = (struct wh_auto_tilings){ 0 };
    for (unsigned t = 0; t < WH_AUTO_ALL_TILINGS; t++)
        point(&tilings->tilings[t], t);
}

/* Sampling without replacement from slots as they come (Vitter's algorithm R). */
static bool offer(struct wh_auto_tiling *tiling, unsigned number, uint32_t slot)
{
    unsigned most = dimensions(number);
    tiling->offered++;
    if (tiling->count < most) {
        tiling->slots[tiling->count++] = slot;
        return true;
    }
    uint64_t draw = wh_auto_mix((uint64_t)number << 32 | tiling->offered);
    uint64_t place = draw % tiling->offered;
    if (place >= most)
        return false;
    tiling->slots[place] = slot;
    return true;
}

void wh_auto_tilings_offer(struct wh_auto_tilings *tilings, uint32_t slot, uint32_t *versions)
{
    for (unsigned t = 0; t < WH_AUTO_ALL_TILINGS; t++) {
        if (!offer(&tilings->tilings[t], t, slot))
            continue;
        point(&tilings->tilings[t], t);
        versions[t]++;
    }
}

void wh_auto_tilings_drop(struct wh_auto_tilings *tilings, uint32_t slot, uint32_t *versions)
{
    for (unsigned t = 0; t < WH_AUTO_ALL_TILINGS; t++) {
        struct wh_auto_tiling *tiling = &tilings->tilings[t];
        uint32_t count = 0;
        for (uint32_t i = 0; i < tiling->count; i++)
            if (tiling->slots[i] != slot)
                tiling->slots[count++] = tiling->slots[i];
        if (count == tiling->count)
            continue;
        tiling->count = count;
        point(tiling, t);
        versions[t]++;
    }
}

/* Far enough above the lowest projection that cutting off the fraction rounds down. */
static const float ABOVE = 64;

static uint32_t cell_of(const struct wh_auto_tiling *tiling, const float *values,
                        const uint32_t *marks)
{
    float v[WH_AUTO_TILE_SLOTS];
    uint32_t mark = 0;
    for (unsigned i = 0; i < WH_AUTO_TILE_SLOTS; i++) {
        v[i] = values[tiling->slots[i]];
        mark = mark * 64 + marks[tiling->slots[i]];
    }
    uint32_t hash = mark * UINT32_C(0x9e3779b1);
    for (unsigned k = 0; k < WH_AUTO_TILE_SLOTS; k++) {
        const float *direction = tiling->directions[k];
        float at = direction[0] * v[0] + direction[1] * v[1] + direction[2] * v[2]
            + tiling->offsets[k];
        hash = (hash + (uint32_t)(int32_t)(at + ABOVE)) * UINT32_C(0x85ebca6b);
        hash ^= hash >> 15;
    }
    return hash % WH_AUTO_TILE_CELLS;
}

void wh_auto_tilings_read(const struct wh_auto_tilings *tilings, const float *values,
                          const uint32_t *marks, uint32_t first, uint32_t *cells)
{
    for (unsigned t = 0; t < WH_AUTO_ALL_TILINGS; t++)
        cells[t] = first + t * WH_AUTO_TILE_CELLS + cell_of(&tilings->tilings[t], values, marks);
}

/*
 * Saving and loading
 */

json_t *wh_auto_tilings_save(const struct wh_auto_tilings *tilings)
{
    json_t *list = json_array();
    for (unsigned t = 0; t < WH_AUTO_ALL_TILINGS; t++) {
        const struct wh_auto_tiling *tiling = &tilings->tilings[t];
        json_t *item = json_array();
        json_array_append_new(item, json_integer(tiling->offered));
        for (uint32_t i = 0; i < tiling->count; i++)
            json_array_append_new(item, json_integer(tiling->slots[i]));
        json_array_append_new(list, item);
    }
    return list;
}

static bool load_tiling(struct wh_auto_tiling *tiling, unsigned number, const json_t *state,
                        uint32_t slots)
{
    uint64_t slot;
    size_t size = json_array_size(state);
    if (size < 1 || size > 1 + dimensions(number)
        || !wh_auto_count(json_array_get(state, 0), slots, &slot))
        return false;
    tiling->offered = (uint32_t)slot;
    tiling->count = (uint32_t)size - 1;
    for (size_t i = 1; i < size; i++) {
        if (!wh_auto_count(json_array_get(state, i), (double)slots - 1, &slot))
            return false;
        tiling->slots[i - 1] = (uint32_t)slot;
    }
    point(tiling, number);
    return true;
}

bool wh_auto_tilings_load(struct wh_auto_tilings *tilings, const json_t *state, uint32_t slots)
{
    if (json_array_size(state) != WH_AUTO_ALL_TILINGS)
        return false;
    for (unsigned t = 0; t < WH_AUTO_ALL_TILINGS; t++)
        if (!load_tiling(&tilings->tilings[t], t, json_array_get(state, t), slots))
            return false;
    return true;
}
