/* Drift: the places where the tests find changes are those of River 0.26.1 (drift.ADWIN, which
 * begins anew after each; the AdaptiveWindowing inside it, which does not; drift.PageHinkley with
 * mode="up"), fed with the same sequences. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "learn/drift.h"

static double next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*seed >> 11) / 9007199254740992.0;
}

/* So many values, even from `low` to `high`. A sequence of them ends with no rows. */
struct stretch {
    int rows;
    double low, high;
};

static const struct stretch down_and_up[] = {
    { 3000, 0, .5 }, { 2000, .2, .9 }, { 4000, .1, .3 }, { 1000, .1, .35 }, { 0 },
};
static const struct stretch slight[] = { { 20000, .3, .5 }, { 5000, .33, .53 }, { 5000, 0, 1 },
                                         { 0 } };

enum { MOST_CHANGES = 16 };

struct changes {
    size_t count;
    int at[MOST_CHANGES];
    struct wh_change change[MOST_CHANGES];
};

/* A test that is fed with one value, and begun anew after a change or not. */
typedef bool adder(void *test, const void *settings, double value, struct wh_change *change);

static void run(struct changes *changes, const struct stretch *stretches, adder *add, void *test,
                const void *settings, size_t size, bool anew)
{
    uint64_t seed = 7;
    int row = 0;
    changes->count = 0;
    for (const struct stretch *stretch = stretches; stretch->rows; stretch++) {
        for (int i = 0; i < stretch->rows; i++, row++) {
            double value = stretch->low + (stretch->high - stretch->low) * next_random(&seed);
            if (!add(test, settings, value, &changes->change[changes->count]))
                continue;
            changes->at[changes->count++] = row;
            assert_true(changes->count < MOST_CHANGES);
            if (anew)
                memset(test, 0, size);
        }
    }
}

static bool add_adwin(void *test, const void *settings, double value, struct wh_change *change)
{
    return wh_adwin_add(test, settings, value, 10 * value, change);
}

static bool add_page_hinkley(void *test, const void *settings, double value,
                             struct wh_change *change)
{
    return wh_page_hinkley_add(test, settings, value, 10 * value, change);
}

static void assert_changes(const struct changes *changes, size_t count, const int *at)
{
    for (size_t i = 0; i < count && i < changes->count; i++)
        assert_int_equal(changes->at[i], at[i]);
    assert_int_equal(changes->count, count);
}

static struct changes adwin_changes(const struct stretch *stretches, bool anew)
{
    struct wh_adwin adwin = { 0 };
    struct changes changes;
    struct wh_adwin_settings settings = { 0.002, 1, false };
    run(&changes, stretches, add_adwin, &adwin, &settings, sizeof adwin, anew);
    return changes;
}

static void adwin_finds_the_changes_that_rivers_does(void **state)
{
    (void)state;
    struct changes changes = adwin_changes(down_and_up, true);
    assert_changes(&changes, 3, (const int[]){ 3039, 5055, 9471 });
    changes = adwin_changes(slight, true);
    assert_changes(&changes, 2, (const int[]){ 20351, 25119 });
}

static void adwins_window_goes_on_after_a_change_as_rivers_does(void **state)
{
    (void)state;
    struct changes changes = adwin_changes(down_and_up, false);
    assert_changes(&changes, 12, (const int[]){ 3039, 3071, 3103, 3135, 3231, 5055, 5087, 5247,
                                                9567, 9631, 9663, 9823 });
    changes = adwin_changes(slight, false);
    assert_changes(&changes, 11, (const int[]){ 20351, 20383, 20415, 20479, 20511, 20735, 22847,
                                                25119, 25151, 25183, 25215 });
}

static void adwins_sums_stay_those_of_its_window(void **state)
{
    (void)state;
    struct wh_adwin adwin = { 0 };
    struct changes changes;
    struct wh_adwin_settings settings = { 0.002, 1, false };
    run(&changes, down_and_up, add_adwin, &adwin, &settings, sizeof adwin, false);
    /* River's get_width, get_total, get_variance (which is the sum of squares). */
    assert_int_equal(adwin.width, 2192);
    assert_true(fabs(adwin.total - 470.608503831761) < 1e-9);
    assert_true(fabs(adwin.spread - 9.469420690266658) < 1e-9);
}

