/*
 * The stage of wh-load: hands rows to a sink and decides when it commits.
 *
 * Without control records everything is one transaction, committed after the last row; in a stream
 * of --mark too, on its end. In a stream with checkpoints each of them is committed, but not
 * sooner than `every` seconds after the one before; one that was put off is committed when that
 * time has passed, if no row has followed it, else with the next. Reading stops while a commit runs.
 * So where nobody has said how often to commit, a slow one is followed by a longer time without: of
 * WH_COMMIT_PAUSE times what it took, but no more than WH_COMMIT_LONGEST seconds.
 */
#ifndef WH_SINK_LOAD_H
#define WH_SINK_LOAD_H

#include <stdbool.h>

#include "base/error.h"
#include "pipe/stage.h"
#include "sink/sink.h"

enum {
    WH_COMMIT_EVERY = 1,    /* seconds, unless --every says otherwise */
    WH_COMMIT_PAUSE = 20,   /* so that commits take no more than 5 % of the time */
    WH_COMMIT_LONGEST = 30, /* seconds */
};

struct wh_loading {
    struct wh_sink_request sink;
    double every;  /* seconds between two commits, at least; negative: as load.h says above */
    bool changed;  /* --changed-recipe: go on although the rows come through other recipes */
    bool piped;    /* the rows come from standard input: none of them may mean that the tool before
                      has failed, so that --replace is refused unless the stream has its end */
};

/* `loading` must outlive the stage. The sink is opened at once. NULL on failure. */
struct wh_stage *wh_load_open(struct wh_loading *loading, struct wh_error *error);

#endif
