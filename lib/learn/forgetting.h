/*
 * Forgetting: how many half-lives have passed since a model began, by which learners let what a row
 * has taught count less and less (learn/linear.h). A half-life is a number of rows learned from, or
 * a duration by the rows' event time; a row that comes late does not turn the clock back.
 * Zero-initialised nothing is forgotten.
 */
#ifndef WH_LEARN_FORGETTING_H
#define WH_LEARN_FORGETTING_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct wh_forgetting {
    double rows;         /* the half-life; 0: not by rows */
    double milliseconds; /* or this; 0: not by time */
    double clock;        /* half-lives that have passed */
    double began;        /* by time: of the first row, in milliseconds since 1970 */
    bool begun;
};

/* Reads a number of rows ("100000") or a duration ("30d"), which needs `time`, the column of the
 * event time (NULL: none). */
int wh_forgetting_parse(const char *text, const char *time, struct wh_forgetting *forgetting,
                        struct wh_error *error);

/* By rows: one was learned from. */
void wh_forgetting_row(struct wh_forgetting *forgetting);
/* By time: a row of this event time is there, in milliseconds since 1970. */
void wh_forgetting_time(struct wh_forgetting *forgetting, int64_t milliseconds);

/* What has passed, as a new object, and back. */
json_t *wh_forgetting_save(const struct wh_forgetting *forgetting);
bool wh_forgetting_load(struct wh_forgetting *forgetting, const json_t *object);

#endif
