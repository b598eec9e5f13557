/* PostgreSQL as a source, in a build without libpq too. */
#include "database/kinds.h"
#include "source/postgres/rows.h"
#include "source/query.h"
#include "source/source.h"

static const struct wh_option_group *const groups[] = { &wh_query_options, NULL };

const struct wh_source_kind wh_postgres_source = {
    .kind = {
        WH_KIND_POSTGRESQL,
        .example = "  wh-extract postgresql:///shop -v day=2024-03-01 \\\n"
                   "      -c 'SELECT * FROM orders WHERE day = :day'",
        .groups = groups,
    },
    .open = WH_POSTGRESQL ? wh_pg_rows_open : NULL,
};
