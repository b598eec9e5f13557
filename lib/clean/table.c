#include "clean/table.h"

#include <stddef.h>

/* In the order of --help. */
const struct wh_step_type *const wh_clean_steps[] = {
    &wh_clean_type,
    &wh_clean_trim,
    &wh_clean_lower,
    &wh_clean_fill,
    &wh_clean_drop_missing,
    &wh_clean_unique,
    &wh_clean_select,
    &wh_clean_exclude,
    &wh_clean_rename,
    &wh_clean_flatten,
    NULL,
};
