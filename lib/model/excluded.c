#include "model/excluded.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { ID, IGNORE, TIME, JOIN };

static const char *const options[WH_EXCLUDED_CHOICES] = { "--id", "--ignore", "--time", "--join" };

int wh_excluded_open(struct wh_excluded *excluded, const struct wh_roles *roles,
                     struct wh_error *error)
{
    const char *const texts[WH_EXCLUDED_CHOICES] = { [ID] = roles->id, [IGNORE] = roles->ignore,
                                                     [TIME] = roles->time, [JOIN] = roles->join };
    for (size_t i = 0; i < WH_EXCLUDED_CHOICES; i++)
        if (texts[i]
            && wh_columns_parse(texts[i], strlen(texts[i]), &excluded->choices[i], error) != 0)
            return -1;
    return 0;
}

void wh_excluded_close(struct wh_excluded *excluded)
{
    for (size_t i = 0; i < WH_EXCLUDED_CHOICES; i++)
        wh_columns_free(excluded->choices[i]);
}

/* Names the option in an error about its columns. */
static int refuse(size_t option, struct wh_error *error)
{
    return wh_refuse_in(error, "%s", options[option]);
}

int wh_excluded_mark(const struct wh_excluded *excluded, const struct wh_row *row, bool lenient,
                     bool *marks, struct wh_error *error)
{
    const struct wh_shape *shape = row->shape;
    uint32_t *indices = wh_alloc(shape->count, sizeof *indices);
    int result = 0;
    for (size_t i = 0; i < WH_EXCLUDED_CHOICES && result == 0; i++) {
        struct wh_columns *choice = excluded->choices[i];
        if (!choice)
            continue;
        int count = wh_columns_resolve(choice, shape, lenient, indices, error);
        for (int k = 0; k < count; k++)
            marks[indices[k]] = true;
        if (count < 0 && row->raw_format == WH_FORMAT_NDJSON && i != TIME && i != JOIN)
            wh_columns_suggest_later(choice, shape, error);
        if (count < 0)
            result = refuse(i, error);
    }
    free(indices);
    return result;
}

int wh_excluded_check(const struct wh_excluded *excluded, const struct wh_shape *shape,
                      struct wh_error *error)
{
    for (size_t i = 0; i < WH_EXCLUDED_CHOICES; i++)
        if (excluded->choices[i] && wh_columns_check(excluded->choices[i], true, shape, error))
            return refuse(i, error);
    return 0;
}
