#include "source/sqlite/rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/number.h"
#include "base/text.h"
#include "database/sqlite.h"
#include "database/sqlite_type.h"
#include "record/json.h"
#include "source/query.h"
#include "source/since.h"
#include "source/sqlite/facts.h"

struct column {
    struct wh_sqlite_declared declared;
    bool any;      /* declared so, which makes numbers of texts where the table is not STRICT */
    bool computed; /* by an expression: no column's type tells what its values are */
};

struct sqlite {
    struct wh_reader reader;
    struct wh_row row;
    const struct wh_source_request *request;
    sqlite3 *database;
    sqlite3_stmt *statement;
    const char *name;          /* as given: sqlite:PATH */
    struct wh_shape *shape;
    struct wh_field *fields;
    struct column *columns;
    struct wh_since *since;    /* NULL: rows may come in any order */
    struct wh_buffer work;      /* kept from value to value */
    struct wh_sqlite_facts *facts; /* of the query; NULL: no use is made of them */
    struct wh_error wait_error; /* what the progress handler met */
    bool ended;
};

enum { TABLE_PARTS = 2 }; /* schema.table */

/* ---- errors ---------------------------------------------------------------------------------- */

static int failed(struct sqlite *sqlite, struct wh_error *error)
{
    return wh_sqlite_fail(sqlite->database, error);
}

/* ---- opening --------------------------------------------------------------------------------- */

/* What a value of the command line is to SQLite. Numbers must be numbers, or they would be
 * compared with computed ones as text; integers of more than 64 bits stay text, or they would lose
 * digits. */
static int read_value(const char *text, int64_t *integer, double *real)
{
    size_t length = strlen(text);
    if (!wh_number_valid(text, length))
        return SQLITE_TEXT;
    if (wh_number_integer(text, length, integer))
        return SQLITE_INTEGER;
    if (strpbrk(text, ".eE") == NULL)
        return SQLITE_TEXT;
    *real = wh_number_parse(text, length);
    return SQLITE_FLOAT;
}

static int bind(sqlite3_stmt *statement, int index, const char *value)
{
    int64_t integer;
    double real;
    switch (read_value(value, &integer, &real)) {
    case SQLITE_INTEGER:
        return sqlite3_bind_int64(statement, index, integer);
    case SQLITE_FLOAT:
        return sqlite3_bind_double(statement, index, real);
    default:
        return sqlite3_bind_text(statement, index, value, -1, SQLITE_STATIC);
    }
}

static int bind_json(sqlite3_stmt *statement, int index, const json_t *value)
{
    if (json_is_integer(value))
        return sqlite3_bind_int64(statement, index, json_integer_value(value));
    if (json_is_real(value))
        return sqlite3_bind_double(statement, index, json_real_value(value));
    return sqlite3_bind_text64(statement, index, json_string_value(value),
                               json_string_length(value), SQLITE_STATIC, SQLITE_UTF8);
}

/* The parameters of what --since adds to a query, followed by the place among its values. No -v can
 * give one of this name. */
#define START "$since::"

static int bind_start(struct sqlite *sqlite, sqlite3_stmt *statement)
{
    int code = SQLITE_OK;
    size_t count = sqlite->since ? json_array_size(sqlite->since->start) : 0;
    for (size_t i = 0; i < count && code == SQLITE_OK; i++) {
        char name[sizeof START + 20];
        snprintf(name, sizeof name, START "%zu", i);
        int index = sqlite3_bind_parameter_index(statement, name);
        if (index > 0)
            code = bind_json(statement, index, json_array_get(sqlite->since->start, i));
    }
    return code;
}

static bool is_start(const struct sqlite *sqlite, const char *name)
{
    return sqlite->since && strncmp(name, START, sizeof START - 1) == 0;
}

