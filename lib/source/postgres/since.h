/*
 * --since in PostgreSQL: which columns it can go by, the SQL, and the tuples of its rows.
 *
 * The order is the server's own, so that an index on the columns serves it. A tuple is kept as the
 * server printed it, in a form in which values that are equal have equal text: types that have none
 * are refused.
 */
#ifndef WH_SOURCE_POSTGRES_SINCE_H
#define WH_SOURCE_POSTGRES_SINCE_H

#include <libpq-fe.h>

#include "base/error.h"
#include "record/row.h"
#include "source/since.h"

/* How the text of equal values may differ. */
enum wh_pg_form {
    WH_PG_EXACT,   /* it does not */
    WH_PG_TEXT,    /* the same, but by its collation */
    WH_PG_PADDED,  /* character: in blanks at the end */
    WH_PG_NUMERIC, /* in zeros at the end of the fraction */
    WH_PG_FLOAT,   /* in the sign of zero */
};

/* Where a column of the query comes from, as the server describes it. */
struct wh_pg_origin {
    Oid type;
    int modifier;
    Oid table; /* 0: it is computed */
    int column;
};

/* The columns of --since, a form for each. */
struct wh_pg_since {
    struct wh_since *since;
    PGconn *connection;
    enum wh_pg_form *forms;
    bool *filled;     /* columns of a table that are NOT NULL */
    struct wh_pg_origin *origins;
    const char *from; /* what stands after FROM: a table, or a query in parentheses with a name */
};

/* Looks at the columns, which wh_since_bind has found, in the description of the query. */
int wh_pg_since_bind(struct wh_pg_since *pg, const PGresult *described, struct wh_error *error);

/* Refuses columns whose order the server may not keep. */
int wh_pg_since_check(struct wh_pg_since *pg, struct wh_error *error);

/*
 * Appends the query for the rows. Before that it refuses NULLs that would keep rows out of it, and
 * has the server spell what --from says. The database and the columns must be those of the position
 * to go on from (facts.h).
 */
int wh_pg_since_sql(struct wh_pg_since *pg, struct wh_buffer *out, struct wh_error *error);

/* Appends FROM ... for one row that has NULL in each column of the query: what is asked about the
 * columns there costs nothing. They are those of the table wh_none. */
void wh_pg_since_no_row(const struct wh_pg_since *pg, struct wh_buffer *sql);

/* Takes the tuple of a row. */
int wh_pg_since_row(const struct wh_pg_since *pg, struct wh_row *row, struct wh_error *error);

void wh_pg_since_free(struct wh_pg_since *pg);

#endif
