/*
 * The loop of a run over several sessions of its stage (pipe/stage.h), each in a thread of its own:
 * what comes out, in bytes, in rejects, reports and errors, is what comes out of one.
 *
 * The run's thread cuts the input into batches of whole records (record/reader.h). A session reads
 * a batch and has its rows go through a lane of its own (pipe/lane.h) into a buffer. The run's
 * thread hands that out in the order of the input. What is not just a row that was taken, a session
 * only notes: a control record, a row that cannot be read, one that is bad or ends the run. The
 * run's thread reads that record again, when its turn has come, and deals with it as it does in a
 * run of one session; what sessions have made of rows after the one that ends the run is forgotten.
 *
 * The rows that settle something for those after them (the header, the columns that options name,
 * the output's columns) go through the run's own stage, before the first session is opened; so does
 * what cannot be cut off, the last row of a file that has no line end or one that is too long, and
 * what there is too little of. Before a read that would block, all that was read is handed out.
 *
 * There are two sessions more than threads, so that one can be filled and one handed out while all
 * threads work; each takes one batch at a time, so that memory is bounded. Threads start when there
 * is a first batch for them, and have ended when the loop returns.
 */
#ifndef WH_PIPE_PARALLEL_H
#define WH_PIPE_PARALLEL_H

#include "base/error.h"
#include "pipe/loop.h"

/* As wh_loop_rows. WH_REFUSED where rows cannot be shared out. */
int wh_parallel_rows(struct loop *loop, struct wh_error *error);

#endif
