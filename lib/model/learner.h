/*
 * Learners, behind one small interface: predict, learn, save, load, describe.
 *
 * A learner keeps a few numbers for each feature and a few for the whole; everything around it
 * (names, labels, losses, files) is common. A new one is a file and a line in the table.
 */
#ifndef WH_MODEL_LEARNER_H
#define WH_MODEL_LEARNER_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/example.h"
#include "model/loss.h"

enum { WH_MAX_PARAMETERS = 8 };

/* Learning rates beyond are refused. */
static const double WH_LARGEST_RATE = 1e9;

struct wh_learner_settings {
    enum wh_loss loss;
    double rate; /* the learning rate, above 0 */
};

struct wh_learner;

struct wh_learner_type {
    const char *name;
    const char *help;
    double rate; /* the learning rate unless one is given */
    const char *const *parameters; /* the names of a feature's numbers; the first is its weight */
    size_t parameter_count;
    struct wh_learner *(*create)(const struct wh_learner_settings *settings);
    void (*free)(struct wh_learner *learner);
    /* The raw prediction (model/loss.h). */
    double (*predict)(struct wh_learner *learner, const struct wh_example *example);
    /* Learns from the example that predict() was called with last; `outcome` is what came of it. */
    void (*learn)(struct wh_learner *learner, const struct wh_example *example,
                  const struct wh_outcome *outcome);
    /* The numbers of the whole as a new object, and back (0, or -1 with the error). */
    json_t *(*save)(const struct wh_learner *learner);
    int (*load)(struct wh_learner *learner, const json_t *state, struct wh_error *error);
    /* A feature's numbers. set() returns false for what cannot be one. */
    void (*get)(const struct wh_learner *learner, uint32_t id, double *parameters);
    bool (*set)(struct wh_learner *learner, uint32_t id, const double *parameters);
    /* The most that a feature has moved a prediction by, as its weight is now: for ranking. */
    double (*effect)(const struct wh_learner *learner, uint32_t id);
};

struct wh_learner {
    const struct wh_learner_type *type;
};

/* The table, NULL at the end. */
extern const struct wh_learner_type *const wh_learners[];
const struct wh_learner_type *wh_learner_find(const char *name);

extern const struct wh_learner_type wh_learner_nag;

#endif
