/*
 * The file that a sink writes to, on disk: its locks, where it begins and ends, and C beside it.
 *
 * Without a checkpoint, a new file and one that is replaced appear whole or not at all; to one that
 * is there rows are appended, and it is cut back where the run fails. With a checkpoint the target
 * appears with its first commit, and from then on rows are appended; C says how many bytes are
 * committed and what they are (sink/file/store.h), and what an unfinished run has left after them
 * is cut off by the next. What is not a regular file gets the bytes as they come.
 *
 * Locks beside the target and C are held from open to close. They are checked before bytes are
 * written and before each commit, and so is at each commit whether the file is still the one of
 * that name, is as long as this run has made it, and holds what was committed. Where another
 * program has changed it nothing more is committed, and none of its bytes are removed.
 */
#ifndef WH_SINK_FILE_TARGET_H
#define WH_SINK_FILE_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "pipe/checkpoint.h"
#include "sink/sink.h"

struct wh_file_target;

/* Opens what `request` names, which must outlive it, and takes the locks. NULL on failure. */
struct wh_file_target *wh_file_target_open(const struct wh_sink_request *request,
                                           struct wh_error *error);
/* What was not committed is taken back. NULL is allowed. */
void wh_file_target_close(struct wh_file_target *target);

/* Whether it is not a regular file. */
bool wh_file_target_special(const struct wh_file_target *target);
/* Whether there are rows already that others will follow. */
bool wh_file_target_begun(const struct wh_file_target *target);

/* Appends bytes, for wh_writer_open_to; `target` is the struct wh_file_target. */
int wh_file_target_write(void *target, const char *bytes, size_t length, struct wh_error *error);
/* Commits what was written, with `next` where there is a C (struct wh_sink_ops). */
int wh_file_target_commit(struct wh_file_target *target, const struct wh_checkpoint *next,
                          const struct wh_place *expected, struct wh_error *error);
/* What C holds. */
int wh_file_target_checkpoint(const struct wh_file_target *target, struct wh_checkpoint *held,
                              struct wh_error *error);

/*
 * --rotate, where nothing waits for a commit: if the name that the request's pattern now means is
 * another than that of the file being written, that file gets its name, and what is written next
 * begins another. 1 where that was so, 0 where not; -1.
 */
int wh_file_target_rotate(struct wh_file_target *target, struct wh_error *error);
/* How often that was so. */
uint64_t wh_file_target_rotations(const struct wh_file_target *target);

#endif
