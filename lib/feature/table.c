#include "feature/table.h"

#include <stdlib.h>

#include "base/memory.h"
#include "clean/table.h"

/* In the order of --help. */
static const struct wh_step_type *const encoders[] = {
    &wh_step_passthrough, &wh_step_standard, &wh_step_log1p,
    &wh_step_onehot,      &wh_step_hash,     &wh_step_dates,
};

enum { ENCODERS = sizeof encoders / sizeof *encoders };

const struct wh_step_type **wh_feature_steps(void)
{
    size_t cleaning = 0;
    while (wh_clean_steps[cleaning])
        cleaning++;
    const struct wh_step_type **types = wh_alloc(ENCODERS + cleaning + 1, sizeof *types);
    for (size_t i = 0; i < ENCODERS; i++)
        types[i] = encoders[i];
    for (size_t i = 0; i < cleaning; i++)
        types[ENCODERS + i] = wh_clean_steps[i];
    return types;
}
