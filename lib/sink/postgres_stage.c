#include "sink/postgres_stage.h"

#include <inttypes.h>

#include "database/pgconnect.h"
#include "database/pgerror.h"
#include "database/pgquery.h"
#include "sink/postgres_fault.h"

/* The name of the temporary table, and of its column that numbers the rows of a batch: no column of
 * a stream can be called so, and hardly a table is. */
#define NAME "@wh"
#define STAGED "pg_temp.\"" NAME "\""
#define NUMBER "\"" NAME "\""

/* ---- lists of columns ------------------------------------------------------------------------ */

typedef bool chosen(const struct wh_pg_column *column);

static bool is_key(const struct wh_pg_column *column)
{
    return column->key;
}

static bool is_loadable(const struct wh_pg_column *column)
{
    return !column->generated;
}

/* The names of those columns of the layout (NULL: of the table) that are chosen. */
static void add_names(struct wh_buffer *out, const struct wh_pg_table *table,
                      const struct wh_pg_layout *layout, chosen *choose)
{
    const char *between = "";
    uint32_t count = layout ? layout->count : table->count;
    for (uint32_t i = 0; i < count; i++) {
        const struct wh_pg_column *column = &table->columns[layout ? layout->columns[i] : i];
        if (!choose(column))
            continue;
        wh_buffer_format(out, "%s%s", between, column->quoted);
        between = ", ";
    }
}

/* "target.a = staged.a AND target.b = staged.b" of the key. */
static void add_match(struct wh_buffer *out, const struct wh_pg_table *table)
{
    for (size_t i = 0; i < table->key_count; i++) {
        const char *name = table->columns[table->key[i]].quoted;
        wh_buffer_format(out, "%starget.%s = staged.%s", i > 0 ? " AND " : "", name, name);
    }
}

/* "a = staged.a, b = staged.b" of what is no key. */
static void add_assignments(struct wh_buffer *out, const struct wh_pg_layout *layout,
                            const char *from)
{
    const char *between = "";
    for (uint32_t i = 0; i < layout->count; i++) {
        const struct wh_pg_column *column = &layout->table->columns[layout->columns[i]];
        if (column->key)
            continue;
        wh_buffer_format(out, "%s%s = %s.%s", between, column->quoted, from, column->quoted);
        between = ", ";
    }
}

/* ---- SQL of batches -------------------------------------------------------------------------- */

/* The rows of the temporary table, as a table called staged. How many there are is said by a LIMIT:
 * else the planner would take a few for thousands, and read the whole target to find them. */
static void add_rows(struct wh_buffer *out, uint64_t count)
{
    wh_buffer_format(out, "(SELECT * FROM " STAGED " LIMIT %" PRIu64 ") AS staged", count);
}

/* The last row of each key, as a table called staged. */
static void add_last_rows(struct wh_buffer *out, const struct wh_pg_table *table,
                          const struct wh_pg_layout *layout, uint64_t count)
{
    if (table->key_count == 0) {
        add_rows(out, count);
        return;
    }
    wh_buffer_format(out, "(SELECT DISTINCT ON (");
    add_names(out, table, NULL, is_key);
    wh_buffer_format(out, ") ");
    add_names(out, table, layout, is_loadable);
    wh_buffer_format(out, " FROM ");
    add_rows(out, count);
    wh_buffer_format(out, " ORDER BY ");
    add_names(out, table, NULL, is_key);
    wh_buffer_format(out, ", " NUMBER " DESC) AS staged");
}

static const char *overriding(const struct wh_pg_table *table, const struct wh_pg_layout *layout)
{
    uint32_t all = layout ? layout->count : table->count;
    for (uint32_t i = 0; i < all; i++)
        if (table->columns[layout ? layout->columns[i] : i].identity)
            return " OVERRIDING SYSTEM VALUE";
    return "";
}

/* Whether rows of the layout bring every column that can be loaded. */
static bool is_whole(const struct wh_pg_layout *layout)
{
    uint32_t loadable = 0;
    for (uint32_t i = 0; i < layout->table->count; i++)
        loadable += !layout->table->columns[i].generated;
    return layout->count == loadable;
}

