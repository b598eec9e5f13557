#include "sink/file/target.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "sink/file/output.h"
#include "sink/file/rotate.h"
#include "sink/file/store.h"

struct wh_file_target {
    const struct wh_sink_request *request;
    const char *path;
    const char *checkpoint; /* C; NULL */
    const char *rotate;     /* the pattern of --rotate; NULL */
    struct wh_lock *target_lock, *checkpoint_lock;
    struct wh_atomic_file *fresh; /* the target anew, until a commit; NULL: appended to */
    struct stat replaced;         /* what has the name of `fresh` until then; st_nlink 0: nothing */
    int descriptor;               /* its own, or that of `fresh` */
    bool special;                 /* no regular file */
    bool ready;                   /* opened: what it holds is known */
    bool changed;                 /* by another program: nothing of it may be taken back */
    bool keep_left;               /* the lock says which bytes are a killed run's: that stays */
    uint64_t committed;           /* the length to cut back to */
    struct wh_file_checkpoint held; /* what C holds, as this run has read or written it */
    struct wh_file_output *output;
    uint64_t rotations;
};

bool wh_file_target_special(const struct wh_file_target *target)
{
    return target->special;
}

bool wh_file_target_begun(const struct wh_file_target *target)
{
    return !target->special && !target->fresh && target->committed > 0;
}

/* ---- C ------------------------------------------------------------------------------------- */

static int write_held(const struct wh_file_target *target, const struct wh_file_checkpoint *held,
                      struct wh_error *error)
{
    return wh_file_checkpoint_write(target->checkpoint, target->path, held, error);
}

static int expect(const struct wh_file_target *target, const struct wh_place *expected,
                  struct wh_error *error)
{
    struct wh_file_checkpoint held;
    int status = wh_file_checkpoint_read(target->checkpoint, &held, error);
    if (status == 0)
        status = wh_checkpoint_expect(&held.checkpoint, expected, target->checkpoint, error);
    wh_file_checkpoint_free(&held);
    return status;
}

int wh_file_target_checkpoint(const struct wh_file_target *target, struct wh_checkpoint *held,
                              struct wh_error *error)
{
    struct wh_file_checkpoint there;
    int status = wh_file_checkpoint_read(target->checkpoint, &there, error);
    *held = there.checkpoint;
    there.checkpoint = (struct wh_checkpoint){ 0 };
    wh_file_checkpoint_free(&there);
    return status;
}

static int check_locks(const struct wh_file_target *target, struct wh_error *error)
{
    if (target->target_lock && wh_lock_check(target->target_lock, error) != 0)
        return -1;
    return target->checkpoint_lock ? wh_lock_check(target->checkpoint_lock, error) : 0;
}

/* C says whether bytes may follow the committed ones that are not committed. */
static int set_open(struct wh_file_target *target, bool open, struct wh_error *error)
{
    if (!target->checkpoint || target->fresh || target->held.open == open)
        return 0;
    if (expect(target, &target->held.checkpoint.place, error) != 0)
        return -1;
    struct wh_file_checkpoint held = target->held;
    held.open = open;
    if (write_held(target, &held, error) != 0)
        return -1;
    target->held.open = open;
    return 0;
}

/* ---- what others have done to the file --------------------------------------------------------- */

/* How to go on where bytes that are not ours follow the first `ours`, as words of a message. */
static const char *cut_remedy(const struct wh_file_target *target, uint64_t ours,
                              char out[static 600])
{
    snprintf(out, 600, "only wh-load may write to it; to go on, keep what others wrote, which is "
             "after byte %" PRIu64 ", and cut it off: tail -c +%" PRIu64 " %.160s >OTHERS; "
             "truncate -s %" PRIu64 " %.160s",
             ours, ours + 1, target->path, target->committed, target->path);
    return out;
}

