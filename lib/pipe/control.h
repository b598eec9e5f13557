/*
 * Control records: what a stream carries beside its rows, so that nothing of it can get lost
 * unnoticed and a broken run can be resumed exactly.
 *
 *     {"@wh":"begin","epoch":"9f2c41d07ab3","from":{"epoch":"77e0c1a2b3d4","n":41},
 *      "position":{...},"through":["wh-clean 5d1f2a7be0c4"],"by":"wh-clean"}
 *     {"@wh":"checkpoint","epoch":"9f2c41d07ab3","n":1,"rows":10000,"committed":0,
 *      "position":{...},"by":"wh-clean"}
 *     {"@wh":"skipped","epoch":"9f2c41d07ab3","n":2,"rows":9000,"committed":0,"position":{...},
 *      "by":"wh-clean"}
 *     {"@wh":"end","epoch":"9f2c41d07ab3","n":3,"rows":812,"committed":1,"position":{...},"by":...}
 *     {"@wh":"committed","epoch":"9f2c41d07ab3","n":3,"by":"wh-extract"}
 *     {"@wh":"failed","tool":"wh-clean","what":"failed","by":"wh-featurize"}
 *
 * An epoch is one start of wh-extract; n counts its checkpoints from 1, the end among them. `rows`
 * are the rows since the control record before, on this hop: whoever passes a record on writes its
 * own count. `through` lists the recipes that the rows go through. A checkpoint that
 * was skipped counts as any other, but must not be committed: there is a tool that had no time to
 * save its state for it, and will have one for a later checkpoint. `committed` follows the end
 * where the sink's commit was seen in time, and lets filters publish their state. `at` is when the
 * source was about to read C, in milliseconds since 1970: of what another run has published since
 * then it does not know (pipe/keep.h). A stream of --mark has neither from nor position, and only a
 * begin and an end. `check` hashes the position: a tool in between that takes numbers for floating
 * point would have the next run go on elsewhere.
 *
 * `failed` is the last word of a tool that fails, so that those after it need not puzzle over a
 * stream without an end: `tool` has said why. It may come at any time, and each tool that it stops
 * passes it on. A tool that is killed says nothing.
 *
 * Members that this version does not know are passed on as they are; a record of a kind that it
 * does not know breaks the stream.
 */
#ifndef WH_PIPE_CONTROL_H
#define WH_PIPE_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

enum { WH_EPOCH_SIZE = 24 }; /* of its text, at most 20 letters and digits, and the NUL */

/* A checkpoint by name: the state of things when so many checkpoints of an epoch had passed. */
struct wh_place {
    char epoch[WH_EPOCH_SIZE]; /* "": none, before anything was committed */
    uint64_t n;
};

static inline bool wh_place_none(const struct wh_place *place)
{
    return place->epoch[0] == '\0';
}
bool wh_place_same(const struct wh_place *left, const struct wh_place *right);
/* "checkpoint 41 of epoch 77e0c1a2b3d4", or "nothing"; returns `out`. */
const char *wh_place_text(const struct wh_place *place, char out[static 80]);
/* {"epoch":...,"n":...}, or null for none; and back, where anything else fails (-1). */
json_t *wh_place_json(const struct wh_place *place);
int wh_place_read(const json_t *json, struct wh_place *place);

/* A new epoch: 12 random hexadecimal digits. */
void wh_epoch_make(char epoch[static WH_EPOCH_SIZE]);

enum wh_control_kind {
    WH_CONTROL_BEGIN,
    WH_CONTROL_CHECKPOINT,
    WH_CONTROL_SKIPPED, /* a checkpoint that must not be committed */
    WH_CONTROL_END,
    WH_CONTROL_COMMITTED,
    WH_CONTROL_FAILED, /* a tool before has failed */
    WH_CONTROL_SCHEMA, /* the source's columns changed: no n, does not count, passed on */
};

struct wh_control {
    enum wh_control_kind kind;
    struct wh_place place; /* n is 0 for a begin */
    bool marked;           /* begin: of --mark, which nothing can be resumed from */
    struct wh_place from;  /* begin: what the checkpoint held, */
    int64_t at;            /* when it was read, in milliseconds since 1970; 0: not known */
    uint64_t rows;         /* checkpoint, skipped, end: on this hop */
    uint64_t committed;    /* likewise: the last n of this epoch that the sink was seen to
                              hold */
    const json_t *position; /* where the source goes on; NULL for --mark */
    const json_t *through;  /* begin: an array of strings, or NULL */
    const char *tool, *what; /* failed: which has, and how: "failed", "was ended by SIGTERM" */
    const char *by;         /* the tool that wrote it */
    json_t *json;           /* the whole record, which the five above point into */
};

/* Reads a record; WH_BROKEN for one that breaks the form. Freed by wh_control_free. */
int wh_control_read(const char *text, size_t length, struct wh_control *control,
                    struct wh_error *error);
void wh_control_free(struct wh_control *control);

/* Adds `position` (NULL: none) and its hash to a record that is being put together. */
void wh_control_place(json_t *record, const json_t *position);

/*
 * Appends the record as the tool `by` passes it on, with a line end: rows replaced by its own
 * count, and `recipe` (NULL: none) added to what a begin lists in `through`.
 */
void wh_control_print(struct wh_buffer *out, const struct wh_control *control, uint64_t rows,
                      const char *by, const char *recipe);

/* Appends the record by which `by` says that `tool` has failed. */
void wh_control_failed(struct wh_buffer *out, const char *tool, const char *what, const char *by);
/* Appends the form in which a checkpoint's record, printed as above, goes on where it has been
 * skipped. */
void wh_control_skip(struct wh_buffer *out, const char *record, size_t length);

/*
 * One hop, between two tools, as the one that reads sees it: whether every record and every row
 * that was written has come, once and in order. Zero-initialise.
 */
struct wh_hop {
    bool begun, ended, closed; /* closed: `committed` has come, which nothing may follow */
    bool marked;
    struct wh_place place; /* the last checkpoint */
    uint64_t rows;         /* since the last record; counted by the run */
    char by[32];
};

/* Notes who writes: the tool that has passed `control` on. */
void wh_hop_name(struct wh_hop *hop, const struct wh_control *control);
/* Takes a record in; WH_BROKEN, naming the hop to `tool`, where it does not follow. */
int wh_hop_take(struct wh_hop *hop, const struct wh_control *control, const char *tool,
                struct wh_error *error);
/* The stream is over: WH_BROKEN where it began and did not end. */
int wh_hop_close(const struct wh_hop *hop, const char *tool, struct wh_error *error);

#endif