static int bind_all(struct sqlite *sqlite, sqlite3_stmt *statement, struct wh_error *error)
{
    struct wh_sql_params *params = &sqlite->request->query->params;
    int count = sqlite3_bind_parameter_count(statement);
    if (bind_start(sqlite, statement) != SQLITE_OK)
        return failed(sqlite, error);
    for (int i = 1; i <= count; i++) {
        const char *name = sqlite3_bind_parameter_name(statement, i);
        if (name && is_start(sqlite, name))
            continue;
        if (!name || *name == '?')
            return wh_fail(error, WH_REFUSED, "the SQL asks for ?: write :NAME and give it with "
                                              "-v NAME=VALUE");
        name++;
        const struct wh_sql_param *param = wh_sql_params_use(params, name, strlen(name));
        if (!param)
            return wh_sql_params_missing(params, name, strlen(name), error);
        if (bind(statement, i, param->value) != SQLITE_OK)
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
    sqlite->columns = wh_alloc(count + 1, sizeof *sqlite->columns);
    sqlite->fields = wh_alloc(count + 1, sizeof *sqlite->fields);
    for (size_t i = 0; i < count; i++) {
        const char *declared = sqlite3_column_decltype(sqlite->statement, (int)i);
        names[i] = sqlite3_column_name(sqlite->statement, (int)i);
        sqlite->columns[i] = (struct column){
            .declared = wh_sqlite_declared(declared, true),
            .any = declared && strcasecmp(declared, "ANY") == 0,
            .computed = !declared && !sqlite->request->query->table,
        };
    }
    sqlite->row.shape = sqlite->shape = wh_source_shape(names, count, error);
    free(names);
    return sqlite->shape ? 0 : -1;
}

static int prepare(struct sqlite *sqlite, const char *sql, struct wh_error *error)
{
    const char *rest;
    if (sqlite->since)
        sqlite->facts = wh_sqlite_facts_open(sqlite->database);
    int code = sqlite3_prepare_v2(sqlite->database, sql, -1, &sqlite->statement, &rest);
    wh_sqlite_facts_end(sqlite->facts);
    if (code != SQLITE_OK)
        return failed(sqlite, error);
    if (!sqlite->statement)
        return wh_fail(error, WH_REFUSED, "the SQL is empty");
    if (refuse_second(sqlite, rest, error) != 0)
        return -1;
    if (!sqlite3_stmt_readonly(sqlite->statement))
        return wh_fail(error, WH_REFUSED, "the SQL changes the database, which is only read here");
    return take_columns(sqlite, error) == 0 ? bind_all(sqlite, sqlite->statement, error) : -1;
}

/* ---- putting rows in order ------------------------------------------------------------------- */

/* --from is read as the values of -v are; JSON has no room for an infinite one. */
static int spell_start(struct wh_since *since, struct wh_error *error)
{
    json_t *spelled = json_array();
    int status = 0;
    for (size_t i = 0; i < json_array_size(since->start) && status == 0; i++) {
        json_t *given = json_array_get(since->start, i);
        int64_t integer;
        double real;
        int type = read_value(json_string_value(given), &integer, &real);
        if (type == SQLITE_FLOAT && isinf(real))
            status = wh_fail(error, WH_REFUSED, "--from: %s is infinite", json_string_value(given));
        else if (type == SQLITE_FLOAT)
            json_array_append_new(spelled, json_real(real));
        else if (type == SQLITE_INTEGER)
            json_array_append_new(spelled, json_integer(integer));
        else
            json_array_append(spelled, given);
    }
    json_decref(since->start);
    since->start = spelled;
    return status;
}

static int put_start(void *context, struct wh_buffer *out, size_t index, struct wh_error *error)
{
    (void)context;
    (void)error;
    wh_buffer_format(out, START "%zu", index);
    return 0;
}

/* Texts are compared byte by byte, whatever the column's collation is: under NOCASE two that differ
 * would be equal. */
static const struct wh_since_dialect dialect = {
    .collation = " COLLATE BINARY", .bound_first = true, .value = put_start,
};

static sqlite3_stmt *prepare_ordered(struct sqlite *sqlite, struct wh_buffer *sql,
                                     struct wh_error *error)
{
    sqlite3_stmt *statement = NULL;
    const char *text = wh_buffer_text(sql);
    if (sqlite3_prepare_v2(sqlite->database, text, -1, &statement, NULL) != SQLITE_OK)
        failed(sqlite, error);
    else if (bind_all(sqlite, statement, error) == 0)
        return statement;
    sqlite3_finalize(statement);
    return NULL;
}

/* Without a start nothing needs to be looked for: NULLs come first. */
static int check_nulls(struct sqlite *sqlite, const char *from, struct wh_error *error)
{
    const struct wh_since *since = sqlite->since;
    if (!since->start)
        return 0;
    struct wh_buffer sql = { 0 };
    wh_since_nulls_sql(since, &sql, from, NULL, &dialect, error);
    sqlite3_stmt *statement = prepare_ordered(sqlite, &sql, error);
    int status = statement ? 0 : -1;
    if (statement && sqlite3_step(statement) != SQLITE_ROW)
        status = failed(sqlite, error);
    for (size_t i = 0; status == 0 && i < since->count; i++)
        if (sqlite3_column_int(statement, (int)i))
            status = wh_since_null(since, i, error);
    sqlite3_finalize(statement);
    wh_buffer_free(&sql);
    return status;
}

/* A query within another can have other names: of two that only differ in the letters' case, one is
 * changed. */
static int check_names(const struct sqlite *sqlite, sqlite3_stmt *statement,
                       struct wh_error *error)
{
    for (uint32_t i = 0; i < sqlite->shape->count; i++) {
        const char *name = sqlite->shape->columns[i].name;
        const char *found = sqlite3_column_name(statement, (int)i);
        char quoted[96];
        if (!found || strcmp(name, found) != 0)
            return wh_fail(error, WH_REFUSED, "--since: the column %s needs another name (give it "
                           "with AS)", wh_quote(quoted, name, strlen(name)));
    }
    return 0;
}

static void put_from(const struct sqlite *sqlite, struct wh_buffer *from)
{
    struct wh_error ignored;
    if (sqlite->request->query->table) {
        wh_sql_table(from, sqlite->request->query->table, TABLE_PARTS, &ignored);
    } else {
        const char *text = sqlite3_sql(sqlite->statement);
        size_t length = strlen(text);
        length -= length > 0 && text[length - 1] == ';';
        /* The line end ends a comment that the query may end in. */
        wh_buffer_format(from, "(%.*s\n) AS wh_query", (int)length, text);
    }
    wh_buffer_text(from);
}

static int order_from(struct sqlite *sqlite, const char *from, struct wh_error *error)
{
    struct wh_buffer sql = { 0 };
    /* What is looked for and what is read afterwards must be in one state of the database. */
    if (sqlite3_exec(sqlite->database, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
        return failed(sqlite, error);
    if (check_nulls(sqlite, from, error) != 0)
        return -1;
    wh_since_rows_sql(sqlite->since, &sql, from, &dialect, error);
    sqlite3_stmt *statement = prepare_ordered(sqlite, &sql, error);
    wh_buffer_free(&sql);
    if (!statement)
        return -1;
    sqlite3_finalize(sqlite->statement);
    sqlite->statement = statement;
    return check_names(sqlite, statement, error);
}

/* Puts the query in order, now that it is known to be a good one. */
static int order_rows(struct sqlite *sqlite, struct wh_error *error)
{
    static const char *const words[] = { "SELECT", "VALUES", "WITH", NULL };
    struct wh_buffer from = { 0 };
    if (!sqlite->since)
        return 0;
    if (!wh_sql_begins(sqlite3_sql(sqlite->statement), words))
        return wh_fail(error, WH_REFUSED, "--since cannot put in order what this SQL gives: only "
                                          "SELECT, VALUES and WITH can be a part of another query");
    if (wh_since_bind(sqlite->since, sqlite->shape, error) != 0)
        return -1;
    if (wh_sqlite_facts_take(sqlite->facts, sqlite->statement, sqlite->since, error) != 0)
        return -1;
    if (sqlite->since->given && spell_start(sqlite->since, error) != 0)
        return -1;
    put_from(sqlite, &from);
    int status = order_from(sqlite, from.data, error);
    wh_buffer_free(&from);
    return status;
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
    if (sqlite->columns[index].declared.boolean && value == 1) {
        set(field, WH_TRUE, "true", 4, 0);
    } else if (sqlite->columns[index].declared.boolean && value == 0) {
        set(field, WH_FALSE, "false", 5, 0);
    } else {
        char *text = wh_row_take(&sqlite->row, WH_NUMBER_SIZE);
        set(field, WH_NUMBER, text, wh_integer_print(value, text), 0);
    }
}

/* Whether the column keeps values of any type, so that what is read must tell which it is. */
static bool keeps_all(const struct sqlite *sqlite, uint32_t index)
{
    const struct column *column = &sqlite->columns[index];
    return !column->computed && column->declared.affinity == WH_SQLITE_AS_GIVEN;
}

static void set_infinite(struct sqlite *sqlite, uint32_t index, bool positive)
{
    /* With the slack that the writer may read after a value. */
    static const char words[2][WH_SLACK + 9] = { "-Infinity", "Infinity" },
                      numbers[2][WH_SLACK + 9] = { "-" WH_SQLITE_INFINITE, WH_SQLITE_INFINITE };
    struct wh_field *field = &sqlite->fields[index];
    if (keeps_all(sqlite, index) || sqlite->columns[index].declared.bytes)
        set(field, WH_NUMBER, numbers[positive], strlen(numbers[positive]), 0);
    else
        set(field, WH_STRING, words[positive], strlen(words[positive]), WH_JSON_SAFE);
}

static void set_real(struct sqlite *sqlite, uint32_t index, double value)
{
    if (isinf(value)) {
        set_infinite(sqlite, index, value > 0);
        return;
    }
    char *text = wh_row_take(&sqlite->row, WH_NUMBER_SIZE + 2);
    size_t length = wh_number_print(value, text);
    if (keeps_all(sqlite, index) && !memchr(text, '.', length) && !memchr(text, 'e', length)) {
        memcpy(text + length, ".0", 2);
        length += 2;
    }
    set(&sqlite->fields[index], WH_NUMBER, text, length, 0);
}

/* A value that its column would not take back as what it is: an object with one key. */
static void set_marked(struct sqlite *sqlite, uint32_t index, const char *key, const char *text,
                       size_t length)
{
    struct wh_buffer *work = &sqlite->work;
    work->length = 0;
    wh_buffer_add(work, key, strlen(key));
    wh_json_escape(work, text, length);
    wh_buffer_literal(work, "\"}");
    char *copy = wh_row_take(&sqlite->row, work->length);
    memcpy(copy, work->data, work->length);
    set(&sqlite->fields[index], WH_NESTED, copy, work->length, 0);
}

/* Whether a column would be given something else than this text by the string. */
static bool is_marked(const struct column *column, const char *text, size_t length)
{
    if (column->declared.bytes)
        return true;
    return (wh_sqlite_makes_numbers(column->declared.affinity) || column->any)
           && ((length == 8 && memcmp(text, "Infinity", length) == 0)
               || (length == 9 && memcmp(text, "-Infinity", length) == 0));
}

/* SQLite's memory has no slack after it. */
static void set_text(struct sqlite *sqlite, uint32_t index)
{
    const void *text = sqlite3_column_text(sqlite->statement, (int)index);
    size_t length = (size_t)sqlite3_column_bytes(sqlite->statement, (int)index);
    sqlite->reader.bytes += length;
    if (is_marked(&sqlite->columns[index], text, length)) {
        set_marked(sqlite, index, WH_SQLITE_TEXT_KEY, text, length);
        return;
    }
    char *copy = wh_row_take(&sqlite->row, length);
    if (length > 0)
        memcpy(copy, text, length);
    set(&sqlite->fields[index], WH_STRING, copy, length, 0);
}

static void set_blob(struct sqlite *sqlite, uint32_t index)
{
    const struct column *column = &sqlite->columns[index];
    const void *bytes = sqlite3_column_blob(sqlite->statement, (int)index);
    size_t length = (size_t)sqlite3_column_bytes(sqlite->statement, (int)index);
    char *text = wh_row_take(&sqlite->row, wh_base64_size(length));
    size_t size = wh_base64_encode(bytes, length, text);
    sqlite->reader.bytes += length;
    if (column->declared.bytes || column->computed)
        set(&sqlite->fields[index], WH_STRING, text, size, WH_JSON_SAFE);
    else
        set_marked(sqlite, index, WH_SQLITE_BLOB_KEY, text, size);
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

static enum wh_verdict check_encoding(struct sqlite *sqlite, struct wh_error *error)
{
    for (uint32_t i = 0; i < sqlite->shape->count; i++) {
        const struct wh_field *field = &sqlite->fields[i];
        if (field->type != WH_STRING && field->type != WH_NESTED)
            continue;
        size_t valid = wh_utf8_valid(field->text, field->length);
        if (valid == field->length)
            continue;
        const struct wh_column *column = &sqlite->shape->columns[i];
        wh_bad_row(error, "utf-8", column->name, column->length, 0,
                   "byte %zu is not valid UTF-8 (cast it to BLOB to have it in base64)", valid + 1);
        return WH_BAD;
    }
    return WH_PASSED;
}

static int take_real(struct sqlite *sqlite, size_t index, double value, struct wh_error *error)
{
    if (isinf(value))
        return wh_fail(error, WH_REFUSED, "--since: a row's %s is infinite, which no checkpoint "
                                          "can hold", sqlite->since->names[index]);
    wh_since_real(sqlite->since, index, value);
    return 0;
}

static int take_text(struct sqlite *sqlite, size_t index, int place, struct wh_error *error)
{
    const char *text = (const char *)sqlite3_column_text(sqlite->statement, place);
    size_t length = (size_t)sqlite3_column_bytes(sqlite->statement, place);
    if (memchr(text, '\0', length))
        return wh_fail(error, WH_REFUSED, "--since: a row's %s holds a zero byte, which no "
                                          "checkpoint can hold", sqlite->since->names[index]);
    wh_since_text(sqlite->since, index, text, length);
    return 0;
}

/* A value of the row's tuple, which SQLite's own types tell apart better than the row's. */
static int take_value(struct sqlite *sqlite, size_t index, struct wh_error *error)
{
    struct wh_since *since = sqlite->since;
    int place = (int)since->places[index];
    switch (sqlite3_column_type(sqlite->statement, place)) {
    case SQLITE_INTEGER:
        wh_since_integer(since, index, sqlite3_column_int64(sqlite->statement, place));
        return 0;
    case SQLITE_FLOAT:
        return take_real(sqlite, index, sqlite3_column_double(sqlite->statement, place), error);
    case SQLITE_TEXT:
        return take_text(sqlite, index, place, error);
    case SQLITE_BLOB:
        return wh_fail(error, WH_REFUSED, "--since cannot go by %s, which holds a BLOB (with -c, "
                                          "take hex(%s))", since->names[index],
                       since->names[index]);
    default:
        return wh_since_null(since, index, error);
    }
}

static int take_tuple(struct sqlite *sqlite, struct wh_error *error)
{
    struct wh_since *since = sqlite->since;
    wh_since_row(since);
    for (size_t i = 0; i < since->count; i++)
        if (take_value(sqlite, i, error) != 0)
            return wh_error_in(error, "%s", sqlite->name);
    return wh_since_check(since, error) == 0 ? 0 : wh_error_in(error, "%s", sqlite->name);
}

/* A row whose fields are set. Its tuple is a part of positions, also where it is a bad one. */
static enum wh_verdict finish_row(struct sqlite *sqlite, struct wh_error *error)
{
    if (sqlite->since && take_tuple(sqlite, error) != 0)
        return WH_FATAL;
    enum wh_verdict next = check_encoding(sqlite, error);
    if (next == WH_PASSED || !sqlite->since ||
        wh_since_check_encoding(sqlite->since, error) == 0)
        return next;
    wh_error_in(error, "%s", sqlite->name);
    return WH_FATAL;
}

static enum wh_verdict sqlite_next(struct wh_reader *reader, struct wh_error *error)
{
    struct sqlite *sqlite = (struct sqlite *)reader;
    struct wh_row *row = &sqlite->row;
    if (sqlite->ended)
        return WH_ENDED;
    int code = sqlite3_step(sqlite->statement);
    if (code != SQLITE_ROW) {
        sqlite->ended = true;
        if (sqlite->since)
            sqlite->since->ended = code == SQLITE_DONE;
        if (code == SQLITE_DONE)
            return WH_ENDED;
        if (code == SQLITE_INTERRUPT) {
            *error = sqlite->wait_error;
        } else {
            failed(sqlite, error);
            wh_error_in(error, "%s", sqlite->name);
        }
        return WH_FATAL;
    }
    wh_arena_reset(&row->scratch);
    row->shape = sqlite->shape;
    row->fields = sqlite->fields;
    row->changed = false;
    row->line++;
    for (uint32_t i = 0; i < sqlite->shape->count; i++)
        set_field(sqlite, i);
    return finish_row(sqlite, error);
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

static json_t *position(struct wh_reader *reader, bool behind)
{
    const struct sqlite *sqlite = (const struct sqlite *)reader;
    return sqlite->since ? wh_since_position(sqlite->since, behind) : NULL;
}

static void close_sqlite(struct wh_reader *reader)
{
    struct sqlite *sqlite = (struct sqlite *)reader;
    sqlite3_finalize(sqlite->statement);
    wh_sqlite_facts_close(sqlite->facts);
    sqlite3_close(sqlite->database);
    wh_row_free(&sqlite->row);
    wh_shape_close(sqlite->shape);
    free(sqlite->fields);
    free(sqlite->columns);
    wh_buffer_free(&sqlite->work);
    wh_since_close(sqlite->since);
    free(sqlite);
}

static const struct wh_reader_ops ops = { .next = sqlite_next, .close = close_sqlite,
                                          .position = position };

static int open_sqlite(struct sqlite *sqlite, struct wh_error *error)
{
    enum { machine_steps = 1000000 }; /* some 20 ms */
    struct wh_buffer sql = { 0 };
    int status = wh_since_open(sqlite->request, sqlite->name, &sqlite->since, error);
    if (status == 0)
        sqlite->database = wh_sqlite_open(sqlite->name + strlen("sqlite:"), WH_SQLITE_READ, error);
    if (!sqlite->database)
        status = -1;
    if (status == 0)
        status = wh_source_query(&sql, sqlite->request, TABLE_PARTS, error);
    if (status == 0)
        status = prepare(sqlite, wh_buffer_text(&sql), error);
    if (status == 0)
        status = order_rows(sqlite, error);
    wh_buffer_free(&sql);
    if (status == 0)
        sqlite3_progress_handler(sqlite->database, machine_steps, while_searching, sqlite);
    return status;
}

struct wh_reader *wh_sqlite_rows_open(const struct wh_source_request *request,
                                      struct wh_error *error)
{
    struct sqlite *sqlite = wh_alloc(1, sizeof *sqlite);
    sqlite->request = request;
    sqlite->name = request->operands[0];
    sqlite->reader = (struct wh_reader){ .ops = &ops, .row = &sqlite->row, .progress = -1 };
    sqlite->row.source = sqlite->name;
    if (open_sqlite(sqlite, error) == 0)
        return &sqlite->reader;
    wh_error_in(error, "%s", sqlite->name);
    close_sqlite(&sqlite->reader);
    return NULL;
}
