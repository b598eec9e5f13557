#include "sink/postgres/layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "sink/into.h"
#include "sink/schema.h"

enum { PLANS_LOG2 = 6 }; /* shapes that are remembered */

void wh_pg_layout_open(struct wh_pg_layout *layout, const struct wh_pg_table *table,
                       const struct wh_sink_request *request)
{
    layout->table = table;
    layout->request = request;
    layout->numbered = request->into->key.count > 0;
    wh_shape_cache_open(&layout->plans, sizeof(struct wh_pg_plan), PLANS_LOG2);
    layout->columns = wh_alloc((size_t)table->count + 1, sizeof *layout->columns);
    layout->places = wh_alloc((size_t)table->count + 1, sizeof *layout->places);
}

static void forget_plan(struct wh_pg_plan *plan)
{
    free(plan->columns);
    free(plan->alone);
    free(plan->fields);
    wh_buffer_free(&plan->left);
    *plan = (struct wh_pg_plan){ 0 };
}

void wh_pg_layout_close(struct wh_pg_layout *layout)
{
    for (struct wh_pg_plan *plan = NULL; (plan = wh_shape_cache_next(&layout->plans, plan));)
        forget_plan(plan);
    wh_shape_cache_close(&layout->plans);
    wh_pg_values_free(&layout->values);
    free(layout->columns);
    free(layout->places);
    *layout = (struct wh_pg_layout){ 0 };
}

/* ---- what a shape means ---------------------------------------------------------------------- */

static int make_plan(const struct wh_pg_layout *layout, struct wh_pg_plan *plan,
                     const struct wh_shape *shape, struct wh_error *error)
{
    forget_plan(plan);
    plan->count = shape->count;
    plan->op = plan->unchanged = WH_PG_NONE;
    plan->columns = wh_alloc((size_t)shape->count + 1, sizeof *plan->columns);
    plan->alone = wh_alloc((size_t)shape->count + 1, sizeof *plan->alone);
    plan->fields = wh_alloc((size_t)layout->table->count + 1, sizeof *plan->fields);
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct wh_column *column = &shape->columns[i];
        plan->columns[i] = WH_PG_NONE;
        if (wh_schema_reserved(layout->request, column)) {
            *(wh_apply_is_op(column) ? &plan->op : &plan->unchanged) = i;
            continue;
        }
        plan->columns[i] = wh_pg_table_column(layout->table, column->name, column->length, error);
        if (plan->columns[i] == WH_PG_NONE)
            return -1;
    }
    plan->serial = shape->serial;
    return 0;
}

/* Marks the fields whose columns are named; a name that the row lacks is left alone anyway. */
static void mark_alone(const struct wh_pg_layout *layout, struct wh_pg_plan *plan,
                       const json_t *names)
{
    size_t i;
    json_t *item;
    memset(plan->alone, 0, plan->count * sizeof *plan->alone);
    json_array_foreach(names, i, item) {
        for (uint32_t k = 0; k < plan->count; k++)
            if (plan->columns[k] != WH_PG_NONE
                && strcmp(layout->table->columns[plan->columns[k]].name,
                          json_string_value(item)) == 0)
                plan->alone[k] = true;
    }
}

/* Takes up which columns this row leaves alone, where that differs from the row before. */
static int leave_alone(const struct wh_pg_layout *layout, struct wh_pg_plan *plan,
                       const struct wh_row *row, struct wh_error *error)
{
    const struct wh_field *field = &row->fields[plan->unchanged];
    size_t length = field->type == WH_NULL ? 0 : field->length;
    if (length == plan->left.length && (length == 0
                                        || memcmp(field->text, plan->left.data, length) == 0))
        return 0;
    json_t *names = wh_apply_unchanged(field, layout->request->into->key.names, layout->request->into->key.count,
                                       error);
    if (!names)
        return -1;
    plan->generation = 0;
    plan->left.length = 0;
    wh_buffer_add(&plan->left, field->text, length);
    mark_alone(layout, plan, names);
    json_decref(names);
    return 0;
}

enum wh_verdict wh_pg_layout_plan(struct wh_pg_layout *layout, struct wh_row *row,
                                  struct wh_pg_plan **plan, enum wh_apply_op *op,
                                  struct wh_error *error)
{
    const struct wh_shape *shape = row->shape;
    struct wh_pg_plan *found = wh_shape_cache_at(&layout->plans, shape->serial);
    *plan = found;
    *op = WH_APPLY_UPSERT;
    if (found->serial != shape->serial && make_plan(layout, found, shape, error))
        return WH_FATAL;
    if (found->op != WH_PG_NONE && wh_apply_op(row, &row->fields[found->op], op, error))
        return WH_BAD;
    if (found->unchanged != WH_PG_NONE && *op == WH_APPLY_UPSERT
        && leave_alone(layout, found, row, error))
        return WH_BAD;
    return WH_TAKEN;
}

/* ---- the columns of a batch ------------------------------------------------------------------ */

