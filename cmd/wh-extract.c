/* wh-extract: rows out of a database or files, as NDJSON on standard output. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/tool.h"
#include "model/modelstore.h"
#include "pipe/origin.h"
#include "pipe/store.h"
#include "sink/checkpoint_name.h"
#include "sink/sink.h"
#include "source/source.h"

struct extract {
    const char *table;
    const char *query;
    const char *query_file;
    const char *since;
    const char *from;
    uint64_t limit;
    const char *checkpoint;
    bool changed;
    bool mark;
    bool complete;
    struct wh_every every;
    bool every_given;
    struct wh_sql_params params;
    char *file_text; /* of query_file */
    struct wh_source_request request;
    struct wh_common *common;
};

enum { LARGEST_QUERY = 16 << 20 };

/* Read as --every's value, where it is not given. */
#define DEFAULT_EVERY "2s"

static int add_param(void *target, const struct wh_option *option, const char *value,
                     struct wh_error *error)
{
    (void)option;
    struct extract *extract = target;
    return wh_sql_params_add(&extract->params, value, error);
}

static int set_every(void *target, const struct wh_option *option, const char *value,
                     struct wh_error *error)
{
    (void)option;
    struct extract *extract = target;
    extract->every_given = true;
    return wh_every_parse(value, &extract->every, error);
}

static const struct wh_option options[] = {
    WH_HEADING("What to extract from a database"),
    WH_TEXT(struct extract, table, "table", 't', "NAME",
            "all of this table or view; schema.table names the schema"),
    WH_TEXT(struct extract, query, "query", 'c', "SQL", "what this query gives"),
    WH_FILE(struct extract, query_file, "query-file", 'f', "FILE",
            "what the query in FILE gives; - is standard input"),
    WH_CALL(add_param, "param", 'v', "NAME=VALUE",
            "the value of :NAME in the query; may be given several times"),
    WH_TEXT(struct extract, since, "since", 0, "COLUMN[,KEY...]",
            "rows in the order of these columns: one that grows with every change, and some that "
            "tell rows apart"),
    WH_TEXT(struct extract, from, "from", 0, "VALUE[,VALUE...]",
            "only rows after these values of --since's columns"),
    WH_COUNT(struct extract, limit, "limit", 0, "N", 0, WH_NO_LIMIT,
             "end after N rows; 0 is no limit", .fallback = "0"),
    WH_HEADING("Going on where the last run was left off"),
    WH_TEXT(struct extract, checkpoint, "checkpoint", 0, "C",
            "go on from what the sink has committed to C: the model's file, DATABASE-URL#NAME or "
            "the file that is --checkpoint at the other end too"),
    WH_CALL(set_every, "every", 0, "ROWS|DURATION", "a checkpoint as often",
            .otherwise = DEFAULT_EVERY),
    WH_FLAG(struct extract, changed, "changed-source", 0,
            "with --checkpoint: continue although the database, table, query or a column of "
            "--since has changed"),
    WH_FLAG(struct extract, complete, "complete", 0,
            "with --checkpoint: the files are complete: take a last row without a line end as it "
            "is, which is held back otherwise"),
    WH_FLAG(struct extract, mark, "mark", 0,
            "mark the begin and the end of the rows, so that none can get lost unnoticed"),
};

/* In place of the common options' part about writing: the input of a database has no format. */
static const struct wh_option output_options[] = {
    WH_HEADING("Writing rows"),
    WH_CHOICE(struct wh_common, output_format, "output-format", 'o', "FORMAT", wh_output_formats,
              "ndjson, csv or tsv", .otherwise = "ndjson"),
};

/* What the options ask for, as a request to the source. */
static int settle(struct extract *extract, const char *const *operands, size_t count,
                  struct wh_error *error)
{
    if (extract->common->run.writing.format == WH_FORMAT_NONE)
        extract->common->run.writing.format = WH_FORMAT_NDJSON;
    if (!extract->every_given && wh_every_parse(DEFAULT_EVERY, &extract->every, error) != 0)
        return -1;
    if (extract->query && extract->query_file)
        return wh_fail(error, WH_REFUSED, "--query and --query-file exclude each other");
    if (extract->query_file) {
        const char *path = strcmp(extract->query_file, "-") == 0 ? "/dev/stdin"
                                                                 : extract->query_file;
        size_t length;
        extract->file_text = wh_read_file(path, LARGEST_QUERY, &length, error);
        if (!extract->file_text)
            return -1;
        if (strlen(extract->file_text) != length)
            return wh_fail(error, WH_REFUSED, "%s: a zero byte is no SQL", path);
    }
    extract->request = (struct wh_source_request){
        .operands = operands,
        .count = count,
        .table = extract->table,
        .sql = extract->query_file ? extract->file_text : extract->query,
        .params = &extract->params,
        .limit = extract->limit,
        .since = extract->since,
        .from = extract->from,
        .changed = extract->changed,
        .complete = extract->complete,
        .reading = &extract->common->run.reading,
        .notify = extract->common->run.notify,
    };
    return 0;
}

/* What --checkpoint can name; a file that is no model's is wh-load's. */
static const struct wh_store_kind *const stores[] = { &wh_postgres_store, &wh_sqlite_store,
                                                      &wh_model_store, &wh_file_store };

static int check_stream(const struct extract *extract, struct wh_error *error)
{
    bool controlled = extract->checkpoint || extract->mark;
    if (extract->checkpoint && extract->mark)
        return wh_fail(error, WH_REFUSED, "--checkpoint marks the begin and the end itself: leave "
                                          "out --mark");
    if (extract->changed && !extract->checkpoint)
        return wh_fail(error, WH_REFUSED, "--changed-source requires --checkpoint C");
    const char *given = extract->every_given ? "--every" : extract->complete ? "--complete" : NULL;
    if (given && !extract->checkpoint)
        return wh_fail(error, WH_REFUSED, "%s needs --checkpoint C", given);
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
    if (settle(extract, operands, count, error) != 0 || check_stream(extract, error) != 0
        || open_origin(extract, &origin, error) != 0)
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
    struct extract extract = { .table = NULL };
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
        .closing = "SOURCE is sqlite:PATH, postgresql://[USER@]HOST/DATABASE, or the names of\n"
                   "files (NDJSON, CSV or TSV, also gzip; - is standard input).\n\n"
                   "  wh-extract sqlite:shop.db -t orders\n"
                   "  wh-extract postgresql:///shop -v day=2024-03-01 \\\n"
                   "      -c 'SELECT * FROM orders WHERE day = :day'\n\n"
                   "See wh-extract(1).",
        .parts = parts,
        .part_count = sizeof parts / sizeof *parts,
    };
    int status = wh_tool(&command, &common, argc, argv, extract_rows, &extract);
    wh_sql_params_free(&extract.params);
    free(extract.file_text);
    return status;
}
