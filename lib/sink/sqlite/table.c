#include "sink/sqlite/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "database/sql.h"
#include "database/sqlite.h"
#include "record/shape_cache.h"
#include "sink/apply.h"
#include "sink/into.h"
#include "sink/remedy.h"
#include "sink/schema.h"
#include "sink/sqlite/value.h"

enum { PLANS_LOG2 = 6 }; /* shapes, and statements, that are remembered */
static const uint32_t nowhere = UINT32_MAX;

/* A row's field that a statement's parameter gets. */
struct binding {
    uint32_t field;
    const struct wh_sqlite_column *column;
};

/* What is to be done with rows of one shape. */
struct plan {
    uint64_t serial; /* of the shape; 0: none */
    uint32_t op, unchanged; /* fields of --apply, or nowhere */
};

/* A statement for rows of one shape that ask for the same. */
struct statement {
    uint64_t serial;
    enum wh_apply_op op;
    struct wh_buffer unchanged; /* the text of _unchanged that it was made for */
    sqlite3_stmt *prepared;     /* NULL: a free place */
    struct binding *bindings;
    int count;
};

struct wh_sqlite_table {
    sqlite3 *database;
    const struct wh_sink_request *request;
    char *quoted; /* its name in SQL */
    char *schema; /* the parts of that, unquoted; NULL: it has no schema */
    char *name;
    struct wh_sqlite_column *columns;
    size_t count;
    bool told;        /* that generated columns are left out */
    struct wh_shape_cache plans;
    struct wh_shape_cache statements; /* by serial and op */
};

/* ---- opening ------------------------------------------------------------------------------- */

static bool is_key(const struct wh_sink_request *request, const char *name)
{
    for (size_t i = 0; i < request->into->key.count; i++)
        if (strcmp(request->into->key.names[i], name) == 0)
            return true;
    return false;
}

/* Takes a part of a name in SQL, whose parts are all quoted, without its quotes; free() it. */
static char *take_part(const char **at)
{
    struct wh_buffer part = { 0 };
    const char *from = *at + 1;
    for (; from[0] != '"' || from[1] == '"'; from++) {
        wh_buffer_byte(&part, *from);
        from += *from == '"';
    }
    *at = from + 1;
    return wh_buffer_text(&part);
}

static void take_name(struct wh_sqlite_table *table)
{
    const char *at = table->quoted;
    table->name = take_part(&at);
    if (*at != '.')
        return;
    at++;
    table->schema = table->name;
    table->name = take_part(&at);
}

/* Asks about the table by its name and schema; NULL where this SQLite cannot be asked so. */
static sqlite3_stmt *ask(const struct wh_sqlite_table *table, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(table->database, sql, -1, &statement, NULL) == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, table->name, -1, SQLITE_TRANSIENT);
        sqlite3_bind_text(statement, 2, table->schema, -1, SQLITE_TRANSIENT);
    }
    return statement;
}

/* There are STRICT tables since SQLite 3.37, which has this list of tables too. */
static bool is_strict(const struct wh_sqlite_table *table)
{
    sqlite3_stmt *statement = ask(table, "SELECT max(strict) FROM pragma_table_list(?1) "
                                         "WHERE schema = COALESCE(?2, schema)");
    bool strict = statement && sqlite3_step(statement) == SQLITE_ROW
                  && sqlite3_column_int(statement, 0) != 0;
    sqlite3_finalize(statement);
    return strict;
}

/* Notes the columns that the database makes from others. */
static void find_generated(struct wh_sqlite_table *table)
{
    sqlite3_stmt *statement = ask(table, "SELECT name FROM pragma_table_xinfo(?1, ?2) "
                                         "WHERE hidden IN (2, 3)");
    while (statement && sqlite3_step(statement) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(statement, 0);
        for (size_t i = 0; i < table->count; i++)
            if (name && strcmp(table->columns[i].name, name) == 0)
                table->columns[i].generated = true;
    }
    sqlite3_finalize(statement);
}

static void take_columns(struct wh_sqlite_table *table, sqlite3_stmt *select, bool strict)
{
    table->count = (size_t)sqlite3_column_count(select);
    table->columns = wh_alloc(table->count, sizeof *table->columns);
    for (size_t i = 0; i < table->count; i++) {
        const char *name = sqlite3_column_name(select, (int)i);
        const char *type = sqlite3_column_decltype(select, (int)i);
        struct wh_sqlite_column *column = &table->columns[i];
        column->declared = wh_sqlite_declared(type, strict);
        column->name = wh_copy(name, strlen(name));
        column->key = is_key(table->request, name);
    }
}

