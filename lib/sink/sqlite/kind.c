/* SQLite as a target, in a build without its library too. */
#include "database/kinds.h"
#include "sink/into.h"
#include "sink/sqlite/sqlite.h"
#include "sink/sink.h"

static const struct wh_option_group *const groups[] = { &wh_into_options, NULL };

const struct wh_sink_kind wh_sqlite_sink = {
    .kind = {
        WH_KIND_SQLITE,
        .example = "  wh-load sqlite:shop.db -t orders --create --key id orders.csv",
        .can = WH_CAN_TABLE,
        .groups = groups,
    },
    .open = WH_SQLITE ? wh_sqlite_sink_open : NULL,
    .store = WH_SQLITE ? &wh_sqlite_store : NULL,
};
