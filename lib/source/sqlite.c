/*
 * SQLite databases, only ever read.
 *
 *     INTEGER   the number; in a column declared BOOLEAN or BOOL, 0 and 1 become false and true
 *     REAL      the shortest number that reads back to the same; infinities as strings
 *     TEXT      a string; text that is no UTF-8 is a bad row
 *     BLOB      a string, base64
 */
#include <errno.h>
#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/base64.h"
#include "base/number.h"
#include "base/text.h"
#include "source/source.h"

struct sqlite {
    struct wh_reader reader;
    struct wh_row row;
    const struct wh_source_request *request;
    sqlite3 *database;
    sqlite3_stmt *statement;
    const char *name;          /* as given: sqlite:PATH */
    struct wh_shape *shape;
    struct wh_field *fields;
    bool *booleans;            /* which columns are declared so */
    struct wh_error wait_error; /* what the progress handler met */
    bool ended;
};

/* ---- errors ---------------------------------------------------------------------------------- */

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

/* Puts the database's name before the error's text. */
static int name_source(const struct sqlite *sqlite, struct wh_error *error)
{
    struct wh_error cause = *error;
    return wh_fail(error, cause.status, "%s: %s", sqlite->name, cause.text);
}

static int failed(struct sqlite *sqlite, struct wh_error *error)
{
    sqlite3 *database = sqlite->database;
    return wh_fail(error, status_of(sqlite3_errcode(database)), "%s", sqlite3_errmsg(database));
}

/* The table that "no such table: NAME" speaks of; NULL in other messages. */
static const char *unknown_table(const char *message)
{
    static const char words[] = "no such table: ";
    return strncmp(message, words, sizeof words - 1) == 0 ? message + sizeof words - 1 : NULL;
}

/* Adds the nearest table's or view's name to an error about one that does not exist. */
static void suggest_table(struct sqlite *sqlite, const char *wanted, struct wh_error *error)
{
    enum { most = 10000 };
    const char **names = wh_alloc(most, sizeof *names);
    struct wh_arena arena = { 0 };
    size_t count = 0;
    sqlite3_stmt *list = NULL;
    sqlite3_prepare_v2(sqlite->database, "SELECT name FROM sqlite_schema "
                       "WHERE type IN ('table', 'view')", -1, &list, NULL);
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

static int query_failed(struct sqlite *sqlite, struct wh_error *error)
{
    failed(sqlite, error);
    const char *table = unknown_table(error->text);
    if (table) {
        char *wanted = wh_copy(table, strlen(table));
        suggest_table(sqlite, wanted, error);
        free(wanted);
    }
    return -1;
}

/* ---- opening --------------------------------------------------------------------------------- */

static int connect_file(struct sqlite *sqlite, const char *path, struct wh_error *error)
{
    enum { patience = 10000 }; /* milliseconds that a writer may hold the database */
    struct stat status;
    if (*path == '\0')
        return wh_fail(error, WH_REFUSED, "a path must follow: sqlite:PATH");
    if (strcmp(path, ":memory:") != 0 && stat(path, &status) != 0)
        return wh_fail_errno(error, WH_FAILED, "cannot open");
    /* Only one thread comes here: no lock is needed around every value. */
    int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path, &sqlite->database, flags, NULL) != SQLITE_OK)
        return failed(sqlite, error);
    sqlite3_busy_timeout(sqlite->database, patience);
    return 0;
}

/* Numbers are bound as numbers, or they would be compared with computed ones as text; integers of
 * more than 64 bits stay text, or they would lose digits. */
static int bind(sqlite3_stmt *statement, int index, const char *value)
{
    size_t length = strlen(value);
    int64_t integer;
    if (!wh_number_valid(value, length))
        return sqlite3_bind_text(statement, index, value, -1, SQLITE_STATIC);
    if (wh_number_integer(value, length, &integer))
        return sqlite3_bind_int64(statement, index, integer);
    if (strpbrk(value, ".eE") == NULL)
        return sqlite3_bind_text(statement, index, value, -1, SQLITE_STATIC);
    return sqlite3_bind_double(statement, index, wh_number_parse(value, length));
}

static int bind_all(struct sqlite *sqlite, struct wh_error *error)
{
    struct wh_sql_params *params = sqlite->request->params;
    int count = sqlite3_bind_parameter_count(sqlite->statement);
    for (int i = 1; i <= count; i++) {
        const char *name = sqlite3_bind_parameter_name(sqlite->statement, i);
        if (!name || *name == '?')
            return wh_fail(error, WH_REFUSED, "the SQL asks for ?: write :NAME and give it with "
                                              "-v NAME=VALUE");
        name++;
        const struct wh_sql_param *param = wh_sql_params_use(params, name, strlen(name));
        if (!param)
            return wh_sql_params_missing(params, name, strlen(name), error);
        if (bind(sqlite->statement, i, param->value) != SQLITE_OK)
            return failed(sqlite, error);
    }
    return wh_sql_params_check(params, error);
}

