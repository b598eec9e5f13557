#include "score/weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"

enum { BLOCK = 64 << 10 };

/* From a learner's weights to the label's unit. */
struct unit {
    double size;
    double base; /* what is predicted where all is zero: belongs to the constant */
};

static struct unit unit_of(const struct wh_model *model)
{
    struct unit unit = { 1, 0 };
    if (model->task.kind != WH_TASK_REGRESSION)
        return unit;
    double none = wh_target_expected(&model->target, &model->loss, 0);
    if (model->loss.kind == WH_LOSS_POISSON) {
        unit.base = log(none > 1e-300 ? none : 1e-300);
    } else {
        unit.base = none;
        unit.size = wh_target_unit(&model->target, &model->loss);
    }
    return unit;
}

/* Names may hold anything: quoted where RFC 4180 wants it. The constant's is empty. */
static void add_text(struct wh_buffer *out, const char *text, size_t length)
{
    bool plain = length > 0;
    for (size_t i = 0; plain && i < length; i++)
        plain = text[i] != ',' && text[i] != '"' && text[i] != '\n' && text[i] != '\r';
    if (plain) {
        wh_buffer_add(out, text, length);
        return;
    }
    wh_buffer_byte(out, '"');
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"')
            wh_buffer_byte(out, '"');
        wh_buffer_byte(out, text[i]);
    }
    wh_buffer_byte(out, '"');
}

static void add_number(struct wh_buffer *out, double number)
{
    wh_buffer_byte(out, ',');
    char *place = wh_buffer_reserve(out, WH_NUMBER_SIZE);
    out->length += wh_number_print(number, place);
}

static void add_feature(struct wh_buffer *out, const struct wh_model *model, uint32_t id,
                        struct unit unit)
{
    const struct wh_learner *learner = model->learner;
    bool classes = model->task.kind == WH_TASK_MULTICLASS;
    double numbers[WH_MAX_PARAMETERS];
    for (uint32_t i = 0; i < learner->outputs; i++) {
        const struct wh_class *class = &model->task.classes[i];
        if (id != WH_CONSTANT)
            add_text(out, wh_names_text(&model->names, id), model->names.names[id].length);
        if (classes) {
            wh_buffer_byte(out, ',');
            add_text(out, class->text, class->length);
        }
        learner->type->get(learner->heads[i], id, numbers);
        double base = id != WH_CONSTANT ? 0 : classes ? class->offset : unit.base;
        add_number(out, numbers[0] * unit.size + base);
        add_number(out, learner->type->effect(learner->heads[i], id) * unit.size);
        wh_buffer_byte(out, '\n');
    }
}

int wh_weights_write(const struct wh_model *model, const char *path, int descriptor,
                     struct wh_error *error)
{
    if (!model->learner)
        return wh_fail(error, WH_REFUSED, "%s: has learned nothing yet, and has no weights", path);
    if (!model->type->contribute)
        return wh_fail(error, WH_REFUSED,
                       "%s: the learner %s has no weight for each feature, as it is no single "
                       "linear model (see --describe, and --explain for single rows)", path,
                       model->type->name);
    struct wh_buffer out = { 0 };
    struct unit unit = unit_of(model);
    int result = 0;
    wh_buffer_format(&out, "feature,%sweight,effect\n",
                     model->task.kind == WH_TASK_MULTICLASS ? "class," : "");
    for (uint32_t id = 0; id < model->names.count && result == 0; id++) {
        add_feature(&out, model, id, unit);
        if (out.length < BLOCK && id + 1 < model->names.count)
            continue;
        result = wh_write_named(descriptor, "standard output", out.data, out.length, error);
        out.length = 0;
    }
    wh_buffer_free(&out);
    return result;
}

/* ---- by effect ------------------------------------------------------------------------------ */

struct ranked {
    double effect;
    uint32_t id;
};

static int by_effect(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    if (a->effect != b->effect)
        return a->effect > b->effect ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

uint32_t *wh_weights_ranked(const struct wh_model *model, size_t *count)
{
    *count = model->names.count - 1;
    struct ranked *ranked = wh_alloc(*count + 1, sizeof *ranked);
    uint32_t *ids = wh_alloc(*count + 1, sizeof *ids);
    for (uint32_t id = 1; id <= *count; id++)
        ranked[id - 1] = (struct ranked){ wh_learner_effect(model->learner, id), id };
    qsort(ranked, *count, sizeof *ranked, by_effect);
    for (size_t i = 0; i < *count; i++)
        ids[i] = ranked[i].id;
    free(ranked);
    return ids;
}
