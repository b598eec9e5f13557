#include "sink/postgres_value.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "record/json.h"
#include "record/writer.h"

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

static int add_plain(struct wh_buffer *out, const struct wh_pg_type *type,
                     const struct wh_field *field, struct wh_error *error);

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

static int add_array(struct wh_buffer *out, const struct wh_pg_type *type, const char *text,
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
            wh_buffer_add(out, "NULL", 4);
        } else if (field->type == WH_NESTED && *field->text == '['
                   && type->element->kind != WH_PG_JSON) {
            if (add_array(out, type, field->text, error)) /* another dimension */
                return -1;
        } else {
            if (add_plain(out, type->element, field, error))
                return -1;
            quote_tail(out, start);
        }
    }
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

static int add_composite(struct wh_buffer *out, const struct wh_pg_type *type, const char *text,
                         struct wh_error *error)
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
            if (add_plain(out, type->members[i].type, &walk.field, error))
                return -1;
            quote_tail(out, start);
        }
    }
    wh_buffer_byte(out, ')');
    return 0;
}

/* Bytes: base64, as wh-extract writes them, or PostgreSQL's own hexadecimal digits. */
static int add_bytes(struct wh_buffer *out, const char *text, size_t length,
                     struct wh_error *error)
{
    static const char hex[] = "0123456789abcdef";
    if (length >= 2 && memcmp(text, "\\x", 2) == 0) {
        wh_buffer_add(out, text, length);
        return 0;
    }
    size_t size = 0;
    unsigned char *bytes = wh_alloc(length / 4 + 1, 3);
    bool sound = wh_base64_decode(text, length, bytes, &size);
    char *place = wh_buffer_reserve(out, 2 + 2 * size);
    *place++ = '\\';
    *place++ = 'x';
    for (size_t i = 0; i < size; i++) {
        *place++ = hex[bytes[i] >> 4];
        *place++ = hex[bytes[i] & 15];
    }
    out->length += 2 + 2 * size;
    free(bytes);
    return sound ? 0 : wh_bad_row(error, "type", NULL, 0, 0, "neither base64 nor \\x and "
                                  "hexadecimal digits, as a bytea column needs it");
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

/* What is decoded behind `start` is made an array or a composite if it is the JSON of one, which
 * CSV and SQLite's text can only hold as a string; anything else stays, for PostgreSQL to read. */
static int convert_json(struct wh_buffer *out, size_t start, const struct wh_pg_type *type,
                        struct wh_error *error)
{
    size_t length = out->length - start;
    char *text = wh_alloc(length + WH_SLACK, 1);
    memcpy(text, out->data + start, length);
    memset(text + length, 0, WH_SLACK);
    if (!wh_json_valid(text, length)) {
        free(text);
        return 0;
    }
    out->length = start;
    int status = type->kind == WH_PG_ARRAY ? add_array(out, type, text, error)
                                           : add_composite(out, type, text, error);
    free(text);
    return status;
}

static int add_string(struct wh_buffer *out, const struct wh_pg_type *type,
                      const struct wh_field *field, struct wh_error *error)
{
    size_t start = out->length;
    char *place = wh_buffer_reserve(out, field->length);
    if (field->flags & WH_ESCAPED)
        out->length += wh_json_unescape(field->text, field->length, place);
    else
        wh_buffer_add(out, field->text, field->length);
    if (memchr(out->data + start, '\0', out->length - start))
        return bad_nul(error);
    if (may_be_json(type, field))
        return convert_json(out, start, type, error);
    if (type->kind != WH_PG_BYTEA)
        return 0;
    char *copy = wh_copy(out->data + start, out->length - start);
    size_t length = out->length - start;
    out->length = start;
    int status = add_bytes(out, copy, length, error);
    free(copy);
    return status;
}

/* Appends a value that is not null, without COPY's escapes. */
static int add_plain(struct wh_buffer *out, const struct wh_pg_type *type,
                     const struct wh_field *field, struct wh_error *error)
{
    switch ((enum wh_type)field->type) {
    case WH_NULL:
        return 0;
    case WH_TRUE:
        wh_buffer_add(out, "true", 4);
        return 0;
    case WH_FALSE:
        wh_buffer_add(out, "false", 5);
        return 0;
    case WH_STRING:
        if (type->kind != WH_PG_JSON)
            return add_string(out, type, field, error);
        wh_field_to_json(out, field);
        return 0;
    case WH_NESTED:
        if (type->kind == WH_PG_ARRAY && *field->text == '[')
            return add_array(out, type, field->text, error);
        if (type->kind == WH_PG_COMPOSITE && *field->text == '{')
            return add_composite(out, type, field->text, error);
        break;
    case WH_NUMBER:
        break;
    }
    wh_buffer_add(out, field->text, field->length);
    return 0;
}

/* ---- whole values ---------------------------------------------------------------------------- */

static int add_rewritten(struct wh_pg_values *values, struct wh_buffer *out,
                         const struct wh_pg_type *type, const struct wh_field *field,
                         struct wh_error *error)
{
    values->work.length = 0;
    if (add_plain(&values->work, type, field, error))
        return -1;
    return add_escaped(out, values->work.data, values->work.length, error);
}

/* A word of CSV that was read as true or false but is spelled otherwise ("TRUE") goes to a column
 * of text as it is spelled. */
static void add_boolean(struct wh_buffer *out, const struct wh_pg_type *type,
                        const struct wh_field *field)
{
    bool is_true = field->type == WH_TRUE;
    if (type->kind == WH_PG_BOOL)
        wh_buffer_byte(out, is_true ? 't' : 'f');
    else if (field->flags & WH_LITERAL && type->kind != WH_PG_JSON)
        wh_buffer_add(out, field->text, field->length);
    else
        wh_buffer_add(out, is_true ? "true" : "false", is_true ? 4 : 5);
}

static int add_text(struct wh_buffer *out, const struct wh_field *field, struct wh_error *error)
{
    if (field->flags & WH_ESCAPED)
        return add_unescaped(out, field->text, field->length, error);
    if (!(field->flags & WH_JSON_SAFE))
        return add_escaped(out, field->text, field->length, error);
    wh_buffer_add(out, field->text, field->length);
    return 0;
}

int wh_pg_value(struct wh_pg_values *values, struct wh_buffer *out, const struct wh_pg_type *type,
                const struct wh_field *field, struct wh_error *error)
{
    switch ((enum wh_type)field->type) {
    case WH_NULL:
        wh_buffer_add(out, "\\N", 2);
        return 0;
    case WH_TRUE:
    case WH_FALSE:
        add_boolean(out, type, field);
        return 0;
    case WH_NUMBER:
        wh_buffer_add(out, field->text, field->length);
        return 0;
    case WH_STRING:
        if (type->kind == WH_PG_BYTEA || (type->kind == WH_PG_JSON && !values->csv)
            || may_be_json(type, field))
            break;
        return add_text(out, field, error);
    case WH_NESTED:
        break;
    }
    return add_rewritten(values, out, type, field, error);
}
