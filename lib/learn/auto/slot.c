#include "learn/auto/slot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/memory.h"
#include "learn/auto/constants.h"
#include "learn/auto/pack.h"
#include "learn/example.h"

static const uint64_t refreshes[] = { WH_AUTO_REFRESHES };

enum { REFRESHES = sizeof refreshes / sizeof *refreshes };

static const double MOST_ROWS = 9e15; /* which doubles count exactly */

void wh_auto_slot_free(struct wh_auto_slot *slot)
{
    free(slot->sample);
    slot->sample = NULL;
}

/* How many of the numbers are in the sample. */
static size_t sampled(const struct wh_auto_slot *slot)
{
    return slot->numbers < WH_AUTO_SAMPLE ? (size_t)slot->numbers : WH_AUTO_SAMPLE;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/*
 * A number that takes up several codes, as zero often does, gets the one in the middle of them, so
 * that it stays apart from those above and below it also when codes are made coarse.
 */
static void spread_ties(double *edges)
{
    for (unsigned first = 0, end; first < WH_AUTO_BINS - 1; first = end) {
        for (end = first + 1; end < WH_AUTO_BINS - 1 && edges[end] == edges[first];)
            end++;
        for (unsigned i = first + (end - first + 1) / 2; i < end; i++)
            edges[i] = nextafter(edges[first], WH_LARGEST_VALUE);
    }
}

/* Quantiles as edges. Of the codes between equal ones only one is used. */
static void take_edges(struct wh_auto_slot *slot)
{
    size_t count = sampled(slot);
    double sorted[WH_AUTO_SAMPLE];
    memcpy(sorted, slot->sample, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare);
    for (size_t i = 0; i + 1 < WH_AUTO_BINS; i++)
        slot->edges[i] = sorted[(i + 1) * count / WH_AUTO_BINS];
    spread_ties(slot->edges);
    slot->binned = true;
}

/* Each number so far is in the sample with the same chance (Vitter's algorithm R). */
static void sample(struct wh_auto_slot *slot, double number)
{
    if (!slot->sample) {
        if (slot->numbers > 0)
            return;
        slot->sample = wh_alloc(WH_AUTO_SAMPLE, sizeof *slot->sample);
    }
    uint64_t place = slot->numbers;
    if (place >= WH_AUTO_SAMPLE)
        place = wh_auto_mix(slot->numbers) % (slot->numbers + 1);
    if (place < WH_AUTO_SAMPLE)
        slot->sample[place] = number;
}

void wh_auto_slot_add(struct wh_auto_slot *slot, double number, double keep)
{
    sample(slot, number);
    slot->numbers++;
    slot->weight = slot->weight * keep + 1;
    double off = number - slot->mean;
    slot->mean += off / slot->weight;
    slot->squares = slot->squares * keep + off * (number - slot->mean);
    double deviation = sqrt(slot->squares / slot->weight);
    /* A deviation that is but the rounding of a constant is none. */
    slot->inverse = deviation > fabs(slot->mean) * WH_AUTO_LEAST_DEVIATION ? 1 / deviation : 0;
    if (!isfinite(slot->inverse))
        slot->inverse = 0;
    if (!slot->sample)
        return;
    for (size_t i = 0; i < REFRESHES; i++)
        if (slot->numbers == refreshes[i])
            take_edges(slot);
    if (slot->numbers == refreshes[REFRESHES - 1])
        wh_auto_slot_free(slot);
}

/*
 * Saving and loading
 */

json_t *wh_auto_slot_save(const struct wh_auto_slot *slot)
{
    json_t *state = json_pack("{sIsIsIsfsfsfsb}", "rows", (json_int_t)slot->rows, "present",
                              (json_int_t)slot->present, "numbers", (json_int_t)slot->numbers,
                              "weight", slot->weight, "mean", slot->mean, "squares",
                              slot->squares, "dropped", slot->dropped);
    if (slot->binned) {
        json_t *edges = json_array();
        for (size_t i = 0; i + 1 < WH_AUTO_BINS; i++)
            json_array_append_new(edges, json_real(slot->edges[i]));
        json_object_set_new(state, "edges", edges);
    }
    json_object_set_new(state, "inverse", json_real(slot->inverse));
    if (slot->sample)
        json_object_set_new(state, "sample", wh_auto_doubles_save(slot->sample, sampled(slot)));
    return state;
}

static bool load_edges(struct wh_auto_slot *slot, const json_t *edges)
{
    slot->binned = edges != NULL;
    if (!edges)
        return true;
    if (json_array_size(edges) != WH_AUTO_BINS - 1)
        return false;
    for (size_t i = 0; i + 1 < WH_AUTO_BINS; i++) {
        if (!wh_auto_number(json_array_get(edges, i), WH_LARGEST_VALUE, &slot->edges[i])
            || (i > 0 && slot->edges[i] < slot->edges[i - 1]))
            return false;
    }
    return true;
}

/* A sample there is until the last refresh, if there was a number. */
static bool load_sample(struct wh_auto_slot *slot, const json_t *text)
{
    bool wanted = slot->numbers > 0 && slot->numbers < refreshes[REFRESHES - 1] && !slot->dropped;
    if (!wanted)
        return text == NULL;
    slot->sample = wh_alloc(WH_AUTO_SAMPLE, sizeof *slot->sample);
    return wh_auto_doubles_load(text, slot->sample, sampled(slot), WH_LARGEST_VALUE);
}

/* A slot that is dropped for a second value in a row was present in one that it did not count. */
bool wh_auto_slot_load(struct wh_auto_slot *slot, const json_t *state)
{
    const json_t *dropped = json_object_get(state, "dropped");
    if (!wh_auto_count(json_object_get(state, "rows"), MOST_ROWS, &slot->rows)
        || !wh_auto_count(json_object_get(state, "present"), (double)slot->rows + 1, &slot->present)
        || !wh_auto_count(json_object_get(state, "numbers"), (double)slot->rows, &slot->numbers)
        || !wh_auto_number(json_object_get(state, "weight"), MOST_ROWS, &slot->weight)
        || !wh_auto_number(json_object_get(state, "mean"), 2 * WH_LARGEST_VALUE, &slot->mean)
        || !wh_auto_number(json_object_get(state, "squares"), 1e120, &slot->squares)
        || !wh_auto_number(json_object_get(state, "inverse"), 1e308, &slot->inverse)
        || slot->weight < 0 || slot->squares < 0 || slot->inverse < 0 || !json_is_boolean(dropped))
        return false;
    slot->dropped = json_is_true(dropped);
    return load_edges(slot, json_object_get(state, "edges"))
        && load_sample(slot, json_object_get(state, "sample"))
        && slot->binned == (slot->numbers >= refreshes[0]);
}
