#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST_NAME = 64 }; /* names longer than this are never suggested */

/* Length of the well-formed character that begins at `text` (Unicode 15, table 3-7), or 0. */
static size_t character_length(const unsigned char *text, size_t length)
{
    unsigned char first = text[0];
    if (first < 0x80)
        return 1;
    size_t size = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (size == 0 || size > length)
        return 0;
    /* The second byte's range keeps out overlong forms, surrogates and all above U+10FFFF. */
    unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++)
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    return size;
}

size_t wh_utf8_valid(const char *text, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t i = 0;
    while (i < length) {
        uint64_t words[4];
        while (length - i >= sizeof words) {
            memcpy(words, bytes + i, sizeof words);
            if ((words[0] | words[1] | words[2] | words[3]) & UINT64_C(0x8080808080808080))
                break;
            i += sizeof words;
        }
        /* Characters one by one up to where a run of ASCII may have begun again. */
        size_t stop = length - i < sizeof words ? length : i + sizeof words;
        while (i < stop) {
            size_t size = character_length(bytes + i, length - i);
            if (size == 0)
                return i;
            i += size;
        }
    }
    return length;
}

size_t wh_utf8_put(uint32_t code, char out[static 4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

size_t wh_utf8_get(const char *text, size_t length, uint32_t *code)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t size = bytes[0] < 0x80 ? 1 : bytes[0] < 0xE0 ? 2 : bytes[0] < 0xF0 ? 3 : 4;
    static const unsigned char mask[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
    *code = bytes[0] & mask[size];
    for (size_t i = 1; i < size && i < length; i++)
        *code = *code << 6 | (bytes[i] & 0x3F);
    return size;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/*
 * Edits (insert, delete, replace, swap two neighbours) that turn one name into the other: the
 * optimal string alignment form of Damerau-Levenshtein, on bytes, ASCII letters without case.
 * Only the last three rows of the matrix are needed.
 */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][LONGEST_NAME + 1];
    size_t *before = rows[0], *previous = rows[1], *current = rows[2];
    for (size_t j = 0; j <= b_length; j++)
        previous[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        current[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            char x = lower(a[i - 1]), y = lower(b[j - 1]);
            size_t cost = smaller(previous[j] + 1, current[j - 1] + 1);
            cost = smaller(cost, previous[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == lower(b[j - 2]) && y == lower(a[i - 2]))
                cost = smaller(cost, before[j - 2] + 1);
            current[j] = cost;
        }
        size_t *oldest = before;
        before = previous;
        previous = current;
        current = oldest;
    }
    return previous[b_length];
}

const char *wh_nearest(const char *wanted, const char *const *names, size_t count)
{
    size_t wanted_length = strlen(wanted);
    if (wanted_length > LONGEST_NAME)
        return NULL;
    const char *nearest = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(names[i]);
        if (length > LONGEST_NAME)
            continue;
        size_t longer = length > wanted_length ? length : wanted_length;
        size_t distance = edit_distance(wanted, wanted_length, names[i], length);
        if (distance * 3 <= longer && distance < least) {
            least = distance;
            nearest = names[i];
        }
    }
    return nearest;
}

void wh_suggest(char *out, size_t size, const char *wanted, const char *const *names, size_t count)
{
    const char *name = wh_nearest(wanted, names, count);
    size_t used = strlen(out);
    if (name && used < size)
        snprintf(out + used, size - used, " (did you mean %s?)", name);
}

char *wh_split_list(const char *list, const char ***items, size_t *count)
{
    char *text = wh_copy(list, strlen(list)), *out = text;
    *items = NULL;
    *count = 0;
    for (const char *at = list, *item = text;; at++) {
        if (*at == '\\' && at[1]) {
            *out++ = *++at;
        } else if (*at && *at != ',') {
            *out++ = *at;
        } else {
            *out++ = '\0';
            *items = wh_resize(*items, *count + 1, sizeof **items);
            (*items)[(*count)++] = item;
            item = out;
            if (!*at)
                return text;
        }
    }
}

static bool is_plain(const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";
    for (; *name; name++)
        if (!strchr(plain, *name) && (unsigned char)*name < 0x80)
            return false;
    return true;
}

void wh_option_column(struct wh_buffer *out, const char *name)
{
    if (*name && is_plain(name)) {
        wh_buffer_format(out, "%s", name);
        return;
    }
    wh_buffer_byte(out, '\'');
    for (const char *at = name; *at; at++) {
        if (strchr(",\\=:", *at) || (at == name && strchr("/!", *at)))
            wh_buffer_byte(out, '\\');
        if (*at == '\'')
            wh_buffer_format(out, "'\\'");
        wh_buffer_byte(out, *at);
    }
    wh_buffer_byte(out, '\'');
}

uint64_t wh_count_lines(const char *text, size_t length)
{
    const char *end = text + length;
    uint64_t lines = 0;
    while (text < end && (text = memchr(text, '\n', (size_t)(end - text)))) {
        lines++;
        text++;
    }
    return lines;
}
