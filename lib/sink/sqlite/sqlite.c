#include "sink/sqlite/sqlite.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"
#include "database/sqlite.h"
#include "sink/checkpoint_name.h"
#include "record/held.h"
#include "sink/into.h"
#include "sink/schema.h"
#include "sink/sqlite/store.h"
#include "sink/sqlite/table.h"

struct sqlite {
    struct wh_sink sink;
    const struct wh_sink_request *request;
    sqlite3 *database;
    struct wh_sqlite_table *table; /* NULL: --create is to make it, by the rows held */
    struct wh_schema *schema;
    struct wh_held *held;
    bool begun;         /* the transaction */
    bool replacing;     /* --replace is still to be done */
    uint64_t rows;      /* in the transaction; and where the last came from, for messages */
    const char *source;
    uint64_t line;
    struct wh_emit *emit; /* the run's, for rows that turn out bad while there is none at hand */
};

/* Rows that are held until the types of columns are known take up to so much memory. */
enum { MOST_HELD = 16 << 20 };

/* ---- the transaction ----------------------------------------------------------------------- */

static int begin(struct sqlite *sqlite, struct wh_error *error)
{
    if (sqlite->begun)
        return 0;
    if (wh_sqlite_command(sqlite->database, "BEGIN IMMEDIATE", error) != 0)
        return wh_error_in(error, "%s", sqlite->request->target);
    wh_sqlite_wait(sqlite->database, false); /* see keep_readers */
    sqlite->begun = true;
    sqlite->rows = 0;
    if (!sqlite->replacing || !sqlite->table)
        return 0;
    sqlite->replacing = false;
    return wh_sqlite_table_empty(sqlite->table, error) == 0
               ? 0 : wh_error_in(error, "%s", sqlite->request->target);
}

static int say_unreadable(const struct sqlite *sqlite, struct wh_error *error)
{
    return wh_fail(error, WH_UNREACHABLE, "%s: others have been reading it for ten seconds, and "
                   "nothing can be committed meanwhile (PRAGMA journal_mode=WAL lets one write "
                   "while others read)", sqlite->request->target);
}

static int end_transaction(struct sqlite *sqlite, struct wh_error *error)
{
    wh_sqlite_wait(sqlite->database, true);
    if (wh_sqlite_command(sqlite->database, "COMMIT", error) == 0) {
        sqlite->begun = false;
        if (sqlite->table)
            wh_sqlite_table_made(sqlite->table, false);
        return 0;
    }
    int code = sqlite3_errcode(sqlite->database) & 0xFF;
    if (code == SQLITE_BUSY && wh_process_check(error) != 0)
        return -1;
    if (code == SQLITE_BUSY)
        return say_unreadable(sqlite, error);
    if (code != SQLITE_CONSTRAINT)
        return wh_error_in(error, "%s", sqlite->request->target);
    struct wh_error cause = *error;
    return wh_fail(error, WH_FAILED, "%s: %s, which was found out only at the commit: it is about "
                   "one of the %" PRIu64 " rows up to %s:%" PRIu64 ", none of which was loaded",
                   sqlite->request->target, cause.text, sqlite->rows,
                   sqlite->source ? sqlite->source : "", sqlite->line);
}

/* ---- rows ---------------------------------------------------------------------------------- */

static enum wh_verdict put_row(struct sqlite *sqlite, struct wh_row *row, struct wh_error *error)
{
    enum wh_verdict verdict = wh_sqlite_table_row(sqlite->table, row, error);
    if (verdict != WH_TAKEN)
        return verdict;
    sqlite->rows++;
    sqlite->source = row->source;
    sqlite->line = row->line;
    return WH_TAKEN;
}

static int put_held(struct sqlite *sqlite, struct wh_error *error)
{
    for (size_t i = 0; i < wh_held_count(sqlite->held); i++) {
        struct wh_error reason;
        struct wh_row *row = wh_held_row(sqlite->held, i);
        enum wh_verdict verdict = put_row(sqlite, row, &reason);
        if (verdict == WH_FATAL) {
            *error = reason;
            return -1;
        }
        if (verdict == WH_BAD && sqlite->emit->reject(sqlite->emit, row, &reason, error) != 0)
            return -1;
    }
    wh_held_clear(sqlite->held);
    return 0;
}

