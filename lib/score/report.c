#include "score/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "base/time.h"
#include "model/findings.h"
#include "model/guard.h"
#include "score/weights.h"

void wh_evaluation_add(struct wh_evaluation *evaluation, const struct wh_model *model,
                       const struct wh_prediction *prediction,
                       const struct wh_judgement *judgement)
{
    wh_model_measure(model, &evaluation->metrics, prediction, judgement);
    if (model->task.kind == WH_TASK_BINARY && judgement->informed)
        wh_auc_add(&evaluation->auc, prediction->value, judgement->positive, judgement->weight);
}

void wh_evaluation_free(struct wh_evaluation *evaluation)
{
    wh_metrics_free(&evaluation->metrics);
    wh_auc_free(&evaluation->auc);
}

double wh_evaluation_loss(const struct wh_evaluation *evaluation)
{
    return evaluation->metrics.loss / evaluation->metrics.weight;
}

static bool classifies(const struct wh_model *model)
{
    return wh_task_classifies(&model->task);
}

/* The area under the ROC curve, of two classes. */
static double auc_of(const struct wh_model *model, struct wh_evaluation *evaluation)
{
    return model->task.kind == WH_TASK_BINARY ? wh_auc_value(&evaluation->auc) : (double)NAN;
}

static struct wh_figures figures_of(const struct wh_model *model, const struct wh_metrics *metrics)
{
    return wh_metrics_figures(metrics, model->task.kind, &model->loss);
}

void wh_report_cell(struct wh_buffer *out, double value)
{
    if (isnan(value))
        wh_buffer_format(out, " %10s", "-");
    else if (fabs(value) < 1e5)
        wh_buffer_format(out, " %10.6f", value);
    else
        wh_buffer_format(out, " %10.4g", value);
}

void wh_report_head(struct wh_buffer *out, const struct wh_model *model)
{
    bool classes = classifies(model);
    wh_buffer_format(out, "%10s %10s %10s %10s %10s %10s %10s %10s", "rows", "loss", "recent",
                     classes ? "accuracy" : "MAE", classes ? "AUC" : "RMSE", "constant",
                     "no change", "rows/s");
}

void wh_report_line(struct wh_buffer *out, const struct wh_model *model,
                    struct wh_evaluation *evaluation)
{
    const struct wh_metrics *metrics = &evaluation->metrics;
    struct wh_figures figures = figures_of(model, metrics);
    bool classes = classifies(model);
    wh_buffer_format(out, "%10.0f", metrics->rows);
    wh_report_cell(out, figures.loss);
    wh_report_cell(out, (metrics->loss - evaluation->loss_reported)
                            / (metrics->weight - evaluation->weight_reported));
    wh_report_cell(out, classes ? figures.accuracy : figures.mae);
    wh_report_cell(out, classes ? auc_of(model, evaluation) : figures.rmse);
    wh_report_cell(out, figures.constant_loss);
    wh_report_cell(out, figures.no_change_loss);
    double now = wh_clock();
    if (evaluation->reported_at > 0 && now > evaluation->reported_at)
        wh_buffer_format(out, " %10.0f", (metrics->rows - evaluation->rows_reported)
                                             / (now - evaluation->reported_at));
    else
        wh_buffer_format(out, " %10s", "-");
    evaluation->rows_reported = metrics->rows;
    evaluation->reported_at = now;
    evaluation->loss_reported = metrics->loss;
    evaluation->weight_reported = metrics->weight;
}

void wh_report_columns(struct wh_buffer *out, const struct wh_model *model)
{
    bool classes = classifies(model);
    wh_buffer_format(out, "%10s %10s", "loss", classes ? "accuracy" : "MAE");
    if (model->task.kind != WH_TASK_MULTICLASS)
        wh_buffer_format(out, " %10s", classes ? "AUC" : "RMSE");
}

void wh_report_cells(struct wh_buffer *out, const struct wh_model *model,
                     struct wh_evaluation *evaluation)
{
    struct wh_figures figures = figures_of(model, &evaluation->metrics);
    bool classes = classifies(model);
    wh_report_cell(out, figures.loss);
    wh_report_cell(out, classes ? figures.accuracy : figures.mae);
    if (model->task.kind != WH_TASK_MULTICLASS)
        wh_report_cell(out, classes ? auc_of(model, evaluation) : figures.rmse);
}

/* ", NAME 0.1234", where it is a number. */
static void add_figure(struct wh_buffer *out, const char *name, double value)
{
    if (!isnan(value))
        wh_buffer_format(out, "%s %.6g", name, value);
}

