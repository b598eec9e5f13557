/* Control records, and what breaks the hop between two tools. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipe/checkpoint.h"
#include "pipe/control.h"

#define BEGIN "{\"@wh\":\"begin\",\"epoch\":\"9f2c41d07ab3\",\"from\":null," \
              "\"position\":{\"at\":0},\"by\":\"wh-extract\"}\n"
#define CHECKPOINT(n, rows) "{\"@wh\":\"checkpoint\",\"epoch\":\"9f2c41d07ab3\",\"n\":" #n \
                            ",\"rows\":" #rows ",\"committed\":0,\"position\":{\"at\":1}," \
                            "\"by\":\"wh-extract\"}\n"
#define END(n, rows) "{\"@wh\":\"end\",\"epoch\":\"9f2c41d07ab3\",\"n\":" #n ",\"rows\":" #rows \
                     ",\"position\":{\"at\":1},\"by\":\"wh-extract\"}\n"
#define COMMITTED(n) "{\"@wh\":\"committed\",\"epoch\":\"9f2c41d07ab3\",\"n\":" #n "," \
                     "\"by\":\"x\"}\n"

static struct wh_control read_record(const char *text)
{
    struct wh_control control;
    struct wh_error error;
    if (wh_control_read(text, strlen(text), &control, &error) != 0)
        fail_msg("%s: %s", text, error.text);
    return control;
}

static void a_begin_tells_where_the_stream_goes_on(void **state)
{
    (void)state;
    struct wh_control control = read_record(
        "{\"@wh\":\"begin\",\"epoch\":\"9f2c41d07ab3\",\"from\":{\"epoch\":\"77e0\",\"n\":41},"
        "\"position\":{\"a\":1},\"through\":[\"wh-clean 1\"],\"by\":\"wh-clean\"}");
    assert_int_equal(control.kind, WH_CONTROL_BEGIN);
    assert_string_equal(control.place.epoch, "9f2c41d07ab3");
    assert_string_equal(control.from.epoch, "77e0");
    assert_int_equal(control.from.n, 41);
    assert_false(control.marked);
    assert_int_equal(json_array_size(control.through), 1);
    assert_int_equal(json_integer_value(json_object_get(control.position, "a")), 1);
    assert_string_equal(control.by, "wh-clean");
    wh_control_free(&control);

    control = read_record("{\"@wh\":\"begin\",\"epoch\":\"a\"}");
    assert_true(control.marked);
    wh_control_free(&control);
    control = read_record(BEGIN);
    assert_true(wh_place_none(&control.from));
    assert_false(control.marked);
    wh_control_free(&control);
}

static void expect_broken(const char *text, const char *message)
{
    struct wh_control control;
    struct wh_error error;
    if (wh_control_read(text, strlen(text), &control, &error) == 0)
        fail_msg("accepted: %s", text);
    assert_int_equal(error.status, WH_BROKEN);
    /* What jansson says after that depends on its version. */
    size_t length = strlen(message);
    if (message[length - 1] == ' ')
        error.text[length] = '\0';
    assert_string_equal(error.text, message);
}

