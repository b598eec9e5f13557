/* Files as targets: NDJSON, CSV and TSV, plain or gzip. What is on the disk is the matter of
 * sink/file/target.h; here rows become bytes. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/scheme.h"
#include "sink/file/format.h"
#include "sink/file/rotate.h"
#include "sink/file/store.h"
#include "sink/file/target.h"
#include "sink/sink.h"

struct file {
    struct wh_sink sink;
    const struct wh_sink_request *request;
    bool rotates;
    const char *path;
    bool checked; /* the first row has been held against the header */
    bool within;  /* rows wait for the next commit */
    struct wh_file_format format;
    struct wh_file_target *target;
    struct wh_writer *writer;
};

/* ---- rows ---------------------------------------------------------------------------------- */

/* The last row of an input may lack its line end, and others will follow it here. */
static struct wh_row terminated_row(struct wh_row *row)
{
    struct wh_row ended = *row;
    if (row->terminator > 0 || !row->raw)
        return ended;
    char *raw = wh_row_take(row, row->raw_length + 1);
    memcpy(raw, row->raw, row->raw_length);
    raw[row->raw_length] = '\n';
    ended.raw = raw;
    ended.raw_length++;
    ended.terminator = 1;
    return ended;
}

static void begin_format(struct file *file)
{
    wh_file_format_free(&file->format);
    wh_file_format_settle(&file->format, file->request->writing, file->path);
    file->checked = false;
}

static void begin_writer(struct file *file)
{
    file->writer = wh_writer_open_to(wh_file_target_write, file->target, &file->format.writing);
}

/* Between two commits another file may begin, which has a header of its own. */
static int rotate(struct file *file, struct wh_error *error)
{
    int rotated = wh_file_target_rotate(file->target, error);
    if (rotated <= 0)
        return rotated;
    wh_writer_discard(file->writer); /* which has nothing to write */
    begin_format(file);
    begin_writer(file);
    return 0;
}

static enum wh_verdict file_row(struct wh_sink *sink, struct wh_row *row, struct wh_emit *emit,
                                struct wh_error *error)
{
    struct file *file = (struct file *)sink;
    (void)emit;
    if (__builtin_expect(!file->within, 0) && file->rotates && rotate(file, error) != 0)
        return WH_FATAL;
    file->within = true;
    if (!file->checked && wh_file_format_check(&file->format, file->path, row, error) != 0)
        return WH_FATAL;
    file->checked = true;
    const struct wh_row ended = terminated_row(row);
    return wh_writer_row(file->writer, &ended, error);
}

/* Who reads from a pipe gets a slow stream's rows without delay. */
static int file_tick(struct wh_sink *sink, struct wh_error *error)
{
    struct file *file = (struct file *)sink;
    if (wh_file_target_special(file->target))
        return wh_writer_flush(file->writer, error);
    return file->within || !file->rotates ? 0 : rotate(file, error);
}

static int file_commit(struct wh_sink *sink, const struct wh_checkpoint *next,
                       const struct wh_place *expected, struct wh_emit *emit,
                       struct wh_error *error)
{
    struct file *file = (struct file *)sink;
    (void)emit;
    if (!next && wh_writer_finish(file->writer, error) != 0)
        return wh_error_in(error, "%s", file->path);
    if (wh_writer_flush(file->writer, error) != 0
        || wh_file_target_commit(file->target, next, expected, error) != 0)
        return -1;
    file->within = false;
    return 0;
}

static int file_checkpoint(struct wh_sink *sink, struct wh_checkpoint *held,
                           struct wh_error *error)
{
    const struct file *file = (const struct file *)sink;
    return wh_file_target_checkpoint(file->target, held, error);
}

static void file_stats(struct wh_sink *sink, json_t *stats)
{
    const struct file *file = (const struct file *)sink;
    if (file->rotates)
        json_object_set_new(stats, "rotations",
                            json_integer((json_int_t)wh_file_target_rotations(file->target)));
}

/* ---- opening and closing ------------------------------------------------------------------- */

