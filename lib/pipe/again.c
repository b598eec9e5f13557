#include "pipe/again.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "pipe/control.h"

enum { CHUNK = 256 << 10 };

static bool is_standard_input(const char *path)
{
    return strcmp(path, "-") == 0;
}

struct wh_again wh_again_of(const char *const *paths, size_t count)
{
    struct wh_again again = { .paths = paths, .count = count, .standard_input = count == 0 };
    for (size_t i = 0; i < count; i++)
        again.standard_input |= is_standard_input(paths[i]);
    return again;
}

bool wh_again_spools(const struct wh_again *again)
{
    struct stat status;
    return again->standard_input
        && !(fstat(STDIN_FILENO, &status) == 0 && S_ISREG(status.st_mode));
}

/*
 * Putting by
 */

/* A stream with checkpoints is refused before all of it is put by: its begin record is the first
 * line. */
static int check_begin(const char *bytes, size_t length,
                       int (*refuse_stream)(struct wh_error *error), struct wh_error *error)
{
    static const char first[] = "{\"@wh\":";
    const char *end = memchr(bytes, '\n', length);
    struct wh_control control;
    struct wh_error ignored; /* what the line says otherwise is the reader's to judge */
    if (!end || length < sizeof first || memcmp(bytes, first, sizeof first - 1) != 0
        || wh_control_read(bytes, (size_t)(end - bytes), &control, &ignored))
        return 0;
    bool kept = control.kind == WH_CONTROL_BEGIN && !control.marked;
    wh_control_free(&control);
    return kept ? refuse_stream(error) : 0;
}

static ssize_t read_some(char *bytes, size_t size, struct wh_error *error)
{
    ssize_t got;
    do
        got = read(STDIN_FILENO, bytes, size);
    while (got < 0 && errno == EINTR);
    return got < 0 ? wh_fail_errno(error, WH_FAILED, "standard input: cannot read") : got;
}

/* Reads until there is a line, or as much as goes into the chunk; the length, or -1. */
static ssize_t read_begin(char *chunk, struct wh_error *error)
{
    size_t length = 0;
    while (length < CHUNK && !memchr(chunk, '\n', length)) {
        ssize_t got = read_some(chunk + length, CHUNK - length, error);
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        length += (size_t)got;
    }
    return (ssize_t)length;
}

static int write_chunk(int spool, const char *chunk, size_t length, struct wh_error *error)
{
    if (wh_write_all(spool, chunk, length, error) == 0)
        return 0;
    return wh_error_in(error, "standard input is to be read again, and the temporary file that it "
                       "is put by in cannot hold it (see TMPDIR)");
}

static int copy_input(int spool, char *chunk, int (*refuse_stream)(struct wh_error *error),
                      struct wh_error *error)
{
    ssize_t got = read_begin(chunk, error);
    if (got > 0 && check_begin(chunk, (size_t)got, refuse_stream, error) != 0)
        return -1;
    while (got > 0) {
        if (write_chunk(spool, chunk, (size_t)got, error) != 0)
            return -1;
        got = read_some(chunk, CHUNK, error);
    }
    return got < 0 ? -1 : 0;
}

/* Copies standard input to a temporary file. */
static int spool_input(struct wh_again *again, int (*refuse_stream)(struct wh_error *error),
                       struct wh_error *error)
{
    again->spool = wh_spool_open(error);
    if (again->spool < 0) {
        again->spool = 0;
        return -1;
    }
    char *chunk = wh_alloc(CHUNK, 1);
    int failed = copy_input(again->spool, chunk, refuse_stream, error);
    free(chunk);
    return failed || wh_again_rewind(again, error) ? -1 : 0;
}

int wh_again_prepare(struct wh_again *again, const char *remedy,
                     int (*refuse_stream)(struct wh_error *error), struct wh_error *error)
{
    for (size_t i = 0; i < again->count; i++) {
        struct stat status;
        if (is_standard_input(again->paths[i]) || stat(again->paths[i], &status)
            || S_ISREG(status.st_mode))
            continue; /* a file that is not there is the reader's to complain of */
        return wh_fail(error, WH_REFUSED, "%s is not a regular file, and cannot be read twice (%s)",
                       again->paths[i], remedy);
    }
    if (wh_again_spools(again))
        return spool_input(again, refuse_stream, error);
    if (again->standard_input)
        again->begin = lseek(STDIN_FILENO, 0, SEEK_CUR);
    return 0;
}

int wh_again_rewind(const struct wh_again *again, struct wh_error *error)
{
    int descriptor = again->spool ? again->spool : STDIN_FILENO;
    if (again->standard_input && lseek(descriptor, again->begin, SEEK_SET) < 0)
        return wh_fail_errno(error, WH_FAILED, "standard input: cannot be read again");
    return 0;
}

void wh_again_free(struct wh_again *again)
{
    if (again->spool)
        close(again->spool);
    again->spool = 0;
}
