#include "source/query.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

enum { LARGEST_QUERY = 16 << 20 };

/* ---- options --------------------------------------------------------------------------------- */

static int add_param(void *target, const struct wh_option *option, const char *value,
                     struct wh_error *error)
{
    (void)option;
    struct wh_query *query = target;
    return wh_sql_params_add(&query->params, value, error);
}

static const struct wh_option options[] = {
    WH_HEADING("What to extract from a database"),
    WH_TEXT(struct wh_query, table, "table", 't', "NAME",
            "all of this table or view; schema.table names the schema"),
    WH_TEXT(struct wh_query, sql, "query", 'c', "SQL", "what this query gives"),
    WH_FILE(struct wh_query, file, "query-file", 'f', "FILE",
            "what the query in FILE gives; - is standard input"),
    WH_CALL(add_param, "param", 'v', "NAME=VALUE",
            "the value of :NAME in the query; may be given several times"),
    WH_TEXT(struct wh_query, since, "since", 0, "COLUMN[,KEY...]",
            "rows in the order of these columns: one that grows with every change, and some that "
            "tell rows apart",
            .elsewhere = "--checkpoint alone goes on where a file was left"),
    WH_TEXT(struct wh_query, from, "from", 0, "VALUE[,VALUE...]",
            "only rows after these values of --since's columns",
            .elsewhere = "--checkpoint alone goes on where a file was left"),
    WH_FLAG(struct wh_query, changed, "changed-source", 0,
            "with --checkpoint: continue although the database, table, query or a column of "
            "--since has changed", .requires = "checkpoint"),
};

/* Reads the query's file. */
static int settle(void *values, struct wh_error *error)
{
    struct wh_query *query = values;
    if (!query->file)
        return 0;
    if (query->sql)
        return wh_fail(error, WH_REFUSED, "--query and --query-file exclude each other");
    const char *path = strcmp(query->file, "-") == 0 ? "/dev/stdin" : query->file;
    size_t length;
    query->file_text = wh_read_file(path, LARGEST_QUERY, &length, error);
    if (!query->file_text)
        return -1;
    if (strlen(query->file_text) != length)
        return wh_fail(error, WH_REFUSED, "%s: contains a zero byte, so it is not SQL", path);
    query->sql = query->file_text;
    return 0;
}

static void clear(void *values)
{
    struct wh_query *query = values;
    wh_sql_params_free(&query->params);
    free(query->file_text);
}

const struct wh_option_group wh_query_options = {
    WH_GROUP(options, struct wh_query), .settle = settle, .clear = clear,
};

/* ---- queries --------------------------------------------------------------------------------- */

int wh_source_query(struct wh_buffer *out, const struct wh_source_request *request, size_t parts,
                    struct wh_error *error)
{
    const struct wh_query *query = request->query;
    if (!query->table && !query->sql)
        return wh_fail(error, WH_REFUSED, "say what to extract: a table (-t NAME) or a query "
                                          "(-c SQL, -f FILE)");
    if (query->table && query->sql)
        return wh_fail(error, WH_REFUSED, "a table (-t) and a query (-c, -f) exclude each other");
    if (query->sql) {
        wh_buffer_add(out, query->sql, strlen(query->sql));
        return 0;
    }
    wh_buffer_format(out, "SELECT * FROM ");
    if (wh_sql_table(out, query->table, parts, error) != 0)
        return -1;
    if (request->limit > 0 && !query->since)
        wh_buffer_format(out, " LIMIT %" PRIu64, request->limit);
    return 0;
}

struct wh_shape *wh_source_shape(const char *const *names, size_t count, struct wh_error *error)
{
    if (count == 0) {
        wh_fail(error, WH_REFUSED, "the SQL gives no columns");
        return NULL;
    }
    if (strcmp(names[0], "@wh") == 0) {
        wh_fail(error, WH_REFUSED, "the first column must not be called @wh (rename it with AS)");
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(names[i], names[k]) != 0)
                continue;
            char quoted[96];
            wh_fail(error, WH_REFUSED,
                    "columns %zu and %zu are both called %s (rename one with AS)", k + 1,
                    i + 1, wh_quote(quoted, names[i], strlen(names[i])));
            return NULL;
        }
    }
    struct wh_column *columns = wh_alloc(count, sizeof *columns);
    for (size_t i = 0; i < count; i++)
        columns[i] = wh_column_named(names[i]);
    struct wh_shape *shape = wh_shape_open(columns, count);
    free(columns);
    return shape;
}
