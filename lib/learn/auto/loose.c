#include "learn/auto/loose.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "learn/auto/constants.h"
#include "learn/auto/pack.h"
#include "learn/loss.h"

static const struct wh_loss logistic = { .kind = WH_LOSS_LOGISTIC };

void wh_auto_loose_free(struct wh_auto_loose *loose)
{
    free(loose->features);
}

void wh_auto_loose_reserve(struct wh_auto_loose *loose, size_t features)
{
    if (features <= loose->capacity)
        return;
    size_t capacity = features < 64 ? 64 : 2 * features;
    loose->features = wh_resize(loose->features, capacity, sizeof *loose->features);
    for (size_t i = loose->capacity; i < capacity; i++)
        loose->features[i] = (struct wh_auto_loose_feature){ 0 };
    loose->capacity = capacity;
}

/* One of zeros where it is new. */
static inline const struct wh_auto_loose_feature *feature_of(const struct wh_auto_loose *loose,
                                                             uint32_t id)
{
    static const struct wh_auto_loose_feature new;
    return id < loose->capacity ? &loose->features[id] : &new;
}

static double ask_normed(const struct wh_auto_loose *loose, const struct wh_auto_row *row,
                         float *scale)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < row->count; i++) {
        sum += (double)feature_of(loose, row->ids[i])->weight * row->sizes[i];
        squares += row->sizes[i] * row->sizes[i];
    }
    *scale = (float)(1 / sqrt(squares + WH_AUTO_TINY));
    return sum * (double)*scale;
}

/* The log-odds that the feature adds to those of all rows: as if it had been in one row more, of
 * which as much is of the class as of all rows. */
static double evidence(const struct wh_auto_loose_feature *feature, double share)
{
    double with = (double)feature->with + share;
    double without = (double)feature->without + 1 - share;
    return (double)logf((float)(with * (1 - share) / (without * share)));
}

/* The share of rows that are of the class, kept off 0 and 1. */
static double share_of(const struct wh_auto_loose *loose)
{
    double share = (loose->with + 0.5) / (loose->with + loose->without + 1);
    return fmax(WH_AUTO_TINY, fmin(1 - WH_AUTO_TINY, share));
}

static double ask_bayes(const struct wh_auto_loose *loose, const struct wh_auto_row *row)
{
    double share = share_of(loose), sum = 0, squares = 0;
    for (size_t i = 0; i < row->loose; i++) {
        double size = fabs(row->sizes[i]);
        sum += size * evidence(feature_of(loose, row->ids[i]), share);
        squares += size * size;
    }
    return log(share / (1 - share)) + sum / sqrt(squares + WH_AUTO_TINY);
}

static double ask_pairs(const struct wh_auto_cells *cells, const struct wh_auto_row *row)
{
    double sum = 0;
    for (size_t i = 0; i < row->pairs.count; i++)
        sum += (double)(cells->cells[row->pairs.cells[i]].weight * row->pair_sizes[i]);
    return sum;
}

void wh_auto_loose_predict(const struct wh_auto_loose *loose, const struct wh_auto_cells *cells,
                           const struct wh_auto_row *row, struct wh_auto_loose_guess *guess,
                           double said[static WH_AUTO_LOOSE_EXPERTS])
{
    guess->pairs = ask_pairs(cells, row);
    said[WH_AUTO_NORMED] = ask_normed(loose, row, &guess->scale);
    said[WH_AUTO_BAYES] = ask_bayes(loose, row);
    said[WH_AUTO_PAIRS] = guess->pairs;
}

static void learn_normed(struct wh_auto_loose *loose, const struct wh_auto_row *row,
                         float gradient, float keep)
{
    for (size_t i = 0; i < row->count; i++) {
        struct wh_auto_loose_feature *feature = &loose->features[row->ids[i]];
        float slope = gradient * (float)row->sizes[i];
        feature->squares = feature->squares * keep + slope * slope;
        feature->weight -=
            WH_AUTO_NORMED_RATE * slope / sqrtf(feature->squares + (float)WH_AUTO_TINY);
    }
}

static void learn_bayes(struct wh_auto_loose *loose, const struct wh_auto_row *row, bool positive,
                        double weight, double keep)
{
    for (size_t i = 0; i < row->loose; i++) {
        struct wh_auto_loose_feature *feature = &loose->features[row->ids[i]];
        float size = (float)(fabs(row->sizes[i]) * weight);
        feature->with = feature->with * (float)keep + (positive ? size : 0);
        feature->without = feature->without * (float)keep + (positive ? 0 : size);
        while (feature->with + feature->without > WH_AUTO_MOST_COUNT) {
            feature->with /= 2;
            feature->without /= 2;
        }
    }
    loose->with = loose->with * keep + (positive ? weight : 0);
    loose->without = loose->without * keep + (positive ? 0 : weight);
}

