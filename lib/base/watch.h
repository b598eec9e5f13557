/*
 * Watching a file that others replace: has it become another since the last look?
 *
 * A file is known by its device, inode, length and the time it was last written to. Whoever
 * replaces it whole, by a rename, changes the inode; whoever writes into it, the length or time.
 */
#ifndef WH_BASE_WATCH_H
#define WH_BASE_WATCH_H

#include <stdbool.h>
#include <sys/stat.h>

/* Zero-initialise: of no file. */
struct wh_watch {
    dev_t device;
    ino_t inode;
    off_t length;
    struct timespec written;
};

/* Whether `path` is now another file than at the last call, and there. Takes about a
 * microsecond. */
bool wh_watch_changed(struct wh_watch *watch, const char *path);

#endif