/* Adds to an error that a column is not there the name that may have been meant. */
static void suggest_column(const struct wh_sqlite_table *table, const char *wanted,
                           struct wh_error *error)
{
    const char **names = wh_alloc(table->count, sizeof *names);
    for (size_t i = 0; i < table->count; i++)
        names[i] = table->columns[i].name;
    wh_suggest(error->text, sizeof error->text, wanted, names, table->count);
    free(names);
}

static int check_key(const struct wh_sqlite_table *table, struct wh_error *error)
{
    const struct wh_sink_request *request = table->request;
    for (size_t i = 0; i < request->into->key.count; i++) {
        size_t k = 0;
        while (k < table->count && strcmp(table->columns[k].name, request->into->key.names[i]) != 0)
            k++;
        if (k < table->count)
            continue;
        wh_fail(error, WH_REFUSED, "--key: the table %s has no column %s", request->into->table,
                request->into->key.names[i]);
        suggest_column(table, request->into->key.names[i], error);
        return -1;
    }
    return 0;
}

/* Whether the last error is that the table does not exist. */
static bool is_absent(sqlite3 *database)
{
    static const char words[] = "no such table: ";
    return strncmp(sqlite3_errmsg(database), words, sizeof words - 1) == 0;
}

/* What was loaded into a table of this connection would be gone when it ends. */
static int refuse_temporary(const struct wh_sqlite_table *table, struct wh_error *error)
{
    if (sqlite3_strnicmp(table->quoted, "\"temp\".", 7) != 0)
        return 0;
    return wh_fail(error, WH_REFUSED, "%s would be a temporary table (leave out the schema)",
                   table->request->into->table);
}

static int find_table(struct wh_sqlite_table *table, bool *found, struct wh_error *error)
{
    struct wh_buffer sql = { 0 };
    sqlite3_stmt *select = NULL;
    *found = false;
    int status = wh_sql_table(&sql, table->request->into->table, WH_SQLITE_PARTS, error);
    if (status == 0) {
        table->quoted = wh_copy(sql.data, sql.length);
        take_name(table);
        status = refuse_temporary(table, error);
    }
    if (status == 0) {
        sql.length = 0;
        wh_buffer_format(&sql, "SELECT * FROM %s", table->quoted);
        *found = sqlite3_prepare_v2(table->database, wh_buffer_text(&sql), -1, &select,
                                    NULL) == SQLITE_OK;
        if (*found)
            take_columns(table, select, is_strict(table));
        if (*found)
            find_generated(table);
        else if (!is_absent(table->database))
            status = wh_sqlite_fail(table->database, error);
        sqlite3_finalize(select);
    }
    wh_buffer_free(&sql);
    return status;
}

int wh_sqlite_table_open(sqlite3 *database, const struct wh_sink_request *request,
                         struct wh_sqlite_table **table, struct wh_error *error)
{
    *table = wh_alloc(1, sizeof **table);
    (*table)->database = database;
    (*table)->request = request;
    wh_shape_cache_open(&(*table)->plans, sizeof(struct plan), PLANS_LOG2);
    wh_shape_cache_open(&(*table)->statements, sizeof(struct statement), PLANS_LOG2);
    bool found;
    int status = find_table(*table, &found, error);
    if (status == 0 && found)
        status = check_key(*table, error);
    if (status == 0 && found)
        return 0;
    wh_sqlite_table_close(*table);
    *table = NULL;
    return status;
}

const char *wh_sqlite_table_name(const struct wh_sqlite_table *table)
{
    return table->name;
}

static void forget_statement(struct statement *statement)
{
    sqlite3_finalize(statement->prepared);
    free(statement->bindings);
    wh_buffer_free(&statement->unchanged);
    *statement = (struct statement){ 0 };
}

void wh_sqlite_table_close(struct wh_sqlite_table *table)
{
    if (!table)
        return;
    struct statement *statement = NULL;
    while ((statement = wh_shape_cache_next(&table->statements, statement)))
        forget_statement(statement);
    wh_shape_cache_close(&table->statements);
    wh_shape_cache_close(&table->plans);
    for (size_t i = 0; i < table->count; i++)
        free(table->columns[i].name);
    free(table->columns);
    free(table->quoted);
    free(table->schema);
    free(table->name);
    free(table);
}

