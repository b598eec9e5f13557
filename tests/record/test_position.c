/*
 * Positions in files: wherever reading is broken off, what was given before and what is given after
 * going on are together what one reader gives, line numbers and bad rows included.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/memory.h"
#include "record/files.h"
#include "record/reader.h"

#include "../trials.h"

/* Files ------------------------------------------------------------------------------------ */

enum { MOST_FILES = 3 };

/* Files in memory, each with a path that stays. */
struct set {
    int descriptors[MOST_FILES];
    char names[MOST_FILES][64];
    const char *paths[MOST_FILES];
    size_t count;
};

static void add_file(struct set *set)
{
    size_t i = set->count++;
    set->descriptors[i] = memfd_create("rows", 0);
    assert_true(set->descriptors[i] >= 0);
    snprintf(set->names[i], sizeof set->names[i], "/proc/self/fd/%d", set->descriptors[i]);
    set->paths[i] = set->names[i];
}

static void append(const struct set *set, size_t file, const void *bytes, size_t length)
{
    assert_int_equal(write(set->descriptors[file], bytes, length), (ssize_t)length);
}

/* The same as a gzip member. */
static void append_gzip(const struct set *set, size_t file, const void *bytes, size_t length)
{
    z_stream stream = { 0 };
    assert_int_equal(deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t room = length + (length >> 8) + 1024;
    unsigned char *packed = wh_alloc(room, 1);
    stream.next_in = (unsigned char *)(uintptr_t)bytes;
    stream.avail_in = (uInt)length;
    stream.next_out = packed;
    stream.avail_out = (uInt)room;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    append(set, file, packed, room - stream.avail_out);
    deflateEnd(&stream);
    free(packed);
}

static void remove_files(struct set *set)
{
    for (size_t i = 0; i < set->count; i++)
        close(set->descriptors[i]);
    set->count = 0;
}

/* Rows ------------------------------------------------------------------------------------- */

/* What a reader gave, and the positions before and behind each row, as JSON text. */
struct rows {
    char **shown, **before, **behind;
    size_t count, room;
    char *last; /* position at the end; NULL where an error was the end */
};

static char *position_text(struct wh_reader *reader, bool behind)
{
    json_t *position = reader->ops->position(reader, behind);
    assert_non_null(position);
    char *text = json_dumps(position, 0);
    json_decref(position);
    return text;
}

/* JSON_SAFE is left out: a hint that depends on how the row was cut. */
static char *show_row(const struct wh_row *row, enum wh_verdict next, const struct wh_error *error)
{
    struct wh_buffer out = { 0 };
    wh_buffer_format(&out, "%s:%llu: ", row->source, (unsigned long long)row->line);
    if (next == WH_BAD)
        wh_buffer_format(&out, "! %s %s %zu", error->rule, error->column, error->byte);
    for (uint32_t i = 0; next == WH_PASSED && i < row->shape->count; i++) {
        const struct wh_field *field = &row->fields[i];
        wh_buffer_add(&out, row->shape->columns[i].name, row->shape->columns[i].length);
        wh_buffer_format(&out, "=%d/%d:", field->type, field->flags & ~WH_JSON_SAFE);
        if (field->type > WH_NULL)
            wh_buffer_add(&out, field->text, field->length);
        wh_buffer_byte(&out, ' ');
    }
    wh_buffer_byte(&out, '{');
    wh_buffer_add(&out, row->raw, row->raw_length - row->terminator);
    wh_buffer_add(&out, "}", 2);
    return out.data;
}

static void room_for_row(struct rows *rows)
{
    if (rows->count < rows->room)
        return;
    rows->room = 2 * rows->room + 16;
    rows->shown = wh_resize(rows->shown, rows->room, sizeof *rows->shown);
    rows->before = wh_resize(rows->before, rows->room, sizeof *rows->before);
    rows->behind = wh_resize(rows->behind, rows->room, sizeof *rows->behind);
}

/* All that a reader gives, which is then closed. */
static struct rows read_all(struct wh_reader *reader, bool positions)
{
    struct rows rows = { 0 };
    struct wh_error error;
    enum wh_verdict next;
    while ((next = wh_reader_next(reader, &error)) == WH_PASSED || next == WH_BAD) {
        room_for_row(&rows);
        size_t i = rows.count++;
        rows.shown[i] = show_row(reader->row, next, &error);
        rows.before[i] = positions ? position_text(reader, false) : NULL;
        rows.behind[i] = positions ? position_text(reader, true) : NULL;
    }
    if (next == WH_ENDED)
        rows.last = position_text(reader, true);
    wh_reader_close(reader);
    return rows;
}

static void free_rows(struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        free(rows->shown[i]);
        free(rows->before[i]);
        free(rows->behind[i]);
    }
    free(rows->shown);
    free(rows->before);
    free(rows->behind);
    free(rows->last);
}