/* What the losses are to be held against; some losses have only one of the two, or none. */
static void add_baselines(struct wh_buffer *out, const struct wh_figures *figures, bool classes)
{
    bool constant = !isnan(figures->constant_loss), before = !isnan(figures->no_change_loss);
    if (!constant && !before)
        return;
    add_figure(out, "to compare: the best constant has loss", figures->constant_loss);
    if (classes)
        add_figure(out, ", accuracy", figures->constant_accuracy);
    if (before)
        wh_buffer_format(out, "%s", constant ? "; " : "to compare: ");
    add_figure(out, "the label before has loss", figures->no_change_loss);
    if (before && classes)
        add_figure(out, ", accuracy", figures->no_change_accuracy);
    else if (before)
        add_figure(out, ", MAE", figures->no_change_mae);
    wh_buffer_byte(out, '\n');
}

static const char *quote_class(char quoted[static 96], const struct wh_class *class)
{
    return class->text ? wh_quote(quoted, class->text, class->length) : NULL;
}

static void report_two_classes(struct wh_buffer *out, const struct wh_model *model)
{
    const struct wh_task *task = &model->task;
    char quoted[96], other[96];
    const char *negative = quote_class(other, &task->classes[0]);
    const char *positive = quote_class(quoted, &task->classes[1]);
    if (!positive && task->positive)
        positive = wh_quote(quoted, task->positive, strlen(task->positive));
    if (!positive)
        positive = "the positive class, which no row had yet";
    wh_buffer_format(out, "task binary: the score is %s %s; ",
                     model->loss.kind == WH_LOSS_HINGE ? "a margin, above 0 for"
                                                       : "the probability of", positive);
    if (negative)
        wh_buffer_format(out, "the other class is %s\n", negative);
    else
        wh_buffer_format(out, "no other class has come yet\n");
}

static void report_many_classes(struct wh_buffer *out, const struct wh_task *task)
{
    char quoted[96], other[96];
    const struct wh_class *classes = task->classes;
    wh_buffer_format(out, "task multiclass, %u class%s: the score is the probability of the class "
                     "that is predicted\n", task->count, task->count == 1 ? "" : "es");
    if (task->count == 2)
        wh_buffer_format(out, "only two classes have come, %s and %s: learn anew with wh-update "
                         "--new --positive VALUE, and the score is the probability of that one\n",
                         quote_class(quoted, &classes[0]), quote_class(other, &classes[1]));
}

static void report_numbers(struct wh_buffer *out, const struct wh_model *model)
{
    const char *label = model->settings.roles.label;
    wh_buffer_format(out, "task regression: the score is ");
    switch (model->loss.kind) {
    case WH_LOSS_ABSOLUTE:
        wh_buffer_format(out, "the median of %s\n", label);
        break;
    case WH_LOSS_QUANTILE:
        wh_buffer_format(out, "what %s is below with probability %g\n", label,
                         model->loss.parameter);
        break;
    case WH_LOSS_HUBER:
        wh_buffer_format(out, "the expected %s, far labels counting less\n", label);
        break;
    default:
        wh_buffer_format(out, "the expected %s\n", label);
    }
}

void wh_report_task(struct wh_buffer *out, const struct wh_model *model)
{
    switch (model->task.kind) {
    case WH_TASK_BINARY:
        report_two_classes(out, model);
        break;
    case WH_TASK_MULTICLASS:
        report_many_classes(out, &model->task);
        break;
    case WH_TASK_REGRESSION:
        report_numbers(out, model);
        break;
    case WH_TASK_UNSETTLED:
        break;
    }
}

void wh_report_figures(struct wh_buffer *out, const struct wh_model *model,
                       struct wh_evaluation *evaluation, const char *loss)
{
    struct wh_figures figures = figures_of(model, &evaluation->metrics);
    bool classes = classifies(model);
    if (!(evaluation->metrics.weight > 0)) {
        wh_buffer_format(out, "%s not measured: %s\n", loss,
                         wh_metrics_measured(&evaluation->metrics) > 0
                             ? "all rows weigh 0" : "the model knew nothing before these rows");
        return;
    }
    add_figure(out, loss, figures.loss);
    wh_buffer_format(out, " (%s)", wh_loss_name(&model->loss));
    if (classes) {
        add_figure(out, ", accuracy", figures.accuracy);
        add_figure(out, ", AUC", auc_of(model, evaluation));
    } else {
        add_figure(out, ", MAE", figures.mae);
        add_figure(out, ", RMSE", figures.rmse);
    }
    wh_buffer_byte(out, '\n');
    add_baselines(out, &figures, classes);
}

