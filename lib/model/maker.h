/*
 * Making an example (learn/example.h): names become numbers, and values are put beside them.
 *
 * It is what all readers of a row's values share (model/feature_columns.h,
 * model/features_object.h): they hand it a name and a value at a time. A name that is new is added
 * to the names where the row may do that; zero and missing values are left out unless the learner
 * needs them; a feature that comes twice makes the row bad, or is added up where names are hashed.
 *
 * Functions that return a bool return false for a bad row, with the error. The example is valid
 * until the next row begins. Memory: 8 bytes a feature, which are the maker's own.
 */
#ifndef WH_MODEL_MAKER_H
#define WH_MODEL_MAKER_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "learn/example.h"
#include "learn/names.h"
#include "record/row.h"

/* A name within the row, with its number or WH_NO_FEATURE where that is not known. */
struct wh_named {
    const char *text;
    size_t length;
    uint32_t id;
};

/* What the rows so far tell of a feature. */
struct wh_met {
    uint32_t next; /* what came after it last time, to be checked; WH_CONSTANT: nothing */
    uint32_t row;  /* the last row that had it, as the maker counts them; 0: none */
};

struct wh_maker {
    const struct wh_names *names;
    struct wh_names *growing; /* the same where names are added, else NULL */
    struct wh_met *met;       /* by number, of all names that there are when a row is read */
    size_t met_capacity;
    uint64_t hash_mask;  /* of the bits of names' hashes; 0: names are kept */
    bool zeros, missing; /* these are put into the examples too */
    bool adds;           /* the row may add names: it has a label to learn */
    uint32_t most;       /* names, the constant included */
    uint64_t crowded;    /* values ignored because max_features was reached */

    /* The example being made. */
    uint32_t *ids;
    double *values;
    size_t count, capacity;
    uint32_t *places; /* where features are in it, by their numbers, where names are hashed */
    size_t place_capacity;
    uint32_t row;     /* its number, from 1; it begins again where that is too large */
    bool fresh;       /* the last string was no feature before */
    bool named, known; /* a feature was named; one of these is known */
    struct wh_buffer name;
};

struct wh_maker_settings {
    const struct wh_names *names;
    struct wh_names *growing; /* the same where names are added, else NULL */
    unsigned needs;           /* of the learner (enum wh_needs) */
    uint64_t hash_bits;       /* bits of a name's hash that replace it; 0: names are kept */
    uint64_t max_features;    /* no names are added beyond this number */
};

void wh_maker_open(struct wh_maker *maker, const struct wh_maker_settings *settings);
void wh_maker_close(struct wh_maker *maker);

/* For the function below: makes room for what is met of new names, and counts rows anew. */
void wh_maker_remember(struct wh_maker *maker);
void wh_maker_count_anew(struct wh_maker *maker);

/* A row begins: its example has only the constant. */
static inline void wh_maker_begin(struct wh_maker *maker)
{
    if (maker->names->count > maker->met_capacity)
        wh_maker_remember(maker);
    if (++maker->row == 0)
        wh_maker_count_anew(maker);
    maker->named = maker->known = false;
    maker->ids[0] = WH_CONSTANT;
    maker->values[0] = 1;
    maker->count = 1;
}

/* Forgets what it knows of names, from number `first` to before `end`. */
void wh_maker_forget(struct wh_maker *maker, size_t first, size_t end);

/* The number of a name; WH_NO_FEATURE: it has none. */
uint32_t wh_maker_find(const struct wh_maker *maker, const char *text, size_t length);
/* The same put into `name`, which is added where the row may do that and there is room. */
bool wh_maker_number_name(struct wh_maker *maker, struct wh_named *name, struct wh_error *error);
/* The name COLUMN=VALUE, valid until the next. */
struct wh_slice wh_maker_category(struct wh_maker *maker, const struct wh_named *column,
                                  struct wh_slice value);

/* A bad row: the value is "what". False. */
bool wh_maker_bad_value(struct wh_error *error, const struct wh_named *name, const char *rule,
                        const char *text, size_t length, const char *what);
