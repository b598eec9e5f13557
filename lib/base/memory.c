#include "base/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"

enum { KEEP_BLOCK = 1 << 20, FIRST_BLOCK = 16 << 10 };

struct wh_arena_block {
    struct wh_arena_block *older;
    size_t size;
    _Alignas(16) char bytes[];
};

_Noreturn void wh_out_of_memory(void)
{
    static const char line[] = "wh: out of memory\n";
    ssize_t written = write(STDERR_FILENO, line, sizeof line - 1);
    (void)written;
    _exit(WH_FAILED);
}

static size_t product(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        wh_out_of_memory();
    return bytes ? bytes : 1;
}

void *wh_alloc(size_t count, size_t size)
{
    void *memory = calloc(1, product(count, size));
    if (!memory)
        wh_out_of_memory();
    return memory;
}

void *wh_resize(void *memory, size_t count, size_t size)
{
    memory = realloc(memory, product(count, size));
    if (!memory)
        wh_out_of_memory();
    return memory;
}

char *wh_copy(const char *text, size_t length)
{
    char *copy = wh_resize(NULL, length + 1, 1);
    if (length)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

void wh_buffer_grow(struct wh_buffer *buffer, size_t more)
{
    if (more > SIZE_MAX / 2 - buffer->length)
        wh_out_of_memory();
    size_t capacity = buffer->capacity ? buffer->capacity : 256;
    while (capacity - buffer->length < more)
        capacity *= 2;
    buffer->data = wh_resize(buffer->data, capacity, 1);
    buffer->capacity = capacity;
}

void wh_buffer_vformat(struct wh_buffer *buffer, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0)
        return;
    char *place = wh_buffer_reserve(buffer, (size_t)length + 1);
    vsnprintf(place, (size_t)length + 1, format, args);
    buffer->length += (size_t)length;
}

void wh_buffer_format(struct wh_buffer *buffer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    wh_buffer_vformat(buffer, format, args);
    va_end(args);
}

char *wh_buffer_text(struct wh_buffer *buffer)
{
    *wh_buffer_reserve(buffer, 1) = '\0';
    return buffer->data;
}

void wh_buffer_free(struct wh_buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct wh_buffer){ 0 };
}

void *wh_arena_grow(struct wh_arena *arena, size_t size)
{
    if (size > SIZE_MAX / 4)
        wh_out_of_memory();
    size_t rounded = (size + 15) & ~(size_t)15;
    size_t block_size = arena->block ? arena->block->size * 2 : FIRST_BLOCK;
    if (block_size > KEEP_BLOCK)
        block_size = KEEP_BLOCK;
    if (block_size < rounded)
        block_size = rounded;
    struct wh_arena_block *block = wh_resize(NULL, sizeof *block + block_size, 1);
    block->older = arena->block;
    block->size = block_size;
    arena->block = block;
    arena->next = block->bytes + rounded;
    arena->end = block->bytes + block_size;
    return block->bytes;
}

static void free_blocks(struct wh_arena_block *block)
{
    while (block) {
        struct wh_arena_block *older = block->older;
        free(block);
        block = older;
    }
}

void wh_arena_reset(struct wh_arena *arena)
{
    struct wh_arena_block *newest = arena->block;
    if (!newest)
        return;
    if (newest->size > KEEP_BLOCK) {
        wh_arena_free(arena);
        return;
    }
    free_blocks(newest->older);
    newest->older = NULL;
    arena->next = newest->bytes;
    arena->end = newest->bytes + newest->size;
}

void wh_arena_free(struct wh_arena *arena)
{
    free_blocks(arena->block);
    *arena = (struct wh_arena){ 0 };
}
