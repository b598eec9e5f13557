/* wh-load: rows into a database's table or a file, together with how far they came. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/time.h"
#include "cli/tool.h"
#include "record/files.h"
#include "sink/load.h"

struct load {
    struct wh_loading loading;
    const char *schema_file;
    struct wh_name_list key;
    json_t *schema;
    struct wh_common *common;
};

enum { LARGEST_SCHEMA = 16 << 20 };

#define SINK(member) loading.sink.member

static const struct wh_option options[] = {
    WH_HEADING("Into a database"),
    WH_TEXT(struct load, SINK(table), "table", 't', "NAME",
            "the table that gets the rows; schema.table names the schema"),
    WH_NAMES(struct load, key, "key", 0, "A,B,...",
             "the columns that identify a row: one that is there already is changed"),
    WH_FLAG(struct load, SINK(create), "create", 0,
            "make the table where it is not there, with columns as the rows have them"),
    WH_FILE(struct load, schema_file, "schema", 0, "FILE",
            "make it with the columns in FILE: {\"columns\":{\"id\":\"bigint\"}}"),
    WH_FLAG(struct load, SINK(apply), "apply", 0,
            "rows say in _op what is to be done: upsert, insert, update, delete or truncate"),
    WH_HEADING("Into a database or a file"),
    WH_FLAG(struct load, SINK(replace), "replace", 0,
            "the rows take the place of all that is there"),
    WH_TEXT(struct load, SINK(checkpoint), "checkpoint", 0, "C",
            "commit the stream's checkpoints together with the rows, to C: TARGET#NAME in a "
            "database, a file's name beside a file"),
    WH_DURATION(struct load, loading.every, "every", 0, "DURATION",
                "with --checkpoint: at most one commit in so much time",
                .otherwise = "1s, and longer where a commit is slow"),
    WH_TEXT(struct load, SINK(rotate), "rotate", 0, "NAME",
            "with --checkpoint: the name that a target file gets when it is complete, a pattern "
            "such as orders-%F.csv; when that gives another name, a new file begins"),
    WH_FLAG(struct load, loading.changed, "changed-recipe", 0,
            "with --checkpoint: go on although the rows come through other recipes than before"),
    WH_FLAG(struct load, SINK(changed), "changed-target", 0,
            "with --checkpoint: continue although the table is no longer the one that the rows "
            "before went to"),
};

/* In place of the common option: a file's name says more than the input. */
static const struct wh_option output_options[] = {
    WH_HEADING("Writing rows"),
    WH_CHOICE(struct wh_common, output_format, "output-format", 'o', "FORMAT", wh_output_formats,
              "the format of a target file: ndjson, csv or tsv",
              .otherwise = "by its name, else as the input"),
};

static int read_schema(struct load *load, struct wh_error *error)
{
    size_t length;
    json_error_t broken;
    char *text = wh_read_file(load->schema_file, LARGEST_SCHEMA, &length, error);
    if (!text)
        return -1;
    load->schema = json_loadb(text, length, JSON_REJECT_DUPLICATES, &broken);
    free(text);
    load->loading.sink.schema = load->schema;
    return load->schema ? 0
                        : wh_fail(error, WH_REFUSED, "%s:%d: %s", load->schema_file, broken.line,
                                  broken.text);
}

static bool reads_standard_input(const char *const *files, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(files[i], "-") == 0)
            return true;
    return count == 0;
}

/* How a new file is written is known by its name; one that is there may say it by its content. */
static void settle_csv_options(struct load *load)
{
    const struct wh_sink_request *request = &load->loading.sink;
    struct wh_writing writing = load->common->run.writing;
    if (!request->table)
        wh_format_by_name(request->target, &writing.format, &writing.delimiter, &writing.tsv);
    if (!request->table && writing.format == WH_FORMAT_NONE && access(request->target, F_OK) == 0)
        writing.format = WH_FORMAT_CSV;
    wh_common_need_csv(load->common, &writing);
}

/* What the options ask for, as a request to the sink. */
static int settle(struct load *load, const char *const *operands, size_t count,
                  struct wh_error *error)
{
    struct wh_loading *loading = &load->loading;
    if (count == 0)
        return wh_fail(error, WH_REFUSED, "no TARGET: name sqlite:PATH, postgresql://... or a "
                                          "file");
    const char *given = loading->every >= 0     ? "--every"
                        : loading->changed      ? "--changed-recipe"
                        : loading->sink.changed ? "--changed-target"
                                                : NULL;
    if (given && !loading->sink.checkpoint)
        return wh_fail(error, WH_REFUSED, "%s requires --checkpoint", given);
    if (load->schema_file && read_schema(load, error) != 0)
        return -1;
    struct wh_writing *writing = &load->common->run.writing;
    if (load->common->delimiter && writing->delimiter == '\0')
        writing->delimiter = *load->common->delimiter;
    loading->sink.target = operands[0];
    loading->piped = reads_standard_input(operands + 1, count - 1);
    loading->sink.key = load->key.names;
    loading->sink.key_count = load->key.count;
    loading->sink.rejects = load->common->rejects != NULL;
    loading->sink.writing = writing;
    settle_csv_options(load);
    loading->sink.notify = load->common->run.notify;
    return 0;
}

static int load_rows(void *context, struct wh_common *common, const char *const *operands,
                     size_t count, struct wh_error *error)
{
    struct load *load = context;
    load->common = common;
    if (settle(load, operands, count, error) != 0)
        return -1;
    struct wh_stage *stage = wh_load_open(&load->loading, error);
    if (!stage)
        return -1;
    struct wh_run run = { .settings = &common->run, .stage = stage, .output = -1 };
    int failed = wh_run_files(&run, operands + 1, count - 1, error);
    stage->ops->close(stage);
    return failed;
}

int main(int argc, char **argv)
{
    struct wh_common common = { .tool = "wh-load" };
    struct load load = { .loading = { .every = -1 } };
    const struct wh_option_part parts[] = {
        WH_PART(options, &load),
        wh_common_reading(&common),
        WH_PART(output_options, &common),
        wh_common_columns(&common),
    };
    const struct wh_command command = {
        .tool = "wh-load",
        .usage = "[OPTION]... TARGET [FILE]...",
        .summary = "Puts rows into a database's table or a file: all of them or none.",
        .closing = "TARGET is sqlite:PATH, postgresql://[USER@]HOST/DATABASE, or the name of a\n"
                   "file (.ndjson, .csv or .tsv, each also .gz).\n\n"
                   "  wh-load sqlite:shop.db -t orders --create --key id orders.csv\n"
                   "  wh-extract sqlite:shop.db -t orders --since id --checkpoint done.json |\n"
                   "      wh-load orders.ndjson.gz --checkpoint done.json\n\n"
                   "See wh-load(1).",
        .parts = parts,
        .part_count = sizeof parts / sizeof *parts,
    };
    int status = wh_tool(&command, &common, argc, argv, load_rows, &load);
    json_decref(load.schema);
    wh_name_list_free(&load.key);
    return status;
}
