/*
 * Findings: what the census (model/census.h) makes of the columns of a run, told in a line for each
 * column at its end, in --stats and by --describe; and the bad rows of --strict.
 *
 * A column never came, is unknown to the model, holds values that cannot be read as those it
 * learned from, has texts none of which the model knows, mixes numbers and texts, or holds numbers
 * with decimal commas, dates, or as many values as rows. Of a column the first of these is told.
 * What a few rows could show by chance is not: a column that most rows lack is missed once ten
 * rows should have had it, and values count as all different from 50 on.
 */
#ifndef WH_MODEL_FINDINGS_H
#define WH_MODEL_FINDINGS_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/memory.h"
#include "model/census.h"

enum { WH_MOST_FINDINGS = 10 /* lines */ };

/* Lines about this run's columns, each begun with `prefix`. `learned`: the run was of wh-update,
 * and its rows are those that were learned from. */
void wh_findings_report(struct wh_buffer *out, struct wh_model *model, bool learned,
                        const char *prefix);

/* The same for --stats: the member "columns", an array of what came in each column (the first
 * thousand). */
void wh_findings_stats(json_t *stats, struct wh_model *model, bool learned);

/* Lines of --describe. */
void wh_findings_describe(struct wh_buffer *out, const struct wh_model *model);

/* The same for --describe=json: a new array of an object for each column that the model has learned
 * from. Pending counts must have been settled. */
json_t *wh_findings_columns(const struct wh_model *model);

/*
 * The bad rows of --strict. All return -1.
 */

/* `others`, `count` of them: columns of the model that the row lacks, one of which may be meant. */
int wh_refuse_unknown(struct wh_slice name, const char *const *others, size_t count, bool learns,
                      struct wh_error *error);
int wh_refuse_absent(struct wh_slice name, struct wh_error *error);
/* A value, `text`, that cannot be read as the column's kind. */
int wh_refuse_value(const struct wh_census_column *column, struct wh_slice name,
                    struct wh_slice text, struct wh_error *error);

#endif
