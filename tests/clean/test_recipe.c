/* Recipes: canonical text and its hash, whatever way a recipe was written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "clean/table.h"
#include "pipe/recipe.h"
#include "pipe/step_argument.h"
#include "record/canonical.h"

static char *canonical(const char *text)
{
    json_error_t place;
    json_t *value = json_loads(text, JSON_DECODE_ANY, &place);
    assert_non_null(value);
    struct wh_buffer out = { 0 };
    wh_json_canonical(&out, value);
    json_decref(value);
    return wh_buffer_text(&out);
}

static void assert_canonical(const char *text, const char *expected)
{
    char *first = canonical(text);
    assert_string_equal(first, expected);
    char *second = canonical(first);
    assert_string_equal(second, expected);
    free(first);
    free(second);
}

static void canonical_text_sorts_keys_and_shortens_numbers(void **state)
{
    (void)state;
    assert_canonical("{\"b\": 1, \"a\": [true, false, null, {}], \"B\": \"x\"}",
                     "{\"B\":\"x\",\"a\":[true,false,null,{}],\"b\":1}");
    assert_canonical("[1.50, 1e2, 100, 0.1, 1e-7, 12345678901234567]",
                     "[1.5,100,100,0.1,1e-7,12345678901234567]");
    assert_canonical("\"\\u00e9\\n\\\"\\/\"", "\"é\\n\\\"/\"");
}

static void canonical_numbers_read_back_to_the_same(void **state)
{
    (void)state;
    assert_canonical("-0.0", "-0.0");
    assert_canonical("1e20", "100000000000000000000.0");
    assert_canonical("9223372036854775808.0", "9223372036854776000.0");
    assert_canonical("1e21", "1e21");
    assert_canonical("1.7976931348623157e308", "1.7976931348623157e308");
    assert_canonical("5e-324", "5e-324");
    assert_canonical("-9223372036854775808", "-9223372036854775808");
}

static void add(struct wh_recipe *recipe, const char *op, const char *argument)
{
    struct wh_error error = { 0 };
    if (wh_recipe_option(recipe, op, argument, &error) < 0)
        fail_msg("%s %s: %s", op, argument, error.text);
}

static char *temporary(const char *text)
{
    char *path = strdup("/tmp/wh-recipe-XXXXXX");
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, text, strlen(text)), (ssize_t)strlen(text));
    close(descriptor);
    return path;
}

static void load(struct wh_recipe *recipe, const char *text)
{
    struct wh_error error = { 0 };
    char *path = temporary(text);
    if (wh_recipe_file(recipe, path, &error) < 0)
        fail_msg("%s", error.text);
    unlink(path);
    free(path);
}

static void options_and_their_printed_recipe_have_one_hash(void **state)
{
    (void)state;
    struct wh_recipe options, file;
    wh_recipe_init(&options, wh_clean_steps);
    wh_recipe_init(&file, wh_clean_steps);
    add(&options, "fill", "discount=0.50");
    add(&options, "type", "amount=decimal");
    add(&options, "flatten", NULL);
    add(&options, "rename", "b=x,a=y");
    char *text = wh_recipe_print(&options);
    load(&file, text);
    char one[13], two[13];
    wh_recipe_hash(&options, one);
    wh_recipe_hash(&file, two);
    assert_string_equal(one, two);
    assert_int_equal(strspn(one, "0123456789abcdef"), 12);
    wh_recipe_free(&file);
    wh_recipe_init(&file, wh_clean_steps);
    load(&file, "{\"steps\": [{\"value\": 5e-1, \"column\": \"discount\", \"op\": \"fill\"},\n"
                " {\"type\": \"decimal\", \"op\": \"type\", \"column\": \"amount\"},\n"
                " {\"op\": \"flatten\"},\n"
                " {\"names\": {\"a\": \"y\", \"b\": \"x\"}, \"op\": \"rename\"}]}");
    wh_recipe_hash(&file, two);
    assert_string_equal(one, two);
    add(&file, "trim", "a");
    wh_recipe_hash(&file, two);
    assert_string_not_equal(one, two);
    free(text);
    wh_recipe_free(&options);
    wh_recipe_free(&file);
}

/* The hash stands in models and states: it may never change. */
static void hash_of_a_recipe_is_fixed(void **state)
{
    (void)state;
    struct wh_recipe recipe;
    char hex[13];
    wh_recipe_init(&recipe, wh_clean_steps);
    add(&recipe, "fill", "discount=0");
    wh_recipe_hash(&recipe, hex);
    /* printf '{"steps":[{"column":"discount","op":"fill","value":0}]}' | sha256sum */
    assert_string_equal(hex, "8b461830b282");
    wh_recipe_free(&recipe);
}

static void assert_parsed(const char *argument, const char *expected)
{
    struct wh_error error = { 0 };
    json_t *object = wh_parse_columns_argument(argument, &error);
    if (!object)
        fail_msg("%s: %s", argument, error.text);
    struct wh_buffer out = { 0 };
    wh_json_canonical(&out, object);
    assert_string_equal(wh_buffer_text(&out), expected);
    wh_buffer_free(&out);
    json_decref(object);
}

static void an_argument_of_columns_may_have_keys(void **state)
{
    (void)state;
    assert_parsed("a,b", "{\"columns\":\"a,b\"}");
    assert_parsed("a:n=20,x=1.5,s=word,t=true,f=false,bare",
                  "{\"bare\":true,\"columns\":\"a\",\"f\":false,\"n\":20,\"s\":\"word\",\"t\":true,"
                  "\"x\":1.5}");
    assert_parsed("a\\:b,/x:[:alpha:]/,!/y:/:n=1",
                  "{\"columns\":\"a\\\\:b,/x:[:alpha:]/,!/y:/\",\"n\":1}");
    assert_parsed("a/b:n=1", "{\"columns\":\"a/b\",\"n\":1}");
}

static void an_argument_with_a_value_ends_the_columns_at_the_first_equals_sign(void **state)
{
    (void)state;
    struct wh_error error = { 0 };
    json_t *object = wh_parse_value_argument("/a=b/,c\\=d=x=y", "value", &error);
    assert_non_null(object);
    assert_string_equal(json_string_value(json_object_get(object, "column")), "/a=b/,c\\=d");
    assert_string_equal(json_string_value(json_object_get(object, "value")), "x=y");
    json_decref(object);
    object = wh_parse_value_argument("a=", "value", &error);
    assert_string_equal(json_string_value(json_object_get(object, "value")), "");
    json_decref(object);
    assert_null(wh_parse_value_argument("a", "value", &error));
    assert_null(wh_parse_value_argument("=1", "value", &error));
    assert_null(wh_parse_value_argument("a=\xff", "value", &error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_text_sorts_keys_and_shortens_numbers),
        cmocka_unit_test(canonical_numbers_read_back_to_the_same),
        cmocka_unit_test(options_and_their_printed_recipe_have_one_hash),
        cmocka_unit_test(hash_of_a_recipe_is_fixed),
        cmocka_unit_test(an_argument_of_columns_may_have_keys),
        cmocka_unit_test(an_argument_with_a_value_ends_the_columns_at_the_first_equals_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
