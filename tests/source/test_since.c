/*
 * --since: the SQL that is made, and the promise that its positions keep: wherever a run of a
 * random table is cut, the rows before the cut and those that a new run gives from the position
 * there are all rows, each once and in one order.
 *
 * Without an argument that is tried in SQLite; `test_since postgresql://...` tries it in
 * PostgreSQL, in tables that it creates (see since.bats).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libpq-fe.h>
#include <sqlite3.h>

#include "base/number.h"
#include "source/query.h"
#include "source/since.h"

#include "../trials.h"

static struct wh_error error;

static void no_notice(void *context, const char *text)
{
    (void)context;
    fail_msg("unexpected notice: %s", text);
}

/* ---- SQL ------------------------------------------------------------------------------------- */

static int put_value(void *context, struct wh_buffer *out, size_t index, struct wh_error *ignored)
{
    (void)context, (void)ignored;
    wh_buffer_format(out, "?%zu", index + 1);
    return 0;
}

static const struct wh_since_dialect plain = { .collation = "", .value = put_value };
static const struct wh_since_dialect bound = { .collation = " COLLATE X", .bound_first = true,
                                               .value = put_value };

static struct wh_buffer sql;

static struct wh_since *open_since(const char *columns, const char *from, uint64_t limit)
{
    static struct wh_query query;
    static struct wh_source_request request;
    query = (struct wh_query){ .table = "t", .since = columns, .from = from };
    request = (struct wh_source_request){ .query = &query, .limit = limit };
    struct wh_since *since;
    if (wh_since_open(&request, "sqlite:x", &since, &error) != 0)
        fail_msg("%s", error.text);
    return since;
}

static const char *rows_sql(const char *columns, const char *from, uint64_t limit,
                            const struct wh_since_dialect *dialect)
{
    struct wh_since *since = open_since(columns, from, limit);
    sql.length = 0;
    assert_int_equal(wh_since_rows_sql(since, &sql, "t", dialect, &error), 0);
    wh_since_close(since);
    return wh_buffer_text(&sql);
}

static const char *nulls_sql(const char *columns, const char *from, const bool *filled)
{
    struct wh_since *since = open_since(columns, from, 0);
    sql.length = 0;
    assert_int_equal(wh_since_nulls_sql(since, &sql, "t", filled, &plain, &error), 0);
    wh_since_close(since);
    return wh_buffer_text(&sql);
}

static void rows_are_ordered_and_cut_off_by_all_columns_at_once(void **state)
{
    (void)state;
    assert_string_equal(rows_sql("w", NULL, 0, &plain), "SELECT * FROM t ORDER BY \"w\"");
    assert_string_equal(rows_sql("w,k", "1,2", 5, &plain),
                        "SELECT * FROM t WHERE (\"w\", \"k\") > (?1, ?2) ORDER BY \"w\", \"k\" "
                        "LIMIT 5");
    assert_string_equal(rows_sql("w,k", "1", 0, &plain),
                        "SELECT * FROM t WHERE (\"w\") > (?1) ORDER BY \"w\", \"k\"");
    assert_string_equal(rows_sql("w,k", "1,2", 0, &bound),
                        "SELECT * FROM t WHERE \"w\" COLLATE X >= ?1 AND (\"w\" COLLATE X, \"k\" "
                        "COLLATE X) > (?1, ?2) ORDER BY \"w\" COLLATE X, \"k\" COLLATE X");
    assert_string_equal(rows_sql("a\\,b,c\"d", NULL, 0, &plain),
                        "SELECT * FROM t ORDER BY \"a,b\", \"c\"\"d\"");
}

