#include "pipe/recipe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/number.h"
#include "base/text.h"
#include "pipe/run.h"
#include "pipe/step_argument.h"
#include "record/json.h"

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

/* Writes "--drop-missing" for "drop_missing". */
static void option_name(const char *op, char *name, size_t size)
{
    snprintf(name, size, "%s", op);
    for (; *name; name++)
        if (*name == '_')
            *name = '-';
}

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
    struct wh_step *step = wh_step_create(object, recipe->types, op, error);
    if (!step)
        return -1;
    wh_step_free(step);
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

static int set_step(void *target, const struct wh_option *option, const char *value,
                    struct wh_error *error)
{
    char op[64];
    snprintf(op, sizeof op, "%s", option->name);
    for (char *at = op; *at; at++)
        if (*at == '-')
            *at = '_';
    return wh_recipe_option(target, op, value, error);
}

static int set_file(void *target, const struct wh_option *option, const char *value,
                    struct wh_error *error)
{
    (void)option;
    return wh_recipe_file(target, value, error);
}

struct wh_option *wh_recipe_options(const struct wh_step_type *const *types, size_t *count)
{
    static const struct wh_option fixed[] = {
        WH_HEADING("Steps, run in the order given"),
        WH_CALL(set_file, "recipe", 'r', "FILE", "the steps of a recipe file"),
        WH_FLAG(struct wh_recipe, print, "print-recipe", 0, "print the steps as a recipe and end"),
    };
    enum { FIXED = sizeof fixed / sizeof *fixed };
    size_t type_count = 0, name_bytes = 0;
    for (; types[type_count]; type_count++)
        name_bytes += strlen(types[type_count]->op) + 1;

    size_t bytes = (FIXED + type_count) * sizeof(struct wh_option);
    struct wh_option *options = wh_alloc(1, bytes + name_bytes);
    char *name = (char *)options + bytes;
    memcpy(options, fixed, sizeof fixed);
    for (size_t i = 0; i < type_count; i++) {
        size_t size = strlen(types[i]->op) + 1;
        option_name(types[i]->op, name, size);
        options[FIXED + i] = (struct wh_option)WH_CALL(set_step, name, 0, types[i]->argument,
                                                       types[i]->help, .words = types[i]->words);
        name += size;
    }
    *count = FIXED + type_count;
    return options;
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

/* Canonical text. */

static void print_integer(struct wh_buffer *out, json_int_t number)
{
    char *place = wh_buffer_reserve(out, WH_NUMBER_SIZE);
    out->length += wh_integer_print(number, place);
}

void wh_json_real(struct wh_buffer *out, double number)
{
    char *place = wh_buffer_reserve(out, WH_NUMBER_SIZE + 2);
    size_t length = wh_number_print(number, place);
    out->length += length;
    /* Digits alone would be read as an integer, which has no negative zero and may be too small. */
    bool digits = memchr(place, '.', length) == NULL && memchr(place, 'e', length) == NULL;
    if (digits && (fabs(number) >= 0x1p63 || (number == 0 && signbit(number))))
        wh_buffer_literal(out, ".0");
}

static void print_string(struct wh_buffer *out, const char *text, size_t length)
{
    wh_buffer_byte(out, '"');
    wh_json_escape(out, text, length);
    wh_buffer_byte(out, '"');
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void print_object(struct wh_buffer *out, const json_t *object)
{
    size_t count = 0;
    const char **keys = wh_alloc(json_object_size(object), sizeof *keys);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
        keys[count++] = key;
    qsort(keys, count, sizeof *keys, compare_keys);
    wh_buffer_byte(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            wh_buffer_byte(out, ',');
        print_string(out, keys[i], strlen(keys[i]));
        wh_buffer_byte(out, ':');
        wh_json_canonical(out, json_object_get(object, keys[i]));
    }
    wh_buffer_byte(out, '}');
    free(keys);
}

static void print_array(struct wh_buffer *out, const json_t *array)
{
    wh_buffer_byte(out, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0)
            wh_buffer_byte(out, ',');
        wh_json_canonical(out, json_array_get(array, i));
    }
    wh_buffer_byte(out, ']');
}

void wh_json_canonical(struct wh_buffer *out, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT: print_object(out, value); break;
    case JSON_ARRAY: print_array(out, value); break;
    case JSON_STRING:
        print_string(out, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER: print_integer(out, json_integer_value(value)); break;
    case JSON_REAL: wh_json_real(out, json_real_value(value)); break;
    case JSON_TRUE: wh_buffer_literal(out, "true"); break;
    case JSON_FALSE: wh_buffer_literal(out, "false"); break;
    case JSON_NULL: wh_buffer_literal(out, "null"); break;
    }
}

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

int wh_recipe_show(const struct wh_recipe *recipe, struct wh_error *error)
{
    char *text = wh_recipe_print(recipe);
    int failed = wh_write_named(STDOUT_FILENO, "standard output", text, strlen(text), error) ||
                 wh_close_output(STDOUT_FILENO, error);
    free(text);
    return failed ? -1 : 0;
}

void wh_text_hash(const struct wh_buffer *text, char hex[static 13])
{
    struct wh_sha256 sha;
    char digits[65];
    wh_sha256_init(&sha);
    wh_sha256_add(&sha, text->data, text->length);
    wh_sha256_hex(&sha, digits);
    memcpy(hex, digits, 12);
    hex[12] = '\0';
}

void wh_recipe_hash(const struct wh_recipe *recipe, char hex[static 13])
{
    struct wh_buffer text = { 0 };
    print_steps(&text, recipe);
    wh_text_hash(&text, hex);
    wh_buffer_free(&text);
}

void wh_json_hash(const json_t *value, char hex[static 13])
{
    struct wh_buffer text = { 0 };
    wh_json_canonical(&text, value);
    wh_text_hash(&text, hex);
    wh_buffer_free(&text);
}
