/*
 * A model: a learner with everything that is needed to go on learning and to score. All of it is
 * in the model's file (model/modelfile.h).
 */
#ifndef WH_MODEL_MODEL_H
#define WH_MODEL_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "model/example.h"
#include "model/learner.h"
#include "model/metrics.h"
#include "model/names.h"
#include "model/task.h"
#include "pipe/checkpoint.h"

enum { WH_STAMP_SIZE = 64 };

struct wh_model {
    const struct wh_learner_type *type;
    struct wh_learner *learner; /* NULL while no label was seen */
    enum wh_loss loss;
    bool loss_settled; /* by the user, or by the first label */
    bool met;          /* rows without a label came before any with one, and had its column */
    double rate;
    struct wh_names names;
    struct wh_task task;
    struct wh_roles roles; /* its texts belong to the model */
    uint64_t max_features;
    enum wh_example_input input;
    char stamp[WH_STAMP_SIZE]; /* "R.F" of the first row, "" where it had none */
    struct wh_metrics metrics; /* of each row before it was learned from */
    struct wh_checkpoint checkpoint; /* of the stream that it belongs to; none: of no stream */
    char digest[65];           /* of what was learned, as it was last saved or loaded */
    char saved[48];            /* when, "2024-03-01T12:30:05Z" */
};

struct wh_model *wh_model_new(void);
void wh_model_free(struct wh_model *model);

/* Sets roles->label and so on to a copy of `text` (NULL: none). */
void wh_model_name(const char **role, const char *text);

/* Makes the learner, when type, loss and rate are settled. */
void wh_model_make_learner(struct wh_model *model);

/*
 * Holds a row against the rows before: the first settles the input's kind and the stamp. Rows
 * with and without a features object do not mix, and features of another recipe are refused.
 */
int wh_model_check(struct wh_model *model, const struct wh_reading_row *reading,
                   struct wh_error *error);

/* Whether a row that was read names a feature of the model, where that has any; else it is a bad
 * row, since it is most likely no row for this model, of the file `path`. */
bool wh_model_knows(const struct wh_model *model, const struct wh_reading_row *reading,
                    const char *path, struct wh_error *error);

/* The target of learning for a label that wh_task_read gave. */
static inline double wh_model_target(const struct wh_model *model, double label)
{
    bool signs = model->task.kind == WH_TASK_BINARY && model->loss == WH_LOSS_LOGISTIC;
    return signs ? 2 * label - 1 : label;
}

/* Whether a raw prediction means the positive class. */
static inline bool wh_model_positive(const struct wh_model *model, double prediction)
{
    return prediction > (model->loss == WH_LOSS_LOGISTIC ? 0 : 0.5);
}

/* Adds a row to metrics: its label and the raw prediction made of it. */
void wh_model_measure(const struct wh_model *model, struct wh_metrics *metrics, double label,
                      const struct wh_outcome *outcome);

#endif