/* Opens the files at a position (NULL: at the beginning); NULL where that is refused. */
static struct wh_reader *open_at(const struct wh_reading *reading, const struct set *set,
                                 const char *position, struct wh_error *error)
{
    struct wh_reading at = *reading;
    json_t *json = position ? json_loads(position, 0, NULL) : NULL;
    assert_true(!position || json);
    at.position = json;
    at.resumable = at.complete = true;
    struct wh_reader *reader = wh_reader_open(&at, set->paths, set->count, error);
    json_decref(json);
    return reader;
}

/* The reader gives the rows from number `from` on; it is then closed. */
static void expect_rest(struct wh_reader *reader, const char *position, const struct rows *all,
                        size_t from)
{
    struct rows rest = read_all(reader, false);
    for (size_t i = 0; i < rest.count && from + i < all->count; i++)
        if (strcmp(rest.shown[i], all->shown[from + i]) != 0)
            fail_msg("%s: row %zu is %s, not %s", position, from + i, rest.shown[i],
                     all->shown[from + i]);
    if (rest.count != all->count - from)
        fail_msg("%s: %zu rows, not %zu", position, rest.count, all->count - from);
    assert_true((rest.last == NULL) == (all->last == NULL));
    free_rows(&rest);
}

/* Going on at a position gives the rows from number `from` on. */
static void expect_resumed(const struct wh_reading *reading, const struct set *set,
                           const char *position, const struct rows *all, size_t from)
{
    struct wh_error error = { 0 };
    struct wh_reader *reader = open_at(reading, set, position, &error);
    if (!reader)
        fail_msg("%s: %s", position, error.text);
    char *opened = position_text(reader, true);
    assert_string_equal(opened, position);
    free(opened);
    expect_rest(reader, position, all, from);
}

/* Every cut is made good; returns how many rows there are. */
static size_t expect_all_cuts(const struct wh_reading *reading, const struct set *set)
{
    struct wh_error error;
    struct wh_reader *reader = open_at(reading, set, NULL, &error);
    assert_non_null(reader);
    char *first = position_text(reader, true);
    struct rows all = read_all(reader, true);
    expect_resumed(reading, set, first, &all, 0);
    for (size_t i = 0; i < all.count; i++) {
        expect_resumed(reading, set, all.before[i], &all, i);
        expect_resumed(reading, set, all.behind[i], &all, i + 1);
    }
    if (all.last)
        expect_resumed(reading, set, all.last, &all, all.count);
    size_t count = all.count;
    free(first);
    free_rows(&all);
    return count;
}

static size_t expect_cuts_of(const struct wh_reading *reading, const char *text)
{
    struct set set = { 0 };
    add_file(&set);
    append(&set, 0, text, strlen(text));
    size_t count = expect_all_cuts(reading, &set);
    remove_files(&set);
    return count;
}

/* Chance ----------------------------------------------------------------------------------- */

static uint64_t random_state = 7;

static size_t random_below(size_t limit)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)((random_state >> 33) % limit);
}

