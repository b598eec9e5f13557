/* SQLite as a source, in a build without its library too. */
#include "database/kinds.h"
#include "source/sqlite/rows.h"
#include "source/query.h"
#include "source/source.h"

static const struct wh_option_group *const groups[] = { &wh_query_options, NULL };

const struct wh_source_kind wh_sqlite_source = {
    .kind = {
        WH_KIND_SQLITE,
        .example = "  wh-extract sqlite:shop.db -t orders",
        .groups = groups,
    },
    .open = WH_SQLITE ? wh_sqlite_rows_open : NULL,
};
