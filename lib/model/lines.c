#include "model/lines.h"

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
        return wh_fail(error, WH_REFUSED, "its learner's lines are not what they should be");
    return wh_learner_read(model->learner, json_array_get(value, 0), json_array_get(value, 1),
                           error);
}

const struct wh_section wh_sections[] = {
    { "learner", write_learner, read_learner },
};

const size_t wh_section_count = sizeof wh_sections / sizeof *wh_sections;
