#include "source/postgres/rows.h"

#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/process.h"
#include "base/text.h"
#include "database/pgcatalog.h"
#include "database/pgconnect.h"
#include "database/pgerror.h"
#include "database/pgquery.h"
#include "database/pgtext.h"
#include "database/url.h"
#include "source/postgres/facts.h"
#include "source/postgres/since.h"
#include "source/query.h"

struct postgres {
    struct wh_reader reader;
    struct wh_row row;
    const struct wh_source_request *request;
    PGconn *connection;
    char *name;                /* of the database, in messages */
    struct wh_buffer sql;      /* ends in a NUL */
    struct wh_shape *shape;
    struct wh_field *fields;
    struct wh_pg_rows rows;
    struct wh_arena arena;     /* the types */
    struct wh_buffer text;     /* the current row's, with slack following */
    struct wh_pg_since since;  /* its `since` is NULL where rows may come in any order */
    bool encoded;              /* the server vouches for UTF-8 */
    bool running;              /* the query has not ended */
};

enum {
    FIRST_COPY = 80200, /* the first version with COPY of queries */
    TABLE_PARTS = 3,    /* database.schema.table */
};

/* ---- connecting ------------------------------------------------------------------------------ */

static int connect_server(struct postgres *pg, const char *url, struct wh_error *error)
{
    pg->connection = wh_pg_connect(url, "wh-extract", &pg->request->notify, error);
    if (!pg->connection)
        return -1;
    /* A server that does not vouch for UTF-8 would, asked for it, end the query at the first byte
     * that is none; asked for the bytes, it leaves the judgement to us. */
    pg->encoded = wh_pg_encoded(pg->connection);
    if (!pg->encoded && PQsetClientEncoding(pg->connection, "SQL_ASCII") != 0)
        return wh_pg_fail(error, pg->connection, NULL, NULL);
    return 0;
}

/* One state of the database, and values printed the same whatever the server's settings are. The
 * settings end with the transaction, as poolers of connections expect. */
static int begin(struct postgres *pg, struct wh_error *error)
{
    int version = PQserverVersion(pg->connection);
    struct wh_buffer sql = { 0 };
    wh_buffer_format(&sql, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
                           "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD';"
                           "SET LOCAL extra_float_digits = %d;", version < 90000 ? 2 : 3);
    if (version >= 90000)
        wh_buffer_format(&sql, "SET LOCAL IntervalStyle = 'postgres';"
                               "SET LOCAL bytea_output = 'hex';"
                               /* Not all that speak the protocol have it. */
                               "SELECT pg_catalog.set_config(name, 'C', true)"
                               " FROM pg_catalog.pg_settings WHERE name = 'lc_monetary';"
                               "SET LOCAL standard_conforming_strings = on;");
    int status = wh_pg_command(pg->connection, sql.data, error);
    wh_buffer_free(&sql);
    return status;
}

/* ---- the query ------------------------------------------------------------------------------- */

static int quote(void *context, struct wh_buffer *out, const char *value, struct wh_error *error)
{
    struct postgres *pg = context;
    char *literal = PQescapeLiteral(pg->connection, value, strlen(value));
    if (!literal) {
        char line[256];
        return wh_fail(error, WH_REFUSED, "a value of -v cannot be quoted: %s",
                       wh_pg_one_line(line, sizeof line, PQerrorMessage(pg->connection)));
    }
    wh_buffer_add(out, literal, strlen(literal));
    PQfreemem(literal);
    return 0;
}

/* What COPY can run. */
static bool is_copied(const char *sql)
{
    static const char *const words[] = { "SELECT", "VALUES", "TABLE", "WITH", NULL };
    return wh_sql_begins(sql, words);
}

