#include "sink/sqlite/store.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "database/sql.h"
#include "database/sqlite.h"
#include "pipe/store.h"
#include "sink/checkpoint_name.h"
#include "sink/sink.h"

static int bind_name(sqlite3_stmt *statement, int index, const char *text)
{
    return sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
}

/* ---- reading ------------------------------------------------------------------------------- */

static int has_table(sqlite3 *database, bool *found, struct wh_error *error)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(database, "SELECT 1 FROM main.sqlite_schema "
                                  "WHERE type = 'table' AND name = 'wh_checkpoint'",
                                  -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    *found = code == SQLITE_ROW;
    int status = code == SQLITE_ROW || code == SQLITE_DONE ? 0 : wh_sqlite_fail(database, error);
    sqlite3_finalize(statement);
    return status;
}

/* The row, as the object that wh_checkpoint_read knows. */
static int take_row(sqlite3_stmt *row, const char *name, struct wh_checkpoint *held,
                    struct wh_error *error)
{
    const char *position = (const char *)sqlite3_column_text(row, 2);
    json_t *json = position ? json_loads(position, 0, NULL) : NULL;
    const char *epoch = (const char *)sqlite3_column_text(row, 0);
    if (json_is_object(json) && epoch) {
        json_object_set_new(json, "epoch", json_string(epoch));
        json_object_set_new(json, "n", json_integer(sqlite3_column_int64(row, 1)));
    }
    int status = json_is_object(json) ? wh_checkpoint_read(json, held, error) : -1;
    json_decref(json);
    return status == 0 ? 0
                       : wh_fail(error, WH_REFUSED, "the row '%s' of wh_checkpoint is no sound "
                                                    "checkpoint (bring it back from a backup, "
                                                    "or delete it to begin anew)", name);
}

