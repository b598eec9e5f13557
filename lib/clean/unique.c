/*
 * --unique: the first row with certain values passes, those after it are left out. A row that a
 * later step finds bad was not there.
 *
 * What was seen is kept whole, so that no two different rows are ever taken for one: the keys, each
 * the values of a row encoded one after the other, in the order in which they came, on a tape
 * (which is also what a state holds of them); and a table of their hashes.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "base/tape.h"
#include "clean/chosen.h"
#include "clean/table.h"
#include "pipe/step_argument.h"
#include "record/json.h"

enum { FIRST_TABLE = 1 << 10, COUNT_SIZE = 10 };

struct seen {
    uint64_t hash;
    const char *key; /* NULL: free. Its length as add_count() writes it, then its bytes. */
};

struct unique {
    struct wh_step base;
    struct wh_buffer key;  /* of the row at hand */
    uint64_t hash;         /* of that key */
    struct seen *table;
    size_t size;           /* a power of two */
    size_t count;
    struct wh_tape keys;
    /* The names a row was ever asked for: a column is known by its place here, so that rows with
     * their columns in another order, or without one, give the same key. */
    struct wh_slice *names;
    size_t name_count;
};

struct place {
    uint32_t name;
    uint32_t index;
};

struct places {
    struct wh_binding base;
    uint32_t count;
    struct place places[]; /* in the order of `name` */
};

/* Keys. */

/* Seven bits a byte, the lowest first, the eighth where another byte follows. */
static size_t put_count(char out[static COUNT_SIZE], uint64_t count)
{
    size_t length = 0;
    for (; count >= 0x80; count >>= 7)
        out[length++] = (char)(count | 0x80);
    out[length++] = (char)count;
    return length;
}

static void add_count(struct wh_buffer *out, uint64_t count)
{
    out->length += put_count(wh_buffer_reserve(out, COUNT_SIZE), count);
}

