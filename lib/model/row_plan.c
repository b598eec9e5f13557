#include "model/row_plan.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { PLANS_LOG2 = 4 }; /* shapes that are remembered */

static const char FEATURES[] = "features";
static const char DOTTED[] = "features.";
static const char STAMP[] = "recipe";

static size_t align(size_t size)
{
    size_t most = alignof(max_align_t);
    return (size + most - 1) / most * most;
}

static char *copy(const char *text)
{
    return text ? wh_copy(text, strlen(text)) : NULL;
}

struct wh_row_plans *wh_row_plans_open(const struct wh_roles *roles)
{
    struct wh_row_plans *plans = wh_alloc(1, sizeof *plans);
    plans->label = copy(roles->label);
    plans->weight = copy(roles->weight);
    plans->time = copy(roles->time);
    plans->join = copy(roles->join);
    wh_shape_cache_open(&plans->cache, align(sizeof(struct wh_row_plan)), PLANS_LOG2);
    return plans;
}

size_t wh_row_plans_add(struct wh_row_plans *plans, const struct wh_row_part *part)
{
    size_t place = plans->cache.size;
    plans->places[plans->count] = place;
    plans->parts[plans->count++] = *part;
    wh_shape_cache_close(&plans->cache);
    wh_shape_cache_open(&plans->cache, place + align(part->size), PLANS_LOG2);
    return place;
}

static void release(const struct wh_row_plans *plans, struct wh_row_plan *plan, size_t number)
{
    const struct wh_row_part *part = &plans->parts[number];
    void *at = wh_row_plan_part(plan, plans->places[number]);
    part->release(part->owner, at);
    memset(at, 0, part->size);
}

void wh_row_plans_release(const struct wh_row_plans *plans, size_t place)
{
    size_t number = 0;
    while (plans->places[number] != place)
        number++;
    for (struct wh_row_plan *plan = NULL; (plan = wh_shape_cache_next(&plans->cache, plan));)
        release(plans, plan, number);
}

void wh_row_plans_close(struct wh_row_plans *plans)
{
    if (!plans)
        return;
    for (size_t i = 0; i < plans->count; i++)
        wh_row_plans_release(plans, plans->places[i]);
    wh_shape_cache_close(&plans->cache);
    free(plans->label);
    free(plans->weight);
    free(plans->time);
    free(plans->join);
    free(plans);
}

static int find(const struct wh_shape *shape, const char *name)
{
    return name ? wh_shape_find(shape, name, strlen(name)) : -1;
}

void wh_row_plan_make(const struct wh_row_plans *plans, struct wh_row_plan *plan,
                      const struct wh_shape *shape)
{
    uint32_t length;
    for (size_t i = 0; i < plans->count; i++)
        release(plans, plan, i);
    plan->label = find(shape, plans->label);
    plan->weight = find(shape, plans->weight);
    plan->time = find(shape, plans->time);
    plan->join = find(shape, plans->join);
    plan->features = find(shape, FEATURES);
    bool features = plan->features >= 0;
    for (uint32_t i = 0; i < shape->count && !features; i++)
        features = wh_column_feature(&shape->columns[i], &length);
    plan->input = features ? WH_INPUT_FEATURES : WH_INPUT_COLUMNS;
    plan->stamp = features ? find(shape, STAMP) : -1;
    plan->serial = shape->serial;
}

/*
 * Columns
 */

int wh_no_label_column(const char *label, const struct wh_shape *shape, struct wh_error *error)
{
    wh_fail(error, WH_REFUSED, "there is no column %s, the label", label);
    wh_shape_suggest(shape, label, error);
    return -1;
}

void wh_no_label_row(const char *label, const struct wh_row *row, struct wh_error *error)
{
    wh_fail(error, WH_REFUSED, "no row has a column %s, the label", label);
    wh_shape_suggest(row->shape, label, error);
}

static bool is_dotted(const char *name, size_t length)
{
    return length > sizeof DOTTED - 1 && memcmp(name, DOTTED, sizeof DOTTED - 1) == 0;
}

bool wh_column_is_features(const char *name, size_t length)
{
    return (length == sizeof FEATURES - 1 && memcmp(name, FEATURES, length) == 0)
        || is_dotted(name, length);
}

const char *wh_column_feature(const struct wh_column *column, uint32_t *length)
{
    uint32_t prefix = sizeof DOTTED - 1;
    if (!is_dotted(column->name, column->length))
        return NULL;
    *length = column->length - prefix;
    return column->name + prefix;
}
