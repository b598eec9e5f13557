/*
 * The options that all tools share, and the settings of the run (pipe/run.h) that they amount to.
 */
#ifndef WH_CLI_COMMON_H
#define WH_CLI_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "cli/options.h"
#include "pipe/run.h"

struct wh_progress;

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
    uint64_t threads;
    bool no_header, no_infer, ragged, tsv_escapes, progress, quiet;
    struct wh_texts nulls;
    struct wh_name_list columns;
    struct wh_run_settings run; /* made from the above by wh_common_settle; its notices and its
                                   display are the terminal's */
    struct wh_display display;  /* the run's */
    struct wh_buffer farewell;  /* the run's (wh_farewell) */
    struct wh_progress *drawn;  /* what is shown at the moment; wh_notice clears it first */
};

/* The options' tables as parts of a command: how rows are read, with what becomes of bad rows and
 * reports; how they are written, but for --columns; and --columns. */
struct wh_option_part wh_common_reading(struct wh_common *common);
struct wh_option_part wh_common_writing(struct wh_common *common);
struct wh_option_part wh_common_columns(struct wh_common *common);

/* --threads, for tools whose stages divide (pipe/stage.h). */
struct wh_option_part wh_common_threads(struct wh_common *common);

/* The words of --output-format, NULL last, for a tool that describes the option itself. */
extern const char *const wh_output_formats[];

/*
 * Checks the options against each other and fills `run`, which refers to `common`: that must stay
 * where it is. What names of files say about the format is not settled here but by the reader, file
 * by file.
 */
int wh_common_settle(struct wh_common *common, struct wh_error *error);
/* Fills the reading's csv_option and tsv_option; wh_common_settle has done so for its own
 * `writing`. For a tool that learns later how rows are written. */
void wh_common_need_csv(struct wh_common *common, const struct wh_writing *writing);
void wh_common_free(struct wh_common *common);

/* A notice "TOOL: ..." on standard error unless --quiet. The run's own notices are such. */
void wh_notice(const struct wh_common *common, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What the tools after this one are to be told of its failure is written to them. The reason must
 * have been written to standard error before. */
void wh_farewell(struct wh_common *common);

#endif
