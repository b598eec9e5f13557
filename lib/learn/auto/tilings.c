#include "learn/auto/tilings.h"

#include <math.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "learn/auto/constants.h"
#include "learn/auto/pack.h"

static unsigned dimensions(unsigned tiling)
{
    return 2 + tiling % 2;
}

/* Directions are of length 1 over the slots that there are. */
static void point(struct wh_auto_tilings *tilings, unsigned number)
{
    double width = WH_AUTO_WIDEST / (double)(1u << number / WH_AUTO_TILINGS);
    uint32_t count = tilings->tilings[number].count;
    for (unsigned k = 0; k < WH_AUTO_TILE_SLOTS; k++) {
        uint64_t draw = 16 * ((uint64_t)number * WH_AUTO_TILE_SLOTS + k);
        double direction[WH_AUTO_TILE_SLOTS] = { 0 }, length = 0;
        for (unsigned i = 0; i < count; i++) {
            direction[i] = 2 * wh_auto_draw(draw + i) - 1;
            length += direction[i] * direction[i];
        }
        bool used = k < count && length > 0;
        for (unsigned i = 0; i < WH_AUTO_TILE_SLOTS; i++)
            tilings->directions[k][i][number] =
                used ? (float)(direction[i] / (sqrt(length) * width)) : 0;
        tilings->offsets[k][number] = (float)wh_auto_draw(draw + WH_AUTO_TILE_SLOTS);
    }
}

void wh_auto_tilings_init(struct wh_auto_tilings *tilings)
{
    *tilings = (struct wh_auto_tilings){ 0 };
    for (unsigned t = 0; t < WH_AUTO_ALL_TILINGS; t++)
        point(tilings, t);
}

/* Sampling without replacement from slots as they come (Vitter's algorithm R). */
static bool offer(struct wh_auto_tilings *tilings, unsigned number, uint32_t slot)
{
    struct wh_auto_tiling *tiling = &tilings->tilings[number];
    unsigned most = dimensions(number);
    tiling->offered++;
    if (tiling->count < most) {
        tilings->slots[tiling->count++][number] = slot;
        return true;
    }
    uint64_t draw = wh_auto_mix((uint64_t)number << 32 | tiling->offered);
    uint64_t place = draw % tiling->offered;
    if (place >= most)
        return false;
    tilings->slots[place][number] = slot;
    return true;
}

void wh_auto_tilings_offer(struct wh_auto_tilings *tilings, uint32_t slot, uint32_t *versions)
{
    for (unsigned t = 0; t < WH_AUTO_ALL_TILINGS; t++) {
        if (!offer(tilings, t, slot))
            continue;
        point(tilings, t);
        versions[t]++;
    }
}

void wh_auto_tilings_drop(struct wh_auto_tilings *tilings, uint32_t slot, uint32_t *versions)
{
    for (unsigned t = 0; t < WH_AUTO_ALL_TILINGS; t++) {
        struct wh_auto_tiling *tiling = &tilings->tilings[t];
        uint32_t count = 0;
        for (uint32_t i = 0; i < tiling->count; i++)
            if (tilings->slots[i][t] != slot)
                tilings->slots[count++][t] = tilings->slots[i][t];
        if (count == tiling->count)
            continue;
        for (uint32_t i = count; i < tiling->count; i++)
            tilings->slots[i][t] = 0;
        tiling->count = count;
        point(tilings, t);
        versions[t]++;
    }
}

/* Far enough above the lowest projection that cutting off the fraction rounds down. */
static const float ABOVE = 64;

/* Steps and marks times these, in 16 bits, of which the upper ones are the cell's number in its
 * tiling: neighbours are far apart, and few cells that rows fall into meet. */
static const uint16_t step_factors[WH_AUTO_TILE_SLOTS] = { 0x9e37, 0x85eb, 0xc2b3 };
static const uint16_t mark_factors[WH_AUTO_TILE_SLOTS] = { 0x27d5, 0x1657, 0xa4f1 };
enum { HASH_SHIFT = 6 };

_Static_assert(65536 >> HASH_SHIFT == WH_AUTO_TILE_CELLS, "hashes must be cells");

#ifdef __SSE2__

