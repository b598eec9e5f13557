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

enum { WH_EVENT_TIME_LOG2 = 3, WH_EVENT_TIME_SHAPES = 1 << WH_EVENT_TIME_LOG2 };

struct wh_event_time {
    const char *column; /* must stay */
    struct {
        uint64_t serial;
        int index;
    } known[WH_EVENT_TIME_SHAPES]; /* where the column is in rows of these shapes */
};

/* The row's time in milliseconds since 1970-01-01. WH_BAD where it has none, or no time can be read
 * from it: a time that is missing must not pass for an early or a late one. */
enum wh_verdict wh_event_time_read(struct wh_event_time *time, struct wh_row *row,
                                   int64_t *milliseconds, struct wh_error *error);

/* The same of a row whose column of that name is known to be at `index`; -1: it has none. */
enum wh_verdict wh_event_time_at(const char *column, int index, struct wh_row *row,
                                 int64_t *milliseconds, struct wh_error *error);

#endif
