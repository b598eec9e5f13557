#include "sink/postgres/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/number.h"
#include "base/text.h"
#include "database/pgaccept.h"
#include "record/json.h"
#include "record/writer.h"

void wh_pg_values_free(struct wh_pg_values *values)
{
    wh_buffer_free(&values->work);
    wh_buffer_free(&values->decoded);
}

/* ---- reasons --------------------------------------------------------------------------------- */

/* What helps: where --create has made a column of numbers or booleans for what is texts, to say
 * that it is texts; else what the refusal says. */
static void add_remedy(struct wh_buffer *out, const struct wh_pg_values *values, bool text,
                       const struct wh_pg_refusal *why)
{
    const char *column = values->column ? values->column : "";
    bool inferred = text && values->made && values->column;
    wh_buffer_format(out, " (");
    if (inferred) {
        wh_buffer_format(out, "--string ");
        wh_option_column(out, column);
        wh_buffer_format(out, " makes its column text; ");
    }
    wh_buffer_format(out, "%s", why->before);
    if (!why->after)
        wh_buffer_format(out, values->made ? ": --create with --schema"
                                           : ": ALTER TABLE, or --create with --schema");
    else if (*why->after)
        wh_option_column(out, column);
    wh_buffer_format(out, "%s)", why->after ? why->after : "");
}

static int refuse_text(const struct wh_pg_values *values, bool text, struct wh_slice value,
                       const struct wh_pg_refusal *why, struct wh_error *error)
{
    char quoted[96];
    struct wh_buffer remedy = { 0 };
    if (why->before)
        add_remedy(&remedy, values, text, why);
    wh_bad_row(error, "type", NULL, 0, 0, "%s %s%s%s%s",
               wh_quote(quoted, value.text, value.length), why->what,
               values->type ? "; the column's type is " : "", values->type ? values->type : "",
               wh_buffer_text(&remedy));
    wh_buffer_free(&remedy);
    return -1;
}

static int refuse(const struct wh_pg_values *values, const struct wh_field *field,
                  const char *what, struct wh_error *error)
{
    const struct wh_pg_refusal why = { what, NULL, NULL };
    return refuse_text(values, false, (struct wh_slice){ field->text, field->length }, &why, error);
}

/* ---- COPY's escapes -------------------------------------------------------------------------- */

static int bad_nul(struct wh_error *error)
{
    return wh_bad_row(error, "nul", NULL, 0, 0,
                      "a NUL character (\\u0000), which PostgreSQL cannot store");
}

/* Appends any text; only a NUL cannot be had. */
static int add_escaped(struct wh_buffer *out, const char *text, size_t length,
                       struct wh_error *error)
{
    if (wh_json_safe(text, length)) {
        wh_buffer_add(out, text, length);
        return 0;
    }
    char *place = wh_buffer_reserve(out, 2 * length);
    for (size_t i = 0; i < length; i++) {
        char byte = text[i];
        char letter = byte == '\\' ? '\\' : byte == '\n' ? 'n' : byte == '\r' ? 'r'
                                          : byte == '\t' ? 't' : '\0';
        if (byte == '\0')
            return bad_nul(error);
        if (letter)
            *place++ = '\\';
        *place++ = letter ? letter : byte;
    }
    out->length = (size_t)(place - out->data);
    return 0;
}

/* Appends what the inside of a JSON string stands for. Most escapes are the same in COPY. */
static int add_unescaped(struct wh_buffer *out, const char *text, size_t length,
                         struct wh_error *error)
{
    const char *end = text + length;
    while (text < end) {
        const char *backslash = memchr(text, '\\', (size_t)(end - text));
        wh_buffer_add(out, text, (size_t)((backslash ? backslash : end) - text));
        if (!backslash)
            return 0;
        text = backslash + 2;
        if (backslash[1] == '"' || backslash[1] == '/') {
            wh_buffer_byte(out, backslash[1]);
        } else if (backslash[1] != 'u') {
            wh_buffer_add(out, backslash, 2);
        } else {
            /* A first surrogate, D800 to DBFF, is read together with the second. */
            bool pair = (backslash[2] | 32) == 'd' && strchr("89abAB", backslash[3]);
            size_t size = pair ? 12 : 6;
            char decoded[12];
            if (add_escaped(out, decoded, wh_json_unescape(backslash, size, decoded), error))
                return -1;
            text = backslash + size;
        }
    }
    return 0;
}

