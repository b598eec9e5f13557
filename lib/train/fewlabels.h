/*
 * Whether the labels of a run, which were taken for numbers, look like names of classes: few small
 * whole numbers that come again and again, as 1, 2 and 3.
 *
 * Zero-initialise; owns no memory.
 */
#ifndef WH_TRAIN_FEWLABELS_H
#define WH_TRAIN_FEWLABELS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"

enum { WH_FEW_LABELS = 10 };

struct wh_few_labels {
    double values[WH_FEW_LABELS]; /* ascending */
    uint32_t count;
    uint64_t rows;
    bool others; /* some label is not whole, not small, or one too many */
};

void wh_few_labels_add(struct wh_few_labels *labels, double label);

/* A line that tells how they would be learned as classes, where they look like it. */
void wh_few_labels_tell(const struct wh_few_labels *labels, const char *column,
                        struct wh_buffer *out);

#endif
