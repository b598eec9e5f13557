#include "pipe/step_argument.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"

/*
 * The first `stop` in `text` that belongs to neither a backslash nor a /pattern/, or the end. What
 * is before it is a choice of columns (record/shape.h).
 */
static const char *end_of_columns(const char *text, char stop)
{
    bool begins = true; /* an item begins here, a slash opens a pattern */
    while (*text && *text != stop) {
        bool pattern = begins && *text == '/';
        begins = *text == ',' || (begins && *text == '!');
        if (*text == '\\' && text[1]) {
            text += 2;
        } else if (pattern) {
            for (text++; *text && *text != '/'; text++)
                if (*text == '\\' && text[1])
                    text++;
            text += *text == '/';
        } else {
            text++;
        }
    }
    return text;
}

/* A JSON number, true, false or null as that, anything else as a string. */
static json_t *read_value(const char *text, size_t length, bool null, struct wh_error *error)
{
    if (wh_number_valid(text, length)) {
        json_error_t place;
        json_t *number = json_loadb(text, length, JSON_DECODE_ANY, &place);
        if (!number) {
            char quoted[96];
            wh_fail(error, WH_REFUSED, "%s is too large for an exact number",
                    wh_quote(quoted, text, length));
        }
        return number;
    }
    if (length == 4 && memcmp(text, "true", 4) == 0)
        return json_true();
    if (length == 5 && memcmp(text, "false", 5) == 0)
        return json_false();
    if (null && length == 4 && memcmp(text, "null", 4) == 0)
        return json_null();
    json_t *string = json_stringn(text, length);
    if (!string)
        wh_fail(error, WH_REFUSED, "the value is not valid UTF-8");
    return string;
}

/* Adds one "KEY=VALUE", or "KEY" for "KEY=true". */
static int add_member(json_t *object, const char *text, size_t length, struct wh_error *error)
{
    char key[64], quoted[96];
    const char *equals = memchr(text, '=', length);
    size_t key_length = equals ? (size_t)(equals - text) : length;
    if (key_length == 0 || key_length >= sizeof key)
        return wh_fail(error, WH_REFUSED, "%s is not KEY=VALUE", wh_quote(quoted, text, length));
    memcpy(key, text, key_length);
    key[key_length] = '\0';
    if (json_object_get(object, key))
        return wh_fail(error, WH_REFUSED, "%s is given twice", key);
    json_t *value = equals ? read_value(equals + 1, length - key_length - 1, false, error)
                           : json_true();
    if (!value)
        return -1;
    if (json_object_set_new(object, key, value) < 0)
        return wh_fail(error, WH_REFUSED, "%s is not a key", wh_quote(quoted, key, key_length));
    return 0;
}

json_t *wh_parse_columns_argument(const char *argument, struct wh_error *error)
{
    const char *end = end_of_columns(argument, ':');
    json_t *object = json_object();
    json_t *columns = json_stringn(argument, (size_t)(end - argument));
    if (!columns) {
        json_decref(object);
        wh_fail(error, WH_REFUSED, "the columns' names are not valid UTF-8");
        return NULL;
    }
    json_object_set_new(object, "columns", columns);
    while (*end) {
        const char *member = end + 1;
        end = member + strcspn(member, ",");
        if (add_member(object, member, (size_t)(end - member), error) < 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

json_t *wh_parse_value_argument(const char *argument, const char *key, struct wh_error *error)
{
    const char *equals = end_of_columns(argument, '=');
    if (*equals == '\0' || equals == argument) {
        char quoted[96];
        wh_fail(error, WH_REFUSED, "%s is not COL=VALUE",
                wh_quote(quoted, argument, strlen(argument)));
        return NULL;
    }
    json_t *column = json_stringn(argument, (size_t)(equals - argument));
    if (!column) {
        wh_fail(error, WH_REFUSED, "the column's name is not valid UTF-8");
        return NULL;
    }
    json_t *value = read_value(equals + 1, strlen(equals + 1), true, error);
    if (!value) {
        json_decref(column);
        return NULL;
    }
    json_t *object = json_object();
    json_object_set_new(object, "column", column);
    json_object_set_new(object, key, value);
    return object;
}

void wh_suggest_equals(const char *argument, struct wh_error *error)
{
    const char *first = end_of_columns(argument, '='), *last = strrchr(argument, '=');
    size_t used = strlen(error->text);
    int before = (int)(first - argument), after = (int)(last - first) - 1;
    if (*first && last != first && before < 100 && after < 100)
        snprintf(error->text + used, sizeof error->text - used,
                 " (a column of the name %.*s is written '%.*s\\=%.*s')", before + 1 + after,
                 argument, before, argument, after, first + 1);
}
