#include "learn/calibration.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

/* Bins on each side of 0, and where their width changes. */
enum { SIDE = 512, BINS = 2 * SIDE, FINE = 256, MIDDLE = 384, FINE_TO = 8, MIDDLE_TO = 16 };
enum { MARGIN_LIMIT = 50 };
enum { NEWTON_STEPS = 100 };

/* More than rows of the largest weight can sum up to; refused in a file. */
static const double LARGEST_SUM = 1e100;

struct wh_calibration_bin {
    double negative, positive; /* weights */
    double margins;            /* their sum, weighted */
};

static double clamp(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

/*
 * Counting
 */

static size_t bin_of(double margin)
{
    double size = fabs(margin);
    double place = size < FINE_TO   ? size * 32
                 : size < MIDDLE_TO ? FINE + (size - FINE_TO) * 16
                                    : MIDDLE + (size - MIDDLE_TO) * 4;
    size_t bin = place < SIDE - 1 ? (size_t)place : SIDE - 1;
    return margin < 0 ? SIDE - 1 - bin : SIDE + bin;
}

/* Where the bin that is `place` bins away from 0 begins. */
static double edge(size_t place)
{
    double at = (double)place;
    return place <= FINE   ? at / 32
         : place <= MIDDLE ? FINE_TO + (at - FINE) / 16
         : place < SIDE    ? MIDDLE_TO + (at - MIDDLE) / 4
                           : MARGIN_LIMIT;
}

void wh_calibration_add(struct wh_calibration *calibration, double margin, bool positive,
                        double weight)
{
    if (!(weight > 0) || isnan(margin))
        return;
    if (!calibration->bins)
        calibration->bins = wh_alloc(BINS, sizeof *calibration->bins);
    margin = clamp(margin, -MARGIN_LIMIT, MARGIN_LIMIT);
    struct wh_calibration_bin *bin = &calibration->bins[bin_of(margin)];
    *(positive ? &bin->positive : &bin->negative) += weight;
    bin->margins += weight * margin;
    calibration->rows++;
}

void wh_calibration_merge(struct wh_calibration *calibration, const struct wh_calibration *from)
{
    if (from->bins && !calibration->bins)
        calibration->bins = wh_alloc(BINS, sizeof *calibration->bins);
    for (size_t i = 0; from->bins && i < BINS; i++) {
        calibration->bins[i].negative += from->bins[i].negative;
        calibration->bins[i].positive += from->bins[i].positive;
        calibration->bins[i].margins += from->bins[i].margins;
    }
    calibration->rows += from->rows;
}

void wh_calibration_free(struct wh_calibration *calibration)
{
    free(calibration->bins);
    *calibration = (struct wh_calibration){ 0 };
}

/* {"rows":N,"bins":[[NUMBER,negative,positive,margins],...]}, those with something in them. */
json_t *wh_calibration_save(const struct wh_calibration *calibration)
{
    json_t *bins = json_array();
    for (size_t i = 0; calibration->bins && i < BINS; i++) {
        const struct wh_calibration_bin *bin = &calibration->bins[i];
        if (bin->negative + bin->positive > 0)
            json_array_append_new(bins, json_pack("[Ifff]", (json_int_t)i, bin->negative,
                                                  bin->positive, bin->margins));
    }
    return json_pack("{sfso}", "rows", calibration->rows, "bins", bins);
}

static bool load_bin(struct wh_calibration *calibration, const json_t *entry, double *next)
{
    double numbers[4];
    if (json_array_size(entry) != 4)
        return false;
    for (size_t i = 0; i < 4; i++) {
        const json_t *number = json_array_get(entry, i);
        numbers[i] = json_number_value(number);
        if (!json_is_number(number) || !(fabs(numbers[i]) <= LARGEST_SUM))
            return false;
    }
    double index = numbers[0];
    if (!(index >= *next && index < BINS) || index != floor(index)
        || numbers[1] < 0 || numbers[2] < 0 || !(numbers[1] + numbers[2] > 0))
        return false;
    calibration->bins[(size_t)index] =
        (struct wh_calibration_bin){ numbers[1], numbers[2], numbers[3] };
    *next = index + 1;
    return true;
}

bool wh_calibration_load(struct wh_calibration *calibration, const json_t *object)
{
    const json_t *rows = json_object_get(object, "rows"), *bins = json_object_get(object, "bins");
    double count = json_number_value(rows), next = 0;
    size_t size = json_array_size(bins);
    if (!json_is_number(rows) || !json_is_array(bins) || json_object_size(object) != 2
        || !(count >= (double)size && count < 0x1p53) || count != floor(count)
        || (count > 0) != (size > 0))
        return false;
    if (size == 0)
        return true;
    calibration->bins = wh_alloc(BINS, sizeof *calibration->bins);
    calibration->rows = count;
    for (size_t i = 0; i < size; i++)
        if (!load_bin(calibration, json_array_get(bins, i), &next)) {
            wh_calibration_free(calibration);
            return false;
        }
    return true;
}

/*
 * Fitting
 */

/* Rows that are taken for one: of adjacent bins, from the margin `first` to `last`. */
struct block {
    double first, last;
    double weight, positive;
};

/* The bins with something in them, as blocks; returns how many. Their margins ascend: a mean is
 * never outside its bin, whatever rounding or a file says. */
static size_t list_bins(const struct wh_calibration *calibration, struct block blocks[static BINS])
{
    size_t count = 0;
    for (size_t i = 0; i < BINS; i++) {
        const struct wh_calibration_bin *bin = &calibration->bins[i];
        double weight = bin->negative + bin->positive;
        if (!(weight > 0))
            continue;
        double low = i < SIDE ? -edge(SIDE - i) : edge(i - SIDE);
        double high = i < SIDE ? -edge(SIDE - 1 - i) : edge(i - SIDE + 1);
        double margin = clamp(bin->margins / weight, low, high);
        blocks[count++] = (struct block){ margin, margin, weight, bin->positive };
    }
    return count;
}

static double share(const struct block *block)
{
    return block->positive / block->weight;
}

/* Pools blocks, each with the one before, until their shares ascend; returns how many are left. */
static size_t pool(struct block *blocks, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct block block = blocks[i];
        while (kept > 0 && share(&blocks[kept - 1]) >= share(&block)) {
            const struct block *before = &blocks[--kept];
            block.first = before->first;
            block.weight += before->weight;
            block.positive += before->positive;
        }
        blocks[kept++] = block;
    }
    return kept;
}

