/*
 * Lines: what components of a model write into its file that has no place in the header or in a
 * line for each feature (model/sections.h).
 *
 * What is written must follow from what was learned alone, whatever way that was come by: the
 * digest covers it. Memory that is reserved, or where checkpoints fell, must not show. Long runs
 * of zeros are best left out: a file that can be compressed more than 256 times is refused.
 */
#ifndef WH_LEARN_LINES_H
#define WH_LEARN_LINES_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The most bytes that a value may take as text; 512 kB of binary data in base64 are below. */
enum { WH_MAX_LINE_VALUE = 1 << 20 };

/* Where they go. */
struct wh_lines {
    int (*add)(struct wh_lines *lines, json_t *value, struct wh_error *error);
};

/* Adds a line with a value, whose reference it takes. */
static inline int wh_lines_add(struct wh_lines *lines, json_t *value, struct wh_error *error)
{
    return lines->add(lines, value, error);
}

#endif
