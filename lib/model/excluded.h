/*
 * Excluded columns: those that --id, --ignore, --time and --join name, which are not features.
 *
 * A column may be absent from rows; of a new model's first row none may, and after its last one
 * each must have been in some row, since a mistyped one would have become a feature. Memory: the
 * choices, freed by close.
 */
#ifndef WH_MODEL_EXCLUDED_H
#define WH_MODEL_EXCLUDED_H

#include <stdbool.h>

#include "base/error.h"
#include "model/row_plan.h"
#include "record/row.h"

enum { WH_EXCLUDED_CHOICES = 4 };

struct wh_excluded {
    struct wh_columns *choices[WH_EXCLUDED_CHOICES]; /* NULL where not given */
};

/* -1 where a choice is invalid; to be closed in every case. */
int wh_excluded_open(struct wh_excluded *excluded, const struct wh_roles *roles,
                     struct wh_error *error);
void wh_excluded_close(struct wh_excluded *excluded);

/* Sets those of `marks`, one for each column of the row, that are excluded. -1 where a column is
 * absent, unless `lenient`. */
int wh_excluded_mark(const struct wh_excluded *excluded, const struct wh_row *row, bool lenient,
                     bool *marks, struct wh_error *error);
/* WH_REFUSED where an item of a choice has found no column: in `shape`, which all rows have, or,
 * where that is NULL, in any row. */
int wh_excluded_check(const struct wh_excluded *excluded, const struct wh_shape *shape,
                      struct wh_error *error);

#endif
