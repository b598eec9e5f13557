#include "record/row.h"

#include <stdlib.h>

#include "base/number.h"
#include "record/json.h"

struct wh_field *wh_row_fields(struct wh_row *row, size_t count)
{
    /* Two halves of one array take turns: the fields in use stand in the other half. */
    if (row->room_count < count) {
        size_t used = row->shape ? row->shape->count : 0;
        bool inside = row->room && (row->fields == row->room ||
                                    row->fields == row->room + row->room_count);
        size_t grown = count < 32 ? 32 : count + count / 2;
        struct wh_field *room = wh_resize(NULL, 2 * grown, sizeof *room);
        if (inside) {
            memcpy(room, row->fields, used * sizeof *room);
            row->fields = room;
        }
        free(row->room);
        row->room = room;
        row->room_count = grown;
    }
    return row->fields == row->room ? row->room + row->room_count : row->room;
}

char *wh_row_take(struct wh_row *row, size_t length)
{
    return wh_arena_take(&row->scratch, length + WH_SLACK);
}

void wh_row_free(struct wh_row *row)
{
    wh_arena_free(&row->scratch);
    free(row->room);
    *row = (struct wh_row){ 0 };
}

void wh_row_set_text(struct wh_row *row, uint32_t index, enum wh_type type, const char *text,
                     size_t length, unsigned flags)
{
    row->fields[index] = (struct wh_field){
        .text = text,
        .length = (uint32_t)length,
        .type = (uint8_t)type,
        .flags = (uint8_t)flags,
    };
    row->changed = true;
}

void wh_row_set_null(struct wh_row *row, uint32_t index)
{
    wh_row_set_text(row, index, WH_NULL, "", 0, 0);
}

void wh_row_set_bool(struct wh_row *row, uint32_t index, bool value)
{
    wh_row_set_text(row, index, value ? WH_TRUE : WH_FALSE, "", 0, 0);
}

struct wh_slice wh_row_text(struct wh_row *row, const struct wh_field *field)
{
    if (field->type == WH_FALSE)
        return (struct wh_slice){ "false", 5 };
    if (field->type == WH_TRUE)
        return (struct wh_slice){ "true", 4 };
    if (field->type == WH_NULL)
        return (struct wh_slice){ "", 0 };
    if (!(field->flags & WH_ESCAPED))
        return (struct wh_slice){ field->text, field->length };
    char *text = wh_row_take(row, field->length);
    return (struct wh_slice){ text, wh_json_unescape(field->text, field->length, text) };
}

bool wh_field_number(const struct wh_field *field, double *value)
{
    switch (field->type) {
    case WH_NUMBER:
        *value = wh_number_parse_slack(field->text, field->length);
        return true;
    case WH_FALSE:
    case WH_TRUE:
        *value = field->type == WH_TRUE;
        return true;
    default:
        return false;
    }
}
