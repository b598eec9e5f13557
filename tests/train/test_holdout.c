/* Held-out rows: what decides, what does not, and that it is the same decision for ever. The rows
 * expected and the hashes come from a few lines of Python that do FNV-1a and the mixing anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/hash.h"
#include "record/files.h"
#include "record/reader.h"
#include "train/holdout.h"

static struct wh_error error;

static struct wh_holdout *open_holdout(const char *text, struct wh_row_plans *plans)
{
    struct wh_holdout *holdout = wh_holdout_open(text, plans, &error);
    if (!holdout)
        fail_msg("%s: %s", text, error.text);
    return holdout;
}

/* The rows of a text, of which those held out are marked in `held`. Returns how many rows; -1 where
 * one is bad. */
static int decide(const char *choice, const char *text, bool *held)
{
    struct wh_reading reading = { .format = *text == '{' ? WH_FORMAT_NDJSON : WH_FORMAT_CSV };
    char path[] = "/tmp/wh-test-XXXXXX";
    int descriptor = mkstemp(path), rows = 0;
    assert_int_equal(write(descriptor, text, strlen(text)), (ssize_t)strlen(text));
    close(descriptor);
    const char *paths[] = { path };
    struct wh_reader *reader = wh_reader_open(&reading, paths, 1, &error);
    assert_non_null(reader);
    struct wh_row_plans *plans = wh_row_plans_open(&(struct wh_roles){ .label = "y",
                                                                       .weight = "w" });
    struct wh_holdout *holdout = open_holdout(choice, plans);
    while (rows >= 0 && wh_reader_next(reader, &error) == WH_PASSED) {
        struct wh_row_plan *plan = wh_row_plan_of(plans, reader->row->shape);
        bool good = wh_holdout_row(holdout, reader->row, plan, &held[rows], &error) == WH_TAKEN;
        rows = good ? rows + 1 : -1;
    }
    wh_row_plans_close(plans);
    wh_holdout_close(holdout);
    wh_reader_close(reader);
    unlink(path);
    return rows;
}

/* Whether one row is held out of half the rows. */
static bool half(const char *choice, const char *text)
{
    bool held[2];
    assert_int_equal(decide(choice, text, held), 1);
    return held[0];
}

/* Rows of a format in which the number stands once. */
static char *rows_of(const char *head, const char *format, int count)
{
    struct wh_buffer text = { 0 };
    wh_buffer_format(&text, "%s", head);
    for (int i = 0; i < count; i++) {
        char row[256];
        const char *place = strchr(format, '#');
        snprintf(row, sizeof row, "%.*s%d%s\n", (int)(place - format), format, i, place + 1);
        wh_buffer_format(&text, "%s", row);
    }
    return wh_buffer_text(&text);
}

/* Which of 100 such rows are held out, as text: "4 12 ...". */
static const char *held_of(const char *choice, const char *head, const char *format)
{
    static char list[512];
    bool held[100];
    char *text = rows_of(head, format, 100);
    assert_int_equal(decide(choice, text, held), 100);
    free(text);
    *list = '\0';
    for (int i = 0; i < 100; i++)
        if (held[i])
            snprintf(list + strlen(list), sizeof list - strlen(list), "%d ", i);
    return list;
}

static void the_hash_is_that_of_its_authors(void **state)
{
    (void)state;
    assert_true(wh_stable_hash(WH_STABLE_HASH, "", 0) == WH_STABLE_HASH);
    assert_true(wh_stable_hash(WH_STABLE_HASH, "a", 1) == UINT64_C(0xAF63DC4C8601EC8C));
    uint64_t begun = wh_stable_hash(WH_STABLE_HASH, "foo", 3);
    assert_true(wh_stable_hash(begun, "bar", 3) == UINT64_C(0x85944171F73967E8));
    assert_true(wh_stable_mix(1) == UINT64_C(0xB456BCFC34C2CB2C));
}

static void the_same_rows_are_held_out_for_ever(void **state)
{
    (void)state;
    const char by_id[] = "4 12 36 41 81 89 95 97 98 ";
    assert_string_equal(held_of("10%:id", "", "{\"id\":#,\"x\":1}"), by_id);
    assert_string_equal(held_of("10%:id", "", "{\"x\":2,\"id\":\"#\",\"z\":null}"), by_id);
    assert_string_equal(held_of("10%:id", "id,x\n", "#,5"), by_id);
    assert_string_equal(held_of("10%", "", "{\"id\":#,\"y\":1,\"w\":2,\"z\":null}"), by_id);
    const char by_both[] = "5 14 33 37 39 55 65 72 79 82 97 ";
    assert_string_equal(held_of("10%", "", "{\"city\":\"Z\\u00fcrich\",\"id\":#}"), by_both);
    assert_string_equal(held_of("10%", "id,city\n", "#,Z\xC3\xBCrich"), by_both);
    assert_string_equal(held_of("10%:id,city", "", "{\"id\":#,\"city\":\"Z\xC3\xBCrich\",\"x\":1}"),
                        by_both);
}

