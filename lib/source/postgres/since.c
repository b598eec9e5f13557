#include "source/postgres/since.h"

#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "database/pgaccept.h"
#include "database/pgerror.h"
#include "database/pgquery.h"
#include "source/query.h"

/* ---- columns --------------------------------------------------------------------------------- */

/* The types known to have an order and one text for each value, but for what the form says.
 * PostgreSQL, catalog/pg_type.dat; domains are described as what they are made of. */
static bool known_form(Oid oid, enum wh_pg_form *form)
{
    static const struct {
        Oid oid;
        enum wh_pg_form form;
    } known[] = {
        { 16, WH_PG_EXACT },     /* boolean */
        { 19, WH_PG_EXACT },     /* name */
        { 20, WH_PG_EXACT },     /* bigint */
        { 21, WH_PG_EXACT },     /* smallint */
        { 23, WH_PG_EXACT },     /* integer */
        { 25, WH_PG_TEXT },      /* text */
        { 26, WH_PG_EXACT },     /* oid */
        { 650, WH_PG_EXACT },    /* cidr */
        { 700, WH_PG_FLOAT },    /* real */
        { 701, WH_PG_FLOAT },    /* double precision */
        { 829, WH_PG_EXACT },    /* macaddr */
        { 869, WH_PG_EXACT },    /* inet */
        { 1042, WH_PG_PADDED },  /* character */
        { 1043, WH_PG_TEXT },    /* character varying */
        { 1082, WH_PG_EXACT },   /* date */
        { 1083, WH_PG_EXACT },   /* time */
        { 1114, WH_PG_EXACT },   /* timestamp */
        { 1184, WH_PG_EXACT },   /* timestamp with time zone */
        { 1700, WH_PG_NUMERIC }, /* numeric */
        { 2950, WH_PG_EXACT },   /* uuid */
        { 3220, WH_PG_EXACT },   /* pg_lsn */
        { 5069, WH_PG_EXACT },   /* xid8 */
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].oid == oid) {
            *form = known[i].form;
            return true;
        }
    }
    return false;
}

/* The only value of a query's only row, NULL where it fails; PQclear(*result). */
static const char *ask(PGconn *connection, const char *sql, PGresult **result)
{
    *result = wh_pg_exec(connection, sql);
    bool found = PQresultStatus(*result) == PGRES_TUPLES_OK && PQntuples(*result) == 1;
    return found ? PQgetvalue(*result, 0, 0) : NULL;
}

/*
 * Asks what is wrong with a column: the only value of the query's only row names it, empty where
 * nothing is. The error says "--since cannot go by COLUMN" and the name between `before` and
 * `behind`.
 */
static int refuse_named(const struct wh_pg_since *pg, size_t index, const char *sql,
                        const char *before, const char *behind, struct wh_error *error)
{
    PGresult *result;
    const char *name = ask(pg->connection, sql, &result);
    int status = 0;
    if (!name)
        status = wh_pg_fail(error, pg->connection, result, NULL);
    else if (*name)
        status = wh_fail(error, WH_REFUSED, "--since cannot go by %s%s%s%s",
                         pg->since->names[index], before, name, behind);
    PQclear(result);
    return status;
}

/* A type that is not known is an enumeration, or refused by its name. */
static int check_type(const struct wh_pg_since *pg, size_t index, Oid oid, struct wh_error *error)
{
    struct wh_buffer sql = { 0 };
    wh_buffer_format(&sql, "SELECT CASE typtype WHEN 'e' THEN '' ELSE pg_catalog.format_type(oid, "
                           "NULL) END FROM pg_catalog.pg_type WHERE oid = %u", oid);
    int status = refuse_named(pg, index, wh_buffer_text(&sql), ", whose type is ",
                              " (with -c, cast it to text or to a number)", error);
    wh_buffer_free(&sql);
    return status;
}

/*
 * Which columns are NOT NULL, so that no NULLs need to be looked for. That is binding for a plain
 * table without children only: it is not checked in foreign ones, and not needed in a child.
 */
static int find_filled(struct wh_pg_since *pg, const PGresult *described, struct wh_error *error)
{
    struct wh_buffer sql = { 0 };
    wh_buffer_format(&sql, "SELECT a.attnum FROM pg_catalog.pg_attribute a "
                           "JOIN pg_catalog.pg_class c ON c.oid = a.attrelid "
                           "WHERE c.oid = %u AND a.attnotnull AND c.relkind = 'r'"
                           " AND NOT c.relhassubclass", PQftable(described, 0));
    PGresult *result = wh_pg_exec(pg->connection, wh_buffer_text(&sql));
    int status = PQresultStatus(result) == PGRES_TUPLES_OK
                     ? 0 : wh_pg_fail(error, pg->connection, result, NULL);
    for (int row = 0; status == 0 && row < PQntuples(result); row++) {
        const char *number = PQgetvalue(result, row, 0);
        int64_t column;
        if (!wh_number_integer(number, strlen(number), &column))
            continue;
        for (size_t i = 0; i < pg->since->count; i++)
            if (PQftablecol(described, (int)pg->since->places[i]) == column)
                pg->filled[i] = true;
    }
    PQclear(result);
    wh_buffer_free(&sql);
    return status;
}

