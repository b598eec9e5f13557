/*
 * The features of one row, as the encoders put them together.
 *
 * When a shape is bound, an encoder asks for the features that it can make; each is spelled for
 * the output once. Per row it only says which of them the row has and with what value, by an item
 * in the order of the steps. The items become the text `{"amount":0.31,"city=Lagos":1}`, zeros left
 * out, or the fields of a dense row.
 *
 * A wh_features owns the features it gave out, until it is freed; items are those of the row begun
 * last. Text that an item points at must outlive the row.
 */
#ifndef WH_FEATURE_FEATURES_H
#define WH_FEATURE_FEATURES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "record/row.h"
#include "record/shape.h"

enum {
    WH_MAX_FEATURES = 1 << 20, /* names there can be */
    WH_MAX_DENSE = 16384,      /* columns of a dense row */
};

/* One name under which a row can have a number; or a hashed space of many such names. */
struct wh_feature {
    const char *name;    /* UTF-8, decoded */
    const char *key;     /* `"city=Lagos":1`, of a space `"url+ref#`; padded for put_key */
    uint32_t length;
    uint32_t key_length; /* without the 1 */
    bool space;
    uint32_t width;      /* places in a dense row: 1, or the size of the space */
    uint64_t column;     /* the first of them */
    const void *maker;   /* who asked for it */
    uint64_t row;        /* the last row that had it, and its item there */
    size_t item;
};

enum wh_feature_kind {
    WH_FEATURE_NULL,
    WH_FEATURE_NUMBER,
    WH_FEATURE_TEXT, /* a number as text: written as it stands */
    WH_FEATURE_ONE,
};

struct wh_feature_item {
    struct wh_feature *feature;
    union {
        double number;
        const char *text; /* a JSON number that is finite and not zero, with slack following */
    };
    uint32_t length;      /* of text */
    uint32_t bucket;      /* of a hashed space */
    enum wh_feature_kind kind;
};

/* What becomes of a column that was named and that a row lacks. */
enum wh_absence {
    WH_ABSENCE_LEARN, /* as for all steps (pipe/step.h): not in the first row; later ones are null,
                         and that there were such is remembered */
    WH_ABSENCE_BAD,   /* frozen: a bad row, unless rows of the fit lacked it too */
    WH_ABSENCE_NULL,  /* null */
};

struct wh_encoder_binding; /* feature/encoder.h */

struct wh_features {
    struct wh_feature_item *items;
    size_t count;
    size_t capacity;
    uint64_t row; /* the row's number, from 1 */

    /* The encoders that the row came through: their columns are encoded. */
    struct wh_encoder_binding **encoders;
    size_t encoder_count;
    size_t encoder_capacity;

    enum wh_absence absence;
    bool dense;        /* every feature that can come must be asked for at binding */
    bool strict;       /* a value that was not learned makes a bad row */
    const char *full;  /* a column with more values than are kept; NULL: none */

    /* Private. */
    struct wh_arena names;
    struct wh_feature **table; /* by name, open addressing, NULL where free */
    size_t table_size;         /* a power of two */
    size_t feature_count;
    uint64_t columns;          /* places of a dense row given out */
    struct wh_features_claim *claims;
    size_t claim_count;
    struct wh_features_print *prints; /* numbers printed lately */
    struct wh_slice *absent; /* the named columns that some row lacked */
    size_t absent_count;
};

struct wh_features *wh_features_open(void);
void wh_features_close(struct wh_features *features);

/*
 * The feature of this name, made when it is new. `maker` is whoever means the same thing by the
 * same name: a step, or the wh_features itself for the number of a column, on which encoders work
 * one after the other. NULL when the name means something else to another maker, or there are too
 * many: WH_REFUSED.
 */
struct wh_feature *wh_features_name(struct wh_features *features, const void *maker,
                                    const char *name, size_t length, struct wh_error *error);
/* Claims all names that begin so ("city="). 0, or -1 as above. */
int wh_features_claim(struct wh_features *features, const void *maker, const char *prefix,
                      size_t length, struct wh_error *error);
/* A space of `width` features PREFIX0, PREFIX1, ...; claims the prefix. */
struct wh_feature *wh_features_space(struct wh_features *features, const void *maker,
                                     const char *prefix, size_t length, uint32_t width,
                                     struct wh_error *error);

/* Begins the next row: no items, no encoders. */
static inline void wh_features_begin(struct wh_features *features)
{
    features->row++;
    features->count = 0;
    features->encoder_count = 0;
}

void wh_features_grow(struct wh_features *features);

/* Adds an item; the caller fills in kind and value before the next call. */
static inline struct wh_feature_item *wh_features_add(struct wh_features *features,
                                                      struct wh_feature *feature)
{
    if (features->count == features->capacity)
        wh_features_grow(features);
    feature->row = features->row;
    feature->item = features->count;
    struct wh_feature_item *item = &features->items[features->count++];
    item->feature = feature;
    return item;
}

/* The item that this row has of the feature so far, or NULL. */
static inline struct wh_feature_item *wh_features_find(struct wh_features *features,
                                                       const struct wh_feature *feature)
{
    return feature->row == features->row ? &features->items[feature->item] : NULL;
}

/* Says that the row came through the encoder with this binding. */
void wh_features_pass(struct wh_features *features, struct wh_encoder_binding *binding);
/* Remembers which named columns the row lacked: called for rows that teach, and no others. */
void wh_features_remember(struct wh_features *features);

/* The row's features as a JSON object, appended; WH_SLACK bytes after it are readable. */
void wh_features_text(struct wh_features *features, struct wh_buffer *out);

/* The columns of a dense row (names without "features."), `features->columns` of them; `columns`
 * has room for them. The names live in the features. */
void wh_features_columns(struct wh_features *features, struct wh_column *columns);
/* The row's features as `count` fields of `row` from `first` on, zero where there is none; numbers
 * print into the row's scratch. -1 where a feature has no place: bad row. */
int wh_features_dense(const struct wh_features *features, struct wh_row *row, uint32_t first,
                      uint32_t count, struct wh_error *error);

/*
 * A column that was named and that a shape lacks: 0 where it may be taken as null (see enum
 * wh_absence; `lenient` is the step's), else -1, and `error`, which the caller filled as a bad row,
 * is made what it has to be.
 */
int wh_features_absent(const struct wh_features *features, const char *name, size_t length,
                       bool lenient, struct wh_error *error);
/* The named columns that some row lacked, as a new JSON array, and back. */
json_t *wh_features_save(const struct wh_features *features);
int wh_features_load(struct wh_features *features, const json_t *state, struct wh_error *error);

#endif
