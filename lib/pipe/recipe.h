/*
 * Recipes: lists of steps as JSON, from options and files, in canonical form.
 *
 *     {"steps":[{"op":"fill","column":"discount","value":0},{"op":"trim","columns":"city"}]}
 */
#ifndef WH_PIPE_RECIPE_H
#define WH_PIPE_RECIPE_H

#include <jansson.h>

#include "base/error.h"
#include "base/memory.h"
#include "pipe/step.h"

/* A recipe being put together, and the step types there are (NULL at the end). */
struct wh_recipe {
    const struct wh_step_type *const *types;
    json_t *steps; /* an array; wh_recipe_free gives it back */
    bool print;    /* --print-recipe was given */
};

void wh_recipe_init(struct wh_recipe *recipe, const struct wh_step_type *const *types);
void wh_recipe_free(struct wh_recipe *recipe);

/* Appends one step from an option, or all steps of a file (-r). Each is made once to find what is
 * wrong with it; the error names the file and the place in it. */
int wh_recipe_option(struct wh_recipe *recipe, const char *op, const char *argument,
                     struct wh_error *error);
int wh_recipe_file(struct wh_recipe *recipe, const char *path, struct wh_error *error);

/* {"steps":[...]} on one line for --print-recipe, with a newline; free() it. */
char *wh_recipe_print(const struct wh_recipe *recipe);
/* R of the stamp: 12 hexadecimal digits over the canonical JSON (record/canonical.h). */
void wh_recipe_hash(const struct wh_recipe *recipe, char hex[static 13]);

#endif
