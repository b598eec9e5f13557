#include "pipe/origin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/process.h"
#include "base/time.h"
#include "pipe/store.h"

/* A checkpoint that was written: how many rows stood before it in all, and when. */
struct written {
    uint64_t n, rows;
    double first; /* when the first of its rows was due, by wh_clock(); for the lag */
};

struct wh_origin {
    struct wh_store *store; /* NULL: --mark */
    char *name;
    struct wh_every every;
    struct wh_checkpoint held;  /* what C held when the stream began */
    int64_t at;                 /* before that was read (wh_time_now) */
    char epoch[WH_EPOCH_SIZE];
    uint64_t n;                 /* of the last checkpoint written */
    uint64_t rows;              /* written before it */
    uint64_t committed;         /* the last n that the sink was seen to hold */
    uint64_t committed_rows;
    json_t *committed_position;
    double last;                /* when the last record was written */
    double looked;              /* when C was last read */
    struct written *waiting;    /* those not seen committed, oldest first */
    size_t waiting_count, waiting_room;
};

/* C is read at most so often; a checkpoint every millisecond must not mean a query each. */
static const double LOOK_EVERY = 0.2;

int wh_every_parse(const char *text, struct wh_every *every, struct wh_error *error)
{
    size_t length = strlen(text);
    int64_t milliseconds;
    char *end;
    *every = (struct wh_every){ 0 };
    if (wh_duration_parse(text, length, &milliseconds)) {
        every->seconds = (double)milliseconds / 1000;
        if (milliseconds > 0)
            return 0;
    } else if (length > 0 && length < 19 && strspn(text, "0123456789") == length) {
        every->rows = strtoull(text, &end, 10);
        if (every->rows > 0)
            return 0;
    }
    char quoted[96];
    return wh_fail(error, WH_REFUSED, "%s is neither a number of rows nor a duration, such as "
                   "10000 or 2s", wh_quote(quoted, text, length));
}

/* ---- begin ----------------------------------------------------------------------------------- */

static int read_store(struct wh_origin *origin, struct wh_checkpoint *held,
                      struct wh_error *error)
{
    if (origin->store->ops->read(origin->store, held, error) == 0)
        return 0;
    return wh_error_in(error, "--checkpoint %s", origin->name);
}

struct wh_origin *wh_origin_open(struct wh_store *store, const char *name,
                                 const struct wh_every *every, struct wh_error *error)
{
    struct wh_origin *origin = wh_alloc(1, sizeof *origin);
    origin->store = store;
    origin->name = wh_copy(name ? name : "", name ? strlen(name) : 0);
    origin->every = *every;
    wh_epoch_make(origin->epoch);
    origin->at = wh_time_now();
    origin->last = wh_clock();
    if (!store || read_store(origin, &origin->held, error) == 0)
        return origin;
    wh_origin_close(origin);
    return NULL;
}

void wh_origin_close(struct wh_origin *origin)
{
    if (!origin)
        return;
    if (origin->store)
        origin->store->ops->close(origin->store);
    wh_checkpoint_free(&origin->held);
    json_decref(origin->committed_position);
    free(origin->waiting);
    free(origin->name);
    free(origin);
}

const json_t *wh_origin_position(const struct wh_origin *origin)
{
    return origin->held.position;
}

bool wh_origin_resumes(const struct wh_origin *origin)
{
    return origin->store != NULL;
}

struct wh_control wh_origin_stream(const struct wh_origin *origin)
{
    struct wh_control begin = { .kind = WH_CONTROL_BEGIN, .marked = !origin->store,
                                .from = origin->held.place, .at = origin->at, .by = "wh-extract" };
    memcpy(begin.place.epoch, origin->epoch, sizeof begin.place.epoch);
    return begin;
}

struct wh_place wh_origin_next(const struct wh_origin *origin)
{
    struct wh_place next = { .n = origin->n + 1 };
    memcpy(next.epoch, origin->epoch, sizeof next.epoch);
    return next;
}

uint64_t wh_origin_committed(const struct wh_origin *origin)
{
    return origin->committed;
}

const json_t *wh_origin_committed_position(const struct wh_origin *origin)
{
    return origin->committed_position;
}

/* ---- records --------------------------------------------------------------------------------- */

/* Prints what has been put together, and drops it. */
static void print(struct wh_buffer *out, json_t *json, uint64_t rows)
{
    struct wh_control control = { .json = json };
    const char *kind = json_string_value(json_object_get(json, "@wh"));
    control.kind = strcmp(kind, "begin") == 0 ? WH_CONTROL_BEGIN
                   : strcmp(kind, "committed") == 0 ? WH_CONTROL_COMMITTED
                                                    : WH_CONTROL_CHECKPOINT;
    wh_control_print(out, &control, rows, "wh-extract", NULL);
    json_decref(json);
}

void wh_origin_begin(struct wh_origin *origin, struct wh_buffer *out, const json_t *position)
{
    json_t *begin = json_pack("{s:s, s:s}", "@wh", "begin", "epoch", origin->epoch);
    if (origin->store) {
        json_object_set_new(begin, "from", wh_place_json(&origin->held.place));
        json_object_set_new(begin, "at", json_integer(origin->at));
        wh_control_place(begin, position);
    }
    print(out, begin, 0);
}

