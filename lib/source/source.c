#include "source/source.h"

#include <stdbool.h>
#include <string.h>

#include "database/url.h"

/* The last takes every operand. */
static const struct wh_source_kind *const kinds[] = {
    &wh_sqlite_source, &wh_postgres_source, &wh_file_source,
};
enum { KINDS = sizeof kinds / sizeof *kinds };

const struct wh_source_kind *wh_source_find(const char *operand, struct wh_error *error)
{
    const char *const *prefixes[KINDS];
    for (size_t i = 0; i < KINDS; i++)
        prefixes[i] = kinds[i]->prefixes;
    size_t found = wh_url_kind(operand, "source", prefixes, KINDS, error);
    return found < KINDS ? kinds[found] : NULL;
}

/* What is said about reading text would be without effect on a database, and not by intent. */
static int refuse_reading(const struct wh_source_request *request,
                          const struct wh_source_kind *kind, struct wh_error *error)
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
        return wh_fail(error, WH_REFUSED, "%s applies only to files, but the source is %s", given,
                       kind->what);
    given = reading->csv_option ? reading->csv_option : reading->tsv_option;
    return given ? wh_fail(error, WH_REFUSED, "%s applies only to %s, and the rows are written as "
                           "%s (give --output-format)", given, reading->csv_option ? "CSV" : "TSV",
                           reading->csv_option ? "NDJSON" : "another format")
                 : 0;
}

static int refuse_since(const struct wh_source_request *request,
                        const struct wh_source_kind *kind, struct wh_error *error)
{
    if (request->changed)
        return wh_fail(error, WH_REFUSED, "--changed-source applies only to databases, and the "
                       "source is %s", kind->what);
    if (!request->since && !request->from)
        return 0;
    return wh_fail(error, WH_REFUSED, "%s applies only to databases, but the source is %s "
                   "(--checkpoint alone goes on where a file was left)",
                   request->since ? "--since" : "--from", kind->what);
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
        if (other && (other != kind || !(kind->can & WH_SOURCE_JOIN))) {
            wh_fail(error, WH_REFUSED, "several SOURCEs must all be files");
            return NULL;
        }
        kind = other;
    }
    if (!kind)
        return NULL;
    if ((!(kind->can & WH_SOURCE_QUERY) && refuse_since(request, kind, error) != 0)
        || (!(kind->can & WH_SOURCE_READ) && refuse_reading(request, kind, error) != 0))
        return NULL;
    return kind->open(request, error);
}
