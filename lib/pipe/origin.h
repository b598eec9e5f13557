/*
 * Where control records come from: the source's end of a stream, in wh-extract. The run asks it
 * when a checkpoint is due and has it write the records; it watches what the sink has committed.
 */
#ifndef WH_PIPE_ORIGIN_H
#define WH_PIPE_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "pipe/checkpoint.h"
#include "pipe/control.h"
#include "pipe/stage.h"
#include "pipe/store.h"

/* How often a checkpoint comes: after so many rows, or so many seconds; the other is 0. */
struct wh_every {
    uint64_t rows;
    double seconds;
};

/* "10000" or "2s" of --every. */
int wh_every_parse(const char *text, struct wh_every *every, struct wh_error *error);

struct wh_origin;

/*
 * A stream of a new epoch. With a store (which it takes over) it goes on where C is, with a
 * position in the source; without (NULL), it is one of --mark. `name` is C's, in messages.
 */
struct wh_origin *wh_origin_open(struct wh_store *store, const char *name,
                                 const struct wh_every *every, struct wh_error *error);
void wh_origin_close(struct wh_origin *origin);

/* Where to go on, for the source's reader; NULL: from its beginning. It stays the origin's. */
const json_t *wh_origin_position(const struct wh_origin *origin);

/* Whether the stream can be resumed: false for --mark. */
bool wh_origin_resumes(const struct wh_origin *origin);

/* The begin of the stream as others see it, without its JSON; the place of the checkpoint that
 * comes next; and the last n that the sink was seen to hold. For what is kept beside the rows. */
struct wh_control wh_origin_stream(const struct wh_origin *origin);
struct wh_place wh_origin_next(const struct wh_origin *origin);
uint64_t wh_origin_committed(const struct wh_origin *origin);
/* The position of that; NULL while it is 0. It stays the origin's, until C is looked at again. */
const json_t *wh_origin_committed_position(const struct wh_origin *origin);

/* For the run. --------------------------------------------------------------------------------- */

/* The begin, appended to `out`; `position` is what the reader says before its first row. */
void wh_origin_begin(struct wh_origin *origin, struct wh_buffer *out, const json_t *position);

/* Whether a checkpoint is due by the clock, or by SIGHUP; and the rows after which one is (0: by
 * the clock alone). */
bool wh_origin_due(struct wh_origin *origin, double now);
uint64_t wh_origin_rows(const struct wh_origin *origin);

/* A checkpoint, or the end. Reads C first: WH_BROKEN where another epoch has taken it over. */
int wh_origin_checkpoint(struct wh_origin *origin, struct wh_buffer *out, bool end, uint64_t rows,
                         const json_t *position, double now, struct wh_error *error);

/*
 * After the end: waits until the sink has committed it, `seconds` at most, or `stopped` once a
 * signal has asked for the end, and then appends `committed`. *done says whether the commit was
 * seen, *unread whether the waiting ended because nobody reads `output` any more. WH_BROKEN where
 * another epoch has taken C over.
 */
int wh_origin_wait(struct wh_origin *origin, struct wh_buffer *out, int output, double seconds,
                   double stopped, bool *done, bool *unread, struct wh_error *error);

/* What has been written and not been seen committed; `rows` as above. */
struct wh_lag wh_origin_lag(const struct wh_origin *origin, uint64_t rows, double now);

#endif
