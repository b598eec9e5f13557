/*
 * What the options of wh-load say of a table in a database, whichever kind of database it is.
 */
#ifndef WH_SINK_INTO_H
#define WH_SINK_INTO_H

#include <jansson.h>
#include <stdbool.h>

#include "base/option.h"

/* The texts belong to the command line. */
struct wh_into {
    const char *table;        /* -t; NULL */
    struct wh_name_list key;  /* --key: the columns that identify a row; none: rows are added,
                                 whatever is there */
    bool create;              /* --create: make the table where it is not there, ... */
    json_t *schema;           /* ... by --schema {"columns":{"id":"bigint"}}; NULL: by the rows */
    const char *schema_file;
    bool apply;               /* --apply: rows say what is to be done by _op and _unchanged */
    bool changed;             /* --changed-target: C may belong to another table than it did */
};

/* These options, for a kind of sink that is a database. It sets a struct wh_into. */
extern const struct wh_option_group wh_into_options;

#endif
