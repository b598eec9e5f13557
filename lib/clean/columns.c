/* --select, --exclude and --rename: which columns there are, and their names. */
#include <stdlib.h>

#include "clean/chosen.h"
#include "clean/table.h"
#include "pipe/step_argument.h"

static const char *const only_columns[] = { "columns", "column", NULL };

/* Takes the fields of the columns in the order of chosen->indices. */
static enum wh_verdict pick_row(struct wh_step *step, struct wh_binding *binding,
                                struct wh_row *row, struct wh_error *error)
{
    (void)step, (void)error;
    const struct wh_chosen *chosen = (const struct wh_chosen *)binding;
    if (!binding->shape)
        return WH_PASSED;
    struct wh_field *fields = wh_row_fields(row, chosen->count);
    for (uint32_t i = 0; i < chosen->count; i++)
        fields[i] = row->fields[chosen->indices[i]];
    row->fields = fields;
    row->changed = true;
    return WH_PASSED;
}

/* Gives the binding the shape of its columns, unless these are all there are, in their order. */
static void make_shape(struct wh_chosen *chosen, const struct wh_shape *shape)
{
    bool same = chosen->count == shape->count;
    struct wh_column *columns = wh_alloc(chosen->count, sizeof *columns);
    for (uint32_t i = 0; i < chosen->count; i++) {
        columns[i] = shape->columns[chosen->indices[i]];
        same = same && chosen->indices[i] == i;
    }
    if (!same)
        chosen->base.shape = wh_shape_open(columns, chosen->count);
    free(columns);
}

static struct wh_binding *select_bind(struct wh_step *step, const struct wh_shape *shape,
                                      struct wh_error *error)
{
    struct wh_binding *binding = wh_chosen_bind(step, shape, error);
    if (binding)
        make_shape((struct wh_chosen *)binding, shape);
    return binding;
}

static struct wh_step *select_create(const json_t *recipe, struct wh_error *error)
{
    static const struct wh_step_ops ops = {
        .bind = select_bind, .row = pick_row, .close = wh_chosen_close,
    };
    return wh_chosen_open(recipe, &ops, error);
}

const struct wh_step_type wh_clean_select = {
    .op = "select",
    .argument = "COLS",
    .help = "keep these columns only, in this order",
    .keys = only_columns,
    .parse = wh_parse_columns_argument,
    .create = select_create,
};

/* Turns the columns chosen into those not chosen. */
static void complement(struct wh_chosen *chosen, const struct wh_shape *shape)
{
    bool *out = wh_alloc(shape->count, sizeof *out);
    for (uint32_t i = 0; i < chosen->count; i++)
        out[chosen->indices[i]] = true;
    chosen->count = 0;
    for (uint32_t i = 0; i < shape->count; i++)
        if (!out[i])
            chosen->indices[chosen->count++] = i;
    free(out);
}

static struct wh_binding *exclude_bind(struct wh_step *step, const struct wh_shape *shape,
                                       struct wh_error *error)
{
    struct wh_binding *binding = wh_chosen_bind(step, shape, error);
    if (binding) {
        complement((struct wh_chosen *)binding, shape);
        make_shape((struct wh_chosen *)binding, shape);
    }
    return binding;
}

static struct wh_step *exclude_create(const json_t *recipe, struct wh_error *error)
{
    static const struct wh_step_ops ops = {
        .bind = exclude_bind, .row = pick_row, .close = wh_chosen_close,
    };
    return wh_chosen_open(recipe, &ops, error);
}

const struct wh_step_type wh_clean_exclude = {
    .op = "exclude",
    .argument = "COLS",
    .help = "take these columns out",
    .keys = only_columns,
    .parse = wh_parse_columns_argument,
    .create = exclude_create,
};

struct renaming {
    struct wh_columns *old;
    struct wh_column new;
};

struct rename {
    struct wh_step base;
    json_t *names; /* {"old":"new"}: what the new names point into */
    size_t count;
    struct renaming pairs[];
};

/* Refuses a new name that another column has too: the step, or a later row that brings it. */
static int check_name(const struct rename *self, const struct wh_column *columns, uint32_t count,
                      uint32_t index, struct wh_error *error)
{
    const struct wh_column *new = &columns[index];
    for (uint32_t i = 0; i < count; i++) {
        if (i == index || columns[i].length != new->length ||
            memcmp(columns[i].name, new->name, new->length) != 0)
            continue;
        char quoted[96];
        wh_quote(quoted, new->name, new->length);
        if (self->base.lenient)
            return wh_bad_row(error, "rename", new->name, new->length, 0,
                              "there would be two columns %s", quoted);
        return wh_fail(error, WH_REFUSED, "rename: there would be two columns %s", quoted);
    }
    return 0;
}

/* Puts the new names into `columns` and notes in `renamed` which got one; how many, or -1. */
static int put_names(const struct rename *self, const struct wh_shape *shape,
                     struct wh_column *columns, uint32_t *renamed, struct wh_error *error)
{
    int total = 0;
    uint32_t *index = wh_alloc(shape->count, sizeof *index);
    for (size_t i = 0; i < self->count && total >= 0; i++) {
        int count = wh_step_resolve(&self->base, self->pairs[i].old, shape, index, error);
        if (count > 0) {
            columns[index[0]] = self->pairs[i].new;
            renamed[total] = index[0];
        }
        total = count < 0 ? -1 : total + count;
    }
    free(index);
    for (int i = 0; i < total; i++)
        if (check_name(self, columns, shape->count, renamed[i], error) < 0)
            total = -1;
    return total;
}