/* The file's length must be what this run has made of it. */
static int check_length(struct wh_file_target *target, struct wh_error *error)
{
    struct stat status;
    char remedy[600];
    if (fstat(target->descriptor, &status) != 0)
        return wh_fail_errno(error, WH_FAILED, "%s: cannot look at it", target->path);
    uint64_t found = (uint64_t)status.st_size, length = wh_file_output_length(target->output);
    if (found == length)
        return 0;
    target->changed = true;
    if (found < target->committed)
        return wh_fail(error, WH_BROKEN, "%s: another program has cut it while this run wrote to "
                       "it: it has %" PRIu64 " bytes, and %" PRIu64 " were committed (put it back "
                       "as it was)", target->path, found, target->committed);
    return wh_fail(error, WH_BROKEN, "%s: another program has written to it while this run did: it "
                   "has %" PRIu64 " bytes where this run has made it %" PRIu64 " (%s)",
                   target->path, found, length,
                   target->checkpoint ? cut_remedy(target, target->committed, remedy)
                                      : "its rows and those of this run are mixed in it now");
}

/* The name must still be that of the open file. */
static int check_name(struct wh_file_target *target, struct wh_error *error)
{
    struct stat open_one, named;
    if (fstat(target->descriptor, &open_one) != 0)
        return wh_fail_errno(error, WH_FAILED, "%s: cannot look at it", target->path);
    if (stat(target->path, &named) == 0 && open_one.st_ino == named.st_ino
        && open_one.st_dev == named.st_dev)
        return 0;
    target->changed = true;
    return wh_fail(error, WH_BROKEN, "%s: another program has moved, removed or replaced it while "
                   "this run wrote to it (put it back and run again%s)", target->path,
                   target->checkpoint ? "; --rotate begins a new file safely" : "");
}

/* The committed bytes must be what they were. */
static int check_content(struct wh_file_target *target, struct wh_error *error)
{
    struct wh_extent found;
    if (!target->held.extent.known)
        return 0;
    if (wh_extent_take(target->descriptor, target->held.extent.length, &found, error) != 0)
        return wh_error_in(error, "%s", target->path);
    if (wh_extent_same(&found, &target->held.extent))
        return 0;
    target->changed = true;
    return wh_fail(error, WH_BROKEN, "%s: another program has changed what was committed to it "
                   "(put it back as it was and run again)", target->path);
}

static int check_file(struct wh_file_target *target, struct wh_error *error)
{
    return check_name(target, error) == 0 && check_length(target, error) == 0
                   && check_content(target, error) == 0
               ? 0 : -1;
}

/* What has the name that `fresh` is to take must be what it was when that was begun. */
static int check_replaced(struct wh_file_target *target, struct wh_error *error)
{
    struct stat now;
    const struct stat *before = &target->replaced;
    bool there = stat(target->path, &now) == 0;
    if (there ? now.st_ino == before->st_ino && now.st_dev == before->st_dev
                    && now.st_size == before->st_size && before->st_nlink > 0
              : before->st_nlink == 0)
        return 0;
    return wh_fail(error, WH_BROKEN, "%s: another program has made, changed or removed it while "
                   "this run was about to: it stays as it is (move it away and run again)",
                   target->path);
}

/* ---- bytes --------------------------------------------------------------------------------- */

int wh_file_target_write(void *context, const char *bytes, size_t length, struct wh_error *error)
{
    struct wh_file_target *target = context;
    bool appends = !target->fresh && !target->special;
    if (check_locks(target, error) != 0 || set_open(target, true, error) != 0
        || (appends && (check_name(target, error) != 0 || check_length(target, error) != 0)))
        return -1;
    return wh_file_output_write(target->output, bytes, length, error) == 0
               ? 0 : wh_error_in(error, "%s", target->path);
}

/* ---- opening files ------------------------------------------------------------------------- */

static int open_target(struct wh_file_target *target, int flags, struct wh_error *error)
{
    struct stat status;
    int how = target->special ? O_WRONLY : O_RDWR;
    target->descriptor = open(target->path, how | O_APPEND | O_CLOEXEC | flags, 0666);
    if (target->descriptor < 0)
        return wh_fail_errno(error, WH_FAILED, "%s: cannot open", target->path);
    if (fstat(target->descriptor, &status) != 0)
        return wh_fail_errno(error, WH_FAILED, "%s: cannot look at it", target->path);
    target->committed = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
    target->held.inode = (uint64_t)status.st_ino;
    wh_file_output_set(target->output, target->descriptor, target->committed, NULL);
    return 0;
}

