/*
 * A model: a learner with everything that is needed to go on learning and to score. All of it is
 * in the model's file (model/modelfile.h).
 *
 * Models are const while they predict: what a thread needs for that is in a scratch of its own.
 *
 * A prediction goes through here: what the learner's outputs say becomes a margin, an expected
 * number or probabilities of classes; a label becomes what each output is told of it.
 *
 * With more than two classes, class k has the margin m_k = raw_k + offset_k and the probability
 * exp(m_k) / sum_j exp(m_j) (softmax). Output k is told whether the row is of its class, by the
 * logistic loss of m_k - ln sum_{j != k} exp(m_j): its slope is just the softmax's, so that every
 * learner for two classes learns many. A class that comes later has the offset that makes its
 * probability, in the row that brings it, one in as many rows as there were.
 */
#ifndef WH_MODEL_MODEL_H
#define WH_MODEL_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "learn/calibration.h"
#include "learn/drift.h"
#include "learn/forgetting.h"
#include "learn/learner.h"
#include "learn/metrics.h"
#include "learn/names.h"
#include "learn/target.h"
#include "model/census.h"
#include "model/examples.h"
#include "model/join.h"
#include "model/settings.h"
#include "model/task.h"
#include "pipe/checkpoint.h"

enum {
    WH_STAMP_SIZE = 64,
    WH_MOST_CALIBRATED = 64, /* classes: each takes 24 KB */
};

struct wh_model {
    struct wh_settings settings; /* its own texts; with the learning rate settled */
    const struct wh_learner_type *type;
    struct wh_learner *learner; /* NULL while no label was seen */
    struct wh_loss loss;
    bool loss_settled; /* by the user, or by the first label */
    bool met;          /* rows without a label came before any with one, and had its column */
    struct wh_names names;
    struct wh_census census; /* of the columns */
    struct wh_task task;
    struct wh_target target;
    struct wh_forgetting forgetting;
    enum wh_example_input input;
    char stamp[WH_STAMP_SIZE]; /* "R.F" of the first row, "" where it had none */
    struct wh_metrics metrics; /* of each row before it was learned from */
    /* Of two classes one, of more (up to WH_MOST_CALIBRATED) one for each: what came of
     * the rows' predictions before learning from them. */
    struct wh_calibration *calibrations;
    uint32_t calibration_count;
    struct wh_drift drift;     /* of the losses (model/guard.h) */
    struct wh_joining joining; /* rows that wait for their labels */
    struct wh_checkpoint checkpoint; /* of the stream that it belongs to; none: of no stream */
    char digest[65];           /* of what was learned, as it was last saved or loaded */
    char saved[48];            /* when, "2024-03-01T12:30:05Z" */
    const struct wh_model *shared; /* whose learner, names and calibrations these are; NULL: own */
};

/* What one thread needs for a row, by any model, one at a time: about 70 bytes for each output, and
 * what the learner takes (learn/learner.h). */
struct wh_model_scratch;
struct wh_model_scratch *wh_model_scratch_open(void);
/* NULL is allowed. */
void wh_model_scratch_close(struct wh_model_scratch *scratch);

/* What a model says of a row; valid until the next with the same scratch. */
struct wh_prediction {
    const double *raw; /* the outputs' */
    /* Two classes: the raw prediction. Regression: the expected number, in the label's unit. More
     * classes: the probability of the best. */
    double value;
    bool informed; /* whether it follows from anything, as told at wh_model_predict */
    uint32_t best;               /* the class that is predicted */
    const double *probabilities; /* more than two classes: of each, else NULL */
};

/* What came of a prediction. */
struct wh_judgement {
    double label;   /* regression: the number */
    uint32_t class; /* classes: its number, */
    bool right;     /* and whether it was predicted */
    double weight;
    double loss;   /* not weighted, in the label's unit */
    bool positive; /* two classes: the label is the positive one */
    struct wh_outcome outcome; /* two classes: what the learner is told */
    bool informed; /* as the prediction was: a row that was predicted of nothing is not measured */
};

struct wh_model *wh_model_open(void);
void wh_model_close(struct wh_model *model);