/* A value of --from that begins like a date or time must be one that the column does not read as
 * another: 02/01/14 is several days, and a timestamp drops an offset. Words are the server's. */
static int check_given(const struct wh_pg_since *pg, size_t index, Oid oid, struct wh_error *error)
{
    enum { TIMESTAMP = 1114, TIMESTAMPTZ = 1184, DATE = 1082, TIME = 1083 };
    const char *text = json_string_value(json_array_get(pg->since->start, index));
    struct wh_pg_refusal why;
    char quoted[96];
    if (!pg->since->given || !text || *text < '0' || *text > '9'
        || (oid != TIMESTAMP && oid != TIMESTAMPTZ && oid != DATE && oid != TIME))
        return 0;
    struct wh_slice slice = { text, strlen(text) };
    if (oid == TIMESTAMPTZ && wh_pg_accepts(wh_pg_builtin(TIMESTAMP), &slice, &why))
        return 0; /* UTC's, as in the whole transaction */
    if (wh_pg_accepts(wh_pg_builtin(oid), &slice, &why))
        return 0;
    return wh_fail(error, WH_REFUSED, "--from: %s %s", wh_quote(quoted, text, strlen(text)),
                   why.what);
}

int wh_pg_since_bind(struct wh_pg_since *pg, const PGresult *described, struct wh_error *error)
{
    const struct wh_since *since = pg->since;
    pg->forms = wh_alloc(since->count, sizeof *pg->forms);
    pg->filled = wh_alloc(since->count, sizeof *pg->filled);
    pg->origins = wh_alloc(since->count, sizeof *pg->origins);
    for (size_t i = 0; i < since->count; i++) {
        int place = (int)since->places[i];
        Oid oid = PQftype(described, place);
        pg->origins[i] = (struct wh_pg_origin){ oid, PQfmod(described, place),
                                                PQftable(described, place),
                                                PQftablecol(described, place) };
        if (!known_form(oid, &pg->forms[i]) && check_type(pg, i, oid, error) != 0)
            return -1;
        if (check_given(pg, i, oid, error) != 0)
            return -1;
    }
    return since->request->query->table ? find_filled(pg, described, error) : 0;
}

/* ---- SQL ------------------------------------------------------------------------------------- */

static int put_value(void *context, struct wh_buffer *out, size_t index, struct wh_error *error)
{
    struct wh_pg_since *pg = context;
    const char *text = json_string_value(json_array_get(pg->since->start, index));
    if (!text)
        return wh_fail(error, WH_REFUSED, "the checkpoint's position holds a value that is no "
                                          "text");
    char *literal = PQescapeLiteral(pg->connection, text, strlen(text));
    if (!literal)
        return wh_pg_fail(error, pg->connection, NULL, NULL);
    wh_buffer_add(out, literal, strlen(literal));
    PQfreemem(literal);
    return 0;
}

void wh_pg_since_no_row(const struct wh_pg_since *pg, struct wh_buffer *sql)
{
    wh_buffer_format(sql, " FROM (SELECT 1) AS wh_one LEFT JOIN (SELECT * FROM %s) AS wh_none "
                          "ON false", pg->from);
}

/*
 * Under a collation that is not deterministic, texts that differ can be equal, and nothing here
 * could tell which rows of them have been read.
 */
static int check_collation(const struct wh_pg_since *pg, size_t index, struct wh_error *error)
{
    enum { FIRST_VERSION = 120000 };
    if (PQserverVersion(pg->connection) < FIRST_VERSION)
        return 0;
    struct wh_buffer sql = { 0 };
    wh_buffer_format(&sql, "SELECT pg_catalog.min(c.collname) FROM (SELECT "
                           "pg_catalog.pg_collation_for(wh_none.");
    wh_since_name(&sql, pg->since->names[index]);
    wh_buffer_format(&sql, ") AS name");
    wh_pg_since_no_row(pg, &sql);
    wh_buffer_format(&sql, ") AS used JOIN pg_catalog.pg_collation c ON NOT c.collisdeterministic "
                     "JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace "
                     "WHERE used.name COLLATE \"C\" IN (pg_catalog.quote_ident(c.collname),"
                     " pg_catalog.quote_ident(n.nspname) || '.' ||"
                     " pg_catalog.quote_ident(c.collname))");
    int status = refuse_named(pg, index, wh_buffer_text(&sql), ": under its collation ",
                              " texts that differ are equal (with -c, give it COLLATE \"C\")",
                              error);
    wh_buffer_free(&sql);
    return status;
}

