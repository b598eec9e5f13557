/*
 * Calls that fail as they seldom do, for LD_PRELOAD. WH_FAULT=NAME makes the function NAME fail,
 * of poll what waits for two descriptors, with an end (poll) or without (poll_without_end):
 *
 *   WH_FAULT_ERRNO=N   with this errno [ENOMEM]
 *   WH_FAULT_PATH=TEXT  only for a name that holds TEXT, where the function is given one, or for
 *                      a descriptor of what has a name that ends in TEXT
 *   WH_SERVER_VERSION=N   what PQserverVersion says: an older server
 */
/* For RTLD_NEXT, which glibc has outside of POSIX. */
#define _GNU_SOURCE

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether the call is to fail; errno is set then. */
static bool fails(const char *name, const char *path)
{
    const char *fault = getenv("WH_FAULT"), *only = getenv("WH_FAULT_PATH");
    const char *number = getenv("WH_FAULT_ERRNO");
    if (!fault || strcmp(fault, name) != 0 || (only && (!path || !strstr(path, only))))
        return false;
    errno = number ? (int)strtol(number, NULL, 10) : ENOMEM;
    return true;
}

/* The same for what is open there. */
static bool fails_at(const char *name, int descriptor)
{
    char link[64], path[PATH_MAX];
    if (!getenv("WH_FAULT"))
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = '\0';
    const char *only = getenv("WH_FAULT_PATH");
    size_t size = only ? strlen(only) : 0, whole = strlen(path);
    return size <= whole && strcmp(path + whole - size, only ? only : "") == 0
           && fails(name, path);
}

/* Sets *function, a pointer to one, to what is called otherwise. */
static void find(const char *name, void *function)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    memcpy(function, &symbol, sizeof symbol);
}

int poll(struct pollfd *waits, nfds_t count, int timeout)
{
    int (*real)(struct pollfd *, nfds_t, int);
    find("poll", &real);
    bool ours = count > 1; /* not libpq's */
    const char *name = timeout < 0 ? "poll_without_end" : "poll";
    return ours && fails(name, NULL) ? -1 : real(waits, count, timeout);
}

int link(const char *from, const char *to)
{
    int (*real)(const char *, const char *);
    find("link", &real);
    return fails("link", to) ? -1 : real(from, to);
}

int unlink(const char *path)
{
    int (*real)(const char *);
    find("unlink", &real);
    return fails("unlink", path) ? -1 : real(path);
}

int ftruncate(int descriptor, off_t length)
{
    int (*real)(int, off_t);
    find("ftruncate", &real);
    return fails_at("ftruncate", descriptor) ? -1 : real(descriptor, length);
}

int fstat(int descriptor, struct stat *status)
{
    int (*real)(int, struct stat *);
    find("fstat", &real);
    return fails_at("fstat", descriptor) ? -1 : real(descriptor, status);
}

off_t lseek(int descriptor, off_t offset, int whence)
{
    off_t (*real)(int, off_t, int);
    find("lseek", &real);
    return fails_at("lseek", descriptor) ? -1 : real(descriptor, offset, whence);
}

DIR *fdopendir(int descriptor)
{
    DIR *(*real)(int);
    find("fdopendir", &real);
    return fails_at("fdopendir", descriptor) ? NULL : real(descriptor);
}

locale_t newlocale(int mask, const char *name, locale_t base)
{
    locale_t (*real)(int, const char *, locale_t);
    find("newlocale", &real);
    return fails("newlocale", NULL) ? (locale_t)0 : real(mask, name, base);
}

/* zlib has no header for these two, which its macros deflateInit2 and inflateInit2 call. */
int deflateInit2_(void *stream, int level, int method, int bits, int memory, int strategy,
                  const char *version, int size);
int inflateInit2_(void *stream, int bits, const char *version, int size);

enum { NO_MEMORY = -4 }; /* Z_MEM_ERROR */

int deflateInit2_(void *stream, int level, int method, int bits, int memory, int strategy,
                  const char *version, int size)
{
    int (*real)(void *, int, int, int, int, int, const char *, int);
    find("deflateInit2_", &real);
    return fails("deflateInit2_", NULL)
               ? NO_MEMORY : real(stream, level, method, bits, memory, strategy, version, size);
}

int inflateInit2_(void *stream, int bits, const char *version, int size)
{
    int (*real)(void *, int, const char *, int);
    find("inflateInit2_", &real);
    return fails("inflateInit2_", NULL) ? NO_MEMORY : real(stream, bits, version, size);
}

int PQserverVersion(const void *connection);

int PQserverVersion(const void *connection)
{
    int (*real)(const void *);
    const char *version = getenv("WH_SERVER_VERSION");
    find("PQserverVersion", &real);
    return version ? (int)strtol(version, NULL, 10) : real(connection);
}
