#include "pipe/checkpoint.h"

#include <stdio.h>
#include <string.h>

void wh_checkpoint_free(struct wh_checkpoint *checkpoint)
{
    json_decref(checkpoint->position);
    json_decref(checkpoint->through);
    json_decref(checkpoint->target);
    *checkpoint = (struct wh_checkpoint){ 0 };
}

struct wh_checkpoint wh_checkpoint_of(const struct wh_control *begin,
                                      const struct wh_control *control)
{
    return (struct wh_checkpoint){
        .place = control->place,
        .position = json_incref((json_t *)control->position),
        .through = begin->through ? json_incref((json_t *)begin->through) : json_array(),
    };
}

json_t *wh_checkpoint_json(const struct wh_checkpoint *checkpoint)
{
    if (wh_place_none(&checkpoint->place))
        return json_null();
    return json_pack("{s:s, s:I, s:O?, s:O?}", "epoch", checkpoint->place.epoch, "n",
                     (json_int_t)checkpoint->place.n, "position", checkpoint->position, "through",
                     checkpoint->through);
}

int wh_checkpoint_read(const json_t *json, struct wh_checkpoint *checkpoint,
                       struct wh_error *error)
{
    *checkpoint = (struct wh_checkpoint){ 0 };
    json_t *position = json_object_get(json, "position");
    json_t *through = json_object_get(json, "through");
    if (wh_place_read(json, &checkpoint->place) != 0
        || (!json_is_null(json) && !json_is_array(through)))
        return wh_fail(error, WH_REFUSED, "it holds no valid checkpoint (bring it back from a "
                       "backup, or delete it to begin anew)");
    checkpoint->position = json_is_null(position) ? NULL : json_incref(position);
    checkpoint->through = json_incref(through);
    checkpoint->target = json_incref(json_object_get(json, "target"));
    return 0;
}

int wh_checkpoint_lost(const struct wh_place *held, const struct wh_place *committed,
                       const char *name, struct wh_error *error)
{
    char there[80], wanted[80];
    return wh_fail(error, WH_BROKEN, "%s holds %s, although %s was committed: the target has lost "
                   "its last commits (it was restored, or a standby server took over that was not "
                   "up to date); run the same line again, which continues from what is there",
                   name, wh_place_text(held, there), wh_place_text(committed, wanted));
}

int wh_checkpoint_expect(const struct wh_checkpoint *held, const struct wh_place *expected,
                         const char *name, struct wh_error *error)
{
    char there[80], wanted[80];
    if (wh_place_same(&held->place, expected))
        return 0;
    if (strcmp(held->place.epoch, expected->epoch) == 0 && held->place.n < expected->n)
        return wh_checkpoint_lost(&held->place, expected, name, error);
    return wh_fail(error, WH_BROKEN, "%s holds %s, and this run continues from %s: another run has "
                   "committed meanwhile (only one may continue; this one commits nothing more)", name,
                   wh_place_text(&held->place, there), wh_place_text(expected, wanted));
}

/* "wh-clean 5d1f2a7be0c4, wh-featurize 77..." of the recipes, cut where it is too long. */
static const char *list(const json_t *through, char *out, size_t size)
{
    size_t used = 0, i;
    json_t *recipe;
    out[0] = '\0';
    json_array_foreach((json_t *)through, i, recipe) {
        const char *text = json_is_string(recipe) ? json_string_value(recipe) : "?";
        if (used + strlen(text) + 3 > size)
            break;
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "", text);
    }
    return *out ? out : "none";
}

/* Whether two entries "TOOL R.F" name one recipe R: constants F that have moved are the same
 * recipe, as in a pipeline whose encoders go on learning. */
static bool same_recipe(const json_t *left, const json_t *right)
{
    const char *now = json_string_value(left), *before = json_string_value(right);
    if (!now || !before)
        return json_equal((json_t *)left, (json_t *)right);
    size_t length = strcspn(now, ".");
    return length == strcspn(before, ".") && memcmp(now, before, length) == 0;
}

static bool same_recipes(const json_t *now, const json_t *before)
{
    size_t count = json_array_size(now);
    if (count != json_array_size(before))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!same_recipe(json_array_get(now, i), json_array_get(before, i)))
            return false;
    return true;
}

int wh_checkpoint_check(const struct wh_checkpoint *held, const struct wh_control *begin,
                        const char *name, bool changed, struct wh_error *error)
{
    char there[80], from[80], before[300], now[300];
    if (!wh_place_same(&held->place, &begin->from))
        return wh_fail(error, WH_BROKEN, "%s holds %s, and the stream continues from %s: "
                       "--checkpoint must name the same at both ends, and only one run may "
                       "continue at a time", name, wh_place_text(&held->place, there),
                       wh_place_text(&begin->from, from));
    if (wh_place_none(&held->place) || changed || same_recipes(begin->through, held->through))
        return 0;
    return wh_fail(error, WH_REFUSED, "the rows come through other recipes than those committed to "
                   "%s (now: %s; before: %s; --changed-recipe continues all the same)", name,
                   list(begin->through, now, sizeof now),
                   list(held->through, before, sizeof before));
}