int wh_sqlite_checkpoint_read(sqlite3 *database, const char *name, struct wh_checkpoint *held,
                              struct wh_error *error)
{
    bool found;
    *held = (struct wh_checkpoint){ 0 };
    if (has_table(database, &found, error) != 0)
        return -1;
    if (!found)
        return 0;
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(database, "SELECT epoch, n, position FROM main.wh_checkpoint "
                                  "WHERE name = ?", -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = bind_name(statement, 1, name);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    int status = code == SQLITE_ROW    ? take_row(statement, name, held, error)
                 : code == SQLITE_DONE ? 0
                                       : wh_sqlite_fail(database, error);
    sqlite3_finalize(statement);
    return status;
}

/* ---- the target ---------------------------------------------------------------------------- */

static bool is_there(sqlite3 *database, const char *table)
{
    return sqlite3_table_column_metadata(database, "main", table, NULL, NULL, NULL, NULL, NULL,
                                         NULL) == SQLITE_OK;
}

/* The same of a name as the user gave it, with its schema or in quotes. */
static bool can_be_read(sqlite3 *database, const char *wanted)
{
    struct wh_buffer sql = { 0 };
    struct wh_error ignored;
    sqlite3_stmt *statement = NULL;
    wh_buffer_format(&sql, "SELECT 1 FROM ");
    bool named = wh_sql_table(&sql, wanted, 2, &ignored) == 0;
    bool there = named && sqlite3_prepare_v2(database, wh_buffer_text(&sql), -1, &statement,
                                             NULL) == SQLITE_OK;
    sqlite3_finalize(statement);
    wh_buffer_free(&sql);
    return there;
}

static int refuse_gone(const char *name, const char *table, struct wh_error *error)
{
    struct wh_buffer literal = { 0 };
    wh_sql_literal(&literal, name);
    wh_fail(error, WH_REFUSED, "#%s goes on from rows in the table %s, which does not exist any "
            "more: bring the table back, or load all rows anew (DELETE FROM wh_checkpoint WHERE "
            "name = %s), or give --changed-target to load only newer rows into a new one", name,
            table, wh_buffer_text(&literal));
    wh_buffer_free(&literal);
    return -1;
}

int wh_sqlite_checkpoint_check(sqlite3 *database, const struct wh_checkpoint *held,
                               const char *name, const char *table, const char *wanted,
                               struct wh_error *error)
{
    const char *then = json_string_value(json_object_get(held->target, "table"));
    if (!then || (table && sqlite3_stricmp(then, table) == 0))
        return 0;
    if (!table && !is_there(database, then))
        return refuse_gone(name, then, error);
    if (!table && can_be_read(database, wanted))
        return wh_fail(error, WH_BROKEN, "another run has made the table %s meanwhile: run the "
                       "line again", wanted);
    if (!table)
        return wh_fail(error, WH_REFUSED, "#%s goes on from rows in the table %s, and --table is "
                       "%s, which does not exist: name the same table, or use another "
                       "--checkpoint", name, then, wanted);
    return wh_fail(error, WH_REFUSED, "#%s goes on from rows in the table %s, and --table is %s: "
                   "name the same table, or use another --checkpoint, or give --changed-target to "
                   "load newer rows into this one", name, then, table);
}

/* ---- writing ------------------------------------------------------------------------------- */

static const char make_table[] =
    "CREATE TABLE IF NOT EXISTS main.wh_checkpoint (name TEXT PRIMARY KEY, epoch TEXT NOT NULL, "
    "n INTEGER NOT NULL, position TEXT NOT NULL, updated_at TEXT NOT NULL)";
static const char insert_row[] =
    "INSERT INTO main.wh_checkpoint (epoch, n, position, updated_at, name) "
    "VALUES (?, ?, ?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), ?) ON CONFLICT DO NOTHING";
static const char update_row[] =
    "UPDATE main.wh_checkpoint SET epoch = ?, n = ?, position = ?, "
    "updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE name = ? AND epoch = ? AND n = ?";

static int run_change(sqlite3 *database, const char *name, const struct wh_place *expected,
                      const struct wh_checkpoint *next, const char *position,
                      struct wh_error *error)
{
    bool first = wh_place_none(expected);
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(database, first ? insert_row : update_row, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = bind_name(statement, 1, next->place.epoch);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 2, (sqlite3_int64)next->place.n);
    if (code == SQLITE_OK)
        code = bind_name(statement, 3, position);
    if (code == SQLITE_OK)
        code = bind_name(statement, 4, name);
    if (code == SQLITE_OK && !first)
        code = bind_name(statement, 5, expected->epoch);
    if (code == SQLITE_OK && !first)
        code = sqlite3_bind_int64(statement, 6, (sqlite3_int64)expected->n);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    int status = code == SQLITE_DONE ? 0 : wh_sqlite_fail(database, error);
    sqlite3_finalize(statement);
    return status;
}

static int say_fenced(sqlite3 *database, const char *name, const char *shown,
                      const struct wh_place *expected, struct wh_error *error)
{
    struct wh_checkpoint held;
    if (wh_sqlite_checkpoint_read(database, name, &held, error) != 0)
        return -1;
    int status = wh_checkpoint_expect(&held, expected, shown, error);
    wh_checkpoint_free(&held);
    return status == 0 ? wh_fail(error, WH_BROKEN, "%s: the database leaves its "
                              "row as it was (has wh_checkpoint a trigger? drop it)", shown) : -1;
}

int wh_sqlite_checkpoint_write(sqlite3 *database, const char *name, const char *shown,
                               const struct wh_place *expected, const struct wh_checkpoint *next,
                               const char *table, struct wh_error *error)
{
    if (wh_sqlite_command(database, make_table, error) != 0)
        return -1;
    json_t *json = json_pack("{s:O?, s:O?}", "position", next->position, "through", next->through);
    if (table)
        json_object_set_new(json, "target", json_pack("{s:s}", "table", table));
    char *position = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    int status = run_change(database, name, expected, next, position, error);
    free(position);
    if (status != 0)
        return -1;
    int changes = sqlite3_changes(database);
    if (changes > 1)
        return wh_fail(error, WH_REFUSED, "the table wh_checkpoint has lost its primary key, and "
                       "has %d rows '%s' (delete all but the right one, and CREATE UNIQUE INDEX "
                       "wh_checkpoint_name ON wh_checkpoint (name))", changes, name);
    return changes == 1 ? 0 : say_fenced(database, name, shown, expected, error);
}

/* ---- as the source watches it -------------------------------------------------------------- */

struct sqlite_store {
    struct wh_store store;
    sqlite3 *database; /* NULL: the file was not there yet */
    char *name;        /* of the checkpoint, in messages */
    char *path;        /* without scheme and row */
    const char *row;   /* within name */
};

static int read_store(struct wh_store *base, struct wh_checkpoint *held, struct wh_error *error)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    *held = (struct wh_checkpoint){ 0 };
    if (!store->database && wh_file_missing(store->path))
        return 0;
    /* Not only to read: what a sink that was killed has left half done is undone by whoever comes
     * first, and that may be us. */
    if (!store->database)
        store->database = wh_sqlite_open(store->path, WH_SQLITE_WRITE, error);
    if (store->database
        && wh_sqlite_checkpoint_read(store->database, store->row, held, error) == 0)
        return 0;
    return wh_error_in(error, "%s", store->name);
}

static void close_store(struct wh_store *base)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    sqlite3_close(store->database);
    free(store->name);
    free(store->path);
    free(store);
}

static struct wh_store *open_store(const char *name, const struct wh_notify *notify,
                                   struct wh_error *error)
{
    static const struct wh_store_ops ops = { .read = read_store, .close = close_store };
    (void)notify;
    const char *path = name + strlen("sqlite:"), *row = wh_checkpoint_row(path);
    if (*row == '\0') {
        wh_fail(error, WH_REFUSED, "--checkpoint needs a name after the database's path: "
                                   "sqlite:PATH#NAME");
        return NULL;
    }
    struct sqlite_store *store = wh_alloc(1, sizeof *store);
    store->store.ops = &ops;
    store->name = wh_copy(name, strlen(name));
    store->path = wh_copy(path, (size_t)(row - 1 - path));
    store->row = wh_checkpoint_row(store->name);
    return &store->store;
}

static bool takes(const char *name)
{
    return strncmp(name, "sqlite:", strlen("sqlite:")) == 0;
}

const struct wh_store_kind wh_sqlite_store = { takes, open_store, false };
