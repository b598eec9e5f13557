#include "pipe/outlet.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

enum {
    MOST_WAITING = 64 << 20, /* bytes that wait for a file to be saved */
    FEW_WAITING = 1 << 20,   /* so many are no reason to skip a checkpoint, */
    MOST_RECORDS = 8,        /* nor are so many checkpoints whose saving has not begun */
};

/* One thing to save. */
struct job {
    struct job *next;
    int (*save)(void *context, struct wh_error *error);
    void (*drop)(void *context);
    void *context;
};

enum state { READY, WAITING, SAVING, SKIPPED };

/* What leaves, in order: bytes, or a record with the jobs before it. */
struct item {
    struct item *next;
    enum state state;
    uint64_t n; /* of the record */
    struct job *jobs;
    char *bytes;
    size_t length;
    char *skipped; /* the record's other form; NULL: it has none */
    size_t skipped_length;
};

struct wh_outlet {
    wh_write *write; /* NULL: there is no output */
    void *context;
    int descriptor;
    /* The run's own: the record at hand. */
    struct job *jobs, **last_job;
    bool record;
    uint64_t n;
    char *skipped;
    size_t skipped_length;
    /* Shared, under the lock. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct item *first, **last;
    size_t bytes;     /* of the items */
    size_t enough;    /* bytes that may wait although nothing is being saved */
    unsigned waiting; /* items that are, */
    bool saving;      /* and whether one is being saved */
    bool failed, closing;
    struct wh_error failure;
    int number;       /* errno of it; 0 where it was saving that failed */
    /* Threads, from the first job on. */
    bool threaded, alone; /* alone: there can be no threads */
    pthread_t saver, writer;
};

/* ---- jobs and items -------------------------------------------------------------------------- */

static void free_jobs(struct job *jobs)
{
    while (jobs) {
        struct job *next = jobs->next;
        jobs->drop(jobs->context);
        free(jobs);
        jobs = next;
    }
}

static int run_jobs(const struct job *jobs, struct wh_error *error)
{
    for (; jobs; jobs = jobs->next)
        if (jobs->save && jobs->save(jobs->context, error) != 0)
            return -1;
    return 0;
}

static void free_item(struct item *item)
{
    free_jobs(item->jobs);
    free(item->bytes);
    free(item->skipped);
    free(item);
}

static void append(struct wh_outlet *outlet, struct item *item)
{
    item->next = NULL;
    *outlet->last = item;
    outlet->last = &item->next;
    outlet->bytes += item->length;
    outlet->waiting += item->state == WAITING;
    pthread_cond_broadcast(&outlet->changed);
}

/* Takes the first item out. */
static void shift(struct wh_outlet *outlet)
{
    struct item *item = outlet->first;
    outlet->first = item->next;
    if (!outlet->first)
        outlet->last = &outlet->first;
    outlet->bytes -= item->length;
    pthread_cond_broadcast(&outlet->changed);
    free_item(item);
}

/* Keeps the first failure. Nothing will leave any more; an item that is being saved is left to its
 * thread. */
static void fail(struct wh_outlet *outlet, const struct wh_error *error, int number)
{
    if (outlet->failed)
        return;
    outlet->failed = true;
    outlet->failure = *error;
    outlet->number = number;
    pthread_cond_broadcast(&outlet->changed);
}

/* ---- threads --------------------------------------------------------------------------------- */

static struct item *find_waiting(struct item *item)
{
    while (item && item->state != WAITING)
        item = item->next;
    return item;
}

/* Without output nobody else takes out what is done. */
static void shift_saved(struct wh_outlet *outlet)
{
    while (!outlet->write && outlet->first
           && (outlet->first->state == READY || outlet->first->state == SKIPPED))
        shift(outlet);
}

/* Saves one item; the lock is held, but not meanwhile. */
static void save_item(struct wh_outlet *outlet, struct item *item)
{
    struct wh_error error;
    item->state = SAVING;
    outlet->waiting--;
    outlet->saving = true;
    pthread_mutex_unlock(&outlet->lock);
    int result = run_jobs(item->jobs, &error);
    free_jobs(item->jobs);
    pthread_mutex_lock(&outlet->lock);
    item->jobs = NULL;
    item->state = READY;
    outlet->saving = false;
    /* Whoever reads is slower than the run, if so much has gathered, and then has something to do
     * while the next one is being saved. */
    outlet->enough = outlet->bytes;
    if (result != 0)
        fail(outlet, &error, 0);
    shift_saved(outlet);
    pthread_cond_broadcast(&outlet->changed);
}

