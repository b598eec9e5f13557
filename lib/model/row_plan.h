/*
 * Row plans: what the columns of rows of one shape are to whoever learns from them or scores them.
 * One is found per row, and everything that the shape alone tells is in it.
 *
 * Where the columns of the roles are (label, weight, event time ...) is known as soon as a shape
 * comes, and that never fails. The rest are parts, each a struct of the module that registers it:
 * the columns that features are read from (model/examples.h), those that decide what is held out
 * (train/holdout.h), those that a scored row has (score/scored.h). A part is zero in a new plan.
 * Its module binds it when it first meets a row of the shape, not before: only then may columns be
 * missed, so that a row that nobody reads is not bad, and errors come in the order in which the row
 * is looked at.
 *
 * Plans belong to what one thread works with: a trainer, or a session of a predictor. They are
 * remembered for some shapes (record/shape_cache.h); a plan is valid until the plan of another row
 * is asked for. Close the plans before what owns their parts.
 */
#ifndef WH_MODEL_ROW_PLAN_H
#define WH_MODEL_ROW_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "record/row.h"
#include "record/shape_cache.h"

/* Which columns are not features, and of which features products are. All may be NULL. */
struct wh_roles {
    const char *label;
    const char *weight;
    const char *id;     /* column choices: "a,c", "/_id$/" ... */
    const char *ignore;
    const char *time;
    const char *interactions; /* as model/interactions.h has them */
    const char *join;   /* of late labels (model/join.h) */
    uint64_t hash_bits; /* bits of a name's hash that replace it; 0: names are kept */
};

enum wh_example_input { WH_INPUT_UNSETTLED, WH_INPUT_COLUMNS, WH_INPUT_FEATURES };

struct wh_row_plan {
    uint64_t serial; /* of the shape; 0: none */
    int label, weight, time, join; /* indices of the roles' columns; -1: the shape has none */
    int features;                  /* of the features object */
    int stamp;                     /* of the `recipe` column beside features */
    enum wh_example_input input;
    /* The parts follow. */
};

/* A part of each plan. */
struct wh_row_part {
    size_t size;
    void (*release)(void *owner, void *part); /* frees what it holds, if it was bound */
    void *owner;
};

enum { WH_MOST_ROW_PARTS = 4 };

struct wh_row_plans {
    char *label, *weight, *time, *join;
    struct wh_shape_cache cache;
    struct wh_row_part parts[WH_MOST_ROW_PARTS];
    size_t places[WH_MOST_ROW_PARTS];
    size_t count;
};

/* Plans of rows whose columns have these roles. */
struct wh_row_plans *wh_row_plans_open(const struct wh_roles *roles);
/* Releases all parts. NULL is allowed. */
void wh_row_plans_close(struct wh_row_plans *plans);

/* Adds a part to the plans, before the first row. Returns its place. */
size_t wh_row_plans_add(struct wh_row_plans *plans, const struct wh_row_part *part);

/* A plan's part, by its place. */
static inline void *wh_row_plan_part(struct wh_row_plan *plan, size_t place)
{
    return (char *)plan + place;
}

/* Makes the plan of a shape where another was, for the function below. */
void wh_row_plan_make(const struct wh_row_plans *plans, struct wh_row_plan *plan,
                      const struct wh_shape *shape);

/* The plan of rows of this shape. */
static inline struct wh_row_plan *wh_row_plan_of(const struct wh_row_plans *plans,
                                                 const struct wh_shape *shape)
{
    struct wh_row_plan *plan = wh_shape_cache_at(&plans->cache, shape->serial);
    if (plan->serial != shape->serial)
        wh_row_plan_make(plans, plan, shape);
    return plan;
}

/* A row's field of a role, such as plan->weight; NULL where its shape has no such column. */
static inline const struct wh_field *wh_row_plan_field(const struct wh_row *row, int index)
{
    return index < 0 ? NULL : &row->fields[index];
}

/* Releases the part in all plans: what it was bound to is another. */
void wh_row_plans_release(const struct wh_row_plans *plans, size_t place);

/* Refuses rows without the label's column, naming one that is near. Returns -1. `row`: the first
 * of rows that may each have other columns, for the case that none has it. */
int wh_no_label_column(const char *label, const struct wh_shape *shape, struct wh_error *error);
void wh_no_label_row(const char *label, const struct wh_row *row, struct wh_error *error);

/* Whether a column of this name holds features, or makes up a features object; and in the second
 * case the name of the feature, else NULL, of *length bytes. */
bool wh_column_is_features(const char *name, size_t length);
const char *wh_column_feature(const struct wh_column *column, uint32_t *length);

#endif