static int create_table(struct sqlite *sqlite, struct wh_error *error)
{
    struct wh_buffer sql = { 0 };
    int status = wh_schema_sql(sqlite->schema, WH_SQL_SQLITE, WH_SQLITE_PARTS, &sql, error);
    if (status == 0)
        status = wh_sqlite_command(sqlite->database, wh_buffer_text(&sql), error);
    wh_buffer_free(&sql);
    if (status == 0)
        status = wh_sqlite_table_open(sqlite->database, sqlite->request, &sqlite->table, error);
    if (status == 0 && sqlite->table)
        wh_sqlite_table_made(sqlite->table, true);
    return status == 0 ? 0 : wh_error_in(error, "%s", sqlite->request->target);
}

/* Makes the table, where there is anything to make it from, and puts the rows there that waited
 * for it. */
static int make_table(struct sqlite *sqlite, struct wh_error *error)
{
    if (sqlite->table || (wh_held_count(sqlite->held) == 0 && !wh_schema_given(sqlite->schema)))
        return 0;
    sqlite->replacing = false; /* what is new is empty */
    if (begin(sqlite, error) != 0 || create_table(sqlite, error) != 0)
        return -1;
    return put_held(sqlite, error);
}

static enum wh_verdict hold_row(struct sqlite *sqlite, const struct wh_row *row,
                                struct wh_error *error)
{
    wh_schema_see(sqlite->schema, row);
    wh_held_add(sqlite->held, row);
    if (wh_held_count(sqlite->held) < WH_SCHEMA_ROWS && wh_held_bytes(sqlite->held) < MOST_HELD)
        return WH_TAKEN;
    return make_table(sqlite, error) == 0 ? WH_TAKEN : WH_FATAL;
}

static enum wh_verdict sqlite_row(struct wh_sink *sink, struct wh_row *row, struct wh_emit *emit,
                                  struct wh_error *error)
{
    struct sqlite *sqlite = (struct sqlite *)sink;
    sqlite->emit = emit;
    if (!sqlite->table && wh_schema_given(sqlite->schema) && make_table(sqlite, error) != 0)
        return WH_FATAL;
    if (!sqlite->table)
        return hold_row(sqlite, row, error);
    if (!sqlite->begun && begin(sqlite, error) != 0)
        return WH_FATAL;
    return put_row(sqlite, row, error);
}

static int sqlite_settle(struct wh_sink *sink, struct wh_emit *emit, struct wh_error *error)
{
    struct sqlite *sqlite = (struct sqlite *)sink;
    sqlite->emit = emit;
    return make_table(sqlite, error);
}

static bool sqlite_waits(const struct wh_sink *sink)
{
    const struct sqlite *sqlite = (const struct sqlite *)sink;
    return !sqlite->table && wh_held_count(sqlite->held) > 0;
}

/* ---- commits ------------------------------------------------------------------------------- */

static const char *target_name(const struct sqlite *sqlite)
{
    return sqlite->table ? wh_sqlite_table_name(sqlite->table) : NULL;
}

static int sqlite_commit(struct wh_sink *sink, const struct wh_checkpoint *next,
                         const struct wh_place *expected, struct wh_emit *emit,
                         struct wh_error *error)
{
    struct sqlite *sqlite = (struct sqlite *)sink;
    const char *checkpoint = sqlite->request->checkpoint;
    sqlite->emit = emit;
    if (make_table(sqlite, error) != 0)
        return -1;
    if ((next || sqlite->replacing) && begin(sqlite, error) != 0)
        return -1;
    if (!sqlite->begun)
        return 0;
    if (next
        && wh_sqlite_checkpoint_write(sqlite->database, wh_checkpoint_row(checkpoint), checkpoint,
                                      expected, next, target_name(sqlite), error) != 0)
        return -1;
    return end_transaction(sqlite, error);
}

static int sqlite_checkpoint(struct wh_sink *sink, struct wh_checkpoint *held,
                             struct wh_error *error)
{
    struct sqlite *sqlite = (struct sqlite *)sink;
    const char *row = wh_checkpoint_row(sqlite->request->checkpoint);
    return wh_sqlite_checkpoint_read(sqlite->database, row, held, error) == 0
               ? 0 : wh_error_in(error, "%s", sqlite->request->target);
}

static int sqlite_belongs(struct wh_sink *sink, const struct wh_checkpoint *held,
                          struct wh_error *error)
{
    struct sqlite *sqlite = (struct sqlite *)sink;
    const char *row = wh_checkpoint_row(sqlite->request->checkpoint);
    return sqlite->request->into->changed
               || wh_sqlite_checkpoint_check(sqlite->database, held, row,
                                             target_name(sqlite), sqlite->request->into->table, error) == 0
               ? 0 : wh_error_in(error, "%s", sqlite->request->target);
}

