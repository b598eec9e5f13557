/*
 * --since COLUMN[,KEY...]: the rows of a database in the order of some columns, from a place on
 * that an earlier run has reached.
 *
 * The first column is the watermark, which grows with every row that is new or changed; the keys
 * tell rows of one watermark apart. Their values in a row are its tuple. Rows come in the order of
 * their tuples, and only those strictly after the tuple where the run before ended. So a place
 * between two rows of one tuple is none that could be gone on from: no position is given there.
 *
 * A database's source owns one of these, asks it for SQL, hands it the tuple of every row, and has
 * its positions from it:
 *
 *     {"source":"postgresql:///shop","table":"orders","since":["updated_at","id"],
 *      "values":["2024-03-01T12:00:00.5Z","17"]}
 *
 * `values` is null where nothing was read yet. Instead of a table a query has "query", the SHA-256
 * of its text, and "parameters", that of the values of -v, where there are any.
 *
 * What the values mean, and their order, depends on more than that, of which the database's source
 * adds what it knows (struct wh_since_facts):
 *
 *      "database":{"system":"7301...","oid":16384},   or of SQLite: {"changes":41,"schema":3},
 *      "relation":{"name":"public.orders","oid":16400},
 *      "types":[{"type":"timestamp with time zone","number":3},
 *               {"type":"text","number":1,"collation":"de_DE.UTF-8","version":"2.36"}]
 *
 * Members that a position lacks, as in those of earlier versions, are not compared.
 */
#ifndef WH_SOURCE_SINCE_H
#define WH_SOURCE_SINCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "record/shape.h"
#include "source/source.h"

/* A value of a tuple. Of texts, two are equal where their bytes are. */
struct wh_since_value {
    enum { WH_SINCE_TEXT, WH_SINCE_INTEGER, WH_SINCE_REAL } kind;
    size_t offset, length; /* of a text, in the tuple's */
    int64_t integer;
    double real;
};

struct wh_since_tuple {
    struct wh_since_value *values;
    struct wh_buffer text;
};

struct wh_since {
    const struct wh_source_request *request;
    const char *source;   /* as positions name it */
    const char **names;   /* of the columns */
    size_t count;
    uint32_t *places;     /* of the columns in the row */
    json_t *start;        /* an array: the rows are strictly after these values, which may be fewer
                             than there are columns; NULL: all rows */
    bool given;           /* `start` is what --from says, not a position */
    bool moved;           /* the position is one in something else (--changed-source) */
    json_t *facts;        /* an object: further members of positions; NULL: not known yet */
    bool ended;           /* the query has no further row; set by the source */
    char query[65];       /* SHA-256 of its text, and of the values of -v; "": a table, or none */
    char parameters[65];
    uint64_t rows;        /* whose tuples were taken */
    struct wh_since_tuple last, before; /* of the last of them, and of the one before that */
    char *column_text;    /* what names point into */
};

/*
 * Checks --since, --from, --limit and the position that a request names against each other; *since
 * becomes NULL where there is no --since. `source` names the database in positions and messages,
 * and must stay as long as the request.
 */
int wh_since_open(const struct wh_source_request *request, const char *source,
                  struct wh_since **since, struct wh_error *error);
void wh_since_close(struct wh_since *since);

/* Finds the columns among those of the query. */
int wh_since_bind(struct wh_since *since, const struct wh_shape *shape, struct wh_error *error);

/*
 * What the database says of what the values mean: members of positions, each of which may be NULL.
 * `database` and `relation` identify the database and the table or view that the first column
 * belongs to; `types` has an object for each column.
 */
struct wh_since_facts {
    json_t *database, *relation, *types;
    /* Whether values of type `then` keep their order and their text as values of type `now`. */
    bool (*widened)(const char *then, const char *now);
};

/*
 * Takes over the references of `facts`, and compares them with those of the position where the rows
 * are to go on: WH_REFUSED, with what can be done, where they differ and --changed-source was not
 * given. Sets the start. To be called once, before any SQL is made.
 */
int wh_since_take_facts(struct wh_since *since, const struct wh_since_facts *facts,
                        struct wh_error *error);

/* ---- SQL ------------------------------------------------------------------------------------- */

/* How a database spells things. */
struct wh_since_dialect {
    const char *collation; /* after each column where it is compared or ordered; may be "" */
    bool bound_first;      /* the watermark's bound must stand by itself for an index to be used */
    /* Appends start value `index`. */
    int (*value)(void *context, struct wh_buffer *out, size_t index, struct wh_error *error);
    void *context;
};

/* Appends a name in double quotes. */
void wh_since_name(struct wh_buffer *out, const char *name);

/* Appends the query for the rows, out of `from`: a table's name, or a query in parentheses and a
 * name for it. */
int wh_since_rows_sql(const struct wh_since *since, struct wh_buffer *out, const char *from,
                      const struct wh_since_dialect *dialect, struct wh_error *error);

/*
 * Appends a query whose one row tells for each column whether a NULL in it keeps rows from being
 * among those of the rows' query. `filled` (NULL: none is) says which columns hold no NULLs.
 */
int wh_since_nulls_sql(const struct wh_since *since, struct wh_buffer *out, const char *from,
                       const bool *filled, const struct wh_since_dialect *dialect,
                       struct wh_error *error);
/* Fails: column `index` holds a NULL. */
int wh_since_null(const struct wh_since *since, size_t index, struct wh_error *error);

/* ---- rows ------------------------------------------------------------------------------------ */

/* Begins the tuple of the next row; then each column's value must be set, in their order. */
void wh_since_row(struct wh_since *since);
void wh_since_integer(struct wh_since *since, size_t index, int64_t value);
void wh_since_real(struct wh_since *since, size_t index, double value);
void wh_since_text(struct wh_since *since, size_t index, const char *text, size_t length);
/* The tuple is complete. Fails where it is that of the row before, although keys are given. */
int wh_since_check(const struct wh_since *since, struct wh_error *error);
/* Fails where a text of the tuple is no UTF-8, which no position could hold. */
int wh_since_check_encoding(const struct wh_since *since, struct wh_error *error);

/* wh_reader_ops.position. */
json_t *wh_since_position(const struct wh_since *since, bool behind);

#endif
