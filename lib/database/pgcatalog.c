#include "database/pgcatalog.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "record/json.h"
#include "database/pgerror.h"
#include "database/pgquery.h"
#include "database/sql.h"

/* ---- types ----------------------------------------------------------------------------------- */

static const struct wh_pg_type unknown = { .kind = WH_PG_STRING, .modifier = -1 };

/*
 * A row for each type reached from those asked for, and for composites one for each attribute:
 * oid, what it is, the type it is made of and its modifier, delimiter, attribute, attribute's type
 * and modifier.
 */
static const char lookup[] =
    "WITH RECURSIVE need(oid) AS ("
    " SELECT pg_catalog.unnest($1::pg_catalog.oid[])"
    " UNION"
    " SELECT part.oid FROM need JOIN pg_catalog.pg_type t ON t.oid = need.oid"
    " CROSS JOIN LATERAL ("
    "  SELECT t.typbasetype WHERE t.typtype = 'd'"
    "  UNION ALL SELECT t.typelem"
    "  WHERE t.typtype <> 'd' AND t.typoutput = 'pg_catalog.array_out'::regproc"
    "  UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range r"
    "  WHERE t.typtype = 'r' AND r.rngtypid = t.oid"
    "  UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute a"
    "  WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped"
    " ) part(oid)) "
    "SELECT t.oid,"
    " CASE WHEN t.typtype = 'd' THEN 'domain'"
    "  WHEN t.typoutput = 'pg_catalog.array_out'::regproc THEN 'array'"
    "  WHEN t.typtype = 'r' THEN 'range' WHEN t.typtype = 'c' THEN 'composite' ELSE 'scalar' END,"
    " CASE WHEN t.typtype = 'd' THEN t.typbasetype WHEN t.typtype = 'r' THEN r.rngsubtype"
    "  ELSE t.typelem END,"
    " t.typtypmod, t.typdelim, a.attname, a.atttypid, a.atttypmod "
    "FROM need JOIN pg_catalog.pg_type t ON t.oid = need.oid "
    "LEFT JOIN pg_catalog.pg_range r ON t.typtype = 'r' AND r.rngtypid = t.oid "
    "LEFT JOIN pg_catalog.pg_attribute a"
    " ON t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped "
    "ORDER BY t.oid, a.attnum";
enum { FIRST_LATERAL = 90300 }; /* the first version that understands the lookup */
enum { OID, WHAT, MADE_OF, MODIFIER, DELIMITER, ATTRIBUTE, ATTRIBUTE_TYPE, ATTRIBUTE_MODIFIER };

/* A type being resolved: the rows [first, end) of the lookup's result tell of it. */
struct entry {
    Oid oid;
    int first;
    int end;
    bool resolved;
    struct wh_pg_type type;
};

struct catalog {
    PGresult *result;
    struct entry *entries;
    size_t count;
    struct wh_arena *arena;
};

static Oid oid_at(const PGresult *result, int row, int column)
{
    return (Oid)strtoul(PQgetvalue(result, row, column), NULL, 10);
}

static void index_rows(struct catalog *catalog)
{
    int rows = PQntuples(catalog->result);
    size_t size = ((size_t)rows + 1) * sizeof *catalog->entries;
    catalog->entries = wh_arena_take(catalog->arena, size);
    for (int row = 0; row < rows; row++) {
        Oid oid = oid_at(catalog->result, row, OID);
        if (catalog->count == 0 || catalog->entries[catalog->count - 1].oid != oid)
            catalog->entries[catalog->count++] = (struct entry){ .oid = oid, .first = row };
        catalog->entries[catalog->count - 1].end = row + 1;
    }
}

static int32_t modifier_at(const PGresult *result, int row, int column)
{
    return (int32_t)strtol(PQgetvalue(result, row, column), NULL, 10);
}

static void resolve(const struct catalog *catalog, struct entry *entry);

/* The same type with a length or precision, which for an array is that of its elements. */
static const struct wh_pg_type *with_modifier(const struct catalog *catalog,
                                              const struct wh_pg_type *type, int32_t modifier)
{
    if (modifier < 0)
        return type;
    struct wh_pg_type *made = wh_arena_take(catalog->arena, sizeof *made);
    *made = *type;
    if (type->kind == WH_PG_ARRAY)
        made->element = with_modifier(catalog, type->element, modifier);
    else
        made->modifier = modifier;
    return made;
}

/* The type of an OID. */
static const struct wh_pg_type *find_type(const struct catalog *catalog, Oid oid)
{
    const struct wh_pg_type *builtin = wh_pg_builtin(oid);
    if (builtin)
        return builtin;
    for (size_t i = 0; i < catalog->count; i++) {
        struct entry *entry = &catalog->entries[i];
        if (entry->oid != oid)
            continue;
        if (strcmp(PQgetvalue(catalog->result, entry->first, WHAT), "domain") == 0)
            return with_modifier(catalog,
                                 find_type(catalog, oid_at(catalog->result, entry->first, MADE_OF)),
                                 modifier_at(catalog->result, entry->first, MODIFIER));
        resolve(catalog, entry);
        return &entry->type;
    }
    return &unknown;
}

