/*
 * The learners there are. A new one is a file, which has its wh_learner_type, and a line in the
 * table.
 */
#ifndef WH_LEARN_LEARNERS_H
#define WH_LEARN_LEARNERS_H

#include "learn/learner.h"

extern const struct wh_learner_type wh_learner_nag;
extern const struct wh_learner_type wh_learner_ftrl;
extern const struct wh_learner_type wh_learner_coin;
extern const struct wh_learner_type wh_learner_sgd;
extern const struct wh_learner_type wh_learner_auto;

/* The table, NULL at the end; the first is the default. */
extern const struct wh_learner_type *const wh_learners[];
/* Their names, in the same order, NULL last. */
extern const char *const wh_learner_names[];
#define WH_DEFAULT_LEARNER "auto"
const struct wh_learner_type *wh_learner_find(const char *name);
/* What a learner says of itself; NULL where there is no such learner. */
const char *wh_learner_help(const char *name);

#endif