static int check_ordered(const struct postgres *pg, struct wh_error *error)
{
    if (!pg->since.since)
        return 0;
    if (PQserverVersion(pg->connection) < FIRST_COPY)
        return wh_fail(error, WH_REFUSED, "--since: the server is too old to compare rows");
    return is_copied(pg->sql.data)
               ? 0 : wh_fail(error, WH_REFUSED, "--since cannot put in order what this SQL gives: "
                             "only SELECT, VALUES, TABLE and WITH can be a part of another query");
}

static int make_sql(struct postgres *pg, struct wh_error *error)
{
    struct wh_buffer query = { 0 };
    int status = wh_source_query(&query, pg->request, TABLE_PARTS, error);
    if (status == 0)
        status = wh_sql_substitute(&pg->sql, wh_buffer_text(&query), &pg->request->query->params, quote, pg,
                                   error);
    if (status == 0)
        status = wh_sql_params_check(&pg->request->query->params, error);
    wh_buffer_text(&pg->sql);
    wh_buffer_free(&query);
    return status == 0 ? check_ordered(pg, error) : -1;
}

/* Puts the query in order, now that it is known to be a good one. */
static int order_rows(struct postgres *pg, struct wh_error *error)
{
    if (!pg->since.since)
        return 0;
    struct wh_buffer from = { 0 }, sql = { 0 };
    /* The line end ends a comment that the query may end in. */
    int status = 0;
    if (pg->request->query->table)
        status = wh_sql_table(&from, pg->request->query->table, TABLE_PARTS, error);
    else
        wh_buffer_format(&from, "(%s\n) AS wh_query", pg->sql.data);
    pg->since.from = wh_buffer_text(&from);
    if (status == 0 && (wh_pg_since_check(&pg->since, error) != 0
                        || wh_pg_facts_take(&pg->since, error) != 0
                        || wh_pg_since_sql(&pg->since, &sql, error) != 0))
        status = -1;
    wh_buffer_text(&sql);
    wh_buffer_free(&pg->sql);
    wh_buffer_free(&from);
    pg->sql = sql;
    return status;
}

/* The name of the table that the server does not know, as the user wrote it; free() it. */
static char *unknown_table(const struct postgres *pg, const PGresult *result)
{
    const char *table = pg->request->query->table;
    if (table)
        return wh_copy(table, strlen(table));
    const char *place = wh_pg_error_place(result, pg->sql.data);
    return place ? wh_copy(place, strcspn(place, " \t\r\n,;()")) : NULL;
}

static int query_failed(struct postgres *pg, const PGresult *result, struct wh_error *error)
{
    /* With -t the SQL is not the user's, so its places mean nothing to them. */
    wh_pg_fail(error, pg->connection, result, pg->request->query->sql ? pg->sql.data : NULL);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (!state || strcmp(state, "42P01") != 0)
        return -1;
    char *wanted = unknown_table(pg, result);
    struct wh_error ignored;
    if (wanted && wh_pg_command(pg->connection, "ROLLBACK", &ignored) == 0)
        wh_pg_suggest_table(pg->connection, wanted, error);
    free(wanted);
    return -1;
}

/* Names and types of the columns, out of the description of the prepared query. */
static int take_columns(struct postgres *pg, const PGresult *described, struct wh_error *error)
{
    size_t count = (size_t)PQnfields(described);
    const char **names = wh_alloc(count + 1, sizeof *names);
    Oid *oids = wh_alloc(count + 1, sizeof *oids);
    for (size_t i = 0; i < count; i++) {
        names[i] = PQfname(described, (int)i);
        oids[i] = PQftype(described, (int)i);
    }
    pg->row.shape = pg->shape = wh_source_shape(names, count, error);
    if (pg->shape)
        pg->rows.types = wh_pg_types(pg->connection, oids, NULL, count, &pg->arena, error);
    pg->fields = wh_alloc(count + 1, sizeof *pg->fields);
    free(names);
    free(oids);
    if (!pg->rows.types)
        return -1;
    if (!pg->since.since)
        return 0;
    return wh_since_bind(pg->since.since, pg->shape, error) == 0
               ? wh_pg_since_bind(&pg->since, described, error) : -1;
}