/* Four tilings from number `t`. */
static __m128i hash_four(const struct wh_auto_tilings *tilings, const float *values,
                         const uint32_t *marks, unsigned t)
{
    __m128 v[WH_AUTO_TILE_SLOTS];
    __m128i hash = _mm_setzero_si128();
    for (unsigned i = 0; i < WH_AUTO_TILE_SLOTS; i++) {
        const uint32_t *slots = &tilings->slots[i][t];
        v[i] = _mm_set_ps(values[slots[3]], values[slots[2]], values[slots[1]], values[slots[0]]);
        __m128i mark = _mm_set_epi32((int)marks[slots[3]], (int)marks[slots[2]],
                                     (int)marks[slots[1]], (int)marks[slots[0]]);
        hash = _mm_add_epi16(hash, _mm_mullo_epi16(mark, _mm_set1_epi32(mark_factors[i])));
    }
    for (unsigned k = 0; k < WH_AUTO_TILE_SLOTS; k++) {
        __m128 at = _mm_mul_ps(_mm_loadu_ps(&tilings->directions[k][0][t]), v[0]);
        at = _mm_add_ps(at, _mm_mul_ps(_mm_loadu_ps(&tilings->directions[k][1][t]), v[1]));
        at = _mm_add_ps(at, _mm_mul_ps(_mm_loadu_ps(&tilings->directions[k][2][t]), v[2]));
        at = _mm_add_ps(at, _mm_loadu_ps(&tilings->offsets[k][t]));
        __m128i step = _mm_cvttps_epi32(_mm_add_ps(at, _mm_set1_ps(ABOVE)));
        hash = _mm_add_epi16(hash, _mm_mullo_epi16(step, _mm_set1_epi32(step_factors[k])));
    }
    return _mm_srli_epi16(hash, HASH_SHIFT);
}

void wh_auto_tilings_read(const struct wh_auto_tilings *tilings, const float *values,
                          const uint32_t *marks, uint32_t first, uint32_t *cells)
{
    enum { FOUR = 4 };
    _Static_assert(WH_AUTO_ALL_TILINGS % FOUR == 0, "tilings are read by fours");
    __m128i base = _mm_add_epi32(_mm_set1_epi32((int)first),
                                 _mm_set_epi32(3 * WH_AUTO_TILE_CELLS, 2 * WH_AUTO_TILE_CELLS,
                                               WH_AUTO_TILE_CELLS, 0));
    for (unsigned t = 0; t < WH_AUTO_ALL_TILINGS; t += FOUR) {
        _mm_storeu_si128((__m128i *)(cells + t),
                         _mm_add_epi32(base, hash_four(tilings, values, marks, t)));
        base = _mm_add_epi32(base, _mm_set1_epi32(FOUR * WH_AUTO_TILE_CELLS));
    }
}

#else /* to the same cells */

static uint32_t hash_of(const struct wh_auto_tilings *tilings, const float *values,
                        const uint32_t *marks, unsigned t)
{
    float v[WH_AUTO_TILE_SLOTS];
    uint32_t hash = 0;
    for (unsigned i = 0; i < WH_AUTO_TILE_SLOTS; i++) {
        uint32_t slot = tilings->slots[i][t];
        v[i] = values[slot];
        hash += marks[slot] * mark_factors[i];
    }
    for (unsigned k = 0; k < WH_AUTO_TILE_SLOTS; k++) {
        float at = tilings->directions[k][0][t] * v[0] + tilings->directions[k][1][t] * v[1]
            + tilings->directions[k][2][t] * v[2] + tilings->offsets[k][t];
        hash += (uint32_t)(int32_t)(at + ABOVE) * step_factors[k];
    }
    return (hash & UINT16_MAX) >> HASH_SHIFT;
}

void wh_auto_tilings_read(const struct wh_auto_tilings *tilings, const float *values,
                          const uint32_t *marks, uint32_t first, uint32_t *cells)
{
    for (unsigned t = 0; t < WH_AUTO_ALL_TILINGS; t++)
        cells[t] = first + t * WH_AUTO_TILE_CELLS + hash_of(tilings, values, marks, t);
}

#endif

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
            json_array_append_new(item, json_integer(tilings->slots[i][t]));
        json_array_append_new(list, item);
    }
    return list;
}

static bool load_tiling(struct wh_auto_tilings *tilings, unsigned number, const json_t *state,
                        uint32_t slots)
{
    struct wh_auto_tiling *tiling = &tilings->tilings[number];
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
        tilings->slots[i - 1][number] = (uint32_t)slot;
    }
    point(tilings, number);
    return true;
}

bool wh_auto_tilings_load(struct wh_auto_tilings *tilings, const json_t *state, uint32_t slots)
{
    if (json_array_size(state) != WH_AUTO_ALL_TILINGS)
        return false;
    for (unsigned t = 0; t < WH_AUTO_ALL_TILINGS; t++)
        if (!load_tiling(tilings, t, json_array_get(state, t), slots))
            return false;
    return true;
}
