#include "sink/postgres/session.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/process.h"
#include "base/time.h"
#include "database/pgconnect.h"
#include "database/pgerror.h"
#include "database/pgquery.h"
#include "database/url.h"
#include "sink/checkpoint_name.h"
#include "sink/into.h"
#include "sink/postgres/fault.h"

enum { OLDEST_SERVER = 90500 };       /* the first with ON CONFLICT */
static const double RECONNECT_FOR = 10; /* seconds */

int wh_pg_session_name(const struct wh_pg_session *session, struct wh_error *error)
{
    return wh_error_in(error, "%s", session->name);
}

/* The same for what C is the cause of. */
static int name_checkpoint(const struct wh_pg_session *session, struct wh_error *error)
{
    return wh_error_in(error, "%s", session->checkpoint_name);
}

/* ---- connecting ------------------------------------------------------------------------------ */

/* What values mean and what a transaction sees does not depend on the server's settings; all ends
 * with the transaction, as poolers of connections expect. */
#define BEGIN_SQL "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;" \
                  "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD';" \
                  "SET LOCAL IntervalStyle = 'postgres'; SET LOCAL lc_monetary = 'C';" \
                  "SET LOCAL array_nulls = on; SET LOCAL xmloption = content;" \
                  "SET LOCAL standard_conforming_strings = on"

/*
 * A commit must be on the disk when others see it: the source acknowledges what it has seen
 * committed, and filters remove older states. `on` is what waits for that, and for standby servers
 * where there are synchronous ones; remote_apply, which waits longer, stays. Servers that only
 * speak the protocol may not have the setting.
 */
static int choose_begin(struct wh_pg_session *session, struct wh_error *error)
{
    PGresult *result = wh_pg_exec(session->connection,
                                      "SELECT FROM pg_catalog.pg_settings"
                                  " WHERE name = 'synchronous_commit'"
                                  " AND setting NOT IN ('on', 'remote_apply')");
    bool good = PQresultStatus(result) == PGRES_TUPLES_OK;
    if (!good)
        wh_pg_fail(error, session->connection, result, NULL);
    else
        session->begin_sql = PQntuples(result) > 0
                                 ? BEGIN_SQL "; SET LOCAL synchronous_commit = on" : BEGIN_SQL;
    PQclear(result);
    return good ? 0 : wh_pg_session_name(session, error);
}

int wh_pg_session_open(struct wh_pg_session *session, const struct wh_sink_request *request,
                       struct wh_error *error)
{
    session->name = wh_url_display(request->target);
    session->target.wanted = request->into->table;
    if (request->checkpoint) {
        wh_pg_checkpoint_open(&session->checkpoint, wh_checkpoint_row(request->checkpoint));
        session->checkpoint_name = wh_checkpoint_display(request->checkpoint);
    }
    session->connection = wh_pg_connect(request->target, "wh-load", &request->notify, error);
    if (!session->connection)
        return wh_pg_session_name(session, error);
    if (PQserverVersion(session->connection) >= OLDEST_SERVER)
        return choose_begin(session, error);
    wh_fail(error, WH_REFUSED, "the server is older than PostgreSQL 9.5, which is needed");
    return wh_pg_session_name(session, error);
}

void wh_pg_session_close(struct wh_pg_session *session)
{
    PQfinish(session->connection);
    wh_pg_checkpoint_close(&session->checkpoint);
    free(session->name);
    free(session->checkpoint_name);
    *session = (struct wh_pg_session){ 0 };
}

/* A new connection in the place of the broken one: a server that starts again needs some time. */
static int reconnect(struct wh_pg_session *session, struct wh_error *error)
{
    double until = wh_clock() + RECONNECT_FOR;
    for (struct timespec pause = { 0, 100000000 };; pause = (struct timespec){ 1, 0 }) {
        wh_pg_reset(session->connection);
        if (PQstatus(session->connection) == CONNECTION_OK)
            return 0;
        if (wh_process_check(error) != 0)
            return -1;
        if (wh_clock() >= until)
            return wh_pg_fail(error, session->connection, NULL, NULL);
        nanosleep(&pause, NULL);
    }
}

int wh_pg_session_read(struct wh_pg_session *session, struct wh_checkpoint *held,
                       struct wh_error *error)
{
    struct wh_pg_checkpoint *checkpoint = &session->checkpoint;
    PGconn *connection = session->connection;
    if (wh_pg_checkpoint_make(checkpoint, connection, error)
        || wh_pg_checkpoint_read(checkpoint, connection, held, error))
        return name_checkpoint(session, error);
    session->place = held->place;
    return 0;
}

int wh_pg_session_belongs(const struct wh_pg_session *session, const struct wh_checkpoint *held,
                          struct wh_error *error)
{
    return wh_pg_checkpoint_check(&session->checkpoint, session->connection, held,
                                  &session->target, error) == 0
               ? 0 : name_checkpoint(session, error);
}

/* ---- transactions ---------------------------------------------------------------------------- */

static int begin_once(struct wh_pg_session *session, struct wh_place *held,
                      struct wh_error *error)
{
    *held = session->place;
    return session->checkpoint.row
               ? wh_pg_checkpoint_lock(&session->checkpoint, session->connection,
                                       session->begin_sql, held, error)
               : wh_pg_command(session->connection, session->begin_sql, error);
}