static int describe(struct postgres *pg, struct wh_error *error)
{
    PGresult *prepared = wh_pg_prepare(pg->connection, pg->sql.data);
    int status = PQresultStatus(prepared) == PGRES_COMMAND_OK
                     ? 0 : query_failed(pg, prepared, error);
    PQclear(prepared);
    if (status != 0)
        return -1;
    PGresult *described = wh_pg_describe(pg->connection);
    if (PQresultStatus(described) != PGRES_COMMAND_OK)
        status = query_failed(pg, described, error);
    else if (PQnparams(described) > 0)
        status = wh_fail(error, WH_REFUSED, "the SQL asks for $1: write :NAME and give it with "
                                            "-v NAME=VALUE");
    else
        status = take_columns(pg, described, error);
    PQclear(described);
    return status;
}

/* ---- reading --------------------------------------------------------------------------------- */

static enum wh_verdict failed(struct postgres *pg, const PGresult *result, struct wh_error *error)
{
    pg->running = false;
    wh_pg_fail(error, pg->connection, result, NULL);
    wh_error_in(error, "%s", pg->name);
    return WH_FATAL;
}

/*
 * Waits until the server has sent something. A server that only takes a breath between two packets
 * is no reason to flush: that would make many small writes of a fast stream.
 */
static int wait_for_server(struct postgres *pg, struct wh_error *error)
{
    enum { breath = 5, longer = 1000 }; /* milliseconds */
    struct pollfd waits[] = {
        { .fd = PQsocket(pg->connection), .events = POLLIN },
        { .fd = wh_process_descriptor(), .events = POLLIN },
    };
    struct wh_reader *reader = &pg->reader;
    for (int timeout = breath;; timeout = longer) {
        int ready = poll(waits, 2, timeout);
        if (ready > 0 && waits[0].revents)
            return 0;
        if (ready < 0 && errno != EINTR)
            return wh_fail_errno(error, WH_FAILED, "%s: waiting failed", pg->name);
        if (reader->before_wait && reader->before_wait(reader->wait_context, error) != 0)
            return -1;
    }
}

static int take_from_server(struct postgres *pg, struct wh_error *error)
{
    if (PQconsumeInput(pg->connection))
        return 0;
    failed(pg, NULL, error);
    return -1;
}

/* Begins the next row in memory of `length` bytes that it may use, and slack. */
static char *begin_row(struct postgres *pg, size_t length)
{
    struct wh_row *row = &pg->row;
    wh_arena_reset(&row->scratch);
    row->shape = pg->shape;
    row->fields = pg->fields;
    row->changed = false;
    row->line++;
    pg->reader.bytes += length;
    pg->text.length = 0;
    return wh_buffer_reserve(&pg->text, length + WH_SLACK);
}

/* A database in SQL_ASCII holds whatever bytes were put there. */
static enum wh_verdict check_encoding(struct postgres *pg, struct wh_error *error)
{
    for (uint32_t i = 0; !pg->encoded && i < pg->shape->count; i++) {
        const struct wh_field *field = &pg->fields[i];
        size_t valid = field->type == WH_NULL ? field->length
                                              : wh_utf8_valid(field->text, field->length);
        if (valid == field->length)
            continue;
        const struct wh_column *column = &pg->shape->columns[i];
        wh_bad_row(error, "utf-8", column->name, column->length, 0,
                   "byte %zu is not valid UTF-8 (the database's encoding is SQL_ASCII)", valid + 1);
        return WH_BAD;
    }
    return WH_PASSED;
}

/* A row whose fields are set. Its tuple is a part of positions, also where it is a bad one. */
static enum wh_verdict finish_row(struct postgres *pg, struct wh_error *error)
{
    struct wh_since *since = pg->since.since;
    enum wh_verdict next = WH_PASSED;
    int status = since ? wh_pg_since_row(&pg->since, &pg->row, error) : 0;
    if (status == 0 && !pg->encoded)
        next = check_encoding(pg, error);
    if (next == WH_BAD && since)
        status = wh_since_check_encoding(since, error);
    if (status == 0)
        return next;
    wh_error_in(error, "%s", pg->name);
    return WH_FATAL;
}

