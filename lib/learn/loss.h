/*
 * Losses: how far a prediction is from the truth, and how far a learning step moves it.
 *
 * A raw prediction p is, by the loss, a margin (logistic, hinge), the logarithm of the expected
 * number (poisson) or the predicted number itself; the target y is -1 or 1 for margins, 0 or more
 * for poisson, and any number else.
 */
#ifndef WH_LEARN_LOSS_H
#define WH_LEARN_LOSS_H

#include <stdbool.h>

#include "base/error.h"

enum wh_loss_kind {
    WH_LOSS_SQUARED,  /* (p - y)^2: the mean is learned */
    WH_LOSS_ABSOLUTE, /* |p - y|: the median */
    WH_LOSS_HUBER,    /* (p - y)^2 / 2 within delta, beyond it delta (|p - y| - delta / 2) */
    WH_LOSS_QUANTILE, /* tau (y - p) where p is below y, (1 - tau) (p - y) above */
    WH_LOSS_POISSON,  /* y ln(y / exp(p)) - y + exp(p), half the deviance: the mean of counts */
    WH_LOSS_LOGISTIC, /* ln(1 + exp(-y p)): the log-odds */
    WH_LOSS_HINGE,    /* max(0, 1 - y p): the likelier class, without its probability */
};

enum { WH_MOST_CLASSES = 1000 };

/* What labels are. */
enum wh_task_kind {
    WH_TASK_UNSETTLED, /* no label was seen */
    WH_TASK_BINARY,
    WH_TASK_REGRESSION,
    WH_TASK_MULTICLASS,
};

struct wh_loss {
    enum wh_loss_kind kind;
    double parameter; /* tau; delta, in the unit of the predictions; 0 where there is none */
};

enum { WH_LOSS_TEXT = 64 };

enum { WH_MARGIN_LIMIT = 50 }; /* margins, and logarithms of counts, are kept within +-50 */

/* A prediction beside its truth. The caller sets the first three, wh_loss_find the others. */
struct wh_outcome {
    double prediction;
    double target;
    double weight; /* the row's importance, 0 or more */
    double loss;   /* not weighted */
    double slope;  /* d loss / d prediction */
    double growth; /* exp(y p) of logistic loss, exp(p) of poisson's; else 0 */
};

const char *wh_loss_name(const struct wh_loss *loss);
/* How the raw prediction and the score hang together: "identity", "log", "logit", or "none" where
 * the score is a bare margin. */
const char *wh_loss_link(const struct wh_loss *loss);
/* Whether the raw prediction is a margin and the target -1 or 1. */
bool wh_loss_is_margin(const struct wh_loss *loss);
/* Whether it is for numbers only, and not for classes. */
bool wh_loss_is_of_numbers(const struct wh_loss *loss);
/* The loss that is taken where none is asked for. */
struct wh_loss wh_loss_of_task(bool classes);

/* Reads a loss as --loss has it ("squared", "quantile:0.9" ...), and prints it so; returns `text`,
 * from which the same loss is read. */
int wh_loss_parse(const char *text, struct wh_loss *loss, struct wh_error *error);
const char *wh_loss_print(const struct wh_loss *loss, char text[static WH_LOSS_TEXT]);

void wh_loss_find(const struct wh_loss *loss, struct wh_outcome *outcome);

/*
 * How far the prediction moves in a step of length `step` (0 or more) that follows the loss's
 * gradient as it changes on the way, and so never passes the target: dp/ds = -dl/dp for s from 0
 * to `step` (Karampatziakis and Langford, "Online importance weight aware updates", 2011).
 */
double wh_loss_move(const struct wh_loss *loss, const struct wh_outcome *outcome, double step);

/* The loss of always predicting a share `rate` of positives, where that is the share there is:
 * entropy under logistic loss, variance under squared, twice the rarer share under hinge. */
double wh_loss_of_rate(const struct wh_loss *loss, double rate);

/* A binary model's raw prediction as a margin to be calibrated: under squared loss the probability
 * from -4 to 4, so that it fills bins enough (learn/calibration.h). */
double wh_loss_margin(const struct wh_loss *loss, double prediction);

/* The score of a binary model's raw prediction: P(positive), but under hinge loss the margin
 * itself, since no probability follows from it. Under squared loss predictions from -1 to 2 are
 * made probabilities: those near 0 and 1 and beyond share what is within a thousandth of 0 and 1,
 * in their order. */
double wh_loss_probability(const struct wh_loss *loss, double prediction);

#endif
