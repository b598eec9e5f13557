#include "pipe/keep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

struct wh_keep {
    char *path;             /* STATE */
    int folder;
    char *name;             /* its last part */
    struct wh_place from;   /* what the stream goes on from */
    char epoch[WH_EPOCH_SIZE]; /* the stream's own */
    char **others;          /* names that were there at the begin: states of other epochs */
    size_t other_count;
    uint64_t removed;       /* states of our epoch below this n are gone */
    uint64_t published;     /* the n whose state STATE is */
    char *source;
    struct wh_buffer target;
};

/* ---- names ----------------------------------------------------------------------------------- */

static char *format(const char *path, const struct wh_place *place)
{
    struct wh_buffer name = { 0 };
    wh_buffer_format(&name, "%s.%s.%" PRIu64, path, place->epoch, place->n);
    wh_buffer_byte(&name, '\0');
    return name.data;
}

/* Whether `name` is NAME.EPOCH.N; gives its place. */
static bool parse(const struct wh_keep *keep, const char *name, struct wh_place *place)
{
    size_t length = strlen(keep->name);
    if (strncmp(name, keep->name, length) != 0 || name[length] != '.')
        return false;
    const char *epoch = name + length + 1, *dot = strchr(epoch, '.');
    size_t size = dot ? (size_t)(dot - epoch) : 0;
    /* Of the epoch's form and length (wh_epoch_make), so that no file of somebody else's counts. */
    if (size != 12 || strspn(epoch, "0123456789abcdef") != size)
        return false;
    memcpy(place->epoch, epoch, size);
    place->epoch[size] = '\0';
    char *end;
    errno = 0;
    place->n = strtoull(dot + 1, &end, 10);
    return dot[1] >= '1' && dot[1] <= '9' && *end == '\0' && errno == 0;
}

static void remember(struct wh_keep *keep, const char *name)
{
    keep->others = wh_resize(keep->others, keep->other_count + 1, sizeof *keep->others);
    keep->others[keep->other_count++] = wh_copy(name, strlen(name));
}

