/* wh-extract: rows out of a database or files, as NDJSON on standard output. */
#include <stdlib.h>
#include <unistd.h>

#include "cli/tool.h"
#include "model/modelstore.h"
#include "pipe/origin.h"
#include "pipe/store.h"
#include "sink/checkpoint_name.h"
#include "sink/sink.h"
#include "source/source.h"

struct extract {
    uint64_t limit;
    const char *checkpoint;
    bool mark;
    struct wh_every every;
    struct wh_source_request request;
    struct wh_common *common;
};

static int set_every(void *target, const struct wh_option *option, const char *value,
                     struct wh_error *error)
{
    (void)option;
    struct extract *extract = target;
    return wh_every_parse(value, &extract->every, error);
}

static const struct wh_option options[] = {
    WH_HEADING("How many rows, and whether they are all there"),
    WH_COUNT(struct extract, limit, "limit", 0, "N", 0, WH_NO_LIMIT,
             "end after N rows; 0 is no limit", .fallback = "0"),
    WH_FLAG(struct extract, mark, "mark", 0,
            "mark the begin and the end of the rows, so that none can get lost unnoticed"),
    WH_HEADING("Going on where the last run was left off"),
    WH_TEXT(struct extract, checkpoint, "checkpoint", 0, "C",
            "go on from what the sink has committed to C: the model's file, DATABASE-URL#NAME or "
            "the file that is --checkpoint at the other end too"),
    WH_CALL(set_every, "every", 0, "ROWS|DURATION", "a checkpoint as often",
            .requires = "checkpoint", .fallback = "2s"),
};

/* In place of the common options' part about writing: the input of a database has no format. */
static const struct wh_option output_options[] = {
    WH_HEADING("Writing rows"),
    WH_CHOICE(struct wh_common, output_format, "output-format", 'o', "FORMAT", wh_output_formats,
              "ndjson, csv or tsv", .otherwise = "ndjson"),
};

/* What the options ask for, as a request to the source. */
static void settle(struct extract *extract, const char *const *operands, size_t count)
{
    if (extract->common->run.writing.format == WH_FORMAT_NONE)
        extract->common->run.writing.format = WH_FORMAT_NDJSON;
    extract->request.operands = operands;
    extract->request.count = count;
    extract->request.limit = extract->limit;
    extract->request.reading = &extract->common->run.reading;
    extract->request.notify = extract->common->run.notify;
}

/* What --checkpoint can name; a file that is no model's is wh-load's. */
static const struct wh_store_kind *const stores[] = { &wh_table_store, &wh_model_store,
                                                      &wh_file_store };

static int check_stream(const struct extract *extract, struct wh_error *error)
{
    bool controlled = extract->checkpoint || extract->mark;
    if (extract->checkpoint && extract->mark)
        return wh_fail(error, WH_REFUSED, "--checkpoint marks the begin and the end itself: leave "
                                          "out --mark");
    if (controlled && extract->common->run.writing.format == WH_FORMAT_CSV)
        return wh_fail(error, WH_REFUSED, "CSV has no room for control records: %s needs "
                       "--output-format ndjson", extract->mark ? "--mark" : "--checkpoint");
    return 0;
}

/* Opens the stream's origin, which says where to go on. NULL in *origin: there are no control
 * records. */
static int open_origin(struct extract *extract, struct wh_origin **origin, struct wh_error *error)
{
    *origin = NULL;
    if (!extract->checkpoint && !extract->mark)
        return 0;
    struct wh_store *store = NULL;
    if (extract->checkpoint &&
        !(store = wh_store_open(stores, extract->checkpoint, &extract->request.notify, error)))
        return -1;
    char *name = extract->checkpoint ? wh_checkpoint_display(extract->checkpoint) : NULL;
    *origin = wh_origin_open(store, name, &extract->every, error);
    free(name);
    if (!*origin)
        return -1;
    extract->request.resumable = extract->checkpoint != NULL;
    extract->request.position = wh_origin_position(*origin);
    return 0;
}

static int extract_rows(void *context, struct wh_common *common, const char *const *operands,
                        size_t count, struct wh_error *error)
{
    struct extract *extract = context;
    struct wh_origin *origin;
    extract->common = common;
    if (extract->checkpoint || extract->mark)
        wh_run_owe_farewell(&common->run);
    settle(extract, operands, count);
    if (check_stream(extract, error) != 0 || open_origin(extract, &origin, error) != 0)
        return -1;
    struct wh_reader *reader = wh_source_open(&extract->request, error);
    struct wh_run run = { .settings = &common->run, .reader = reader, .output = STDOUT_FILENO,
                          .limit = extract->limit, .origin = origin };
    int result = reader ? wh_run(&run, error) : -1;
    wh_reader_close(reader);
    wh_origin_close(origin);
    return result;
}

int main(int argc, char **argv)
{
    struct wh_common common = { .tool = "wh-extract" };
    struct wh_asked *asked = wh_asked_open(&wh_sources);
    struct extract extract = { .request = { .asked = asked } };
    const struct wh_option_part parts[] = {
        WH_PART(options, &extract),
        wh_common_reading(&common),
        WH_PART(output_options, &common),
        wh_common_columns(&common),
    };
    const struct wh_command command = {
        .tool = "wh-extract",
        .usage = "[OPTION]... SOURCE...",
        .summary = "Writes the rows of a database or of files to standard output.",
        .closing = "See wh-extract(1).",
        .asked = asked,
        .parts = parts,
        .part_count = sizeof parts / sizeof *parts,
    };
    int status = wh_tool(&command, &common, argc, argv, extract_rows, &extract);
    wh_asked_close(asked);
    return status;
}
