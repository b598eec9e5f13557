/* SQLite as a target, in a build without its library too. */
#include "sink/into.h"
#include "sink/sqlite/sqlite.h"
#include "sink/sink.h"

static const char *const prefixes[] = { "sqlite:", NULL };
static const struct wh_option_group *const groups[] = { &wh_into_options, NULL };

const struct wh_sink_kind wh_sqlite_sink = {
    .kind = {
        .name = "SQLite",
        .one = "a database",
        .all = "databases",
        .prefixes = prefixes,
        .operand = "sqlite:PATH",
        .help = "an SQLite database",
        .example = "  wh-load sqlite:shop.db -t orders --create --key id orders.csv",
        .can = WH_CAN_TABLE,
        .groups = groups,
        .package = "libsqlite3-dev",
        .absent = !WH_SQLITE,
    },
    .open = WH_SQLITE ? wh_sqlite_sink_open : NULL,
    .store = WH_SQLITE ? &wh_sqlite_store : NULL,
};
