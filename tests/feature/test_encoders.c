/* The encoders: their formulas against scikit-learn's, what they learn, what they refuse. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "feature/encoder.h"
#include "feature/table.h"
#include "record/files.h"
#include "record/reader.h"

/* A list of steps at work on rows that are written out in the test. */
struct work {
    const struct wh_step_type **types;
    struct wh_steps *steps;
    struct wh_features *features;
    struct wh_reader *reader;
    struct wh_buffer text;
    struct wh_error error;
};

static json_t *parse(const char *text)
{
    json_error_t place;
    json_t *value = json_loads(text, 0, &place);
    if (!value)
        fail_msg("%s: %s", text, place.text);
    return value;
}

/* Steps out of JSON with ' for ". */
static struct work begin(const char *recipe)
{
    struct work work = { .types = wh_feature_steps(), .features = wh_features_open() };
    char *text = wh_copy(recipe, strlen(recipe));
    for (char *next = text; *next; next++)
        if (*next == '\'')
            *next = '"';
    json_t *steps = parse(text);
    work.steps = wh_steps_open(steps, work.types, &work.error);
    if (!work.steps)
        fail_msg("%s", work.error.text);
    wh_steps_context(work.steps)->features = work.features;
    json_decref(steps);
    free(text);
    return work;
}

static void end(struct work *work)
{
    wh_reader_close(work->reader);
    wh_steps_close(work->steps);
    wh_features_close(work->features);
    wh_buffer_free(&work->text);
    free(work->types);
}

/* What the steps have learned, as text; free() it. */
static char *state_of(const struct wh_steps *steps)
{
    struct wh_buffer text = { 0 };
    wh_steps_save(steps, WH_STEPS_ALL, &text);
    return wh_buffer_text(&text);
}

static int load_state(struct work *work, const char *text)
{
    json_error_t place;
    struct wh_steps_state state = { .steps = json_loads(text, JSON_ALLOW_NUL, &place) };
    if (!state.steps)
        fail_msg("%s: %s", text, place.text);
    int result = wh_steps_load(work->steps, &state, WH_STEPS_ALL, &work->error);
    json_decref(state.steps);
    return result;
}

/* Makes the row of this JSON text the current one. */
static struct wh_row *read_row(struct work *work, const char *text)
{
    static const struct wh_reading reading = { .format = WH_FORMAT_NDJSON };
    static char path[64];
    wh_reader_close(work->reader);
    int descriptor = memfd_create("row", 0);
    assert_int_equal(write(descriptor, text, strlen(text)), (ssize_t)strlen(text));
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    const char *paths[] = { path };
    work->reader = wh_reader_open(&reading, paths, 1, &work->error);
    assert_non_null(work->reader);
    assert_int_equal(wh_reader_next(work->reader, &work->error), WH_PASSED);
    close(descriptor);
    wh_features_begin(work->features);
    return work->reader->row;
}

/* The features of a row. */
static const char *features_of(struct work *work, const char *text)
{
    struct wh_row *row = read_row(work, text);
    enum wh_verdict verdict = wh_steps_row(work->steps, row, &work->error);
    if (verdict != WH_PASSED)
        fail_msg("%s: %s", work->error.column, work->error.text);
    work->text.length = 0;
    wh_features_text(work->features, &work->text);
    return wh_buffer_text(&work->text);
}

/* The same, and learns from it. */
static const char *one_pass(struct work *work, const char *text)
{
    const char *features = features_of(work, text);
    wh_steps_teach(work->steps);
    wh_features_remember(work->features);
    return features;
}

/* Learns from a NULL-terminated list of rows, in as many passes as it takes. */
static void fit(struct work *work, const char *const *rows)
{
    for (size_t pass = 0; pass < wh_steps_passes(work->steps); pass++) {
        for (size_t i = 0; rows[i]; i++) {
            assert_int_equal(wh_steps_fit(work->steps, pass, read_row(work, rows[i]),
                                          &work->error),
                             WH_PASSED);
            wh_features_remember(work->features);
        }
        wh_steps_settle(work->steps, pass);
    }
}