/* Whether something else than blanks, comments and semicolons is left. */
static int refuse_second(struct sqlite *sqlite, const char *rest, struct wh_error *error)
{
    while (*rest) {
        sqlite3_stmt *second = NULL;
        const char *next = rest;
        int code = sqlite3_prepare_v2(sqlite->database, rest, -1, &second, &next);
        sqlite3_finalize(second);
        if (code != SQLITE_OK || second)
            return wh_fail(error, WH_REFUSED, "only one SQL statement can be extracted from");
        rest = next;
    }
    return 0;
}

static int take_columns(struct sqlite *sqlite, struct wh_error *error)
{
    size_t count = (size_t)sqlite3_column_count(sqlite->statement);
    const char **names = wh_alloc(count + 1, sizeof *names);
    sqlite->booleans = wh_alloc(count + 1, sizeof *sqlite->booleans);
    sqlite->fields = wh_alloc(count + 1, sizeof *sqlite->fields);
    for (size_t i = 0; i < count; i++) {
        const char *declared = sqlite3_column_decltype(sqlite->statement, (int)i);
        names[i] = sqlite3_column_name(sqlite->statement, (int)i);
        sqlite->booleans[i] = declared && (strcasecmp(declared, "boolean") == 0 ||
                                           strcasecmp(declared, "bool") == 0);
    }
    sqlite->row.shape = sqlite->shape = wh_source_shape(names, count, error);
    free(names);
    return sqlite->shape ? 0 : -1;
}

static int prepare(struct sqlite *sqlite, const char *sql, struct wh_error *error)
{
    const char *rest;
    if (sqlite3_prepare_v2(sqlite->database, sql, -1, &sqlite->statement, &rest) != SQLITE_OK)
        return query_failed(sqlite, error);
    if (!sqlite->statement)
        return wh_fail(error, WH_REFUSED, "the SQL is empty");
    if (refuse_second(sqlite, rest, error) != 0)
        return -1;
    if (!sqlite3_stmt_readonly(sqlite->statement))
        return wh_fail(error, WH_REFUSED, "the SQL changes the database, which is only read here");
    return take_columns(sqlite, error) == 0 ? bind_all(sqlite, error) : -1;
}

/* ---- reading --------------------------------------------------------------------------------- */

static void set(struct wh_field *field, enum wh_type type, const char *text, size_t length,
                unsigned flags)
{
    *field = (struct wh_field){ text, (uint32_t)length, (uint8_t)type, (uint8_t)flags };
}

static void set_integer(struct sqlite *sqlite, uint32_t index, int64_t value)
{
    struct wh_field *field = &sqlite->fields[index];
    if (sqlite->booleans[index] && value == 1) {
        set(field, WH_TRUE, "true", 4, 0);
    } else if (sqlite->booleans[index] && value == 0) {
        set(field, WH_FALSE, "false", 5, 0);
    } else {
        char *text = wh_row_take(&sqlite->row, WH_NUMBER_SIZE);
        set(field, WH_NUMBER, text, wh_integer_print(value, text), 0);
    }
}

static void set_real(struct sqlite *sqlite, uint32_t index, double value)
{
    struct wh_field *field = &sqlite->fields[index];
    if (isinf(value)) {
        /* With the slack that the writer may read behind a string. */
        static const char positive[WH_SLACK + 8] = "Infinity", negative[WH_SLACK + 9] = "-Infinity";
        const char *text = value > 0 ? positive : negative;
        set(field, WH_STRING, text, strlen(text), WH_JSON_SAFE);
        return;
    }
    char *text = wh_row_take(&sqlite->row, WH_NUMBER_SIZE);
    set(field, WH_NUMBER, text, wh_number_print(value, text), 0);
}

/* SQLite's memory has no slack behind it. */
static void set_text(struct sqlite *sqlite, uint32_t index)
{
    const void *text = sqlite3_column_text(sqlite->statement, (int)index);
    size_t length = (size_t)sqlite3_column_bytes(sqlite->statement, (int)index);
    char *copy = wh_row_take(&sqlite->row, length);
    if (length > 0)
        memcpy(copy, text, length);
    set(&sqlite->fields[index], WH_STRING, copy, length, 0);
    sqlite->reader.bytes += length;
}

static void set_blob(struct sqlite *sqlite, uint32_t index)
{
    const void *bytes = sqlite3_column_blob(sqlite->statement, (int)index);
    size_t length = (size_t)sqlite3_column_bytes(sqlite->statement, (int)index);
    char *text = wh_row_take(&sqlite->row, wh_base64_size(length));
    set(&sqlite->fields[index], WH_STRING, text, wh_base64_encode(bytes, length, text),
        WH_JSON_SAFE);
    sqlite->reader.bytes += length;
}

