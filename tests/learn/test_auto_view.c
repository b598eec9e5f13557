/* The view of the learner auto: what becomes of a row, and that it goes on the same when loaded. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "learn/auto/pack.h"
#include "learn/auto/view.h"

enum { MOST = 300 };

struct table {
    struct wh_names names;
    struct wh_auto_view *view;
    struct wh_auto_scratch *scratch;
    uint32_t ids[MOST];
    double values[MOST];
    struct wh_example example;
};

static void begin(struct table *table)
{
    wh_names_init(&table->names);
    table->view = wh_auto_view_open(&table->names);
    table->scratch = wh_auto_scratch_open();
}

static void end(struct table *table)
{
    wh_auto_view_close(table->view);
    wh_auto_scratch_close(table->scratch);
    wh_names_free(&table->names);
}

static void start_row(struct table *table)
{
    table->example = (struct wh_example){ table->ids, table->values, 1, 0, 0, false };
    table->ids[0] = WH_CONSTANT;
    table->values[0] = 1;
}

static void put(struct table *table, const char *name, double value)
{
    uint32_t id = wh_names_find(&table->names, name, strlen(name));
    if (id == WH_NO_FEATURE)
        id = wh_names_add(&table->names, name, strlen(name));
    table->ids[table->example.count] = id;
    table->values[table->example.count++] = value;
}

static const struct wh_auto_row *read_row(struct table *table)
{
    table->example.features = table->names.count;
    return wh_auto_view_read(table->view, table->scratch, &table->example);
}

static const struct wh_auto_row *learn(struct table *table)
{
    const struct wh_auto_row *row = read_row(table);
    wh_auto_view_learn(table->view, table->scratch, &table->example, 1);
    return row;
}

/* Row number i of a table of numbers, a string and missing values, by rule. */
static void make_row(struct table *table, unsigned i, double unit)
{
    static const char *const cities[] = { "city=Lagos", "city=Accra", "city=Lima" };
    start_row(table);
    put(table, "a", unit * (wh_auto_draw(3 * i) - 0.5));
    put(table, "b", i % 7 == 0 ? (double)NAN : unit * wh_auto_draw(3 * i + 1));
    put(table, cities[wh_auto_mix(i) % 3], 1);
    if (i % 5)
        put(table, "c", unit * (double)(i % 5));
}

static void numbers_are_standardised_and_binned_by_frequency(void **state)
{
    (void)state;
    struct table table;
    begin(&table);
    for (unsigned i = 0; i < 3000; i++) {
        make_row(&table, i, 1);
        learn(&table);
    }
    unsigned seen[WH_AUTO_BINS + 1] = { 0 };
    double sum = 0, squares = 0;
    for (unsigned i = 3000; i < 6200; i++) {
        make_row(&table, i, 1);
        const struct wh_auto_row *row = read_row(&table);
        seen[row->codes[0]]++;
        sum += (double)row->values[0];
        squares += (double)row->values[0] * (double)row->values[0];
    }
    assert_int_equal(seen[0], 0);
    for (unsigned code = 1; code <= WH_AUTO_BINS; code++)
        assert_in_range(seen[code], 30, 220);
    assert_true(fabs(sum / 3200) < 0.1 && fabs(squares / 3200 - 1) < 0.1);
    end(&table);
}

static void units_do_not_matter(void **state)
{
    (void)state;
    struct table one, other;
    begin(&one);
    begin(&other);
    for (unsigned i = 0; i < 600; i++) {
        make_row(&one, i, 1);
        make_row(&other, i, 0x1p80);
        const struct wh_auto_row *left = learn(&one), *right = learn(&other);
        assert_int_equal(left->slots, right->slots);
        assert_memory_equal(left->codes, right->codes, left->slots);
        assert_memory_equal(left->product, right->product, left->products * sizeof(float));
        for (unsigned group = 0; group < WH_AUTO_GROUPS; group++) {
            const struct wh_auto_active *list = &left->groups[group];
            assert_int_equal(list->count, right->groups[group].count);
            assert_memory_equal(list->cells, right->groups[group].cells,
                                list->count * sizeof(uint32_t));
        }
    }
    end(&one);
    end(&other);
}

