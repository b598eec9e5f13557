/*
 * The area under the ROC curve: the chance that a positive row is ranked above a negative one,
 * ties counting half (weights counting as so many rows).
 *
 * Exact for the first 262,144 rows. Beyond that the scores are counted in 16,384 bins that are
 * narrow around 0 and wider outwards (of margins: 0.0005 wide at 0, 0.006 at 10), rows in one bin
 * counting as ties: the result is then off by less than half the share of pairs that meet in a
 * bin, in practice about 1e-6.
 */
#ifndef WH_LEARN_AUC_H
#define WH_LEARN_AUC_H

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialise. At most 5 MB. */
struct wh_auc {
    struct wh_auc_row *rows; /* while it is exact */
    size_t count, capacity;
    double *bins; /* weights of positives and negatives in turn; NULL while it is exact */
};

void wh_auc_add(struct wh_auc *auc, double score, bool positive, double weight);
/* From 0 to 1; NaN while there are no two classes. May reorder the rows kept. */
double wh_auc_value(struct wh_auc *auc);
void wh_auc_free(struct wh_auc *auc);

#endif
