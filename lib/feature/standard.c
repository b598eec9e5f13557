/*
 * --standard: (x - mean) / standard deviation, as scikit-learn's StandardScaler. Mean and sum of
 * squared deviations by Welford (1962), each carried with its rounding error (Knuth's two-sum), so
 * that they are right to the last bit or two after any number of rows. null is left out of both
 * and stays null.
 *
 * A column that does not vary (scikit-learn's _is_constant_feature: variance within what rounding
 * makes) is only centred. While learning goes on it is 0 instead: there is no scale yet.
 */
#include <math.h>
#include <stdlib.h>

#include "base/number.h"
#include "feature/encoder.h"
#include "feature/table.h"
#include "pipe/step_argument.h"
#include "record/canonical.h"
#include "record/json.h"

/* Squared deviations of values beyond would overflow in a sum of any length. */
#define LARGEST 1e140
#define EPSILON 0x1p-52

/* A sum, and what rounding has left out of it. */
struct sum {
    double value;
    double rest;
};

struct moments {
    struct wh_encoder_memory memory;
    uint64_t count;
    struct sum mean;
    struct sum squares; /* of the deviations from the mean */
    double scale;       /* 0: there is none; negative: not worked out since the last value */
};

struct standard {
    struct wh_encoder encoder;
    uint64_t ddof;
    bool settled;
};

static struct wh_binding *bind(struct wh_step *step, const struct wh_shape *shape,
                               struct wh_error *error)
{
    struct wh_features *features = step->context->features;
    struct wh_encoder *encoder = (struct wh_encoder *)step;
    struct wh_encoder_binding *binding = wh_encoder_bind_numbers(encoder, shape, features, error);
    if (binding && wh_encoder_remember(encoder, binding, sizeof(struct moments), error)) {
        free(binding);
        return NULL;
    }
    return (struct wh_binding *)binding;
}

static double find_scale(const struct standard *standard, const struct moments *moments)
{
    double count = (double)moments->count;
    if (moments->count == 0)
        return 0;
    double variance = moments->count > standard->ddof
                          ? moments->squares.value / (count - (double)standard->ddof) : 0;
    double rounding = count * moments->mean.value * EPSILON;
    if (variance <= count * EPSILON * variance + rounding * rounding)
        return standard->settled ? 1 : 0;
    return sqrt(variance);
}

/* The standardized number; NaN where it is beyond any double. */
static double standardize(const struct standard *standard, struct moments *moments, double number)
{
    if (!(fabs(number) <= LARGEST))
        return NAN;
    if (moments->scale < 0)
        moments->scale = find_scale(standard, moments);
    if (moments->scale == 0)
        return 0;
    double result = (number - moments->mean.value) / moments->scale;
    return isfinite(result) ? result : NAN;
}

static enum wh_verdict row(struct wh_step *step, struct wh_binding *binding, struct wh_row *row,
                           struct wh_error *error)
{
    struct wh_features *features = step->context->features;
    const struct standard *standard = (const struct standard *)step;
    struct wh_encoder_binding *own = (struct wh_encoder_binding *)binding;
    wh_features_pass(features, own);
    for (size_t i = 0; i < own->count; i++) {
        struct wh_encoder_column *column = &own->columns[i];
        struct wh_feature_item *item = wh_encoder_number("standard", column, row, features, error);
        if (!item)
            return WH_BAD;
        column->met.number = NAN;
        if (item->kind == WH_FEATURE_NULL)
            continue;
        column->met.number = item->number;
        item->number = standardize(standard, column->memory, item->number);
        if (isnan(item->number)) {
            char text[WH_NUMBER_SIZE];
            wh_bad_row(error, "standard", column->name, column->length, 0,
                       "%.*s is too large to be standardized",
                       (int)wh_number_print(column->met.number, text), text);
            return WH_BAD;
        }
    }
    return WH_PASSED;
}

static void add(struct sum *sum, double number)
{
    double term = sum->rest + number;
    double total = sum->value + term;
    double taken = total - sum->value;
    sum->rest = (sum->value - (total - taken)) + (term - taken);
    sum->value = total;
}

static double deviation(const struct moments *moments, double number)
{
    return (number - moments->mean.value) - moments->mean.rest;
}

