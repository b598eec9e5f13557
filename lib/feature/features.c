#include "feature/features.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/number.h"
#include "feature/encoder.h"
#include "record/json.h"

enum {
    FIRST_TABLE = 256,
    CHUNK = 16,       /* keys are copied in pieces of so many bytes, and padded to them */
    BUCKET_DIGITS = 10,
    PRINTS_LOG2 = 8,
};

/* A number and its text: what is computed of counts and classes comes again and again. */
struct wh_features_print {
    uint64_t bits;
    char text[WH_NUMBER_SIZE];
    size_t length; /* 0: unused */
};

/* A prefix that belongs to one maker. */
struct wh_features_claim {
    const void *maker;
    const char *prefix;
    size_t length;
};

struct wh_features *wh_features_open(void)
{
    struct wh_features *features = wh_alloc(1, sizeof *features);
    features->table_size = FIRST_TABLE;
    features->table = wh_alloc(features->table_size, sizeof(struct wh_feature *));
    features->prints = wh_alloc((size_t)1 << PRINTS_LOG2, sizeof *features->prints);
    return features;
}

void wh_features_close(struct wh_features *features)
{
    if (!features)
        return;
    wh_arena_free(&features->names);
    free(features->items);
    free(features->encoders);
    free(features->table);
    free(features->claims);
    free(features->absent);
    free(features->prints);
    free(features);
}

void wh_features_grow(struct wh_features *features)
{
    features->capacity = features->capacity ? features->capacity * 2 : 64;
    features->items = wh_resize(features->items, features->capacity, sizeof *features->items);
}

void wh_features_pass(struct wh_features *features, struct wh_encoder_binding *binding)
{
    if (features->encoder_count == features->encoder_capacity) {
        size_t capacity = features->encoder_capacity ? features->encoder_capacity * 2 : 16;
        features->encoders = wh_resize(features->encoders, capacity, sizeof *features->encoders);
        features->encoder_capacity = capacity;
    }
    features->encoders[features->encoder_count++] = binding;
}

/* Names. */

/* Where in the table the name is, or would go. */
static size_t place(const struct wh_features *features, const char *name, size_t length)
{
    size_t mask = features->table_size - 1;
    size_t at = (size_t)wh_hash(name, length) & mask;
    for (; features->table[at]; at = (at + 1) & mask) {
        const struct wh_feature *feature = features->table[at];
        if (feature->length == length && memcmp(feature->name, name, length) == 0)
            break;
    }
    return at;
}

static void enlarge_table(struct wh_features *features)
{
    struct wh_feature **old = features->table;
    size_t old_size = features->table_size;
    features->table_size *= 2;
    features->table = wh_alloc(features->table_size, sizeof(struct wh_feature *));
    for (size_t i = 0; i < old_size; i++)
        if (old[i])
            features->table[place(features, old[i]->name, old[i]->length)] = old[i];
    free(old);
}

static int taken_twice(const char *name, size_t length, struct wh_error *error)
{
    char shown[96];
    return wh_fail(error, WH_REFUSED, "two steps make a feature with the name %s: give a column "
                   "another name first (--rename)", wh_quote(shown, name, length));
}

static bool begins(const char *text, size_t length, const char *prefix, size_t prefix_length)
{
    return length >= prefix_length && memcmp(text, prefix, prefix_length) == 0;
}

static bool claimed_by_another(const struct wh_features *features, const void *maker,
                               const char *name, size_t length)
{
    for (size_t i = 0; i < features->claim_count; i++) {
        const struct wh_features_claim *claim = &features->claims[i];
        if (claim->maker != maker && begins(name, length, claim->prefix, claim->length))
            return true;
    }
    return false;
}

