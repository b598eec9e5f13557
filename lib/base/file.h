/*
 * Files that appear whole or not at all, and locks beside them.
 *
 * A new file is written under no name (or, where the system cannot, a hidden temporary one that a
 * signal's handler removes), forced to disk, and takes its name by rename: a reader sees the old
 * content or the new, a full disk or a kill leaves the old. Mode 0600, or that of the file it
 * replaces, with its owner and group where we may. A symbolic link stays: what it points at is
 * replaced, and only a regular file is (anything else is refused with WH_REFUSED).
 */
#ifndef WH_BASE_FILE_H
#define WH_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"

struct wh_atomic_file;

/* Begins a file that shall become `path`. NULL on failure. */
struct wh_atomic_file *wh_atomic_open(const char *path, struct wh_error *error);
/* The same for a file that others may read: one that is new has the mode that a shell's redirection
 * would give it, by the process's umask. */
struct wh_atomic_file *wh_atomic_open_shared(const char *path, struct wh_error *error);
/* Its descriptor, to write to. */
int wh_atomic_descriptor(const struct wh_atomic_file *file);
/* Forces it to disk and gives it its name; not where this process has taken a lock on that, which
 * is no longer its own (WH_BROKEN). Frees `file` in either case. */
int wh_atomic_commit(struct wh_atomic_file *file, struct wh_error *error);
/* Forgets it; nothing was changed. Frees `file`. */
void wh_atomic_abort(struct wh_atomic_file *file);

/* Writes all bytes or fails; goes on after short writes and interruptions. */
int wh_write_all(int descriptor, const void *bytes, size_t length, struct wh_error *error);
/* The same; the error names the file, or "standard output". */
int wh_write_named(int descriptor, const char *name, const void *bytes, size_t length,
                   struct wh_error *error);
/* Ends standard output: what was lost on the way is an error (a full disk, a closed pipe). */
int wh_close_output(int descriptor, struct wh_error *error);

/* Whether there is no file of this name. One that may not be looked at is there: opening it says
 * why that fails. */
bool wh_file_missing(const char *path);

/* Reads a whole small file (at most `limit` bytes). The result ends in a NUL; free() it. */
char *wh_read_file(const char *path, size_t limit, size_t *length, struct wh_error *error);

/*
 * A lock file "PATH.lock" beside what PATH points at, held until released or the process ends,
 * however it ends. Fails with WH_BROKEN at once when another process holds it; the text says which.
 *
 * Somebody may remove the file under a process that is stopped, and another process may then take
 * the lock too. So whoever holds one checks it before each write that it guards: WH_BROKEN where
 * the file of that name is no longer ours. Release removes the file only if it is.
 */
struct wh_lock;
struct wh_lock *wh_lock_take(const char *path, struct wh_error *error);
int wh_lock_check(const struct wh_lock *lock, struct wh_error *error);
void wh_lock_release(struct wh_lock *lock);

/*
 * A holder that appends to PATH says before each write how long that makes the file; its lock file
 * outlives a kill, and tells the next holder which bytes are a run's and which are not.
 * wh_lock_left: false where nothing was left or the machine has started anew since, whose files may
 * be older than one another. wh_lock_leave releases the lock and leaves that knowledge, as it was
 * found or has become.
 */
void wh_lock_appends(struct wh_lock *lock, uint64_t length);
bool wh_lock_left(const struct wh_lock *lock, uint64_t *length);
void wh_lock_leave(struct wh_lock *lock);

/*
 * Forces the names in the folder of `path`, or of what it points at, to disk. A reader sees a file
 * that has just been replaced before that would outlast a power cut; after this call it may rely on
 * what it has read. Where the folder may not be read, nothing is done.
 */
int wh_file_sync_folder(const char *path, struct wh_error *error);

/* Whether two names mean one place on disk, through links and folders, be there a file or not. */
bool wh_file_same(const char *left, const char *right);

/* The name of the file that `path` stands for, symbolic links in its last part being followed, also
 * where they lead to nothing; free() it. NULL on failure. */
char *wh_file_place(const char *path, struct wh_error *error);

/* An anonymous temporary file in $TMPDIR (or /tmp) for spooling; -1 on failure. */
int wh_spool_open(struct wh_error *error);

/* Asks for a large pipe buffer where the descriptor is a pipe and the system can. */
void wh_pipe_enlarge(int descriptor);
/* Whether nobody can read any more what is written to `descriptor`; waits so many milliseconds for
 * that to become so. */
bool wh_write_closed(int descriptor, int milliseconds);

#endif
