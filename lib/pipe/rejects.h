/*
 * The file of bad rows: one NDJSON object for each, with the reason and the row as it was read.
 *
 *     {"error":"\"12,5\" is not a number","source":"orders.csv","line":1203,"column":"amount",
 *      "rule":"type","row":"17,\"12,5\",Lagos"}
 *
 * `column` is null where the row as a whole is bad; `row` has no line end; a row that is not UTF-8
 * stands in `row_base64` instead. The file is made new (mode 0600) by each run; a file that holds
 * something else than rejects is not overwritten but refused.
 *
 * Under control records the file belongs to the stream: its length at each checkpoint is kept in
 * FILE.state.EPOCH.N (pipe/keep.h), a run that goes on cuts it to what it was, and a lock keeps a
 * second one out. What cannot be cut, /dev/stderr or a pipe, may get rows twice.
 */
#ifndef WH_PIPE_REJECTS_H
#define WH_PIPE_REJECTS_H

#include <stdint.h>

#include "base/error.h"
#include "pipe/control.h"
#include "pipe/outlet.h"
#include "record/row.h"

struct wh_rejects;

/* `path` is kept, not copied. What is in the file stays until the next call. NULL on failure. */
struct wh_rejects *wh_rejects_open(const char *path, struct wh_error *error);
/* Empties the file: a run without control records begins. WH_BROKEN where the file belongs to a
 * stream with checkpoints, which could not go on then; but an `empty` run just leaves it. */
int wh_rejects_start(struct wh_rejects *rejects, bool empty, struct wh_error *error);
/* A stream begins: the file has what it had at begin->from. WH_BROKEN where that cannot be. */
int wh_rejects_resume(struct wh_rejects *rejects, const struct wh_control *begin,
                      struct wh_error *error);
/* Hands to the outlet that what is in the file be safe on disk, and its length, which belongs to
 * the checkpoint. */
int wh_rejects_checkpoint(struct wh_rejects *rejects, const struct wh_place *place,
                          struct wh_outlet *outlet, struct wh_error *error);
int wh_rejects_committed(struct wh_rejects *rejects, uint64_t n, struct wh_error *error);
/* Adds a row and why it is bad. A row without raw text (out of a database) is written as JSON. */
int wh_rejects_add(struct wh_rejects *rejects, const struct wh_row *row,
                   const struct wh_error *reason, struct wh_error *error);
int wh_rejects_flush(struct wh_rejects *rejects, struct wh_error *error);
/* Flushes and frees; NULL is allowed. */
int wh_rejects_close(struct wh_rejects *rejects, struct wh_error *error);

#endif
