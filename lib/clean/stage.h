/*
 * The stage that runs a list of steps and sends on the rows they keep: all there is to wh-clean.
 */
#ifndef WH_CLEAN_STAGE_H
#define WH_CLEAN_STAGE_H

#include "pipe/stage.h"
#include "pipe/step.h"
#include "record/nulls.h"

/* Takes the steps over: closing the stage frees them. `nulls` become null before the steps. */
struct wh_stage *wh_clean_stage(struct wh_steps *steps, struct wh_nulls nulls);

#endif
