/*
 * Small things about text: UTF-8, similar names, lists of words.
 */
#ifndef WH_BASE_TEXT_H
#define WH_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"

/* Of ASCII, whatever the locale. */
static inline bool wh_is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* 0 to 15, or -1 where it is no hexadecimal digit. */
static inline int wh_hex_digit(char c)
{
    unsigned char letter = (unsigned char)(c | 0x20);
    return wh_is_digit(c) ? c - '0' : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* Index of the first byte that is not part of well-formed UTF-8 (RFC 3629), or `length`. */
size_t wh_utf8_valid(const char *text, size_t length);
/* Appends `code` (a Unicode scalar value) as UTF-8 to `out`; returns its length, 1 to 4. */
size_t wh_utf8_put(uint32_t code, char out[static 4]);
/* Reads the character at `text` (well-formed UTF-8); returns its length. */
size_t wh_utf8_get(const char *text, size_t length, uint32_t *code);

/* How many line feeds a text has. */
uint64_t wh_count_lines(const char *text, size_t length);

/* The name among `names` nearest to `wanted` (Damerau-Levenshtein), or NULL where none is near:
 * more than a third of the letters differ. */
const char *wh_nearest(const char *wanted, const char *const *names, size_t count);

/* Appends " (did you mean NAME?)" to `out` where a near name exists. */
void wh_suggest(char *out, size_t size, const char *wanted, const char *const *names, size_t count);

/* Appends a column's name as a remedy shows it in an option that takes columns: with backslashes
 * and in quotes, where such an option or the shell needs them. */
void wh_option_column(struct wh_buffer *out, const char *name);

/* Cuts a list at its commas; a backslash takes the meaning from the next byte. Returns the memory
 * that the items stand in; free() both. An empty list is one empty item. */
char *wh_split_list(const char *list, const char ***items, size_t *count);

#endif
