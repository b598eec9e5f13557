#include "source/source.h"

#include "source/query.h"

/* The last takes every operand. */
static const struct wh_kind *const kinds[] = {
    &wh_sqlite_source.kind, &wh_postgres_source.kind, &wh_file_source.kind, NULL,
};

const struct wh_role wh_sources = { .what = "source", .operand = "SOURCE", .kinds = kinds };

/* What is said about text would be without effect on rows that do not become text. */
static int refuse_text(const struct wh_reading *reading, struct wh_error *error)
{
    const char *given = reading->csv_option ? reading->csv_option : reading->tsv_option;
    return given ? wh_fail(error, WH_REFUSED, "%s applies only to %s, and the rows are written as "
                           "%s (give --output-format)", given, reading->csv_option ? "CSV" : "TSV",
                           reading->csv_option ? "NDJSON" : "another format")
                 : 0;
}

/* The kind of all operands. */
static const struct wh_kind *find_kind(const struct wh_source_request *request,
                                       struct wh_error *error)
{
    const struct wh_kind *kind = wh_kind_find(&wh_sources, request->operands[0], error);
    for (size_t i = 1; kind && i < request->count; i++) {
        const struct wh_kind *other = wh_kind_find(&wh_sources, request->operands[i], error);
        if (other && (other != kind || !(kind->can & WH_CAN_JOIN))) {
            wh_fail(error, WH_REFUSED, "several SOURCEs must all be files");
            return NULL;
        }
        kind = other;
    }
    return kind;
}

struct wh_reader *wh_source_open(struct wh_source_request *request, struct wh_error *error)
{
    if (request->count == 0) {
        wh_kind_missing(&wh_sources, error);
        return NULL;
    }
    const struct wh_kind *kind = find_kind(request, error);
    if (!kind || wh_asked_check(request->asked, kind, error) != 0
        || (!(kind->can & WH_CAN_READ) && refuse_text(request->reading, error) != 0))
        return NULL;
    if (!request->query)
        request->query = wh_asked_values(request->asked, &wh_query_options);
    return ((const struct wh_source_kind *)(const void *)kind)->open(request, error);
}
