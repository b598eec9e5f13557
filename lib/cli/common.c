#include "cli/common.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/kind.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/process.h"
#include "base/secrets.h"
#include "cli/diagnostic.h"
#include "cli/progress.h"

/* A field's text is counted in 32 bits, and what a step makes of it may be longer. */
#define LARGEST_ROW (UINT64_C(2) << 30)

static int set_delimiter(void *target, const struct wh_option *option, const char *value,
                         struct wh_error *error)
{
    (void)option;
    struct wh_common *common = target;
    const char *byte = strcmp(value, "\\t") == 0 ? "\t" : value;
    char quoted[96];
    if (strlen(byte) != 1)
        return wh_fail(error, WH_REFUSED, "%s is not one byte (a tab may be given as \\t)",
                       wh_quote(quoted, value, strlen(value)));
    if (*byte == '"' || *byte == '\n' || *byte == '\r')
        return wh_fail(error, WH_REFUSED, "values cannot be separated by %s",
                       *byte == '"' ? "the quote" : "a line end");
    common->delimiter = byte;
    return 0;
}

static int refuse_max_rejects(const char *value, struct wh_error *error)
{
    char quoted[96];
    return wh_fail(error, WH_REFUSED,
                   "%s is neither a number of rows nor a share from 0%% to 100%%",
                   wh_quote(quoted, value, strlen(value)));
}

static int set_max_rejects(void *target, const struct wh_option *option, const char *value,
                           struct wh_error *error)
{
    (void)option;
    struct wh_common *common = target;
    size_t length = strlen(value);
    bool share = length && value[length - 1] == '%';
    if (!wh_number_valid(value, length - share))
        return refuse_max_rejects(value, error);
    if (share) {
        double percent = wh_number_parse(value, length - 1);
        if (!(percent >= 0 && percent <= 100))
            return refuse_max_rejects(value, error);
        common->run.reject_limit = (struct wh_reject_limit){ WH_REJECT_SHARE, .percent = percent };
    } else {
        int64_t rows;
        if (!wh_number_integer(value, length, &rows) || rows < 0)
            return refuse_max_rejects(value, error);
        common->run.reject_limit = (struct wh_reject_limit){ WH_REJECT_ROWS,
                                                            .rows = (uint64_t)rows };
    }
    common->max_rejects = value;
    return 0;
}

static const char *const input_formats[] = { "auto", "ndjson", "csv", "tsv", NULL };
const char *const wh_output_formats[] = { "ndjson", "csv", "tsv", NULL };

static const struct wh_option reading_options[] = {
    WH_HEADING("Reading rows"),
    WH_CHOICE(struct wh_common, input_format, "input-format", 'i', "FORMAT", input_formats,
              "ndjson, csv, tsv, or auto: by the file's name, else by the first byte; gzip is "
              "recognised in every case", .otherwise = "auto", .needs = WH_CAN_READ),
    WH_CALL(set_delimiter, "delimiter", 'd', "BYTE",
            "stands between CSV values, in and out; \\t is a tab", .otherwise = ","),
    WH_FLAG(struct wh_common, tsv_escapes, "tsv-escapes", 0,
            "in TSV, in and out, \\t, \\n, \\r and \\\\ stand for a tab, line end, carriage return "
            "and backslash in a value, and \\N for null"),
    WH_FLAG(struct wh_common, no_header, "no-header", 'H',
            "CSV has no header: columns are named 1, 2, 3 ... and none is written"),
    WH_TEXTS(struct wh_common, nulls, "null-value", 0, "TEXT",
             "this value means null; may be given several times"),
    WH_FLAG(struct wh_common, no_infer, "no-infer", 'S',
            "CSV values are strings, also those that look like numbers", .needs = WH_CAN_READ),
    WH_TEXT(struct wh_common, strings, "string", 0, "COLS",
            "the values of these columns are strings, whatever they look like; in NDJSON too",
            .needs = WH_CAN_READ),
    WH_COUNT(struct wh_common, infer, "infer", 0, "N", 0, WH_NO_LIMIT,
             "settle whether a CSV column is numbers or strings from the first N rows of a file, "
             "instead of value by value", .needs = WH_CAN_READ),
    WH_FLAG(struct wh_common, ragged, "ragged", 0,
            "fill CSV rows that are too short with null, and fold what is too many into the last "
            "column, instead of calling them bad", .needs = WH_CAN_READ),
    WH_SIZE(struct wh_common, max_row, "max-row", 0, "SIZE", 1, LARGEST_ROW,
            "a longer row is bad; suffixes k, m, g", .otherwise = WH_MAX_ROW_TEXT,
            .needs = WH_CAN_READ),
    WH_HEADING("Bad rows and reports"),
    WH_FILE(struct wh_common, rejects, "rejects", 0, "FILE",
            "write bad rows to FILE with the reason, as NDJSON, and go on; without this the first "
            "bad row ends the run"),
    WH_CALL(set_max_rejects, "max-rejects", 0, "N|P%",
            "fail when more than N rows, or P percent of them, are bad"),
    WH_FLAG(struct wh_common, progress, "progress", 0,
            "show progress on standard error also where output is a pipe"),
    WH_FLAG(struct wh_common, quiet, "quiet", 'q', "no notices, no progress: only errors"),
    WH_FILE(struct wh_common, stats, "stats", 0, "FILE",
            "write counts and times as one JSON object when the run ends; - is standard error"),
};

