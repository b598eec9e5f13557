/* What is known of rows of one shape: the columns of the roles, and the parts of modules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "model/row_plan.h"

static const struct wh_roles roles = { .label = "y", .weight = "w", .time = "at", .join = "id" };

/* A shape of columns of these names, NULL last. */
static struct wh_shape *shape_of(const char *const *names)
{
    struct wh_column columns[8];
    size_t count = 0;
    for (; names[count]; count++)
        columns[count] = wh_column_named(names[count]);
    return wh_shape_open(columns, count);
}

#define SHAPE(...) shape_of((const char *const[]){ __VA_ARGS__, NULL })

static void the_columns_of_the_roles_are_known_of_each_shape(void **state)
{
    (void)state;
    struct wh_row_plans *plans = wh_row_plans_open(&roles);
    struct wh_shape *all = SHAPE("a", "id", "at", "w", "y"), *none = SHAPE("a", "Y");
    const struct wh_row_plan *plan = wh_row_plan_of(plans, all);
    assert_int_equal(plan->join, 1);
    assert_int_equal(plan->time, 2);
    assert_int_equal(plan->weight, 3);
    assert_int_equal(plan->label, 4);
    plan = wh_row_plan_of(plans, none);
    assert_int_equal(plan->label, -1);
    assert_int_equal(plan->weight, -1);
    assert_int_equal(plan->time, -1);
    assert_int_equal(plan->join, -1);
    wh_row_plans_close(plans);
    wh_shape_close(all);
    wh_shape_close(none);
}

static void a_role_that_is_not_given_has_no_column(void **state)
{
    (void)state;
    struct wh_row_plans *plans = wh_row_plans_open(&(struct wh_roles){ 0 });
    struct wh_shape *shape = SHAPE("y", "w");
    const struct wh_row_plan *plan = wh_row_plan_of(plans, shape);
    assert_int_equal(plan->label, -1);
    assert_int_equal(plan->weight, -1);
    wh_row_plans_close(plans);
    wh_shape_close(shape);
}

/* The plan of a shape, which is freed. */
static struct wh_row_plan plan_of(struct wh_shape *shape)
{
    struct wh_row_plans *plans = wh_row_plans_open(&roles);
    struct wh_row_plan plan = *wh_row_plan_of(plans, shape);
    wh_row_plans_close(plans);
    wh_shape_close(shape);
    return plan;
}

static void a_recipe_stamps_features_and_no_columns(void **state)
{
    (void)state;
    struct wh_row_plan plan = plan_of(SHAPE("recipe", "y", "features"));
    assert_int_equal(plan.input, WH_INPUT_FEATURES);
    assert_int_equal(plan.features, 2);
    assert_int_equal(plan.stamp, 0);
    plan = plan_of(SHAPE("recipe", "y", "features.a"));
    assert_int_equal(plan.input, WH_INPUT_FEATURES);
    assert_int_equal(plan.features, -1);
    assert_int_equal(plan.stamp, 0);
    plan = plan_of(SHAPE("recipe", "y", "features."));
    assert_int_equal(plan.input, WH_INPUT_COLUMNS);
    assert_int_equal(plan.stamp, -1);
}

struct part {
    uint64_t bound;
};

static void count_bound(void *owner, void *part)
{
    *(unsigned *)owner += ((struct part *)part)->bound != 0;
}

static void what_is_bound_to_a_shape_lasts_until_the_plan_is_anothers(void **state)
{
    (void)state;
    enum { SHAPES = 200 };
    unsigned first = 0, second = 0;
    struct wh_row_plans *plans = wh_row_plans_open(&roles);
    size_t one = wh_row_plans_add(plans, &(struct wh_row_part){ sizeof(struct part), count_bound,
                                                                &first });
    size_t other = wh_row_plans_add(plans, &(struct wh_row_part){ sizeof(struct part), count_bound,
                                                                  &second });
    struct wh_shape *shapes[SHAPES];
    for (size_t i = 0; i < SHAPES; i++) {
        shapes[i] = SHAPE("a");
        struct wh_row_plan *plan = wh_row_plan_of(plans, shapes[i]);
        struct part *left = wh_row_plan_part(plan, one), *right = wh_row_plan_part(plan, other);
        assert_int_equal(left->bound, 0);
        assert_int_equal(right->bound, 0);
        left->bound = shapes[i]->serial;
        right->bound = i % 2;
        assert_ptr_equal(wh_row_plan_of(plans, shapes[i]), plan);
        assert_int_equal(left->bound, shapes[i]->serial);
    }
    assert_in_range(first, SHAPES / 2, SHAPES - 1); /* they were released on the way */
    wh_row_plans_close(plans);
    assert_int_equal(first, SHAPES);
    assert_int_equal(second, SHAPES / 2);
    for (size_t i = 0; i < SHAPES; i++)
        wh_shape_close(shapes[i]);
}

static void a_part_can_be_released_alone(void **state)
{
    (void)state;
    unsigned first = 0, second = 0;
    struct wh_row_plans *plans = wh_row_plans_open(&roles);
    size_t one = wh_row_plans_add(plans, &(struct wh_row_part){ sizeof(struct part), count_bound,
                                                                &first });
    size_t other = wh_row_plans_add(plans, &(struct wh_row_part){ sizeof(struct part), count_bound,
                                                                  &second });
    struct wh_shape *shape = SHAPE("y");
    struct wh_row_plan *plan = wh_row_plan_of(plans, shape);
    ((struct part *)wh_row_plan_part(plan, one))->bound = 1;
    ((struct part *)wh_row_plan_part(plan, other))->bound = 1;
    wh_row_plans_release(plans, one);
    assert_int_equal(first, 1);
    assert_int_equal(second, 0);
    assert_ptr_equal(wh_row_plan_of(plans, shape), plan);
    assert_int_equal(plan->label, 0);
    assert_int_equal(((struct part *)wh_row_plan_part(plan, one))->bound, 0);
    assert_int_equal(((struct part *)wh_row_plan_part(plan, other))->bound, 1);
    wh_row_plans_close(plans);
    assert_int_equal(first, 1);
    assert_int_equal(second, 1);
    wh_shape_close(shape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_columns_of_the_roles_are_known_of_each_shape),
        cmocka_unit_test(a_role_that_is_not_given_has_no_column),
        cmocka_unit_test(a_recipe_stamps_features_and_no_columns),
        cmocka_unit_test(what_is_bound_to_a_shape_lasts_until_the_plan_is_anothers),
        cmocka_unit_test(a_part_can_be_released_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
