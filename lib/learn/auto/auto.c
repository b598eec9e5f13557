/*
 * auto: the default learner, which needs no tuning. A committee of cheap experts sees the row in
 * several ways (learn/auto/view.h), each learns from every row, and mixers learn, row by row, how
 * far to trust which: one for classes (learn/auto/classes.h), one for numbers
 * (learn/auto/number.h). What the outputs share is made once a row.
 */
#include <math.h>
#include <stdlib.h>

#include "learn/auto/classes.h"
#include "learn/auto/constants.h"
#include "learn/auto/number.h"
#include "learn/auto/view.h"
#include "learn/learner.h"
#include "learn/learners.h"
#include "learn/linear.h"

struct wh_view {
    struct wh_auto_view *view;
    double clock; /* of the row learned last (model/examples.h) */
};

struct wh_scratch {
    struct wh_auto_scratch *view;
    const struct wh_auto_row *row; /* that was read last */
    double keep; /* what the rows learned from count for it, of what they did */
    struct wh_auto_rivals rivals; /* what all heads said of it */
    struct wh_scratch *plain; /* of the expert *plain* (learn/auto/classes.h) */
};

struct wh_head {
    struct wh_auto_classes *classes; /* NULL in regression */
    struct wh_auto_number *number;   /* NULL else */
};

static struct wh_view *auto_view_new(const struct wh_learner_settings *settings)
{
    struct wh_view *shared = wh_alloc(1, sizeof *shared);
    shared->view = wh_auto_view_open(settings->names);
    return shared;
}

static void auto_view_free(struct wh_view *shared)
{
    wh_auto_view_close(shared->view);
    free(shared);
}

static struct wh_scratch *auto_scratch_new(void)
{
    struct wh_scratch *scratch = wh_alloc(1, sizeof *scratch);
    scratch->view = wh_auto_scratch_open();
    scratch->plain = wh_learner_nag.scratch_new();
    return scratch;
}

static void auto_scratch_free(struct wh_scratch *scratch)
{
    wh_auto_scratch_close(scratch->view);
    wh_learner_nag.scratch_free(scratch->plain);
    free(scratch);
}

static size_t auto_guess_size(const struct wh_learner_settings *settings)
{
    return settings->numbers ? wh_auto_number_guess_size() : wh_auto_class_guess_size();
}

static void auto_view_read(const struct wh_view *shared, struct wh_scratch *scratch,
                           const struct wh_example *example)
{
    scratch->row = wh_auto_view_read(shared->view, scratch->view, example);
    double passed = example->clock - shared->clock;
    scratch->keep = passed > 0 ? fmax(exp2(-passed), WH_AUTO_LEAST_KEEP) : 1;
    scratch->rivals = (struct wh_auto_rivals){ 0 };
}

static void auto_view_learn(struct wh_view *shared, struct wh_scratch *scratch,
                            const struct wh_example *example, double weight)
{
    (void)weight;
    wh_auto_view_learn(shared->view, scratch->view, example, scratch->keep);
    shared->clock = example->clock;
}

static json_t *auto_view_save(const struct wh_view *shared)
{
    json_t *state = wh_auto_view_save(shared->view);
    json_object_set_new(state, "clock", json_real(shared->clock));
    return state;
}

static int auto_view_load(struct wh_view *shared, const json_t *state, struct wh_error *error)
{
    if (!wh_state_number(state, "clock", WH_LAST_CLOCK, &shared->clock) || shared->clock < 0)
        return wh_fail(error, WH_REFUSED, "its learner's clock is invalid");
    return wh_auto_view_load(shared->view, state, error);
}

static void auto_view_loaded(struct wh_view *shared)
{
    wh_auto_view_loaded(shared->view);
}

static void auto_view_get(const struct wh_view *shared, uint32_t id, double *parameters)
{
    wh_auto_view_get(shared->view, id, parameters);
}

static bool auto_view_set(struct wh_view *shared, uint32_t id, const double *parameters)
{
    return wh_auto_view_set(shared->view, id, parameters);
}

static void auto_view_renumber(struct wh_view *shared, const uint32_t *from, uint32_t count)
{
    wh_auto_view_renumber(shared->view, from, count);
}

static struct wh_head *auto_new(const struct wh_learner_settings *settings, struct wh_view *shared)
{
    struct wh_head *head = wh_alloc(1, sizeof *head);
    if (settings->numbers)
        head->number = wh_auto_number_open(settings, shared->view);
    else
        head->classes = wh_auto_classes_open(settings, shared->view);
    return head;
}

static void auto_free(struct wh_head *head)
{
    wh_auto_classes_close(head->classes);
    wh_auto_number_close(head->number);
    free(head);
}

static double auto_predict(const struct wh_head *head, struct wh_scratch *scratch, void *guess,
                           const struct wh_example *example)
{
    if (head->number)
        return wh_auto_number_predict(head->number, guess, scratch->row);
    return wh_auto_classes_predict(head->classes, guess, scratch->row, example, &scratch->rivals);
}

static void auto_learn(struct wh_head *head, struct wh_scratch *scratch, void *guess,
                       const struct wh_example *example, const struct wh_outcome *outcome)
{
    const struct wh_auto_lesson lesson = {
        .row = scratch->row,
        .example = example,
        .rivals = &scratch->rivals,
        .outcome = outcome,
        .keep = scratch->keep,
        .plain = scratch->plain,
    };
    if (head->number)
        wh_auto_number_learn(head->number, guess, scratch->row, example->features, outcome,
                             scratch->keep);
    else
        wh_auto_classes_learn(head->classes, guess, &lesson);
}

