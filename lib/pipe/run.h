/*
 * The run: the one loop that reads rows, hands them to a stage and writes what comes out; with
 * rejects, statistics and control records. It needs no command line: a tool makes its settings of
 * one (cli/common.h), a test or a server fills them.
 */
#ifndef WH_PIPE_RUN_H
#define WH_PIPE_RUN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "pipe/stage.h"
#include "record/reader.h"
#include "record/writer.h"

struct wh_origin;

/* What --max-rejects allows; the end of the run comes when more than that was rejected. */
struct wh_reject_limit {
    enum { WH_REJECT_ALL, WH_REJECT_ROWS, WH_REJECT_SHARE } kind;
    uint64_t rows;
    double percent;   /* of the rows read; judged from 100 rows on, and at the end */
    const char *text; /* as it was given, for messages */
};

enum { WH_MOST_THREADS = 256 };

/* How far a run has come. */
struct wh_run_progress {
    uint64_t rows;
    uint64_t rejected;
    double share;             /* of the whole, 0 to 1; negative where unknown */
    const struct wh_lag *lag; /* not committed yet; NULL: there is no commit to wait for */
    const char *more;         /* the stage's own line, or NULL */
};

/* Who shows it; times are by wh_clock(). */
struct wh_display {
    /* The run begins; rows go to the descriptor `output`, -1 where none do. */
    void (*begin)(struct wh_display *display, int output, double now);
    bool (*due)(struct wh_display *display, double now);
    void (*draw)(struct wh_display *display, const struct wh_run_progress *progress, double now);
    void (*end)(struct wh_display *display);
};

/* Zero: rows of any format that the reader knows, written as they came; no rejects, no reports. */
struct wh_run_settings {
    const char *tool;          /* the name that control records and --stats have */
    struct wh_reading reading; /* `strings` and `nulls` are the run's; the rest the reader's */
    struct wh_writing writing;
    const char *rejects;       /* file; NULL: the first bad row ends the run */
    struct wh_reject_limit reject_limit;
    const char *stats;         /* file, "-": standard error; NULL: none */
    uint64_t threads;          /* sessions of the stage that work at a time (pipe/parallel.h); 0, 1:
                                  one, in the caller's thread */
    size_t batch;              /* bytes that each takes at a time; 0: as is best */
    struct wh_notify notify;
    struct wh_display *display;  /* NULL: nobody looks */
    struct wh_buffer *farewell;  /* where the run fails: what the tool after this one is to be told,
                                    once the reason has been written; NULL: it is not told */
};

struct wh_run {
    const struct wh_run_settings *settings;
    struct wh_reader *reader;
    struct wh_stage *stage;   /* NULL: rows pass unchanged */
    int output;               /* descriptor; -1: none */
    wh_write *write;          /* with `output` -1: where bytes go instead (pipe/outlet.h); NULL: the
                                 stage emits nothing */
    void *write_context;
    uint64_t limit;           /* stop after so many rows read; 0: none */
    bool rehearsal;           /* the stage is to do more, such as to read the rows again: nothing is
                                 published yet, and there is no summary */
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
 * WH_BROKEN. SIGTERM and SIGINT end it between two rows, with an error. At the end the stage is
 * told that all is published; what was rejected and the stage's summary go to settings->notify.
 * Closes neither reader nor stage. Returns 0, or -1 with the error, its text then naming the place.
 */
int wh_run(struct wh_run *run, struct wh_error *error);

/* The same over files, `-` and none being standard input, of which it makes the reader. */
int wh_run_files(struct wh_run *run, const char *const *paths, size_t count,
                 struct wh_error *error);

/* What the run has counted and its stage adds, for --stats; `failure` is NULL for a run that did
 * well. A new reference. */
json_t *wh_run_stats(const struct wh_run *run, const struct wh_error *failure);

/* Says the stage's summary: for whoever has the run rehearse, at its own end. */
void wh_run_summary(const struct wh_run *run);

/* That the tool is writing a stream with control records from here on, and what the tools after it
 * are to be told if it fails. */
void wh_run_owe_farewell(const struct wh_run_settings *settings);

#endif
