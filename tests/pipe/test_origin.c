/* The source's end of a stream: the reader is told of what the sink was seen to have committed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipe/origin.h"
#include "pipe/run.h"

/* A reader of so many rows {"a":N}, whose positions are {"at":N}; what it is told of is noted. */
struct source {
    struct wh_reader reader;
    struct wh_row row;
    struct wh_shape *shape;
    int rows, given;
    char text[32];
    char told[256];
    bool fails;
};

static enum wh_verdict next_row(struct wh_reader *reader, struct wh_error *error)
{
    struct source *source = (struct source *)reader;
    struct wh_row *row = &source->row;
    (void)error;
    if (source->given == source->rows)
        return WH_ENDED;
    source->given++;
    row->shape = source->shape;
    row->fields = wh_row_fields(row, 1);
    int length = snprintf(source->text, sizeof source->text, "%d", source->given);
    row->fields[0] = (struct wh_field){ source->text, (uint32_t)length, WH_NUMBER, 0 };
    return WH_PASSED;
}

static json_t *position(struct wh_reader *reader, bool behind)
{
    return json_pack("{s:i}", "at", ((struct source *)reader)->given - !behind);
}

static int take_commit(struct wh_reader *reader, const json_t *position_held,
                       struct wh_error *error)
{
    struct source *source = (struct source *)reader;
    size_t used = strlen(source->told);
    json_int_t at = json_integer_value(json_object_get(position_held, "at"));
    snprintf(source->told + used, sizeof source->told - used, "%d;", (int)at);
    return source->fails ? wh_fail(error, WH_UNREACHABLE, "the source is away") : 0;
}

/* A sink of which C is the checkpoint so many before the last that was written; when it is read
 * after the end, that one. */
struct sink {
    struct wh_store store;
    struct wh_buffer out;
    size_t behind;
    const char *other; /* once rows have come, C is of this epoch; NULL: of the run's own */
};

static size_t find_records(const struct sink *sink, const char **records, size_t most)
{
    size_t count = 0;
    for (const char *at = sink->out.data; at && count < most;) {
        at = strstr(at, "{\"@wh\":");
        if (!at)
            break;
        if (strncmp(at, "{\"@wh\":\"begin\"", 14) != 0)
            records[count++] = at;
        at++;
    }
    return count;
}

static int read_sink(struct wh_store *store, struct wh_checkpoint *held, struct wh_error *error)
{
    struct sink *sink = (struct sink *)store;
    const char *records[64];
    (void)error;
    *held = (struct wh_checkpoint){ 0 };
    if (sink->out.data)
        wh_buffer_text(&sink->out);
    size_t count = find_records(sink, records, 64);
    bool ended = count > 0 && strncmp(records[count - 1], "{\"@wh\":\"end\"", 12) == 0;
    size_t behind = ended ? 0 : sink->behind;
    if (count <= behind)
        return 0;
    json_error_t place;
    json_t *record = json_loads(records[count - 1 - behind], JSON_DISABLE_EOF_CHECK, &place);
    assert_non_null(record);
    held->place.n = (uint64_t)json_integer_value(json_object_get(record, "n"));
    snprintf(held->place.epoch, sizeof held->place.epoch, "%s",
             sink->other ? sink->other : json_string_value(json_object_get(record, "epoch")));
    held->position = json_incref(json_object_get(record, "position"));
    json_decref(record);
    return 0;
}

static void close_sink(struct wh_store *store)
{
    (void)store;
}

struct trial {
    struct source source;
    struct sink sink;
    struct wh_error error;
    int result;
};

/* Reads so many rows, with a checkpoint after each, into this sink. */
static struct trial *try_ops(int rows, const struct sink *sink, const struct wh_reader_ops *ops,
                             bool fails)
{
    static const struct wh_store_ops store_ops = { read_sink, close_sink };
    struct trial *trial = wh_alloc(1, sizeof *trial);
    const struct wh_every every = { .rows = 1 };
    const struct wh_run_settings settings = { .tool = "wh-extract",
                                              .writing.format = WH_FORMAT_NDJSON };
    struct wh_column column = wh_column_named("a");
    trial->source = (struct source){ .reader = { .ops = ops, .row = &trial->source.row },
                                     .shape = wh_shape_open(&column, 1), .rows = rows,
                                     .fails = fails };
    trial->sink = *sink;
    trial->sink.store.ops = &store_ops;
    struct wh_run run = { .settings = &settings, .reader = &trial->source.reader, .output = -1,
                          .write = wh_write_buffer, .write_context = &trial->sink.out };
    run.origin = wh_origin_open(&trial->sink.store, "C", &every, &trial->error);
    assert_non_null(run.origin);
    trial->result = wh_run(&run, &trial->error);
    wh_origin_close(run.origin);
    wh_shape_close(trial->source.shape);
    wh_row_free(&trial->source.row);
    return trial;
}