static void records_that_break_the_form_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } broken[] = {
        { "{\"@wh\":\"begin\"}", "the control record \"begin\" has no valid \"epoch\"" },
        { "{\"@wh\":1}", "a control record has no kind: its \"@wh\" is not a text" },
        { "[]", "a control record has no kind: its \"@wh\" is not a text" },
        { "{\"@wh\":\"start\",\"epoch\":\"a\"}",
          "unknown kind of control record: \"start\" (a newer version of the tools wrote it, or "
          "the row is no control record)" },
        { "{\"@wh\":\"begin\",\"epoch\":\"\"}",
          "the control record \"begin\" has no valid \"epoch\"" },
        { "{\"@wh\":\"begin\",\"epoch\":\"../x\"}",
          "the control record \"begin\" has no valid \"epoch\"" },
        { "{\"@wh\":\"begin\",\"epoch\":\"aaaaaaaaaaaaaaaaaaaaaaaaa\"}",
          "the control record \"begin\" has no valid \"epoch\"" },
        { "{\"@wh\":\"begin\",\"epoch\":\"a\",\"from\":1}",
          "the control record \"begin\" has no valid \"from\"" },
        { "{\"@wh\":\"begin\",\"epoch\":\"a\",\"from\":{\"epoch\":\"b\"}}",
          "the control record \"begin\" has no valid \"from\"" },
        { "{\"@wh\":\"begin\",\"epoch\":\"a\",\"through\":{}}",
          "the control record \"begin\" has no valid \"through\"" },
        { "{\"@wh\":\"checkpoint\",\"epoch\":\"a\",\"rows\":1}",
          "the control record \"checkpoint\" has no valid \"n\"" },
        { "{\"@wh\":\"checkpoint\",\"epoch\":\"a\",\"n\":0,\"rows\":1}",
          "the control record \"checkpoint\" has no valid \"n\"" },
        { "{\"@wh\":\"checkpoint\",\"epoch\":\"a\",\"n\":-1,\"rows\":1}",
          "the control record \"checkpoint\" has no valid \"n\"" },
        { "{\"@wh\":\"checkpoint\",\"epoch\":\"a\",\"n\":1}",
          "the control record \"checkpoint\" has no valid \"rows\"" },
        { "{\"@wh\":\"checkpoint\",\"epoch\":\"a\",\"n\":1,\"rows\":1.5}",
          "the control record \"checkpoint\" has no valid \"rows\"" },
        { "{\"@wh\":\"end\",\"epoch\":\"a\",\"n\":1,\"rows\":1,\"committed\":\"x\"}",
          "the control record \"end\" has no valid \"committed\"" },
        { "{\"@wh\":\"end\",\"epoch\":\"a\",\"n\":1,\"rows\":1,\"n\":2}",
          "a control record is damaged: " },
        { "{\"@wh\":\"end\",\"epoch\":\"a\",\"n\":1,\"rows\":1,\"position\":{},\"check\":\"0\"}",
          "the position in the control record \"end\" was changed on the way here (a tool between "
          "that takes numbers for floating point, as jq 1.6 does, cannot be used)" },
        { "{\"@wh\":\"committed\",\"epoch\":\"a\"}",
          "the control record \"committed\" has no valid \"n\"" },
        { "{\"@wh\":\"end\"", "a control record is damaged: " },
        { "", "a control record is damaged: " },
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        expect_broken(broken[i].text, broken[i].message);
}

/* What `text` is passed on as. */
static void expect_passed(const char *text, uint64_t rows, const char *recipe, const char *expected)
{
    struct wh_control control = read_record(text);
    struct wh_buffer out = { 0 };
    wh_control_print(&out, &control, rows, "wh-clean", recipe);
    assert_string_equal(wh_buffer_text(&out), expected);
    wh_buffer_free(&out);
    wh_control_free(&control);
}

static void whoever_passes_a_record_on_writes_its_own_count(void **state)
{
    (void)state;
    expect_passed(CHECKPOINT(1, 10), 7, "5d1f",
                  "{\"@wh\":\"checkpoint\",\"epoch\":\"9f2c41d07ab3\",\"n\":1,\"rows\":7,"
                  "\"committed\":0,\"position\":{\"at\":1},\"by\":\"wh-clean\"}\n");
    expect_passed("{\"@wh\":\"begin\",\"epoch\":\"a\",\"from\":null,\"more\":[1,2.5]}", 0, "5d1f",
                  "{\"@wh\":\"begin\",\"epoch\":\"a\",\"from\":null,\"more\":[1,2.5],"
                  "\"through\":[\"wh-clean 5d1f\"],\"by\":\"wh-clean\"}\n");
    expect_passed("{\"x\":1,\"by\":\"y\",\"@wh\":\"schema\",\"columns\":[]}", 3, NULL,
                  "{\"@wh\":\"schema\",\"x\":1,\"columns\":[],\"by\":\"wh-clean\"}\n");
}

/*
 * A stream as its records and, between them, as many rows as a number says: "begin 5 checkpoint".
 * Returns whether it is whole; the reason is in `reason` where not.
 */
static bool takes(const char *const *stream, char reason[1024])
{
    struct wh_hop hop = { 0 };
    struct wh_error error = { 0 };
    for (; *stream; stream++) {
        if (**stream != '{') {
            hop.rows += (uint64_t)atoi(*stream);
            continue;
        }
        struct wh_control control = read_record(*stream);
        int result = wh_hop_take(&hop, &control, "wh-load", &error);
        wh_control_free(&control);
        if (result != 0)
            break;
    }
    bool whole = !*stream && wh_hop_close(&hop, "wh-load", &error) == 0;
    strcpy(reason, error.text);
    if (!whole)
        assert_int_equal(error.status, WH_BROKEN);
    return whole;
}

#define TAKES(...) takes((const char *const[]){ __VA_ARGS__, NULL }, reason)

