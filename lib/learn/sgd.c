/*
 * sgd: a linear model learned by plain gradient steps, on values that are standardised on the way
 * (as River's StandardScaler and LogisticRegression in a pipeline do).
 *
 * A value is taken as its distance from the feature's mean, in standard deviations. When a row is
 * learned from, the scaler sees it first. A feature that some row did not have (not even as null
 * or 0), such as a category or a word, is not centred, so that being absent stays being 0, and is
 * taken in units of its root mean square.
 *
 * Steps have a fixed length, so that weights follow the last rows: after 1 / (rate x number of
 * features) of them, about, the others are forgotten. A half-life acts on the scaler.
 */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "learn/learner.h"
#include "learn/learners.h"
#include "learn/linear.h"

/* The constant's steps are so many times as long. */
static const double CONSTANT_RATE = 2;
/* Up to this reach (of a row's step) a step along the first slope does not pass the target. */
static const double SHORT_REACH = 0.5;

/* Values are kept within so many standard deviations, so that sums stay finite. */
static const double FARTHEST = 1e6;

/* What is known of a feature's values. */
struct scale {
    double rows;   /* that had it, be it as null */
    double weight; /* of the values */
    double mean;
    double spread; /* sum of squared distances from the mean */
};

struct scaler {
    double rows;  /* learned from */
    double clock; /* of the last of them */
    struct wh_table table;
};

struct wh_scratch {
    double *values; /* standardised, of the row */
    size_t capacity;
};

/* What a head said of the row. */
struct guess {
    double sum; /* before it was kept within the range */
};

static struct wh_scratch *sgd_scratch_new(void)
{
    return wh_alloc(1, sizeof(struct wh_scratch));
}

static void sgd_scratch_free(struct wh_scratch *scratch)
{
    free(scratch->values);
    free(scratch);
}

static size_t sgd_guess_size(const struct wh_learner_settings *settings)
{
    (void)settings;
    return sizeof(struct guess);
}

static struct scaler *scaler_of(struct wh_view *view)
{
    return (struct scaler *)view;
}

static struct wh_view *scaler_new(const struct wh_learner_settings *settings)
{
    (void)settings;
    struct scaler *scaler = wh_alloc(1, sizeof *scaler);
    scaler->table.size = sizeof(struct scale);
    return (struct wh_view *)scaler;
}

static void scaler_free(struct wh_view *view)
{
    free(scaler_of(view)->table.cells);
    free(view);
}

static double within(double value)
{
    return value > FARTHEST ? FARTHEST : value < -FARTHEST ? -FARTHEST : value;
}

static double standardised(const struct scaler *scaler, const struct scale *scale, double value)
{
    if (isnan(value) || !(scale->weight > 0))
        return 0;
    double variance = scale->spread / scale->weight;
    if (scale->rows < scaler->rows) {
        double square = variance + scale->mean * scale->mean;
        return square > 0 ? within(value / sqrt(square)) : 0;
    }
    return variance > 0 ? within((value - scale->mean) / sqrt(variance)) : 0;
}

/* Of a feature that is new nothing is known, and its value says nothing. */
static void standardise(const struct scaler *scaler, const struct wh_example *example,
                        double *values)
{
    const struct scale *scales = scaler->table.cells;
    for (size_t i = 0; i < example->count; i++) {
        uint32_t id = example->ids[i];
        values[i] = id == WH_CONSTANT ? 1
                  : id < scaler->table.capacity
                  ? standardised(scaler, &scales[id], example->values[i]) : 0;
    }
}

static void scaler_read(const struct wh_view *view, struct wh_scratch *scratch,
                        const struct wh_example *example)
{
    if (example->count > scratch->capacity) {
        scratch->capacity = wh_linear_capacity(scratch->capacity, example->count);
        scratch->values = wh_resize(scratch->values, scratch->capacity, sizeof *scratch->values);
    }
    standardise((const struct scaler *)view, example, scratch->values);
}

/* Sets the clock, and begins a new era where the last has ended. */
static void wind(struct scaler *scaler, double clock)
{
    double change = wh_era_change(scaler->clock, clock);
    scaler->clock = clock;
    if (change == 1)
        return;
    struct scale *scales = scaler->table.cells;
    for (size_t i = 0; i < scaler->table.capacity; i++) {
        scales[i].weight *= change;
        scales[i].spread *= change;
    }
}