static struct changes page_hinkley_changes(const struct stretch *stretches,
                                           struct wh_page_hinkley_settings settings)
{
    struct wh_page_hinkley test = { 0 };
    struct changes changes;
    run(&changes, stretches, add_page_hinkley, &test, &settings, sizeof test, true);
    return changes;
}

static void page_hinkley_finds_the_rises_that_rivers_does(void **state)
{
    (void)state;
    struct wh_page_hinkley_settings fading = { 30, 0.005, 50, 1 - 0.0001 };
    struct wh_page_hinkley_settings quick = { 30, 0.005, 10, 1 - 0.0001 };
    struct wh_page_hinkley_settings whole = { 30, 0.02, 50, 1 };
    struct changes changes = page_hinkley_changes(down_and_up, fading);
    assert_changes(&changes, 1, (const int[]){ 3168 });
    changes = page_hinkley_changes(down_and_up, quick);
    assert_changes(&changes, 3, (const int[]){ 3023, 4742, 9418 });
    changes = page_hinkley_changes(down_and_up, whole);
    assert_changes(&changes, 1, (const int[]){ 3185 });
    changes = page_hinkley_changes(slight, fading);
    assert_changes(&changes, 2, (const int[]){ 21946, 25771 });
    changes = page_hinkley_changes(slight, quick);
    assert_changes(&changes, 5, (const int[]){ 20267, 25096, 27044, 27848, 29308 });
}

static void a_change_tells_the_means_on_either_side(void **state)
{
    (void)state;
    struct changes changes = adwin_changes(down_and_up, true);
    const struct wh_change *up = &changes.change[0], *down = &changes.change[1];
    assert_true(fabs(up->before - 0.25) < 0.02 && fabs(up->after - 0.55) < 0.1);
    assert_true(fabs(up->loss_before / up->before - 10) < 1e-9);
    assert_true(fabs(up->loss_after / up->after - 10) < 1e-9);
    assert_true(down->after < down->before);
    struct wh_page_hinkley_settings settings = { 30, 0.02, 50, 1 };
    changes = page_hinkley_changes(down_and_up, settings);
    up = &changes.change[0];
    assert_true(fabs(up->before - 0.25) < 0.02 && fabs(up->after - 0.55) < 0.1);
    assert_true(fabs(up->loss_before - 2.5) < 0.2 && fabs(up->loss_after - 5.5) < 1);
}

/* A logistic loss of a model that is well calibrated, or squared errors of normal noise. */
static double make_loss(uint64_t *seed, bool squared, double scale)
{
    double uniform = next_random(seed), other = next_random(seed);
    if (squared) {
        double error = scale * sqrt(-2 * log(1 - uniform)) * cos(6.283185307179586 * other);
        return error * error;
    }
    double probability = 1 / (1 + exp(6 * other - 3));
    return scale * -log(uniform < probability ? probability : 1 - probability);
}

/* Of numbers, whose losses have no unit of their own. */
static struct wh_drift_event *add_loss(struct wh_drift *drift, double loss)
{
    return wh_drift_add(drift, &(struct wh_drift_loss){ .loss = loss });
}

static const enum wh_drift_tests all_tests[] = { WH_DRIFT_ADWIN, WH_DRIFT_PAGE_HINKLEY,
                                                 WH_DRIFT_BOTH };

static void losses_that_do_not_rise_raise_no_alarm(void **state)
{
    (void)state;
    for (size_t test = 0; test < 3; test++) {
        for (int squared = 0; squared < 2; squared++) {
            struct wh_drift drift;
            uint64_t seed = 11;
            wh_drift_init(&drift, all_tests[test]);
            struct wh_drift_loss loss = { .limit = squared ? 0 : 8 };
            for (int row = 0; row < 120000; row++) {
                loss.loss = make_loss(&seed, squared, row < 100000 ? 1 : 0.2);
                assert_null(wh_drift_add(&drift, &loss));
            }
            assert_int_equal(drift.count, 0);
        }
    }
}