static void nulls_are_looked_for_where_they_would_hide_rows(void **state)
{
    (void)state;
    const bool filled[] = { true, false };
    assert_string_equal(nulls_sql("w,k", NULL, NULL),
                        "SELECT EXISTS (SELECT 1 FROM t WHERE \"w\" IS NULL), "
                        "EXISTS (SELECT 1 FROM t WHERE \"k\" IS NULL)");
    assert_string_equal(nulls_sql("w,k", "1,2", NULL),
                        "SELECT EXISTS (SELECT 1 FROM t WHERE \"w\" IS NULL), "
                        "EXISTS (SELECT 1 FROM t WHERE \"w\" = ?1 AND \"k\" IS NULL)");
    assert_string_equal(nulls_sql("w,k", "1,2", filled),
                        "SELECT 0 = 1, "
                        "EXISTS (SELECT 1 FROM t WHERE \"w\" = ?1 AND \"k\" IS NULL)");
    assert_string_equal(nulls_sql("w,k", "1", NULL),
                        "SELECT EXISTS (SELECT 1 FROM t WHERE \"w\" IS NULL), 0 = 1");
}

static int take_detail(void *context, int columns, char **values, char **names)
{
    (void)names;
    wh_buffer_format(context, "%s\n", values[columns - 1]);
    return 0;
}

static void an_index_of_sqlite_serves(void **state)
{
    (void)state;
    static const char *const froms[] = { "t", "(SELECT k, w FROM t WHERE v > 0\n) AS wh_query" };
    const struct wh_since_dialect dialect = { .collation = " COLLATE BINARY", .bound_first = true,
                                              .value = put_value };
    sqlite3 *memory;
    assert_int_equal(sqlite3_open(":memory:", &memory), SQLITE_OK);
    sqlite3_exec(memory, "CREATE TABLE t (w TEXT, k INTEGER, v); CREATE INDEX i ON t (w, k)", NULL,
                 NULL, NULL);
    struct wh_since *since = open_since("w,k", "1,2", 0);
    for (size_t i = 0; i < sizeof froms / sizeof *froms; i++) {
        struct wh_buffer plan = { 0 };
        sql.length = 0;
        wh_buffer_format(&sql, "EXPLAIN QUERY PLAN ");
        assert_int_equal(wh_since_rows_sql(since, &sql, froms[i], &dialect, &error), 0);
        assert_int_equal(sqlite3_exec(memory, wh_buffer_text(&sql), take_detail, &plan, NULL),
                         SQLITE_OK);
        assert_string_equal(wh_buffer_text(&plan), "SEARCH t USING INDEX i (w>?)\n");
        wh_buffer_free(&plan);
    }
    wh_since_close(since);
    sqlite3_close(memory);
}

/* ---- random tables --------------------------------------------------------------------------- */

/* A column's type and values that are worth to meet, some of them equal, as SQL. */
struct kind {
    const char *type;
    const char *values[8];
};

struct database {
    const char *url;
    const struct kind *kinds;
    size_t kind_count;
    const char *collation; /* in which texts are equal that this module takes for equal */
    size_t trials;
    void (*execute)(const char *sql);
    size_t (*count)(const char *sql); /* the number that a query gives */
};

static uint64_t random_state = 1;

static size_t below(size_t bound_)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (size_t)(random_state >> 33) % bound_;
}

static const char *any_value(const struct kind *kind)
{
    size_t count = 0;
    while (count < sizeof kind->values / sizeof *kind->values && kind->values[count])
        count++;
    return kind->values[below(count)];
}

enum { MOST_ROWS = 14 };

/* The table t(v, w, k) with v = 1, 2, 3 ... in any order; returns how many rows it has. */
static size_t make_table(const struct database *database)
{
    const struct kind *w = &database->kinds[below(database->kind_count)];
    const struct kind *k = &database->kinds[below(database->kind_count)];
    size_t rows = below(MOST_ROWS + 1);
    struct wh_buffer text = { 0 };
    wh_buffer_format(&text, "DROP TABLE IF EXISTS t; CREATE TABLE t (w %s, v INTEGER, k %s);",
                     w->type, k->type);
    for (size_t i = 0; i < rows; i++)
        wh_buffer_format(&text, "INSERT INTO t VALUES (%s, %zu, %s);", any_value(w), i + 1,
                         any_value(k));
    if (below(2))
        wh_buffer_format(&text, "CREATE INDEX i ON t (w, k, v);");
    database->execute(wh_buffer_text(&text));
    wh_buffer_free(&text);
    return rows;
}

