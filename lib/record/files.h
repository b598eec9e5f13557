/*
 * Rows out of files, in one order: which format each has, and that it is one.
 */
#ifndef WH_RECORD_FILES_H
#define WH_RECORD_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "record/reader.h"

/* What a file's name says about its format, .gz at its end aside, where *format is WH_FORMAT_NONE:
 * also whether that is TSV, for which *delimiter must be 0 or a tab, and then becomes one. */
void wh_format_by_name(const char *path, enum wh_format *format, char *delimiter, bool *tsv);

/* Rows out of the named files in order ("-": standard input; none: standard input). `paths` and
 * what both point at must stay, the position aside. NULL on failure. */
struct wh_reader *wh_reader_open(const struct wh_reading *reading, const char *const *paths,
                                 size_t count, struct wh_error *error);

/* The same out of memory (record/input.h), compressed or not. `name` stands for the path in messages
 * and positions, and for the format, as a file's name would: "rows.csv". */
struct wh_reader *wh_reader_open_memory(const struct wh_reading *reading, const char *name,
                                        const char *bytes, size_t length, struct wh_error *error);

#endif
