#include "sink/postgres_stage.h"

#include <inttypes.h>
#include <string.h>

#include "database/pgconnect.h"
#include "database/pgerror.h"
#include "database/pgquery.h"
#include "sink/postgres_fault.h"

/* The name of the temporary table, and of its column that numbers the rows of a batch: no column of
 * a stream can be called so, and hardly a table is. */
#define NAME "@wh"
#define STAGED "pg_temp.\"" NAME "\""
#define NUMBER "\"" NAME "\""
/* A row of it, where rows are tried one by one; and the table of those that were refused. */
#define ROW "\"" NAME " row\""
#define REFUSED "\"" NAME " refused\""

/* ---- lists of columns ------------------------------------------------------------------------ */

const char wh_pg_stage_name[] = NAME;

enum { TOGETHER = 32 }; /* rows that are tried together */

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

/* Which rows of the temporary table a statement is about. */
struct choice {
    bool one;       /* that in the variable ROW */
    bool distinct;  /* all, and no two are of one key; else the last row of each key counts */
    uint64_t count; /* of all */
};

/* The rows, as a table called staged. How many there are is said by a LIMIT: else the planner would
 * take a few for thousands, and read the whole target to find them. */
static void add_rows(struct wh_buffer *out, struct choice choice)
{
    if (choice.one) {
        wh_buffer_format(out, "(SELECT (" ROW ").*) AS staged");
        return;
    }
    wh_buffer_format(out, "(SELECT * FROM " STAGED " LIMIT %" PRIu64 ") AS staged", choice.count);
}

