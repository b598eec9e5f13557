/*
 * Experts of the learner `auto` that take a row's features as they are, with no need of slots:
 * what text, many strings and wide sparse rows are learned by. For one output.
 *
 * - *normed*: linear in the sizes of the features (learn/auto/view.h), each row scaled to length
 *   1, with AdaGrad's steps (Duchi, Hazan and Singer, 2011);
 * - *bayes*: naive Bayes over strings and features without a slot, by counts of rows of the class
 *   and of others, its sum damped by the root of how many there are;
 * - *pairs*: linear in pairs of features (learn/auto/view.h), normalized adaptive invariant steps
 *   as those of nag (Ross, Mineiro and Langford, 2013).
 *
 * Costs: 16 bytes a feature; weights of pairs are in the output's cells.
 */
#ifndef WH_LEARN_AUTO_LOOSE_H
#define WH_LEARN_AUTO_LOOSE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "learn/auto/cells.h"
#include "learn/auto/view.h"

enum wh_auto_loose_expert {
    WH_AUTO_NORMED,
    WH_AUTO_BAYES,
    WH_AUTO_PAIRS,
    WH_AUTO_LOOSE_EXPERTS,
};

struct wh_auto_loose_feature {
    float weight, squares; /* in *normed* */
    float with, without;   /* sums of sizes in rows of the class, and of others */
};

/* Zero-initialise. */
struct wh_auto_loose {
    struct wh_auto_loose_feature *features;
    size_t capacity;
    double with, without;       /* sums of rows of the class, and of others */
    double rows, pair_squares;  /* of rows that had pairs, and of their pairs */
};

/* What was made of a row, for learning from it. */
struct wh_auto_loose_guess {
    float scale;  /* what the row is scaled by */
    double pairs; /* what *pairs* said of it */
};

/* What came of a row. */
struct wh_auto_loose_outcome {
    float gradient; /* that of the logistic loss by what *normed* said, times the weight */
    bool positive;
    double weight;  /* 1e-6 to 1e6 */
    double keep;    /* above 0 to 1: what the rows before count of what they did */
};

void wh_auto_loose_free(struct wh_auto_loose *loose);

/* What each expert says, in log-odds. */
void wh_auto_loose_predict(const struct wh_auto_loose *loose, const struct wh_auto_cells *cells,
                           const struct wh_auto_row *row, struct wh_auto_loose_guess *guess,
                           double said[static WH_AUTO_LOOSE_EXPERTS]);
/* Makes room for so many features; due before learning from a row that has them. */
void wh_auto_loose_reserve(struct wh_auto_loose *loose, size_t features);
/* Learns from a row by what was made of it. */
void wh_auto_loose_learn(struct wh_auto_loose *loose, struct wh_auto_cells *cells,
                         const struct wh_auto_row *row, const struct wh_auto_loose_guess *guess,
                         const struct wh_auto_loose_outcome *outcome);

/* All but the features, as a new object; and back: false for what cannot be. */
json_t *wh_auto_loose_save(const struct wh_auto_loose *loose);
bool wh_auto_loose_load(struct wh_auto_loose *loose, const json_t *state);

/* A feature's numbers, in the order of the structure. set() returns false for what cannot be. */
enum { WH_AUTO_LOOSE_PARAMETERS = 4 };
void wh_auto_loose_get(const struct wh_auto_loose *loose, uint32_t id, double *parameters);
bool wh_auto_loose_set(struct wh_auto_loose *loose, uint32_t id, const double *parameters);
/* As learn/learner.h has it. */
void wh_auto_loose_renumber(struct wh_auto_loose *loose, const uint32_t *from, uint32_t count);

#endif