/* `"NAME` escaped, then `end`, padded to whole chunks; key_length leaves out `beyond` bytes. */
static void spell(struct wh_features *features, struct wh_feature *feature, const char *end,
                  size_t beyond)
{
    struct wh_buffer text = { 0 };
    wh_buffer_byte(&text, '"');
    wh_json_escape(&text, feature->name, feature->length);
    wh_buffer_add(&text, end, strlen(end));
    size_t padded = (text.length + CHUNK - 1) / CHUNK * CHUNK;
    char *key = wh_arena_take(&features->names, padded);
    memset(key, 0, padded);
    memcpy(key, text.data, text.length);
    feature->key = key;
    feature->key_length = (uint32_t)(text.length - beyond);
    wh_buffer_free(&text);
}

static struct wh_feature *add_feature(struct wh_features *features, const void *maker,
                                      const char *name, size_t length, bool space,
                                      uint32_t width)
{
    if (features->feature_count * 2 >= features->table_size)
        enlarge_table(features);
    struct wh_feature *feature = wh_arena_take(&features->names, sizeof *feature);
    *feature = (struct wh_feature){ .name = wh_arena_copy(&features->names, name, length),
                                    .length = (uint32_t)length,
                                    .space = space,
                                    .width = width,
                                    .column = features->columns,
                                    .maker = maker };
    features->columns += width;
    features->table[place(features, name, length)] = feature;
    features->feature_count++;
    return feature;
}

/* The feature where it is there already (0 with *found NULL: it is new). */
static int look_up(struct wh_features *features, const void *maker, const char *name,
                   size_t length, struct wh_feature **found, struct wh_error *error)
{
    *found = features->table[place(features, name, length)];
    if (*found)
        return (*found)->maker == maker ? 0 : taken_twice(name, length, error);
    if (claimed_by_another(features, maker, name, length))
        return taken_twice(name, length, error);
    if (features->feature_count >= WH_MAX_FEATURES)
        return wh_fail(error, WH_REFUSED, "more than %d features (--hash COLS=N bounds them)",
                       WH_MAX_FEATURES);
    return 0;
}

struct wh_feature *wh_features_name(struct wh_features *features, const void *maker,
                                    const char *name, size_t length, struct wh_error *error)
{
    struct wh_feature *feature;
    if (look_up(features, maker, name, length, &feature, error))
        return NULL;
    if (!feature) {
        feature = add_feature(features, maker, name, length, false, 1);
        spell(features, feature, "\":1", 1);
    }
    return feature;
}

int wh_features_claim(struct wh_features *features, const void *maker, const char *prefix,
                      size_t length, struct wh_error *error)
{
    for (size_t i = 0; i < features->claim_count; i++) {
        const struct wh_features_claim *claim = &features->claims[i];
        if (claim->maker == maker && claim->length == length &&
            memcmp(claim->prefix, prefix, length) == 0)
            return 0;
        if (begins(prefix, length, claim->prefix, claim->length) ||
            begins(claim->prefix, claim->length, prefix, length))
            return taken_twice(prefix, length, error);
    }
    for (size_t i = 0; i < features->table_size; i++) {
        const struct wh_feature *feature = features->table[i];
        if (feature && begins(feature->name, feature->length, prefix, length))
            return taken_twice(feature->name, feature->length, error);
    }
    features->claims = wh_resize(features->claims, features->claim_count + 1,
                                 sizeof *features->claims);
    const char *copy = wh_arena_copy(&features->names, prefix, length);
    features->claims[features->claim_count++] =
        (struct wh_features_claim){ maker, copy, length };
    return 0;
}

struct wh_feature *wh_features_space(struct wh_features *features, const void *maker,
                                     const char *prefix, size_t length, uint32_t width,
                                     struct wh_error *error)
{
    struct wh_feature *space;
    if (wh_features_claim(features, maker, prefix, length, error) ||
        look_up(features, maker, prefix, length, &space, error))
        return NULL;
    if (!space) {
        space = add_feature(features, maker, prefix, length, true, width);
        spell(features, space, "", 0);
    }
    return space;
}

/* Text. */

