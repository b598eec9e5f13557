/*
 * What the parts of the learner `auto` share: drawing numbers by rule instead of by chance, and
 * arrays of numbers as text in a model's file, little-endian in base64.
 */
#ifndef WH_LEARN_AUTO_PACK_H
#define WH_LEARN_AUTO_PACK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Well mixed bits of a number (Steele, Lea and Flood, "Fast splittable pseudorandom number
 * generators", 2014, the finaliser of SplitMix64). */
static inline uint64_t wh_auto_mix(uint64_t number)
{
    number += UINT64_C(0x9e3779b97f4a7c15);
    number = (number ^ number >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    number = (number ^ number >> 27) * UINT64_C(0x94d049bb133111eb);
    return number ^ number >> 31;
}

/* A number from 0 to below 1, by the number `draw`. */
static inline double wh_auto_draw(uint64_t draw)
{
    return (double)(wh_auto_mix(draw) >> 11) * 0x1p-53;
}

/* Reads a number of at most `most` in size; a count from 0 to `most`. False for what is none. */
bool wh_auto_number(const json_t *value, double most, double *number);
bool wh_auto_count(const json_t *value, double most, uint64_t *count);

/* `count` numbers as a new text; and back: false unless it is the text of just so many, each at
 * most `most` in size. `text` may be NULL. */
json_t *wh_auto_doubles_save(const double *numbers, size_t count);
bool wh_auto_doubles_load(const json_t *text, double *numbers, size_t count, double most);
json_t *wh_auto_floats_save(const float *numbers, size_t count);
bool wh_auto_floats_load(const json_t *text, float *numbers, size_t count, double most);

#endif
