/*
 * The file of bad rows: one NDJSON object for each, with the reason and the row as it was read.
 *
 *     {"error":"\"12,5\" is not a number","source":"orders.csv","line":1203,"column":"amount",
 *      "rule":"type","row":"17,\"12,5\",Lagos"}
 *
 * `column` is null where the row as a whole is bad; `row` has no line end; a row that is not UTF-8
 * stands in `row_base64` instead. The file is made new (mode 0600) by each run; a file that holds
 * something else than rejects is not overwritten but refused.
 */
#ifndef WH_PIPE_REJECTS_H
#define WH_PIPE_REJECTS_H

#include <stdint.h>

#include "base/error.h"
#include "record/row.h"

struct wh_rejects;

/* `path` is kept, not copied. NULL on failure. */
struct wh_rejects *wh_rejects_open(const char *path, struct wh_error *error);
/* Adds a row and why it is bad. A row without raw text (out of a database) is written as JSON. */
int wh_rejects_add(struct wh_rejects *rejects, const struct wh_row *row,
                   const struct wh_error *reason, struct wh_error *error);
int wh_rejects_flush(struct wh_rejects *rejects, struct wh_error *error);
/* Flushes and frees; NULL is allowed. */
int wh_rejects_close(struct wh_rejects *rejects, struct wh_error *error);

#endif