static void assert_bad(struct work *work, const char *text, const char *column, const char *says)
{
    enum wh_verdict verdict = wh_steps_row(work->steps, read_row(work, text), &work->error);
    assert_int_equal(verdict, WH_BAD);
    assert_string_equal(work->error.column, column);
    if (!strstr(work->error.text, says))
        fail_msg("expected \"%s\" in: %s", says, work->error.text);
}

static void assert_refused(const char *recipe, const char *row, const char *says)
{
    struct work work = begin(recipe);
    enum wh_verdict verdict = wh_steps_row(work.steps, read_row(&work, row), &work.error);
    assert_int_equal(verdict, WH_FATAL);
    assert_int_equal(work.error.status, WH_REFUSED);
    if (!strstr(work.error.text, says))
        fail_msg("expected \"%s\" in: %s", says, work.error.text);
    end(&work);
}

/* ------------------------------------------------------------------------- numbers */

static void passthrough_keeps_the_text_of_numbers(void **state)
{
    (void)state;
    struct work work = begin("[{'op':'passthrough','columns':'a,b'}]");
    assert_string_equal(features_of(&work, "{\"a\":1.10,\"b\":123456789012345678901234567890}"),
                        "{\"a\":1.10,\"b\":123456789012345678901234567890}");
    assert_string_equal(features_of(&work, "{\"a\":1E5,\"b\":true}"), "{\"a\":1E5,\"b\":1}");
    end(&work);
}

static void zeros_are_left_out_and_nulls_written(void **state)
{
    (void)state;
    struct work work = begin("[{'op':'passthrough','columns':'a,b'}]");
    assert_string_equal(features_of(&work, "{\"a\":0,\"b\":null}"), "{\"b\":null}");
    assert_string_equal(features_of(&work, "{\"a\":-0.00,\"b\":0e7}"), "{}");
    assert_string_equal(features_of(&work, "{\"a\":1e-400,\"b\":false}"), "{}");
    end(&work);
}

static void what_is_no_finite_number_is_a_bad_row(void **state)
{
    (void)state;
    static const char *const ops[] = { "passthrough", "standard", "log1p" };
    for (size_t i = 0; i < 3; i++) {
        char recipe[100];
        snprintf(recipe, sizeof recipe, "[{'op':'%s','columns':'a'}]", ops[i]);
        struct work work = begin(recipe);
        assert_bad(&work, "{\"a\":\"12,5\"}", "a", "\"12,5\" is not a number");
        assert_bad(&work, "{\"a\":\"\"}", "a", "\"\" is not a number");
        assert_bad(&work, "{\"a\":1e400}", "a", "larger than any double");
        assert_bad(&work, "{\"a\":[1]}", "a", "an array is not a number");
        assert_string_equal(work.error.rule, ops[i]);
        end(&work);
    }
}

static void log1p_is_that_of_numpy(void **state)
{
    (void)state;
    struct work work = begin("[{'op':'log1p','columns':'a'}]");
    assert_string_equal(features_of(&work, "{\"a\":1}"), "{\"a\":0.6931471805599453}");
    assert_string_equal(features_of(&work, "{\"a\":1e-10}"), "{\"a\":9.999999999500001e-11}");
    assert_string_equal(features_of(&work, "{\"a\":-0.5}"), "{\"a\":-0.6931471805599453}");
    assert_string_equal(features_of(&work, "{\"a\":null}"), "{\"a\":null}");
    assert_bad(&work, "{\"a\":-1}", "a", "-1 is not above -1");
    assert_bad(&work, "{\"a\":-2.5}", "a", "-2.5 is not above -1");
    end(&work);
}

static const char *const octaves[] = { "{\"x\":1}", "{\"x\":2}", "{\"x\":4}", "{\"x\":8}",
                                       "{\"x\":null}", NULL };

