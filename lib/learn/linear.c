#include "learn/linear.h"

#include <string.h>

#include "base/memory.h"
#include "learn/example.h"

void wh_range_save(const struct wh_range *range, json_t *state)
{
    json_object_set_new(state, "lowest", json_real(range->lowest));
    json_object_set_new(state, "highest", json_real(range->highest));
}

bool wh_range_load(struct wh_range *range, const json_t *state)
{
    return wh_state_number(state, "lowest", WH_LARGEST_VALUE, &range->lowest)
        && wh_state_number(state, "highest", WH_LARGEST_VALUE, &range->highest)
        && range->lowest <= 0 && range->highest >= 0;
}

bool wh_state_number(const json_t *state, const char *name, double most, double *number)
{
    const json_t *value = json_object_get(state, name);
    *number = json_number_value(value);
    return json_is_number(value) && fabs(*number) <= most;
}

size_t wh_linear_capacity(size_t capacity, size_t wanted)
{
    if (capacity < 64)
        capacity = 64;
    while (capacity < wanted)
        capacity *= 2;
    return capacity;
}

void wh_table_grow(struct wh_table *table, size_t features)
{
    size_t capacity = wh_linear_capacity(table->capacity, features);
    table->cells = wh_resize(table->cells, capacity, table->size);
    memset((char *)table->cells + table->capacity * table->size, 0,
           (capacity - table->capacity) * table->size);
    table->capacity = capacity;
}

void wh_table_renumber(struct wh_table *table, const uint32_t *from, uint32_t count)
{
    char *cells = table->cells;
    size_t size = table->size;
    for (size_t i = 0; i < table->capacity; i++) {
        if (i < count && from[i] < table->capacity)
            memmove(cells + i * size, cells + from[i] * size, size);
        else
            memset(cells + i * size, 0, size);
    }
}
