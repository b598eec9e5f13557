/*
 * What the cleaning steps share: a choice of columns out of the recipe, and where these columns
 * are in a shape.
 */
#ifndef WH_CLEAN_CHOSEN_H
#define WH_CLEAN_CHOSEN_H

#include "pipe/step.h"

/* Where the columns are. */
struct wh_chosen {
    struct wh_binding base;
    uint32_t count;
    uint32_t indices[];
};

/*
 * Reads the columns of a recipe's object: "columns", the common syntax or an array of names as
 * they are, or "column", the same as a string. -1 with an error where there is none or it is
 * wrong.
 */
int wh_chosen_columns(const json_t *recipe, struct wh_columns **columns, struct wh_error *error);

/* "COL=VALUE" as a recipe's object: key "column" for one plain name, "columns" for any other. */
json_t *wh_chosen_value_argument(const char *argument, const char *key, struct wh_error *error);

/* Ready for wh_step_ops: bind makes a struct wh_chosen; close frees the columns and the step. */
struct wh_binding *wh_chosen_bind(struct wh_step *step, const struct wh_shape *shape,
                                  struct wh_error *error);
void wh_chosen_close(struct wh_step *step);

/* A step that has nothing but columns. */
struct wh_step *wh_chosen_open(const json_t *recipe, const struct wh_step_ops *ops,
                               struct wh_error *error);

#endif
