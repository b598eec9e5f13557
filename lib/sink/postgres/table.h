/*
 * A table of PostgreSQL that rows are loaded into, as its catalog describes it.
 *
 * All that is pointed at here is the table's own, until wh_pg_table_free.
 */
#ifndef WH_SINK_POSTGRES_TABLE_H
#define WH_SINK_POSTGRES_TABLE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "database/pgtext.h"
#include "sink/sink.h"

struct wh_pg_column {
    const char *name;
    size_t length;
    const char *quoted;   /* the name in double quotes, where it needs them */
    const char *type_name; /* as messages name the type: numeric(10,2) */
    const char *type_sql; /* type and collation, for a column of the same type */
    const char *filled;   /* the expression of its default; NULL: none but a domain's */
    const struct wh_pg_type *type;
    bool has_default;     /* of its own, a domain's, an identity, or what is behind a view may have
                             one: where a row lacks it, it is left out instead of null */
    bool not_null;        /* it or its domain is declared so */
    bool judged_late;     /* the server may still refuse a value that was accepted here: a domain, or
                             a type such as inet whose values are not checked to the end */
    bool generated;       /* made from the other columns: cannot be loaded */
    bool identity;        /* GENERATED ALWAYS AS IDENTITY */
    bool key;             /* one of --key */
};

struct wh_pg_table {
    const char *name;     /* schema and name, quoted where they need it */
    const char *relation; /* alone and unquoted, as the server's messages name it */
    Oid oid;
    bool guarded;         /* not to be copied to: a view, or one with policies for rows */
    struct wh_pg_column *columns;
    uint32_t count;
    uint32_t *key;        /* the columns of --key */
    size_t key_count;
    struct wh_arena arena;
};

/*
 * Looks up the request's table and the columns of its key in it. 0; 1 where there is no such table
 * (no error is filled: see wh_pg_table_absent); -1 on failure, as where the key has no unique
 * index. Zero-initialise `table`; it must be freed in any case.
 */
int wh_pg_table_find(struct wh_pg_table *table, PGconn *connection,
                     const struct wh_sink_request *request, struct wh_error *error);
void wh_pg_table_free(struct wh_pg_table *table);

/* Fails: the table is not there; the nearest name is suggested. */
int wh_pg_table_absent(PGconn *connection, const struct wh_sink_request *request,
                       struct wh_error *error);

enum { WH_PG_NONE = INT32_MAX }; /* no column, no field */
/* The index of a column that can be loaded; WH_PG_NONE on failure (WH_REFUSED), where the nearest
 * name is suggested. */
uint32_t wh_pg_table_column(const struct wh_pg_table *table, const char *name, size_t length,
                            struct wh_error *error);

#endif
