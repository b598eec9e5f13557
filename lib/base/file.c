/* O_TMPFILE and F_SETPIPE_SZ are Linux's own; each has a portable twin below. */
#define _GNU_SOURCE

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/process.h"

/*
 * What a fatal signal must not leave behind
 */

/* A name in a folder that is only there while this process works. */
struct leftover {
    int folder;
    pid_t owner; /* a forked child must not remove what is its parent's */
    bool locked; /* a lock's file, which somebody may have removed; it is known again by ... */
    int file;    /* ... its descriptor */
    size_t place; /* in the list below, from 1; 0: it is not there */
    char name[NAME_MAX + 1];
};

/* A tool has a few at a time; one more than there is room for would stay after a signal. What a
 * signal's handler looks at never goes away, whatever another thread is doing. */
enum { MOST_LEFTOVERS = 32 };
enum { FREE, CHANGING, LEFTOVER };
static struct {
    atomic_int state;
    struct leftover what;
} leftovers[MOST_LEFTOVERS];

/* Whether the open file is the one that bears the name. Also called by the signals' handler. */
static bool bears_name(int file, int folder, const char *name)
{
    struct stat open_one, named;
    return fstat(file, &open_one) == 0
        && fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0
        && open_one.st_ino == named.st_ino && open_one.st_dev == named.st_dev;
}

/* Removes the name, but not where it has become somebody else's. */
static void remove_leftover(const struct leftover *leftover)
{
    if (!leftover->locked || bears_name(leftover->file, leftover->folder, leftover->name))
        unlinkat(leftover->folder, leftover->name, 0);
}

/* Called by the handler of a signal that ends the process. */
static void remove_leftovers(void)
{
    int saved = errno;
    for (size_t i = 0; i < MOST_LEFTOVERS; i++)
        if (atomic_load(&leftovers[i].state) == LEFTOVER && leftovers[i].what.owner == getpid())
            remove_leftover(&leftovers[i].what);
    errno = saved;
}

/* Called before a temporary name exists, so that there is no moment in which it could stay. */
static void leftover_register(struct leftover *leftover)
{
    leftover->owner = getpid();
    wh_process_guard(remove_leftovers);
    for (size_t i = 0; i < MOST_LEFTOVERS; i++) {
        int state = FREE;
        if (!atomic_compare_exchange_strong(&leftovers[i].state, &state, CHANGING))
            continue;
        leftover->place = i + 1;
        leftovers[i].what = *leftover;
        atomic_store(&leftovers[i].state, LEFTOVER);
        return;
    }
}

static void leftover_forget(struct leftover *leftover)
{
    if (leftover->place > 0)
        atomic_store(&leftovers[leftover->place - 1].state, FREE);
    leftover->place = 0;
}

/*
 * Places
 */

/* `name` is that of the file that is locked, or of the lock's. */
static int lock_was_removed(const char *path, const char *name, struct wh_error *error)
{
    size_t length = strlen(name);
    bool ends = length > 5 && strcmp(name + length - 5, ".lock") == 0;
    return wh_fail(error, WH_BROKEN, "%s: its lock file %s%s was removed while this run held it, "
                   "and another run may have begun: nothing more is written (run it again; a lock "
                   "file never has to be removed)", path, name, ends ? "" : ".lock");
}

/* What `path` stands for: symbolic links in its last part are followed, also dangling ones. */
static char *follow_links(const char *path, struct wh_error *error)
{
    enum { MOST_LINKS = 40 };
    char *place = wh_copy(path, strlen(path));
    for (int i = 0; i < MOST_LINKS; i++) {
        char target[PATH_MAX];
        ssize_t length = readlink(place, target, sizeof target);
        if (length < 0 || (size_t)length == sizeof target)
            return place;
        const char *slash = strrchr(place, '/');
        size_t folder = slash && target[0] != '/' ? (size_t)(slash - place) + 1 : 0;
        place = wh_resize(place, folder + (size_t)length + 1, 1);
        memcpy(place + folder, target, (size_t)length);
        place[folder + (size_t)length] = '\0';
    }
    free(place);
    wh_fail(error, WH_FAILED, "%s: too many symbolic links", path);
    return NULL;
}

