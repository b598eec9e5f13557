/*
 * Columns that features are read from: raw columns, where a row has no features object, and columns
 * named features.NAME, where it has that.
 *
 * What is known of them in rows of one shape is a struct wh_feature_columns, a part of the shape's
 * row plan (model/row_plan.h). Raw columns are held against the census (model/census.h): a value of
 * another type than the column's kind is read as that kind where its text says so, a column that is
 * known and absent is missing, and with `strict` neither may be.
 *
 * Functions that return a bool return false for a bad row, with the error. The columns' memory is
 * freed by wh_feature_columns_release, which the reader and its census must outlive.
 */
#ifndef WH_MODEL_FEATURE_COLUMNS_H
#define WH_MODEL_FEATURE_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "model/census.h"
#include "model/maker.h"
#include "record/row.h"

/* A column that features come from. */
struct wh_feature_column {
    uint32_t index;
    uint32_t length; /* of its name; after it in the text stands "=" */
    size_t offset;   /* of its name in the columns' text */
    uint32_t id;     /* of the feature it is where it is a number, WH_NO_FEATURE while not known */
    uint32_t fast;   /* the same where a number is read as it is, else WH_NO_FEATURE */
    uint32_t last;   /* of the feature its last string was */
};

/* A column of the census that rows of a shape lack. */
struct wh_absent_column {
    struct wh_census_column *known;
    size_t before; /* the column that it is missed in front of */
    uint32_t id;   /* as in a column */
};

/* Of one shape. */
struct wh_feature_columns {
    bool bound;
    bool raw; /* rows have no features object */
    struct wh_feature_column *list;
    size_t count;
    struct wh_census_column **known; /* of each column; NULL: not in the census */
    struct wh_absent_column *absent;
    size_t absent_count;
    uint32_t version; /* of the census, for `known` and `absent` */
    struct wh_buffer text;
};

/* Reads columns into examples. */
struct wh_column_reader {
    struct wh_maker *maker;
    struct wh_census *census; /* NULL: values are read as they are */
    bool strict;              /* rows that differ from those in the census are bad */
    struct wh_feature_columns *columns; /* of the row read last; NULL: they are forgotten */
    struct wh_row *row;                 /* that row, where it has such columns */
    const struct wh_field *fields;
    uint32_t *odd;            /* of these, those whose value was not the usual one */
    size_t odd_count, odd_capacity;
};

/* Frees what the reader has made for itself. */
void wh_column_reader_close(struct wh_column_reader *reader);

/* Begins what is known of a shape of `count` columns; then each of them that has features. */
void wh_feature_columns_begin(struct wh_feature_columns *columns, size_t count, bool raw);
void wh_feature_columns_add(struct wh_column_reader *reader, struct wh_feature_columns *columns,
                            uint32_t index, const char *name, uint32_t length);
/* Frees it all, and has the census count what is pending of it. */
void wh_feature_columns_release(struct wh_column_reader *reader,
                                struct wh_feature_columns *columns);

/* Reads the row's columns, of which there is one or more; for the function below. */
bool wh_feature_columns_read(struct wh_column_reader *reader, struct wh_feature_columns *columns,
                             struct wh_row *row, struct wh_error *error);

/* Reads the row's columns. */
static inline bool wh_column_reader_row(struct wh_column_reader *reader,
                                        struct wh_feature_columns *columns, struct wh_row *row,
                                        struct wh_error *error)
{
    reader->columns = columns;
    return (!columns->raw && columns->count == 0)
        || wh_feature_columns_read(reader, columns, row, error);
}

/* Counts the row read last in the census, where it has one and the row has raw columns. `taught`:
 * it was learned from. */
void wh_column_reader_count(struct wh_column_reader *reader, bool taught);

#endif
