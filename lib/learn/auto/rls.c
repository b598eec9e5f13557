#include "learn/auto/rls.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "learn/auto/constants.h"
#include "learn/auto/pack.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Far more than what is lowered can be; refused in a file. */
static const double LARGEST_COVARIANCE = 1e12;

static size_t triangle(size_t size)
{
    return size * (size + 1) / 2;
}

void wh_rls_init(struct wh_rls *rls, double keep, double prior)
{
    *rls = (struct wh_rls){ .keep = keep, .prior = prior };
}

void wh_rls_free(struct wh_rls *rls)
{
    free(rls->weights);
    free(rls->covariance);
    free(rls->gain);
    *rls = (struct wh_rls){ 0 };
}

static void reserve(struct wh_rls *rls, uint32_t size)
{
    if (size <= rls->capacity)
        return;
    rls->capacity = size < 8 ? 8 : size + size / 2;
    rls->weights = wh_resize(rls->weights, rls->capacity, sizeof *rls->weights);
    rls->gain = wh_resize(rls->gain, rls->capacity, sizeof *rls->gain);
    rls->covariance = wh_resize(rls->covariance, triangle(rls->capacity),
                                sizeof *rls->covariance);
}

static double *row_of(const struct wh_rls *rls, uint32_t row)
{
    return rls->covariance + triangle(row);
}

void wh_rls_grow(struct wh_rls *rls, uint32_t size, double weight)
{
    reserve(rls, size);
    for (uint32_t i = rls->size; i < size; i++) {
        double *row = row_of(rls, i);
        for (uint32_t j = 0; j < i; j++)
            row[j] = 0;
        row[i] = rls->prior;
        rls->weights[i] = weight;
    }
    if (rls->size < size)
        rls->size = size;
}

double wh_rls_predict(const struct wh_rls *rls, const double *terms)
{
    double sum = 0;
    for (uint32_t i = 0; i < rls->size; i++)
        sum += rls->weights[i] * terms[i];
    return sum;
}

/* The products of a row of the triangle: with the terms left of the diagonal, and with its own
 * term for the gain of theirs. Four sums at a time, to the same bits on all processors. */
