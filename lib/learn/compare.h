/*
 * The comparison of two models on the same rows: each row is scored by both, and what counts is
 * the difference of its two losses. Such a pair says far more than two means would, since what
 * makes a row hard for one model makes it hard for the other.
 *
 * A difference is the second model's loss less the first one's: negative where the second is
 * better. All is summed on the way, nothing is kept of a row.
 */
#ifndef WH_LEARN_COMPARE_H
#define WH_LEARN_COMPARE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"

/* Sums over the rows. Zero-initialise. */
struct wh_comparison {
    double rows; /* those of a weight above 0 */
    double weight;
    double first, second;  /* sums of losses */
    double mean;           /* of the differences, by weight */
    double squares;        /* the sum of the squared weights, */
    double mean_squared;   /* the differences' mean by these, */
    double spread_squared; /* and their squared distances from that mean */
    double first_only, second_only; /* rows that only one of the two classed right */
};

/* Adds a row: what either model lost by it. */
void wh_compare_loss(struct wh_comparison *comparison, double first, double second, double weight);
/* And, where there are classes, whether it was right. */
void wh_compare_class(struct wh_comparison *comparison, bool first, bool second);

enum wh_compare_verdict {
    WH_COMPARE_NEITHER, /* nothing but chance need be in it */
    WH_COMPARE_FIRST,   /* the first is better, at the level of 5 %, two-sided */
    WH_COMPARE_SECOND,
};

/*
 * What came of it: Student's paired t-test. The standard error is that of a weighted mean whose
 * weights say how much a row counts, not how often it was there: scaling all weights changes
 * nothing (White 1980, with the correction n / (n - 1)). It takes rows for independent. What
 * cannot be known, with fewer than two rows, is NaN.
 */
struct wh_compared {
    double first, second;     /* mean losses */
    double difference, error; /* the mean difference and its standard error */
    double low, high;         /* the 95 % confidence interval of the difference */
    double p;                 /* of the hypothesis that neither is better, two-sided */
    double p_second;          /* of the hypothesis that the second is no better, one-sided */
    double p_classes;         /* McNemar's exact test of who is right more often, two-sided */
    enum wh_compare_verdict verdict;
};
struct wh_compared wh_compare_result(const struct wh_comparison *comparison);

/* One line without its end: "loss 0.2512 (old), 0.2301 (new): new is better by 0.0211 (95 %
 * confidence: 0.0153 to 0.0269, p = 2e-12) on 1203 rows". */
void wh_compare_report(struct wh_buffer *out, const struct wh_comparison *comparison,
                       const char *first, const char *second);
/* The same as members of --stats; what is not a number is left out. A new object. */
json_t *wh_compare_stats(const struct wh_comparison *comparison, const char *first,
                         const char *second);

#endif