/* A bad row: an array or object that begins with `opening`. False. */
bool wh_maker_bad_nested(const struct wh_maker *maker, const struct wh_named *name, char opening,
                         struct wh_error *error);

/* Where putting a feature takes more than that; for the functions below. */
bool wh_maker_put_again(struct wh_maker *maker, uint32_t id, double value, struct wh_error *error);
void wh_maker_note_place(struct wh_maker *maker, uint32_t id);
void wh_maker_grow(struct wh_maker *maker);

/* Puts a feature into the example. */
static inline bool wh_maker_put(struct wh_maker *maker, uint32_t id, double value,
                                struct wh_error *error)
{
    struct wh_met *met = &maker->met[id];
    if (met->row == maker->row)
        return wh_maker_put_again(maker, id, value, error);
    met->row = maker->row;
    if (maker->hash_mask)
        wh_maker_note_place(maker, id);
    if (maker->count == maker->capacity)
        wh_maker_grow(maker);
    maker->ids[maker->count] = id;
    maker->values[maker->count++] = value;
    return true;
}

/* The row has a feature of this name, which may have been learned since its shape was looked at. */
static inline void wh_maker_mark(struct wh_maker *maker, struct wh_named *name)
{
    if (name->id == WH_NO_FEATURE && maker->growing && !maker->adds)
        name->id = wh_names_find(maker->names, name->text, name->length);
    maker->named = true;
    maker->known |= name->id != WH_NO_FEATURE;
}

static inline bool wh_maker_put_value(struct wh_maker *maker, struct wh_named *name, double value,
                                      struct wh_error *error)
{
    if (name->id == WH_NO_FEATURE && maker->growing && !wh_maker_number_name(maker, name, error))
        return false;
    return name->id == WH_NO_FEATURE || wh_maker_put(maker, name->id, value, error);
}

/* Takes a value of a feature, whose number is in `name` afterwards. */
static inline bool wh_maker_value(struct wh_maker *maker, struct wh_named *name, double value,
                                  struct wh_error *error)
{
    wh_maker_mark(maker, name);
    if (value == 0 && !maker->zeros)
        return true;
    return wh_maker_put_value(maker, name, value, error);
}

/* Missing values name a feature, and are part of the example where the learner needs them. */
static inline bool wh_maker_missing(struct wh_maker *maker, struct wh_named *name,
                                    struct wh_error *error)
{
    wh_maker_mark(maker, name);
    return !maker->missing || wh_maker_put_value(maker, name, (double)NAN, error);
}

/* Takes a number of a feature that has an id, as nearly all are. False where there is more to it
 * than that: nothing has been done then. WH_SLACK bytes can be read after the text. */
static inline bool wh_maker_known(struct wh_maker *maker, uint32_t id, const char *text,
                                  size_t length)
{
    if (id == WH_NO_FEATURE)
        return false;
    double value = wh_number_parse_slack(text, length);
    struct wh_met *met = &maker->met[id];
    size_t count = maker->count;
    bool left_out = value == 0 && !maker->zeros;
    if (!(fabs(value) <= WH_LARGEST_VALUE)
        || (!left_out && (met->row == maker->row || count == maker->capacity)))
        return false;
    maker->named = maker->known = true;
    if (left_out)
        return true;
    met->row = maker->row;
    if (maker->hash_mask)
        wh_maker_note_place(maker, id);
    maker->ids[count] = id;
    maker->values[count] = value;
    maker->count = count + 1;
    return true;
}

/* Takes a number as text, which WH_SLACK bytes can be read after. */
bool wh_maker_number(struct wh_maker *maker, struct wh_named *name, const char *text,
                     size_t length, struct wh_error *error);
/* Takes a string: the feature `name=value`. `last` is the feature it was in the row before.
 * `declared`: it is a string whatever it looks like. */
bool wh_maker_string(struct wh_maker *maker, const struct wh_named *column, struct wh_slice value,
                     bool declared, uint32_t *last, struct wh_error *error);

#endif