static const struct wh_option writing_options[] = {
    WH_HEADING("Writing rows"),
    WH_CHOICE(struct wh_common, output_format, "output-format", 'o', "FORMAT", wh_output_formats,
              "ndjson, csv or tsv", .otherwise = "as the input", .needs = WH_CAN_WRITE),
};

static const struct wh_option columns_options[] = {
    WH_NAMES(struct wh_common, columns, "columns", 0, "A,B,...",
             "the columns of CSV output and their order", .otherwise = "the first row's",
             .needs = WH_CAN_WRITE),
};

static const struct wh_option threads_options[] = {
    WH_HEADING("Speed"),
    WH_COUNT(struct wh_common, threads, "threads", 0, "N", 1, WH_MOST_THREADS,
             "work in N threads; what comes out is the same", .otherwise = "1"),
};

struct wh_option_part wh_common_threads(struct wh_common *common)
{
    return (struct wh_option_part)WH_PART(threads_options, common);
}

struct wh_option_part wh_common_reading(struct wh_common *common)
{
    return (struct wh_option_part)WH_PART(reading_options, common);
}

struct wh_option_part wh_common_writing(struct wh_common *common)
{
    return (struct wh_option_part)WH_PART(writing_options, common);
}

struct wh_option_part wh_common_columns(struct wh_common *common)
{
    return (struct wh_option_part)WH_PART(columns_options, common);
}

static bool is(const char *format, const char *name)
{
    return format && strcmp(format, name) == 0;
}

static int check_delimiter(const struct wh_common *common, struct wh_error *error)
{
    if (!common->delimiter || *common->delimiter == '\t')
        return 0;
    if (is(common->input_format, "tsv") && !is(common->output_format, "csv"))
        return wh_fail(error, WH_REFUSED,
                       "--input-format tsv means a tab, but --delimiter says another (use csv)");
    if (is(common->output_format, "tsv") && !is(common->input_format, "csv"))
        return wh_fail(error, WH_REFUSED,
                       "--output-format tsv means a tab, but --delimiter says another (use csv)");
    return 0;
}

static int check_combinations(const struct wh_common *common, struct wh_error *error)
{
    if (common->no_infer && common->strings)
        return wh_fail(error, WH_REFUSED,
                       "--string cannot be combined with --no-infer, which makes all values "
                       "strings");
    if (common->no_infer && common->infer)
        return wh_fail(error, WH_REFUSED, "--infer and --no-infer contradict each other");
    if (common->max_rejects && !common->rejects)
        return wh_fail(error, WH_REFUSED,
                       "--max-rejects needs --rejects FILE: without it the first bad row ends the "
                       "run");
    if (common->progress && common->quiet)
        return wh_fail(error, WH_REFUSED, "--progress and --quiet contradict each other");
    if (is(common->rejects, "-"))
        return wh_fail(error, WH_REFUSED,
                       "--rejects needs a file of its own (/dev/stderr mixes them with messages)");
    if (common->rejects && is(common->stats, common->rejects))
        return wh_fail(error, WH_REFUSED, "--rejects and --stats cannot be the same file");
    if (common->columns.count && is(common->output_format, "ndjson"))
        return wh_fail(error, WH_REFUSED,
                       "--columns is for CSV output (wh-clean --select chooses columns of rows)");
    return 0;
}

static void settle_reading(struct wh_common *common)
{
    bool csv = is(common->input_format, "csv"), tsv = is(common->input_format, "tsv");
    common->run.reading = (struct wh_reading){
        .format = csv || tsv                           ? WH_FORMAT_CSV
                  : is(common->input_format, "ndjson") ? WH_FORMAT_NDJSON
                                                       : WH_FORMAT_NONE,
        .delimiter = tsv ? '\t' : common->delimiter ? *common->delimiter : csv ? ',' : '\0',
        .tsv = tsv,
        .tsv_escapes = common->tsv_escapes,
        .no_header = common->no_header,
        .no_infer = common->no_infer,
        .ragged = common->ragged,
        .infer_rows = common->infer,
        .strings_text = common->strings,
        .nulls = common->nulls.items,
        .null_count = common->nulls.count,
        .max_row = (size_t)common->max_row,
    };
}