/* Begins a file that takes the target's place at a commit. */
static int open_fresh(struct wh_file_target *target, struct wh_error *error)
{
    if (stat(target->path, &target->replaced) != 0)
        target->replaced = (struct stat){ 0 };
    target->committed = 0;
    target->fresh = wh_atomic_open_shared(target->path, error);
    if (!target->fresh)
        return -1;
    target->descriptor = wh_atomic_descriptor(target->fresh);
    wh_file_output_set(target->output, target->descriptor, 0, NULL);
    return 0;
}

/* Gives the new file its name; further bytes are appended to it. */
static int settle_fresh(struct wh_file_target *target, struct wh_error *error)
{
    struct stat status;
    if (check_replaced(target, error) != 0)
        return -1;
    int descriptor = fcntl(target->descriptor, F_DUPFD_CLOEXEC, 0);
    if (descriptor < 0 || fcntl(descriptor, F_SETFL, O_APPEND) != 0
        || fstat(descriptor, &status) != 0) {
        if (descriptor >= 0)
            close(descriptor);
        return wh_fail_errno(error, WH_FAILED, "%s: cannot go on with the new file", target->path);
    }
    struct wh_atomic_file *fresh = target->fresh;
    target->fresh = NULL;
    target->descriptor = -1;
    if (wh_atomic_commit(fresh, error) != 0) {
        close(descriptor);
        return -1;
    }
    target->descriptor = descriptor;
    target->held.inode = (uint64_t)status.st_ino;
    wh_file_output_set(target->output, descriptor, wh_file_output_length(target->output),
                       target->target_lock);
    return 0;
}

/* ---- commits ------------------------------------------------------------------------------- */

/* Once C may say so the rows are committed, even if forcing that to disk has failed: cutting them
 * off then would leave C ahead of the target. */
static int write_checkpoint(struct wh_file_target *target, const struct wh_file_checkpoint *next,
                            struct wh_error *error)
{
    struct wh_file_checkpoint there;
    struct wh_error ignored;
    if (write_held(target, next, error) == 0)
        return 0;
    if (wh_file_checkpoint_read(target->checkpoint, &there, &ignored) != 0
        || wh_place_same(&there.checkpoint.place, &next->checkpoint.place))
        target->committed = next->extent.length;
    wh_file_checkpoint_free(&there);
    return -1;
}

/* Before the new file takes the target's name C says by what it is known again, in case the run
 * ends before C says that it is committed. */
static int announce_fresh(struct wh_file_target *target, uint64_t length, struct wh_error *error)
{
    struct wh_file_checkpoint held = target->held;
    if (wh_extent_take(target->descriptor, length, &held.next, error) != 0)
        return wh_error_in(error, "%s", target->path);
    if (write_held(target, &held, error) != 0)
        return -1;
    target->held.next = held.next;
    return 0;
}

/* The file as it is now becomes what is committed, and C says so. */
static int commit_checkpoint(struct wh_file_target *target, const struct wh_checkpoint *next,
                             uint64_t length, struct wh_error *error)
{
    struct wh_file_checkpoint held = target->held;
    held.checkpoint = *next;
    held.next = (struct wh_extent){ 0 };
    held.open = !target->fresh;
    if (wh_extent_take(target->descriptor, length, &held.extent, error) != 0)
        return wh_error_in(error, "%s", target->path);
    if (write_checkpoint(target, &held, error) != 0)
        return -1;
    json_incref(next->position);
    json_incref(next->through);
    wh_checkpoint_free(&target->held.checkpoint);
    target->held = held;
    return 0;
}

/* As long as nothing is committed rows go to a new file. Where none came yet, and an empty file has
 * the name, there is nothing to settle. */