static const char *const csv_parts[] = {
    "1", "22", ",", ",", ",", "\n", "\n", "\r\n", "\r\n", "\"x\"", "\"x\ny\"", "\"a\"\"b,\r\n\"",
    "\"", "\n1,2\n", "\r\n3,4\r\n", "\n\n", "\r", " ", "NA", "\xff", "caf\xc3\xa9", "x", "-1.5e3",
    "a value that is longer than a row may be", "\"a value that is longer\nthan a row may be\"",
};
static const char *const ndjson_parts[] = {
    "{\"a\":1}\n", "{\"a\":2,\"b\":\"x\"}\r\n", "{\"c\":[1, 2]}", "\n", "\r\n", " ", "{", "}",
    "\"d\":", "null", "{\"a\":1,\"a\":2}\n", "{\"e\":\"\xff\"}\n", "{}\n", "\t\n", "7",
    "{\"long\":\"a value that is longer than a row may be\"}\n",
};

static void random_text(struct wh_buffer *out, const char *const *parts, size_t count, size_t most)
{
    for (size_t left = random_below(most + 1); left > 0; left--) {
        const char *part = parts[random_below(count)];
        wh_buffer_add(out, part, strlen(part));
    }
}

/* Any text of one of the formats, with or without a beginning that makes sense. */
static void random_file(struct wh_buffer *out, enum wh_format format, size_t most)
{
    static const char *const headers[] = {
        "a,b\n", "a\n", "\"a\",\"b\nc\",d\r\n", "\na,b\r\n", "",
    };
    out->length = 0;
    if (random_below(3) == 0)
        wh_buffer_literal(out, "\xEF\xBB\xBF");
    if (format == WH_FORMAT_NDJSON) {
        random_text(out, ndjson_parts, sizeof ndjson_parts / sizeof *ndjson_parts, most);
        return;
    }
    const char *header = headers[random_below(sizeof headers / sizeof *headers)];
    wh_buffer_add(out, header, strlen(header));
    random_text(out, csv_parts, sizeof csv_parts / sizeof *csv_parts, most);
}

static struct wh_reading random_reading(enum wh_format format)
{
    static const char *const nulls[] = { "NA" };
    return (struct wh_reading){
        .format = format,
        .max_row = random_below(2) ? 36 : 0,
        .no_header = random_below(3) == 0,
        .no_infer = random_below(8) == 0,
        .ragged = random_below(2) == 0,
        .nulls = nulls,
        .null_count = random_below(2),
    };
}

static void append_somehow(const struct set *set, size_t file, bool gzip,
                           const struct wh_buffer *text)
{
    size_t half = gzip && text->length ? random_below(text->length) : 0;
    if (!gzip) {
        append(set, file, text->data, text->length);
        return;
    }
    append_gzip(set, file, text->data, half);
    append_gzip(set, file, text->data + half, text->length - half);
}

static void every_cut_of_any_file_is_made_good(void **state)
{
    (void)state;
    size_t rows = 0, rounds = trials_of(500);
    struct wh_buffer text = { 0 };
    for (size_t round = 0; round < rounds; round++) {
        struct set set = { 0 };
        enum wh_format format = round % 3 ? WH_FORMAT_CSV : WH_FORMAT_NDJSON;
        struct wh_reading reading = random_reading(format);
        if (!reading.no_infer && random_below(3) == 0)
            reading.infer_rows = 1 + random_below(4);
        for (size_t files = 1 + random_below(MOST_FILES); files > 0; files--) {
            add_file(&set);
            random_file(&text, format, 14);
            append_somehow(&set, set.count - 1, random_below(4) == 0, &text);
        }
        rows += expect_all_cuts(&reading, &set);
        remove_files(&set);
    }
    assert_true(rows > 4 * rounds);
    wh_buffer_free(&text);
}

/* Growing files ---------------------------------------------------------------------------- */

static bool begins_with(const struct rows *all, const struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        if (i >= all->count || strcmp(all->shown[i], rows->shown[i]) != 0)
            return false;
    return true;
}

/*
 * A file is read to its end when it has `length` bytes, and then grows: the rest of the rows comes,
 * unless those that were given are not the first rows of the whole file. True where it comes.
 */
