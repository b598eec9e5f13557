/* Shapes, and the one syntax in which columns are chosen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "record/shape.h"

/* A shape of names between blanks. */
static struct wh_shape *shape_of(const char *names)
{
    struct wh_column columns[32];
    char *copy = wh_copy(names, strlen(names));
    size_t count = 0;
    for (char *name = strtok(copy, " "); name; name = strtok(NULL, " "))
        columns[count++] = wh_column_named(name);
    struct wh_shape *shape = wh_shape_open(columns, count);
    free(copy);
    return shape;
}

/* The chosen names with blanks between, or "error: TEXT". Valid until the next call. */
static const char *choose(const char *text, const char *names, bool lenient)
{
    static char out[1200];
    struct wh_columns *columns;
    struct wh_error error;
    out[0] = '\0';
    if (wh_columns_parse(text, strlen(text), &columns, &error) != 0) {
        snprintf(out, sizeof out, "refused: %s", error.text);
        return out;
    }
    struct wh_shape *shape = shape_of(names);
    uint32_t indices[32];
    int count = wh_columns_resolve(columns, shape, lenient, indices, &error);
    if (count < 0)
        snprintf(out, sizeof out, "error: %s: %s", error.column, error.text);
    for (int i = 0; i < count; i++) {
        strcat(out, i ? " " : "");
        strcat(out, shape->columns[indices[i]].name);
    }
    wh_columns_free(columns);
    wh_shape_close(shape);
    return out;
}

static void shape_keeps_names_and_spells_keys(void **state)
{
    (void)state;
    const struct wh_column columns[] = {
        { .name = "a", .length = 1 },
        { .name = "q\"\n", .length = 3 },
        { .name = "x", .length = 1, .key = "\"\\u0078\":", .key_length = 9 },
        { .name = "", .length = 0 },
        { .name = "n\0l", .length = 3 },
    };
    struct wh_shape *shape = wh_shape_open(columns, 5);
    assert_int_equal(shape->count, 5);
    assert_string_equal(shape->columns[0].name, "a");
    assert_memory_equal(shape->columns[0].key, "\"a\":", shape->columns[0].key_length);
    assert_memory_equal(shape->columns[1].key, "\"q\\\"\\n\":", shape->columns[1].key_length);
    assert_memory_equal(shape->columns[2].key, "\"\\u0078\":", 9);
    assert_memory_equal(shape->columns[3].key, "\"\":", 3);
    assert_int_equal(shape->columns[4].length, 3);
    assert_int_equal(wh_shape_find(shape, "n\0l", 3), 4);
    assert_int_equal(wh_shape_find(shape, "n", 1), -1);
    assert_int_equal(wh_shape_find(shape, "", 0), 3);
    assert_null(shape->header);
    struct wh_shape *other = wh_shape_open(columns, 0);
    assert_int_not_equal(other->serial, shape->serial);
    assert_int_equal(other->count, 0);
    wh_shape_close(other);
    wh_shape_close(shape);
}

static void names_come_in_the_order_they_were_named(void **state)
{
    (void)state;
    assert_string_equal(choose("c,a", "a b c", false), "c a");
    assert_string_equal(choose("c,a,c", "a b c", false), "c a");
    assert_string_equal(choose("a b", "a b", true), "");
}

static void ranges_follow_the_shape(void **state)
{
    (void)state;
    assert_string_equal(choose("b-d", "a b c d e", false), "b c d");
    assert_string_equal(choose("d-b", "a b c d e", false), "b c d");
    assert_string_equal(choose("e,b-d,a", "a b c d e", false), "e b c d a");
    assert_string_equal(choose("2-3", "1 2 3 4", false), "2 3");
    assert_string_equal(choose("b-b", "a b c", false), "b");
}

static void a_column_with_a_dash_is_no_range(void **state)
{
    (void)state;
    assert_string_equal(choose("a-c", "a b c a-c", false), "a-c");
    assert_string_equal(choose("ship-date-order-id", "ship-date x order-id y", false),
                        "ship-date x order-id");
    assert_string_equal(choose("a\\-c", "a b c", true), "");
    assert_string_equal(choose("a\\-c", "a b c", false),
                        "error: a-c: there is no column \"a-c\"");
    assert_non_null(strstr(choose("a-b-c", "a b-c a-b c", false), "more than one range"));
    assert_string_equal(choose("a\\-b-c", "a b-c a-b c", false), "a-b c");
}

