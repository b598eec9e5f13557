#include "train/learning.h"

#include <stdlib.h>

#include "base/memory.h"

struct learning {
    struct wh_predictor predictor;
    struct wh_model *model;
    const struct wh_examples_settings *reading;
};

struct session {
    struct wh_session session;
    struct wh_model_scratch *scratch;
    struct wh_examples *examples;
};

static const struct session *session_of(const struct wh_session *session)
{
    return (const struct session *)session;
}

static void learning_close(struct wh_predictor *predictor)
{
    free(predictor);
}

/* What it will predict, if it has learned nothing yet. */
static const struct wh_task *learning_task(const struct wh_predictor *predictor)
{
    return &((const struct learning *)predictor)->model->task;
}

static void learning_session_close(struct wh_session *base)
{
    struct session *session = (struct session *)base;
    wh_examples_close(session->examples);
    wh_model_scratch_close(session->scratch);
    free(session);
}

static struct wh_session *learning_session(const struct wh_predictor *predictor,
                                           const struct wh_session_settings *settings,
                                           struct wh_error *error)
{
    (void)settings;
    const struct learning *learning = (const struct learning *)predictor;
    struct wh_model *model = learning->model;
    struct session *session = wh_alloc(1, sizeof *session);
    session->session.model = model;
    session->scratch = wh_model_scratch_open();
    session->session.plans = wh_row_plans_open(&model->settings.roles);
    session->examples = wh_examples_open(&model->names, session->session.plans,
                                         &model->settings.roles, learning->reading, error);
    if (session->examples)
        return &session->session;
    wh_row_plans_close(session->session.plans);
    learning_session_close(&session->session);
    return NULL;
}

static enum wh_verdict learning_read(struct wh_session *session, struct wh_row *row,
                                     struct wh_row_plan *plan, struct wh_reading_row *reading,
                                     struct wh_error *error)
{
    enum wh_verdict verdict = wh_examples_read(session_of(session)->examples, row, plan, false,
                                               reading, error);
    return verdict == WH_TAKEN && session->model->learner
               ? wh_session_admit(session, reading, error) : verdict;
}

static struct wh_prediction learning_predict(struct wh_session *session,
                                             const struct wh_reading_row *reading)
{
    return wh_model_predict(session->model, session_of(session)->scratch, &reading->example);
}

static int learning_finish(const struct wh_session *session, struct wh_error *error)
{
    return wh_examples_finish(session_of(session)->examples, error);
}

static const struct wh_predictor_kind learning_kind = {
    .name = "learning",
    .close = learning_close,
    .task = learning_task,
    .session = learning_session,
    .session_close = learning_session_close,
    .read = learning_read,
    .predict = learning_predict,
    .finish = learning_finish,
};

struct wh_session *wh_learning_open(struct wh_model *model, const char *path,
                                    const struct wh_examples_settings *settings,
                                    struct wh_error *error)
{
    const struct wh_session_settings session = { .strict = settings->strict };
    struct learning *learning = wh_alloc(1, sizeof *learning);
    learning->model = model;
    learning->reading = settings;
    wh_predictor_init(&learning->predictor, &learning_kind, path);
    struct wh_session *opened = wh_session_open(&learning->predictor, &session, error);
    learning->reading = NULL;
    wh_predictor_release(&learning->predictor); /* which the session holds */
    return opened;
}

struct wh_examples *wh_learning_examples(const struct wh_session *session)
{
    return session_of(session)->examples;
}

struct wh_model_scratch *wh_learning_scratch(const struct wh_session *session)
{
    return session_of(session)->scratch;
}
