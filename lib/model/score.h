/*
 * The stage of wh-score: adds a model's prediction to each row (model/scored.h), and measures it
 * where there are labels. The model is read at open and does not change.
 */
#ifndef WH_MODEL_SCORE_H
#define WH_MODEL_SCORE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/memory.h"
#include "model/model.h"
#include "pipe/stage.h"
#include "record/nulls.h"

struct wh_score_settings {
    const char *path;   /* of the model */
    const char *label;  /* measure against this column; NULL: do not measure */
    const char *weight; /* with this column as the rows' weights; NULL: all 1 */
    const char *as;     /* the name instead of "score"; NULL: that */
    bool keep_features;
    struct wh_nulls nulls; /* what means null in rows */
};

/* `settings` and what it points at must stay. NULL on failure. */
struct wh_stage *wh_score_open(const struct wh_score_settings *settings, struct wh_error *error);

/* What was measured, lines of text each with its line end; nothing without a label column. */
void wh_score_summary(struct wh_stage *stage, struct wh_buffer *out);

#endif
