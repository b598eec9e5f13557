#include "model/maker.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"
#include "base/text.h"

enum { HASHED_SIZE = 16 };

void wh_maker_open(struct wh_maker *maker, const struct wh_maker_settings *settings)
{
    uint64_t most = settings->max_features;
    *maker = (struct wh_maker){
        .names = settings->names,
        .growing = settings->growing,
        .zeros = settings->needs & WH_NEEDS_ZEROS,
        .missing = settings->needs & WH_NEEDS_MISSING,
        .most = most < WH_MOST_FEATURES ? (uint32_t)most + 1 : WH_MOST_FEATURES,
        .capacity = 64,
    };
    if (settings->hash_bits)
        maker->hash_mask = (UINT64_C(1) << settings->hash_bits) - 1;
    maker->ids = wh_alloc(maker->capacity, sizeof *maker->ids);
    maker->values = wh_alloc(maker->capacity, sizeof *maker->values);
}

void wh_maker_close(struct wh_maker *maker)
{
    free(maker->ids);
    free(maker->values);
    free(maker->places);
    free(maker->met);
    wh_buffer_free(&maker->name);
}

/* Makes room for what is met of all names that the names have room for: what is new is zero, and
 * takes no memory until it is written to where there was none before. */
void wh_maker_remember(struct wh_maker *maker)
{
    size_t capacity = maker->names->capacity, before = maker->met_capacity;
    if (before == 0) {
        maker->met = wh_alloc(capacity, sizeof *maker->met);
    } else {
        maker->met = wh_resize(maker->met, capacity, sizeof *maker->met);
        memset(maker->met + before, 0, (capacity - before) * sizeof *maker->met);
    }
    maker->met_capacity = capacity;
}

void wh_maker_count_anew(struct wh_maker *maker)
{
    for (size_t i = 0; i < maker->met_capacity; i++)
        maker->met[i].row = 0;
    maker->row = 1;
}

void wh_maker_forget(struct wh_maker *maker, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++)
        maker->met[i] = (struct wh_met){ 0 };
}

/*
 * Names
 */

