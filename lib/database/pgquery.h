/*
 * libpq's calls that wait for the server, such that SIGTERM and SIGINT (cli/signals.h) end the
 * waiting at once, wherever it happens: for an answer, for a lock, for a server that takes no data.
 *
 * A command during which the first such signal comes is cancelled on the server, and its failure is
 * told by wh_pg_fail as that signal's. What is begun after the signal, to end in good order, gets
 * WH_PG_GRACE seconds. A server that is silent for that long after a cancel is given up: results
 * are NULL then, and the connection is of no use any more.
 *
 * Connections are those of wh_pg_connect, which do not block.
 */
#ifndef WH_DATABASE_PGQUERY_H
#define WH_DATABASE_PGQUERY_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

enum { WH_PG_GRACE = 2 };

/* PQexec: the last result, or that of the first COPY. */
PGresult *wh_pg_exec(PGconn *connection, const char *sql);
/* The same, but a signal during it does not cancel it sooner than after WH_PG_GRACE seconds: for
 * COMMIT, which had better come through. */
PGresult *wh_pg_exec_calmly(PGconn *connection, const char *sql);
/* PQexecParams with `count` texts. */
PGresult *wh_pg_exec_params(PGconn *connection, const char *sql, int count,
                            const char *const *values);
/* PQprepare and PQdescribePrepared of the unnamed statement. */
PGresult *wh_pg_prepare(PGconn *connection, const char *sql);
PGresult *wh_pg_describe(PGconn *connection);

/* Sends a piece of COPY's data and waits until it is on its way. `heard` becomes true where the
 * server has sent something meanwhile, most likely an error. 0 or -1. */
int wh_pg_put(PGconn *connection, const char *bytes, size_t length, bool *heard);
/* Ends COPY FROM STDIN, and gives its result. */
PGresult *wh_pg_put_end(PGconn *connection);

/* Gives up a COPY FROM STDIN before the connection is closed: else the server would complain of a
 * broken protocol. */
void wh_pg_give_up_copy(PGconn *connection);

/* Cancels what the server is doing; does not wait for longer than WH_PG_GRACE seconds. */
void wh_pg_cancel(PGconn *connection);

/* A new connection in the place of a broken one. A signal meanwhile ends the process. Whether it
 * worked tells PQstatus. */
void wh_pg_reset(PGconn *connection);

#endif