static void *save_items(void *context)
{
    struct wh_outlet *outlet = context;
    pthread_mutex_lock(&outlet->lock);
    for (;;) {
        struct item *item = outlet->failed ? NULL : find_waiting(outlet->first);
        if (item)
            save_item(outlet, item);
        else if (outlet->closing)
            break;
        else
            pthread_cond_wait(&outlet->changed, &outlet->lock);
    }
    pthread_mutex_unlock(&outlet->lock);
    return NULL;
}

static void write_item(struct wh_outlet *outlet, const struct item *item)
{
    struct wh_error error;
    bool skipped = item->state == SKIPPED;
    const char *bytes = skipped ? item->skipped : item->bytes;
    size_t length = skipped ? item->skipped_length : item->length;
    pthread_mutex_unlock(&outlet->lock);
    int result = outlet->write(outlet->context, bytes, length, &error), number = errno;
    pthread_mutex_lock(&outlet->lock);
    if (result == 0)
        shift(outlet);
    else
        fail(outlet, &error, number);
}

static void *write_items(void *context)
{
    struct wh_outlet *outlet = context;
    pthread_mutex_lock(&outlet->lock);
    for (;;) {
        const struct item *item = outlet->failed ? NULL : outlet->first;
        if (item && (item->state == READY || item->state == SKIPPED))
            write_item(outlet, item);
        else if (outlet->closing && (!item || outlet->failed))
            break;
        else
            pthread_cond_wait(&outlet->changed, &outlet->lock);
    }
    pthread_mutex_unlock(&outlet->lock);
    return NULL;
}

/* Signals are for the thread of the run, except SIGPIPE, which the system sends to the thread that
 * writes: blocked, it would be an error instead of the process's end. */