/* ---- values within arrays and composites, and others that must be rewritten ------------------ */

static int add_plain(struct wh_pg_values *values, struct wh_buffer *out,
                     const struct wh_pg_type *type, const struct wh_field *field,
                     struct wh_error *error);

/* Puts what stands behind `start` in double quotes, as elements of arrays and of composites. */
static void quote_tail(struct wh_buffer *out, size_t start)
{
    size_t specials = 0;
    for (size_t i = start; i < out->length; i++)
        specials += out->data[i] == '"' || out->data[i] == '\\';
    wh_buffer_reserve(out, specials + 2);
    char *from = out->data + out->length;
    char *to = from + specials + 2;
    out->length += specials + 2;
    *--to = '"';
    while (from > out->data + start) {
        *--to = *--from;
        if (*from == '"' || *from == '\\')
            *--to = '\\';
    }
    *--to = '"';
}

static int add_array(struct wh_pg_values *values, struct wh_buffer *out,
                     const struct wh_pg_type *type, const char *text, bool within,
                     struct wh_error *error)
{
    struct wh_json_walk walk;
    char before = '{';
    wh_json_walk_begin(&walk, text);
    while (wh_json_walk_next(&walk)) {
        const struct wh_field *field = &walk.field;
        wh_buffer_byte(out, before);
        before = type->delimiter;
        size_t start = out->length;
        if (field->type == WH_NULL) {
            wh_buffer_literal(out, "NULL");
        } else if (field->type == WH_NESTED && *field->text == '['
                   && type->element->kind != WH_PG_JSON) {
            if (add_array(values, out, type, field->text, true, error)) /* another dimension */
                return -1;
        } else {
            if (add_plain(values, out, type->element, field, error))
                return -1;
            quote_tail(out, start);
        }
    }
    if (before == '{' && within)
        return wh_bad_row(error, "type", NULL, 0, 0, "an empty array within an array, which "
                          "PostgreSQL does not keep (a column of jsonb does)");
    if (before == '{')
        wh_buffer_byte(out, '{');
    wh_buffer_byte(out, '}');
    return 0;
}

/* The member that the walk is at, by its index; `count` where the composite has none such. */
static size_t find_member(const struct wh_pg_type *type, const struct wh_json_walk *walk)
{
    struct wh_buffer key = { 0 };
    if (walk->key_escaped) {
        char *decoded = wh_buffer_reserve(&key, 1 + (size_t)walk->key_length);
        size_t length = wh_json_unescape(walk->key, walk->key_length, decoded);
        char *copy = wh_copy(decoded, length);
        wh_json_escape(&key, copy, length);
        free(copy);
    } else {
        wh_buffer_add(&key, walk->key, walk->key_length);
    }
    size_t i = 0;
    while (i < type->count && (type->members[i].key_length - 3 != key.length
                               || memcmp(type->members[i].key + 1, key.data, key.length) != 0))
        i++;
    wh_buffer_free(&key);
    return i;
}

static int check_members(const struct wh_pg_type *type, const char *text, struct wh_error *error)
{
    struct wh_json_walk walk;
    wh_json_walk_begin(&walk, text);
    while (wh_json_walk_next(&walk)) {
        char quoted[96];
        if (find_member(type, &walk) == type->count)
            return wh_bad_row(error, "type", NULL, 0, 0,
                              "the column's composite type has no attribute %s",
                              wh_quote(quoted, walk.key, walk.key_length));
    }
    return 0;
}

