#include "pipe/lane.h"

#include <stdlib.h>

#include "base/memory.h"

enum { STRINGS_LOG2 = 4 }; /* shapes that are remembered */

/* The columns of --string in rows of one shape. */
struct strings {
    uint64_t serial;
    uint32_t *indices;
    int count;
};

void wh_lane_open(struct wh_lane *lane, const struct wh_reading *reading,
                  struct wh_columns *strings, struct wh_stage *stage, struct wh_emit *emit)
{
    *lane = (struct wh_lane){
        .nulls = wh_nulls_make(reading->nulls, reading->null_count),
        .strings = strings, .stage = stage, .emit = emit,
    };
    wh_shape_cache_open(&lane->columns, sizeof(struct strings), STRINGS_LOG2);
}

void wh_lane_close(struct wh_lane *lane)
{
    for (struct strings *strings = NULL; (strings = wh_shape_cache_next(&lane->columns, strings));)
        free(strings->indices);
    wh_shape_cache_close(&lane->columns);
}

/* Finds the columns of --string in a shape. The first row must have those that are named. */
static int find_strings(struct wh_lane *lane, struct strings *strings, const struct wh_shape *shape,
                        struct wh_error *error)
{
    bool lenient = lane->has_strings;
    lane->has_strings = true;
    strings->indices = wh_resize(strings->indices, shape->count + 1, sizeof(uint32_t));
    strings->count = wh_columns_resolve(lane->strings, shape, lenient, strings->indices, error);
    strings->serial = shape->serial;
    if (strings->count >= 0)
        return 0;
    wh_columns_suggest_later(lane->strings, shape, error);
    return wh_refuse_in(error, "--string");
}

int wh_lane_strings(struct wh_lane *lane, struct wh_row *row, struct wh_error *error)
{
    struct strings *strings = wh_shape_cache_at(&lane->columns, row->shape->serial);
    if (strings->serial != row->shape->serial
        && find_strings(lane, strings, row->shape, error) != 0)
        return -1;
    for (int i = 0; i < strings->count; i++) {
        uint32_t index = strings->indices[i];
        struct wh_field *field = &row->fields[index];
        if (field->type == WH_NUMBER)
            wh_row_set_text(row, index, WH_STRING, field->text, field->length,
                            WH_JSON_SAFE | WH_DECLARED);
        else if (field->type == WH_STRING)
            field->flags |= WH_DECLARED;
    }
    return 0;
}