static void standard_is_scikit_learns(void **state)
{
    (void)state;
    struct work work = begin("[{'op':'standard','columns':'x'}]");
    fit(&work, octaves);
    assert_string_equal(features_of(&work, "{\"x\":1}"), "{\"x\":-1.025755289064345}");
    assert_string_equal(features_of(&work, "{\"x\":2}"), "{\"x\":-0.6527533657682196}");
    assert_string_equal(features_of(&work, "{\"x\":4}"), "{\"x\":0.09325048082403138}");
    assert_string_equal(features_of(&work, "{\"x\":8}"), "{\"x\":1.5852581740085334}");
    assert_string_equal(features_of(&work, "{\"x\":null}"), "{\"x\":null}");
    assert_string_equal(features_of(&work, "{\"x\":3.75}"), "{}");
    end(&work);
}

static void standard_with_ddof_1_takes_the_deviation_of_a_sample(void **state)
{
    (void)state;
    struct work work = begin("[{'op':'standard','columns':'x','ddof':1}]");
    fit(&work, octaves);
    /* R: (8 - 3.75) / sd(c(1, 2, 4, 8)) */
    assert_string_equal(features_of(&work, "{\"x\":8}"), "{\"x\":1.372873850248322}");
    end(&work);
}

static void a_constant_column_is_only_centred(void **state)
{
    (void)state;
    struct work work = begin("[{'op':'standard','columns':'x'}]");
    const char *const rows[] = { "{\"x\":0.1}", "{\"x\":0.1}", "{\"x\":0.1}", NULL };
    fit(&work, rows);
    assert_string_equal(features_of(&work, "{\"x\":0.1}"), "{}");
    assert_string_equal(features_of(&work, "{\"x\":2.1}"), "{\"x\":2}");
    end(&work);
}

static void standard_loses_no_digits_far_from_zero(void **state)
{
    (void)state;
    struct work work = begin("[{'op':'standard','columns':'x'}]");
    /* 10^9 and three steps of 1/8 around it, 3000 times: exactly representable, as are the sums. */
    static const char *const rows[] = { "{\"x\":1000000000.125}", "{\"x\":999999999.875}",
                                        "{\"x\":1000000000}", NULL };
    for (int i = 0; i < 3000; i++)
        one_pass(&work, rows[i % 3]);
    wh_steps_settle(work.steps, 0);
    /* 0.125 / sqrt(0.03125 / 3) */
    assert_string_equal(features_of(&work, rows[0]), "{\"x\":1.224744871391589}");
    end(&work);
}

static void in_one_pass_a_row_meets_what_the_rows_before_it_taught(void **state)
{
    (void)state;
    struct work work = begin("[{'op':'standard','columns':'x'}]");
    assert_string_equal(one_pass(&work, "{\"x\":1000}"), "{}"); /* nothing to compare with */
    assert_string_equal(one_pass(&work, "{\"x\":1002}"), "{}"); /* no scale yet */
    assert_string_equal(one_pass(&work, "{\"x\":1003}"), "{\"x\":2}");
    end(&work);
}

static void encoders_of_numbers_work_one_after_the_other(void **state)
{
    (void)state;
    struct work work = begin("[{'op':'passthrough','columns':'x'},{'op':'log1p','columns':'x'},"
                             "{'op':'standard','columns':'x'}]");
    assert_int_equal(wh_steps_passes(work.steps), 1);
    fit(&work, octaves);
    /* StandardScaler on numpy.log1p of the column */
    assert_string_equal(features_of(&work, "{\"x\":8}"), "{\"x\":1.4155973099433263}");
    end(&work);
}

static void a_learner_that_feeds_another_takes_a_pass_more(void **state)
{
    (void)state;
    struct work chain = begin("[{'op':'standard','columns':'x'},"
                              "{'op':'standard','columns':'x,y'}]");
    assert_int_equal(wh_steps_passes(chain.steps), 2);
    fit(&chain, (const char *const[]){ "{\"x\":10,\"y\":1}", "{\"x\":30,\"y\":5}", NULL });
    assert_string_equal(features_of(&chain, "{\"x\":40,\"y\":7}"), "{\"x\":2,\"y\":2}");
    end(&chain);
    struct work apart = begin("[{'op':'standard','columns':'x'},{'op':'standard','columns':'y'},"
                              "{'op':'onehot','columns':'x'}]");
    assert_int_equal(wh_steps_passes(apart.steps), 1);
    end(&apart);
}

/* ---------------------------------------------------------------------- categories */

