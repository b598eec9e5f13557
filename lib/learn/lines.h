/*
 * Lines: what components of a model write into its file that has no place in the header or in a
 * line for each feature (model/modelfile.h). A component is a line in the table of sections.
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

struct wh_model;
struct wh_lines;

/* Adds a line with a value, whose reference it takes. */
int wh_lines_add(struct wh_lines *lines, json_t *value, struct wh_error *error);

struct wh_section {
    const char *name;
    /* Adds lines, or none. */
    int (*write)(const struct wh_model *model, struct wh_lines *lines, struct wh_error *error);
    /* Takes the value of one line. Whatever it is, it must be checked. Header and features were
     * read before. */
    int (*read)(struct wh_model *model, const json_t *value, struct wh_error *error);
};

/* In the order of the file. */
extern const struct wh_section wh_sections[];
extern const size_t wh_section_count;

#endif