static void strings_missing_and_zero_are_three_things(void **state)
{
    (void)state;
    struct table table;
    begin(&table);
    for (unsigned i = 0; i < 100; i++) {
        make_row(&table, i, 1);
        learn(&table);
    }
    make_row(&table, 5, 1); /* without c */
    const struct wh_auto_row *row = read_row(&table);
    assert_int_equal(row->slots, 4);
    assert_int_not_equal(row->codes[3], 0);
    start_row(&table);
    put(&table, "c", NAN);
    put(&table, "city=Lima", 1);
    row = read_row(&table);
    uint8_t lima = row->codes[2];
    assert_int_equal(row->codes[3], 0);
    assert_true(row->values[3] == 0 && row->values[2] == 0);
    start_row(&table);
    put(&table, "city=Lagos", 1);
    row = read_row(&table);
    assert_int_not_equal(row->codes[2], lima);
    start_row(&table);
    row = read_row(&table);
    assert_int_equal(row->codes[2], 0);
    end(&table);
}

static void a_thousand_rare_words_take_no_slots(void **state)
{
    (void)state;
    struct table table;
    char name[32];
    begin(&table);
    for (unsigned i = 0; i < 600; i++) {
        start_row(&table);
        put(&table, "length", i % 13);
        for (unsigned k = 0; k < 20; k++) {
            snprintf(name, sizeof name, "w%u", (unsigned)(wh_auto_mix(i * 20 + k) % 1500));
            put(&table, name, 1);
        }
        learn(&table);
    }
    const struct wh_auto_row *row = read_row(&table);
    assert_int_equal(row->groups[WH_AUTO_GROUP_BINS].count, 1);
    assert_true(row->count > 15);
    end(&table);
}

static void a_field_that_is_several_times_in_a_row_takes_no_slot(void **state)
{
    (void)state;
    struct table table;
    begin(&table);
    start_row(&table);
    put(&table, "tag=a", 1);
    put(&table, "tag=b", 1);
    put(&table, "n", 2);
    learn(&table);
    assert_int_equal(read_row(&table)->groups[WH_AUTO_GROUP_BINS].count, 1);
    end(&table);
}

static void many_fields_have_64_crosses(void **state)
{
    (void)state;
    struct table table;
    char name[32];
    begin(&table);
    for (unsigned i = 0; i < 50; i++) {
        start_row(&table);
        for (unsigned k = 0; k < 60; k++) {
            snprintf(name, sizeof name, "f%u", k);
            put(&table, name, wh_auto_draw(i * 60 + k));
        }
        learn(&table);
    }
    const struct wh_auto_row *row = read_row(&table);
    assert_int_equal(row->slots, 60);
    assert_int_equal(row->groups[WH_AUTO_GROUP_CROSS8].count, 60 + WH_AUTO_CROSSES);
    assert_int_equal(row->products, 2 * 60 + WH_AUTO_CROSSES);
    end(&table);
}

static void huge_and_tiny_numbers_stay_within_bounds(void **state)
{
    (void)state;
    static const double extremes[] = { 1e50, -1e50, 5e-324, 0, 1, -1e-300 };
    struct table table;
    begin(&table);
    for (unsigned i = 0; i < 2100; i++) {
        start_row(&table);
        put(&table, "a", extremes[wh_auto_mix(i) % 6]);
        put(&table, "b", extremes[i % 6] * 1e-20);
        put(&table, "constant", 1e50);
        const struct wh_auto_row *row = learn(&table);
        for (size_t k = 0; k < row->slots; k++)
            assert_true(fabsf(row->values[k]) <= 6 && row->codes[k] <= WH_AUTO_BINS);
        for (size_t k = 0; k < row->products; k++)
            assert_true(fabsf(row->product[k]) <= 36);
        for (size_t k = 0; k < row->count; k++)
            assert_true(fabs(row->sizes[k]) <= 1);
    }
    end(&table);
}

