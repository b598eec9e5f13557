/*
 * Files that a run writes beside its rows: rejects, statistics, states. A name given by mistake,
 * most likely that of an input, must not cost anybody data.
 */
#ifndef WH_PIPE_SIDE_H
#define WH_PIPE_SIDE_H

#include <stdbool.h>

#include "base/error.h"

/* Whether `path` can only be appended to, not replaced: a pipe, a device, /dev/stderr. */
bool wh_side_special(const char *path);

/*
 * 0 where the file at `path` may be replaced by one that begins with `opening` (at most 32 bytes):
 * it is absent, empty, special, or begins so already. Otherwise WH_REFUSED; WH_FAILED where it
 * cannot be read.
 */
int wh_refuse_foreign(const char *path, const char *opening, struct wh_error *error);

#endif
