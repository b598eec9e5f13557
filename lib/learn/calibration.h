/*
 * Calibration: how probable a class turned out to be at each margin that was predicted for it,
 * counted on progressive predictions (made before learning from the row, and so honest), and two
 * ways to turn a margin into a probability by that:
 *
 * Isotonic: the non-decreasing function with the least loss, by pooling adjacent violators (Ayer
 * and others, "An empirical distribution function for sampling with incomplete information",
 * 1955), straight lines between what was seen, constant beyond. It takes any shape, and wants some
 * thousand rows.
 *
 * Platt: 1 / (1 + exp(-(a m + b))), fitted to the targets (P + 1) / (P + 2) and 1 / (N + 2) of P
 * positives and N negatives by Newton steps (Lin, Lin and Weng, "A note on Platt's probabilistic
 * outputs for support vector machines", 2007). Two numbers, which a hundred rows can tell. Where
 * higher margins turned out less probable, a is 0.
 *
 * Margins are counted in 1,024 bins: 1/32 wide up to 8, 1/16 up to 16, 1/4 beyond. A bin stands
 * for the mean of its margins, so that what is fitted is as if each of its rows had that.
 */
#ifndef WH_LEARN_CALIBRATION_H
#define WH_LEARN_CALIBRATION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* What was counted. Zero-initialise. 24 KB once there is a row. */
struct wh_calibration {
    struct wh_calibration_bin *bins; /* NULL while there is no row */
    double rows;                     /* that weigh something; an integer below 2^53 */
};

/* Adds a row of class `positive` (or of another); `weight` is 0 or more, and finite. */
void wh_calibration_add(struct wh_calibration *calibration, double margin, bool positive,
                        double weight);
/* Adds all rows that another one has. */
void wh_calibration_merge(struct wh_calibration *calibration, const struct wh_calibration *from);
void wh_calibration_free(struct wh_calibration *calibration);

/* As a new object, and back into one that is empty; false where it is none. */
json_t *wh_calibration_save(const struct wh_calibration *calibration);
bool wh_calibration_load(struct wh_calibration *calibration, const json_t *object);

enum wh_calibrator_kind { WH_CALIBRATE_ISOTONIC, WH_CALIBRATE_PLATT };

struct wh_knot {
    double margin, probability;
};

/* A function from margins to probabilities that never decreases. */
struct wh_calibrator {
    enum wh_calibrator_kind kind;
    double slope, shift;   /* Platt's a and b */
    struct wh_knot *knots; /* isotonic: ascending */
    size_t count;
};

/*
 * Fits one to what was counted, of which there must be a row. Isotonic probabilities are kept
 * 1 / (rows + 2) away from 0 and 1, since no number of rows proves certainty. Freed by
 * wh_calibrator_free.
 */
void wh_calibrator_fit(struct wh_calibrator *calibrator, const struct wh_calibration *calibration,
                       enum wh_calibrator_kind kind);
void wh_calibrator_free(struct wh_calibrator *calibrator);

double wh_calibrator_probability(const struct wh_calibrator *calibrator, double margin);

#endif