static void patterns_choose_what_they_match(void **state)
{
    (void)state;
    assert_string_equal(choose("/_id$/", "order_id city user_id ids", false), "order_id user_id");
    assert_string_equal(choose("/^U/i", "user city Unit", false), "user Unit");
    assert_string_equal(choose("/a,b|x\\/y/", "a,b x/y a", false), "a,b x/y");
    assert_string_equal(choose("city,/_id$/", "a_id city b_id", false), "city a_id b_id");
    assert_string_equal(choose("/^.$/", "\xc3\xa9 ab", false), "\xc3\xa9");
    assert_string_equal(choose("/none/", "a b", false), "");
}

static void negation_takes_out(void **state)
{
    (void)state;
    assert_string_equal(choose("!b", "a b c", false), "a c");
    assert_string_equal(choose("!b,!c", "a b c d", false), "a d");
    assert_string_equal(choose("a-d,!c", "a b c d e", false), "a b d");
    assert_string_equal(choose("!/_id$/", "a_id b c_id", false), "b");
    assert_string_equal(choose("!a-c", "a b c d", false), "d");
    assert_string_equal(choose("!b,b", "a b c", false), "a c b");
}

static void a_backslash_takes_the_meaning(void **state)
{
    (void)state;
    assert_string_equal(choose("\\!b", "a !b", false), "!b");
    assert_string_equal(choose("a\\,b", "a,b", false), "a,b");
    assert_string_equal(choose("\\/x/", "/x/", false), "/x/");
    assert_string_equal(choose("a\\\\", "a\\", false), "a\\");
}

static void an_absent_column_is_an_error_with_a_suggestion(void **state)
{
    (void)state;
    assert_string_equal(choose("amuont", "id amount", false),
                        "error: amuont: there is no column \"amuont\" (did you mean amount?)");
    assert_string_equal(choose("!amuont", "id amount", false),
                        "error: amuont: there is no column \"amuont\" (did you mean amount?)");
    assert_string_equal(choose("amuont,id", "id amount", true), "id");
    assert_string_equal(choose("a-z", "a b", true), "");
}

static void what_cannot_be_read_is_refused(void **state)
{
    (void)state;
    assert_string_equal(choose("", "a", false), "refused: a list of columns holds an empty name");
    assert_string_equal(choose("a,,b", "a", false),
                        "refused: a list of columns holds an empty name");
    assert_string_equal(choose("a,", "a", false), "refused: a list of columns holds an empty name");
    assert_non_null(strstr(choose("/x", "a", false), "no closing slash"));
    assert_non_null(strstr(choose("/x/y", "a", false), "a comma is missing"));
    assert_non_null(strstr(choose("/(/", "a", false), "pattern \"(\": "));
    assert_non_null(strstr(choose("a\\", "a", false), "nothing follows the backslash"));
}

static void a_pattern_that_explodes_is_given_up(void **state)
{
    (void)state;
    const char *name = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab";
    assert_non_null(strstr(choose("/^(a|aa)+$/", name, false), "costs too much"));
}

static void a_choice_knows_names_without_a_shape(void **state)
{
    (void)state;
    struct wh_columns *columns;
    struct wh_error error;
    assert_int_equal(wh_columns_parse("order\\-id", 9, &columns, &error), 0);
    assert_true(wh_columns_match(columns, "order-id", 8));
    wh_columns_free(columns);
    assert_int_equal(wh_columns_parse("!a,!/^b/,bc", 11, &columns, &error), 0);
    assert_false(wh_columns_match(columns, "a", 1));
    assert_false(wh_columns_match(columns, "bb", 2));
    assert_true(wh_columns_match(columns, "bc", 2));
    assert_true(wh_columns_match(columns, "c", 1));
    wh_columns_free(columns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shape_keeps_names_and_spells_keys),
        cmocka_unit_test(names_come_in_the_order_they_were_named),
        cmocka_unit_test(ranges_follow_the_shape),
        cmocka_unit_test(a_column_with_a_dash_is_no_range),
        cmocka_unit_test(patterns_choose_what_they_match),
        cmocka_unit_test(negation_takes_out),
        cmocka_unit_test(a_backslash_takes_the_meaning),
        cmocka_unit_test(an_absent_column_is_an_error_with_a_suggestion),
        cmocka_unit_test(what_cannot_be_read_is_refused),
        cmocka_unit_test(a_pattern_that_explodes_is_given_up),
        cmocka_unit_test(a_choice_knows_names_without_a_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
