/*
 * The loop of a run, from its first row to its last: loop.c reads and writes rows, stream.c
 * (pipe/stream.h) deals with control records. What comes before and after is the run's (pipe/run.h).
 * Only they, and what has rows go through several stages at a time, include this.
 */
#ifndef WH_PIPE_LOOP_H
#define WH_PIPE_LOOP_H

#include "pipe/control.h"
#include "pipe/lane.h"
#include "pipe/origin.h"
#include "pipe/outlet.h"
#include "pipe/rejects.h"
#include "pipe/run.h"
#include "pipe/stats.h"

struct loop {
    struct wh_emit emit; /* first: what the stage emits to is the loop */
    struct wh_run *run;
    struct wh_outlet *outlet;   /* where the writer writes, and states are saved */
    struct wh_writer *writer;   /* NULL: nothing is written */
    struct wh_lane lane;        /* that rows go through */
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
    uint64_t told;              /* the last n committed that the reader was told of */
    uint64_t record_at;         /* an origin's next record is due at so many rows_out */
};

/* Zero but for `run` before; the outlet, writer, rejects and stats are the run's, which closes
 * them. */
void wh_loop_open(struct loop *loop);
void wh_loop_close(struct loop *loop);

/* All rows up to the end of the input, or the run's limit. */
int wh_loop_rows(struct loop *loop, struct wh_error *error);
/* One row or record. 1 where the input is over. */
int wh_loop_next(struct loop *loop, struct wh_error *error);
/* The same, which the run's reader has given already. */
int wh_loop_take(struct loop *loop, enum wh_verdict next, struct wh_error *error);
/* The same for a row of which another lane has found the verdict, not WH_TAKEN, with `error`. */
int wh_loop_judged(struct loop *loop, enum wh_verdict verdict, struct wh_error *error);
/* Counts `in` rows that another lane has taken, before a stream's end, and the `out` rows that came
 * out of it, and writes their bytes. */
int wh_loop_count(struct loop *loop, uint64_t in, uint64_t out, const char *bytes, size_t length,
                  struct wh_error *error);
/* Looks at the clock, and does what it is time for. */
int wh_loop_look(struct loop *loop, struct wh_error *error);
/* The same and more before a read that would block: `loop` is the reader's wait_context. */
int wh_loop_before_wait(void *loop, struct wh_error *error);
/* Finds what is not committed yet, as the source or the sink knows it. */
void wh_loop_lag(struct loop *loop, double now);

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

#endif
