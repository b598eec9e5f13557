#include "train/holdout.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "record/required.h"
#include "record/shape_cache.h"

enum { BINDINGS_LOG2 = 3 }; /* shapes that are remembered */

/* A column that decides: its index in rows of a shape, and the hash of its name, which that of a
 * value goes on from. */
struct decider {
    uint32_t index;
    uint64_t hash;
};

struct binding {
    uint64_t serial; /* 0: none */
    struct decider *deciders;
    size_t count;
};

struct wh_holdout {
    double share; /* above 0, below 1 */
    char *list;          /* memory of the names */
    const char **names;  /* sorted; none: all columns but these two */
    size_t count;
    struct wh_required *required; /* of each name */
    char *label, *weight;
    struct wh_buffer text;
    struct wh_shape_cache bindings;
};

/*
 * The choice as text
 */

static int refuse(const char *text, const char *what, struct wh_error *error)
{
    char quoted[96];
    return wh_fail(error, WH_REFUSED, "%s %s",
                   wh_quote(quoted, text, strlen(text)), what);
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static int parse_names(struct wh_holdout *holdout, const char *list, struct wh_error *error)
{
    holdout->list = wh_split_list(list, &holdout->names, &holdout->count);
    qsort(holdout->names, holdout->count, sizeof *holdout->names, compare_names);
    for (size_t i = 0; i < holdout->count; i++) {
        const char *name = holdout->names[i];
        if (*name == '\0')
            return refuse(list, "lacks the name of a column", error);
        if (wh_utf8_valid(name, strlen(name)) != strlen(name))
            return refuse(name, "is not UTF-8", error);
        if (i > 0 && strcmp(name, holdout->names[i - 1]) == 0)
            return refuse(name, "is named twice", error);
    }
    holdout->required = wh_alloc(holdout->count, sizeof *holdout->required);
    for (size_t i = 0; i < holdout->count; i++)
        holdout->required[i] = (struct wh_required){ .option = "--holdout",
                                                     .name = holdout->names[i] };
    return 0;
}

static void spell(struct wh_holdout *holdout, double percent)
{
    char number[WH_NUMBER_SIZE];
    wh_buffer_add(&holdout->text, number, wh_number_print(percent, number));
    wh_buffer_byte(&holdout->text, '%');
    for (size_t i = 0; i < holdout->count; i++) {
        wh_buffer_byte(&holdout->text, i > 0 ? ',' : ':');
        for (const char *at = holdout->names[i]; *at; at++) {
            if (*at == ',' || *at == '\\')
                wh_buffer_byte(&holdout->text, '\\');
            wh_buffer_byte(&holdout->text, *at);
        }
    }
    wh_buffer_text(&holdout->text);
}

/* A number alone could be rows, a percentage or a fraction. */
static int refuse_number(const char *text, struct wh_error *error)
{
    double number = wh_number_parse(text, strlen(text));
    char percent[WH_NUMBER_SIZE];
    if (!(number > 0 && number < 100))
        return refuse(text, "is not a share of the rows, such as 10%", error);
    percent[wh_number_print(number < 1 ? number * 100 : number, percent)] = '\0';
    char quoted[96];
    return wh_fail(error, WH_REFUSED, "%s is not a share of the rows: it is given in percent "
                   "(write %s%%)", wh_quote(quoted, text, strlen(text)), percent);
}

static int parse(struct wh_holdout *holdout, const char *text, struct wh_error *error)
{
    size_t length = strcspn(text, "%");
    if (wh_number_valid(text, strlen(text)))
        return refuse_number(text, error);
    if (text[length] != '%' || !wh_number_valid(text, length)
        || (text[length + 1] != '\0' && text[length + 1] != ':'))
        return refuse(text, "is not a share of the rows, such as 10%, or 10%:customer_id", error);
    double percent = wh_number_parse(text, length);
    if (!(percent > 0 && percent < 100))
        return refuse(text, "is not above 0% and below 100%", error);
    holdout->share = percent / 100;
    if (text[length + 1] == ':' && parse_names(holdout, text + length + 2, error) != 0)
        return -1;
    spell(holdout, percent);
    return 0;
}

static char *copy(const char *text)
{
    return text ? wh_copy(text, strlen(text)) : NULL;
}

struct wh_holdout *wh_holdout_open(const char *text, const char *label, const char *weight,
                                   struct wh_error *error)
{
    struct wh_holdout *holdout = wh_alloc(1, sizeof *holdout);
    wh_shape_cache_open(&holdout->bindings, sizeof(struct binding), BINDINGS_LOG2);
    holdout->label = copy(label);
    holdout->weight = copy(weight);
    if (parse(holdout, text, error) == 0)
        return holdout;
    wh_holdout_free(holdout);
    return NULL;
}

void wh_holdout_free(struct wh_holdout *holdout)
{
    if (!holdout)
        return;
    for (struct binding *binding = NULL;
         (binding = wh_shape_cache_next(&holdout->bindings, binding));)
        free(binding->deciders);
    wh_shape_cache_close(&holdout->bindings);
    free(holdout->names);
    free(holdout->required);
    free(holdout->list);
    free(holdout->label);
    free(holdout->weight);
    wh_buffer_free(&holdout->text);
    free(holdout);
}

const char *wh_holdout_text(const struct wh_holdout *holdout)
{
    return holdout->text.data;
}

/*
 * Rows
 */

static bool is_named(const struct wh_column *column, const char *name)
{
    return name && column->length == strlen(name)
        && memcmp(column->name, name, column->length) == 0;
}

static void add_decider(struct binding *binding, const struct wh_shape *shape, uint32_t index)
{
    const struct wh_column *column = &shape->columns[index];
    uint64_t hash = wh_stable_hash(WH_STABLE_HASH, column->name, column->length);
    /* No byte of UTF-8 is 0xFF: where the name ends and the value begins is part of the hash. */
    hash = wh_stable_hash(hash, "\xFF", 1);
    binding->deciders[binding->count++] = (struct decider){ index, hash };
}

static int bind_names(const struct wh_holdout *holdout, struct binding *binding,
                      const struct wh_row *row, struct wh_error *error)
{
    for (size_t i = 0; i < holdout->count; i++) {
        int index = wh_required_find(&holdout->required[i], row, error);
        if (index < 0)
            return -1;
        add_decider(binding, row->shape, (uint32_t)index);
    }
    return 0;
}

static void bind_all(const struct wh_holdout *holdout, struct binding *binding,
                     const struct wh_shape *shape)
{
    for (uint32_t i = 0; i < shape->count; i++)
        if (!is_named(&shape->columns[i], holdout->label)
            && !is_named(&shape->columns[i], holdout->weight))
            add_decider(binding, shape, i);
}

/* What is known of the row's shape; NULL where it lacks a column. */
static const struct binding *bind(struct wh_holdout *holdout, const struct wh_row *row,
                                  struct wh_error *error)
{
    const struct wh_shape *shape = row->shape;
    struct binding *binding = wh_shape_cache_at(&holdout->bindings, shape->serial);
    if (binding->serial == shape->serial)
        return binding;
    free(binding->deciders);
    *binding = (struct binding){ 0 };
    binding->deciders = wh_alloc(holdout->count > shape->count ? holdout->count : shape->count,
                                 sizeof *binding->deciders);
    if (holdout->count == 0)
        bind_all(holdout, binding, shape);
    else if (bind_names(holdout, binding, row, error) != 0)
        return NULL;
    binding->serial = shape->serial;
    return binding;
}

enum wh_verdict wh_holdout_row(struct wh_holdout *holdout, struct wh_row *row, bool *held,
                               struct wh_error *error)
{
    const struct binding *binding = bind(holdout, row, error);
    if (!binding)
        return error->status == WH_REFUSED ? WH_FATAL : WH_BAD;
    /* A sum does not depend on the order. */
    uint64_t sum = WH_STABLE_HASH;
    for (size_t i = 0; i < binding->count; i++) {
        const struct wh_field *field = &row->fields[binding->deciders[i].index];
        struct wh_slice value = wh_row_text(row, field);
        if (field->type != WH_NULL)
            sum += wh_stable_mix(wh_stable_hash(binding->deciders[i].hash, value.text,
                                                value.length));
    }
    *held = (double)(wh_stable_mix(sum) >> 11) * 0x1p-53 < holdout->share;
    return WH_TAKEN;
}

int wh_holdout_finish(const struct wh_holdout *holdout, struct wh_error *error)
{
    for (size_t i = 0; i < holdout->count; i++)
        if (wh_required_check(&holdout->required[i], error) != 0)
            return -1;
    return 0;
}
