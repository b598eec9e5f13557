#include "learn/auto/classes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "learn/auto/constants.h"
#include "learn/auto/loose.h"
#include "learn/auto/mixer.h"
#include "learn/auto/pack.h"
#include "learn/learners.h"

enum expert {
    LINEAR,
    FRESH,
    CURVE,
    CELLS,
    LAST = CELLS + WH_AUTO_GROUPS,
    RECENT,
    SHARE,
    PLAIN,
    LOOSE,
    EXPERTS = LOOSE + WH_AUTO_LOOSE_EXPERTS,
    CONSTANT = EXPERTS, /* the mixers' constant input */
};

_Static_assert((int)EXPERTS < (int)WH_AUTO_INPUTS, "experts must fit a mixer");

static const char *const names[EXPERTS] = {
    "linear", "fresh", "curve", "bins", "crosses of 4", "crosses of 8", "crosses of 16",
    "crosses of 32", "wide tiles", "middle tiles", "narrow tiles", "last", "recent", "share",
    "plain", "normed", "bayes", "pairs",
};

/* How an expert learns: where gradients are kept whole, steps become ever shorter. */
static const struct habit {
    float rate, keep;
} habits[LAST] = {
    [LINEAR] = { WH_AUTO_LINEAR_HABIT },
    [FRESH] = { WH_AUTO_FRESH_HABIT },
    [CURVE] = { WH_AUTO_CURVE_HABIT },
    [CELLS + WH_AUTO_GROUP_BINS] = { WH_AUTO_BINS_HABIT },
    [CELLS + WH_AUTO_GROUP_CROSS4] = { WH_AUTO_CROSS4_HABIT },
    [CELLS + WH_AUTO_GROUP_CROSS8] = { WH_AUTO_CROSS8_HABIT },
    [CELLS + WH_AUTO_GROUP_CROSS16] = { WH_AUTO_CROSS16_HABIT },
    [CELLS + WH_AUTO_GROUP_CROSS32] = { WH_AUTO_CROSS32_HABIT },
    [CELLS + WH_AUTO_GROUP_WIDE] = { WH_AUTO_TILES_HABIT },
    [CELLS + WH_AUTO_GROUP_MIDDLE] = { WH_AUTO_TILES_HABIT },
    [CELLS + WH_AUTO_GROUP_NARROW] = { WH_AUTO_TILES_HABIT },
};

enum {
    AVERAGES = 3,
    NAG_PARAMETERS = WH_AUTO_CLASSES_PARAMETERS - WH_AUTO_LOOSE_PARAMETERS,
};
static const float steps[AVERAGES] = { WH_AUTO_AVERAGE_STEPS };

/* The first layer: mixers with one set, one with a set for each three labels, and those with a set
 * for each eighth of a field's numbers, or missing. */
enum {
    SPEEDS = 3,
    HISTORY = SPEEDS,
    FIRST_FIELD,
    FIELDS = WH_AUTO_MIXED_FIELDS,
    MIXERS = FIRST_FIELD + FIELDS,
    LABELS = 8,
    EIGHTHS = 9,
    SETS = SPEEDS + LABELS + FIELDS * EIGHTHS,
};

/* Of the first ones; the others have WH_AUTO_FIELD_RATE. */
static const float mixer_rates[FIRST_FIELD] = { WH_AUTO_SPEED_RATES, WH_AUTO_HISTORY_RATE };

/* The experts' loss, whatever that of the output is. */
static const struct wh_loss logistic = { .kind = WH_LOSS_LOGISTIC };

/* What was made of a row. */
struct wh_auto_class_guess {
    float experts[WH_AUTO_INPUTS];
    float mixers[WH_AUTO_INPUTS];
    unsigned sets[MIXERS];
    double plain;
    struct wh_auto_loose_guess loose;
};

size_t wh_auto_class_guess_size(void)
{
    return sizeof(struct wh_auto_class_guess);
}

