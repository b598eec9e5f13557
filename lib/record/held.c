#include "record/held.h"

#include <stdlib.h>
#include <string.h>

/* Shapes of rows are looked for among the last so many; another copy of one does no harm. */
enum { NEAR_SHAPES = 64 };

struct held_shape {
    uint64_t serial; /* of the shape that this is a copy of */
    struct wh_shape *shape;
};

struct wh_held {
    struct wh_row *rows; /* without scratch and room: all is in the arena */
    size_t count, capacity, bytes;
    struct held_shape *shapes;
    size_t shape_count;
    struct wh_arena arena;
    struct wh_row lent; /* what wh_held_row gives */
};

struct wh_held *wh_held_open(void)
{
    return wh_alloc(1, sizeof(struct wh_held));
}

void wh_held_clear(struct wh_held *held)
{
    for (size_t i = 0; i < held->shape_count; i++)
        wh_shape_close(held->shapes[i].shape);
    held->shape_count = held->count = held->bytes = 0;
    wh_arena_reset(&held->arena);
}

void wh_held_close(struct wh_held *held)
{
    if (!held)
        return;
    wh_held_clear(held);
    wh_arena_free(&held->arena);
    wh_row_free(&held->lent);
    free(held->shapes);
    free(held->rows);
    free(held);
}

static const struct wh_shape *copy_shape(struct wh_held *held, const struct wh_shape *shape)
{
    size_t oldest = held->shape_count > NEAR_SHAPES ? held->shape_count - NEAR_SHAPES : 0;
    for (size_t i = held->shape_count; i > oldest; i--)
        if (held->shapes[i - 1].serial == shape->serial)
            return held->shapes[i - 1].shape;
    held->shapes = wh_resize(held->shapes, held->shape_count + 1, sizeof *held->shapes);
    struct wh_shape *copy = wh_shape_open(shape->columns, shape->count);
    held->shapes[held->shape_count++] = (struct held_shape){ shape->serial, copy };
    return copy;
}

static const char *copy_text(struct wh_held *held, const char *text, size_t length)
{
    char *copy = wh_arena_take(&held->arena, length + WH_SLACK);
    if (length)
        memcpy(copy, text, length);
    held->bytes += length + WH_SLACK;
    return copy;
}

void wh_held_add(struct wh_held *held, const struct wh_row *row)
{
    if (held->count == held->capacity) {
        held->capacity = held->capacity ? 2 * held->capacity : 64;
        held->rows = wh_resize(held->rows, held->capacity, sizeof *held->rows);
    }
    uint32_t count = row->shape->count;
    struct wh_field *fields = wh_arena_take(&held->arena, (count + (size_t)1) * sizeof *fields);
    for (uint32_t i = 0; i < count; i++) {
        fields[i] = row->fields[i];
        fields[i].text = copy_text(held, row->fields[i].text, row->fields[i].length);
    }
    struct wh_row *copy = &held->rows[held->count++];
    *copy = *row;
    copy->scratch = (struct wh_arena){ 0 };
    copy->room = NULL;
    copy->room_count = 0;
    copy->shape = copy_shape(held, row->shape);
    copy->fields = fields;
    if (row->raw)
        copy->raw = copy_text(held, row->raw, row->raw_length);
    held->bytes += sizeof *copy + count * sizeof *fields;
}

size_t wh_held_count(const struct wh_held *held)
{
    return held->count;
}

size_t wh_held_bytes(const struct wh_held *held)
{
    return held->bytes;
}

struct wh_row *wh_held_row(struct wh_held *held, size_t index)
{
    struct wh_arena scratch = held->lent.scratch;
    struct wh_field *room = held->lent.room;
    size_t room_count = held->lent.room_count;
    held->lent = held->rows[index];
    held->lent.scratch = scratch;
    held->lent.room = room;
    held->lent.room_count = room_count;
    wh_arena_reset(&held->lent.scratch);
    return &held->lent;
}