/* Rows follow those that are there, in their format. A line that is not ended is. */
static int look_at_rows(struct file *file, struct wh_error *error)
{
    bool ended = true, whole = !file->request->checkpoint;
    if (!wh_file_target_begun(file->target))
        return 0;
    if (wh_file_format_look(&file->format, file->path, whole, &ended, error) != 0)
        return -1;
    return ended ? 0 : wh_file_target_write(file->target, "\n", 1, error);
}

static bool ends_in(const char *path, size_t length, const char *ending)
{
    size_t size = strlen(ending);
    return length > size && strncasecmp(path + length - size, ending, size) == 0;
}

/* A name that promises what is not written is refused. */
static int check_ending(const struct file *file, struct wh_error *error)
{
    static const char *const others[] = { ".json", ".parquet", ".avro", ".orc", ".xlsx", ".xls",
                                          ".xml", ".arrow", ".feather" };
    static const char *const packed[] = { ".xz", ".zst", ".bz2", ".zip", ".lz4", ".7z", ".Z" };
    static const char *const databases[] = { ".db", ".sqlite", ".sqlite3", ".duckdb" };
    const char *path = file->path;
    size_t length = strlen(path) - (ends_in(path, strlen(path), ".gz") ? 3 : 0);
    for (size_t i = 0; i < sizeof packed / sizeof *packed; i++)
        if (length == strlen(path) && ends_in(path, length, packed[i]))
            return wh_fail(error, WH_REFUSED, "%s: only .gz is compressed (load another file, and "
                           "compress that)", path);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (file->request->writing->format == WH_FORMAT_NONE && ends_in(path, length, others[i]))
            return wh_fail(error, WH_REFUSED, "%s: files are written as NDJSON, CSV or TSV (call "
                           "it %.*s.ndjson, say, or give --output-format)", path,
                           (int)(length - strlen(others[i])), path);
    for (size_t i = 0; i < sizeof databases / sizeof *databases; i++)
        if (file->request->writing->format == WH_FORMAT_NONE && ends_in(path, length, databases[i]))
            return wh_fail(error, WH_REFUSED, "%s: that is the name of a database (SQLite's are "
                           "written as sqlite:%s, with --table; for a file of rows give "
                           "--output-format)", path, path);
    return 0;
}

static int open_file(struct file *file, struct wh_error *error)
{
    if (wh_scheme_refuse_sqlite(file->path, error) != 0 || check_ending(file, error) != 0)
        return -1;
    file->target = wh_file_target_open(file->request, error);
    if (!file->target)
        return -1;
    begin_format(file);
    if (look_at_rows(file, error) != 0)
        return -1;
    begin_writer(file);
    return 0;
}

static void file_close(struct wh_sink *sink)
{
    struct file *file = (struct file *)sink;
    wh_file_target_close(file->target);
    if (file->writer)
        wh_writer_discard(file->writer);
    wh_file_format_free(&file->format);
    free(file);
}

static struct wh_sink *open_sink(const struct wh_sink_request *request, struct wh_error *error)
{
    static const struct wh_sink_ops ops = {
        .row = file_row, .commit = file_commit, .checkpoint = file_checkpoint, .tick = file_tick,
        .stats = file_stats, .close = file_close,
    };
    struct file *file = wh_alloc(1, sizeof *file);
    file->sink.ops = &ops;
    file->request = request;
    file->path = request->target;
    file->rotates = wh_file_rotate_pattern(request->asked) != NULL;
    if (open_file(file, error) == 0)
        return &file->sink;
    file_close(&file->sink);
    return NULL;
}

static const char *const prefixes[] = { "", NULL };

static const struct wh_option_group *const groups[] = { &wh_file_rotate_options, NULL };

const struct wh_sink_kind wh_file_sink = {
    .kind = {
        .name = "files",
        .one = "a file",
        .all = "files",
        .prefixes = prefixes,
        .operand = "FILE",
        .help = "a file of NDJSON, CSV or TSV by its name (.ndjson, .csv or .tsv, each also .gz)",
        .example = "  wh-extract sqlite:shop.db -t orders --since id --checkpoint done.json |\n"
                   "      wh-load orders.ndjson.gz --checkpoint done.json",
        .can = WH_CAN_WRITE,
        .groups = groups,
    },
    .open = open_sink,
    .store = &wh_file_store,
};