static void a_whole_stream_passes(void **state)
{
    (void)state;
    char reason[1024];
    assert_true(TAKES(BEGIN, END(1, 0)));
    assert_true(TAKES(BEGIN, "5", CHECKPOINT(1, 5), CHECKPOINT(2, 0), "3", END(3, 3)));
    assert_true(TAKES(BEGIN, "5", END(1, 5), COMMITTED(1)));
    assert_true(TAKES(BEGIN, "{\"@wh\":\"schema\"}", "1", END(1, 1)));
    assert_true(TAKES("7")); /* rows without control records */
}

static void whatever_is_lost_doubled_or_moved_breaks_the_hop(void **state)
{
    (void)state;
    char reason[1024];
    assert_false(TAKES(BEGIN));
    assert_string_equal(reason, "the stream is broken between wh-extract and wh-load: it stops "
                                "without an end, after checkpoint 0 and 0 rows more (wh-extract, "
                                "or a tool before it, did not finish)");
    assert_false(TAKES(BEGIN, "5", CHECKPOINT(1, 5), "3"));
    assert_false(TAKES(CHECKPOINT(1, 0), END(2, 0)));
    assert_false(TAKES(END(1, 0)));
    assert_false(TAKES(BEGIN, BEGIN, END(1, 0)));
    assert_false(TAKES(BEGIN, CHECKPOINT(2, 0), END(3, 0)));
    assert_false(TAKES(BEGIN, CHECKPOINT(1, 0), CHECKPOINT(1, 0), END(2, 0)));
    assert_false(TAKES(BEGIN, CHECKPOINT(2, 0), CHECKPOINT(1, 0), END(3, 0)));
    assert_false(TAKES(BEGIN, "4", CHECKPOINT(1, 5), END(2, 0)));
    assert_string_equal(reason, "the stream is broken between wh-extract and wh-load: rows before "
                                "checkpoint 1: 5 written, 4 received (they were lost or added on "
                                "the way)");
    assert_false(TAKES(BEGIN, "6", END(1, 5)));
    assert_false(TAKES(BEGIN, END(1, 0), END(2, 0)));
    assert_false(TAKES(BEGIN, END(1, 0), CHECKPOINT(2, 0)));
    assert_false(TAKES(BEGIN, END(1, 0), BEGIN));
    assert_false(TAKES(BEGIN, COMMITTED(0), END(1, 0)));
    assert_string_equal(reason, "the stream is broken between wh-extract and wh-load: "
                                "\"committed\" comes before the end");
    assert_false(TAKES(BEGIN, END(1, 0), COMMITTED(1), COMMITTED(1)));
    assert_false(TAKES(BEGIN, "{\"@wh\":\"end\",\"epoch\":\"other\",\"n\":1,\"rows\":0}"));
}

static void a_checkpoint_is_written_and_read_back(void **state)
{
    (void)state;
    struct wh_error error;
    struct wh_control begin = read_record(BEGIN), record = read_record(CHECKPOINT(3, 9));
    struct wh_checkpoint made = wh_checkpoint_of(&begin, &record), read;
    json_t *json = wh_checkpoint_json(&made);
    assert_int_equal(wh_checkpoint_read(json, &read, &error), 0);
    assert_true(wh_place_same(&made.place, &read.place));
    assert_true(json_equal(made.position, read.position));
    assert_true(json_equal(made.through, read.through));
    json_decref(json);
    wh_checkpoint_free(&read);

    json = json_null();
    assert_int_equal(wh_checkpoint_read(json, &read, &error), 0);
    assert_true(wh_place_none(&read.place));
    json = json_pack("{s:s}", "epoch", "a");
    assert_int_equal(wh_checkpoint_read(json, &read, &error), -1);
    assert_int_equal(error.status, WH_REFUSED);
    json_decref(json);
    wh_checkpoint_free(&made);
    wh_control_free(&begin);
    wh_control_free(&record);
}

