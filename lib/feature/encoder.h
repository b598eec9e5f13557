/*
 * What all encoders share. An encoder is a step that makes features of columns: it leaves the row
 * as it is and puts items into the wh_features. The columns it names are then encoded: they leave
 * wh-featurize inside `features`, no longer beside it.
 *
 * Encoders of numbers work on the same column one after the other: the first takes the column's
 * value, each further one what the one before has made, and the outcome is one feature of the
 * column's name.
 */
#ifndef WH_FEATURE_ENCODER_H
#define WH_FEATURE_ENCODER_H

#include "feature/features.h"
#include "pipe/step.h"

/* What --onehot remembers of a column. */
enum { WH_ONEHOT_VALUES = 100000, WH_ONEHOT_BYTES = 64 << 20 };

/* What an encoder keeps of a column in all shapes: at the start of a struct of its own. */
struct wh_encoder_memory {
    struct wh_slice name; /* NUL following */
};

/* Embedded at the start of every encoder. */
struct wh_encoder {
    struct wh_step step;
    struct wh_encoder_memory **memories;
    size_t memory_count;
    void (*forget)(struct wh_encoder_memory *memory); /* gives back what one holds; NULL: nothing */
};

/* A column as an encoder meets it in rows of one shape. */
struct wh_encoder_column {
    const char *name;
    uint32_t length;
    int32_t field;              /* where in the row; -1: absent, taken as null */
    struct wh_feature *feature; /* for encoders that make one of a column */
    void *memory;               /* for encoders that keep something of a column */
    struct {                    /* what row() leaves for learn() */
        double number;          /* NaN: null */
        struct wh_slice value;
        void *known;
    } met;
};

/* An encoder's binding; names live as long as it does. */
struct wh_encoder_binding {
    struct wh_binding binding;
    uint64_t serial; /* unique in the process */
    bool lacks;      /* a column is absent, and the features have not been told to remember it */
    size_t count;
    struct wh_encoder_column columns[];
};

/* Takes the columns of the recipe. -1 with `error`; wh_encoder_close is due in either case. */
int wh_encoder_open(struct wh_encoder *encoder, const struct wh_step_ops *ops,
                    const json_t *recipe, struct wh_error *error);
/* Gives back what wh_encoder_open took, the memories, and `encoder` itself. */
void wh_encoder_close(struct wh_step *encoder);

/* The binding for a shape: where each chosen column is. Names that are absent come last. free() it;
 * NULL with `error`. */
struct wh_encoder_binding *wh_encoder_bind(struct wh_encoder *encoder,
                                           const struct wh_shape *shape,
                                           struct wh_features *features, struct wh_error *error);
/* The same with each column's feature: the number of the column itself. */
struct wh_encoder_binding *wh_encoder_bind_numbers(struct wh_encoder *encoder,
                                                   const struct wh_shape *shape,
                                                   struct wh_features *features,
                                                   struct wh_error *error);

/* Sets each column's memory, `size` bytes, zeroed when it is new. -1: too many columns. */
int wh_encoder_remember(struct wh_encoder *encoder, struct wh_encoder_binding *binding, size_t size,
                        struct wh_error *error);
/* The memory of one column by name; `expected` is where it probably is among the memories. */
void *wh_encoder_memory(struct wh_encoder *encoder, const char *name, size_t length, size_t size,
                        size_t expected, struct wh_error *error);

/* A whole number of the recipe from `least` to `most`; `value` stays where it is not there. */
int wh_encoder_count(const json_t *recipe, const char *key, uint64_t least, uint64_t most,
                     uint64_t *value, struct wh_error *error);

/*
 * The item of a column's number as it stands before this encoder: as an encoder before left it, or
 * new from the row's field. Its kind is WH_FEATURE_NUMBER, or WH_FEATURE_NULL. NULL with the error
 * of a bad row when the field is no finite number; `op` is the rule.
 */
struct wh_feature_item *wh_encoder_number(const char *op, const struct wh_encoder_column *column,
                                          struct wh_row *row, struct wh_features *features,
                                          struct wh_error *error);
/* The bad row of a field that is no number; returns NULL. */
void *wh_encoder_no_number(const char *op, const struct wh_encoder_column *column,
                           struct wh_row *row, struct wh_error *error);
/* Whether a field is null or its column absent. */
static inline bool wh_encoder_null(const struct wh_encoder_column *column,
                                   const struct wh_row *row)
{
    return column->field < 0 || row->fields[column->field].type == WH_NULL;
}

/* columns() of all encoders: their columns are encoded. */
void wh_encoder_columns(struct wh_step *step, struct wh_binding *binding);
/* feeds() of an encoder whose features no other encoder works on. */
bool wh_encoder_feeds_none(const struct wh_step *step, const struct wh_step *later);
/* feeds() of an encoder of numbers: the encoders of numbers after it that may name its columns. */
bool wh_encoder_feeds_numbers(const struct wh_step *step, const struct wh_step *later);

#endif
