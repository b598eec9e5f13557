/*
 * Sources: where rows come from, named by an operand of the command line: a file, a database.
 *
 * A kind of source is one file here, or a folder, with its wh_source_kind, which describes it
 * (base/kind.h), and one line in the table of source.c. Each makes a reader (record/reader.h) out of
 * a request; rows, order and errors are then the reader's matter.
 */
#ifndef WH_SOURCE_SOURCE_H
#define WH_SOURCE_SOURCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/kind.h"
#include "record/reader.h"

struct wh_query;

/* What is asked for. It and what it points at must outlive the reader. */
struct wh_source_request {
    const char *const *operands; /* SOURCE...: several files, or one of anything else */
    size_t count;
    const struct wh_asked *asked; /* the options of kinds; NULL: none */
    struct wh_query *query;      /* those of databases among them (source/query.h): set when it is
                                    opened, unless it is set already */
    uint64_t limit;              /* rows that will be read at most; 0: all of them */
    const json_t *position;      /* where to go on, as the reader's position() gave it; NULL */
    bool resumable;              /* positions will be asked for: a source that cannot tell them is
                                    refused with the reason and what would help */
    const struct wh_reading *reading; /* how text becomes rows, for files */
    struct wh_notify notify;
};

/* A kind of source. */
struct wh_source_kind {
    struct wh_kind kind;
    struct wh_reader *(*open)(const struct wh_source_request *request, struct wh_error *error);
};

/* All kinds of source. */
extern const struct wh_role wh_sources;

/* A reader of what was asked for, or NULL. */
struct wh_reader *wh_source_open(struct wh_source_request *request, struct wh_error *error);

/* The kinds (file.c, sqlite/kind.c, postgres/kind.c). */
extern const struct wh_source_kind wh_file_source, wh_sqlite_source, wh_postgres_source;

#endif
