#include "sink/postgres/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "database/pgcatalog.h"
#include "database/pgerror.h"
#include "database/pgquery.h"
#include "database/sql.h"
#include "sink/into.h"

static const char relation_sql[] =
    "SELECT c.oid, relkind = 'v' OR pg_catalog.row_security_active(c.oid),"
    " pg_catalog.quote_ident(nspname) || '.' || pg_catalog.quote_ident(relname), relname,"
    " relpersistence = 't' "
    "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace "
    "WHERE c.oid = $1::pg_catalog.regclass";

/*
 * The columns that are there. What only newer servers have in their catalog (attidentity,
 * attgenerated) is read by way of JSON, where it is null in older ones.
 */
static const char columns_sql[] =
    "SELECT a.attname, pg_catalog.quote_ident(a.attname),"
    " pg_catalog.format_type(a.atttypid, a.atttypmod) || CASE"
    "  WHEN a.attcollation IN (0, t.typcollation) THEN ''"
    "  ELSE (SELECT ' COLLATE ' || pg_catalog.quote_ident(n.nspname) || '.'"
    "   || pg_catalog.quote_ident(c.collname) FROM pg_catalog.pg_collation c"
    "   JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace WHERE c.oid = a.attcollation)"
    "  END,"
    " CASE WHEN j.att->>'attidentity' IN ('a', 'd') THEN 'pg_catalog.nextval('"
    "  || pg_catalog.quote_literal(pg_catalog.pg_get_serial_sequence($2, a.attname)) || ')'"
    "  ELSE pg_catalog.pg_get_expr(d.adbin, d.adrelid) END,"
    " a.atttypid, a.atttypmod, pg_catalog.format_type(a.atttypid, a.atttypmod),"
    " a.attnotnull OR t.typnotnull,"
    " a.atthasdef OR t.typdefault IS NOT NULL OR j.att->>'attidentity' IN ('a', 'd'),"
    " COALESCE(j.att->>'attgenerated', '') <> '',"
    " COALESCE(j.att->>'attidentity', '') = 'a', t.typtype = 'd' "
    "FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid "
    "LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum "
    "CROSS JOIN LATERAL (SELECT pg_catalog.to_jsonb(a)) AS j(att) "
    "WHERE a.attrelid = $1::pg_catalog.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "ORDER BY a.attnum";
enum {
    NAME, QUOTED, TYPE_SQL, FILLED, TYPE, MODIFIER, TYPE_NAME, NOT_NULL, HAS_DEFAULT, GENERATED,
    IDENTITY, DOMAIN,
};

/* Unique indexes that ON CONFLICT can go by and that have exactly the columns of these names. */
static const char unique_sql[] =
    "SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = $1::pg_catalog.oid"
    " AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL"
    " AND i.indexprs IS NULL"
    " AND (SELECT pg_catalog.array_agg(a.attname::text ORDER BY a.attname::text)"
    "  FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, place)"
    "  JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum"
    "  WHERE k.place <= COALESCE((pg_catalog.to_jsonb(i)->>'indnkeyatts')::int, i.indnatts))"
    " = (SELECT pg_catalog.array_agg(n.name ORDER BY n.name)"
    "  FROM pg_catalog.unnest($2::text[]) AS n(name)) LIMIT 1";

static PGresult *ask(PGconn *connection, const char *sql, const char *first, const char *second,
                     struct wh_error *error)
{
    const char *values[] = { first, second };
    PGresult *result = wh_pg_exec_params(connection, sql, second ? 2 : 1, values);
    if (PQresultStatus(result) == PGRES_TUPLES_OK)
        return result;
    wh_pg_fail(error, connection, result, NULL);
    PQclear(result);
    return NULL;
}

/* ---- names ----------------------------------------------------------------------------------- */

static const char *copy(struct wh_arena *arena, const char *text)
{
    return wh_arena_copy(arena, text, strlen(text));
}

int wh_pg_table_absent(PGconn *connection, const struct wh_sink_request *request,
                       struct wh_error *error)
{
    char quoted[96];
    wh_fail(error, WH_REFUSED, "there is no table %s; --create makes one",
            wh_quote(quoted, request->into->table, strlen(request->into->table)));
    wh_pg_suggest_table(connection, request->into->table, error);
    return -1;
}

static const char *nearest_column(const struct wh_pg_table *table, const char *name)
{
    const char **names = wh_alloc((size_t)table->count + 1, sizeof *names);
    for (uint32_t i = 0; i < table->count; i++)
        names[i] = table->columns[i].name;
    const char *nearest = wh_nearest(name, names, table->count);
    free(names);
    return nearest;
}

