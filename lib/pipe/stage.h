/*
 * A stage: the unit that every tool runs; of several a chain (pipe/chain.h) makes one, in one
 * process. Rows go in one at a time; each comes out changed, or not at all, or more than one does.
 *
 * A stage holds no global state, never exits and never prints.
 */
#ifndef WH_PIPE_STAGE_H
#define WH_PIPE_STAGE_H

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"
#include "pipe/control.h"
#include "record/row.h"
#include "record/verdict.h"

struct wh_outlet;

/* Where a stage sends its rows: the next stage, or the writer. */
struct wh_emit {
    /* WH_BAD: whoever comes next found it bad. A stage that emits in its own row() learns nothing
     * from the row then and returns that; elsewhere (in settle or finish) it hands what it holds of
     * the row to reject(). The fields of the row may have changed when this returns. */
    enum wh_verdict (*row)(struct wh_emit *emit, struct wh_row *row, struct wh_error *error);
    /* A row that row() had taken turns out to be bad, for `reason`: goes to the rejects, by its
     * source, line and raw text, or its fields where it has none. 0 when the run may go on. */
    int (*reject)(struct wh_emit *emit, const struct wh_row *row, const struct wh_error *reason,
                  struct wh_error *error);
    /* Where files go that belong to a checkpoint (pipe/outlet.h). NULL: they are saved at once. */
    struct wh_outlet *outlet;
};

static inline enum wh_verdict wh_emit_row(struct wh_emit *emit, struct wh_row *row,
                                          struct wh_error *error)
{
    return emit->row(emit, row, error);
}

struct wh_stage;

/* What has gone by and is not committed yet: rows, and seconds since the first of them. */
struct wh_lag {
    uint64_t rows;
    double seconds;
};

struct wh_stage_ops {
    enum wh_verdict (*row)(struct wh_stage *stage, struct wh_row *row, struct wh_emit *emit,
                           struct wh_error *error);
    /* After the last row: emits what was held back, saves. NULL where there is nothing to do. */
    int (*finish)(struct wh_stage *stage, struct wh_emit *emit, struct wh_error *error);
    /* Where no row came out of CSV that has a header: gives `row`, which has the header's columns
     * and no values, those that rows would have come out with. NULL: that cannot be known, and
     * the output stays empty. */
    int (*columns)(struct wh_stage *stage, struct wh_row *row, struct wh_error *error);
    /* About once a second, between two rows, `now` by wh_clock(): save, reload, report. NULL. */
    int (*tick)(struct wh_stage *stage, double now, struct wh_error *error);
    /*
     * Under control records (pipe/control.h). begin: the stream begins; a filter takes up the
     * state of begin->from, a sink sees that its checkpoint is there. Refuses what could not be
     * resumed. It must copy what it keeps. settle: before a checkpoint, and before finish with or
     * without control records; what may turn out bad of the rows taken so far is found out and
     * rejected now, since the rejects file's length belongs to the checkpoint, and since
     * --max-rejects is held against them. checkpoint: all rows before it have been through row()
     * (and, for the end, finish() was called): a filter hands its state to emit->outlet, which
     * makes it safe on disk before the record goes on; a sink commits, or puts that off to a later
     * tick. Not called for a checkpoint that must not be committed. committed: the sink is seen to
     * hold `place`, of this epoch. broken: the stream ended without an end, or this run is about
     * to fail: nothing more may be committed but a checkpoint that no row has followed. All NULL
     * where the stage keeps nothing.
     */
    int (*begin)(struct wh_stage *stage, const struct wh_control *begin, struct wh_error *error);
    int (*settle)(struct wh_stage *stage, struct wh_emit *emit, struct wh_error *error);
    int (*checkpoint)(struct wh_stage *stage, const struct wh_control *checkpoint,
                      struct wh_emit *emit, struct wh_error *error);
    int (*committed)(struct wh_stage *stage, const struct wh_place *place,
                     struct wh_error *error);
    int (*broken)(struct wh_stage *stage, struct wh_error *error);
    /* The input has come to its end, and all that came out has been written and the output closed:
     * saves what is to be kept for the next run. Not after a failure, nor where the same stage is
     * to read more (wh_run.rehearsal). Under control records the sink's commit decides instead,
     * and this has nothing to do. NULL. */
    int (*published)(struct wh_stage *stage, struct wh_error *error);
    /* What became of the rows of a run that took so many seconds, for people: lines of text, each
     * with its line end; after published. NULL. */
    void (*summary)(struct wh_stage *stage, double seconds, struct wh_buffer *out);
    /* What the stage does to rows, as 12 hexadecimal digits or so, for `through`. NULL: nothing
     * that another run could do differently. */
    const char *(*recipe)(struct wh_stage *stage);
    /* Rows taken and not committed yet, and since when (by wh_clock()); for sinks. NULL. */
    struct wh_lag (*lag)(struct wh_stage *stage, double now);
    /* Adds what the tool knows to the object that --stats writes. NULL. */
    void (*stats)(struct wh_stage *stage, json_t *stats);
    /* One line for the progress display, at most `size` bytes. NULL. */
    void (*progress)(struct wh_stage *stage, char *line, size_t size);
    /*
     * Sessions: stages that do with rows what this one does, over the same const things, each in a
     * thread of its own (pipe/parallel.h). divides() is whether rows can be shared out among them:
     * 1; 0 where rows to come have yet to settle something; -1 with WH_REFUSED where what becomes of
     * a row depends on the rows before it, with the reason. It is asked before the first row too,
     * and then before each until it is 1. session() opens one, for which no row is the first; NULL
     * on failure. merge() adds what a session has counted, of rows that follow those that went
     * before, as if they had gone through this stage; the session then begins to count anew. NULL,
     * all three: rows must go through this stage.
     */
    int (*divides)(const struct wh_stage *stage, struct wh_error *error);
    struct wh_stage *(*session)(struct wh_stage *stage, struct wh_error *error);
    void (*merge)(struct wh_stage *stage, struct wh_stage *session);
    /* Frees all that the stage is made of, gives up its locks, and saves nothing: at any moment,
     * whether or not finish was called. */
    void (*close)(struct wh_stage *stage);
};

struct wh_stage {
    const struct wh_stage_ops *ops;
};

#endif
