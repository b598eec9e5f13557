#include "feature/encoder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/number.h"
#include "clean/chosen.h"

int wh_encoder_open(struct wh_encoder *encoder, const struct wh_step_ops *ops,
                    const json_t *recipe, struct wh_error *error)
{
    encoder->step.ops = ops;
    encoder->step.names_optional = true; /* wh_features_absent judges them, row by row */
    return wh_chosen_columns(recipe, &encoder->step.columns, error);
}

void wh_encoder_close(struct wh_step *step)
{
    struct wh_encoder *encoder = (struct wh_encoder *)step;
    for (size_t i = 0; i < encoder->memory_count; i++) {
        if (encoder->forget)
            encoder->forget(encoder->memories[i]);
        free(encoder->memories[i]);
    }
    free(encoder->memories);
    wh_columns_free(step->columns);
    free(encoder);
}

int wh_encoder_count(const json_t *recipe, const char *key, uint64_t least, uint64_t most,
                     uint64_t *value, struct wh_error *error)
{
    const json_t *number = json_object_get(recipe, key);
    if (!number)
        return 0;
    json_int_t count = json_integer_value(number);
    if (!json_is_integer(number) || count < 0 || (uint64_t)count < least || (uint64_t)count > most)
        return wh_fail(error, WH_REFUSED, "%s must be a whole number from %llu to %llu", key,
                       (unsigned long long)least, (unsigned long long)most);
    *value = (uint64_t)count;
    return 0;
}

/* Memories. */

void *wh_encoder_memory(struct wh_encoder *encoder, const char *name, size_t length, size_t size,
                        size_t expected, struct wh_error *error)
{
    size_t count = encoder->memory_count;
    for (size_t i = 0; i < count; i++) {
        struct wh_encoder_memory *memory = encoder->memories[(expected + i) % count];
        if (memory->name.length == length && memcmp(memory->name.text, name, length) == 0)
            return memory;
    }
    if (count == WH_MAX_COLUMNS) {
        wh_fail(error, WH_REFUSED, "more than %d columns are encoded by one step", WH_MAX_COLUMNS);
        return NULL;
    }
    struct wh_encoder_memory *memory = wh_alloc(1, size + length + 1);
    char *copy = (char *)memory + size;
    memcpy(copy, name, length);
    memory->name = (struct wh_slice){ copy, length };
    encoder->memories = wh_resize(encoder->memories, count + 1, sizeof *encoder->memories);
    encoder->memories[encoder->memory_count++] = memory;
    return memory;
}

int wh_encoder_remember(struct wh_encoder *encoder, struct wh_encoder_binding *binding, size_t size,
                        struct wh_error *error)
{
    for (size_t i = 0; i < binding->count; i++) {
        struct wh_encoder_column *column = &binding->columns[i];
        column->memory = wh_encoder_memory(encoder, column->name, column->length, size, i, error);
        if (!column->memory)
            return -1;
    }
    return 0;
}

/* Binding. */

/* Names the step in what is refused about it. */
static int refuse(const struct wh_encoder *encoder, struct wh_error *error)
{
    return wh_refuse_in(error, "%s", encoder->step.type->op);
}

/* Whether the name is among those in `names`. */
static bool listed(const struct wh_buffer *names, const char *name)
{
    for (size_t at = 0; at < names->length; at += strlen(names->data + at) + 1)
        if (strcmp(names->data + at, name) == 0)
            return true;
    return false;
}

/* Names of the columns that the shape lacks, one after the other in `names`, each ending in a NUL
 * (a name given on the command line or in a recipe holds none). -1 where that makes a bad row. */
static int find_absent(struct wh_encoder *encoder, const struct wh_shape *shape,
                       struct wh_features *features, struct wh_buffer *names,
                       struct wh_error *error)
{
    size_t item = 0, length;
    const char *name;
    while ((name = wh_columns_absent(encoder->step.columns, shape, &item, &length))) {
        wh_shape_lacks(shape, name, length, error);
        if (wh_features_absent(features, name, length, encoder->step.lenient, error))
            return error->status == WH_REFUSED ? refuse(encoder, error) : -1;
        if (!listed(names, name))
            wh_buffer_add(names, name, length + 1);
    }
    return 0;
}

