/* --fill and --drop-missing: what to do about null. */
#include <stdlib.h>

#include "clean/chosen.h"
#include "clean/table.h"
#include "pipe/step_argument.h"
#include "record/canonical.h"
#include "record/json.h"

struct fill {
    struct wh_step base;
    struct wh_field value;
    char *text; /* of the value, with room after it */
};

static enum wh_verdict fill_row(struct wh_step *step, struct wh_binding *binding,
                                struct wh_row *row, struct wh_error *error)
{
    (void)error;
    const struct fill *self = (const struct fill *)step;
    const struct wh_chosen *chosen = (const struct wh_chosen *)binding;
    for (uint32_t i = 0; i < chosen->count; i++) {
        struct wh_field *field = &row->fields[chosen->indices[i]];
        if (field->type != WH_NULL)
            continue;
        *field = self->value;
        row->changed = true;
    }
    return WH_PASSED;
}

static void fill_close(struct wh_step *step)
{
    free(((struct fill *)step)->text);
    wh_chosen_close(step);
}

/* The text a field with this value has; free() it. */
static char *value_text(const json_t *value, struct wh_field *field)
{
    struct wh_buffer text = { 0 };
    if (json_is_string(value))
        wh_buffer_add(&text, json_string_value(value), json_string_length(value));
    else
        wh_json_canonical(&text, value);
    field->length = (uint32_t)text.length;
    memset(wh_buffer_reserve(&text, WH_SLACK), 0, WH_SLACK);
    field->text = text.data;
    return text.data;
}

static int read_value(const json_t *value, struct fill *self, struct wh_error *error)
{
    struct wh_field *field = &self->value;
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_NULL:
        return wh_fail(error, WH_REFUSED, "\"value\" must be something other than null");
    case JSON_ARRAY:
    case JSON_OBJECT: field->type = WH_NESTED; break;
    case JSON_STRING: field->type = WH_STRING; break;
    case JSON_INTEGER:
    case JSON_REAL: field->type = WH_NUMBER; break;
    case JSON_TRUE: field->type = WH_TRUE; break;
    case JSON_FALSE: field->type = WH_FALSE; break;
    }
    self->text = value_text(value, field);
    if (field->type == WH_STRING && wh_json_safe(field->text, field->length))
        field->flags = WH_JSON_SAFE;
    return 0;
}

static struct wh_step *fill_create(const json_t *recipe, struct wh_error *error)
{
    static const struct wh_step_ops ops = {
        .bind = wh_chosen_bind, .row = fill_row, .close = fill_close,
    };
    struct fill made = { .base.ops = &ops };
    if (wh_chosen_columns(recipe, &made.base.columns, error) < 0)
        return NULL;
    if (read_value(json_object_get(recipe, "value"), &made, error) < 0) {
        wh_columns_free(made.base.columns);
        return NULL;
    }
    struct fill *self = wh_alloc(1, sizeof *self);
    *self = made;
    return &self->base;
}

static json_t *fill_parse(const char *argument, struct wh_error *error)
{
    return wh_chosen_value_argument(argument, "value", error);
}

const struct wh_step_type wh_clean_fill = {
    .op = "fill",
    .argument = "COLS=VALUE",
    .help = "put VALUE where there is null",
    .keys = (const char *const[]){ "columns", "column", "value", NULL },
    .parse = fill_parse,
    .create = fill_create,
};

/* Columns whose null leaves the row out; and whether one is absent, which does so too. */
struct needed {
    struct wh_binding base;
    bool absent;
    uint32_t count;
    uint32_t indices[];
};

static struct wh_binding *drop_missing_bind(struct wh_step *step, const struct wh_shape *shape,
                                            struct wh_error *error)
{
    struct needed *needed = wh_alloc(1, sizeof *needed + shape->count * sizeof(uint32_t));
    /* Where rows vary, an absent column is what this step is for. */
    step->lenient = step->varying;
    int count = wh_step_resolve(step, step->columns, shape, needed->indices, error);
    if (count < 0) {
        free(needed);
        return NULL;
    }
    size_t item = 0, length;
    needed->absent = wh_columns_absent(step->columns, shape, &item, &length) != NULL;
    needed->count = (uint32_t)count;
    return &needed->base;
}

static enum wh_verdict drop_missing_row(struct wh_step *step, struct wh_binding *binding,
                                        struct wh_row *row, struct wh_error *error)
{
    (void)step, (void)error;
    const struct needed *needed = (const struct needed *)binding;
    if (needed->absent)
        return WH_DROPPED;
    for (uint32_t i = 0; i < needed->count; i++)
        if (row->fields[needed->indices[i]].type == WH_NULL)
            return WH_DROPPED;
    return WH_PASSED;
}

static struct wh_step *drop_missing_create(const json_t *recipe, struct wh_error *error)
{
    static const struct wh_step_ops ops = {
        .bind = drop_missing_bind, .row = drop_missing_row, .close = wh_chosen_close,
    };
    return wh_chosen_open(recipe, &ops, error);
}

const struct wh_step_type wh_clean_drop_missing = {
    .op = "drop_missing",
    .argument = "COLS",
    .help = "leave out rows where one of these is null or absent",
    .keys = (const char *const[]){ "columns", "column", NULL },
    .parse = wh_parse_columns_argument,
    .create = drop_missing_create,
    .drops = true,
};
