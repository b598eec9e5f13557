#include "train/rival.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/modelfile.h"

struct wh_rival {
    const char *path;
    struct wh_model *model;
    struct wh_model_scratch *scratch;
    struct wh_examples *examples;
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

static int open_rival(struct wh_rival *rival, const struct wh_model *model,
                      struct wh_error *error)
{
    if (check_settings(rival, &model->settings, error) != 0)
        return -1;
    struct wh_roles roles = rival->model->settings.roles;
    roles.weight = NULL; /* rows weigh what the new model says */
    struct wh_examples_settings settings = {
        .needs = wh_model_needs(rival->model),
        .census = &rival->model->census,
    };
    rival->examples = wh_examples_open_scoring(&rival->model->names, &roles, &settings, error);
    return rival->examples ? 0 : -1;
}

int wh_rival_open(const char *path, const struct wh_model *model, struct wh_rival **rival,
                  struct wh_error *error)
{
    *rival = NULL;
    if (!wh_model_exists(path))
        return 0;
    struct wh_rival *found = wh_alloc(1, sizeof *found);
    found->path = path;
    found->scratch = wh_model_scratch_new();
    found->model = wh_model_load(path, error);
    int result = !found->model          ? -1
               : found->model->learner ? open_rival(found, model, error)
                                        : 0;
    if (result == 0 && found->model->learner)
        *rival = found;
    else
        wh_rival_close(found);
    return result;
}

void wh_rival_close(struct wh_rival *rival)
{
    if (!rival)
        return;
    wh_examples_free(rival->examples);
    wh_model_free(rival->model);
    wh_model_scratch_free(rival->scratch);
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

static bool is_right(const struct made *made)
{
    return made->prediction->best == made->judgement->label;
}

/* Predicts the row, whose label is the number `label` to the rival, and compares. */
static void compare(struct wh_rival *rival, const struct wh_reading_row *reading, double label,
                    const struct made *theirs)
{
    double weight = theirs->judgement->weight;
    struct wh_prediction prediction = wh_model_predict(rival->model, rival->scratch,
                                                       &reading->example);
    struct wh_judgement judgement = wh_model_judge(rival->model, &prediction, label, weight);
    const struct made own = { &prediction, &judgement };
    wh_compare_loss(&rival->comparison, judgement.loss, theirs->judgement->loss, weight);
    if (wh_task_classifies(&rival->model->task) && weight > 0)
        wh_compare_class(&rival->comparison, is_right(&own), is_right(theirs));
}

enum wh_verdict wh_rival_row(struct wh_rival *rival, struct wh_row *row,
                             const struct wh_prediction *prediction,
                             const struct wh_judgement *judgement, struct wh_error *error)
{
    struct wh_model *own = rival->model;
    struct wh_task_mark mark = wh_task_mark(&own->task);
    struct wh_reading_row reading;
    double label;
    if (wh_examples_read(rival->examples, row, false, &reading, error) != WH_TAKEN
        || wh_model_check(own, &reading, error) != 0
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
