#include "model/model.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/classweights.h"

struct wh_model_scratch {
    /* For each output. */
    double *raw;
    double *probabilities;
    double *sums; /* of what stands before an output */
    struct wh_outcome *outcomes;
    uint32_t outputs;
    struct wh_learner_scratch *learner; /* NULL until a row is predicted */
};

struct wh_model_scratch *wh_model_scratch_open(void)
{
    return wh_alloc(1, sizeof(struct wh_model_scratch));
}

void wh_model_scratch_close(struct wh_model_scratch *scratch)
{
    if (!scratch)
        return;
    free(scratch->raw);
    free(scratch->probabilities);
    free(scratch->sums);
    free(scratch->outcomes);
    wh_learner_scratch_close(scratch->learner);
    free(scratch);
}

static void grow_scratch(struct wh_model_scratch *scratch, uint32_t outputs)
{
    scratch->raw = wh_resize(scratch->raw, outputs, sizeof *scratch->raw);
    scratch->probabilities = wh_resize(scratch->probabilities, outputs,
                                       sizeof *scratch->probabilities);
    scratch->sums = wh_resize(scratch->sums, outputs, sizeof *scratch->sums);
    scratch->outcomes = wh_resize(scratch->outcomes, outputs, sizeof *scratch->outcomes);
    scratch->outputs = outputs;
}

/* Makes the scratch one for the model as it is now. */
static void fit_scratch(struct wh_model_scratch *scratch, const struct wh_model *model)
{
    const struct wh_learner *learner = model->learner;
    if (!wh_learner_scratch_fits(scratch->learner, learner)) {
        wh_learner_scratch_close(scratch->learner);
        scratch->learner = wh_learner_scratch_open(learner);
    }
    if (learner->outputs > scratch->outputs)
        grow_scratch(scratch, learner->outputs);
}

struct wh_model *wh_model_open(void)
{
    struct wh_model *model = wh_alloc(1, sizeof *model);
    wh_names_init(&model->names);
    wh_census_init(&model->census);
    model->settings = wh_settings_none();
    return model;
}

struct wh_model *wh_model_share(const struct wh_model *model)
{
    struct wh_model *own = wh_alloc(1, sizeof *own);
    *own = *model;
    own->shared = model;
    wh_census_copy(&own->census, &model->census);
    wh_task_copy(&own->task, &model->task);
    return own;
}

static void free_calibrations(struct wh_model *model)
{
    for (uint32_t i = 0; i < model->calibration_count; i++)
        wh_calibration_free(&model->calibrations[i]);
    free(model->calibrations);
    model->calibrations = NULL;
    model->calibration_count = 0;
}

/* What a model shares. */
static void free_learned(struct wh_model *model)
{
    wh_learner_close(model->learner);
    wh_names_free(&model->names);
    wh_metrics_free(&model->metrics);
    free_calibrations(model);
    wh_checkpoint_free(&model->checkpoint);
    wh_pending_free(&model->joining.pending);
    wh_settings_free(&model->settings);
}

void wh_model_close(struct wh_model *model)
{
    if (!model)
        return;
    wh_census_free(&model->census);
    wh_task_free(&model->task);
    if (!model->shared)
        free_learned(model);
    free(model);
}

static uint32_t output_count(const struct wh_model *model)
{
    return model->task.kind == WH_TASK_MULTICLASS ? model->task.count : 1;
}

static int settle_penalty(const struct wh_model *model, const char *option, double *penalty,
                          struct wh_error *error)
{
    if (isnan(*penalty))
        return 0;
    if (model->type->unpenalized && *penalty != 0)
        return wh_fail(error, WH_REFUSED, "--%s is not for the learner %s: %s", option,
                       model->type->name, model->type->unpenalized);
    if (*penalty >= 0 && *penalty <= WH_LARGEST_RATE)
        return 0;
    return wh_fail(error, WH_REFUSED, "--%s must be 0 or more, and 1e9 at most", option);
}

