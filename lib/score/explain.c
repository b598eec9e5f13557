#include "score/explain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "record/json.h"

/* A feature of the row, and what it counts. */
struct part {
    uint32_t id;
    double effect;
};

struct wh_explainer {
    const struct wh_model *model;
    struct wh_model_scratch *scratch;
    struct part *top; /* by size, the largest first */
    uint32_t most, count;
    unsigned digits; /* of the numbers that are written; 0: all */
    double *effects; /* one for each feature of the row */
    double *others;  /* of the other of two outputs */
    uint32_t *ids;   /* of a row without one of its features */
    double *values;
    size_t capacity;
    struct wh_buffer text;
};

struct wh_explainer *wh_explainer_open(const struct wh_model *model,
                                       struct wh_model_scratch *scratch, uint32_t most,
                                       unsigned digits)
{
    struct wh_explainer *explainer = wh_alloc(1, sizeof *explainer);
    explainer->model = model;
    explainer->scratch = scratch;
    explainer->most = most;
    explainer->digits = digits;
    explainer->top = wh_alloc(most, sizeof *explainer->top);
    return explainer;
}

void wh_explainer_close(struct wh_explainer *explainer)
{
    if (!explainer)
        return;
    free(explainer->top);
    free(explainer->effects);
    free(explainer->others);
    free(explainer->ids);
    free(explainer->values);
    wh_buffer_free(&explainer->text);
    free(explainer);
}

static void make_room(struct wh_explainer *explainer, size_t count)
{
    if (count <= explainer->capacity)
        return;
    size_t capacity = explainer->capacity = count < 64 ? 64 : 2 * count;
    explainer->effects = wh_resize(explainer->effects, capacity, sizeof *explainer->effects);
    explainer->others = wh_resize(explainer->others, capacity, sizeof *explainer->others);
    explainer->ids = wh_resize(explainer->ids, capacity, sizeof *explainer->ids);
    explainer->values = wh_resize(explainer->values, capacity, sizeof *explainer->values);
}

/*
 * Totals
 */

/* Which outputs the total is made of. */
struct question {
    uint32_t best, next; /* more than two classes: the predicted one, and the next best */
};

static struct question ask(const struct wh_model *model, const struct wh_prediction *prediction,
                           uint32_t best)
{
    struct question question = { best, best };
    if (!prediction->probabilities)
        return question;
    double next = -1;
    for (uint32_t i = 0; i < model->learner->outputs; i++)
        if (i != question.best && prediction->probabilities[i] > next) {
            question.next = i;
            next = prediction->probabilities[i];
        }
    return question;
}

/* Expected counts may be 0, where no row had any. */
static double logarithm(double number)
{
    static const double LEAST = 1e-300;
    return log(number > LEAST ? number : LEAST);
}

static bool is_logarithm(const struct wh_model *model)
{
    return model->task.kind == WH_TASK_REGRESSION && model->loss.kind == WH_LOSS_POISSON;
}

static double total_of(const struct wh_model *model, const struct wh_prediction *prediction,
                       struct question question)
{
    if (model->task.kind == WH_TASK_MULTICLASS)
        return wh_model_margin(model, prediction, question.best)
             - wh_model_margin(model, prediction, question.next);
    if (model->task.kind == WH_TASK_BINARY)
        return prediction->raw[0];
    return is_logarithm(model) ? logarithm(prediction->value) : prediction->value;
}

/*
 * Effects
 */

/* Of a linear learner: what the values add to the total; returns what is added besides. */
static double find_shares(struct wh_explainer *explainer, const struct wh_example *example,
                          struct question question)
{
    const struct wh_model *model = explainer->model;
    double *effects = explainer->effects, *others = explainer->others;
    bool multiclass = model->task.kind == WH_TASK_MULTICLASS;
    wh_model_contribute(model, explainer->scratch, multiclass ? question.best : 0, example,
                        effects);
    if (model->task.kind == WH_TASK_BINARY)
        return 0;
    if (!multiclass) {
        double none = wh_target_expected(&model->target, &model->loss, 0);
        double unit = is_logarithm(model) ? 1 : wh_target_unit(&model->target, &model->loss);
        for (size_t i = 0; i < example->count; i++)
            effects[i] *= unit;
        return is_logarithm(model) ? logarithm(none) : none;
    }
    wh_model_contribute(model, explainer->scratch, question.next, example, others);
    for (size_t i = 0; i < example->count; i++)
        effects[i] -= others[i];
    const struct wh_class *classes = model->task.classes;
    return classes[question.best].offset - classes[question.next].offset;
}

