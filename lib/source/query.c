#include "source/query.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

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
