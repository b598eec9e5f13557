#include "sink/file/rotate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

struct rotate_options {
    const char *pattern;
};

static const struct wh_option options[] = {
    WH_HEADING("Into a file"),
    WH_TEXT(struct rotate_options, pattern, "rotate", 0, "NAME",
            "with --checkpoint: the name that a target file gets when it is complete, a pattern "
            "such as orders-%F.csv; when that gives another name, a new file begins"),
};

const struct wh_option_group wh_file_rotate_options = { WH_GROUP(options, struct rotate_options) };

const char *wh_file_rotate_pattern(const struct wh_asked *asked)
{
    const struct rotate_options *given = wh_asked_values(asked, &wh_file_rotate_options);
    return given ? given->pattern : NULL;
}

/* The path of the name, to be freed: in the folder of the target's file where it has no slash. */
static char *path_of(const char *target, const char *name, struct wh_error *error)
{
    char *place = wh_file_place(target, error);
    if (!place)
        return NULL;
    const char *slash = strrchr(place, '/');
    struct wh_buffer path = { 0 };
    if (slash && !strchr(name, '/'))
        wh_buffer_add(&path, place, (size_t)(slash + 1 - place));
    wh_buffer_add(&path, name, strlen(name) + 1);
    free(place);
    return path.data;
}

static bool is_name_for(const char *path, const char *target, const char *checkpoint)
{
    const char *slash = strrchr(path, '/');
    const char *last = slash ? slash + 1 : path;
    return *last != '\0' && strcmp(last, ".") != 0 && strcmp(last, "..") != 0
        && !wh_file_same(path, target) && !wh_file_same(path, checkpoint);
}

char *wh_file_rotate_name(const char *pattern, const char *target, const char *checkpoint,
                          struct wh_error *error)
{
    char name[PATH_MAX];
    struct tm local;
    time_t now = time(NULL);
    localtime_r(&now, &local);
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#endif
    size_t length = strftime(name, sizeof name, pattern, &local);
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
    char *path = length > 0 && wh_utf8_valid(name, length) == length ? path_of(target, name, error)
                                                                     : NULL;
    bool good = path && is_name_for(path, target, checkpoint);
    free(path);
    if (good)
        return wh_copy(name, length);
    wh_fail(error, WH_REFUSED, "--rotate %s: that is no name for the complete file: it must be "
            "another than those of the target and of --checkpoint, such as orders-%%F.ndjson",
            pattern);
    return NULL;
}

static int refuse_taken(const char *target, const char *path, struct wh_error *error)
{
    return wh_fail(error, WH_REFUSED, "%s is complete and is to become %s, which is there already: "
                   "it stays as it is (move that away and run again)", target, path);
}

int wh_file_rotate_free(const char *target, const char *name, struct wh_error *error)
{
    struct stat status;
    char *path = path_of(target, name, error);
    if (!path)
        return -1;
    int result = lstat(path, &status) == 0 ? refuse_taken(target, path, error) : 0;
    free(path);
    return result;
}

/* Whether the file is there and of this extent; *status is then filled. */
static bool has_extent(const char *path, const struct wh_extent *extent, struct stat *status)
{
    struct wh_extent found;
    struct wh_error ignored;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    bool same = descriptor >= 0 && fstat(descriptor, status) == 0 && S_ISREG(status->st_mode)
             && (uint64_t)status->st_size == extent->length
             && wh_extent_take(descriptor, extent->length, &found, &ignored) == 0
             && wh_extent_same(&found, extent);
    if (descriptor >= 0)
        close(descriptor);
    return same;
}

/* Moves a file to a name that nobody has: by a second link, which replaces nothing, where the file
 * system has links. */
static int move(const char *target, const char *place, const char *path, struct wh_error *error)
{
    struct stat status;
    if (link(place, path) == 0)
        return unlink(place) == 0
                   ? 0 : wh_fail_errno(error, WH_FAILED, "%s: cannot remove the old name", target);
    if (errno == EEXIST)
        return refuse_taken(target, path, error);
    if (errno == EXDEV)
        return wh_fail(error, WH_REFUSED, "--rotate: %s is on another file system than %s: name a "
                       "folder on the same one", path, target);
    if (errno != ENOENT && errno != EACCES && errno != ENOSPC && lstat(path, &status) != 0
        && rename(place, path) == 0)
        return 0;
    return wh_fail_errno(error, WH_FAILED, "%s: cannot give it the name %s", target, path);
}

static int move_or_finish(const char *target, const char *place, const char *path,
                          const struct wh_extent *extent, struct wh_error *error)
{
    struct stat there, here;
    if (has_extent(path, extent, &there)) {
        bool both = stat(place, &here) == 0 && here.st_ino == there.st_ino
                 && here.st_dev == there.st_dev;
        return !both || unlink(place) == 0
                   ? 0 : wh_fail_errno(error, WH_FAILED, "%s: cannot remove the old name", target);
    }
    if (has_extent(place, extent, &here))
        return move(target, place, path, error);
    return wh_fail(error, WH_REFUSED, "%s was to become %s when a run ended, and neither is the "
                   "file that was committed (put that back under one of the names)", target, path);
}

int wh_file_rotate_move(const char *target, const char *name, const struct wh_extent *extent,
                        struct wh_error *error)
{
    char *place = wh_file_place(target, error);
    char *path = place ? path_of(target, name, error) : NULL;
    int result = path ? move_or_finish(target, place, path, extent, error) : -1;
    if (result == 0 && (wh_file_sync_folder(path, error) != 0
                        || wh_file_sync_folder(place, error) != 0))
        result = -1;
    free(path);
    free(place);
    return result;
}
