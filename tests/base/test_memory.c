/* Memory: buffers and arenas, and the end of a process that runs out of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"

static void a_buffer_keeps_what_was_added_while_it_grows(void **state)
{
    (void)state;
    struct wh_buffer buffer = { 0 };
    wh_buffer_add(&buffer, NULL, 0);
    assert_int_equal(buffer.length, 0);
    for (int i = 0; i < 100000; i++) {
        wh_buffer_byte(&buffer, (char)i);
        wh_buffer_literal(&buffer, "abc");
    }
    assert_int_equal(buffer.length, 400000);
    assert_true(buffer.capacity >= buffer.length);
    for (int i = 0; i < 100000; i++) {
        assert_true(buffer.data[4 * i] == (char)i);
        assert_memory_equal(buffer.data + 4 * i + 1, "abc", 3);
    }
    wh_buffer_free(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer.capacity, 0);
}

static void a_reserved_place_is_as_large_as_asked(void **state)
{
    (void)state;
    for (size_t size = 1; size < 1 << 20; size = size * 3 + 1) {
        struct wh_buffer buffer = { 0 };
        wh_buffer_byte(&buffer, 'x');
        memset(wh_buffer_reserve(&buffer, size), 'y', size);
        assert_true(buffer.capacity - buffer.length >= size);
        assert_int_equal(buffer.length, 1);
        wh_buffer_free(&buffer);
    }
}

static void formatting_appends_without_the_final_nul(void **state)
{
    (void)state;
    struct wh_buffer buffer = { 0 };
    char text[1000];
    memset(text, 'z', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    wh_buffer_format(&buffer, "%d,", 42);
    wh_buffer_format(&buffer, "%s", "");
    wh_buffer_format(&buffer, "%s", text);
    assert_int_equal(buffer.length, 3 + 999);
    assert_memory_equal(buffer.data, "42,", 3);
    assert_memory_equal(buffer.data + 3, text, 999);
    wh_buffer_free(&buffer);
}

static void a_buffer_s_text_ends_and_its_length_does_not_count_that(void **state)
{
    (void)state;
    struct wh_buffer buffer = { 0 };
    assert_string_equal(wh_buffer_text(&buffer), "");
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(strlen(wh_buffer_text(&buffer)), buffer.length);
        assert_int_equal(buffer.length, i);
        wh_buffer_literal(&buffer, "\x01");
    }
    wh_buffer_free(&buffer);
}

static void an_arena_gives_aligned_pieces_that_do_not_overlap(void **state)
{
    (void)state;
    enum { PIECES = 3000 };
    struct wh_arena arena = { 0 };
    unsigned char *pieces[PIECES];
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < PIECES; i++) {
            size_t size = i % 97 == 0 ? 100000 : i % 61;
            pieces[i] = wh_arena_take(&arena, size);
            assert_int_equal((uintptr_t)pieces[i] % 16, 0);
            memset(pieces[i], (int)(i % 251), size);
        }
        for (size_t i = 0; i < PIECES; i++)
            for (size_t k = 0; k < i % 61; k++)
                assert_true(pieces[i][k] == i % 251);
        wh_arena_reset(&arena);
    }
    wh_arena_free(&arena);
    assert_null(arena.block);
}

static void an_arena_reuses_its_block_and_gives_a_huge_one_back(void **state)
{
    (void)state;
    struct wh_arena arena = { 0 };
    wh_arena_reset(&arena);
    void *first = wh_arena_take(&arena, 100);
    wh_arena_reset(&arena);
    assert_ptr_equal(wh_arena_take(&arena, 100), first);
    wh_arena_take(&arena, 64 << 20);
    wh_arena_reset(&arena);
    assert_null(arena.block);
    assert_string_equal(wh_arena_copy(&arena, "text", 4), "text");
    assert_string_equal(wh_arena_copy(&arena, NULL, 0), "");
    wh_arena_free(&arena);
}

static void memory_is_zeroed_and_copies_are_terminated(void **state)
{
    (void)state;
    char *zeros = wh_alloc(1000, 7);
    for (size_t i = 0; i < 7000; i++)
        assert_int_equal(zeros[i], 0);
    zeros = wh_resize(zeros, 10, 1);
    free(zeros);
    free(wh_alloc(0, 10));
    char *copy = wh_copy("abcdef", 3);
    assert_string_equal(copy, "abc");
    free(copy);
    copy = wh_copy(NULL, 0);
    assert_string_equal(copy, "");
    free(copy);
}

static void alloc_too_much(void)
{
    wh_alloc(SIZE_MAX / 2, 3);
}

static void resize_too_much(void)
{
    wh_resize(NULL, SIZE_MAX / 8 + 1, 8);
}

static void grow_too_much(void)
{
    struct wh_buffer buffer = { 0 };
    wh_buffer_byte(&buffer, 'x');
    wh_buffer_reserve(&buffer, SIZE_MAX - 10);
}

static void take_too_much(void)
{
    struct wh_arena arena = { 0 };
    wh_arena_take(&arena, SIZE_MAX);
}

static void sizes_that_overflow_end_the_process_with_one_line(void **state)
{
    (void)state;
    void (*const asks[])(void) = { alloc_too_much, resize_too_much, grow_too_much, take_too_much };
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) {
            dup2(ends[1], STDERR_FILENO);
            asks[i]();
            _exit(0);
        }
        close(ends[1]);
        char line[64] = { 0 };
        assert_true(read(ends[0], line, sizeof line - 1) > 0);
        assert_string_equal(line, "wh: out of memory\n");
        close(ends[0]);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), WH_FAILED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_keeps_what_was_added_while_it_grows),
        cmocka_unit_test(a_reserved_place_is_as_large_as_asked),
        cmocka_unit_test(formatting_appends_without_the_final_nul),
        cmocka_unit_test(a_buffer_s_text_ends_and_its_length_does_not_count_that),
        cmocka_unit_test(an_arena_gives_aligned_pieces_that_do_not_overlap),
        cmocka_unit_test(an_arena_reuses_its_block_and_gives_a_huge_one_back),
        cmocka_unit_test(memory_is_zeroed_and_copies_are_terminated),
        cmocka_unit_test(sizes_that_overflow_end_the_process_with_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