static void see(struct scale *scale, double value, double weight)
{
    scale->rows++;
    if (isnan(value))
        return;
    /* West, "Updating mean and variance estimates", 1979. */
    double distance = value - scale->mean;
    scale->weight += weight;
    scale->mean += distance * weight / scale->weight;
    /* Never below 0, but for rounding. */
    scale->spread += fmax(0, weight * distance * (value - scale->mean));
}

static void scaler_meet(struct wh_view *view, struct wh_scratch *scratch,
                        const struct wh_example *example, double weight)
{
    struct scaler *scaler = scaler_of(view);
    wh_table_reserve(&scaler->table, example->features);
    struct scale *scales = scaler->table.cells;
    wind(scaler, example->clock);
    weight *= wh_fading(scaler->clock, example->clock);
    scaler->rows++;
    for (size_t i = 0; i < example->count; i++)
        if (example->ids[i] != WH_CONSTANT)
            see(&scales[example->ids[i]], example->values[i], weight);
    standardise(scaler, example, scratch->values);
}

static json_t *scaler_save(const struct wh_view *view)
{
    const struct scaler *scaler = (const struct scaler *)view;
    return json_pack("{s:f, s:f}", "rows", scaler->rows, "clock", scaler->clock);
}

static int scaler_load(struct wh_view *view, const json_t *state, struct wh_error *error)
{
    struct scaler *scaler = scaler_of(view);
    if (!wh_state_number(state, "rows", WH_LARGEST_SUM, &scaler->rows) || scaler->rows < 0
        || !wh_state_number(state, "clock", WH_LAST_CLOCK, &scaler->clock))
        return wh_fail(error, WH_REFUSED, "its scaler's state is invalid");
    return 0;
}

static void scaler_get(const struct wh_view *view, uint32_t id, double *out)
{
    const struct scaler *scaler = (const struct scaler *)view;
    struct scale scale = { 0 };
    if (id < scaler->table.capacity)
        scale = ((const struct scale *)scaler->table.cells)[id];
    out[0] = scale.rows;
    out[1] = scale.weight;
    out[2] = scale.mean;
    out[3] = scale.spread;
}

static bool scaler_set(struct wh_view *view, uint32_t id, const double *in)
{
    struct scaler *scaler = scaler_of(view);
    if (!(in[0] >= 0 && in[0] <= WH_LARGEST_SUM) || !(in[1] >= 0 && in[1] <= WH_LARGEST_SUM)
        || !(fabs(in[2]) <= WH_LARGEST_VALUE * 2) || !(in[3] >= 0 && in[3] <= WH_LARGEST_GRADIENTS))
        return false;
    wh_table_reserve(&scaler->table, (size_t)id + 1);
    ((struct scale *)scaler->table.cells)[id] = (struct scale){ in[0], in[1], in[2], in[3] };
    return true;
}

static void scaler_renumber(struct wh_view *view, const uint32_t *from, uint32_t count)
{
    wh_table_renumber(&scaler_of(view)->table, from, count);
}

static struct scale merged_scale(const struct scale *a, const struct scale *b)
{
    struct scale scale = { .rows = a->rows + b->rows, .weight = a->weight + b->weight };
    if (!(scale.weight > 0))
        return scale;
    /* Chan, Golub and LeVeque, "Algorithms for computing the sample variance", 1983. */
    double distance = b->mean - a->mean, share = b->weight / scale.weight;
    scale.mean = a->mean + distance * share;
    scale.spread = a->spread + b->spread + distance * distance * a->weight * share;
    return scale;
}

static void scaler_merge(struct wh_view *view, const struct wh_view *other, const uint32_t *map,
                         uint32_t count)
{
    struct scaler *scaler = scaler_of(view);
    const struct scaler *from = (const struct scaler *)other;
    const struct scale *theirs = from->table.cells;
    scaler->rows += from->rows;
    for (uint32_t i = 0; i < count && i < from->table.capacity; i++) {
        wh_table_reserve(&scaler->table, (size_t)map[i] + 1);
        struct scale *mine = (struct scale *)scaler->table.cells + map[i];
        *mine = merged_scale(mine, &theirs[i]);
    }
}

