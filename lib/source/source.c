#include "source/source.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "database/url.h"

static const struct wh_source_kind kinds[] = {
    { "sqlite:", wh_sqlite_source },
    { "postgresql://", wh_postgres_source },
    { "postgres://", wh_postgres_source },
    { "", wh_file_source },
};
enum { KINDS = sizeof kinds / sizeof *kinds };

const struct wh_source_kind *wh_source_find(const char *operand, struct wh_error *error)
{
    size_t i = 0;
    while (strncmp(operand, kinds[i].prefix, strlen(kinds[i].prefix)) != 0)
        i++;
    const char *names[KINDS];
    for (size_t k = 0; k < KINDS; k++)
        names[k] = kinds[k].prefix;
    if (kinds[i].prefix[0] != '\0'
        || wh_url_check_file(operand, "source", names, KINDS - 1, error) == 0)
        return &kinds[i];
    return NULL;
}

/* What is said about reading text would be without effect on a database, and not by intent. */
static int check_reading(const struct wh_source_request *request, struct wh_error *error)
{
    const struct wh_reading *reading = request->reading;
    const char *given = reading->format != WH_FORMAT_NONE ? "--input-format"
                        : reading->strings                ? "--string"
                        : reading->no_infer               ? "--no-infer"
                        : reading->infer_rows > 0         ? "--infer"
                        : reading->ragged                 ? "--ragged"
                        : reading->max_row > 0            ? "--max-row"
                        : request->complete               ? "--complete"
                                                          : NULL;
    if (given)
        return wh_fail(error, WH_REFUSED, "%s applies only to files, but the source is a database",
                       given);
    given = reading->csv_option ? reading->csv_option : reading->tsv_option;
    return given ? wh_fail(error, WH_REFUSED, "%s applies only to %s, and the rows are written as "
                           "%s (give --output-format)", given, reading->csv_option ? "CSV" : "TSV",
                           reading->csv_option ? "NDJSON" : "another format")
                 : 0;
}

static int check_since(const struct wh_source_request *request, struct wh_error *error)
{
    if (request->changed)
        return wh_fail(error, WH_REFUSED, "--changed-source applies only to databases, and the "
                       "source is a file");
    if (!request->since && !request->from)
        return 0;
    return wh_fail(error, WH_REFUSED, "%s applies only to databases, but the source is a file "
                   "(--checkpoint alone goes on where a file was left)",
                   request->since ? "--since" : "--from");
}

struct wh_reader *wh_source_open(const struct wh_source_request *request, struct wh_error *error)
{
    if (request->count == 0) {
        wh_fail(error, WH_REFUSED, "no SOURCE: name a file (- for standard input), sqlite:PATH or "
                                   "postgresql://...");
        return NULL;
    }
    const struct wh_source_kind *kind = wh_source_find(request->operands[0], error);
    for (size_t i = 1; kind && i < request->count; i++) {
        const struct wh_source_kind *other = wh_source_find(request->operands[i], error);
        if (other && (other->open != wh_file_source || kind->open != wh_file_source)) {
            wh_fail(error, WH_REFUSED, "several SOURCEs must all be files");
            return NULL;
        }
        kind = other;
    }
    if (!kind)
        return NULL;
    int status = kind->open == wh_file_source ? check_since(request, error)
                                              : check_reading(request, error);
    return status == 0 ? kind->open(request, error) : NULL;
}

int wh_source_query(struct wh_buffer *out, const struct wh_source_request *request, size_t parts,
                    struct wh_error *error)
{
    if (!request->table && !request->sql)
        return wh_fail(error, WH_REFUSED, "say what to extract: a table (-t NAME) or a query "
                                          "(-c SQL, -f FILE)");
    if (request->table && request->sql)
        return wh_fail(error, WH_REFUSED, "a table (-t) and a query (-c, -f) exclude each other");
    if (request->sql) {
        wh_buffer_add(out, request->sql, strlen(request->sql));
        return 0;
    }
    wh_buffer_format(out, "SELECT * FROM ");
    if (wh_sql_table(out, request->table, parts, error) != 0)
        return -1;
    if (request->limit > 0 && !request->since)
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
    struct wh_shape *shape = wh_shape_make(columns, count);
    free(columns);
    return shape;
}