static int settle_hash(const struct wh_model *model, struct wh_error *error)
{
    const struct wh_roles *roles = &model->settings.roles;
    if (!roles->hash_bits)
        return 0;
    if (roles->hash_bits > WH_MOST_HASH_BITS)
        return wh_fail(error, WH_REFUSED, "--hash-bits %" PRIu64 ": it must be from 1 to %d",
                       roles->hash_bits, WH_MOST_HASH_BITS);
    if (roles->interactions)
        return wh_fail(error, WH_REFUSED, "--hash-bits and --interactions contradict each other: "
                       "products are made by the names of features, which are not kept");
    if (model->type->needs & WH_NEEDS_NAMES)
        return wh_fail(error, WH_REFUSED, "--hash-bits is not for the learner %s, which goes by "
                       "the names of features: give --learner nag, ftrl, coin or sgd",
                       model->type->name);
    return 0;
}

int wh_model_settle(struct wh_model *model, struct wh_error *error)
{
    struct wh_settings *settings = &model->settings;
    if (isnan(settings->rate))
        settings->rate = model->type->rate;
    if (!(settings->rate > 0 && settings->rate <= WH_LARGEST_RATE))
        return wh_fail(error, WH_REFUSED, "--learning-rate must be above 0, and 1e9 at most");
    if (model->type->untuned && settings->rate != model->type->rate)
        return wh_fail(error, WH_REFUSED, "--learning-rate is not for the learner %s: %s",
                       model->type->name, model->type->untuned);
    if (settle_hash(model, error) != 0)
        return -1;
    if (settings->class_weights && wh_class_weights_check(settings->class_weights, error) != 0)
        return -1;
    if (settings->half_life
        && wh_forgetting_parse(settings->half_life, settings->roles.time, &model->forgetting,
                               error) != 0)
        return -1;
    return settle_penalty(model, "l1", &settings->l1, error)
        || settle_penalty(model, "l2", &settings->l2, error) ? -1 : 0;
}

void wh_model_make_learner(struct wh_model *model)
{
    struct wh_learner_settings settings = {
        .loss = model->loss,
        .numbers = model->task.kind == WH_TASK_REGRESSION,
        .rate = model->settings.rate,
        .l1 = isnan(model->settings.l1) ? 0 : model->settings.l1,
        .l2 = isnan(model->settings.l2) ? 0 : model->settings.l2,
        .names = &model->names,
    };
    model->loss_settled = true;
    model->learner = wh_learner_open(model->type, &settings, output_count(model));
}

uint32_t wh_model_outputs(const struct wh_model *model)
{
    return model->learner ? model->learner->outputs : output_count(model);
}

unsigned wh_model_needs(const struct wh_model *model)
{
    return model->type->needs;
}

/* Whether two stamps "R.F" may meet: the same recipe, and the same constants unless the model
 * learned from rows whose constants were themselves still being learned. */
static int compare_stamps(const char *model, const char *row, struct wh_error *error)
{
    const char *model_dot = strchr(model, '.'), *row_dot = strchr(row, '.');
    size_t length = model_dot ? (size_t)(model_dot - model) : strlen(model);
    size_t row_length = row_dot ? (size_t)(row_dot - row) : strlen(row);
    if (length != row_length || memcmp(model, row, length) != 0)
        return wh_fail(error, WH_REFUSED,
                       "the row's features were made by recipe %s, the model learned from those of "
                       "recipe %s: use the recipe and the state that it was trained with, or learn "
                       "a new model", row, model);
    const char *constants = model_dot ? model_dot + 1 : "", *others = row_dot ? row_dot + 1 : "";
    if (strcmp(constants, others) == 0 || strcmp(constants, "live") == 0)
        return 0;
    return wh_fail(error, WH_REFUSED,
                   "the row's features were made with other constants (%s) than the model learned "
                   "from (%s): use the state that it was trained with, or learn a new model", row,
                   model);
}

static int read_stamp(const struct wh_field *field, char stamp[static WH_STAMP_SIZE],
                      struct wh_error *error)
{
    char quoted[96];
    stamp[0] = '\0';
    if (!field || field->type == WH_NULL)
        return 0;
    if (field->type != WH_STRING || field->flags & WH_ESCAPED || field->length >= WH_STAMP_SIZE
        || memchr(field->text, '\0', field->length))
        return wh_fail(error, WH_REFUSED, "recipe: %s is not the stamp of a recipe",
                       wh_quote(quoted, field->text, field->length));
    memcpy(stamp, field->text, field->length);
    stamp[field->length] = '\0';
    return 0;
}

