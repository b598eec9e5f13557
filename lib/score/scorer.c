#include "score/scorer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/*
 * Opening
 */

static const char *path_of(const struct wh_scorer *scorer)
{
    return scorer->session->predictor->path;
}

/* Under hinge loss, unless calibrated, a score is a margin. */
static bool gives_probabilities(const struct wh_model *model)
{
    return model->task.kind != WH_TASK_BINARY || model->loss.kind != WH_LOSS_HINGE;
}

static int check_threshold(const struct wh_scorer *scorer, struct wh_error *error)
{
    double threshold = scorer->threshold;
    if (isnan(threshold))
        return 0;
    if (scorer->model->task.kind != WH_TASK_BINARY)
        return wh_fail(error, WH_REFUSED,
                       "%s: --threshold is for two classes, and the model's task is %s",
                       path_of(scorer), wh_task_name(&scorer->model->task));
    if (gives_probabilities(scorer->model) && !(threshold >= 0 && threshold <= 1))
        return wh_fail(error, WH_REFUSED, "--threshold %g: the model's scores are probabilities, "
                       "from 0 to 1", threshold);
    return 0;
}

static int check_proba(const struct wh_scorer *scorer, struct wh_error *error)
{
    if (!wh_task_classifies(&scorer->model->task))
        return wh_fail(error, WH_REFUSED,
                       "%s: --proba is for classes, and the model predicts numbers",
                       path_of(scorer));
    if (!gives_probabilities(scorer->model))
        return wh_fail(error, WH_REFUSED,
                       "%s: was learned by hinge loss, from which no probability follows: add "
                       "--calibrate", path_of(scorer));
    return 0;
}

/* From here on the model's predictions are log-odds, whatever loss it was learned by. */
static int open_calibration(struct wh_scorer *scorer, enum wh_calibrator_kind kind,
                            struct wh_error *error)
{
    struct wh_model *model = scorer->model;
    if (!wh_task_classifies(&model->task))
        return wh_fail(error, WH_REFUSED,
                       "%s: --calibrate is for probabilities, and the model predicts numbers",
                       path_of(scorer));
    uint32_t outputs = wh_model_outputs(model);
    if (outputs > WH_MOST_CALIBRATED)
        return wh_fail(error, WH_REFUSED,
                       "%s: cannot be calibrated: it has %u classes, and predictions are counted "
                       "of %d at most", path_of(scorer), outputs, WH_MOST_CALIBRATED);
    bool counted = model->calibration_count == outputs;
    for (uint32_t i = 0; counted && i < outputs; i++)
        counted = model->calibrations[i].rows > 0;
    if (!counted)
        return wh_fail(error, WH_REFUSED,
                       "%s: cannot be calibrated: it has counted no predictions of its own yet",
                       path_of(scorer));
    scorer->calibrators = wh_alloc(outputs, sizeof *scorer->calibrators);
    scorer->probabilities = wh_alloc(outputs, sizeof *scorer->probabilities);
    for (uint32_t i = 0; i < outputs; i++)
        wh_calibrator_fit(&scorer->calibrators[i], &model->calibrations[i], kind);
    scorer->loss = model->loss;
    model->loss = wh_loss_of_task(true);
    return 0;
}

static int open_all(struct wh_scorer *scorer, const struct wh_scorer_settings *settings,
                    struct wh_predictor *predictor, const char *as, struct wh_error *error)
{
    const struct wh_session_settings reading = {
        .label = settings->label,
        .weight = settings->weight,
        .strict = settings->strict,
        .explain = settings->explain,
        .digits = (unsigned)settings->digits,
    };
    const struct wh_scored_settings columns = {
        .as = as,
        .keep_features = settings->keep_features,
        .proba = settings->proba,
        .explanation = settings->explain > 0,
        .stamp = settings->stamp,
        .digits = settings->digits,
    };
    scorer->session = wh_session_open(predictor, &reading, error);
    if (!scorer->session)
        return -1;
    scorer->model = scorer->session->model;
    scorer->scored = wh_scored_open(&columns, error);
    scorer->columns = wh_scored_take_part(scorer->session->plans);
    if (!scorer->scored
        || (settings->calibrate && open_calibration(scorer, settings->calibration, error) != 0)
        || check_threshold(scorer, error) != 0
        || (settings->proba && check_proba(scorer, error) != 0))
        return -1;
    return 0;
}

