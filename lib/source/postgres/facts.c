#include "source/postgres/facts.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "database/pgconnect.h"
#include "database/pgerror.h"
#include "database/pgquery.h"

enum { OLDEST_SERVER = 90500 }; /* the first with to_jsonb and regnamespace */

/* The rows of a query that must be a good one; NULL on failure. */
static PGresult *ask(const struct wh_pg_since *pg, const char *sql, struct wh_error *error)
{
    PGresult *result = wh_pg_exec(pg->connection, sql);
    if (PQresultStatus(result) == PGRES_TUPLES_OK)
        return result;
    wh_pg_fail(error, pg->connection, result, NULL);
    PQclear(result);
    return NULL;
}

/* Sets a member to a value of the first row, unless that is NULL. */
static void set_text(json_t *object, const char *name, const PGresult *result, int column)
{
    if (PQntuples(result) > 0 && !PQgetisnull(result, 0, column))
        json_object_set_new(object, name, json_string(PQgetvalue(result, 0, column)));
}

static void set_number(json_t *object, const char *name, long long value)
{
    json_object_set_new(object, name, json_integer((json_int_t)value));
}

/* ---- the database ---------------------------------------------------------------------------- */

/* The function that tells it may be missing, or not for everybody; a failure would end the
 * transaction. */
static int add_system(const struct wh_pg_since *pg, json_t *database, struct wh_error *error)
{
    PGresult *allowed = ask(pg, "SELECT FROM pg_catalog.pg_proc WHERE proname = 'pg_control_system'"
                            " AND pronamespace = 'pg_catalog'::pg_catalog.regnamespace"
                            " AND pg_catalog.has_function_privilege(oid, 'EXECUTE')", error);
    bool told = allowed && PQntuples(allowed) > 0;
    int status = allowed ? 0 : -1;
    PQclear(allowed);
    if (!told)
        return status;
    PGresult *system = ask(pg, "SELECT system_identifier FROM pg_catalog.pg_control_system()",
                           error);
    if (system)
        set_text(database, "system", system, 0);
    status = system ? 0 : -1;
    PQclear(system);
    return status;
}

static int add_database(const struct wh_pg_since *pg, json_t *database, struct wh_error *error)
{
    PGresult *result = ask(pg, "SELECT oid FROM pg_catalog.pg_database "
                               "WHERE datname = pg_catalog.current_database()", error);
    if (result && PQntuples(result) > 0)
        set_number(database, "oid", atoll(PQgetvalue(result, 0, 0)));
    int status = result ? 0 : -1;
    PQclear(result);
    return status == 0 ? add_system(pg, database, error) : -1;
}

/* ---- the table or view ----------------------------------------------------------------------- */

/* The definitions of a view and of those that it is made of, as the server prints them when nothing
 * is in the search path; versions may print them in other ways. */
static PGresult *definition_text(const struct wh_pg_since *pg, Oid view, struct wh_error *error)
{
    struct wh_buffer sql = { 0 };
    wh_buffer_format(&sql,
        "WITH RECURSIVE v(oid) AS (SELECT %u::pg_catalog.oid UNION"
        " SELECT d.refobjid FROM v JOIN pg_catalog.pg_rewrite r ON r.ev_class = v.oid"
        " JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass"
        "  AND d.objid = r.oid AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass"
        " JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.relkind IN ('v', 'm')) "
        "SELECT pg_catalog.string_agg(t.text, '' ORDER BY t.text COLLATE \"C\") FROM (SELECT"
        " oid::pg_catalog.regclass || ': ' || pg_catalog.pg_get_viewdef(oid) AS text FROM v) t",
        view);
    PGresult *text = ask(pg, sql.data, error);
    wh_buffer_free(&sql);
    return text;
}

static void set_digest(json_t *object, const char *name, const PGresult *text)
{
    struct wh_sha256 sha;
    char hex[65];
    wh_sha256_init(&sha);
    wh_sha256_add(&sha, PQgetvalue(text, 0, 0), (size_t)PQgetlength(text, 0, 0));
    wh_sha256_hex(&sha, hex);
    json_object_set_new(object, name, json_string(hex));
}

