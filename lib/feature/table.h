/*
 * The steps that make features of rows. Each is a wh_step_type (pipe/step.h).
 */
#ifndef WH_FEATURE_TABLE_H
#define WH_FEATURE_TABLE_H

#include "pipe/step.h"

extern const struct wh_step_type wh_step_passthrough;
extern const struct wh_step_type wh_step_standard;
extern const struct wh_step_type wh_step_log1p;
extern const struct wh_step_type wh_step_onehot;
extern const struct wh_step_type wh_step_hash;
extern const struct wh_step_type wh_step_dates;

/* All steps that wh-featurize knows: the encoders and wh-clean's; NULL at the end. free() it. */
const struct wh_step_type **wh_feature_steps(void);

#endif