/* Reads a count at *next, which is moved past it; false where no count comes before `end`. */
static bool take_count(const char **next, const char *end, uint64_t *count)
{
    *count = 0;
    for (unsigned shift = 0; *next < end && shift < 63; shift += 7) {
        unsigned char byte = (unsigned char)*(*next)++;
        *count |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

static void add_bytes(struct wh_buffer *out, char kind, const char *bytes, size_t length)
{
    wh_buffer_byte(out, kind);
    add_count(out, length);
    wh_buffer_add(out, bytes, length);
}

static size_t digits(const char *text, const char *end)
{
    const char *next = text;
    while (next < end && *next >= '0' && *next <= '9')
        next++;
    return (size_t)(next - text);
}

/* The exponent after "e" or "E"; false where it is beyond all use. */
static bool read_exponent(const char *text, const char *end, int64_t *exponent)
{
    bool negative = *text == '-';
    text += *text == '-' || *text == '+';
    *exponent = 0;
    for (; text < end; text++) {
        if (*exponent > INT64_C(1000000000000000))
            return false;
        *exponent = *exponent * 10 + (*text - '0');
    }
    if (negative)
        *exponent = -*exponent;
    return true;
}

/*
 * A number by its value: its significant digits and the power of ten of the last of them. So 1,
 * 1.0 and 1e0 are one key, at any length.
 */
static void add_number(struct wh_buffer *out, const char *text, size_t length)
{
    const char *end = text + length;
    const char *whole = text + (*text == '-');
    size_t whole_length = digits(whole, end);
    const char *fraction = whole + whole_length;
    fraction += fraction < end && *fraction == '.';
    size_t fraction_length = digits(fraction, end);
    const char *rest = fraction + fraction_length;
    int64_t exponent = 0;
    if (rest < end && !read_exponent(rest + 1, end, &exponent)) {
        add_bytes(out, 'x', text, length);
        return;
    }
    exponent -= (int64_t)fraction_length;
    while (fraction_length && fraction[fraction_length - 1] == '0')
        fraction_length--, exponent++;
    if (fraction_length == 0)
        while (whole_length && whole[whole_length - 1] == '0')
            whole_length--, exponent++;
    while (whole_length && *whole == '0')
        whole++, whole_length--;
    if (whole_length == 0)
        while (fraction_length && *fraction == '0')
            fraction++, fraction_length--;
    if (whole_length + fraction_length == 0) {
        wh_buffer_byte(out, '0');
        return;
    }
    wh_buffer_byte(out, *text == '-' ? '-' : '+');
    add_count(out, (uint64_t)exponent << 1 ^ (uint64_t)(exponent < 0 ? -1 : 0));
    add_count(out, whole_length + fraction_length);
    wh_buffer_add(out, whole, whole_length);
    wh_buffer_add(out, fraction, fraction_length);
}

static void add_value(struct wh_buffer *out, struct wh_row *row, const struct wh_field *field)
{
    switch ((enum wh_type)field->type) {
    case WH_NULL:
        break;
    case WH_FALSE:
    case WH_TRUE:
        wh_buffer_byte(out, field->type == WH_TRUE ? 't' : 'f');
        break;
    case WH_NUMBER:
        add_number(out, field->text, field->length);
        break;
    case WH_STRING: {
        struct wh_slice text = wh_row_text(row, field);
        add_bytes(out, 's', text.text, text.length);
        break;
    }
    case WH_NESTED:
        add_bytes(out, 'n', field->text, field->length);
        break;
    }
}

/* Null is left out, so it is the same as absent. */
static void make_key(struct unique *self, const struct places *places, struct wh_row *row)
{
    self->key.length = 0;
    for (uint32_t i = 0; i < places->count; i++) {
        const struct wh_field *field = &row->fields[places->places[i].index];
        if (field->type == WH_NULL)
            continue;
        add_count(&self->key, places->places[i].name);
        add_value(&self->key, row, field);
    }
}

/* The table. */

static bool same_key(const char *stored, const struct wh_buffer *key)
{
    char length[COUNT_SIZE];
    size_t size = put_count(length, key->length);
    /* Of a shorter key the count differs before its end. */
    for (size_t i = 0; i < size; i++)
        if (stored[i] != length[i])
            return false;
    return memcmp(stored + size, key->data, key->length) == 0;
}

static const char *store(struct unique *self)
{
    char length[COUNT_SIZE];
    size_t size = put_count(length, self->key.length);
    char *place = wh_tape_add(&self->keys, size + self->key.length);
    memcpy(place, length, size);
    memcpy(place + size, self->key.data, self->key.length);
    return place;
}

static void grow(struct unique *self)
{
    size_t size = self->size ? self->size * 2 : FIRST_TABLE;
    struct seen *table = wh_alloc(size, sizeof *table);
    for (size_t i = 0; i < self->size; i++) {
        if (!self->table[i].key)
            continue;
        size_t at = self->table[i].hash & (size - 1);
        while (table[at].key)
            at = (at + 1) & (size - 1);
        table[at] = self->table[i];
    }
    free(self->table);
    self->table = table;
    self->size = size;
}

/* The place of the key of the row at hand: where it is, or would go. */
static struct seen *place(struct unique *self)
{
    size_t at = self->hash & (self->size - 1);
    for (; self->table[at].key; at = (at + 1) & (self->size - 1))
        if (self->table[at].hash == self->hash && same_key(self->table[at].key, &self->key))
            break;
    return &self->table[at];
}

static struct seen *look_up(struct unique *self)
{
    self->hash = wh_hash(self->key.data, self->key.length);
    if (self->count >= self->size - self->size / 4)
        grow(self);
    return place(self);
}

static void add_key(struct unique *self)
{
    *place(self) = (struct seen){ self->hash, store(self) };
    self->count++;
}

/* The step. */

static uint32_t name_number(struct unique *self, const char *name, size_t length)
{
    for (size_t i = 0; i < self->name_count; i++)
        if (self->names[i].length == length && memcmp(self->names[i].text, name, length) == 0)
            return (uint32_t)i;
    self->names = wh_resize(self->names, self->name_count + 1, sizeof *self->names);
    self->names[self->name_count] = (struct wh_slice){ wh_copy(name, length), length };
    return (uint32_t)self->name_count++;
}

static int compare_places(const void *a, const void *b)
{
    uint32_t left = ((const struct place *)a)->name, right = ((const struct place *)b)->name;
    return (left > right) - (left < right);
}

static struct wh_binding *unique_bind(struct wh_step *step, const struct wh_shape *shape,
                                      struct wh_error *error)
{
    struct unique *self = (struct unique *)step;
    struct wh_binding *binding = wh_chosen_bind(step, shape, error);
    if (!binding)
        return NULL;
    const struct wh_chosen *chosen = (const struct wh_chosen *)binding;
    struct places *places = wh_alloc(1, sizeof *places + chosen->count * sizeof(struct place));
    places->count = chosen->count;
    for (uint32_t i = 0; i < chosen->count; i++) {
        uint32_t index = chosen->indices[i];
        const struct wh_column *column = &shape->columns[index];
        places->places[i] =
            (struct place){ name_number(self, column->name, column->length), index };
    }
    qsort(places->places, places->count, sizeof *places->places, compare_places);
    free(binding);
    return &places->base;
}

static enum wh_verdict unique_row(struct wh_step *step, struct wh_binding *binding,
                                  struct wh_row *row, struct wh_error *error)
{
    (void)error;
    struct unique *self = (struct unique *)step;
    make_key(self, (const struct places *)binding, row);
    return look_up(self)->key ? WH_DROPPED : WH_PASSED;
}

static void unique_learn(struct wh_step *step, struct wh_binding *binding)
{
    (void)binding;
    add_key((struct unique *)step);
}

static void unique_rewind(struct wh_step *step)
{
    struct unique *self = (struct unique *)step;
    free(self->table);
    wh_tape_free(&self->keys);
    self->table = NULL;
    self->size = self->count = 0;
}

/* State: how many keys, and the names in the order of their numbers; the keys are the tape. */

static void unique_save(const struct wh_step *step, struct wh_buffer *text)
{
    const struct unique *self = (const struct unique *)step;
    wh_buffer_format(text, "{\"keys\":%zu,\"names\":[", self->count);
    for (size_t i = 0; i < self->name_count; i++) {
        if (i > 0)
            wh_buffer_byte(text, ',');
        wh_buffer_byte(text, '"');
        wh_json_escape(text, self->names[i].text, self->names[i].length);
        wh_buffer_byte(text, '"');
    }
    wh_buffer_literal(text, "]}");
}

static struct wh_tape *unique_tape(struct wh_step *step)
{
    return &((struct unique *)step)->keys;
}

static int load_names(struct unique *self, const json_t *names)
{
    size_t i;
    json_t *name;
    if (!json_is_array(names))
        return -1;
    json_array_foreach((json_t *)names, i, name)
        if (!json_is_string(name) ||
            name_number(self, json_string_value(name), json_string_length(name)) != i)
            return -1;
    return 0;
}

static int load_keys(struct unique *self, struct wh_slice tape)
{
    const char *next = tape.text, *end = next + tape.length;
    while (next < end) {
        uint64_t length;
        if (!take_count(&next, end, &length) || length > (uint64_t)(end - next))
            return -1;
        self->key.length = 0;
        wh_buffer_add(&self->key, next, (size_t)length);
        next += length;
        if (look_up(self)->key)
            return -1;
        add_key(self);
    }
    return 0;
}

static int unique_load(struct wh_step *step, const json_t *state, struct wh_slice tape,
                       struct wh_error *error)
{
    struct unique *self = (struct unique *)step;
    const json_t *keys = json_object_get(state, "keys");
    if (!json_is_integer(keys) || load_names(self, json_object_get(state, "names")) ||
        load_keys(self, tape) || (json_int_t)self->count != json_integer_value(keys))
        return wh_fail(error, WH_REFUSED, "the saved state is invalid");
    return 0;
}

static void unique_close(struct wh_step *step)
{
    struct unique *self = (struct unique *)step;
    unique_rewind(step);
    wh_buffer_free(&self->key);
    for (size_t i = 0; i < self->name_count; i++)
        free((char *)self->names[i].text);
    free(self->names);
    wh_chosen_close(step);
}

static struct wh_step *unique_create(const json_t *recipe, struct wh_error *error)
{
    static const struct wh_step_ops ops = {
        .bind = unique_bind, .row = unique_row, .learn = unique_learn, .save = unique_save,
        .tape = unique_tape, .load = unique_load, .rewind = unique_rewind, .close = unique_close,
    };
    struct wh_columns *columns;
    if (wh_chosen_columns(recipe, &columns, error) < 0)
        return NULL;
    struct unique *self = wh_alloc(1, sizeof *self);
    self->base = (struct wh_step){ .ops = &ops, .columns = columns };
    wh_buffer_reserve(&self->key, 1); /* an empty key, of nulls alone, has a place too */
    return &self->base;
}

const struct wh_step_type wh_clean_unique = {
    .op = "unique",
    .argument = "COLS",
    .help = "keep the first of the rows whose values here are the same (in memory)",
    .keys = (const char *const[]){ "columns", "column", NULL },
    .parse = wh_parse_columns_argument,
    .create = unique_create,
    .live = true,
    .drops = true,
};