/* Splits `place`: opens its folder, and *name is its last part. -1 on failure. */
static int open_folder(const char *place, const char **name, struct wh_error *error)
{
    const char *slash = strrchr(place, '/');
    *name = slash ? slash + 1 : place;
    if (**name == '\0')
        return wh_fail(error, WH_REFUSED, "\"%s\" is not the name of a file", place);
    size_t length = !slash ? 1 : slash == place ? 1 : (size_t)(slash - place);
    char *folder = wh_copy(slash ? place : ".", length);
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), number = errno;
    if (descriptor < 0)
        wh_fail_errno(error, WH_FAILED, "%s: cannot open the folder %s", place, folder);
    free(folder);
    errno = number;
    return descriptor;
}

/* Finds the place of a name: its folder and the last part, of *text, which is the caller's. */
static bool find_place(const char *path, struct stat *folder, char **text, const char **name)
{
    struct wh_error ignored;
    *text = follow_links(path, &ignored);
    int descriptor = *text ? open_folder(*text, name, &ignored) : -1;
    if (descriptor < 0)
        return false;
    bool found = fstat(descriptor, folder) == 0;
    close(descriptor);
    return found;
}

bool wh_file_same(const char *left, const char *right)
{
    if (strcmp(left, right) == 0)
        return true;
    struct stat left_folder, right_folder;
    char *left_text = NULL, *right_text = NULL;
    const char *left_name, *right_name;
    bool same = find_place(left, &left_folder, &left_text, &left_name)
             && find_place(right, &right_folder, &right_text, &right_name)
             && left_folder.st_dev == right_folder.st_dev
             && left_folder.st_ino == right_folder.st_ino && strcmp(left_name, right_name) == 0;
    free(left_text);
    free(right_text);
    return same;
}

/*
 * Files that appear whole
 */

struct wh_atomic_file {
    char *path; /* as the caller named it, for messages */
    char *place; /* what is replaced */
    const char *name; /* its last part */
    int folder;
    int descriptor;
    mode_t mode; /* of a new one */
    bool named; /* the temporary name exists */
    struct leftover temporary;
};

/* A file without a name in a folder; -1 where the system or the file system has no such thing. */
static int open_unnamed(int base, const char *folder, mode_t mode)
{
#ifdef O_TMPFILE
    return openat(base, folder, O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
#else
    (void)base;
    (void)folder;
    (void)mode;
    return -1;
#endif
}

static void choose_name(struct leftover *temporary)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(temporary->name, sizeof temporary->name, ".wh-tmp-%ld-%09ld", (long)getpid(),
             now.tv_nsec);
}

/* Creates the hidden file, or links the unnamed one to a hidden name. */
static int take_temporary_name(struct wh_atomic_file *file)
{
    enum { MOST_TRIES = 100 };
    char unnamed[32];
    snprintf(unnamed, sizeof unnamed, "/proc/self/fd/%d", file->descriptor);
    struct leftover *temporary = &file->temporary;
    for (int i = 0; i < MOST_TRIES; i++) {
        choose_name(temporary);
        leftover_register(temporary);
        int result;
        if (file->descriptor >= 0)
            result = linkat(AT_FDCWD, unnamed, file->folder, temporary->name, AT_SYMLINK_FOLLOW);
        else
            result = file->descriptor = openat(file->folder, temporary->name,
                                               O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC,
                                               file->mode);
        if (result >= 0) {
            file->named = true;
            return 0;
        }
        int saved = errno;
        leftover_forget(temporary);
        errno = saved;
        if (errno != EEXIST)
            break;
    }
    return -1;
}

/*
 * The owner is kept where we may give files away, else the group where we are in it. Where neither
 * can be, the group's rights are not handed to another group.
 */
static int keep_mode_and_owner(int descriptor, const struct stat *old)
{
    bool group_kept = fchown(descriptor, old->st_uid, old->st_gid) == 0
                   || fchown(descriptor, (uid_t)-1, old->st_gid) == 0;
    return fchmod(descriptor, old->st_mode & (group_kept ? 0777 : 0707));
}

