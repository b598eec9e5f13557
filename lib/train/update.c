#include "train/update.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/modelfile.h"
#include "record/canonical.h"
#include "score/scored.h"
#include "train/summary.h"

struct update {
    struct wh_stage stage;
    const struct wh_update_settings *settings;
    struct wh_trainer_settings training;
    struct wh_saving *saving;
    struct wh_trainer *trainer;
    struct wh_scored *scored; /* NULL: no rows are passed on */
    json_t *told;             /* by wh_update_tell; NULL */
    bool continues;
    char recipe[13];
};

static struct update *update_of(struct wh_stage *stage)
{
    return (struct update *)stage;
}

static struct wh_model *model_of(const struct update *update)
{
    return wh_trainer_model(update->trainer);
}

/*
 * Opening
 */

/* Takes the model that is in a file. */
static struct wh_model *load_model(struct update *update, const char *path,
                                   struct wh_error *error)
{
    const struct wh_update_settings *settings = update->settings;
    struct wh_model *model = wh_opening_load(&settings->given, path, settings->saving.path, error);
    if (!model)
        return NULL;
    if (settings->saving.detach && !wh_place_none(&model->checkpoint.place)) {
        wh_checkpoint_free(&model->checkpoint);
        wh_saving_changed(update->saving);
    }
    update->continues = true;
    return model;
}

static struct wh_model *open_model(struct update *update, struct wh_error *error)
{
    const struct wh_saving_settings *saving = &update->settings->saving;
    bool exists = wh_model_exists(saving->path);
    if (exists && !saving->fresh)
        return load_model(update, saving->path, error);
    if (exists && wh_model_refuse_foreign(saving->path, error) != 0)
        return NULL;
    return wh_opening_begin(&update->settings->given, error);
}

static int open_scored(struct update *update, struct wh_error *error)
{
    const struct wh_update_settings *settings = update->settings;
    const struct wh_scored_settings columns = { .as = settings->as,
                                                .keep_features = settings->keep_features,
                                                .digits = settings->digits };
    if (settings->saving.passes && !(update->scored = wh_scored_open(&columns, error)))
        return -1;
    return 0;
}

/* Gives the trainer a model, which becomes its own. */
static int open_trainer(struct update *update, struct wh_model *model, struct wh_error *error)
{
    const struct wh_update_settings *settings = update->settings;
    if (settings->pending && !model->settings.roles.join) {
        wh_model_close(model);
        return wh_fail(error, WH_REFUSED, "--pending requires --join ID");
    }
    if (update->trainer)
        return wh_trainer_exchange(update->trainer, model, error);
    update->training = (struct wh_trainer_settings){
        .path = settings->saving.path,
        .max_features = settings->given.model.max_features,
        .strict = settings->strict,
        .scores = settings->saving.passes,
        .rereads = settings->saving.waits,
        .window = settings->window,
        .table = { .say = settings->say, .context = settings->say_context },
        .notify = settings->notify,
    };
    update->trainer = wh_trainer_open(&update->training, model, error);
    return update->trainer ? 0 : -1;
}

static int open_all(struct update *update, struct wh_error *error)
{
    update->saving = wh_saving_open(&update->settings->saving, error);
    struct wh_model *model = update->saving ? open_model(update, error) : NULL;
    if (!model)
        return -1;
    if (open_scored(update, error) != 0) {
        wh_model_close(model);
        return -1;
    }
    return open_trainer(update, model, error);
}

/*
 * Rows
 */

/* Whether rows of this shape have room for the columns that predictions have, as far as these are
 * known. */
static bool has_room(struct update *update, struct wh_scored_columns *columns,
                     const struct wh_shape *shape, struct wh_error *error)
{
    const struct wh_model *model = model_of(update);
    if (columns->shape)
        return true;
    if (model->task.kind == WH_TASK_UNSETTLED)
        return wh_scored_may_bind(update->scored, shape, error);
    const struct wh_scoring by = { update->scored, model };
    return wh_scored_bind(columns, shape, &by, 1, error);
}

