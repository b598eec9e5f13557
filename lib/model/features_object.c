#include "model/features_object.h"

#include <string.h>

#include "record/json.h"
#include "record/json_scan.h"

static struct wh_slice decode(struct wh_row *row, const char *text, const char *end, bool escaped)
{
    size_t length = (size_t)(end - text);
    if (!escaped)
        return (struct wh_slice){ text, length };
    char *decoded = wh_row_take(row, length);
    return (struct wh_slice){ decoded, wh_json_unescape(text, length, decoded) };
}

/* Reads the key at `at`, an opening quote, guessed to be what came after `before` last time; where
 * that was wrong its number is still to be found. Returns what follows its closing quote. */
static inline const char *read_key(const struct wh_maker *maker, struct wh_row *row,
                                   const char *at, const char *end, uint32_t before,
                                   struct wh_named *name)
{
    const struct wh_names *names = maker->names;
    uint32_t guess = maker->met[before].next;
    at++;
    if (guess != WH_CONSTANT && guess < names->count && !maker->hash_mask) {
        const struct wh_name *guessed = &names->names[guess];
        size_t length = guessed->length;
        if (guessed->plain && (size_t)(end - at) > length && at[length] == '"'
            && wh_names_is(names, guess, at)) {
            *name = (struct wh_named){ at, length, guess };
            return at + length + 1;
        }
    }
    bool escaped;
    const char *close = wh_json_string_end(at, &escaped);
    struct wh_slice key = decode(row, at, close, escaped);
    *name = (struct wh_named){ key.text, key.length, WH_NO_FEATURE };
    return close + 1;
}

/* Reads the value at `at`; returns what stands after it, or NULL for a bad row. */
static inline const char *read_value(struct wh_maker *maker, struct wh_row *row, const char *at,
                                     struct wh_named *name, struct wh_error *error)
{
    const char *end = at;
    bool good = true;
    switch (*at) {
    case '"': {
        bool escaped;
        uint32_t last = WH_NO_FEATURE;
        end = wh_json_string_end(at + 1, &escaped);
        good = wh_maker_string(maker, name, decode(row, at + 1, end, escaped), false, &last,
                               error);
        end++;
        break;
    }
    case '{':
    case '[':
        good = wh_maker_bad_nested(maker, name, *at, error);
        break;
    case 't':
        end += strlen("true");
        good = wh_maker_value(maker, name, 1, error);
        break;
    case 'f':
        end += strlen("false");
        good = wh_maker_value(maker, name, 0, error);
        break;
    case 'n':
        end += strlen("null");
        good = wh_maker_missing(maker, name, error);
        break;
    default:
        end = wh_json_number_end(at);
        good = wh_maker_known(maker, name->id, at, (size_t)(end - at))
            || wh_maker_number(maker, name, at, (size_t)(end - at), error);
    }
    return good ? end : NULL;
}

/* The reader of rows has checked that it is valid JSON. */
static bool read_members(struct wh_maker *maker, struct wh_interactions *meeting,
                         struct wh_row *row, const struct wh_field *field, struct wh_error *error)
{
    const char *end = field->text + field->length;
    const char *at = wh_json_skip_checked(field->text + 1);
    uint32_t before = WH_CONSTANT;
    if (*at == '}')
        return true;
    for (;;) {
        struct wh_named name;
        at = read_key(maker, row, at, end, before, &name);
        if (meeting)
            wh_interactions_meet(meeting, name.text, name.length);
        at = wh_json_skip_checked(wh_json_skip_checked(at) + 1);
        if (name.id == WH_NO_FEATURE && *at != '"') /* a string is a feature of another name */
            name.id = wh_maker_find(maker, name.text, name.length);
        at = read_value(maker, row, at, &name, error);
        if (!at)
            return false;
        if (name.id != WH_NO_FEATURE) {
            struct wh_met *met = &maker->met[before];
            if (met->next != name.id)
                met->next = name.id;
            before = name.id;
        }
        at = wh_json_skip_checked(at);
        if (*at == '}')
            return true;
        at = wh_json_skip_checked(at + 1);
    }
}

bool wh_features_object_read(struct wh_maker *maker, struct wh_interactions *meeting,
                             struct wh_row *row, const struct wh_field *field,
                             struct wh_error *error)
{
    static const char features[] = "features";
    if (field->type == WH_NESTED && *field->text == '{')
        return read_members(maker, meeting, row, field, error);
    wh_bad_row(error, "feature", features, strlen(features), 0, "is not an object");
    return false;
}
