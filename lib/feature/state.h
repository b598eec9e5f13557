/*
 * The STATE file: what the steps of a recipe have learned.
 *
 *     {"wh":"state","version":1,"recipe":{"steps":[...]},"rows":1000,"absent":[],"steps":[...],
 *      "sha256":"..."}
 *
 * One line of canonical JSON, so that equal states are equal files; `jq . STATE` shows it. The
 * digest covers every byte before it. A file that was cut or changed, comes from a newer version
 * or belongs to another recipe is refused. It appears whole or not at all, with mode 0600.
 */
#ifndef WH_FEATURE_STATE_H
#define WH_FEATURE_STATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "pipe/recipe.h"

struct wh_state {
    uint64_t rows;  /* that taught it */
    json_t *absent; /* the named columns that some of these rows lacked (feature/features.h) */
    json_t *steps;  /* an entry a step (wh_steps_save) */
};

void wh_state_free(struct wh_state *state);

/* Reads a state of this recipe. -1 with `error`, and then nothing to free. */
int wh_state_read(const char *path, const struct wh_recipe *recipe, struct wh_state *state,
                  struct wh_error *error);

/* A STATE file about to be written: under a lock, in a folder known to take new files. */
struct wh_state_file;

/* NULL when another process holds it, it is no state, or cannot be replaced. `path` is kept. */
struct wh_state_file *wh_state_open(const char *path, struct wh_error *error);
int wh_state_write(struct wh_state_file *file, const struct wh_recipe *recipe,
                   const struct wh_state *state, struct wh_error *error);
/* Gives up the lock; what was not written stays as it was. NULL is allowed. */
void wh_state_close(struct wh_state_file *file);

#endif
