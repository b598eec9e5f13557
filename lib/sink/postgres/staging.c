#include "sink/postgres/staging.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "database/pgconnect.h"
#include "database/pgerror.h"
#include "database/pgquery.h"
#include "sink/into.h"
#include "sink/postgres/fault.h"

/* The name of the temporary table, and of its column that numbers the rows of a batch: no column of
 * a stream can be called so, and hardly a table is. */
#define NAME "@wh"
#define STAGED "pg_temp.\"" NAME "\""
#define NUMBER "\"" NAME "\""
/* A row of it, where rows are tried one by one; and the table of those that were refused. */
#define ROW "\"" NAME " row\""
#define REFUSED "\"" NAME " refused\""
/* A sequence that counts the rows a statement has taken, since that survives its failure. */
#define TAKEN "\"" NAME " taken\""

/* ---- lists of columns ------------------------------------------------------------------------ */

const char wh_pg_stage_name[] = NAME;

typedef bool chosen(const struct wh_pg_column *column);

static bool is_key(const struct wh_pg_column *column)
{
    return column->key;
}

static bool is_loadable(const struct wh_pg_column *column)
{
    return !column->generated;
}

/*
 * Whether the temporary table has the column as text, so that a value which its type does not take
 * is found where the rows are tried, and not by COPY, which would end there. Of the key alone it
 * must be known what is equal.
 */