struct wh_auto_classes {
    const struct wh_auto_view *view;
    struct wh_auto_cells cells;
    struct wh_auto_cell linear[WH_AUTO_SLOTS], fresh[WH_AUTO_SLOTS], curve[WH_AUTO_PRODUCTS];
    struct wh_auto_cell constants[CELLS]; /* of these three */
    struct wh_head *plain;
    struct wh_auto_loose loose;
    bool margins;    /* the output is a margin; else a probability, under squared loss */
    float averages[AVERAGES];
    unsigned labels; /* the last three, one bit each */
    struct wh_auto_weights sets[SETS];
    struct wh_auto_weights last;
    double rows;
    /* Sums of the experts' losses are the logarithms of products, which are kept as such as long
     * as they can be. */
    double losses[EXPERTS], products[EXPERTS];
};

struct wh_auto_classes *wh_auto_classes_open(const struct wh_learner_settings *settings,
                                             const struct wh_auto_view *view)
{
    struct wh_auto_classes *classes = wh_alloc(1, sizeof *classes);
    struct wh_learner_settings plain = *settings;
    plain.rate = wh_learner_nag.rate;
    plain.l1 = plain.l2 = 0;
    classes->view = view;
    classes->margins = wh_loss_is_margin(&settings->loss);
    plain.loss = logistic;
    classes->plain = wh_learner_nag.head_new(&plain, NULL);
    wh_auto_cells_init(&classes->cells);
    wh_auto_cells_follow(&classes->cells, view);
    for (unsigned i = 0; i < AVERAGES; i++)
        classes->averages[i] = 0.5F;
    for (unsigned i = 0; i < SETS; i++)
        wh_auto_weights_init(&classes->sets[i], EXPERTS);
    wh_auto_weights_init(&classes->last, MIXERS);
    for (unsigned i = 0; i < EXPERTS; i++)
        classes->products[i] = 1;
    return classes;
}

void wh_auto_classes_close(struct wh_auto_classes *classes)
{
    if (!classes)
        return;
    wh_learner_nag.head_free(classes->plain);
    wh_auto_loose_free(&classes->loose);
    wh_auto_cells_free(&classes->cells);
    free(classes);
}

/*
 * Predicting
 */

static float clamp(double value, float limit)
{
    return value < (double)-limit ? -limit : value > (double)limit ? limit : (float)value;
}

/* Log-odds of an average, which is kept off 0 and 1. */
static float log_odds(float average)
{
    float inner = average * (1 - 2 * WH_AUTO_AVERAGE_EDGE) + WH_AUTO_AVERAGE_EDGE;
    return logf(inner / (1 - inner));
}

/* The row as *plain* sees it: what is neither zero nor missing. */
static struct wh_example plain_example(const struct wh_auto_row *row,
                                       const struct wh_example *example)
{
    return (struct wh_example){ .ids = row->ids, .values = row->sizes, .count = row->count,
                                .features = example->features, .clock = example->clock };
}

static void ask_experts(const struct wh_auto_classes *classes, struct wh_auto_class_guess *guess,
                        const struct wh_auto_row *row, const struct wh_example *example)
{
    float said[EXPERTS];
    said[LINEAR] = wh_auto_linear_sum(classes->linear, row->values, row->slots);
    said[FRESH] = wh_auto_linear_sum(classes->fresh, row->values, row->slots);
    said[CURVE] = wh_auto_linear_sum(classes->curve, row->product, row->products);
    for (unsigned i = 0; i < CELLS; i++)
        said[i] += classes->constants[i].weight;
    for (unsigned i = 0; i < WH_AUTO_GROUPS; i++)
        said[CELLS + i] = wh_auto_cells_sum(&classes->cells, &row->groups[i]);
    for (unsigned i = 0; i < AVERAGES; i++)
        said[LAST + i] = log_odds(classes->averages[i]);
    struct wh_example plain = plain_example(row, example);
    guess->plain = wh_learner_nag.predict(classes->plain, NULL, NULL, &plain);
    for (unsigned i = 0; i < PLAIN; i++)
        guess->experts[i] = clamp((double)said[i], WH_AUTO_EXPERT_LIMIT);
    guess->experts[PLAIN] = clamp(guess->plain, WH_AUTO_EXPERT_LIMIT);
    double loose[WH_AUTO_LOOSE_EXPERTS];
    wh_auto_loose_predict(&classes->loose, &classes->cells, row, &guess->loose, loose);
    for (unsigned i = 0; i < WH_AUTO_LOOSE_EXPERTS; i++)
        guess->experts[LOOSE + i] = clamp(loose[i], WH_AUTO_EXPERT_LIMIT);
    guess->experts[CONSTANT] = WH_AUTO_CONSTANT_INPUT;
}

