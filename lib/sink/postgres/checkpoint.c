#include "sink/postgres/checkpoint.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "database/pgconnect.h"
#include "database/pgerror.h"
#include "database/pgquery.h"
#include "database/sql.h"

static bool failed_with(const PGresult *result, const char *wanted)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state && strcmp(state, wanted) == 0;
}

static Oid oid_at(const PGresult *result, int row, int column)
{
    return (Oid)strtoul(PQgetvalue(result, row, column), NULL, 10);
}

/* ---- the table ------------------------------------------------------------------------------- */

void wh_pg_checkpoint_open(struct wh_pg_checkpoint *checkpoint, const char *row)
{
    *checkpoint = (struct wh_pg_checkpoint){ .row = row };
}

static void forget_table(struct wh_pg_checkpoint *checkpoint)
{
    free(checkpoint->table);
    checkpoint->table = NULL;
}

void wh_pg_checkpoint_close(struct wh_pg_checkpoint *checkpoint)
{
    forget_table(checkpoint);
}

/* Finds the table by the search path, without what every session has in it: a temporary table of
 * this name is not the one. 0; 1 where there is none; -1. */
static int find_table(struct wh_pg_checkpoint *checkpoint, PGconn *connection,
                      struct wh_error *error)
{
    static const char sql[] =
        "SELECT c.oid, pg_catalog.quote_ident(n.nspname) || '.wh_checkpoint' "
        "FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) WITH ORDINALITY s(name, place) "
        "JOIN pg_catalog.pg_namespace n ON n.nspname = s.name "
        "JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = 'wh_checkpoint'"
        " AND c.relkind IN ('r', 'p', 'v', 'f') AND c.relpersistence <> 't' "
        "ORDER BY s.place LIMIT 1";
    if (checkpoint->table)
        return 0;
    PGresult *result = wh_pg_exec(connection, sql);
    int status = 1;
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        status = wh_pg_fail(error, connection, result, NULL);
    } else if (PQntuples(result) > 0) {
        checkpoint->oid = oid_at(result, 0, 0);
        checkpoint->table = wh_copy(PQgetvalue(result, 0, 1), (size_t)PQgetlength(result, 0, 1));
        status = 0;
    }
    PQclear(result);
    return status;
}

