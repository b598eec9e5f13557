/*
 * ftrl: a linear model that follows the regularized leader, by proximal steps for each coordinate
 * (McMahan and others, "Ad click prediction: a view from the trenches", 2013).
 *
 * A feature's weight is what makes the sum of all gradients met so far smallest, with a pull to
 * the weights it had at the time (which shortens the steps) and to 0: it stays exactly 0 until the
 * gradients outweigh the penalty L1. It fits sparse rows with many rare features.
 *
 * Forgotten are the gradients and the pull to old weights alike, so that a weight stays where it
 * is while nothing new comes, and moves the faster when it does.
 */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "learn/learner.h"
#include "learn/learners.h"
#include "learn/linear.h"

static const double BETA = 1; /* a pull to 0 that counts while a feature is new */
/* Larger gradients count as this one, so that their squares stay finite. */
static const double LARGEST_GRADIENT = 1e120;

struct weight {
    double value; /* what follows from the others, as it was last learned */
    double pull;  /* z: the gradients, less the pull to old weights */
    double power; /* n: sum of squared gradients */
};

struct ftrl {
    struct wh_loss loss;
    double rate, l1, l2;
    double clock; /* of the row learned last */
    struct wh_range range;
    struct wh_table table;
};

static struct ftrl *ftrl_of(struct wh_head *head)
{
    return (struct ftrl *)head;
}

static struct wh_head *ftrl_new(const struct wh_learner_settings *settings, struct wh_view *view)
{
    (void)view;
    struct ftrl *ftrl = wh_alloc(1, sizeof *ftrl);
    *ftrl = (struct ftrl){
        .loss = settings->loss,
        .rate = settings->rate,
        .range.slack = wh_range_slack(settings),
        .l1 = settings->l1,
        .l2 = settings->l2,
        .table.size = sizeof(struct weight),
    };
    return (struct wh_head *)ftrl;
}

static void ftrl_free(struct wh_head *head)
{
    free(ftrl_of(head)->table.cells);
    free(head);
}

static double ftrl_predict(const struct wh_head *head, struct wh_scratch *scratch, void *guess,
                           const struct wh_example *example)
{
    (void)scratch;
    (void)guess;
    const struct ftrl *ftrl = (const struct ftrl *)head;
    const struct weight *weights = ftrl->table.cells;
    double sum = 0;
    for (size_t i = 0; i < example->count; i++)
        if (example->ids[i] < ftrl->table.capacity)
            sum += weights[example->ids[i]].value * example->values[i];
    return wh_range_said(&ftrl->range, &ftrl->loss, sum);
}

/* The weight that follows from the sums, which are `fading` times as large as what they tell. */
static double solve(const struct ftrl *ftrl, const struct weight *weight, double fading)
{
    double beyond = fabs(weight->pull) - ftrl->l1 * fading;
    if (beyond <= 0)
        return 0;
    double resistance = ftrl->l2 * fading + (BETA * fading + sqrt(weight->power)) / ftrl->rate;
    return -copysign(beyond, weight->pull) / resistance;
}

/* Sets the clock, and begins a new era where the last has ended. */
static void wind(struct ftrl *ftrl, double clock)
{
    double change = wh_era_change(ftrl->clock, clock);
    ftrl->clock = clock;
    if (change == 1)
        return;
    struct weight *weights = ftrl->table.cells;
    for (size_t i = 0; i < ftrl->table.capacity; i++) {
        weights[i].pull *= change;
        weights[i].power *= change * change;
    }
}

static void ftrl_learn(struct wh_head *head, struct wh_scratch *scratch, void *guess,
                       const struct wh_example *example, const struct wh_outcome *outcome)
{
    (void)scratch;
    (void)guess;
    struct ftrl *ftrl = ftrl_of(head);
    wh_table_reserve(&ftrl->table, example->features);
    wind(ftrl, example->clock);
    double fading = wh_fading(ftrl->clock, example->clock);
    double slope = outcome->weight * outcome->slope * fading;
    struct weight *weights = ftrl->table.cells;
    wh_range_widen(&ftrl->range, outcome->target);
    if (slope == 0)
        return;
    for (size_t i = 0; i < example->count; i++) {
        struct weight *weight = &weights[example->ids[i]];
        double gradient = slope * example->values[i];
        if (fabs(gradient) > LARGEST_GRADIENT)
            gradient = copysign(LARGEST_GRADIENT, gradient);
        double power = weight->power + gradient * gradient;
        double change = (sqrt(power) - sqrt(weight->power)) / ftrl->rate;
        weight->pull += gradient - change * weight->value;
        weight->power = power;
        weight->value = solve(ftrl, weight, fading);
    }
}

/*
 * Saving and loading
 */