static char *put_key(char *out, const struct wh_feature *feature)
{
    const char *key = feature->key;
    for (uint32_t i = 0; i < feature->key_length; i += CHUNK)
        memcpy(out + i, key + i, CHUNK);
    return out + feature->key_length;
}

static char *put_bucket(char *out, uint32_t bucket)
{
    char digits[BUCKET_DIGITS];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + bucket % 10);
        bucket /= 10;
    } while (bucket);
    while (count)
        *out++ = digits[--count];
    *out++ = '"';
    *out++ = ':';
    return out;
}

static char *put_number(char *out, double number, struct wh_features_print *prints)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    /* Small whole numbers have zeros in their low bits: all are spread (Fibonacci hashing). */
    struct wh_features_print *print =
        &prints[(bits * UINT64_C(0x9E3779B97F4A7C15)) >> (64 - PRINTS_LOG2)];
    if (print->bits != bits || print->length == 0) {
        print->bits = bits;
        print->length = wh_number_print(number, print->text);
    }
    memcpy(out, print->text, WH_NUMBER_SIZE);
    return out + print->length;
}

/* `"name":value,`, or nothing for a zero. */
static char *put_item(char *out, struct wh_features_print *prints,
                      const struct wh_feature_item *item)
{
    if (item->kind == WH_FEATURE_NUMBER && item->number == 0)
        return out;
    out = put_key(out, item->feature);
    if (item->feature->space)
        out = put_bucket(out, item->bucket);
    switch (item->kind) {
    case WH_FEATURE_NULL:
        memcpy(out, "null", 4);
        out += 4;
        break;
    case WH_FEATURE_NUMBER:
        out = put_number(out, item->number, prints);
        break;
    case WH_FEATURE_TEXT:
        memcpy(out, item->text, item->length);
        out += item->length;
        break;
    case WH_FEATURE_ONE:
        *out++ = '1';
        break;
    }
    *out++ = ',';
    return out;
}

void wh_features_text(struct wh_features *features, struct wh_buffer *out)
{
    enum { MOST = CHUNK + BUCKET_DIGITS + WH_NUMBER_SIZE + 4 }; /* beside the key and a text */
    size_t room = 2 + WH_SLACK;
    for (size_t i = 0; i < features->count; i++) {
        const struct wh_feature_item *item = &features->items[i];
        room += item->feature->key_length + MOST;
        if (item->kind == WH_FEATURE_TEXT)
            room += item->length;
    }
    char *begin = wh_buffer_reserve(out, room);
    char *next = begin;
    *next++ = '{';
    for (size_t i = 0; i < features->count; i++)
        next = put_item(next, features->prints, &features->items[i]);
    if (next > begin + 1)
        next--; /* the last comma */
    *next++ = '}';
    out->length += (size_t)(next - begin);
}

/* Dense rows. */

static const char zero[1 + WH_SLACK] = "0";
static const char one[1 + WH_SLACK] = "1";

static void name_space(struct wh_features *features, const struct wh_feature *space,
                       struct wh_column *columns)
{
    for (uint32_t i = 0; i < space->width; i++) {
        char *name = wh_arena_take(&features->names, space->length + BUCKET_DIGITS + 1);
        int length = snprintf(name, space->length + BUCKET_DIGITS + 1, "%.*s%u",
                              (int)space->length, space->name, i);
        columns[space->column + i] = (struct wh_column){ .name = name, .length = (uint32_t)length };
    }
}

void wh_features_columns(struct wh_features *features, struct wh_column *columns)
{
    for (size_t i = 0; i < features->table_size; i++) {
        const struct wh_feature *feature = features->table[i];
        if (feature && feature->space)
            name_space(features, feature, columns);
        else if (feature)
            columns[feature->column] = (struct wh_column){ .name = feature->name,
                                                           .length = feature->length };
    }
}

