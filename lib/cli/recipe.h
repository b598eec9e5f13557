/*
 * Recipes on the command line: an option for each step, -r/--recipe and --print-recipe.
 */
#ifndef WH_CLI_RECIPE_H
#define WH_CLI_RECIPE_H

#include "cli/options.h"
#include "pipe/recipe.h"

/* The options' table for these step types: one option each, plus -r/--recipe and
 * --print-recipe. The target of the table's part is the struct wh_recipe. One block, to free(). */
struct wh_option *wh_recipe_options(const struct wh_step_type *const *types, size_t *count);

/* Writes the recipe to standard output: what --print-recipe does. */
int wh_recipe_show(const struct wh_recipe *recipe, struct wh_error *error);

#endif