/*
 * A model to score by in one thread, whatever other threads do with `model`, which must outlive it
 * and is not written to: what was learned is shared, while census and task are copies that go on
 * with the run's own columns and labels. It takes as much memory as these and is not to be learned
 * with.
 */
struct wh_model *wh_model_share(const struct wh_model *model);

/* Refuses a loss that is none for the task. */
int wh_model_check_loss(const struct wh_model *model, struct wh_error *error);
/* Whether the loss is defined for a label; else it is a bad row. */
bool wh_model_takes(const struct wh_model *model, double label, struct wh_error *error);

/* Settles and checks the settings that the learner is begun with, when its type is known. */
int wh_model_settle(struct wh_model *model, struct wh_error *error);

/* Makes the learner, when type, loss, rate and task are settled. */
void wh_model_make_learner(struct wh_model *model);

/*
 * Holds a row against the rows before: the first settles the input's kind and the stamp. Rows
 * with and without a features object do not mix, and features of another recipe are refused.
 */
int wh_model_check(struct wh_model *model, const struct wh_reading_row *reading,
                   struct wh_error *error);

/* Whether a row that was read names a feature of the model, where that has any: else it is most
 * likely no row for this model. */
bool wh_model_knows(const struct wh_model *model, const struct wh_reading_row *reading);
/* The bad row of --strict that names none, for the model of the file `path`. Returns -1. */
int wh_model_refuse_stranger(const char *path, struct wh_error *error);

/* How many outputs predictions have: of many classes those that were learned, which may be fewer
 * than the task knows by now. */
uint32_t wh_model_outputs(const struct wh_model *model);

/* What the learner needs of examples (enum wh_needs). */
unsigned wh_model_needs(const struct wh_model *model);

/* The example with the model's clock, as learners take it. */
struct wh_example wh_model_now(const struct wh_model *model, const struct wh_example *example);

/*
 * Before the first label, a number or one of several classes is predicted of nothing: 0, whatever
 * the label's unit, or the class that is just being met. Such a prediction is not informed. Of two
 * classes the first is, by symmetry: 1/2, or a margin of 0; but not under squared loss, where it is
 * 0 too.
 */
struct wh_prediction wh_model_predict(const struct wh_model *model,
                                      struct wh_model_scratch *scratch,
                                      const struct wh_example *example);

/* Of a linear learner: what each value of the example that was predicted last adds to the raw
 * prediction of an output (learn/learner.h). */
void wh_model_contribute(const struct wh_model *model, const struct wh_model_scratch *scratch,
                         uint32_t output, const struct wh_example *example, double *shares);

/* More than two classes: the margin m_k of the class in a prediction. */
double wh_model_margin(const struct wh_model *model, const struct wh_prediction *prediction,
                       uint32_t class);

/* The one number of a score: P(positive), the expected number, or P(best). */
double wh_model_score(const struct wh_model *model, const struct wh_prediction *prediction);

/*
 * Holds a prediction against the label that wh_task_read gave. Of a class that the learner has no
 * output for yet, the probability is taken to be one in the model's rows and classes.
 */
struct wh_judgement wh_model_judge(const struct wh_model *model,
                                   const struct wh_prediction *prediction, double label,
                                   double weight);

/* Learns from the example that was predicted last with the scratch. Of weight 0 it learns nothing.
 * What the prediction points at is not the same afterwards. */
void wh_model_learn(struct wh_model *model, struct wh_model_scratch *scratch,
                    const struct wh_example *example, const struct wh_prediction *prediction,
                    const struct wh_judgement *judgement);

/* Counts the example that was learned last for calibration, by what was predicted of it; for those
 * that are seen for the first time. */
void wh_model_count(struct wh_model *model, const struct wh_model_scratch *scratch,
                    const struct wh_judgement *judgement);

/* Adds what another model has counted; its output i is number outputs[i] here. */
void wh_model_merge_counts(struct wh_model *model, const struct wh_model *from,
                           const uint32_t *outputs);

/* Adds a row to metrics; one whose prediction was not informed as such. */
void wh_model_measure(const struct wh_model *model, struct wh_metrics *metrics,
                      const struct wh_prediction *prediction,
                      const struct wh_judgement *judgement);

#endif
