/*
 * The model that is being learned, as a predictor (score/predictor.h): the rows that wh-update
 * passes on get their score through the interface that wh-score, --watch and the comparison of
 * models go through.
 *
 * Its session copies nothing. The session's model is the very one that learns, so that it changes
 * from row to row, and the session belongs to the thread that learns. There is one session, by
 * which rows are predicted once: the score that a row is passed on with is the prediction that
 * learning from it starts from, and learning takes up what predicting left in the session's scratch
 * (learn/learner.h). A session of its own for scores would read and predict every row twice, and
 * would count columns and labels apart from the model.
 *
 * Rows to learn from are read by the session's examples, and admitted when their label is known to
 * be good; rows without one are read, or admitted, as those that wh-score is given.
 */
#ifndef WH_TRAIN_LEARNING_H
#define WH_TRAIN_LEARNING_H

#include "base/error.h"
#include "model/examples.h"
#include "model/model.h"
#include "score/predictor.h"

/* Opens the session of a model, which must outlive it and may have learned nothing yet: then rows
 * can be read, and not be predicted. `path` is the model's for messages; the settings are those of
 * learning. NULL on failure: an invalid choice of columns. */
struct wh_session *wh_learning_open(struct wh_model *model, const char *path,
                                    const struct wh_examples_settings *settings,
                                    struct wh_error *error);

/* The session's: what reads rows to learn from, and the scratch that predicting and learning
 * share. */
struct wh_examples *wh_learning_examples(const struct wh_session *session);
struct wh_model_scratch *wh_learning_scratch(const struct wh_session *session);

#endif