static int check_stamp(const struct wh_model *model, const struct wh_field *field,
                       struct wh_error *error)
{
    /* Rows nearly always carry the very stamp that the model has, or none as well. */
    if (!field && !*model->stamp)
        return 0;
    size_t length = strlen(model->stamp);
    if (field && field->type == WH_STRING && field->length == length && length > 0
        && memcmp(field->text, model->stamp, length) == 0)
        return 0;
    char stamp[WH_STAMP_SIZE];
    if (read_stamp(field, stamp, error) != 0)
        return -1;
    if (length == 0 && *stamp == '\0')
        return 0;
    if (*stamp == '\0')
        return wh_fail(error, WH_REFUSED,
                       "the row bears no recipe's stamp, the model learned from recipe %s",
                       model->stamp);
    if (length == 0)
        return wh_fail(error, WH_REFUSED,
                       "the row's features were made by recipe %s, the model learned from rows "
                       "without a recipe's stamp", stamp);
    return compare_stamps(model->stamp, stamp, error);
}

int wh_model_check(struct wh_model *model, const struct wh_reading_row *reading,
                   struct wh_error *error)
{
    if (model->input == WH_INPUT_UNSETTLED) {
        if (read_stamp(reading->stamp, model->stamp, error) != 0)
            return -1;
        model->input = reading->input;
        return 0;
    }
    if (model->input != reading->input)
        return wh_fail(error, WH_REFUSED,
                       reading->input == WH_INPUT_FEATURES
                           ? "the row has a features object, and the model learned from columns"
                           : "the row has no features object, and the model learned from such "
                             "(see wh-featurize)");
    return check_stamp(model, reading->stamp, error);
}

bool wh_model_knows(const struct wh_model *model, const struct wh_reading_row *reading)
{
    return reading->known || model->names.count <= 1;
}

int wh_model_refuse_stranger(const char *path, struct wh_error *error)
{
    return wh_bad_row(error, "strict", NULL, 0, 0, "the row shares no feature with the model %s: "
                      "is it a row for another model? (without --strict it is scored from what the "
                      "model knows without features)", path);
}

int wh_model_check_loss(const struct wh_model *model, struct wh_error *error)
{
    const char *label = model->settings.roles.label, *loss = wh_loss_name(&model->loss);
    bool classes = wh_loss_is_margin(&model->loss);
    if (model->task.kind == WH_TASK_REGRESSION && model->settings.class_weights)
        return wh_fail(error, WH_REFUSED, "%s: the labels are numbers, and --class-weight is for "
                       "classes (see --weight)", label);
    if (model->task.kind == WH_TASK_REGRESSION && classes)
        return wh_fail(error, WH_REFUSED,
                       "%s: the labels are numbers other than two classes, and %s loss is for "
                       "classes (--loss squared, or name a class with --positive VALUE)", label,
                       loss);
    if (model->task.kind == WH_TASK_MULTICLASS && model->loss.kind != WH_LOSS_LOGISTIC)
        return wh_fail(error, WH_REFUSED,
                       "%s: the labels are classes, perhaps more than two, which are learned by "
                       "logistic loss, and %s is another (of two, name the positive one with "
                       "--positive VALUE)", label, loss);
    if (model->task.kind == WH_TASK_BINARY && !classes && model->loss.kind != WH_LOSS_SQUARED)
        return wh_fail(error, WH_REFUSED,
                       "%s: the labels are two classes, and %s loss is for numbers (see --task "
                       "regression)", label, loss);
    return 0;
}

bool wh_model_takes(const struct wh_model *model, double label, struct wh_error *error)
{
    const char *column = model->settings.roles.label;
    if (model->loss.kind != WH_LOSS_POISSON || label >= 0)
        return true;
    wh_bad_row(error, "label", column, strlen(column), 0,
               "a number below zero is no count, and the loss is poisson");
    return false;
}

/*
 * Predictions
 */

