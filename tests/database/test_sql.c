/* SQL from the command line: values put in, tables quoted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "database/sql.h"

/* Not how a database quotes, but easy to see in what comes out. */
static int angle(void *context, struct wh_buffer *out, const char *value, struct wh_error *error)
{
    (void)context;
    if (strcmp(value, "unquotable") == 0)
        return wh_fail(error, WH_REFUSED, "cannot quote");
    wh_buffer_format(out, "<%s>", value);
    return 0;
}

static struct wh_error error;
static struct wh_buffer result;

/* What becomes of `sql` with x=1 and day=monday given; NULL where it is refused. */
static const char *substituted(const char *sql)
{
    struct wh_sql_params params = { 0 };
    assert_int_equal(wh_sql_params_add(&params, "x=1", &error), 0);
    assert_int_equal(wh_sql_params_add(&params, "day=monday", &error), 0);
    result.length = 0;
    int status = wh_sql_substitute(&result, sql, &params, angle, NULL, &error);
    wh_sql_params_free(&params);
    return status == 0 ? wh_buffer_text(&result) : NULL;
}

static void names_behind_a_colon_become_values(void **state)
{
    (void)state;
    assert_string_equal(substituted("SELECT :x"), "SELECT <1>");
    assert_string_equal(substituted(":x,:day:x"), "<1>,<monday><1>");
    assert_string_equal(substituted("a=:'day'"), "a=<monday>");
    assert_string_equal(substituted("(:x)::int"), "(<1>)::int");
    assert_string_equal(substituted(":x::int"), "<1>::int");
    assert_string_equal(substituted("interval :'x' + :x"), "interval <1> + <1>");
}

static void strings_identifiers_and_comments_are_left_alone(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "SELECT ':x', 'it''s :x'",
        "SELECT E'\\':x', e'\\\\', N':x', U&':x'",
        "SELECT \":x\", \"a\"\":x\"",
        "SELECT 1 -- :x 'day\n, 2",
        "SELECT /* :x /* :x */ :x */ 1",
        "SELECT $$ :x ' $$, $tag$ :x $$ :x $tag$",
        "SELECT foo$bar$, '$', 1",
        "SELECT 'a'::text::varchar, b:=3",
        "SELECT $1",
        "SELECT \xC3\xBC$\xC3\xBC$",
        "SELECT 'never ends :x",
        "SELECT /* never ends :x",
        "SELECT $a$ never ends :x",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_string_equal(substituted(texts[i]), texts[i]);
    assert_string_equal(substituted("'\\' :x"), "'\\' <1>");
    assert_string_equal(substituted("somee'\\' :x"), "somee'\\' <1>");
    assert_string_equal(substituted("$$ $x$ $$ :x"), "$$ $x$ $$ <1>");
    assert_string_equal(substituted("$1$ :x"), "$1$ <1>");
}

static void slices_of_arrays_are_no_names(void **state)
{
    (void)state;
    assert_string_equal(substituted("a[1:n]"), "a[1:n]");
    assert_string_equal(substituted("a[b[i]:n] + :x"), "a[b[i]:n] + <1>");
    assert_string_equal(substituted("a[1:x]"), "a[1<1>]");
}

static void a_name_without_a_value_is_refused_with_the_nearest(void **state)
{
    (void)state;
    assert_null(substituted("SELECT :dax"));
    assert_int_equal(error.status, WH_REFUSED);
    assert_string_equal(error.text, "the SQL asks for :dax and no -v dax=VALUE is given "
                                    "(did you mean day?)");
    assert_null(substituted("SELECT a[1] + :n"));
    assert_string_equal(error.text, "the SQL asks for :n and no -v n=VALUE is given");
}

static void a_value_that_cannot_be_quoted_is_an_error(void **state)
{
    (void)state;
    struct wh_sql_params params = { 0 };
    wh_sql_params_add(&params, "x=unquotable", &error);
    result.length = 0;
    assert_int_equal(wh_sql_substitute(&result, ":x", &params, angle, NULL, &error), -1);
    wh_sql_params_free(&params);
}

