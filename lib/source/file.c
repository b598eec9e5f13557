/* Files: NDJSON, CSV and TSV, plain or gzip, and standard input. */
#include "base/scheme.h"
#include "record/files.h"
#include "source/source.h"

struct file_options {
    bool complete;
};

static const struct wh_option options[] = {
    WH_HEADING("What to extract from files"),
    WH_FLAG(struct file_options, complete, "complete", 0,
            "with --checkpoint: the files are complete: take a last row without a line end as it "
            "is, which is held back otherwise", .requires = "checkpoint"),
};

static const struct wh_option_group file_options = { WH_GROUP(options, struct file_options) };

static struct wh_reader *open_files(const struct wh_source_request *request,
                                    struct wh_error *error)
{
    const struct file_options *asked = wh_asked_values(request->asked, &file_options);
    for (size_t i = 0; i < request->count; i++)
        if (wh_scheme_refuse_sqlite(request->operands[i], error) != 0)
            return NULL;
    struct wh_reading reading = *request->reading;
    reading.position = request->position;
    reading.resumable = request->resumable;
    reading.complete = asked && asked->complete;
    return wh_reader_open(&reading, request->operands, request->count, error);
}

static const char *const every_name[] = { "", NULL };
static const struct wh_option_group *const groups[] = { &file_options, NULL };

const struct wh_source_kind wh_file_source = {
    .kind = {
        .name = "files",
        .one = "a file",
        .all = "files",
        .prefixes = every_name,
        .operand = "FILE...",
        .help = "files of NDJSON, CSV or TSV, also gzip; - is standard input",
        .example = "  wh-extract orders-*.csv.gz",
        .can = WH_CAN_READ | WH_CAN_JOIN,
        .groups = groups,
    },
    .open = open_files,
};
