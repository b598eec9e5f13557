/*
 * --hash: the hashing trick over several columns, as scikit-learn's FeatureHasher (Weinberger et
 * al. 2009): a string counts as "column=value" with 1, a number or boolean as "column" with its
 * value; signed MurmurHash3 with seed 0 gives the place |h| mod N and, by its sign, that of the
 * value; what falls in one place adds up. null, an absent column and zero count as nothing.
 */
#include <math.h>
#include <stdlib.h>

#include "base/hash.h"
#include "feature/encoder.h"
#include "feature/table.h"
#include "pipe/step_argument.h"

enum { MOST = 1 << 30 };

/* A place in the space, and the sign there. */
struct bucket {
    uint32_t index;
    double sign;
};

struct hashed_column {
    struct wh_encoder_memory memory;
    struct bucket number; /* where the column's numbers go */
};

struct hash {
    struct wh_encoder encoder;
    uint64_t size;
    char *prefix;          /* "url+ref#" */
    struct wh_buffer text; /* of the key being hashed */
};

static struct bucket find_bucket(const struct hash *hash, const char *key, size_t length)
{
    int64_t signed_hash = wh_murmur3(key, length, 0);
    return (struct bucket){ (uint32_t)((uint64_t)llabs(signed_hash) % hash->size),
                            signed_hash < 0 ? -1 : 1 };
}

static struct wh_binding *bind(struct wh_step *step, const struct wh_shape *shape,
                               struct wh_error *error)
{
    struct wh_features *features = step->context->features;
    struct hash *hash = (struct hash *)step;
    struct wh_encoder_binding *binding = wh_encoder_bind(&hash->encoder, shape, features, error);
    if (!binding)
        return NULL;
    struct wh_feature *space = wh_features_space(features, hash, hash->prefix,
                                                 strlen(hash->prefix), (uint32_t)hash->size, error);
    if (!space ||
        wh_encoder_remember(&hash->encoder, binding, sizeof(struct hashed_column), error)) {
        free(binding);
        return NULL;
    }
    for (size_t i = 0; i < binding->count; i++) {
        struct hashed_column *column = binding->columns[i].memory;
        column->number = find_bucket(hash, column->memory.name.text, column->memory.name.length);
        binding->columns[i].feature = space;
    }
    return &binding->binding;
}

static struct bucket find_string(struct hash *hash, const struct wh_encoder_column *column,
                                 struct wh_slice value)
{
    hash->text.length = 0;
    char *key = wh_buffer_reserve(&hash->text, column->length + 1 + value.length);
    memcpy(key, column->name, column->length);
    key[column->length] = '=';
    memcpy(key + column->length + 1, value.text, value.length);
    return find_bucket(hash, key, column->length + 1 + value.length);
}

/*
 * Adds a value at its place, among the items of this step from `first` on. They are in the order
 * of their places, as the columns of a dense row are: a model learns the same from both.
 */
static void add(struct wh_features *features, size_t first, struct wh_feature *space,
                struct bucket bucket, double value)
{
    size_t at = features->count;
    while (at > first && features->items[at - 1].bucket > bucket.index)
        at--;
    if (at > first && features->items[at - 1].bucket == bucket.index) {
        features->items[at - 1].number += bucket.sign * value;
        return;
    }
    wh_features_add(features, space);
    struct wh_feature_item *item = &features->items[at];
    memmove(item + 1, item, (features->count - 1 - at) * sizeof *item);
    *item = (struct wh_feature_item){ .feature = space, .kind = WH_FEATURE_NUMBER,
                                      .bucket = bucket.index, .number = bucket.sign * value };
}

static enum wh_verdict row(struct wh_step *step, struct wh_binding *binding, struct wh_row *row,
                           struct wh_error *error)
{
    struct wh_features *features = step->context->features;
    struct hash *hash = (struct hash *)step;
    struct wh_encoder_binding *own = (struct wh_encoder_binding *)binding;
    wh_features_pass(features, own);
    size_t first = features->count;
    for (size_t i = 0; i < own->count; i++) {
        const struct wh_encoder_column *column = &own->columns[i];
        if (wh_encoder_null(column, row))
            continue;
        const struct wh_field *field = &row->fields[column->field];
        double number;
        if (field->type == WH_STRING) {
            add(features, first, column->feature,
                find_string(hash, column, wh_row_text(row, field)), 1);
        } else if (wh_field_number(field, &number) && isfinite(number)) {
            if (number != 0)
                add(features, first, column->feature,
                    ((const struct hashed_column *)column->memory)->number, number);
        } else {
            wh_encoder_no_number("hash", column, row, error);
            return WH_BAD;
        }
    }
    for (size_t i = first; i < features->count; i++)
        if (!isfinite(features->items[i].number)) {
            wh_bad_row(error, "hash", NULL, 0, 0, "numbers that fall together in one place of %s "
                       "add up to more than any double", hash->prefix);
            return WH_BAD;
        }
    return WH_PASSED;
}

static void close_hash(struct wh_step *step)
{
    struct hash *hash = (struct hash *)step;
    free(hash->prefix);
    wh_buffer_free(&hash->text);
    wh_encoder_close(step);
}

static const struct wh_step_ops ops = {
    .bind = bind,
    .row = row,
    .columns = wh_encoder_columns,
    .close = close_hash,
};

/* "url+ref#" of the columns as the recipe names them. */
static char *name_space(const json_t *recipe)
{
    struct wh_buffer name = { 0 };
    const json_t *columns = json_object_get(recipe, "columns");
    size_t i;
    json_t *column;
    if (json_is_string(columns))
        wh_buffer_add(&name, json_string_value(columns), json_string_length(columns));
    json_array_foreach((json_t *)columns, i, column) {
        if (i > 0)
            wh_buffer_byte(&name, ',');
        wh_buffer_add(&name, json_string_value(column), json_string_length(column));
    }
    for (size_t j = 0; j < name.length; j++)
        if (name.data[j] == ',')
            name.data[j] = '+';
    wh_buffer_byte(&name, '#');
    return wh_buffer_text(&name);
}

static struct wh_step *create(const json_t *recipe, struct wh_error *error)
{
    struct hash *hash = wh_alloc(1, sizeof *hash);
    if (wh_encoder_open(&hash->encoder, &ops, recipe, error) ||
        wh_encoder_count(recipe, "size", 1, MOST, &hash->size, error)) {
        close_hash(&hash->encoder.step);
        return NULL;
    }
    if (hash->size == 0) {
        wh_fail(error, WH_REFUSED, "\"size\", the number of features to hash into, is missing");
        close_hash(&hash->encoder.step);
        return NULL;
    }
    hash->prefix = name_space(recipe);
    return &hash->encoder.step;
}

/* "COLS=N" */
static json_t *parse(const char *argument, struct wh_error *error)
{
    json_t *object = wh_parse_value_argument(argument, "size", error);
    if (!object)
        return NULL;
    json_object_set(object, "columns", json_object_get(object, "column"));
    json_object_del(object, "column");
    return object;
}

const struct wh_step_type wh_step_hash = {
    .op = "hash",
    .encodes = true,
    .argument = "COLS=N",
    .help = "the columns hashed together into N features, as scikit-learn's FeatureHasher",
    .keys = (const char *const[]){ "columns", "size", NULL },
    .parse = parse,
    .create = create,
};
