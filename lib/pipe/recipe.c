#include "pipe/recipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "pipe/step_argument.h"
#include "record/canonical.h"

enum { MAX_RECIPE = 16 << 20 };

void wh_recipe_init(struct wh_recipe *recipe, const struct wh_step_type *const *types)
{
    *recipe = (struct wh_recipe){ .types = types, .steps = json_array() };
}

void wh_recipe_free(struct wh_recipe *recipe)
{
    json_decref(recipe->steps);
    recipe->steps = NULL;
}

/* Options. */

static const struct wh_step_type *find_type(const struct wh_recipe *recipe, const char *op)
{
    const struct wh_step_type *const *type = recipe->types;
    while (*type && strcmp((*type)->op, op) != 0)
        type++;
    return *type;
}

/* Makes the step once, to see whether it can be made. */
static int try_step(const struct wh_recipe *recipe, const json_t *object, const char **op,
                    struct wh_error *error)
{
    struct wh_step *step = wh_step_open(object, recipe->types, op, error);
    if (!step)
        return -1;
    wh_step_close(step);
    return 0;
}

int wh_recipe_option(struct wh_recipe *recipe, const char *op, const char *argument,
                     struct wh_error *error)
{
    const struct wh_step_type *type = find_type(recipe, op);
    if (!type)
        return wh_fail(error, WH_REFUSED, "there is no step \"%s\"", op);
    json_t *object = type->parse(argument, error);
    if (!object)
        return -1;
    json_object_set_new(object, "op", json_string(op));
    const char *named; /* by the option, which the caller puts before the text */
    if (try_step(recipe, object, &named, error) < 0) {
        if (strncmp(type->argument, "COLS=", 5) == 0)
            wh_suggest_equals(argument, error);
        json_decref(object);
        return -1;
    }
    json_array_append_new(recipe->steps, object);
    return 0;
}

/* Files. */

static int check_top(const json_t *document, const char *path, struct wh_error *error)
{
    if (!json_is_object(document) || !json_is_array(json_object_get(document, "steps")))
        return wh_fail(error, WH_REFUSED,
                       "%s: a recipe is an object with \"steps\", a list: {\"steps\":[...]}", path);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)document, key, value) {
        if (strcmp(key, "steps") == 0)
            continue;
        char quoted[96];
        wh_fail(error, WH_REFUSED, "%s: a recipe has no key %s", path,
                wh_quote(quoted, key, strlen(key)));
        wh_suggest(error->text, sizeof error->text, key, (const char *const[]){ "steps" }, 1);
        return -1;
    }
    return 0;
}

static int add_steps(struct wh_recipe *recipe, const json_t *document, const char *path,
                     struct wh_error *error)
{
    size_t index;
    json_t *object;
    json_array_foreach(json_object_get(document, "steps"), index, object) {
        const char *op;
        if (try_step(recipe, object, &op, error) < 0)
            return wh_refuse_in(error, "%s: step %zu%s%s", path, index + 1, op ? ": " : "",
                                op ? op : "");
        json_array_append(recipe->steps, object);
    }
    return 0;
}

int wh_recipe_file(struct wh_recipe *recipe, const char *path, struct wh_error *error)
{
    size_t length;
    char *text = wh_read_file(path, MAX_RECIPE, &length, error);
    if (!text) {
        if (wh_file_missing(path))
            error->status = WH_REFUSED;
        return -1;
    }
    json_error_t place;
    json_t *document = json_loadb(text, length, JSON_REJECT_DUPLICATES, &place);
    free(text);
    if (!document)
        return wh_fail(error, WH_REFUSED, "%s:%d:%d: %s", path, place.line, place.column,
                       place.text);
    int failed = check_top(document, path, error) < 0 ||
                 add_steps(recipe, document, path, error) < 0;
    json_decref(document);
    return failed ? -1 : 0;
}

/* Text. */

static void print_steps(struct wh_buffer *out, const struct wh_recipe *recipe)
{
    wh_buffer_literal(out, "{\"steps\":");
    wh_json_canonical(out, recipe->steps);
    wh_buffer_byte(out, '}');
}

char *wh_recipe_print(const struct wh_recipe *recipe)
{
    struct wh_buffer text = { 0 };
    print_steps(&text, recipe);
    wh_buffer_byte(&text, '\n');
    return wh_buffer_text(&text);
}

void wh_recipe_hash(const struct wh_recipe *recipe, char hex[static 13])
{
    struct wh_buffer text = { 0 };
    print_steps(&text, recipe);
    wh_text_hash(&text, hex);
    wh_buffer_free(&text);
}