static int commit_fresh(struct wh_file_target *target, const struct wh_checkpoint *next,
                        struct wh_error *error)
{
    uint64_t length = wh_file_output_length(target->output);
    bool empty = length == 0 && target->replaced.st_nlink > 0 && target->replaced.st_size == 0;
    if (next && empty)
        return commit_checkpoint(target, next, 0, error);
    if ((next && announce_fresh(target, length, error) != 0) || settle_fresh(target, error) != 0
        || (next && commit_checkpoint(target, next, length, error) != 0))
        return -1;
    target->committed = length;
    if (length > 0 || !next)
        return 0;
    close(target->descriptor);
    target->descriptor = -1;
    return open_fresh(target, error);
}

static int commit_appended(struct wh_file_target *target, const struct wh_checkpoint *next,
                           struct wh_error *error)
{
    uint64_t length = wh_file_output_length(target->output);
    if (!target->special && check_file(target, error) != 0)
        return -1;
    if (!target->special && length != target->committed && fsync(target->descriptor) != 0)
        return wh_fail_errno(error, WH_FAILED, "%s: cannot write", target->path);
    if (next && commit_checkpoint(target, next, length, error) != 0)
        return -1;
    target->committed = length;
    return 0;
}

static int commit(struct wh_file_target *target, const struct wh_checkpoint *next,
                  const struct wh_place *expected, struct wh_error *error)
{
    if (check_locks(target, error) != 0)
        return -1;
    if (wh_file_output_end(target->output, error) != 0)
        return wh_error_in(error, "%s", target->path);
    if (next && expect(target, expected, error) != 0)
        return -1;
    return target->fresh ? commit_fresh(target, next, error) : commit_appended(target, next, error);
}

int wh_file_target_commit(struct wh_file_target *target, const struct wh_checkpoint *next,
                          const struct wh_place *expected, struct wh_error *error)
{
    if (commit(target, next, expected, error) == 0)
        return 0;
    /* What has failed may be the doing of a run that has begun while this one was stopped. */
    struct wh_error removed;
    if (check_locks(target, &removed) != 0)
        *error = removed;
    return -1;
}

/* ---- going on from C ----------------------------------------------------------------------- */

/* Another file than C's; `what` says how that is known. */
static int refuse_other(const struct wh_file_target *target, const char *what,
                        struct wh_error *error)
{
    return wh_fail(error, WH_REFUSED, "%s is not the file that %s was written for: it %s (put that "
                   "back, or restore both from one backup; or, to begin anew, remove %s and give "
                   "--replace)", target->path, target->checkpoint, what, target->checkpoint);
}

/* C of an earlier version knows its target by the inode, which one that was restored has not kept. */
static int refuse_inode(const struct wh_file_target *target, struct wh_error *error)
{
    const char *c = target->checkpoint;
    return wh_fail(error, WH_REFUSED, "%s is perhaps not the file that %s was written for: that is "
                   "of an earlier version, which knew the file by its inode (if it is, moved or "
                   "restored from a backup, say so: jq -c 'del(.inode)' %s >%s.new && mv %s.new %s; "
                   "if not, put that back; or, to begin anew, remove %s and give --replace)",
                   target->path, c, c, c, c, c, c);
}

/* What an unfinished run has written after its last commit is cut off: its rows come again. */
static int cut_back(struct wh_file_target *target, uint64_t length, uint64_t found,
                    struct wh_error *error)
{
    if (ftruncate(target->descriptor, (off_t)length) != 0)
        return wh_fail_errno(error, WH_FAILED, "%s: cannot cut off what is not committed",
                             target->path);
    wh_notify_say(&target->request->notify, "%s: cut off %" PRIu64 " bytes that a run wrote after "
                  "its last commit and did not commit (their rows come again)", target->path,
                  found - length);
    return 0;
}

