/*
 * Drift: whether a model's losses have risen in a way that chance does not explain, row by row.
 *
 * Two tests are here. ADWIN keeps a window of losses that grows as long as nothing changes; it is
 * cut where its older and its newer part differ more than they may (Bifet and Gavalda 2007,
 * "Learning from time-changing data with adaptive windowing", with their bound for the variance
 * known). It keeps sums of values whose numbers are powers of two, five of each, so memory and time
 * are logarithmic.
 * Page-Hinkley sums up by how much the losses are above their mean (Page 1954): simpler, slower to
 * see small rises, and blind to those below its tolerance.
 *
 * Both need values in a known range, and losses have none: a loss is cut at a limit and divided by
 * it. Below the limit the value is proportional to the loss. That matters: a learner's predictions
 * always wander a little, and the expectation of a loss that they minimise hardly changes by that,
 * while that of a bent one does, which looks like drift and is none. The limit of classes is a
 * number, since their losses have a unit of their own; that of numbers is some times the usual loss
 * since the start and since each change: the median of means of some of the first losses, so that a
 * few wild ones do not spoil it. So the unit of the target does not matter, and one wild row cannot
 * raise an alarm. Nor can what it does to a learner, whose predictions it may throw off for a
 * while: some rows after a wild one are not looked at, unless more of them are wild.
 *
 * Falling losses are what learning is for: they start the tests anew and are no drift. After a
 * change, either way, everything starts anew: one change is told once.
 *
 * Nothing here allocates but the loading and saving of JSON. Zero-initialise, then wh_drift_init.
 */
#ifndef WH_LEARN_DRIFT_H
#define WH_LEARN_DRIFT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    WH_ADWIN_BUCKETS = 5, /* sums of one size that are kept */
    WH_ADWIN_LEVELS = 48, /* more than any stream has rows for */
};

/* What was before a change and after it, as far as can be told. */
struct wh_change {
    double before, after;           /* mean values */
    double loss_before, loss_after; /* mean losses */
};

/* Some values that came one after the other. */
struct wh_adwin_bucket {
    double total;
    double spread; /* the sum of squared distances from their mean */
    double loss;   /* the sum of what came along with the values */
};

struct wh_adwin {
    uint64_t width; /* values in the window */
    uint32_t since; /* values since it was looked at last */
    uint32_t turn;  /* times that it was looked at */
    uint32_t grown; /* values in `next` */
    double squares; /* and the sum of their squares */
    struct wh_adwin_bucket next; /* which becomes a bucket of the smallest when it is full */
    double total, spread;
    unsigned levels; /* of which there are buckets */
    struct wh_adwin_level {
        unsigned count;
        struct wh_adwin_bucket buckets[WH_ADWIN_BUCKETS + 1]; /* the oldest first */
    } level[WH_ADWIN_LEVELS]; /* the smallest buckets, those of twice as many values ... */
};

struct wh_adwin_settings {
    double confidence; /* the delta of the paper */
    uint32_t grain;    /* values in the smallest buckets, a power of two up to 32: 1 in the paper */
    bool sparing;      /* older places are looked at less often: not in the paper */
};

/* Adds a value from 0 to 1, which stands for `loss`. Every 32nd time it looks: true where the
 * window was cut. */
bool wh_adwin_add(struct wh_adwin *adwin, const struct wh_adwin_settings *settings, double value,
                  double loss, struct wh_change *change);

/* Page-Hinkley of rising values. The change is taken to be where the sum was lowest. */
struct wh_page_hinkley {
    uint64_t rows;
    double mean;
    double sum, lowest;
    double total, loss;                 /* of all values, and of what came along */
    uint64_t rows_lowest;               /* and what they were when the sum was lowest */
    double total_lowest, loss_lowest;
};

struct wh_page_hinkley_settings {
    uint64_t least;   /* rows before the first alarm */
    double tolerance; /* what a value may be above the mean */
    double threshold;
    double forgetting; /* the sum is multiplied by it each row: 1 forgets nothing */
};

/* True where the values have risen. */
bool wh_page_hinkley_add(struct wh_page_hinkley *self,
                         const struct wh_page_hinkley_settings *settings, double value, double loss,
                         struct wh_change *change);

enum wh_drift_tests { WH_DRIFT_NONE = 0, WH_DRIFT_ADWIN = 1, WH_DRIFT_PAGE_HINKLEY = 2,
                      WH_DRIFT_BOTH = 3 };

/* NULL last. */
extern const char *const wh_drift_names[];
#define WH_DEFAULT_DRIFT "adwin"
/* "adwin" and so on; false where there is no such name. */
bool wh_drift_named(const char *name, enum wh_drift_tests *tests);
const char *wh_drift_name(enum wh_drift_tests tests);

enum { WH_DRIFT_TIME_SIZE = 48, WH_DRIFT_KEPT = 8 };

/* A drift that was found. */
struct wh_drift_event {
    uint64_t row; /* of those that the model has learned from, at which it was found */
    double before, after; /* mean losses */
    enum wh_drift_tests test;
    char time[WH_DRIFT_TIME_SIZE]; /* the row's event time, "" without one */
};

enum { WH_DRIFT_BLOCKS = 16 }; /* of losses, which the usual loss is the median of */

struct wh_drift {
    enum wh_drift_tests tests;
    uint64_t scaled; /* losses in `blocks`, until there are enough */
    double blocks[WH_DRIFT_BLOCKS]; /* sums of losses */
    double limit;    /* that follows from them; 0 before */
    uint32_t pause;  /* rows until a wild loss matters again; the last 256 are looked at */
    uint32_t wild;   /* losses in the rows that are not */
    double squares;  /* sum of squares of Page-Hinkley's values */
    struct wh_adwin adwin;
    struct wh_page_hinkley page_hinkley;
    uint64_t count;                              /* of all drifts */
    struct wh_drift_event events[WH_DRIFT_KEPT]; /* the last ones, the oldest first */
};

void wh_drift_init(struct wh_drift *drift, enum wh_drift_tests tests);

/* A loss, 0 or more. */
struct wh_drift_loss {
    double loss;
    double limit; /* what losses are cut at, where they have a unit of their own; 0: by the usual */
    double weight; /* of the row, beside that of others; 0: as of others */
    double least; /* a usual loss below this one counts as this: a model that errs less is exact */
};

/* Adds a loss. Where losses are found to have drifted, the new event, whose row and time are for
 * the caller to fill in; else NULL. */
struct wh_drift_event *wh_drift_add(struct wh_drift *drift, const struct wh_drift_loss *loss);

/* Starts the tests anew, as after a change; what was found stays. */
void wh_drift_restart(struct wh_drift *drift);

/* Everything as a new object, and back: false where it is no state that this could have come to,
 * and then the drift is to be initialised again. Of the state of an earlier version, in which
 * losses were bent, only what was found is taken, and the tests start anew. */
json_t *wh_drift_save(const struct wh_drift *drift);
bool wh_drift_load(struct wh_drift *drift, const json_t *state);

/* An event as a member of --stats: a new object. */
json_t *wh_drift_event_json(const struct wh_drift_event *event);

#endif
