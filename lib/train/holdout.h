/*
 * Held-out rows: a share of the rows that a model is measured on and never learns from.
 *
 * Which rows these are is decided by a hash of their values alone, so it is the same on every
 * machine, in every run, and whatever the order of rows and columns: a row that was held out once
 * is held out for ever. With `10%:customer_id` all rows of a customer are on the same side. With
 * `10%` alone all of a row's columns decide but the label and the weight: equal rows are then on
 * the same side, and a column more in the table puts every row anew.
 *
 * What counts of a value is its text, decoded: 1 and "1" are the same, 1 and 1.0 are not. Null
 * counts as a column that is not there.
 */
#ifndef WH_TRAIN_HOLDOUT_H
#define WH_TRAIN_HOLDOUT_H

#include <stdbool.h>

#include "base/error.h"
#include "model/row_plan.h"
#include "pipe/stage.h"
#include "record/row.h"

struct wh_holdout;

/* Reads "SHARE%" or "SHARE%:A,B", the share above 0 and below 100; a backslash takes the meaning
 * from a comma. It takes part in the plans of the rows, which are closed first, and whose label and
 * weight decide nothing; NULL: only the text is asked for. NULL on failure. */
struct wh_holdout *wh_holdout_open(const char *text, struct wh_row_plans *plans,
                                   struct wh_error *error);
/* NULL is allowed. */
void wh_holdout_close(struct wh_holdout *holdout);

/* The same share by the same columns has the same text: "10%:customer_id,day". */
const char *wh_holdout_text(const struct wh_holdout *holdout);

/* Whether the row, whose plan is `plan`, is held out. WH_BAD where it lacks one of the columns,
 * WH_FATAL where that is so by the header of CSV. */
enum wh_verdict wh_holdout_row(struct wh_holdout *holdout, struct wh_row *row,
                               struct wh_row_plan *plan, bool *held, struct wh_error *error);
/* After the last row: WH_REFUSED where no row had one of the columns. */
int wh_holdout_finish(const struct wh_holdout *holdout, struct wh_error *error);

#endif
