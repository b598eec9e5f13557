/*
 * nag: a linear model learned by normalized adaptive invariant gradient steps (Ross, Mineiro and
 * Langford, "Normalized Online Learning", 2013), the default of Vowpal Wabbit.
 *
 * Normalized: a feature's scale is found on the way, so that units do not matter. Adaptive: each
 * feature's steps shorten with the gradients it has seen (AdaGrad). Invariant: a row of weight 2
 * moves a prediction no further than its target, and about as two rows of weight 1.
 *
 * Forgotten are the gradients, so that steps grow again: weights that the last rows contradict
 * move, and others stay. Penalties act on the features of each row, in steps as long as theirs.
 */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "learn/learner.h"
#include "learn/learners.h"
#include "learn/linear.h"

/* Smaller values count as this one, so that their squares are not lost. */
static const double SMALLEST = 1.084e-19;
/* A gradient whose square is smaller teaches nothing, and its products would underflow. */
static const double NO_GRADIENT = 1e-200;

struct weight {
    double value;
    double gradients; /* sum of squared gradients */
    double scale;     /* the largest absolute value seen */
};

struct nag {
    struct wh_loss loss;
    double rate, l1, l2;
    double clock;   /* of the row learned last */
    double rows;    /* sum of the rows' weights that were learned from */
    double squares; /* sum of their squared values over the squared scales */
    struct wh_range range;
    struct weight *weights;
    size_t capacity;
};

struct wh_scratch {
    double *steps; /* one for each feature of the row */
    size_t capacity;
};

static struct wh_scratch *nag_scratch_new(void)
{
    return wh_alloc(1, sizeof(struct wh_scratch));
}

static void nag_scratch_free(struct wh_scratch *scratch)
{
    free(scratch->steps);
    free(scratch);
}

static struct nag *nag_of(struct wh_head *head)
{
    return (struct nag *)head;
}

static struct wh_head *nag_new(const struct wh_learner_settings *settings, struct wh_view *view)
{
    (void)view;
    struct nag *nag = wh_alloc(1, sizeof *nag);
    nag->loss = settings->loss;
    nag->rate = settings->rate;
    nag->l1 = settings->l1;
    nag->l2 = settings->l2;
    nag->range.slack = wh_range_slack(settings);
    return (struct wh_head *)nag;
}

static void nag_free(struct wh_head *head)
{
    struct nag *nag = nag_of(head);
    free(nag->weights);
    free(nag);
}

static void make_room(struct nag *nag, size_t features)
{
    size_t capacity = wh_linear_capacity(nag->capacity, features);
    nag->weights = wh_resize(nag->weights, capacity, sizeof *nag->weights);
    for (size_t i = nag->capacity; i < capacity; i++)
        nag->weights[i] = (struct weight){ 0 };
    nag->capacity = capacity;
}

static double sum_all(const struct weight *weights, const struct wh_example *example)
{
    double sum = 0;
    for (size_t i = 0; i < example->count; i++)
        sum += weights[example->ids[i]].value * example->values[i];
    return sum;
}

/* The same where some features are new. */
static double sum_known(const struct nag *nag, const struct wh_example *example)
{
    double sum = 0;
    for (size_t i = 0; i < example->count; i++)
        if (example->ids[i] < nag->capacity)
            sum += nag->weights[example->ids[i]].value * example->values[i];
    return sum;
}

static double nag_predict(const struct wh_head *head, struct wh_scratch *scratch, void *guess,
                          const struct wh_example *example)
{
    (void)scratch;
    (void)guess;
    const struct nag *nag = (const struct nag *)head;
    double sum = example->features <= nag->capacity ? sum_all(nag->weights, example)
                                                    : sum_known(nag, example);
    return wh_range_said(&nag->range, &nag->loss, sum);
}

/* What the features say about the length of the step. */
struct reach {
    double squares; /* of the values over their scales */
    double change;  /* of the prediction, by a step of length 1 */
};

