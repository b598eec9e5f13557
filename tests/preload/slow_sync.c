/*
 * A disk that is slow to say that data is safe, for LD_PRELOAD: fsync and fdatasync do what they
 * always do, and then take their time.
 *
 *   WH_SYNC_SLEEP=0.3    so many seconds
 *   WH_SYNC_GATE=FILE    until FILE is there
 *   WH_SYNC_COUNT=FILE   adds a byte to FILE when it begins, so that its size is how many have
 */
/* For RTLD_NEXT, which glibc has outside of POSIX. */
#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int fdatasync(int descriptor);

static void pause_for(double seconds)
{
    struct timespec left = { .tv_sec = (time_t)seconds };
    left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {}
}

static void count(const char *path)
{
    int descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return;
    ssize_t written = write(descriptor, ".", 1);
    (void)written;
    close(descriptor);
}

static void take_time(void)
{
    const char *text = getenv("WH_SYNC_SLEEP"), *gate = getenv("WH_SYNC_GATE");
    const char *counted = getenv("WH_SYNC_COUNT");
    if (counted)
        count(counted);
    if (text)
        pause_for(strtod(text, NULL));
    while (gate && access(gate, F_OK) != 0)
        pause_for(0.005);
}

static int sync_slowly(const char *name, int descriptor)
{
    int (*sync)(int);
    void *symbol = dlsym(RTLD_NEXT, name);
    memcpy(&sync, &symbol, sizeof sync);
    int result = sync(descriptor), saved = errno;
    take_time();
    errno = saved;
    return result;
}

int fsync(int descriptor)
{
    return sync_slowly("fsync", descriptor);
}

int fdatasync(int descriptor)
{
    return sync_slowly("fdatasync", descriptor);
}