/* A run that was killed has left what may be cut off, but not what came after it. */
static int check_left(struct wh_file_target *target, uint64_t size, struct wh_error *error)
{
    uint64_t left;
    char remedy[600];
    if (!wh_lock_left(target->target_lock, &left) || size <= left)
        return 0;
    target->keep_left = true;
    return wh_fail(error, WH_REFUSED, "%s: another program has written to it: it has %" PRIu64
                   " bytes, and the run that was killed had made it %" PRIu64 " (%s)",
                   target->path, size, left, cut_remedy(target, left, remedy));
}

/* The open file must be the one that C was written for; it is cut back to what is committed. */
static int resume_committed(struct wh_file_target *target, struct wh_error *error)
{
    const struct wh_file_checkpoint *held = &target->held;
    uint64_t inode = held->inode, length = held->extent.length;
    char remedy[600];
    struct wh_extent found;
    if (open_target(target, 0, error) != 0)
        return -1;
    uint64_t size = target->committed;
    target->committed = length;
    if (size < length)
        return refuse_other(target, "is shorter than what was committed", error);
    if (!held->extent.known && inode != 0 && inode != target->held.inode)
        return refuse_inode(target, error);
    if (wh_extent_take(target->descriptor, length, &found, error) != 0)
        return wh_error_in(error, "%s", target->path);
    if (held->extent.known && !wh_extent_same(&found, &held->extent))
        return refuse_other(target, "holds other bytes than those that were committed", error);
    if (size > length && held->extent.known && !held->open)
        return wh_fail(error, WH_REFUSED, "%s: another program has written to it: it has %" PRIu64
                       " bytes, of which %s knows %" PRIu64 " (%s)", target->path, size,
                       target->checkpoint, length, cut_remedy(target, length, remedy));
    target->held.extent = found;
    if (size > length && check_left(target, size, error) != 0)
        return -1;
    wh_file_output_set(target->output, target->descriptor, length, target->target_lock);
    return size > length ? cut_back(target, length, size, error) : 0;
}

/* Nothing of the target is committed: it begins. What has its name must be empty, or what a run was
 * about to commit, or is to be replaced. */
static int resume_begin(struct wh_file_target *target, struct wh_error *error)
{
    struct stat status;
    bool exists = stat(target->path, &status) == 0;
    bool ours = !exists || status.st_size == 0 || target->request->replace;
    if (!ours && target->held.next.known) {
        struct wh_extent found = { 0 };
        int descriptor = open(target->path, O_RDONLY | O_CLOEXEC);
        ours = descriptor >= 0 && (uint64_t)status.st_size == target->held.next.length
            && wh_extent_take(descriptor, target->held.next.length, &found, error) == 0
            && wh_extent_same(&found, &target->held.next);
        if (descriptor >= 0)
            close(descriptor);
    }
    if (ours)
        return open_fresh(target, error);
    return wh_fail(error, WH_REFUSED, "%s holds something already, of which %s knows nothing: move "
                   "it away, or give --replace, which writes it anew", target->path,
                   target->checkpoint);
}

static int resume(struct wh_file_target *target, struct wh_error *error)
{
    struct stat status;
    if (target->held.extent.length == 0)
        return resume_begin(target, error);
    if (stat(target->path, &status) != 0)
        return wh_fail_errno(error, WH_REFUSED, "%s was written for another target than %s, or "
                             "for one that has gone (give each target a --checkpoint of its own; "
                             "to begin anew, remove %s)", target->checkpoint, target->path,
                             target->checkpoint);
    return resume_committed(target, error);
}

/* Without C. It need not be there before the first commit, since the target is not either. */
static int begin_anew(struct wh_file_target *target, struct wh_error *error)
{
    struct stat status;
    bool exists = stat(target->path, &status) == 0;
    if (exists && status.st_size > 0 && !target->request->replace)
        return wh_fail(error, WH_REFUSED, "%s holds something already, and there is no %s to go on "
                       "from: --replace writes it anew", target->path, target->checkpoint);
    return open_fresh(target, error);
}

/* ---- --rotate ------------------------------------------------------------------------------ */

