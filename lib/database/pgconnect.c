#include "database/pgconnect.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/process.h"
#include "database/pgerror.h"
#include "database/pgquery.h"
#include "database/url.h"

static void pass_notice(void *context, const char *message)
{
    const struct wh_notify *notify = context;
    size_t size = 2 * strlen(message) + 64; /* hidden passwords and ends of lines may be longer */
    char *line = wh_alloc(size, 1);
    wh_notify_say(notify, "%s", wh_pg_one_line(line, size, message));
    free(line);
}

/* A URL that libpq cannot read. Its words about that may quote a password. */
static int check_url(const char *url, struct wh_error *error)
{
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(url, &message);
    bool good = options != NULL;
    char line[256] = "it is malformed (the reason is shown for one without a password)";
    if (message && !wh_url_has_password(url))
        wh_pg_one_line(line, sizeof line, message);
    PQconninfoFree(options);
    PQfreemem(message);
    return good ? 0 : wh_fail(error, WH_REFUSED, "the URL cannot be used: %s", line);
}

/*
 * What stands before "dbname" here gives way to the URL. A server whose host has vanished is
 * noticed after about two minutes. There is no tcp_user_timeout: that would also end a connection
 * to a server that answers but takes nothing for so long, as when a COPY waits for another one's
 * lock.
 */
static PGconn *connect_server(const char *url, const char *tool)
{
    const char *const keys[] = {
        "fallback_application_name", "keepalives_idle", "keepalives_interval", "keepalives_count",
        "connect_timeout", "dbname", "client_encoding", NULL,
    };
    /* An empty value counts as none: the environment's is taken. */
    const char *const values[] = {
        tool, "60", "10", "6", getenv("PGCONNECT_TIMEOUT") ? "" : "30", url, "UTF8", NULL,
    };
    return PQconnectdbParams(keys, values, 1);
}

PGconn *wh_pg_connect(const char *url, const char *tool, const struct wh_notify *notify,
                      struct wh_error *error)
{
    if (wh_url_check(url, error) != 0 || check_url(url, error) != 0)
        return NULL;
    if (wh_url_has_password(url))
        wh_notify_say(notify, "the password in the URL can be seen in the list of processes; a "
                      "service file or PGPASSFILE keeps it private");
    if (wh_process_check(error) != 0)
        return NULL;
    /* Connecting waits in calls that no signal interrupts; a command does not. */
    wh_process_release();
    PGconn *connection = connect_server(url, tool);
    wh_process_catch(false);
    wh_process_catch_again();
    if (PQstatus(connection) == CONNECTION_OK) {
        PQsetnonblocking(connection, 1);
        PQsetNoticeProcessor(connection, pass_notice, (void *)notify);
        return connection;
    }
    char line[512];
    wh_pg_one_line(line, sizeof line, PQerrorMessage(connection));
    wh_fail(error, WH_UNREACHABLE, "%s", line);
    PQfinish(connection);
    return NULL;
}

bool wh_pg_encoded(const PGconn *connection)
{
    const char *encoding = PQparameterStatus(connection, "server_encoding");
    return encoding && strcmp(encoding, "SQL_ASCII") != 0;
}

int wh_pg_command(PGconn *connection, const char *sql, struct wh_error *error)
{
    PGresult *result = wh_pg_exec(connection, sql);
    int status = 0;
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        status = wh_pg_fail(error, connection, result, NULL);
    PQclear(result);
    return status;
}
