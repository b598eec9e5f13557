/*
 * The connection of a sink to its database, and the transaction in which everything happens: the
 * rows since the last commit, and the checkpoint C that goes with them.
 *
 * A transaction begins with the first thing to do after a commit. It locks C's row, so that a
 * second run meets it at once, and ends with the commit, which fails where C holds anything but
 * what this run put there. An idle session has no transaction open; a connection that broke
 * meanwhile is made anew.
 */
#ifndef WH_SINK_POSTGRES_SESSION_H
#define WH_SINK_POSTGRES_SESSION_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "pipe/checkpoint.h"
#include "sink/postgres/checkpoint.h"
#include "sink/sink.h"

struct wh_pg_session {
    PGconn *connection;
    char *name;             /* of the database, in messages */
    const char *begin_sql;  /* what a transaction begins with */
    struct wh_pg_checkpoint checkpoint; /* its row NULL: there is no C */
    struct wh_pg_target target; /* that C belongs to; set by the sink once the table is known */
    char *checkpoint_name;  /* in messages; NULL */
    struct wh_place place;  /* what C holds, as far as this run knows */
    bool open;              /* a transaction is */
    uint64_t transactions;  /* begun so far */
};

/* Zero-initialise; to be closed in any case. */
int wh_pg_session_open(struct wh_pg_session *session, const struct wh_sink_request *request,
                       struct wh_error *error);
void wh_pg_session_close(struct wh_pg_session *session);

/* Puts the database's name before the error's text; returns -1. */
int wh_pg_session_name(const struct wh_pg_session *session, struct wh_error *error);

/* What C holds, read outside of a transaction; its table is made where it is not there. */
int wh_pg_session_read(struct wh_pg_session *session, struct wh_checkpoint *held,
                       struct wh_error *error);
/* Whether `held`, which C holds, belongs to the session's target (wh_pg_checkpoint_check). */
int wh_pg_session_belongs(const struct wh_pg_session *session, const struct wh_checkpoint *held,
                          struct wh_error *error);

/* Begins a transaction, unless one is open. WH_BROKEN where C holds anything but `place`. */
int wh_pg_session_begin(struct wh_pg_session *session, struct wh_error *error);

/*
 * Commits the open transaction, with `next` (NULL: there is no C) in the place of `expected`. Where
 * the connection is lost before the answer has come, C is asked on a new one. The error is about
 * rows (WH_FAILED, `rule` set) where a deferred constraint fails.
 */
int wh_pg_session_commit(struct wh_pg_session *session, const struct wh_checkpoint *next,
                         const struct wh_place *expected, struct wh_error *error);

#endif
