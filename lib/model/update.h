/*
 * The stage of wh-update: learns from each row, emits none, keeps the model in its file.
 *
 * The model is read at open, or begun; it is saved at the end of the rows, and in between where
 * that is asked for. The lock beside it is held from open to close, so that no second run can
 * write it. A run that fails saves nothing: the file is as it was last saved.
 */
#ifndef WH_MODEL_UPDATE_H
#define WH_MODEL_UPDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "model/model.h"
#include "pipe/stage.h"
#include "record/nulls.h"

struct wh_update_settings {
    const char *path; /* of the model */
    bool fresh;       /* start from nothing; a model there is replaced at the end */
    /* What the user gave, NULL or as said where nothing: for a model that is there, what it has. */
    const char *learner, *loss, *task, *positive;
    struct wh_roles roles;
    double rate;           /* NaN: the learner's own */
    uint64_t max_features; /* 0: the default */
    double save_every;     /* seconds; 0: only at the end */
    struct wh_nulls nulls; /* what means null in rows */
    /* Takes a line of the table of progress, after rows 1, 2, 4, 8 ... and at the end. May be
     * NULL. */
    void (*say)(void *context, const char *line);
    void *say_context;
};

/* `settings` and what it points at must stay. NULL on failure. */
struct wh_stage *wh_update_open(const struct wh_update_settings *settings, struct wh_error *error);

/* The model, and whether it was there before. */
const struct wh_model *wh_update_model(const struct wh_stage *stage);
bool wh_update_continues(const struct wh_stage *stage);

/* What became of the run, a line or more of text, each with its line end. */
void wh_update_summary(struct wh_stage *stage, double seconds, struct wh_buffer *out);

#endif