uint32_t wh_pg_table_column(const struct wh_pg_table *table, const char *name, size_t length,
                            struct wh_error *error)
{
    char quoted[96];
    uint32_t i = 0;
    while (i < table->count && (table->columns[i].length != length
                                || memcmp(table->columns[i].name, name, length) != 0))
        i++;
    if (i == table->count) {
        const char *nearest = nearest_column(table, name);
        wh_fail(error, WH_REFUSED, "table %s has no column %s%s%s%s", table->relation,
                wh_quote(quoted, name, length), nearest ? " (did you mean " : "",
                nearest ? nearest : "", nearest ? "?)" : "");
        return WH_PG_NONE;
    }
    if (table->columns[i].generated) {
        wh_fail(error, WH_REFUSED, "column %s of table %s is made by the database from other "
                "columns and cannot be loaded (wh-clean --exclude takes it out)",
                wh_quote(quoted, name, length), table->relation);
        return WH_PG_NONE;
    }
    return i;
}

/* ---- the catalog ----------------------------------------------------------------------------- */

static bool is_true(const PGresult *result, int row, int column)
{
    return *PQgetvalue(result, row, column) == 't';
}

/* In the memory of one session: what was loaded there would be gone when that ends. */
static int refuse_temporary(const char *name, struct wh_error *error)
{
    return wh_fail(error, WH_REFUSED, "%s is a temporary table of this session (name the table "
                   "with its schema)", name);
}

static int take_relation(struct wh_pg_table *table, const PGresult *result, struct wh_error *error)
{
    table->oid = (Oid)strtoul(PQgetvalue(result, 0, 0), NULL, 10);
    table->guarded = is_true(result, 0, 1);
    table->name = copy(&table->arena, PQgetvalue(result, 0, 2));
    table->relation = copy(&table->arena, PQgetvalue(result, 0, 3));
    return is_true(result, 0, 4) ? refuse_temporary(table->name, error) : 0;
}

/* The table that the name leads to; 0, 1 where there is none, -1. */
static int find_relation(struct wh_pg_table *table, PGconn *connection, const char *name,
                         struct wh_error *error)
{
    const char *values[] = { name };
    PGresult *result = wh_pg_exec_params(connection, relation_sql, 1, values);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    int status;
    if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1)
        status = take_relation(table, result, error);
    else if (state && (strcmp(state, "42P01") == 0 || strcmp(state, "3F000") == 0
                       || strcmp(state, "0A000") == 0))
        status = 1; /* of three parts (0A000) the first names another database */
    else
        status = wh_pg_fail(error, connection, result, NULL);
    PQclear(result);
    return status;
}

/* Whether every value that the client accepts is one of the type. */
static bool is_settled(const struct wh_pg_type *type)
{
    if (type->kind == WH_PG_ARRAY || type->kind == WH_PG_COMPOSITE)
        return false;
    switch (type->input) {
    case WH_PG_IN_BOOLEAN:
    case WH_PG_IN_SMALLINT:
    case WH_PG_IN_INTEGER:
    case WH_PG_IN_BIGINT:
    case WH_PG_IN_OID:
    case WH_PG_IN_REAL:
    case WH_PG_IN_DOUBLE:
    case WH_PG_IN_VARCHAR:
    case WH_PG_IN_CHARACTER:
    case WH_PG_IN_NAME:
    case WH_PG_IN_LETTER:
    case WH_PG_IN_BITS:
    case WH_PG_IN_VARBITS:
    case WH_PG_IN_UUID:
    case WH_PG_IN_TEXT:
    case WH_PG_IN_BYTES:
        return true;
    default:
        return false;
    }
}

