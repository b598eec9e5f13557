#include "model/auto_kalman.h"

#include <math.h>

static const float PRIOR = 0.5f;
/* The most of it that rows may take away. */
static const float MOST_GONE = 0.5f * (1 - 1.0f / 4096);
static const float LARGEST_WEIGHT = 1e6f;

enum { LANES = 4 };

static float limit(float value, float most)
{
    return value > most ? most : value < -most ? -most : value;
}

/* Within bounds whatever the cell was read from. */
static float variance_of(const struct wh_auto_cell *cell, float growth)
{
    float gone = cell->squares < MOST_GONE ? cell->squares : MOST_GONE;
    float variance = (PRIOR - gone) * growth;
    return variance < PRIOR ? variance : PRIOR;
}

static float sum_of_variances(const struct wh_auto_cell *cells, const uint32_t *list,
                              size_t count, float growth)
{
    float sums[LANES] = { 0 };
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (unsigned lane = 0; lane < LANES; lane++)
            sums[lane] += variance_of(&cells[list[i + lane]], growth);
    for (unsigned lane = 0; i < count; i++, lane++)
        sums[lane] += variance_of(&cells[list[i]], growth);
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

static void learn(struct wh_auto_cell *cell, float growth, float slope, float move, float shrink)
{
    float variance = variance_of(cell, growth);
    float gain = variance * slope;
    float gone = (growth > 1 ? PRIOR - variance : cell->squares) + gain * gain * shrink;
    cell->weight = limit(cell->weight + gain * move, LARGEST_WEIGHT);
    cell->squares = gone < MOST_GONE ? gone : MOST_GONE;
}

void wh_auto_kalman_learn(struct wh_auto_cell *cells, const struct wh_auto_active *active,
                          const struct wh_auto_surprise *surprise)
{
    if (active->count == 0)
        return;
    /* Each counts 1 / sqrt(count): the square of that stands before sums. */
    float part = 1 / (float)active->count;
    float growth = (float)(1 / surprise->keep);
    float variance = part * sum_of_variances(cells, active->cells, active->count, growth);
    float shrink = part / (variance + (float)surprise->noise);
    float move = shrink * (float)surprise->error;
    for (size_t i = 0; i < active->count; i++)
        learn(&cells[active->cells[i]], growth, 1, move, shrink);
}

double wh_auto_kalman_predict(const struct wh_auto_cell *weights, const uint32_t *ids,
                              const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)weights[ids[i]].weight * values[i];
    return sum;
}

void wh_auto_kalman_follow(struct wh_auto_cell *weights, const uint32_t *ids,
                           const double *values, size_t count,
                           const struct wh_auto_surprise *surprise)
{
    float growth = (float)(1 / surprise->keep);
    double variance = 0;
    for (size_t i = 0; i < count; i++)
        variance += (double)variance_of(&weights[ids[i]], growth) * values[i] * values[i];
    float shrink = (float)(1 / (variance + surprise->noise));
    float move = shrink * (float)surprise->error;
    for (size_t i = 0; i < count; i++)
        learn(&weights[ids[i]], growth, (float)values[i], move, shrink);
}

bool wh_auto_kalman_sound(const struct wh_auto_cell *cell)
{
    return fabsf(cell->weight) <= LARGEST_WEIGHT && cell->squares >= 0
        && cell->squares <= MOST_GONE;
}
