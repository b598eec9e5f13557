/*
 * --dates: parts of dates and times as numbers, "ts.hour" and so on, and with `cyclic` each part
 * that comes round again also as the sine and cosine of its share of a fixed period.
 *
 * Parts are those of the time as it is written; with `utc` a time with an offset is taken to UTC
 * first. Weeks are ISO 8601's; the weekday is 0 on Monday.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/number.h"
#include "base/time.h"
#include "feature/encoder.h"
#include "feature/table.h"
#include "pipe/step_argument.h"

enum part { YEAR, QUARTER, MONTH, WEEK, DAY, YEARDAY, WEEKDAY, HOUR, MINUTE, SECOND, EPOCH, PARTS };

enum {
    MOST_ROUND = 366, /* the largest part that comes round */
    SECONDS_A_DAY = 86400,
};

static const struct {
    const char *name;
    double period; /* 0: never comes round */
    int most;      /* the largest value; 0: without bound */
} parts[PARTS] = {
    [YEAR] = { "year", 0, 0 },       [QUARTER] = { "quarter", 4, 4 },
    [MONTH] = { "month", 12, 12 },   [WEEK] = { "week", 53, 53 },
    [DAY] = { "day", 31, 31 },       [YEARDAY] = { "yearday", 365.25, 366 },
    [WEEKDAY] = { "weekday", 7, 6 }, [HOUR] = { "hour", 24, 23 },
    [MINUTE] = { "minute", 60, 59 }, [SECOND] = { "second", 60, 59 },
    [EPOCH] = { "epoch", 0, 0 },
};

/* A number with its text. */
struct printed {
    char text[WH_NUMBER_SIZE + WH_SLACK];
    uint32_t length;
    bool zero;
};

struct angle {
    struct printed sine, cosine;
};

struct dates {
    struct wh_encoder encoder;
    bool chosen[PARTS];
    bool cyclic, utc;
    bool counts_days;            /* yearday, weekday or week is chosen */
    struct angle *angles[PARTS]; /* by value, up to the part's most; NULL where not wanted */
    struct printed *numbers;     /* of 0 to MOST_ROUND */
};

/* What is remembered of a column: its features and the day of the row before. */
struct date_column {
    struct wh_encoder_memory memory;
    struct wh_feature *number[PARTS], *sine[PARTS], *cosine[PARTS];
    int64_t values[PARTS]; /* of that day: YEAR to WEEKDAY; DAY is 0 before the first row */
};

/* Binding. */

static struct wh_feature *name_part(const struct dates *dates, struct wh_slice column,
                                    enum part part, const char *end, struct wh_features *features,
                                    struct wh_error *error)
{
    struct wh_buffer name = { 0 };
    wh_buffer_add(&name, column.text, column.length);
    wh_buffer_format(&name, ".%s%s", parts[part].name, end);
    struct wh_feature *feature = wh_features_name(features, dates, name.data, name.length, error);
    wh_buffer_free(&name);
    return feature;
}

static int name_parts(const struct dates *dates, struct date_column *column,
                      struct wh_features *features, struct wh_error *error)
{
    struct wh_slice name = column->memory.name;
    for (enum part part = 0; part < PARTS; part++) {
        if (!dates->chosen[part])
            continue;
        column->number[part] = name_part(dates, name, part, "", features, error);
        if (!column->number[part])
            return -1;
        if (!dates->angles[part])
            continue;
        column->sine[part] = name_part(dates, name, part, ".sin", features, error);
        column->cosine[part] = name_part(dates, name, part, ".cos", features, error);
        if (!column->sine[part] || !column->cosine[part])
            return -1;
    }
    return 0;
}

static struct wh_binding *bind(struct wh_step *step, const struct wh_shape *shape,
                               struct wh_error *error)
{
    struct wh_features *features = step->context->features;
    struct dates *dates = (struct dates *)step;
    struct wh_encoder_binding *binding = wh_encoder_bind(&dates->encoder, shape, features, error);
    if (!binding)
        return NULL;
    int failed = wh_encoder_remember(&dates->encoder, binding, sizeof(struct date_column), error);
    for (size_t i = 0; i < binding->count && !failed; i++)
        failed = name_parts(dates, binding->columns[i].memory, features, error);
    if (failed) {
        free(binding);
        return NULL;
    }
    return &binding->binding;
}

/* Rows. */