/* A line of COPY, 0 where none is there yet, -1 after the last, -2 on failure: as libpq says it. */
static int copy_line(struct postgres *pg, char **line, struct wh_error *error)
{
    int length = PQgetCopyData(pg->connection, line, 1);
    if (length != 0)
        return length;
    if (take_from_server(pg, error) != 0)
        return -2;
    return PQgetCopyData(pg->connection, line, 1);
}

static enum wh_verdict copy_ended(struct postgres *pg, struct wh_error *error)
{
    PGresult *result = PQgetResult(pg->connection);
    enum wh_verdict next = WH_ENDED;
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        next = failed(pg, result, error);
    else if (pg->since.since)
        pg->since.since->ended = true;
    pg->running = false;
    PQclear(result);
    return next;
}

static enum wh_verdict copy_next(struct wh_reader *reader, struct wh_error *error)
{
    struct postgres *pg = (struct postgres *)reader;
    if (!pg->running)
        return WH_ENDED;
    char *line = NULL;
    int length;
    while ((length = copy_line(pg, &line, error)) == 0)
        if (wait_for_server(pg, error) != 0)
            return WH_FATAL;
    if (length == -1)
        return copy_ended(pg, error);
    if (length < 0)
        return pg->running ? failed(pg, NULL, error) : WH_FATAL;

    size_t size = (size_t)length - (line[length - 1] == '\n');
    char *text = begin_row(pg, size);
    memcpy(text, line, size);
    PQfreemem(line);
    if (wh_pg_copy_row(&pg->rows, text, size, error) == 0)
        return finish_row(pg, error);
    wh_error_in(error, "%s", pg->name);
    return WH_FATAL;
}

/* The values of a result's only row; memory for each with slack following. */
static int take_values(struct postgres *pg, const PGresult *result, struct wh_error *error)
{
    size_t size = 0;
    for (uint32_t i = 0; i < pg->shape->count; i++)
        size += (size_t)PQgetlength(result, 0, (int)i);
    char *text = begin_row(pg, size);
    for (uint32_t i = 0; i < pg->shape->count; i++) {
        size_t length = (size_t)PQgetlength(result, 0, (int)i);
        if (PQgetisnull(result, 0, (int)i)) {
            pg->fields[i] = (struct wh_field){ "null", 4, WH_NULL, 0 };
            continue;
        }
        memcpy(text, PQgetvalue(result, 0, (int)i), length);
        if (wh_pg_field(&pg->rows, i, text, length, error) != 0)
            return wh_error_in(error, "%s", pg->name);
        text += length;
    }
    return 0;
}

static enum wh_verdict single_next(struct wh_reader *reader, struct wh_error *error)
{
    struct postgres *pg = (struct postgres *)reader;
    if (!pg->running)
        return WH_ENDED;
    while (PQisBusy(pg->connection))
        if (wait_for_server(pg, error) != 0 || take_from_server(pg, error) != 0)
            return WH_FATAL;
    PGresult *result = PQgetResult(pg->connection);
    enum wh_verdict next;
    if (PQresultStatus(result) == PGRES_SINGLE_TUPLE) {
        next = take_values(pg, result, error) == 0 ? check_encoding(pg, error) : WH_FATAL;
    } else if (PQresultStatus(result) == PGRES_TUPLES_OK) {
        pg->running = false;
        next = WH_ENDED;
    } else {
        next = failed(pg, result, error);
    }
    PQclear(result);
    return next;
}

static json_t *position(struct wh_reader *reader, bool behind)
{
    const struct postgres *pg = (const struct postgres *)reader;
    return pg->since.since ? wh_since_position(pg->since.since, behind) : NULL;
}

