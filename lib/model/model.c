#include "model/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct wh_model *wh_model_new(void)
{
    struct wh_model *model = wh_alloc(1, sizeof *model);
    wh_names_init(&model->names);
    model->max_features = WH_DEFAULT_MAX_FEATURES;
    return model;
}

void wh_model_name(const char **role, const char *text)
{
    char *named = text ? wh_copy(text, strlen(text)) : NULL;
    free((char *)*role);
    *role = named;
}

void wh_model_free(struct wh_model *model)
{
    if (!model)
        return;
    if (model->learner)
        model->type->free(model->learner);
    wh_names_free(&model->names);
    wh_task_free(&model->task);
    wh_checkpoint_free(&model->checkpoint);
    struct wh_roles *roles = &model->roles;
    const char **texts[] = { &roles->label, &roles->weight, &roles->id, &roles->ignore,
                             &roles->time };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        wh_model_name(texts[i], NULL);
    free(model);
}

void wh_model_make_learner(struct wh_model *model)
{
    struct wh_learner_settings settings = { .loss = model->loss, .rate = model->rate };
    model->loss_settled = true;
    model->learner = model->type->create(&settings);
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
    /* Rows nearly always carry the very stamp that the model has. */
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

bool wh_model_knows(const struct wh_model *model, const struct wh_reading_row *reading,
                    const char *path, struct wh_error *error)
{
    if (reading->known || model->names.count <= 1)
        return true;
    wh_bad_row(error, "feature", NULL, 0, 0, "the row shares no feature with the model %s", path);
    return false;
}

void wh_model_measure(const struct wh_model *model, struct wh_metrics *metrics, double label,
                      const struct wh_outcome *outcome)
{
    if (model->task.kind == WH_TASK_BINARY)
        wh_metrics_binary(metrics, label > 0, wh_model_positive(model, outcome->prediction),
                          outcome->loss, outcome->weight);
    else
        wh_metrics_number(metrics, label, outcome->prediction, outcome->loss, outcome->weight);
}
