#include "database/sqlite.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/process.h"
#include "database/sql.h"

/* ---- waiting --------------------------------------------------------------------------------- */

static int is_stopped(void *context)
{
    (void)context;
    return wh_process_stop() != 0;
}

/* Called when a lock is held by somebody else, for the time number `count` (from 0): whether to try
 * again, after a pause. Pauses grow, as those of sqlite3_busy_timeout do. */
static int wait_for_lock(void *context, int count)
{
    static const int pauses[] = { 1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50 };
    enum { known = sizeof pauses / sizeof *pauses, longest = 100 };
    (void)context;
    int waited = 0;
    for (int i = 0; i < count && i < known; i++)
        waited += pauses[i];
    waited += count > known ? (count - known) * longest : 0;
    if (wh_process_stop() || waited >= WH_SQLITE_PATIENCE)
        return 0;
    struct pollfd stop = { .fd = wh_process_descriptor(), .events = POLLIN };
    poll(&stop, 1, count < known ? pauses[count] : longest);
    return !wh_process_stop();
}

void wh_sqlite_wait(sqlite3 *database, bool wait)
{
    sqlite3_busy_handler(database, wait ? wait_for_lock : NULL, NULL);
}

/* ---- opening --------------------------------------------------------------------------------- */

sqlite3 *wh_sqlite_open(const char *path, enum wh_sqlite_mode mode, struct wh_error *error)
{
    static const int flags[] = {
        [WH_SQLITE_READ] = SQLITE_OPEN_READONLY,
        [WH_SQLITE_WRITE] = SQLITE_OPEN_READWRITE,
        [WH_SQLITE_CREATE] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
    };
    enum { machine_steps = 100000 }; /* some 2 ms */
    struct stat status;
    sqlite3 *database = NULL;
    if (*path == '\0') {
        wh_fail(error, WH_REFUSED, "a path must follow: sqlite:PATH");
        return NULL;
    }
    if (mode != WH_SQLITE_CREATE && strcmp(path, ":memory:") != 0 && stat(path, &status) != 0) {
        wh_fail_errno(error, WH_FAILED, "cannot open");
        return NULL;
    }
    /* Only one thread comes here: no lock is needed around every value. */
    if (sqlite3_open_v2(path, &database, flags[mode] | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK) {
        wh_sqlite_wait(database, true);
        sqlite3_progress_handler(database, machine_steps, is_stopped, NULL);
        return database;
    }
    wh_sqlite_fail(database, error);
    sqlite3_close(database);
    return NULL;
}

static enum wh_status status_of(int code)
{
    switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return WH_UNREACHABLE;
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_CANTOPEN:
    case SQLITE_NOTADB:
    case SQLITE_FULL:
    case SQLITE_NOMEM:
        return WH_FAILED;
    default:
        return WH_REFUSED;
    }
}

int wh_sqlite_fail(sqlite3 *database, struct wh_error *error)
{
    static const char unknown_table[] = "no such table: ";
    const char *message = sqlite3_errmsg(database);
    int code = sqlite3_errcode(database) & 0xFF;
    if ((code == SQLITE_BUSY || code == SQLITE_INTERRUPT) && wh_process_check(error) != 0)
        return -1;
    wh_fail(error, status_of(sqlite3_errcode(database)), "%s", message);
    if (strncmp(message, unknown_table, sizeof unknown_table - 1) == 0) {
        const char *name = message + sizeof unknown_table - 1;
        char *wanted = wh_copy(name, strlen(name));
        wh_sqlite_suggest_table(database, wanted, error);
        free(wanted);
    }
    return -1;
}

void wh_sqlite_suggest_table(sqlite3 *database, const char *wanted, struct wh_error *error)
{
    enum { most = 10000 };
    const char **names = wh_alloc(most, sizeof *names);
    struct wh_arena arena = { 0 };
    size_t count = 0;
    sqlite3_stmt *list = NULL;
    sqlite3_prepare_v2(database, "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')",
                       -1, &list, NULL);
    while (count < most && sqlite3_step(list) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(list, 0);
        if (name)
            names[count++] = wh_arena_copy(&arena, name, strlen(name));
    }
    sqlite3_finalize(list);
    wh_sql_suggest_table(error, wanted, names, count);
    wh_arena_free(&arena);
    free(names);
}

int wh_sqlite_command(sqlite3 *database, const char *sql, struct wh_error *error)
{
    return sqlite3_exec(database, sql, NULL, NULL, NULL) == SQLITE_OK
               ? 0 : wh_sqlite_fail(database, error);
}