int wh_pg_session_begin(struct wh_pg_session *session, struct wh_error *error)
{
    struct wh_checkpoint held = { 0 };
    if (session->open)
        return 0;
    int status = begin_once(session, &held.place, error);
    /* Nothing is lost with a connection that broke while it was idle. */
    if (status != 0 && PQstatus(session->connection) == CONNECTION_BAD)
        status = reconnect(session, error) || begin_once(session, &held.place, error) ? -1 : 0;
    if (status != 0)
        return session->checkpoint.row ? name_checkpoint(session, error)
                                   : wh_pg_session_name(session, error);
    session->open = true;
    session->transactions++;
    return wh_checkpoint_expect(&held, &session->place, session->checkpoint_name, error);
}

/* ---- commit ---------------------------------------------------------------------------------- */

/* What C holds on a new connection. Its row is locked for that, so that a server which is still at
 * work on the old one's commit is waited for. */
static int ask_again(struct wh_pg_session *session, struct wh_place *held, struct wh_error *error)
{
    return reconnect(session, error) || begin_once(session, held, error)
                   || wh_pg_command(session->connection, "ROLLBACK", error)
               ? -1 : 0;
}

/* The connection broke while the answer to COMMIT was awaited: C tells what became of it. */
static int settle(struct wh_pg_session *session, const struct wh_checkpoint *next,
                  const struct wh_place *expected, struct wh_error *error)
{
    struct wh_checkpoint held = { 0 };
    char cause[256];
    wh_pg_one_line(cause, sizeof cause, PQerrorMessage(session->connection));
    if (!next) {
        wh_fail(error, WH_UNREACHABLE, "the connection was lost at the commit (%s): it is not "
                "known whether the rows are there (with --checkpoint it would be)", cause);
        return wh_pg_session_name(session, error);
    }
    if (ask_again(session, &held.place, error)) {
        wh_error_in(error, "the connection was lost at the commit (%s), and what became of that "
                    "cannot be asked yet (run the same line again, which continues where it left "
                    "off)", cause);
        error->status = WH_UNREACHABLE;
        return wh_pg_session_name(session, error);
    }
    if (wh_place_same(&held.place, &next->place))
        return 0;
    if (wh_checkpoint_expect(&held, expected, session->checkpoint_name, error))
        return -1;
    wh_fail(error, WH_UNREACHABLE, "the connection was lost at the commit (%s): nothing of the "
            "batch was committed; run the same line again", cause);
    return wh_pg_session_name(session, error);
}

static int refuse_changed_target(const struct wh_pg_session *session, struct wh_error *error)
{
    return wh_fail(error, WH_REFUSED, "the table %s was dropped, renamed or created again while "
                   "rows were loaded, and no row since the last commit was (run the same line "
                   "again, which says what can be done)", session->target.table);
}

/* What another run has put into C, as the error says it; or where that is what it was, that the
 * target is another table. */
static int fenced(struct wh_pg_session *session, const struct wh_place *expected,
                  struct wh_error *error)
{
    struct wh_checkpoint held;
    if (wh_pg_command(session->connection, "ROLLBACK", error)
        || wh_pg_checkpoint_read(&session->checkpoint, session->connection, &held, error))
        return name_checkpoint(session, error);
    if (wh_checkpoint_expect(&held, expected, session->checkpoint_name, error) == 0) {
        if (session->target.table)
            refuse_changed_target(session, error);
        else
            wh_fail(error, WH_BROKEN, "another run has changed the checkpoint meanwhile");
        name_checkpoint(session, error);
    }
    wh_checkpoint_free(&held);
    return -1;
}

static int write_checkpoint(struct wh_pg_session *session, const struct wh_checkpoint *next,
                            const struct wh_place *expected, struct wh_error *error)
{
    int status = wh_pg_checkpoint_write(&session->checkpoint, session->connection, expected, next,
                                        &session->target, error);
    if (status > 0)
        return fenced(session, expected, error);
    return status < 0 ? name_checkpoint(session, error) : 0;
}

int wh_pg_session_commit(struct wh_pg_session *session, const struct wh_checkpoint *next,
                         const struct wh_place *expected, struct wh_error *error)
{
    if (next && write_checkpoint(session, next, expected, error))
        return -1;
    PGresult *result = wh_pg_exec_calmly(session->connection, "COMMIT");
    session->open = false;
    int status = 0;
    if (PQstatus(session->connection) == CONNECTION_BAD) {
        status = settle(session, next, expected, error);
    } else if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        struct wh_pg_fault fault;
        wh_pg_fault_read(&fault, session->connection, result, NULL);
        *error = fault.error;
        status = fault.rows ? -1 : wh_pg_session_name(session, error);
    } else if (strcmp(PQcmdStatus(result), "COMMIT") != 0) {
        wh_fail(error, WH_FAILED, "the server rolled the rows back instead of committing them");
        status = wh_pg_session_name(session, error);
    }
    PQclear(result);
    if (status == 0 && next)
        session->place = next->place;
    return status;
}
