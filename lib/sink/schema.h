/*
 * The columns of a table that --create makes: named by the first rows, in the order in which these
 * bring them, each of the narrowest type that all its values have; or given by --schema.
 *
 *     bigint            integers of up to 64 bits
 *     numeric           other decimals; also with exponents, where a double would lose digits
 *     double precision  numbers of which some have an exponent
 *     boolean           true and false
 *     date              "2024-03-01"
 *     timestamp         "2024-03-01T12:00:00.5", and dates among them
 *     timestamptz       "2024-03-01T12:00:00.5Z", of any offset
 *     json              arrays and objects
 *     text              other strings, columns without values, and what has no type in common
 *
 * In SQLite the last two of these have no type, so that each value is kept as it is; numeric too.
 *
 * A schema owns its names; failures are bad tables and files (WH_REFUSED).
 */
#ifndef WH_SINK_SCHEMA_H
#define WH_SINK_SCHEMA_H

#include <jansson.h>
#include <stddef.h>

#include "base/error.h"
#include "base/memory.h"
#include "record/row.h"
#include "sink/sink.h"

enum { WH_SCHEMA_ROWS = 1000 }; /* so many rows decide the types, or all if there are fewer */

enum wh_dialect { WH_SQL_POSTGRES, WH_SQL_SQLITE };

struct wh_schema;

/* Without columns, for rows to bring them; or those of request->into->schema. NULL on failure. */
struct wh_schema *wh_schema_open(const struct wh_sink_request *request, struct wh_error *error);
/* NULL is allowed. */
void wh_schema_close(struct wh_schema *schema);

/* Whether request->into->schema says it all, so that no row need be seen. */
bool wh_schema_given(const struct wh_schema *schema);
/* Takes a row into account; its _op and _unchanged of --apply are no columns of a table. */
void wh_schema_see(struct wh_schema *schema, const struct wh_row *row);

size_t wh_schema_count(const struct wh_schema *schema);
/*
 * Appends CREATE TABLE IF NOT EXISTS for the request's table (a name of at most `parts` parts), with
 * the request's key as its primary key. Fails where there are no columns, a key is none of them,
 * or one has a name that no table can have.
 */
int wh_schema_sql(const struct wh_schema *schema, enum wh_dialect dialect, size_t parts,
                  struct wh_buffer *out, struct wh_error *error);

/* Whether --apply takes this column for itself: _op or _unchanged. */
bool wh_schema_reserved(const struct wh_sink_request *request, const struct wh_column *column);

#endif