static struct wh_pg_member member(const struct catalog *catalog, int row)
{
    const char *name = PQgetvalue(catalog->result, row, ATTRIBUTE);
    struct wh_buffer key = { 0 };
    wh_buffer_byte(&key, '"');
    wh_json_escape(&key, name, strlen(name));
    wh_buffer_literal(&key, "\":");
    struct wh_pg_member made = {
        .key = wh_arena_copy(catalog->arena, key.data, key.length),
        .key_length = key.length,
        .type = with_modifier(catalog,
                              find_type(catalog, oid_at(catalog->result, row, ATTRIBUTE_TYPE)),
                              modifier_at(catalog->result, row, ATTRIBUTE_MODIFIER)),
    };
    wh_buffer_free(&key);
    return made;
}

static void resolve_composite(const struct catalog *catalog, struct entry *entry)
{
    struct wh_pg_type *type = &entry->type;
    type->kind = WH_PG_COMPOSITE;
    type->count = PQgetisnull(catalog->result, entry->first, ATTRIBUTE)
                      ? 0 : (size_t)(entry->end - entry->first);
    struct wh_pg_member *members = wh_arena_take(catalog->arena, type->count * sizeof *members);
    for (size_t i = 0; i < type->count; i++)
        members[i] = member(catalog, entry->first + (int)i);
    type->members = members;
}

static void resolve(const struct catalog *catalog, struct entry *entry)
{
    const PGresult *result = catalog->result;
    struct wh_pg_type *type = &entry->type;
    const char *what = PQgetvalue(result, entry->first, WHAT);
    if (entry->resolved)
        return;
    entry->resolved = true;
    *type = unknown;
    if (strcmp(what, "composite") == 0) {
        resolve_composite(catalog, entry);
    } else if (strcmp(what, "scalar") != 0) {
        bool array = strcmp(what, "array") == 0;
        type->kind = array ? WH_PG_ARRAY : WH_PG_STRING;
        type->input = array ? WH_PG_IN_ANYTHING : WH_PG_IN_RANGE;
        type->delimiter = *PQgetvalue(result, entry->first, DELIMITER);
        type->element = find_type(catalog, oid_at(result, entry->first, MADE_OF));
    }
}

static PGresult *ask(PGconn *connection, const Oid *oids, size_t count)
{
    struct wh_buffer list = { 0 };
    for (size_t i = 0; i < count; i++)
        wh_buffer_format(&list, "%c%u", i ? ',' : '{', oids[i]);
    wh_buffer_format(&list, "}");
    const char *values[] = { wh_buffer_text(&list) };
    PGresult *result = wh_pg_exec_params(connection, lookup, 1, values);
    wh_buffer_free(&list);
    return result;
}

const struct wh_pg_type **wh_pg_types(PGconn *connection, const Oid *oids,
                                      const int32_t *modifiers, size_t count,
                                      struct wh_arena *arena, struct wh_error *error)
{
    struct catalog catalog = { .arena = arena };
    size_t known = 0;
    while (known < count && wh_pg_builtin(oids[known]))
        known++;
    if (known < count && PQserverVersion(connection) >= FIRST_LATERAL) {
        catalog.result = ask(connection, oids, count);
        if (PQresultStatus(catalog.result) != PGRES_TUPLES_OK) {
            wh_pg_fail(error, connection, catalog.result, NULL);
            PQclear(catalog.result);
            return NULL;
        }
        index_rows(&catalog);
    }
    const struct wh_pg_type **types = wh_arena_take(arena, count * sizeof *types);
    for (size_t i = 0; i < count; i++)
        types[i] = with_modifier(&catalog, find_type(&catalog, oids[i]),
                                 modifiers ? modifiers[i] : -1);
    PQclear(catalog.result);
    return types;
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* As they can be given to -t: a name that holds dots in double quotes. */
static const char tables[] =
    "SELECT CASE WHEN pg_catalog.pg_table_is_visible(c.oid) AND pg_catalog.strpos($1, '.') = 0"
    " THEN t.name ELSE n.nspname || '.' || t.name END, c.relname "
    "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace, "
    "LATERAL (SELECT CASE WHEN pg_catalog.strpos(c.relname, '.') = 0 THEN c.relname::text"
    " ELSE '\"' || c.relname || '\"' END AS name) t "
    "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema'"
    " AND n.nspname !~ '^pg_' "
    "ORDER BY 1 LIMIT 10000";

/* The name without the double quotes of its parts. */
static char *plain_name(const char *name)
{
    char *plain = wh_copy(name, strlen(name));
    char *to = plain;
    for (const char *from = name; *from; from++)
        if (*from != '"')
            *to++ = *from;
    *to = '\0';
    return plain;
}

void wh_pg_suggest_table(PGconn *connection, const char *wanted, struct wh_error *error)
{
    char *plain = plain_name(wanted);
    const char *values[] = { plain };
    PGresult *result = wh_pg_exec_params(connection, tables, 1, values);
    int rows = PQresultStatus(result) == PGRES_TUPLES_OK ? PQntuples(result) : 0;
    const char **names = wh_alloc((size_t)rows + 1, sizeof *names);
    const char *nearest = plain;
    for (int i = 0; i < rows; i++) {
        names[i] = PQgetvalue(result, i, 0);
        /* The very name, but in a schema that is not searched. */
        if (strcasecmp(PQgetvalue(result, i, 1), plain) == 0)
            nearest = names[i];
    }
    wh_sql_suggest_table(error, nearest, names, (size_t)rows);
    free(names);
    PQclear(result);
    free(plain);
}
