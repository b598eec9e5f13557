/*
 * A column that an option names and that every row must have: --weight, --join, the columns of
 * --holdout. Rows of CSV all have the columns of the header, so that a header without it is the
 * command line's mistake and the run is refused; a row of NDJSON without it is bad, and where rows
 * came and none had it, the run is refused at its end.
 */
#ifndef WH_RECORD_REQUIRED_H
#define WH_RECORD_REQUIRED_H

#include <stdbool.h>

#include "base/error.h"
#include "record/row.h"

struct wh_required {
    const char *option; /* "--join"; borrowed, as the name is */
    const char *name;
    bool found;             /* in any row */
    bool lacked;            /* by a row of NDJSON; ... */
    struct wh_error absent; /* ... to be told where none had it */
};

/* The column's index in a row's shape, asked once for each shape. -1 where it is absent: WH_REFUSED
 * for CSV, else a bad row. */
int wh_required_find(struct wh_required *required, const struct wh_row *row,
                     struct wh_error *error);
/* The same where the column's index is known, -1 where it is absent. */
int wh_required_at(struct wh_required *required, const struct wh_row *row, int index,
                   struct wh_error *error);
/* After the last row: WH_REFUSED where rows lacked the column and none had it. */
int wh_required_check(const struct wh_required *required, struct wh_error *error);

#endif