static void auto_follow(struct wh_head *head)
{
    if (head->number)
        wh_auto_number_follow(head->number);
    else
        wh_auto_classes_follow(head->classes);
}

/* What a head learned is in lines of its own: a header could not hold that of many. */
static json_t *auto_save(const struct wh_head *head)
{
    (void)head;
    return json_object();
}

static int auto_load(struct wh_head *head, const json_t *state, struct wh_error *error)
{
    (void)head;
    (void)state;
    (void)error;
    return 0;
}

static int write_fields(const struct wh_auto_view *view, struct wh_learner_lines *lines,
                        struct wh_error *error)
{
    json_t *fields = wh_auto_view_fields(view), *field;
    size_t i;
    int result = 0;
    json_array_foreach(fields, i, field)
        if (result == 0)
            result = wh_learner_line(lines, json_incref(field), error);
    json_decref(fields);
    return result;
}

static int write_slots(const struct wh_auto_view *view, struct wh_learner_lines *lines,
                       struct wh_error *error)
{
    json_t *slot;
    for (uint32_t i = 0; (slot = wh_auto_view_slot(view, i)) != NULL; i++)
        if (wh_learner_line(lines, slot, error) != 0)
            return -1;
    return 0;
}

static struct wh_auto_cells *cells_of(const struct wh_head *head)
{
    return head->number ? wh_auto_number_cells(head->number) : wh_auto_classes_cells(head->classes);
}

static int auto_write(const struct wh_view *shared, const struct wh_head *head,
                      struct wh_learner_lines *lines, struct wh_error *error)
{
    if (!head)
        return write_fields(shared->view, lines, error)
            || write_slots(shared->view, lines, error) ? -1 : 0;
    json_t *rest =
        head->number ? wh_auto_number_save(head->number) : wh_auto_classes_save(head->classes);
    if (wh_learner_line(lines, rest, error) != 0)
        return -1;
    return wh_auto_cells_write(cells_of(head), lines, error);
}

static int auto_read(struct wh_view *shared, struct wh_head *head, const json_t *value,
                     struct wh_error *error)
{
    bool fine;
    if (!head) {
        fine = wh_auto_view_take(shared->view, value);
    } else if (json_is_string(value)) {
        auto_follow(head); /* so that what is read is of the view as it is now */
        fine = wh_auto_cells_read(cells_of(head), value);
    } else {
        fine = head->number ? wh_auto_number_load(head->number, value)
                            : wh_auto_classes_load(head->classes, value);
    }
    return fine ? 0 : wh_fail(error, WH_REFUSED, "its learner's lines are invalid");
}

static void auto_get(const struct wh_head *head, uint32_t id, double *parameters)
{
    for (unsigned i = WH_AUTO_NUMBER_PARAMETERS; i < WH_AUTO_CLASSES_PARAMETERS; i++)
        parameters[i] = 0;
    if (head->number)
        wh_auto_number_get(head->number, id, parameters);
    else
        wh_auto_classes_get(head->classes, id, parameters);
}

static bool auto_set(struct wh_head *head, uint32_t id, const double *parameters)
{
    return head->number ? wh_auto_number_set(head->number, id, parameters)
                        : wh_auto_classes_set(head->classes, id, parameters);
}

static void auto_renumber(struct wh_head *head, const uint32_t *from, uint32_t count)
{
    if (head->number)
        wh_auto_number_renumber(head->number, from, count);
    else
        wh_auto_classes_renumber(head->classes, from, count);
}

static double auto_effect(const struct wh_head *head, uint32_t id)
{
    return head->number ? wh_auto_number_effect(head->number, id)
                        : wh_auto_classes_effect(head->classes, id);
}

static void auto_describe(const struct wh_view *shared, const struct wh_head *head,
                          struct wh_buffer *out)
{
    (void)shared;
    if (head->number)
        wh_auto_number_describe(head->number, out);
    else
        wh_auto_classes_describe(head->classes, out);
}

/* In regression the first two are those of learn/auto/number.h, and the others 0. */
static const char *const head_parameters[] = {
    "plain", "gradients", "scale", "normed", "squares", "with", "without",
};

const struct wh_learner_type wh_learner_auto = {
    .name = "auto",
    .help = "a mixture of experts that needs no tuning",
    .rate = 1,
    .untuned = "its experts learn at rates of their own, and are mixed by how they do",
    .unpenalized = "its experts learn at rates of their own, which no one penalty fits",
    .needs = WH_NEEDS_ZEROS | WH_NEEDS_MISSING | WH_NEEDS_NAMES,
    .scratch_new = auto_scratch_new,
    .scratch_free = auto_scratch_free,
    .guess_size = auto_guess_size,
    .view_parameters = { wh_auto_view_parameters, WH_AUTO_VIEW_PARAMETERS },
    .view_new = auto_view_new,
    .view_free = auto_view_free,
    .view_read = auto_view_read,
    .view_learn = auto_view_learn,
    .view_save = auto_view_save,
    .view_load = auto_view_load,
    .view_loaded = auto_view_loaded,
    .view_get = auto_view_get,
    .view_set = auto_view_set,
    .view_renumber = auto_view_renumber,
    .head_parameters = { head_parameters, sizeof head_parameters / sizeof *head_parameters },
    .head_new = auto_new,
    .head_free = auto_free,
    .predict = auto_predict,
    .learn = auto_learn,
    .follow = auto_follow,
    .save = auto_save,
    .load = auto_load,
    .get = auto_get,
    .set = auto_set,
    .renumber = auto_renumber,
    .effect = auto_effect,
    .write = auto_write,
    .read = auto_read,
    .describe = auto_describe,
};