/* ISO 8601's week: it belongs to the year of its Thursday. */
static int64_t week(int64_t days, int64_t weekday)
{
    int64_t thursday = days - weekday + 3;
    struct wh_civil at = wh_time_civil(thursday * SECONDS_A_DAY, 0);
    return (thursday - wh_time_days(at.year, 1, 1)) / 7 + 1;
}

static void take_day(const struct dates *dates, const struct wh_civil *time,
                     int64_t values[static PARTS])
{
    values[YEAR] = time->year;
    values[QUARTER] = (time->month - 1) / 3 + 1;
    values[MONTH] = time->month;
    values[DAY] = time->day;
    if (!dates->counts_days)
        return;
    int64_t days = wh_time_days(time->year, time->month, time->day);
    values[WEEKDAY] = wh_time_weekday(time);
    values[YEARDAY] = days - wh_time_days(time->year, 1, 1) + 1;
    if (dates->chosen[WEEK])
        values[WEEK] = week(days, values[WEEKDAY]);
}

/* Whether the parts of the day are those of the row before. */
static bool same_day(const int64_t values[static PARTS], const struct wh_civil *time)
{
    return values[DAY] == time->day && values[MONTH] == time->month && values[YEAR] == time->year;
}

/* The parts of the text's time, in column->values. */
static int take_parts(const struct dates *dates, struct date_column *column, struct wh_slice text)
{
    struct wh_civil time;
    if (!wh_time_parse(text.text, text.length, &time))
        return -1;
    if (dates->chosen[EPOCH])
        column->values[EPOCH] = wh_time_seconds(&time);
    if (dates->utc && time.has_offset)
        time = wh_time_civil(wh_time_seconds(&time), time.nanosecond);
    if (!same_day(column->values, &time))
        take_day(dates, &time, column->values);
    column->values[HOUR] = time.hour;
    column->values[MINUTE] = time.minute;
    column->values[SECOND] = time.second;
    return 0;
}

static void put_printed(struct wh_features *features, struct wh_feature *feature,
                        const struct printed *number)
{
    if (number->zero)
        return;
    struct wh_feature_item *item = wh_features_add(features, feature);
    item->kind = WH_FEATURE_TEXT;
    item->text = number->text;
    item->length = number->length;
}

static void put_parts(const struct dates *dates, const struct date_column *column,
                      struct wh_features *features)
{
    for (enum part part = 0; part < PARTS; part++) {
        if (!dates->chosen[part])
            continue;
        int64_t value = column->values[part];
        if (parts[part].most) {
            put_printed(features, column->number[part], &dates->numbers[value]);
        } else {
            struct wh_feature_item *item = wh_features_add(features, column->number[part]);
            item->kind = WH_FEATURE_NUMBER;
            item->number = (double)value;
        }
        if (dates->angles[part]) {
            put_printed(features, column->sine[part], &dates->angles[part][value].sine);
            put_printed(features, column->cosine[part], &dates->angles[part][value].cosine);
        }
    }
}

static void put_null(const struct dates *dates, const struct date_column *column,
                     struct wh_features *features)
{
    for (enum part part = 0; part < PARTS; part++) {
        if (!dates->chosen[part])
            continue;
        wh_features_add(features, column->number[part])->kind = WH_FEATURE_NULL;
        if (dates->angles[part]) {
            wh_features_add(features, column->sine[part])->kind = WH_FEATURE_NULL;
            wh_features_add(features, column->cosine[part])->kind = WH_FEATURE_NULL;
        }
    }
}

/* What makes a date of a number. */
static const char EPOCH_ADVICE[] = " (seconds since 1970 become one by "
                                   "wh-clean -o ndjson | jq -c '.COL |= todate')";

static enum wh_verdict row(struct wh_step *step, struct wh_binding *binding, struct wh_row *row,
                           struct wh_error *error)
{
    struct wh_features *features = step->context->features;
    const struct dates *dates = (const struct dates *)step;
    struct wh_encoder_binding *own = (struct wh_encoder_binding *)binding;
    wh_features_pass(features, own);
    for (size_t i = 0; i < own->count; i++) {
        const struct wh_encoder_column *column = &own->columns[i];
        if (wh_encoder_null(column, row)) {
            put_null(dates, column->memory, features);
            continue;
        }
        const struct wh_field *field = &row->fields[column->field];
        struct wh_slice text = wh_row_text(row, field);
        if (field->type != WH_STRING || take_parts(dates, column->memory, text)) {
            char shown[96];
            bool number = field->type == WH_NUMBER;
            wh_bad_row(error, "dates", column->name, column->length, 0,
                       "%s is not a date or time like \"2024-03-01 12:30:05\"%s",
                       wh_quote(shown, text.text, text.length), number ? EPOCH_ADVICE
                                                                       : " (ISO 8601 is read)");
            return WH_BAD;
        }
        put_parts(dates, column->memory, features);
    }
    return WH_PASSED;
}

