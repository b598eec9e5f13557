#include "sink/sqlite_value.h"

#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/number.h"

/* ---- columns ------------------------------------------------------------------------------- */

static bool contains(const char *type, const char *word)
{
    size_t length = strlen(word);
    for (; *type; type++)
        if (strncasecmp(type, word, length) == 0)
            return true;
    return false;
}

/* The rules of https://sqlite.org/datatype3.html, section 3.1. */
static enum wh_sqlite_affinity affinity_of(const char *type)
{
    if (contains(type, "INT"))
        return WH_SQLITE_WHOLE;
    if (contains(type, "CHAR") || contains(type, "CLOB") || contains(type, "TEXT"))
        return WH_SQLITE_TEXTUAL;
    if (*type == '\0' || contains(type, "BLOB"))
        return WH_SQLITE_AS_GIVEN;
    return contains(type, "REAL") || contains(type, "FLOA") || contains(type, "DOUB")
               ? WH_SQLITE_REAL : WH_SQLITE_NUMERIC;
}

void wh_sqlite_column_declare(struct wh_sqlite_column *column, const char *type)
{
    column->affinity = affinity_of(type);
    column->boolean = strcasecmp(type, "boolean") == 0 || strcasecmp(type, "bool") == 0;
    column->blob = strcasecmp(type, "blob") == 0;
}

/* ---- values -------------------------------------------------------------------------------- */

static bool makes_numbers(const struct wh_sqlite_column *column)
{
    return column->affinity != WH_SQLITE_TEXTUAL && column->affinity != WH_SQLITE_AS_GIVEN;
}

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

static int bind_number(sqlite3_stmt *statement, int index, const struct wh_sqlite_column *column,
                       const struct wh_field *field, struct wh_error *error)
{
    int64_t integer;
    if (column->affinity == WH_SQLITE_TEXTUAL)
        return bind_text(statement, index, field->text, field->length);
    if (wh_number_integer(field->text, field->length, &integer))
        return sqlite3_bind_int64(statement, index, integer);
    if (column->affinity == WH_SQLITE_REAL || wh_number_exact(field->text, field->length))
        return sqlite3_bind_double(statement, index,
                                   wh_number_parse_slack(field->text, field->length));
    if (column->affinity == WH_SQLITE_AS_GIVEN)
        return bind_text(statement, index, field->text, field->length);
    return bad_value(column, field, error,
                     "has more digits than the column can hold (one without a type, or of TEXT, "
                     "keeps all)");
}

/* Whether SQLite would make a number of the text, and another text when it is read again: "007",
 * " 7", "1.", more digits than it keeps. What only begins like a number stays text. */
static bool would_change(const struct wh_sqlite_column *column, const char *text, size_t length)
{
    static const char letters[] = "+-.0123456789eE \t\n\v\f\r";
    bool digits = false;
    if (!makes_numbers(column))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\0' || !strchr(letters, text[i]))
            return false;
        digits = digits || (text[i] >= '0' && text[i] <= '9');
    }
    int64_t integer;
    if (!digits || !wh_number_valid(text, length))
        return digits;
    return column->affinity != WH_SQLITE_REAL && !wh_number_integer(text, length, &integer)
           && !wh_number_exact(text, length);
}

/* CSV's booleans are words. */
static bool is_word(struct wh_slice text, const char *word)
{
    return text.length == strlen(word) && strncasecmp(text.text, word, text.length) == 0;
}

static int bind_string(sqlite3_stmt *statement, int index, const struct wh_sqlite_column *column,
                       struct wh_row *row, const struct wh_field *field, struct wh_error *error)
{
    struct wh_slice text = wh_row_text(row, field);
    if (column->blob) {
        size_t size;
        char *bytes = wh_row_take(row, text.length / 4 * 3);
        if (!wh_base64_decode(text.text, text.length, bytes, &size))
            return bad_value(column, field, error, "is no base64, as a column of BLOB needs it");
        return sqlite3_bind_blob64(statement, index, bytes, size, SQLITE_STATIC);
    }
    if (column->boolean && is_word(text, "true"))
        return sqlite3_bind_int(statement, index, 1);
    if (column->boolean && is_word(text, "false"))
        return sqlite3_bind_int(statement, index, 0);
    if (would_change(column, text.text, text.length))
        return bad_value(column, field, error,
                         "would become a number in this column (wh-clean --type makes it one)");
    return bind_text(statement, index, text.text, text.length);
}

static int bind_boolean(sqlite3_stmt *statement, int index, const struct wh_sqlite_column *column,
                        const struct wh_field *field)
{
    bool value = field->type == WH_TRUE;
    if (column->boolean || makes_numbers(column))
        return sqlite3_bind_int(statement, index, value);
    if (field->flags & WH_LITERAL) /* CSV's "TRUE" */
        return bind_text(statement, index, field->text, field->length);
    return bind_text(statement, index, value ? "true" : "false", value ? 4 : 5);
}

int wh_sqlite_bind(sqlite3_stmt *statement, int index, const struct wh_sqlite_column *column,
                   struct wh_row *row, const struct wh_field *field, struct wh_error *error)
{
    switch ((enum wh_type)field->type) {
    case WH_NULL:
        if (column->key)
            return wh_bad_row(error, "key", column->name, strlen(column->name), 0,
                              "null cannot be the key of a row");
        return sqlite3_bind_null(statement, index);
    case WH_FALSE:
    case WH_TRUE:
        return bind_boolean(statement, index, column, field);
    case WH_NUMBER:
        return bind_number(statement, index, column, field, error);
    case WH_STRING:
        return bind_string(statement, index, column, row, field, error);
    case WH_NESTED:
        return bind_text(statement, index, field->text, field->length);
    }
    return SQLITE_OK;
}