/*
 * The head
 */

struct sgd {
    struct wh_loss loss;
    double rate, l1, l2;
    double rows; /* sum of the rows' weights that were learned from */
    struct wh_range range;
    struct wh_table table; /* of weights */
};

static struct sgd *sgd_of(struct wh_head *head)
{
    return (struct sgd *)head;
}

static struct wh_head *sgd_new(const struct wh_learner_settings *settings, struct wh_view *view)
{
    (void)view;
    struct sgd *sgd = wh_alloc(1, sizeof *sgd);
    *sgd = (struct sgd){
        .loss = settings->loss,
        .rate = settings->rate,
        .range.slack = wh_range_slack(settings),
        .l1 = settings->l1,
        .l2 = settings->l2,
        .table.size = sizeof(double),
    };
    return (struct wh_head *)sgd;
}

static void sgd_free(struct wh_head *head)
{
    free(sgd_of(head)->table.cells);
    free(head);
}

static double sum_up(const struct sgd *sgd, const struct wh_example *example,
                     const double *values)
{
    const double *weights = sgd->table.cells;
    double sum = 0;
    for (size_t i = 0; i < example->count; i++)
        if (example->ids[i] < sgd->table.capacity)
            sum += weights[example->ids[i]] * values[i];
    return sum;
}

static double sgd_predict(const struct wh_head *head, struct wh_scratch *scratch, void *guess,
                          const struct wh_example *example)
{
    const struct sgd *sgd = (const struct sgd *)head;
    struct guess *said = guess;
    said->sum = sum_up(sgd, example, scratch->values);
    return wh_range_said(&sgd->range, &sgd->loss, said->sum);
}

static double rate_of(uint32_t id)
{
    return id == WH_CONSTANT ? CONSTANT_RATE : 1;
}

/* How far each weight moves for each 1 of its value: down the slope, and where that could pass the
 * target, along it as it changes. */
static double step_of(const struct sgd *sgd, const struct wh_example *example,
                      const double *values, const struct wh_outcome *outcome)
{
    double squares = 0, length = sgd->rate * outcome->weight;
    for (size_t i = 0; i < example->count; i++)
        squares += rate_of(example->ids[i]) * values[i] * values[i];
    if (length * squares <= SHORT_REACH)
        return -outcome->slope * length;
    return wh_loss_move(&sgd->loss, outcome, length * squares) / squares;
}

static void sgd_learn(struct wh_head *head, struct wh_scratch *scratch, void *guess,
                      const struct wh_example *example, const struct wh_outcome *outcome)
{
    struct sgd *sgd = sgd_of(head);
    const struct guess *said = guess;
    const double *values = scratch->values;
    wh_table_reserve(&sgd->table, example->features);
    double *weights = sgd->table.cells, length = sgd->rate * outcome->weight;
    /* The scaler has seen the row by now, and the prediction with it is another. */
    struct wh_outcome now = *outcome;
    now.prediction = wh_range_clamp(&sgd->range, &sgd->loss,
                                    outcome->prediction + sum_up(sgd, example, values)
                                        - said->sum);
    wh_loss_find(&sgd->loss, &now);
    wh_range_widen(&sgd->range, outcome->target);
    sgd->rows += outcome->weight;
    double step = step_of(sgd, example, values, &now);
    for (size_t i = 0; i < example->count; i++) {
        uint32_t id = example->ids[i];
        weights[id] += step * rate_of(id) * values[i];
        if (id != WH_CONSTANT && (sgd->l1 > 0 || sgd->l2 > 0))
            weights[id] = wh_shrunk(weights[id], sgd->l1 * length, sgd->l2 * length);
    }
}

static json_t *sgd_save(const struct wh_head *head)
{
    const struct sgd *sgd = (const struct sgd *)head;
    json_t *state = json_pack("{s:f}", "weight", sgd->rows);
    wh_range_save(&sgd->range, state);
    return state;
}

