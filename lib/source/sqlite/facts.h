/*
 * What SQLite knows of the columns of --since besides their names, for positions (since.h): their
 * affinities, by which values are compared, and the definitions of the views that the query reads.
 *
 * Nothing identifies a database, whose file may be copied. But the file counts its changes and
 * those of its schema: one with lower counts than before is another, or an older copy.
 */
#ifndef WH_SOURCE_SQLITE_FACTS_H
#define WH_SOURCE_SQLITE_FACTS_H

#include <sqlite3.h>

#include "base/error.h"
#include "source/since.h"

struct wh_sqlite_facts;

/* From now on notes what the statements that are prepared read, until _end. `database` must outlive
 * it. */
struct wh_sqlite_facts *wh_sqlite_facts_open(sqlite3 *database);
/* NULL is allowed, also below. */
void wh_sqlite_facts_end(struct wh_sqlite_facts *facts);
void wh_sqlite_facts_close(struct wh_sqlite_facts *facts);

/* Compares with the position to go on from (wh_since_take_facts). `statement` is the query, whose
 * columns wh_since_bind has found. */
int wh_sqlite_facts_take(const struct wh_sqlite_facts *facts, sqlite3_stmt *statement,
                         struct wh_since *since, struct wh_error *error);

#endif