static bool grows(const struct wh_reading *reading, const struct wh_buffer *text, size_t length,
                  bool gzip)
{
    struct set set = { 0 };
    struct wh_error error = { 0 };
    struct wh_buffer begin = { .data = text->data, .length = length };
    struct wh_buffer rest = { .data = text->data + length, .length = text->length - length };
    add_file(&set);
    append_somehow(&set, 0, gzip, &begin);
    struct rows before = read_all(open_at(reading, &set, NULL, &error), false);
    append_somehow(&set, 0, gzip, &rest);
    struct rows all = read_all(open_at(reading, &set, NULL, &error), false);
    bool same = before.last && begins_with(&all, &before);
    struct wh_reader *reader = before.last ? open_at(reading, &set, before.last, &error) : NULL;
    if (reader && same)
        expect_rest(reader, before.last, &all, before.count);
    else if (reader || same)
        fail_msg("%s: %s", before.last, reader ? "should be refused" : error.text);
    else if (before.last)
        assert_int_equal(error.status, WH_REFUSED);
    free_rows(&before);
    free_rows(&all);
    remove_files(&set);
    return same;
}

static void a_file_that_grows_is_read_on_or_refused(void **state)
{
    (void)state;
    size_t same = 0, different = 0, rounds = trials_of(2000);
    struct wh_buffer text = { 0 };
    for (size_t round = 0; round < rounds; round++) {
        enum wh_format format = round % 2 ? WH_FORMAT_CSV : WH_FORMAT_NDJSON;
        struct wh_reading reading = random_reading(format);
        random_file(&text, format, 12);
        bool went_on = grows(&reading, &text, random_below(text.length + 1), round % 8 == 7);
        *(went_on ? &same : &different) += 1;
    }
    assert_true(same > rounds / 7 && different > rounds / 7);
    wh_buffer_free(&text);
}

static bool text_grows(const char *begin, const char *rest)
{
    static const struct wh_reading csv = { .format = WH_FORMAT_CSV };
    struct wh_buffer text = { 0 };
    wh_buffer_format(&text, "%s%s", begin, rest);
    bool went_on = grows(&csv, &text, strlen(begin), false);
    wh_buffer_free(&text);
    return went_on;
}

static void a_last_line_without_its_end_may_get_one(void **state)
{
    (void)state;
    assert_true(text_grows("a,b\n1,2", "\n3,4\n"));
    assert_true(text_grows("a,b\n1,2", "\r\n3,4\r\n"));
    assert_true(text_grows("a\n1", "\n\n2\n")); /* where an empty line is a row */
    assert_true(text_grows("a,b\r\n1,2\r\n", "3,4\r\n"));
    assert_true(text_grows("a,b", "\n1,2\n"));
    assert_true(text_grows("a,b", "c\n1,2\n")); /* no row has been given */
    assert_true(text_grows("", "a,b\n1,2\n"));
    assert_false(text_grows("a,b\n1,2", "3\n3,4\n"));
    assert_false(text_grows("a,b\r\n1,2\r", "\n3,4\r\n")); /* the CR was taken for text */
    assert_false(text_grows("a,b\n1,\"2", "\"\n3,4\n"));
}

/* Single matters --------------------------------------------------------------------------- */

static void values_at_a_cut_may_hold_line_ends(void **state)
{
    (void)state;
    static const struct wh_reading csv = { .format = WH_FORMAT_CSV };
    static const char text[] = "a,b\n\"x\n\ny\",1\n\"z\r\n\",2\n\n3,\"\"\"\n\"\"\"\n";
    assert_int_equal(expect_cuts_of(&csv, text), 3);
    assert_int_equal(expect_cuts_of(&csv, "\xEF\xBB\xBF\"a\n\",b\r\n1,2\r\n3,4\r\n5"), 3);
}

