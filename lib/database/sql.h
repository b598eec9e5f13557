/*
 * SQL from the command line: values for :name, tables named without SQL.
 *
 * Names and values are kept, not copied; wh_sql_params_free gives back the list alone.
 */
#ifndef WH_DATABASE_SQL_H
#define WH_DATABASE_SQL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/memory.h"

struct wh_sql_param {
    const char *name; /* not ended by a NUL: see length */
    size_t length;
    const char *value;
    bool used;
};

/* Zero-initialise. */
struct wh_sql_params {
    struct wh_sql_param *items;
    size_t count;
};

/* Adds "NAME=VALUE"; of two with one name the last counts. */
int wh_sql_params_add(struct wh_sql_params *params, const char *assignment,
                      struct wh_error *error);
void wh_sql_params_free(struct wh_sql_params *params);

/* The parameter of this name, now marked as used; NULL where there is none. */
const struct wh_sql_param *wh_sql_params_use(struct wh_sql_params *params, const char *name,
                                             size_t length);
/* Fails: the SQL asks for a value that nobody gave. Suggests the nearest that was given. */
int wh_sql_params_missing(const struct wh_sql_params *params, const char *name, size_t length,
                          struct wh_error *error);
/* Fails where a value was given that the SQL does not ask for. */
int wh_sql_params_check(const struct wh_sql_params *params, struct wh_error *error);

/* Appends `value` as a literal of the database. */
typedef int wh_sql_quote(void *context, struct wh_buffer *out, const char *value,
                         struct wh_error *error);

/*
 * Appends one statement of PostgreSQL's SQL with :name and :'name' replaced by quoted values, as
 * psql reads it: not within strings (E'' and $tag$ ones included), quoted identifiers or comments,
 * and not where two colons are a cast. Between brackets, where a colon may be an array's slice, a
 * name that nobody gave is left alone. The final semicolon and what is after it are cut off; a
 * second statement is refused.
 */
int wh_sql_substitute(struct wh_buffer *out, const char *sql, struct wh_sql_params *params,
                      wh_sql_quote *quote, void *context, struct wh_error *error);

/* Whether the statement's first word is one of `words` (upper case, NULL at the end), whatever the
 * letters' case; opening parentheses before it do not count. */
bool wh_sql_begins(const char *sql, const char *const *words);

/* Appends a text (without a NUL in it) as a literal of standard SQL, for statements that people are
 * shown. */
void wh_sql_literal(struct wh_buffer *out, const char *text);

/* Appends a column's name (without a NUL in it) as a quoted identifier. */
void wh_sql_identifier(struct wh_buffer *out, const char *name, size_t length);

/*
 * Appends the name of a table as a quoted identifier: "shop.orders" becomes "shop"."orders". A
 * part that is in double quotes already may hold dots. At most `most` parts.
 */
int wh_sql_table(struct wh_buffer *out, const char *name, size_t most, struct wh_error *error);

/* Appends "(did you mean NAME?)" for a table that does not exist, whatever the letters' case. */
void wh_sql_suggest_table(struct wh_error *error, const char *wanted, const char *const *names,
                          size_t count);

#endif
