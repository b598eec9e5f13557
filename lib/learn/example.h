/*
 * An example: what a learner sees of a row, a sparse vector of feature numbers and values.
 */
#ifndef WH_LEARN_EXAMPLE_H
#define WH_LEARN_EXAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values beyond this are bad rows: their squares, times weights and summed over any number of
 * rows, stay finite, so that no row can spoil a model. */
static const double WH_LARGEST_VALUE = 1e50;

/* What examples must have for a learner, beyond values that are not zero. */
enum wh_needs {
    WH_NEEDS_ZEROS = 1,   /* the zeros that a row spells out, as value 0 */
    WH_NEEDS_MISSING = 2, /* nulls of columns and of features objects, as NaN */
    WH_NEEDS_NAMES = 4,   /* the features' names as rows have them */
};

/* A row as a learner sees it. The first feature is the constant, of value 1. */
struct wh_example {
    const uint32_t *ids;
    const double *values;
    size_t count;
    uint32_t features; /* how many names there are: every id is below */
    double clock;      /* half-lives since the model began; 0 where nothing is forgotten */
    bool columns;      /* of raw columns: what it does not name is missing; else it is zero */
};

#endif
