/*
 * The side of the learner `auto` for classes: a committee of experts for one output, which says
 * whether a row is of its class.
 *
 * The experts, each learning from every row by its own logistic loss:
 * - *linear* and *fresh*: linear in the standardised values; the second never slows down;
 * - *curve*: linear in values, squares and products of two;
 * - *bins*, *crosses* of 4, 8, 16 and 32 bins a field, and *tiles* of three widths: a number for
 *   each cell that a row falls into (learn/auto/view.h);
 * - *last*, *recent* and *share*: exponential averages of the labels (steps .5, .1 and .01), which
 *   carry drift and runs;
 * - *plain*: nag (learn/learner.h) on the features as they are; and *normed*, *bayes* and *pairs*
 *   (learn/auto/loose.h): these see words of a text, and all that has no slot.
 *
 * They are mixed twice (learn/auto/mixer.h): the first layer has three mixers of different speed,
 * one whose weights are chosen by the last three labels, and four by the bin of one field each; a
 * mixer of these is the output. Where there are several classes, mixers and the first three experts
 * learn by their margin against those of all outputs, as the output itself does; the others, which
 * learn a number a cell, by their own alone.
 *
 * Costs: the cells (learn/auto/cells.h), 40 bytes a feature, and 40 KB.
 */
#ifndef WH_LEARN_AUTO_CLASSES_H
#define WH_LEARN_AUTO_CLASSES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "learn/auto/cells.h"
#include "learn/auto/mixer.h"
#include "learn/auto/view.h"
#include "learn/learner.h"

struct wh_auto_classes;

/* The view must stay. */
struct wh_auto_classes *wh_auto_classes_open(const struct wh_learner_settings *settings,
                                             const struct wh_auto_view *view);
void wh_auto_classes_close(struct wh_auto_classes *classes);

/*
 * What all outputs say of one row: of each expert and each mixer the sum of exp(its margin) over
 * them, so that an output's can be measured against those of all others (a softmax over each).
 * Zero-initialise before the first output predicts.
 */
struct wh_auto_rivals {
    uint32_t outputs;
    double experts[WH_AUTO_INPUTS], mixers[WH_AUTO_INPUTS];
};

/* What one output made of a row, for learning from it. */
struct wh_auto_class_guess;
size_t wh_auto_class_guess_size(void);

/* The margin of a row of the view's, which `example` is; adds to `rivals`. */
double wh_auto_classes_predict(const struct wh_auto_classes *classes,
                               struct wh_auto_class_guess *guess, const struct wh_auto_row *row,
                               const struct wh_example *example, struct wh_auto_rivals *rivals);

/* A row that all outputs have predicted, and what came of it for one of them. */
struct wh_auto_lesson {
    const struct wh_auto_row *row;
    const struct wh_example *example;
    const struct wh_auto_rivals *rivals;
    const struct wh_outcome *outcome;
    double keep; /* above 0 to 1: what the rows before count of what they did */
    struct wh_scratch *plain; /* of *plain*'s type of learner */
};
void wh_auto_classes_learn(struct wh_auto_classes *classes,
                           const struct wh_auto_class_guess *guess,
                           const struct wh_auto_lesson *lesson);

/* All but cells and the features' numbers as a new object; and back: false for what cannot be. */
json_t *wh_auto_classes_save(const struct wh_auto_classes *classes);
bool wh_auto_classes_load(struct wh_auto_classes *classes, const json_t *state);
/* The view has learned or was loaded: clears cells that mean something new. */
void wh_auto_classes_follow(struct wh_auto_classes *classes);
/* The cells of its experts. */
struct wh_auto_cells *wh_auto_classes_cells(struct wh_auto_classes *classes);

/* A feature's numbers: those of nag in *plain*, then those of learn/auto/loose.h. */
enum { WH_AUTO_CLASSES_PARAMETERS = 7 };
void wh_auto_classes_get(const struct wh_auto_classes *classes, uint32_t id, double *parameters);
bool wh_auto_classes_set(struct wh_auto_classes *classes, uint32_t id, const double *parameters);
void wh_auto_classes_renumber(struct wh_auto_classes *classes, const uint32_t *from,
                              uint32_t count);
double wh_auto_classes_effect(const struct wh_auto_classes *classes, uint32_t id);

/* The experts, a line each: name, weight in the whole mixture, and progressive loss. */
void wh_auto_classes_describe(const struct wh_auto_classes *classes, struct wh_buffer *out);

#endif