int wh_sqlite_table_empty(struct wh_sqlite_table *table, struct wh_error *error)
{
    struct wh_buffer sql = { 0 };
    wh_buffer_format(&sql, "DELETE FROM %s", table->quoted);
    int status = wh_sqlite_command(table->database, wh_buffer_text(&sql), error);
    wh_buffer_free(&sql);
    return status;
}

/* ---- statements ---------------------------------------------------------------------------- */

static const struct wh_sqlite_column *find_column(const struct wh_sqlite_table *table,
                                        const struct wh_column *column)
{
    for (size_t i = 0; i < table->count; i++)
        if (strlen(table->columns[i].name) == column->length
            && memcmp(table->columns[i].name, column->name, column->length) == 0)
            return &table->columns[i];
    return NULL;
}

static int refuse_column(const struct wh_sqlite_table *table, const struct wh_column *column,
                         struct wh_error *error)
{
    char quoted[96];
    wh_fail(error, WH_REFUSED, "the table %s has no column %s", table->request->into->table,
            wh_quote(quoted, column->name, column->length));
    suggest_column(table, column->name, error);
    return -1;
}

static bool is_listed(const json_t *names, const struct wh_column *column)
{
    size_t i;
    json_t *name;
    json_array_foreach((json_t *)names, i, name) {
        if (json_string_length(name) == column->length
            && memcmp(json_string_value(name), column->name, column->length) == 0)
            return true;
    }
    return false;
}

/* Says once that values are not loaded, since the database makes them again. */
static void leave_generated(struct wh_sqlite_table *table, const struct wh_sqlite_column *column)
{
    char quoted[96];
    if (table->told)
        return;
    table->told = true;
    wh_notify_say(&table->request->notify, "the values of column %s are left out: the database "
                  "generates them", wh_quote(quoted, column->name, strlen(column->name)));
}

/* Which fields of the shape become parameters: those of the key for a delete, all but those that
 * are unchanged else. */
static int choose_bindings(struct wh_sqlite_table *table, struct statement *statement,
                           const struct wh_shape *shape, const json_t *unchanged,
                           struct wh_error *error)
{
    statement->bindings = wh_alloc(shape->count, sizeof *statement->bindings);
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct wh_column *name = &shape->columns[i];
        if (wh_schema_reserved(table->request, name))
            continue;
        const struct wh_sqlite_column *column = find_column(table, name);
        if (!column)
            return refuse_column(table, name, error);
        if (column->generated) {
            leave_generated(table, column);
            continue;
        }
        bool bound = statement->op == WH_APPLY_DELETE   ? column->key
                     : statement->op == WH_APPLY_UPSERT ? !is_listed(unchanged, name)
                                                        : false;
        if (bound)
            statement->bindings[statement->count++] = (struct binding){ i, column };
    }
    return 0;
}

static void add_name(struct wh_buffer *sql, const char *before, const char *name)
{
    wh_buffer_format(sql, "%s", before);
    wh_sql_identifier(sql, name, strlen(name));
}

/* The part of an upsert that says what becomes of a row that is there already. */
static void add_conflict(const struct wh_sqlite_table *table, const struct statement *statement,
                         struct wh_buffer *sql)
{
    const struct wh_sink_request *request = table->request;
    for (size_t i = 0; i < request->into->key.count; i++)
        add_name(sql, i > 0 ? ", " : " ON CONFLICT (", request->into->key.names[i]);
    wh_buffer_format(sql, ") DO ");
    bool first = true;
    for (int i = 0; i < statement->count; i++) {
        const struct wh_sqlite_column *column = statement->bindings[i].column;
        if (column->key)
            continue;
        add_name(sql, first ? "UPDATE SET " : ", ", column->name);
        add_name(sql, " = excluded.", column->name);
        first = false;
    }
    if (first)
        wh_buffer_format(sql, "NOTHING");
}

static void add_insert(const struct wh_sqlite_table *table, const struct statement *statement,
                       struct wh_buffer *sql)
{
    wh_buffer_format(sql, "INSERT INTO %s", table->quoted);
    if (statement->count == 0) {
        wh_buffer_format(sql, " DEFAULT VALUES");
        return;
    }
    for (int i = 0; i < statement->count; i++)
        add_name(sql, i > 0 ? ", " : " (", statement->bindings[i].column->name);
    for (int i = 0; i < statement->count; i++)
        wh_buffer_format(sql, i > 0 ? ", ?" : ") VALUES (?");
    wh_buffer_format(sql, ")");
    if (table->request->into->key.count > 0)
        add_conflict(table, statement, sql);
}