/* Codes 1 to 32 in eighths, and 0. */
static unsigned eighth(unsigned code)
{
    return code == 0 ? 0 : (code + 3) / 4;
}

/* Which set of weights each mixer takes for the row. */
static void choose_sets(const struct wh_auto_classes *classes, const struct wh_auto_row *row,
                        unsigned sets[static MIXERS])
{
    for (unsigned i = 0; i < SPEEDS; i++)
        sets[i] = i;
    sets[HISTORY] = SPEEDS + classes->labels;
    for (unsigned i = 0; i < FIELDS; i++)
        sets[FIRST_FIELD + i] = SPEEDS + LABELS + i * EIGHTHS
            + (i < row->slots ? eighth(row->codes[i]) : 0);
}

double wh_auto_classes_predict(const struct wh_auto_classes *classes,
                               struct wh_auto_class_guess *guess, const struct wh_auto_row *row,
                               const struct wh_example *example, struct wh_auto_rivals *rivals)
{
    ask_experts(classes, guess, row, example);
    choose_sets(classes, row, guess->sets);
    for (unsigned i = 0; i < MIXERS; i++)
        guess->mixers[i] = wh_auto_weights_mix(&classes->sets[guess->sets[i]], guess->experts,
                                               WH_AUTO_MIXER_LIMIT);
    rivals->outputs++;
    for (unsigned i = 0; i < CELLS; i++)
        rivals->experts[i] += exp((double)guess->experts[i]);
    for (unsigned i = 0; i < MIXERS; i++)
        rivals->mixers[i] += exp((double)guess->mixers[i]);
    float output = wh_auto_weights_mix(&classes->last, guess->mixers, WH_AUTO_OUTPUT_LIMIT);
    return (double)(classes->margins ? output : wh_auto_probability(output));
}

/*
 * Learning
 */

/* The probability of an output's margin where `sum` is that of exp() of the margins of all. */
static float probability_among(float margin, double sum, uint32_t outputs)
{
    if (outputs < 2)
        return wh_auto_probability(margin);
    return (float)(exp((double)margin) / sum);
}

static void learn_linear(struct wh_auto_classes *classes, const struct wh_auto_row *row,
                         const float *gradients, float keep)
{
    struct wh_auto_cell *cells[CELLS] = { classes->linear, classes->fresh, classes->curve };
    const float *inputs[CELLS] = { row->values, row->values, row->product };
    const size_t counts[CELLS] = { row->slots, row->slots, row->products };
    static const float one = 1;
    for (unsigned i = 0; i < CELLS; i++) {
        struct wh_auto_step step = { gradients[i], habits[i].rate, habits[i].keep * keep };
        wh_auto_linear_learn(cells[i], inputs[i], counts[i], step);
        wh_auto_linear_learn(&classes->constants[i], &one, 1, step);
    }
}

