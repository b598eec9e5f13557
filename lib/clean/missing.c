/* --fill and --drop-missing: what to do about null. */
#include <stdlib.h>

#include "clean/chosen.h"
#include "clean/clean.h"
#include "pipe/recipe.h"
#include "record/json.h"

struct fill {
    struct wh_chosen_step chosen;
    struct wh_field value;
    char *text; /* of the value, with room behind it */
};

static enum wh_pass fill_row(struct wh_step *step, struct wh_binding *binding, struct wh_row *row,
                             struct wh_features *features, struct wh_error *error)
{
    (void)features, (void)error;
    const struct fill *self = (const struct fill *)step;
    const struct wh_chosen *chosen = (const struct wh_chosen *)binding;
    for (uint32_t i = 0; i < chosen->count; i++) {
        struct wh_field *field = &row->fields[chosen->indices[i]];
        if (field->type != WH_NULL)
            continue;
        *field = self->value;
        row->changed = true;
    }
    return WH_PASS_KEEP;
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
    struct fill made = { .chosen.base.ops = &ops };
    if (wh_chosen_columns(recipe, &made.chosen.columns, error) < 0)
        return NULL;
    if (read_value(json_object_get(recipe, "value"), &made, error) < 0) {
        wh_columns_free(made.chosen.columns);
        return NULL;
    }
    struct fill *self = wh_alloc(1, sizeof *self);
    *self = made;
    return &self->chosen.base;
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

struct drop_missing {
    struct wh_chosen_step chosen;
    json_t *unseen; /* keys: columns named that no row has had so far */
};

/* Whether a column that was named is absent; first notes such ones, then strikes off what came. */
static bool look_for_absent(struct drop_missing *self, const struct wh_shape *shape)
{
    size_t item = 0, length;
    const char *name = wh_columns_absent(self->chosen.columns, shape, &item, &length);
    bool absent = name != NULL;
    if (!self->chosen.base.met) {
        for (; name; name = wh_columns_absent(self->chosen.columns, shape, &item, &length))
            json_object_set_new(self->unseen, name, json_null());
        return absent;
    }
    void *next;
    json_t *nothing;
    json_object_foreach_safe(self->unseen, next, name, nothing)
        if (wh_shape_find(shape, name, strlen(name)) >= 0)
            json_object_del(self->unseen, name);
    return absent;
}

static struct wh_binding *drop_missing_bind(struct wh_step *step, const struct wh_shape *shape,
                                            struct wh_features *features, struct wh_error *error)
{
    (void)features;
    struct drop_missing *self = (struct drop_missing *)step;
    struct needed *needed = wh_alloc(1, sizeof *needed + shape->count * sizeof(uint32_t));
    /* Where rows vary, an absent column is what this step is for. */
    step->lenient = step->varying;
    int count = wh_step_resolve(step, self->chosen.columns, shape, needed->indices, error);
    if (count < 0) {
        free(needed);
        return NULL;
    }
    needed->absent = look_for_absent(self, shape);
    needed->count = (uint32_t)count;
    return &needed->base;
}

static enum wh_pass drop_missing_row(struct wh_step *step, struct wh_binding *binding,
                                     struct wh_row *row, struct wh_features *features,
                                     struct wh_error *error)
{
    (void)step, (void)features, (void)error;
    const struct needed *needed = (const struct needed *)binding;
    if (needed->absent)
        return WH_PASS_DROP;
    for (uint32_t i = 0; i < needed->count; i++)
        if (row->fields[needed->indices[i]].type == WH_NULL)
            return WH_PASS_DROP;
    return WH_PASS_KEEP;
}

/* A column that no row had is a slip after all. */
static int drop_missing_finish(struct wh_step *step, struct wh_error *error)
{
    const struct drop_missing *self = (const struct drop_missing *)step;
    const char *name = json_object_iter_key(json_object_iter(self->unseen));
    if (!name)
        return 0;
    char quoted[96];
    return wh_fail(error, WH_REFUSED, "drop_missing: no row has a column %s",
                   wh_quote(quoted, name, strlen(name)));
}

/* State: the columns that no row has had. */

static void drop_missing_save(const struct wh_step *step, struct wh_buffer *text)
{
    json_t *names = json_array();
    const char *name;
    json_t *nothing;
    json_object_foreach(((const struct drop_missing *)step)->unseen, name, nothing)
        json_array_append_new(names, json_string(name));
    wh_json_canonical(text, names);
    json_decref(names);
}

static int drop_missing_load(struct wh_step *step, const json_t *state, struct wh_slice tape,
                             struct wh_error *error)
{
    (void)tape;
    struct drop_missing *self = (struct drop_missing *)step;
    size_t i;
    json_t *name;
    if (!json_is_array(state))
        return wh_fail(error, WH_REFUSED, "the state is no list of columns");
    json_array_foreach((json_t *)state, i, name) {
        if (!json_is_string(name))
            return wh_fail(error, WH_REFUSED, "the state is no list of columns");
        json_object_set_new(self->unseen, json_string_value(name), json_null());
    }
    return 0;
}

static void drop_missing_close(struct wh_step *step)
{
    json_decref(((struct drop_missing *)step)->unseen);
    wh_chosen_close(step);
}

static struct wh_step *drop_missing_create(const json_t *recipe, struct wh_error *error)
{
    static const struct wh_step_ops ops = {
        .bind = drop_missing_bind, .row = drop_missing_row, .save = drop_missing_save,
        .load = drop_missing_load, .finish = drop_missing_finish, .close = drop_missing_close,
    };
    struct wh_columns *columns;
    if (wh_chosen_columns(recipe, &columns, error) < 0)
        return NULL;
    struct drop_missing *self = wh_alloc(1, sizeof *self);
    self->chosen = (struct wh_chosen_step){ { .ops = &ops }, columns };
    self->unseen = json_object();
    return &self->chosen.base;
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