static void set_figure(json_t *stats, const char *name, double value)
{
    if (isfinite(value))
        json_object_set_new(stats, name, json_real(value));
}

void wh_report_stats(json_t *stats, const struct wh_model *model,
                     struct wh_evaluation *evaluation, const char *name)
{
    struct wh_figures figures = figures_of(model, &evaluation->metrics);
    json_object_set_new(stats, "loss_name", json_string(wh_loss_name(&model->loss)));
    json_object_set_new(stats, "rows_not_measured",
                        json_integer((json_int_t)evaluation->metrics.passed_over));
    set_figure(stats, name, figures.loss);
    set_figure(stats, "baseline_constant", figures.constant_loss);
    set_figure(stats, "baseline_no_change", figures.no_change_loss);
    if (classifies(model)) {
        set_figure(stats, "accuracy", figures.accuracy);
        set_figure(stats, "auc", auc_of(model, evaluation));
        set_figure(stats, "baseline_constant_accuracy", figures.constant_accuracy);
        set_figure(stats, "baseline_no_change_accuracy", figures.no_change_accuracy);
    } else {
        set_figure(stats, "mae", figures.mae);
        set_figure(stats, "rmse", figures.rmse);
        set_figure(stats, "baseline_no_change_mae", figures.no_change_mae);
    }
}

/*
 * --describe
 */

static void add_number(struct wh_buffer *out, double value)
{
    char *place = wh_buffer_reserve(out, WH_NUMBER_SIZE);
    out->length += wh_number_print(value, place);
}

static void add_text(struct wh_buffer *out, const char *label, const char *text)
{
    if (text)
        wh_buffer_format(out, "%-12s %s\n", label, text);
}

static void add_classes(struct wh_buffer *out, const struct wh_task *task)
{
    enum { MOST_SHOWN = 20 };
    char quoted[96];
    wh_buffer_format(out, "%-12s multiclass: %u class%s:", "task", task->count,
                     task->count == 1 ? "" : "es");
    for (uint32_t i = 0; i < task->count && i < MOST_SHOWN; i++)
        wh_buffer_format(out, "%s %s", i ? "," : "",
                         wh_quote(quoted, task->classes[i].text, task->classes[i].length));
    wh_buffer_format(out, "%s\n", task->count > MOST_SHOWN ? " ..." : "");
}

static void add_setting(struct wh_buffer *out, const char *label, double value)
{
    if (!(value > 0))
        return;
    wh_buffer_format(out, "%-12s ", label);
    add_number(out, value);
    wh_buffer_byte(out, '\n');
}

/* What it learns with, as far as that was given. */
static void describe_settings(struct wh_buffer *out, const struct wh_settings *settings)
{
    add_setting(out, "l1", settings->l1);
    add_setting(out, "l2", settings->l2);
    add_text(out, "products", settings->roles.interactions);
    add_setting(out, "hash bits", (double)settings->roles.hash_bits);
    if (settings->max_features != WH_DEFAULT_MAX_FEATURES)
        add_setting(out, "max features", (double)settings->max_features);
    add_text(out, "classes by", settings->class_weights);
    add_text(out, "half-life", settings->half_life);
}

static void describe_task(struct wh_buffer *out, const struct wh_model *model)
{
    const struct wh_task *task = &model->task;
    char negative[96] = "not seen", positive[96] = "not seen";
    if (task->kind == WH_TASK_MULTICLASS) {
        add_classes(out, task);
        return;
    }
    if (task->kind != WH_TASK_BINARY) {
        add_text(out, "task", wh_task_name(task));
        return;
    }
    if (task->classes[0].text)
        wh_quote(negative, task->classes[0].text, task->classes[0].length);
    if (task->classes[1].text)
        wh_quote(positive, task->classes[1].text, task->classes[1].length);
    wh_buffer_format(out, "%-12s binary: positive %s, negative %s\n", "task", positive, negative);
}