static int begin(struct wh_atomic_file *file, struct wh_error *error)
{
    file->place = follow_links(file->path, error);
    if (!file->place)
        return -1;
    struct stat old;
    bool exists = stat(file->place, &old) == 0;
    if (exists && !S_ISREG(old.st_mode))
        return wh_fail(error, WH_REFUSED, "%s: is not a regular file", file->path);
    file->temporary.folder = file->folder = open_folder(file->place, &file->name, error);
    if (file->folder < 0)
        return -1;
    /* It gets a name by way of /proc, which may not be there. */
    if (access("/proc/self/fd", X_OK) == 0)
        file->descriptor = open_unnamed(file->folder, ".", file->mode);
    if (file->descriptor < 0 && take_temporary_name(file) != 0)
        return wh_fail_errno(error, WH_FAILED, "%s: cannot create a file in its folder",
                             file->path);
    if (exists && keep_mode_and_owner(file->descriptor, &old) != 0)
        return wh_fail_errno(error, WH_FAILED, "%s: cannot keep the file's mode", file->path);
    return 0;
}

static struct wh_atomic_file *open_atomic(const char *path, mode_t mode, struct wh_error *error)
{
    struct wh_atomic_file *file = wh_alloc(1, sizeof *file);
    file->path = wh_copy(path, strlen(path));
    file->mode = mode;
    file->folder = file->descriptor = -1;
    if (begin(file, error) == 0)
        return file;
    wh_atomic_abort(file);
    return NULL;
}

struct wh_atomic_file *wh_atomic_open(const char *path, struct wh_error *error)
{
    return open_atomic(path, 0600, error);
}

struct wh_atomic_file *wh_atomic_open_shared(const char *path, struct wh_error *error)
{
    return open_atomic(path, 0666, error);
}

int wh_atomic_descriptor(const struct wh_atomic_file *file)
{
    return file->descriptor;
}

static int sync_folder(int folder)
{
    /* Some file systems cannot sync a folder and say so with EINVAL. */
    return fsync(folder) == 0 || errno == EINVAL ? 0 : -1;
}

int wh_file_sync_folder(const char *path, struct wh_error *error)
{
    const char *name;
    char *place = follow_links(path, error);
    if (!place)
        return -1;
    errno = 0;
    int folder = open_folder(place, &name, error), number = errno;
    free(place);
    if (folder < 0)
        return number == EACCES ? 0 : -1;
    int status = sync_folder(folder) == 0
                     ? 0 : wh_fail_errno(error, WH_FAILED, "%s: cannot sync its folder", path);
    close(folder);
    return status;
}

/* Whether a lock of this process on the file that is about to be replaced is still its own: it may
 * have been stopped since it looked, as long as forcing a file to disk takes. */
static bool lock_is_ours(const struct wh_atomic_file *file)
{
    struct stat folder, other;
    size_t length = strlen(file->name);
    if (fstat(file->folder, &folder) != 0)
        return false;
    for (size_t i = 0; i < MOST_LEFTOVERS; i++) {
        const struct leftover *lock = &leftovers[i].what;
        if (atomic_load(&leftovers[i].state) == LEFTOVER && lock->locked && lock->owner == getpid()
            && strncmp(lock->name, file->name, length) == 0
            && strcmp(lock->name + length, ".lock") == 0 && fstat(lock->folder, &other) == 0
            && folder.st_ino == other.st_ino && folder.st_dev == other.st_dev
            && !bears_name(lock->file, lock->folder, lock->name))
            return false;
    }
    return true;
}

static int replace(struct wh_atomic_file *file, struct wh_error *error)
{
    if (fsync(file->descriptor) != 0)
        return wh_fail_errno(error, WH_FAILED, "%s: cannot write", file->path);
    if (!file->named && take_temporary_name(file) != 0)
        return wh_fail_errno(error, WH_FAILED, "%s: cannot name the new file", file->path);
    int closed = close(file->descriptor);
    file->descriptor = -1;
    if (closed != 0)
        return wh_fail_errno(error, WH_FAILED, "%s: cannot write", file->path);
    if (!lock_is_ours(file))
        return lock_was_removed(file->path, file->name, error);
    if (renameat(file->folder, file->temporary.name, file->folder, file->name) != 0)
        return wh_fail_errno(error, WH_FAILED, "%s: cannot replace the file", file->path);
    leftover_forget(&file->temporary);
    file->named = false;
    if (sync_folder(file->folder) != 0)
        return wh_fail_errno(error, WH_FAILED, "%s: replaced, but cannot sync its folder",
                             file->path);
    return 0;
}

