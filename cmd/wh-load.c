/* wh-load: rows into a database's table or a file, together with how far they came. */
#include <string.h>
#include <unistd.h>

#include "cli/tool.h"
#include "record/files.h"
#include "sink/load.h"

struct load {
    struct wh_loading loading;
    struct wh_common *common;
};

#define SINK(member) loading.sink.member

static const struct wh_option options[] = {
    WH_HEADING("Into a database or a file"),
    WH_FLAG(struct load, SINK(replace), "replace", 0,
            "the rows take the place of all that is there"),
    WH_TEXT(struct load, SINK(checkpoint), "checkpoint", 0, "C",
            "commit the stream's checkpoints together with the rows, to C: TARGET#NAME in a "
            "database, a file's name beside a file"),
    WH_DURATION(struct load, loading.every, "every", 0, "DURATION",
                "with --checkpoint: at most one commit in so much time",
                .requires = "checkpoint", .otherwise = "1s, and longer where a commit is slow"),
    WH_FLAG(struct load, loading.changed, "changed-recipe", 0,
            "with --checkpoint: go on although the rows come through other recipes than before",
            .requires = "checkpoint"),
};

/* In place of the common option: a file's name says more than the input. */
static const struct wh_option output_options[] = {
    WH_HEADING("Writing rows"),
    WH_CHOICE(struct wh_common, output_format, "output-format", 'o', "FORMAT", wh_output_formats,
              "the format of a target file: ndjson, csv or tsv",
              .otherwise = "by its name, else as the input", .needs = WH_CAN_WRITE),
};

static bool reads_standard_input(const char *const *files, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(files[i], "-") == 0)
            return true;
    return count == 0;
}

/* How a new file is written is known by its name; one that is there may say it by its content. */
static void settle_csv_options(struct load *load, bool file)
{
    const char *target = load->loading.sink.target;
    struct wh_writing writing = load->common->run.writing;
    if (file)
        wh_format_by_name(target, &writing.format, &writing.delimiter, &writing.tsv);
    if (file && writing.format == WH_FORMAT_NONE && access(target, F_OK) == 0)
        writing.format = WH_FORMAT_CSV;
    wh_common_need_csv(load->common, &writing);
}

/* What the options ask for, as a request to the sink. */
static int settle(struct load *load, const char *const *operands, size_t count,
                  struct wh_error *error)
{
    struct wh_loading *loading = &load->loading;
    if (count == 0)
        return wh_kind_missing(&wh_targets, error);
    const struct wh_kind *kind = wh_kind_find(&wh_targets, operands[0], error);
    if (!kind)
        return -1;
    struct wh_writing *writing = &load->common->run.writing;
    if (load->common->delimiter && writing->delimiter == '\0')
        writing->delimiter = *load->common->delimiter;
    loading->sink.target = operands[0];
    loading->piped = reads_standard_input(operands + 1, count - 1);
    loading->sink.rejects = load->common->rejects != NULL;
    loading->sink.writing = writing;
    settle_csv_options(load, kind->can & WH_CAN_WRITE);
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
    struct wh_asked *asked = wh_asked_open(&wh_targets);
    struct load load = { .loading = { .sink = { .asked = asked }, .every = -1 } };
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
        .closing = "See wh-load(1).",
        .asked = asked,
        .parts = parts,
        .part_count = sizeof parts / sizeof *parts,
    };
    int status = wh_tool(&command, &common, argc, argv, load_rows, &load);
    wh_asked_close(asked);
    return status;
}