static double clamp_margin(double margin)
{
    return margin > WH_MARGIN_LIMIT ? WH_MARGIN_LIMIT
         : margin < -WH_MARGIN_LIMIT ? -WH_MARGIN_LIMIT : margin;
}

/* The margin of a class whose output has said `raw`. */
static double margin_of(const struct wh_model *model, const double *raw, uint32_t class)
{
    return clamp_margin(raw[class]) + model->task.classes[class].offset;
}

double wh_model_margin(const struct wh_model *model, const struct wh_prediction *prediction,
                       uint32_t class)
{
    return margin_of(model, prediction->raw, class);
}

/* Softmax; returns the best class. */
static uint32_t find_probabilities(const struct wh_model *model, const double *raw,
                                   double *probabilities)
{
    uint32_t best = 0, outputs = model->learner->outputs;
    double sum = 0;
    for (uint32_t i = 1; i < outputs; i++)
        if (margin_of(model, raw, i) > margin_of(model, raw, best))
            best = i;
    double highest = margin_of(model, raw, best);
    for (uint32_t i = 0; i < outputs; i++) {
        probabilities[i] = exp(margin_of(model, raw, i) - highest);
        sum += probabilities[i];
    }
    for (uint32_t i = 0; i < outputs; i++)
        probabilities[i] /= sum;
    return best;
}

/* Whether a raw prediction of two classes means the positive one. */
static bool is_positive(const struct wh_model *model, double raw)
{
    return raw > (wh_loss_is_margin(&model->loss) ? 0 : 0.5);
}

struct wh_example wh_model_now(const struct wh_model *model, const struct wh_example *example)
{
    struct wh_example now = *example;
    now.clock = model->forgetting.clock;
    return now;
}

/* Whether the learner predicts by anything, as the header tells. Where it has started anew upon
 * drift, it has no number to predict by either. */
static bool is_informed(const struct wh_model *model)
{
    if (model->task.kind == WH_TASK_REGRESSION)
        return model->target.weight > 0;
    return model->metrics.rows > 0
        || (model->task.kind == WH_TASK_BINARY && wh_loss_is_margin(&model->loss));
}

struct wh_prediction wh_model_predict(const struct wh_model *model,
                                      struct wh_model_scratch *scratch,
                                      const struct wh_example *example)
{
    struct wh_example now = wh_model_now(model, example);
    fit_scratch(scratch, model);
    const double *raw = scratch->raw;
    wh_learner_predict(model->learner, scratch->learner, &now, scratch->raw);
    struct wh_prediction prediction = {
        .raw = raw, .value = raw[0], .informed = is_informed(model),
    };
    if (model->task.kind == WH_TASK_BINARY) {
        prediction.best = is_positive(model, raw[0]);
    } else if (model->task.kind == WH_TASK_MULTICLASS) {
        prediction.best = find_probabilities(model, raw, scratch->probabilities);
        prediction.probabilities = scratch->probabilities;
        prediction.value = scratch->probabilities[prediction.best];
    } else {
        prediction.value = wh_target_expected(&model->target, &model->loss, raw[0]);
    }
    return prediction;
}

void wh_model_contribute(const struct wh_model *model, const struct wh_model_scratch *scratch,
                         uint32_t output, const struct wh_example *example, double *shares)
{
    struct wh_example now = wh_model_now(model, example);
    wh_learner_contribute(model->learner, scratch->learner, output, &now, shares);
}

double wh_model_score(const struct wh_model *model, const struct wh_prediction *prediction)
{
    if (model->task.kind != WH_TASK_BINARY)
        return prediction->value;
    return wh_loss_probability(&model->loss, prediction->value);
}

/*
 * Labels
 */

static void judge_binary(const struct wh_model *model, const struct wh_prediction *prediction,
                         struct wh_judgement *judgement)
{
    struct wh_outcome *outcome = &judgement->outcome;
    double positive = judgement->class;
    judgement->positive = judgement->class > 0;
    *outcome = (struct wh_outcome){
        .prediction = prediction->value,
        .target = wh_loss_is_margin(&model->loss) ? 2 * positive - 1 : positive,
        .weight = judgement->weight,
    };
    /* A probability beyond 0 and 1 tells rows apart that are sure, and is not wrong by that. */
    if (model->loss.kind == WH_LOSS_SQUARED)
        outcome->prediction = fmin(fmax(prediction->value, 0), 1);
    wh_loss_find(&model->loss, outcome);
    judgement->loss = outcome->loss;
}

