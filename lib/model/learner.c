#include "model/learner.h"

#include <string.h>

const struct wh_learner_type *const wh_learners[] = {
    &wh_learner_nag,
    NULL,
};

const struct wh_learner_type *wh_learner_find(const char *name)
{
    for (size_t i = 0; wh_learners[i]; i++)
        if (strcmp(wh_learners[i]->name, name) == 0)
            return wh_learners[i];
    return NULL;
}