static void only_one_statement_is_taken(void **state)
{
    (void)state;
    assert_string_equal(substituted("SELECT 1;"), "SELECT 1");
    assert_string_equal(substituted("SELECT 1 ; -- end\n /* more */ "), "SELECT 1 ");
    assert_string_equal(substituted("SELECT ';'"), "SELECT ';'");
    assert_null(substituted("SELECT 1; SELECT 2"));
    assert_string_equal(error.text, "only one SQL statement can be extracted from");
    assert_null(substituted(" -- nothing\n"));
    assert_string_equal(error.text, "the SQL is empty");
    assert_null(substituted(" ;"));
    assert_null(substituted(""));
}

static void of_two_values_for_a_name_the_last_counts(void **state)
{
    (void)state;
    struct wh_sql_params params = { 0 };
    wh_sql_params_add(&params, "x=1", &error);
    wh_sql_params_add(&params, "x=a=b", &error);
    assert_int_equal(params.count, 1);
    assert_string_equal(wh_sql_params_use(&params, "x", 1)->value, "a=b");
    assert_null(wh_sql_params_use(&params, "xy", 2));
    assert_int_equal(wh_sql_params_check(&params, &error), 0);
    wh_sql_params_add(&params, "_Y2=", &error);
    assert_int_equal(wh_sql_params_check(&params, &error), -1);
    assert_string_equal(error.text, "-v _Y2: the SQL has no :_Y2");
    wh_sql_params_free(&params);
}

static void a_value_needs_a_name(void **state)
{
    (void)state;
    struct wh_sql_params params = { 0 };
    static const char *const wrong[] = { "", "=1", "x", "1x=2", "a-b=3", ":x=4" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(wh_sql_params_add(&params, wrong[i], &error), -1);
        assert_int_equal(error.status, WH_REFUSED);
    }
    assert_string_equal(error.text, "\":x=4\" is not NAME=VALUE (a name has letters, digits and _)");
    assert_int_equal(params.count, 0);
}

static const char *table(const char *name, size_t most)
{
    result.length = 0;
    int status = wh_sql_table(&result, name, most, &error);
    return status == 0 ? wh_buffer_text(&result) : NULL;
}

static void tables_are_quoted_part_by_part(void **state)
{
    (void)state;
    assert_string_equal(table("orders", 2), "\"orders\"");
    assert_string_equal(table("shop.Orders x", 2), "\"shop\".\"Orders x\"");
    assert_string_equal(table("a.b.c", 3), "\"a\".\"b\".\"c\"");
    assert_string_equal(table("\"a.b\"", 2), "\"a.b\"");
    assert_string_equal(table("\"a\"\"b\".c", 2), "\"a\"\"b\".\"c\"");
    assert_string_equal(table("x\"; DROP TABLE y; --", 2), "\"x\"\"; DROP TABLE y; --\"");
    static const char *const wrong[] = { "", ".", "a.", ".a", "a.b.c", "\"\"", "\"a", "\"a\"b",
                                         "\"a\"\"" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_null(table(wrong[i], 2));
    assert_string_equal(error.text, "\"\"a\"\"\" is not the name of a table (put parts that hold dots in "
                                    "double quotes)");
}

static void the_first_word_is_found_behind_comments_and_parentheses(void **state)
{
    (void)state;
    static const char *const words[] = { "SELECT", "WITH", NULL };
    assert_true(wh_sql_begins("select 1", words));
    assert_true(wh_sql_begins(" /* a */ -- b\n (( Select*", words));
    assert_true(wh_sql_begins("WITH", words));
    assert_false(wh_sql_begins("selection", words));
    assert_false(wh_sql_begins("EXPLAIN SELECT 1", words));
    assert_false(wh_sql_begins("", words));
}

static int give_back(void **state)
{
    (void)state;
    wh_buffer_free(&result);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_behind_a_colon_become_values),
        cmocka_unit_test(strings_identifiers_and_comments_are_left_alone),
        cmocka_unit_test(slices_of_arrays_are_no_names),
        cmocka_unit_test(a_name_without_a_value_is_refused_with_the_nearest),
        cmocka_unit_test(a_value_that_cannot_be_quoted_is_an_error),
        cmocka_unit_test(only_one_statement_is_taken),
        cmocka_unit_test(of_two_values_for_a_name_the_last_counts),
        cmocka_unit_test(a_value_needs_a_name),
        cmocka_unit_test(tables_are_quoted_part_by_part),
        cmocka_unit_test(the_first_word_is_found_behind_comments_and_parentheses),
    };
    return cmocka_run_group_tests(tests, NULL, give_back);
}
