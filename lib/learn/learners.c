#include "learn/learners.h"

#include <stddef.h>
#include <string.h>

const struct wh_learner_type *const wh_learners[] = {
    &wh_learner_auto,
    &wh_learner_nag,
    &wh_learner_ftrl,
    &wh_learner_coin,
    &wh_learner_sgd,
    NULL,
};

const char *const wh_learner_names[] = { "auto", "nag", "ftrl", "coin", "sgd", NULL };

const struct wh_learner_type *wh_learner_find(const char *name)
{
    for (size_t i = 0; wh_learners[i]; i++)
        if (strcmp(wh_learners[i]->name, name) == 0)
            return wh_learners[i];
    return NULL;
}
