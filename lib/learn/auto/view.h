/*
 * The view: what all outputs and all experts of the learner `auto` see of a row, made once.
 *
 * A row becomes
 * - standardised values of its fields with a slot (learn/auto/fields.h), their squares and chosen
 *   products, for linear experts;
 * - lists of active cells, each list for one expert that learns a number a cell: bins of each
 *   field; bins and crosses of two fields' bins at four finenesses; tilings: projections of two or
 *   three fields upon random directions, cut into steps (tile coding; Sutton and Barto,
 *   "Reinforcement Learning", section 9.5.4, here with oblique directions);
 * - features over the largest size they had, for experts that take rows as they are;
 * - pairs of features, for an expert that takes rows with strings, words or many zeros by those.
 *
 * All pairs of up to 11 fields are crossed; of more fields 64 pairs, drawn so that each pair has
 * the same chance. Strings are codes of their field, missing is a code of its own, and a number
 * that a row leaves out is zero, or missing in a row of raw columns. Nothing in it depends on
 * labels or on the rows' weights.
 *
 * A row is read into a scratch, so that many threads can read by one view.
 *
 * Costs: about 100 bytes a field, 16 KB more while its edges are sought, and 60 KB in all.
 */
#ifndef WH_LEARN_AUTO_VIEW_H
#define WH_LEARN_AUTO_VIEW_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "learn/auto/constants.h"
#include "learn/auto/fields.h"
#include "learn/auto/slot.h"
#include "learn/auto/tilings.h"
#include "learn/example.h"

enum {
    WH_AUTO_MOST_PAIRS = WH_AUTO_PAIRED * (WH_AUTO_PAIRED - 1) / 2,
    WH_AUTO_PRODUCTS = 2 * WH_AUTO_SLOTS + WH_AUTO_CROSSES,
};

/* Lists of active cells. In a list the order is the same in each row. */
enum wh_auto_group {
    WH_AUTO_GROUP_BINS,    /* 16 bins a field */
    WH_AUTO_GROUP_CROSS4,  /* 4 bins a field, and crosses */
    WH_AUTO_GROUP_CROSS8,
    WH_AUTO_GROUP_CROSS16,
    WH_AUTO_GROUP_CROSS32,
    WH_AUTO_GROUP_WIDE,    /* tilings 1.5 deviations wide */
    WH_AUTO_GROUP_MIDDLE,
    WH_AUTO_GROUP_NARROW,
    WH_AUTO_GROUPS,
};

/* Cells of a table that has one for every cell of every group: all cells' numbers are below. */
enum {
    WH_AUTO_BIN_CELLS = WH_AUTO_SLOTS * (17 + 5 + 9 + 17 + 33),
    WH_AUTO_CROSS_CELLS = WH_AUTO_CROSSES * (5 * 5 + 9 * 9 + 17 * 17 + 33 * 33),
    WH_AUTO_CELLS = WH_AUTO_BIN_CELLS + WH_AUTO_CROSS_CELLS
        + WH_AUTO_ALL_TILINGS * WH_AUTO_TILE_CELLS + WH_AUTO_PAIR_CELLS,
};

struct wh_auto_active {
    const uint32_t *cells;
    size_t count;
};

/* A row as the experts see it; the scratch's, until the next row is read into that. */
struct wh_auto_row {
    size_t slots;            /* so many values and codes */
    const float *values;     /* standardised, within +-6; 0 where missing, or a string */
    const uint8_t *codes;    /* 0: missing, else 1 to 32 */
    size_t products;
    const float *product;    /* the values, their squares, and products of the crossed: within
                                +-36 */
    struct wh_auto_active groups[WH_AUTO_GROUPS];
    size_t count;            /* features that are neither zero nor missing */
    size_t loose;            /* the first so many of them are strings, or have no slot */
    const uint32_t *ids;
    const double *sizes;     /* values over the largest size the feature had: within +-1 */
    struct wh_auto_active pairs; /* cells may come twice in this list alone */
    const float *pair_sizes; /* products of two sizes */
};

/*
 * Regions of the cells that may come to mean something new while learning: each has a version,
 * and a table that holds numbers for cells must forget those of a region whose version has gone
 * up (learn/auto/cells.h does so). Versions only go up.
 */
enum { WH_AUTO_REGIONS = WH_AUTO_CROSSES + WH_AUTO_ALL_TILINGS };

struct wh_auto_view;

/* The names must stay. */
struct wh_auto_view *wh_auto_view_open(const struct wh_names *names);
void wh_auto_view_close(struct wh_auto_view *view);

/* What one thread needs to read rows: about 10 KB, and 24 bytes a feature of the longest row. */
struct wh_auto_scratch;
struct wh_auto_scratch *wh_auto_scratch_open(void);
void wh_auto_scratch_close(struct wh_auto_scratch *scratch);

/* A missing value is NaN, and zeros count as given. */
const struct wh_auto_row *wh_auto_view_read(const struct wh_auto_view *view,
                                            struct wh_auto_scratch *scratch,
                                            const struct wh_example *example);

/* Learns from the row that was read last, after whoever learns from what was read of it. `keep`,
 * above 0 to 1: what the rows before count of what they did. */
void wh_auto_view_learn(struct wh_auto_view *view, struct wh_auto_scratch *scratch,
                        const struct wh_example *example, double keep);

/* The sum of all versions, and those of the regions. */
uint32_t wh_auto_view_version(const struct wh_auto_view *view);
const uint32_t *wh_auto_view_versions(const struct wh_auto_view *view);

/* The runs of cells that make up a region; returns how many. */
enum { WH_AUTO_MOST_RUNS = 4 };
struct wh_auto_run {
    uint32_t first, count;
};
unsigned wh_auto_view_runs(unsigned region, struct wh_auto_run runs[static WH_AUTO_MOST_RUNS]);

/* All but slots, the features' numbers and, where their names are too long for that, the fields;
 * and back. */
json_t *wh_auto_view_save(const struct wh_auto_view *view);
int wh_auto_view_load(struct wh_auto_view *view, const json_t *state, struct wh_error *error);
/* A new array of the fields that wh_auto_view_save left out, each an array. */
json_t *wh_auto_view_fields(const struct wh_auto_view *view);
/* A slot as an object, NULL after the last. */
json_t *wh_auto_view_slot(const struct wh_auto_view *view, uint32_t slot);
/* The next field or slot back: false for what cannot be one. */
bool wh_auto_view_take(struct wh_auto_view *view, const json_t *part);

/* All of it was loaded, and the names are there: looks up the fields of their features. */
void wh_auto_view_loaded(struct wh_auto_view *view);

/* A feature's numbers: its largest size, and its code (0: not a string's). set() returns false for
 * what cannot be one. */
enum { WH_AUTO_VIEW_PARAMETERS = 2 };
extern const char *const wh_auto_view_parameters[WH_AUTO_VIEW_PARAMETERS];
void wh_auto_view_get(const struct wh_auto_view *view, uint32_t id, double *parameters);
bool wh_auto_view_set(struct wh_auto_view *view, uint32_t id, const double *parameters);
/* As learn/learner.h has it. */
void wh_auto_view_renumber(struct wh_auto_view *view, const uint32_t *from, uint32_t count);

#endif