static void a_sink_goes_on_only_where_its_checkpoint_is(void **state)
{
    (void)state;
    struct wh_error error;
    struct wh_checkpoint none = { 0 };
    struct wh_checkpoint held = { .place = { "77e0", 41 },
                                  .through = json_pack("[s]", "wh-clean 1") };
    static const char begin_text[] = "{\"@wh\":\"begin\",\"epoch\":\"9f\","
                                     "\"from\":{\"epoch\":\"77e0\",\"n\":41},"
                                     "\"through\":[\"wh-clean %c\"]}";
    char text[200];
    snprintf(text, sizeof text, begin_text, '1');
    struct wh_control begin = read_record(text);
    assert_int_equal(wh_checkpoint_check(&held, &begin, "C", false, &error), 0);
    assert_int_equal(wh_checkpoint_check(&none, &begin, "C", false, &error), -1);
    assert_int_equal(error.status, WH_BROKEN);
    held.place.n = 42;
    assert_int_equal(wh_checkpoint_check(&held, &begin, "C", true, &error), -1);
    assert_int_equal(error.status, WH_BROKEN);
    assert_non_null(strstr(error.text, "C holds checkpoint 42 of epoch 77e0"));
    wh_control_free(&begin);

    held.place.n = 41;
    snprintf(text, sizeof text, begin_text, '2');
    begin = read_record(text);
    assert_int_equal(wh_checkpoint_check(&held, &begin, "C", false, &error), -1);
    assert_int_equal(error.status, WH_REFUSED);
    assert_non_null(strstr(error.text, "now: wh-clean 2; before: wh-clean 1"));
    assert_int_equal(wh_checkpoint_check(&held, &begin, "C", true, &error), 0);
    wh_control_free(&begin);

    struct wh_place expected = { "77e0", 41 };
    assert_int_equal(wh_checkpoint_expect(&held, &expected, "C", &error), 0);
    expected.n = 40;
    assert_int_equal(wh_checkpoint_expect(&held, &expected, "C", &error), -1);
    assert_int_equal(error.status, WH_BROKEN);
    assert_string_equal(error.text, "C holds checkpoint 41 of epoch 77e0, and this run continues "
                                    "from checkpoint 40 of epoch 77e0: another run has committed "
                                    "meanwhile (only one may continue; this one commits nothing "
                                    "more)");
    expected.n = 42;
    assert_int_equal(wh_checkpoint_expect(&held, &expected, "C", &error), -1);
    assert_int_equal(error.status, WH_BROKEN);
    assert_string_equal(error.text, "C holds checkpoint 41 of epoch 77e0, although checkpoint 42 "
                                    "of epoch 77e0 was committed: the target has lost its last "
                                    "commits (it was restored, or a standby server took over that was not "
                                    "up to date); run the same line again, which continues from "
                                    "what is there");
    json_decref(held.through);
}

static void a_position_that_was_changed_on_the_way_is_told(void **state)
{
    (void)state;
    struct wh_buffer text = { 0 };
    struct wh_error error;
    json_t *position = json_pack("{s:I}", "id", (json_int_t)9007199254740993);
    struct wh_control control = { .kind = WH_CONTROL_END };
    control.json = json_pack("{s:s, s:s, s:i, s:i}", "@wh", "end", "epoch", "a", "n", 1, "rows", 0);
    wh_control_place(control.json, position);
    wh_control_print(&text, &control, 0, "wh-extract", NULL);
    wh_control_free(&control);
    assert_int_equal(wh_control_read(text.data, text.length, &control, &error), 0);
    assert_true(json_equal((json_t *)control.position, position));
    wh_control_free(&control);
    char *digit = memchr(text.data, '9', text.length);
    digit[15] = '2'; /* as a double prints */
    assert_int_equal(wh_control_read(text.data, text.length, &control, &error), -1);
    assert_int_equal(error.status, WH_BROKEN);
    json_decref(position);
    wh_buffer_free(&text);
}

static void epochs_are_different(void **state)
{
    (void)state;
    char one[WH_EPOCH_SIZE], two[WH_EPOCH_SIZE];
    wh_epoch_make(one);
    wh_epoch_make(two);
    assert_int_equal(strlen(one), 12);
    assert_int_equal(strspn(one, "0123456789abcdef"), 12);
    assert_string_not_equal(one, two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_begin_tells_where_the_stream_goes_on),
        cmocka_unit_test(records_that_break_the_form_are_told),
        cmocka_unit_test(whoever_passes_a_record_on_writes_its_own_count),
        cmocka_unit_test(a_whole_stream_passes),
        cmocka_unit_test(whatever_is_lost_doubled_or_moved_breaks_the_hop),
        cmocka_unit_test(a_checkpoint_is_written_and_read_back),
        cmocka_unit_test(a_sink_goes_on_only_where_its_checkpoint_is),
        cmocka_unit_test(a_position_that_was_changed_on_the_way_is_told),
        cmocka_unit_test(epochs_are_different),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
