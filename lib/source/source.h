/*
 * Sources: where rows come from, named by an operand of the command line: a file, a database.
 *
 * A kind of source is one file here, which describes it, and one line in the table of source.c. Each makes a reader
 * (record/reader.h) out of a request; rows, order and errors are then the reader's matter.
 */
#ifndef WH_SOURCE_SOURCE_H
#define WH_SOURCE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "database/sql.h"
#include "record/reader.h"

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

/* What a kind can do, or'ed: an option that asks for what it cannot is refused. */
enum wh_source_can {
    WH_SOURCE_READ = 1,  /* bytes become rows: the options that say how apply */
    WH_SOURCE_QUERY = 2, /* rows are asked for: a table or SQL, from some row on */
    WH_SOURCE_JOIN = 4,  /* several SOURCEs are read one after the other */
};

/* A kind of source. It says all there is to know of it: the rest goes by the table of kinds. */
struct wh_source_kind {
    const char *what;            /* "a file", in messages */
    const char *const *prefixes; /* operands of this kind begin with one of them; NULL last */
    unsigned can;
    struct wh_reader *(*open)(const struct wh_source_request *request, struct wh_error *error);
};

/* The kind that an operand names; NULL where its scheme is unknown (the nearest is suggested). */
const struct wh_source_kind *wh_source_find(const char *operand, struct wh_error *error);

/* A reader of what was asked for, or NULL. */
struct wh_reader *wh_source_open(const struct wh_source_request *request, struct wh_error *error);

/* The kinds (file.c, sqlite.c, postgres.c). */
extern const struct wh_source_kind wh_file_source, wh_sqlite_source, wh_postgres_source;

#endif
