#include "learn/auto/fields.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "learn/auto/constants.h"
#include "learn/auto/pack.h"

enum {
    NONE = -1,
    DROPPED = -2,
    MASK = 2 * WH_AUTO_FIELDS - 1,
    /* Bytes of the list as JSON. A header has 4 MB, of which the labels of 1,000 classes may take
     * 3 MB (model/modelfile.h). */
    MOST_IN_HEADER = 256 << 10,
};

void wh_auto_fields_init(struct wh_auto_fields *fields, const struct wh_names *names)
{
    memset(fields, 0, sizeof *fields);
    fields->names = names;
}

void wh_auto_fields_free(struct wh_auto_fields *fields)
{
    wh_buffer_free(&fields->text);
    free(fields->of);
    free(fields->keys);
}

/* The part of a feature's name that is its field's: all up to the first =. */
static size_t field_length(const char *name, size_t length)
{
    const char *equals = length ? memchr(name, '=', length) : NULL;
    return equals ? (size_t)(equals - name) : length;
}

bool wh_auto_fields_category(const struct wh_auto_fields *fields, uint32_t id)
{
    size_t length = fields->names->names[id].length;
    return field_length(wh_names_text(fields->names, id), length) < length;
}

/* The place in the table where the field of this name is, or could be. */
static uint32_t place_of(const struct wh_auto_fields *fields, const char *name, size_t length)
{
    uint32_t place = (uint32_t)wh_hash(name, length) & MASK;
    for (; fields->table[place]; place = (place + 1) & MASK) {
        const struct wh_auto_field *field = &fields->fields[fields->table[place] - 1];
        if (field->length == length
            && (length == 0 || memcmp(fields->text.data + field->offset, name, length) == 0))
            break;
    }
    return place;
}

uint16_t wh_auto_fields_find(const struct wh_auto_fields *fields, uint32_t id)
{
    if (id == WH_CONSTANT || id >= fields->names->count)
        return WH_AUTO_NO_FIELD;
    const char *name = wh_names_text(fields->names, id);
    size_t length = field_length(name, fields->names->names[id].length);
    uint16_t entry = fields->table[place_of(fields, name, length)];
    return entry ? (uint16_t)(entry - 1) : WH_AUTO_NO_FIELD;
}

static uint16_t add_field(struct wh_auto_fields *fields, const char *name, size_t length)
{
    uint32_t place = place_of(fields, name, length);
    if (fields->table[place])
        return (uint16_t)(fields->table[place] - 1);
    if (fields->count == WH_AUTO_FIELDS)
        return WH_AUTO_NO_FIELD;
    struct wh_auto_field *field = &fields->fields[fields->count];
    *field = (struct wh_auto_field){ .offset = (uint32_t)fields->text.length,
                                     .length = (uint32_t)length, .slot = NONE,
                                     .first = fields->rows };
    wh_buffer_add(&fields->text, name, length);
    fields->table[place] = (uint16_t)(fields->count + 1);
    return (uint16_t)fields->count++;
}

/* A name with a NUL in it could not be written as text and read back. */
static uint16_t field_to_be(struct wh_auto_fields *fields, uint32_t id)
{
    if (id == WH_CONSTANT)
        return WH_AUTO_NO_FIELD;
    const char *name = wh_names_text(fields->names, id);
    size_t length = field_length(name, fields->names->names[id].length);
    if (length > 0 && memchr(name, '\0', length))
        return WH_AUTO_NO_FIELD;
    return add_field(fields, name, length);
}

static void make_room(struct wh_auto_fields *fields, size_t features)
{
    if (features <= fields->of_capacity)
        return;
    fields->of_capacity = features < 64 ? 64 : 2 * features;
    fields->of = wh_resize(fields->of, fields->of_capacity, sizeof *fields->of);
    fields->keys = wh_resize(fields->keys, fields->of_capacity, sizeof *fields->keys);
}

uint32_t wh_auto_fields_make_key(const struct wh_auto_fields *fields, uint32_t id)
{
    return id == WH_CONSTANT ? 0
        : (uint32_t)wh_murmur3(wh_names_text(fields->names, id),
                               fields->names->names[id].length, 0);
}

static void add_feature(struct wh_auto_fields *fields, uint16_t field, uint32_t id)
{
    fields->keys[fields->of_count] = wh_auto_fields_make_key(fields, id);
    fields->of[fields->of_count++] = field;
}

void wh_auto_fields_settle(struct wh_auto_fields *fields)
{
    uint32_t count = fields->names->count;
    if (fields->settled < count)
        count = (uint32_t)fields->settled;
    make_room(fields, count);
    while (fields->of_count < count) {
        uint32_t id = (uint32_t)fields->of_count;
        add_feature(fields, wh_auto_fields_find(fields, id), id);
    }
}

