/*
 * What a database is as a kind, the same whether rows come from it or go into it. The kinds of
 * source and of target (base/kind.h) begin with these members, and add what differs.
 */
#ifndef WH_DATABASE_KINDS_H
#define WH_DATABASE_KINDS_H

#include "base/kind.h"

#define WH_KIND_SQLITE \
    .name = "SQLite", \
    .one = "a database", \
    .all = "databases", \
    .prefixes = (const char *const[]){ "sqlite:", NULL }, \
    .operand = "sqlite:PATH", \
    .help = "an SQLite database", \
    .package = "libsqlite3-dev", \
    .absent = !WH_SQLITE

#define WH_KIND_POSTGRESQL \
    .name = "PostgreSQL", \
    .one = "a database", \
    .all = "databases", \
    .prefixes = (const char *const[]){ "postgresql://", "postgres://", NULL }, \
    .operand = "postgresql://[USER@]HOST[:PORT]/DATABASE", \
    .help = "PostgreSQL, or what speaks its protocol", \
    .package = "libpq-dev", \
    .absent = !WH_POSTGRESQL

#endif
