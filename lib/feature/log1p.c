/* --log1p: ln(1 + x), as numpy.log1p. */
#include <math.h>

#include "base/number.h"
#include "feature/encoder.h"
#include "feature/table.h"
#include "pipe/step_argument.h"

static struct wh_binding *bind(struct wh_step *step, const struct wh_shape *shape,
                               struct wh_error *error)
{
    struct wh_features *features = step->context->features;
    return (struct wh_binding *)wh_encoder_bind_numbers((struct wh_encoder *)step, shape, features,
                                                        error);
}

static enum wh_verdict row(struct wh_step *step, struct wh_binding *binding, struct wh_row *row,
                           struct wh_error *error)
{
    struct wh_features *features = step->context->features;
    struct wh_encoder_binding *own = (struct wh_encoder_binding *)binding;
    wh_features_pass(features, own);
    for (size_t i = 0; i < own->count; i++) {
        const struct wh_encoder_column *column = &own->columns[i];
        struct wh_feature_item *item = wh_encoder_number("log1p", column, row, features, error);
        if (!item)
            return WH_BAD;
        if (item->kind == WH_FEATURE_NULL)
            continue;
        if (item->number <= -1) {
            char text[WH_NUMBER_SIZE];
            wh_bad_row(error, "log1p", column->name, column->length, 0,
                       "%.*s is not above -1, so that it has no log1p",
                       (int)wh_number_print(item->number, text), text);
            return WH_BAD;
        }
        item->number = log1p(item->number);
    }
    return WH_PASSED;
}

static const struct wh_step_ops ops = {
    .bind = bind,
    .row = row,
    .columns = wh_encoder_columns,
    .close = wh_encoder_close,
};

static struct wh_step *create(const json_t *recipe, struct wh_error *error)
{
    struct wh_encoder *encoder = wh_alloc(1, sizeof *encoder);
    if (wh_encoder_open(encoder, &ops, recipe, error)) {
        wh_encoder_close(&encoder->step);
        return NULL;
    }
    return &encoder->step;
}

const struct wh_step_type wh_step_log1p = {
    .op = "log1p",
    .encodes = true,
    .argument = "COLS",
    .help = "ln(1 + x); a value of -1 or less makes a bad row",
    .keys = (const char *const[]){ "columns", NULL },
    .parse = wh_parse_columns_argument,
    .create = create,
    .of_numbers = true,
};
