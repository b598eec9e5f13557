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
    uint64_t published;     /* the n whose state STATE is; 0: none of ours yet */
    char *source;
    struct wh_buffer target;
};

/* ---- names ----------------------------------------------------------------------------------- */

static char *format(const char *path, const struct wh_place *place)
{
    struct wh_buffer name = { 0 };
    wh_buffer_format(&name, "%s.%s.%" PRIu64, path, place->epoch, place->n);
    return wh_buffer_text(&name);
}

/* What a state's second name is called until it becomes STATE (link_state): a kill may leave it. */
static const char UNFINISHED[] = ".new";

/* Whether `name` is NAME.EPOCH.N; gives its place, and what follows after that. */
static bool parse_rest(const struct wh_keep *keep, const char *name, struct wh_place *place,
                       const char **rest)
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
    *rest = end;
    return dot[1] >= '1' && dot[1] <= '9' && errno == 0;
}

/* The same where nothing follows. */
static bool parse(const struct wh_keep *keep, const char *name, struct wh_place *place)
{
    const char *rest;
    return parse_rest(keep, name, place, &rest) && *rest == '\0';
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
    const char *rest;
    while ((entry = readdir(folder)))
        if (parse_rest(keep, entry->d_name, &place, &rest)
            && (*rest == '\0' || strcmp(rest, UNFINISHED) == 0)
            && strcmp(place.epoch, keep->epoch) != 0)
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
    if (exact && !wh_file_missing(exact)) {
        keep->source = exact;
        return;
    }
    free(exact);
    if (!wh_file_missing(keep->path))
        keep->source = wh_copy(keep->path, strlen(keep->path));
}

/*
 * Where the stream goes on from an older state than STATE, either a commit did not last, or another
 * run has gone on from there while this one slept. In the latter case STATE was published after the
 * source of this run had read C, and nothing here may be touched.
 */
static int check_stale(const struct wh_keep *keep, int64_t at, struct wh_error *error)
{
    struct stat exact, state;
    if (at <= 0 || !keep->source || strcmp(keep->source, keep->path) == 0
        || stat(keep->source, &exact) != 0 || lstat(keep->path, &state) != 0
        || (exact.st_dev == state.st_dev && exact.st_ino == state.st_ino))
        return 0;
    int64_t published = (int64_t)state.st_ctim.tv_sec * 1000 + state.st_ctim.tv_nsec / 1000000;
    if (published <= at)
        return 0;
    char from[80];
    return wh_fail(error, WH_BROKEN, "%s: another run has continued from %s since this one began "
                   "(only one may; run the line again)", keep->path,
                   wh_place_text(&keep->from, from));
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
        if (check_stale(keep, begin->at, error) == 0)
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
        return wh_fail(error, WH_BROKEN, "%s: the stream continues from %s, and the state of that "
                       "is not there (it has been removed, or --checkpoint belongs to another "
                       "pipeline)", keep->path, from);
    if (wh_place_none(&keep->from))
        return wh_fail(error, WH_BROKEN, "%s: it is the state of %s, and the stream begins anew: "
                       "remove it to start over, or bring back the checkpoint", keep->path, there);
    return wh_fail(error, WH_BROKEN, "%s: the stream continues from %s, and the state there is "
                   "that of %s (bring back the state and --checkpoint as they were at one time, or "
                   "start over as wh-checkpoint(7) says)", keep->path, from, there);
}

/* ---- checkpoints ----------------------------------------------------------------------------- */

const char *wh_keep_target(struct wh_keep *keep, const struct wh_place *place)
{
    keep->target.length = 0;
    wh_buffer_format(&keep->target, "%s.%s.%" PRIu64, keep->path, place->epoch, place->n);
    return wh_buffer_text(&keep->target);
}

/* Another run may have removed it already, and needs no help. */
static void remove_name(const struct wh_keep *keep, const char *name)
{
    unlinkat(keep->folder, name, 0);
}

static void remove_place(const struct wh_keep *keep, const struct wh_place *place)
{
    char *name = format(keep->name, place);
    remove_name(keep, name);
    free(name);
}

/* States of other epochs, but for the one that the stream goes on from. */
static void remove_others(struct wh_keep *keep)
{
    struct wh_place place;
    for (size_t i = 0; i < keep->other_count; i++) {
        if (!parse(keep, keep->others[i], &place) || !wh_place_same(&place, &keep->from))
            remove_name(keep, keep->others[i]);
        free(keep->others[i]);
    }
    keep->other_count = 0;
}

