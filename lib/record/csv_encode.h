/*
 * Rows as CSV text: the writer's half that knows RFC 4180, and TSV.
 *
 * The columns are fixed by wh_csv_encoder_open; where each of them is in a row is found once
 * per shape. Values are quoted where they must be (delimiter, quote, line end, an empty string)
 * or where they came quoted. In TSV nothing is quoted.
 */
#ifndef WH_RECORD_CSV_ENCODE_H
#define WH_RECORD_CSV_ENCODE_H

#include "base/error.h"
#include "base/memory.h"
#include "record/row.h"
#include "record/verdict.h"

struct wh_csv_encoder;

/* Whether these columns can stand in a header that reads back: WH_BAD for one without a name or
 * with a NUL in it. */
enum wh_verdict wh_csv_check_columns(const struct wh_shape *shape, struct wh_error *error);
/* Columns `names`, all different, or those of `first` where NULL. `delimiter` is set. All is
 * copied. */
struct wh_csv_encoder *wh_csv_encoder_open(const char *const *names, size_t count,
                                           const struct wh_row *first, char delimiter,
                                           enum wh_csv_dialect dialect);
/* Whether a raw row of this shape has exactly the encoder's columns in their order. */
bool wh_csv_encoder_same(struct wh_csv_encoder *encoder, const struct wh_shape *shape);
/* WH_REFUSED where a column of the header is in no row of any shape so far, `shape` being one more
 * that all rows have, or NULL: there are no more. */
int wh_csv_encoder_check(struct wh_csv_encoder *encoder, const struct wh_shape *shape,
                         struct wh_error *error);
/* Appends the header line, as it came where the first row's shape knows that. WH_REFUSED where a
 * name cannot be written in TSV. */
int wh_csv_encode_header(struct wh_csv_encoder *encoder, struct wh_buffer *out,
                         struct wh_error *error);
/* Appends one row with its line end (as it came: LF, CR LF, or none). Absent columns are written
 * as null. WH_BAD, with nothing appended: the row has a column that the header lacks, a zero byte,
 * or in TSV without escapes a tab or line end. */
enum wh_verdict wh_csv_encode_row(struct wh_csv_encoder *encoder, struct wh_buffer *out,
                                  const struct wh_row *row, struct wh_error *error);
void wh_csv_encoder_close(struct wh_csv_encoder *encoder);
/* Another encoder that writes rows as this one does, and which columns it met after that; merging
 * adds those to what the first one met. */
struct wh_csv_encoder *wh_csv_encoder_copy(const struct wh_csv_encoder *encoder);
void wh_csv_encoder_merge(struct wh_csv_encoder *encoder, const struct wh_csv_encoder *copy);

#endif
