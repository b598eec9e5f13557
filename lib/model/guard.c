#include "model/guard.h"

#include <inttypes.h>
#include <string.h>

#include "base/choice.h"
#include "base/text.h"

static const char RESET[] = "reset";
const char *const wh_on_drift_names[] = { WH_DEFAULT_ON_DRIFT, RESET, NULL };

static bool resets(const struct wh_model *model)
{
    return strcmp(model->settings.on_drift, RESET) == 0;
}

int wh_guard_begin(struct wh_model *model, struct wh_error *error)
{
    struct wh_settings *settings = &model->settings;
    if (!settings->drift)
        settings->drift = wh_copy(WH_DEFAULT_DRIFT, strlen(WH_DEFAULT_DRIFT));
    if (!settings->on_drift)
        settings->on_drift = wh_copy(WH_DEFAULT_ON_DRIFT, strlen(WH_DEFAULT_ON_DRIFT));
    enum wh_drift_tests tests;
    if (!wh_drift_named(settings->drift, &tests))
        return wh_choice_refuse("drift", settings->drift, wh_drift_names, error);
    if (wh_choice_check("on-drift", settings->on_drift, wh_on_drift_names, error) != 0)
        return -1;
    if (!tests && resets(model))
        return wh_fail(error, WH_REFUSED,
                       "--drift none and --on-drift reset contradict each other");
    wh_drift_init(&model->drift, tests);
    return 0;
}

int wh_guard_resume(struct wh_model *model, struct wh_error *error)
{
    const struct wh_settings *settings = &model->settings;
    if (!settings->drift && !settings->on_drift)
        return 0;
    if (!settings->drift || !settings->on_drift)
        return wh_fail(error, WH_REFUSED, "--%s requires --%s",
                       settings->drift ? "drift" : "on-drift",
                       settings->drift ? "on-drift" : "drift");
    return wh_guard_begin(model, error);
}

/* The learner and its notion of the target's unit, as for a first row. */
static void start_anew(struct wh_model *model)
{
    wh_learner_close(model->learner);
    model->target = (struct wh_target){ 0 };
    wh_model_make_learner(model);
}

/* The row's event time as it stands there, where it can. */
static void copy_time(const struct wh_model *model, const struct wh_row *row,
                      char time[static WH_DRIFT_TIME_SIZE])
{
    const char *column = model->settings.roles.time;
    int index = column ? wh_shape_find(row->shape, column, strlen(column)) : -1;
    if (index < 0)
        return;
    const struct wh_field *field = &row->fields[index];
    bool plain = (field->type == WH_NUMBER || field->type == WH_STRING)
              && !(field->flags & WH_ESCAPED) && field->length < WH_DRIFT_TIME_SIZE
              && wh_utf8_valid(field->text, field->length) == field->length
              && !memchr(field->text, '\0', field->length);
    if (plain)
        memcpy(time, field->text, field->length);
}

/* A model of numbers whose errors are a hundred-thousandth of the labels' unit is exact. */
static double least_loss(const struct wh_model *model)
{
    static const double EXACT = 1e-5;
    double unit = wh_target_unit(&model->target, &model->loss);
    switch (model->loss.kind) {
    case WH_LOSS_ABSOLUTE:
    case WH_LOSS_QUANTILE:
        return EXACT * unit;
    case WH_LOSS_POISSON:
        return EXACT * EXACT * unit;
    default:
        return EXACT * EXACT * unit * unit;
    }
}

/* Losses of classes are watched up to a number, which single rows hardly come to: the one that is
 * lost where 3 of 10,000 were given to the right class, or a margin of 7 on the wrong side. */
static struct wh_drift_loss loss_to_watch(const struct wh_model *model,
                                          const struct wh_judgement *judgement)
{
    static const double MOST = 8;
    if (model->task.kind != WH_TASK_REGRESSION)
        return (struct wh_drift_loss){
            .loss = judgement->loss, .limit = model->loss.kind == WH_LOSS_SQUARED ? 1 : MOST,
        };
    const struct wh_metrics *metrics = &model->metrics;
    return (struct wh_drift_loss){
        .loss = judgement->loss,
        .weight = judgement->weight * wh_metrics_measured(metrics) / metrics->weight,
        .least = least_loss(model),
    };
}

const struct wh_drift_event *wh_guard_row(struct wh_model *model, const struct wh_row *row,
                                          const struct wh_judgement *judgement)
{
    if (!(judgement->weight > 0) || !judgement->informed)
        return NULL;
    const struct wh_drift_loss loss = loss_to_watch(model, judgement);
    struct wh_drift_event *event = wh_drift_add(&model->drift, &loss);
    if (!event)
        return NULL;
    event->row = (uint64_t)model->metrics.rows;
    copy_time(model, row, event->time);
    if (resets(model))
        start_anew(model);
    return event;
}

static void add_event(struct wh_buffer *out, const struct wh_drift_event *event)
{
    wh_buffer_format(out, "row %" PRIu64 "%s%s%s: the loss rose from %.6g to %.6g (%s)", event->row,
                     *event->time ? " (" : "", event->time, *event->time ? ")" : "",
                     event->before, event->after, wh_drift_name(event->test));
}

void wh_guard_tell(struct wh_buffer *out, const struct wh_model *model,
                   const struct wh_drift_event *event)
{
    wh_buffer_format(out, "drift at ");
    add_event(out, event);
    if (resets(model))
        wh_buffer_format(out, "; the learner starts anew");
}

static size_t kept(const struct wh_drift *drift)
{
    return drift->count < WH_DRIFT_KEPT ? (size_t)drift->count : WH_DRIFT_KEPT;
}

void wh_guard_describe(struct wh_buffer *out, const struct wh_model *model)
{
    const struct wh_drift *drift = &model->drift;
    if (!drift->tests)
        return;
    wh_buffer_format(out, "%-12s found %" PRIu64 " time%s by %s%s\n", "drift", drift->count,
                     drift->count == 1 ? "" : "s", wh_drift_name(drift->tests),
                     drift->count > 0 && resets(model) ? ", upon which the learner started anew" : "");
    for (size_t i = 0; i < kept(drift); i++) {
        wh_buffer_format(out, "%-12s ", "");
        add_event(out, &drift->events[i]);
        wh_buffer_byte(out, '\n');
    }
}

void wh_guard_stats(json_t *stats, const struct wh_model *model)
{
    const struct wh_drift *drift = &model->drift;
    if (!drift->tests)
        return;
    json_t *events = json_array();
    for (size_t i = 0; i < kept(drift); i++)
        json_array_append_new(events, wh_drift_event_json(&drift->events[i]));
    json_object_set_new(stats, "drifts", json_integer((json_int_t)drift->count));
    json_object_set_new(stats, "last_drifts", events);
}

int wh_guard_write(const struct wh_model *model, struct wh_lines *lines, struct wh_error *error)
{
    return model->drift.tests ? wh_lines_add(lines, wh_drift_save(&model->drift), error) : 0;
}

int wh_guard_read(struct wh_model *model, const json_t *value, struct wh_error *error)
{
    enum wh_drift_tests tests = model->drift.tests;
    if (tests && wh_drift_load(&model->drift, value) && model->drift.tests == tests)
        return 0;
    return wh_fail(error, WH_REFUSED, "its state of drift is invalid");
}
