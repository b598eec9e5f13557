/*
 * Cells: a number for each cell of the view (learn/auto/view.h), for one output of the learner
 * `auto`. An expert's prediction is the sum of its active cells.
 *
 * Cells learn by adaptive steps: w -= rate g / (1 + sqrt(n)), n being the sum of squared gradients,
 * which is FTRL-proximal without penalties (McMahan and others, "Ad click prediction", 2013,
 * section 3.1, with beta 1). Where older gradients are to count less, n is multiplied by `keep`
 * first, so that steps do not become ever shorter.
 *
 * Memory is 8 bytes a cell (2 MB), of which the system gives out no more than was written to.
 */
#ifndef WH_LEARN_AUTO_CELLS_H
#define WH_LEARN_AUTO_CELLS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "learn/auto/view.h"
#include "learn/learner.h"

struct wh_auto_cell {
    float weight;
    float squares; /* of gradients */
};

struct wh_auto_cells {
    struct wh_auto_cell *cells; /* WH_AUTO_CELLS */
    uint32_t version;
    uint32_t versions[WH_AUTO_REGIONS]; /* of the view, when cells were last cleared */
};

struct wh_auto_step {
    float gradient; /* of the loss by the prediction; 1e7 at most */
    float rate;
    float keep; /* from 0 to 1 */
};

void wh_auto_cells_init(struct wh_auto_cells *cells);
void wh_auto_cells_free(struct wh_auto_cells *cells);

/* Clears what means something new in the view. */
void wh_auto_cells_follow(struct wh_auto_cells *cells, const struct wh_auto_view *view);

float wh_auto_cells_sum(const struct wh_auto_cells *cells, const struct wh_auto_active *active);
void wh_auto_cells_learn(struct wh_auto_cells *cells, const struct wh_auto_active *active,
                         struct wh_auto_step step);

/* The same for weights of values, within +-36: the sum of weight times value, and a step. */
float wh_auto_linear_sum(const struct wh_auto_cell *cells, const float *values, size_t count);
void wh_auto_linear_learn(struct wh_auto_cell *cells, const float *values, size_t count,
                          struct wh_auto_step step);

/*
 * Adds lines of the model's file that hold the cells that are not zero, each with a text; and
 * takes one of them. False for a text that is none.
 */
int wh_auto_cells_write(const struct wh_auto_cells *cells, struct wh_learner_lines *lines,
                        struct wh_error *error);
bool wh_auto_cells_read(struct wh_auto_cells *cells, const json_t *text);

#endif
