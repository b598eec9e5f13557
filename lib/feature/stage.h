/*
 * The stage of wh-featurize: runs the steps of a recipe on each row and emits
 *
 *     {...columns that no step encoded...,"recipe":"R.F","features":{"amount":0.31,...}}
 *
 * or the same with a column "features.NAME" for every feature there can be (dense, for CSV).
 *
 * A stage that fits learns first: rows go in, none comes out, and wh_featurizer_settle ends each
 * pass over them. After the last it transforms, with constants that are fixed.
 *
 * Under control records with checkpoints, STATE (or the live part of it) is kept for each of them;
 * a stage that fits first refuses such a stream.
 */
#ifndef WH_FEATURE_STAGE_H
#define WH_FEATURE_STAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "pipe/recipe.h"
#include "pipe/stage.h"
#include "record/nulls.h"

enum wh_learning {
    WH_LEARN_LIVE,   /* one pass: each row is transformed with what those before it taught */
    WH_LEARN_FIRST,  /* passes that learn, then one that transforms */
    WH_LEARN_FROZEN, /* nothing: the constants are those of the state */
};

/* What a stage is made of; all of it must stay. */
struct wh_featurizing {
    const struct wh_recipe *recipe;
    struct wh_nulls nulls;   /* of --null-value: where a step makes such a value it is null too */
    const char *time;        /* the column of the event time; NULL: there is none, and steps that
                                need it are refused */
    enum wh_learning learning;
    const char *state;       /* STATE: read when frozen or live, written when live or first */
    const char *live;        /* frozen: what live steps remember goes on in this file, which begins
                                with what STATE has of it; NULL: it ends with the run */
    const char *keep;        /* COLS of the row that leave beside the features; NULL: those that
                                no step encoded */
    bool strict;             /* values that were not learned make bad rows */
    bool missing_null;       /* columns that are absent are taken as null */
    bool dense;
};

struct wh_featurizer;

/* Published, the stage writes STATE if it was learned in one pass, and what live steps go on in.
 * Its summary has a line for each column whose values were not learned. NULL with `error` when the
 * recipe, the state or the combination is refused. */
struct wh_featurizer *wh_featurizer_open(const struct wh_featurizing *featurizing,
                                         struct wh_error *error);
/* NULL is allowed. */
void wh_featurizer_close(struct wh_featurizer *featurizer);

/* The featurizer as a stage. They are one: closing either closes both. */
struct wh_stage *wh_featurizer_stage(struct wh_featurizer *featurizer);

/* What a stage that fits first says of a stream with checkpoints: WH_REFUSED. */
int wh_featurizer_refuse_stream(struct wh_error *error);

/* Passes over the rows that are due before rows come out. */
size_t wh_featurizer_passes(const struct wh_featurizer *featurizer);
/* Ends a pass; the last one writes STATE. */
int wh_featurizer_settle(struct wh_featurizer *featurizer, struct wh_error *error);

/* Rows that taught what an earlier run has left, which was no stream's; 0 where there was none. */
uint64_t wh_featurizer_continues(const struct wh_featurizer *featurizer);

#endif
