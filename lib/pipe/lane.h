/*
 * A lane: what a row that was read goes through on its way out, --null-value, --string and the
 * stage. A run has one lane; where rows go through several stages at a time, each has one of its
 * own. Used by one thread at a time. It owns nothing that it is given.
 */
#ifndef WH_PIPE_LANE_H
#define WH_PIPE_LANE_H

#include <stdbool.h>

#include "base/error.h"
#include "pipe/stage.h"
#include "record/nulls.h"
#include "record/reader.h"
#include "record/shape_cache.h"

struct wh_lane {
    struct wh_nulls nulls;         /* --null-value, for rows whose reader does not know it */
    struct wh_columns *strings;    /* --string, for NDJSON; NULL: none */
    struct wh_shape_cache columns; /* these, by shape */
    bool has_strings;              /* there was a row to look for them in */
    struct wh_stage *stage;        /* NULL: rows pass unchanged */
    struct wh_emit *emit;          /* where they go */
};

/* `strings`: those of the reading, or a choice of the lane's own, which remembers what it found. */
void wh_lane_open(struct wh_lane *lane, const struct wh_reading *reading,
                  struct wh_columns *strings, struct wh_stage *stage, struct wh_emit *emit);
void wh_lane_close(struct wh_lane *lane);

/* --string in NDJSON: numbers become strings, and strings are meant as such. */
int wh_lane_strings(struct wh_lane *lane, struct wh_row *row, struct wh_error *error);

static inline enum wh_verdict wh_lane_row(struct wh_lane *lane, struct wh_row *row,
                                          struct wh_error *error)
{
    struct wh_stage *stage = lane->stage;
    wh_nulls_row(&lane->nulls, row);
    if (lane->strings && row->raw_format == WH_FORMAT_NDJSON
        && wh_lane_strings(lane, row, error) != 0)
        return WH_FATAL;
    return stage ? stage->ops->row(stage, row, lane->emit, error)
                 : wh_emit_row(lane->emit, row, error);
}

#endif
