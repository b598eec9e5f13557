#include "pipe/eventtime.h"

#include <math.h>
#include <string.h>

#include "base/time.h"
#include "record/shape_cache.h"

/* Seconds on either side of 1970 that are no mistake for another unit: until the year 9999. */
static const double MOST_SECONDS = 253402300800.0;

static bool parse(struct wh_row *row, const struct wh_field *field, int64_t *milliseconds)
{
    double seconds;
    struct wh_civil civil;
    if (field->type == WH_NUMBER) {
        if (!wh_field_number(field, &seconds) || !(fabs(seconds) < MOST_SECONDS))
            return false;
        *milliseconds = (int64_t)floor(seconds * 1000);
        return true;
    }
    if (field->type != WH_STRING)
        return false;
    struct wh_slice text = wh_row_text(row, field);
    if (!wh_time_parse(text.text, text.length, &civil))
        return false;
    *milliseconds = wh_time_seconds(&civil) * 1000 + civil.nanosecond / 1000000;
    return true;
}

static int find_column(struct wh_event_time *time, const struct wh_shape *shape)
{
    size_t place = wh_shape_place(shape->serial, 64 - WH_EVENT_TIME_LOG2);
    if (time->known[place].serial != shape->serial) {
        time->known[place].serial = shape->serial;
        time->known[place].index = wh_shape_find(shape, time->column, strlen(time->column));
    }
    return time->known[place].index;
}

enum wh_verdict wh_event_time_at(const char *column, int index, struct wh_row *row,
                                 int64_t *milliseconds, struct wh_error *error)
{
    size_t length = strlen(column);
    char quoted[96];
    if (index < 0) {
        wh_shape_lacks(row->shape, column, length, error);
        return WH_BAD;
    }
    const struct wh_field *field = &row->fields[index];
    if (parse(row, field, milliseconds))
        return WH_TAKEN;
    struct wh_slice text = wh_row_text(row, field);
    wh_bad_row(error, "time", column, length, 0,
               "%s is not a time: it must be a date, a timestamp, or seconds since 1970-01-01",
               field->type == WH_NULL ? "null" : wh_quote(quoted, text.text, text.length));
    return WH_BAD;
}

enum wh_verdict wh_event_time_read(struct wh_event_time *time, struct wh_row *row,
                                   int64_t *milliseconds, struct wh_error *error)
{
    return wh_event_time_at(time->column, find_column(time, row->shape), row, milliseconds, error);
}
