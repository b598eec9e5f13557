/*
 * --null-value for rows whose reader does not know it: a string or number whose text is one of
 * the values becomes null. (The CSV reader does this itself, before it judges what is a number.)
 */
#ifndef WH_RECORD_NULLS_H
#define WH_RECORD_NULLS_H

#include <stdint.h>

#include "record/row.h"

/* `values` must stay. Zero-initialised: nothing becomes null. */
struct wh_nulls {
    const char *const *values;
    size_t count;
    uint64_t lengths; /* bit n: one of them has n bytes; bit 63: 63 or more */
};

struct wh_nulls wh_nulls_make(const char *const *values, size_t count);
void wh_nulls_row(const struct wh_nulls *nulls, struct wh_row *row);

#endif