static void learn_cells(struct wh_auto_classes *classes, const struct wh_auto_row *row,
                        const float *gradients, float keep)
{
    for (unsigned i = 0; i < WH_AUTO_GROUPS; i++) {
        const struct habit *habit = &habits[CELLS + i];
        struct wh_auto_step step = { gradients[CELLS + i], habit->rate, habit->keep * keep };
        wh_auto_cells_learn(&classes->cells, &row->groups[i], step);
    }
}

static void learn_plain(struct wh_auto_classes *classes, const struct wh_auto_lesson *lesson,
                        double prediction, double weight)
{
    struct wh_example plain = plain_example(lesson->row, lesson->example);
    struct wh_outcome own = { .prediction = prediction, .target = lesson->outcome->target,
                              .weight = weight };
    wh_loss_find(&logistic, &own);
    wh_learner_nag.learn(classes->plain, lesson->plain, NULL, &plain, &own);
}

static void learn_averages(struct wh_auto_classes *classes, bool positive, double weight)
{
    for (unsigned i = 0; i < AVERAGES; i++) {
        double step = (double)steps[i];
        if (weight != 1)
            step = 1 - pow(1 - step, weight);
        classes->averages[i] += (float)step * ((positive ? 1.0F : 0.0F) - classes->averages[i]);
    }
    classes->labels = (classes->labels * 2 + positive) % LABELS;
}

static void learn_mixers(struct wh_auto_classes *classes, const struct wh_auto_class_guess *guess,
                         const struct wh_auto_rivals *rivals, float truth, float weight)
{
    for (unsigned i = 0; i < MIXERS; i++) {
        float probability =
            probability_among(guess->mixers[i], rivals->mixers[i], rivals->outputs);
        float gradient = weight * (probability - truth);
        wh_auto_weights_learn(&classes->sets[guess->sets[i]], guess->experts, gradient,
                              i < FIRST_FIELD ? mixer_rates[i] : WH_AUTO_FIELD_RATE);
    }
}

/* The output learns by what the model made of it; where there are several, it has to settle sooner
 * how far each may go. */
static void learn_output(struct wh_auto_classes *classes, const struct wh_auto_class_guess *guess,
                         const struct wh_auto_lesson *lesson, double weight)
{
    const struct wh_outcome *outcome = lesson->outcome;
    float rate = lesson->rivals->outputs < 2 ? WH_AUTO_LAST_RATE : WH_AUTO_LAST_RATE_OF_MANY;
    double slope = weight * outcome->slope;
    if (!classes->margins)
        slope *= outcome->prediction * (1 - outcome->prediction);
    wh_auto_weights_learn(&classes->last, guess->mixers, (float)slope, rate);
}

/* `probabilities` of the positive class. */
static void count_losses(struct wh_auto_classes *classes, const float *probabilities,
                         bool positive)
{
    static const double SMALL = 1e-200;
    classes->rows++;
    for (unsigned i = 0; i < EXPERTS; i++) {
        double right = (double)(positive ? probabilities[i] : 1 - probabilities[i]);
        classes->products[i] *= right > 1e-4 ? right : 1e-4;
        if (classes->products[i] < SMALL) {
            classes->losses[i] -= log(classes->products[i]);
            classes->products[i] = 1;
        }
    }
}

