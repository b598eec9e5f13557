#include "cli/recipe.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

/* Writes "--drop-missing" for "drop_missing". */
static void option_name(const char *op, char *name, size_t size)
{
    snprintf(name, size, "%s", op);
    for (; *name; name++)
        if (*name == '_')
            *name = '-';
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

int wh_recipe_show(const struct wh_recipe *recipe, struct wh_error *error)
{
    char *text = wh_recipe_print(recipe);
    int failed = wh_write_named(STDOUT_FILENO, "standard output", text, strlen(text), error) ||
                 wh_close_output(STDOUT_FILENO, error);
    free(text);
    return failed ? -1 : 0;
}