/* The target has its other name, or gets it now; then C says that nothing of the next is there. */
static int finish_rotation(struct wh_file_target *target, struct wh_error *error)
{
    struct wh_file_checkpoint *held = &target->held;
    if (wh_file_rotate_move(target->path, held->rotate, &held->extent, error) != 0)
        return -1;
    struct wh_file_checkpoint next = *held;
    next.extent = (struct wh_extent){ 0 };
    next.rotating = next.open = false;
    next.rotate = NULL;
    if (write_held(target, &next, error) != 0)
        return -1;
    free(held->rotate);
    *held = next;
    return 0;
}

/* The file being written is complete: it gets its name. */
static int rotate(struct wh_file_target *target, struct wh_error *error)
{
    struct wh_file_checkpoint held = target->held;
    if (check_locks(target, error) != 0 || check_file(target, error) != 0
        || expect(target, &held.checkpoint.place, error) != 0
        || wh_file_rotate_free(target->path, held.rotate, error) != 0)
        return -1;
    held.rotating = true;
    held.open = false;
    if (write_held(target, &held, error) != 0)
        return -1;
    target->held.rotating = true;
    target->held.open = false;
    if (finish_rotation(target, error) != 0)
        return -1;
    target->rotations++;
    close(target->descriptor);
    target->descriptor = -1;
    return open_fresh(target, error);
}

static void tell_rotated(const struct wh_file_target *target, const char *name)
{
    wh_notify_say(&target->request->notify, "%s is complete and is now %s", target->path, name);
}

int wh_file_target_rotate(struct wh_file_target *target, struct wh_error *error)
{
    if (!target->rotate)
        return 0;
    char *name = wh_file_rotate_name(target->rotate, target->path, target->checkpoint,
                                     error);
    if (!name)
        return -1;
    char *before = target->held.rotate;
    if (before && strcmp(before, name) == 0) {
        free(name);
        return 0;
    }
    int rotated = 0;
    if (before && !target->fresh) {
        char *old = wh_copy(before, strlen(before));
        rotated = rotate(target, error) == 0 ? 1 : -1;
        if (rotated > 0)
            tell_rotated(target, old);
        free(old);
    }
    if (rotated < 0) {
        free(name);
        return -1;
    }
    free(target->held.rotate);
    target->held.rotate = name; /* C gets it with the next commit, or when the file is opened */
    return rotated;
}

uint64_t wh_file_target_rotations(const struct wh_file_target *target)
{
    return target->rotations;
}

/* ---- opening ------------------------------------------------------------------------------- */

static int open_with_checkpoint(struct wh_file_target *target, struct wh_error *error)
{
    target->checkpoint_lock = wh_lock_take(target->checkpoint, error);
    if (!target->checkpoint_lock
        || wh_file_checkpoint_read(target->checkpoint, &target->held, error) != 0)
        return -1;
    if (target->held.rotating && finish_rotation(target, error) != 0)
        return -1;
    int status = target->held.exists ? resume(target, error) : begin_anew(target, error);
    return status == 0 && wh_file_target_rotate(target, error) >= 0 ? 0 : -1;
}

static int open_regular(struct wh_file_target *target, bool exists, struct wh_error *error)
{
    target->target_lock = wh_lock_take(target->path, error);
    if (!target->target_lock)
        return -1;
    if (target->checkpoint)
        return open_with_checkpoint(target, error);
    return exists && !target->request->replace ? open_target(target, O_CREAT, error)
                                               : open_fresh(target, error);
}

static int open_special(struct wh_file_target *target, struct wh_error *error)
{
    target->special = true;
    if (target->checkpoint)
        return wh_fail(error, WH_REFUSED, "%s is not a regular file: what was written there cannot "
                       "be taken back, so it cannot have a --checkpoint", target->path);
    return open_target(target, 0, error);
}

/* Whether both names are of one file, by hard links too, or of one that would come to be. */
static bool same_file(const char *left, const char *right)
{
    struct stat one, other;
    return wh_file_same(left, right)
           || (stat(left, &one) == 0 && stat(right, &other) == 0 && one.st_ino == other.st_ino
               && one.st_dev == other.st_dev);
}