int wh_atomic_commit(struct wh_atomic_file *file, struct wh_error *error)
{
    int result = replace(file, error);
    wh_atomic_abort(file);
    return result;
}

void wh_atomic_abort(struct wh_atomic_file *file)
{
    if (file->named) {
        unlinkat(file->folder, file->temporary.name, 0);
        leftover_forget(&file->temporary);
    }
    if (file->descriptor >= 0)
        close(file->descriptor);
    if (file->folder >= 0)
        close(file->folder);
    free(file->place);
    free(file->path);
    free(file);
}

/*
 * Reading and writing
 */

static bool writable_again(int descriptor)
{
    struct pollfd wait = { .fd = descriptor, .events = POLLOUT };
    return poll(&wait, 1, -1) > 0 || errno == EINTR;
}

int wh_write_all(int descriptor, const void *bytes, size_t length, struct wh_error *error)
{
    const char *at = bytes;
    while (length > 0) {
        ssize_t written = write(descriptor, at, length);
        if (written < 0) {
            /* A terminal or pipe that another process has set non-blocking is waited for. */
            if (errno == EINTR || (errno == EAGAIN && writable_again(descriptor)))
                continue;
            return wh_fail_errno(error, WH_FAILED, "cannot write");
        }
        at += written;
        length -= (size_t)written;
    }
    return 0;
}

int wh_write_named(int descriptor, const char *name, const void *bytes, size_t length,
                   struct wh_error *error)
{
    if (wh_write_all(descriptor, bytes, length, error) == 0)
        return 0;
    return wh_error_in(error, "%s", name);
}

int wh_close_output(int descriptor, struct wh_error *error)
{
    /* Some file systems tell only at close what was lost. A duplicate is closed, so that the
     * number stays taken and nothing opened later can be written into by mistake. */
    int duplicate = dup(descriptor);
    if (duplicate >= 0 && close(duplicate) == 0)
        return 0;
    return wh_fail_errno(error, WH_FAILED, "standard output: cannot write");
}

/* At most limit + 1 bytes, by which the caller sees that there were too many. -1 on failure. */
static int read_into(int descriptor, struct wh_buffer *buffer, size_t limit)
{
    enum { CHUNK = 64 << 10 };
    for (;;) {
        size_t left = limit + 1 - buffer->length;
        size_t want = left < CHUNK ? left : CHUNK;
        if (want == 0)
            return 0;
        ssize_t got = read(descriptor, wh_buffer_reserve(buffer, want + 1), want);
        if (got == 0)
            return 0;
        if (got > 0)
            buffer->length += (size_t)got;
        else if (errno != EINTR)
            return -1;
    }
}

bool wh_file_missing(const char *path)
{
    struct stat status;
    return stat(path, &status) != 0 && errno == ENOENT;
}

char *wh_read_file(const char *path, size_t limit, size_t *length, struct wh_error *error)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        wh_fail_errno(error, WH_FAILED, "%s: cannot open", path);
        return NULL;
    }
    struct wh_buffer buffer = { 0 };
    if (limit > SIZE_MAX / 4)
        limit = SIZE_MAX / 4;
    if (read_into(descriptor, &buffer, limit) != 0)
        wh_fail_errno(error, WH_FAILED, "%s: cannot read", path);
    else if (buffer.length > limit)
        wh_fail(error, WH_FAILED, "%s: is larger than %zu bytes", path, limit);
    else {
        close(descriptor);
        *length = buffer.length;
        return wh_buffer_text(&buffer);
    }
    close(descriptor);
    wh_buffer_free(&buffer);
    return NULL;
}

/*
 * Locks
 */

enum { BOOT_SIZE = 40 };

struct wh_lock {
    char *path;
    int descriptor;
    struct leftover file;
    char boot[BOOT_SIZE]; /* names the time since the machine was started; empty: not known */
    bool left;            /* how long the file was made is known, by this holder or the last: */
    uint64_t length;
    off_t place; /* in the lock file, where that is written */
};