static struct wh_binding *rename_bind(struct wh_step *step, const struct wh_shape *shape,
                                      struct wh_error *error)
{
    struct wh_column *columns = wh_alloc(shape->count, sizeof *columns);
    uint32_t *renamed = wh_alloc(shape->count, sizeof *renamed);
    if (shape->count)
        memcpy(columns, shape->columns, shape->count * sizeof *columns);
    int count = put_names((const struct rename *)step, shape, columns, renamed, error);
    struct wh_binding *binding = count < 0 ? NULL : wh_alloc(1, sizeof *binding);
    if (count > 0)
        binding->shape = wh_shape_open(columns, shape->count);
    free(renamed);
    free(columns);
    return binding;
}

static enum wh_verdict rename_row(struct wh_step *step, struct wh_binding *binding,
                                  struct wh_row *row, struct wh_error *error)
{
    (void)step, (void)error;
    if (binding->shape)
        row->changed = true;
    return WH_PASSED;
}

static void rename_close(struct wh_step *step)
{
    struct rename *self = (struct rename *)step;
    for (size_t i = 0; i < self->count; i++)
        wh_columns_free(self->pairs[i].old);
    json_decref(self->names);
    free(self);
}

static int add_pair(struct rename *self, const char *old, const json_t *new,
                    struct wh_error *error)
{
    const char *name = json_string_value(new);
    if (!name || !*name || !*old)
        return wh_fail(error, WH_REFUSED, "\"names\" must be {\"old\":\"new\"}");
    if (strcmp(name, "@wh") == 0)
        return wh_fail(error, WH_REFUSED, "the name @wh belongs to control records");
    json_t *only = json_pack("{s:[s]}", "columns", old);
    struct renaming *pair = &self->pairs[self->count];
    int failed = wh_chosen_columns(only, &pair->old, error);
    json_decref(only);
    if (failed)
        return -1;
    pair->new = wh_column_named(name);
    self->count++;
    return 0;
}

static struct wh_step *rename_create(const json_t *recipe, struct wh_error *error)
{
    static const struct wh_step_ops ops = {
        .bind = rename_bind, .row = rename_row, .close = rename_close,
    };
    json_t *names = json_object_get(recipe, "names");
    size_t size = json_object_size(names);
    if (size == 0) {
        wh_fail(error, WH_REFUSED, "\"names\" must be {\"old\":\"new\"}");
        return NULL;
    }
    struct rename *self = wh_alloc(1, sizeof *self + size * sizeof *self->pairs);
    self->base.ops = &ops;
    self->names = json_incref(names);
    const char *old;
    json_t *new;
    json_object_foreach(names, old, new) {
        if (add_pair(self, old, new, error) < 0) {
            rename_close(&self->base);
            return NULL;
        }
    }
    return &self->base;
}

/* Takes a name up to `stop` off *text, a backslash taking the meaning from what follows it. */
static char *take_name(const char **text, const char *stops)
{
    struct wh_buffer name = { 0 };
    const char *next = *text;
    for (; *next && !strchr(stops, *next); next++) {
        if (*next == '\\' && next[1])
            next++;
        wh_buffer_byte(&name, *next);
    }
    *text = next;
    return wh_buffer_text(&name);
}

/* Adds one "OLD=NEW" and goes after it. */
static int parse_pair(json_t *names, const char **text, struct wh_error *error)
{
    const char *begin = *text;
    char *old = take_name(text, "=,");
    char *new = **text == '=' ? (++*text, take_name(text, ",")) : NULL;
    char quoted[96];
    int failed = 0;
    if (!new || !*new || !*old)
        failed = wh_fail(error, WH_REFUSED, "%s is not OLD=NEW",
                         wh_quote(quoted, begin, (size_t)(*text - begin)));
    else if (json_object_get(names, old))
        failed = wh_fail(error, WH_REFUSED, "%s is renamed twice",
                         wh_quote(quoted, old, strlen(old)));
    else if (json_object_set_new(names, old, json_string(new)) < 0)
        failed = wh_fail(error, WH_REFUSED, "%s is not valid UTF-8",
                         wh_quote(quoted, begin, (size_t)(*text - begin)));
    free(old);
    free(new);
    return failed;
}

/* "OLD=NEW[,OLD=NEW]...". */
static json_t *rename_parse(const char *argument, struct wh_error *error)
{
    json_t *names = json_object();
    for (const char *next = argument;; next++) {
        if (parse_pair(names, &next, error) < 0) {
            json_decref(names);
            return NULL;
        }
        if (!*next)
            return json_pack("{s:o}", "names", names);
    }
}

const struct wh_step_type wh_clean_rename = {
    .op = "rename",
    .argument = "OLD=NEW,...",
    .help = "give columns other names, all at once",
    .keys = (const char *const[]){ "names", NULL },
    .parse = rename_parse,
    .create = rename_create,
};