static void settle_writing(struct wh_common *common)
{
    bool csv = is(common->output_format, "csv"), tsv = is(common->output_format, "tsv");
    common->run.writing = (struct wh_writing){
        .format = csv || tsv                            ? WH_FORMAT_CSV
                  : is(common->output_format, "ndjson") ? WH_FORMAT_NDJSON
                                                        : WH_FORMAT_NONE,
        .delimiter = tsv                   ? '\t'
                     : csv && common->delimiter ? *common->delimiter
                     : csv                 ? ','
                                           : '\0',
        .tsv = tsv,
        .tsv_escapes = common->tsv_escapes,
        .no_header = common->no_header,
        .columns = common->columns.names,
        .column_count = common->columns.count,
    };
}

void wh_common_need_csv(struct wh_common *common, const struct wh_writing *writing)
{
    bool csv_output = writing->format == WH_FORMAT_CSV;
    common->run.reading.csv_option = common->no_infer               ? "--no-infer"
                                     : common->infer                ? "--infer"
                                     : common->ragged               ? "--ragged"
                                     : csv_output                   ? NULL
                                     : common->no_header            ? "--no-header"
                                     : common->delimiter            ? "--delimiter"
                                                                    : NULL;
    bool unused = common->tsv_escapes && !writing->tsv;
    common->run.reading.tsv_option = unused ? "--tsv-escapes" : NULL;
}

/* ---- what the run shows ----------------------------------------------------------------------- */

static struct wh_common *shown_by(struct wh_display *display)
{
    return (struct wh_common *)(void *)((char *)display - offsetof(struct wh_common, display));
}

static void begin_display(struct wh_display *display, int output, double now)
{
    struct wh_common *common = shown_by(display);
    common->drawn = wh_progress_begin(common->progress, common->quiet, output, now);
}

static bool display_due(struct wh_display *display, double now)
{
    return wh_progress_due(shown_by(display)->drawn, now);
}

static void draw(struct wh_display *display, const struct wh_run_progress *progress, double now)
{
    wh_progress_draw(shown_by(display)->drawn, progress, now);
}

static void end_display(struct wh_display *display)
{
    struct wh_common *common = shown_by(display);
    wh_progress_end(common->drawn);
    common->drawn = NULL;
}

/* A notice is no longer than that. What it hides must be hidden before: the beginning of a password
 * does not show that it is one. */
static void cut_notice(struct wh_buffer *text)
{
    enum { LONGEST = 2048 };
    if (text->length > LONGEST) {
        text->length = LONGEST;
        while (((unsigned char)text->data[text->length] & 0xC0) == 0x80)
            text->length--;
        wh_buffer_literal(text, "...");
    }
}

static void say(const struct wh_common *common, const char *text)
{
    struct wh_buffer hidden = { 0 };
    wh_progress_clear(common->drawn);
    wh_secrets_hide(&hidden, text);
    cut_notice(&hidden);
    wh_diagnostic(common->tool, wh_buffer_text(&hidden));
    wh_buffer_free(&hidden);
}

static void say_notice(void *context, const char *text)
{
    say(context, text);
}

void wh_notice(const struct wh_common *common, const char *format, ...)
{
    if (common->quiet)
        return;
    va_list args;
    va_start(args, format);
    struct wh_buffer text = { 0 };
    wh_buffer_vformat(&text, format, args);
    va_end(args);
    say(common, wh_buffer_text(&text));
    wh_buffer_free(&text);
}

/* What is kept in a file, or shown on a terminal, is not on its way to a sink. */
static bool goes_to_a_tool(int output)
{
    struct stat status;
    return fstat(output, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

/* Only for a tool: what is kept in a file ends with the last row. */
void wh_farewell(struct wh_common *common)
{
    struct wh_error ignored;
    if (common->farewell.length == 0 || !goes_to_a_tool(STDOUT_FILENO))
        return;
    wh_process_hold_pipe();
    wh_write_all(STDOUT_FILENO, common->farewell.data, common->farewell.length, &ignored);
    common->farewell.length = 0;
}

static void settle_run(struct wh_common *common)
{
    struct wh_run_settings *run = &common->run;
    run->tool = common->tool;
    run->rejects = common->rejects;
    run->reject_limit.text = common->max_rejects;
    run->stats = common->stats;
    run->threads = common->threads;
    if (!common->quiet)
        run->notify = (struct wh_notify){ say_notice, common };
    common->display = (struct wh_display){ begin_display, display_due, draw, end_display };
    run->display = &common->display;
    run->farewell = &common->farewell;
}

int wh_common_settle(struct wh_common *common, struct wh_error *error)
{
    if (check_combinations(common, error) || check_delimiter(common, error))
        return -1;
    settle_run(common);
    settle_reading(common);
    settle_writing(common);
    wh_common_need_csv(common, &common->run.writing);
    if (!common->strings)
        return 0;
    if (wh_columns_parse(common->strings, strlen(common->strings), &common->run.reading.strings,
                         error))
        return wh_refuse_in(error, "--string");
    return 0;
}

void wh_common_free(struct wh_common *common)
{
    wh_columns_free(common->run.reading.strings);
    common->run.reading.strings = NULL;
    wh_texts_free(&common->nulls);
    wh_name_list_free(&common->columns);
    wh_buffer_free(&common->farewell);
}
