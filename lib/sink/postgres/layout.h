/*
 * Which of the table's columns a batch of rows fills, and where in a row their values are.
 *
 * A batch is one COPY, with one list of columns. A row fits it where it brings every column of the
 * list, and no other. Where rows are only added, a column that a row lacks can as well be null in
 * it, if it has no default: so rows whose columns differ only in these go in one batch. Where
 * rows of a key are updated, a column that a row lacks must be left alone.
 *
 * What a shape of rows means to the table is worked out once and found again by its serial.
 */
#ifndef WH_SINK_POSTGRES_LAYOUT_H
#define WH_SINK_POSTGRES_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "pipe/stage.h"
#include "record/row.h"
#include "record/shape_cache.h"
#include "sink/apply.h"
#include "sink/postgres/table.h"
#include "sink/postgres/value.h"
#include "sink/sink.h"

/* What the rows of one shape mean to the table. */
struct wh_pg_plan {
    uint64_t serial;           /* of the shape; 0: none */
    uint32_t count;            /* of its fields */
    uint32_t *columns;         /* of each field; WH_PG_NONE for _op and _unchanged */
    uint32_t op, unchanged;    /* these fields, or WH_PG_NONE */
    struct wh_buffer left;     /* the text of _unchanged that `alone` was made from */
    bool *alone;               /* of each field: _unchanged names it */
    uint64_t generation;       /* of the layout that `fields` is for; 0: none */
    uint32_t *fields;          /* of each column of the layout; WH_PG_NONE: null */
};

struct wh_pg_layout {
    const struct wh_pg_table *table;
    const struct wh_sink_request *request;
    enum wh_apply_op op;
    uint32_t *columns;         /* of the batch, in COPY's order */
    uint32_t count;
    uint32_t *places;          /* of each column of the table in these; WH_PG_NONE */
    bool numbered;             /* each line ends in the row's number in the batch */
    uint64_t generation;       /* counts the lists of columns so far; 0: there was none */
    struct wh_pg_values values;
    struct wh_shape_cache plans;
};

/* `table` and `request` must stay. Zero-initialise. */
void wh_pg_layout_open(struct wh_pg_layout *layout, const struct wh_pg_table *table,
                       const struct wh_sink_request *request);
void wh_pg_layout_close(struct wh_pg_layout *layout);

/* Finds out what a row means and asks for. The plan stays until the next call. WH_FATAL where the
 * table lacks a column (WH_REFUSED). */
enum wh_verdict wh_pg_layout_plan(struct wh_pg_layout *layout, struct wh_row *row,
                                  struct wh_pg_plan **plan, enum wh_apply_op *op,
                                  struct wh_error *error);

/* Whether a row of the plan can go into the present batch. */
bool wh_pg_layout_fits(const struct wh_pg_layout *layout, struct wh_pg_plan *plan,
                       enum wh_apply_op op);
/* Makes the list of columns of a new batch so that it can. */
void wh_pg_layout_take(struct wh_pg_layout *layout, struct wh_pg_plan *plan, enum wh_apply_op op);

/* Appends the row, which fits, as line `number` of the batch. -1: a bad row, nothing appended. */
int wh_pg_layout_row(struct wh_pg_layout *layout, const struct wh_pg_plan *plan,
                     const struct wh_row *row, uint64_t number, struct wh_buffer *out,
                     struct wh_error *error);

#endif