static double multiply(const double *restrict row, const double *restrict terms, double term,
                       double *restrict gain, uint32_t count)
{
    double sums[4] = { 0 };
    uint32_t j = 0;
#ifdef __SSE2__
    __m128d low = _mm_setzero_pd(), high = _mm_setzero_pd(), own = _mm_set1_pd(term);
    for (; j + 4 <= count; j += 4) {
        __m128d left = _mm_loadu_pd(row + j), right = _mm_loadu_pd(row + j + 2);
        __m128d first = _mm_loadu_pd(gain + j), second = _mm_loadu_pd(gain + j + 2);
        low = _mm_add_pd(low, _mm_mul_pd(left, _mm_loadu_pd(terms + j)));
        high = _mm_add_pd(high, _mm_mul_pd(right, _mm_loadu_pd(terms + j + 2)));
        _mm_storeu_pd(gain + j, _mm_add_pd(first, _mm_mul_pd(left, own)));
        _mm_storeu_pd(gain + j + 2, _mm_add_pd(second, _mm_mul_pd(right, own)));
    }
    _mm_storeu_pd(sums, low);
    _mm_storeu_pd(sums + 2, high);
#endif
    for (; j < count; j++) {
        sums[j % 4] += row[j] * terms[j];
        gain[j] += row[j] * term;
    }
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* row = (row - factor gain) growth */
static void reduce(double *restrict row, const double *restrict gain, double factor,
                   double growth, uint32_t count)
{
    uint32_t j = 0;
#ifdef __SSE2__
    __m128d factors = _mm_set1_pd(factor), growths = _mm_set1_pd(growth);
    for (; j + 2 <= count; j += 2) {
        __m128d less = _mm_mul_pd(factors, _mm_loadu_pd(gain + j));
        _mm_storeu_pd(row + j, _mm_mul_pd(_mm_sub_pd(_mm_loadu_pd(row + j), less), growths));
    }
#endif
    for (; j < count; j++)
        row[j] = (row[j] - factor * gain[j]) * growth;
}

/* Sets the gain; returns the variance of the prediction. */
static double find_gain(struct wh_rls *rls, const double *terms)
{
    for (uint32_t i = 0; i < rls->size; i++) {
        const double *row = row_of(rls, i);
        double sum = multiply(row, terms, terms[i], rls->gain, i);
        rls->gain[i] = sum + row[i] * terms[i];
    }
    double variance = 0;
    for (uint32_t i = 0; i < rls->size; i++)
        variance += rls->gain[i] * terms[i];
    return variance;
}

static void begin_anew(struct wh_rls *rls)
{
    for (uint32_t i = 0; i < rls->size; i++) {
        double *row = row_of(rls, i);
        for (uint32_t j = 0; j < i; j++)
            row[j] = 0;
        row[i] = rls->prior;
        if (!(fabs(rls->weights[i]) <= WH_AUTO_LARGEST_FIT))
            rls->weights[i] = 0;
    }
}

/* The covariance less what the row told of it, and then over `keep`. */
static void shrink(struct wh_rls *rls, double inverse, double keep)
{
    double growth = 1 / keep;
    for (uint32_t i = 0; i < rls->size; i++)
        reduce(row_of(rls, i), rls->gain, rls->gain[i] * inverse, growth, i + 1);
}

/* Lowers variances that have grown too far as rows would that say nothing new of these terms. */
static void bound(struct wh_rls *rls)
{
    for (uint32_t i = 0; i < rls->size; i++) {
        double variance = row_of(rls, i)[i];
        if (!(variance > WH_AUTO_MOST_GROWTH * rls->prior))
            continue;
        for (uint32_t j = 0; j < rls->size; j++)
            rls->gain[j] = j < i ? row_of(rls, i)[j] : row_of(rls, j)[i];
        shrink(rls, (variance - WH_AUTO_GROWTH_LEFT * rls->prior) / (variance * variance), 1);
    }
}

static bool is_definite(const struct wh_rls *rls)
{
    for (uint32_t i = 0; i < rls->size; i++)
        if (!(row_of(rls, i)[i] > 0) || !(fabs(rls->weights[i]) <= WH_AUTO_LARGEST_FIT))
            return false;
    return true;
}

void wh_rls_learn(struct wh_rls *rls, const double *terms, double error, double weight,
                  double keep)
{
    keep *= rls->keep;
    double variance = find_gain(rls, terms);
    if (!(variance >= 0 && variance <= 1e100)) {
        begin_anew(rls);
        return;
    }
    double inverse = 1 / (keep / weight + variance);
    for (uint32_t i = 0; i < rls->size; i++)
        rls->weights[i] += rls->gain[i] * (error * inverse);
    shrink(rls, inverse, keep);
    if (keep < 1)
        bound(rls);
    if (!is_definite(rls))
        begin_anew(rls);
}

json_t *wh_rls_save(const struct wh_rls *rls)
{
    json_t *state = json_object();
    json_object_set_new(state, "size", json_integer(rls->size));
    json_object_set_new(state, "weights", wh_auto_doubles_save(rls->weights, rls->size));
    json_object_set_new(state, "covariance",
                        wh_auto_doubles_save(rls->covariance, triangle(rls->size)));
    return state;
}

/* That two terms vary together more than by themselves is no damage: rounding brings it about where
 * variances grew far and were lowered, and learning begins anew where it comes to matter. */
bool wh_rls_load(struct wh_rls *rls, const json_t *state, uint32_t most)
{
    uint64_t size;
    if (!wh_auto_count(json_object_get(state, "size"), most, &size))
        return false;
    wh_rls_grow(rls, (uint32_t)size, 0);
    return rls->size == size
        && wh_auto_doubles_load(json_object_get(state, "weights"), rls->weights, size,
                                WH_AUTO_LARGEST_FIT)
        && wh_auto_doubles_load(json_object_get(state, "covariance"), rls->covariance,
                                triangle(size), LARGEST_COVARIANCE)
        && is_definite(rls);
}
