/* --passthrough: numbers as they are, text and all. */
#include <math.h>
#include <stdlib.h>

#include "base/number.h"
#include "feature/encoder.h"
#include "feature/table.h"
#include "pipe/step_argument.h"

/* Digits that no double overflows with, where there is no exponent. */
enum { SAFE_DIGITS = 300 };

static struct wh_binding *bind(struct wh_step *step, const struct wh_shape *shape,
                               struct wh_error *error)
{
    struct wh_features *features = step->context->features;
    return (struct wh_binding *)wh_encoder_bind_numbers((struct wh_encoder *)step, shape, features,
                                                        error);
}

/* Puts a number in as its text, a zero as that. False where it is no finite double. */
static bool put_text(struct wh_feature_item *item, const struct wh_field *field)
{
    bool zero = true, plain = field->length <= SAFE_DIGITS;
    for (uint32_t i = 0; i < field->length && plain; i++) {
        zero = zero && (field->text[i] < '1' || field->text[i] > '9');
        plain = (field->text[i] | ' ') != 'e';
    }
    if (!plain) {
        double number = wh_number_parse_slack(field->text, field->length);
        zero = number == 0;
        if (!isfinite(number))
            return false;
    }
    item->kind = zero ? WH_FEATURE_NUMBER : WH_FEATURE_TEXT;
    if (zero) {
        item->number = 0;
        return true;
    }
    item->text = field->text;
    item->length = field->length;
    return true;
}

static bool put(struct wh_feature_item *item, const struct wh_field *field)
{
    switch ((enum wh_type)field->type) {
    case WH_NUMBER:
        return put_text(item, field);
    case WH_NULL:
        item->kind = WH_FEATURE_NULL;
        return true;
    case WH_FALSE:
    case WH_TRUE:
        item->kind = WH_FEATURE_NUMBER;
        item->number = field->type == WH_TRUE;
        return true;
    case WH_STRING:
    case WH_NESTED:
        break;
    }
    return false;
}

static enum wh_verdict row(struct wh_step *step, struct wh_binding *binding, struct wh_row *row,
                           struct wh_error *error)
{
    struct wh_features *features = step->context->features;
    static const struct wh_field absent = { .text = "", .type = WH_NULL };
    (void)step;
    struct wh_encoder_binding *own = (struct wh_encoder_binding *)binding;
    wh_features_pass(features, own);
    for (size_t i = 0; i < own->count; i++) {
        const struct wh_encoder_column *column = &own->columns[i];
        if (wh_features_find(features, column->feature))
            continue;
        struct wh_feature_item *item = wh_features_add(features, column->feature);
        if (!put(item, column->field < 0 ? &absent : &row->fields[column->field])) {
            wh_encoder_no_number("passthrough", column, row, error);
            return WH_BAD;
        }
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

const struct wh_step_type wh_step_passthrough = {
    .op = "passthrough",
    .encodes = true,
    .argument = "COLS",
    .help = "numbers and booleans as they are",
    .keys = (const char *const[]){ "columns", NULL },
    .parse = wh_parse_columns_argument,
    .create = create,
    .of_numbers = true,
};
