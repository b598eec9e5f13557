/*
 * Control records: whatever lines a stream holds, it is taken or broken; what a filter passes on of
 * it the next one takes too, finds the same in it, and passes on to the letter.
 */
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "fuzz.h"
#include "pipe/control.h"
#include "record/canonical.h"
#include "record/files.h"
#include "record/reader.h"

static const char tool[] = "wh-hop";
static const char recipe[] = "5d1f2a7be0c4";

/* Everything but what is changed where a record is passed on. */
static json_t *lasting(const struct wh_control *control)
{
    static const char *const changed[] = { "by", "rows", "through" };
    json_t *json = json_copy(control->json);
    for (size_t i = 0; i < sizeof changed / sizeof *changed; i++)
        json_object_del(json, changed[i]);
    return json;
}

/* As values: a whole number reads back as an integer, also where it was written 2.0. */
static bool same_values(const json_t *one, const json_t *other)
{
    struct wh_buffer left = { 0 }, right = { 0 };
    wh_json_canonical(&left, one);
    wh_json_canonical(&right, other);
    bool same = left.length == right.length && memcmp(left.data, right.data, left.length) == 0;
    wh_buffer_free(&left);
    wh_buffer_free(&right);
    return same;
}

static void check_through(const struct wh_control *before, const struct wh_control *after)
{
    size_t count = json_array_size(before->through);
    CHECK(json_array_size(after->through) == count + 1);
    for (size_t i = 0; i < count; i++)
        CHECK(same_values(json_array_get(before->through, i),
                          json_array_get(after->through, i)));
    CHECK(strcmp(json_string_value(json_array_get(after->through, count)),
                 "wh-hop 5d1f2a7be0c4") == 0);
}

static void check_same(const struct wh_control *before, const struct wh_control *after,
                       uint64_t rows)
{
    bool counted = before->kind == WH_CONTROL_CHECKPOINT || before->kind == WH_CONTROL_END;
    CHECK(after->kind == before->kind && after->marked == before->marked);
    CHECK(wh_place_same(&after->place, &before->place));
    CHECK(wh_place_same(&after->from, &before->from));
    CHECK(after->committed == before->committed && after->rows == (counted ? rows : 0));
    CHECK(strcmp(after->by, tool) == 0);
    CHECK(!before->position == !after->position);
    CHECK(!before->position || same_values(after->position, before->position));
    if (before->kind == WH_CONTROL_BEGIN)
        check_through(before, after);
    json_t *one = lasting(before), *other = lasting(after);
    CHECK(same_values(one, other));
    json_decref(one);
    json_decref(other);
}

/* Appends the record as it is passed on, and sees that nothing else can be read out of that. */
static void pass(const struct wh_control *control, uint64_t rows, struct wh_buffer *out)
{
    struct wh_control again;
    struct wh_error error;
    struct wh_buffer once = { 0 }, twice = { 0 };
    wh_control_print(&once, control, rows, tool, recipe);
    CHECK(once.data[once.length - 1] == '\n');
    CHECK(!memchr(once.data, '\n', once.length - 1));
    CHECK(wh_control_read(once.data, once.length, &again, &error) == 0);
    check_same(control, &again, rows);
    wh_control_print(&twice, &again, rows, tool, NULL);
    CHECK(twice.length == once.length && memcmp(twice.data, once.data, once.length) == 0);
    wh_buffer_add(out, once.data, once.length);
    wh_control_free(&again);
    wh_buffer_free(&once);
    wh_buffer_free(&twice);
}

/* Takes a record of the stream. False where that is broken. */
static bool take(struct wh_hop *hop, const struct wh_row *row, struct wh_buffer *out)
{
    struct wh_control control;
    struct wh_error error = { 0 };
    uint64_t rows = hop->rows;
    bool good = wh_control_read(row->raw, row->raw_length, &control, &error) == 0;
    if (good) {
        pass(&control, rows, out);
        good = wh_hop_take(hop, &control, tool, &error) == 0;
    }
    CHECK(good || (error.status == WH_BROKEN && error.text[0]));
    wh_control_free(&control);
    return good;
}

/* Takes a stream in as the run does, up to its end or where it breaks. Returns how many records it
 * took; appends what is passed on, rows as empty ones. */
static size_t take_stream(const void *bytes, size_t length, struct wh_buffer *out)
{
    static const struct wh_reading reading = { .format = WH_FORMAT_NDJSON, .max_row = 1 << 20 };
    struct wh_error error = { 0 };
    const char *path = fuzz_file(bytes, length);
    struct wh_reader *reader = wh_reader_open(&reading, &path, 1, &error);
    struct wh_hop hop = { 0 };
    size_t records = 0;
    enum wh_verdict next = WH_ENDED;
    while (reader && (next = wh_reader_next(reader, &error)) != WH_ENDED) {
        if (next == WH_FATAL)
            break;
        if (next == WH_PASSED) {
            hop.rows++;
            wh_buffer_literal(out, "{}\n");
        }
        size_t before = out->length;
        if (next == WH_CONTROL && !take(&hop, reader->row, out)) {
            out->length = before;
            break;
        }
        records += next == WH_CONTROL;
    }
    if (wh_hop_close(&hop, tool, &error) != 0)
        CHECK(error.status == WH_BROKEN);
    wh_reader_close(reader);
    return records;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wh_buffer passed = { 0 }, again = { 0 };
    size_t records = take_stream(data, size, &passed);
    CHECK(passed.length == 0 || take_stream(passed.data, passed.length, &again) == records);
    wh_buffer_free(&passed);
    wh_buffer_free(&again);
    return 0;
}
