/* PostgreSQL as a target, in a build without libpq too. */
#include "database/kinds.h"
#include "sink/into.h"
#include "sink/postgres/postgres.h"
#include "sink/sink.h"

static const struct wh_option_group *const groups[] = { &wh_into_options, NULL };

const struct wh_sink_kind wh_postgres_sink = {
    .kind = {
        WH_KIND_POSTGRESQL,
        .example = "  wh-load postgresql:///shop -t orders --key id orders.csv",
        .can = WH_CAN_TABLE,
        .groups = groups,
    },
    .open = WH_POSTGRESQL ? wh_pg_sink_open : NULL,
    .store = WH_POSTGRESQL ? &wh_postgres_store : NULL,
};