static void add_delete(const struct wh_sqlite_table *table, const struct statement *statement,
                       struct wh_buffer *sql)
{
    wh_buffer_format(sql, "DELETE FROM %s", table->quoted);
    for (int i = 0; i < statement->count; i++) {
        add_name(sql, i > 0 ? " AND " : " WHERE ", statement->bindings[i].column->name);
        wh_buffer_format(sql, " = ?");
    }
}

/* SQLite's message does not say what to do about a key without an index. */
static int prepare_failed(const struct wh_sqlite_table *table, struct wh_error *error)
{
    static const char words[] = "ON CONFLICT clause does not match";
    if (strncmp(sqlite3_errmsg(table->database), words, sizeof words - 1) != 0)
        return wh_sqlite_fail(table->database, error);
    return wh_fail(error, WH_REFUSED, "--key: the table %s has no primary key and no unique index "
                   "of exactly these columns (CREATE UNIQUE INDEX makes one)",
                   table->request->into->table);
}

static int prepare(const struct wh_sqlite_table *table, struct statement *statement,
                   struct wh_error *error)
{
    struct wh_buffer sql = { 0 };
    if (statement->op == WH_APPLY_UPSERT)
        add_insert(table, statement, &sql);
    else
        add_delete(table, statement, &sql);
    int code = sqlite3_prepare_v3(table->database, wh_buffer_text(&sql), -1,
                                  SQLITE_PREPARE_PERSISTENT, &statement->prepared, NULL);
    wh_buffer_free(&sql);
    return code == SQLITE_OK ? 0 : prepare_failed(table, error);
}

/* Whether the fields of the key are all among the parameters. */
static int check_complete(const struct wh_sqlite_table *table, const struct statement *statement,
                          struct wh_error *error)
{
    const struct wh_sink_request *request = table->request;
    if (statement->op == WH_APPLY_TRUNCATE)
        return 0;
    for (size_t i = 0; i < request->into->key.count; i++) {
        int k = 0;
        while (k < statement->count
               && strcmp(statement->bindings[k].column->name, request->into->key.names[i]) != 0)
            k++;
        if (k == statement->count)
            return wh_bad_row(error, "key", request->into->key.names[i], strlen(request->into->key.names[i]), 0,
                              "the row lacks this column of --key");
    }
    return 0;
}

/* ---- what a row asks for ------------------------------------------------------------------- */

static void make_plan(const struct wh_sqlite_table *table, struct plan *plan,
                      const struct wh_shape *shape)
{
    *plan = (struct plan){ shape->serial, nowhere, nowhere };
    for (uint32_t i = 0; i < shape->count; i++)
        if (wh_schema_reserved(table->request, &shape->columns[i]))
            *(wh_apply_is_op(&shape->columns[i]) ? &plan->op : &plan->unchanged) = i;
}

static enum wh_verdict make_statement(struct wh_sqlite_table *table, struct statement *statement,
                                      const struct wh_row *row, enum wh_apply_op op,
                                      const struct wh_field *unchanged, struct wh_error *error)
{
    const struct wh_sink_request *request = table->request;
    forget_statement(statement);
    statement->serial = row->shape->serial;
    statement->op = op;
    json_t *names = NULL;
    if (unchanged) {
        wh_buffer_add(&statement->unchanged, unchanged->text, unchanged->length);
        names = wh_apply_unchanged(unchanged, request->into->key.names, request->into->key.count, error);
        if (!names)
            return WH_BAD;
    }
    enum wh_verdict verdict = WH_TAKEN;
    if (choose_bindings(table, statement, row->shape, names, error) != 0)
        verdict = WH_FATAL;
    else if (check_complete(table, statement, error) != 0)
        verdict = WH_BAD;
    else if (prepare(table, statement, error) != 0)
        verdict = WH_FATAL;
    json_decref(names);
    return verdict;
}

static bool fits(const struct statement *statement, uint64_t serial, enum wh_apply_op op,
                 const struct wh_field *unchanged)
{
    size_t length = unchanged ? unchanged->length : 0;
    return statement->prepared && statement->serial == serial && statement->op == op
           && statement->unchanged.length == length
           && (length == 0 || memcmp(statement->unchanged.data, unchanged->text, length) == 0);
}

