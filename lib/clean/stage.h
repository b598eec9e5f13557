/*
 * The stage that runs a list of steps and sends on the rows they keep: all there is to wh-clean.
 *
 * With a state, steps that are live go on where they ended: from run to run, and under control
 * records from checkpoint to checkpoint.
 */
#ifndef WH_CLEAN_STAGE_H
#define WH_CLEAN_STAGE_H

#include "pipe/recipe.h"
#include "pipe/stage.h"
#include "record/nulls.h"

/* What the stage is made of; all of it must stay. */
struct wh_cleaning {
    const struct wh_recipe *recipe;
    struct wh_nulls nulls; /* of --null-value: where a step makes such a value it is null too */
    const char *time;      /* the column of the event time; NULL: there is none, and steps that need
                              it are refused */
    const char *state;     /* STATE, read if it is there and written at the end; NULL: none */
};

/* NULL with `error` where the recipe or the state is refused. Closed by its ops' close. */
struct wh_stage *wh_clean_open(const struct wh_cleaning *cleaning, struct wh_error *error);

/* Rows that the steps remember from earlier runs, not of a stream; 0 where there were none. */
uint64_t wh_clean_rows(const struct wh_stage *stage);

#endif
