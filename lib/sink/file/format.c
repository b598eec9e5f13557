#include "sink/file/format.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "record/files.h"
#include "record/input.h"
#include "record/reader.h"

void wh_file_format_settle(struct wh_file_format *format, const struct wh_writing *asked,
                           const char *path)
{
    format->writing = *asked;
    wh_format_by_name(path, &format->writing.format, &format->writing.delimiter,
                      &format->writing.tsv);
}

void wh_file_format_free(struct wh_file_format *format)
{
    for (size_t i = 0; i < format->count; i++)
        free(format->header[i]);
    free(format->header);
    *format = (struct wh_file_format){ 0 };
}

/* ---- what is there ------------------------------------------------------------------------- */

/* The columns of --columns are no more than a statement of what the file has. */
static int check_chosen(const struct wh_file_format *format, const char *path,
                        struct wh_error *error)
{
    const struct wh_writing *writing = &format->writing;
    bool same = !writing->columns || writing->column_count == format->count;
    for (size_t i = 0; same && writing->columns && i < format->count; i++)
        same = strcmp(writing->columns[i], format->header[i]) == 0;
    return same ? 0
                : wh_fail(error, WH_REFUSED, "%s has other columns in its header than --columns "
                                             "(--replace writes it anew)", path);
}

static int take_header(struct wh_file_format *format, const struct wh_shape *shape,
                       const char *path, struct wh_error *error)
{
    format->header = wh_alloc(shape->count, sizeof *format->header);
    for (uint32_t i = 0; i < shape->count; i++)
        format->header[format->count++] = wh_copy(shape->columns[i].name,
                                                  shape->columns[i].length);
    if (check_chosen(format, path, error) != 0)
        return -1;
    format->writing.columns = (const char *const *)format->header;
    format->writing.column_count = format->count;
    format->writing.no_header = format->writing.columns_there = true;
    return 0;
}

static int look_at_first(struct wh_file_format *format, struct wh_reader *reader, const char *path,
                         struct wh_error *error)
{
    struct wh_writing *writing = &format->writing;
    enum wh_verdict next = wh_reader_next(reader, error);
    const struct wh_row *row = reader->row;
    if (next == WH_BAD || next == WH_FATAL) {
        wh_error_at(error, (struct wh_source_place){ 0 });
        return wh_refuse_in(error, "%s: what it holds is not of the format that would be appended "
                            "(see --output-format, --delimiter and --replace)", path);
    }
    if (!row || !row->shape)
        return 0;
    writing->format = row->raw_format == WH_FORMAT_CSV ? WH_FORMAT_CSV : WH_FORMAT_NDJSON;
    if (writing->format == WH_FORMAT_NDJSON)
        return 0;
    writing->delimiter = row->delimiter;
    writing->tsv = row->dialect != WH_CSV_QUOTED;
    return writing->no_header ? 0 : take_header(format, row->shape, path, error);
}

/* Reads the file through, which shows as well that its gzip is whole. */
static int look_at_last(const char *path, bool *terminated, struct wh_error *error)
{
    struct wh_input *input = wh_input_open(path, error);
    int status = input ? 0 : -1;
    *terminated = true;
    while (status == 0 && !(input->ended && input->available == 0)) {
        if (input->available > 0) {
            *terminated = input->next[input->available - 1] == '\n';
            wh_input_take(input, input->available);
        }
        if (!input->ended)
            status = wh_input_fill(input, error);
    }
    wh_input_close(input);
    return status;
}

int wh_file_format_look(struct wh_file_format *format, const char *path, bool whole,
                        bool *terminated, struct wh_error *error)
{
    const struct wh_reading reading = {
        .format = format->writing.format, .delimiter = format->writing.delimiter,
        .tsv = format->writing.tsv, .tsv_escapes = format->writing.tsv_escapes,
        .no_header = format->writing.no_header, .max_row = WH_MAX_ROW,
    };
    if (whole && look_at_last(path, terminated, error) != 0)
        return -1;
    struct wh_reader *reader = wh_reader_open(&reading, &path, 1, error);
    int status = reader ? look_at_first(format, reader, path, error) : -1;
    wh_reader_close(reader);
    return status;
}

/* ---- the first row ------------------------------------------------------------------------- */

static int refuse(const struct wh_file_format *format, const char *path, const char *column,
                  size_t length, bool lacks, struct wh_error *error)
{
    char quoted[96], nearest[160] = "";
    if (!lacks)
        wh_suggest(nearest, sizeof nearest, column, (const char *const *)format->header,
                   format->count);
    return wh_fail(error, WH_REFUSED,
                   "the header of %s has %s column %s%s%s; --replace writes the file anew", path,
                   lacks ? "a" : "no", wh_quote(quoted, column, length),
                   lacks ? ", which the rows lack" : "", nearest);
}

int wh_file_format_check(const struct wh_file_format *format, const char *path,
                         const struct wh_row *row, struct wh_error *error)
{
    const struct wh_shape *shape = row->shape;
    for (uint32_t i = 0; format->header && i < shape->count; i++) {
        const struct wh_column *column = &shape->columns[i];
        size_t k = 0;
        while (k < format->count && (strlen(format->header[k]) != column->length
                                     || memcmp(format->header[k], column->name, column->length)))
            k++;
        if (k == format->count)
            return refuse(format, path, column->name, column->length, false, error);
    }
    /* An object may lack what is null in it; a line of CSV has all there is. */
    for (size_t i = 0; row->raw_format == WH_FORMAT_CSV && i < format->count; i++)
        if (wh_shape_find(shape, format->header[i], strlen(format->header[i])) < 0)
            return refuse(format, path, format->header[i], strlen(format->header[i]), true, error);
    return 0;
}
