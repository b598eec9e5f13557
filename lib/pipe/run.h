/*
 * The run: the one loop that reads rows, hands them to a stage and writes what comes out; with
 * rejects, progress, statistics and the options that all tools share.
 */
#ifndef WH_PIPE_RUN_H
#define WH_PIPE_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "pipe/options.h"
#include "pipe/stage.h"
#include "record/reader.h"
#include "record/writer.h"

/* What the common options say. */
struct wh_common {
    const char *tool;
    const char *input_format;  /* ndjson, csv, tsv, auto */
    const char *output_format; /* ndjson, csv, tsv */
    const char *delimiter;
    const char *strings;
    const char *rejects;       /* --rejects FILE */
    const char *max_rejects;   /* N or P% */
    const char *stats;
    const char *time;          /* --time COL */
    uint64_t infer;
    uint64_t max_row;
    bool no_header, no_infer, ragged, progress, quiet;
    const char **nulls;
    size_t null_count;
    struct wh_reading reading; /* made from the above by wh_common_settle */
    struct wh_writing writing;
};

/* The options' table, and its parts for tools that only read or only write rows. */
extern const struct wh_option wh_common_options[];
extern const size_t wh_common_option_count;

/* Checks the options against each other and fills reading and writing. */
int wh_common_settle(struct wh_common *common, struct wh_error *error);
void wh_common_free(struct wh_common *common);

struct wh_run {
    struct wh_common *common;
    struct wh_reader *reader;
    struct wh_stage *stage;   /* NULL: rows pass unchanged */
    int output;               /* descriptor; -1: the stage emits nothing */
    uint64_t limit;           /* stop after so many rows read; 0: none */

    /* Counted by wh_run. */
    uint64_t rows_in, rows_out, rows_rejected, bytes_in, bytes_out;
    double seconds;
};

/*
 * Runs to the end of the input. Diagnostics about rejected rows, the summary and progress go to
 * standard error unless --quiet. Closes neither reader nor stage. Returns 0, or -1 with the error,
 * its text then naming the place.
 */
int wh_run(struct wh_run *run, struct wh_error *error);

/* Prints "TOOL: TEXT" to standard error and returns the exit status that belongs to the error. */
int wh_complain(const char *tool, const struct wh_error *error);
/* A notice "TOOL: ..." unless --quiet. */
void wh_notice(const struct wh_common *common, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Ends standard output: what was lost on the way is an error (a full disk, a closed pipe). */
int wh_close_output(int descriptor, struct wh_error *error);

#endif
