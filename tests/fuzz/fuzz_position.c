/*
 * Positions: where reading ends at any row, of a file or of a database in the order of --since, it
 * goes on exactly there; and whatever JSON stands in a position's place, it is refused or read from
 * somewhere, never wildly.
 *
 * The first byte says what is read and how, the second how many rows of it. The line behind them is
 * an object whose members take the place of the position's, or what else stands in its place; the
 * rest is the file.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include <sqlite3.h>

#include "base/memory.h"
#include "fuzz.h"
#include "record/writer.h"
#include "source/query.h"
#include "source/source.h"

enum how { READ_CSV = 1, READ_RAGGED = 2, READ_TYPED = 4, READ_DATABASE = 8 };

/* Every kind of value, and texts of which some are the beginning of others. */
static const char table[] =
    "CREATE TABLE t (u, k); INSERT INTO t VALUES (-9223372036854775808, 1), (-1.5, 1), (0, 'a'),"
    "(0, 2), (0, 2.5), (7, ''), (7, 'a'), (7, 'a' || char(0) || 'b'), (1e300, 0), ('', 1),"
    "('2024-03-01', 17), ('2024-03-01', 18), ('2024-03-01T00:00', 1), (char(233, 128512), 3);";

/* The operand that names the database, made by the first call. */
static const char *database_file(void)
{
    static char operand[80];
    if (*operand)
        return operand;
    snprintf(operand, sizeof operand, "sqlite:/dev/shm/wh-fuzz-position-XXXXXX");
    char *path = operand + strlen("sqlite:");
    sqlite3 *database;
    int descriptor = mkstemp(path);
    CHECK(descriptor >= 0 && close(descriptor) == 0);
    CHECK(sqlite3_open(path, &database) == SQLITE_OK);
    CHECK(sqlite3_exec(database, table, NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(database);
    return operand;
}

static void remove_database(void)
{
    unlink(database_file() + strlen("sqlite:"));
}

static void ignore_notice(void *context, const char *text)
{
    (void)context;
    CHECK(*text);
}

/* What was read, and how to go on in it. */
struct reading {
    struct wh_buffer text;
    size_t place;     /* in the text */
    json_t *position; /* there; NULL: none was given */
};

static void add_row(struct wh_buffer *text, enum wh_verdict next, const struct wh_row *row)
{
    /* Rows of a database are counted from where reading began. */
    wh_buffer_format(text, "%d %" PRIu64 " ", (int)next, row->raw ? row->line : 0);
    if (row->raw)
        wh_buffer_add(text, row->raw, row->raw_length);
    if (next == WH_PASSED)
        wh_row_to_json(text, row);
    wh_buffer_byte(text, '\n');
}

/* Reads everything; the position is asked for at each row, and kept of row `at` or the end. */
static struct reading read_all(struct wh_reader *reader, size_t at)
{
    struct reading reading = { 0 };
    struct wh_error error = { 0 };
    enum wh_verdict next;
    for (size_t row = 0;; row++) {
        next = wh_reader_next(reader, &error);
        bool over = next == WH_ENDED || next == WH_FATAL;
        json_t *position = next == WH_PASSED || next == WH_ENDED
                               ? reader->ops->position(reader, over) : NULL;
        if (row == at || (row < at && next == WH_ENDED)) {
            reading.position = json_incref(position);
            reading.place = reading.text.length;
        }
        json_decref(position);
        if (over)
            break;
        add_row(&reading.text, next, reader->row);
    }
    CHECK(next == WH_ENDED || error.text[0]);
    return reading;
}

static void end(struct reading *reading)
{
    wh_buffer_free(&reading->text);
    json_decref(reading->position);
}

static void check_going_on(struct wh_source_request *request, const struct reading *whole)
{
    struct wh_error error = { 0 };
    request->position = whole->position;
    struct wh_reader *reader = wh_source_open(request, &error);
    CHECK(reader);
    struct reading rest = read_all(reader, 0);
    CHECK(rest.text.length == whole->text.length - whole->place);
    CHECK(rest.text.length == 0
          || memcmp(rest.text.data, whole->text.data + whole->place, rest.text.length) == 0);
    end(&rest);
    wh_reader_close(reader);
}

static void check_damaged(struct wh_source_request *request, const json_t *position,
                          json_t *members)
{
    json_t *damaged = json_is_object(members) ? json_copy((json_t *)position)
                                              : json_incref(members);
    struct wh_error error = { 0 };
    json_object_update(damaged, members);
    request->position = damaged;
    struct wh_reader *reader = wh_source_open(request, &error);
    CHECK(reader || (error.status == WH_REFUSED && error.text[0]));
    if (reader) {
        struct reading rest = read_all(reader, SIZE_MAX);
        end(&rest);
    }
    wh_reader_close(reader);
    json_decref(damaged);
}

static void fuzz_reading(struct wh_source_request *request, size_t at, json_t *members)
{
    struct wh_error error = { 0 };
    struct wh_reader *reader = wh_source_open(request, &error);
    if (!reader)
        return; /* no text at all */
    struct reading whole = read_all(reader, at);
    wh_reader_close(reader);
    if (whole.position) {
        check_going_on(request, &whole);
        if (members)
            check_damaged(request, whole.position, members);
    }
    end(&whole);
}

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    return atexit(remove_database);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line_end = size > 2 ? memchr(data + 2, '\n', size - 2) : NULL;
    if (!line_end)
        return 0;
    json_t *members = json_loadb((const char *)data + 2, (size_t)(line_end - data) - 2,
                                 JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    unsigned how = data[0];
    struct wh_query query = { .table = NULL };
    struct wh_reading reading = {
        .format = how & READ_CSV ? WH_FORMAT_CSV : WH_FORMAT_NDJSON,
        .ragged = how & READ_RAGGED, .infer_rows = how & READ_TYPED ? 3 : 0,
        .max_row = 1 << 12, .resumable = true,
    };
    const char *operand = how & READ_DATABASE
                              ? database_file()
                              : fuzz_file(line_end + 1, size - (size_t)(line_end + 1 - data));
    struct wh_source_request request = {
        .operands = &operand, .count = 1, .query = &query, .resumable = true,
        .reading = &reading, .notify = { ignore_notice, NULL },
    };
    if (how & READ_DATABASE) {
        query.table = "t";
        query.since = "u,k";
    }
    fuzz_reading(&request, data[1], members);
    json_decref(members);
    return 0;
}
