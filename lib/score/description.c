#include "score/description.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/findings.h"
#include "model/guard.h"
#include "score/report.h"
#include "score/weights.h"

static json_t *text_or_null(const char *text)
{
    return text && *text ? json_string(text) : json_null();
}

static json_t *positive_or_null(double number)
{
    return number > 0 && isfinite(number) ? json_real(number) : json_null();
}

/* A label as it is in the rows. */
static json_t *label(const struct wh_task *task, uint32_t class)
{
    const struct wh_class *known = &task->classes[class];
    if (task->type == WH_TRUE)
        return json_boolean(class);
    if (!known->text)
        return json_null();
    return task->type == WH_NUMBER ? json_real(known->number)
                                   : json_stringn(known->text, known->length);
}

static void describe_task(json_t *object, const struct wh_model *model)
{
    const struct wh_task *task = &model->task;
    json_object_set_new(object, "task", json_string(wh_task_name(task)));
    if (task->kind == WH_TASK_BINARY) {
        json_object_set_new(object, "positive", label(task, 1));
        json_object_set_new(object, "negative", label(task, 0));
    } else if (task->kind == WH_TASK_MULTICLASS) {
        json_t *labels = json_array();
        for (uint32_t i = 0; i < task->count; i++)
            json_array_append_new(labels, label(task, i));
        json_object_set_new(object, "labels", labels);
    }
    if (model->loss_settled) {
        json_object_set_new(object, "loss", json_string(wh_loss_name(&model->loss)));
        json_object_set_new(object, "link", json_string(wh_loss_link(&model->loss)));
    }
}

static void describe_settings(json_t *object, const struct wh_model *model)
{
    const struct wh_settings *settings = &model->settings;
    const struct wh_roles *roles = &settings->roles;
    bool tuned = !model->type->untuned;
    json_object_set_new(object, "learner", json_string(model->type->name));
    json_object_set_new(object, "learning_rate", tuned ? json_real(settings->rate) : json_null());
    json_object_set_new(object, "label", text_or_null(roles->label));
    json_object_set_new(object, "weight", text_or_null(roles->weight));
    json_object_set_new(object, "id", text_or_null(roles->id));
    json_object_set_new(object, "ignore", text_or_null(roles->ignore));
    json_object_set_new(object, "time", text_or_null(roles->time));
    json_object_set_new(object, "holdout", text_or_null(settings->holdout));
    json_object_set_new(object, "l1", positive_or_null(settings->l1));
    json_object_set_new(object, "l2", positive_or_null(settings->l2));
    json_object_set_new(object, "interactions", text_or_null(roles->interactions));
    json_object_set_new(object, "hash_bits", roles->hash_bits
                        ? json_integer((json_int_t)roles->hash_bits) : json_null());
    json_object_set_new(object, "max_features", json_integer((json_int_t)settings->max_features));
    json_object_set_new(object, "class_weights", text_or_null(settings->class_weights));
    json_object_set_new(object, "half_life", text_or_null(settings->half_life));
}

static void describe_history(json_t *object, const struct wh_model *model)
{
    const struct wh_place *place = &model->checkpoint.place;
    const char *input = model->input == WH_INPUT_FEATURES  ? "features"
                        : model->input == WH_INPUT_COLUMNS ? "columns" : NULL;
    json_object_set_new(object, "input", text_or_null(input));
    json_object_set_new(object, "recipe", text_or_null(model->stamp));
    json_object_set_new(object, "rows", json_integer((json_int_t)model->metrics.rows));
    json_object_set_new(object, "features", json_integer((json_int_t)model->names.count - 1));
    if (model->learner) {
        struct wh_evaluation evaluation = { .metrics = model->metrics };
        json_t *metrics = json_object();
        wh_report_stats(metrics, model, &evaluation, "progressive_loss");
        json_object_set_new(object, "metrics", metrics);
        wh_guard_stats(object, model);
    }
    json_object_set_new(object, "checkpoint", wh_place_json(place));
    json_object_set_new(object, "saved", text_or_null(model->saved));
    json_object_set_new(object, "digest", text_or_null(model->digest));
}

/* {"name":"city=Lagos","weight":0.5,"effect":0.5}, with the class where there are many outputs. */
static void add_feature(json_t *list, const struct wh_model *model, uint32_t id)
{
    const struct wh_learner *learner = model->learner;
    double numbers[WH_MAX_PARAMETERS];
    for (uint32_t i = 0; i < learner->outputs; i++) {
        json_t *feature = json_object();
        learner->type->get(learner->heads[i], id, numbers);
        json_object_set_new(feature, "name", id == WH_CONSTANT ? json_null()
                            : json_stringn(wh_names_text(&model->names, id),
                                           model->names.names[id].length));
        if (learner->outputs > 1)
            json_object_set_new(feature, "class", label(&model->task, i));
        json_object_set_new(feature, "weight", json_real(numbers[0]));
        json_object_set_new(feature, "effect",
                            json_real(learner->type->effect(learner->heads[i], id)));
        json_array_append_new(list, feature);
    }
}

json_t *wh_model_description(const struct wh_model *model, size_t top)
{
    json_t *object = json_object();
    describe_settings(object, model);
    describe_task(object, model);
    describe_history(object, model);
    json_object_set_new(object, "columns", model->input == WH_INPUT_FEATURES
                        ? json_null() : wh_findings_columns(model));
    if (!model->learner || !model->type->head_parameters.count)
        return object;
    size_t count;
    uint32_t *ranked = wh_weights_ranked(model, &count);
    json_t *list = json_array();
    add_feature(list, model, WH_CONSTANT);
    for (size_t i = 0; i < count && i < top; i++)
        add_feature(list, model, ranked[i]);
    json_object_set_new(object, "top_features", list);
    free(ranked);
    return object;
}
