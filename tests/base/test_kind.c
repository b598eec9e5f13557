/* Kinds that describe themselves: which a name means, and what is refused for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/kind.h"

enum { CAN_FLY = 1, CAN_SWIM = 2 };

struct nest {
    const char *place;
    bool settled;
};

static const struct wh_option nest_options[] = {
    WH_HEADING("Nests"),
    WH_TEXT(struct nest, place, "place", 0, "PLACE", "where it is"),
};
static const struct wh_option depth = { .name = "depth", .needs = CAN_SWIM,
                                        .elsewhere = "--height does" };
static const struct wh_option speed = { .name = "speed", .needs = 8 };

static int settle_nest(void *values, struct wh_error *error)
{
    struct nest *nest = values;
    nest->settled = true;
    return nest->place && strcmp(nest->place, "nowhere") == 0
               ? wh_fail(error, WH_REFUSED, "no such place") : 0;
}

static const struct wh_option_group nests = { WH_GROUP(nest_options, struct nest),
                                              .settle = settle_nest };
static const struct wh_option_group *const nest_groups[] = { &nests, NULL };

static const char *const owl_names[] = { "owl:", NULL }, *const duck_names[] = { "duck:", NULL },
                  *const ibis_names[] = { "ibis:", NULL }, *const fish_names[] = { "", NULL };
static const struct wh_kind owl = { .name = "Owl", .one = "a bird", .all = "birds",
    .prefixes = owl_names, .operand = "owl:NAME", .can = CAN_FLY, .groups = nest_groups };
static const struct wh_kind duck = { .name = "Duck", .one = "a bird", .all = "birds",
    .prefixes = duck_names, .operand = "duck:NAME", .can = CAN_FLY | CAN_SWIM,
    .groups = nest_groups };
static const struct wh_kind ibis = { .name = "Ibis", .one = "a bird", .all = "birds",
    .prefixes = ibis_names, .operand = "ibis:NAME", .can = CAN_FLY, .groups = nest_groups,
    .package = "libibis-dev", .absent = true };
static const struct wh_kind fish = { .name = "fish", .one = "a fish", .all = "fish",
    .prefixes = fish_names, .operand = "NAME", .can = CAN_SWIM };
static const struct wh_kind *const kinds[] = { &owl, &duck, &ibis, &fish, NULL };
static const struct wh_role animals = { .what = "animal", .operand = "ANIMAL", .kinds = kinds };

static struct wh_error error;

static void a_name_means_the_kind_with_its_prefix_else_the_last(void **state)
{
    (void)state;
    assert_ptr_equal(wh_kind_find(&animals, "owl:x", &error), &owl);
    assert_ptr_equal(wh_kind_find(&animals, "duck:", &error), &duck);
    assert_ptr_equal(wh_kind_find(&animals, "trout", &error), &fish);
    assert_null(wh_kind_find(&animals, "dusk:x", &error));
    assert_string_equal(error.text, "no kind of animal is called dusk: (did you mean duck:?)");
}

static void a_kind_that_this_build_lacks_is_refused_with_the_package(void **state)
{
    (void)state;
    assert_null(wh_kind_find(&animals, "ibis:x", &error));
    assert_int_equal(error.status, WH_REFUSED);
    assert_string_equal(error.text, "this program was built without Ibis (install libibis-dev "
                                    "and build again)");
}

static void a_group_of_several_kinds_has_one_struct(void **state)
{
    (void)state;
    struct wh_asked *asked = wh_asked_open(&animals);
    assert_int_equal(asked->count, 1);
    struct nest *nest = wh_asked_values(asked, &nests);
    assert_non_null(nest);
    assert_null(wh_asked_values(NULL, &nests));
    assert_int_equal(wh_asked_check(asked, &fish, &error), 0);
    assert_false(nest->settled);
    assert_int_equal(wh_asked_check(asked, &duck, &error), 0);
    assert_true(nest->settled);
    nest->place = "nowhere";
    assert_int_equal(wh_asked_check(asked, &owl, &error), -1);
    assert_string_equal(error.text, "no such place");
    wh_asked_close(asked);
}

static void an_option_is_refused_for_a_kind_that_has_no_such_group(void **state)
{
    (void)state;
    struct wh_asked *asked = wh_asked_open(&animals);
    wh_asked_note(asked, &nest_options[1], &nests);
    assert_int_equal(wh_asked_check(asked, &owl, &error), 0);
    assert_int_equal(wh_asked_check(asked, &fish, &error), -1);
    assert_int_equal(error.status, WH_REFUSED);
    assert_string_equal(error.text, "--place applies only to birds, but the animal is a fish");
    wh_asked_close(asked);
}

static void an_option_is_refused_for_a_kind_that_cannot_do_what_it_needs(void **state)
{
    (void)state;
    struct wh_asked *asked = wh_asked_open(&animals);
    wh_asked_note(asked, &depth, NULL);
    assert_int_equal(wh_asked_check(asked, &fish, &error), 0);
    assert_int_equal(wh_asked_check(asked, &owl, &error), -1);
    assert_string_equal(error.text, "--depth applies only to Duck and fish, but the animal is Owl "
                                    "(--height does)");
    wh_asked_close(asked);
}

static void an_option_about_what_no_kind_of_the_role_can_do_is_not_its_matter(void **state)
{
    (void)state;
    struct wh_asked *asked = wh_asked_open(&animals);
    wh_asked_note(asked, &speed, NULL);
    assert_int_equal(wh_asked_check(asked, &fish, &error), 0);
    wh_asked_close(asked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_means_the_kind_with_its_prefix_else_the_last),
        cmocka_unit_test(a_kind_that_this_build_lacks_is_refused_with_the_package),
        cmocka_unit_test(a_group_of_several_kinds_has_one_struct),
        cmocka_unit_test(an_option_is_refused_for_a_kind_that_has_no_such_group),
        cmocka_unit_test(an_option_is_refused_for_a_kind_that_cannot_do_what_it_needs),
        cmocka_unit_test(an_option_about_what_no_kind_of_the_role_can_do_is_not_its_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
