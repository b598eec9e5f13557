/*
 * Late labels (--join): rows without a label wait under their ID, and a later row with that ID and
 * a label completes them. What is learned from is the row as it came first, with that label.
 *
 * The waiting rows are part of the model and stand in its file, so that they are saved in one step
 * with what was learned and with the stream's position. That is the whole of the state: a row's
 * time is up by what came after it on the stream, never by a clock.
 */
#ifndef WH_MODEL_JOIN_H
#define WH_MODEL_JOIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "learn/lines.h"
#include "model/pending.h"
#include "model/row_plan.h"
#include "pipe/eventtime.h"
#include "pipe/stage.h"
#include "record/row.h"

/* How many rows, in the life of the model. */
struct wh_join_counts {
    uint64_t joined;    /* with the label that they waited for */
    uint64_t expired;   /* their time was up */
    uint64_t repeated;  /* came without a label while one of their ID was waiting */
    uint64_t unmatched; /* came with a label that none was waiting for */
};

/* In the model. Zero-initialise. */
struct wh_joining {
    struct wh_pending pending;
    int64_t now; /* the latest event time; or rows that were taken */
    bool begun;  /* there is a `now` */
    struct wh_join_counts counts;
};

struct wh_model;
struct wh_join;

/* What may be done with labels that no row waits for, NULL last. */
extern const char *const wh_unmatched_names[];
#define WH_DEFAULT_UNMATCHED "skip"

/* Refuses settings that contradict each other; without --join nothing else is asked for. */
int wh_join_check(const struct wh_model *model, struct wh_error *error);

/* What joins the rows of a model that has --join. */
struct wh_join *wh_join_open(struct wh_model *model);
/* NULL is allowed. */
void wh_join_close(struct wh_join *join);

/* What a row is. */
enum wh_join_kind {
    WH_JOIN_WAITS,     /* it has no label: it is to wait */
    WH_JOIN_REPEATED,  /* it has none, and one of its ID waits already, which stays */
    WH_JOIN_COMPLETES, /* `joined` is what it completes */
    WH_JOIN_UNMATCHED, /* it has a label and none waits: as --unmatched says */
};

/* Looks at a row, whose plan is `plan`; changes nothing. `joined`, valid until the next, stands for
 * the row that waited.
 * WH_BAD for a row without an ID, or without a time where it needs one; WH_FATAL for CSV whose
 * header lacks the ID. */
enum wh_verdict wh_join_look(struct wh_join *join, struct wh_row *row,
                             const struct wh_row_plan *plan, enum wh_join_kind *kind,
                             struct wh_row **joined, struct wh_error *error);

/* The row that was looked at last was taken: it waits, what it completes waits no more, and rows
 * whose time is up are dropped. */
void wh_join_take(struct wh_join *join);

/* After the last row of a new model: WH_REFUSED where no row, of earlier runs neither, had the ID's
 * column. */
int wh_join_finish(const struct wh_join *join, struct wh_error *error);

/* Whether rows that have a label and none waits for are learned from as they are. */
bool wh_join_learns_unmatched(const struct wh_join *join);

/* What became of this run's rows, a line; and members of --stats. */
void wh_join_summary(struct wh_buffer *out, const struct wh_join *join);
void wh_join_stats(json_t *stats, const struct wh_join *join);
/* Lines of --describe. */
void wh_join_describe(struct wh_buffer *out, const struct wh_model *model);

/* Writes the rows that wait to a file of NDJSON, in the order in which they came. */
int wh_join_export(const struct wh_model *model, const char *path, struct wh_error *error);

/* The section "pending" (model/sections.h). */
int wh_join_write(const struct wh_model *model, struct wh_lines *lines, struct wh_error *error);
int wh_join_read(struct wh_model *model, const json_t *value, struct wh_error *error);

#endif
