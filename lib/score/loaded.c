#include "score/loaded.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/watch.h"

struct wh_loaded {
    const struct wh_predictor_kind *kind;
    char *path;
    atomic_uint holders;
    pthread_mutex_t lock; /* of all that follows */
    struct wh_watch watch;
    bool loading;         /* some thread is */
    atomic_uint_fast64_t number; /* of loads; read without the lock too */
    struct wh_predictor *predictor; /* the last that could be loaded */
    bool failed;          /* the last load, */
    struct wh_error reason;
};

struct wh_loaded *wh_loaded_open(const struct wh_predictor_kind *kind, const char *path,
                                 struct wh_error *error)
{
    struct wh_watch watch = { 0 };
    wh_watch_changed(&watch, path); /* before: a change meanwhile is seen later */
    struct wh_predictor *predictor = wh_predictor_load(kind, path, error);
    if (!predictor)
        return NULL;
    struct wh_loaded *loaded = wh_alloc(1, sizeof *loaded);
    loaded->kind = kind;
    loaded->path = wh_copy(path, strlen(path));
    atomic_init(&loaded->holders, 1);
    pthread_mutex_init(&loaded->lock, NULL);
    loaded->watch = watch;
    atomic_init(&loaded->number, 1);
    loaded->predictor = predictor;
    return loaded;
}

void wh_loaded_hold(struct wh_loaded *loaded)
{
    atomic_fetch_add(&loaded->holders, 1);
}

void wh_loaded_release(struct wh_loaded *loaded)
{
    if (!loaded || atomic_fetch_sub(&loaded->holders, 1) > 1)
        return;
    wh_predictor_release(loaded->predictor);
    pthread_mutex_destroy(&loaded->lock);
    free(loaded->path);
    free(loaded);
}

struct wh_predictor *wh_loaded_predictor(struct wh_loaded *loaded, uint64_t *number)
{
    pthread_mutex_lock(&loaded->lock);
    struct wh_predictor *predictor = loaded->predictor;
    wh_predictor_hold(predictor);
    *number = loaded->number;
    pthread_mutex_unlock(&loaded->lock);
    return predictor;
}

uint64_t wh_loaded_number(const struct wh_loaded *loaded)
{
    return atomic_load_explicit(&loaded->number, memory_order_relaxed);
}

/* Whether the caller is to load what has taken the file's place. */
static bool begin_load(struct wh_loaded *loaded)
{
    pthread_mutex_lock(&loaded->lock);
    bool begins = !loaded->loading && wh_watch_changed(&loaded->watch, loaded->path);
    loaded->loading |= begins;
    pthread_mutex_unlock(&loaded->lock);
    return begins;
}

void wh_loaded_look(struct wh_loaded *loaded)
{
    struct wh_error reason;
    if (!begin_load(loaded))
        return;
    struct wh_predictor *next = wh_predictor_load(loaded->kind, loaded->path, &reason);
    pthread_mutex_lock(&loaded->lock);
    struct wh_predictor *before = next ? loaded->predictor : NULL;
    if (next)
        loaded->predictor = next;
    else
        loaded->reason = reason;
    loaded->failed = !next;
    loaded->number++;
    loaded->loading = false;
    pthread_mutex_unlock(&loaded->lock);
    wh_predictor_release(before);
}

bool wh_loaded_newer(struct wh_loaded *loaded, uint64_t *number, struct wh_predictor **predictor,
                     struct wh_error *reason)
{
    *predictor = NULL;
    pthread_mutex_lock(&loaded->lock);
    bool newer = loaded->number != *number;
    *number = loaded->number;
    if (newer && loaded->failed)
        *reason = loaded->reason;
    else if (newer)
        wh_predictor_hold(*predictor = loaded->predictor);
    pthread_mutex_unlock(&loaded->lock);
    return newer;
}
