/*
 * What the kinds of source that ask for rows have in common.
 */
#ifndef WH_SOURCE_QUERY_H
#define WH_SOURCE_QUERY_H

#include <stddef.h>

#include "base/error.h"
#include "base/memory.h"
#include "record/shape.h"
#include "source/source.h"

/*
 * Appends the query of a request to a database: that of -c or -f, or one made of -t (with at most
 * `parts` parts in the table's name) and the limit, which comes later where rows must be put in
 * order (since.h). Fails where there is neither or both.
 */
int wh_source_query(struct wh_buffer *out, const struct wh_source_request *request, size_t parts,
                    struct wh_error *error);

/* The shape of a query's columns. Two of one name are refused, and what a stream cannot carry.
 * NULL on failure. */
struct wh_shape *wh_source_shape(const char *const *names, size_t count, struct wh_error *error);

#endif
