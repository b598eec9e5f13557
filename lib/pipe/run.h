/*
 * The run: the one loop that reads rows, hands them to a stage and writes what comes out; with
 * rejects, progress, statistics and the options that all tools share.
 */
#ifndef WH_PIPE_RUN_H
#define WH_PIPE_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "cli/options.h"
#include "pipe/stage.h"
#include "record/reader.h"
#include "record/writer.h"

struct wh_progress;
struct wh_origin;

/* What --max-rejects allows; the end of the run comes when more than that was rejected. */
struct wh_reject_limit {
    enum { WH_REJECT_ALL, WH_REJECT_ROWS, WH_REJECT_SHARE } kind;
    uint64_t rows;
    double percent; /* of the rows read; judged from 100 rows on, and at the end */
};

/* What the common options say. The tool sets `tool`, zeroes the rest, parses, settles. */
struct wh_common {
    const char *tool;
    const char *input_format;  /* ndjson, csv, tsv, auto */
    const char *output_format; /* ndjson, csv, tsv */
    const char *delimiter;
    const char *strings;
    const char *rejects;       /* --rejects FILE */
    const char *max_rejects;   /* N or P% */
    const char *stats;
    uint64_t infer;
    uint64_t max_row;
    bool no_header, no_infer, ragged, tsv_escapes, progress, quiet;
    const char **nulls;
    size_t null_count;
    const char **columns;      /* --columns; the names stand in column_text */
    size_t column_count;
    char *column_text;
    struct wh_reading reading; /* made from the above by wh_common_settle */
    struct wh_writing writing;
    struct wh_reject_limit reject_limit;
    struct wh_buffer farewell; /* where the run fails: what the tool after this one is told, once
                                  the reason has been written (wh_farewell) */
    struct wh_progress *drawn; /* what wh_run shows at the moment; wh_notice clears it first */
};

/*
 * The options' table; its target is the struct wh_common. The options of the output stand last: a
 * tool that writes no rows takes only the first wh_common_reading_count.
 */
extern const struct wh_option wh_common_options[];
extern const size_t wh_common_option_count;
extern const size_t wh_common_reading_count;

/* The call of --columns, for a tool that has its own table of output options. */
int wh_common_set_columns(void *target, const struct wh_option *option, const char *value,
                          struct wh_error *error);

/*
 * Checks the options against each other and fills reading and writing (not its columns). What
 * names of files say about the format is not settled here but by the reader, file by file.
 */
int wh_common_settle(struct wh_common *common, struct wh_error *error);
/* Fills reading's csv_option and tsv_option; wh_common_settle has done so for its own `writing`.
 * For a tool that learns later how rows are written. */
void wh_common_need_csv(struct wh_common *common, const struct wh_writing *writing);
void wh_common_free(struct wh_common *common);

struct wh_run {
    struct wh_common *common;
    struct wh_reader *reader;
    struct wh_stage *stage;   /* NULL: rows pass unchanged */
    int output;               /* descriptor; -1: the stage emits nothing */
    uint64_t limit;           /* stop after so many rows read; 0: none */
    struct wh_origin *origin; /* makes control records (pipe/origin.h); NULL: passes on those that
                                 come */

    /* Counted by wh_run. */
    uint64_t rows_in, rows_out, rows_rejected, bytes_in, bytes_out;
    double seconds;
    bool has_lag;       /* there is a commit to wait for */
    struct wh_lag lag;  /* at the end: what was not committed */
};

/*
 * Runs to the end of the input; under control records, to their end: sooner it fails with
 * WH_BROKEN. SIGTERM and SIGINT end it between two rows, with an error. Diagnostics about
 * rejected rows, the summary and progress go to standard error unless --quiet. Closes neither
 * reader nor stage. Returns 0, or -1 with the error, its text then naming the place.
 */
int wh_run(struct wh_run *run, struct wh_error *error);

/* Prints "TOOL: TEXT" to standard error and returns the exit status that belongs to the error. A
 * process that a signal asked to end does so here, by that signal. */
int wh_complain(const char *tool, const struct wh_error *error);
/* A notice "TOOL: ..." unless --quiet. */
void wh_notice(const struct wh_common *common, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same as others are handed it; `common` must stay. */
struct wh_notify wh_common_notify(const struct wh_common *common);
/* The same for each line of `text`; the last ends in a newline too. */
void wh_notice_lines(const struct wh_common *common, const char *text);

/* That the tool is writing a stream with control records from here on: if it fails, the tools after
 * it are told so. */
void wh_owe_farewell(struct wh_common *common);
/* Tells them. The reason of the failure must have been written to standard error before. */
void wh_farewell(struct wh_common *common);

/* Ends standard output: what was lost on the way is an error (a full disk, a closed pipe). */
int wh_close_output(int descriptor, struct wh_error *error);

#endif