/* Into a sink that is so many rows behind. */
static struct trial *try(int rows, size_t behind, int (*committed)(struct wh_reader *reader,
                         const json_t *position_held, struct wh_error *error), bool fails)
{
    const struct wh_reader_ops ops = { .next = next_row, .position = position,
                                       .committed = committed };
    return try_ops(rows, &(struct sink){ .behind = behind }, &ops, fails);
}

static void free_trial(struct trial *trial)
{
    wh_buffer_free(&trial->sink.out);
    free(trial);
}

static void the_reader_is_told_of_what_the_sink_holds_the_end_at_last(void **state)
{
    (void)state;
    /* C is read before the end, and after it; before that too where the machine is slow. */
    struct trial *trial = try(4, 1, take_commit, false);
    if (trial->result != 0)
        fail_msg("%s", trial->error.text);
    assert_non_null(strstr(trial->source.told, "2;4;"));
    assert_string_equal(strstr(trial->source.told, "4;"), "4;");
    free_trial(trial);
    trial = try(4, 60, take_commit, false);
    assert_string_equal(trial->source.told, "4;");
    free_trial(trial);
}

static void a_reader_that_lets_go_of_nothing_is_not_told(void **state)
{
    (void)state;
    struct trial *trial = try(4, 1, NULL, false);
    assert_int_equal(trial->result, 0);
    assert_string_equal(trial->source.told, "");
    free_trial(trial);
}

static void a_reader_that_cannot_let_go_ends_the_run(void **state)
{
    (void)state;
    struct trial *trial = try(4, 1, take_commit, true);
    assert_int_equal(trial->result, -1);
    assert_int_equal(trial->error.status, WH_UNREACHABLE);
    assert_string_equal(trial->error.text, "the source is away");
    free_trial(trial);
}

static json_t *no_position(struct wh_reader *reader, bool behind)
{
    (void)reader;
    (void)behind;
    return NULL;
}

static void rows_that_end_where_nothing_can_go_on_are_refused(void **state)
{
    (void)state;
    const struct wh_reader_ops ops = { .next = next_row, .position = no_position };
    struct trial *trial = try_ops(4, &(struct sink){ 0 }, &ops, false);
    assert_int_equal(trial->result, -1);
    assert_int_equal(trial->error.status, WH_REFUSED);
    assert_string_equal(trial->error.text, "the last rows cannot be told apart, so no later run "
                                           "could continue after them (see --since)");
    free_trial(trial);
}

static void a_run_that_another_has_taken_over_from_says_so(void **state)
{
    (void)state;
    const struct wh_reader_ops ops = { .next = next_row, .position = position };
    struct trial *trial = try_ops(4, &(struct sink){ .other = "another" }, &ops, false);
    assert_int_equal(trial->result, -1);
    assert_int_equal(trial->error.status, WH_BROKEN);
    char *epoch = strstr(trial->error.text, "this run is epoch ");
    assert_non_null(epoch);
    assert_memory_equal(trial->error.text, "C holds checkpoint ", 19);
    assert_string_equal(epoch + 18 + strcspn(epoch + 18, ":"),
                        ": another run has taken over (only one may continue; this one commits "
                        "nothing more)");
    free_trial(trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reader_is_told_of_what_the_sink_holds_the_end_at_last),
        cmocka_unit_test(a_reader_that_lets_go_of_nothing_is_not_told),
        cmocka_unit_test(a_reader_that_cannot_let_go_ends_the_run),
        cmocka_unit_test(rows_that_end_where_nothing_can_go_on_are_refused),
        cmocka_unit_test(a_run_that_another_has_taken_over_from_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