/* What may go once a commit of ours has fenced off every other epoch that has begun so far. */
static int list_others(struct wh_keep *keep, struct wh_error *error)
{
    int copy = openat(keep->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = copy < 0 ? NULL : fdopendir(copy);
    if (!folder)
        return wh_fail_errno(error, WH_FAILED, "%s: cannot read its folder", keep->path);
    struct dirent *entry;
    struct wh_place place;
    while ((entry = readdir(folder)))
        if (parse(keep, entry->d_name, &place) && strcmp(place.epoch, keep->epoch) != 0)
            remember(keep, entry->d_name);
    closedir(folder);
    return 0;
}

/* ---- begin ----------------------------------------------------------------------------------- */

static int open_folder(struct wh_keep *keep, struct wh_error *error)
{
    const char *slash = strrchr(keep->path, '/');
    const char *name = slash ? slash + 1 : keep->path;
    keep->name = wh_copy(name, strlen(name));
    char *folder = slash ? wh_copy(keep->path, (size_t)(slash - keep->path) + 1) : wh_copy(".", 1);
    keep->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (keep->folder < 0)
        wh_fail_errno(error, WH_FAILED, "%s: cannot open the folder %s", keep->path, folder);
    free(folder);
    return keep->folder < 0 ? -1 : 0;
}

static void find_source(struct wh_keep *keep)
{
    char *exact = wh_place_none(&keep->from) ? NULL : format(keep->path, &keep->from);
    if (exact && access(exact, F_OK) == 0) {
        keep->source = exact;
        return;
    }
    free(exact);
    if (access(keep->path, F_OK) == 0)
        keep->source = wh_copy(keep->path, strlen(keep->path));
}

struct wh_keep *wh_keep_open(const char *path, const struct wh_control *begin,
                             struct wh_error *error)
{
    struct wh_keep *keep = wh_alloc(1, sizeof *keep);
    keep->path = wh_copy(path, strlen(path));
    keep->folder = -1;
    keep->from = begin->from;
    memcpy(keep->epoch, begin->place.epoch, sizeof keep->epoch);
    if (open_folder(keep, error) == 0 && list_others(keep, error) == 0) {
        find_source(keep);
        return keep;
    }
    wh_keep_close(keep);
    return NULL;
}

bool wh_keep_exists(const char *path)
{
    const struct wh_control begin = { .kind = WH_CONTROL_BEGIN };
    struct wh_error ignored;
    struct wh_keep *keep = wh_keep_open(path, &begin, &ignored);
    bool exists = keep && (keep->source || keep->other_count > 0);
    wh_keep_close(keep);
    return exists;
}

const char *wh_keep_source(const struct wh_keep *keep)
{
    return keep->source;
}

int wh_keep_check(const struct wh_keep *keep, const struct wh_place *found,
                  struct wh_error *error)
{
    static const struct wh_place none;
    char from[80], there[80];
    const struct wh_place *place = found ? found : &none;
    if (wh_place_same(place, &keep->from))
        return 0;
    wh_place_text(&keep->from, from);
    wh_place_text(place, there);
    if (!found)
        return wh_fail(error, WH_BROKEN, "%s: the stream goes on from %s, and the state of that is "
                       "not there (it has been removed, or --checkpoint belongs to another "
                       "pipeline)", keep->path, from);
    if (wh_place_none(&keep->from))
        return wh_fail(error, WH_BROKEN, "%s: it is the state of %s, and the stream begins anew: "
                       "remove it to start over, or bring back the checkpoint", keep->path, there);
    return wh_fail(error, WH_BROKEN, "%s: the stream goes on from %s, and the state there is that "
                   "of %s", keep->path, from, there);
}

/* ---- checkpoints ----------------------------------------------------------------------------- */

const char *wh_keep_target(struct wh_keep *keep, const struct wh_place *place)
{
    keep->target.length = 0;
    wh_buffer_format(&keep->target, "%s.%s.%" PRIu64, keep->path, place->epoch, place->n);
    wh_buffer_byte(&keep->target, '\0');
    return keep->target.data;
}

/* Another run may have removed it already, and needs no help. */
static void remove_name(const struct wh_keep *keep, const char *name)
{
    unlinkat(keep->folder, name, 0);
}

static void remove_older(struct wh_keep *keep, uint64_t n)
{
    for (size_t i = 0; i < keep->other_count; i++) {
        remove_name(keep, keep->others[i]);
        free(keep->others[i]);
    }
    keep->other_count = 0;
    struct wh_place place;
    memcpy(place.epoch, keep->epoch, sizeof place.epoch);
    for (place.n = keep->removed ? keep->removed : 1; place.n < n; place.n++) {
        char *name = format(keep->name, &place);
        remove_name(keep, name);
        free(name);
    }
    keep->removed = n;
}

/* A second name for the state's file, or where the file system has no such thing, a copy of it. */
static int copy_state(const struct wh_keep *keep, const char *name, struct wh_error *error)
{
    enum { LARGEST = 1 << 30 };
    size_t length;
    struct wh_buffer path = { 0 };
    wh_buffer_format(&path, "%.*s%s", (int)(strlen(keep->path) - strlen(keep->name)), keep->path,
                     name);
    wh_buffer_byte(&path, '\0');
    char *text = wh_read_file(path.data, LARGEST, &length, error);
    wh_buffer_free(&path);
    if (!text)
        return -1;
    struct wh_atomic_file *file = wh_atomic_open(keep->path, error);
    int result = file ? wh_write_all(wh_atomic_descriptor(file), text, length, error) : -1;
    free(text);
    if (file && result != 0)
        wh_atomic_abort(file);
    return result == 0 ? wh_atomic_commit(file, error) : -1;
}

/*
 * STATE becomes a second name of the state's file, which keeps its own: STATE is never the only
 * one to hold what the checkpoint may name, so that nobody who replaces it (a run that was long
 * asleep) can do harm.
 */
static int link_state(const struct wh_keep *keep, const char *name, struct wh_error *error)
{
    struct wh_buffer temporary = { 0 };
    wh_buffer_format(&temporary, "%s.new", name);
    wh_buffer_byte(&temporary, '\0');
    int result = 0;
    unlinkat(keep->folder, temporary.data, 0);
    if (linkat(keep->folder, name, keep->folder, temporary.data, 0) == 0) {
        if (renameat(keep->folder, temporary.data, keep->folder, keep->name) != 0)
            result = wh_fail_errno(error, WH_FAILED, "%s: cannot replace the file", keep->path);
        /* Where STATE was the same file already, rename leaves both names. */
        unlinkat(keep->folder, temporary.data, 0);
    } else if (errno != ENOENT) {
        result = copy_state(keep, name, error);
    }
    wh_buffer_free(&temporary);
    return result;
}

static int publish(struct wh_keep *keep, uint64_t n, struct wh_error *error)
{
    struct wh_place place = { .n = n };
    memcpy(place.epoch, keep->epoch, sizeof place.epoch);
    char *name = format(keep->name, &place);
    struct stat old;
    bool there = fstatat(keep->folder, keep->name, &old, AT_SYMLINK_NOFOLLOW) == 0;
    if (faccessat(keep->folder, name, F_OK, 0) != 0) {
        free(name); /* nothing was kept for it, or another run has removed it */
        return 0;
    }
    if (there && S_ISREG(old.st_mode)) /* whoever may read STATE may go on to */
        fchmodat(keep->folder, name, old.st_mode & 0777, 0);
    int result = there && S_ISLNK(old.st_mode) ? copy_state(keep, name, error)
                                               : link_state(keep, name, error);
    free(name);
    return result;
}

int wh_keep_committed(struct wh_keep *keep, uint64_t n, struct wh_error *error)
{
    if (n <= keep->published)
        return 0;
    if (publish(keep, n, error) != 0)
        return -1;
    keep->published = n;
    remove_older(keep, n);
    return 0;
}

void wh_keep_close(struct wh_keep *keep)
{
    if (!keep)
        return;
    for (size_t i = 0; i < keep->other_count; i++)
        free(keep->others[i]);
    free(keep->others);
    if (keep->folder >= 0)
        close(keep->folder);
    wh_buffer_free(&keep->target);
    free(keep->source);
    free(keep->name);
    free(keep->path);
    free(keep);
}
