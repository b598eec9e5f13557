/* Which pairs of features are chosen, and what becomes of their numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/interactions.h"

static const char *const texts[] = { "", "amount", "city=Lagos", "city=Oslo", "plan=gold",
                                     "citylight" };

enum { NAMES = sizeof texts / sizeof *texts };

static void add_names(struct wh_names *names)
{
    wh_names_init(names);
    for (size_t i = 1; i < NAMES; i++)
        wh_names_add(names, texts[i], strlen(texts[i]));
}

/* The names of the products of a row with all features, joined by blanks. */
static void check(const char *choice, const char *wanted)
{
    static const uint32_t ids[] = { 0, 1, 2, 3, 4, 5 };
    struct wh_names names;
    struct wh_error error;
    struct wh_buffer found = { 0 };
    const struct wh_pair *pairs;
    add_names(&names);
    struct wh_interactions *interactions = wh_interactions_open(choice, &names, &error);
    assert_non_null(interactions);
    size_t count = wh_interactions_pairs(interactions, ids, NAMES, &pairs);
    for (size_t i = 0; i < count; i++) {
        if (i)
            wh_buffer_byte(&found, ' ');
        wh_interactions_name(interactions, ids[pairs[i].right], ids[pairs[i].left], &found);
        assert_true(pairs[i].id == WH_NO_FEATURE);
    }
    assert_string_equal(wh_buffer_text(&found), wanted);
    wh_buffer_free(&found);
    wh_interactions_close(interactions);
    wh_names_free(&names);
}

static void pairs_are_chosen_by_the_names_of_columns(void **state)
{
    (void)state;
    check("amount*city", "amount*city=Lagos amount*city=Oslo");
    check("plan*city", "city=Lagos*plan=gold city=Oslo*plan=gold");
    check("amount*amount", "amount*amount");
    check("city=Oslo*plan", "city=Oslo*plan=gold");
    check("amount*plan,city*plan,plan*amount",
          "amount*plan=gold city=Lagos*plan=gold city=Oslo*plan=gold");
    check("amount*all", "amount*city=Lagos amount*city=Oslo amount*plan=gold amount*citylight");
    check("colour*amount", "");
}

static void all_is_every_pair_and_every_square_once(void **state)
{
    (void)state;
    check("all", "amount*amount amount*city=Lagos amount*city=Oslo amount*plan=gold "
                 "amount*citylight city=Lagos*city=Lagos city=Lagos*city=Oslo "
                 "city=Lagos*plan=gold city=Lagos*citylight city=Oslo*city=Oslo "
                 "city=Oslo*plan=gold city=Oslo*citylight plan=gold*plan=gold "
                 "citylight*plan=gold citylight*citylight");
}

static void what_is_no_pair_is_refused(void **state)
{
    (void)state;
    static const char *const choices[] = { "", "a", "*", "a*", "*a", "a*b*c", "a*b,", ",a*b",
                                          "**" };
    struct wh_names names;
    struct wh_error error;
    add_names(&names);
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        assert_null(wh_interactions_open(choices[i], &names, &error));
    wh_names_free(&names);
}

/* The number of the pair of the features 1 and `id`. */
static uint32_t remembered(struct wh_interactions *interactions, uint32_t id)
{
    const uint32_t ids[] = { 0, id, 1 };
    const struct wh_pair *pairs;
    size_t count = wh_interactions_pairs(interactions, ids, 3, &pairs);
    for (size_t i = 0; i < count; i++)
        if (pairs[i].left != pairs[i].right)
            return pairs[i].id;
    return 0;
}

static void numbers_are_remembered_until_they_are_forgotten(void **state)
{
    (void)state;
    enum { MANY = 5000 };
    struct wh_names names;
    struct wh_error error;
    wh_names_init(&names);
    for (int i = 1; i < MANY; i++) {
        char text[16];
        wh_names_add(&names, text, (size_t)snprintf(text, sizeof text, "f%d", i));
    }
    struct wh_interactions *interactions = wh_interactions_open("all", &names, &error);
    for (int round = 0; round < 3; round++) {
        for (uint32_t id = 2; id < MANY; id++) {
            assert_true(remembered(interactions, id) == WH_NO_FEATURE);
            wh_interactions_remember(interactions, id % 2 ? 1 : id, id % 2 ? id : 1,
                                     MANY + id + (uint32_t)round);
        }
        for (uint32_t id = 2; id < MANY; id++)
            assert_true(remembered(interactions, id) == MANY + id + (uint32_t)round);
        wh_interactions_forget(interactions);
    }
    wh_interactions_close(interactions);
    wh_names_free(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_are_chosen_by_the_names_of_columns),
        cmocka_unit_test(all_is_every_pair_and_every_square_once),
        cmocka_unit_test(what_is_no_pair_is_refused),
        cmocka_unit_test(numbers_are_remembered_until_they_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