/* Whether the locked file is still the one that bears the name: the last holder may have removed
 * it between our open and our lock. */
static bool still_named(const struct wh_lock *lock)
{
    return bears_name(lock->descriptor, lock->file.folder, lock->file.name);
}

static int refuse_held(const struct wh_lock *lock, struct wh_error *error)
{
    char holder[24];
    ssize_t length = read(lock->descriptor, holder, sizeof holder - 1);
    holder[length > 0 ? length : 0] = '\0';
    long process = strtol(holder, NULL, 10);
    if (process > 0)
        return wh_fail(error, WH_BROKEN, "%s: process %ld is writing it", lock->path, process);
    return wh_fail(error, WH_BROKEN, "%s: another process is writing it", lock->path);
}

/* Most likely another user, such as root, has once run the tool. */
static int refuse_unopened(const struct wh_lock *lock, struct wh_error *error)
{
    int number = errno;
    struct stat status;
    bool others = number == EACCES
                  && fstatat(lock->file.folder, lock->file.name, &status, AT_SYMLINK_NOFOLLOW) == 0
                  && status.st_uid != geteuid();
    errno = number;
    if (!others)
        return wh_fail_errno(error, WH_FAILED, "%s: cannot open its lock file %s", lock->path,
                             lock->file.name);
    const struct passwd *owner = getpwuid(status.st_uid);
    char name[64];
    snprintf(name, sizeof name, "%ld", (long)status.st_uid);
    return wh_fail(error, WH_FAILED, "%s: cannot open its lock file %s: it belongs to the user %s "
                   "(run as that user, or remove the lock file when nobody writes %s)", lock->path,
                   lock->file.name, owner ? owner->pw_name : name, lock->path);
}

static int lock_file(struct wh_lock *lock, struct wh_error *error)
{
    for (;;) {
        lock->descriptor = openat(lock->file.folder, lock->file.name,
                                  O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (lock->descriptor < 0)
            return refuse_unopened(lock, error);
        while (flock(lock->descriptor, LOCK_EX | LOCK_NB) != 0) {
            if (errno == EWOULDBLOCK)
                return refuse_held(lock, error);
            if (errno != EINTR)
                return wh_fail_errno(error, WH_FAILED, "%s: cannot lock", lock->path);
        }
        if (still_named(lock))
            return 0;
        close(lock->descriptor);
        lock->descriptor = -1;
    }
}

/* For the message of those who come while we hold it; a failure does not matter. */
static void tell_holder(struct wh_lock *lock)
{
    char text[24];
    lock->place = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(lock->descriptor, 0) == 0) {
        ssize_t written = pwrite(lock->descriptor, text, (size_t)lock->place, 0);
        (void)written;
    }
}

/* Linux names each time that it is up. Without the name nothing is left for the next holder. */
static void find_boot(char boot[static BOOT_SIZE])
{
    int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? 0 : read(file, boot, BOOT_SIZE - 1);
    boot[length > 0 ? length : 0] = '\0';
    boot[strcspn(boot, "\n")] = '\0';
    if (file >= 0)
        close(file);
}

/* "PID\nLENGTH BOOT\n", of a holder that could not release the lock. */
static void read_left(struct wh_lock *lock)
{
    char text[24 + 24 + BOOT_SIZE];
    ssize_t size = pread(lock->descriptor, text, sizeof text - 1, 0);
    text[size > 0 ? size : 0] = '\0';
    char *line = strchr(text, '\n');
    if (!line || line[1] < '0' || line[1] > '9' || !*lock->boot)
        return;
    char *end;
    lock->length = strtoull(line + 1, &end, 10);
    size_t boot = strlen(lock->boot);
    lock->left = *end == ' ' && strncmp(end + 1, lock->boot, boot) == 0 && end[1 + boot] == '\n';
}

static void close_lock(struct wh_lock *lock)
{
    if (lock->descriptor >= 0)
        close(lock->descriptor);
    if (lock->file.folder >= 0)
        close(lock->file.folder);
    free(lock->path);
    free(lock);
}