static int sgd_load(struct wh_head *head, const json_t *state, struct wh_error *error)
{
    struct sgd *sgd = sgd_of(head);
    if (!wh_range_load(&sgd->range, state)
        || !wh_state_number(state, "weight", WH_LARGEST_SUM, &sgd->rows) || sgd->rows < 0)
        return wh_fail(error, WH_REFUSED, "its learner's state is invalid");
    return 0;
}

static void sgd_renumber(struct wh_head *head, const uint32_t *from, uint32_t count)
{
    wh_table_renumber(&sgd_of(head)->table, from, count);
}

/* Weights are averaged by the rows behind them, and one that the other does not have is taken. */
static void sgd_merge(struct wh_head *head, const struct wh_head *other, const uint32_t *map,
                      uint32_t count, double shift)
{
    struct sgd *sgd = sgd_of(head);
    const struct sgd *from = (const struct sgd *)other;
    const double *theirs = from->table.cells;
    double rows = sgd->rows + from->rows, share = rows > 0 ? from->rows / rows : 0;
    sgd->rows = rows;
    wh_range_widen(&sgd->range, from->range.lowest);
    wh_range_widen(&sgd->range, from->range.highest);
    for (uint32_t i = 0; i < count && i < from->table.capacity; i++) {
        wh_table_reserve(&sgd->table, (size_t)map[i] + 1);
        double *mine = (double *)sgd->table.cells + map[i];
        double weight = theirs[i] + (i == WH_CONSTANT ? shift : 0);
        if (*mine == 0)
            *mine = weight;
        else if (weight != 0)
            *mine += (weight - *mine) * share;
    }
}

static void sgd_get(const struct wh_head *head, uint32_t id, double *out)
{
    const struct sgd *sgd = (const struct sgd *)head;
    out[0] = id < sgd->table.capacity ? ((const double *)sgd->table.cells)[id] : 0;
}

static bool sgd_set(struct wh_head *head, uint32_t id, const double *in)
{
    struct sgd *sgd = sgd_of(head);
    if (!(fabs(in[0]) <= WH_LARGEST_COEFFICIENT))
        return false;
    wh_table_reserve(&sgd->table, (size_t)id + 1);
    ((double *)sgd->table.cells)[id] = in[0];
    return true;
}

static void sgd_contribute(const struct wh_head *head, const struct wh_scratch *scratch,
                           const struct wh_example *example, double *shares)
{
    const struct sgd *sgd = (const struct sgd *)head;
    const double *weights = sgd->table.cells, *values = scratch->values;
    for (size_t i = 0; i < example->count; i++)
        shares[i] = example->ids[i] < sgd->table.capacity
                  ? weights[example->ids[i]] * values[i] : 0;
}

/* By a value one standard deviation from the mean. */
static double sgd_effect(const struct wh_head *head, uint32_t id)
{
    double weight;
    sgd_get(head, id, &weight);
    return fabs(weight);
}

static const char *const scale_names[] = { "rows", "values", "mean", "spread" };
static const char *const parameters[] = { "weight" };

const struct wh_learner_type wh_learner_sgd = {
    .name = "sgd",
    .help = "linear, by plain gradient steps on standardised values",
    .rate = 0.005,
    .needs = WH_NEEDS_ZEROS | WH_NEEDS_MISSING,
    .scratch_new = sgd_scratch_new,
    .scratch_free = sgd_scratch_free,
    .guess_size = sgd_guess_size,
    .view_parameters = { scale_names, sizeof scale_names / sizeof *scale_names },
    .view_new = scaler_new,
    .view_free = scaler_free,
    .view_read = scaler_read,
    .view_meet = scaler_meet,
    .view_save = scaler_save,
    .view_load = scaler_load,
    .view_get = scaler_get,
    .view_set = scaler_set,
    .view_renumber = scaler_renumber,
    .view_merge = scaler_merge,
    .head_parameters = { parameters, sizeof parameters / sizeof *parameters },
    .head_new = sgd_new,
    .head_free = sgd_free,
    .predict = sgd_predict,
    .learn = sgd_learn,
    .save = sgd_save,
    .load = sgd_load,
    .get = sgd_get,
    .set = sgd_set,
    .renumber = sgd_renumber,
    .merge = sgd_merge,
    .contribute = sgd_contribute,
    .effect = sgd_effect,
};
