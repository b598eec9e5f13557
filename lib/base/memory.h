/*
 * Memory: checked allocation, growable buffers, arenas.
 *
 * Running out of memory is the one failure that is not handed up: these functions write one line
 * to standard error and end the process with WH_FAILED. Nothing is left half written by that,
 * since files appear only when complete (base/file.h).
 */
#ifndef WH_BASE_MEMORY_H
#define WH_BASE_MEMORY_H

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

/* For memory that a library allocates for itself. */
_Noreturn void wh_out_of_memory(void);

/* Zeroed memory for `count` things of `size` bytes; overflow counts as exhaustion. free() it. */
void *wh_alloc(size_t count, size_t size);
/* Resizes to `count` things of `size` bytes; what is new is not zeroed. */
void *wh_resize(void *memory, size_t count, size_t size);
/* A NUL-terminated copy of `length` bytes. */
char *wh_copy(const char *text, size_t length);

/* Bytes that grow. Zero-initialise; data is NULL while nothing was ever reserved. */
struct wh_buffer {
    char *data;
    size_t length;
    size_t capacity;
};

void wh_buffer_grow(struct wh_buffer *buffer, size_t more);
void wh_buffer_format(struct wh_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void wh_buffer_vformat(struct wh_buffer *buffer, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
void wh_buffer_free(struct wh_buffer *buffer);
/* The bytes as a text: ended by a NUL, which `length` does not count. Valid until the buffer
 * changes; who takes it over frees it. */
char *wh_buffer_text(struct wh_buffer *buffer);

/* Makes room for `more` bytes after length and returns the place they go to. */
static inline char *wh_buffer_reserve(struct wh_buffer *buffer, size_t more)
{
    if (!buffer->data || buffer->capacity - buffer->length < more)
        wh_buffer_grow(buffer, more);
    return buffer->data + buffer->length;
}

static inline void wh_buffer_add(struct wh_buffer *buffer, const void *bytes, size_t length)
{
    char *place = wh_buffer_reserve(buffer, length);
    if (length)
        memcpy(place, bytes, length);
    buffer->length += length;
}

static inline void wh_buffer_byte(struct wh_buffer *buffer, char byte)
{
    *wh_buffer_reserve(buffer, 1) = byte;
    buffer->length++;
}

/* Adds a string literal. */
#define wh_buffer_literal(buffer, literal) wh_buffer_add((buffer), "" literal, sizeof literal - 1)

/*
 * Memory that dies together. wh_arena_reset keeps one block for the next round (a block of more
 * than a megabyte is given back, so that one large row does not stay). Zero-initialise.
 */
struct wh_arena {
    struct wh_arena_block *block;
    char *next;
    char *end;
};

void *wh_arena_grow(struct wh_arena *arena, size_t size);
void wh_arena_reset(struct wh_arena *arena);
void wh_arena_free(struct wh_arena *arena);

/* `size` bytes, aligned for any type, not zeroed. */
static inline void *wh_arena_take(struct wh_arena *arena, size_t size)
{
    size_t rounded = (size + 15) & ~(size_t)15;
    if (rounded < size || (size_t)(arena->end - arena->next) < rounded)
        return wh_arena_grow(arena, size);
    void *memory = arena->next;
    arena->next += rounded;
    return memory;
}

static inline char *wh_arena_copy(struct wh_arena *arena, const char *text, size_t length)
{
    char *copy = wh_arena_take(arena, length + 1);
    if (length)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

#endif
