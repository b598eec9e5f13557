/*
 * Eviction: when a model holds as many features as it may (--max-features) and rows bring others,
 * the rarest eighth is forgotten, and the counts of the others are halved. A feature's count is
 * the number of rows that were learned from and had it; of those with the same count the older
 * go first. So the names that keep coming stay, and memory is bounded however many there are.
 *
 * A new name that finds no room is left out once; the row after may bring it again.
 */
#ifndef WH_MODEL_EVICTION_H
#define WH_MODEL_EVICTION_H

#include <stdint.h>

#include "learn/lines.h"
#include "model/examples.h"
#include "model/model.h"

/* Counts the features of a row that was learned from. */
void wh_model_saw(struct wh_model *model, const struct wh_example *example);

/* Forgets the rarest; returns how many. Feature numbers change: whoever holds one forgets it
 * (wh_examples_forget). */
uint32_t wh_model_evict(struct wh_model *model);

/* The counts, as a section of the file. */
int wh_eviction_write(const struct wh_model *model, struct wh_lines *lines,
                      struct wh_error *error);
int wh_eviction_read(struct wh_model *model, const json_t *value, struct wh_error *error);

#endif