static void a_larger_share_holds_the_smaller_ones_rows(void **state)
{
    (void)state;
    static bool tenth[20000], half_of_them[20000];
    char *text = rows_of("id\n", "#", 20000);
    assert_int_equal(decide("10%:id", text, tenth), 20000);
    assert_int_equal(decide("50%:id", text, half_of_them), 20000);
    free(text);
    int counts[2] = { 0 };
    for (int i = 0; i < 20000; i++) {
        counts[0] += tenth[i];
        counts[1] += half_of_them[i];
        assert_true(!tenth[i] || half_of_them[i]);
    }
    assert_in_range(counts[0], 1900, 2100);
    assert_in_range(counts[1], 9800, 10200);
}

/* Of 64 rows that differ in one thing some are on another side, and none where that thing counts
 * nothing. */
static int moved(const char *choice, const char *one, const char *other)
{
    int count = 0;
    for (int i = 0; i < 64; i++) {
        char left[128], right[128];
        snprintf(left, sizeof left, "{\"id\":%d,%s}", i, one);
        snprintf(right, sizeof right, "{\"id\":%d,%s}", i, other);
        count += half(choice, left) != half(choice, right);
    }
    return count;
}

static void label_and_weight_decide_nothing(void **state)
{
    (void)state;
    assert_int_equal(moved("50%", "\"y\":1,\"w\":1", "\"y\":0,\"w\":3"), 0);
    assert_true(moved("50%", "\"x\":1", "\"x\":0") > 10);
    assert_int_equal(moved("50%:id", "\"x\":1", "\"x\":0"), 0);
}

static void where_a_name_or_value_ends_counts(void **state)
{
    (void)state;
    assert_true(moved("50%", "\"ab\":\"c\"", "\"a\":\"bc\"") > 10);
    assert_true(moved("50%", "\"a\":\"1\",\"b\":\"2\"", "\"a\":\"2\",\"b\":\"1\"") > 10);
    assert_true(moved("50%", "\"a\":\"\"", "\"a\":null") > 10);
    assert_true(moved("50%", "\"a\":1.0", "\"a\":1") > 10);
}

static void a_row_without_the_column_is_bad(void **state)
{
    (void)state;
    bool held[4];
    assert_int_equal(decide("10%:idd", "{\"id\":1}\n", held), -1);
    assert_int_equal(error.status, WH_FAILED);
    assert_string_equal(error.rule, "column");
    assert_non_null(strstr(error.text, "idd"));
    assert_int_equal(decide("10%:id", "{\"id\":null}\n", held), 1);
}

static void assert_text(const char *given, const char *wanted)
{
    struct wh_holdout *holdout = open_holdout(given, NULL);
    assert_string_equal(wh_holdout_text(holdout), wanted);
    wh_holdout_close(holdout);
}

static void one_choice_has_one_text(void **state)
{
    (void)state;
    assert_text("10%", "10%");
    assert_text("10.0%:b,a", "10%:a,b");
    assert_text("0.5%:a\\,b,c\\\\d", "0.5%:a\\,b,c\\\\d");
    assert_text("1e1%:a:b", "10%:a:b");
    assert_text("10%:a%", "10%:a%");
}

static void assert_refused(const char *text, const char *says)
{
    assert_null(wh_holdout_open(text, NULL, &error));
    assert_int_equal(error.status, WH_REFUSED);
    if (!strstr(error.text, says))
        fail_msg("%s instead of %s", error.text, says);
}

static void what_is_no_choice_is_refused(void **state)
{
    (void)state;
    assert_refused("", "is not a share");
    assert_refused("10", "it is given in percent (write 10%)");
    assert_refused("1", "(write 1%)");
    assert_refused("1.0", "(write 1%)");
    assert_refused("0.2", "(write 20%)");
    assert_refused("100", "such as 10%");
    assert_refused("0", "such as 10%");
    assert_refused("%", "is not a share");
    assert_refused("ten%:id", "is not a share");
    assert_refused("10%id", "is not a share");
    assert_refused("0%", "above 0%");
    assert_refused("100%", "below 100%");
    assert_refused("1e999%", "below 100%");
    assert_refused("-1%", "above 0%");
    assert_refused("10%:", "lacks the name");
    assert_refused("10%:a,,b", "lacks the name");
    assert_refused("10%:a,b,a", "twice");
    assert_refused("10%:a\xFF", "UTF-8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hash_is_that_of_its_authors),
        cmocka_unit_test(the_same_rows_are_held_out_for_ever),
        cmocka_unit_test(a_larger_share_holds_the_smaller_ones_rows),
        cmocka_unit_test(label_and_weight_decide_nothing),
        cmocka_unit_test(where_a_name_or_value_ends_counts),
        cmocka_unit_test(a_row_without_the_column_is_bad),
        cmocka_unit_test(one_choice_has_one_text),
        cmocka_unit_test(what_is_no_choice_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
