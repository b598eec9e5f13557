/* getrandom is Linux's own; its portable twin reads /dev/urandom. */
#define _GNU_SOURCE

#include "base/random.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/wide.h"

#ifdef __linux__
#include <sys/random.h>
#endif

/* getrandom gives up to 256 bytes at once, or none. */
static bool ask_system(void *bytes, size_t count)
{
#ifdef __linux__
    ssize_t got;
    do
        got = getrandom(bytes, count, 0);
    while (got < 0 && errno == EINTR);
    return got == (ssize_t)count;
#else
    (void)bytes;
    (void)count;
    return false;
#endif
}

static bool read_device(void *bytes, size_t count)
{
    int device = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (device < 0)
        return false;
    ssize_t got;
    do
        got = read(device, bytes, count);
    while (got < 0 && errno == EINTR);
    close(device);
    return got == (ssize_t)count;
}

static void make_up(unsigned char *bytes, size_t count)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t state = (uint64_t)now.tv_sec * 1000000007 ^ (uint64_t)(uintptr_t)&now << 20
                   ^ (uint64_t)getpid();
    for (size_t i = 0; i < count; i++) {
        struct wh_wide mixed = wh_wide_product(state ^ (uint64_t)now.tv_nsec,
                                               UINT64_C(0x9E3779B97F4A7C15) + i);
        state = mixed.high ^ mixed.low;
        bytes[i] = (unsigned char)(state >> 32);
    }
}

void wh_random_bytes(void *bytes, size_t count)
{
    if (!ask_system(bytes, count) && !read_device(bytes, count))
        make_up(bytes, count);
}
