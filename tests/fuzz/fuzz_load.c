/*
 * Sinks: any rows, committed in two parts or only the first of them, are found in the file or the
 * SQLite table with the values that they came with, no other row is, and C holds the last commit.
 *
 * The first byte says what the target is and whether the second part is committed, the second after
 * how many rows the first is. What is behind them are the rows, NDJSON.
 */
#include <stdbool.h>
#include <string.h>

#include <jansson.h>
#include <sqlite3.h>
#include <zlib.h>

#include "base/memory.h"
#include "fuzz.h"
#include "pipe/store.h"
#include "record/files.h"
#include "record/reader.h"
#include "sink/into.h"
#include "sink/sink.h"

enum how { INTO_FILE = 1, INTO_GZIP = 2, COMMIT_ALL = 4 };

static char folder[] = "/dev/shm/wh-fuzz-load-XXXXXX";

/* The rows that were taken, in order. */
struct taken {
    char **raw;      /* NULL: the row turned out to be bad */
    uint64_t *lines;
    size_t count, committed;
};

/* What the sink calls where a row that it had taken is bad. */
struct emit {
    struct wh_emit emit;
    struct taken *taken;
};

static int reject(struct wh_emit *emit, const struct wh_row *row, const struct wh_error *reason,
                  struct wh_error *error)
{
    struct taken *taken = ((struct emit *)emit)->taken;
    (void)error;
    CHECK(reason->text[0]);
    size_t i = 0;
    while (i < taken->count && taken->lines[i] != row->line)
        i++;
    CHECK(i < taken->count && taken->raw[i]); /* one that was taken, and only once */
    free(taken->raw[i]);
    taken->raw[i] = NULL;
    return 0;
}

static void take(struct taken *taken, const struct wh_row *row)
{
    size_t length = row->raw_length - row->terminator;
    taken->raw = wh_resize(taken->raw, taken->count + 1, sizeof *taken->raw);
    taken->lines = wh_resize(taken->lines, taken->count + 1, sizeof *taken->lines);
    taken->raw[taken->count] = wh_copy(row->raw, length);
    taken->lines[taken->count++] = row->line;
}

static void free_taken(struct taken *taken)
{
    for (size_t i = 0; i < taken->count; i++)
        free(taken->raw[i]);
    free(taken->raw);
    free(taken->lines);
}

/* ---- loading --------------------------------------------------------------------------------- */

static struct wh_checkpoint checkpoint_at(uint64_t n)
{
    return (struct wh_checkpoint){ .place = { .epoch = "a", .n = n },
                                   .position = json_pack("{s:I}", "n", (json_int_t)n),
                                   .through = json_array() };
}

/* Commits what was taken since the last time. False where the sink refuses. */
static bool commit(struct wh_sink *sink, struct emit *emit, uint64_t n)
{
    struct wh_error error = { 0 };
    struct wh_checkpoint next = checkpoint_at(n);
    struct wh_place expected = { 0 };
    if (n > 1)
        expected = (struct wh_place){ "a", n - 1 };
    bool good = (!sink->ops->settle || sink->ops->settle(sink, &emit->emit, &error) == 0)
                && sink->ops->commit(sink, &next, &expected, &emit->emit, &error) == 0;
    CHECK(good || error.text[0]);
    wh_checkpoint_free(&next);
    if (good)
        emit->taken->committed = emit->taken->count;
    return good;
}

/* Returns how many commits there were. */
static uint64_t load_rows(struct wh_sink *sink, struct wh_reader *reader, size_t first, bool all,
                          struct taken *taken)
{
    struct emit emit = { { .reject = reject }, taken };
    struct wh_error error = { 0 };
    uint64_t commits = 0;
    enum wh_verdict next;
    for (size_t row = 0; (next = wh_reader_next(reader, &error)) != WH_ENDED; row++) {
        if (row == first && !commit(sink, &emit, ++commits))
            return commits - 1;
        if (next == WH_FATAL)
            break;
        if (next != WH_PASSED)
            continue;
        take(taken, reader->row);
        enum wh_verdict verdict = sink->ops->row(sink, reader->row, &emit.emit, &error);
        CHECK(verdict == WH_TAKEN || error.text[0]);
        if (verdict == WH_FATAL)
            return commits;
        if (verdict == WH_BAD)
            free(taken->raw[--taken->count]);
    }
    return all && commit(sink, &emit, commits + 1) ? commits + 1 : commits;
}

static struct wh_sink *open_sink(struct wh_sink_request *request)
{
    struct wh_error error = { 0 };
    struct wh_checkpoint held = { 0 };
    struct wh_sink *sink = wh_sink_open(request, &error);
    CHECK(sink && sink->ops->checkpoint(sink, &held, &error) == 0);
    CHECK(wh_place_none(&held.place));
    return sink;
}

static void check_checkpoint(const struct wh_sink_request *request, bool in_file, uint64_t commits)
{
    static const struct wh_store_kind *const kinds[] = { &wh_sqlite_store, &wh_file_store };
    struct wh_error error = { 0 };
    struct wh_checkpoint held = { 0 };
    struct wh_store *store = wh_store_open(kinds + in_file, request->checkpoint, &request->notify,
                                           &error);
    CHECK(store && store->ops->read(store, &held, &error) == 0);
    CHECK(wh_place_none(&held.place) ? commits == 0 : held.place.n == commits);
    CHECK(commits == 0 || (uint64_t)json_integer_value(json_object_get(held.position, "n"))
                              == commits);
    wh_checkpoint_free(&held);
    store->ops->close(store);
}

/* ---- what is there --------------------------------------------------------------------------- */

