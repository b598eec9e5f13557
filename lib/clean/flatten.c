/*
 * --flatten: {"a":{"b":1}} becomes {"a.b":1}. Arrays and empty objects stay as they are.
 *
 * Which columns come out depends on what is inside a row's objects, not on its shape alone. So
 * the step notes the keys it meets as it walks, and finds the shape that belongs to these notes.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "clean/chosen.h"
#include "clean/table.h"
#include "pipe/step_argument.h"
#include "record/json.h"

enum {
    SLOTS = 64,
    MAX_COLUMNS = 1 << 17, /* in all shapes remembered; beyond it they are made anew */
};

/* The shape that rows with certain notes get. */
struct flat {
    struct wh_shape *shape;
    char *notes;
    size_t length;
};

struct flatten {
    struct wh_step base;
    char *separator;
    size_t depth;               /* how many levels are opened */
    struct flat slots[SLOTS];
    size_t remembered;          /* columns of the shapes in the slots */
    /* About the row at hand. */
    struct wh_buffer notes;
    struct wh_buffer fields;    /* struct wh_field each */
    struct wh_buffer opened;    /* bool each: the field came out of an object */
};

static bool opens(const struct wh_field *field)
{
    if (field->type != WH_NESTED || field->text[0] != '{')
        return false;
    struct wh_json_walk walk;
    wh_json_walk_begin(&walk, field->text);
    return *walk.next != '}';
}

static void note(struct flatten *self, char mark, const char *bytes, size_t length)
{
    uint32_t size = (uint32_t)length;
    wh_buffer_byte(&self->notes, mark);
    wh_buffer_add(&self->notes, &size, sizeof size);
    wh_buffer_add(&self->notes, bytes, length);
}

static void add_field(struct flatten *self, const struct wh_field *field, bool opened)
{
    wh_buffer_add(&self->fields, field, sizeof *field);
    wh_buffer_add(&self->opened, &opened, sizeof opened);
}

/* Collects the fields inside an object, and notes its keys. */
static void collect(struct flatten *self, const struct wh_field *field, size_t depth)
{
    struct wh_json_walk walk;
    wh_json_walk_begin(&walk, field->text);
    while (wh_json_walk_next(&walk)) {
        bool deeper = depth > 1 && opens(&walk.field);
        note(self, deeper ? '{' : '=', walk.key, walk.key_length);
        if (deeper)
            collect(self, &walk.field, depth - 1);
        else
            add_field(self, &walk.field, true);
    }
    wh_buffer_byte(&self->notes, '}');
}

/*
 * The columns that come out, in the order of the fields. `names` holds the new ones' names one
 * after the other with a NUL each; it moves while it grows, so they are pointed at afterwards.
 */
struct naming {
    const struct flatten *self;
    struct wh_buffer prefix;
    struct wh_buffer names;
    struct wh_column *columns;
    size_t count;
};

static void add_key(struct wh_buffer *out, const struct wh_json_walk *walk)
{
    char *place = wh_buffer_reserve(out, walk->key_length);
    if (walk->key_escaped)
        out->length += wh_json_unescape(walk->key, walk->key_length, place);
    else
        wh_buffer_add(out, walk->key, walk->key_length);
}

/* Names what collect() collected, in the same order. */
static void name_members(struct naming *naming, const struct wh_field *field, size_t depth)
{
    size_t length = naming->prefix.length;
    struct wh_json_walk walk;
    wh_json_walk_begin(&walk, field->text);
    while (wh_json_walk_next(&walk)) {
        wh_buffer_add(&naming->prefix, naming->self->separator, strlen(naming->self->separator));
        add_key(&naming->prefix, &walk);
        if (depth > 1 && opens(&walk.field)) {
            name_members(naming, &walk.field, depth - 1);
        } else {
            naming->columns[naming->count++].length = (uint32_t)naming->prefix.length;
            wh_buffer_add(&naming->names, naming->prefix.data, naming->prefix.length);
            wh_buffer_byte(&naming->names, '\0');
        }
        naming->prefix.length = length;
    }
}