static bool begin_threads(struct wh_outlet *outlet)
{
    sigset_t mask, before;
    sigfillset(&mask);
    pthread_sigmask(SIG_SETMASK, &mask, &before);
    outlet->threaded = pthread_create(&outlet->saver, NULL, save_items, outlet) == 0;
    sigdelset(&mask, SIGPIPE);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    if (outlet->threaded && outlet->write
        && pthread_create(&outlet->writer, NULL, write_items, outlet) != 0) {
        pthread_mutex_lock(&outlet->lock);
        outlet->closing = true;
        pthread_cond_broadcast(&outlet->changed);
        pthread_mutex_unlock(&outlet->lock);
        pthread_join(outlet->saver, NULL);
        outlet->closing = outlet->threaded = false;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    outlet->alone = !outlet->threaded;
    return outlet->threaded;
}

/* ---- opening and closing --------------------------------------------------------------------- */

static int write_descriptor(void *context, const char *bytes, size_t length,
                            struct wh_error *error)
{
    const struct wh_outlet *outlet = context;
    return wh_write_all(outlet->descriptor, bytes, length, error);
}

struct wh_outlet *wh_outlet_open(int descriptor)
{
    struct wh_outlet *outlet = wh_outlet_open_to(descriptor < 0 ? NULL : write_descriptor, NULL);
    outlet->context = outlet;
    outlet->descriptor = descriptor;
    return outlet;
}

struct wh_outlet *wh_outlet_open_to(wh_write *write, void *context)
{
    struct wh_outlet *outlet = wh_alloc(1, sizeof *outlet);
    outlet->write = write;
    outlet->context = context;
    outlet->descriptor = -1;
    outlet->last = &outlet->first;
    outlet->last_job = &outlet->jobs;
    pthread_mutex_init(&outlet->lock, NULL);
    pthread_cond_init(&outlet->changed, NULL);
    return outlet;
}

void wh_outlet_close(struct wh_outlet *outlet)
{
    if (!outlet)
        return;
    if (outlet->threaded) {
        pthread_mutex_lock(&outlet->lock);
        outlet->closing = true;
        pthread_cond_broadcast(&outlet->changed);
        pthread_mutex_unlock(&outlet->lock);
        pthread_join(outlet->saver, NULL);
        if (outlet->write)
            pthread_join(outlet->writer, NULL);
    }
    while (outlet->first)
        shift(outlet);
    free_jobs(outlet->jobs);
    free(outlet->skipped);
    pthread_cond_destroy(&outlet->changed);
    pthread_mutex_destroy(&outlet->lock);
    free(outlet);
}

/* ---- saving ---------------------------------------------------------------------------------- */

int wh_outlet_run(struct wh_outlet *outlet, int (*save)(void *context, struct wh_error *error),
                  void (*drop)(void *context), void *context, struct wh_error *error)
{
    if (!outlet) {
        int result = save ? save(context, error) : 0;
        drop(context);
        return result;
    }
    struct job *job = wh_alloc(1, sizeof *job);
    *job = (struct job){ NULL, save, drop, context };
    *outlet->last_job = job;
    outlet->last_job = &job->next;
    return 0;
}

struct file_job {
    struct wh_atomic_file *file; /* NULL: committed */
};

static int save_file(void *context, struct wh_error *error)
{
    struct file_job *job = context;
    struct wh_atomic_file *file = job->file;
    job->file = NULL;
    return wh_atomic_commit(file, error);
}

static void drop_file(void *context)
{
    struct file_job *job = context;
    if (job->file)
        wh_atomic_abort(job->file);
    free(job);
}

int wh_outlet_save(struct wh_outlet *outlet, struct wh_atomic_file *file, struct wh_error *error)
{
    if (!outlet)
        return wh_atomic_commit(file, error);
    struct file_job *job = wh_alloc(1, sizeof *job);
    job->file = file;
    return wh_outlet_run(outlet, save_file, drop_file, job, error);
}

struct sync_job {
    int descriptor;
    const char *path;
};

static int sync_descriptor(void *context, struct wh_error *error)
{
    const struct sync_job *job = context;
    return fsync(job->descriptor) == 0
               ? 0 : wh_fail_errno(error, WH_FAILED, "%s: cannot write", job->path);
}

int wh_outlet_sync(struct wh_outlet *outlet, int descriptor, const char *path,
                   struct wh_error *error)
{
    struct sync_job *job = wh_alloc(1, sizeof *job);
    *job = (struct sync_job){ descriptor, path };
    return wh_outlet_run(outlet, sync_descriptor, free, job, error);
}

bool wh_outlet_saves(const struct wh_outlet *outlet)
{
    return outlet->jobs;
}

void wh_outlet_record(struct wh_outlet *outlet, uint64_t n, const char *skipped, size_t length)
{
    free(outlet->skipped);
    outlet->record = true;
    outlet->n = n;
    outlet->skipped = skipped ? wh_copy(skipped, length) : NULL;
    outlet->skipped_length = length;
}

/* ---- writing --------------------------------------------------------------------------------- */

static int tell_failure(const struct wh_outlet *outlet, struct wh_error *error)
{
    *error = outlet->failure;
    errno = outlet->number;
    return -1;
}

/* The records that came before, and whose saving has not begun, make way for a new one. */
static void skip_waiting(struct wh_outlet *outlet)
{
    if (outlet->bytes <= FEW_WAITING && outlet->waiting < MOST_RECORDS)
        return;
    struct item *item = outlet->first;
    while ((item = find_waiting(item))) {
        if (item->skipped) {
            free_jobs(item->jobs);
            item->jobs = NULL;
            item->state = SKIPPED;
            outlet->waiting--;
        }
        item = item->next;
    }
}

/* Makes an item of the bytes, and of the record at hand if they are that. */
static struct item *make_item(struct wh_outlet *outlet, const char *bytes, size_t length)
{
    struct item *item = wh_alloc(1, sizeof *item);
    item->bytes = wh_copy(bytes, length);
    item->length = length;
    if (!outlet->record || !outlet->jobs)
        return item;
    item->state = WAITING;
    item->n = outlet->n;
    item->jobs = outlet->jobs;
    item->skipped = outlet->skipped;
    item->skipped_length = outlet->skipped_length;
    outlet->jobs = NULL;
    outlet->last_job = &outlet->jobs;
    outlet->skipped = NULL;
    return item;
}

static bool saves(const struct wh_outlet *outlet)
{
    return outlet->saving || outlet->waiting > 0;
}

/* Waits until there is room in memory, and appends the item. */
static int enqueue(struct wh_outlet *outlet, struct item *item, struct wh_error *error)
{
    pthread_mutex_lock(&outlet->lock);
    while (!outlet->failed && outlet->bytes > (saves(outlet) ? MOST_WAITING : outlet->enough))
        pthread_cond_wait(&outlet->changed, &outlet->lock);
    int result = outlet->failed ? tell_failure(outlet, error) : 0;
    if (result == 0) {
        if (item->state == WAITING)
            skip_waiting(outlet);
        append(outlet, item);
    }
    pthread_mutex_unlock(&outlet->lock);
    if (result != 0) {
        free_item(item);
        errno = outlet->number; /* which dropping files may have changed */
    }
    return result;
}

/* Nothing waits, so that bytes may be written here and now. */
static bool idle(struct wh_outlet *outlet)
{
    if (!outlet->threaded)
        return true;
    pthread_mutex_lock(&outlet->lock);
    bool empty = !outlet->first && !outlet->failed;
    pthread_mutex_unlock(&outlet->lock);
    return empty;
}

/* Saves what is at hand, and writes, without threads. */
static int write_now(struct wh_outlet *outlet, const char *bytes, size_t length,
                     struct wh_error *error)
{
    int result = outlet->record ? run_jobs(outlet->jobs, error) : 0;
    bool written = result == 0;
    if (outlet->record) {
        free_jobs(outlet->jobs);
        outlet->jobs = NULL;
        outlet->last_job = &outlet->jobs;
    }
    if (result == 0 && length > 0)
        result = outlet->write(outlet->context, bytes, length, error);
    if (result != 0) {
        int number = written ? errno : 0;
        pthread_mutex_lock(&outlet->lock);
        fail(outlet, error, number);
        pthread_mutex_unlock(&outlet->lock);
        errno = number;
    }
    return result;
}

int wh_outlet_write(void *context, const char *bytes, size_t length, struct wh_error *error)
{
    struct wh_outlet *outlet = context;
    bool saves_first = outlet->record && outlet->jobs;
    bool threads = saves_first && !outlet->threaded && !outlet->alone ? begin_threads(outlet)
                                                                      : outlet->threaded;
    int result;
    if (!threads && outlet->failed)
        result = tell_failure(outlet, error);
    else if (!threads || (!saves_first && idle(outlet)))
        result = write_now(outlet, bytes, length, error);
    else
        result = enqueue(outlet, make_item(outlet, bytes, length), error);
    outlet->record = false;
    return result;
}

/* ---- waiting --------------------------------------------------------------------------------- */

int wh_outlet_check(struct wh_outlet *outlet, struct wh_error *error)
{
    pthread_mutex_lock(&outlet->lock);
    int result = outlet->failed ? tell_failure(outlet, error) : 0;
    pthread_mutex_unlock(&outlet->lock);
    return result;
}

int wh_outlet_settle(struct wh_outlet *outlet, struct wh_error *error)
{
    pthread_mutex_lock(&outlet->lock);
    while (outlet->saving || (outlet->first && !outlet->failed))
        pthread_cond_wait(&outlet->changed, &outlet->lock);
    int result = outlet->failed ? tell_failure(outlet, error) : 0;
    pthread_mutex_unlock(&outlet->lock);
    return result;
}

/* Whether the first record that is not saved is n or one before it. */
static bool unsaved(const struct wh_outlet *outlet, uint64_t n)
{
    const struct item *item = outlet->first;
    while (item && item->state != WAITING && item->state != SAVING)
        item = item->next;
    return item && item->n <= n;
}

int wh_outlet_await(struct wh_outlet *outlet, uint64_t n, struct wh_error *error)
{
    pthread_mutex_lock(&outlet->lock);
    while (!outlet->failed && unsaved(outlet, n))
        pthread_cond_wait(&outlet->changed, &outlet->lock);
    int result = outlet->failed ? tell_failure(outlet, error) : 0;
    pthread_mutex_unlock(&outlet->lock);
    return result;
}
