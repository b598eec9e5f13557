/*
 * Explanations: what the features of one row had to do with what was predicted of it.
 *
 * What is explained is one number, the total: of two classes the margin (log-odds of the positive
 * one, before any calibration), of more the log-odds of the predicted class against the next best,
 * of regression the expected number in the label's unit (of counts its logarithm).
 *
 * A linear learner's total is a sum, and the explanation is exact:
 *
 *     {"total":1.2,"constant":0.1,"features":[["amount",0.9],["city=Lagos",-0.3]],"rest":0.5}
 *
 * `features` are those that count most, `rest` all others together; total = constant + features +
 * rest. Of other learners a feature is left out and the row predicted again: what is told is by how
 * much the total was higher with it. That does not add up, and there is no constant and no rest:
 *
 *     {"total":1.2,"features":[["amount",0.9],["city=Lagos",-0.3]]}
 */
#ifndef WH_SCORE_EXPLAIN_H
#define WH_SCORE_EXPLAIN_H

#include <stdint.h>

#include "model/model.h"
#include "record/row.h"

enum { WH_MOST_EXPLAINED = 1000 };

struct wh_explainer;

/* Explains by the `most` features that count most, 1 to WH_MOST_EXPLAINED. It predicts with the
 * scratch; both model and scratch must outlive it. */
struct wh_explainer *wh_explainer_open(const struct wh_model *model,
                                       struct wh_model_scratch *scratch, uint32_t most,
                                       unsigned digits);
/* NULL is allowed. */
void wh_explainer_close(struct wh_explainer *explainer);

/* The explanation of the example that was predicted last, and of the class `best` where there are
 * more than two; a nested value in the row's memory. What the prediction points at is the same
 * afterwards. */
struct wh_field wh_explain(struct wh_explainer *explainer, const struct wh_example *example,
                           uint32_t best, struct wh_row *row);

#endif