static bool is_loose(const struct wh_pg_stage *stage, const struct wh_pg_column *column)
{
    return stage->request->rejects && !stage->request->replace && column->judged_late
           && !column->key;
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

/* The column's value in the temporary table, of the column's type. */
static void add_staged(struct wh_buffer *out, const struct wh_pg_stage *stage,
                       const struct wh_pg_column *column)
{
    bool loose = is_loose(stage, column);
    wh_buffer_format(out, loose ? "CAST(staged.%s AS %s)" : "staged.%s", column->quoted,
                     column->type_name);
}

/* The same of all that can be loaded. */
static void add_staged_values(struct wh_buffer *out, const struct wh_pg_stage *stage)
{
    const struct wh_pg_layout *layout = stage->layout;
    const char *between = "";
    for (uint32_t i = 0; i < layout->count; i++) {
        const struct wh_pg_column *column = &layout->table->columns[layout->columns[i]];
        if (!is_loadable(column))
            continue;
        wh_buffer_format(out, "%s", between);
        add_staged(out, stage, column);
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

/* "a = staged.a, b = staged.b" of what is no key; or of what was to be inserted. */
static void add_assignments(struct wh_buffer *out, const struct wh_pg_stage *stage, bool excluded)
{
    const struct wh_pg_layout *layout = stage->layout;
    const char *between = "";
    for (uint32_t i = 0; i < layout->count; i++) {
        const struct wh_pg_column *column = &layout->table->columns[layout->columns[i]];
        if (column->key)
            continue;
        wh_buffer_format(out, "%s%s = ", between, column->quoted);
        if (excluded)
            wh_buffer_format(out, "excluded.%s", column->quoted);
        else
            add_staged(out, stage, column);
        between = ", ";
    }
}

/* ---- SQL of batches -------------------------------------------------------------------------- */

/* What the block that tries the rows (add_block) is at. */
#define AT "\"" NAME " at\""
#define UPTO "\"" NAME " upto\""
#define LAST "\"" NAME " last\""
#define FIRST "\"" NAME " first\""
#define WASTED "\"" NAME " wasted\""
#define SINGLY "\"" NAME " singly\""
#define SUSPECT "\"" NAME " suspect\""
#define COUNT "\"" NAME " count\""
#define FAILED "\"" NAME " failed\""
#define LIKELY "\"" NAME " likely\""
#define NEXT "\"" NAME " next\""
#define HELD "\"" NAME " held\""
#define SOME_ROWS "SELECT * FROM " STAGED " AS staged WHERE staged." NUMBER " BETWEEN " AT           \
                  " AND " UPTO " ORDER BY staged." NUMBER

/* Which rows of the temporary table a statement is about. */
struct choice {
    bool one;       /* that in the variable ROW */
    bool some;      /* from the number in AT to that in UPTO, in order, no two of one key */
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
    if (choice.some) {
        wh_buffer_format(out, "(" SOME_ROWS ") AS staged");
        return;
    }
    wh_buffer_format(out, "(SELECT * FROM " STAGED " LIMIT %" PRIu64 ") AS staged", choice.count);
}

/* The last row of each key, as a table called staged. */
static void add_last_rows(struct wh_buffer *out, const struct wh_pg_table *table,
                          const struct wh_pg_layout *layout, struct choice choice)
{
    if (table->key_count == 0 || choice.one || choice.some || choice.distinct) {
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

static void add_update(struct wh_buffer *out, const struct wh_pg_stage *stage,
                       struct choice choice)
{
    const struct wh_pg_layout *layout = stage->layout;
    wh_buffer_format(out, "UPDATE %s AS target SET ", layout->table->name);
    add_assignments(out, stage, false);
    wh_buffer_format(out, " FROM ");
    add_last_rows(out, layout->table, layout, choice);
    wh_buffer_format(out, " WHERE ");
    add_match(out, layout->table);
    wh_buffer_format(out, ";");
}

static void add_insert(struct wh_buffer *out, const struct wh_pg_stage *stage,
                       struct choice choice)
{
    const struct wh_pg_layout *layout = stage->layout;
    const struct wh_pg_table *table = layout->table;
    wh_buffer_format(out, "INSERT INTO %s AS target (", table->name);
    add_names(out, table, layout, is_loadable);
    wh_buffer_format(out, ")%s SELECT ", overriding(table, layout));
    add_staged_values(out, stage);
    wh_buffer_format(out, " FROM ");
    add_last_rows(out, table, layout, choice);
}

/* Whether rows that are there are updated by a statement of their own. */
static bool updates_apart(const struct wh_pg_layout *layout)
{
    return layout->table->key_count > 0 && !is_whole(layout);
}

/* One INSERT takes the rows in their order, and fails at the first bad one. */
static const char count_taken[] = " WHERE pg_catalog.nextval('pg_temp." TAKEN "') > 0";

/*
 * Rows that lack columns update those that are there by a statement of their own: to INSERT ... ON
 * CONFLICT they would be rows with nulls in these columns, which constraints refuse although no
 * such row is to be added.
 */
static void add_upsert(struct wh_buffer *out, const struct wh_pg_stage *stage,
                       struct choice choice)
{
    const struct wh_pg_layout *layout = stage->layout;
    const struct wh_pg_table *table = layout->table;
    bool values = layout->count > table->key_count;
    if (updates_apart(layout) && values)
        add_update(out, stage, choice);
    add_insert(out, stage, choice);
    if (updates_apart(layout)) {
        wh_buffer_format(out, " WHERE NOT EXISTS (SELECT FROM %s AS target WHERE ", table->name);
        add_match(out, table);
        wh_buffer_format(out, ")");
    } else if (choice.some) {
        wh_buffer_format(out, "%s", count_taken);
    }
    if (choice.distinct)
        wh_buffer_format(out, " ORDER BY staged." NUMBER);
    wh_buffer_format(out, " ON CONFLICT (");
    add_names(out, table, NULL, is_key);
    wh_buffer_format(out, values ? ") DO UPDATE SET " : ") DO NOTHING");
    add_assignments(out, stage, true);
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
    wh_buffer_text(&stage->before);
}

static void add_pass(struct wh_buffer *out, const struct wh_pg_stage *stage, struct choice choice)
{
    if (stage->layout->op == WH_APPLY_DELETE) {
        add_delete(out, stage->table, choice);
    } else if (stage->table->key_count > 0) {
        add_upsert(out, stage, choice);
    } else {
        add_insert(out, stage, choice);
        wh_buffer_format(out, "%s;", choice.some ? count_taken : "");
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
        wh_buffer_format(out, "%s %s", column->quoted,
                         is_loose(stage, column) ? "text" : column->type_sql);
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

/* What is not the row's fault ends it all, as in postgres_fault.c. */
static const char only_faults[] =
    "GET STACKED DIAGNOSTICS \"" NAME " state\" = RETURNED_SQLSTATE;"
    "IF pg_catalog.substr(\"" NAME " state\", 1, 2) NOT IN ('22', '23', '44', '54', 'P0')"
    " AND \"" NAME " state\" !~ '^([I-OQ-W]|X[0-9A-WYZ]|[YZ])' THEN RAISE; END IF;";

static const char read_reason[] =
    "GET STACKED DIAGNOSTICS \"" NAME " message\" = MESSAGE_TEXT,"
    " \"" NAME " detail\" = PG_EXCEPTION_DETAIL, \"" NAME " hint\" = PG_EXCEPTION_HINT,"
    " \"" NAME " column\" = COLUMN_NAME, \"" NAME " constraint\" = CONSTRAINT_NAME,"
    " \"" NAME " table\" = TABLE_NAME;"
    HELD " := " ROW "." NUMBER ";"
    "IF (" HELD " BETWEEN " AT " AND " UPTO ") IS NOT TRUE THEN RAISE; END IF;";

static const char note_refused[] =
    "INSERT INTO pg_temp." REFUSED " VALUES (" HELD ", \"" NAME " state\","
    " \"" NAME " message\", \"" NAME " detail\", \"" NAME " hint\", \"" NAME " column\","
    " \"" NAME " constraint\");"
    AT " := " AT " + 1; " HELD " := NULL;";

/* A table's rules are for INSERT alone: what is copied to it does not know them. */
static void add_check_rules(struct wh_buffer *out, const struct wh_pg_stage *stage)
{
    if (!stage->staged)
        wh_buffer_format(out, "IF (SELECT relhasrules FROM pg_catalog.pg_class WHERE oid = %u) "
                         "THEN RAISE feature_not_supported; END IF;", stage->table->oid);
}

/* Which column has a value that its type does not take: the first that cannot be converted by
 * itself, where the server names neither a column nor a table. */
static void add_find_column(struct wh_buffer *out, const struct wh_pg_stage *stage)
{
    const struct wh_pg_layout *layout = stage->layout;
    for (uint32_t i = 0; i < layout->count; i++) {
        const struct wh_pg_column *column = &layout->table->columns[layout->columns[i]];
        if (!is_loose(stage, column))
            continue;
        wh_buffer_format(out, "IF \"" NAME " column\" = '' AND \"" NAME " table\" = '' THEN BEGIN "
                         "PERFORM CAST(" ROW ".%s AS %s); EXCEPTION WHEN OTHERS THEN "
                         "\"" NAME " column\" := '", column->quoted, column->type_name);
        for (const char *at = column->name; *at; at++) {
            wh_buffer_byte(out, *at);
            if (*at == '\'')
                wh_buffer_byte(out, *at);
        }
        wh_buffer_format(out, "'; END; END IF;");
    }
}

/* Tries the rows from AT to UPTO: all by one statement, or each by its own. */
static void add_try(struct wh_buffer *out, const struct wh_pg_stage *stage)
{
    wh_buffer_format(out, "BEGIN IF " SINGLY " THEN FOR " ROW " IN " SOME_ROWS " LOOP ");
    add_pass(out, stage, (struct choice){ .one = true });
    wh_buffer_format(out, " END LOOP; ELSE " COUNT " := pg_catalog.nextval('pg_temp."
                     TAKEN "'); ");
    add_pass(out, stage, (struct choice){ .some = true });
    wh_buffer_format(out, " END IF; EXCEPTION WHEN OTHERS THEN " FAILED " := true; %s"
                     "IF " SINGLY " THEN %s", only_faults, read_reason);
    add_find_column(out, stage);
    wh_buffer_format(out, " END IF; END;");
}

/* What follows from that: see add_block. UPTO is null where the next rows are to be chosen. */
static void add_decide(struct wh_buffer *out, bool each)
{
    const char *usually = each ? "true" : "false";
    wh_buffer_format(
        out,
        "IF NOT " FAILED " THEN"
        " " AT " := " UPTO " + 1; " SINGLY " := %s; " UPTO " := NULL;"
        " IF " HELD " = " AT " THEN %s"
        " ELSIF " SUSPECT " = " AT " THEN " UPTO " := " AT "; " SINGLY " := true;"
        " END IF;"
        " " HELD " := NULL; " SUSPECT " := NULL; "
        "ELSIF " SINGLY " THEN"
        " " SINGLY " := %s; " SUSPECT " := NULL;"
        " IF " AT " < " UPTO " THEN " WASTED " := " WASTED " + 2; END IF;"
        " IF " HELD " = " AT " THEN %s " UPTO " := NULL; ELSE " UPTO " := " HELD " - 1; END IF; "
        "ELSE"
        " " HELD " := NULL; " SUSPECT " := NULL; " WASTED " := " WASTED " + 1;"
        " " COUNT " := pg_catalog.nextval('pg_temp." TAKEN "') - " COUNT " - 1;"
        " IF " COUNT " > 0 AND " COUNT " <= " UPTO " - " AT " THEN"
        "  " SUSPECT " := " AT " + " COUNT " - 1;"
        "  " UPTO " := GREATEST(" SUSPECT " - 1, " AT ");"
        "  " SINGLY " := " SUSPECT " = " AT "; "
        " ELSE " SINGLY " := true; END IF; "
        "END IF; ",
        usually, note_refused, usually, note_refused);
}

/*
 * Where UPTO is null, chooses the next rows; of those that are likely to be refused, each by itself.
 * What is lost with a bad row are the rows before it that were tried together, half of them on
 * average, and what is won is the price of a statement for each row: about that of 8 rows. So where
 * one of n rows is bad, the square root of 16 n rows are best.
 */
static const char choose_next[] =
    "IF " UPTO " IS NULL THEN"
    " " UPTO " := LEAST(" LAST ", " AT " - 1 + LEAST(1024, GREATEST(8, 4 * pg_catalog.sqrt(("
    AT " - " FIRST " + 64)::pg_catalog.float8 / (" WASTED " + 1))))::pg_catalog.int8);"
    " WHILE " LIKELY "[" NEXT "] < " AT " LOOP " NEXT " := " NEXT " + 1; END LOOP;"
    " IF " LIKELY "[" NEXT "] = " AT " THEN " UPTO " := " AT "; " SINGLY " := true;"
    " ELSIF " LIKELY "[" NEXT "] <= " UPTO " THEN " UPTO " := " LIKELY "[" NEXT "] - 1;"
    " END IF; "
    "END IF; ";

/* Which rows are likely to be refused: those that refer to rows of other tables that are not there.
 * Where that cannot be asked, nobody knows. */
static void add_guess(struct wh_buffer *out, const struct wh_pg_stage *stage)
{
    if (!stage->absent || stage->layout->op == WH_APPLY_DELETE)
        return;
    wh_buffer_format(out, "BEGIN " LIKELY " := ARRAY(SELECT number FROM (%s) AS absent ORDER BY 1);"
                     " EXCEPTION WHEN OTHERS THEN " LIKELY " := NULL; END; ", stage->absent);
}

/*
 * The block in PL/pgSQL. Many rows are tried together, which is fast. Where they are refused, the
 * number of rows that the statement has taken until then names the suspect: the rows before it are
 * tried again together, and it by itself. Where that number names none (foreign keys and triggers
 * speak up after the last row), the rows are tried by a statement for each, the first of which that
 * fails is of the row at fault: it is held until the rows before it, which its failure has taken
 * away, are there again. Of some `each` has to be tried by itself in any case.
 */
static void add_block(struct wh_buffer *out, const struct wh_pg_stage *stage, bool each)
{
    wh_buffer_format(out, "DECLARE " ROW " " STAGED "; " AT " bigint; " UPTO " bigint;"
                     LAST " bigint; " FIRST " bigint; " WASTED " bigint := 0;"
                     HELD " bigint; " SUSPECT " bigint;"
                     LIKELY " bigint[]; " NEXT " integer := 1;"
                     COUNT " bigint; " FAILED " boolean; " SINGLY " boolean := %s;"
                     "\"" NAME " state\" text;"
                     "\"" NAME " message\" text; \"" NAME " detail\" text; \"" NAME " hint\" text;"
                     "\"" NAME " column\" text; \"" NAME " constraint\" text;"
                     "\"" NAME " table\" text; BEGIN ", each ? "true" : "false");
    add_check_rules(out, stage);
    wh_buffer_format(out, "SELECT pg_catalog.min(staged." NUMBER "), pg_catalog.max(staged." NUMBER
                     ") INTO " FIRST ", " LAST " FROM " STAGED " AS staged; " AT " := " FIRST "; ");
    add_guess(out, stage);
    wh_buffer_format(out, "WHILE " AT " <= " LAST " LOOP %s " FAILED " := false; ", choose_next);
    add_try(out, stage);
    add_decide(out, each);
    wh_buffer_format(out, "END LOOP; END");
}

/*
 * The query of rows in the temporary table that refer to rows of other tables which are not there:
 * one SELECT for each foreign key, as far as the other table may be read.
 */
static const char absent_sql[] =
    "SELECT pg_catalog.string_agg(one, ' UNION ') FROM (SELECT"
    " 'SELECT staged." NUMBER " AS number FROM " STAGED " AS staged WHERE '"
    " || pg_catalog.string_agg('staged.' || pg_catalog.quote_ident(a.attname) || ' IS NOT NULL',"
    "                          ' AND ')"
    " || ' AND NOT EXISTS (SELECT FROM ' || c.confrelid::pg_catalog.regclass || ' AS other WHERE '"
    " || pg_catalog.string_agg('other.' || pg_catalog.quote_ident(f.attname) || ' OPERATOR('"
    "     || pg_catalog.quote_ident(n.nspname) || '.' || o.oprname || ') CAST(staged.'"
    "     || pg_catalog.quote_ident(a.attname) || ' AS '"
    "     || pg_catalog.format_type(a.atttypid, a.atttypmod) || ')', ' AND ')"
    " || ')' AS one "
    "FROM pg_catalog.pg_constraint c"
    " CROSS JOIN LATERAL pg_catalog.generate_subscripts(c.conkey, 1) AS k(i)"
    " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[k.i]"
    " JOIN pg_catalog.pg_attribute f ON f.attrelid = c.confrelid AND f.attnum = c.confkey[k.i]"
    " JOIN pg_catalog.pg_operator o ON o.oid = c.conpfeqop[k.i]"
    " JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace "
    "WHERE c.conrelid = %u AND c.contype = 'f' AND NOT c.condeferred AND c.confrelid <> c.conrelid"
    " AND pg_catalog.has_table_privilege(c.confrelid, 'SELECT') GROUP BY c.oid, c.confrelid) AS t";

/* Looks that query up, once. */
static int find_absent(struct wh_pg_stage *stage, PGconn *connection, struct wh_error *error)
{
    struct wh_buffer sql = { 0 };
    int status = 0;
    if (stage->absent_known)
        return 0;
    wh_buffer_format(&sql, absent_sql, stage->table->oid);
    PGresult *result = wh_pg_exec(connection, sql.data);
    wh_buffer_free(&sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        status = wh_pg_fail(error, connection, result, NULL);
    else if (!PQgetisnull(result, 0, 0))
        stage->absent = wh_copy(PQgetvalue(result, 0, 0), (size_t)PQgetlength(result, 0, 0));
    stage->absent_known = status == 0;
    PQclear(result);
    return status;
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

static int run_block(const struct wh_pg_stage *stage, PGconn *connection, bool each,
                     struct wh_error *error)
{
    struct wh_buffer sql = { 0 }, block = { 0 };
    add_block(&block, stage, each);
    char *literal = PQescapeLiteral(connection, block.data, block.length);
    wh_buffer_format(&sql, "CREATE TEMP TABLE " REFUSED " (number bigint, state text, message text,"
                     " detail text, hint text, attribute text, rule text) ON COMMIT DROP;"
                     "CREATE TEMP SEQUENCE " TAKEN " CACHE 1000 OWNED BY pg_temp." REFUSED
                     ".number;"
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

int wh_pg_stage_search(struct wh_pg_stage *stage, struct wh_pg_session *session, bool each,
                       PGresult **refused, struct wh_error *error)
{
    PGconn *connection = session->connection;
    int status = find_absent(stage, connection, error);
    if (status == 0)
        status = run_block(stage, connection, each, error);
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
        status = wh_fail(error, WH_REFUSED, "--replace deletes the rows of %s for a moment, on which "
                         "the foreign key %s of %s would act (ON DELETE; use --key without "
                         "--replace)", table->relation, PQgetvalue(result, 0, 1),
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
    stage->staged = request->into->key.count > 0 || request->replace || table->guarded;
    stage->passes_on = stage->staged && !request->replace;
    stage->clear = stage->passes_on ? "TRUNCATE " STAGED : "";
    stage->copied = stage->staged ? wh_pg_stage_name : table->relation;
    return request->replace ? check_references(table, connection, error) : 0;
}

void wh_pg_stage_close(struct wh_pg_stage *stage)
{
    wh_buffer_free(&stage->before);
    free(stage->absent);
    *stage = (struct wh_pg_stage){ 0 };
}