struct wh_scorer *wh_scorer_open(const struct wh_scorer_settings *settings,
                                 struct wh_predictor *predictor, const char *as,
                                 struct wh_error *error)
{
    struct wh_scorer *scorer = wh_alloc(1, sizeof *scorer);
    scorer->threshold = settings->threshold;
    scorer->explains = settings->explain > 0;
    if (open_all(scorer, settings, predictor, as, error) == 0)
        return scorer;
    wh_scorer_close(scorer);
    return NULL;
}

void wh_scorer_close(struct wh_scorer *scorer)
{
    if (!scorer)
        return;
    for (uint32_t i = 0; scorer->calibrators && i < wh_model_outputs(scorer->model); i++)
        wh_calibrator_free(&scorer->calibrators[i]);
    free(scorer->calibrators);
    free(scorer->probabilities);
    wh_scored_close(scorer->scored);
    wh_session_close(scorer->session);
    free(scorer);
}

/*
 * Rows
 */

static double log_odds(double probability)
{
    double margin = log(probability) - log1p(-probability);
    return margin > WH_MARGIN_LIMIT    ? WH_MARGIN_LIMIT
         : margin < -WH_MARGIN_LIMIT ? -WH_MARGIN_LIMIT : margin;
}

/* Each class is calibrated against all others, and then all are made to add up to 1 (Zadrozny and
 * Elkan, "Transforming classifier scores into accurate multiclass probability estimates", 2002). */
static void calibrate_classes(struct wh_scorer *scorer, struct wh_prediction *prediction)
{
    uint32_t outputs = wh_model_outputs(scorer->model), best = 0;
    double *probabilities = scorer->probabilities, sum = 0;
    for (uint32_t i = 0; i < outputs; i++) {
        double margin = log_odds(prediction->probabilities[i]);
        probabilities[i] = wh_calibrator_probability(&scorer->calibrators[i], margin);
        sum += probabilities[i];
    }
    for (uint32_t i = 0; i < outputs; i++) {
        probabilities[i] /= sum;
        if (probabilities[i] > probabilities[best])
            best = i;
    }
    prediction->probabilities = probabilities;
    prediction->best = best;
    prediction->value = probabilities[best];
}

struct wh_prediction wh_scorer_predict(struct wh_scorer *scorer,
                                       const struct wh_reading_row *reading)
{
    struct wh_model *model = scorer->model;
    struct wh_prediction prediction = wh_session_predict(scorer->session, reading);
    if (scorer->calibrators && prediction.probabilities) {
        calibrate_classes(scorer, &prediction);
    } else if (scorer->calibrators) {
        double margin = wh_loss_margin(&scorer->loss, prediction.raw[0]);
        prediction.value = log_odds(wh_calibrator_probability(&scorer->calibrators[0], margin));
        prediction.best = prediction.value > 0;
    }
    if (!isnan(scorer->threshold))
        prediction.best = wh_model_score(model, &prediction) >= scorer->threshold;
    return prediction;
}

struct wh_field *wh_scorer_put(struct wh_scorer *scorer, struct wh_row *row,
                               const struct wh_reading_row *reading,
                               const struct wh_prediction *prediction, struct wh_field *field)
{
    struct wh_field explanation;
    if (scorer->explains)
        explanation = scorer->session->predictor->kind->explain(scorer->session, reading,
                                                                prediction->best, row);
    return wh_scored_put(scorer->scored, scorer->model, row, prediction, &explanation, field);
}

/*
 * Taking over
 */

bool wh_scorer_follows(const struct wh_scorer *scorer, const struct wh_scorer *other,
                       struct wh_error *reason)
{
    const struct wh_task *task = &scorer->model->task, *others = &other->model->task;
    if (task->kind != others->kind)
        wh_fail(reason, WH_REFUSED, "its task is %s, not %s", wh_task_name(others),
                wh_task_name(task));
    else if (task->kind == WH_TASK_BINARY
             && (!wh_task_same_class(task, &task->classes[0], &others->classes[0])
                 || !wh_task_same_class(task, &task->classes[1], &others->classes[1])))
        wh_fail(reason, WH_REFUSED, "its two classes are others");
    else if (!wh_scored_alike(scorer->scored, scorer->model, other->scored, other->model))
        wh_fail(reason, WH_REFUSED, "it has other classes, and so CSV would have other columns");
    else
        return true;
    return false;
}
