#include "learn/auto/pack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/memory.h"

bool wh_auto_number(const json_t *value, double most, double *number)
{
    *number = json_number_value(value);
    return json_is_number(value) && fabs(*number) <= most;
}

bool wh_auto_count(const json_t *value, double most, uint64_t *count)
{
    double number = json_number_value(value);
    bool fine = json_is_number(value) && number >= 0 && number <= most && number == floor(number);
    *count = fine ? (uint64_t)number : 0;
    return fine;
}

/* The text of `count` words of `size` bytes, which are given as bits. */
static json_t *save(const unsigned char *bytes, size_t size)
{
    char *text = wh_alloc(1, wh_base64_size(size) + 1);
    size_t length = wh_base64_encode(bytes, size, text);
    json_t *json = json_stringn(text, length);
    free(text);
    return json;
}

/* The bytes of a text that has just `size` of them, to be freed; NULL where it is none. */
static unsigned char *load(const json_t *text, size_t size)
{
    size_t length = json_string_length(text);
    if (!json_is_string(text) || length != wh_base64_size(size))
        return NULL;
    unsigned char *bytes = wh_alloc(1, length / 4 * 3 + 1);
    size_t got;
    if (wh_base64_decode(json_string_value(text), length, bytes, &got) && got == size)
        return bytes;
    free(bytes);
    return NULL;
}

static void put(unsigned char *out, uint64_t bits, size_t size)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (unsigned char)(bits >> 8 * i);
}

static uint64_t take(const unsigned char *in, size_t size)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < size; i++)
        bits |= (uint64_t)in[i] << 8 * i;
    return bits;
}

json_t *wh_auto_doubles_save(const double *numbers, size_t count)
{
    unsigned char *bytes = wh_alloc(count + 1, sizeof(uint64_t));
    for (size_t i = 0; i < count; i++) {
        uint64_t bits;
        memcpy(&bits, &numbers[i], sizeof bits);
        put(bytes + i * sizeof bits, bits, sizeof bits);
    }
    json_t *json = save(bytes, count * sizeof(uint64_t));
    free(bytes);
    return json;
}

bool wh_auto_doubles_load(const json_t *text, double *numbers, size_t count, double most)
{
    unsigned char *bytes = load(text, count * sizeof(uint64_t));
    bool fine = bytes != NULL;
    for (size_t i = 0; fine && i < count; i++) {
        uint64_t bits = take(bytes + i * sizeof bits, sizeof bits);
        memcpy(&numbers[i], &bits, sizeof bits);
        fine = fabs(numbers[i]) <= most;
    }
    free(bytes);
    return fine;
}

json_t *wh_auto_floats_save(const float *numbers, size_t count)
{
    unsigned char *bytes = wh_alloc(count + 1, sizeof(uint32_t));
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &numbers[i], sizeof bits);
        put(bytes + i * sizeof bits, bits, sizeof bits);
    }
    json_t *json = save(bytes, count * sizeof(uint32_t));
    free(bytes);
    return json;
}

bool wh_auto_floats_load(const json_t *text, float *numbers, size_t count, double most)
{
    unsigned char *bytes = load(text, count * sizeof(uint32_t));
    bool fine = bytes != NULL;
    for (size_t i = 0; fine && i < count; i++) {
        uint32_t bits = (uint32_t)take(bytes + i * sizeof bits, sizeof bits);
        memcpy(&numbers[i], &bits, sizeof bits);
        fine = fabs((double)numbers[i]) <= most;
    }
    free(bytes);
    return fine;
}