static void nothing_has_positions_too(void **state)
{
    (void)state;
    static const struct wh_reading any = { .format = WH_FORMAT_NONE };
    static const struct wh_reading csv = { .format = WH_FORMAT_CSV };
    assert_int_equal(expect_cuts_of(&any, ""), 0);
    assert_int_equal(expect_cuts_of(&any, "\n \n"), 0);
    assert_int_equal(expect_cuts_of(&csv, "a,b\n"), 0);
    assert_int_equal(expect_cuts_of(&csv, "a,b"), 0);
    assert_int_equal(expect_cuts_of(&csv, "\xEF\xBB\xBF"), 0);
}

/* Rows of both formats over many blocks, cut here and there. */
static void expect_cuts_of_large(const struct wh_reading *reading, bool gzip, bool ndjson)
{
    int rows = (int)trials_of(30000);
    struct wh_buffer text = { 0 };
    for (int i = 0; i < rows; i++) {
        if (ndjson)
            wh_buffer_format(&text, "{\"id\":%d,\"text\":\"%0*d\"}\n", i, 1 + i % 40, i);
        else
            wh_buffer_format(&text, i ? "%d,\"%0*d\"\n" : "id,text\n", i, 1 + i % 40, i);
    }
    struct set set = { 0 };
    struct wh_error error;
    add_file(&set);
    append_somehow(&set, 0, gzip, &text);
    struct rows all = read_all(open_at(reading, &set, NULL, &error), true);
    size_t rounds = trials_of(20);
    for (size_t round = 0; round < rounds; round++) {
        size_t i = random_below(all.count);
        expect_resumed(reading, &set, all.before[i], &all, i);
        expect_resumed(reading, &set, all.behind[i], &all, i + 1);
    }
    free_rows(&all);
    remove_files(&set);
    wh_buffer_free(&text);
}

static void cuts_fall_anywhere_in_large_files(void **state)
{
    (void)state;
    static const struct wh_reading reading = { .format = WH_FORMAT_NONE };
    for (int kind = 0; kind < 4; kind++)
        expect_cuts_of_large(&reading, kind & 1, kind & 2);
}

static void a_long_header_is_known_again(void **state)
{
    (void)state;
    struct wh_buffer text = { 0 };
    for (int i = 0; i < 3000; i++)
        wh_buffer_format(&text, "column_%d%s", i, i < 2999 ? "," : "\n");
    for (int i = 0; i < 2 * 3000; i++)
        wh_buffer_format(&text, "%d%s", i, (i + 1) % 3000 ? "," : "\n");
    static const struct wh_reading csv = { .format = WH_FORMAT_CSV };
    assert_int_equal(expect_cuts_of(&csv, wh_buffer_text(&text)), 2);

    struct set set = { 0 };
    struct wh_error error;
    add_file(&set);
    append(&set, 0, text.data, text.length);
    struct rows rows = read_all(open_at(&csv, &set, NULL, &error), true);
    assert_true(strlen(rows.behind[0]) < 2000);
    assert_int_equal(pwrite(set.descriptors[0], "X", 1, 10000), 1); /* far behind the beginning */
    assert_null(open_at(&csv, &set, rows.behind[0], &error));
    assert_int_equal(error.status, WH_REFUSED);
    assert_non_null(strstr(error.text, "has another header"));
    free_rows(&rows);
    remove_files(&set);
    wh_buffer_free(&text);
}

static void settled_types_are_kept(void **state)
{
    (void)state;
    static const struct wh_reading infer = { .format = WH_FORMAT_CSV, .infer_rows = 2 };
    struct set set = { 0 };
    struct wh_error error;
    add_file(&set);
    append(&set, 0, "a,b\n1,x\n", 8);
    struct rows rows = read_all(open_at(&infer, &set, NULL, &error), false);
    append(&set, 0, "y,2\n", 4); /* read anew, a would hold strings */
    struct wh_reader *reader = open_at(&infer, &set, rows.last, &error);
    assert_non_null(reader);
    assert_int_equal(wh_reader_next(reader, &error), WH_BAD);
    assert_string_equal(error.rule, "number");
    assert_string_equal(error.column, "a");
    wh_reader_close(reader);
    free_rows(&rows);
    remove_files(&set);
}