static int add_composite(struct wh_pg_values *values, struct wh_buffer *out,
                         const struct wh_pg_type *type, const char *text, struct wh_error *error)
{
    if (check_members(type, text, error))
        return -1;
    wh_buffer_byte(out, '(');
    for (size_t i = 0; i < type->count; i++) {
        struct wh_json_walk walk;
        if (i > 0)
            wh_buffer_byte(out, ',');
        size_t start = out->length;
        wh_json_walk_begin(&walk, text);
        while (wh_json_walk_next(&walk)) {
            if (find_member(type, &walk) != i)
                continue;
            out->length = start; /* of two with one name the last counts */
            if (walk.field.type == WH_NULL)
                continue;
            if (add_plain(values, out, type->members[i].type, &walk.field, error))
                return -1;
            quote_tail(out, start);
        }
    }
    wh_buffer_byte(out, ')');
    return 0;
}

static bool is_hexadecimal(struct wh_slice text)
{
    if (text.length < 2 || text.length % 2 != 0 || memcmp(text.text, "\\x", 2) != 0)
        return false;
    for (size_t i = 2; i < text.length; i++)
        if (!strchr("0123456789abcdefABCDEF", text.text[i]) || text.text[i] == '\0')
            return false;
    return true;
}

/* Bytes: base64, as wh-extract writes them, or PostgreSQL's own hexadecimal digits. */
static int add_bytes(const struct wh_pg_values *values, struct wh_buffer *out,
                     struct wh_slice text, struct wh_error *error)
{
    static const char hex[] = "0123456789abcdef";
    static const struct wh_pg_refusal why = {
        "is neither base64 nor \\x and hexadecimal digits", NULL, NULL };
    if (is_hexadecimal(text)) {
        wh_buffer_add(out, text.text, text.length);
        return 0;
    }
    size_t size = 0;
    unsigned char *bytes = wh_alloc(text.length / 4 + 1, 3);
    bool sound = wh_base64_decode(text.text, text.length, bytes, &size);
    char *place = wh_buffer_reserve(out, 2 + 2 * size);
    *place++ = '\\';
    *place++ = 'x';
    for (size_t i = 0; i < size; i++) {
        *place++ = hex[bytes[i] >> 4];
        *place++ = hex[bytes[i] & 15];
    }
    out->length += 2 + 2 * size;
    free(bytes);
    return sound ? 0 : refuse_text(values, false, text, &why, error);
}

/* The bracket that JSON of such a value begins with, and no literal of PostgreSQL that is one; 0
 * where there is none. ("[0:1]={1,2}" is a literal and begins with it, but is not JSON.) */
static char json_bracket(const struct wh_pg_type *type)
{
    return type->kind == WH_PG_ARRAY ? '[' : type->kind == WH_PG_COMPOSITE ? '{' : '\0';
}

static bool may_be_json(const struct wh_pg_type *type, const struct wh_field *field)
{
    return field->length > 0 && field->text[0] == json_bracket(type) && field->text[0] != '\0';
}

/*
 * Makes an array or a composite of a text that is the JSON of one, which CSV and SQLite's text can
 * only hold as a string. 1 where it is not, so that it must be a literal of PostgreSQL.
 */
static int add_converted(struct wh_pg_values *values, struct wh_buffer *out,
                         const struct wh_pg_type *type, struct wh_slice text,
                         struct wh_error *error)
{
    char *copy = wh_alloc(text.length + WH_SLACK, 1);
    memcpy(copy, text.text, text.length);
    memset(copy + text.length, 0, WH_SLACK);
    int status = 1;
    if (wh_json_valid(copy, text.length))
        status = type->kind == WH_PG_ARRAY ? add_array(values, out, type, copy, false, error)
                                           : add_composite(values, out, type, copy, error);
    free(copy);
    return status;
}

/* The characters of a string, decoded where it has JSON's escapes. */
static struct wh_slice text_of(struct wh_pg_values *values, const struct wh_field *field)
{
    if (!(field->flags & WH_ESCAPED))
        return (struct wh_slice){ field->text, field->length };
    values->decoded.length = 0;
    char *place = wh_buffer_reserve(&values->decoded, field->length);
    return (struct wh_slice){ place, wh_json_unescape(field->text, field->length, place) };
}

