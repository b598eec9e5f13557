#include "train/opening.h"

#include <string.h>

#include "base/choice.h"
#include "learn/learners.h"
#include "model/guard.h"
#include "model/join.h"
#include "model/modelfile.h"

/*
 * A new model
 */

static int find_learner(struct wh_model *model, const char *name, struct wh_error *error)
{
    if (!name)
        name = WH_DEFAULT_LEARNER;
    model->type = wh_learner_find(name);
    return model->type ? 0 : wh_choice_refuse("learner", name, wh_learner_names, error);
}

/* The task as far as options tell: a loss that is for numbers says that labels are. */
static const char *task_given(const struct wh_opening *given, const struct wh_loss *loss)
{
    bool numbers = !given->task && !given->positive && given->loss && wh_loss_is_of_numbers(loss);
    return numbers ? "regression" : given->task;
}

static int begin(struct wh_model *model, const struct wh_opening *given, struct wh_error *error)
{
    if (!given->model.roles.label)
        return wh_fail(error, WH_REFUSED,
                       "a new model needs --label COLUMN: what is it to predict?");
    model->loss_settled = given->loss != NULL;
    if ((given->loss && wh_loss_parse(given->loss, &model->loss, error) != 0)
        || wh_settings_check(&given->model, error) != 0
        || wh_setting_check("positive", given->positive, error) != 0
        || find_learner(model, given->learner, error) != 0
        || wh_task_init(&model->task, task_given(given, &model->loss), given->positive, error) != 0)
        return -1;
    model->settings = wh_settings_copy(&given->model);
    return wh_model_settle(model, error) || wh_guard_begin(model, error)
        || wh_join_check(model, error) ? -1 : 0;
}

struct wh_model *wh_opening_begin(const struct wh_opening *given, struct wh_error *error)
{
    struct wh_model *model = wh_model_open();
    if (begin(model, given, error) == 0)
        return model;
    wh_model_close(model);
    return NULL;
}

/*
 * A model that is there
 */

/* Holds what the user gave against what the model has. */
static int check(const struct wh_opening *given, const struct wh_model *model, const char *name,
                 struct wh_error *error)
{
    const struct wh_task *task = &model->task;
    char loss[WH_LOSS_TEXT];
    const char *positive = task->positive               ? task->positive
                         : task->kind == WH_TASK_BINARY ? task->classes[1].text : NULL;
    if (wh_setting_compare("learner", given->learner, model->type->name, name, error)
        || wh_setting_compare("task", given->task, wh_task_name(task), name, error)
        || wh_setting_compare("positive", given->positive, positive, name, error))
        return -1;
    struct wh_loss wanted = model->loss;
    if (given->loss && wh_loss_parse(given->loss, &wanted, error) != 0)
        return -1;
    if (wanted.kind != model->loss.kind || wanted.parameter != model->loss.parameter)
        return wh_setting_compare("loss", given->loss, wh_loss_print(&model->loss, loss), name,
                                  error);
    return wh_settings_compare(&given->model, &model->settings, name, error);
}

static void fill_in(const char **given, const char *stored)
{
    if (!*given)
        *given = stored;
}

/* What has come to the stored model stays: its place in a stream, rows that wait for labels. */
static void carry_over(struct wh_model *model, struct wh_model *stored)
{
    model->checkpoint = stored->checkpoint;
    stored->checkpoint = (struct wh_checkpoint){ 0 };
    model->joining = stored->joining;
    stored->joining = (struct wh_joining){ 0 };
    model->met = stored->met;
    strcpy(model->saved, stored->saved);
}

/* A model that no label has come to yet takes all options anew, and those that are not given from
 * what it was begun with. */
static struct wh_model *begin_again(const struct wh_opening *opening, struct wh_model *stored,
                                    const char *name, struct wh_error *error)
{
    struct wh_opening given = *opening;
    char loss[WH_LOSS_TEXT];
    if (stored->met && wh_setting_compare("label", given.model.roles.label,
                                          stored->settings.roles.label, name, error) != 0)
        return NULL;
    if (stored->joining.pending.count
        && wh_settings_compare(&given.model, &stored->settings, name, error) != 0)
        return NULL;
    wh_settings_fill(&given.model, &stored->settings);
    fill_in(&given.learner, stored->type->name);
    fill_in(&given.loss, stored->loss_settled ? wh_loss_print(&stored->loss, loss) : NULL);
    fill_in(&given.positive, stored->task.positive);
    if (stored->task.kind != WH_TASK_UNSETTLED)
        fill_in(&given.task, wh_task_name(&stored->task));
    struct wh_model *model = wh_opening_begin(&given, error);
    if (model)
        carry_over(model, stored);
    return model;
}

struct wh_model *wh_opening_load(const struct wh_opening *given, const char *path,
                                 const char *name, struct wh_error *error)
{
    struct wh_model *stored = wh_model_load(path, error);
    if (!stored)
        return NULL;
    if (stored->learner && check(given, stored, name, error) == 0)
        return stored;
    struct wh_model *model = stored->learner ? NULL : begin_again(given, stored, name, error);
    wh_model_close(stored);
    return model;
}
