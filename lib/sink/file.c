/*
 * Files as targets: NDJSON, CSV and TSV, plain or gzip.
 *
 * Without a checkpoint, a new file and one that is replaced appear whole or not at all; to one that
 * is there rows are appended, and it is cut back where the run fails. With a checkpoint rows are
 * appended, and C says how many bytes are committed: what is behind them is cut off when the next
 * run begins. What is no regular file gets the rows as they come.
 *
 * Two locks are held from the beginning to the end: beside the target and beside C.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "database/sqlite.h"
#include "sink/file_format.h"
#include "sink/file_output.h"
#include "sink/file_store.h"
#include "sink/sink.h"

struct file {
    struct wh_sink sink;
    const struct wh_sink_request *request;
    const char *path;
    const char *checkpoint; /* C; NULL */
    struct wh_lock *target_lock, *checkpoint_lock;
    struct wh_atomic_file *fresh; /* the target anew, until the first commit; NULL: appended to */
    int descriptor;               /* its own, or that of `fresh` */
    bool special;                 /* no regular file */
    bool checked;                 /* the first row has been held against the header */
    uint64_t inode;
    uint64_t committed; /* the length to cut back to */
    struct wh_file_format format;
    struct wh_file_output *output;
    struct wh_writer *writer;
};

static int name_file(const struct file *file, struct wh_error *error)
{
    struct wh_error cause = *error;
    return wh_fail(error, cause.status, "%s: %s", file->path, cause.text);
}

/* ---- rows ---------------------------------------------------------------------------------- */

/* The last row of an input may lack its line end, and others will follow it here. */
static struct wh_row terminated_row(struct wh_row *row)
{
    struct wh_row ended = *row;
    if (row->terminator > 0 || !row->raw)
        return ended;
    char *raw = wh_row_take(row, row->raw_length + 1);
    memcpy(raw, row->raw, row->raw_length);
    raw[row->raw_length] = '\n';
    ended.raw = raw;
    ended.raw_length++;
    ended.terminator = 1;
    return ended;
}

static enum wh_verdict file_row(struct wh_sink *sink, struct wh_row *row, struct wh_emit *emit,
                                struct wh_error *error)
{
    struct file *file = (struct file *)sink;
    (void)emit;
    if (!file->checked && wh_file_format_check(&file->format, file->path, row, error) != 0)
        return WH_FATAL;
    file->checked = true;
    const struct wh_row ended = terminated_row(row);
    int result = wh_writer_row(file->writer, &ended, error);
    if (result >= 0)
        return result == 0 ? WH_TAKEN : WH_BAD;
    name_file(file, error);
    return WH_FATAL;
}

/* Who reads from a pipe gets a slow stream's rows without delay. */
static int file_tick(struct wh_sink *sink, struct wh_error *error)
{
    struct file *file = (struct file *)sink;
    if (!file->special || wh_writer_flush(file->writer, error) == 0)
        return 0;
    return name_file(file, error);
}

/* ---- commits ------------------------------------------------------------------------------- */

static int expect(const struct file *file, const struct wh_place *expected, struct wh_error *error)
{
    struct wh_file_checkpoint held;
    if (wh_file_checkpoint_read(file->checkpoint, &held, error) != 0)
        return -1;
    int status = wh_checkpoint_expect(&held.checkpoint, expected, file->checkpoint, error);
    wh_checkpoint_free(&held.checkpoint);
    return status;
}

static int open_target(struct file *file, int flags, struct wh_error *error)
{
    struct stat status;
    file->descriptor = open(file->path, O_WRONLY | O_APPEND | O_CLOEXEC | flags, 0666);
    if (file->descriptor < 0)
        return wh_fail_errno(error, WH_FAILED, "%s: cannot open", file->path);
    if (fstat(file->descriptor, &status) != 0)
        return wh_fail_errno(error, WH_FAILED, "%s: cannot look at it", file->path);
    file->inode = (uint64_t)status.st_ino;
    file->committed = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
    wh_file_output_set(file->output, file->descriptor, file->committed);
    return 0;
}

