#include "sink/postgres_checkpoint.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "database/pgconnect.h"
#include "database/pgerror.h"
#include "database/pgquery.h"

static bool failed_with(const PGresult *result, const char *wanted)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state && strcmp(state, wanted) == 0;
}

/* ---- the table ------------------------------------------------------------------------------- */

/* Whether the table is there, or -1. IF NOT EXISTS would ask for the right to create tables even
 * where it is. */
static int is_there(PGconn *connection, struct wh_error *error)
{
    PGresult *result = wh_pg_exec(connection, "SELECT 'wh_checkpoint'::regclass");
    int there = PQresultStatus(result) == PGRES_TUPLES_OK;
    if (!there && !failed_with(result, "42P01"))
        there = wh_pg_fail(error, connection, result, NULL);
    PQclear(result);
    return there;
}

int wh_pg_checkpoint_make(PGconn *connection, struct wh_error *error)
{
    int there = is_there(connection, error);
    if (there != 0)
        return there < 0 ? -1 : 0;
    PGresult *result = wh_pg_exec(connection,
                                  "CREATE TABLE wh_checkpoint (name text PRIMARY KEY,"
                                  " epoch text NOT NULL, n bigint NOT NULL, position text NOT NULL,"
                                  " updated_at timestamptz NOT NULL)");
    /* Another run may have made it meanwhile: the table, its type or their entries are there. */
    bool made = PQresultStatus(result) == PGRES_COMMAND_OK || failed_with(result, "42P07")
                || failed_with(result, "42710") || failed_with(result, "23505");
    int status = made ? 0 : wh_pg_fail(error, connection, result, NULL);
    PQclear(result);
    return status;
}

/* ---- reading --------------------------------------------------------------------------------- */

static int take_place(const PGresult *result, struct wh_place *place)
{
    const char *epoch = PQgetvalue(result, 0, 0);
    if (strlen(epoch) >= sizeof place->epoch)
        return -1;
    memcpy(place->epoch, epoch, strlen(epoch) + 1);
    place->n = strtoull(PQgetvalue(result, 0, 1), NULL, 10);
    return 0;
}

static int take_row(const PGresult *result, struct wh_checkpoint *held, struct wh_error *error)
{
    struct wh_place place;
    if (PQntuples(result) == 0)
        return 0;
    json_t *json = json_loads(PQgetvalue(result, 0, 2), JSON_DECODE_ANY, NULL);
    if (!json_is_object(json) || take_place(result, &place)) {
        json_decref(json);
        return wh_fail(error, WH_REFUSED, "it is no sound checkpoint");
    }
    json_object_set_new(json, "epoch", json_string(place.epoch));
    json_object_set_new(json, "n", json_integer((json_int_t)place.n));
    int status = wh_checkpoint_read(json, held, error);
    json_decref(json);
    return status;
}

int wh_pg_checkpoint_read(PGconn *connection, const char *row, struct wh_checkpoint *held,
                          struct wh_error *error)
{
    const char *values[] = { row };
    *held = (struct wh_checkpoint){ 0 };
    PGresult *result = wh_pg_exec_params(connection, "SELECT epoch, n, position FROM wh_checkpoint"
                                         " WHERE name = $1", 1, values);
    int status = 0;
    if (PQresultStatus(result) == PGRES_TUPLES_OK)
        status = take_row(result, held, error);
    else if (!failed_with(result, "42P01"))
        status = wh_pg_fail(error, connection, result, NULL);
    PQclear(result);
    return status;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* How long a run waits for another one's transaction: longer than a commit takes, shorter than
 * anybody waits for a message. */
static const char lock_timeout[] = "3s";

static char *lock_sql(PGconn *connection, const char *begin, const char *row)
{
    char *name = PQescapeLiteral(connection, row, strlen(row));
    struct wh_buffer sql = { 0 };
    if (name)
        wh_buffer_format(&sql, "%s; SET LOCAL lock_timeout = '%s';"
                         "INSERT INTO wh_checkpoint (name, epoch, n, position, updated_at)"
                         " VALUES (%s, '', 0, '', pg_catalog.now()) ON CONFLICT DO NOTHING;"
                         "SELECT epoch, n FROM wh_checkpoint WHERE name = %s FOR UPDATE",
                         begin, lock_timeout, name, name);
    PQfreemem(name);
    return sql.data;
}

int wh_pg_checkpoint_lock(PGconn *connection, const char *begin, const char *row,
                          struct wh_place *held, struct wh_error *error)
{
    char *sql = lock_sql(connection, begin, row);
    if (!sql)
        return wh_pg_fail(error, connection, NULL, NULL);
    PGresult *result = wh_pg_exec(connection, sql);
    int status = 0;
    free(sql);
    if (failed_with(result, "55P03"))
        status = wh_fail(error, WH_BROKEN, "another run holds the checkpoint (only one may go on "
                         "at a time; this one has committed nothing since its last checkpoint)");
    else if (PQresultStatus(result) != PGRES_TUPLES_OK)
        status = wh_pg_fail(error, connection, result, NULL);
    else if (PQntuples(result) != 1 || take_place(result, held))
        status = wh_fail(error, WH_REFUSED, "it is no sound checkpoint");
    PQclear(result);
    return status ? status : wh_pg_command(connection, "SET LOCAL lock_timeout TO DEFAULT", error);
}

/* What the column `position` holds; free() it. */
static char *position_text(const struct wh_checkpoint *next)
{
    json_t *json = json_pack("{s:O?, s:O?}", "position", next->position, "through", next->through);
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}

int wh_pg_checkpoint_write(PGconn *connection, const char *row, const struct wh_place *expected,
                           const struct wh_checkpoint *next, struct wh_error *error)
{
    char n[24], expected_n[24];
    char *position = position_text(next);
    snprintf(n, sizeof n, "%" PRIu64, next->place.n);
    snprintf(expected_n, sizeof expected_n, "%" PRIu64, expected->n);
    const char *values[] = { row, expected->epoch, expected_n, next->place.epoch, n, position };
    PGresult *result = wh_pg_exec_params(connection, "UPDATE wh_checkpoint SET epoch = $4, n = $5,"
                                         " position = $6, updated_at = pg_catalog.clock_timestamp()"
                                         " WHERE name = $1 AND epoch = $2 AND n = $3", 6, values);
    int status;
    if (PQresultStatus(result) == PGRES_COMMAND_OK)
        status = strcmp(PQcmdTuples(result), "1") != 0;
    else
        status = wh_pg_fail(error, connection, result, NULL);
    PQclear(result);
    free(position);
    return status;
}