/* The row after errors have doubled, at row 5,000, at which that is found. The first loss is `wild`,
 * and so is the 70th. */
static int found_after(enum wh_drift_tests tests, double unit, double wild)
{
    struct wh_drift drift;
    uint64_t seed = 3;
    wh_drift_init(&drift, tests);
    for (int row = 0; row < 5000; row++)
        assert_null(add_loss(&drift, row == 0 || row == 69 ? wild
                                                           : make_loss(&seed, true, unit)));
    for (int row = 0; row < 5000; row++) {
        const struct wh_drift_event *event = add_loss(&drift, make_loss(&seed, true, 2 * unit));
        if (!event)
            continue;
        assert_int_equal(drift.count, 1);
        assert_true(fabs(event->before / unit / unit - 1) < 0.2 || wild > unit);
        assert_true(event->after > 2 * event->before && event->after < 6 * event->before);
        return row;
    }
    return -1;
}

static void a_rise_is_found_soon_whatever_the_unit(void **state)
{
    (void)state;
    for (size_t test = 0; test < 3; test++) {
        int found = found_after(all_tests[test], 1, 1);
        assert_true(found >= 0 && found < 400);
        /* Powers of two: the very same numbers come out of it. */
        double far = ldexp(1, 20), near = ldexp(1, -20);
        assert_int_equal(found_after(all_tests[test], far, far * far), found);
        assert_int_equal(found_after(all_tests[test], near, near * near), found);
    }
}

static void wild_losses_among_the_first_do_not_blind_the_tests(void **state)
{
    (void)state;
    for (size_t test = 0; test < 3; test++) {
        int found = found_after(all_tests[test], 1, 1e10);
        assert_true(found >= 0 && found < 400);
    }
}

/* A label that is far from all others makes a learner err for a hundred rows, which is no drift; a
 * unit that has changed, which makes all of them wild, is. */
static void a_wild_loss_and_what_follows_raise_no_alarm(void **state)
{
    (void)state;
    for (size_t test = 0; test < 3; test++) {
        struct wh_drift drift;
        uint64_t seed = 3;
        wh_drift_init(&drift, all_tests[test]);
        for (int row = 0; row < 50000; row++) {
            int since = row < 5000 ? 4999 : row % 5000;
            double loss = make_loss(&seed, true, since < 100 ? 3 : 1);
            assert_null(add_loss(&drift, since == 0 ? 1e5 : loss));
        }
        for (int row = 0; row < 200 && drift.count == 0; row++)
            add_loss(&drift, make_loss(&seed, true, 1000));
        assert_int_equal(drift.count, 1);
    }
}

/* Errors of 1e-12 beside labels of 1 or so, which are roundings, and of ten times as much. */
static void errors_that_make_no_difference_are_no_drift(void **state)
{
    (void)state;
    struct wh_drift drift;
    uint64_t seed = 3;
    wh_drift_init(&drift, WH_DRIFT_BOTH);
    for (int row = 0; row < 10000; row++) {
        struct wh_drift_loss loss = {
            .loss = make_loss(&seed, true, row < 5000 ? 1e-12 : 1e-11), .least = 1e-10,
        };
        assert_null(wh_drift_add(&drift, &loss));
    }
    for (int row = 0; row < 400 && drift.count == 0; row++) {
        struct wh_drift_loss loss = { .loss = make_loss(&seed, true, 1e-3), .least = 1e-10 };
        wh_drift_add(&drift, &loss);
    }
    assert_int_equal(drift.count, 1);
}

/* A learner that wanders: it says now 9, now 11 in 1,000 of a class that 10 in 1,000 rows have. The
 * expected loss is the same to half a hundredth. */
