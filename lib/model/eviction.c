#include "model/eviction.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/memory.h"

enum {
    SHARE = 8,          /* of the features, is evicted at once */
    COUNTS = 1 << 16,   /* from here on counts are alike */
    LINE_COUNTS = 65536, /* counts in a line of the file */
    COUNT_BYTES = 4,
};

void wh_model_saw(struct wh_model *model, const struct wh_example *example)
{
    struct wh_name *names = model->names.names;
    for (size_t i = 0; i < example->count; i++) {
        struct wh_name *name = &names[example->ids[i]];
        name->seen += name->seen < UINT32_MAX;
    }
}

static uint32_t limited(uint32_t seen)
{
    return seen < COUNTS ? seen : COUNTS - 1;
}

/* The count below which all go, and how many of that very count go with them. */
static uint32_t find_limit(const struct wh_names *names, uint32_t wanted, uint32_t *of_limit)
{
    uint32_t *histogram = wh_alloc(COUNTS, sizeof *histogram);
    for (uint32_t id = 1; id < names->count; id++)
        histogram[limited(names->names[id].seen)]++;
    uint32_t limit = 0;
    while (limit < COUNTS - 1 && histogram[limit] <= wanted)
        wanted -= histogram[limit++];
    free(histogram);
    *of_limit = wanted;
    return limit;
}

uint32_t wh_model_evict(struct wh_model *model)
{
    struct wh_names *names = &model->names;
    uint32_t features = names->count - 1, left, count = 1;
    if (features == 0)
        return 0;
    uint32_t limit = find_limit(names, features / SHARE ? features / SHARE : 1, &left);
    uint32_t *from = wh_alloc(names->count, sizeof *from);
    for (uint32_t id = 1; id < names->count; id++) {
        uint32_t seen = limited(names->names[id].seen);
        bool goes = seen < limit || (seen == limit && left > 0);
        if (seen == limit && left > 0)
            left--;
        if (!goes)
            from[count++] = id;
    }
    wh_names_renumber(names, from, count);
    wh_learner_renumber(model->learner, from, count);
    for (uint32_t id = 0; id < count; id++)
        names->names[id].seen /= 2;
    free(from);
    return features + 1 - count;
}

/*
 * In the file: the counts of all features in their order, four bytes each, the lowest first, in
 * base64; as many in a line as there are, LINE_COUNTS at most.
 */

int wh_eviction_write(const struct wh_model *model, struct wh_lines *lines,
                      struct wh_error *error)
{
    const struct wh_names *names = &model->names;
    unsigned char *bytes = wh_alloc(LINE_COUNTS, COUNT_BYTES);
    char *text = wh_alloc(wh_base64_size((size_t)LINE_COUNTS * COUNT_BYTES), 1);
    int result = 0;
    for (uint32_t id = 1; id < names->count && model->learner && result == 0;) {
        size_t size = 0;
        for (; id < names->count && size < (size_t)LINE_COUNTS * COUNT_BYTES; id++)
            for (unsigned shift = 0; shift < 32; shift += 8)
                bytes[size++] = (unsigned char)(names->names[id].seen >> shift);
        size_t length = wh_base64_encode(bytes, size, text);
        json_t *value = json_pack("[I, o]", (json_int_t)(id - size / COUNT_BYTES),
                                  json_stringn(text, length));
        result = wh_lines_add(lines, value, error);
    }
    free(bytes);
    free(text);
    return result;
}

int wh_eviction_read(struct wh_model *model, const json_t *value, struct wh_error *error)
{
    struct wh_names *names = &model->names;
    double first = json_number_value(json_array_get(value, 0));
    const json_t *text = json_array_get(value, 1);
    size_t length = json_string_length(text), size = 0;
    unsigned char *bytes = wh_alloc(length / 4 * 3 + 3, 1);
    bool good = json_array_size(value) == 2 && json_is_string(text)
             && wh_base64_decode(json_string_value(text), length, bytes, &size)
             && size % COUNT_BYTES == 0 && first >= 1 && first < names->count
             && size / COUNT_BYTES <= names->count - (uint32_t)first;
    for (size_t i = 0; good && i < size; i += COUNT_BYTES) {
        uint32_t seen = 0;
        for (unsigned k = 0; k < COUNT_BYTES; k++)
            seen |= (uint32_t)bytes[i + k] << 8 * k;
        names->names[(uint32_t)first + i / COUNT_BYTES].seen = seen;
    }
    free(bytes);
    return good ? 0 : wh_fail(error, WH_REFUSED, "its counts of features are invalid");
}
