/*
 * What the kinds of source that ask for rows have in common.
 */
#ifndef WH_SOURCE_QUERY_H
#define WH_SOURCE_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/option.h"
#include "database/sql.h"
#include "record/shape.h"
#include "source/source.h"

/* What the options of databases say. The texts belong to the command line. */
struct wh_query {
    const char *table;           /* -t; NULL */
    const char *sql;             /* the text of -c or -f; NULL */
    struct wh_sql_params params; /* -v */
    const char *since;           /* --since COLUMN[,KEY...]: rows in the order of these columns;
                                    NULL */
    const char *from;            /* --from VALUE[,VALUE...]: only rows after these; NULL */
    bool changed;                /* --changed-source: go on although the position is one in another
                                    source, or in one that has changed */
    const char *file;            /* of -f; NULL */
    char *file_text;
};

/* These options, for a kind of source that is asked by SQL. It sets a struct wh_query. */
extern const struct wh_option_group wh_query_options;

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