static const char *const letters[] = { "{\"c\":\"a\"}", "{\"c\":\"a\"}", "{\"c\":\"b\"}",
                                       "{\"c\":\"c\"}", "{\"c\":\"d\"}", "{\"c\":\"d\"}", NULL };

static void assert_categories(const char *options, const char *const expected[5])
{
    static const char *const values[] = { "a", "b", "c", "d", "unseen" };
    char recipe[120], row[40], features[60];
    snprintf(recipe, sizeof recipe, "[{'op':'onehot','columns':'c'%s}]", options);
    struct work work = begin(recipe);
    fit(&work, letters);
    for (size_t i = 0; i < 5; i++) {
        snprintf(row, sizeof row, "{\"c\":\"%s\"}", values[i]);
        snprintf(features, sizeof features, *expected[i] ? "{\"c%s\":1}" : "{}", expected[i]);
        assert_string_equal(features_of(&work, row), features);
    }
    end(&work);
}

static void onehot_merges_categories_as_scikit_learn_does(void **state)
{
    (void)state;
    static const char rare[] = " is infrequent";
    assert_categories("", (const char *const[]){ "=a", "=b", "=c", "=d", "" });
    assert_categories(",'min_frequency':2", (const char *const[]){ "=a", rare, rare, "=d", rare });
    assert_categories(",'max_categories':1", (const char *const[]){ rare, rare, rare, rare, rare });
    assert_categories(",'max_categories':2", (const char *const[]){ rare, rare, rare, "=d", rare });
    assert_categories(",'max_categories':3", (const char *const[]){ "=a", rare, rare, "=d", rare });
    assert_categories(",'max_categories':4", (const char *const[]){ "=a", rare, "=c", "=d", rare });
    assert_categories(",'max_categories':5", (const char *const[]){ "=a", "=b", "=c", "=d", "" });
    assert_categories(",'min_frequency':2,'max_categories':2",
                      (const char *const[]){ rare, rare, rare, "=d", rare });
}

static void null_the_empty_string_and_the_word_are_three_categories(void **state)
{
    (void)state;
    struct work work = begin("[{'op':'onehot','columns':'c'}]");
    fit(&work, (const char *const[]){ "{\"c\":null}", "{\"c\":\"\"}", "{\"c\":\"null\"}", NULL });
    assert_string_equal(features_of(&work, "{\"c\":null}"), "{\"c is null\":1}");
    assert_string_equal(features_of(&work, "{\"c\":\"\"}"), "{\"c=\":1}");
    assert_string_equal(features_of(&work, "{\"c\":\"null\"}"), "{\"c=null\":1}");
    end(&work);
}

static void a_category_is_the_same_however_it_is_escaped(void **state)
{
    (void)state;
    struct work work = begin("[{'op':'onehot','columns':'c'}]");
    fit(&work, (const char *const[]){ "{\"c\":\"caf\\u00e9 \\\"A\\\"\"}", NULL });
    assert_string_equal(features_of(&work, "{\"c\":\"caf\xC3\xA9 \\u0022A\\u0022\"}"),
                        "{\"c=caf\xC3\xA9 \\\"A\\\"\":1}");
    end(&work);
}

static void in_one_pass_a_category_is_there_from_its_second_row_on(void **state)
{
    (void)state;
    struct work work = begin("[{'op':'onehot','columns':'c','min_frequency':2}]");
    assert_string_equal(one_pass(&work, "{\"c\":\"a\"}"), "{}");
    assert_string_equal(one_pass(&work, "{\"c\":\"a\"}"), "{\"c is infrequent\":1}");
    assert_string_equal(one_pass(&work, "{\"c\":\"a\"}"), "{\"c=a\":1}");
    assert_string_equal(one_pass(&work, "{\"c\":\"b\"}"), "{}");
    end(&work);
}

