/*
 * Merging: one model of two that began alike and learned from different rows, each a fair sample
 * of the whole (shards).
 *
 * Sums are added: rows, metrics, the scale of targets, and what learners keep as sums. Weights are
 * averaged, each by what it has learned from (Agarwal, Chapelle, Dudik and Langford, "A reliable
 * effective terascale linear learning system", 2014, section 3); each learner's own way is told
 * where it is. That is as good as one pass in parallel can be, and not the same as one run over
 * all rows, where each row is met with what all before it taught.
 */
#ifndef WH_TRAIN_MERGE_H
#define WH_TRAIN_MERGE_H

#include "base/error.h"
#include "model/model.h"

/*
 * Takes up what `from`, the model of the file `path`, has learned. Refuses models that were begun
 * otherwise, have another task, classes' kind or recipe, belong to a stream, or have learned
 * nothing, and learners that cannot be merged; `into` is then partly changed, and to be freed.
 */
int wh_model_merge(struct wh_model *into, const struct wh_model *from, const char *path,
                   struct wh_error *error);

/*
 * Merges the models of `count` files, two or more, into one for the file `out`, which must not be
 * there unless `replace`: a model of that name is then replaced. NULL on failure; the model is
 * saved, and to be freed.
 */
struct wh_model *wh_model_merge_files(const char *const *paths, size_t count, const char *out,
                                      bool replace, struct wh_error *error);

#endif
