#include "learn/auto/mixer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/memory.h"
#include "learn/auto/constants.h"
#include "learn/auto/pack.h"

enum { LANES = 4 };

/* Far beyond what learning comes to. */
static const double LARGEST = 1e30;

void wh_auto_weights_init(struct wh_auto_weights *set, unsigned used)
{
    *set = (struct wh_auto_weights){ 0 };
    for (unsigned i = 0; i < used; i++)
        set->weights[i] = 1 / (float)used;
}

float wh_auto_weights_mix(const struct wh_auto_weights *set, const float *inputs, float limit)
{
    float sums[LANES] = { 0 };
    for (unsigned i = 0; i < WH_AUTO_INPUTS; i += LANES)
        for (unsigned lane = 0; lane < LANES; lane++)
            sums[lane] += set->weights[i + lane] * inputs[i + lane];
    float sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    return sum < -limit ? -limit : sum > limit ? limit : sum;
}

#ifdef __SSE2__

void wh_auto_weights_learn(struct wh_auto_weights *set, const float *inputs, float gradient,
                           float rate)
{
    __m128 gradients = _mm_set1_ps(gradient), rates = _mm_set1_ps(rate);
    __m128 calm = _mm_set1_ps(WH_AUTO_MIXER_CALM);
    for (unsigned i = 0; i < WH_AUTO_INPUTS; i += LANES) {
        __m128 slope = _mm_mul_ps(gradients, _mm_loadu_ps(inputs + i));
        __m128 squares = _mm_add_ps(_mm_loadu_ps(set->squares + i), _mm_mul_ps(slope, slope));
        __m128 step = _mm_div_ps(_mm_mul_ps(rates, slope),
                                 _mm_add_ps(calm, _mm_sqrt_ps(squares)));
        _mm_storeu_ps(set->squares + i, squares);
        _mm_storeu_ps(set->weights + i, _mm_sub_ps(_mm_loadu_ps(set->weights + i), step));
    }
}

#else /* to the same bits */

void wh_auto_weights_learn(struct wh_auto_weights *set, const float *inputs, float gradient,
                           float rate)
{
    for (unsigned i = 0; i < WH_AUTO_INPUTS; i++) {
        float slope = gradient * inputs[i];
        set->squares[i] += slope * slope;
        set->weights[i] -= rate * slope / (WH_AUTO_MIXER_CALM + sqrtf(set->squares[i]));
    }
}

#endif

float wh_auto_probability(float log_odds)
{
    return 1 / (1 + expf(-log_odds));
}

/*
 * Saving and loading
 */

enum { SET_FLOATS = 2 * WH_AUTO_INPUTS };

json_t *wh_auto_weights_save(const struct wh_auto_weights *sets, size_t count)
{
    float *numbers = wh_alloc(count, SET_FLOATS * sizeof *numbers);
    for (size_t i = 0; i < count; i++) {
        memcpy(numbers + i * SET_FLOATS, sets[i].weights, sizeof sets[i].weights);
        memcpy(numbers + i * SET_FLOATS + WH_AUTO_INPUTS, sets[i].squares, sizeof sets[i].squares);
    }
    json_t *text = wh_auto_floats_save(numbers, count * SET_FLOATS);
    free(numbers);
    return text;
}

static bool take_set(struct wh_auto_weights *set, const float *numbers)
{
    memcpy(set->weights, numbers, sizeof set->weights);
    memcpy(set->squares, numbers + WH_AUTO_INPUTS, sizeof set->squares);
    for (unsigned i = 0; i < WH_AUTO_INPUTS; i++)
        if (set->squares[i] < 0)
            return false;
    return true;
}

bool wh_auto_weights_load(struct wh_auto_weights *sets, size_t count, const json_t *text)
{
    float *numbers = wh_alloc(count, SET_FLOATS * sizeof *numbers);
    bool fine = wh_auto_floats_load(text, numbers, count * SET_FLOATS, LARGEST);
    for (size_t i = 0; i < count && fine; i++)
        fine = take_set(&sets[i], numbers + i * SET_FLOATS);
    free(numbers);
    return fine;
}
