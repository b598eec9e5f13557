/*
 * Scored rows: the columns that a model's prediction adds to a row, which wh-score and wh-update
 * write alike.
 *
 * `score` is one number: the probability of the positive class, the expected value, or with more
 * than two classes the probability of the likeliest; `prediction` is the predicted class' label as
 * it was spelled in training. On request follow `proba`, the probabilities of all classes (an
 * object; in CSV a column proba.LABEL for each), `explanation` (score/explain.h) and `model`, the
 * first 12 digits of the model's digest. A features object is left out, unless it is to be kept.
 */
#ifndef WH_SCORE_SCORED_H
#define WH_SCORE_SCORED_H

#include <stdbool.h>

#include "base/error.h"
#include "model/model.h"
#include "model/row_plan.h"
#include "record/row.h"

struct wh_scored_settings {
    /* With it the columns are called NAME, NAME_prediction, NAME_proba ..., so that several models
     * can follow one another; NULL for the plain names. */
    const char *as;
    bool keep_features;
    bool proba, explanation, stamp; /* whether there are such columns */
    uint64_t digits; /* significant ones of scores and probabilities, 17 at most; 0: all */
};

struct wh_scored;

/* NULL on failure: a name that cannot be. */
struct wh_scored *wh_scored_open(const struct wh_scored_settings *settings,
                                 struct wh_error *error);
/* NULL is allowed. */
void wh_scored_close(struct wh_scored *scored);

/* Before the first row, where there are probabilities: whether they are columns of their own. */
void wh_scored_flat(struct wh_scored *scored, bool flat);

/* The columns of scored rows of one shape, a part of its row plan (model/row_plan.h): those of the
 * input that stay, then what each of the models adds. */
struct wh_scored_columns {
    struct wh_shape *shape; /* NULL while they are not known */
    uint32_t *kept;         /* indices of the input's columns that stay */
    uint32_t kept_count;
};

/* Gives such columns to the plans; returns their place in each. */
size_t wh_scored_take_part(struct wh_row_plans *plans);

/* A model, whose task is settled, and what it adds. */
struct wh_scoring {
    struct wh_scored *scored;
    const struct wh_model *model;
};

/* Works out the columns of rows of a shape that are scored by `count` models. False, and they are
 * not known, where one of the same name is there already: a bad row. */
bool wh_scored_bind(struct wh_scored_columns *columns, const struct wh_shape *shape,
                    const struct wh_scoring *by, size_t count, struct wh_error *error);
/* Whether that can be, as far as it is known before a model's task is settled; else it is a bad
 * row. */
bool wh_scored_may_bind(const struct wh_scored *scored, const struct wh_shape *shape,
                        struct wh_error *error);
/* The columns are not known any more. */
void wh_scored_forget(struct wh_scored_columns *columns);

/* Whether rows come out with the same columns through both; their models' tasks are settled. */
bool wh_scored_alike(struct wh_scored *one, const struct wh_model *its_model,
                     struct wh_scored *other, const struct wh_model *others_model);

/* A scored row: first its fields, of which those that stay are copied ... */
struct wh_field *wh_scored_begin(const struct wh_scored_columns *columns, struct wh_row *row);
/* ... then what each model adds, from `field` on; returns the one after. `explanation` is needed
 * where there is such a column ... */
struct wh_field *wh_scored_put(const struct wh_scored *scored, const struct wh_model *model,
                               struct wh_row *row, const struct wh_prediction *prediction,
                               const struct wh_field *explanation, struct wh_field *field);
/* ... or null for all that are added, where nothing could be predicted ... */
void wh_scored_put_null(const struct wh_scored_columns *columns, struct wh_field *fields);
/* ... and at last the row is of these. */
static inline void wh_scored_end(const struct wh_scored_columns *columns, struct wh_row *row,
                                 struct wh_field *fields)
{
    row->fields = fields;
    row->shape = columns->shape;
    row->changed = true;
}

#endif
