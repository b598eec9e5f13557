/* PostgreSQL as a source, in a build without libpq too. */
#include "source/postgres/rows.h"
#include "source/query.h"
#include "source/source.h"

static const char *const prefixes[] = { "postgresql://", "postgres://", NULL };
static const struct wh_option_group *const groups[] = { &wh_query_options, NULL };

const struct wh_source_kind wh_postgres_source = {
    .kind = {
        .name = "PostgreSQL",
        .one = "a database",
        .all = "databases",
        .prefixes = prefixes,
        .operand = "postgresql://[USER@]HOST[:PORT]/DATABASE",
        .help = "PostgreSQL, or what speaks its protocol",
        .example = "  wh-extract postgresql:///shop -v day=2024-03-01 \\\n"
                   "      -c 'SELECT * FROM orders WHERE day = :day'",
        .groups = groups,
        .package = "libpq-dev",
        .absent = !WH_POSTGRESQL,
    },
    .open = WH_POSTGRESQL ? wh_pg_rows_open : NULL,
};
