#include "learn/learners.h"

#include <stddef.h>
#include <string.h>

/* The table, by the learners' names; the first is the default. */
#define LEARNERS(ROW) \
    ROW(auto) \
    ROW(nag) \
    ROW(ftrl) \
    ROW(coin) \
    ROW(sgd)

#define TYPE(name) &wh_learner_##name,
#define NAME(name) #name,

const struct wh_learner_type *const wh_learners[] = { LEARNERS(TYPE) NULL };
const char *const wh_learner_names[] = { LEARNERS(NAME) NULL };

const struct wh_learner_type *wh_learner_find(const char *name)
{
    for (size_t i = 0; wh_learners[i]; i++)
        if (strcmp(wh_learners[i]->name, name) == 0)
            return wh_learners[i];
    return NULL;
}

const char *wh_learner_help(const char *name)
{
    const struct wh_learner_type *type = wh_learner_find(name);
    return type ? type->help : NULL;
}
