/*
 * The sections of a model's file (model/modelfile.h): lines (learn/lines.h) of one component each.
 * A component is a line in the table.
 */
#ifndef WH_MODEL_SECTIONS_H
#define WH_MODEL_SECTIONS_H

#include <jansson.h>
#include <stddef.h>

#include "base/error.h"
#include "learn/lines.h"

struct wh_model;

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