/* The last row of each key, as a table called staged. */
static void add_last_rows(struct wh_buffer *out, const struct wh_pg_table *table,
                          const struct wh_pg_layout *layout, struct choice choice)
{
    if (table->key_count == 0 || choice.one || choice.distinct) {
        add_rows(out, choice);
        return;
    }
    wh_buffer_format(out, "(SELECT DISTINCT ON (");
    add_names(out, table, NULL, is_key);
    wh_buffer_format(out, ") ");
    add_names(out, table, layout, is_loadable);
    wh_buffer_format(out, " FROM ");
    add_rows(out, choice);
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

static void add_update(struct wh_buffer *out, const struct wh_pg_layout *layout,
                       struct choice choice)
{
    wh_buffer_format(out, "UPDATE %s AS target SET ", layout->table->name);
    add_assignments(out, layout, "staged");
    wh_buffer_format(out, " FROM ");
    add_last_rows(out, layout->table, layout, choice);
    wh_buffer_format(out, " WHERE ");
    add_match(out, layout->table);
    wh_buffer_format(out, ";");
}

static void add_insert(struct wh_buffer *out, const struct wh_pg_layout *layout,
                       struct choice choice)
{
    const struct wh_pg_table *table = layout->table;
    wh_buffer_format(out, "INSERT INTO %s AS target (", table->name);
    add_names(out, table, layout, is_loadable);
    wh_buffer_format(out, ")%s SELECT ", overriding(table, layout));
    add_names(out, table, layout, is_loadable);
    wh_buffer_format(out, " FROM ");
    add_last_rows(out, table, layout, choice);
}

/*
 * Rows that lack columns update those that are there by a statement of their own: to INSERT ... ON
 * CONFLICT they would be rows with nulls in these columns, which constraints refuse although no
 * such row is to be added.
 */
static void add_upsert(struct wh_buffer *out, const struct wh_pg_layout *layout,
                       struct choice choice)
{
    const struct wh_pg_table *table = layout->table;
    bool values = layout->count > table->key_count;
    bool separate = !is_whole(layout);
    if (separate && values)
        add_update(out, layout, choice);
    add_insert(out, layout, choice);
    if (separate) {
        wh_buffer_format(out, " WHERE NOT EXISTS (SELECT FROM %s AS target WHERE ", table->name);
        add_match(out, table);
        wh_buffer_format(out, ")");
    }
    if (choice.distinct)
        wh_buffer_format(out, " ORDER BY staged." NUMBER);
    wh_buffer_format(out, " ON CONFLICT (");
    add_names(out, table, NULL, is_key);
    wh_buffer_format(out, values ? ") DO UPDATE SET " : ") DO NOTHING");
    add_assignments(out, layout, "excluded");
    wh_buffer_format(out, ";");
}

static void add_delete(struct wh_buffer *out, const struct wh_pg_table *table,
                       struct choice choice)
{
    wh_buffer_format(out, "DELETE FROM %s AS target USING ", table->name);
    add_rows(out, choice);
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

static void add_pass(struct wh_buffer *out, const struct wh_pg_stage *stage, struct choice choice)
{
    if (stage->layout->op == WH_APPLY_DELETE) {
        add_delete(out, stage->table, choice);
    } else if (stage->table->key_count > 0) {
        add_upsert(out, stage->layout, choice);
    } else {
        add_insert(out, stage->layout, choice);
        wh_buffer_format(out, ";");
    }
}

void wh_pg_stage_pass(const struct wh_pg_stage *stage, uint64_t count, bool distinct,
                      struct wh_buffer *out)
{
    struct choice all = { .distinct = distinct, .count = count };
    if (stage->passes_on)
        add_pass(out, stage, all);
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
    /* Without a key the lines do not say their number: they come in order. */
    wh_buffer_format(out, NUMBER " %s) ON COMMIT DROP",
                     stage->table->key_count > 0 ? "bigint" : "bigserial");
}

static int make(struct wh_pg_stage *stage, struct wh_pg_session *session, struct wh_error *error)
{
    struct wh_buffer sql = { 0 };
    if (stage->transaction == session->transactions)
        return 0;
    add_definition(&sql, stage);
    int status = wh_pg_command(session->connection, sql.data, error);
    wh_buffer_free(&sql);
    if (status != 0)
        return wh_pg_session_name(session, error);
    stage->transaction = session->transactions;
    return 0;
}

int wh_pg_stage_begin(struct wh_pg_stage *stage, struct wh_pg_session *session,
                      struct wh_error *error)
{
    return stage->staged ? make(stage, session, error) : 0;
}

/* ---- rows one by one ------------------------------------------------------------------------- */

int wh_pg_stage_copy_sql(struct wh_pg_stage *stage, struct wh_pg_session *session,
                         struct wh_buffer *out, struct wh_error *error)
{
    if (make(stage, session, error) != 0)
        return -1;
    wh_buffer_format(out, "COPY " STAGED " (");
    add_names(out, stage->table, stage->layout, is_loadable);
    wh_buffer_format(out, "%s) FROM STDIN", stage->layout->numbered ? ", " NUMBER : "");
    return 0;
}

/* The loop over `rows` of the temporary table in order, with what is done to each. */
static void add_loop(struct wh_buffer *out, const char *body)
{
    wh_buffer_format(out, "FOR " ROW " IN SELECT * FROM " STAGED " AS staged WHERE staged." NUMBER
                     " BETWEEN \"" NAME " at\" AND \"" NAME " at\" + %d ORDER BY staged." NUMBER
                     " LOOP %s END LOOP;", TOGETHER - 1, body);
}

/* What is not the row's fault ends it all, as in postgres_fault.c. */
static const char only_faults[] =
    "GET STACKED DIAGNOSTICS \"" NAME " state\" = RETURNED_SQLSTATE;"
    "IF pg_catalog.substr(\"" NAME " state\", 1, 2) NOT IN ('22', '23', '44', '54', 'P0')"
    " AND \"" NAME " state\" !~ '^([I-OQ-W]|X[0-9A-WYZ]|[YZ])' THEN RAISE; END IF;";

static const char note_refused[] =
    "GET STACKED DIAGNOSTICS \"" NAME " message\" = MESSAGE_TEXT,"
    " \"" NAME " detail\" = PG_EXCEPTION_DETAIL, \"" NAME " hint\" = PG_EXCEPTION_HINT,"
    " \"" NAME " column\" = COLUMN_NAME, \"" NAME " constraint\" = CONSTRAINT_NAME;"
    "INSERT INTO pg_temp." REFUSED " VALUES (" ROW "." NUMBER ", \"" NAME " state\","
    " \"" NAME " message\", \"" NAME " detail\", \"" NAME " hint\", \"" NAME " column\","
    " \"" NAME " constraint\");";

/* A table's rules are for INSERT alone: what is copied to it does not know them. */
static void add_check_rules(struct wh_buffer *out, const struct wh_pg_stage *stage)
{
    if (!stage->staged)
        wh_buffer_format(out, "IF (SELECT relhasrules FROM pg_catalog.pg_class WHERE oid = %u) "
                         "THEN RAISE feature_not_supported; END IF;", stage->table->oid);
}

/*
 * The block in PL/pgSQL. Some rows are tried together, which is faster; where one of them is refused,
 * each of them is tried by itself.
 */
static void add_block(struct wh_buffer *out, const struct wh_pg_stage *stage)
{
    struct wh_buffer pass = { 0 }, one = { 0 };
    add_pass(&pass, stage, (struct choice){ .one = true });
    wh_buffer_byte(&pass, '\0');
    wh_buffer_format(&one, "BEGIN %s EXCEPTION WHEN OTHERS THEN %s%s END;", pass.data, only_faults,
                     note_refused);
    wh_buffer_byte(&one, '\0');
    wh_buffer_format(out, "DECLARE " ROW " " STAGED "; \"" NAME " first\" bigint;"
                     "\"" NAME " last\" bigint; \"" NAME " at\" bigint; \"" NAME " state\" text;"
                     "\"" NAME " message\" text; \"" NAME " detail\" text; \"" NAME " hint\" text;"
                     "\"" NAME " column\" text; \"" NAME " constraint\" text; BEGIN ");
    add_check_rules(out, stage);
    wh_buffer_format(out, "SELECT pg_catalog.min(staged." NUMBER "), pg_catalog.max(staged." NUMBER
                     ") INTO \"" NAME " first\", \"" NAME " last\" FROM " STAGED " AS staged;"
                     "\"" NAME " at\" := \"" NAME " first\";"
                     "WHILE \"" NAME " at\" <= \"" NAME " last\" LOOP BEGIN ");
    add_loop(out, pass.data);
    wh_buffer_format(out, " EXCEPTION WHEN OTHERS THEN %s", only_faults);
    add_loop(out, one.data);
    wh_buffer_format(out, " END; \"" NAME " at\" := \"" NAME " at\" + %d; END LOOP; END", TOGETHER);
    wh_buffer_free(&pass);
    wh_buffer_free(&one);
}

/* Whether the server cannot run the block: it has no PL/pgSQL, or not for us; the table has rules. */
static bool is_unsupported(const PGresult *result)
{
    static const char *const states[] = { "42704", "42501", "42601", "0A000" };
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    for (size_t i = 0; state && i < sizeof states / sizeof *states; i++)
        if (strcmp(state, states[i]) == 0)
            return true;
    return false;
}

static int run_block(const struct wh_pg_stage *stage, PGconn *connection, struct wh_error *error)
{
    struct wh_buffer sql = { 0 }, block = { 0 };
    add_block(&block, stage);
    char *literal = PQescapeLiteral(connection, block.data, block.length);
    wh_buffer_format(&sql, "CREATE TEMP TABLE " REFUSED " (number bigint, state text, message text,"
                     " detail text, hint text, attribute text, rule text) ON COMMIT DROP;"
                     "CREATE INDEX IF NOT EXISTS \"" NAME " index\" ON " STAGED " (" NUMBER ");"
                     "DO %s", literal ? literal : "''");
    PGresult *result = wh_pg_exec(connection, sql.data);
    int status = 0;
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        status = is_unsupported(result) ? 1 : wh_pg_fail(error, connection, result, NULL);
    PQclear(result);
    PQfreemem(literal);
    wh_buffer_free(&sql);
    wh_buffer_free(&block);
    return status;
}

int wh_pg_stage_search(const struct wh_pg_stage *stage, struct wh_pg_session *session,
                       PGresult **refused, struct wh_error *error)
{
    PGconn *connection = session->connection;
    int status = run_block(stage, connection, error);
    if (status != 0)
        return status < 0 ? wh_pg_session_name(session, error) : 1;
    /* Numbers that the lines do not say go on counting over batches. */
    struct wh_buffer sql = { 0 };
    wh_buffer_format(&sql, "SELECT number - %s, state, message, detail, hint, attribute, rule"
                     " FROM pg_temp." REFUSED " ORDER BY number",
                     stage->table->key_count > 0
                         ? "0" : "(SELECT pg_catalog.min(" NUMBER ") FROM " STAGED ")");
    *refused = wh_pg_exec(connection, sql.data);
    wh_buffer_free(&sql);
    if (PQresultStatus(*refused) == PGRES_TUPLES_OK
        && wh_pg_command(connection, "DROP TABLE pg_temp." REFUSED "; TRUNCATE " STAGED, error) == 0)
        return 0;
    if (PQresultStatus(*refused) != PGRES_TUPLES_OK)
        wh_pg_fail(error, connection, *refused, NULL);
    PQclear(*refused);
    return wh_pg_session_name(session, error);
}

int wh_pg_stage_repeats(const struct wh_pg_stage *stage, struct wh_pg_session *session,
                        struct wh_error *error)
{
    const struct wh_pg_layout *layout = stage->layout;
    if (stage->table->key_count == 0 || layout->op == WH_APPLY_DELETE)
        return 0;
    struct wh_buffer sql = { 0 };
    wh_buffer_format(&sql, "SELECT FROM " STAGED " GROUP BY ");
    add_names(&sql, stage->table, NULL, is_key);
    wh_buffer_format(&sql, " HAVING pg_catalog.count(*) > 1 LIMIT 1");
    PGresult *result = wh_pg_exec(session->connection, sql.data);
    wh_buffer_free(&sql);
    int repeats = PQntuples(result);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        wh_pg_fail(error, session->connection, result, NULL);
        repeats = wh_pg_session_name(session, error);
    }
    PQclear(result);
    return repeats;
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
    add_last_rows(&sql, table, NULL, (struct choice){ .count = INT64_MAX });
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
    stage->copied = stage->staged ? wh_pg_stage_name : table->relation;
    return request->replace ? check_references(table, connection, error) : 0;
}

void wh_pg_stage_close(struct wh_pg_stage *stage)
{
    wh_buffer_free(&stage->before);
    *stage = (struct wh_pg_stage){ 0 };
}