static void close_postgres(struct wh_reader *reader)
{
    struct postgres *pg = (struct postgres *)reader;
    /* A query whose rows nobody wants any more, or the server would go on with it. */
    if (pg->running)
        wh_pg_cancel(pg->connection);
    PQfinish(pg->connection);
    wh_row_free(&pg->row);
    wh_shape_close(pg->shape);
    wh_buffer_free(&pg->rows.work);
    wh_buffer_free(&pg->text);
    wh_buffer_free(&pg->sql);
    wh_arena_free(&pg->arena);
    wh_pg_since_free(&pg->since);
    free(pg->fields);
    free(pg->name);
    free(pg);
}

static const struct wh_reader_ops copy_ops = { .next = copy_next, .close = close_postgres,
                                               .position = position };
static const struct wh_reader_ops single_ops = { .next = single_next, .close = close_postgres };

/* ---- opening --------------------------------------------------------------------------------- */

static int start_copy(struct postgres *pg, struct wh_error *error)
{
    struct wh_buffer copy = { 0 };
    /* The line end ends a comment that the query may end in. A limit that the server knows saves
     * it from sorting what nobody will read. */
    if (pg->request->query->sql && pg->request->limit > 0 && !pg->since.since)
        wh_buffer_format(&copy, "COPY (SELECT * FROM (%s\n) AS q LIMIT %" PRIu64 ") TO STDOUT",
                         pg->sql.data, pg->request->limit);
    else
        wh_buffer_format(&copy, "COPY (%s\n) TO STDOUT", pg->sql.data);
    PGresult *result = wh_pg_exec(pg->connection, copy.data);
    int status = PQresultStatus(result) == PGRES_COPY_OUT ? 0
                 : pg->since.since ? wh_pg_fail(error, pg->connection, result, NULL)
                                   : query_failed(pg, result, error);
    PQclear(result);
    wh_buffer_free(&copy);
    pg->reader.ops = &copy_ops;
    return status;
}

static int start_single(struct postgres *pg, struct wh_error *error)
{
    if (!PQsendQueryPrepared(pg->connection, "", 0, NULL, NULL, NULL, 0))
        return wh_pg_fail(error, pg->connection, NULL, NULL);
    PQsetSingleRowMode(pg->connection);
    pg->reader.ops = &single_ops;
    return 0;
}

static int start(struct postgres *pg, struct wh_error *error)
{
    bool has_copy = PQserverVersion(pg->connection) >= FIRST_COPY;
    if (!has_copy)
        wh_notify_say(&pg->request->notify, "the server has no COPY of queries; rows are read one "
                      "by one, slower");
    bool copies = has_copy && is_copied(pg->sql.data);
    int status = copies ? start_copy(pg, error) : start_single(pg, error);
    pg->running = status == 0;
    return status;
}

static int open_postgres(struct postgres *pg, const char *url, struct wh_error *error)
{
    if (wh_since_open(pg->request, pg->name, &pg->since.since, error) != 0 ||
        connect_server(pg, url, error) != 0 || begin(pg, error) != 0 || make_sql(pg, error) != 0)
        return -1;
    pg->since.connection = pg->connection;
    if (describe(pg, error) != 0 || order_rows(pg, error) != 0)
        return -1;
    return start(pg, error);
}

struct wh_reader *wh_pg_rows_open(const struct wh_source_request *request,
                                  struct wh_error *error)
{
    struct postgres *pg = wh_alloc(1, sizeof *pg);
    const char *url = request->operands[0];
    pg->request = request;
    pg->name = wh_url_display(url);
    pg->reader = (struct wh_reader){ .ops = &copy_ops, .row = &pg->row, .progress = -1 };
    pg->row.source = pg->name;
    pg->rows.row = &pg->row;
    if (open_postgres(pg, url, error) == 0)
        return &pg->reader;
    wh_error_in(error, "%s", pg->name);
    close_postgres(&pg->reader);
    return NULL;
}