/* ---- cuts ------------------------------------------------------------------------------------ */

struct run {
    size_t rows;
    int order[MOST_ROWS];         /* v of each row */
    json_t *before[MOST_ROWS];    /* the position before it, or NULL */
    json_t *behind[MOST_ROWS];    /* and behind it, while the query goes on */
    json_t *first, *end;
};

/* As a sink keeps it: a text in between. */
static json_t *kept(json_t *position)
{
    if (!position)
        return NULL;
    char *text = json_dumps(position, JSON_COMPACT);
    json_decref(position);
    json_t *read = json_loads(text, 0, &(json_error_t){ 0 });
    if (!read)
        fail_msg("%s is no JSON", text);
    free(text);
    return read;
}

static int v_of(const struct wh_row *row)
{
    const struct wh_field *field = &row->fields[wh_shape_find(row->shape, "v", 1)];
    int64_t value;
    assert_true(wh_number_integer(field->text, field->length, &value));
    return (int)value;
}

static struct run read_all(struct wh_source_request *request, const json_t *position)
{
    request->position = position;
    struct wh_reader *reader = wh_source_open(request, &error);
    if (!reader)
        fail_msg("--since %s: %s", request->query->since, error.text);
    struct run run = { .first = kept(reader->ops->position(reader, true)) };
    enum wh_verdict next;
    while ((next = wh_reader_next(reader, &error)) == WH_PASSED) {
        assert_true(run.rows < MOST_ROWS);
        run.order[run.rows] = v_of(reader->row);
        run.before[run.rows] = kept(reader->ops->position(reader, false));
        run.behind[run.rows] = kept(reader->ops->position(reader, true));
        run.rows++;
    }
    if (next != WH_ENDED)
        fail_msg("--since %s: %s", request->query->since, error.text);
    run.end = kept(reader->ops->position(reader, true));
    wh_reader_close(reader);
    return run;
}

static void free_run(struct run *run)
{
    for (size_t i = 0; i < run->rows; i++) {
        json_decref(run->before[i]);
        json_decref(run->behind[i]);
    }
    json_decref(run->first);
    json_decref(run->end);
}

static int by_number(const void *left, const void *right)
{
    return *(const int *)left - *(const int *)right;
}

/* From `position` on come the rows from number `first` of the whole on; those of one tuple in any
 * order. */
static void expect_rest(struct wh_source_request *request, const struct run *whole, size_t first,
                        const json_t *position)
{
    struct run rest = read_all(request, position);
    int wanted[MOST_ROWS];
    assert_int_equal(rest.rows, whole->rows - first);
    memcpy(wanted, whole->order + first, rest.rows * sizeof *wanted);
    if (!strchr(request->query->since, ',')) {
        qsort(wanted, rest.rows, sizeof *wanted, by_number);
        qsort(rest.order, rest.rows, sizeof *rest.order, by_number);
    }
    assert_memory_equal(wanted, rest.order, rest.rows * sizeof *wanted);
    assert_true(json_equal(rest.first, position));
    free_run(&rest);
}

/* Returns before how many rows there is a position. */
static size_t check_cuts(struct wh_source_request *request, size_t rows, bool keyed)
{
    struct run whole = read_all(request, NULL);
    size_t places = 0;
    assert_int_equal(whole.rows, rows);
    expect_rest(request, &whole, 0, whole.first);
    expect_rest(request, &whole, rows, whole.end);
    for (size_t i = 0; i < rows; i++) {
        assert_int_equal(whole.behind[i] != NULL, keyed);
        if (whole.behind[i])
            expect_rest(request, &whole, i + 1, whole.behind[i]);
        if (!whole.before[i])
            continue;
        places++;
        expect_rest(request, &whole, i, whole.before[i]);
    }
    free_run(&whole);
    return places;
}

