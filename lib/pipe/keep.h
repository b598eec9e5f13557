/*
 * The states that a filter keeps under control records: a file STATE.EPOCH.N for each checkpoint
 * that it has passed on and that the sink may or may not commit; STATE itself is the newest that
 * was committed.
 *
 * At the begin of a stream exactly the state of its `from` is taken up. Nothing is removed until
 * the sink is seen to hold a checkpoint of this stream's own epoch: then the states of other epochs
 * that were there when the stream began are, since a commit of ours has fenced them off, and those
 * of earlier checkpoints. So whatever the checkpoint C can hold, its state is there; a second run
 * or one that was long asleep takes nothing from the first.
 *
 * A commit may not last: a server fails over to one that lags, a power failure comes before the
 * disk has written. C then holds the commit before. So the state of the commit that was seen before
 * the last one (at first that of `from`) is left, and all after it, since the sink may have
 * committed at any of these.
 *
 * Whoever has a state holds its lock, reads and writes its content, and puts into it the place
 * that it belongs to, so that STATE knows its own.
 */
#ifndef WH_PIPE_KEEP_H
#define WH_PIPE_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "pipe/control.h"

struct wh_keep;

/* Begins with the stream: looks what states are there. `path`, of STATE, is copied. NULL on
 * failure: WH_BROKEN where another run has published a state since this stream began. */
struct wh_keep *wh_keep_open(const char *path, const struct wh_control *begin,
                             struct wh_error *error);

/* Whether there is a state, STATE itself or that of some checkpoint, for which a plain run must not
 * be taken. */
bool wh_keep_exists(const char *path);

/*
 * The file to take the state from: STATE.EPOCH.N of `from` where that is there, else STATE where
 * that is, else NULL. It stays the keep's. The caller reads it, and has the place that it found in
 * it checked; NULL as `found` where there was no file.
 */
const char *wh_keep_source(const struct wh_keep *keep);
/* WH_BROKEN where the state is not that of `from`; a state that belongs to no stream (one that was
 * fitted) may begin a stream from nothing. */
int wh_keep_check(const struct wh_keep *keep, const struct wh_place *found,
                  struct wh_error *error);

/* The file to write, whole or not at all (base/file.h), as the state of a checkpoint. It stays the
 * keep's, until the next call. */
const char *wh_keep_target(struct wh_keep *keep, const struct wh_place *place);

/* The sink holds checkpoint `n` of this epoch: its state becomes STATE, and states from before the
 * commit that was seen before this one are removed. */
int wh_keep_committed(struct wh_keep *keep, uint64_t n, struct wh_error *error);

/* NULL is allowed. */
void wh_keep_close(struct wh_keep *keep);

#endif
