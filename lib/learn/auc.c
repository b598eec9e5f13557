#include "learn/auc.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

enum { EXACT_ROWS = 1 << 18, BINS = 1 << 14 };

struct wh_auc_row {
    double score;
    double weight; /* below zero for a negative row */
};

/* Order is kept; scores squeezed from (-inf, inf) into (-1, 1) fill the bins evenly. */
static size_t bin_of(double score)
{
    double squeezed = score / (4 + fabs(score));
    double bin = (squeezed + 1) * (BINS / 2.0);
    return bin >= BINS ? BINS - 1 : (size_t)bin;
}

static void count(double *bins, double score, bool positive, double weight)
{
    bins[2 * bin_of(score) + !positive] += weight;
}

static void start_bins(struct wh_auc *auc)
{
    auc->bins = wh_alloc(2 * BINS, sizeof *auc->bins);
    for (size_t i = 0; i < auc->count; i++)
        count(auc->bins, auc->rows[i].score, auc->rows[i].weight > 0, fabs(auc->rows[i].weight));
    free(auc->rows);
    auc->rows = NULL;
}

void wh_auc_add(struct wh_auc *auc, double score, bool positive, double weight)
{
    if (!(weight > 0))
        return;
    if (!auc->bins && auc->count == EXACT_ROWS)
        start_bins(auc);
    if (auc->bins) {
        count(auc->bins, score, positive, weight);
        return;
    }
    if (auc->count == auc->capacity) {
        auc->capacity = auc->capacity ? 2 * auc->capacity : 1024;
        auc->rows = wh_resize(auc->rows, auc->capacity, sizeof *auc->rows);
    }
    auc->rows[auc->count++] = (struct wh_auc_row){ score, positive ? weight : -weight };
}

static int compare(const void *left, const void *right)
{
    const struct wh_auc_row *a = left, *b = right;
    if (a->score != b->score)
        return a->score < b->score ? -1 : 1;
    return (a->weight > b->weight) - (a->weight < b->weight);
}

/* The sums over groups of equal scores, from the lowest up. */
struct sums {
    double positives, negatives;
    double above; /* pairs with the positive on top, ties half */
};

static void add_group(struct sums *sums, double positives, double negatives)
{
    sums->above += positives * (sums->negatives + negatives / 2);
    sums->positives += positives;
    sums->negatives += negatives;
}

static void add_rows(struct sums *sums, const struct wh_auc_row *rows, size_t rows_count)
{
    for (size_t i = 0; i < rows_count;) {
        double positives = 0, negatives = 0, score = rows[i].score;
        for (; i < rows_count && rows[i].score == score; i++) {
            if (rows[i].weight > 0)
                positives += rows[i].weight;
            else
                negatives -= rows[i].weight;
        }
        add_group(sums, positives, negatives);
    }
}

double wh_auc_value(struct wh_auc *auc)
{
    struct sums sums = { 0 };
    if (auc->bins) {
        for (size_t i = 0; i < BINS; i++)
            add_group(&sums, auc->bins[2 * i], auc->bins[2 * i + 1]);
    } else if (auc->count) {
        qsort(auc->rows, auc->count, sizeof *auc->rows, compare);
        add_rows(&sums, auc->rows, auc->count);
    }
    if (!(sums.positives > 0) || !(sums.negatives > 0))
        return (double)NAN;
    return sums.above / sums.positives / sums.negatives;
}

void wh_auc_free(struct wh_auc *auc)
{
    free(auc->rows);
    free(auc->bins);
    *auc = (struct wh_auc){ 0 };
}
