/*
 * A stage: the unit that every tool runs and that wh-serve will chain in one process. Rows go in
 * one at a time; each comes out changed, or not at all, or more than one does.
 *
 * A stage holds no global state, never exits and never prints.
 */
#ifndef WH_PIPE_STAGE_H
#define WH_PIPE_STAGE_H

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"
#include "record/row.h"

/* What became of a row. */
enum wh_verdict {
    WH_TAKEN,      /* in order; it was emitted, or kept, or there was nothing to emit */
    WH_BAD,        /* breaks a rule: error filled by wh_bad_row, goes to the rejects */
    WH_FATAL = -1, /* the run must end */
};

/* Where a stage sends its rows: the next stage, or the writer. */
struct wh_emit {
    enum wh_verdict (*row)(struct wh_emit *emit, struct wh_row *row, struct wh_error *error);
};

static inline enum wh_verdict wh_emit_row(struct wh_emit *emit, struct wh_row *row,
                                          struct wh_error *error)
{
    return emit->row(emit, row, error);
}

struct wh_stage;

struct wh_stage_ops {
    enum wh_verdict (*row)(struct wh_stage *stage, struct wh_row *row, struct wh_emit *emit,
                           struct wh_error *error);
    /* After the last row: emits what was held back, saves. NULL where there is nothing to do. */
    int (*finish)(struct wh_stage *stage, struct wh_emit *emit, struct wh_error *error);
    /* Where no row came out of CSV that has a header: gives `row`, which has the header's columns
     * and no values, those that rows would have come out with. NULL: that cannot be known, and
     * the output stays empty. */
    int (*columns)(struct wh_stage *stage, struct wh_row *row, struct wh_error *error);
    /* About once a second, between two rows, `now` by wh_clock(): save, reload, report. NULL. */
    int (*tick)(struct wh_stage *stage, double now, struct wh_error *error);
    /* Adds what the tool knows to the object that --stats writes. NULL. */
    void (*stats)(struct wh_stage *stage, json_t *stats);
    /* One line for the progress display, at most `size` bytes. NULL. */
    void (*progress)(struct wh_stage *stage, char *line, size_t size);
    void (*close)(struct wh_stage *stage);
};

struct wh_stage {
    const struct wh_stage_ops *ops;
};

#endif