/* What was there before the commit of our checkpoint n; 0: before the one that the stream goes on
 * from. */
static void remove_older(struct wh_keep *keep, uint64_t n)
{
    remove_others(keep);
    if (n == 0)
        return;
    if (keep->removed == 0 && !wh_place_none(&keep->from))
        remove_place(keep, &keep->from);
    struct wh_place place;
    memcpy(place.epoch, keep->epoch, sizeof place.epoch);
    for (place.n = keep->removed ? keep->removed : 1; place.n < n; place.n++)
        remove_place(keep, &place);
    keep->removed = n;
}

/* Copies the file of one name in the folder to another, both whole paths. */
static int copy_file(const char *from, const char *to, struct wh_error *error)
{
    enum { LARGEST = 1 << 30 };
    size_t length;
    char *text = wh_read_file(from, LARGEST, &length, error);
    if (!text)
        return -1;
    struct wh_atomic_file *file = wh_atomic_open(to, error);
    int result = file ? wh_write_named(wh_atomic_descriptor(file), to, text, length, error) : -1;
    free(text);
    if (file && result != 0)
        wh_atomic_abort(file);
    return result == 0 ? wh_atomic_commit(file, error) : -1;
}

/*
 * STATE becomes a second name of the state's file, which keeps its own: STATE is never the only
 * one to hold what the checkpoint may name, so that nobody who replaces it (a run that was long
 * asleep) can do harm. Where the file system has no second names, it becomes a copy.
 */
static int link_state(const struct wh_keep *keep, const struct wh_place *place,
                      struct wh_error *error)
{
    char *path = format(keep->path, place), *name = format(keep->name, place);
    struct wh_buffer temporary = { 0 };
    wh_buffer_format(&temporary, "%s%s", name, UNFINISHED);
    int result = 0;
    unlinkat(keep->folder, wh_buffer_text(&temporary), 0);
    if (linkat(keep->folder, name, keep->folder, temporary.data, 0) == 0) {
        if (renameat(keep->folder, temporary.data, keep->folder, keep->name) != 0)
            result = wh_fail_errno(error, WH_FAILED, "%s: cannot replace the file", keep->path);
        /* Where STATE was the same file already, rename leaves both names. */
        unlinkat(keep->folder, temporary.data, 0);
    } else if (errno != ENOENT) {
        result = copy_file(path, keep->path, error);
    }
    wh_buffer_free(&temporary);
    free(path);
    free(name);
    return result;
}

/* The stream has gone on from STATE itself, as after a move, and STATE is to be replaced: it gets
 * the name of its checkpoint, to which C may fall back. */
static int name_from(const struct wh_keep *keep, bool linked, struct wh_error *error)
{
    if (wh_place_none(&keep->from) || !keep->source || strcmp(keep->source, keep->path) != 0)
        return 0;
    char *path = format(keep->path, &keep->from), *name = format(keep->name, &keep->from);
    int result = 0;
    if (linked || linkat(keep->folder, keep->name, keep->folder, name, 0) != 0)
        result = !linked && errno == EEXIST ? 0 : copy_file(keep->path, path, error);
    free(path);
    free(name);
    return result;
}

static int publish(const struct wh_keep *keep, uint64_t n, struct wh_error *error)
{
    struct wh_place place = { .n = n };
    memcpy(place.epoch, keep->epoch, sizeof place.epoch);
    struct stat old;
    bool there = fstatat(keep->folder, keep->name, &old, AT_SYMLINK_NOFOLLOW) == 0;
    bool linked = there && S_ISLNK(old.st_mode);
    char *path = format(keep->path, &place), *name = format(keep->name, &place);
    int result = 0;
    /* Else nothing was kept for it, or another run has removed it. */
    if (faccessat(keep->folder, name, F_OK, 0) == 0) {
        if (keep->published == 0 && there)
            result = name_from(keep, linked, error);
        if (there && S_ISREG(old.st_mode)) /* whoever may read STATE may go on to */
            fchmodat(keep->folder, name, old.st_mode & 0777, 0);
        if (result == 0)
            result = linked ? copy_file(path, keep->path, error) : link_state(keep, &place, error);
    }
    free(path);
    free(name);
    return result;
}

int wh_keep_committed(struct wh_keep *keep, uint64_t n, struct wh_error *error)
{
    if (n <= keep->published)
        return 0;
    if (publish(keep, n, error) != 0)
        return -1;
    remove_older(keep, keep->published);
    keep->published = n;
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
