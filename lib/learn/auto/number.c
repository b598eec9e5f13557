#include "learn/auto/number.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "learn/auto/constants.h"
#include "learn/auto/kalman.h"
#include "learn/auto/pack.h"
#include "learn/auto/rls.h"
#include "learn/auto/shift.h"

enum {
    LINEAR_SLOTS = WH_AUTO_LINEAR_SLOTS, /* of least squares */
    CURVED_SLOTS = WH_AUTO_CURVED_SLOTS, /* of them those with squares and products */
    RECENT = 3,        /* targets that are terms: the last, and two running means */
    LINE_TERMS = 1 + LINEAR_SLOTS,
    TREND_TERMS = LINE_TERMS + RECENT,
    CURVE_TERMS = TREND_TERMS + CURVED_SLOTS * (CURVED_SLOTS + 1) / 2,
    SCATTER_CELLS = 17 * WH_AUTO_SLOTS, /* the view's group of bins */
};

/* The experts. Those up to CURVE make the base, whose errors those by cells learn. */
enum {
    LINEAR,
    LINE,
    TREND,
    FRESH,
    CURVE,
    BASES,
    CELLS = BASES,
    MEAN = CELLS + WH_AUTO_GROUPS,
    LAST,
    QUICK,
    SLOW,
    EXPERTS,
};

static const char *const names[EXPERTS] = {
    "linear", "line", "trend", "fresh", "curve", "bins", "crosses of 4", "crosses of 8",
    "crosses of 16", "crosses of 32", "wide tiles", "middle tiles", "narrow tiles", "mean",
    "last", "quick mean", "slow mean",
};

/* Least squares: LINE to CURVE of the experts. */
enum { FITS = BASES - LINE };
static const double fit_keeps[FITS] = { WH_AUTO_FIT_KEEPS };

/* What was predicted of a row. */
struct wh_auto_number_guess {
    double line[LINE_TERMS], curve[CURVE_TERMS]; /* curve begins with the terms of trend */
    double experts[EXPERTS];
    double base;
    double expected;
    double scatter; /* usual absolute error of rows like this, in all rows' */
};

size_t wh_auto_number_guess_size(void)
{
    return sizeof(struct wh_auto_number_guess);
}

/* What is kept of the targets and how they were met. */
struct record {
    double rows;
    double recent[RECENT];
    double error;  /* usual absolute error */
    double square; /* usual squared error */
    double further; /* what an error may be more than usual, as the last ones were too large */
    double base_losses[BASES];
    double losses[EXPERTS];
    double weight; /* of all rows */
    double totals[EXPERTS]; /* of squared errors */
};

/* Its numbers in the file, one member after the other, in this order whatever the struct's is.
 * Models depend on it: what is new goes to another key. */
struct member {
    size_t offset, count;
};
#define MEMBER(name) \
    { offsetof(struct record, name), sizeof(((struct record *)NULL)->name) / sizeof(double) }

static const struct member members[] = {
    MEMBER(rows), MEMBER(recent), MEMBER(error), MEMBER(square), MEMBER(further),
    MEMBER(base_losses), MEMBER(losses), MEMBER(weight), MEMBER(totals),
};

enum {
    MEMBERS = sizeof members / sizeof *members,
    RECORD_NUMBERS = 5 + RECENT + BASES + 2 * EXPERTS,
};
_Static_assert(RECORD_NUMBERS == sizeof(struct record) / sizeof(double), "each has its place");

struct wh_auto_number {
    const struct wh_auto_view *view;
    struct wh_loss loss;
    struct record record;
    uint32_t slots[LINEAR_SLOTS]; /* that least squares are about, in the order of their terms */
    uint32_t slot_count;
    struct wh_rls fits[FITS];
    struct wh_rls mixer;
    struct wh_auto_cells cells;
    struct wh_auto_cell scatter[SCATTER_CELLS];
    struct wh_auto_cell *weights; /* of features */
    size_t capacity;
    struct wh_auto_shift shift;
};

struct wh_auto_number *wh_auto_number_open(const struct wh_learner_settings *settings,
                                           const struct wh_auto_view *view)
{
    struct wh_auto_number *number = wh_alloc(1, sizeof *number);
    number->view = view;
    number->loss = settings->loss;
    number->record.further = 1;
    for (unsigned i = 0; i < FITS; i++)
        wh_rls_init(&number->fits[i], fit_keeps[i], WH_AUTO_FIT_PRIOR);
    wh_rls_init(&number->mixer, WH_AUTO_FIT_MIXER_KEEP, WH_AUTO_FIT_MIXER_PRIOR);
    wh_rls_grow(&number->mixer, EXPERTS, 1.0 / EXPERTS);
    wh_auto_cells_init(&number->cells);
    wh_auto_cells_follow(&number->cells, view);
    return number;
}

