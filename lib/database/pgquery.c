#include "database/pgquery.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>

#include "base/process.h"
#include "base/time.h"

/* How long a command may take. */
struct patience {
    PGconn *connection;
    bool calm;    /* a signal does not cancel it at once */
    bool stopped; /* a signal was noticed, and there is an end to patience: */
    double until; /* by wh_clock() */
};

static struct patience begin_patience(PGconn *connection, bool calm)
{
    struct patience patience = { .connection = connection, .calm = calm };
    if (wh_process_stop()) {
        patience.stopped = true;
        patience.until = wh_clock() + WH_PG_GRACE;
    }
    return patience;
}

static void notice_stop(struct patience *patience)
{
    patience->stopped = true;
    patience->until = wh_clock() + WH_PG_GRACE;
    if (!patience->calm)
        wh_pg_cancel(patience->connection);
}

/* Milliseconds that are left: -1 without an end. */
static int time_left(const struct patience *patience)
{
    if (!patience->stopped)
        return -1;
    double left = patience->until - wh_clock();
    return left > 0 ? (int)(left * 1000) + 1 : 0;
}

/* Waits for one of the events on the connection; gives those that there are, or -1 where patience
 * is over. */
static int wait_for(struct patience *patience, short events)
{
    for (;;) {
        struct pollfd waits[] = {
            { .fd = PQsocket(patience->connection), .events = events },
            { .fd = patience->stopped ? -1 : wh_process_descriptor(), .events = POLLIN },
        };
        int ready = poll(waits, 2, time_left(patience));
        if (ready < 0 && errno != EINTR)
            return -1;
        if (ready > 0 && waits[0].revents)
            return waits[0].revents;
        if (!patience->stopped && wh_process_stop())
            notice_stop(patience);
        else if (ready == 0) {
            if (patience->calm)
                wh_pg_cancel(patience->connection);
            return -1;
        }
    }
}

/* All that libpq wants to send is sent. What the server says meanwhile is taken in, or both sides
 * could wait for each other. */
static int flush(struct patience *patience, bool *heard)
{
    for (int left; (left = PQflush(patience->connection)) != 0;) {
        int events = left > 0 ? wait_for(patience, POLLIN | POLLOUT) : -1;
        if (events < 0)
            return -1;
        if (!(events & (POLLIN | POLLHUP | POLLERR)))
            continue;
        *heard = true;
        if (!PQconsumeInput(patience->connection))
            return -1;
    }
    return 0;
}

/* The next result; NULL after the last, or where there is no more to be waited for. */
static PGresult *next_result(struct patience *patience)
{
    bool heard;
    if (flush(patience, &heard) != 0)
        return PQstatus(patience->connection) == CONNECTION_BAD ? PQgetResult(patience->connection)
                                                               : NULL;
    while (PQisBusy(patience->connection))
        if (wait_for(patience, POLLIN) < 0 || !PQconsumeInput(patience->connection))
            return PQstatus(patience->connection) == CONNECTION_BAD
                       ? PQgetResult(patience->connection) : NULL;
    return PQgetResult(patience->connection);
}

static bool is_copy(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COPY_IN || status == PGRES_COPY_OUT;
}

/* What the last of the statements gave, or the one that failed. */
static PGresult *last_result(struct patience *patience)
{
    PGresult *last = NULL;
    for (PGresult *next; (next = next_result(patience));) {
        PQclear(last);
        last = next;
        if (is_copy(last) || PQstatus(patience->connection) == CONNECTION_BAD)
            break;
    }
    return last;
}

static PGresult *finish(PGconn *connection, bool sent, bool calm)
{
    struct patience patience = begin_patience(connection, calm);
    return sent ? last_result(&patience) : NULL;
}

PGresult *wh_pg_exec(PGconn *connection, const char *sql)
{
    return finish(connection, PQsendQuery(connection, sql), false);
}

PGresult *wh_pg_exec_calmly(PGconn *connection, const char *sql)
{
    return finish(connection, PQsendQuery(connection, sql), true);
}

PGresult *wh_pg_exec_params(PGconn *connection, const char *sql, int count,
                            const char *const *values)
{
    return finish(connection,
                  PQsendQueryParams(connection, sql, count, NULL, values, NULL, NULL, 0), false);
}

PGresult *wh_pg_prepare(PGconn *connection, const char *sql)
{
    return finish(connection, PQsendPrepare(connection, "", sql, 0, NULL), false);
}

PGresult *wh_pg_describe(PGconn *connection)
{
    return finish(connection, PQsendDescribePrepared(connection, ""), false);
}

int wh_pg_put(PGconn *connection, const char *bytes, size_t length, bool *heard)
{
    enum { most = 1 << 20 }; /* libpq copies what it is given, and counts it in an int */
    struct patience patience = begin_patience(connection, false);
    while (length > 0) {
        size_t piece = length < most ? length : most;
        if (PQputCopyData(connection, bytes, (int)piece) != 1 || flush(&patience, heard) != 0)
            return -1;
        bytes += piece;
        length -= piece;
    }
    return 0;
}

PGresult *wh_pg_put_end(PGconn *connection)
{
    return finish(connection, PQputCopyEnd(connection, NULL) == 1, false);
}

void wh_pg_give_up_copy(PGconn *connection)
{
    PQputCopyEnd(connection, "the load was given up");
}

/* PQcancel waits for the server without an end. */
void wh_pg_cancel(PGconn *connection)
{
    char ignored[256];
    PGcancel *cancel = PQgetCancel(connection);
    if (cancel) {
        wh_process_limit(WH_PG_GRACE);
        PQcancel(cancel, ignored, sizeof ignored);
        wh_process_limit(0);
    }
    PQfreeCancel(cancel);
}

/* Names are looked up, and servers connected to, in calls that no signal interrupts. */
void wh_pg_reset(PGconn *connection)
{
    if (wh_process_stop())
        return;
    wh_process_release();
    PQreset(connection);
    wh_process_catch_again();
    PQsetnonblocking(connection, 1);
}
