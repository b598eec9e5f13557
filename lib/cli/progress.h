/*
 * The progress display: one line on standard error, redrawn in place and gone at the end.
 *
 *     1,234,567 rows  812,345/s  3 rejected  45%  0:12 left  lag 1,024 rows 0.3s
 *
 * Shown where standard error is a terminal and standard output is neither a pipe (then a later
 * tool shows its own) nor a terminal that rows are written to; or where it was asked for. Asked for
 * without a terminal, it is a line every ten seconds.
 */
#ifndef WH_CLI_PROGRESS_H
#define WH_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipe/run.h"

struct wh_progress;

/* NULL where nothing is to be shown; the other functions take that. `output` is where rows go, -1
 * where none do; `now` is by wh_clock(), for all of these. */
struct wh_progress *wh_progress_begin(bool wanted, bool quiet, int output, double now);
/* Whether it is time to draw again: at most twice a second. */
bool wh_progress_due(const struct wh_progress *progress, double now);
void wh_progress_draw(struct wh_progress *progress, const struct wh_run_progress *state,
                      double now);
/* Takes the line off the screen, so that a message can be printed. */
void wh_progress_clear(struct wh_progress *progress);
void wh_progress_end(struct wh_progress *progress);

#endif