/* Whether the field's value is loaded where a row asks for `op`. */
static bool loads(const struct wh_pg_layout *layout, const struct wh_pg_plan *plan, uint32_t field,
                  enum wh_apply_op op)
{
    uint32_t column = plan->columns[field];
    if (column == WH_PG_NONE)
        return false;
    return op == WH_APPLY_DELETE ? layout->table->columns[column].key : !plan->alone[field];
}

/* Whether rows that lack a column may have null in it; without an upsert that is what they would
 * get, and with one it is the default of rows that are new. */
static bool may_lack(const struct wh_pg_layout *layout, uint32_t column)
{
    const struct wh_pg_column *known = &layout->table->columns[column];
    bool updated = layout->request->into->key.count > 0 && !layout->request->replace;
    return !updated && !known->has_default;
}

bool wh_pg_layout_fits(const struct wh_pg_layout *layout, struct wh_pg_plan *plan,
                       enum wh_apply_op op)
{
    if (plan->generation == layout->generation && op == layout->op)
        return plan->generation > 0;
    if (layout->generation == 0 || op != layout->op)
        return false;
    for (uint32_t i = 0; i < layout->count; i++)
        plan->fields[i] = WH_PG_NONE;
    for (uint32_t i = 0; i < plan->count; i++) {
        if (!loads(layout, plan, i, op))
            continue;
        uint32_t place = layout->places[plan->columns[i]];
        if (place == WH_PG_NONE)
            return false;
        plan->fields[place] = i;
    }
    /* A key that a row lacks is the row's fault and found when it is written. */
    for (uint32_t i = 0; i < layout->count; i++)
        if (plan->fields[i] == WH_PG_NONE && !layout->table->columns[layout->columns[i]].key
            && !may_lack(layout, layout->columns[i]))
            return false;
    plan->generation = layout->generation;
    return true;
}

static void add_column(struct wh_pg_layout *layout, uint32_t column)
{
    if (layout->places[column] != WH_PG_NONE)
        return;
    layout->places[column] = layout->count;
    layout->columns[layout->count++] = column;
}

void wh_pg_layout_take(struct wh_pg_layout *layout, struct wh_pg_plan *plan, enum wh_apply_op op)
{
    uint32_t before = layout->op == op ? layout->count : 0;
    uint32_t *old = wh_alloc((size_t)before + 1, sizeof *old);
    if (before > 0)
        memcpy(old, layout->columns, before * sizeof *old);
    layout->op = op;
    layout->count = 0;
    layout->generation++;
    for (uint32_t i = 0; i < layout->table->count; i++)
        layout->places[i] = WH_PG_NONE;
    for (uint32_t i = 0; i < plan->count; i++)
        if (loads(layout, plan, i, op))
            add_column(layout, plan->columns[i]);
    for (size_t i = 0; i < layout->table->key_count; i++)
        add_column(layout, layout->table->key[i]);
    /* So the list settles soon where rows lack one column and another. */
    for (uint32_t i = 0; i < before; i++)
        if (may_lack(layout, old[i]))
            add_column(layout, old[i]);
    free(old);
    wh_pg_layout_fits(layout, plan, op);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static int lacks_key(const struct wh_pg_column *column, bool absent, struct wh_error *error)
{
    return wh_bad_row(error, "key", column->name, column->length, 0,
                      absent ? "the row lacks this column of --key"
                             : "null, in a column of --key");
}

static int add_value(struct wh_pg_layout *layout, const struct wh_pg_plan *plan, uint32_t place,
                     const struct wh_row *row, struct wh_buffer *out, struct wh_error *error)
{
    const struct wh_pg_column *column = &layout->table->columns[layout->columns[place]];
    uint32_t index = plan->fields[place];
    if (column->key && (index == WH_PG_NONE || row->fields[index].type == WH_NULL))
        return lacks_key(column, index == WH_PG_NONE, error);
    if (index == WH_PG_NONE) {
        wh_buffer_literal(out, "\\N");
        return 0;
    }
    layout->values.column = column->name;
    layout->values.type = column->type_name;
    layout->values.not_null = column->not_null;
    if (wh_pg_value(&layout->values, out, column->type, &row->fields[index], error) == 0)
        return 0;
    return wh_error_column(error, column->name, column->length);
}

int wh_pg_layout_row(struct wh_pg_layout *layout, const struct wh_pg_plan *plan,
                     const struct wh_row *row, uint64_t number, struct wh_buffer *out,
                     struct wh_error *error)
{
    size_t start = out->length;
    layout->values.csv = row->raw_format == WH_FORMAT_CSV;
    for (uint32_t i = 0; i < layout->count; i++) {
        if (i > 0)
            wh_buffer_byte(out, '\t');
        if (add_value(layout, plan, i, row, out, error) == 0)
            continue;
        out->length = start;
        return -1;
    }
    if (layout->count == 0)
        return wh_bad_row(error, "empty", NULL, 0, 0, "a row without columns");
    if (layout->numbered) {
        char *place = wh_buffer_reserve(out, 1 + WH_NUMBER_SIZE);
        *place = '\t';
        out->length += 1 + wh_integer_print((int64_t)number, place + 1);
    }
    wh_buffer_byte(out, '\n');
    return 0;
}