static void judge_number(const struct wh_model *model, const struct wh_prediction *prediction,
                         struct wh_judgement *judgement)
{
    struct wh_outcome outcome = { .prediction = prediction->value, .target = judgement->label };
    struct wh_loss loss = model->loss;
    if (loss.kind == WH_LOSS_POISSON)
        outcome.prediction = log(prediction->value);
    if (loss.kind == WH_LOSS_HUBER)
        loss.parameter *= wh_target_unit(&model->target, &loss);
    wh_loss_find(&loss, &outcome);
    judgement->loss = outcome.loss;
}

static void judge_class(const struct wh_model *model, const struct wh_prediction *prediction,
                        struct wh_judgement *judgement)
{
    static const double LEAST = 1e-22; /* about exp(-WH_MARGIN_LIMIT) */
    double probability = 1 / (model->metrics.rows + model->task.count + 1);
    if (judgement->class < wh_model_outputs(model))
        probability = prediction->probabilities[judgement->class];
    judgement->loss = -log(probability > LEAST ? probability : LEAST);
}

struct wh_judgement wh_model_judge(const struct wh_model *model,
                                   const struct wh_prediction *prediction, double label,
                                   double weight)
{
    struct wh_judgement judgement = { .weight = weight, .informed = prediction->informed };
    if (wh_task_classifies(&model->task)) {
        judgement.class = (uint32_t)label;
        judgement.right = prediction->best == judgement.class;
    } else {
        judgement.label = label;
    }
    if (model->task.kind == WH_TASK_BINARY)
        judge_binary(model, prediction, &judgement);
    else if (model->task.kind == WH_TASK_MULTICLASS)
        judge_class(model, prediction, &judgement);
    else
        judge_number(model, prediction, &judgement);
    return judgement;
}

/* Heads for the classes that are new, as told in the header. */
static void add_outputs(struct wh_model *model, struct wh_model_scratch *scratch,
                        const struct wh_example *example)
{
    struct wh_task *task = &model->task;
    uint32_t outputs = model->learner->outputs;
    if (task->count <= outputs)
        return;
    double highest = -WH_MARGIN_LIMIT, sum = 0;
    for (uint32_t i = 0; i < outputs; i++)
        highest = fmax(highest, margin_of(model, scratch->raw, i));
    for (uint32_t i = 0; i < outputs; i++)
        sum += exp(margin_of(model, scratch->raw, i) - highest);
    wh_learner_grow(model->learner, task->count);
    fit_scratch(scratch, model);
    for (uint32_t i = outputs; i < task->count; i++) {
        double before = model->metrics.rows > 1 ? model->metrics.rows : 1;
        task->classes[i].offset = outputs ? highest + log(sum) - log(before) : 0;
    }
    /* The new heads have to see the example before they learn from it. */
    wh_learner_predict(model->learner, scratch->learner, example, scratch->raw);
}

/* What each class's output is told: its margin against those of all others together. */
static void find_outcomes(const struct wh_model *model, struct wh_model_scratch *scratch,
                          const struct wh_judgement *judgement)
{
    const double *raw = scratch->raw;
    uint32_t outputs = model->learner->outputs;
    double highest = margin_of(model, raw, 0), before = 0, behind = 0;
    for (uint32_t i = 1; i < outputs; i++)
        highest = fmax(highest, margin_of(model, raw, i));
    for (uint32_t i = 0; i < outputs; i++) {
        scratch->sums[i] = before;
        before += exp(margin_of(model, raw, i) - highest);
    }
    for (uint32_t i = outputs; i-- > 0;) {
        double others = highest + log(scratch->sums[i] + behind);
        behind += exp(margin_of(model, raw, i) - highest);
        scratch->outcomes[i] = (struct wh_outcome){
            .prediction = clamp_margin(margin_of(model, raw, i) - others),
            .target = i == judgement->class ? 1 : -1,
            .weight = judgement->weight,
        };
        wh_loss_find(&model->loss, &scratch->outcomes[i]);
    }
}

