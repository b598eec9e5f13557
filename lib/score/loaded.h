/*
 * A loaded file: the predictor that is in it, shared by all stages and threads that score by the
 * file, and loaded once for all of them when another has taken its place.
 *
 * Any number of threads may use it at once. Nobody waits for a load: the thread that finds the file
 * replaced loads it, and the others go on with the predictor before until they are given the new
 * one. It is counted like a predictor: whoever needs it holds it, and the last holder frees it.
 */
#ifndef WH_SCORE_LOADED_H
#define WH_SCORE_LOADED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "score/predictor.h"

struct wh_loaded;

/* Loads the predictor of this kind in a file; the caller holds it. NULL on failure, as load. */
struct wh_loaded *wh_loaded_open(const struct wh_predictor_kind *kind, const char *path,
                                 struct wh_error *error);
/* One holder more, and one less. Release takes NULL. */
void wh_loaded_hold(struct wh_loaded *loaded);
void wh_loaded_release(struct wh_loaded *loaded);

/* The predictor to score by, which the caller then holds: the last that could be loaded. *number is
 * that of the last load, from 1 on. */
struct wh_predictor *wh_loaded_predictor(struct wh_loaded *loaded, uint64_t *number);

/* The number of the last load. Costs next to nothing. */
uint64_t wh_loaded_number(const struct wh_loaded *loaded);

/* Looks at the file, and loads what has taken its place. */
void wh_loaded_look(struct wh_loaded *loaded);
/* Whether there was a load after number *number, which becomes that of the last. *predictor is what
 * was loaded, which the caller then holds, or NULL with the reason why it could not be. */
bool wh_loaded_newer(struct wh_loaded *loaded, uint64_t *number, struct wh_predictor **predictor,
                     struct wh_error *reason);

#endif