/* Whether a text does not fit a type that --create takes from numbers or booleans before it. */
static bool is_inferred(const struct wh_pg_type *type, const struct wh_slice *text)
{
    return (type->kind == WH_PG_NUMBER && !wh_number_valid(text->text, text->length))
           || type->kind == WH_PG_BOOL;
}

/* Checks a text that is to be sent as it is, and shortens it where that is the same value. */
static int check_text(const struct wh_pg_values *values, const struct wh_pg_type *type,
                      struct wh_slice *text, struct wh_error *error)
{
    struct wh_pg_refusal why;
    struct wh_slice given = *text;
    return wh_pg_accepts(type, text, &why)
               ? 0 : refuse_text(values, is_inferred(type, &given), given, &why, error);
}

static int add_string(struct wh_pg_values *values, struct wh_buffer *out,
                      const struct wh_pg_type *type, const struct wh_field *field,
                      struct wh_error *error)
{
    struct wh_slice text = text_of(values, field);
    if (type->kind == WH_PG_BYTEA)
        return add_bytes(values, out, text, error);
    if (may_be_json(type, field)) {
        int status = add_converted(values, out, type, text, error);
        if (status <= 0)
            return status;
        text = text_of(values, field);
    }
    if (memchr(text.text, '\0', text.length))
        return bad_nul(error);
    if (check_text(values, type, &text, error))
        return -1;
    wh_buffer_add(out, text.text, text.length);
    return 0;
}

static struct wh_slice word_of(const struct wh_pg_type *type, const struct wh_field *field)
{
    bool is_true = field->type == WH_TRUE;
    if (type->input == WH_PG_IN_BOOLEAN)
        return (struct wh_slice){ is_true ? "t" : "f", 1 };
    return (struct wh_slice){ is_true ? "true" : "false", is_true ? 4 : 5 };
}

/* A number, true or false. */
static int add_atom(const struct wh_pg_values *values, struct wh_buffer *out,
                    const struct wh_pg_type *type, const struct wh_field *field,
                    struct wh_error *error)
{
    struct wh_slice text = field->type == WH_NUMBER
                               ? (struct wh_slice){ field->text, field->length }
                               : word_of(type, field);
    if (type->kind == WH_PG_BYTEA && values->csv)
        return add_bytes(values, out, text, error);
    if (type->kind == WH_PG_BYTEA)
        return refuse(values, field, "is not a string of base64", error);
    if (check_text(values, type, &text, error))
        return -1;
    wh_buffer_add(out, text.text, text.length);
    return 0;
}

static int add_nested(struct wh_pg_values *values, struct wh_buffer *out,
                      const struct wh_pg_type *type, const struct wh_field *field,
                      struct wh_error *error)
{
    if (type->kind == WH_PG_ARRAY && *field->text == '[')
        return add_array(values, out, type, field->text, false, error);
    if (type->kind == WH_PG_COMPOSITE && *field->text == '{')
        return add_composite(values, out, type, field->text, error);
    struct wh_slice text = { field->text, field->length };
    if (type->kind != WH_PG_JSON && !wh_pg_accepts_nested(type))
        return refuse(values, field, *field->text == '[' ? "is an array" : "is an object", error);
    if (type->kind != WH_PG_JSON && check_text(values, type, &text, error))
        return -1;
    wh_buffer_add(out, text.text, text.length);
    return 0;
}

/* Appends a value that is not null, without COPY's escapes. */
static int add_plain(struct wh_pg_values *values, struct wh_buffer *out,
                     const struct wh_pg_type *type, const struct wh_field *field,
                     struct wh_error *error)
{
    switch ((enum wh_type)field->type) {
    case WH_NULL:
        return 0;
    case WH_TRUE:
    case WH_FALSE:
    case WH_NUMBER:
        return add_atom(values, out, type, field, error);
    case WH_STRING:
        if (type->kind != WH_PG_JSON)
            return add_string(values, out, type, field, error);
        wh_field_to_json(out, field);
        return 0;
    case WH_NESTED:
        return add_nested(values, out, type, field, error);
    }
    return 0;
}

/* ---- whole values ---------------------------------------------------------------------------- */