static void name_columns(struct naming *naming, const struct wh_row *row, const bool *chosen)
{
    for (uint32_t i = 0; i < row->shape->count; i++) {
        const struct wh_column *column = &row->shape->columns[i];
        if (!chosen[i] || !opens(&row->fields[i])) {
            naming->columns[naming->count++] = *column;
            continue;
        }
        naming->prefix.length = 0;
        wh_buffer_add(&naming->prefix, column->name, column->length);
        name_members(naming, &row->fields[i], naming->self->depth);
    }
    const char *name = naming->names.data;
    for (size_t i = 0; i < naming->count; i++) {
        if (naming->columns[i].name)
            continue;
        naming->columns[i].name = name;
        name += naming->columns[i].length + 1;
    }
}

static int compare_columns(const void *a, const void *b)
{
    const struct wh_column *left = a, *right = b;
    if (left->length != right->length)
        return left->length < right->length ? -1 : 1;
    return memcmp(left->name, right->name, left->length);
}

/* Refuses two columns of one name. */
static int check_names(const struct wh_column *columns, size_t count, struct wh_error *error)
{
    struct wh_column *sorted = wh_alloc(count, sizeof *sorted);
    memcpy(sorted, columns, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_columns);
    int failed = 0;
    for (size_t i = 1; i < count && !failed; i++) {
        char quoted[96];
        if (compare_columns(&sorted[i - 1], &sorted[i]) == 0)
            failed = wh_bad_row(error, "flatten", sorted[i].name, sorted[i].length, 0,
                                "there would be two columns %s (another separator may help)",
                                wh_quote(quoted, sorted[i].name, sorted[i].length));
    }
    free(sorted);
    return failed;
}

static struct wh_shape *make_shape(const struct flatten *self, const struct wh_row *row,
                                   const bool *chosen, size_t count, struct wh_error *error)
{
    struct naming naming = { .self = self };
    naming.columns = wh_alloc(count, sizeof *naming.columns);
    name_columns(&naming, row, chosen);
    struct wh_shape *shape = NULL;
    if (check_names(naming.columns, count, error) == 0)
        shape = wh_shape_open(naming.columns, count);
    wh_buffer_free(&naming.prefix);
    wh_buffer_free(&naming.names);
    free(naming.columns);
    return shape;
}

static void forget(struct flatten *self, struct flat *flat)
{
    if (!flat->shape)
        return;
    self->remembered -= flat->shape->count;
    wh_shape_close(flat->shape);
    free(flat->notes);
    *flat = (struct flat){ 0 };
}

static void forget_all(struct flatten *self)
{
    for (size_t i = 0; i < SLOTS; i++)
        forget(self, &self->slots[i]);
}

/* The shape for the notes taken; NULL with a bad row's error. */
static struct wh_shape *find_shape(struct flatten *self, const struct wh_row *row,
                                   const bool *chosen, struct wh_error *error)
{
    const struct wh_buffer *notes = &self->notes;
    struct flat *flat = &self->slots[wh_hash(notes->data, notes->length) % SLOTS];
    if (flat->length == notes->length && flat->shape &&
        memcmp(flat->notes, notes->data, notes->length) == 0)
        return flat->shape;
    size_t count = self->fields.length / sizeof(struct wh_field);
    struct wh_shape *shape = make_shape(self, row, chosen, count, error);
    if (!shape)
        return NULL;
    /* The row still has its old shape, so none of ours is in use. */
    if (self->remembered > MAX_COLUMNS)
        forget_all(self);
    forget(self, flat);
    *flat = (struct flat){ shape, wh_copy(notes->data, notes->length), notes->length };
    self->remembered += count;
    return shape;
}

/* Which columns may be opened. */
struct openable {
    struct wh_binding base;
    bool chosen[];
};

static struct wh_binding *flatten_bind(struct wh_step *step, const struct wh_shape *shape,
                                       struct wh_error *error)
{
    struct openable *openable = wh_alloc(1, sizeof *openable + shape->count * sizeof(bool));
    if (!step->columns) { /* all */
        memset(openable->chosen, true, shape->count);
        return &openable->base;
    }
    uint32_t *indices = wh_alloc(shape->count, sizeof *indices);
    int count = wh_step_resolve(step, step->columns, shape, indices, error);
    for (int i = 0; i < count; i++)
        openable->chosen[indices[i]] = true;
    free(indices);
    if (count >= 0)
        return &openable->base;
    free(openable);
    return NULL;
}