static void a_column_with_too_many_values_is_told_of(void **state)
{
    (void)state;
    struct work work = begin("[{'op':'onehot','columns':'c'}]");
    /* As if WH_ONEHOT_VALUES had been met: through a state, which is quicker. */
    json_t *values = json_array();
    for (int i = 0; i < WH_ONEHOT_VALUES; i++) {
        char value[16];
        snprintf(value, sizeof value, "v%d", i);
        json_array_append_new(values, json_pack("[s,i,b]", value, 1, 1));
    }
    json_t *learned = json_pack("[[{s:s,s:i,s:o}]]", "column", "c", "overflow", 0, "values",
                                values);
    char *text = json_dumps(learned, 0);
    assert_int_equal(load_state(&work, text), 0);
    free(text);
    json_decref(learned);
    assert_string_equal(one_pass(&work, "{\"c\":\"v7\"}"), "{\"c=v7\":1}");
    assert_null(work.features->full);
    assert_string_equal(one_pass(&work, "{\"c\":\"new\"}"), "{}");
    assert_string_equal(work.features->full, "c");
    assert_string_equal(one_pass(&work, "{\"c\":\"newer\"}"), "{\"c is infrequent\":1}");
    end(&work);
}

static void hash_is_scikit_learns_feature_hasher(void **state)
{
    (void)state;
    struct work work = begin("[{'op':'hash','columns':'a,b,city,z','size':16}]");
    assert_string_equal(
        features_of(&work, "{\"a\":1,\"b\":2.5,\"city\":\"Paris\",\"z\":0}"),
        "{\"a+b+city+z#1\":-1,\"a+b+city+z#2\":1,\"a+b+city+z#13\":-2.5}");
    assert_string_equal(features_of(&work, "{\"a\":true,\"b\":null,\"city\":null,\"z\":false}"),
                        "{\"a+b+city+z#2\":1}");
    assert_bad(&work, "{\"a\":{},\"b\":1,\"city\":1,\"z\":1}", "a", "an object is not a number");
    end(&work);
}

static void what_falls_in_one_place_adds_up(void **state)
{
    (void)state;
    struct work work = begin("[{'op':'hash','columns':'foo,bar','size':1}]");
    /* foo hashes below zero, bar above */
    assert_string_equal(features_of(&work, "{\"foo\":2,\"bar\":5}"), "{\"foo+bar#0\":3}");
    assert_string_equal(features_of(&work, "{\"foo\":5,\"bar\":5}"), "{}");
    end(&work);
}

/* --------------------------------------------------------------------------- dates */

static void dates_take_times_apart(void **state)
{
    (void)state;
    struct work work = begin("[{'op':'dates','columns':'t','year':true,'quarter':true,'month':true,"
                             "'week':true,'day':true,'yearday':true,'weekday':true,'hour':true,"
                             "'minute':true,'second':true,'epoch':true}]");
    assert_string_equal(features_of(&work, "{\"t\":\"2024-12-31T23:59:58Z\"}"),
                        "{\"t.year\":2024,\"t.quarter\":4,\"t.month\":12,\"t.week\":1,\"t.day\":31,"
                        "\"t.yearday\":366,\"t.weekday\":1,\"t.hour\":23,\"t.minute\":59,"
                        "\"t.second\":58,\"t.epoch\":1735689598}");
    assert_string_equal(features_of(&work, "{\"t\":\"2021-01-04\"}"), /* a Monday: 0 is left out */
                        "{\"t.year\":2021,\"t.quarter\":1,\"t.month\":1,\"t.week\":1,\"t.day\":4,"
                        "\"t.yearday\":4,\"t.epoch\":1609718400}");
    assert_string_equal(features_of(&work, "{\"t\":\"2021-01-03 00:00:01\"}"),
                        "{\"t.year\":2021,\"t.quarter\":1,\"t.month\":1,\"t.week\":53,\"t.day\":3,"
                        "\"t.yearday\":3,\"t.weekday\":6,\"t.second\":1,\"t.epoch\":1609632001}");
    end(&work);
}

static void cyclic_adds_sine_and_cosine(void **state)
{
    (void)state;
    struct work work = begin("[{'op':'dates','columns':'t','hour':true,'cyclic':true}]");
    assert_string_equal(features_of(&work, "{\"t\":\"2024-01-01T06:00\"}"),
                        "{\"t.hour\":6,\"t.hour.sin\":1}");
    assert_string_equal(features_of(&work, "{\"t\":\"2024-01-01T12:00\"}"),
                        "{\"t.hour\":12,\"t.hour.cos\":-1}");
    assert_string_equal(features_of(&work, "{\"t\":\"2024-01-01T03:00\"}"),
                        "{\"t.hour\":3,\"t.hour.sin\":0.7071067811865475,"
                        "\"t.hour.cos\":0.7071067811865476}");
    assert_string_equal(features_of(&work, "{\"t\":null}"),
                        "{\"t.hour\":null,\"t.hour.sin\":null,\"t.hour.cos\":null}");
    end(&work);
}

