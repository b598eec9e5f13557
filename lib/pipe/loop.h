/*
 * What the run's two halves share: run.c reads and writes rows, stream.c deals with control
 * records. Nobody else includes this.
 */
#ifndef WH_PIPE_LOOP_H
#define WH_PIPE_LOOP_H

#include "pipe/control.h"
#include "pipe/origin.h"
#include "pipe/outlet.h"
#include "pipe/rejects.h"
#include "pipe/run.h"
#include "pipe/stats.h"
#include "record/nulls.h"

struct loop {
    struct wh_emit emit; /* first: what the stage emits to is the loop */
    struct wh_run *run;
    struct wh_outlet *outlet;   /* where the writer writes, and states are saved */
    struct wh_writer *writer;   /* NULL: nothing is written */
    struct wh_nulls nulls;      /* --null-value, for rows whose reader does not know it */
    struct {
        uint64_t serial;        /* of the shape that they are known for */
        uint32_t *indices;
        int count;
    } strings;                  /* --string, for NDJSON */
    struct wh_rejects *rejects; /* NULL: the first bad row ends the run */
    struct wh_stats *stats;
    bool too_many;              /* the rejects exceeded the limit */
    double begun, looked, ticked;
    uint32_t batch, until_look; /* rows between two looks at the clock */
    struct wh_row original;     /* of a row without raw text: its fields before the stage */

    bool opened;                /* the first row or record has come */
    struct wh_hop hop;          /* begun: the stream has control records */
    bool broken;                /* reading failed, not what became of the rows */
    struct wh_buffer record;    /* the one being written */
    uint64_t record_rows;       /* rows_out when the last record was written */
    uint64_t record_at;         /* an origin's next record is due at so many rows_out */
};

/* What waits in the buffers is written. Under control records a closed output breaks the stream. */
int wh_loop_flush(struct loop *loop, struct wh_error *error);
/* Writing, or saving, has failed with `error` and errno (pipe/outlet.h): names the place. -1. */
int wh_loop_output_failed(const struct loop *loop, struct wh_error *error);
/* What has been handed to the outlet is saved, without a record that waits for it; where it is not
 * the `last`, what a next call brings may take its place. */
int wh_loop_save(struct loop *loop, bool last, struct wh_error *error);
/* The rows are over: the stage finishes, after the limits of rejects were held against them. */
int wh_loop_finish(struct loop *loop, struct wh_error *error);
/* Fails where a greater share of the rows is bad than --max-rejects allows. */
int wh_loop_check_share(struct loop *loop, struct wh_error *error);

/* ---- stream.c -------------------------------------------------------------------------------- */

/* Whether there are control records, those of an origin included. */
static inline bool wh_stream_controlled(const struct loop *loop)
{
    return loop->hop.begun || loop->run->origin;
}

/* An origin's begin, before anything is read. */
int wh_stream_begin(struct loop *loop, struct wh_error *error);
/* With the first row or record, or the end of an empty input: settles whether it has control
 * records. */
int wh_stream_open(struct loop *loop, enum wh_next first, struct wh_error *error);
/* Fails with WH_BROKEN: the stream from the previous tool is broken; `error` says how. -1. */
int wh_stream_broken(struct loop *loop, struct wh_error *error);
/* The same, since a row or a control record, as `what` says, has no line end. */
int wh_stream_cut_off(struct loop *loop, const char *what, struct wh_error *error);
/* Takes the control record that the reader gave. */
int wh_stream_take(struct loop *loop, struct wh_error *error);

/* Fails because nobody reads the output any more. -1. */
int wh_stream_unread(const struct loop *loop, struct wh_error *error);
/* While waiting: whether somebody still does, so that the end of a sink is noticed all the way up
 * to the source although there is nothing to write. */
int wh_stream_check_output(struct loop *loop, struct wh_error *error);

/* An origin's record, if the reader can tell its position: before the row it has just given, or
 * after it. */
int wh_stream_checkpoint(struct loop *loop, bool behind, struct wh_error *error);
/* Whether that is due by the clock. */
void wh_stream_look(struct loop *loop, double now);

/* The input is over: it must not be sooner than its end; an origin writes its own. */
int wh_stream_close(struct loop *loop, struct wh_error *error);
/* The run has failed, with `error`, or was ended by a signal: an origin still says how far it
 * came, a sink keeps what is whole. */
void wh_stream_fail(struct loop *loop);
/* After the end an origin waits for the sink's commit. */
int wh_stream_wait(struct loop *loop, struct wh_error *error);

#endif