/* What a feature is called in the names: as the row has it, or by its hash, then in `hashed`. */
static struct wh_slice name_of(const struct wh_maker *maker, const char *text, size_t length,
                               char hashed[static HASHED_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    if (!maker->hash_mask)
        return (struct wh_slice){ text, length };
    uint64_t hash = wh_stable_mix(wh_stable_hash(WH_STABLE_HASH, text, length));
    char *at = hashed + HASHED_SIZE;
    uint64_t left = hash & maker->hash_mask;
    do
        *--at = digits[left & 15];
    while (left >>= 4);
    *--at = '#';
    return (struct wh_slice){ at, (size_t)(hashed + HASHED_SIZE - at) };
}

uint32_t wh_maker_find(const struct wh_maker *maker, const char *text, size_t length)
{
    char hashed[HASHED_SIZE];
    struct wh_slice name = name_of(maker, text, length, hashed);
    return wh_names_find(maker->names, name.text, name.length);
}

bool wh_maker_number_name(struct wh_maker *maker, struct wh_named *name, struct wh_error *error)
{
    char hashed[HASHED_SIZE];
    struct wh_slice text = name_of(maker, name->text, name->length, hashed);
    name->id = wh_names_find(maker->names, text.text, text.length);
    if (name->id != WH_NO_FEATURE || !maker->adds)
        return true;
    if (text.length > WH_MAX_NAME)
        return wh_maker_bad_value(error, name, "feature", name->text, name->length,
                                  "is too long for the name of a feature (4096 bytes at most): "
                                  "leave the column out with --ignore, or encode it with "
                                  "wh-featurize");
    if (maker->names->count >= maker->most) {
        maker->crowded++;
        return true;
    }
    name->id = wh_names_add(maker->growing, text.text, text.length);
    if (maker->names->count > maker->met_capacity)
        wh_maker_remember(maker);
    return true;
}

static inline struct wh_slice category(struct wh_maker *maker, const struct wh_named *column,
                                       struct wh_slice value)
{
    struct wh_buffer *name = &maker->name;
    size_t length = column->length + 1 + value.length;
    name->length = 0;
    char *text = wh_buffer_reserve(name, length);
    memcpy(text, column->text, column->length);
    text[column->length] = '=';
    memcpy(text + column->length + 1, value.text, value.length);
    return (struct wh_slice){ text, length };
}

struct wh_slice wh_maker_category(struct wh_maker *maker, const struct wh_named *column,
                                  struct wh_slice value)
{
    return category(maker, column, value);
}

/*
 * Bad rows
 */

bool wh_maker_bad_value(struct wh_error *error, const struct wh_named *name, const char *rule,
                        const char *text, size_t length, const char *what)
{
    char quoted[96];
    wh_bad_row(error, rule, name->text, name->length, 0, "%s %s", wh_quote(quoted, text, length),
               what);
    return false;
}

bool wh_maker_bad_nested(const struct wh_maker *maker, const struct wh_named *name, char opening,
                         struct wh_error *error)
{
    bool array = opening == '[';
    wh_bad_row(error, "feature", name->text, name->length, 0,
               "%s is not a feature (%s%s leaves it out)", array ? "an array" : "an object",
               array ? "" : "wh-clean --flatten makes columns of it, ",
               maker->growing ? "--ignore" : "wh-clean --exclude");
    return false;
}

/*
 * Values
 */

/* The feature is the next of the example. */
void wh_maker_note_place(struct wh_maker *maker, uint32_t id)
{
    if (id >= maker->place_capacity) {
        maker->place_capacity = 2 * (size_t)id + 64;
        maker->places = wh_resize(maker->places, maker->place_capacity, sizeof *maker->places);
    }
    maker->places[id] = (uint32_t)maker->count;
}

/* A feature that the row has already: another name of the same hash, or a mistake. */
bool wh_maker_put_again(struct wh_maker *maker, uint32_t id, double value, struct wh_error *error)
{
    if (!maker->hash_mask) {
        wh_bad_row(error, "feature", wh_names_text(maker->names, id),
                   maker->names->names[id].length, 0, "the row has this feature twice");
        return false;
    }
    size_t at = maker->places[id];
    double sum = maker->values[at] + value;
    maker->values[at] = fabs(sum) <= WH_LARGEST_VALUE ? sum : copysign(WH_LARGEST_VALUE, sum);
    return true;
}

void wh_maker_grow(struct wh_maker *maker)
{
    maker->capacity *= 2;
    maker->ids = wh_resize(maker->ids, maker->capacity, sizeof *maker->ids);
    maker->values = wh_resize(maker->values, maker->capacity, sizeof *maker->values);
}

bool wh_maker_number(struct wh_maker *maker, struct wh_named *name, const char *text,
                     size_t length, struct wh_error *error)
{
    double value = wh_number_parse_slack(text, length);
    if (!(fabs(value) <= WH_LARGEST_VALUE))
        return wh_maker_bad_value(error, name, "number", text, length,
                                  "is too large to learn from (the limit is 1e50)");
    return wh_maker_value(maker, name, value, error);
}

/* What programs write in place of a missing number. */
static bool no_number(const char *text, size_t length)
{
    static const char *const words[] = { "nan", "inf", "infinity" };
    size_t sign = length > 0 && (*text == '-' || *text == '+');
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (length - sign == strlen(words[i])
            && strncasecmp(text + sign, words[i], length - sign) == 0)
            return true;
    return false;
}

bool wh_maker_string(struct wh_maker *maker, const struct wh_named *column, struct wh_slice value,
                     bool declared, uint32_t *last, struct wh_error *error)
{
    const struct wh_names *names = maker->names;
    size_t prefix = column->length + 1;
    uint32_t id = *last;
    maker->fresh = false;
    if (id < names->count && !maker->hash_mask && names->names[id].length == prefix + value.length
        && memcmp(wh_names_text(names, id) + prefix, value.text, value.length) == 0) {
        maker->named = maker->known = true;
        return wh_maker_put(maker, id, 1, error);
    }
    struct wh_slice text = category(maker, column, value);
    struct wh_named name = { text.text, text.length, WH_NO_FEATURE };
    uint32_t count = names->count;
    if (!wh_maker_number_name(maker, &name, error))
        return false;
    wh_maker_mark(maker, &name);
    maker->fresh = name.id == WH_NO_FEATURE || name.id >= count;
    if (!declared && maker->fresh && no_number(value.text, value.length))
        return wh_maker_bad_value(error, column, "number", value.text, value.length,
                                  "is not a number: if it means a missing value, say so with "
                                  "--null-value; if it is a word, with --string");
    if (name.id == WH_NO_FEATURE)
        return true;
    *last = name.id;
    return wh_maker_put(maker, name.id, 1, error);
}