void wh_auto_number_close(struct wh_auto_number *number)
{
    if (!number)
        return;
    for (unsigned i = 0; i < FITS; i++)
        wh_rls_free(&number->fits[i]);
    wh_rls_free(&number->mixer);
    wh_auto_cells_free(&number->cells);
    free(number->weights);
    free(number);
}

static void make_room(struct wh_auto_number *number, size_t features)
{
    if (features <= number->capacity)
        return;
    size_t capacity = number->capacity ? number->capacity : 64;
    while (capacity < features)
        capacity *= 2;
    number->weights = wh_resize(number->weights, capacity, sizeof *number->weights);
    memset(number->weights + number->capacity, 0,
           (capacity - number->capacity) * sizeof *number->weights);
    number->capacity = capacity;
}

static double clamp(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

static double within(double value, double limit)
{
    return clamp(value, -limit, limit);
}

/*
 * Predicting
 */

static uint32_t line_terms(const struct wh_auto_number *number)
{
    return 1 + number->slot_count;
}

/* Terms of the curve: 1, recent targets, and then for each slot its value and, for the first ten,
 * its products with itself and those before: so that terms stay where they are as slots come. */
static uint32_t curve_terms(const struct wh_auto_number *number)
{
    uint32_t curved = number->slot_count < CURVED_SLOTS ? number->slot_count : CURVED_SLOTS;
    return 1 + RECENT + number->slot_count + curved * (curved + 1) / 2;
}

static uint32_t fit_terms(const struct wh_auto_number *number, unsigned fit)
{
    return fit + LINE == LINE ? line_terms(number)
        : fit + LINE == CURVE ? curve_terms(number) : line_terms(number) + RECENT;
}

static const double *terms_of(const struct wh_auto_number_guess *guess, unsigned fit,
                              const double trend[static TREND_TERMS])
{
    return fit + LINE == LINE ? guess->line : fit + LINE == CURVE ? guess->curve : trend;
}

static void fill_line(const struct wh_auto_number *number, const struct wh_auto_row *row,
                      double *line)
{
    line[0] = 1;
    for (uint32_t i = 0; i < number->slot_count; i++)
        line[1 + i] = number->slots[i] < row->slots ? (double)row->values[number->slots[i]] : 0;
}

static void fill_trend(const struct wh_auto_number *number, const double *line, double *trend)
{
    trend[0] = 1;
    memcpy(trend + 1, number->record.recent, sizeof number->record.recent);
    memcpy(trend + 1 + RECENT, line + 1, number->slot_count * sizeof *line);
}

static void fill_curve(const struct wh_auto_number *number, const double *line, double *curve)
{
    curve[0] = 1;
    memcpy(curve + 1, number->record.recent, sizeof number->record.recent);
    double *next = curve + 1 + RECENT;
    for (uint32_t i = 0; i < number->slot_count; i++) {
        double value = line[1 + i];
        *next++ = value;
        for (uint32_t j = 0; i < CURVED_SLOTS && j <= i; j++)
            *next++ = value * line[1 + j];
    }
}

/* The base's experts, and the base: their mean, by weights that fall as the losses^-16. */
static void predict_base(const struct wh_auto_number *number, struct wh_auto_number_guess *guess,
                         const struct wh_auto_row *row)
{
    double trend[TREND_TERMS];
    fill_line(number, row, guess->line);
    fill_trend(number, guess->line, trend);
    fill_curve(number, guess->line, guess->curve);
    guess->experts[LINEAR] =
        wh_auto_kalman_predict(number->weights, number->capacity, row->ids, row->sizes,
                               row->count);
    for (unsigned i = 0; i < FITS; i++)
        guess->experts[LINE + i] =
            wh_rls_predict(&number->fits[i], terms_of(guess, i, trend));
    double least = number->record.base_losses[0];
    for (unsigned i = 1; i < BASES; i++)
        least = fmin(least, number->record.base_losses[i]);
    double sum = 0, weights = 0;
    for (unsigned i = 0; i < BASES; i++) {
        guess->experts[i] = within(guess->experts[i], WH_AUTO_PREDICTION_LIMIT);
        double share = (least + WH_AUTO_TINY) / (number->record.base_losses[i] + WH_AUTO_TINY);
        double square = share * share, fourth = square * square, eighth = fourth * fourth;
        sum += eighth * eighth * guess->experts[i];
        weights += eighth * eighth;
    }
    guess->base = within(sum / weights, WH_AUTO_BASE_LIMIT);
}

static float sum_cells(const struct wh_auto_cell *cells, const struct wh_auto_active *active)
{
    float sum = 0;
    for (size_t i = 0; i < active->count; i++)
        sum += cells[active->cells[i]].weight;
    return sum;
}

static void predict_experts(const struct wh_auto_number *number,
                            struct wh_auto_number_guess *guess, const struct wh_auto_row *row)
{
    predict_base(number, guess, row);
    for (unsigned i = 0; i < WH_AUTO_GROUPS; i++)
        guess->experts[CELLS + i] =
            guess->base + (double)wh_auto_cells_sum(&number->cells, &row->groups[i]);
    guess->experts[MEAN] = 0;
    for (unsigned i = 0; i < RECENT; i++)
        guess->experts[LAST + i] = number->record.recent[i];
    for (unsigned i = CELLS; i < EXPERTS; i++)
        guess->experts[i] = within(guess->experts[i], WH_AUTO_PREDICTION_LIMIT);
    guess->scatter = clamp(1 + (double)sum_cells(number->scatter,
                                                 &row->groups[WH_AUTO_GROUP_BINS]),
                           WH_AUTO_LEAST_SCATTER, WH_AUTO_MOST_SCATTER);
}

/* The mixer by least squares, within the range of the experts. */
static double mix_by_fit(const struct wh_auto_number *number, const double *experts)
{
    double low = experts[0], high = experts[0];
    for (unsigned i = 1; i < EXPERTS; i++) {
        low = fmin(low, experts[i]);
        high = fmax(high, experts[i]);
    }
    return clamp(wh_rls_predict(&number->mixer, experts), low, high);
}

/* The weights of the mixer by losses; they sum to 1. */
static void loss_weights(const struct record *record, double weights[static EXPERTS])
{
    double least = record->losses[0], sum = 0;
    for (unsigned i = 1; i < EXPERTS; i++)
        least = fmin(least, record->losses[i]);
    for (unsigned i = 0; i < EXPERTS; i++) {
        weights[i] = exp(-WH_AUTO_LOSS_MIXER_RATE * (record->losses[i] - least));
        sum += weights[i];
    }
    for (unsigned i = 0; i < EXPERTS; i++)
        weights[i] /= sum;
}

static double mix_by_losses(const struct wh_auto_number *number, const double *experts)
{
    double weights[EXPERTS], sum = 0;
    loss_weights(&number->record, weights);
    for (unsigned i = 0; i < EXPERTS; i++)
        sum += weights[i] * experts[i];
    return sum;
}

static bool is_shifted(const struct wh_auto_number *number)
{
    return number->loss.kind != WH_LOSS_SQUARED && number->loss.kind != WH_LOSS_POISSON;
}

double wh_auto_number_predict(const struct wh_auto_number *number,
                              struct wh_auto_number_guess *guess, const struct wh_auto_row *row)
{
    predict_experts(number, guess, row);
    guess->expected = 0;
    if (number->record.rows > 0)
        guess->expected = (mix_by_fit(number, guess->experts)
                           + mix_by_losses(number, guess->experts)) / 2;
    if (number->loss.kind == WH_LOSS_POISSON)
        return log(fmax(1 + guess->expected, WH_AUTO_LEAST_COUNT));
    if (!is_shifted(number))
        return guess->expected;
    double error = number->record.error;
    return wh_auto_shift_guess(&number->shift, guess->expected, error, error * guess->scatter);
}

/*
 * Learning
 */

/* Slots that have a number for the first time become terms. */
static void choose_slots(struct wh_auto_number *number, struct wh_auto_number_guess *guess,
                         const struct wh_auto_row *row)
{
    uint32_t before = number->slot_count;
    for (uint32_t slot = 0; slot < row->slots && number->slot_count < LINEAR_SLOTS; slot++) {
        bool there = row->values[slot] == 0;
        for (uint32_t i = 0; i < number->slot_count && !there; i++)
            there = number->slots[i] == slot;
        if (!there)
            number->slots[number->slot_count++] = slot;
    }
    if (number->slot_count == before && number->record.rows > 1)
        return;
    for (unsigned i = 0; i < FITS; i++)
        wh_rls_grow(&number->fits[i], fit_terms(number, i), 0);
    fill_line(number, row, guess->line);
    fill_curve(number, guess->line, guess->curve);
}

/* What a running mean moves by, of the distance, for a row of this weight. */
static double step_of(double step, double weight)
{
    return weight == 1 ? step : 1 - pow(1 - step, weight);
}

/* The target, or what it is taken for: each that is far after another far one may be further. */
static double tame(struct wh_auto_number *number, double expected, double target)
{
    struct record *record = &number->record;
    target = within(target, WH_AUTO_TARGET_LIMIT);
    if (record->rows <= WH_AUTO_FAR_AFTER)
        return target;
    double far = record->further * fmax(sqrt(record->square), WH_AUTO_LEAST_ERROR)
        * (is_shifted(number) ? WH_AUTO_FAR_IF_ROBUST : WH_AUTO_FAR);
    bool near = fabs(target - expected) <= far;
    record->further = near ? 1 : fmin(record->further * WH_AUTO_FURTHER, WH_AUTO_FURTHEST);
    return expected + clamp(target - expected, -far, far);
}

/* Least squares of many terms would cost more than all else, and lose little by learning from
 * every second row, later from every fourth, once they have seen some. */
static bool is_due(const struct wh_auto_number *number, uint32_t terms)
{
    if (terms <= WH_AUTO_FEW_TERMS || number->record.rows < WH_AUTO_SOME_ROWS)
        return true;
    return fmod(number->record.rows, number->record.rows < WH_AUTO_MANY_ROWS ? 2 : 4) == 0;
}

static void learn_fits(struct wh_auto_number *number, const struct wh_auto_number_guess *guess,
                       double target, double weight, double keep)
{
    double trend[TREND_TERMS];
    fill_trend(number, guess->line, trend);
    for (unsigned i = 0; i < FITS; i++) {
        if (!is_due(number, fit_terms(number, i)))
            continue;
        double error = within(target - guess->experts[LINE + i], WH_AUTO_ERROR_LIMIT);
        wh_rls_learn(&number->fits[i], terms_of(guess, i, trend), error,
                     weight / (guess->scatter * guess->scatter), keep);
    }
    double mixed = wh_rls_predict(&number->mixer, guess->experts);
    wh_rls_learn(&number->mixer, guess->experts,
                 within(target - mixed, WH_AUTO_PREDICTION_LIMIT), weight, 1);
}

static void learn_cells(struct wh_auto_number *number, const struct wh_auto_number_guess *guess,
                        const struct wh_auto_row *row, double target, double weight, double keep)
{
    double noise = fmin((number->record.square + WH_AUTO_LEAST_NOISE) / weight, WH_AUTO_MOST_NOISE);
    struct wh_auto_surprise surprise = {
        within(target - guess->experts[LINEAR], WH_AUTO_ERROR_LIMIT), noise, keep,
    };
    wh_auto_kalman_follow(number->weights, row->ids, row->sizes, row->count, &surprise);
    for (unsigned i = 0; i < WH_AUTO_GROUPS; i++) {
        surprise.error = within(target - guess->experts[CELLS + i], WH_AUTO_ERROR_LIMIT);
        wh_auto_kalman_learn(number->cells.cells, &row->groups[i], &surprise);
    }
}

/* How far rows in these bins are usually off, against all. */
static void learn_scatter(struct wh_auto_number *number, double scatter,
                          const struct wh_auto_row *row, double error, double weight, double keep)
{
    struct record *record = &number->record;
    double ratio = error / (record->error + WH_AUTO_TINY);
    struct wh_auto_surprise surprise = {
        within(ratio - scatter, WH_AUTO_SCATTER_LIMIT),
        fmin(WH_AUTO_SCATTER_NOISE / weight, WH_AUTO_MOST_NOISE), keep,
    };
    wh_auto_kalman_learn(number->scatter, &row->groups[WH_AUTO_GROUP_BINS], &surprise);
    double step = step_of(fmax(1 / record->rows, WH_AUTO_USUAL_ERROR_STEP), weight);
    record->error += step * (error - record->error);
}

static double loss_of(double error)
{
    return fmin(error * error, WH_AUTO_LOSS_LIMIT);
}

static void learn_record(struct wh_auto_number *number, const struct wh_auto_number_guess *guess,
                         double target, double weight)
{
    struct record *record = &number->record;
    double error = target - guess->expected;
    double step = step_of(fmax(1 / record->rows, WH_AUTO_USUAL_SQUARE_STEP), weight);
    record->square += step * (error * error - record->square);
    for (unsigned i = 0; i < BASES; i++)
        record->base_losses[i] = record->base_losses[i] * WH_AUTO_LOSSES_KEPT
            + weight * loss_of(target - guess->experts[i]);
    record->weight += weight;
    for (unsigned i = 0; i < EXPERTS; i++) {
        double off = target - guess->experts[i];
        record->losses[i] = record->losses[i] * WH_AUTO_LOSSES_KEPT + weight * loss_of(off);
        record->totals[i] += weight * off * off;
    }
    bool first = record->rows <= 1;
    record->recent[0] = target;
    double quick = first ? 1 : step_of(WH_AUTO_QUICK_STEP, weight);
    double slow = first ? 1 : step_of(WH_AUTO_SLOW_STEP, weight);
    record->recent[1] += quick * (target - record->recent[1]);
    record->recent[2] += slow * (target - record->recent[2]);
}

void wh_auto_number_learn(struct wh_auto_number *number, struct wh_auto_number_guess *guess,
                          const struct wh_auto_row *row, size_t features,
                          const struct wh_outcome *outcome, double keep)
{
    if (!(outcome->weight > 0))
        return;
    make_room(number, features);
    double weight = fmin(outcome->weight, WH_AUTO_MOST_WEIGHT);
    double target = outcome->target;
    if (number->loss.kind == WH_LOSS_POISSON)
        target -= 1;
    if (is_shifted(number)) {
        double error = number->record.error;
        wh_auto_shift_learn(&number->shift, &number->loss, guess->expected, error,
                            error * guess->scatter, target, weight);
    }
    target = tame(number, guess->expected, target);
    number->record.rows++;
    choose_slots(number, guess, row);
    learn_fits(number, guess, target, weight, keep);
    learn_cells(number, guess, row, target, weight, keep);
    learn_scatter(number, guess->scatter, row, fabs(target - guess->expected), weight, keep);
    learn_record(number, guess, target, weight);
}

/*
 * Saving and loading
 */

static json_t *save_scatter(const struct wh_auto_number *number)
{
    float floats[2 * SCATTER_CELLS];
    for (size_t i = 0; i < SCATTER_CELLS; i++) {
        floats[2 * i] = number->scatter[i].weight;
        floats[2 * i + 1] = number->scatter[i].squares;
    }
    return wh_auto_floats_save(floats, 2 * SCATTER_CELLS);
}

static json_t *save_record(const struct record *record)
{
    double numbers[RECORD_NUMBERS];
    size_t next = 0;
    for (size_t i = 0; i < MEMBERS; next += members[i++].count)
        memcpy(numbers + next, (const char *)record + members[i].offset,
               members[i].count * sizeof *numbers);
    return wh_auto_doubles_save(numbers, RECORD_NUMBERS);
}

json_t *wh_auto_number_save(const struct wh_auto_number *number)
{
    json_t *state = json_object(), *slots = json_array(), *fits = json_array();
    for (uint32_t i = 0; i < number->slot_count; i++)
        json_array_append_new(slots, json_integer(number->slots[i]));
    for (unsigned i = 0; i < FITS; i++)
        json_array_append_new(fits, wh_rls_save(&number->fits[i]));
    json_object_set_new(state, "record", save_record(&number->record));
    json_object_set_new(state, "slots", slots);
    json_object_set_new(state, "fits", fits);
    json_object_set_new(state, "mixer", wh_rls_save(&number->mixer));
    json_object_set_new(state, "scatter", save_scatter(number));
    json_object_set_new(state, "shift", wh_auto_shift_save(&number->shift));
    return state;
}

static bool load_record(struct record *record, const json_t *state)
{
    static const double LARGEST_SUM = 1e12;
    double numbers[RECORD_NUMBERS];
    size_t next = 0;
    if (!wh_auto_doubles_load(state, numbers, RECORD_NUMBERS, 1e30))
        return false;
    for (size_t i = 0; i < MEMBERS; next += members[i++].count)
        memcpy((char *)record + members[i].offset, numbers + next,
               members[i].count * sizeof *numbers);
    bool sound = record->rows >= 0 && record->rows == floor(record->rows) && record->error >= 0
        && record->square >= 0 && record->further >= 1 && record->further <= WH_AUTO_FURTHEST;
    for (unsigned i = 0; i < BASES; i++)
        sound = sound && record->base_losses[i] >= 0 && record->base_losses[i] <= LARGEST_SUM;
    for (unsigned i = 0; i < EXPERTS; i++)
        sound = sound && record->losses[i] >= 0 && record->losses[i] <= LARGEST_SUM;
    return sound;
}

static bool load_slots(struct wh_auto_number *number, const json_t *state)
{
    size_t count = json_array_size(state);
    if (!json_is_array(state) || count > LINEAR_SLOTS)
        return false;
    for (size_t i = 0; i < count; i++) {
        uint64_t slot;
        if (!wh_auto_count(json_array_get(state, i), WH_AUTO_SLOTS - 1, &slot))
            return false;
        number->slots[i] = (uint32_t)slot;
    }
    number->slot_count = (uint32_t)count;
    return true;
}

/* Terms are as many as the slots make, or none before the first row. */
static bool load_fits(struct wh_auto_number *number, const json_t *state)
{
    if (json_array_size(state) != FITS)
        return false;
    for (unsigned i = 0; i < FITS; i++) {
        struct wh_rls *fit = &number->fits[i];
        uint32_t terms = number->record.rows > 0 ? fit_terms(number, i) : 0;
        if (!wh_rls_load(fit, json_array_get(state, i), terms) || fit->size != terms)
            return false;
    }
    return true;
}

static bool load_scatter(struct wh_auto_number *number, const json_t *state)
{
    float floats[2 * SCATTER_CELLS];
    if (!wh_auto_floats_load(state, floats, 2 * SCATTER_CELLS, 1e6))
        return false;
    for (size_t i = 0; i < SCATTER_CELLS; i++) {
        number->scatter[i] = (struct wh_auto_cell){ floats[2 * i], floats[2 * i + 1] };
        if (!wh_auto_kalman_sound(&number->scatter[i]))
            return false;
    }
    return true;
}

bool wh_auto_number_load(struct wh_auto_number *number, const json_t *state)
{
    return load_record(&number->record, json_object_get(state, "record"))
        && load_slots(number, json_object_get(state, "slots"))
        && load_fits(number, json_object_get(state, "fits"))
        && wh_rls_load(&number->mixer, json_object_get(state, "mixer"), EXPERTS)
        && number->mixer.size == EXPERTS
        && load_scatter(number, json_object_get(state, "scatter"))
        && wh_auto_shift_load(&number->shift, json_object_get(state, "shift"));
}

void wh_auto_number_follow(struct wh_auto_number *number)
{
    wh_auto_cells_follow(&number->cells, number->view);
}

struct wh_auto_cells *wh_auto_number_cells(struct wh_auto_number *number)
{
    return &number->cells;
}

void wh_auto_number_get(const struct wh_auto_number *number, uint32_t id, double *parameters)
{
    struct wh_auto_cell weight = { 0 };
    if (id < number->capacity)
        weight = number->weights[id];
    parameters[0] = (double)weight.weight;
    parameters[1] = (double)weight.squares;
}

bool wh_auto_number_set(struct wh_auto_number *number, uint32_t id, const double *parameters)
{
    struct wh_auto_cell weight = { (float)parameters[0], (float)parameters[1] };
    if ((double)weight.weight != parameters[0] || (double)weight.squares != parameters[1]
        || !wh_auto_kalman_sound(&weight))
        return false;
    make_room(number, (size_t)id + 1);
    number->weights[id] = weight;
    return true;
}

void wh_auto_number_renumber(struct wh_auto_number *number, const uint32_t *from, uint32_t count)
{
    for (uint32_t i = 0; i < count && i < number->capacity; i++)
        number->weights[i] = from[i] < number->capacity ? number->weights[from[i]]
                                                        : (struct wh_auto_cell){ 0 };
    for (size_t i = count; i < number->capacity; i++)
        number->weights[i] = (struct wh_auto_cell){ 0 };
}

double wh_auto_number_effect(const struct wh_auto_number *number, uint32_t id)
{
    return id < number->capacity ? fabs((double)number->weights[id].weight) : 0;
}

void wh_auto_number_describe(const struct wh_auto_number *number, struct wh_buffer *out)
{
    const struct record *record = &number->record;
    double weights[EXPERTS];
    loss_weights(record, weights);
    wh_buffer_format(out, "  %-14s %8s %8s %8s\n", "expert", "fitted", "by loss", "error");
    for (unsigned i = 0; i < EXPERTS; i++)
        wh_buffer_format(out, "  %-14s %8.4f %8.4f %8.4f\n", names[i], number->mixer.weights[i],
                         weights[i],
                         record->weight > 0 ? sqrt(record->totals[i] / record->weight) : 0);
}