static void try_table(const struct database *database)
{
    static const char *const lists[] = { "w", "w,k,v", "k,w,v", "v" };
    struct wh_query query = { .table = NULL };
    struct wh_reading reading = { 0 };
    struct wh_source_request request = {
        .operands = &database->url, .count = 1, .query = &query, .resumable = true,
        .reading = &reading, .notify = { no_notice, NULL },
    };
    size_t rows = make_table(database);
    query.since = lists[below(sizeof lists / sizeof *lists)];
    bool keyed = strchr(query.since, ',') != NULL;
    if (below(2)) {
        query.table = "t";
    } else {
        query.sql = "SELECT k, v, w FROM t WHERE v > :least -- all of them";
        wh_sql_params_add(&query.params, "least=0", &error);
    }
    size_t places = check_cuts(&request, rows, keyed);
    struct wh_buffer count = { 0 };
    wh_buffer_format(&count, "SELECT count(*) FROM (SELECT DISTINCT %s%s FROM t) AS q",
                     keyed ? "v" : query.since, keyed ? "" : database->collation);
    assert_int_equal(places, database->count(wh_buffer_text(&count)));
    wh_buffer_free(&count);
    wh_sql_params_free(&query.params);
}

static void try_tables(const struct database *database)
{
    random_state = 1;
    for (size_t i = 0; i < database->trials; i++)
        try_table(database);
}

/* ---- SQLite ---------------------------------------------------------------------------------- */

static sqlite3 *sqlite;

