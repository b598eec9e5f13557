#include "train/holdout.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "record/required.h"

/* A column that decides: its index in rows of a shape, and the hash of its name, which that of a
 * value goes on from. */
struct decider {
    uint32_t index;
    uint64_t hash;
};

/* In the plan of a shape. */
struct binding {
    bool bound;
    struct decider *deciders;
    size_t count;
};

struct wh_holdout {
    double share; /* above 0, below 1 */
    char *list;          /* memory of the names */
    const char **names;  /* sorted; none: all columns but the label and the weight */
    size_t count;
    struct wh_required *required; /* of each name */
    struct wh_buffer text;
    size_t place; /* of the deciders in a row plan */
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

static void release(void *owner, void *part)
{
    (void)owner;
    free(((struct binding *)part)->deciders);
}

struct wh_holdout *wh_holdout_open(const char *text, struct wh_row_plans *plans,
                                   struct wh_error *error)
{
    struct wh_holdout *holdout = wh_alloc(1, sizeof *holdout);
    const struct wh_row_part part = { .size = sizeof(struct binding), .release = release };
    if (plans)
        holdout->place = wh_row_plans_add(plans, &part);
    if (parse(holdout, text, error) == 0)
        return holdout;
    wh_holdout_close(holdout);
    return NULL;
}

void wh_holdout_close(struct wh_holdout *holdout)
{
    if (!holdout)
        return;
    free(holdout->names);
    free(holdout->required);
    free(holdout->list);
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

static void bind_all(const struct wh_row_plan *plan, struct binding *binding,
                     const struct wh_shape *shape)
{
    for (uint32_t i = 0; i < shape->count; i++)
        if ((int)i != plan->label && (int)i != plan->weight)
            add_decider(binding, shape, i);
}

static int bind(const struct wh_holdout *holdout, const struct wh_row_plan *plan,
                struct binding *binding, const struct wh_row *row, struct wh_error *error)
{
    uint32_t count = row->shape->count;
    free(binding->deciders);
    *binding = (struct binding){ 0 };
    binding->deciders = wh_alloc(holdout->count > count ? holdout->count : count,
                                 sizeof *binding->deciders);
    if (holdout->count == 0)
        bind_all(plan, binding, row->shape);
    else if (bind_names(holdout, binding, row, error) != 0)
        return -1;
    binding->bound = true;
    return 0;
}

enum wh_verdict wh_holdout_row(struct wh_holdout *holdout, struct wh_row *row,
                               struct wh_row_plan *plan, bool *held, struct wh_error *error)
{
    struct binding *binding = wh_row_plan_part(plan, holdout->place);
    if (!binding->bound && bind(holdout, plan, binding, row, error) != 0)
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
