#include "record/nulls.h"

static uint64_t length_bit(size_t length)
{
    return UINT64_C(1) << (length < 63 ? length : 63);
}

struct wh_nulls wh_nulls_make(const char *const *values, size_t count)
{
    struct wh_nulls nulls = { .values = values, .count = count };
    for (size_t i = 0; i < count; i++)
        nulls.lengths |= length_bit(strlen(values[i]));
    return nulls;
}

static bool is_value(const struct wh_nulls *nulls, struct wh_slice text)
{
    if (!(nulls->lengths & length_bit(text.length)))
        return false;
    for (size_t i = 0; i < nulls->count; i++)
        if (strlen(nulls->values[i]) == text.length &&
            memcmp(nulls->values[i], text.text, text.length) == 0)
            return true;
    return false;
}

void wh_nulls_field(const struct wh_nulls *nulls, struct wh_row *row, uint32_t index)
{
    const struct wh_field *field = &row->fields[index];
    if ((field->type == WH_STRING || field->type == WH_NUMBER) &&
        is_value(nulls, wh_row_text(row, field)))
        wh_row_set_null(row, index);
}

void wh_nulls_row(const struct wh_nulls *nulls, struct wh_row *row)
{
    if (nulls->count == 0 || row->raw_format == WH_FORMAT_CSV)
        return;
    for (uint32_t i = 0; i < row->shape->count; i++)
        wh_nulls_field(nulls, row, i);
}