static void add_update(struct wh_buffer *out, const struct wh_pg_layout *layout, uint64_t count)
{
    wh_buffer_format(out, "UPDATE %s AS target SET ", layout->table->name);
    add_assignments(out, layout, "staged");
    wh_buffer_format(out, " FROM ");
    add_last_rows(out, layout->table, layout, count);
    wh_buffer_format(out, " WHERE ");
    add_match(out, layout->table);
    wh_buffer_format(out, ";");
}

static void add_insert(struct wh_buffer *out, const struct wh_pg_layout *layout, uint64_t count)
{
    const struct wh_pg_table *table = layout->table;
    wh_buffer_format(out, "INSERT INTO %s AS target (", table->name);
    add_names(out, table, layout, is_loadable);
    wh_buffer_format(out, ")%s SELECT ", overriding(table, layout));
    add_names(out, table, layout, is_loadable);
    wh_buffer_format(out, " FROM ");
    add_last_rows(out, table, layout, count);
}

/*
 * Rows that lack columns update those that are there by a statement of their own: to INSERT ... ON
 * CONFLICT they would be rows with nulls in these columns, which constraints refuse although no
 * such row is to be added.
 */
static void add_upsert(struct wh_buffer *out, const struct wh_pg_layout *layout, uint64_t count)
{
    const struct wh_pg_table *table = layout->table;
    bool values = layout->count > table->key_count;
    bool separate = !is_whole(layout);
    if (separate && values)
        add_update(out, layout, count);
    add_insert(out, layout, count);
    if (separate) {
        wh_buffer_format(out, " WHERE NOT EXISTS (SELECT FROM %s AS target WHERE ", table->name);
        add_match(out, table);
        wh_buffer_format(out, ")");
    }
    wh_buffer_format(out, " ON CONFLICT (");
    add_names(out, table, NULL, is_key);
    wh_buffer_format(out, values ? ") DO UPDATE SET " : ") DO NOTHING");
    add_assignments(out, layout, "excluded");
    wh_buffer_format(out, ";");
}

static void add_delete(struct wh_buffer *out, const struct wh_pg_table *table, uint64_t count)
{
    wh_buffer_format(out, "DELETE FROM %s AS target USING ", table->name);
    add_rows(out, count);
    wh_buffer_format(out, " WHERE ");
    add_match(out, table);
    wh_buffer_format(out, ";");
}

void wh_pg_stage_lay(struct wh_pg_stage *stage, const struct wh_pg_layout *layout)
{
    stage->layout = layout;
    stage->before.length = 0;
    wh_buffer_format(&stage->before, "COPY %s (", stage->staged ? STAGED : stage->table->name);
    add_names(&stage->before, stage->table, layout, is_loadable);
    wh_buffer_format(&stage->before, "%s) FROM STDIN", layout->numbered ? ", " NUMBER : "");
    wh_buffer_byte(&stage->before, '\0');
}

void wh_pg_stage_pass(const struct wh_pg_stage *stage, uint64_t count, struct wh_buffer *out)
{
    if (!stage->passes_on)
        return;
    if (stage->layout->op == WH_APPLY_DELETE) {
        add_delete(out, stage->table, count);
    } else if (stage->table->key_count > 0) {
        add_upsert(out, stage->layout, count);
    } else {
        add_insert(out, stage->layout, count);
        wh_buffer_format(out, ";");
    }
}

/* ---- the temporary table --------------------------------------------------------------------- */

/* What is generated in the table itself is left out here. */
static void add_definition(struct wh_buffer *out, const struct wh_pg_stage *stage)
{
    wh_buffer_format(out, "CREATE TEMP TABLE \"" NAME "\" (");
    for (uint32_t i = 0; i < stage->table->count; i++) {
        const struct wh_pg_column *column = &stage->table->columns[i];
        if (column->generated)
            continue;
        wh_buffer_format(out, "%s %s", column->quoted, column->type_sql);
        if (stage->request->replace && column->filled)
            wh_buffer_format(out, " DEFAULT %s", column->filled);
        wh_buffer_format(out, ", ");
    }
    wh_buffer_format(out, NUMBER " bigint) ON COMMIT DROP");
}

int wh_pg_stage_begin(struct wh_pg_stage *stage, struct wh_pg_session *session,
                      struct wh_error *error)
{
    struct wh_buffer sql = { 0 };
    if (!stage->staged || stage->transaction == session->transactions)
        return 0;
    add_definition(&sql, stage);
    int status = wh_pg_command(session->connection, sql.data, error);
    wh_buffer_free(&sql);
    if (status != 0)
        return wh_pg_session_name(session, error);
    stage->transaction = session->transactions;
    return 0;
}

