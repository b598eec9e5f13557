/*
 * Guarding a model against drift (learn/drift.h) as it learns, and what is done about it: it
 * is told, and where --on-drift reset asks for that, the learner starts anew. Names, labels and
 * metrics stay. All of it is learned: it follows from the rows, and stands in the model's file.
 */
#ifndef WH_MODEL_GUARD_H
#define WH_MODEL_GUARD_H

#include "base/error.h"
#include "base/memory.h"
#include "learn/lines.h"
#include "model/model.h"
#include "record/row.h"

/* What may be done upon drift, NULL last. */
extern const char *const wh_on_drift_names[];
#define WH_DEFAULT_ON_DRIFT "warn"

/* For a new model: settles what the settings leave open, and refuses what they say amiss. */
int wh_guard_begin(struct wh_model *model, struct wh_error *error);
/* The same for one that is read: the state follows with the sections. One that was never begun
 * here is not watched. */
int wh_guard_resume(struct wh_model *model, struct wh_error *error);

/* After a row was learned from: what drift was found in its losses, or NULL. */
const struct wh_drift_event *wh_guard_row(struct wh_model *model, const struct wh_row *row,
                                          const struct wh_judgement *judgement);

/* "drift at row 5120 (2024-03-01): the loss has risen from 0.21 to 0.48 ...", without a line end.
 */
void wh_guard_tell(struct wh_buffer *out, const struct wh_model *model,
                   const struct wh_drift_event *event);

/* Lines of --describe, and members of --stats: `drifts`, how many, and `last_drifts`. */
void wh_guard_describe(struct wh_buffer *out, const struct wh_model *model);
void wh_guard_stats(json_t *stats, const struct wh_model *model);

/* The section "drift" (model/sections.h). */
int wh_guard_write(const struct wh_model *model, struct wh_lines *lines, struct wh_error *error);
int wh_guard_read(struct wh_model *model, const json_t *value, struct wh_error *error);

#endif
