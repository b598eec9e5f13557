#include "learn/learner.h"

#include <stdlib.h>
#include <string.h>

#include "learn/lines.h"

struct wh_learner *wh_learner_open(const struct wh_learner_type *type,
                                   const struct wh_learner_settings *settings, uint32_t outputs)
{
    struct wh_learner *learner = wh_alloc(1, sizeof *learner);
    learner->type = type;
    learner->settings = *settings;
    if (type->view_new)
        learner->view = type->view_new(&learner->settings);
    wh_learner_grow(learner, outputs);
    return learner;
}

void wh_learner_close(struct wh_learner *learner)
{
    if (!learner)
        return;
    for (uint32_t i = 0; i < learner->outputs; i++)
        learner->type->head_free(learner->heads[i]);
    if (learner->view)
        learner->type->view_free(learner->view);
    free(learner->heads);
    free(learner);
}

void wh_learner_grow(struct wh_learner *learner, uint32_t outputs)
{
    if (outputs <= learner->outputs)
        return;
    learner->heads = wh_resize(learner->heads, outputs, sizeof(struct wh_head *));
    while (learner->outputs < outputs)
        learner->heads[learner->outputs++] =
            learner->type->head_new(&learner->settings, learner->view);
}

/*
 * Rows
 */

struct wh_learner_scratch {
    const struct wh_learner_type *type;
    struct wh_scratch *shared; /* NULL: none */
    bool numbers; /* as the learner's settings have it */
    size_t guess_size;
    char *guesses; /* of the heads; NULL: none */
    uint32_t outputs;
};

struct wh_learner_scratch *wh_learner_scratch_open(const struct wh_learner *learner)
{
    struct wh_learner_scratch *scratch = wh_alloc(1, sizeof *scratch);
    scratch->type = learner->type;
    scratch->numbers = learner->settings.numbers;
    if (learner->type->guess_size)
        scratch->guess_size = learner->type->guess_size(&learner->settings);
    if (learner->type->scratch_new)
        scratch->shared = learner->type->scratch_new();
    return scratch;
}

void wh_learner_scratch_close(struct wh_learner_scratch *scratch)
{
    if (!scratch)
        return;
    if (scratch->shared)
        scratch->type->scratch_free(scratch->shared);
    free(scratch->guesses);
    free(scratch);
}

bool wh_learner_scratch_fits(const struct wh_learner_scratch *scratch,
                             const struct wh_learner *learner)
{
    return scratch && scratch->type == learner->type
        && scratch->numbers == learner->settings.numbers;
}

static void make_guesses(struct wh_learner_scratch *scratch, uint32_t outputs)
{
    size_t size = scratch->guess_size;
    if (size > 0) {
        scratch->guesses = wh_resize(scratch->guesses, outputs, size);
        memset(scratch->guesses + scratch->outputs * size, 0,
               (outputs - scratch->outputs) * size);
    }
    scratch->outputs = outputs;
}

static void *guess_of(const struct wh_learner_scratch *scratch, uint32_t output)
{
    return scratch->guesses ? scratch->guesses + output * scratch->guess_size : NULL;
}

void wh_learner_predict(const struct wh_learner *learner, struct wh_learner_scratch *scratch,
                        const struct wh_example *example, double *raw)
{
    const struct wh_learner_type *type = learner->type;
    if (learner->outputs > scratch->outputs)
        make_guesses(scratch, learner->outputs);
    if (learner->view)
        type->view_read(learner->view, scratch->shared, example);
    for (uint32_t i = 0; i < learner->outputs; i++)
        raw[i] = type->predict(learner->heads[i], scratch->shared, guess_of(scratch, i), example);
}

void wh_learner_learn(struct wh_learner *learner, struct wh_learner_scratch *scratch,
                      const struct wh_example *example, const struct wh_outcome *outcomes)
{
    const struct wh_learner_type *type = learner->type;
    if (type->view_meet)
        type->view_meet(learner->view, scratch->shared, example, outcomes[0].weight);
    for (uint32_t i = 0; i < learner->outputs; i++)
        type->learn(learner->heads[i], scratch->shared, guess_of(scratch, i), example,
                    &outcomes[i]);
    if (type->view_learn)
        type->view_learn(learner->view, scratch->shared, example, outcomes[0].weight);
    for (uint32_t i = 0; i < learner->outputs && type->follow; i++)
        type->follow(learner->heads[i]);
}

int wh_learner_fit(struct wh_learner *learner, struct wh_error *error)
{
    for (uint32_t i = 0; i < learner->outputs && learner->type->fit; i++)
        if (learner->type->fit(learner->heads[i], error) != 0)
            return -1;
    return 0;
}

void wh_learner_contribute(const struct wh_learner *learner,
                           const struct wh_learner_scratch *scratch, uint32_t output,
                           const struct wh_example *example, double *shares)
{
    learner->type->contribute(learner->heads[output], scratch->shared, example, shares);
}

/*
 * Saving and loading
 */

