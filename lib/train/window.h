/*
 * The last rows of an input, for models of the recent past: so many of them, or those whose event
 * time is within a duration of the newest. Where the window begins is known when all rows have been
 * looked at, in a reading that teaches nothing; what is kept of them is a number.
 */
#ifndef WH_TRAIN_WINDOW_H
#define WH_TRAIN_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "pipe/stage.h"

struct wh_window {
    uint64_t rows;        /* so many; 0: by time */
    int64_t milliseconds; /* before the newest */
    const char *time;     /* the column of the event time */
    uint64_t looked, at;  /* rows of the first reading, and of this one */
    int64_t newest;
    bool timed;           /* some row had a time */
};

/* Reads a count of rows ("100000") or a duration ("90d"), which needs `time`, the column of the
 * event time (NULL: none), to stay. */
int wh_window_parse(const char *text, const char *time, struct wh_window *window,
                    struct wh_error *error);

/* The first reading: a row, of which all that come to a stage are looked at. `time` is the index of
 * its event time, -1 where it has no such column. */
enum wh_verdict wh_window_look(struct wh_window *window, struct wh_row *row, int time,
                               struct wh_error *error);
/* Another reading begins. */
void wh_window_begin(struct wh_window *window);
/* Whether this one of its rows is inside. WH_BAD where that cannot be known. */
enum wh_verdict wh_window_row(struct wh_window *window, struct wh_row *row, int time, bool *inside,
                              struct wh_error *error);

#endif