static void fit_isotonic(struct wh_calibrator *calibrator, struct block *blocks, size_t count,
                         double rows)
{
    double least = 1 / (rows + 2);
    count = pool(blocks, count);
    struct wh_knot *knot = calibrator->knots = wh_alloc(2 * count, sizeof *calibrator->knots);
    for (size_t i = 0; i < count; i++) {
        double probability = clamp(share(&blocks[i]), least, 1 - least);
        *knot++ = (struct wh_knot){ blocks[i].first, probability };
        if (blocks[i].last > blocks[i].first)
            *knot++ = (struct wh_knot){ blocks[i].last, probability };
    }
    calibrator->count = (size_t)(knot - calibrator->knots);
}

static double sigmoid(double z)
{
    return 1 / (1 + exp(-z));
}

/* What Platt's function is fitted to: blocks with the targets' sum in `positive`, weights adding
 * up to 1. */
struct fit {
    const struct block *blocks;
    size_t count;
};

static double loss_at(const struct fit *fit, double slope, double shift)
{
    double loss = 0;
    for (size_t i = 0; i < fit->count; i++) {
        const struct block *block = &fit->blocks[i];
        double z = slope * block->first + shift;
        double growth = z > 0 ? z + log1p(exp(-z)) : log1p(exp(z));
        loss += block->weight * growth - block->positive * z;
    }
    return loss;
}

/* The derivatives by slope and shift, and the matrix of second ones. */
struct curve {
    double slope, shift;
    double slopes, both, shifts;
};