static json_t *ftrl_save(const struct wh_head *head)
{
    const struct ftrl *ftrl = (const struct ftrl *)head;
    json_t *state = json_pack("{s:f}", "clock", ftrl->clock);
    wh_range_save(&ftrl->range, state);
    return state;
}

static int ftrl_load(struct wh_head *head, const json_t *state, struct wh_error *error)
{
    struct ftrl *ftrl = ftrl_of(head);
    if (!wh_range_load(&ftrl->range, state)
        || !wh_state_number(state, "clock", WH_LAST_CLOCK, &ftrl->clock))
        return wh_fail(error, WH_REFUSED, "its learner's state is invalid");
    return 0;
}

static void ftrl_renumber(struct wh_head *head, const uint32_t *from, uint32_t count)
{
    wh_table_renumber(&ftrl_of(head)->table, from, count);
}

/* The weights' mean, each by the squared gradients behind it, and the pull that makes it so. */
static struct weight merged(const struct ftrl *ftrl, const struct weight *a,
                            const struct weight *b)
{
    struct weight weight = { .power = a->power + b->power };
    if (weight.power > 0)
        weight.value = a->value * (a->power / weight.power) + b->value * (b->power / weight.power);
    if (weight.value != 0)
        weight.pull = -weight.value * (ftrl->l2 + (BETA + sqrt(weight.power)) / ftrl->rate)
                    - copysign(ftrl->l1, weight.value);
    return weight;
}

static void ftrl_merge(struct wh_head *head, const struct wh_head *other, const uint32_t *map,
                       uint32_t count, double shift)
{
    struct ftrl *ftrl = ftrl_of(head);
    const struct ftrl *from = (const struct ftrl *)other;
    const struct weight *theirs = from->table.cells;
    wh_range_widen(&ftrl->range, from->range.lowest);
    wh_range_widen(&ftrl->range, from->range.highest);
    for (uint32_t i = 0; i < count && i < from->table.capacity; i++) {
        struct weight weight = theirs[i];
        wh_table_reserve(&ftrl->table, (size_t)map[i] + 1);
        if (i == WH_CONSTANT)
            weight.value += shift;
        struct weight *mine = (struct weight *)ftrl->table.cells + map[i];
        *mine = merged(ftrl, mine, &weight);
    }
}

static const char *const parameters[] = { "weight", "pull", "power" };

static void ftrl_get(const struct wh_head *head, uint32_t id, double *out)
{
    const struct ftrl *ftrl = (const struct ftrl *)head;
    struct weight weight = { 0 };
    if (id < ftrl->table.capacity)
        weight = ((const struct weight *)ftrl->table.cells)[id];
    out[0] = weight.value;
    out[1] = weight.pull;
    out[2] = weight.power;
}

static bool ftrl_set(struct wh_head *head, uint32_t id, const double *in)
{
    struct ftrl *ftrl = ftrl_of(head);
    if (!(fabs(in[0]) <= WH_LARGEST_COEFFICIENT) || !(fabs(in[1]) <= WH_LARGEST_GRADIENTS)
        || !(in[2] >= 0 && in[2] <= WH_LARGEST_GRADIENTS))
        return false;
    wh_table_reserve(&ftrl->table, (size_t)id + 1);
    ((struct weight *)ftrl->table.cells)[id] = (struct weight){ in[0], in[1], in[2] };
    return true;
}

static void ftrl_contribute(const struct wh_head *head, const struct wh_scratch *scratch,
                            const struct wh_example *example, double *shares)
{
    (void)scratch;
    const struct ftrl *ftrl = (const struct ftrl *)head;
    const struct weight *weights = ftrl->table.cells;
    for (size_t i = 0; i < example->count; i++)
        shares[i] = example->ids[i] < ftrl->table.capacity
                  ? weights[example->ids[i]].value * example->values[i] : 0;
}

static double ftrl_effect(const struct wh_head *head, uint32_t id)
{
    double number[WH_MAX_PARAMETERS];
    ftrl_get(head, id, number);
    return fabs(number[0]);
}

const struct wh_learner_type wh_learner_ftrl = {
    .name = "ftrl",
    .help = "linear, follows the regularized leader (FTRL-proximal)",
    .rate = 0.5,
    .head_parameters = { parameters, sizeof parameters / sizeof *parameters },
    .head_new = ftrl_new,
    .head_free = ftrl_free,
    .predict = ftrl_predict,
    .learn = ftrl_learn,
    .save = ftrl_save,
    .load = ftrl_load,
    .get = ftrl_get,
    .set = ftrl_set,
    .renumber = ftrl_renumber,
    .merge = ftrl_merge,
    .contribute = ftrl_contribute,
    .effect = ftrl_effect,
};
