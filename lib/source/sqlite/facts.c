#include "source/sqlite/facts.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "database/sqlite.h"
#include "database/sqlite_type.h"
#include "source/query.h"

struct wh_sqlite_facts {
    sqlite3 *database;
    json_t *read; /* an object: the names of tables and views that are read */
};

/* ---- what is read ---------------------------------------------------------------------------- */

/* Asked by SQLite while it prepares a statement; `view` is the innermost whose query reads. */
static int note(void *context, int action, const char *table, const char *column,
                const char *schema, const char *view)
{
    struct wh_sqlite_facts *facts = context;
    (void)column;
    (void)schema;
    if (action == SQLITE_READ && table)
        json_object_set_new(facts->read, table, json_true());
    if (view)
        json_object_set_new(facts->read, view, json_true());
    return SQLITE_OK;
}

struct wh_sqlite_facts *wh_sqlite_facts_open(sqlite3 *database)
{
    struct wh_sqlite_facts *facts = wh_alloc(1, sizeof *facts);
    facts->database = database;
    facts->read = json_object();
    sqlite3_set_authorizer(database, note, facts);
    return facts;
}

void wh_sqlite_facts_end(struct wh_sqlite_facts *facts)
{
    if (facts)
        sqlite3_set_authorizer(facts->database, NULL, NULL);
}

void wh_sqlite_facts_close(struct wh_sqlite_facts *facts)
{
    if (!facts)
        return;
    json_decref(facts->read);
    free(facts);
}

/* ---- the database ---------------------------------------------------------------------------- */

/* A number of four bytes in the file's header ("Database File Format", 1.3); false where there is
 * no file. Read by SQLite's own descriptor: to close another would give up its locks. */
static bool read_header(sqlite3 *database, sqlite3_int64 offset, json_int_t *number)
{
    unsigned char bytes[4];
    sqlite3_file *file = NULL;
    if (sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK
        || !file || !file->pMethods
        || file->pMethods->xRead(file, bytes, sizeof bytes, offset) != SQLITE_OK)
        return false;
    *number = (json_int_t)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
    return true;
}

static json_t *describe_database(const struct wh_sqlite_facts *facts)
{
    enum { CHANGES = 24, SCHEMA = 40 };
    json_int_t changes, schema;
    if (!read_header(facts->database, CHANGES, &changes)
        || !read_header(facts->database, SCHEMA, &schema))
        return NULL;
    return json_pack("{s:I, s:I}", "changes", changes, "schema", schema);
}

/* ---- views ----------------------------------------------------------------------------------- */

/* The digest of the definitions of all views that are read; NULL where there are none. */
static json_t *digest_views(const struct wh_sqlite_facts *facts)
{
    sqlite3_stmt *views = NULL;
    struct wh_sha256 sha;
    size_t count = 0;
    char hex[65];
    wh_sha256_init(&sha);
    sqlite3_prepare_v2(facts->database, "SELECT name, sql FROM sqlite_schema WHERE type = 'view' "
                       "ORDER BY name", -1, &views, NULL);
    while (sqlite3_step(views) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(views, 0);
        const char *sql = (const char *)sqlite3_column_text(views, 1);
        if (!name || !sql || !json_object_get(facts->read, name))
            continue;
        wh_sha256_add(&sha, sql, strlen(sql) + 1);
        count++;
    }
    sqlite3_finalize(views);
    wh_sha256_hex(&sha, hex);
    return count > 0 ? json_string(hex) : NULL;
}

static json_t *describe_relation(const struct wh_sqlite_facts *facts, const struct wh_since *since)
{
    const char *table = since->request->query->table;
    return json_pack("{s:s, s:o*}", "name", table ? table : "that the query reads", "definition",
                     digest_views(facts));
}

/* ---- columns --------------------------------------------------------------------------------- */

/* How values of a column declared so compare; integers and numeric columns do alike. */
static const char *affinity(const char *declared)
{
    switch (wh_sqlite_declared(declared, false).affinity) {
    case WH_SQLITE_WHOLE:
    case WH_SQLITE_NUMERIC:
        return "numeric";
    case WH_SQLITE_TEXTUAL:
        return "text";
    case WH_SQLITE_REAL:
        return "real";
    case WH_SQLITE_AS_GIVEN:
        break;
    }
    return "none";
}

int wh_sqlite_facts_take(const struct wh_sqlite_facts *facts, sqlite3_stmt *statement,
                         struct wh_since *since, struct wh_error *error)
{
    struct wh_since_facts found = { .database = describe_database(facts),
                                    .relation = describe_relation(facts, since),
                                    .types = json_array() };
    for (size_t i = 0; i < since->count; i++)
        json_array_append_new(found.types,
                              json_pack("{s:s}", "type",
                                        affinity(sqlite3_column_decltype(statement,
                                                                         (int)since->places[i]))));
    return wh_since_take_facts(since, &found, error);
}
