/*
 * What PostgreSQL knows of the columns of --since besides their names, for positions (since.h): the
 * database by the system's identifier, where that may be read, and its OID; the table by its OID, a
 * view by its definition; each column's type, its number in the table, and for text the collation
 * with its version.
 */
#ifndef WH_SOURCE_POSTGRES_FACTS_H
#define WH_SOURCE_POSTGRES_FACTS_H

#include "base/error.h"
#include "source/postgres/since.h"

/* Asks the server, and compares with the position to go on from (wh_since_take_facts). */
int wh_pg_facts_take(struct wh_pg_since *pg, struct wh_error *error);

#endif
