/*
 * Slots: what the learner `auto` knows of one field of the rows, apart from any label.
 *
 * A running mean and deviation turn its numbers into standardised values; edges of equal
 * frequency, taken from a sample when the 32nd, 128th, 512th and 2,048th number has come, turn
 * them into codes. A slot never fails; its memory is bounded (the sample is given back when the
 * last edges are taken).
 */
#ifndef WH_LEARN_AUTO_SLOT_H
#define WH_LEARN_AUTO_SLOT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "learn/auto/constants.h"

/* Zero-initialise. */
struct wh_auto_slot {
    uint64_t rows;    /* since it was given out */
    uint64_t present; /* of them those that had the field */
    uint64_t numbers; /* of them those that it was a number in, or zero by being left out */
    double weight;    /* of the numbers, older ones counting less under forgetting */
    double mean, squares; /* of the numbers, and the sum of squares about it */
    double inverse;   /* 1 / the deviation, 0 where that is none */
    double edges[WH_AUTO_BINS - 1]; /* code c is from edges[c - 2] to below edges[c - 1] */
    double *sample;   /* NULL before the first number, and after the last edges */
    bool binned;      /* edges were taken */
    bool dropped;     /* too rare, or several in a row: it is out of use */
};

void wh_auto_slot_free(struct wh_auto_slot *slot);

/* Adds a number, finite; what was known before counts `keep` (above 0, to 1) of what it did. */
void wh_auto_slot_add(struct wh_auto_slot *slot, double number, double keep);

static inline double wh_auto_slot_standardise(const struct wh_auto_slot *slot, double number)
{
    double value = (number - slot->mean) * slot->inverse;
    return value < -WH_AUTO_LARGEST ? -WH_AUTO_LARGEST
         : value > WH_AUTO_LARGEST ? WH_AUTO_LARGEST : value;
}

/* The number's code: 1 while there are no edges. */
static inline unsigned wh_auto_slot_code(const struct wh_auto_slot *slot, double number)
{
    if (!slot->binned)
        return 1;
    unsigned code = 0;
    for (unsigned step = WH_AUTO_BINS / 2; step > 0; step /= 2)
        code += number >= slot->edges[code + step - 1] ? step : 0;
    return code + 1;
}

/* All of it as a new object; and back: false for what cannot be one. */
json_t *wh_auto_slot_save(const struct wh_auto_slot *slot);
bool wh_auto_slot_load(struct wh_auto_slot *slot, const json_t *state);

#endif
