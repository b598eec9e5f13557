/*
 * The event time of rows: when what a row tells of happened, by the column that --time names. A
 * date or timestamp as wh_time_parse reads it, UTC where it has no zone, or a number: seconds since
 * 1970-01-01.
 */
#ifndef WH_PIPE_EVENTTIME_H
#define WH_PIPE_EVENTTIME_H

#include <stdint.h>

#include "base/error.h"
#include "pipe/stage.h"
#include "record/row.h"

struct wh_event_time {
    const char *column; /* must stay */
    uint64_t serial;    /* of the shape that the index is known of */
    int index;
};

/* The row's time in milliseconds since 1970-01-01. WH_BAD where it has none, or no time can be read
 * from it: a time that is missing must not pass for an early or a late one. */
enum wh_verdict wh_event_time_read(struct wh_event_time *time, struct wh_row *row,
                                   int64_t *milliseconds, struct wh_error *error);

#endif
