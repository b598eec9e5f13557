#include "train/merge.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "model/modelfile.h"

static int differs(const char *path, const char *what, struct wh_error *error)
{
    return wh_fail(error, WH_REFUSED, "%s: has another %s than the model before: only models that "
                   "were begun alike can be merged", path, what);
}

static int check(const struct wh_model *into, const struct wh_model *from, const char *path,
                 struct wh_error *error)
{
    const struct wh_model *both[] = { into, from };
    for (size_t i = 0; i < 2; i++) {
        if (!both[i]->learner)
            return wh_fail(error, WH_REFUSED, "%s: a model that has learned nothing cannot be "
                           "merged", path);
        if (!wh_place_none(&both[i]->checkpoint.place))
            return wh_fail(error, WH_REFUSED, "%s: a model that belongs to a stream cannot be "
                           "merged (see --detach)", path);
        if (both[i]->joining.pending.count)
            return wh_fail(error, WH_REFUSED, "%s: rows wait in it for their labels (--join), and "
                           "would be lost: a model can be merged once these have come, or the "
                           "rows waited longer than --within", path);
    }
    if (into->type != from->type)
        return differs(path, "learner", error);
    if (!into->type->merge)
        return wh_fail(error, WH_REFUSED, "%s: models of the learner %s cannot be merged, since "
                       "each has cut up the values of its own rows: learn with nag, ftrl, coin or "
                       "sgd", path, into->type->name);
    if (into->settings.half_life)
        return wh_fail(error, WH_REFUSED, "%s: models with --half-life cannot be merged: which "
                       "rows are forgotten depends on the order of all of them", path);
    if (into->task.kind != from->task.kind)
        return differs(path, "task", error);
    if (into->loss.kind != from->loss.kind || into->loss.parameter != from->loss.parameter)
        return differs(path, "loss", error);
    if (into->input != from->input || strcmp(into->stamp, from->stamp) != 0)
        return differs(path, "input or recipe", error);
    json_t *a = wh_settings_save(&into->settings), *b = wh_settings_save(&from->settings);
    bool same = json_equal(a, b);
    json_decref(a);
    json_decref(b);
    return same ? 0 : differs(path, "setting", error);
}

struct maps {
    uint32_t *classes;
    double *shifts;
    uint32_t *features;
};

/* The number in `into` of each of `from`'s classes, and how much further off its margins are. */
static int map_classes(struct wh_model *into, const struct wh_model *from, const char *path,
                       uint32_t *map, double *shifts, struct wh_error *error)
{
    struct wh_task *task = &into->task;
    for (uint32_t i = 0; i < from->task.count; i++) {
        const struct wh_class *class = &from->task.classes[i];
        uint32_t at = wh_task_take_class(task, class, i);
        if (at == task->count)
            return wh_fail(error, WH_REFUSED, "%s: its labels differ from those of the model "
                           "before, or are too many together with them", path);
        map[i] = at;
        shifts[i] = class->offset - task->classes[at].offset;
    }
    return 0;
}

/* The number in `into` of each of `from`'s features. */
static int map_features(struct wh_model *into, const struct wh_model *from, uint32_t *map,
                        struct wh_error *error)
{
    struct wh_names *names = &into->names;
    map[WH_CONSTANT] = WH_CONSTANT;
    for (uint32_t id = 1; id < from->names.count; id++) {
        const char *text = wh_names_text(&from->names, id);
        size_t length = from->names.names[id].length;
        map[id] = wh_names_find(names, text, length);
        if (map[id] != WH_NO_FEATURE)
            continue;
        if (names->count > into->settings.max_features)
            return wh_fail(error, WH_REFUSED, "together the models have more features than "
                           "--max-features allows (%" PRIu64 ")", into->settings.max_features);
        map[id] = wh_names_add(names, text, length);
    }
    return 0;
}

static int merge(struct wh_model *into, const struct wh_model *from, const char *path,
                 struct maps *maps, struct wh_error *error)
{
    bool many = into->task.kind == WH_TASK_MULTICLASS;
    if (map_classes(into, from, path, maps->classes, maps->shifts, error) != 0
        || map_features(into, from, maps->features, error) != 0)
        return -1;
    struct wh_learner_map map = {
        .outputs = many ? into->task.count : 1,
        .classes = maps->classes,
        .shifts = maps->shifts,
        .features = maps->features,
        .feature_count = from->names.count,
    };
    wh_metrics_merge(&into->metrics, &from->metrics, many ? maps->classes : NULL);
    if (!many)
        maps->classes[0] = 0; /* the only output */
    wh_learner_merge(into->learner, from->learner, &map);
    for (uint32_t id = 0; id < from->names.count; id++)
        into->names.names[maps->features[id]].seen += from->names.names[id].seen;
    wh_model_merge_counts(into, from, maps->classes);
    wh_census_merge(&into->census, &from->census);
    wh_target_merge(&into->target, &from->target);
    return 0;
}

int wh_model_merge(struct wh_model *into, const struct wh_model *from, const char *path,
                   struct wh_error *error)
{
    if (check(into, from, path, error) != 0)
        return -1;
    size_t classes = (size_t)from->task.count + 1;
    struct maps maps = {
        .classes = wh_alloc(classes, sizeof *maps.classes),
        .shifts = wh_alloc(classes, sizeof *maps.shifts),
        .features = wh_alloc(from->names.count, sizeof *maps.features),
    };
    int result = merge(into, from, path, &maps, error);
    free(maps.classes);
    free(maps.shifts);
    free(maps.features);
    return result;
}

/* The same rows twice would count double. */
static int check_apart(const struct wh_model *from, const char *path, char (*digests)[65],
                       size_t count, struct wh_error *error)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(from->digest, digests[i]) == 0)
            return wh_fail(error, WH_REFUSED, "%s: has learned just what another of the models "
                           "has: its rows would count twice", path);
    strcpy(digests[count], from->digest);
    return 0;
}

static struct wh_model *merge_all(const char *const *paths, size_t count, struct wh_error *error)
{
    char (*digests)[65] = wh_alloc(count, sizeof *digests);
    struct wh_model *into = wh_model_load(paths[0], error);
    if (into)
        check_apart(into, paths[0], digests, 0, error);
    for (size_t i = 1; i < count && into; i++) {
        struct wh_model *from = wh_model_load(paths[i], error);
        if (!from || wh_model_merge(into, from, paths[i], error) != 0
            || check_apart(from, paths[i], digests, i, error) != 0) {
            wh_model_close(into);
            into = NULL;
        }
        wh_model_close(from);
    }
    free(digests);
    return into;
}

struct wh_model *wh_model_merge_files(const char *const *paths, size_t count, const char *out,
                                      bool replace, struct wh_error *error)
{
    if (count < 2) {
        wh_fail(error, WH_REFUSED, "--merge needs two models or more, given as operands");
        return NULL;
    }
    struct wh_lock *lock = wh_lock_take(out, error);
    if (!lock)
        return NULL;
    struct wh_model *model = NULL;
    if (wh_model_exists(out) && !replace)
        wh_fail(error, WH_REFUSED, "%s: is there already (--new replaces it)", out);
    else if (!wh_model_exists(out) || wh_model_refuse_foreign(out, error) == 0)
        model = merge_all(paths, count, error);
    if (model && (wh_lock_check(lock, error) != 0 || wh_model_save(model, out, error) != 0)) {
        wh_model_close(model);
        model = NULL;
    }
    wh_lock_release(lock);
    return model;
}
