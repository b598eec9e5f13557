/*
 * How rows are to be written into a target file: by the options, its name, and what it holds
 * already. It owns the names of the columns, which the writing points at.
 */
#ifndef WH_SINK_FILE_FORMAT_H
#define WH_SINK_FILE_FORMAT_H

#include <stdbool.h>

#include "base/error.h"
#include "record/row.h"
#include "record/writer.h"

/* Zero-initialise. */
struct wh_file_format {
    struct wh_writing writing;
    char **header; /* the columns of the file's CSV header, which rows must have; NULL: none yet */
    size_t count;
};

/* By the options and the name. */
void wh_file_format_settle(struct wh_file_format *format, const struct wh_writing *asked,
                           const char *path);
/* By the rows that the file holds, which must be of this format; their header is taken up. `whole`:
 * to its very end, of which *terminated then tells whether it is a line's. */
int wh_file_format_look(struct wh_file_format *format, const char *path, bool whole,
                        bool *terminated, struct wh_error *error);
/* Whether the first row fits the file's header: WH_REFUSED where not. */
int wh_file_format_check(const struct wh_file_format *format, const char *path,
                         const struct wh_row *row, struct wh_error *error);
void wh_file_format_free(struct wh_file_format *format);

#endif