int wh_pg_checkpoint_make(struct wh_pg_checkpoint *checkpoint, PGconn *connection,
                          struct wh_error *error)
{
    /* IF NOT EXISTS would ask for the right to create tables even where it is there. */
    int there = find_table(checkpoint, connection, error);
    if (there <= 0)
        return there;
    PGresult *result = wh_pg_exec(connection,
                              "CREATE TABLE wh_checkpoint (name text PRIMARY KEY,"
                              " epoch text NOT NULL, n bigint NOT NULL, position text NOT NULL,"
                              " updated_at timestamptz NOT NULL)");
    /* Another run may have made it meanwhile: the table, its type or their entries are there. */
    bool made = PQresultStatus(result) == PGRES_COMMAND_OK || failed_with(result, "42P07")
                || failed_with(result, "42710") || failed_with(result, "23505");
    int status = made ? find_table(checkpoint, connection, error)
                      : wh_pg_fail(error, connection, result, NULL);
    PQclear(result);
    if (status <= 0)
        return status;
    return wh_fail(error, WH_FAILED, "the table wh_checkpoint was made and cannot be found: the "
                   "search path begins with a schema of temporary tables (set search_path to the "
                   "schema that is to hold it)");
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

static int refuse_row(const struct wh_pg_checkpoint *checkpoint, struct wh_error *error)
{
    return wh_fail(error, WH_REFUSED, "the row '%s' of %s is no sound checkpoint (bring it back "
                   "from a backup, or delete it to begin anew)", checkpoint->row,
                   checkpoint->table);
}

/* Nothing kept two runs from adding a row of one name each. */
static int refuse_keyless(const struct wh_pg_checkpoint *checkpoint, struct wh_error *error)
{
    return wh_fail(error, WH_REFUSED, "the table %s has lost its primary key, without which "
                   "several runs could commit at once (ALTER TABLE %s ADD PRIMARY KEY (name); where "
                   "'%s' is there more than once, first delete all but the right one)",
                   checkpoint->table, checkpoint->table, checkpoint->row);
}

static int take_row(const struct wh_pg_checkpoint *checkpoint, const PGresult *result,
                    struct wh_checkpoint *held, struct wh_error *error)
{
    struct wh_place place;
    if (PQntuples(result) == 0)
        return 0;
    json_t *json = json_loads(PQgetvalue(result, 0, 2), JSON_DECODE_ANY, NULL);
    if (!json_is_object(json) || take_place(result, &place)) {
        json_decref(json);
        return refuse_row(checkpoint, error);
    }
    json_object_set_new(json, "epoch", json_string(place.epoch));
    json_object_set_new(json, "n", json_integer((json_int_t)place.n));
    int status = wh_checkpoint_read(json, held, error);
    json_decref(json);
    return status == 0 ? 0 : refuse_row(checkpoint, error);
}

int wh_pg_checkpoint_read(struct wh_pg_checkpoint *checkpoint, PGconn *connection,
                          struct wh_checkpoint *held, struct wh_error *error)
{
    const char *values[] = { checkpoint->row };
    *held = (struct wh_checkpoint){ 0 };
    int there = find_table(checkpoint, connection, error);
    if (there != 0)
        return there < 0 ? -1 : 0;
    struct wh_buffer sql = { 0 };
    wh_buffer_format(&sql, "SELECT epoch, n, position FROM %s WHERE name = $1", checkpoint->table);
    PGresult *result = wh_pg_exec_params(connection, sql.data, 1, values);
    int status = 0;
    if (PQresultStatus(result) == PGRES_TUPLES_OK)
        status = take_row(checkpoint, result, held, error);
    else if (failed_with(result, "42P01"))
        forget_table(checkpoint); /* dropped meanwhile */
    else
        status = wh_pg_fail(error, connection, result, NULL);
    PQclear(result);
    wh_buffer_free(&sql);
    return status;
}

/* ---- the target ------------------------------------------------------------------------------ */

static Oid oid_of(const json_t *target, const char *name)
{
    return (Oid)json_integer_value(json_object_get(target, name));
}

/* The table that was not there when this run looked for it. */
static bool is_there(PGconn *connection, const char *table)
{
    const char *values[] = { table };
    PGresult *result = wh_pg_exec_params(connection,
                                         "SELECT pg_catalog.to_regclass($1) IS NOT NULL", 1,
                                         values);
    bool there = PQresultStatus(result) == PGRES_TUPLES_OK && *PQgetvalue(result, 0, 0) == 't';
    PQclear(result);
    return there;
}

/* The row as a literal of SQL; free() it. */
static char *row_literal(const struct wh_pg_checkpoint *checkpoint)
{
    struct wh_buffer literal = { 0 };
    wh_sql_literal(&literal, checkpoint->row);
    return wh_buffer_text(&literal);
}

/* The table that C names is `lost`, in words, and --changed-target loads into `another` one. */
static int refuse_lost(const struct wh_pg_checkpoint *checkpoint, const char *table,
                       const char *lost, const char *another, struct wh_error *error)
{
    char *row = row_literal(checkpoint);
    wh_fail(error, WH_REFUSED, "it goes on from rows in the table %s, which %s: bring that table "
            "back, or load all rows anew (DELETE FROM %s WHERE name = %s), or give "
            "--changed-target to load only newer rows into %s one", table, lost,
            checkpoint->table, row, another);
    free(row);
    return -1;
}

static int refuse_other(const struct wh_pg_checkpoint *checkpoint, const char *table,
                        const struct wh_pg_target *target, struct wh_error *error)
{
    if (strcmp(table, target->table) == 0)
        return refuse_lost(checkpoint, table, "was dropped and created again since", "this", error);
    return wh_fail(error, WH_REFUSED, "it goes on from rows in the table %s, and --table leads to "
                   "%s: name the same table with its schema, or use another --checkpoint, or give "
                   "--changed-target to load newer rows into this one", table, target->table);
}

/* The rows of this name in all tables called wh_checkpoint but this one; NULL where there are none
 * or they cannot be read. */
static PGresult *rows_elsewhere(const struct wh_pg_checkpoint *checkpoint, PGconn *connection)
{
    struct wh_buffer sql = { 0 };
    wh_buffer_format(&sql, "SELECT t.name, pg_catalog.quote_literal(t.name), c.oid "
                     "FROM pg_catalog.pg_class c "
                     "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace, LATERAL "
                     "(SELECT pg_catalog.quote_ident(n.nspname) || '.wh_checkpoint' AS name) t "
                     "WHERE c.relname = 'wh_checkpoint' AND c.relkind IN ('r', 'p')"
                     " AND c.relpersistence <> 't' AND c.oid <> %u"
                     " AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')"
                     " AND pg_catalog.has_table_privilege(c.oid, 'SELECT')", checkpoint->oid);
    PGresult *tables = wh_pg_exec(connection, sql.data), *result = NULL;
    int count = PQresultStatus(tables) == PGRES_TUPLES_OK ? PQntuples(tables) : 0;
    sql.length = 0;
    for (int i = 0; i < count; i++)
        wh_buffer_format(&sql, "%sSELECT %s, '%s', position::text FROM %s WHERE name = $1",
                         i > 0 ? " UNION ALL " : "", PQgetvalue(tables, i, 1),
                         PQgetvalue(tables, i, 2), PQgetvalue(tables, i, 0));
    PQclear(tables);
    const char *values[] = { checkpoint->row };
    if (count > 0)
        result = wh_pg_exec_params(connection, sql.data, 1, values);
    wh_buffer_free(&sql);
    return result;
}

static int refuse_second(const struct wh_pg_checkpoint *checkpoint,
                         const struct wh_pg_target *target, const char *other,
                         struct wh_error *error)
{
    return wh_fail(error, WH_REFUSED, "%s holds nothing yet, but the row '%s' of %s belongs to the "
                   "same table %s, and its rows would come twice: set search_path so that %s comes "
                   "first again, or delete that row to load all rows anew", checkpoint->table,
                   checkpoint->row, other, target->table, other);
}

/*
 * A row of this name that belongs to the same table: the search path leads to another table of
 * checkpoints than before. Tables and rows of the same names in a schema each, as for tenants, are
 * none of our business.
 */
static int check_elsewhere(const struct wh_pg_checkpoint *checkpoint, PGconn *connection,
                           const struct wh_pg_target *target, struct wh_error *error)
{
    PGresult *rows = rows_elsewhere(checkpoint, connection);
    int count = PQresultStatus(rows) == PGRES_TUPLES_OK ? PQntuples(rows) : 0, status = 0;
    for (int i = 0; i < count && status == 0; i++) {
        json_t *position = json_loads(PQgetvalue(rows, i, 2), 0, NULL);
        const json_t *theirs = json_object_get(position, "target");
        if (oid_of(theirs, "oid") == target->oid
            && oid_of(theirs, "checkpoint") == oid_at(rows, i, 1))
            status = refuse_second(checkpoint, target, PQgetvalue(rows, i, 0), error);
        json_decref(position);
    }
    PQclear(rows);
    return status;
}

/* The target did not exist when the run began, and `table`, which C names, does: is it the same? */
static int refuse_there(PGconn *connection, const char *table, const char *wanted,
                        struct wh_error *error)
{
    struct wh_buffer quoted = { 0 };
    if (wh_sql_table(&quoted, wanted, 3, error) != 0)
        return -1;
    const char *values[] = { table, wh_buffer_text(&quoted) };
    PGresult *result = wh_pg_exec_params(connection, "SELECT pg_catalog.to_regclass($1) = "
                                         "pg_catalog.to_regclass($2)", 2, values);
    bool same = PQresultStatus(result) == PGRES_TUPLES_OK && *PQgetvalue(result, 0, 0) == 't';
    PQclear(result);
    wh_buffer_free(&quoted);
    if (same)
        return wh_fail(error, WH_BROKEN, "another run has made the table %s meanwhile: run the "
                       "line again", table);
    return wh_fail(error, WH_REFUSED, "it goes on from rows in the table %s, and --table is %s, "
                   "which does not exist: name the same table, or use another --checkpoint", table,
                   wanted);
}

int wh_pg_checkpoint_check(const struct wh_pg_checkpoint *checkpoint, PGconn *connection,
                           const struct wh_checkpoint *held, const struct wh_pg_target *target,
                           struct wh_error *error)
{
    const json_t *then = held->target;
    const char *table = json_string_value(json_object_get(then, "table"));
    if (wh_place_none(&held->place))
        return target->table ? check_elsewhere(checkpoint, connection, target, error) : 0;
    if (!table)
        return 0;
    if (!target->table && is_there(connection, table))
        return refuse_there(connection, table, target->wanted, error);
    if (!target->table)
        return refuse_lost(checkpoint, table, "does not exist any more", "a new", error);
    bool restored = oid_of(then, "checkpoint") != checkpoint->oid;
    bool same = restored ? strcmp(table, target->table) == 0 : oid_of(then, "oid") == target->oid;
    return same ? 0 : refuse_other(checkpoint, table, target, error);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* How long a run waits for another one's transaction: longer than a commit takes, shorter than
 * anybody waits for a message. */
static const char lock_timeout[] = "3s";

static char *lock_sql(const struct wh_pg_checkpoint *checkpoint, PGconn *connection,
                      const char *begin)
{
    char *name = PQescapeLiteral(connection, checkpoint->row, strlen(checkpoint->row));
    struct wh_buffer sql = { 0 };
    if (name)
        wh_buffer_format(&sql, "%s; SET LOCAL lock_timeout = '%s';"
                         "INSERT INTO %s (name, epoch, n, position, updated_at)"
                         " VALUES (%s, '', 0, '', pg_catalog.now()) ON CONFLICT DO NOTHING;"
                         "SELECT epoch, n FROM %s WHERE name = %s FOR UPDATE",
                         begin, lock_timeout, checkpoint->table, name, checkpoint->table, name);
    PQfreemem(name);
    return sql.data;
}

int wh_pg_checkpoint_lock(const struct wh_pg_checkpoint *checkpoint, PGconn *connection,
                          const char *begin, struct wh_place *held, struct wh_error *error)
{
    char *sql = lock_sql(checkpoint, connection, begin);
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
    else if (PQntuples(result) > 1)
        status = refuse_keyless(checkpoint, error);
    else if (PQntuples(result) != 1 || take_place(result, held))
        status = refuse_row(checkpoint, error);
    PQclear(result);
    return status ? status : wh_pg_command(connection, "SET LOCAL lock_timeout TO DEFAULT", error);
}

/* What the column `position` holds; free() it. */
static char *position_text(const struct wh_pg_checkpoint *checkpoint,
                           const struct wh_checkpoint *next, const struct wh_pg_target *target)
{
    json_t *json = json_pack("{s:O?, s:O?}", "position", next->position, "through", next->through);
    if (target->table)
        json_object_set_new(json, "target",
                            json_pack("{s:s, s:I, s:I}", "table", target->table, "oid",
                                      (json_int_t)target->oid, "checkpoint",
                                      (json_int_t)checkpoint->oid));
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}

int wh_pg_checkpoint_write(const struct wh_pg_checkpoint *checkpoint, PGconn *connection,
                           const struct wh_place *expected, const struct wh_checkpoint *next,
                           const struct wh_pg_target *target, struct wh_error *error)
{
    char n[24], expected_n[24], oid[16];
    char *position = position_text(checkpoint, next, target);
    snprintf(n, sizeof n, "%" PRIu64, next->place.n);
    snprintf(expected_n, sizeof expected_n, "%" PRIu64, expected->n);
    snprintf(oid, sizeof oid, "%u", target->oid);
    const char *values[] = { checkpoint->row, expected->epoch, expected_n, next->place.epoch, n,
                             position, target->table, oid };
    struct wh_buffer sql = { 0 };
    wh_buffer_format(&sql, "UPDATE %s SET epoch = $4, n = $5, position = $6,"
                     " updated_at = pg_catalog.clock_timestamp()"
                     " WHERE name = $1 AND epoch = $2 AND n = $3%s", checkpoint->table,
                     target->table ? " AND pg_catalog.to_regclass($7) = $8::pg_catalog.oid" : "");
    PGresult *result = wh_pg_exec_params(connection, sql.data, target->table ? 8 : 6, values);
    int status;
    if (PQresultStatus(result) == PGRES_COMMAND_OK)
        status = strcmp(PQcmdTuples(result), "1") != 0;
    else
        status = wh_pg_fail(error, connection, result, NULL);
    PQclear(result);
    wh_buffer_free(&sql);
    free(position);
    return status;
}