/* Passes the row on with what was predicted of it; NULL: nothing could be. */
static enum wh_verdict pass(struct update *update, struct wh_row *row,
                            struct wh_scored_columns *columns,
                            const struct wh_prediction *prediction, struct wh_emit *emit,
                            struct wh_error *error)
{
    if (!has_room(update, columns, row->shape, error))
        return WH_BAD;
    struct wh_field *fields = wh_scored_begin(columns, row);
    if (prediction)
        wh_scored_put(update->scored, model_of(update), row, prediction, NULL,
                      fields + columns->kept_count);
    else
        wh_scored_put_null(columns, fields);
    wh_scored_end(columns, row, fields);
    return wh_emit_row(emit, row, error);
}

/* Passes a row on before it is learned from: one that turns out to be bad teaches nothing. */
static enum wh_verdict update_row(struct wh_stage *stage, struct wh_row *row, struct wh_emit *emit,
                                  struct wh_error *error)
{
    struct update *update = update_of(stage);
    struct wh_trainer *trainer = update->trainer;
    struct wh_trainer_look look;
    if (wh_saving_row(update->saving, model_of(update), error) != 0)
        return WH_FATAL;
    struct wh_scored_columns *columns = update->scored ? wh_trainer_columns(trainer, row->shape)
                                                       : NULL;
    if (columns && !has_room(update, columns, row->shape, error))
        return WH_BAD;
    enum wh_verdict verdict = wh_trainer_look(trainer, row, &look, error);
    if (verdict == WH_TAKEN && look.passes) {
        verdict = pass(update, row, columns, look.prediction, emit, error);
        if (verdict != WH_TAKEN)
            wh_trainer_drop(trainer, verdict);
    }
    if (verdict == WH_TAKEN)
        verdict = wh_trainer_take(trainer, error);
    if (verdict == WH_TAKEN && look.teaches)
        wh_saving_changed(update->saving);
    return verdict;
}

static int update_columns(struct wh_stage *stage, struct wh_row *row, struct wh_error *error)
{
    struct update *update = update_of(stage);
    struct wh_scored_columns *columns = wh_trainer_columns(update->trainer, row->shape);
    if (wh_trainer_check_task(model_of(update), error) != 0
        || !has_room(update, columns, row->shape, error))
        return -1;
    row->shape = columns->shape;
    return 0;
}

/*
 * The stream
 */

static int update_begin(struct wh_stage *stage, const struct wh_control *begin,
                        struct wh_error *error)
{
    struct update *update = update_of(stage);
    const char *source;
    if (wh_saving_begin(update->saving, model_of(update), begin, &source, error) != 0)
        return -1;
    if (source && strcmp(source, update->settings->saving.path) != 0) {
        struct wh_model *model = load_model(update, source, error);
        if (!model || open_trainer(update, model, error) != 0)
            return -1;
    }
    return wh_saving_check(update->saving, model_of(update), error);
}

static int update_checkpoint(struct wh_stage *stage, const struct wh_control *checkpoint,
                             struct wh_emit *emit, struct wh_error *error)
{
    struct update *update = update_of(stage);
    return wh_saving_checkpoint(update->saving, model_of(update), checkpoint, emit->outlet, error);
}

static int update_committed(struct wh_stage *stage, const struct wh_place *place,
                            struct wh_error *error)
{
    return wh_saving_committed(update_of(stage)->saving, place, error);
}

static int update_broken(struct wh_stage *stage, struct wh_error *error)
{
    struct update *update = update_of(stage);
    return wh_saving_broken(update->saving, model_of(update), error);
}

static int update_tick(struct wh_stage *stage, double now, struct wh_error *error)
{
    struct update *update = update_of(stage);
    return wh_saving_tick(update->saving, model_of(update), now, error);
}

static struct wh_lag update_lag(struct wh_stage *stage, double now)
{
    return wh_saving_lag(update_of(stage)->saving, now);
}