/* Gives the new file its name; rows of later commits are appended to it. */
static int settle_fresh(struct file *file, struct wh_error *error)
{
    struct wh_atomic_file *fresh = file->fresh;
    file->fresh = NULL;
    file->descriptor = -1;
    return wh_atomic_commit(fresh, error) == 0 ? open_target(file, 0, error) : -1;
}

static int sync_target(struct file *file, struct wh_error *error)
{
    if (file->fresh)
        return settle_fresh(file, error);
    if (file->special || wh_file_output_length(file->output) == file->committed)
        return 0;
    return fsync(file->descriptor) == 0
               ? 0 : wh_fail_errno(error, WH_FAILED, "%s: cannot write", file->path);
}

/* Once C may say so the rows are committed, even if forcing that to disk has failed: cutting them
 * off then would leave C ahead of the target. */
static int write_checkpoint(struct file *file, uint64_t length, const struct wh_checkpoint *next,
                            struct wh_error *error)
{
    struct wh_file_checkpoint held;
    struct wh_error ignored;
    if (wh_file_checkpoint_write(file->checkpoint, file->path, file->inode, length, next, error)
        == 0)
        return 0;
    if (wh_file_checkpoint_read(file->checkpoint, &held, &ignored) != 0
        || wh_place_same(&held.checkpoint.place, &next->place))
        file->committed = length;
    wh_checkpoint_free(&held.checkpoint);
    return -1;
}

static int file_commit(struct wh_sink *sink, const struct wh_checkpoint *next,
                       const struct wh_place *expected, struct wh_emit *emit,
                       struct wh_error *error)
{
    struct file *file = (struct file *)sink;
    (void)emit;
    if ((!next && wh_writer_finish(file->writer, error) != 0) ||
        wh_writer_flush(file->writer, error) != 0 || wh_file_output_end(file->output, error) != 0)
        return name_file(file, error);
    if (next && expect(file, expected, error) != 0)
        return -1;
    if (sync_target(file, error) != 0)
        return -1;
    uint64_t length = wh_file_output_length(file->output);
    if (next && write_checkpoint(file, length, next, error) != 0)
        return -1;
    file->committed = length;
    return 0;
}

static int file_checkpoint(struct wh_sink *sink, struct wh_checkpoint *held,
                           struct wh_error *error)
{
    const struct file *file = (const struct file *)sink;
    struct wh_file_checkpoint there;
    int status = wh_file_checkpoint_read(file->checkpoint, &there, error);
    *held = there.checkpoint;
    return status;
}

/* ---- opening ------------------------------------------------------------------------------- */

/* Begins a file that takes the target's place at the first commit; new ones have the mode that a
 * shell's redirection would give. */
static int open_fresh(struct file *file, bool exists, struct wh_error *error)
{
    file->fresh = wh_atomic_open(file->path, error);
    if (!file->fresh)
        return -1;
    file->descriptor = wh_atomic_descriptor(file->fresh);
    wh_file_output_set(file->output, file->descriptor, 0);
    if (exists)
        return 0;
    mode_t mask = umask(0);
    umask(mask);
    return fchmod(file->descriptor, 0666 & ~mask) == 0
               ? 0 : wh_fail_errno(error, WH_FAILED, "%s: cannot set its mode", file->path);
}

/* Goes on behind the rows that are there. A line that is not ended is. */
static int open_append(struct file *file, bool whole, struct wh_error *error)
{
    bool ended = true;
    if (open_target(file, O_CREAT, error) != 0)
        return -1;
    if (file->committed == 0)
        return 0;
    if (wh_file_format_look(&file->format, file->path, whole, &ended, error) != 0)
        return -1;
    if (ended || wh_file_output_write(file->output, "\n", 1, error) == 0)
        return 0;
    return name_file(file, error);
}

