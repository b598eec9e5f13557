#include "sink/sqlite/value.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "record/json.h"

static int bad_value(const struct wh_sqlite_column *column, const struct wh_field *field,
                     struct wh_error *error, const char *reason)
{
    char quoted[96];
    return wh_bad_row(error, "type", column->name, strlen(column->name), 0, "%s %s",
                      wh_quote(quoted, field->text, field->length), reason);
}

static int bind_text(sqlite3_stmt *statement, int index, const char *text, size_t length)
{
    return sqlite3_bind_text64(statement, index, text, length, SQLITE_STATIC, SQLITE_UTF8);
}

static bool is_text(struct wh_slice text, const char *word)
{
    return text.length == strlen(word) && memcmp(text.text, word, text.length) == 0;
}

/* ---- numbers ------------------------------------------------------------------------------- */

/* The number that stands for an infinite one, which wh-extract writes; 0 for any other. */
static double infinite_number(struct wh_slice text)
{
    return is_text(text, WH_SQLITE_INFINITE)         ? HUGE_VAL
           : is_text(text, "-" WH_SQLITE_INFINITE) ? -HUGE_VAL
                                                     : 0;
}

static int bind_number(sqlite3_stmt *statement, int index, const struct wh_sqlite_column *column,
                       const struct wh_field *field, struct wh_error *error)
{
    enum wh_sqlite_affinity affinity = column->declared.affinity;
    const char *text = field->text;
    size_t length = field->length;
    int64_t integer;
    if (affinity == WH_SQLITE_TEXTUAL)
        return bind_text(statement, index, text, length);
    bool whole = wh_number_integer(text, length, &integer);
    if (whole && (affinity != WH_SQLITE_REAL || wh_number_kept(text, length)))
        return sqlite3_bind_int64(statement, index, integer);
    if (affinity == WH_SQLITE_AS_GIVEN ? wh_number_exact(text, length)
                                       : wh_number_kept(text, length))
        return sqlite3_bind_double(statement, index, wh_number_parse_slack(text, length));
    double infinite = infinite_number((struct wh_slice){ text, length });
    if (infinite != 0)
        return sqlite3_bind_double(statement, index, infinite);
    if (affinity == WH_SQLITE_AS_GIVEN)
        return bind_text(statement, index, text, length);
    return bad_value(column, field, error,
                     isinf(wh_number_parse_slack(text, length))
                         ? "is too large for a number of SQLite (a column without a type, or of "
                           "TEXT, keeps it)"
                         : "has more digits than the column can hold (one without a type, or of "
                           "TEXT, keeps all)");
}

/* ---- strings ------------------------------------------------------------------------------- */

/* Whether SQLite would make another text of this one, by making a number of it: "007", " 7", "1.",
 * more digits than it keeps. */
static bool would_change(const struct wh_sqlite_column *column, const char *text, size_t length)
{
    int64_t integer;
    if (!wh_sqlite_makes_numbers(column->declared.affinity)
        || !wh_sqlite_looks_numeric(text, length))
        return false;
    if (!wh_number_valid(text, length))
        return true;
    bool whole = wh_number_integer(text, length, &integer);
    return !(whole && column->declared.affinity != WH_SQLITE_REAL)
           && !wh_number_kept(text, length);
}

/* CSV's booleans are words. */
static bool is_word(struct wh_slice text, const char *word)
{
    return text.length == strlen(word) && strncasecmp(text.text, word, text.length) == 0;
}

/* Base64 as the bytes that it stands for; *code is SQLite's. False where it is not base64. */
static bool bind_bytes(sqlite3_stmt *statement, int index, struct wh_row *row,
                       struct wh_slice text, int *code)
{
    size_t size;
    char *bytes = wh_row_take(row, text.length / 4 * 3);
    if (!wh_base64_decode(text.text, text.length, bytes, &size))
        return false;
    *code = sqlite3_bind_blob64(statement, index, bytes, size, SQLITE_STATIC);
    return true;
}

static bool is_infinite_word(struct wh_slice text)
{
    return is_text(text, "Infinity") || is_text(text, "-Infinity");
}

/* The string in an object that begins with `key` and has nothing else, no blank either. */
static bool find_marked(struct wh_row *row, struct wh_slice text, const char *key,
                        struct wh_slice *inner)
{
    size_t length = strlen(key);
    if (text.length < length + 2 || memcmp(text.text, key, length) != 0)
        return false;
    char *copy = wh_row_take(row, text.length + 1); /* CSV's text does not end in a NUL */
    memcpy(copy, text.text, text.length);
    copy[text.length] = '\0';
    struct wh_json_walk walk;
    if (!wh_json_valid(copy, text.length))
        return false;
    wh_json_walk_begin(&walk, copy);
    if (!wh_json_walk_next(&walk) || walk.field.text + walk.field.length + 2 != copy + text.length)
        return false;
    *inner = wh_row_text(row, &walk.field);
    return true;
}

