/* Files: NDJSON, CSV and TSV, plain or gzip, and standard input. */
#include "base/scheme.h"
#include "record/files.h"
#include "source/source.h"

static struct wh_reader *open_files(const struct wh_source_request *request,
                                    struct wh_error *error)
{
    if (request->table || request->sql || request->params->count > 0) {
        wh_fail(error, WH_REFUSED, "%s is a file: -t, -c, -f and -v are for databases",
                request->operands[0]);
        return NULL;
    }
    for (size_t i = 0; i < request->count; i++)
        if (wh_scheme_refuse_sqlite(request->operands[i], error) != 0)
            return NULL;
    struct wh_reading reading = *request->reading;
    reading.position = request->position;
    reading.resumable = request->resumable;
    reading.complete = request->complete;
    return wh_reader_open(&reading, request->operands, request->count, error);
}

static const char *const every_name[] = { "", NULL };

const struct wh_source_kind wh_file_source = {
    .what = "a file",
    .prefixes = every_name,
    .can = WH_SOURCE_READ | WH_SOURCE_JOIN,
    .open = open_files,
};