static void a_learner_that_wanders_raises_no_alarm(void **state)
{
    (void)state;
    for (size_t test = 0; test < 3; test++) {
        struct wh_drift drift;
        uint64_t seed = 3;
        wh_drift_init(&drift, all_tests[test]);
        for (int row = 0; row < 200000; row++) {
            double probability = row / 5000 % 2 ? 0.011 : 0.009;
            bool positive = next_random(&seed) < 0.01;
            struct wh_drift_loss loss = {
                .loss = -log(positive ? probability : 1 - probability), .limit = 8,
            };
            assert_null(wh_drift_add(&drift, &loss));
        }
    }
}

static void a_state_of_bent_losses_is_begun_anew(void **state)
{
    (void)state;
    json_t *saved = json_pack("{s:s, s:i, s:[{s:i, s:s, s:f, s:f}], s:i, s:f, s:{}}", "test",
                              "adwin", "count", 1, "last", "row", 7, "test", "adwin",
                              "loss_before", 1.0, "loss_after", 2.0, "scaled", 100, "scale", 3.5,
                              "adwin");
    struct wh_drift drift;
    assert_true(wh_drift_load(&drift, saved));
    json_decref(saved);
    assert_int_equal(drift.count, 1);
    assert_int_equal(drift.events[0].row, 7);
    assert_int_equal(drift.scaled, 0);
    assert_int_equal(drift.adwin.width, 0);
}

static void one_change_is_told_once(void **state)
{
    (void)state;
    struct wh_drift drift;
    uint64_t seed = 3;
    wh_drift_init(&drift, WH_DRIFT_BOTH);
    for (int row = 0; row < 5000; row++)
        add_loss(&drift, make_loss(&seed, true, 1));
    for (int row = 0; row < 50000; row++)
        add_loss(&drift, make_loss(&seed, true, 3));
    assert_int_equal(drift.count, 1);
}

static void the_last_drifts_are_kept(void **state)
{
    (void)state;
    struct wh_drift drift;
    uint64_t seed = 5;
    wh_drift_init(&drift, WH_DRIFT_ADWIN);
    int count = 0;
    for (int stretch = 0; stretch < 30; stretch++) {
        for (int row = 0; row < 2000; row++) {
            struct wh_drift_event *event =
                add_loss(&drift, make_loss(&seed, true, stretch % 2 ? 4 : 1));
            if (event)
                event->row = (uint64_t)++count;
        }
    }
    assert_int_equal(drift.count, 15);
    assert_int_equal(count, 15);
    for (int i = 0; i < WH_DRIFT_KEPT; i++)
        assert_int_equal(drift.events[i].row, 15 - WH_DRIFT_KEPT + 1 + i);
}

static void wild_losses_are_taken(void **state)
{
    (void)state;
    struct wh_drift drift;
    wh_drift_init(&drift, WH_DRIFT_BOTH);
    for (int row = 0; row < 1000; row++)
        add_loss(&drift, row % 3 ? 0 : 1e100);
    json_t *saved = wh_drift_save(&drift);
    struct wh_drift loaded;
    assert_true(wh_drift_load(&loaded, saved));
    json_decref(saved);
    wh_drift_init(&drift, WH_DRIFT_BOTH);
    for (int row = 0; row < 1000; row++)
        assert_null(add_loss(&drift, 0));
}

/* Through text, as in a file. */
static void store(struct wh_drift *drift)
{
    json_t *saved = wh_drift_save(drift);
    char *text = json_dumps(saved, JSON_REAL_PRECISION(17));
    json_decref(saved);
    json_t *read = json_loads(text, JSON_DECODE_INT_AS_REAL, NULL);
    free(text);
    assert_true(wh_drift_load(drift, read));
    json_decref(read);
}