static enum wh_verdict find_statement(struct wh_sqlite_table *table, struct wh_row *row,
                                      struct statement **found, struct wh_error *error)
{
    const struct wh_shape *shape = row->shape;
    struct plan *plan = wh_shape_cache_at(&table->plans, shape->serial);
    enum wh_apply_op op = WH_APPLY_UPSERT;
    const struct wh_field *unchanged = NULL;
    if (plan->serial != shape->serial)
        make_plan(table, plan, shape);
    if (plan->op != nowhere && wh_apply_op(row, &row->fields[plan->op], &op, error) != 0)
        return WH_BAD;
    if (plan->unchanged != nowhere && op == WH_APPLY_UPSERT
        && row->fields[plan->unchanged].type != WH_NULL)
        unchanged = &row->fields[plan->unchanged];
    struct statement *statement = wh_shape_cache_at(&table->statements,
                                                    shape->serial ^ (uint64_t)op << 62);
    *found = statement;
    if (__builtin_expect(fits(statement, shape->serial, op, unchanged), 1))
        return WH_TAKEN;
    enum wh_verdict verdict = make_statement(table, statement, row, op, unchanged, error);
    if (verdict != WH_TAKEN)
        forget_statement(statement);
    return verdict;
}

void wh_sqlite_table_made(struct wh_sqlite_table *table, bool made)
{
    for (size_t i = 0; i < table->count; i++)
        table->columns[i].made = made;
}

/* ---- rows ---------------------------------------------------------------------------------- */

/* Why the database refuses a row, and what can be done about that. "NOT NULL constraint failed: t.a"
 * names the column. */
static void refuse_row(const struct wh_sqlite_table *table, const struct statement *statement,
                       struct wh_error *error)
{
    const char *message = sqlite3_errmsg(table->database), *column = strrchr(message, '.');
    int code = sqlite3_extended_errcode(table->database);
    enum wh_refused_by by = code == SQLITE_CONSTRAINT_NOTNULL      ? WH_BY_NOT_NULL
                            : code == SQLITE_CONSTRAINT_FOREIGNKEY ? WH_BY_FOREIGN_KEY
                            : code == SQLITE_CONSTRAINT_UNIQUE
                                    || code == SQLITE_CONSTRAINT_PRIMARYKEY
                                ? WH_BY_UNIQUE : WH_BY_OTHER;
    struct wh_refused refused = {
        .by = by, .column = column ? column + 1 : "", .absent = true,
        .deleted = statement->op == WH_APPLY_DELETE,
    };
    for (int i = 0; i < statement->count; i++)
        if (strcmp(statement->bindings[i].column->name, refused.column) == 0)
            refused.absent = false;
    struct wh_buffer remedy = { 0 };
    wh_refused_remedy(&remedy, table->request, &refused);
    wh_bad_row(error, "database", NULL, 0, 0, "%s%s", message, wh_buffer_text(&remedy));
    wh_buffer_free(&remedy);
}

/* What a statement that failed says about its row. */
static enum wh_verdict judge(const struct wh_sqlite_table *table,
                             const struct statement *statement, struct wh_error *error)
{
    sqlite3 *database = table->database;
    if (sqlite3_get_autocommit(database)) {
        /* ON CONFLICT ROLLBACK in the table, or RAISE(ROLLBACK) in a trigger. */
        wh_fail(error, WH_FAILED, "%s, upon which the database has taken back all rows since the "
                                  "last commit", sqlite3_errmsg(database));
        return WH_FATAL;
    }
    switch (sqlite3_errcode(database) & 0xFF) {
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
    case SQLITE_ERROR: /* an expression in a check, a generated column or a trigger */
        refuse_row(table, statement, error);
        return WH_BAD;
    default:
        wh_sqlite_fail(database, error);
        return WH_FATAL;
    }
}

enum wh_verdict wh_sqlite_table_row(struct wh_sqlite_table *table, struct wh_row *row,
                                    struct wh_error *error)
{
    struct statement *statement;
    enum wh_verdict verdict = find_statement(table, row, &statement, error);
    if (verdict != WH_TAKEN)
        return verdict;
    for (int i = 0; i < statement->count; i++) {
        const struct binding *binding = &statement->bindings[i];
        int code = wh_sqlite_bind(statement->prepared, i + 1, binding->column, row,
                                  &row->fields[binding->field], error);
        if (code < 0)
            return WH_BAD;
        if (code != SQLITE_OK)
            return judge(table, statement, error);
    }
    verdict = sqlite3_step(statement->prepared) == SQLITE_DONE
                  ? WH_TAKEN : judge(table, statement, error);
    sqlite3_reset(statement->prepared);
    return verdict;
}
