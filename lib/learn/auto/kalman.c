#include "learn/auto/kalman.h"

#include <math.h>

#include "learn/auto/constants.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* The most of the prior variance that rows may take away. */
static const float MOST_GONE = WH_AUTO_CELL_PRIOR * (1 - 1 / WH_AUTO_CELL_LEAST);

enum { LANES = 4 };

static float limit(float value, float most)
{
    return value > most ? most : value < -most ? -most : value;
}

/* Within bounds whatever the cell was read from. */
static float variance_of(const struct wh_auto_cell *cell, float growth)
{
    float gone = cell->squares < MOST_GONE ? cell->squares : MOST_GONE;
    float variance = (WH_AUTO_CELL_PRIOR - gone) * growth;
    return variance < WH_AUTO_CELL_PRIOR ? variance : WH_AUTO_CELL_PRIOR;
}

#ifdef __SSE2__

/* Four cells at once, to the same bits as one by one. */
struct four {
    __m128 weights, squares;
};

static struct four take_four(const struct wh_auto_cell *cells, const uint32_t *list)
{
    __m128 none = _mm_setzero_ps();
    __m128 a = _mm_loadh_pi(_mm_loadl_pi(none, (const __m64 *)&cells[list[0]]),
                            (const __m64 *)&cells[list[1]]);
    __m128 b = _mm_loadh_pi(_mm_loadl_pi(none, (const __m64 *)&cells[list[2]]),
                            (const __m64 *)&cells[list[3]]);
    return (struct four){ _mm_shuffle_ps(a, b, 0x88), _mm_shuffle_ps(a, b, 0xdd) };
}

static void put_four(struct wh_auto_cell *cells, const uint32_t *list, struct four four)
{
    __m128 a = _mm_unpacklo_ps(four.weights, four.squares);
    __m128 b = _mm_unpackhi_ps(four.weights, four.squares);
    _mm_storel_pi((__m64 *)&cells[list[0]], a);
    _mm_storeh_pi((__m64 *)&cells[list[1]], a);
    _mm_storel_pi((__m64 *)&cells[list[2]], b);
    _mm_storeh_pi((__m64 *)&cells[list[3]], b);
}

static __m128 four_variances(struct four four, float growth)
{
    __m128 gone = _mm_min_ps(four.squares, _mm_set1_ps(MOST_GONE));
    __m128 left = _mm_sub_ps(_mm_set1_ps(WH_AUTO_CELL_PRIOR), gone);
    return _mm_min_ps(_mm_mul_ps(left, _mm_set1_ps(growth)), _mm_set1_ps(WH_AUTO_CELL_PRIOR));
}

static struct four learn_four(struct four four, float growth, float move, float shrink)
{
    __m128 most = _mm_set1_ps(WH_AUTO_LARGEST_KALMAN), least = _mm_set1_ps(-WH_AUTO_LARGEST_KALMAN);
    __m128 gain = four_variances(four, growth);
    __m128 gone = growth > 1 ? _mm_sub_ps(_mm_set1_ps(WH_AUTO_CELL_PRIOR), gain) : four.squares;
    __m128 told = _mm_mul_ps(_mm_mul_ps(gain, gain), _mm_set1_ps(shrink));
    __m128 weights = _mm_add_ps(four.weights, _mm_mul_ps(gain, _mm_set1_ps(move)));
    return (struct four){ _mm_max_ps(_mm_min_ps(weights, most), least),
                          _mm_min_ps(_mm_add_ps(gone, told), _mm_set1_ps(MOST_GONE)) };
}

#endif

static float sum_of_variances(const struct wh_auto_cell *cells, const uint32_t *list,
                              size_t count, float growth)
{
    float sums[LANES] = { 0 };
    size_t i = 0;
#ifdef __SSE2__
    __m128 four = _mm_setzero_ps();
    for (; i + LANES <= count; i += LANES)
        four = _mm_add_ps(four, four_variances(take_four(cells, list + i), growth));
    _mm_storeu_ps(sums, four);
#else
    for (; i + LANES <= count; i += LANES)
        for (unsigned lane = 0; lane < LANES; lane++)
            sums[lane] += variance_of(&cells[list[i + lane]], growth);
#endif
    for (unsigned lane = 0; i < count; i++, lane++)
        sums[lane] += variance_of(&cells[list[i]], growth);
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

static void learn(struct wh_auto_cell *cell, float growth, float slope, float move, float shrink)
{
    float variance = variance_of(cell, growth);
    float gain = variance * slope;
    float before = growth > 1 ? WH_AUTO_CELL_PRIOR - variance : cell->squares;
    float gone = before + gain * gain * shrink;
    cell->weight = limit(cell->weight + gain * move, WH_AUTO_LARGEST_KALMAN);
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
    size_t i = 0;
#ifdef __SSE2__
    for (; i + LANES <= active->count; i += LANES) {
        const uint32_t *list = active->cells + i;
        put_four(cells, list, learn_four(take_four(cells, list), growth, move, shrink));
    }
#endif
    for (; i < active->count; i++)
        learn(&cells[active->cells[i]], growth, 1, move, shrink);
}

double wh_auto_kalman_predict(const struct wh_auto_cell *weights, size_t known,
                              const uint32_t *ids, const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        if (ids[i] < known)
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
    return fabsf(cell->weight) <= WH_AUTO_LARGEST_KALMAN && cell->squares >= 0
        && cell->squares <= MOST_GONE;
}