static void a_state_that_was_stored_goes_on_as_if_it_never_was(void **state)
{
    (void)state;
    for (size_t test = 0; test < 3; test++) {
        struct wh_drift whole, parts;
        uint64_t seed = 5;
        wh_drift_init(&whole, all_tests[test]);
        wh_drift_init(&parts, all_tests[test]);
        for (int row = 0; row < 12000; row++) {
            double loss = make_loss(&seed, true, row / 3000 % 2 ? 3 : 1);
            struct wh_drift_event *event = add_loss(&whole, loss);
            struct wh_drift_event *other = add_loss(&parts, loss);
            assert_true(!event == !other);
            if (event) {
                strcpy(event->time, "2024-03-01");
                strcpy(other->time, "2024-03-01");
            }
            if (row % 701 == 50 || row % 3000 == 90)
                store(&parts);
        }
        json_t *one = wh_drift_save(&whole), *other = wh_drift_save(&parts);
        assert_true(json_equal(one, other) || memcmp(&whole, &parts, sizeof whole) == 0);
        assert_int_equal(whole.count, 2);
        json_decref(one);
        json_decref(other);
    }
}

/* Every number and text of a state, one after the other, is replaced. */
static int spoil(json_t *root, json_t *value, const char *with, int *loads)
{
    const char *key;
    json_t *member;
    size_t index;
    int spoiled = 0;
    if (json_is_object(value)) {
        json_object_foreach(value, key, member) {
            json_t *kept = json_deep_copy(member);
            spoiled += spoil(root, member, with, loads) + 1;
            json_object_set_new(value, key, json_loads(with, JSON_DECODE_ANY, NULL));
            struct wh_drift drift;
            *loads += wh_drift_load(&drift, root);
            json_object_set_new(value, key, kept);
        }
    }
    if (json_is_array(value)) {
        json_array_foreach(value, index, member) {
            json_t *kept = json_deep_copy(member);
            spoiled += spoil(root, member, with, loads) + 1;
            json_array_set_new(value, index, json_loads(with, JSON_DECODE_ANY, NULL));
            struct wh_drift drift;
            *loads += wh_drift_load(&drift, root);
            json_array_set_new(value, index, kept);
        }
    }
    return spoiled;
}

static void what_is_no_state_is_refused(void **state)
{
    (void)state;
    static const char *const values[] = { "-1e7", "1e300", "null", "[]", "{}", "\"x\"",
                                          "[[[1,1,1]],[]]" };
    struct wh_drift drift;
    uint64_t seed = 5;
    wh_drift_init(&drift, WH_DRIFT_BOTH);
    for (int row = 0; row < 7000; row++)
        add_loss(&drift, make_loss(&seed, true, row > 3000 ? 3 : 1));
    assert_int_equal(drift.count, 1);
    json_t *saved = wh_drift_save(&drift);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        json_t *spoiled = json_deep_copy(saved);
        int loads = 0;
        assert_true(spoil(spoiled, spoiled, values[i], &loads) > 100);
        assert_int_equal(loads, 0);
        json_decref(spoiled);
    }
    assert_true(wh_drift_load(&drift, saved));
    json_decref(saved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adwin_finds_the_changes_that_rivers_does),
        cmocka_unit_test(adwins_window_goes_on_after_a_change_as_rivers_does),
        cmocka_unit_test(adwins_sums_stay_those_of_its_window),
        cmocka_unit_test(page_hinkley_finds_the_rises_that_rivers_does),
        cmocka_unit_test(a_change_tells_the_means_on_either_side),
        cmocka_unit_test(losses_that_do_not_rise_raise_no_alarm),
        cmocka_unit_test(a_rise_is_found_soon_whatever_the_unit),
        cmocka_unit_test(wild_losses_among_the_first_do_not_blind_the_tests),
        cmocka_unit_test(a_wild_loss_and_what_follows_raise_no_alarm),
        cmocka_unit_test(errors_that_make_no_difference_are_no_drift),
        cmocka_unit_test(a_learner_that_wanders_raises_no_alarm),
        cmocka_unit_test(a_state_of_bent_losses_is_begun_anew),
        cmocka_unit_test(one_change_is_told_once),
        cmocka_unit_test(the_last_drifts_are_kept),
        cmocka_unit_test(wild_losses_are_taken),
        cmocka_unit_test(a_state_that_was_stored_goes_on_as_if_it_never_was),
        cmocka_unit_test(what_is_no_state_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