static int add_rewritten(struct wh_pg_values *values, struct wh_buffer *out,
                         const struct wh_pg_type *type, const struct wh_field *field,
                         struct wh_error *error)
{
    values->work.length = 0;
    if (add_plain(values, &values->work, type, field, error))
        return -1;
    return add_escaped(out, values->work.data, values->work.length, error);
}

/* A string of JSON's in CSV is JSON text, which must be told from a value that has no such form. */
static int add_document(struct wh_pg_values *values, struct wh_buffer *out,
                        const struct wh_field *field, struct wh_error *error)
{
    static const struct wh_pg_refusal why = {
        "is not JSON, which values of CSV are in such a column: a string has quotes of its own, as "
        "in \"\"\"text\"\"\"", NULL, NULL };
    struct wh_buffer *work = &values->work;
    work->length = 0;
    char *copy = wh_buffer_reserve(work, field->length + WH_SLACK);
    memcpy(copy, field->text, field->length);
    memset(copy + field->length, 0, WH_SLACK);
    for (size_t i = 0; i < field->length; i++) /* pretty-printed */
        if (copy[i] == '\n' || copy[i] == '\r')
            copy[i] = ' ';
    size_t length = field->length, begin = 0;
    while (length > begin && strchr(" \t", copy[length - 1]))
        copy[--length] = '\0';
    begin = strspn(copy, " \t");
    if (!wh_json_valid(copy + begin, length - begin))
        return refuse_text(values, false, (struct wh_slice){ field->text, field->length }, &why,
                           error);
    return add_escaped(out, copy + begin, length - begin, error);
}

/* Texts of any length, and types whose input function is asked: nothing is checked here. */
static int add_text(struct wh_buffer *out, const struct wh_field *field, struct wh_error *error)
{
    if (field->flags & WH_ESCAPED)
        return add_unescaped(out, field->text, field->length, error);
    if (!(field->flags & WH_JSON_SAFE))
        return add_escaped(out, field->text, field->length, error);
    wh_buffer_add(out, field->text, field->length);
    return 0;
}

/* Numbers and texts whose characters mean nothing to COPY, checked by their type. */
static int add_checked(struct wh_pg_values *values, struct wh_buffer *out,
                       const struct wh_pg_type *type, const struct wh_field *field,
                       struct wh_error *error)
{
    struct wh_slice text = { field->text, field->length };
    if (check_text(values, type, &text, error))
        return -1;
    wh_buffer_add(out, text.text, text.length);
    return 0;
}

/* Whether a text goes to COPY as it stands. */
static bool is_bare(const struct wh_field *field)
{
    return field->type == WH_NUMBER
           || (field->flags & (WH_ESCAPED | WH_JSON_SAFE)) == WH_JSON_SAFE;
}

static bool has_parts(const struct wh_pg_type *type)
{
    return type->kind == WH_PG_ARRAY || type->kind == WH_PG_COMPOSITE
           || type->kind == WH_PG_BYTEA;
}

static int add_null(const struct wh_pg_values *values, struct wh_buffer *out,
                    const struct wh_pg_type *type)
{
    /* SQL's null cannot be meant where there can be none. */
    bool json = type->kind == WH_PG_JSON && values->not_null && !values->csv;
    if (json)
        wh_buffer_literal(out, "null");
    else
        wh_buffer_literal(out, "\\N");
    return 0;
}

int wh_pg_value(struct wh_pg_values *values, struct wh_buffer *out, const struct wh_pg_type *type,
                const struct wh_field *field, struct wh_error *error)
{
    bool json = type->kind == WH_PG_JSON;
    if (field->type == WH_NULL)
        return add_null(values, out, type);
    if (json && field->type == WH_STRING && values->csv)
        return add_document(values, out, field, error);
    if (json || has_parts(type) || field->type == WH_NESTED)
        return add_rewritten(values, out, type, field, error);
    bool unchecked = type->input == WH_PG_IN_ANYTHING || type->input == WH_PG_IN_TEXT;
    if (unchecked && field->type == WH_STRING)
        return add_text(out, field, error);
    return is_bare(field) ? add_checked(values, out, type, field, error)
                          : add_rewritten(values, out, type, field, error);
}