/* The file's lines are the rows to the letter. */
static void check_file(const char *path, const struct taken *taken)
{
    gzFile file = gzopen(path, "rb");
    for (size_t i = 0; file && i < taken->committed; i++) {
        size_t length = strlen(taken->raw[i]);
        char *line = wh_alloc(length + 1, 1);
        CHECK(gzread(file, line, (unsigned)length) == (int)length);
        CHECK(memcmp(line, taken->raw[i], length) == 0);
        int end = gzgetc(file);
        CHECK((end == '\r' ? gzgetc(file) : end) == '\n');
        free(line);
    }
    CHECK(file ? gzgetc(file) == -1 : taken->committed == 0);
    if (file)
        gzclose(file);
}

static bool same_number(sqlite3_stmt *select, int column, const json_t *value)
{
    if (json_is_integer(value) && sqlite3_column_type(select, column) == SQLITE_INTEGER)
        return sqlite3_column_int64(select, column) == json_integer_value(value);
    if (sqlite3_column_type(select, column) == SQLITE_TEXT) /* more digits than a double has */
        return strtod((const char *)sqlite3_column_text(select, column), NULL)
               == json_number_value(value);
    return sqlite3_column_double(select, column) == json_number_value(value);
}

static bool same_value(sqlite3_stmt *select, int column, const json_t *value)
{
    const char *text = (const char *)sqlite3_column_text(select, column);
    size_t length = (size_t)sqlite3_column_bytes(select, column);
    const char *word = json_is_true(value) ? "true" : "false";
    if (!value || json_is_null(value) || !text)
        return (!value || json_is_null(value)) && !text;
    if (json_is_boolean(value))
        return *text == (json_is_true(value) ? '1' : '0') || strcmp(text, word) == 0;
    if (json_is_string(value))
        return length == json_string_length(value)
               && memcmp(text, json_string_value(value), length) == 0;
    if (json_is_number(value))
        return same_number(select, column, value);
    json_t *read = json_loadb(text, length, JSON_ALLOW_NUL, NULL);
    bool same = read && json_equal(read, value);
    json_decref(read);
    return same;
}

static void check_row(sqlite3_stmt *select, const char *raw)
{
    json_t *row = json_loads(raw, JSON_ALLOW_NUL, NULL);
    if (!row)
        return; /* numbers beyond what jansson can hold */
    size_t found = 0;
    for (int i = 0; i < sqlite3_column_count(select); i++) {
        const json_t *value = json_object_get(row, sqlite3_column_name(select, i));
        found += value != NULL;
        CHECK(same_value(select, i, value));
    }
    CHECK(found == json_object_size(row));
    json_decref(row);
}

static void check_table(const char *path, const struct taken *taken)
{
    sqlite3 *database;
    sqlite3_stmt *select = NULL;
    CHECK(sqlite3_open(path, &database) == SQLITE_OK);
    int code = sqlite3_prepare_v2(database, "SELECT * FROM t", -1, &select, NULL);
    CHECK(code == SQLITE_OK || taken->committed == 0);
    for (size_t i = 0; i < taken->committed; i++)
        if (taken->raw[i]) {
            CHECK(sqlite3_step(select) == SQLITE_ROW);
            check_row(select, taken->raw[i]);
        }
    CHECK(!select || sqlite3_step(select) == SQLITE_DONE);
    sqlite3_finalize(select);
    sqlite3_close(database);
}

/* ---- inputs ---------------------------------------------------------------------------------- */

static void ignore_notice(void *context, const char *text)
{
    (void)context;
    CHECK(*text);
}

static void fuzz_sink(struct wh_sink_request *request, const char *path, unsigned how,
                      size_t first, const char *rows)
{
    static const struct wh_reading reading = { .format = WH_FORMAT_NDJSON, .max_row = 1 << 20 };
    struct wh_error error = { 0 };
    struct wh_reader *reader = wh_reader_open(&reading, &rows, 1, &error);
    if (!reader)
        return; /* no text at all */
    struct taken taken = { 0 };
    struct wh_sink *sink = open_sink(request);
    uint64_t commits = load_rows(sink, reader, first, how & COMMIT_ALL, &taken);
    sink->ops->close(sink);
    wh_reader_close(reader);
    check_checkpoint(request, how & INTO_FILE, commits);
    if (how & INTO_FILE)
        check_file(path, &taken);
    else
        check_table(path, &taken);
    free_taken(&taken);
}

static void remove_files(const char *path, const char *checkpoint)
{
    static const char *const endings[] = { "", ".lock", "-journal" };
    char name[160];
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        unlink(name);
        snprintf(name, sizeof name, "%s%s", checkpoint, endings[i]);
        unlink(name);
    }
}

static void remove_folder(void)
{
    rmdir(folder);
}

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    CHECK(mkdtemp(folder));
    return atexit(remove_folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    bool in_file = data[0] & INTO_FILE;
    const struct wh_writing writing = { 0 };
    char target[80], checkpoint[96];
    snprintf(target, sizeof target, "%s%s/%s", in_file ? "" : "sqlite:", folder,
             !in_file ? "t.db" : data[0] & INTO_GZIP ? "rows.ndjson.gz" : "rows.ndjson");
    snprintf(checkpoint, sizeof checkpoint, "%s%s", target, in_file ? ".json" : "#c");
    const struct wh_into into = { .table = "t", .create = true };
    struct wh_sink_request request = {
        .target = target, .into = &into, .rejects = true,
        .checkpoint = checkpoint, .writing = &writing, .notify = { ignore_notice, NULL },
    };
    const char *path = in_file ? target : target + strlen("sqlite:");
    fuzz_sink(&request, path, data[0], data[1], fuzz_file(data + 2, size - 2));
    remove_files(path, checkpoint);
    return 0;
}
