/*
 * Losses: how far a prediction is from the truth, and how far a learning step moves it.
 *
 * A raw prediction p is a margin (log-odds) under logistic loss and the expected value under
 * squared loss. The target y is -1 or 1 under logistic loss and any number under squared loss.
 */
#ifndef WH_MODEL_LOSS_H
#define WH_MODEL_LOSS_H

#include <stdbool.h>

#include "base/error.h"

enum wh_loss_kind {
    WH_LOSS_SQUARED,  /* (p - y)^2 */
    WH_LOSS_LOGISTIC, /* ln(1 + exp(-y p)) */
    WH_LOSS_POISSON,  /* exp(p) - y p */
};

struct wh_loss {
    enum wh_loss_kind kind;
    double parameter; /* 0 where there is none */
};

enum { WH_LOSS_TEXT = 64 };

enum { WH_MARGIN_LIMIT = 50 }; /* margins are kept within +-50 */

/* A prediction beside its truth. The caller sets the first three, wh_loss_find the others. */
struct wh_outcome {
    double prediction;
    double target;
    double weight; /* the row's importance, 0 or more */
    double loss;   /* not weighted */
    double slope;  /* d loss / d prediction */
    double growth; /* exp(y p); logistic loss only */
};

const char *wh_loss_name(const struct wh_loss *loss);
const char *wh_loss_link(const struct wh_loss *loss); /* "logit" or "identity" */
/* Whether the raw prediction is a margin and the target -1 or 1. */
bool wh_loss_is_margin(const struct wh_loss *loss);
/* The loss that is taken where none is asked for. */
struct wh_loss wh_loss_of_task(bool classes);

/* Reads a loss as --loss has it, and prints it so; returns `text`. */
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
 * entropy under logistic loss, variance under squared. */
double wh_loss_of_rate(const struct wh_loss *loss, double rate);

/* P(positive) from a raw prediction of a binary model. */
double wh_loss_probability(const struct wh_loss *loss, double prediction);

#endif