static void parts_are_those_of_the_time_as_written_or_with_utc_converted(void **state)
{
    (void)state;
    struct work written = begin("[{'op':'dates','columns':'t','day':true,'hour':true}]");
    assert_string_equal(features_of(&written, "{\"t\":\"2024-03-01T01:30:00+02:00\"}"),
                        "{\"t.day\":1,\"t.hour\":1}");
    end(&written);
    struct work utc = begin("[{'op':'dates','columns':'t','day':true,'hour':true,'utc':true}]");
    assert_string_equal(features_of(&utc, "{\"t\":\"2024-03-01T01:30:00+02:00\"}"),
                        "{\"t.day\":29,\"t.hour\":23}");
    assert_string_equal(features_of(&utc, "{\"t\":\"2024-03-01T01:30:00\"}"),
                        "{\"t.day\":1,\"t.hour\":1}");
    end(&utc);
}

static void what_is_no_date_is_a_bad_row(void **state)
{
    (void)state;
    struct work work = begin("[{'op':'dates','columns':'t','hour':true}]");
    assert_bad(&work, "{\"t\":\"2023-02-29\"}", "t", "\"2023-02-29\" is not a date");
    assert_bad(&work, "{\"t\":20230228}", "t", "20230228");
    assert_bad(&work, "{\"t\":\"\"}", "t", "is not a date");
    end(&work);
}

/* --------------------------------------------------------- columns, names and state */

static void a_name_that_two_steps_would_make_is_refused(void **state)
{
    (void)state;
    assert_refused("[{'op':'passthrough','columns':'c=x'},{'op':'onehot','columns':'c'}]",
                   "{\"c=x\":1,\"c\":\"x\"}", "c=x");
    assert_refused("[{'op':'onehot','columns':'c'},{'op':'passthrough','columns':'c=x'}]",
                   "{\"c=x\":1,\"c\":\"x\"}", "c=x");
    assert_refused("[{'op':'dates','columns':'t','hour':true},"
                   "{'op':'passthrough','columns':'t.hour'}]",
                   "{\"t\":\"2024-01-01\",\"t.hour\":1}", "t.hour");
    assert_refused("[{'op':'hash','columns':'c','size':8},{'op':'hash','columns':'c','size':16}]",
                   "{\"c\":\"x\"}", "c#");
    assert_refused("[{'op':'onehot','columns':'c'},{'op':'onehot','columns':'c'}]",
                   "{\"c\":\"x\"}", "c=");
}

static void a_column_may_be_encoded_in_several_ways(void **state)
{
    (void)state;
    struct work work = begin("[{'op':'passthrough','columns':'x'},{'op':'onehot','columns':'x'},"
                             "{'op':'hash','columns':'x','size':4}]");
    fit(&work, (const char *const[]){ "{\"x\":7}", NULL });
    assert_non_null(strstr(features_of(&work, "{\"x\":7}"), "{\"x\":7,\"x=7\":1,\"x#"));
    end(&work);
}

static void a_misspelled_column_is_refused_with_the_nearest_name(void **state)
{
    (void)state;
    assert_refused("[{'op':'standard','columns':'amonut'}]", "{\"amount\":1}",
                   "(did you mean amount?)");
}

static void a_column_absent_later_is_null_and_remembered(void **state)
{
    (void)state;
    struct work work = begin("[{'op':'passthrough','columns':'a'},{'op':'onehot','columns':'b'}]");
    fit(&work, (const char *const[]){ "{\"a\":1,\"b\":\"x\"}", "{\"a\":2}", "{\"b\":\"x\"}",
                                      NULL });
    assert_string_equal(features_of(&work, "{\"a\":3}"), "{\"a\":3,\"b is null\":1}");
    json_t *absent = wh_features_save(work.features);
    assert_int_equal(json_array_size(absent), 2);
    json_decref(absent);
    end(&work);
}