/* ---- the whole table ------------------------------------------------------------------------- */

/* A statement about the whole table. */
static int run(struct wh_pg_session *session, const char *sql, struct wh_error *error)
{
    struct wh_pg_fault fault;
    PGresult *result = wh_pg_exec(session->connection, sql);
    int status = PQresultStatus(result) == PGRES_COMMAND_OK ? 0 : -1;
    if (status != 0) {
        wh_pg_fault_read(&fault, session->connection, result, NULL);
        *error = fault.error;
        if (!fault.rows)
            wh_pg_session_name(session, error);
    }
    PQclear(result);
    return status;
}

int wh_pg_stage_truncate(struct wh_pg_stage *stage, struct wh_pg_session *session,
                         struct wh_error *error)
{
    struct wh_buffer sql = { 0 };
    wh_buffer_format(&sql, "TRUNCATE %s", stage->table->name);
    int status = run(session, sql.data, error);
    wh_buffer_free(&sql);
    return status;
}

/*
 * The condition, which is always true, has the rows deleted before the first is inserted. That both
 * are one statement lets foreign keys of other tables look at the rows that are there at its end.
 */
int wh_pg_stage_swap(struct wh_pg_stage *stage, struct wh_pg_session *session,
                     struct wh_error *error)
{
    const struct wh_pg_table *table = stage->table;
    struct wh_buffer sql = { 0 };
    if (wh_pg_stage_begin(stage, session, error))
        return -1;
    wh_buffer_format(&sql, "LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE;"
                     "WITH gone AS (DELETE FROM %s RETURNING 1) INSERT INTO %s (",
                     table->name, table->name, table->name);
    add_names(&sql, table, NULL, is_loadable);
    wh_buffer_format(&sql, ")%s SELECT ", overriding(table, NULL));
    add_names(&sql, table, NULL, is_loadable);
    wh_buffer_format(&sql, " FROM ");
    add_last_rows(&sql, table, NULL, INT64_MAX);
    wh_buffer_format(&sql, " WHERE (SELECT pg_catalog.count(*) FROM gone) >= 0");
    int status = run(session, sql.data, error);
    wh_buffer_free(&sql);
    return status;
}

/* Foreign keys that would pass the deletion on to other rows, although they come back. */
static int check_references(const struct wh_pg_table *table, PGconn *connection,
                            struct wh_error *error)
{
    struct wh_buffer sql = { 0 };
    wh_buffer_format(&sql, "SELECT conrelid::pg_catalog.regclass, pg_catalog.quote_ident(conname)"
                     " FROM pg_catalog.pg_constraint WHERE contype = 'f' AND confrelid = %u"
                     " AND confdeltype IN ('c', 'n', 'd') LIMIT 1", table->oid);
    PGresult *result = wh_pg_exec(connection, sql.data);
    int status = 0;
    wh_buffer_free(&sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        status = wh_pg_fail(error, connection, result, NULL);
    else if (PQntuples(result) > 0)
        status = wh_fail(error, WH_REFUSED, "--replace takes the rows of %s away for a moment, and "
                         "the foreign key %s of %s does not let that pass (by ON DELETE; use "
                         "--key without --replace)", table->relation, PQgetvalue(result, 0, 1),
                         PQgetvalue(result, 0, 0));
    PQclear(result);
    return status;
}

int wh_pg_stage_open(struct wh_pg_stage *stage, const struct wh_pg_table *table,
                     const struct wh_sink_request *request, PGconn *connection,
                     struct wh_error *error)
{
    stage->table = table;
    stage->request = request;
    stage->staged = request->key_count > 0 || request->replace || table->guarded;
    stage->passes_on = stage->staged && !request->replace;
    stage->clear = stage->passes_on ? "TRUNCATE " STAGED : "";
    stage->copied = stage->staged ? NAME : table->relation;
    return request->replace ? check_references(table, connection, error) : 0;
}

void wh_pg_stage_close(struct wh_pg_stage *stage)
{
    wh_buffer_free(&stage->before);
    *stage = (struct wh_pg_stage){ 0 };
}