/* Finds the place beside what `path` stands for: one file has one lock under all of its names. */
static int place_lock(struct wh_lock *lock, struct wh_error *error)
{
    char *place = follow_links(lock->path, error);
    if (!place)
        return -1;
    const char *name;
    lock->file.folder = open_folder(place, &name, error);
    int length = lock->file.folder < 0 ? 0
               : snprintf(lock->file.name, sizeof lock->file.name, "%s.lock", name);
    free(place);
    if ((size_t)length >= sizeof lock->file.name)
        return wh_fail(error, WH_FAILED, "%s: the name is too long for a lock file", lock->path);
    return lock->file.folder < 0 ? -1 : 0;
}

struct wh_lock *wh_lock_take(const char *path, struct wh_error *error)
{
    struct wh_lock *lock = wh_alloc(1, sizeof *lock);
    lock->path = wh_copy(path, strlen(path));
    lock->descriptor = lock->file.folder = -1;
    if (place_lock(lock, error) == 0 && lock_file(lock, error) == 0) {
        /* Not sooner: until now the name may have been another's. */
        lock->file.locked = true;
        lock->file.file = lock->descriptor;
        leftover_register(&lock->file);
        find_boot(lock->boot);
        read_left(lock);
        tell_holder(lock);
        return lock;
    }
    close_lock(lock);
    return NULL;
}

int wh_lock_check(const struct wh_lock *lock, struct wh_error *error)
{
    if (still_named(lock))
        return 0;
    return lock_was_removed(lock->path, lock->file.name, error);
}

void wh_lock_release(struct wh_lock *lock)
{
    /* Removed while still locked: whoever has it open already sees that the name is gone. */
    remove_leftover(&lock->file);
    leftover_forget(&lock->file);
    close_lock(lock);
}

void wh_lock_appends(struct wh_lock *lock, uint64_t length)
{
    char text[24 + BOOT_SIZE];
    lock->left = *lock->boot != '\0';
    lock->length = length;
    if (!lock->left)
        return;
    /* Always of one size, so that no older one shows after it. A disk that is full fails the write
     * that is announced as well; and where nothing was announced, nothing is known. */
    int size = snprintf(text, sizeof text, "%020" PRIu64 " %s\n", length, lock->boot);
    ssize_t written = pwrite(lock->descriptor, text, (size_t)size, lock->place);
    (void)written;
}

bool wh_lock_left(const struct wh_lock *lock, uint64_t *length)
{
    *length = lock->length;
    return lock->left;
}

void wh_lock_leave(struct wh_lock *lock)
{
    if (lock->left)
        wh_lock_appends(lock, lock->length);
    leftover_forget(&lock->file);
    close_lock(lock);
}

/*
 * Names
 */

char *wh_file_place(const char *path, struct wh_error *error)
{
    return follow_links(path, error);
}

/*
 * Spools and pipes
 */

int wh_spool_open(struct wh_error *error)
{
    const char *folder = getenv("TMPDIR");
    if (!folder || *folder == '\0')
        folder = "/tmp";
    int descriptor = open_unnamed(AT_FDCWD, folder, 0600);
    if (descriptor >= 0)
        return descriptor;
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s/.wh-spool-XXXXXX", folder) >= sizeof path)
        return wh_fail(error, WH_FAILED, "%s: the name is too long", folder);
    descriptor = mkstemp(path);
    if (descriptor < 0)
        return wh_fail_errno(error, WH_FAILED, "cannot create a temporary file in %s (see TMPDIR)",
                             folder);
    unlink(path);
    fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    return descriptor;
}

void wh_pipe_enlarge(int descriptor)
{
#ifdef F_SETPIPE_SZ
    enum { LARGE_PIPE = 1 << 20 }; /* what Linux allows without privileges */
    struct stat status;
    if (fstat(descriptor, &status) == 0 && S_ISFIFO(status.st_mode)
        && fcntl(descriptor, F_GETPIPE_SZ) < LARGE_PIPE)
        fcntl(descriptor, F_SETPIPE_SZ, LARGE_PIPE);
#else
    (void)descriptor;
#endif
}

bool wh_write_closed(int descriptor, int milliseconds)
{
    struct pollfd closed = { .fd = descriptor };
    return poll(&closed, 1, milliseconds) > 0;
}
