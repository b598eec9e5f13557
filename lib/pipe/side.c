#include "pipe/side.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool wh_side_special(const char *path)
{
    struct stat status;
    /* /dev/stderr may lead to a regular file, a log, which belongs to others too. */
    if (strncmp(path, "/dev/", 5) == 0)
        return true;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

int wh_refuse_foreign(const char *path, const char *opening, struct wh_error *error)
{
    struct stat status;
    if (wh_side_special(path) || stat(path, &status) || status.st_size == 0)
        return 0;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return wh_fail_errno(error, WH_FAILED, "%s: cannot open", path);
    char begin[32];
    size_t length = strlen(opening);
    ssize_t got = read(descriptor, begin, length);
    if (got < 0)
        wh_fail_errno(error, WH_FAILED, "%s: cannot read", path);
    close(descriptor);
    if (got < 0)
        return -1;
    /* On a full disk it may have got no further than into the opening. */
    bool whole = got == (ssize_t)length || (got > 0 && got == status.st_size);
    if (whole && memcmp(begin, opening, (size_t)got) == 0)
        return 0;
    return wh_fail(error, WH_REFUSED,
                   "%s: holds something else and would be overwritten (give another name, or "
                   "remove it first)",
                   path);
}
