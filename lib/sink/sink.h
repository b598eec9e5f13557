/*
 * Sinks: where wh-load puts rows, named by its TARGET: a database's table, a file.
 *
 * A kind of sink is a folder here with its wh_sink_kind, which describes it (base/kind.h), and one
 * line in the table of sink.c. A sink takes rows in and makes them last together, in one atomic step
 * with the checkpoint, at commit; until then nobody else sees them, and a sink that is closed
 * without a commit leaves its target as the last commit did. Which of a stream's places is committed when is decided above it (sink/load.h).
 */
#ifndef WH_SINK_SINK_H
#define WH_SINK_SINK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/kind.h"
#include "pipe/checkpoint.h"
#include "pipe/stage.h"
#include "pipe/store.h"
#include "record/row.h"
#include "record/writer.h"

struct wh_into;

/* What is asked for. It and what it points at must outlive the sink. */
struct wh_sink_request {
    const char *target;       /* postgresql://..., sqlite:PATH, a file's name */
    const struct wh_asked *asked; /* the options of kinds; NULL: none */
    const struct wh_into *into; /* those of databases among them (sink/into.h): set when it is
                                   opened, of a database, unless it is set already */
    bool replace;             /* --replace: the rows take the place of all that is there */
    bool rejects;             /* there is a --rejects: bad rows are found one by one */
    const char *checkpoint;   /* --checkpoint C; NULL: none */
    const struct wh_writing *writing; /* of a file */
    struct wh_notify notify;
};

struct wh_sink;

struct wh_sink_ops {
    /*
     * Takes a row; what it keeps it copies. WH_BAD: the row cannot go into the target, by
     * wh_bad_row. Rows that turn out to be bad later, when the database has seen their batch, go
     * to emit->reject (only where request->rejects; else that fails with their place).
     */
    enum wh_verdict (*row)(struct wh_sink *sink, struct wh_row *row, struct wh_emit *emit,
                           struct wh_error *error);
    /* Sends what is waiting, so that every row taken so far is known to be good or was rejected.
     * Called before each checkpoint. NULL where row() knows at once. */
    int (*settle)(struct wh_sink *sink, struct wh_emit *emit, struct wh_error *error);
    /* Before a commit: sends what is waiting of the rows that it will be of, which is no part of
     * what the commit costs. NULL: there is nothing to be sent that a row would not send as well. */
    int (*send)(struct wh_sink *sink, struct wh_emit *emit, struct wh_error *error);
    /*
     * Makes the rows since the last commit last, together with `next` (NULL: there is no C), but
     * only where C still holds `expected`: else WH_BROKEN, naming what it holds, and nothing is
     * changed. A commit whose answer was lost is settled by reading C again. WH_UNREACHABLE where
     * the target is gone, nothing of the rows being there.
     */
    int (*commit)(struct wh_sink *sink, const struct wh_checkpoint *next,
                  const struct wh_place *expected, struct wh_emit *emit, struct wh_error *error);
    /* What C holds; only called with request->checkpoint, before the first row. */
    int (*checkpoint)(struct wh_sink *sink, struct wh_checkpoint *held, struct wh_error *error);
    /* Then, where the stream goes on from what C holds: whether C belongs to this target. WH_REFUSED
     * where it belongs to another, unless the request allows that; WH_BROKEN where another run has
     * made the target since this one looked for it. NULL: it always does. */
    int (*belongs)(struct wh_sink *sink, const struct wh_checkpoint *held, struct wh_error *error);
    /* Whether rows are held back that a commit would have to do something about too early: the types
     * of the columns of a new table are decided by so many rows, wherever checkpoints fall. A commit
     * is then put off, except at the end of the rows. NULL: never. */
    bool (*waits)(const struct wh_sink *sink);
    /* Called about once a second while there are no rows: may send what is waiting. NULL. */
    int (*tick)(struct wh_sink *sink, struct wh_error *error);
    /* Adds what it knows to --stats. NULL. */
    void (*stats)(struct wh_sink *sink, json_t *stats);
    void (*close)(struct wh_sink *sink);
};

struct wh_sink {
    const struct wh_sink_ops *ops;
};

/* A sink for what was asked, its target reached and its locks taken, or NULL. */
struct wh_sink *wh_sink_open(struct wh_sink_request *request, struct wh_error *error);

/* A kind of sink. */
struct wh_sink_kind {
    struct wh_kind kind;
    struct wh_sink *(*open)(const struct wh_sink_request *request, struct wh_error *error);
    const struct wh_store_kind *store; /* the checkpoint C in such a target */
};

/* All kinds of sink. */
extern const struct wh_role wh_targets;

/* The kinds (postgres/kind.c, sqlite/kind.c, file/file.c). */
extern const struct wh_sink_kind wh_postgres_sink, wh_sqlite_sink, wh_file_sink;

/* ---- C, as wh-extract reads it ------------------------------------------------------------- */

/* DATABASE-URL#NAME: a row of wh_checkpoint, in any of the databases there are. */
extern const struct wh_store_kind wh_table_store;
/* The same in one of them (postgres/store.c, sqlite/store.c). */
extern const struct wh_store_kind wh_postgres_store, wh_sqlite_store;
/* The small file beside a target file (file/store.c); takes every name. */
extern const struct wh_store_kind wh_file_store;

#endif
