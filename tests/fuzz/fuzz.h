/* What the fuzz targets share. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program where a promise is not kept, which the fuzzer reports with the input. */
#define CHECK(condition)                                                                    \
    do {                                                                                    \
        if (!(condition)) {                                                                 \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);   \
            abort();                                                                        \
        }                                                                                   \
    } while (0)

/*
 * The path of a file in memory that holds `data`. One file a program: the next call fills the
 * same one anew.
 */
static inline const char *fuzz_file(const uint8_t *data, size_t size)
{
    static int descriptor = -1;
    static char path[64];
    if (descriptor < 0) {
        snprintf(path, sizeof path, "/wh-fuzz-%ld", (long)getpid());
        descriptor = shm_open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
        CHECK(descriptor >= 0 && shm_unlink(path) == 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    }
    CHECK(ftruncate(descriptor, 0) == 0);
    CHECK(pwrite(descriptor, data, size, 0) == (ssize_t)size);
    return path;
}

#endif