/* What is refused -------------------------------------------------------------------------- */

/* A position behind the first row of `text`, in a file that stays in the set. */
static char *cut_behind_first(struct set *set, const struct wh_reading *reading, const char *text)
{
    struct wh_error error;
    add_file(set);
    append(set, set->count - 1, text, strlen(text));
    struct wh_reader *reader = open_at(reading, set, NULL, &error);
    assert_int_equal(wh_reader_next(reader, &error), WH_PASSED);
    char *position = position_text(reader, true);
    wh_reader_close(reader);
    return position;
}

static void expect_refused(const struct wh_reading *reading, const struct set *set,
                           const char *position, const char *text)
{
    struct wh_error error = { 0 };
    assert_null(open_at(reading, set, position, &error));
    assert_int_equal(error.status, WH_REFUSED);
    if (!strstr(error.text, text))
        fail_msg("%s", error.text);
}

static void other_options_are_refused(void **state)
{
    (void)state;
    static const char *const nulls[] = { "NA" };
    static const struct wh_reading csv = { .format = WH_FORMAT_CSV };
    struct set set = { 0 };
    char *position = cut_behind_first(&set, &csv, "a,b\n1,2\n3,4\n");
    const struct {
        struct wh_reading reading;
        const char *text;
    } others[] = {
        { { .format = WH_FORMAT_NDJSON }, "with --input-format=\"ndjson\" (" },
        { { .delimiter = ';' }, "--delimiter=\";\"" },
        { { .no_header = true }, "--no-header (" },
        { { .no_infer = true }, "--no-infer (" },
        { { .ragged = true }, "--ragged (" },
        { { .infer_rows = 5 }, "--infer=5 " },
        { { .strings_text = "a" }, "--string=\"a\" (" },
        { { .nulls = nulls, .null_count = 1 }, "--null-value=[\"NA\"] (" },
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        expect_refused(&others[i].reading, &set, position, others[i].text);

    static const struct wh_reading same[] = { { .delimiter = ',' }, { .max_row = 100 } };
    struct wh_error error;
    for (size_t i = 0; i < 2; i++) {
        struct wh_reader *reader = open_at(&same[i], &set, position, &error);
        assert_non_null(reader);
        wh_reader_close(reader);
    }
    free(position);
    remove_files(&set);
}

static void another_file_is_refused(void **state)
{
    (void)state;
    static const struct wh_reading csv = { .format = WH_FORMAT_CSV };
    struct set set = { 0 };
    char *position = cut_behind_first(&set, &csv, "a,b\n1,2\n3,4\n");
    assert_int_equal(ftruncate(set.descriptors[0], 6), 0);
    expect_refused(&csv, &set, position, "is not the file it was");
    assert_int_equal(pwrite(set.descriptors[0], "a,b\n1,3\n3,4\n", 12, 0), 12);
    expect_refused(&csv, &set, position, "is not the file it was");
    free(position);
    remove_files(&set);
}

static void a_file_cut_short_is_refused(void **state)
{
    (void)state;
    static const struct wh_reading ndjson = { .format = WH_FORMAT_NDJSON };
    struct set set = { 0 };
    struct wh_error error;
    add_file(&set);
    for (int i = 0; i < 1000; i++)
        append(&set, 0, "{\"a\":1}\n", 8);
    struct rows rows = read_all(open_at(&ndjson, &set, NULL, &error), false);
    assert_int_equal(ftruncate(set.descriptors[0], 7992), 0);
    expect_refused(&ndjson, &set, rows.last, "is shorter than it was");
    free_rows(&rows);
    remove_files(&set);
}

static void files_are_known_by_their_names_and_order(void **state)
{
    (void)state;
    static const struct wh_reading any = { .format = WH_FORMAT_NONE };
    struct set set = { 0 };
    struct wh_error error;
    for (int i = 0; i < 2; i++) {
        add_file(&set);
        append(&set, set.count - 1, "{\"a\":1}\n", 8);
    }
    struct rows rows = read_all(open_at(&any, &set, NULL, &error), true);
    assert_int_equal(rows.count, 2);

    add_file(&set); /* a new file at the end is read on into */
    append(&set, 2, "{\"a\":1}\n", 8);
    struct rows all = read_all(open_at(&any, &set, NULL, &error), false);
    for (size_t i = 0; i < 2; i++) {
        struct wh_reader *reader = open_at(&any, &set, rows.behind[i], &error);
        assert_non_null(reader);
        expect_rest(reader, rows.behind[i], &all, i + 1);
    }
    struct set other = set;
    other.count = 1;
    expect_refused(&any, &other, rows.behind[1], "number 2, but there is only 1");
    other.count = 3;
    other.paths[1] = set.paths[2];
    expect_refused(&any, &other, rows.behind[1], "but in its place is");
    other.paths[1] = set.paths[1];
    other.paths[0] = set.paths[2];
    expect_refused(&any, &other, rows.behind[1], "the files before");
    free_rows(&rows);
    free_rows(&all);
    remove_files(&set);
}

static void what_is_no_position_is_refused(void **state)
{
    (void)state;
    static const struct wh_reading csv = { .format = WH_FORMAT_CSV, .infer_rows = 1 };
    static const char *const other[] = {
        "{}", "{\"kind\":\"table\"}", "{\"kind\":\"file\"}", "{\"kind\":7}",
    };
    struct set set = { 0 };
    char *position = cut_behind_first(&set, &csv, "a,b\n1,2\n3,4\n");
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        expect_refused(&csv, &set, other[i], "the checkpoint");
    static const char *const members[] = { "kind",   "file", "paths", "first", "options",
                                           "offset", "line", "types", "header" };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        json_t *json = json_loads(position, 0, NULL);
        json_object_set_new(json, members[i], json_string("?"));
        char *text = json_dumps(json, 0);
        expect_refused(&csv, &set, text, "");
        free(text);
        json_decref(json);
    }
    free(position);
    remove_files(&set);
}