void wh_auto_classes_learn(struct wh_auto_classes *classes,
                           const struct wh_auto_class_guess *guess,
                           const struct wh_auto_lesson *lesson)
{
    const struct wh_auto_row *row = lesson->row;
    const struct wh_auto_rivals *rivals = lesson->rivals;
    const struct wh_outcome *outcome = lesson->outcome;
    double keep = lesson->keep;
    if (!(outcome->weight >= WH_AUTO_LEAST_WEIGHT))
        return;
    double weight = outcome->weight < WH_AUTO_MOST_WEIGHT ? outcome->weight : WH_AUTO_MOST_WEIGHT;
    bool positive = outcome->target > 0;
    float truth = positive ? 1 : 0, probabilities[EXPERTS], gradients[EXPERTS];
    for (unsigned i = 0; i < EXPERTS; i++) {
        probabilities[i] = wh_auto_probability(guess->experts[i]);
        float probability = i < CELLS ? probability_among(guess->experts[i], rivals->experts[i],
                                                          rivals->outputs)
                                      : probabilities[i];
        gradients[i] = (float)weight * (probability - truth);
    }
    learn_output(classes, guess, lesson, weight);
    learn_mixers(classes, guess, rivals, truth, (float)weight);
    count_losses(classes, probabilities, positive);
    learn_linear(classes, row, gradients, (float)keep);
    learn_cells(classes, row, gradients, (float)keep);
    learn_plain(classes, lesson, guess->plain, weight);
    wh_auto_loose_reserve(&classes->loose, lesson->example->features);
    wh_auto_loose_learn(&classes->loose, &classes->cells, row, &guess->loose,
                        &(struct wh_auto_loose_outcome){ gradients[LOOSE + WH_AUTO_NORMED],
                                                         positive, weight, keep });
    learn_averages(classes, positive, weight);
}

/*
 * Saving and loading
 */

static json_t *save_linear(const struct wh_auto_cell *cells, size_t count)
{
    /* After a pause of many half-lives squares may be 0 where weights are not. */
    while (count > 0 && cells[count - 1].squares == 0 && cells[count - 1].weight == 0)
        count--;
    float numbers[2 * WH_AUTO_PRODUCTS];
    for (size_t i = 0; i < count; i++) {
        numbers[2 * i] = cells[i].weight;
        numbers[2 * i + 1] = cells[i].squares;
    }
    return wh_auto_floats_save(numbers, 2 * count);
}

static bool load_linear(struct wh_auto_cell *cells, size_t most, const json_t *text)
{
    /* 8 bytes a cell are 32 letters for 3 cells, and what is padded. */
    float numbers[2 * WH_AUTO_PRODUCTS];
    size_t count = json_string_length(text) * 3 / 32;
    if (count > most || !wh_auto_floats_load(text, numbers, 2 * count, 1e30))
        return false;
    for (size_t i = 0; i < count; i++) {
        cells[i] = (struct wh_auto_cell){ .weight = numbers[2 * i],
                                          .squares = numbers[2 * i + 1] };
        if (cells[i].squares < 0)
            return false;
    }
    return true;
}

json_t *wh_auto_classes_save(const struct wh_auto_classes *classes)
{
    json_t *state = json_pack("{sososososososisfsoso}",
        "linear", save_linear(classes->linear, WH_AUTO_SLOTS),
        "fresh", save_linear(classes->fresh, WH_AUTO_SLOTS),
        "curve", save_linear(classes->curve, WH_AUTO_PRODUCTS),
        "constants", save_linear(classes->constants, CELLS),
        "averages", wh_auto_floats_save(classes->averages, AVERAGES),
        "mixers", wh_auto_weights_save(classes->sets, SETS),
        "labels", (int)classes->labels, "rows", classes->rows,
        "losses", wh_auto_doubles_save(classes->losses, EXPERTS),
        "products", wh_auto_doubles_save(classes->products, EXPERTS));
    json_object_set_new(state, "plain", wh_learner_nag.save(classes->plain));
    json_object_set_new(state, "loose", wh_auto_loose_save(&classes->loose));
    json_object_set_new(state, "last", wh_auto_weights_save(&classes->last, 1));
    return state;
}

static bool load_tables(struct wh_auto_classes *classes, const json_t *state)
{
    return load_linear(classes->linear, WH_AUTO_SLOTS, json_object_get(state, "linear"))
        && load_linear(classes->fresh, WH_AUTO_SLOTS, json_object_get(state, "fresh"))
        && load_linear(classes->curve, WH_AUTO_PRODUCTS, json_object_get(state, "curve"))
        && load_linear(classes->constants, CELLS, json_object_get(state, "constants"))
        && wh_auto_weights_load(classes->sets, SETS, json_object_get(state, "mixers"))
        && wh_auto_weights_load(&classes->last, 1, json_object_get(state, "last"));
}