void wh_model_learn(struct wh_model *model, struct wh_model_scratch *scratch,
                    const struct wh_example *example, const struct wh_prediction *prediction,
                    const struct wh_judgement *judgement)
{
    struct wh_example now = wh_model_now(model, example);
    if (model->task.kind == WH_TASK_MULTICLASS)
        add_outputs(model, scratch, &now);
    struct wh_outcome *outcome = scratch->outcomes;
    struct wh_judgement weighted = *judgement;
    if (model->settings.class_weights)
        weighted.weight *= wh_class_weight(model->settings.class_weights, &model->task,
                                           &model->task.classes[judgement->class]);
    /* Predictions are counted by outcomes, also where the class's weight is 0. */
    if (model->task.kind == WH_TASK_MULTICLASS)
        find_outcomes(model, scratch, &weighted);
    if (!(weighted.weight > 0))
        return;
    if (model->task.kind == WH_TASK_REGRESSION) {
        wh_target_learn(&model->target, judgement->label, judgement->weight);
        *outcome = (struct wh_outcome){
            .prediction = prediction->raw[0],
            .target = wh_target_scaled(&model->target, &model->loss, judgement->label),
            .weight = judgement->weight,
        };
        wh_loss_find(&model->loss, outcome);
    }
    if (model->task.kind == WH_TASK_BINARY) {
        *outcome = judgement->outcome;
        outcome->weight = weighted.weight;
    }
    wh_learner_learn(model->learner, scratch->learner, &now, outcome);
    wh_forgetting_row(&model->forgetting);
}

/* Makes as many calibrations as there are outputs, or none where these are too many. */
static void make_calibrations(struct wh_model *model)
{
    uint32_t outputs = model->learner->outputs;
    if (outputs > WH_MOST_CALIBRATED) {
        free_calibrations(model);
        return;
    }
    model->calibrations = wh_resize(model->calibrations, outputs, sizeof *model->calibrations);
    while (model->calibration_count < outputs)
        model->calibrations[model->calibration_count++] = (struct wh_calibration){ 0 };
}

void wh_model_count(struct wh_model *model, const struct wh_model_scratch *scratch,
                    const struct wh_judgement *judgement)
{
    if (model->task.kind == WH_TASK_REGRESSION || !(judgement->weight > 0)
        || !judgement->informed)
        return;
    if (model->calibration_count != model->learner->outputs)
        make_calibrations(model);
    bool two = model->task.kind == WH_TASK_BINARY;
    const struct wh_outcome *outcomes = two ? &judgement->outcome : scratch->outcomes;
    for (uint32_t i = 0; i < model->calibration_count; i++)
        wh_calibration_add(&model->calibrations[i],
                           wh_loss_margin(&model->loss,
                                          two ? scratch->raw[0] : outcomes[i].prediction),
                           outcomes[i].target > 0, judgement->weight);
}

void wh_model_merge_counts(struct wh_model *model, const struct wh_model *from,
                           const uint32_t *outputs)
{
    if (model->task.kind == WH_TASK_REGRESSION)
        return;
    make_calibrations(model);
    for (uint32_t i = 0; i < from->calibration_count && model->calibrations; i++)
        wh_calibration_merge(&model->calibrations[outputs[i]], &from->calibrations[i]);
}

void wh_model_measure(const struct wh_model *model, struct wh_metrics *metrics,
                      const struct wh_prediction *prediction,
                      const struct wh_judgement *judgement)
{
    double loss = judgement->loss, weight = judgement->weight;
    if (!judgement->informed)
        wh_metrics_pass_over(metrics, wh_task_classifies(&model->task) ? judgement->class
                                                                       : judgement->label);
    else if (model->task.kind == WH_TASK_BINARY)
        wh_metrics_binary(metrics, judgement->positive, prediction->best == 1, loss, weight);
    else if (model->task.kind == WH_TASK_MULTICLASS)
        wh_metrics_class(metrics, judgement->class, judgement->right, loss, weight);
    else
        wh_metrics_number(metrics, judgement->label, prediction->value, loss, weight);
}