json_t *wh_learner_save(const struct wh_learner *learner)
{
    json_t *state = json_object(), *heads = json_array();
    for (uint32_t i = 0; i < learner->outputs; i++)
        json_array_append_new(heads, learner->type->save(learner->heads[i]));
    json_object_set_new(state, "heads", heads);
    json_object_set_new(state, "view",
                        learner->view ? learner->type->view_save(learner->view) : json_null());
    return state;
}

int wh_learner_load(struct wh_learner *learner, const json_t *state, struct wh_error *error)
{
    const json_t *heads = json_object_get(state, "heads");
    if (json_array_size(heads) != learner->outputs)
        return wh_fail(error, WH_REFUSED, "its learner has too many or too few outputs for its task");
    for (uint32_t i = 0; i < learner->outputs; i++)
        if (learner->type->load(learner->heads[i], json_array_get(heads, i), error) != 0)
            return -1;
    const json_t *view = json_object_get(state, "view");
    return learner->view ? learner->type->view_load(learner->view, view, error) : 0;
}

void wh_learner_loaded(struct wh_learner *learner)
{
    const struct wh_learner_type *type = learner->type;
    if (type->view_loaded)
        type->view_loaded(learner->view);
    for (uint32_t i = 0; i < learner->outputs && type->follow; i++)
        type->follow(learner->heads[i]);
}

struct wh_learner_lines {
    struct wh_lines *lines;
    const struct wh_head *head; /* NULL: of the view */
    uint32_t output;
};

int wh_learner_line(struct wh_learner_lines *lines, json_t *value, struct wh_error *error)
{
    json_t *whose = lines->head ? json_integer(lines->output) : json_null();
    return wh_lines_add(lines->lines, json_pack("[o, o]", whose, value), error);
}

int wh_learner_write(const struct wh_learner *learner, struct wh_lines *lines,
                     struct wh_error *error)
{
    const struct wh_learner_type *type = learner->type;
    struct wh_learner_lines to = { .lines = lines };
    if (!type->write)
        return 0;
    if (learner->view && type->write(learner->view, NULL, &to, error) != 0)
        return -1;
    for (; to.output < learner->outputs; to.output++) {
        to.head = learner->heads[to.output];
        if (type->write(learner->view, to.head, &to, error) != 0)
            return -1;
    }
    return 0;
}

int wh_learner_read(struct wh_learner *learner, const json_t *whose, const json_t *value,
                    struct wh_error *error)
{
    double output = json_number_value(whose);
    bool view = json_is_null(whose) && learner->view;
    bool head = json_is_number(whose) && output >= 0 && output < learner->outputs;
    if (!learner->type->read || (!view && !head))
        return wh_fail(error, WH_REFUSED, "its learner's lines are invalid");
    return learner->type->read(learner->view, view ? NULL : learner->heads[(size_t)output],
                               value, error);
}

size_t wh_learner_parameter_count(const struct wh_learner *learner)
{
    const struct wh_learner_type *type = learner->type;
    return type->view_parameters.count + learner->outputs * type->head_parameters.count;
}

void wh_learner_get(const struct wh_learner *learner, uint32_t id, double *parameters)
{
    const struct wh_learner_type *type = learner->type;
    if (type->view_parameters.count)
        type->view_get(learner->view, id, parameters);
    parameters += type->view_parameters.count;
    for (uint32_t i = 0; i < learner->outputs && type->head_parameters.count; i++) {
        type->get(learner->heads[i], id, parameters);
        parameters += type->head_parameters.count;
    }
}

bool wh_learner_set(struct wh_learner *learner, uint32_t id, const double *parameters)
{
    const struct wh_learner_type *type = learner->type;
    if (type->view_parameters.count && !type->view_set(learner->view, id, parameters))
        return false;
    parameters += type->view_parameters.count;
    for (uint32_t i = 0; i < learner->outputs && type->head_parameters.count; i++) {
        if (!type->set(learner->heads[i], id, parameters))
            return false;
        parameters += type->head_parameters.count;
    }
    return true;
}

void wh_learner_renumber(struct wh_learner *learner, const uint32_t *from, uint32_t count)
{
    const struct wh_learner_type *type = learner->type;
    if (type->view_renumber)
        type->view_renumber(learner->view, from, count);
    for (uint32_t i = 0; i < learner->outputs; i++)
        type->renumber(learner->heads[i], from, count);
}

void wh_learner_merge(struct wh_learner *learner, const struct wh_learner *from,
                      const struct wh_learner_map *map)
{
    const struct wh_learner_type *type = learner->type;
    wh_learner_grow(learner, map->outputs);
    if (learner->view)
        type->view_merge(learner->view, from->view, map->features, map->feature_count);
    for (uint32_t i = 0; i < from->outputs; i++)
        type->merge(learner->heads[map->classes[i]], from->heads[i], map->features,
                    map->feature_count, map->shifts[i]);
}

double wh_learner_effect(const struct wh_learner *learner, uint32_t id)
{
    double largest = 0;
    for (uint32_t i = 0; i < learner->outputs && learner->type->effect; i++) {
        double effect = learner->type->effect(learner->heads[i], id);
        if (effect > largest)
            largest = effect;
    }
    return largest;
}