static struct curve curve_at(const struct fit *fit, double slope, double shift)
{
    const double ridge = 1e-12; /* the matrix can be inverted, also where all margins are one */
    struct curve curve = { .slopes = ridge, .shifts = ridge };
    for (size_t i = 0; i < fit->count; i++) {
        const struct block *block = &fit->blocks[i];
        double x = block->first, p = sigmoid(slope * x + shift);
        double error = block->weight * p - block->positive, bend = block->weight * p * (1 - p);
        curve.slope += x * error;
        curve.shift += error;
        curve.slopes += x * x * bend;
        curve.both += x * bend;
        curve.shifts += bend;
    }
    return curve;
}

/* One Newton step, halved until the loss falls; false where it falls no more. */
static bool step(const struct fit *fit, struct wh_calibrator *platt, double *loss)
{
    struct curve curve = curve_at(fit, platt->slope, platt->shift);
    double area = curve.slopes * curve.shifts - curve.both * curve.both;
    double slope = -(curve.shifts * curve.slope - curve.both * curve.shift) / area;
    double shift = -(curve.slopes * curve.shift - curve.both * curve.slope) / area;
    for (double length = 1; length > 1e-10; length /= 2) {
        double next_slope = platt->slope + length * slope;
        double next_shift = platt->shift + length * shift;
        double next = loss_at(fit, next_slope, next_shift);
        if (next < *loss) {
            platt->slope = next_slope;
            platt->shift = next_shift;
            *loss = next;
            return true;
        }
    }
    return false;
}

static void fit_platt(struct wh_calibrator *calibrator, struct block *blocks, size_t count)
{
    double weight = 0, positive = 0, target = 0;
    for (size_t i = 0; i < count; i++) {
        weight += blocks[i].weight;
        positive += blocks[i].positive;
    }
    double high = (positive + 1) / (positive + 2), low = 1 / (weight - positive + 2);
    for (size_t i = 0; i < count; i++) {
        struct block *block = &blocks[i];
        double targets = block->positive * high + (block->weight - block->positive) * low;
        block->weight /= weight;
        block->positive = targets / weight;
        target += block->positive;
    }
    struct fit fit = { blocks, count };
    double constant = log(target / (1 - target));
    calibrator->shift = constant;
    double loss = loss_at(&fit, 0, constant);
    for (int i = 0; i < NEWTON_STEPS && step(&fit, calibrator, &loss); i++)
        ;
    if (calibrator->slope < 0) {
        calibrator->slope = 0;
        calibrator->shift = constant;
    }
}

void wh_calibrator_fit(struct wh_calibrator *calibrator, const struct wh_calibration *calibration,
                       enum wh_calibrator_kind kind)
{
    struct block *blocks = wh_alloc(BINS, sizeof *blocks);
    size_t count = list_bins(calibration, blocks);
    *calibrator = (struct wh_calibrator){ .kind = kind };
    if (kind == WH_CALIBRATE_PLATT)
        fit_platt(calibrator, blocks, count);
    else
        fit_isotonic(calibrator, blocks, count, calibration->rows);
    free(blocks);
}

void wh_calibrator_free(struct wh_calibrator *calibrator)
{
    free(calibrator->knots);
    *calibrator = (struct wh_calibrator){ 0 };
}

/*
 * Use
 */

static double interpolate(const struct wh_knot *knots, size_t count, double margin)
{
    if (margin <= knots[0].margin)
        return knots[0].probability;
    if (margin >= knots[count - 1].margin)
        return knots[count - 1].probability;
    size_t low = 0, high = count - 1; /* knots[low] <= margin < knots[high] */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        *(knots[middle].margin <= margin ? &low : &high) = middle;
    }
    const struct wh_knot *left = &knots[low], *right = &knots[high];
    double way = (margin - left->margin) / (right->margin - left->margin);
    double value = left->probability + way * (right->probability - left->probability);
    return clamp(value, left->probability, right->probability);
}

double wh_calibrator_probability(const struct wh_calibrator *calibrator, double margin)
{
    if (calibrator->kind == WH_CALIBRATE_ISOTONIC)
        return interpolate(calibrator->knots, calibrator->count, margin);
    return sigmoid(calibrator->slope * clamp(margin, -MARGIN_LIMIT, MARGIN_LIMIT)
                   + calibrator->shift);
}
