/*
 * What --stats writes: one JSON object when the run ends, also when it failed.
 *
 *     {"tool":"wh-clean","version":"0.1.0","rows_in":1000,"rows_out":990,"rows_rejected":3,
 *      "bytes_in":51234,"bytes_out":50321,"seconds":0.012345,...}
 *
 * What the stage knows follows, then "error" where the run failed. The file appears whole
 * or not at all; it is begun with the run, so that a folder that cannot be written to is known
 * before the work is done. "-" is standard error. An existing file that is something else than
 * statistics is refused, not overwritten.
 */
#ifndef WH_PIPE_STATS_H
#define WH_PIPE_STATS_H

#include <jansson.h>

#include "base/error.h"

struct wh_stats;

/* `path` is kept, not copied. NULL on failure. */
struct wh_stats *wh_stats_open(const char *path, struct wh_error *error);
/* Writes the object, whose reference it takes, and frees. */
int wh_stats_close(struct wh_stats *stats, json_t *object, struct wh_error *error);

/* A text for it, without passwords, and where it is no UTF-8 as a terminal would show it. */
json_t *wh_stats_text(const char *text);

#endif
