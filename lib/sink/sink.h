/*
 * Sinks: where wh-load puts rows, named by its TARGET: a database's table, a file.
 *
 * A kind of sink is a folder here, a file of which describes it, and one line in the table of sink.c. A sink takes rows in and
 * makes them last together, in one atomic step with the checkpoint, at commit; until then nobody
 * else sees them, and a sink that is closed without a commit leaves its target as the last commit
 * did. Which of a stream's places is committed when is decided above it (sink/load.h).
 */
#ifndef WH_SINK_SINK_H
#define WH_SINK_SINK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "pipe/checkpoint.h"
#include "pipe/stage.h"
#include "pipe/store.h"
#include "record/row.h"
#include "record/writer.h"

/* What is asked for. It and what it points at must stay until the sink is closed. */
struct wh_sink_request {
    const char *target;       /* postgresql://..., sqlite:PATH, a file's name */
    const char *table;        /* -t; NULL */
    const char *const *key;   /* --key: the columns that identify a row */
    size_t key_count;         /* 0: rows are added, whatever is there */
    bool create;              /* --create: make the table where it is not there, ... */
    const json_t *schema;     /* ... by --schema {"columns":{"id":"bigint"}}; NULL: by the rows */
    bool replace;             /* --replace: the rows take the place of all that is there */
    bool apply;               /* --apply: rows say what is to be done by _op and _unchanged */
    bool rejects;             /* there is a --rejects: bad rows are found one by one */
    const char *checkpoint;   /* --checkpoint C; NULL: none */
    const char *rotate;       /* --rotate NAME, of a file (sink/file/rotate.h); NULL: never */
    bool changed;             /* --changed-target: C may belong to another table than it did */
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
struct wh_sink *wh_sink_open(const struct wh_sink_request *request, struct wh_error *error);

/* What a kind can do, or'ed: an option that asks for what it cannot is refused. */
enum wh_sink_can {
    WH_SINK_TABLE = 1, /* rows go into a table: --table, --key, --create ...; C is a row beside it */
    WH_SINK_WRITE = 2, /* rows are written as text: the options that say how apply */
};

/* A kind of sink. It says all there is to know of it: the rest goes by the table of kinds. */
struct wh_sink_kind {
    const char *what;            /* "a file", in messages */
    const char *const *prefixes; /* targets of this kind begin with one of them; NULL last */
    unsigned can;
    struct wh_sink *(*open)(const struct wh_sink_request *request, struct wh_error *error);
};

/* The kinds (postgres/postgres.c, sqlite/sqlite.c, file/file.c). */
extern const struct wh_sink_kind wh_postgres_sink, wh_sqlite_sink, wh_file_sink;

/* ---- C, as wh-extract reads it ------------------------------------------------------------- */

/* DATABASE-URL#name: a row of wh_checkpoint (postgres_store.c, sqlite_store.c). */
extern const struct wh_store_kind wh_postgres_store, wh_sqlite_store;
/* The small file beside a target file (file_store.c); takes every name. */
extern const struct wh_store_kind wh_file_store;

#endif