static int add_definition(const struct wh_pg_since *pg, json_t *relation, Oid view,
                          struct wh_error *error)
{
    PGresult *path = ask(pg, "SHOW search_path", error), *text = NULL;
    if (path && wh_pg_command(pg->connection, "SET LOCAL search_path = ''", error) == 0)
        text = definition_text(pg, view, error);
    if (text) {
        const char *values[] = { PQgetvalue(path, 0, 0) };
        set_digest(relation, "definition", text);
        set_number(relation, "server", PQserverVersion(pg->connection) / 10000);
        PQclear(wh_pg_exec_params(pg->connection,
                                  "SELECT pg_catalog.set_config('search_path', $1, true)", 1,
                                  values));
    }
    PQclear(path);
    PQclear(text);
    return text ? 0 : -1;
}

static int add_relation(const struct wh_pg_since *pg, json_t *relation, struct wh_error *error)
{
    Oid oid = pg->origins[0].table;
    if (oid == 0)
        return 0;
    struct wh_buffer sql = { 0 };
    wh_buffer_format(&sql, "SELECT pg_catalog.quote_ident(n.nspname) || '.' ||"
                     " pg_catalog.quote_ident(c.relname), c.relkind IN ('v', 'm')"
                     " FROM pg_catalog.pg_class c"
                     " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                     " WHERE c.oid = %u", oid);
    PGresult *result = ask(pg, sql.data, error);
    wh_buffer_free(&sql);
    if (!result)
        return -1;
    set_text(relation, "name", result, 0);
    bool view = PQntuples(result) > 0 && *PQgetvalue(result, 0, 1) == 't';
    PQclear(result);
    if (view)
        return add_definition(pg, relation, oid, error);
    set_number(relation, "oid", oid);
    return 0;
}

/* ---- columns --------------------------------------------------------------------------------- */

/*
 * The locale that the texts of a column are sorted by, and its version, where the server knows that
 * one. What only some versions have in their catalog is read by way of JSON.
 */
static int add_collation(const struct wh_pg_since *pg, size_t index, json_t *type,
                         struct wh_error *error)
{
    int version = PQserverVersion(pg->connection);
    struct wh_buffer sql = { 0 };
    wh_buffer_format(&sql, "SELECT CASE WHEN c.collname = 'default' THEN"
        " COALESCE(d.j->>'datlocale', d.j->>'daticulocale', d.j->>'datcollate') ||"
        " COALESCE(d.j->>'daticurules', '') ELSE"
        " COALESCE(c.j->>'colllocale', c.j->>'colliculocale', c.j->>'collcollate') ||"
        " COALESCE(c.j->>'collicurules', '') END,"
        " CASE WHEN c.collname = 'default' THEN %s ELSE %s END "
        "FROM (SELECT pg_catalog.pg_collation_for(wh_none.",
        version >= 150000 ? "pg_catalog.pg_database_collation_actual_version(d.oid)" : "NULL",
        version >= 100000 ? "pg_catalog.pg_collation_actual_version(c.oid)" : "NULL");
    wh_since_name(&sql, pg->since->names[index]);
    wh_buffer_format(&sql, ") AS name");
    wh_pg_since_no_row(pg, &sql);
    wh_buffer_format(&sql, ") AS used CROSS JOIN"
        " (SELECT oid, encoding, pg_catalog.to_jsonb(b) AS j FROM pg_catalog.pg_database b"
        "  WHERE datname = pg_catalog.current_database()) AS d JOIN"
        " (SELECT b.oid, collname, collencoding, nspname, pg_catalog.to_jsonb(b) AS j"
        "  FROM pg_catalog.pg_collation b"
        "  JOIN pg_catalog.pg_namespace n ON n.oid = b.collnamespace) AS c "
        "ON used.name COLLATE \"C\" IN (pg_catalog.quote_ident(c.collname),"
        " pg_catalog.quote_ident(c.nspname) || '.' || pg_catalog.quote_ident(c.collname))"
        " AND c.collencoding IN (-1, d.encoding) "
        "ORDER BY c.nspname <> 'pg_catalog', c.nspname LIMIT 1");
    PGresult *result = ask(pg, sql.data, error);
    wh_buffer_free(&sql);
    if (result) {
        set_text(type, "collation", result, 0);
        set_text(type, "version", result, 1);
    }
    PQclear(result);
    return result ? 0 : -1;
}

static int add_type(const struct wh_pg_since *pg, size_t index, json_t *type,
                    struct wh_error *error)
{
    const struct wh_pg_origin *origin = &pg->origins[index];
    struct wh_buffer sql = { 0 };
    wh_buffer_format(&sql, "SELECT CASE WHEN n.nspname = 'pg_catalog'"
                     " THEN pg_catalog.format_type(t.oid, %d)"
                     " ELSE n.nspname || '.' || t.typname END FROM pg_catalog.pg_type t"
                     " JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
                     " WHERE t.oid = %u", origin->modifier, origin->type);
    PGresult *result = ask(pg, sql.data, error);
    wh_buffer_free(&sql);
    if (!result)
        return -1;
    set_text(type, "type", result, 0);
    PQclear(result);
    if (origin->column > 0)
        set_number(type, "number", origin->column);
    enum wh_pg_form form = pg->forms[index];
    bool collated = form == WH_PG_TEXT || form == WH_PG_PADDED;
    return collated ? add_collation(pg, index, type, error) : 0;
}

/* ---- types that values may move to ----------------------------------------------------------- */

static bool begins(const char *type, const char *name)
{
    size_t length = strlen(name);
    return strncmp(type, name, length) == 0 && (type[length] == '\0' || type[length] == '(');
}

static bool is_integer(const char *type)
{
    return strcmp(type, "smallint") == 0 || strcmp(type, "integer") == 0
           || strcmp(type, "bigint") == 0;
}

/* The numbers in parentheses, of which -1 stands for one that is not given. */
static void read_limits(const char *type, long *first, long *second)
{
    const char *at = strchr(type, '(');
    char *end;
    *first = *second = -1;
    if (!at)
        return;
    *first = strtol(at + 1, &end, 10);
    *second = *end == ',' ? strtol(end + 1, NULL, 10) : 0;
}

/* Fractions of all digits that they had. */
static bool keeps_scale(const char *then, const char *now)
{
    long precision, scale, was_precision, was_scale;
    read_limits(now, &precision, &scale);
    read_limits(then, &was_precision, &was_scale);
    return precision < 0
           || (was_precision >= 0 && scale >= was_scale
               && precision - scale >= was_precision - was_scale);
}

static bool is_text(const char *type)
{
    return begins(type, "character varying") || strcmp(type, "text") == 0;
}

static bool keeps_length(const char *then, const char *now)
{
    long length, was, ignored;
    read_limits(now, &length, &ignored);
    read_limits(then, &was, &ignored);
    return length < 0 || (was >= 0 && length >= was);
}

/* Integers may be counted further, numbers and texts become longer. */
static bool widened(const char *then, const char *now)
{
    if (is_integer(then))
        return is_integer(now) || strcmp(now, "numeric") == 0;
    if (begins(then, "numeric"))
        return begins(now, "numeric") && keeps_scale(then, now);
    return is_text(then) && is_text(now) && keeps_length(then, now);
}

int wh_pg_facts_take(struct wh_pg_since *pg, struct wh_error *error)
{
    struct wh_since_facts facts = { .widened = widened };
    int status = 0;
    if (PQserverVersion(pg->connection) >= OLDEST_SERVER) {
        facts.database = json_object();
        facts.relation = json_object();
        facts.types = json_array();
        status = add_database(pg, facts.database, error);
        if (status == 0)
            status = add_relation(pg, facts.relation, error);
        for (size_t i = 0; status == 0 && i < pg->since->count; i++) {
            json_t *type = json_object();
            json_array_append_new(facts.types, type);
            status = add_type(pg, i, type, error);
        }
    }
    if (status == 0)
        return wh_since_take_facts(pg->since, &facts, error);
    json_decref(facts.database);
    json_decref(facts.relation);
    json_decref(facts.types);
    return -1;
}