/* Has the server read what --from says and print it: 'yesterday' must be the same day in a position
 * that is read tomorrow. */
static int spell_start(struct wh_pg_since *pg, struct wh_error *error)
{
    struct wh_since *since = pg->since;
    size_t count = json_array_size(since->start);
    struct wh_buffer sql = { 0 };
    int status = 0;
    for (size_t i = 0; status == 0 && i < count; i++) {
        wh_buffer_format(&sql, "%sCOALESCE(wh_none.", i ? ", " : "SELECT ");
        wh_since_name(&sql, since->names[i]);
        wh_buffer_format(&sql, ", ");
        status = put_value(pg, &sql, i, error);
        wh_buffer_byte(&sql, ')');
    }
    wh_pg_since_no_row(pg, &sql);
    PGresult *result = NULL;
    if (status == 0 && !ask(pg->connection, wh_buffer_text(&sql), &result)) {
        wh_pg_fail(error, pg->connection, result, NULL);
        status = wh_error_in(error, "--from");
    }
    json_t *spelled = json_array();
    for (size_t i = 0; status == 0 && i < count; i++)
        json_array_append_new(spelled, json_string(PQgetvalue(result, 0, (int)i)));
    json_decref(since->start);
    since->start = spelled;
    PQclear(result);
    wh_buffer_free(&sql);
    return status;
}

static int check_nulls(struct wh_pg_since *pg, const struct wh_since_dialect *dialect,
                       struct wh_error *error)
{
    struct wh_since *since = pg->since;
    struct wh_buffer sql = { 0 };
    int status = wh_since_nulls_sql(since, &sql, pg->from, pg->filled, dialect, error);
    PGresult *result = NULL;
    if (status == 0 && !ask(pg->connection, wh_buffer_text(&sql), &result))
        status = wh_pg_fail(error, pg->connection, result, NULL);
    for (size_t i = 0; status == 0 && i < since->count; i++)
        if (*PQgetvalue(result, 0, (int)i) == 't')
            status = wh_since_null(since, i, error);
    PQclear(result);
    wh_buffer_free(&sql);
    return status;
}

int wh_pg_since_check(struct wh_pg_since *pg, struct wh_error *error)
{
    for (size_t i = 0; i < pg->since->count; i++) {
        bool collated = pg->forms[i] == WH_PG_TEXT || pg->forms[i] == WH_PG_PADDED;
        if (collated && check_collation(pg, i, error) != 0)
            return -1;
    }
    return 0;
}

int wh_pg_since_sql(struct wh_pg_since *pg, struct wh_buffer *out, struct wh_error *error)
{
    const struct wh_since_dialect dialect = { .collation = "", .value = put_value, .context = pg };
    if (pg->since->given && spell_start(pg, error) != 0)
        return -1;
    if (check_nulls(pg, &dialect, error) != 0)
        return -1;
    return wh_since_rows_sql(pg->since, out, pg->from, &dialect, error);
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* The text that all values equal to this one have. */
static struct wh_slice settle_text(enum wh_pg_form form, struct wh_slice value)
{
    if (form == WH_PG_FLOAT && value.length == 2 && memcmp(value.text, "-0", 2) == 0)
        return (struct wh_slice){ "0", 1 };
    while (form == WH_PG_PADDED && value.length > 0 && value.text[value.length - 1] == ' ')
        value.length--;
    if (form == WH_PG_NUMERIC && memchr(value.text, '.', value.length)) {
        while (value.text[value.length - 1] == '0')
            value.length--;
        if (value.text[value.length - 1] == '.')
            value.length--;
    }
    return value;
}

int wh_pg_since_row(const struct wh_pg_since *pg, struct wh_row *row, struct wh_error *error)
{
    struct wh_since *since = pg->since;
    wh_since_row(since);
    for (size_t i = 0; i < since->count; i++) {
        const struct wh_field *field = &row->fields[since->places[i]];
        if (field->type == WH_NULL)
            return wh_since_null(since, i, error);
        struct wh_slice value = settle_text(pg->forms[i], wh_row_text(row, field));
        wh_since_text(since, i, value.text, value.length);
    }
    return wh_since_check(since, error);
}

void wh_pg_since_free(struct wh_pg_since *pg)
{
    wh_since_close(pg->since);
    free(pg->forms);
    free(pg->origins);
    free(pg->filled);
}