/* Who goes on with a stream must find the same columns in its rows. */
static const char *update_recipe(struct wh_stage *stage)
{
    struct update *update = update_of(stage);
    if (!update->scored)
        return NULL;
    json_t *adds = json_pack("{s:s, s:s?, s:b}", "label",
                             model_of(update)->settings.roles.label, "as", update->settings->as,
                             "keep_features", update->settings->keep_features);
    wh_json_hash(adds, update->recipe);
    json_decref(adds);
    return update->recipe;
}

static int update_finish(struct wh_stage *stage, struct wh_emit *emit, struct wh_error *error)
{
    (void)emit;
    struct update *update = update_of(stage);
    const char *pending = update->settings->pending;
    if (wh_trainer_finish(update->trainer, wh_saving_streams(update->saving), error) != 0
        || wh_saving_finish(update->saving, model_of(update), error) != 0)
        return -1;
    return pending ? wh_join_export(model_of(update), pending, error) : 0;
}

/*
 * Reports
 */

static struct wh_summary summary_of(const struct update *update)
{
    const struct wh_update_settings *settings = update->settings;
    return (struct wh_summary){
        .trainer = update->trainer,
        .path = settings->saving.path,
        .saved = wh_saving_count(update->saving),
        .continues = update->continues,
        .streams = wh_saving_streams(update->saving),
        .detached = settings->saving.detach,
        .named = settings->given.task || settings->given.loss,
        .windowed = settings->window != NULL,
        .scores = update->scored != NULL,
        .told = update->told,
    };
}

static void update_stats(struct wh_stage *stage, json_t *stats)
{
    const struct wh_summary summary = summary_of(update_of(stage));
    wh_summary_stats(&summary, stats);
}

static void update_summary(struct wh_stage *stage, double seconds, struct wh_buffer *out)
{
    const struct wh_summary summary = summary_of(update_of(stage));
    wh_summary_print(&summary, seconds, out);
}

static void update_progress(struct wh_stage *stage, char *line, size_t size)
{
    wh_trainer_progress(update_of(stage)->trainer, line, size);
}

const struct wh_model *wh_update_model(const struct wh_stage *stage)
{
    return model_of((const struct update *)stage);
}

bool wh_update_continues(const struct wh_stage *stage)
{
    return ((const struct update *)stage)->continues;
}

/*
 * Several readings
 */

struct wh_trainer *wh_update_trainer(struct wh_stage *stage)
{
    return update_of(stage)->trainer;
}

int wh_update_save(struct wh_stage *stage, struct wh_error *error)
{
    struct update *update = update_of(stage);
    return wh_saving_write(update->saving, model_of(update), error);
}

void wh_update_tell(struct wh_stage *stage, json_t *members)
{
    struct update *update = update_of(stage);
    json_decref(update->told);
    update->told = members;
}

/*
 * Opening and closing
 */

static void update_close(struct wh_stage *stage)
{
    struct update *update = update_of(stage);
    wh_trainer_close(update->trainer);
    wh_scored_close(update->scored);
    json_decref(update->told);
    wh_saving_close(update->saving);
    free(update);
}

static const struct wh_stage_ops update_ops = {
    .row = update_row,
    .finish = update_finish,
    .columns = update_columns,
    .tick = update_tick,
    .begin = update_begin,
    .checkpoint = update_checkpoint,
    .committed = update_committed,
    .broken = update_broken,
    .recipe = update_recipe,
    .lag = update_lag,
    .stats = update_stats,
    .summary = update_summary,
    .progress = update_progress,
    .close = update_close,
};

struct wh_stage *wh_update_open(const struct wh_update_settings *settings, struct wh_error *error)
{
    struct update *update = wh_alloc(1, sizeof *update);
    update->stage.ops = &update_ops;
    update->settings = settings;
    if (open_all(update, error) == 0)
        return &update->stage;
    update_close(&update->stage);
    return NULL;
}
