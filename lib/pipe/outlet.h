/*
 * The way out of a run: bytes for the next tool, and the files that must be safe on disk before
 * some of them leave.
 *
 * While there is nothing to be saved, bytes are written at once. A checkpoint's record leaves only
 * when the files that were handed in before it are saved: a thread forces them to disk, and the
 * record and what is written after it wait in memory, up to MOST_WAITING bytes, while the run goes
 * on and another thread writes what may leave. So whatever a reader of the output sees, the states
 * that belong to it are safe, and a disk that is slow to say so costs the stream nothing.
 *
 * Where the disk takes longer than checkpoints take to come, so that bytes gather, a checkpoint
 * whose saving has not begun when the next one comes is skipped: its files are dropped, and its
 * record leaves in another form, which says that it must not be committed.
 *
 * A run without output (descriptor -1, or no `write`) has its files saved in the same order; a sink
 * waits for them with wh_outlet_settle before it commits. The first failure, of saving or of
 * writing, is kept; nothing leaves after it. Where nobody reads any more, SIGPIPE does what the
 * process has set for it (it ends the process, unless wh_process_hold_pipe was called), whichever
 * thread writes. Calls come from one thread, that of the run.
 */
#ifndef WH_PIPE_OUTLET_H
#define WH_PIPE_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "record/writer.h"

struct wh_atomic_file;
struct wh_outlet;

struct wh_outlet *wh_outlet_open(int descriptor);
/* The same for bytes that go elsewhere: `write` takes them all, or fails. Once there was anything
 * to be saved it may be called in a thread of the outlet's, but never twice at a time. */
struct wh_outlet *wh_outlet_open_to(wh_write *write, void *context);
/* Waits for what is under way, forgets what waits after a failure, and frees. NULL is allowed. */
void wh_outlet_close(struct wh_outlet *outlet);

/* A wh_write (record/writer.h): takes all bytes, or fails. errno is then that of writing, or 0
 * where it was saving that failed. */
int wh_outlet_write(void *outlet, const char *bytes, size_t length, struct wh_error *error);

/*
 * What is to be saved with the next record. Each takes over what it is given. A file: forced to
 * disk, and given its name. A descriptor: forced to disk; it stays open until wh_outlet_settle, and
 * so does `path`, by which messages call it. Anything else: `save` is called in the thread, or
 * nothing where `drop` alone is; then `drop`, always. Where `outlet` is NULL, all that happens at
 * once.
 */
int wh_outlet_save(struct wh_outlet *outlet, struct wh_atomic_file *file, struct wh_error *error);
int wh_outlet_sync(struct wh_outlet *outlet, int descriptor, const char *path,
                   struct wh_error *error);
int wh_outlet_run(struct wh_outlet *outlet, int (*save)(void *context, struct wh_error *error),
                  void (*drop)(void *context), void *context, struct wh_error *error);
/* Whether anything has been handed in for the next record. */
bool wh_outlet_saves(const struct wh_outlet *outlet);

/* The next call of wh_outlet_write brings the record (of no bytes, where there is no output), which
 * leaves when what was handed in is saved. `n` is its number, higher than the one before. `skipped`
 * is its other form; NULL: it must not be skipped. Copied. */
void wh_outlet_record(struct wh_outlet *outlet, uint64_t n, const char *skipped, size_t length);

/* Whether saving or writing has failed by now: -1 with that error, and errno as above. */
int wh_outlet_check(struct wh_outlet *outlet, struct wh_error *error);
/* The same when all is saved and written. */
int wh_outlet_settle(struct wh_outlet *outlet, struct wh_error *error);
/* The same when what belongs to record n, and to those before it, is saved. */
int wh_outlet_await(struct wh_outlet *outlet, uint64_t n, struct wh_error *error);

#endif