static int check_names(const struct wh_file_target *target, struct wh_error *error)
{
    if (strcmp(target->path, "-") == 0 || *target->path == '\0')
        return wh_fail(error, WH_REFUSED, "TARGET is a file or a database: for rows on standard "
                                          "output leave wh-load out (wh-clean converts formats)");
    if (!target->checkpoint)
        return target->rotate
                   ? wh_fail(error, WH_REFUSED, "--rotate requires --checkpoint, which says how "
                                                "much of the file is complete")
                   : 0;
    return same_file(target->path, target->checkpoint)
               ? wh_fail(error, WH_REFUSED, "--checkpoint must name another file than the target")
               : 0;
}

static bool is_gzip(const char *path)
{
    size_t length = strlen(path);
    return length > 3 && strcasecmp(path + length - 3, ".gz") == 0;
}

static int open_any(struct wh_file_target *target, struct wh_error *error)
{
    struct stat status;
    if (check_names(target, error) != 0)
        return -1;
    bool exists = stat(target->path, &status) == 0;
    if (exists && S_ISDIR(status.st_mode))
        return wh_fail(error, WH_REFUSED, "%s is a folder", target->path);
    target->output = wh_file_output_open(is_gzip(target->path));
    return exists && !S_ISREG(status.st_mode) ? open_special(target, error)
                                              : open_regular(target, exists, error);
}

struct wh_file_target *wh_file_target_open(const struct wh_sink_request *request,
                                           struct wh_error *error)
{
    struct wh_file_target *target = wh_alloc(1, sizeof *target);
    target->request = request;
    target->path = request->target;
    target->checkpoint = request->checkpoint;
    target->rotate = wh_file_rotate_pattern(request->asked);
    target->descriptor = -1;
    target->ready = open_any(target, error) == 0;
    if (target->ready)
        return target;
    wh_file_target_close(target);
    return NULL;
}

/* ---- closing ------------------------------------------------------------------------------- */

/* Whether all that follows the committed bytes was written by this run. */
static bool may_cut(struct wh_file_target *target)
{
    struct stat status;
    struct wh_error ignored;
    if (fstat(target->descriptor, &status) != 0 || target->changed
        || check_locks(target, &ignored) != 0 || check_name(target, &ignored) != 0)
        return false;
    uint64_t size = (uint64_t)status.st_size;
    target->changed = size < wh_file_output_least(target->output)
                   || size > wh_file_output_length(target->output);
    return !target->changed;
}

static void tell_left(const struct wh_file_target *target)
{
    if (!target->checkpoint)
        wh_notify_say(&target->request->notify, "%s: the rows of this run are not taken back, "
                      "since another program has changed the file", target->path);
}

/* Nothing stays but what was committed. Where even that fails, the next run sees to it. */
static void take_back(struct wh_file_target *target)
{
    struct wh_error ignored;
    if (!target->ready || target->special || target->descriptor < 0)
        return;
    bool whole = wh_file_output_length(target->output) == target->committed;
    if (!whole && !may_cut(target))
        tell_left(target);
    else if (!whole)
        whole = ftruncate(target->descriptor, (off_t)target->committed) == 0;
    /* What others have written must not be taken for ours by the next run. */
    if ((whole || target->changed) && check_locks(target, &ignored) == 0)
        set_open(target, false, &ignored);
}

void wh_file_target_close(struct wh_file_target *target)
{
    if (!target)
        return;
    if (target->fresh) {
        wh_atomic_abort(target->fresh);
    } else {
        take_back(target);
        if (target->descriptor >= 0)
            close(target->descriptor);
    }
    wh_file_output_close(target->output);
    wh_file_checkpoint_free(&target->held);
    if (target->checkpoint_lock)
        wh_lock_release(target->checkpoint_lock);
    if (target->target_lock)
        (target->keep_left ? wh_lock_leave : wh_lock_release)(target->target_lock);
    free(target);
}
