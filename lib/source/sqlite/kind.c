/* SQLite as a source, in a build without its library too. */
#include "source/sqlite/rows.h"
#include "source/query.h"
#include "source/source.h"

static const char *const prefixes[] = { "sqlite:", NULL };
static const struct wh_option_group *const groups[] = { &wh_query_options, NULL };

const struct wh_source_kind wh_sqlite_source = {
    .kind = {
        .name = "SQLite",
        .one = "a database",
        .all = "databases",
        .prefixes = prefixes,
        .operand = "sqlite:PATH",
        .help = "an SQLite database",
        .example = "  wh-extract sqlite:shop.db -t orders",
        .groups = groups,
        .package = "libsqlite3-dev",
        .absent = !WH_SQLITE,
    },
    .open = WH_SQLITE ? wh_sqlite_rows_open : NULL,
};
