/*
 * Where rows come from: one interface over NDJSON, CSV and databases.
 *
 * A reader owns its row and everything the row points at, until the next call or close.
 */
#ifndef WH_RECORD_READER_H
#define WH_RECORD_READER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "record/input.h"
#include "record/row.h"
#include "record/verdict.h"

struct wh_reader;

/* Records as they are in the input, not parsed yet. */
struct wh_batch {
    const char *bytes; /* whole ones, each with its line end; WH_SLACK bytes after them can be read */
    size_t length;
    uint64_t line;     /* that the first begins on */
    uint64_t part;     /* of which part of the input: another one for another file */
};

struct wh_reader_ops {
    /* WH_PASSED: there is a row. WH_CONTROL: a control record, an object whose first key is @wh:
     * row->raw is its line, row->terminator 0 where its line end is missing. WH_BAD: the row is
     * broken: error says how, row->raw, source and line say where. WH_ENDED. WH_FATAL: no further
     * row can be read. */
    enum wh_verdict (*next)(struct wh_reader *reader, struct wh_error *error);
    void (*close)(struct wh_reader *reader); /* frees the reader too */
    /*
     * Where to go on: what a reader opened with it gives next is exactly what this one gives next.
     * Called right after next() gave a row, with `behind` false: before that row. With `behind`
     * true, while waiting or at the end: after the last row given; before the first row, where
     * the reader was opened. A new object, which says what it is a position in; NULL where the
     * reader cannot tell at this row (it can at a later one). NULL op: it never can.
     */
    json_t *(*position)(struct wh_reader *reader, bool behind);
    /*
     * The sink was seen to hold all rows before `position`, which is what position() gave: what
     * they came from may be let go of, such as a replication slot's log, offsets or messages to
     * acknowledge. Called with newer and newer positions when position() might be, and after the
     * end; a position may be passed over for a newer one. The one that the reader was opened with
     * is held too, and is not told again. -1 where that fails, which ends the run. NULL op: nothing
     * to let go of.
     */
    int (*committed)(struct wh_reader *reader, const json_t *position, struct wh_error *error);
    /*
     * Reading in several threads. cut() takes records off the input without reading them, as next()
     * would: all that are at hand, but not many more than `most` bytes. It waits for more where not
     * one is there as a whole. The bytes stay until the next call. 1; 0 where fewer than `least`
     * bytes are at hand, and where it takes next() to go on: at a header, the end of a file, a last
     * record without line end or one that is too long; -1 as WH_FATAL. NULL op: it never can.
     *
     * batches() opens a reader that gives the rows of such batches as this one would, by itself: it
     * is given one by begin(), gives its rows and then WH_ENDED. It reads nothing else, can be
     * used in another thread, and must be closed before this reader reads another part of the input.
     */
    int (*cut)(struct wh_reader *reader, size_t least, size_t most, struct wh_batch *batch,
               struct wh_error *error);
    struct wh_reader *(*batches)(const struct wh_reader *reader);
    /* The bytes, which must outlive the batch's rows, are not written to. */
    void (*begin)(struct wh_reader *reader, const struct wh_batch *batch);
};

struct wh_reader {
    const struct wh_reader_ops *ops;
    struct wh_row *row;    /* the current row; who made the reader owns it (over several files it is
                              the row of the file being read, so it may change between calls) */
    uint64_t bytes;    /* read so far, uncompressed */
    double progress;   /* share of the whole read so far, 0 to 1; negative where unknown */
    uint64_t held_line; /* at the end: a last row whose end has not come, which begins on this line,
                           was held back (wh_reading.resumable); 0: none was */
    /* Called before a read that would block, and several times a second while it does, so that the
     * writer can flush. -1 ends the read with its error (WH_FATAL). May be NULL; set by the
     * run after the reader was opened. */
    int (*before_wait)(void *context, struct wh_error *error);
    void *wait_context;
};

/* How text becomes rows. */
struct wh_reading {
    int spool;                   /* the descriptor of a file that holds what came on standard input,
                                    which is read in its place (pipe/again.h); 0: none */
    enum wh_format format;       /* WH_FORMAT_NONE: by the file's name, else by the first byte, '{'
                                    being NDJSON */
    char delimiter;              /* CSV: ',' unless set; '\t' for TSV; 0: ',' or by file name */
    bool tsv;                    /* CSV: values have no quotes; the delimiter is a tab */
    bool tsv_escapes;            /* where it is TSV: backslash escapes, and \N for null */
    bool no_header;              /* CSV: columns are named 1, 2, 3 ... */
    bool no_infer;               /* CSV: every value is a string */
    bool ragged;                 /* CSV: short rows are filled with null, long ones folded */
    uint64_t infer_rows;         /* CSV: settle columns' types from so many rows; 0: by value */
    struct wh_columns *strings;  /* CSV: columns whose values stay strings; NULL none */
    const char *strings_text;    /* the same as it was given */
    const char *const *nulls;    /* --null-value: these values become null */
    size_t null_count;
    const char *csv_option;      /* an option that was given and applies only to CSV and TSV, or
                                    only to TSV: where no file is that, it is refused. NULL: none */
    const char *tsv_option;
    size_t max_row;              /* bytes; 0: WH_MAX_ROW */
    const json_t *position;      /* where to go on, as position() gave it; NULL: at the beginning */
    bool resumable;              /* positions will be asked for: what cannot tell them (standard
                                    input, a pipe) is refused with the reason, and a last row
                                    without its line end, or within an open quote, is held back and
                                    no part of them: it may yet grow */
    bool complete;               /* --complete: it will not, and is given as it is */
};

enum { WH_MAX_ROW = 64 << 20 };
#define WH_MAX_ROW_TEXT "64m"

static inline enum wh_verdict wh_reader_next(struct wh_reader *reader, struct wh_error *error)
{
    return reader->ops->next(reader, error);
}

static inline void wh_reader_close(struct wh_reader *reader)
{
    if (reader)
        reader->ops->close(reader);
}

/* The two formats, over an input that they then own (lib/record/ndjson.c, csv.c). */
struct wh_reader *wh_ndjson_open(const struct wh_reading *reading, struct wh_input *input,
                                 struct wh_error *error);
struct wh_reader *wh_csv_open(const struct wh_reading *reading, struct wh_input *input,
                              struct wh_error *error);

#endif
