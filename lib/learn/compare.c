#include "learn/compare.h"

#include <math.h>

static const double LEVEL = 0.05;

void wh_compare_loss(struct wh_comparison *comparison, double first, double second, double weight)
{
    if (!(weight > 0))
        return;
    double difference = second - first, square = weight * weight;
    comparison->rows++;
    comparison->weight += weight;
    comparison->first += weight * first;
    comparison->second += weight * second;
    comparison->mean += (difference - comparison->mean) * (weight / comparison->weight);
    comparison->squares += square;
    double before = difference - comparison->mean_squared;
    comparison->mean_squared += before * (square / comparison->squares);
    comparison->spread_squared += square * before * (difference - comparison->mean_squared);
}

void wh_compare_class(struct wh_comparison *comparison, bool first, bool second)
{
    comparison->first_only += first && !second;
    comparison->second_only += second && !first;
}

/*
 * Distributions
 */

/* The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method. */
static double beta_fraction(double a, double b, double x)
{
    enum { MOST = 10000 };
    const double tiny = 1e-300, enough = 1e-16;
    double c = 1, d = 1 / fmax(fabs(1 - (a + b) * x / (a + 1)), tiny), value = d;
    for (int m = 1; m < MOST; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        const double steps[] = { even, odd };
        double factor = 1;
        for (int i = 0; i < 2; i++) {
            d = 1 + steps[i] * d;
            c = 1 + steps[i] / c;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = fabs(c) < tiny ? tiny : c;
            factor = c * d;
            value *= factor;
        }
        if (fabs(factor - 1) < enough)
            break;
    }
    return value;
}

/* The regularised incomplete beta function I_x(a, b), where `rest` is 1 - x: of two numbers that
 * are close to 0 and 1 the small one must be exact. */
static double beta_share(double a, double b, double x, double rest)
{
    if (x <= 0 || rest <= 0)
        return x <= 0 ? 0 : 1;
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(rest));
    return x < (a + 1) / (a + b + 2) ? front * beta_fraction(a, b, x) / a
                                     : 1 - front * beta_fraction(b, a, rest) / b;
}

/* Beyond so many degrees of freedom Student's distribution is taken for the normal one: they differ
 * by less than 1e-9, while lgamma() loses digits. */
static const double NORMAL_FROM = 1e8;

/* P(T > t) of Student's distribution, for t of 0 or more. */
static double student_above(double t, double degrees)
{
    if (degrees >= NORMAL_FROM)
        return erfc(t / sqrt(2)) / 2;
    double square = t * t;
    return beta_share(degrees / 2, 0.5, degrees / (degrees + square), square / (degrees + square))
         / 2;
}

/* The t that is exceeded with probability `above`, which is less than a half: by halving, since it
 * is asked for once. */
static double student_quantile(double above, double degrees)
{
    double low = 0, high = 1;
    while (student_above(high, degrees) > above)
        high *= 2;
    for (int i = 0; i < 100; i++) {
        double middle = low + (high - low) / 2;
        if (student_above(middle, degrees) > above)
            low = middle;
        else
            high = middle;
    }
    return high;
}

/* P(at most `fewer` of `all` by the toss of a coin), twice: both sides. */
static double coin(double fewer, double all)
{
    if (2 * fewer >= all)
        return 1;
    return fmin(1, 2 * beta_share(all - fewer, fewer + 1, 0.5, 0.5));
}

/*
 * Results
 */

static double standard_error(const struct wh_comparison *comparison)
{
    double off = comparison->mean_squared - comparison->mean;
    double spread = comparison->spread_squared + comparison->squares * off * off;
    return sqrt(spread * comparison->rows / (comparison->rows - 1)) / comparison->weight;
}

/* The test's figures, from difference and error: without any spread there is no doubt. */
static void test(struct wh_compared *result, double degrees)
{
    double difference = result->difference;
    double above = result->error > 0 ? student_above(fabs(difference) / result->error, degrees)
                 : difference == 0   ? 0.5
                                     : 0;
    double reach = result->error > 0 ? student_quantile(LEVEL / 2, degrees) * result->error : 0;
    result->low = difference - reach;
    result->high = difference + reach;
    result->p = fmin(1, 2 * above);
    result->p_second = difference < 0 ? above : 1 - above;
    if (result->p < LEVEL)
        result->verdict = difference < 0 ? WH_COMPARE_SECOND : WH_COMPARE_FIRST;
}

struct wh_compared wh_compare_result(const struct wh_comparison *comparison)
{
    const double unknown = (double)NAN;
    struct wh_compared result = {
        unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown,
        WH_COMPARE_NEITHER,
    };
    if (comparison->rows < 1)
        return result;
    result.first = comparison->first / comparison->weight;
    result.second = comparison->second / comparison->weight;
    result.difference = comparison->mean;
    result.p_classes = coin(fmin(comparison->first_only, comparison->second_only),
                            comparison->first_only + comparison->second_only);
    if (comparison->rows < 2)
        return result;
    result.error = standard_error(comparison);
    if (isfinite(result.error))
        test(&result, comparison->rows - 1);
    return result;
}

void wh_compare_report(struct wh_buffer *out, const struct wh_comparison *comparison,
                       const char *first, const char *second)
{
    struct wh_compared result = wh_compare_result(comparison);
    bool second_better = result.difference < 0;
    if (comparison->rows < 1) {
        wh_buffer_format(out, "%s and %s: no row to compare them by", first, second);
        return;
    }
    wh_buffer_format(out, "loss %.6g (%s), %.6g (%s): ", result.first, first, result.second,
                     second);
    const char *plural = comparison->rows == 1 ? "" : "s";
    if (isnan(result.p)) {
        wh_buffer_format(out, "too few rows to tell which is better (%.0f row%s)", comparison->rows,
                         plural);
        return;
    }
    if (result.verdict == WH_COMPARE_NEITHER)
        wh_buffer_format(out, "neither is shown to be better, %s is by",
                         second_better ? second : first);
    else
        wh_buffer_format(out, "%s is better by", second_better ? second : first);
    wh_buffer_format(out, " %.3g (95 %% confidence: %.3g to %.3g, p = %.2g) on %.0f row%s",
                     fabs(result.difference), second_better ? -result.high : result.low,
                     second_better ? -result.low : result.high, result.p, comparison->rows, plural);
}

static void set_real(json_t *object, const char *name, double value)
{
    if (isfinite(value))
        json_object_set_new(object, name, json_real(value));
}

json_t *wh_compare_stats(const struct wh_comparison *comparison, const char *first,
                         const char *second)
{
    struct wh_compared result = wh_compare_result(comparison);
    json_t *stats = json_pack("{s:s, s:s, s:I}", "first", first, "second", second, "rows",
                              (json_int_t)comparison->rows);
    set_real(stats, "first_loss", result.first);
    set_real(stats, "second_loss", result.second);
    set_real(stats, "difference", result.difference);
    set_real(stats, "standard_error", result.error);
    set_real(stats, "low", result.low);
    set_real(stats, "high", result.high);
    set_real(stats, "p", result.p);
    set_real(stats, "p_classes", result.p_classes);
    json_object_set_new(stats, "better",
                        result.verdict == WH_COMPARE_NEITHER  ? json_null()
                        : result.verdict == WH_COMPARE_SECOND ? json_string(second)
                                                              : json_string(first));
    return stats;
}
