#include "sink/remedy.h"

#include "base/text.h"
#include "sink/into.h"

static void add_fill(struct wh_buffer *out, const char *column)
{
    wh_buffer_format(out, "wh-clean --fill ");
    wh_option_column(out, column);
    wh_buffer_format(out, "=VALUE puts VALUE there, --drop-missing ");
    wh_option_column(out, column);
    wh_buffer_format(out, " leaves such rows out; ");
}

void wh_refused_remedy(struct wh_buffer *out, const struct wh_sink_request *request,
                       const struct wh_refused *refused)
{
    if (request->rejects)
        return;
    wh_buffer_format(out, " (");
    if (refused->by == WH_BY_NOT_NULL && refused->absent)
        wh_buffer_format(out, "the row lacks this column, which has no default in the table; ");
    else if (refused->by == WH_BY_NOT_NULL && *refused->column)
        add_fill(out, refused->column);
    if (refused->by == WH_BY_FOREIGN_KEY)
        wh_buffer_format(out, refused->deleted ? "first delete the rows that refer to it; "
                                               : "first load the row that it refers to; ");
    if (refused->by == WH_BY_UNIQUE && request->into->key.count == 0)
        wh_buffer_format(out, "--key with the columns of a unique index changes the row that is "
                         "there; ");
    wh_buffer_format(out, "--rejects FILE sets such rows aside and loads the others, and "
                     "--max-rejects N fails when they are more than N)");
}
