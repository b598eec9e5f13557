/*
 * --null-value for rows whose reader does not know it, and for values that are made of others: a
 * string or number whose text is one of the values becomes null. (The CSV reader does this itself,
 * before it judges what is a number.)
 */
#ifndef WH_RECORD_NULLS_H
#define WH_RECORD_NULLS_H

#include <stdint.h>

#include "record/row.h"

/* The values must outlive it. Zero-initialised: nothing becomes null. */
struct wh_nulls {
    const char *const *values;
    size_t count;
    uint64_t lengths; /* bit n: one of them has n bytes; bit 63: 63 or more */
};

struct wh_nulls wh_nulls_make(const char *const *values, size_t count);
void wh_nulls_row(const struct wh_nulls *nulls, struct wh_row *row);
/* The same for one field, whatever the row's format. */
void wh_nulls_field(const struct wh_nulls *nulls, struct wh_row *row, uint32_t index);

#endif