static void set_field(struct sqlite *sqlite, uint32_t index)
{
    switch (sqlite3_column_type(sqlite->statement, (int)index)) {
    case SQLITE_INTEGER:
        set_integer(sqlite, index, sqlite3_column_int64(sqlite->statement, (int)index));
        sqlite->reader.bytes += sizeof(int64_t);
        break;
    case SQLITE_FLOAT:
        set_real(sqlite, index, sqlite3_column_double(sqlite->statement, (int)index));
        sqlite->reader.bytes += sizeof(double);
        break;
    case SQLITE_TEXT:
        set_text(sqlite, index);
        break;
    case SQLITE_BLOB:
        set_blob(sqlite, index);
        break;
    default:
        set(&sqlite->fields[index], WH_NULL, "null", 4, 0);
    }
}

static enum wh_next check_encoding(struct sqlite *sqlite, struct wh_error *error)
{
    for (uint32_t i = 0; i < sqlite->shape->count; i++) {
        const struct wh_field *field = &sqlite->fields[i];
        if (field->type != WH_STRING)
            continue;
        size_t valid = wh_utf8_valid(field->text, field->length);
        if (valid == field->length)
            continue;
        const struct wh_column *column = &sqlite->shape->columns[i];
        wh_bad_row(error, "utf-8", column->name, column->length, 0,
                   "byte %zu is no UTF-8 (cast it to BLOB to have it in base64)", valid + 1);
        return WH_NEXT_BAD;
    }
    return WH_NEXT_ROW;
}

static enum wh_next sqlite_next(struct wh_reader *reader, struct wh_error *error)
{
    struct sqlite *sqlite = (struct sqlite *)reader;
    struct wh_row *row = &sqlite->row;
    if (sqlite->ended)
        return WH_NEXT_END;
    int code = sqlite3_step(sqlite->statement);
    if (code != SQLITE_ROW) {
        sqlite->ended = true;
        if (code == SQLITE_DONE)
            return WH_NEXT_END;
        if (code == SQLITE_INTERRUPT) {
            *error = sqlite->wait_error;
        } else {
            failed(sqlite, error);
            name_source(sqlite, error);
        }
        return WH_NEXT_ERROR;
    }
    wh_arena_reset(&row->scratch);
    row->shape = sqlite->shape;
    row->fields = sqlite->fields;
    row->changed = false;
    row->line++;
    for (uint32_t i = 0; i < sqlite->shape->count; i++)
        set_field(sqlite, i);
    return check_encoding(sqlite, error);
}

/* Called by SQLite every so many steps of its machine: a query that searches long for its next
 * row must not hold up the rows found so far. */
static int while_searching(void *context)
{
    struct sqlite *sqlite = context;
    struct wh_reader *reader = &sqlite->reader;
    return reader->before_wait &&
           reader->before_wait(reader->wait_context, &sqlite->wait_error) != 0;
}

static void close_sqlite(struct wh_reader *reader)
{
    struct sqlite *sqlite = (struct sqlite *)reader;
    sqlite3_finalize(sqlite->statement);
    sqlite3_close(sqlite->database);
    wh_row_free(&sqlite->row);
    wh_shape_free(sqlite->shape);
    free(sqlite->fields);
    free(sqlite->booleans);
    free(sqlite);
}

static const struct wh_reader_ops ops = { .next = sqlite_next, .close = close_sqlite };

static int open_sqlite(struct sqlite *sqlite, struct wh_error *error)
{
    enum { machine_steps = 1000000 }; /* some 20 ms */
    struct wh_buffer sql = { 0 };
    int status = connect_file(sqlite, sqlite->name + strlen("sqlite:"), error);
    if (status == 0)
        status = wh_source_query(&sql, sqlite->request, 2, error);
    wh_buffer_byte(&sql, '\0');
    if (status == 0)
        status = prepare(sqlite, sql.data, error);
    wh_buffer_free(&sql);
    if (status == 0)
        sqlite3_progress_handler(sqlite->database, machine_steps, while_searching, sqlite);
    return status;
}

struct wh_reader *wh_sqlite_source(const struct wh_source_request *request, struct wh_error *error)
{
    struct sqlite *sqlite = wh_alloc(1, sizeof *sqlite);
    sqlite->request = request;
    sqlite->name = request->operands[0];
    sqlite->reader = (struct wh_reader){ .ops = &ops, .row = &sqlite->row, .progress = -1 };
    sqlite->row.source = sqlite->name;
    if (open_sqlite(sqlite, error) == 0)
        return &sqlite->reader;
    name_source(sqlite, error);
    close_sqlite(&sqlite->reader);
    return NULL;
}
