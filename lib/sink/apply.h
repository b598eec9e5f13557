/*
 * What rows ask for under --apply: `_op` says what is to be done, `_unchanged` names columns whose
 * value is not known and must be left as it is.
 *
 *     _op         upsert, insert, update (all three: insert or update), delete, truncate;
 *                 null or absent: upsert
 *     _unchanged  an array of names; out of CSV its JSON text; null or absent: none
 */
#ifndef WH_SINK_APPLY_H
#define WH_SINK_APPLY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "record/row.h"

enum wh_apply_op { WH_APPLY_UPSERT, WH_APPLY_DELETE, WH_APPLY_TRUNCATE };

/* Whether a column that --apply takes for itself (wh_schema_reserved) is _op. */
bool wh_apply_is_op(const struct wh_column *column);

/* The value of _op. 0, or -1: a bad row. */
int wh_apply_op(struct wh_row *row, const struct wh_field *field, enum wh_apply_op *op,
                struct wh_error *error);

/* The names in a value of _unchanged, an array of strings to be freed; NULL: a bad row, also where
 * one of `key` is named. */
json_t *wh_apply_unchanged(const struct wh_field *field, const char *const *key, size_t key_count,
                           struct wh_error *error);

#endif