static struct wh_encoder_binding *make_binding(const struct wh_shape *shape,
                                               const uint32_t *indices, size_t found,
                                               const struct wh_buffer *absent)
{
    size_t count = found, text = absent->length;
    for (size_t i = 0; i < absent->length; i++)
        count += absent->data[i] == '\0';
    for (size_t i = 0; i < found; i++)
        text += shape->columns[indices[i]].length;
    struct wh_encoder_binding *binding =
        wh_alloc(1, sizeof *binding + count * sizeof *binding->columns + text);
    binding->serial = wh_shape_serial();
    binding->lacks = count > found;
    binding->count = count;
    char *next = (char *)&binding->columns[count];
    for (size_t i = 0; i < found; i++) {
        const struct wh_column *column = &shape->columns[indices[i]];
        memcpy(next, column->name, column->length);
        binding->columns[i].name = next;
        binding->columns[i].length = column->length;
        binding->columns[i].field = (int32_t)indices[i];
        next += column->length;
    }
    if (absent->length)
        memcpy(next, absent->data, absent->length);
    for (size_t i = found; i < count; i++) {
        binding->columns[i].name = next;
        binding->columns[i].length = (uint32_t)strlen(next);
        binding->columns[i].field = -1;
        next += binding->columns[i].length + 1;
    }
    return binding;
}

struct wh_encoder_binding *wh_encoder_bind(struct wh_encoder *encoder,
                                           const struct wh_shape *shape,
                                           struct wh_features *features, struct wh_error *error)
{
    struct wh_encoder_binding *binding = NULL;
    struct wh_buffer absent = { 0 };
    uint32_t *indices = wh_alloc(shape->count, sizeof *indices);
    int found = wh_columns_resolve(encoder->step.columns, shape, true, indices, error);
    if (found >= 0 && find_absent(encoder, shape, features, &absent, error) == 0)
        binding = make_binding(shape, indices, (size_t)found, &absent);
    free(indices);
    wh_buffer_free(&absent);
    return binding;
}

void wh_encoder_columns(struct wh_step *step, struct wh_binding *binding)
{
    wh_features_pass(step->context->features, (struct wh_encoder_binding *)binding);
}

struct wh_encoder_binding *wh_encoder_bind_numbers(struct wh_encoder *encoder,
                                                   const struct wh_shape *shape,
                                                   struct wh_features *features,
                                                   struct wh_error *error)
{
    struct wh_encoder_binding *binding = wh_encoder_bind(encoder, shape, features, error);
    for (size_t i = 0; binding && i < binding->count; i++) {
        struct wh_encoder_column *column = &binding->columns[i];
        column->feature = wh_features_name(features, features, column->name, column->length, error);
        if (!column->feature) {
            free(binding);
            return NULL;
        }
    }
    return binding;
}

/* Numbers. */

void *wh_encoder_no_number(const char *op, const struct wh_encoder_column *column,
                           struct wh_row *row, struct wh_error *error)
{
    const struct wh_field *field = &row->fields[column->field];
    struct wh_slice text = wh_row_text(row, field);
    char shown[96];
    wh_quote(shown, text.text, text.length);
    if (field->type == WH_NUMBER)
        wh_bad_row(error, op, column->name, column->length, 0,
                   "%s is larger than any double", shown);
    else if (field->type == WH_NESTED)
        wh_bad_row(error, op, column->name, column->length, 0,
                   *text.text == '[' ? "an array is not a number (jq -c '.COL |= .[0]' takes its "
                                       "first value)"
                                     : "an object is not a number (see --flatten)");
    else
        wh_bad_row(error, op, column->name, column->length, 0,
                   "%s is not a number (see --type, --null-value and --onehot)", shown);
    return NULL;
}

struct wh_feature_item *wh_encoder_number(const char *op, const struct wh_encoder_column *column,
                                          struct wh_row *row, struct wh_features *features,
                                          struct wh_error *error)
{
    struct wh_feature_item *item = wh_features_find(features, column->feature);
    if (item) {
        if (item->kind == WH_FEATURE_TEXT) {
            item->number = wh_number_parse(item->text, item->length);
            item->kind = WH_FEATURE_NUMBER;
        }
        return item;
    }
    double number = 0;
    bool null = wh_encoder_null(column, row);
    if (!null && (!wh_field_number(&row->fields[column->field], &number) || !isfinite(number)))
        return wh_encoder_no_number(op, column, row, error);
    item = wh_features_add(features, column->feature);
    item->kind = null ? WH_FEATURE_NULL : WH_FEATURE_NUMBER;
    item->number = number;
    return item;
}

/* What feeds what. */

bool wh_encoder_feeds_none(const struct wh_step *step, const struct wh_step *later)
{
    (void)step;
    (void)later;
    return false;
}

bool wh_encoder_feeds_numbers(const struct wh_step *step, const struct wh_step *later)
{
    if (!later->type->of_numbers)
        return false;
    const struct wh_columns *own = step->columns;
    const struct wh_columns *other = later->columns;
    return wh_columns_overlap(own, other);
}