static struct reach prepare(struct nag *nag, double *steps, const struct wh_example *example,
                            double gradient, double fading)
{
    double faded = 1 / fading;
    struct reach reach = { 0 };
    for (size_t i = 0; i < example->count; i++) {
        struct weight *weight = &nag->weights[example->ids[i]];
        double size = fabs(example->values[i]);
        if (size < SMALLEST)
            size = SMALLEST;
        double square = size * size;
        weight->gradients += gradient * square * fading;
        if (size > weight->scale) {
            /* As if the feature had always been measured in the new unit. */
            if (weight->scale > 0)
                weight->value *= weight->scale / size;
            weight->scale = size;
        }
        double step = 1 / (sqrt(weight->gradients * faded) * weight->scale);
        reach.squares += square / (weight->scale * weight->scale);
        reach.change += square * step;
        steps[i] = step * example->values[i];
    }
    return reach;
}

/* Sets the clock, and begins a new era where the last has ended. */
static void wind(struct nag *nag, double clock)
{
    double change = wh_era_change(nag->clock, clock);
    nag->clock = clock;
    if (change == 1)
        return;
    for (size_t i = 0; i < nag->capacity; i++)
        nag->weights[i].gradients *= change;
    nag->squares *= change;
    nag->rows *= change;
}

/* Lets the penalties act on the row's features, in steps as long as theirs. */
static void shrink(struct nag *nag, const struct wh_example *example, double length, double fading)
{
    for (size_t i = 0; i < example->count; i++) {
        struct weight *weight = &nag->weights[example->ids[i]];
        double step = length / (sqrt(weight->gradients / fading) * weight->scale);
        if (example->ids[i] != WH_CONSTANT)
            weight->value = wh_shrunk(weight->value, nag->l1 * step, nag->l2 * step);
    }
}

static void nag_learn(struct wh_head *head, struct wh_scratch *scratch, void *guess,
                      const struct wh_example *example, const struct wh_outcome *outcome)
{
    (void)guess;
    struct nag *nag = nag_of(head);
    if (outcome->weight > 0)
        wh_range_widen(&nag->range, outcome->target);
    double gradient = outcome->weight * outcome->slope * outcome->slope;
    if (!(gradient > NO_GRADIENT))
        return;
    if (example->features > nag->capacity)
        make_room(nag, example->features);
    if (example->count > scratch->capacity) {
        scratch->capacity = wh_linear_capacity(scratch->capacity, example->count);
        scratch->steps = wh_resize(scratch->steps, scratch->capacity, sizeof *scratch->steps);
    }
    wind(nag, example->clock);
    double fading = wh_fading(nag->clock, example->clock);
    struct reach reach = prepare(nag, scratch->steps, example, gradient, fading);
    nag->squares += outcome->weight * reach.squares * fading;
    nag->rows += outcome->weight * fading;
    double unit = sqrt(nag->rows / nag->squares);
    double change = reach.change * unit;
    double move = wh_loss_move(&nag->loss, outcome, nag->rate * outcome->weight * change) / change;
    for (size_t i = 0; i < example->count; i++)
        nag->weights[example->ids[i]].value += move * unit * scratch->steps[i];
    if (nag->l1 > 0 || nag->l2 > 0)
        shrink(nag, example, nag->rate * outcome->weight * unit, fading);
}

/*
 * Saving and loading
 */

static json_t *nag_save(const struct wh_head *head)
{
    const struct nag *nag = (const struct nag *)head;
    json_t *state = json_object();
    json_object_set_new(state, "clock", json_real(nag->clock));
    json_object_set_new(state, "weight", json_real(nag->rows));
    json_object_set_new(state, "squares", json_real(nag->squares));
    wh_range_save(&nag->range, state);
    return state;
}

static int nag_load(struct wh_head *head, const json_t *state, struct wh_error *error)
{
    struct nag *nag = nag_of(head);
    /* The constant alone adds a row's weight to the squares. */
    static const double NEARLY = 0.99;
    if (!wh_state_number(state, "weight", WH_LARGEST_SUM, &nag->rows)
        || !wh_state_number(state, "squares", WH_LARGEST_SUM, &nag->squares)
        || !wh_state_number(state, "clock", WH_LAST_CLOCK, &nag->clock)
        || !wh_range_load(&nag->range, state) || nag->rows < 0
        || nag->squares < nag->rows * NEARLY)
        return wh_fail(error, WH_REFUSED, "its learner's state is invalid");
    return 0;
}

