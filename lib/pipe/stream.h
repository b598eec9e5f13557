/*
 * Control records in a run: taking them in, writing them, and what follows from them. The other
 * half of the loop (pipe/loop.h): each calls the other.
 */
#ifndef WH_PIPE_STREAM_H
#define WH_PIPE_STREAM_H

#include <stdbool.h>

#include "base/error.h"
#include "pipe/loop.h"

/* Whether there are control records, those of an origin included. */
static inline bool wh_stream_controlled(const struct loop *loop)
{
    return loop->hop.begun || loop->run->origin;
}

/* An origin's begin, before anything is read. */
int wh_stream_begin(struct loop *loop, struct wh_error *error);
/* With the first row or record, or the end of an empty input: settles whether it has control
 * records. */
int wh_stream_open(struct loop *loop, enum wh_verdict first, struct wh_error *error);
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
