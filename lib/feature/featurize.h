/*
 * What wh-featurize does with its operands: how often they are read, and what each reading is for.
 */
#ifndef WH_FEATURE_FEATURIZE_H
#define WH_FEATURE_FEATURIZE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "pipe/recipe.h"
#include "pipe/run.h"

/* What the command line says beside the common options and the recipe. */
struct wh_featurize_options {
    const char *state;
    const char *live;                /* only with `frozen` */
    bool fit, fit_transform, frozen; /* at most one, and only with a state */
    const char *keep;
    bool strict;                     /* rows with values that were not learned are bad */
    const char *missing_column;      /* "null", or NULL */
};

/*
 * Runs. Where constants have to be learned before rows come out, regular files are read as often
 * as it takes, and standard input, with --fit or --fit-transform, is put by in a temporary file.
 * 0, or -1 with `error`.
 */
int wh_featurize(const struct wh_run_settings *run, const struct wh_recipe *recipe,
                 const struct wh_featurize_options *options, const char *const *paths, size_t count,
                 struct wh_error *error);

#endif
