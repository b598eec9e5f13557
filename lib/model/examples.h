/*
 * Making examples (learn/example.h) of rows.
 *
 * With a `features` object (or columns named features.NAME) that is the input; without one, every
 * column is but the label, the weight and those that were named as none. Numbers stay numbers, a
 * string becomes the feature `name=value` of value 1, booleans are 0 and 1, null is missing. Zero
 * and missing are the same to a linear model: they are left out unless the learner needs them.
 *
 * With hash_bits a feature's name is "#" and the lowest bits of a hash of its text, in hexadecimal
 * digits: there are only so many, and those that meet in one share a weight, their values added.
 *
 * The model's census (model/census.h) says what kind of values a column has: a value of another
 * type is read as that where its text says so. A column that the model knows and a row lacks is
 * missing, as null is; one that the model does not know yet says nothing.
 *
 * Which columns are read is a part of the shape's row plan (model/row_plan.h). A value is put into
 * the example by model/maker.h, whether it comes from a column (model/feature_columns.h) or from a
 * features object (model/features_object.h). Strings are guessed from the row before; hashing is
 * what remains.
 */
#ifndef WH_MODEL_EXAMPLES_H
#define WH_MODEL_EXAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "learn/example.h"
#include "learn/names.h"
#include "model/census.h"
#include "model/row_plan.h"
#include "pipe/stage.h"
#include "record/row.h"

enum { WH_DEFAULT_MAX_FEATURES = 4000000 };
#define WH_DEFAULT_MAX_FEATURES_TEXT "4m"

enum { WH_MOST_HASH_BITS = 28 };

struct wh_examples;

/* What one row gave. `field` pointers are valid as long as the row. */
struct wh_reading_row {
    struct wh_row_plan *plan; /* of the row, where a session has read it (score/predictor.h) */
    struct wh_example example;
    const struct wh_field *label; /* NULL where the row has no such column, or null */
    const struct wh_field *stamp; /* the `recipe` column beside a features object, else NULL */
    double weight;                /* 1 without a weight column */
    enum wh_example_input input;
    bool labelled_column;         /* whether the row has the label's column at all */
    bool known;                   /* it names no feature, or one that is in the names */
};

struct wh_examples_settings {
    struct wh_census *census; /* the model's; it must stay. NULL: values are read as they are */
    const char *aside[2];     /* more columns that are no features; NULL: none */
    bool strict;              /* rows that differ from those in the census are bad */
    bool begins;              /* a new model: the first row must have every column that --id,
                                 --ignore and --time name, since a mistyped one would become a
                                 feature */
    unsigned needs;        /* of the learner (enum wh_needs) */
    uint64_t max_features; /* no names are added beyond this number; others are ignored */
};

/* Makes examples to learn from: names that come are added to `names`, which must outlive them. They
 * have a part in `plans`, which have the same roles and are closed first. NULL on failure: an
 * invalid choice of columns. */
struct wh_examples *wh_examples_open(struct wh_names *names, struct wh_row_plans *plans,
                                     const struct wh_roles *roles,
                                     const struct wh_examples_settings *settings,
                                     struct wh_error *error);
/* The same to score: the names stay as they are, and many threads may each read rows by them. */
struct wh_examples *wh_examples_open_scoring(const struct wh_names *names,
                                             struct wh_row_plans *plans,
                                             const struct wh_roles *roles,
                                             const struct wh_examples_settings *settings,
                                             struct wh_error *error);
void wh_examples_close(struct wh_examples *examples);

/*
 * Reads a row, whose plan is `plan`. Without a label and with `need_label`, only `label` and
 * `labelled_column` are filled; without `need_label` such a row adds no names and needs no weight,
 * since nothing is learned from it. After a bad row the names are what they were before it.
 */
enum wh_verdict wh_examples_read(struct wh_examples *examples, struct wh_row *row,
                                 struct wh_row_plan *plan, bool need_label,
                                 struct wh_reading_row *reading, struct wh_error *error);

/* After the last row of a new model, or of those to score: WH_REFUSED where no row had the weight's
 * column. For a new model also where a pattern or a name after a `!` of --id, --ignore or --time
 * has found no column in any row, or a name of --interactions neither column nor feature. */
int wh_examples_finish(const struct wh_examples *examples, struct wh_error *error);

/* Adds what examples of another thread, of rows of the same run, have met of what is asked at the
 * end. */
void wh_examples_merge(struct wh_examples *examples, const struct wh_examples *from);

/* Counts the row read last in the census, where it has one: a row that was `taught` counts for the
 * model, another for this run only. The row's fields must still be there. */
void wh_examples_count(struct wh_examples *examples, bool taught);

/* Whether the rows to come are only looked at: they add no names. */
void wh_examples_hold(struct wh_examples *examples, bool held);

/* Takes back the names that the last row read has added. */
void wh_examples_undo(struct wh_examples *examples);

/* Forgets what it knows of names, whose numbers have changed. */
void wh_examples_forget(struct wh_examples *examples);

/* Values that were left out because max_features names were there already. */
uint64_t wh_examples_crowded(const struct wh_examples *examples);

#endif