static void a_column_named_twice_makes_its_features_once(void **state)
{
    (void)state;
    struct work work = begin("[{'op':'passthrough','columns':'a,b,a,b'}]");
    work.features->absence = WH_ABSENCE_NULL;
    assert_string_equal(features_of(&work, "{\"a\":1}"), "{\"a\":1,\"b\":null}");
    end(&work);
    work = begin("[{'op':'dates','columns':'b,b','hour':true}]");
    work.features->absence = WH_ABSENCE_NULL;
    assert_string_equal(features_of(&work, "{}"), "{\"b.hour\":null}");
    end(&work);
}

static void frozen_a_column_that_every_row_had_is_missed(void **state)
{
    (void)state;
    struct work work = begin("[{'op':'passthrough','columns':'a,b'}]");
    json_t *absent = json_pack("[s]", "b");
    assert_int_equal(wh_features_load(work.features, absent, &work.error), 0);
    json_decref(absent);
    work.features->absence = WH_ABSENCE_BAD;
    assert_string_equal(features_of(&work, "{\"a\":1}"), "{\"a\":1,\"b\":null}");
    assert_bad(&work, "{\"b\":1}", "a", "--missing-column null");
    end(&work);
}

static void state_reads_back_to_the_same_bytes_and_behaviour(void **state)
{
    (void)state;
    static const char recipe[] = "[{'op':'standard','columns':'x'},"
                                 "{'op':'onehot','columns':'c','max_categories':3}]";
    static const char *const rows[] = {
        "{\"x\":0.1,\"c\":\"a\"}", "{\"x\":1e22,\"c\":\"\\u0000\"}", "{\"x\":-7.25,\"c\":null}",
        "{\"x\":3,\"c\":\"a\"}",   "{\"x\":null,\"c\":\"z\"}",       NULL };
    struct work one = begin(recipe), split = begin(recipe);
    for (size_t i = 0; rows[i]; i++) {
        struct work *next = &split;
        one_pass(&one, rows[i]);
        one_pass(next, rows[i]);
        char *saved = state_of(split.steps);
        end(&split);
        split = begin(recipe);
        assert_int_equal(load_state(&split, saved), 0);
        char *again = state_of(split.steps), *whole = state_of(one.steps);
        assert_string_equal(saved, again);
        assert_string_equal(saved, whole);
        free(saved);
        free(again);
        free(whole);
    }
    char *expected = strdup(features_of(&one, "{\"x\":5,\"c\":\"a\"}"));
    assert_string_equal(features_of(&split, "{\"x\":5,\"c\":\"a\"}"), expected);
    free(expected);
    end(&one);
    end(&split);
}

static void a_state_of_another_form_is_refused(void **state)
{
    (void)state;
    static const char *const states[] = {
        "[[{\"column\":1}]]",
        "[[{\"column\":\"x\",\"count\":-1,\"mean\":[0,0],\"squares\":[0,0]}]]",
        "[[{\"column\":\"x\",\"count\":1,\"mean\":[0],\"squares\":[0,0]}]]",
        "[]",
    };
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        struct work work = begin("[{'op':'standard','columns':'x'}]");
        assert_int_equal(load_state(&work, states[i]), -1);
        end(&work);
    }
    static const char *const categories[] = {
        "[[{\"column\":\"x\",\"overflow\":0,\"values\":[[\"a\",0,true]]}]]",
        "[[{\"column\":\"x\",\"overflow\":0,\"values\":[[\"a\",1,true],[\"a\",1,true]]}]]",
        "[[{\"column\":\"x\",\"overflow\":0,\"values\":[[7,1,true]]}]]",
        "[[{\"column\":\"x\",\"values\":[]}]]",
    };
    for (size_t i = 0; i < sizeof categories / sizeof *categories; i++) {
        struct work work = begin("[{'op':'onehot','columns':'x'}]");
        assert_int_equal(load_state(&work, categories[i]), -1);
        end(&work);
    }
}