static void sqlite_execute(const char *text)
{
    char *message = NULL;
    if (sqlite3_exec(sqlite, text, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", text, message);
}

static int take_count(void *context, int columns, char **values, char **names)
{
    (void)columns, (void)names;
    *(size_t *)context = (size_t)atoi(values[0]);
    return 0;
}

static size_t sqlite_count(const char *text)
{
    size_t count = 0;
    if (sqlite3_exec(sqlite, text, take_count, &count, NULL) != SQLITE_OK)
        fail_msg("%s: %s", text, sqlite3_errmsg(sqlite));
    return count;
}

static void a_cut_anywhere_loses_and_doubles_no_row_of_sqlite(void **state)
{
    (void)state;
    static const struct kind kinds[] = {
        { "INTEGER", { "1", "2", "-5", "9223372036854775807", "(-9223372036854775807 - 1)",
                       "9007199254740993", "9007199254740992" } },
        { "REAL", { "0.0", "-0.0", "0.1", "1e300", "-1.5", "9007199254740992.0", "5e-324" } },
        { "", { "1", "1.0", "9007199254740993", "9007199254740992.0", "'1'", "'a'", "-0.0", "0" } },
        { "TEXT COLLATE NOCASE", { "'a'", "'A'", "'b'", "''", "'q\"u''o\\te'", "char(10) || 'x'",
                                   "'é'", "'2024'" } },
        { "NUMERIC", { "1", "2.5", "'abc'", "1e15", "'12345678901234567890'" } },
        { "BOOLEAN", { "0", "1", "2" } },
    };
    char url[] = "sqlite:/tmp/wh-since-XXXXXX";
    char *file = url + strlen("sqlite:");
    const struct database database = {
        .url = url, .kinds = kinds, .kind_count = sizeof kinds / sizeof *kinds,
        .collation = " COLLATE BINARY", .trials = trials_of(400), .execute = sqlite_execute,
        .count = sqlite_count,
    };
    int descriptor = mkstemp(file);
    assert_true(descriptor >= 0 && close(descriptor) == 0);
    assert_int_equal(sqlite3_open(file, &sqlite), SQLITE_OK);
    sqlite_execute("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY");
    try_tables(&database);
    sqlite3_close(sqlite);
    unlink(file);
}

/* ---- PostgreSQL ------------------------------------------------------------------------------ */

static const char *postgres_url;
static PGconn *postgres;

static void postgres_execute(const char *text)
{
    PGresult *result = PQexec(postgres, text);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", text, PQerrorMessage(postgres));
    PQclear(result);
}

static size_t postgres_count(const char *text)
{
    PGresult *result = PQexec(postgres, text);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        fail_msg("%s: %s", text, PQerrorMessage(postgres));
    size_t count = (size_t)atoi(PQgetvalue(result, 0, 0));
    PQclear(result);
    return count;
}

static void a_cut_anywhere_loses_and_doubles_no_row_of_postgresql(void **state)
{
    (void)state;
    static const struct kind kinds[] = {
        { "bigint", { "1", "2", "-5", "9223372036854775807", "-9223372036854775808" } },
        { "float8", { "'0'", "'-0'", "'NaN'", "'Infinity'", "'-Infinity'", "'0.1'", "'1e300'",
                      "'5e-324'" } },
        { "real", { "'0'", "'-0'", "'0.1'", "'1e30'", "'NaN'" } },
        { "numeric", { "1.0", "1.00", "100", "1e2", "-0.50", "-0.5", "'NaN'",
                       "123456789012345678901234567890.1" } },
        { "numeric(10,2)", { "1", "1.10", "0", "-0.5" } },
        { "text", { "'a'", "'A'", "'b'", "''", "'q\"u''o\\te'", "E'tab\\tline\\n'", "'é'", "' a'" } },
        { "text COLLATE \"C\"", { "'a'", "'A'", "'b'", "E'\\v'", "'NULL'", "'\\N'" } },
        { "char(3)", { "'a'", "'ab'", "'a '", "'b\\'", "''" } },
        { "bpchar", { "'a'", "'a '", "'a  '", "'b'" } },
        { "timestamptz", { "'2024-01-01 00:00:00.000001+00'", "'2024-01-01 02:00:00.000001+02'",
                           "'2024-01-01 00:00:00.000002+00'", "'infinity'", "'-infinity'",
                           "'0044-03-15 01:02:03.5+00 BC'", "'20240-01-01 00:00:00+00'" } },
        { "timestamp", { "'2024-01-01 00:00:00.000001'", "'2024-01-01'", "'infinity'",
                         "'0044-03-15 01:02:03 BC'", "'20240-01-01'" } },
        { "date", { "'2024-01-01'", "'2023-12-31'", "'0044-03-15 BC'", "'20240-01-01'" } },
        { "time", { "'00:00'", "'24:00'", "'12:00:00.000001'" } },
        { "uuid", { "'6ba7b810-9dad-11d1-80b4-00c04fd430c8'",
                    "'6BA7B810-9DAD-11D1-80B4-00C04FD430C8'",
                    "'00000000-0000-0000-0000-000000000000'" } },
        { "boolean", { "true", "false" } },
        { "mood", { "'so'", "'calm'", "'good'" } },
        { "inet", { "'10.0.0.1'", "'10.0.0.1/8'", "'::1'", "'10.0.0.0/8'" } },
        { "positive", { "1", "2", "10" } },
    };
    const struct database database = {
        .url = postgres_url, .kinds = kinds, .kind_count = sizeof kinds / sizeof *kinds,
        .collation = "", .trials = trials_of(30), .execute = postgres_execute, .count = postgres_count,
    };
    postgres = PQconnectdb(postgres_url);
    if (PQstatus(postgres) != CONNECTION_OK)
        fail_msg("%s", PQerrorMessage(postgres));
    postgres_execute("SET client_min_messages = warning; SET synchronous_commit = off;"
                     "CREATE TYPE mood AS ENUM ('so', 'good', 'calm');"
                     "CREATE DOMAIN positive AS int CHECK (value > 0)");
    try_tables(&database);
    postgres_execute("DROP TABLE t; DROP TYPE mood; DROP DOMAIN positive");
    PQfinish(postgres);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_ordered_and_cut_off_by_all_columns_at_once),
        cmocka_unit_test(nulls_are_looked_for_where_they_would_hide_rows),
        cmocka_unit_test(an_index_of_sqlite_serves),
        cmocka_unit_test(a_cut_anywhere_loses_and_doubles_no_row_of_sqlite),
    };
    const struct CMUnitTest with_server[] = {
        cmocka_unit_test(a_cut_anywhere_loses_and_doubles_no_row_of_postgresql),
    };
    if (argc > 1)
        postgres_url = argv[1];
    int failed = argc > 1 ? cmocka_run_group_tests(with_server, NULL, NULL)
                          : cmocka_run_group_tests(tests, NULL, NULL);
    wh_buffer_free(&sql);
    return failed;
}
