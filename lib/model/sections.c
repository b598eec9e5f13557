#include "model/sections.h"

#include "model/eviction.h"
#include "model/guard.h"
#include "model/model.h"

/*
 * The learner's: {"learner":[K,VALUE]} for a line of output K, {"learner":[null,VALUE]} for one of
 * the view.
 */

static int write_learner(const struct wh_model *model, struct wh_lines *lines,
                         struct wh_error *error)
{
    return model->learner ? wh_learner_write(model->learner, lines, error) : 0;
}

static int read_learner(struct wh_model *model, const json_t *value, struct wh_error *error)
{
    if (!model->learner || json_array_size(value) != 2)
        return wh_fail(error, WH_REFUSED, "its learner's lines are invalid");
    return wh_learner_read(model->learner, json_array_get(value, 0), json_array_get(value, 1),
                           error);
}

/*
 * Calibrations, one for each output in their order: {"calibration":{...}}.
 */

static int write_calibrations(const struct wh_model *model, struct wh_lines *lines,
                              struct wh_error *error)
{
    for (uint32_t i = 0; i < model->calibration_count; i++)
        if (wh_lines_add(lines, wh_calibration_save(&model->calibrations[i]), error) != 0)
            return -1;
    return 0;
}

static int read_calibration(struct wh_model *model, const json_t *value, struct wh_error *error)
{
    uint32_t most = model->learner && wh_task_classifies(&model->task) ? model->learner->outputs
                                                                       : 0;
    uint32_t count = model->calibration_count;
    struct wh_calibration calibration = { 0 };
    if (count >= most || most > WH_MOST_CALIBRATED || !wh_calibration_load(&calibration, value))
        return wh_fail(error, WH_REFUSED, "its calibration is invalid");
    model->calibrations = wh_resize(model->calibrations, (size_t)count + 1,
                                    sizeof *model->calibrations);
    model->calibrations[model->calibration_count++] = calibration;
    return 0;
}

const struct wh_section wh_sections[] = {
    { "learner", write_learner, read_learner },
    { "columns", wh_census_write, wh_census_load },
    { "seen", wh_eviction_write, wh_eviction_read },
    { "calibration", write_calibrations, read_calibration },
    { "drift", wh_guard_write, wh_guard_read },
    { "pending", wh_join_write, wh_join_read },
};

const size_t wh_section_count = sizeof wh_sections / sizeof *wh_sections;