static void what_cannot_be_read_again_is_refused(void **state)
{
    (void)state;
    static const struct wh_reading resumable = { .resumable = true };
    static const char *const paths[] = { "/dev/null", "-" };
    struct wh_error error;
    assert_null(wh_reader_open(&resumable, paths, 1, &error));
    assert_int_equal(error.status, WH_REFUSED);
    assert_non_null(strstr(error.text, "/dev/null is not a regular file"));
    assert_null(wh_reader_open(&resumable, paths + 1, 1, &error));
    assert_int_equal(error.status, WH_REFUSED);
    assert_non_null(strstr(error.text, "name the file"));
    assert_null(wh_reader_open(&resumable, NULL, 0, &error));
    assert_int_equal(error.status, WH_REFUSED);

    char folder[] = "/tmp/wh-position-XXXXXX", fifo[64];
    assert_non_null(mkdtemp(folder));
    snprintf(fifo, sizeof fifo, "%s/fifo", folder);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    const char *path = fifo; /* and opening it must not be waited for */
    assert_null(wh_reader_open(&resumable, &path, 1, &error));
    assert_non_null(strstr(error.text, "fifo is not a regular file"));
    unlink(fifo);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cut_of_any_file_is_made_good),
        cmocka_unit_test(a_file_that_grows_is_read_on_or_refused),
        cmocka_unit_test(a_last_line_without_its_end_may_get_one),
        cmocka_unit_test(values_at_a_cut_may_hold_line_ends),
        cmocka_unit_test(nothing_has_positions_too),
        cmocka_unit_test(cuts_fall_anywhere_in_large_files),
        cmocka_unit_test(a_long_header_is_known_again),
        cmocka_unit_test(settled_types_are_kept),
        cmocka_unit_test(other_options_are_refused),
        cmocka_unit_test(another_file_is_refused),
        cmocka_unit_test(a_file_cut_short_is_refused),
        cmocka_unit_test(files_are_known_by_their_names_and_order),
        cmocka_unit_test(what_is_no_position_is_refused),
        cmocka_unit_test(what_cannot_be_read_again_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