static void describe_history(struct wh_buffer *out, const struct wh_model *model)
{
    struct wh_figures figures = figures_of(model, &model->metrics);
    wh_buffer_format(out, "%-12s %.0f\n%-12s %lu\n", "rows", model->metrics.rows, "features",
                     (unsigned long)model->names.count - 1);
    if (!model->learner)
        return;
    if (!(model->metrics.weight > 0)) {
        add_text(out, "loss", "no row was measured yet");
        return;
    }
    wh_buffer_format(out, "%-12s %.6g before learning from each row", "loss", figures.loss);
    if (!isnan(figures.constant_loss))
        wh_buffer_format(out, " (best constant %.6g)", figures.constant_loss);
    wh_buffer_byte(out, '\n');
    if (classifies(model))
        wh_buffer_format(out, "%-12s %.6g (best constant %.6g)\n", "accuracy", figures.accuracy,
                         figures.constant_accuracy);
    else
        wh_buffer_format(out, "%-12s %.6g\n%-12s %.6g\n", "MAE", figures.mae, "RMSE",
                         figures.rmse);
}

static void describe_place(struct wh_buffer *out, const struct wh_model *model)
{
    char text[80];
    if (!wh_place_none(&model->checkpoint.place))
        add_text(out, "stream at", wh_place_text(&model->checkpoint.place, text));
}

/* A feature's weight in each output: an output is named where there are many. */
static void add_feature(struct wh_buffer *out, const struct wh_model *model, uint32_t id)
{
    const struct wh_learner *learner = model->learner;
    double numbers[WH_MAX_PARAMETERS];
    char quoted[96], class[96] = "";
    const char *name = "(constant)";
    if (id != WH_CONSTANT)
        name = wh_quote(quoted, wh_names_text(&model->names, id), model->names.names[id].length);
    for (uint32_t i = 0; i < learner->outputs; i++) {
        const struct wh_class *of = &model->task.classes[i];
        if (learner->outputs > 1)
            wh_quote(class, of->text, of->length);
        learner->type->get(learner->heads[i], id, numbers);
        wh_buffer_format(out, "%12.6g %12.6g  %s%s%s\n", numbers[0],
                         learner->type->effect(learner->heads[i], id), name,
                         learner->outputs > 1 ? " for " : "", class);
    }
}

static void describe_features(struct wh_buffer *out, const struct wh_model *model, size_t top)
{
    size_t count;
    uint32_t *ranked = wh_weights_ranked(model, &count);
    if (top > count)
        top = count;
    wh_buffer_format(out, "\n%12s %12s  feature (%zu of %zu, by effect: the weight times "
                     "the largest value seen, where that is kept)\n", "weight", "effect", top,
                     count);
    add_feature(out, model, WH_CONSTANT);
    for (size_t i = 0; i < top; i++)
        add_feature(out, model, ranked[i]);
    free(ranked);
}

static void describe_learner(struct wh_buffer *out, const struct wh_model *model, size_t top)
{
    const struct wh_learner *learner = model->learner;
    char quoted[96];
    for (uint32_t i = 0; i < learner->outputs && learner->type->describe; i++) {
        const struct wh_class *class = &model->task.classes[i];
        wh_buffer_byte(out, '\n');
        if (learner->outputs > 1)
            wh_buffer_format(out, "for %s against the others:\n",
                             wh_quote(quoted, class->text, class->length));
        learner->type->describe(learner->view, learner->heads[i], out);
    }
    if (learner->type->head_parameters.count)
        describe_features(out, model, top);
}

void wh_report_model(struct wh_buffer *out, const struct wh_model *model, size_t top)
{
    wh_buffer_format(out, "%-12s %s", "learner", model->type->name);
    if (!model->type->untuned) {
        wh_buffer_literal(out, ", learning rate ");
        add_number(out, model->settings.rate);
    }
    wh_buffer_byte(out, '\n');
    describe_task(out, model);
    if (model->loss_settled)
        wh_buffer_format(out, "%-12s %s (link: %s)\n", "loss is", wh_loss_name(&model->loss),
                         wh_loss_link(&model->loss));
    add_text(out, "label", model->settings.roles.label);
    add_text(out, "weight", model->settings.roles.weight);
    add_text(out, "id", model->settings.roles.id);
    add_text(out, "ignored", model->settings.roles.ignore);
    add_text(out, "time", model->settings.roles.time);
    add_text(out, "held out", model->settings.holdout);
    describe_settings(out, &model->settings);
    add_text(out, "input", model->input == WH_INPUT_FEATURES  ? "features object"
                           : model->input == WH_INPUT_COLUMNS ? "columns"
                                                              : "no label has come yet");
    add_text(out, "recipe", *model->stamp ? model->stamp : NULL);
    describe_history(out, model);
    wh_guard_describe(out, model);
    wh_join_describe(out, model);
    describe_place(out, model);
    add_text(out, "saved", model->saved);
    add_text(out, "digest", model->digest);
    wh_findings_describe(out, model);
    if (model->learner)
        describe_learner(out, model, top);
}