static void learn(struct wh_step *step, struct wh_binding *binding)
{
    (void)step;
    const struct wh_encoder_binding *own = (const struct wh_encoder_binding *)binding;
    for (size_t i = 0; i < own->count; i++) {
        double number = own->columns[i].met.number;
        struct moments *moments = own->columns[i].memory;
        if (isnan(number))
            continue;
        double from_old = deviation(moments, number);
        add(&moments->mean, from_old / (double)++moments->count);
        add(&moments->squares, from_old * deviation(moments, number));
        moments->scale = -1;
    }
}

static void settle(struct wh_step *step)
{
    struct standard *standard = (struct standard *)step;
    standard->settled = true;
    for (size_t i = 0; i < standard->encoder.memory_count; i++)
        ((struct moments *)standard->encoder.memories[i])->scale = -1;
}

/* State: an object a column, sums as [value, rest]. */

static void save_sum(struct wh_buffer *text, const char *name, const struct sum *sum)
{
    wh_buffer_format(text, "\"%s\":[", name);
    wh_json_real(text, sum->value);
    wh_buffer_byte(text, ',');
    wh_json_real(text, sum->rest);
    wh_buffer_byte(text, ']');
}

static int load_sum(const json_t *pair, struct sum *sum)
{
    const json_t *value = json_array_get(pair, 0), *rest = json_array_get(pair, 1);
    *sum = (struct sum){ json_number_value(value), json_number_value(rest) };
    return json_is_number(value) && json_is_number(rest) ? 0 : -1;
}

static void save(const struct wh_step *step, struct wh_buffer *text)
{
    const struct wh_encoder *encoder = (const struct wh_encoder *)step;
    for (size_t i = 0; i < encoder->memory_count; i++) {
        const struct moments *moments = (const struct moments *)encoder->memories[i];
        wh_buffer_format(text, "%s{\"column\":\"", i > 0 ? "," : "[");
        wh_json_escape(text, moments->memory.name.text, moments->memory.name.length);
        wh_buffer_format(text, "\",\"count\":%llu,", (unsigned long long)moments->count);
        save_sum(text, "mean", &moments->mean);
        wh_buffer_byte(text, ',');
        save_sum(text, "squares", &moments->squares);
        wh_buffer_byte(text, '}');
    }
    wh_buffer_format(text, encoder->memory_count ? "]" : "[]");
}

static int load(struct wh_step *step, const json_t *state, struct wh_slice tape,
                struct wh_error *error)
{
    (void)tape;
    struct wh_encoder *encoder = (struct wh_encoder *)step;
    size_t i;
    json_t *column;
    json_array_foreach(state, i, column) {
        const json_t *name = json_object_get(column, "column");
        const json_t *count = json_object_get(column, "count");
        struct sum mean, squares;
        if (!json_is_string(name) || !json_is_integer(count) || json_integer_value(count) < 0 ||
            load_sum(json_object_get(column, "mean"), &mean) ||
            load_sum(json_object_get(column, "squares"), &squares))
            return wh_fail(error, WH_REFUSED, "the saved state of column %zu is invalid", i + 1);
        struct moments *moments = wh_encoder_memory(encoder, json_string_value(name),
                                                    json_string_length(name), sizeof *moments, i,
                                                    error);
        if (!moments)
            return -1;
        moments->count = (uint64_t)json_integer_value(count);
        moments->mean = mean;
        moments->squares = squares;
        moments->scale = -1;
    }
    return 0;
}

static const struct wh_step_ops ops = {
    .bind = bind,
    .row = row,
    .columns = wh_encoder_columns,
    .learn = learn,
    .settle = settle,
    .save = save,
    .load = load,
    .feeds = wh_encoder_feeds_numbers,
    .close = wh_encoder_close,
};

static struct wh_step *create(const json_t *recipe, struct wh_error *error)
{
    struct standard *standard = wh_alloc(1, sizeof *standard);
    if (wh_encoder_open(&standard->encoder, &ops, recipe, error) ||
        wh_encoder_count(recipe, "ddof", 0, 1, &standard->ddof, error)) {
        wh_encoder_close(&standard->encoder.step);
        return NULL;
    }
    return &standard->encoder.step;
}

const struct wh_step_type wh_step_standard = {
    .op = "standard",
    .encodes = true,
    .argument = "COLS[:ddof=1]",
    .help = "(x - mean) / standard deviation of all rows; of a sample with ddof=1",
    .keys = (const char *const[]){ "columns", "ddof", NULL },
    .parse = wh_parse_columns_argument,
    .create = create,
    .learns = true,
    .of_numbers = true,
};