static int take_columns(struct wh_pg_table *table, PGconn *connection, const PGresult *result,
                        struct wh_error *error)
{
    struct wh_arena *arena = &table->arena;
    size_t count = (size_t)PQntuples(result);
    Oid *oids = wh_arena_take(arena, (count + 1) * sizeof *oids);
    int32_t *modifiers = wh_arena_take(arena, (count + 1) * sizeof *modifiers);
    table->columns = wh_arena_take(arena, (count + 1) * sizeof *table->columns);
    table->count = (uint32_t)count;
    for (int i = 0; i < (int)count; i++) {
        oids[i] = (Oid)strtoul(PQgetvalue(result, i, TYPE), NULL, 10);
        modifiers[i] = (int32_t)strtol(PQgetvalue(result, i, MODIFIER), NULL, 10);
        table->columns[i] = (struct wh_pg_column){
            .name = copy(arena, PQgetvalue(result, i, NAME)),
            .length = (size_t)PQgetlength(result, i, NAME),
            .quoted = copy(arena, PQgetvalue(result, i, QUOTED)),
            .type_sql = copy(arena, PQgetvalue(result, i, TYPE_SQL)),
            .type_name = copy(arena, PQgetvalue(result, i, TYPE_NAME)),
            .filled = PQgetisnull(result, i, FILLED) ? NULL
                                                     : copy(arena, PQgetvalue(result, i, FILLED)),
            .has_default = table->guarded || is_true(result, i, HAS_DEFAULT),
            .not_null = is_true(result, i, NOT_NULL),
            .generated = is_true(result, i, GENERATED),
            .identity = is_true(result, i, IDENTITY),
        };
    }
    const struct wh_pg_type **types = wh_pg_types(connection, oids, modifiers, count, arena,
                                                   error);
    for (int i = 0; types && i < (int)count; i++) {
        table->columns[i].type = types[i];
        table->columns[i].judged_late = is_true(result, i, DOMAIN) || !is_settled(types[i]);
    }
    return types ? 0 : -1;
}

static int find_columns(struct wh_pg_table *table, PGconn *connection, struct wh_error *error)
{
    char oid[16];
    snprintf(oid, sizeof oid, "%u", table->oid);
    PGresult *result = ask(connection, columns_sql, oid, table->name, error);
    int status = result ? take_columns(table, connection, result, error) : -1;
    PQclear(result);
    return status;
}

/* The names of the key as a literal of an array; joined with commas alone for people. */
static void join_key(const struct wh_pg_table *table, bool array, struct wh_buffer *out)
{
    for (size_t i = 0; i < table->key_count; i++) {
        const struct wh_pg_column *column = &table->columns[table->key[i]];
        wh_buffer_format(out, "%s", i > 0 ? (array ? "," : ", ") : array ? "{" : "");
        if (!array) {
            wh_buffer_format(out, "%s", column->quoted);
            continue;
        }
        wh_buffer_byte(out, '"');
        for (const char *at = column->name; *at; at++) {
            if (*at == '"' || *at == '\\')
                wh_buffer_byte(out, '\\');
            wh_buffer_byte(out, *at);
        }
        wh_buffer_byte(out, '"');
    }
    if (array)
        wh_buffer_byte(out, '}');
    wh_buffer_text(out);
}

static int check_unique(struct wh_pg_table *table, PGconn *connection, struct wh_error *error)
{
    char oid[16];
    struct wh_buffer names = { 0 }, shown = { 0 };
    snprintf(oid, sizeof oid, "%u", table->oid);
    join_key(table, true, &names);
    PGresult *result = ask(connection, unique_sql, oid, names.data, error);
    int status = result ? 0 : -1;
    if (result && PQntuples(result) == 0) {
        join_key(table, false, &shown);
        status = wh_fail(error, WH_REFUSED,
                         "--key needs a unique index on exactly its columns, and %s has none: "
                         "CREATE UNIQUE INDEX ON %s (%s)",
                         table->relation, table->name, shown.data);
    }
    PQclear(result);
    wh_buffer_free(&names);
    wh_buffer_free(&shown);
    return status;
}

static int find_key(struct wh_pg_table *table, PGconn *connection,
                    const struct wh_sink_request *request, struct wh_error *error)
{
    table->key_count = request->into->key.count;
    table->key = wh_arena_take(&table->arena, (request->into->key.count + 1) * sizeof *table->key);
    for (size_t i = 0; i < request->into->key.count; i++) {
        const char *name = request->into->key.names[i];
        uint32_t index = wh_pg_table_column(table, name, strlen(name), error);
        if (index == WH_PG_NONE)
            return wh_error_in(error, "--key");
        table->key[i] = index;
        table->columns[index].key = true;
    }
    return request->into->key.count > 0 ? check_unique(table, connection, error) : 0;
}

int wh_pg_table_find(struct wh_pg_table *table, PGconn *connection,
                     const struct wh_sink_request *request, struct wh_error *error)
{
    struct wh_buffer quoted = { 0 };
    int status = wh_sql_table(&quoted, request->into->table, 3, error);
    if (status == 0)
        status = find_relation(table, connection, wh_buffer_text(&quoted), error);
    wh_buffer_free(&quoted);
    if (status == 0)
        status = find_columns(table, connection, error);
    return status == 0 ? find_key(table, connection, request, error) : status;
}

void wh_pg_table_free(struct wh_pg_table *table)
{
    wh_arena_free(&table->arena);
    *table = (struct wh_pg_table){ 0 };
}
