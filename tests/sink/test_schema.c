/* The types that --create gives columns, by the values of rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "record/json.h"
#include "record/held.h"
#include "sink/into.h"
#include "sink/schema.h"

/* The type of a column that has had these values, JSON texts up to NULL. */
static void expect_type(enum wh_dialect dialect, const char *type, const char *const *values)
{
    struct wh_error error;
    const struct wh_into into = { .table = "t" };
    const struct wh_sink_request request = { .into = &into };
    struct wh_schema *schema = wh_schema_open(&request, &error);
    struct wh_column column = wh_column_named("c");
    struct wh_shape *shape = wh_shape_open(&column, 1);
    for (; *values; values++) {
        struct wh_buffer array = { 0 };
        struct wh_json_walk walk;
        wh_buffer_format(&array, "[%s]", *values);
        wh_buffer_reserve(&array, WH_SLACK);
        wh_json_walk_begin(&walk, array.data);
        assert_true(wh_json_walk_next(&walk));
        const struct wh_row row = { .shape = shape, .fields = &walk.field };
        wh_schema_see(schema, &row);
        wh_buffer_free(&array);
    }
    char expected[200];
    snprintf(expected, sizeof expected, "CREATE TABLE IF NOT EXISTS \"t\" (\"c\"%s%s)",
             *type ? " " : "", type);
    struct wh_buffer sql = { 0 };
    assert_int_equal(wh_schema_sql(schema, dialect, 1, &sql, &error), 0);
    assert_string_equal(wh_buffer_text(&sql), expected);
    wh_buffer_free(&sql);
    wh_schema_close(schema);
    wh_shape_close(shape);
}

#define VALUES(...) (const char *const[]){ __VA_ARGS__, NULL }
#define POSTGRES(type, ...) expect_type(WH_SQL_POSTGRES, type, VALUES(__VA_ARGS__))
#define SQLITE(type, ...) expect_type(WH_SQL_SQLITE, type, VALUES(__VA_ARGS__))

static void numbers_take_the_narrowest_type_that_keeps_them(void **state)
{
    (void)state;
    POSTGRES("bigint", "1", "-9223372036854775808", "null");
    POSTGRES("numeric", "9223372036854775808");
    POSTGRES("numeric", "1", "0.10");
    POSTGRES("double precision", "1", "0.5", "1e-7");
    POSTGRES("numeric", "1e-7", "0.12345678901234567890");
    POSTGRES("numeric", "1e3", "9007199254740993");
    SQLITE("INTEGER", "1");
    SQLITE("", "1", "0.10");
    SQLITE("REAL", "1e10", "2");
}

static void strings_are_times_only_where_all_are(void **state)
{
    (void)state;
    POSTGRES("date", "\"2024-03-01\"", "\"0001-01-01\"");
    POSTGRES("timestamp", "\"2024-03-01T12:00:00.123456\"", "\"2024-03-01\"");
    POSTGRES("timestamp with time zone", "\"2024-03-01T12:00:00Z\"", "\"2024-03-01 12:00+05:30\"");
    POSTGRES("text", "\"2024-03-01T12:00:00Z\"", "\"2024-03-01T12:00:00\"");
    POSTGRES("text", "\"2024-02-30\"");
    POSTGRES("text", "\"0000-01-01\"");
    POSTGRES("text", "\"20240301\"");
    POSTGRES("text", "\"2024-03-01T12:00:00.123456789Z\"");
    POSTGRES("text", "\"2024-03-01\"", "\"\"");
    SQLITE("TEXT", "\"2024-03-01\"");
}

static void values_without_a_type_in_common_are_text(void **state)
{
    (void)state;
    POSTGRES("boolean", "true", "null", "false");
    POSTGRES("json", "[1]", "{}");
    POSTGRES("text", "true", "1");
    POSTGRES("text", "1", "\"1\"");
    POSTGRES("text", "[1]", "\"x\"");
    POSTGRES("text", "null");
    SQLITE("BOOLEAN", "true");
    SQLITE("TEXT", "\"x\"", "\"2024-03-01\"");
    SQLITE("", "1", "\"x\"");
    SQLITE("", "null");
}

static void a_table_needs_columns_that_can_be_named(void **state)
{
    (void)state;
    struct wh_error error;
    struct wh_buffer sql = { 0 };
    const struct wh_into into = { .table = "t" };
    const struct wh_sink_request request = { .into = &into };
    struct wh_schema *schema = wh_schema_open(&request, &error);
    assert_int_equal(wh_schema_sql(schema, WH_SQL_SQLITE, 1, &sql, &error), -1);
    assert_int_equal(error.status, WH_REFUSED);
    struct wh_column nameless = wh_column_named("");
    struct wh_shape *shape = wh_shape_open(&nameless, 1);
    struct wh_field field = { "null", 4, WH_NULL, 0 };
    const struct wh_row row = { .shape = shape, .fields = &field };
    wh_schema_see(schema, &row);
    assert_int_equal(wh_schema_sql(schema, WH_SQL_SQLITE, 1, &sql, &error), -1);
    wh_shape_close(shape);
    wh_schema_close(schema);
    wh_buffer_free(&sql);
}

/* What the reader's memory held is written over, as it is with its next row. */
static void held_rows_stay_as_they_came(void **state)
{
    (void)state;
    struct wh_held *held = wh_held_open();
    char text[8 + WH_SLACK] = "", raw[16];
    struct wh_field field = { text, 1, WH_NUMBER, 0 };
    struct wh_column column = wh_column_named("c");
    struct wh_shape *shape = wh_shape_open(&column, 1);
    for (int i = 0; i < 10; i++) {
        snprintf(text, 2, "%d", i);
        snprintf(raw, sizeof raw, "{\"c\":%d}\n", i);
        const struct wh_row row = { .shape = shape, .fields = &field, .raw = raw, .raw_length = 8,
                                    .terminator = 1, .line = (uint64_t)i + 1 };
        wh_held_add(held, &row);
    }
    wh_shape_close(shape);
    memset(text, 'x', 8);
    assert_int_equal(wh_held_count(held), 10);
    uint64_t serial = wh_held_row(held, 0)->shape->serial;
    for (size_t i = 0; i < 10; i++) {
        const struct wh_row *row = wh_held_row(held, i);
        assert_int_equal(row->fields[0].text[0], '0' + (char)i);
        assert_int_equal(row->raw[5], '0' + (char)i);
        assert_int_equal(row->line, i + 1);
        assert_int_equal(row->shape->serial, serial);
        assert_string_equal(row->shape->columns[0].name, "c");
    }
    wh_held_clear(held);
    assert_int_equal(wh_held_count(held), 0);
    wh_held_close(held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_take_the_narrowest_type_that_keeps_them),
        cmocka_unit_test(strings_are_times_only_where_all_are),
        cmocka_unit_test(values_without_a_type_in_common_are_text),
        cmocka_unit_test(a_table_needs_columns_that_can_be_named),
        cmocka_unit_test(held_rows_stay_as_they_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