/* What is behind the committed bytes came from a run that did not get to its next commit. */
static int cut_back(const struct file *file, uint64_t length, struct wh_error *error)
{
    if (truncate(file->path, (off_t)length) == 0)
        return 0;
    return wh_fail_errno(error, WH_FAILED, "%s: cannot cut off what is not committed", file->path);
}

static int resume(struct file *file, const struct wh_file_checkpoint *held,
                  struct wh_error *error)
{
    struct stat status;
    if (stat(file->path, &status) != 0)
        return wh_fail_errno(error, WH_REFUSED, "%s was written for another target than %s, or "
                             "for one that has gone (give each target a --checkpoint of its own; "
                             "to begin anew, remove %s)", file->checkpoint, file->path,
                             file->checkpoint);
    uint64_t length = (uint64_t)status.st_size;
    if ((uint64_t)status.st_ino != held->inode || length < held->length)
        return wh_fail(error, WH_REFUSED, "%s is not the file that %s was written for: it %s (put "
                       "that back; or, to begin anew, remove %s and give --replace)",
                       file->path, file->checkpoint,
                       length < held->length ? "is shorter than what was committed"
                                             : "was replaced by another",
                       file->checkpoint);
    if (length > held->length && cut_back(file, held->length, error) != 0)
        return -1;
    return open_append(file, false, error);
}

/* C is there before the first row, so that a run that is killed before its first commit can be
 * told from a file that was there before. */
static int begin_anew(struct file *file, struct wh_error *error)
{
    struct stat status;
    bool exists = stat(file->path, &status) == 0;
    if (exists && status.st_size > 0 && file->request->replace)
        return open_fresh(file, true, error);
    if (exists && status.st_size > 0)
        return wh_fail(error, WH_REFUSED, "%s holds something already, and there is no %s to go on "
                       "from: --replace writes it anew", file->path, file->checkpoint);
    /* A new one is made as a whole, which forces its name to disk, as C soon relies on. */
    bool opened = exists ? open_append(file, false, error) == 0
                         : open_fresh(file, false, error) == 0 && settle_fresh(file, error) == 0;
    if (!opened)
        return -1;
    return wh_file_checkpoint_write(file->checkpoint, file->path, file->inode, 0, NULL, error);
}

static int open_with_checkpoint(struct file *file, struct wh_error *error)
{
    struct wh_file_checkpoint held;
    file->checkpoint_lock = wh_lock_take(file->checkpoint, error);
    if (!file->checkpoint_lock || wh_file_checkpoint_read(file->checkpoint, &held, error) != 0)
        return -1;
    int status = held.exists ? resume(file, &held, error) : begin_anew(file, error);
    wh_checkpoint_free(&held.checkpoint);
    return status;
}

static int open_regular(struct file *file, bool exists, struct wh_error *error)
{
    if (wh_sqlite_refuse_bare(file->path, error) != 0)
        return -1;
    file->target_lock = wh_lock_take(file->path, error);
    if (!file->target_lock)
        return -1;
    if (file->checkpoint)
        return open_with_checkpoint(file, error);
    return exists && !file->request->replace ? open_append(file, true, error)
                                             : open_fresh(file, exists, error);
}

static int open_special(struct file *file, struct wh_error *error)
{
    file->special = true;
    if (file->checkpoint)
        return wh_fail(error, WH_REFUSED, "%s is no regular file: what was written there cannot be "
                       "taken back, so it cannot have a --checkpoint", file->path);
    return open_target(file, 0, error);
}

/* The folder that a name is in, looked at; `last` is the rest of the name. */
static bool look_at_folder(const char *path, struct stat *folder, const char **last)
{
    const char *slash = strrchr(path, '/');
    *last = slash ? slash + 1 : path;
    char *name = slash ? wh_copy(path, (size_t)(slash + 1 - path)) : wh_copy(".", 1);
    bool found = stat(name, folder) == 0;
    free(name);
    return found;
}