/* Of any learner: how much lower the total is without a value. */
static void leave_out(struct wh_explainer *explainer, const struct wh_example *example,
                      struct question question, double total)
{
    const struct wh_model *model = explainer->model;
    struct wh_example rest = *example;
    rest.ids = explainer->ids;
    rest.values = explainer->values;
    rest.count = example->count - 1;
    memcpy(explainer->ids, example->ids, example->count * sizeof *example->ids);
    memcpy(explainer->values, example->values, example->count * sizeof *example->values);
    for (size_t i = example->count; i-- > 1;) {
        /* What stands after the i-th is in its place already; the constant is never left out. */
        struct wh_prediction prediction = wh_model_predict(model, explainer->scratch, &rest);
        explainer->effects[i] = total - total_of(model, &prediction, question);
        explainer->ids[i - 1] = example->ids[i];
        explainer->values[i - 1] = example->values[i];
    }
    explainer->effects[0] = 0;
    wh_model_predict(model, explainer->scratch, example);
}

/* Those that count most; of two that count the same, the one that comes first. */
static void choose(struct wh_explainer *explainer, const struct wh_example *example)
{
    struct part *top = explainer->top;
    explainer->count = 0;
    for (size_t i = 1; i < example->count; i++) {
        double effect = explainer->effects[i], size = fabs(effect);
        uint32_t place = explainer->count;
        if (!(size > 0) || (place == explainer->most && size <= fabs(top[place - 1].effect)))
            continue;
        if (place == explainer->most)
            place--;
        else
            explainer->count++;
        for (; place > 0 && fabs(top[place - 1].effect) < size; place--)
            top[place] = top[place - 1];
        top[place] = (struct part){ example->ids[i], effect };
    }
}

/*
 * Text
 */

static void add_member(struct wh_explainer *explainer, const char *before, double value)
{
    struct wh_buffer *out = &explainer->text;
    wh_buffer_add(out, before, strlen(before));
    char *place = wh_buffer_reserve(out, WH_NUMBER_SIZE);
    out->length += wh_number_print_rounded(value, explainer->digits, place);
}

static void add_features(struct wh_explainer *explainer)
{
    struct wh_buffer *out = &explainer->text;
    const struct wh_names *names = &explainer->model->names;
    wh_buffer_literal(out, ",\"features\":[");
    for (uint32_t i = 0; i < explainer->count; i++) {
        uint32_t id = explainer->top[i].id;
        if (i)
            wh_buffer_byte(out, ',');
        wh_buffer_literal(out, "[\"");
        wh_json_escape(out, wh_names_text(names, id), names->names[id].length);
        add_member(explainer, "\",", explainer->top[i].effect);
        wh_buffer_byte(out, ']');
    }
    wh_buffer_byte(out, ']');
}

struct wh_field wh_explain(struct wh_explainer *explainer, const struct wh_example *example,
                           uint32_t best, struct wh_row *row)
{
    const struct wh_model *model = explainer->model;
    struct wh_prediction prediction = wh_model_predict(model, explainer->scratch, example);
    struct question question = ask(model, &prediction, best);
    double total = total_of(model, &prediction, question), constant = 0;
    bool linear = model->type->contribute != NULL;
    struct wh_buffer *out = &explainer->text;
    make_room(explainer, example->count);
    if (linear)
        constant = find_shares(explainer, example, question) + explainer->effects[0];
    else
        leave_out(explainer, example, question, total);
    choose(explainer, example);
    out->length = 0;
    add_member(explainer, "{\"total\":", total);
    if (linear)
        add_member(explainer, ",\"constant\":", constant);
    add_features(explainer);
    double rest = total - constant;
    for (uint32_t i = 0; i < explainer->count; i++)
        rest -= explainer->top[i].effect;
    if (linear)
        add_member(explainer, ",\"rest\":", rest);
    wh_buffer_byte(out, '}');
    char *text = wh_row_take(row, out->length);
    memcpy(text, out->data, out->length);
    return (struct wh_field){ .type = WH_NESTED, .text = text, .length = (uint32_t)out->length };
}
