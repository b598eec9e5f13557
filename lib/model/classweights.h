/*
 * Class weights: how much more than others the rows of a class teach, "yes=5,no=1", by the label as
 * it is spelled. Measures and calibration do not know of them.
 */
#ifndef WH_MODEL_CLASSWEIGHTS_H
#define WH_MODEL_CLASSWEIGHTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/task.h"

/* Refuses a text that is none. */
int wh_class_weights_check(const char *text, struct wh_error *error);

/* Whether a text that was checked names a label that is none of the task's classes: the first one,
 * which points into the text. */
bool wh_class_weights_unmet(const char *text, const struct wh_task *task, const char **label,
                            size_t *length);

/* The weight of a class by a text that was checked; 1 where it is not named. */
double wh_class_weight(const char *text, const struct wh_task *task, const struct wh_class *class);

#endif