bool wh_auto_classes_load(struct wh_auto_classes *classes, const json_t *state)
{
    struct wh_error error;
    uint64_t labels;
    bool fine = wh_auto_count(json_object_get(state, "labels"), LABELS - 1, &labels)
        && wh_auto_number(json_object_get(state, "rows"), 9e15, &classes->rows)
        && wh_auto_floats_load(json_object_get(state, "averages"), classes->averages, AVERAGES, 1)
        && wh_auto_doubles_load(json_object_get(state, "losses"), classes->losses, EXPERTS, 1e18)
        && wh_auto_doubles_load(json_object_get(state, "products"), classes->products, EXPERTS, 1)
        && wh_auto_loose_load(&classes->loose, json_object_get(state, "loose"))
        && wh_learner_nag.load(classes->plain, json_object_get(state, "plain"), &error) == 0;
    classes->labels = (unsigned)labels;
    for (unsigned i = 0; fine && i < AVERAGES; i++)
        fine = classes->averages[i] >= 0;
    for (unsigned i = 0; fine && i < EXPERTS; i++)
        fine = classes->products[i] > 0;
    return fine && load_tables(classes, state);
}

void wh_auto_classes_follow(struct wh_auto_classes *classes)
{
    wh_auto_cells_follow(&classes->cells, classes->view);
}

struct wh_auto_cells *wh_auto_classes_cells(struct wh_auto_classes *classes)
{
    return &classes->cells;
}

void wh_auto_classes_get(const struct wh_auto_classes *classes, uint32_t id, double *parameters)
{
    wh_learner_nag.get(classes->plain, id, parameters);
    wh_auto_loose_get(&classes->loose, id, parameters + NAG_PARAMETERS);
}

bool wh_auto_classes_set(struct wh_auto_classes *classes, uint32_t id, const double *parameters)
{
    return wh_learner_nag.set(classes->plain, id, parameters)
        && wh_auto_loose_set(&classes->loose, id, parameters + NAG_PARAMETERS);
}

void wh_auto_classes_renumber(struct wh_auto_classes *classes, const uint32_t *from,
                              uint32_t count)
{
    wh_learner_nag.renumber(classes->plain, from, count);
    wh_auto_loose_renumber(&classes->loose, from, count);
}

double wh_auto_classes_effect(const struct wh_auto_classes *classes, uint32_t id)
{
    return wh_learner_nag.effect(classes->plain, id);
}

/*
 * Describing
 */

/* An expert's weight in the output: that in each mixer times the mixer's, of a mixer's sets the
 * mean. */
static double weight_of(const struct wh_auto_classes *classes, unsigned expert)
{
    double sum = 0;
    for (unsigned i = 0; i < MIXERS; i++) {
        unsigned first = i, count = 1;
        if (i == HISTORY)
            count = LABELS;
        if (i >= FIRST_FIELD) {
            first = SPEEDS + LABELS + (i - FIRST_FIELD) * EIGHTHS;
            count = EIGHTHS;
        }
        double mean = 0;
        for (unsigned set = first; set < first + count; set++)
            mean += (double)classes->sets[set].weights[expert] / count;
        sum += mean * (double)classes->last.weights[i];
    }
    return sum;
}

void wh_auto_classes_describe(const struct wh_auto_classes *classes, struct wh_buffer *out)
{
    wh_buffer_format(out, "  %-14s %8s %8s\n", "expert", "weight", "loss");
    for (unsigned i = 0; i < EXPERTS; i++) {
        double loss = classes->losses[i] - log(classes->products[i]);
        wh_buffer_format(out, "  %-14s %8.4f %8.4f\n", names[i], weight_of(classes, i),
                         classes->rows > 0 ? loss / classes->rows : 0);
    }
}
