#include "base/watch.h"

bool wh_watch_changed(struct wh_watch *watch, const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return false;
    const struct timespec *written = &status.st_mtim;
    if (status.st_dev == watch->device && status.st_ino == watch->inode
        && status.st_size == watch->length && written->tv_sec == watch->written.tv_sec
        && written->tv_nsec == watch->written.tv_nsec)
        return false;
    *watch = (struct wh_watch){ status.st_dev, status.st_ino, status.st_size, *written };
    return true;
}