static struct wh_auto_view *copy_view(const struct table *table)
{
    struct wh_error error;
    json_t *saved = wh_auto_view_save(table->view);
    struct wh_auto_view *copy = wh_auto_view_open(&table->names);
    assert_int_equal(wh_auto_view_load(copy, saved, &error), 0);
    json_t *slot;
    for (uint32_t i = 0; (slot = wh_auto_view_slot(table->view, i)) != NULL; i++) {
        assert_true(wh_auto_view_take(copy, slot));
        json_t *taken = wh_auto_view_slot(copy, i);
        assert_true(json_equal(slot, taken));
        json_decref(slot);
        json_decref(taken);
    }
    for (uint32_t id = 0; id < table->names.count; id++) {
        double numbers[WH_AUTO_VIEW_PARAMETERS];
        wh_auto_view_get(table->view, id, numbers);
        assert_true(wh_auto_view_set(copy, id, numbers));
    }
    json_t *again = wh_auto_view_save(copy);
    assert_true(json_equal(saved, again));
    json_decref(saved);
    json_decref(again);
    return copy;
}

static void a_view_that_was_saved_goes_on_the_same(void **state)
{
    (void)state;
    struct table whole, parts;
    begin(&whole);
    begin(&parts);
    for (unsigned i = 0; i < 2200; i++) {
        make_row(&whole, i, 1);
        make_row(&parts, i, 1);
        learn(&whole);
        learn(&parts);
        if (wh_auto_mix(i) % 40)
            continue;
        struct wh_auto_view *copy = copy_view(&parts);
        wh_auto_view_close(parts.view);
        parts.view = copy;
    }
    json_t *left = wh_auto_view_save(whole.view), *right = wh_auto_view_save(parts.view);
    assert_true(json_equal(left, right));
    json_decref(left);
    json_decref(right);
    end(&whole);
    end(&parts);
}

static void cells_are_below_the_tables_end_and_regions_do_not_overlap(void **state)
{
    (void)state;
    static uint8_t taken[WH_AUTO_CELLS];
    struct table table;
    begin(&table);
    for (unsigned i = 0; i < 300; i++) {
        make_row(&table, i, 1);
        const struct wh_auto_row *row = learn(&table);
        for (unsigned group = 0; group < WH_AUTO_GROUPS; group++)
            for (size_t k = 0; k < row->groups[group].count; k++)
                assert_true(row->groups[group].cells[k] < WH_AUTO_CELLS);
    }
    for (unsigned region = 0; region < WH_AUTO_REGIONS; region++) {
        struct wh_auto_run runs[WH_AUTO_MOST_RUNS];
        unsigned count = wh_auto_view_runs(region, runs);
        for (unsigned i = 0; i < count; i++)
            for (uint32_t cell = 0; cell < runs[i].count; cell++)
                assert_int_equal(taken[runs[i].first + cell]++, 0);
    }
    end(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_standardised_and_binned_by_frequency),
        cmocka_unit_test(units_do_not_matter),
        cmocka_unit_test(strings_missing_and_zero_are_three_things),
        cmocka_unit_test(a_thousand_rare_words_take_no_slots),
        cmocka_unit_test(a_field_that_is_several_times_in_a_row_takes_no_slot),
        cmocka_unit_test(many_fields_have_64_crosses),
        cmocka_unit_test(huge_and_tiny_numbers_stay_within_bounds),
        cmocka_unit_test(a_view_that_was_saved_goes_on_the_same),
        cmocka_unit_test(cells_are_below_the_tables_end_and_regions_do_not_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
