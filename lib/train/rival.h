/*
 * The model that is there, beside a new one that may take its place: both predict the same rows,
 * which neither has learned from, and their losses are compared pair by pair.
 */
#ifndef WH_TRAIN_RIVAL_H
#define WH_TRAIN_RIVAL_H

#include "base/error.h"
#include "learn/compare.h"
#include "model/model.h"
#include "pipe/stage.h"

struct wh_rival;

/*
 * Reads the model at `path`, which must predict the same label as `model` and have held out the
 * same rows: what it has learned from would speak for it. *rival is NULL where there is no model,
 * or one that has learned nothing: then there is none to beat. `path` must stay.
 */
int wh_rival_open(const char *path, const struct wh_model *model, struct wh_rival **rival,
                  struct wh_error *error);
/* NULL is allowed. */
void wh_rival_close(struct wh_rival *rival);

/* Refuses what cannot be compared with `model`, when that has learned: another task or loss. */
int wh_rival_check(const struct wh_rival *rival, const struct wh_model *model,
                   struct wh_error *error);

/* A row that was held out and what the new model made of it. A row that the rival cannot take ends
 * the run. */
enum wh_verdict wh_rival_row(struct wh_rival *rival, struct wh_row *row,
                             const struct wh_prediction *prediction,
                             const struct wh_judgement *judgement, struct wh_error *error);

/* What came of it; the rival is the first of the two. */
const struct wh_comparison *wh_rival_comparison(const struct wh_rival *rival);

#endif