/* Holds what came out of the row's objects against --null-value. */
static void declare_nulls(const struct flatten *self, struct wh_row *row)
{
    const bool *opened = (const bool *)self->opened.data;
    for (uint32_t i = 0; self->base.nulls && i < row->shape->count; i++)
        if (opened[i])
            wh_step_made(&self->base, row, i);
}

/* Collects the row's new fields; false where there is nothing to open. */
static bool open_row(struct flatten *self, const bool *chosen, const struct wh_row *row)
{
    self->notes.length = self->fields.length = self->opened.length = 0;
    wh_buffer_add(&self->notes, &row->shape->serial, sizeof row->shape->serial);
    bool opened = false;
    for (uint32_t i = 0; i < row->shape->count; i++) {
        const struct wh_field *field = &row->fields[i];
        if (chosen[i] && opens(field)) {
            opened = true;
            note(self, '{', (const char *)&i, sizeof i);
            collect(self, field, self->depth);
        } else {
            add_field(self, field, false);
        }
    }
    return opened;
}

static enum wh_verdict flatten_row(struct wh_step *step, struct wh_binding *binding,
                                   struct wh_row *row, struct wh_error *error)
{
    struct flatten *self = (struct flatten *)step;
    const bool *chosen = ((const struct openable *)binding)->chosen;
    if (!open_row(self, chosen, row))
        return WH_PASSED;
    size_t count = self->fields.length / sizeof(struct wh_field);
    if (count > WH_MAX_COLUMNS) {
        wh_bad_row(error, "flatten", NULL, 0, 0, "there would be more than %d columns",
                   WH_MAX_COLUMNS);
        return WH_BAD;
    }
    struct wh_shape *shape = find_shape(self, row, chosen, error);
    if (!shape)
        return WH_BAD;
    struct wh_field *fields = wh_row_fields(row, count);
    memcpy(fields, self->fields.data, self->fields.length);
    row->fields = fields;
    row->shape = shape;
    row->changed = true;
    declare_nulls(self, row);
    return WH_PASSED;
}

static void flatten_close(struct wh_step *step)
{
    struct flatten *self = (struct flatten *)step;
    forget_all(self);
    wh_columns_free(step->columns);
    wh_buffer_free(&self->notes);
    wh_buffer_free(&self->fields);
    wh_buffer_free(&self->opened);
    free(self->separator);
    free(self);
}

static int read_recipe(const json_t *recipe, struct flatten *self, struct wh_error *error)
{
    const json_t *separator = json_object_get(recipe, "separator");
    const json_t *depth = json_object_get(recipe, "depth");
    if (separator && !json_is_string(separator))
        return wh_fail(error, WH_REFUSED, "\"separator\" must be a string");
    if (depth && json_integer_value(depth) < 1)
        return wh_fail(error, WH_REFUSED, "\"depth\" must be a whole number from 1");
    const char *text = separator ? json_string_value(separator) : ".";
    self->separator = wh_copy(text, strlen(text));
    self->depth = depth ? (size_t)json_integer_value(depth) : SIZE_MAX;
    if (json_object_get(recipe, "columns") || json_object_get(recipe, "column"))
        return wh_chosen_columns(recipe, &self->base.columns, error);
    return 0;
}

static struct wh_step *flatten_create(const json_t *recipe, struct wh_error *error)
{
    static const struct wh_step_ops ops = {
        .bind = flatten_bind, .row = flatten_row, .close = flatten_close,
    };
    struct flatten *self = wh_alloc(1, sizeof *self);
    self->base.ops = &ops;
    if (read_recipe(recipe, self, error) < 0) {
        flatten_close(&self->base);
        return NULL;
    }
    return &self->base;
}

/* Nothing, or "[COLS][:separator=S,depth=N]". */
static json_t *flatten_parse(const char *argument, struct wh_error *error)
{
    json_t *object = wh_parse_columns_argument(argument ? argument : "", error);
    if (object && json_string_length(json_object_get(object, "columns")) == 0)
        json_object_del(object, "columns");
    return object;
}

const struct wh_step_type wh_clean_flatten = {
    .op = "flatten",
    .argument = "[=COLS]",
    .help = "turn {\"a\":{\"b\":1}} into {\"a.b\":1}; --flatten=:separator=_,depth=1 for a_b, one "
            "level deep",
    .keys = (const char *const[]){ "columns", "column", "separator", "depth", NULL },
    .parse = flatten_parse,
    .create = flatten_create,
};