/* ---- opening and closing ------------------------------------------------------------------- */

/* What was not committed is taken back. */
static void sqlite_close(struct wh_sink *sink)
{
    struct sqlite *sqlite = (struct sqlite *)sink;
    wh_sqlite_table_close(sqlite->table);
    wh_schema_close(sqlite->schema);
    wh_held_close(sqlite->held);
    sqlite3_close(sqlite->database);
    free(sqlite);
}

/* Whether the database has a write-ahead log, beside which others can always read. */
static bool has_log(sqlite3 *database)
{
    sqlite3_stmt *statement = NULL;
    bool log = false;
    if (sqlite3_prepare_v2(database, "PRAGMA main.journal_mode", -1, &statement, NULL) == SQLITE_OK
        && sqlite3_step(statement) == SQLITE_ROW) {
        const char *mode = (const char *)sqlite3_column_text(statement, 0);
        log = mode && strcmp(mode, "wal") == 0;
    }
    sqlite3_finalize(statement);
    return log;
}

/*
 * Where the page cache is full, SQLite writes into the database before the commit. With a rollback
 * journal it locks readers out to do so, or where there are any, waits for them; not at all if it
 * is not to wait, and the pages then stay in memory. A reader in the same pipeline would else stop
 * it: wh-extract, which reads rows from there, or C. The latter comes and goes, so that under
 * checkpoints nothing is written before the commit.
 */
static int keep_readers(struct sqlite *sqlite, struct wh_error *error)
{
    if (!sqlite->request->checkpoint || has_log(sqlite->database))
        return 0;
    return wh_sqlite_command(sqlite->database, "PRAGMA cache_spill = OFF", error);
}

/*
 * A commit must last from the moment when others can see it. EXTRA also forces the folder to disk
 * when the removal of a rollback journal commits, before readers are let in; with a write-ahead log
 * it forces the log, which SQLite may be built not to do.
 */
static int settle_database(struct sqlite *sqlite, struct wh_error *error)
{
    return wh_sqlite_command(sqlite->database, "PRAGMA main.synchronous = EXTRA;"
                             "PRAGMA foreign_keys = ON", error) == 0
               ? keep_readers(sqlite, error) : -1;
}

static int find_table(struct sqlite *sqlite, struct wh_error *error)
{
    const struct wh_sink_request *request = sqlite->request;
    if (wh_sqlite_table_open(sqlite->database, request, &sqlite->table, error) != 0)
        return -1;
    if (sqlite->table)
        return 0;
    if (!request->into->create) {
        wh_fail(error, WH_REFUSED, "there is no table %s; --create makes it", request->into->table);
        wh_sqlite_suggest_table(sqlite->database, request->into->table, error);
        return -1;
    }
    sqlite->held = wh_held_open();
    sqlite->schema = wh_schema_open(request, error);
    return sqlite->schema ? 0 : -1;
}

static int open_sqlite(struct sqlite *sqlite, struct wh_error *error)
{
    const struct wh_sink_request *request = sqlite->request;
    const char *path = request->target + strlen("sqlite:");
    if (!request->into->create && *path && strcmp(path, ":memory:") != 0 && wh_file_missing(path)) {
        wh_fail(error, WH_FAILED, "there is no such database; --create makes it");
        return wh_error_in(error, "%s", sqlite->request->target);
    }
    sqlite->database = wh_sqlite_open(path, request->into->create ? WH_SQLITE_CREATE : WH_SQLITE_WRITE,
                                      error);
    return sqlite->database && settle_database(sqlite, error) == 0
                   && find_table(sqlite, error) == 0
               ? 0 : wh_error_in(error, "%s", sqlite->request->target);
}

struct wh_sink *wh_sqlite_sink_open(const struct wh_sink_request *request,
                                    struct wh_error *error)
{
    static const struct wh_sink_ops ops = {
        .row = sqlite_row, .settle = sqlite_settle, .commit = sqlite_commit,
        .checkpoint = sqlite_checkpoint, .belongs = sqlite_belongs, .waits = sqlite_waits, .close = sqlite_close,
    };
    struct sqlite *sqlite = wh_alloc(1, sizeof *sqlite);
    sqlite->sink.ops = &ops;
    sqlite->request = request;
    sqlite->replacing = request->replace;
    if (open_sqlite(sqlite, error) == 0)
        return &sqlite->sink;
    sqlite_close(&sqlite->sink);
    return NULL;
}
