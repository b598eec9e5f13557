#include "score/predictor.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void wh_predictor_init(struct wh_predictor *predictor, const struct wh_predictor_kind *kind,
                       const char *path)
{
    predictor->kind = kind;
    predictor->path = wh_copy(path, strlen(path));
    atomic_init(&predictor->holders, 1);
}

struct wh_predictor *wh_predictor_load(const struct wh_predictor_kind *kind, const char *path,
                                       struct wh_error *error)
{
    struct wh_predictor *predictor = kind->load(path, error);
    if (predictor)
        wh_predictor_init(predictor, kind, path);
    return predictor;
}

void wh_predictor_hold(struct wh_predictor *predictor)
{
    atomic_fetch_add(&predictor->holders, 1);
}

void wh_predictor_release(struct wh_predictor *predictor)
{
    if (!predictor || atomic_fetch_sub(&predictor->holders, 1) > 1)
        return;
    free(predictor->path);
    predictor->kind->close(predictor);
}

struct wh_session *wh_session_open(struct wh_predictor *predictor,
                                   const struct wh_session_settings *settings,
                                   struct wh_error *error)
{
    const struct wh_predictor_kind *kind = predictor->kind;
    if (!kind->task(predictor)) {
        wh_fail(error, WH_REFUSED, "%s: has learned nothing yet: no row with a label has come to "
                "it", predictor->path);
        return NULL;
    }
    if (settings->explain && !kind->explain) {
        wh_fail(error, WH_REFUSED, "%s: a predictor of the kind %s cannot explain rows",
                predictor->path, kind->name);
        return NULL;
    }
    struct wh_session *session = kind->session(predictor, settings, error);
    if (!session)
        return NULL;
    session->strict = settings->strict;
    session->predictor = predictor;
    wh_predictor_hold(predictor);
    return session;
}

void wh_session_close(struct wh_session *session)
{
    if (!session)
        return;
    struct wh_predictor *predictor = session->predictor;
    wh_row_plans_close(session->plans);
    predictor->kind->session_close(session);
    wh_predictor_release(predictor);
}

enum wh_verdict wh_session_admit(struct wh_session *session, const struct wh_reading_row *reading,
                                 struct wh_error *error)
{
    if (wh_model_check(session->model, reading, error) != 0)
        return WH_FATAL;
    if (wh_model_knows(session->model, reading))
        return WH_TAKEN;
    if (session->strict) {
        wh_model_refuse_stranger(session->predictor->path, error);
        return WH_BAD;
    }
    session->strangers++;
    return WH_TAKEN;
}

void wh_session_share(struct wh_session *session, const struct wh_session *first)
{
    wh_census_defer(&session->model->census, &first->model->census);
}

void wh_session_merge(struct wh_session *first, struct wh_session *session)
{
    wh_census_gather(&first->model->census, &session->model->census);
    first->strangers += session->strangers;
    session->strangers = 0;
    if (first->predictor->kind->merge)
        first->predictor->kind->merge(first, session);
}