static void a_dense_row_has_every_feature(void **state)
{
    (void)state;
    struct work work = begin("[{'op':'passthrough','columns':'x'},{'op':'onehot','columns':'c'},"
                             "{'op':'hash','columns':'c','size':3}]");
    fit(&work, (const char *const[]){ "{\"x\":1,\"c\":\"b\"}", "{\"x\":1,\"c\":\"a\"}", NULL });
    wh_features_close(work.features);
    char *learned = state_of(work.steps);
    struct work dense = begin("[{'op':'passthrough','columns':'x'},{'op':'onehot','columns':'c'},"
                              "{'op':'hash','columns':'c','size':3}]");
    assert_int_equal(load_state(&dense, learned), 0);
    wh_steps_settle(dense.steps, 0);
    free(learned);
    dense.features->dense = true;
    features_of(&dense, "{\"x\":null,\"c\":\"b\"}");

    static const char *const names[] = { "x", "c=a", "c=b", "c#0", "c#1", "c#2" };
    struct wh_column columns[6];
    assert_int_equal(dense.features->columns, 6);
    wh_features_columns(dense.features, columns);
    struct wh_row *row = dense.reader->row;
    row->fields = wh_row_fields(row, 6);
    assert_int_equal(wh_features_dense(dense.features, row, 0, 6, &dense.error), 0);
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(columns[i].name, names[i]);
    assert_int_equal(row->fields[0].type, WH_NULL);
    assert_memory_equal(row->fields[1].text, "0", 1);
    assert_memory_equal(row->fields[2].text, "1", 1);
    assert_int_equal(wh_features_dense(dense.features, row, 0, 2, &dense.error), -1);
    work.features = NULL;
    end(&work);
    end(&dense);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passthrough_keeps_the_text_of_numbers),
        cmocka_unit_test(zeros_are_left_out_and_nulls_written),
        cmocka_unit_test(what_is_no_finite_number_is_a_bad_row),
        cmocka_unit_test(log1p_is_that_of_numpy),
        cmocka_unit_test(standard_is_scikit_learns),
        cmocka_unit_test(standard_with_ddof_1_takes_the_deviation_of_a_sample),
        cmocka_unit_test(a_constant_column_is_only_centred),
        cmocka_unit_test(standard_loses_no_digits_far_from_zero),
        cmocka_unit_test(in_one_pass_a_row_meets_what_the_rows_before_it_taught),
        cmocka_unit_test(encoders_of_numbers_work_one_after_the_other),
        cmocka_unit_test(a_learner_that_feeds_another_takes_a_pass_more),
        cmocka_unit_test(onehot_merges_categories_as_scikit_learn_does),
        cmocka_unit_test(null_the_empty_string_and_the_word_are_three_categories),
        cmocka_unit_test(a_category_is_the_same_however_it_is_escaped),
        cmocka_unit_test(in_one_pass_a_category_is_there_from_its_second_row_on),
        cmocka_unit_test(a_column_with_too_many_values_is_told_of),
        cmocka_unit_test(hash_is_scikit_learns_feature_hasher),
        cmocka_unit_test(what_falls_in_one_place_adds_up),
        cmocka_unit_test(dates_take_times_apart),
        cmocka_unit_test(cyclic_adds_sine_and_cosine),
        cmocka_unit_test(parts_are_those_of_the_time_as_written_or_with_utc_converted),
        cmocka_unit_test(what_is_no_date_is_a_bad_row),
        cmocka_unit_test(a_name_that_two_steps_would_make_is_refused),
        cmocka_unit_test(a_column_may_be_encoded_in_several_ways),
        cmocka_unit_test(a_misspelled_column_is_refused_with_the_nearest_name),
        cmocka_unit_test(a_column_absent_later_is_null_and_remembered),
        cmocka_unit_test(a_column_named_twice_makes_its_features_once),
        cmocka_unit_test(frozen_a_column_that_every_row_had_is_missed),
        cmocka_unit_test(state_reads_back_to_the_same_bytes_and_behaviour),
        cmocka_unit_test(a_state_of_another_form_is_refused),
        cmocka_unit_test(a_dense_row_has_every_feature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
