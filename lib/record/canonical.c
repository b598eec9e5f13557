#include "record/canonical.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/number.h"
#include "record/json.h"

static void print_integer(struct wh_buffer *out, json_int_t number)
{
    char *place = wh_buffer_reserve(out, WH_NUMBER_SIZE);
    out->length += wh_integer_print(number, place);
}

void wh_json_real(struct wh_buffer *out, double number)
{
    char *place = wh_buffer_reserve(out, WH_NUMBER_SIZE + 2);
    size_t length = wh_number_print(number, place);
    out->length += length;
    /* Digits alone would be read as an integer, which has no negative zero and may be too small. */
    bool digits = memchr(place, '.', length) == NULL && memchr(place, 'e', length) == NULL;
    if (digits && (fabs(number) >= 0x1p63 || (number == 0 && signbit(number))))
        wh_buffer_literal(out, ".0");
}

static void print_string(struct wh_buffer *out, const char *text, size_t length)
{
    wh_buffer_byte(out, '"');
    wh_json_escape(out, text, length);
    wh_buffer_byte(out, '"');
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void print_object(struct wh_buffer *out, const json_t *object)
{
    size_t count = 0;
    const char **keys = wh_alloc(json_object_size(object), sizeof *keys);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
        keys[count++] = key;
    qsort(keys, count, sizeof *keys, compare_keys);
    wh_buffer_byte(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            wh_buffer_byte(out, ',');
        print_string(out, keys[i], strlen(keys[i]));
        wh_buffer_byte(out, ':');
        wh_json_canonical(out, json_object_get(object, keys[i]));
    }
    wh_buffer_byte(out, '}');
    free(keys);
}

static void print_array(struct wh_buffer *out, const json_t *array)
{
    wh_buffer_byte(out, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0)
            wh_buffer_byte(out, ',');
        wh_json_canonical(out, json_array_get(array, i));
    }
    wh_buffer_byte(out, ']');
}

void wh_json_canonical(struct wh_buffer *out, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT: print_object(out, value); break;
    case JSON_ARRAY: print_array(out, value); break;
    case JSON_STRING:
        print_string(out, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER: print_integer(out, json_integer_value(value)); break;
    case JSON_REAL: wh_json_real(out, json_real_value(value)); break;
    case JSON_TRUE: wh_buffer_literal(out, "true"); break;
    case JSON_FALSE: wh_buffer_literal(out, "false"); break;
    case JSON_NULL: wh_buffer_literal(out, "null"); break;
    }
}

void wh_text_hash(const struct wh_buffer *text, char hex[static 13])
{
    struct wh_sha256 sha;
    char digits[65];
    wh_sha256_init(&sha);
    wh_sha256_add(&sha, text->data, text->length);
    wh_sha256_hex(&sha, digits);
    memcpy(hex, digits, 12);
    hex[12] = '\0';
}

void wh_json_hash(const json_t *value, char hex[static 13])
{
    struct wh_buffer text = { 0 };
    wh_json_canonical(&text, value);
    wh_text_hash(&text, hex);
    wh_buffer_free(&text);
}
