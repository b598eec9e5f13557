/* The predictor of the models that wh-update makes (model/modelfile.h). */
#include <stdlib.h>

#include "base/memory.h"
#include "model/modelfile.h"
#include "score/explain.h"
#include "score/predictor.h"

struct native {
    struct wh_predictor predictor;
    struct wh_model *model;
};

struct session {
    struct wh_session session; /* its model shares with that of the predictor */
    struct wh_model_scratch *scratch;
    struct wh_examples *examples;
    struct wh_explainer *explainer; /* NULL: none */
};

static struct session *session_of(struct wh_session *session)
{
    return (struct session *)session;
}

static const struct wh_model *model_of(const struct wh_predictor *predictor)
{
    return ((const struct native *)predictor)->model;
}

static struct wh_predictor *native_load(const char *path, struct wh_error *error)
{
    struct wh_model *model = wh_model_load(path, error);
    if (!model)
        return NULL;
    struct native *native = wh_alloc(1, sizeof *native);
    native->model = model;
    return &native->predictor;
}

static void native_close(struct wh_predictor *predictor)
{
    struct native *native = (struct native *)predictor;
    wh_model_close(native->model);
    free(native);
}

static const struct wh_task *native_task(const struct wh_predictor *predictor)
{
    const struct wh_model *model = model_of(predictor);
    return model->learner ? &model->task : NULL;
}

static void native_session_close(struct wh_session *base)
{
    struct session *session = session_of(base);
    wh_explainer_close(session->explainer);
    wh_examples_close(session->examples);
    wh_model_scratch_close(session->scratch);
    wh_model_close(session->session.model);
    free(session);
}

static struct wh_session *native_session(const struct wh_predictor *predictor,
                                         const struct wh_session_settings *settings,
                                         struct wh_error *error)
{
    struct session *session = wh_alloc(1, sizeof *session);
    struct wh_model *model = wh_model_share(model_of(predictor));
    session->session.model = model;
    session->scratch = wh_model_scratch_open();
    struct wh_roles roles = model->settings.roles;
    roles.label = settings->label ? settings->label : roles.label;
    roles.weight = settings->weight;
    struct wh_examples_settings reading = { .needs = wh_model_needs(model),
                                            .census = &model->census,
                                            .aside = { model->settings.roles.label,
                                                       model->settings.roles.weight },
                                            .strict = settings->strict };
    session->session.plans = wh_row_plans_open(&roles);
    session->examples = wh_examples_open_scoring(&model->names, session->session.plans, &roles,
                                                 &reading, error);
    if (!session->examples) {
        wh_row_plans_close(session->session.plans);
        native_session_close(&session->session);
        return NULL;
    }
    if (settings->explain)
        session->explainer = wh_explainer_open(model, session->scratch, settings->explain,
                                               settings->digits);
    return &session->session;
}

static enum wh_verdict native_read(struct wh_session *base, struct wh_row *row,
                                   struct wh_row_plan *plan, struct wh_reading_row *reading,
                                   struct wh_error *error)
{
    struct session *session = session_of(base);
    enum wh_verdict verdict = wh_examples_read(session->examples, row, plan, false, reading,
                                               error);
    if (verdict == WH_TAKEN)
        verdict = wh_session_admit(base, reading, error);
    if (verdict == WH_TAKEN)
        wh_examples_count(session->examples, false);
    return verdict;
}

static struct wh_prediction native_predict(struct wh_session *session,
                                           const struct wh_reading_row *reading)
{
    return wh_model_predict(session->model, session_of(session)->scratch, &reading->example);
}

static struct wh_field native_explain(struct wh_session *session,
                                      const struct wh_reading_row *reading, uint32_t best,
                                      struct wh_row *row)
{
    return wh_explain(session_of(session)->explainer, &reading->example, best, row);
}

static int native_finish(const struct wh_session *session, struct wh_error *error)
{
    return wh_examples_finish(((const struct session *)session)->examples, error);
}

static void native_merge(struct wh_session *session, const struct wh_session *from)
{
    wh_examples_merge(session_of(session)->examples, ((const struct session *)from)->examples);
}

const struct wh_predictor_kind wh_predictor_native = {
    .name = "wh",
    .load = native_load,
    .close = native_close,
    .task = native_task,
    .session = native_session,
    .session_close = native_session_close,
    .read = native_read,
    .predict = native_predict,
    .explain = native_explain,
    .finish = native_finish,
    .merge = native_merge,
};