/* What wh-extract marks as bytes or text, which the column would not be known to hold: *code is
 * SQLite's. False for any other text. */
static bool bind_marked(sqlite3_stmt *statement, int index, const struct wh_sqlite_column *column,
                        struct wh_row *row, struct wh_slice text, int *code)
{
    const struct wh_sqlite_declared *declared = &column->declared;
    struct wh_slice inner;
    if (!declared->bytes && find_marked(row, text, WH_SQLITE_BLOB_KEY, &inner))
        return bind_bytes(statement, index, row, inner, code);
    if (!find_marked(row, text, WH_SQLITE_TEXT_KEY, &inner))
        return false;
    if (!declared->bytes && !is_infinite_word(inner))
        return false;
    *code = bind_text(statement, index, inner.text, inner.length);
    return true;
}

/* A text that SQLite would make another one of, by making a number of it. */
static int refuse_numeric(const struct wh_sqlite_column *column, const struct wh_field *field,
                          struct wh_slice text, struct wh_error *error)
{
    struct wh_buffer reason = { 0 };
    wh_buffer_format(&reason, "would become a number in this column (");
    if (column->made) {
        wh_buffer_format(&reason, "--string ");
        wh_option_column(&reason, column->name);
        wh_buffer_format(&reason, " makes its column text; ");
    }
    bool blanks = isspace((unsigned char)text.text[0]) ||
                  isspace((unsigned char)text.text[text.length - 1]);
    /* A number with more digits than SQLite keeps, or too large for it, is one already. */
    if (!wh_number_valid(text.text, text.length)) {
        wh_buffer_format(&reason, blanks ? "wh-clean --trim " : "wh-clean --type ");
        wh_option_column(&reason, column->name);
        wh_buffer_format(&reason, "%s; ", blanks ? " takes the blanks off" :
                         memchr(text.text, '.', text.length) ? "=decimal makes it one"
                                                             : "=int makes it one");
    }
    wh_buffer_format(&reason, "a column of TEXT keeps it)");
    bad_value(column, field, error, wh_buffer_text(&reason));
    wh_buffer_free(&reason);
    return -1;
}

static int bind_string(sqlite3_stmt *statement, int index, const struct wh_sqlite_column *column,
                       struct wh_row *row, const struct wh_field *field, struct wh_error *error)
{
    const struct wh_sqlite_declared *declared = &column->declared;
    struct wh_slice text = wh_row_text(row, field);
    bool csv = row->raw_format == WH_FORMAT_CSV;
    int code;
    if (csv && bind_marked(statement, index, column, row, text, &code))
        return code;
    if (declared->bytes && !bind_bytes(statement, index, row, text, &code))
        return bad_value(column, field, error, "is no base64, as a column of BLOB needs it");
    if (declared->bytes)
        return code;
    if (declared->boolean && csv && (is_word(text, "true") || is_word(text, "false")))
        return sqlite3_bind_int(statement, index, text.length == 4);
    if (wh_sqlite_makes_numbers(declared->affinity) && is_infinite_word(text))
        return sqlite3_bind_double(statement, index, *text.text == '-' ? -HUGE_VAL : HUGE_VAL);
    if (would_change(column, text.text, text.length))
        return refuse_numeric(column, field, text, error);
    return bind_text(statement, index, text.text, text.length);
}

/* ---- all values ---------------------------------------------------------------------------- */

static int bind_boolean(sqlite3_stmt *statement, int index, const struct wh_sqlite_column *column,
                        const struct wh_field *field)
{
    bool value = field->type == WH_TRUE;
    if (wh_sqlite_makes_numbers(column->declared.affinity))
        return sqlite3_bind_int(statement, index, value);
    return bind_text(statement, index, value ? "true" : "false", value ? 4 : 5);
}

int wh_sqlite_bind(sqlite3_stmt *statement, int index, const struct wh_sqlite_column *column,
                   struct wh_row *row, const struct wh_field *field, struct wh_error *error)
{
    struct wh_slice text = { field->text, field->length };
    bool csv = row->raw_format == WH_FORMAT_CSV;
    int code;
    switch ((enum wh_type)field->type) {
    case WH_NULL:
        if (column->key)
            return wh_bad_row(error, "key", column->name, strlen(column->name), 0,
                              "null cannot be the key of a row");
        return sqlite3_bind_null(statement, index);
    case WH_FALSE:
    case WH_TRUE:
        return bind_boolean(statement, index, column, field);
    case WH_NUMBER: /* in CSV nothing tells it from base64 */
        if (csv && column->declared.bytes && bind_bytes(statement, index, row, text, &code))
            return code;
        return bind_number(statement, index, column, field, error);
    case WH_STRING:
        return bind_string(statement, index, column, row, field, error);
    case WH_NESTED:
        if (bind_marked(statement, index, column, row, text, &code))
            return code;
        return bind_text(statement, index, field->text, field->length);
    }
    return SQLITE_OK;
}