static struct wh_field number_field(struct wh_row *row, const struct wh_feature_item *item)
{
    struct wh_field field = { .type = WH_NUMBER };
    switch (item->kind) {
    case WH_FEATURE_NULL:
        return (struct wh_field){ .text = "", .type = WH_NULL };
    case WH_FEATURE_ONE:
        field.text = one;
        field.length = 1;
        break;
    case WH_FEATURE_TEXT:
        field.text = item->text;
        field.length = item->length;
        break;
    case WH_FEATURE_NUMBER: {
        char *text = wh_row_take(row, WH_NUMBER_SIZE);
        field.text = text;
        field.length = (uint32_t)wh_number_print(item->number + 0.0, text);
        break;
    }
    }
    return field;
}

int wh_features_dense(const struct wh_features *features, struct wh_row *row, uint32_t first,
                      uint32_t count, struct wh_error *error)
{
    for (uint32_t i = 0; i < count; i++)
        row->fields[first + i] = (struct wh_field){ .text = zero, .length = 1, .type = WH_NUMBER };
    for (size_t i = 0; i < features->count; i++) {
        const struct wh_feature_item *item = &features->items[i];
        uint64_t column = item->feature->column + (item->feature->space ? item->bucket : 0);
        if (column >= count)
            return wh_bad_row(error, "feature", item->feature->name, item->feature->length, 0,
                              "the first row had no such feature, so that the CSV has no column "
                              "for it (write -o ndjson)");
        row->fields[first + (uint32_t)column] = number_field(row, item);
    }
    return 0;
}

/* Columns that were named and are absent. */

static bool known_absent(const struct wh_features *features, const char *name, size_t length)
{
    for (size_t i = 0; i < features->absent_count; i++)
        if (features->absent[i].length == length &&
            memcmp(features->absent[i].text, name, length) == 0)
            return true;
    return false;
}

static void remember_absent(struct wh_features *features, const char *name, size_t length)
{
    if (known_absent(features, name, length))
        return;
    features->absent = wh_resize(features->absent, features->absent_count + 1,
                                 sizeof *features->absent);
    features->absent[features->absent_count++] =
        (struct wh_slice){ wh_arena_copy(&features->names, name, length), length };
}

void wh_features_remember(struct wh_features *features)
{
    for (size_t i = 0; i < features->encoder_count; i++) {
        struct wh_encoder_binding *binding = features->encoders[i];
        for (size_t j = 0; binding->lacks && j < binding->count; j++)
            if (binding->columns[j].field < 0)
                remember_absent(features, binding->columns[j].name, binding->columns[j].length);
        binding->lacks = false;
    }
}

int wh_features_absent(const struct wh_features *features, const char *name, size_t length,
                       bool lenient, struct wh_error *error)
{
    bool allowed = features->absence == WH_ABSENCE_NULL ||
                   (features->absence == WH_ABSENCE_LEARN && lenient) ||
                   known_absent(features, name, length);
    if (allowed)
        return 0;
    size_t used = strlen(error->text);
    snprintf(error->text + used, sizeof error->text - used,
             " (--missing-column null takes it as null)");
    if (features->absence == WH_ABSENCE_LEARN) {
        error->status = WH_REFUSED;
        error->column[0] = '\0'; /* the text names it, and it is no column of the row */
    }
    return -1;
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(((const struct wh_slice *)left)->text, ((const struct wh_slice *)right)->text);
}

json_t *wh_features_save(const struct wh_features *features)
{
    json_t *state = json_array();
    if (features->absent_count)
        qsort(features->absent, features->absent_count, sizeof *features->absent, compare_names);
    for (size_t i = 0; i < features->absent_count; i++)
        json_array_append_new(state, json_stringn(features->absent[i].text,
                                                  features->absent[i].length));
    return state;
}

int wh_features_load(struct wh_features *features, const json_t *state, struct wh_error *error)
{
    size_t i;
    json_t *name;
    json_array_foreach(state, i, name) {
        if (!json_is_string(name))
            return wh_fail(error, WH_REFUSED, "\"absent\" is not a list of columns");
        remember_absent(features, json_string_value(name), json_string_length(name));
    }
    return 0;
}
