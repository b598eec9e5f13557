/*
 * Sources: where rows come from, named by an operand of the command line: a file, a database.
 *
 * A kind of source is one file here and one line in the table of source.c. Each makes a reader
 * (record/reader.h) out of a request; rows, order and errors are then the reader's matter.
 */
#ifndef WH_SOURCE_SOURCE_H
#define WH_SOURCE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "record/reader.h"
#include "database/sql.h"

/* What is asked for. It and what it points at must stay until the reader is closed. */
struct wh_source_request {
    const char *const *operands; /* SOURCE...: several files, or one of anything else */
    size_t count;
    const char *table;            /* -t; NULL */
    const char *sql;              /* the text of -c or -f; NULL */
    struct wh_sql_params *params; /* -v */
    uint64_t limit;               /* rows that will be read at most; 0: all of them */
    const char *since;            /* --since COLUMN[,KEY...]: rows in the order of these columns; of
                                     a database; NULL */
    const char *from;             /* --from VALUE[,VALUE...]: only rows after these; NULL */
    bool changed;                 /* --changed-source: go on although the position is one in another
                                     source, or in one that has changed */
    const json_t *position;       /* where to go on, as the reader's position() gave it; NULL */
    bool resumable;               /* positions will be asked for: a source that cannot tell them is
                                     refused with the reason and what would help */
    bool complete;                /* of files: a last row without a line end is a row */
    const struct wh_reading *reading; /* how text becomes rows, for files */
    struct wh_notify notify;
};

struct wh_source_kind {
    const char *prefix; /* operands of this kind begin so */
    struct wh_reader *(*open)(const struct wh_source_request *request, struct wh_error *error);
};

/* The kind that an operand names; NULL where its scheme is unknown (the nearest is suggested). */
const struct wh_source_kind *wh_source_find(const char *operand, struct wh_error *error);

/* A reader of what was asked for, or NULL. */
struct wh_reader *wh_source_open(const struct wh_source_request *request, struct wh_error *error);

/* The kinds (file.c, sqlite.c, postgres.c). */
struct wh_reader *wh_file_source(const struct wh_source_request *request, struct wh_error *error);
struct wh_reader *wh_sqlite_source(const struct wh_source_request *request,
                                   struct wh_error *error);
struct wh_reader *wh_postgres_source(const struct wh_source_request *request,
                                     struct wh_error *error);

/* ---- for the kinds --------------------------------------------------------------------------- */

/*
 * Appends the query of a request to a database: that of -c or -f, or one made of -t (with at most
 * `parts` parts in the table's name) and the limit, which comes later where rows must be put in
 * order (since.h). Fails where there is neither or both.
 */
int wh_source_query(struct wh_buffer *out, const struct wh_source_request *request, size_t parts,
                    struct wh_error *error);

/* The shape of a query's columns. Two of one name are refused, and what a stream cannot carry.
 * NULL on failure. */
struct wh_shape *wh_source_shape(const char *const *names, size_t count, struct wh_error *error);

#endif
