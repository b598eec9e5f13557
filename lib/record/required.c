#include "record/required.h"

#include <string.h>

#include "base/text.h"
#include "record/shape.h"

static int refuse(const struct wh_required *required, const char *what,
                  const struct wh_shape *shape, struct wh_error *error)
{
    char quoted[96];
    wh_fail(error, WH_REFUSED, "%s: %s column %s", required->option, what,
            wh_quote(quoted, required->name, strlen(required->name)));
    wh_shape_suggest(shape, required->name, error);
    return -1;
}

int wh_required_find(struct wh_required *required, const struct wh_row *row,
                     struct wh_error *error)
{
    return wh_required_at(required, row,
                          wh_shape_find(row->shape, required->name, strlen(required->name)), error);
}

int wh_required_at(struct wh_required *required, const struct wh_row *row, int index,
                   struct wh_error *error)
{
    if (index >= 0)
        required->found = true;
    else if (row->raw_format == WH_FORMAT_CSV)
        return refuse(required, "there is no", row->shape, error);
    else if (!required->lacked)
        refuse(required, "no row has a", row->shape, &required->absent);
    required->lacked = required->lacked || index < 0;
    return index >= 0 ? index : wh_shape_lacks(row->shape, required->name,
                                               strlen(required->name), error);
}

int wh_required_check(const struct wh_required *required, struct wh_error *error)
{
    if (required->found || !required->lacked)
        return 0;
    *error = required->absent;
    return -1;
}