uint64_t wh_origin_rows(const struct wh_origin *origin)
{
    return origin->store ? origin->every.rows : 0;
}

bool wh_origin_due(struct wh_origin *origin, double now)
{
    if (!origin->store)
        return false;
    return wh_process_hup()
           || (origin->every.seconds > 0 && now - origin->last >= origin->every.seconds);
}

/* The sink holds checkpoint n of ours, at a position: what was waiting for it is settled. */
static void settle(struct wh_origin *origin, uint64_t n, json_t *position)
{
    json_decref(origin->committed_position);
    origin->committed_position = json_incref(position);
    size_t settled = 0;
    while (settled < origin->waiting_count && origin->waiting[settled].n <= n)
        origin->committed_rows = origin->waiting[settled++].rows;
    origin->waiting_count -= settled;
    memmove(origin->waiting, origin->waiting + settled,
            origin->waiting_count * sizeof *origin->waiting);
    origin->committed = n;
}

/* Looks what C holds: what this stream began from, or a checkpoint of its own; anything else is
 * another run's. */
static int look(struct wh_origin *origin, double now, struct wh_error *error)
{
    struct wh_checkpoint held;
    origin->looked = now;
    if (read_store(origin, &held, error) != 0)
        return -1;
    struct wh_place place = held.place;
    bool ours = strcmp(place.epoch, origin->epoch) == 0;
    bool well = ours && place.n <= origin->n && place.n >= origin->committed;
    if (well && place.n > origin->committed)
        settle(origin, place.n, held.position);
    wh_checkpoint_free(&held);
    if (well)
        return 0;
    bool begun = wh_place_same(&place, &origin->held.place);
    if (begun && origin->committed == 0)
        return 0;
    if (begun || (ours && place.n < origin->committed)) {
        struct wh_place committed = { .n = origin->committed };
        memcpy(committed.epoch, origin->epoch, sizeof committed.epoch);
        return wh_checkpoint_lost(&place, &committed, origin->name, error);
    }
    char there[80];
    return wh_fail(error, WH_BROKEN, "%s holds %s, and this run is epoch %s: another run has taken "
                   "over (only one may continue; this one commits nothing more)", origin->name,
                   wh_place_text(&place, there), origin->epoch);
}

static void note_written(struct wh_origin *origin, double now)
{
    if (origin->waiting_count == origin->waiting_room) {
        origin->waiting_room = origin->waiting_room ? 2 * origin->waiting_room : 16;
        origin->waiting = wh_resize(origin->waiting, origin->waiting_room,
                                    sizeof *origin->waiting);
    }
    origin->waiting[origin->waiting_count++] = (struct written){ origin->n, origin->rows,
                                                                 origin->last };
    origin->last = now;
}

int wh_origin_checkpoint(struct wh_origin *origin, struct wh_buffer *out, bool end, uint64_t rows,
                         const json_t *position, double now, struct wh_error *error)
{
    if (origin->store && (end || now - origin->looked >= LOOK_EVERY)
        && look(origin, now, error) != 0)
        return -1;
    origin->n++;
    origin->rows += rows;
    json_t *record = json_pack("{s:s, s:s, s:I, s:I}", "@wh", end ? "end" : "checkpoint", "epoch",
                               origin->epoch, "n", (json_int_t)origin->n, "rows",
                               (json_int_t)rows);
    if (origin->store) {
        json_object_set_new(record, "committed", json_integer((json_int_t)origin->committed));
        wh_control_place(record, position);
        note_written(origin, now);
    }
    print(out, record, rows);
    return 0;
}

int wh_origin_wait(struct wh_origin *origin, struct wh_buffer *out, int output, double seconds,
                   double stopped, bool *done, bool *unread, struct wh_error *error)
{
    enum { FIRST = 2, LONGEST = 100 }; /* milliseconds between two looks */
    double begun = wh_clock();
    *done = *unread = false;
    for (int pause = FIRST; origin->store; pause = pause < LONGEST ? 2 * pause : LONGEST) {
        double now = wh_clock();
        if (look(origin, now, error) != 0)
            return -1;
        *done = origin->committed == origin->n;
        if (*done || *unread || now - begun >= (wh_process_stop() ? stopped : seconds))
            break;
        *unread = wh_write_closed(output, pause);
    }
    if (*done)
        print(out, json_pack("{s:s, s:s, s:I}", "@wh", "committed", "epoch", origin->epoch, "n",
                             (json_int_t)origin->n), 0);
    return 0;
}

struct wh_lag wh_origin_lag(const struct wh_origin *origin, uint64_t rows, double now)
{
    struct wh_lag lag = { origin->rows + rows - origin->committed_rows, 0 };
    double first = origin->waiting_count ? origin->waiting[0].first : origin->last;
    if (lag.rows > 0)
        lag.seconds = now - first;
    return lag;
}
