/*
 * The table of progress: the figures so far, after rows 1, 2, 4, 8 ... and at the end.
 *
 * Zero-initialise but for `say` and its context; owns no memory.
 */
#ifndef WH_TRAIN_TABLE_H
#define WH_TRAIN_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/model.h"
#include "score/report.h"

struct wh_table {
    void (*say)(void *context, const char *line); /* NULL: nobody is told */
    void *context;
    uint64_t next; /* rows, after which a line is due */
    bool head_said;
};

/* Whether a line is due when `rows` have been measured, from 1. */
static inline bool wh_table_due(const struct wh_table *table, uint64_t rows)
{
    return rows >= table->next;
}

/* Says it. `held`: what the rows held out were measured by; NULL where none are. */
void wh_table_row(struct wh_table *table, uint64_t rows, const struct wh_model *model,
                  struct wh_evaluation *evaluation, const struct wh_evaluation *held);
/* After the last row: a line for it, where it has none. */
void wh_table_end(struct wh_table *table, uint64_t rows, const struct wh_model *model,
                  struct wh_evaluation *evaluation, const struct wh_evaluation *held);

#endif
