/*
 * What rows ask for under --apply: `_op` says what is to be done, `_unchanged` names columns whose
 * value is not known and must be left as it is.
 *
 *     _op         upsert, insert, update (all three: insert or update), delete, truncate;
 *                 null or absent: upsert
 *     _unchanged  an array of names; out of CSV its JSON text; null or absent: none
 */
#ifndef WH_SINK_POSTGRES_APPLY_H
#define WH_SINK_POSTGRES_APPLY_H

#include "record/row.h"
#include "sink/postgres_layout.h"

/* Whether a column that --apply takes for itself is _op. */
bool wh_pg_apply_is_op(const struct wh_column *column);

/* 0, or a bad row. */
int wh_pg_apply_op(struct wh_row *row, const struct wh_field *field, enum wh_pg_op *op,
                   struct wh_error *error);

/* Sets alone[i] for those of `count` fields whose column, columns[i], is named. 0, or a bad row, as
 * where the array names one of the key. */
int wh_pg_apply_unchanged(const struct wh_pg_table *table, const struct wh_field *field,
                          const uint32_t *columns, uint32_t count, bool *alone,
                          struct wh_error *error);

#endif