/* How far the sum moves in a step of length 1, with the squares as they are after the row. */
static double find_reach(struct wh_auto_loose *loose, struct wh_auto_cells *cells,
                         const struct wh_auto_row *row, double squared, float keep)
{
    double reach = 0, squares = 0;
    for (size_t i = 0; i < row->pairs.count; i++) {
        struct wh_auto_cell *cell = &cells->cells[row->pairs.cells[i]];
        double square = (double)(row->pair_sizes[i] * row->pair_sizes[i]);
        cell->squares = cell->squares * keep + (float)(squared * square);
        reach += square / sqrt((double)cell->squares + WH_AUTO_TINY);
        squares += square;
    }
    loose->pair_squares += squares;
    loose->rows++;
    return reach * sqrt(loose->rows / (loose->pair_squares + WH_AUTO_TINY));
}

static void learn_pairs(struct wh_auto_loose *loose, struct wh_auto_cells *cells,
                        const struct wh_auto_row *row, double said,
                        const struct wh_auto_loose_outcome *told)
{
    double weight = told->weight;
    float keep = (float)told->keep;
    struct wh_outcome outcome = { .prediction = said, .target = told->positive ? 1 : -1,
                                  .weight = weight };
    if (row->pairs.count == 0)
        return;
    if (fabs(said) > WH_MARGIN_LIMIT)
        outcome.prediction = said > 0 ? WH_MARGIN_LIMIT : -WH_MARGIN_LIMIT;
    wh_loss_find(&logistic, &outcome);
    double squared = weight * outcome.slope * outcome.slope;
    double reach = find_reach(loose, cells, row, squared, keep);
    if (!(reach > WH_AUTO_TINY))
        return;
    double unit = sqrt(loose->rows / (loose->pair_squares + WH_AUTO_TINY));
    double move = wh_loss_move(&logistic, &outcome, WH_AUTO_PAIRS_RATE * weight * reach) / reach;
    for (size_t i = 0; i < row->pairs.count; i++) {
        struct wh_auto_cell *cell = &cells->cells[row->pairs.cells[i]];
        cell->weight += (float)(move * unit * (double)row->pair_sizes[i]
                                / sqrt((double)cell->squares + WH_AUTO_TINY));
    }
}

void wh_auto_loose_learn(struct wh_auto_loose *loose, struct wh_auto_cells *cells,
                         const struct wh_auto_row *row, const struct wh_auto_loose_guess *guess,
                         const struct wh_auto_loose_outcome *outcome)
{
    learn_normed(loose, row, outcome->gradient * guess->scale, (float)outcome->keep);
    learn_bayes(loose, row, outcome->positive, outcome->weight, outcome->keep);
    learn_pairs(loose, cells, row, guess->pairs, outcome);
}

/*
 * Saving and loading
 */

json_t *wh_auto_loose_save(const struct wh_auto_loose *loose)
{
    return json_pack("{sfsfsfsf}", "with", loose->with, "without", loose->without,
                     "rows", loose->rows, "pair_squares", loose->pair_squares);
}

bool wh_auto_loose_load(struct wh_auto_loose *loose, const json_t *state)
{
    static const double MOST = 1e30;
    return wh_auto_number(json_object_get(state, "with"), MOST, &loose->with)
        && wh_auto_number(json_object_get(state, "without"), MOST, &loose->without)
        && wh_auto_number(json_object_get(state, "rows"), MOST, &loose->rows)
        && wh_auto_number(json_object_get(state, "pair_squares"), MOST, &loose->pair_squares)
        && loose->with >= 0 && loose->without >= 0 && loose->rows >= 0
        && loose->pair_squares >= 0;
}

void wh_auto_loose_get(const struct wh_auto_loose *loose, uint32_t id, double *parameters)
{
    struct wh_auto_loose_feature feature = { 0 };
    if (id < loose->capacity)
        feature = loose->features[id];
    parameters[0] = (double)feature.weight;
    parameters[1] = (double)feature.squares;
    parameters[2] = (double)feature.with;
    parameters[3] = (double)feature.without;
}

bool wh_auto_loose_set(struct wh_auto_loose *loose, uint32_t id, const double *parameters)
{
    static const double MOST = 1e30;
    if (!(fabs(parameters[0]) <= MOST))
        return false;
    for (unsigned i = 1; i < WH_AUTO_LOOSE_PARAMETERS; i++)
        if (!(parameters[i] >= 0 && parameters[i] <= (i == 1 ? MOST : (double)WH_AUTO_MOST_COUNT)))
            return false;
    wh_auto_loose_reserve(loose, (size_t)id + 1);
    loose->features[id] = (struct wh_auto_loose_feature){
        (float)parameters[0], (float)parameters[1], (float)parameters[2], (float)parameters[3],
    };
    return true;
}

void wh_auto_loose_renumber(struct wh_auto_loose *loose, const uint32_t *from, uint32_t count)
{
    for (size_t i = 0; i < loose->capacity; i++) {
        bool kept = i < count && from[i] < loose->capacity;
        loose->features[i] = kept ? loose->features[from[i]] : (struct wh_auto_loose_feature){ 0 };
    }
}