void wh_auto_fields_row(struct wh_auto_fields *fields, uint32_t features)
{
    fields->rows++;
    make_room(fields, features);
    while (fields->of_count < features) {
        uint32_t id = (uint32_t)fields->of_count;
        add_feature(fields, field_to_be(fields, id), id);
    }
}

void wh_auto_fields_renumber(struct wh_auto_fields *fields, const uint32_t *from, uint32_t count)
{
    size_t left = 0;
    wh_auto_fields_settle(fields);
    while (left < count && from[left] < fields->of_count) {
        fields->of[left] = fields->of[from[left]];
        fields->keys[left] = fields->keys[from[left]];
        left++;
    }
    fields->of_count = fields->settled = left;
}

bool wh_auto_fields_meet(struct wh_auto_fields *fields, uint16_t number)
{
    struct wh_auto_field *field = &fields->fields[number];
    if (field->last == fields->rows)
        return false;
    field->last = fields->rows;
    field->present++;
    return true;
}

int wh_auto_fields_admit(struct wh_auto_fields *fields, uint16_t number)
{
    struct wh_auto_field *field = &fields->fields[number];
    uint64_t rows = fields->rows - field->first + 1;
    if (field->slot != NONE || fields->slots == WH_AUTO_SLOTS)
        return -1;
    bool proven = field->present >= WH_AUTO_FIELD_PROVEN
        && field->present >= rows / WH_AUTO_FIELD_RARE;
    if (fields->count > WH_AUTO_FEW_FIELDS && !proven)
        return -1;
    field->slot = (int)fields->slots++;
    return field->slot;
}

void wh_auto_fields_drop(struct wh_auto_fields *fields, int slot)
{
    for (uint32_t i = 0; i < fields->count; i++)
        if (fields->fields[i].slot == slot)
            fields->fields[i].slot = DROPPED;
}

/*
 * Saving and loading
 */

static json_t *save_list(const struct wh_auto_fields *fields)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct wh_auto_field *field = &fields->fields[i];
        const char *name = field->length ? fields->text.data + field->offset : "";
        json_array_append_new(list, json_pack("[s%iIII]", name, (size_t)field->length, field->slot,
                                              (json_int_t)field->first,
                                              (json_int_t)field->present,
                                              (json_int_t)field->strings));
    }
    return list;
}

static bool is_apart(const json_t *list)
{
    return json_dumpb(list, NULL, 0, JSON_COMPACT) > MOST_IN_HEADER;
}

json_t *wh_auto_fields_apart(const struct wh_auto_fields *fields)
{
    json_t *list = save_list(fields);
    if (!is_apart(list))
        json_array_clear(list);
    return list;
}

json_t *wh_auto_fields_save(const struct wh_auto_fields *fields)
{
    json_t *list = save_list(fields);
    if (is_apart(list)) {
        json_decref(list);
        list = json_null();
    }
    uint64_t known = fields->of_count > fields->settled ? fields->of_count : fields->settled;
    return json_pack("{sIsisIso}", "rows", (json_int_t)fields->rows, "slots", (int)fields->slots,
                     "known", (json_int_t)known, "list", list);
}

bool wh_auto_fields_load_one(struct wh_auto_fields *fields, const json_t *state)
{
    const json_t *name = json_array_get(state, 0);
    uint64_t first, present, strings;
    double slot = json_number_value(json_array_get(state, 1));
    size_t length = json_string_length(name);
    if (!json_is_string(name) || length > WH_MAX_NAME
        || !(slot >= DROPPED && slot < fields->slots) || slot != floor(slot)
        || !wh_auto_count(json_array_get(state, 2), (double)fields->rows, &first)
        || !wh_auto_count(json_array_get(state, 3), (double)fields->rows, &present)
        || !wh_auto_count(json_array_get(state, 4), 9e15, &strings))
        return false;
    uint32_t count = fields->count;
    if (add_field(fields, json_string_value(name), length) != count)
        return false;
    struct wh_auto_field *field = &fields->fields[count];
    field->slot = (int)slot;
    field->first = first;
    field->present = present;
    field->strings = strings;
    for (uint32_t i = 0; i < count; i++)
        if (slot >= 0 && fields->fields[i].slot == field->slot)
            return false;
    return true;
}

bool wh_auto_fields_load(struct wh_auto_fields *fields, const json_t *state)
{
    uint64_t slots;
    const json_t *list = json_object_get(state, "list");
    if (!wh_auto_count(json_object_get(state, "rows"), 9e15, &fields->rows)
        || !wh_auto_count(json_object_get(state, "slots"), WH_AUTO_SLOTS, &slots)
        || !wh_auto_count(json_object_get(state, "known"), WH_MOST_FEATURES, &fields->settled)
        || !(json_is_array(list) || json_is_null(list)))
        return false;
    fields->slots = (uint32_t)slots;
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!wh_auto_fields_load_one(fields, json_array_get(list, i)))
            return false;
    return true;
}
