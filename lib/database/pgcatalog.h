/*
 * The types of columns, looked up in PostgreSQL's catalog: domains resolved to what they are made
 * of, arrays and composites taken apart.
 */
#ifndef WH_DATABASE_PGCATALOG_H
#define WH_DATABASE_PGCATALOG_H

#include <libpq-fe.h>

#include "base/error.h"
#include "base/memory.h"
#include "database/pgtext.h"

/*
 * One type for each of `oids` with its modifier (NULL: none has one), in the arena's memory. The
 * server is only asked when there are others than the common built-in ones; where it is too old for
 * that (Redshift), they are strings. NULL on failure.
 */
const struct wh_pg_type **wh_pg_types(PGconn *connection, const Oid *oids,
                                      const int32_t *modifiers, size_t count,
                                      struct wh_arena *arena, struct wh_error *error);

/*
 * Adds the nearest name of a table, view or foreign table to an error about one that does not
 * exist. `wanted` may be schema.table, with or without double quotes. The connection must be ready
 * for a query; where that fails, nothing is added.
 */
void wh_pg_suggest_table(PGconn *connection, const char *wanted, struct wh_error *error);

#endif
