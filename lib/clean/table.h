/*
 * The steps that clean rows: types, missing values, text, duplicates, which columns there are.
 * Each is a wh_step_type (pipe/step.h); wh-clean and wh-featurize run them.
 */
#ifndef WH_CLEAN_TABLE_H
#define WH_CLEAN_TABLE_H

#include "pipe/step.h"

/* All of them, NULL at the end. */
extern const struct wh_step_type *const wh_clean_steps[];

extern const struct wh_step_type wh_clean_type;
extern const struct wh_step_type wh_clean_fill;
extern const struct wh_step_type wh_clean_drop_missing;
extern const struct wh_step_type wh_clean_trim;
extern const struct wh_step_type wh_clean_lower;
extern const struct wh_step_type wh_clean_unique;
extern const struct wh_step_type wh_clean_select;
extern const struct wh_step_type wh_clean_exclude;
extern const struct wh_step_type wh_clean_rename;
extern const struct wh_step_type wh_clean_flatten;

#endif