/* Whether both names are of one file, or of one that would come to be. */
static bool same_file(const char *left, const char *right)
{
    struct stat one, other;
    const char *one_name = "", *other_name = "";
    bool exist = stat(left, &one) == 0 && stat(right, &other) == 0;
    if (!exist && !(look_at_folder(left, &one, &one_name)
                    && look_at_folder(right, &other, &other_name)))
        return false;
    return one.st_ino == other.st_ino && one.st_dev == other.st_dev
           && strcmp(one_name, other_name) == 0;
}

static int check_names(const struct file *file, struct wh_error *error)
{
    if (strcmp(file->path, "-") == 0 || *file->path == '\0')
        return wh_fail(error, WH_REFUSED, "TARGET is a file or a database: for rows on standard "
                                          "output leave wh-load out (wh-clean converts formats)");
    if (!file->checkpoint)
        return 0;
    if (strstr(file->checkpoint, "://") || strncmp(file->checkpoint, "sqlite:", 7) == 0)
        return wh_fail(error, WH_REFUSED, "the target is a file, and its checkpoint a small file "
                       "beside it: give --checkpoint %s.checkpoint, say", file->path);
    return same_file(file->path, file->checkpoint)
               ? wh_fail(error, WH_REFUSED, "--checkpoint must name another file than the target")
               : 0;
}

static bool is_gzip(const char *path)
{
    size_t length = strlen(path);
    return length > 3 && strcasecmp(path + length - 3, ".gz") == 0;
}

static int open_file(struct file *file, struct wh_error *error)
{
    struct stat status;
    if (check_names(file, error) != 0)
        return -1;
    bool exists = stat(file->path, &status) == 0;
    if (exists && S_ISDIR(status.st_mode))
        return wh_fail(error, WH_REFUSED, "%s is a folder", file->path);
    wh_file_format_settle(&file->format, file->request->writing, file->path);
    file->output = wh_file_output_open(is_gzip(file->path));
    if (exists && !S_ISREG(status.st_mode) ? open_special(file, error)
                                           : open_regular(file, exists, error))
        return -1;
    file->writer = wh_writer_open_to(wh_file_output_write, file->output, &file->format.writing);
    return 0;
}

/* ---- closing ------------------------------------------------------------------------------- */

/* Nothing stays but what was committed. Where even that fails, the next run sees to it. */
static void take_back(struct file *file)
{
    if (file->fresh) {
        wh_atomic_abort(file->fresh);
        return;
    }
    if (file->descriptor < 0)
        return;
    if (!file->special && wh_file_output_length(file->output) > file->committed
        && ftruncate(file->descriptor, (off_t)file->committed) != 0)
        file->committed = 0;
    close(file->descriptor);
}

static void file_close(struct wh_sink *sink)
{
    struct file *file = (struct file *)sink;
    take_back(file);
    if (file->writer)
        wh_writer_discard(file->writer);
    wh_file_output_close(file->output);
    wh_file_format_free(&file->format);
    if (file->checkpoint_lock)
        wh_lock_release(file->checkpoint_lock);
    if (file->target_lock)
        wh_lock_release(file->target_lock);
    free(file);
}

struct wh_sink *wh_file_sink(const struct wh_sink_request *request, struct wh_error *error)
{
    static const struct wh_sink_ops ops = {
        .row = file_row, .commit = file_commit, .checkpoint = file_checkpoint, .tick = file_tick,
        .close = file_close,
    };
    struct file *file = wh_alloc(1, sizeof *file);
    file->sink.ops = &ops;
    file->request = request;
    file->path = request->target;
    file->checkpoint = request->checkpoint;
    file->descriptor = -1;
    if (open_file(file, error) == 0)
        return &file->sink;
    file_close(&file->sink);
    return NULL;
}