/* Opening. */

static void print_number(struct printed *printed, double number)
{
    /* Where the period is met exactly, rounding of pi leaves 1e-16 of what is 0. */
    if (fabs(number) < 1e-15)
        number = 0;
    printed->zero = number == 0;
    printed->length = (uint32_t)wh_number_print(number, printed->text);
}

static void print_angles(struct dates *dates, enum part part)
{
    static const double two_pi = 6.283185307179586;
    dates->angles[part] = wh_alloc((size_t)parts[part].most + 1, sizeof(struct angle));
    for (int value = 0; value <= parts[part].most; value++) {
        double angle = two_pi * value / parts[part].period;
        print_number(&dates->angles[part][value].sine, sin(angle));
        print_number(&dates->angles[part][value].cosine, cos(angle));
    }
}

static void print_tables(struct dates *dates)
{
    dates->numbers = wh_alloc(MOST_ROUND + 1, sizeof *dates->numbers);
    for (int value = 0; value <= MOST_ROUND; value++)
        print_number(&dates->numbers[value], value);
    for (enum part part = 0; part < PARTS; part++)
        if (dates->cyclic && dates->chosen[part] && parts[part].period > 0)
            print_angles(dates, part);
}

static void close_dates(struct wh_step *step)
{
    struct dates *dates = (struct dates *)step;
    for (enum part part = 0; part < PARTS; part++)
        free(dates->angles[part]);
    free(dates->numbers);
    wh_encoder_close(step);
}

/* A member of the recipe that is true, false, or not there. */
static int take_flag(const json_t *recipe, const char *key, bool *flag, struct wh_error *error)
{
    const json_t *value = json_object_get(recipe, key);
    if (value && !json_is_boolean(value))
        return wh_fail(error, WH_REFUSED, "%s takes no value", key);
    *flag = json_is_true(value);
    return 0;
}

static int take_flags(struct dates *dates, const json_t *recipe, struct wh_error *error)
{
    bool any = false;
    for (enum part part = 0; part < PARTS; part++) {
        if (take_flag(recipe, parts[part].name, &dates->chosen[part], error))
            return -1;
        any = any || dates->chosen[part];
    }
    if (take_flag(recipe, "cyclic", &dates->cyclic, error) ||
        take_flag(recipe, "utc", &dates->utc, error))
        return -1;
    dates->counts_days = dates->chosen[YEARDAY] || dates->chosen[WEEKDAY] || dates->chosen[WEEK];
    if (any)
        return 0;
    return wh_fail(error, WH_REFUSED, "no part of the date is named (year, quarter, month, week, "
                   "day, yearday, weekday, hour, minute, second, epoch)");
}

static const struct wh_step_ops ops = {
    .bind = bind,
    .row = row,
    .columns = wh_encoder_columns,
    .close = close_dates,
};

static struct wh_step *create(const json_t *recipe, struct wh_error *error)
{
    struct dates *dates = wh_alloc(1, sizeof *dates);
    if (wh_encoder_open(&dates->encoder, &ops, recipe, error) ||
        take_flags(dates, recipe, error)) {
        close_dates(&dates->encoder.step);
        return NULL;
    }
    print_tables(dates);
    return &dates->encoder.step;
}

const struct wh_step_type wh_step_dates = {
    .op = "dates",
    .encodes = true,
    .argument = "COLS:PART,...",
    .help = "year, quarter, month, week, day, yearday, weekday, hour, minute, second, epoch of a "
            "date or time; cyclic adds sine and cosine; utc converts first",
    .keys = (const char *const[]){ "columns", "year", "quarter", "month", "week", "day", "yearday",
                                   "weekday", "hour", "minute", "second", "epoch", "cyclic", "utc",
                                   NULL },
    .parse = wh_parse_columns_argument,
    .create = create,
};
