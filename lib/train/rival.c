#include "train/rival.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/modelfile.h"
#include "score/predictor.h"

struct wh_rival {
    const char *path;
    struct wh_session *session;
    const struct wh_model *model; /* the session's */
    struct wh_comparison comparison;
};

/* Puts the model's name before the reason. -1. */
static int incomparable(const struct wh_rival *rival, struct wh_error *error)
{
    wh_error_at(error, (struct wh_source_place){ 0 });
    return wh_refuse_in(error, "%s cannot be compared with the new model", rival->path);
}

static bool same(const char *left, const char *right)
{
    return left && right && strcmp(left, right) == 0;
}

static int check_settings(const struct wh_rival *rival, const struct wh_settings *given,
                          struct wh_error *error)
{
    const struct wh_settings *stored = &rival->model->settings;
    if (!same(stored->roles.label, given->roles.label)) {
        wh_fail(error, WH_REFUSED, "its label is %s, and not %s", stored->roles.label,
                given->roles.label);
        return incomparable(rival, error);
    }
    if (same(stored->holdout, given->holdout))
        return 0;
    wh_fail(error, WH_REFUSED,
            "it was learned %s%s, so that it may have learned from the rows that would judge "
            "between the two (--new --holdout %s without --replace-if-better makes a model that "
            "has not)", stored->holdout ? "with --holdout " : "without --holdout",
            stored->holdout ? stored->holdout : "", given->holdout);
    return incomparable(rival, error);
}

static int open_rival(struct wh_rival *rival, struct wh_predictor *predictor,
                      const struct wh_model *model, struct wh_error *error)
{
    /* Rows weigh what the new model says. */
    rival->session = wh_session_open(predictor, &(struct wh_session_settings){ 0 }, error);
    if (!rival->session)
        return -1;
    rival->model = rival->session->model;
    return check_settings(rival, &model->settings, error);
}

int wh_rival_open(const char *path, const struct wh_model *model, struct wh_rival **rival,
                  struct wh_error *error)
{
    *rival = NULL;
    if (!wh_model_exists(path))
        return 0;
    struct wh_predictor *predictor = wh_predictor_load(&wh_predictor_native, path, error);
    if (!predictor)
        return -1;
    int result = 0;
    if (wh_predictor_task(predictor)) {
        struct wh_rival *found = wh_alloc(1, sizeof *found);
        found->path = path;
        result = open_rival(found, predictor, model, error);
        if (result == 0)
            *rival = found;
        else
            wh_rival_close(found);
    }
    wh_predictor_release(predictor);
    return result;
}

void wh_rival_close(struct wh_rival *rival)
{
    if (!rival)
        return;
    wh_session_close(rival->session);
    free(rival);
}

int wh_rival_check(const struct wh_rival *rival, const struct wh_model *model,
                   struct wh_error *error)
{
    const struct wh_model *other = rival->model;
    char loss[WH_LOSS_TEXT], other_loss[WH_LOSS_TEXT];
    if (other->task.kind != model->task.kind)
        wh_fail(error, WH_REFUSED, "its task is %s, and not %s", wh_task_name(&other->task),
                wh_task_name(&model->task));
    else if (other->loss.kind != model->loss.kind
             || other->loss.parameter != model->loss.parameter)
        wh_fail(error, WH_REFUSED, "its loss is %s, and not %s",
                wh_loss_print(&other->loss, other_loss), wh_loss_print(&model->loss, loss));
    else
        return 0;
    return incomparable(rival, error);
}

/* What either model made of a row. */
struct made {
    const struct wh_prediction *prediction;
    const struct wh_judgement *judgement;
};

/* Predicts the row, whose label is the number `label` to the rival, and compares. */
static void compare(struct wh_rival *rival, const struct wh_reading_row *reading, double label,
                    const struct made *theirs)
{
    double weight = theirs->judgement->weight;
    struct wh_prediction prediction = wh_session_predict(rival->session, reading);
    struct wh_judgement judgement = wh_model_judge(rival->model, &prediction, label, weight);
    const struct made own = { &prediction, &judgement };
    wh_compare_loss(&rival->comparison, judgement.loss, theirs->judgement->loss, weight);
    if (wh_task_classifies(&rival->model->task) && weight > 0)
        wh_compare_class(&rival->comparison, own.judgement->right, theirs->judgement->right);
}

enum wh_verdict wh_rival_row(struct wh_rival *rival, struct wh_row *row,
                             const struct wh_prediction *prediction,
                             const struct wh_judgement *judgement, struct wh_error *error)
{
    struct wh_model *own = rival->session->model;
    struct wh_task_mark mark = wh_task_mark(&own->task);
    struct wh_reading_row reading;
    double label;
    if (wh_session_read(rival->session, row, &reading, error) != WH_TAKEN
        || wh_task_read(&own->task, row, reading.label, own->settings.roles.label, &label, error)
               != WH_TAKEN) {
        incomparable(rival, error);
        return WH_FATAL;
    }
    compare(rival, &reading, label, &(struct made){ prediction, judgement });
    wh_task_undo(&own->task, &mark);
    return WH_TAKEN;
}

const struct wh_comparison *wh_rival_comparison(const struct wh_rival *rival)
{
    return &rival->comparison;
}