static void nag_renumber(struct wh_head *head, const uint32_t *from, uint32_t count)
{
    struct nag *nag = nag_of(head);
    for (size_t i = 0; i < nag->capacity; i++) {
        bool kept = i < count && from[i] < nag->capacity;
        nag->weights[i] = kept ? nag->weights[from[i]] : (struct weight){ 0 };
    }
}

/* A weight counts as much as the gradients it was learned from. */
static struct weight merged(const struct weight *a, const struct weight *b)
{
    double gradients = a->gradients + b->gradients;
    if (!(gradients > 0))
        return a->scale > b->scale ? *a : *b;
    return (struct weight){
        .value = a->value * (a->gradients / gradients) + b->value * (b->gradients / gradients),
        .gradients = gradients,
        .scale = fmax(a->scale, b->scale),
    };
}

static void nag_merge(struct wh_head *head, const struct wh_head *other, const uint32_t *map,
                      uint32_t count, double shift)
{
    struct nag *nag = nag_of(head);
    const struct nag *from = (const struct nag *)other;
    nag->rows += from->rows;
    nag->squares += from->squares;
    wh_range_widen(&nag->range, from->range.lowest);
    wh_range_widen(&nag->range, from->range.highest);
    for (uint32_t i = 0; i < count && i < from->capacity; i++) {
        if (map[i] >= nag->capacity)
            make_room(nag, (size_t)map[i] + 1);
        struct weight theirs = from->weights[i];
        if (i == WH_CONSTANT)
            theirs.value += shift;
        nag->weights[map[i]] = merged(&nag->weights[map[i]], &theirs);
    }
}

static const char *const parameters[] = { "weight", "gradients", "scale" };

static void nag_get(const struct wh_head *head, uint32_t id, double *out)
{
    const struct nag *nag = (const struct nag *)head;
    struct weight weight = { 0 };
    if (id < nag->capacity)
        weight = nag->weights[id];
    out[0] = weight.value;
    out[1] = weight.gradients;
    out[2] = weight.scale;
}

static bool nag_set(struct wh_head *head, uint32_t id, const double *in)
{
    struct nag *nag = nag_of(head);
    if (!(fabs(in[0]) <= WH_LARGEST_COEFFICIENT) || !(in[1] >= 0 && in[1] <= WH_LARGEST_GRADIENTS)
        || !(in[2] >= 0 && in[2] <= WH_LARGEST_VALUE))
        return false;
    if (id >= nag->capacity)
        make_room(nag, (size_t)id + 1);
    nag->weights[id] = (struct weight){ in[0], in[1], in[2] };
    return true;
}

static void nag_contribute(const struct wh_head *head, const struct wh_scratch *scratch,
                           const struct wh_example *example, double *shares)
{
    (void)scratch;
    const struct nag *nag = (const struct nag *)head;
    for (size_t i = 0; i < example->count; i++)
        shares[i] = example->ids[i] < nag->capacity
                  ? nag->weights[example->ids[i]].value * example->values[i] : 0;
}

static double nag_effect(const struct wh_head *head, uint32_t id)
{
    double number[WH_MAX_PARAMETERS];
    nag_get(head, id, number);
    return fabs(number[0]) * number[2];
}

const struct wh_learner_type wh_learner_nag = {
    .name = "nag",
    .help = "linear, by normalized adaptive invariant gradient steps",
    .rate = 0.5,
    .scratch_new = nag_scratch_new,
    .scratch_free = nag_scratch_free,
    .head_parameters = { parameters, sizeof parameters / sizeof *parameters },
    .head_new = nag_new,
    .head_free = nag_free,
    .predict = nag_predict,
    .learn = nag_learn,
    .save = nag_save,
    .load = nag_load,
    .get = nag_get,
    .set = nag_set,
    .renumber = nag_renumber,
    .merge = nag_merge,
    .contribute = nag_contribute,
    .effect = nag_effect,
};
