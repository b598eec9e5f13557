#include "clean/chosen.h"
#include "pipe/step_argument.h"

#include <stdlib.h>
#include <string.h>

/* Appends a name so that the columns' syntax reads it as nothing but that name. */
static void add_name(struct wh_buffer *out, const char *name, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (strchr(",-/!\\", name[i]))
            wh_buffer_byte(out, '\\');
        wh_buffer_byte(out, name[i]);
    }
}

static int columns_of_array(const json_t *array, struct wh_columns **columns,
                            struct wh_error *error)
{
    struct wh_buffer text = { 0 };
    size_t index;
    json_t *name;
    json_array_foreach((json_t *)array, index, name) {
        if (json_string_length(name) == 0) {
            wh_buffer_free(&text);
            return wh_fail(error, WH_REFUSED, "\"columns\" must hold names of columns");
        }
        if (index > 0)
            wh_buffer_byte(&text, ',');
        add_name(&text, json_string_value(name), json_string_length(name));
    }
    int failed = wh_columns_parse(text.data ? text.data : "", text.length, columns, error);
    wh_buffer_free(&text);
    return failed;
}

int wh_chosen_columns(const json_t *recipe, struct wh_columns **columns, struct wh_error *error)
{
    const json_t *one = json_object_get(recipe, "column");
    const json_t *many = json_object_get(recipe, "columns");
    if (one && many)
        return wh_fail(error, WH_REFUSED, "either \"column\" or \"columns\", not both");
    if (json_is_array(many))
        return columns_of_array(many, columns, error);
    const json_t *text = one ? one : many;
    if (!json_is_string(text))
        return wh_fail(error, WH_REFUSED, "\"columns\" must say which columns, as in \"a,b\"");
    return wh_columns_parse(json_string_value(text), json_string_length(text), columns, error);
}

json_t *wh_chosen_value_argument(const char *argument, const char *key, struct wh_error *error)
{
    json_t *object = wh_parse_value_argument(argument, key, error);
    if (!object)
        return NULL;
    json_t *columns = json_object_get(object, "column");
    if (strpbrk(json_string_value(columns), ",-/!\\")) {
        json_object_set(object, "columns", columns);
        json_object_del(object, "column");
    }
    return object;
}

struct wh_binding *wh_chosen_bind(struct wh_step *step, const struct wh_shape *shape,
                                  struct wh_error *error)
{
    struct wh_chosen *chosen = wh_alloc(1, sizeof *chosen + shape->count * sizeof(uint32_t));
    int count = wh_step_resolve(step, step->columns, shape, chosen->indices, error);
    if (count < 0) {
        free(chosen);
        return NULL;
    }
    chosen->count = (uint32_t)count;
    return &chosen->base;
}

void wh_chosen_close(struct wh_step *step)
{
    wh_columns_free(step->columns);
    free(step);
}

struct wh_step *wh_chosen_open(const json_t *recipe, const struct wh_step_ops *ops,
                               struct wh_error *error)
{
    struct wh_step *step = wh_alloc(1, sizeof *step);
    step->ops = ops;
    if (wh_chosen_columns(recipe, &step->columns, error) < 0) {
        free(step);
        return NULL;
    }
    return step;
}
