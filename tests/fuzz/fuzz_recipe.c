/*
 * Recipes: any text is a recipe or refused; one that is accepted prints as a recipe that is the
 * same, with the same hash; and its steps run over awkward rows, to rows that are valid.
 *
 * The first byte chooses: r is a recipe file, any other the option of one step.
 */
#include <string.h>

#include "clean/clean.h"
#include "fuzz.h"
#include "pipe/recipe.h"
#include "record/reader.h"
#include "record/writer.h"

static const char rows_text[] =
    "{\"a\":1,\"b\":\" Lagos \",\"c\":null,\"d\":\"\\u0041\\n\",\"e\":{\"f\":[1,{\"g\":\"\"}]}}\n"
    "{\"a\":\"12\",\"b\":\"\",\"c\":1e400,\"d\":true,\"e\":[]}\n"
    "{}\n"
    "{\"\":0,\"b\":\"2024-02-29 12:30+02\",\"a.b\":\"\xc3\x84\",\"c\":-0,\"a\":123456789012345678901}\n"
    "{\"a\":1,\"b\":\" Lagos \",\"c\":null,\"d\":\"\\u0041\\n\",\"e\":{\"f\":[1,{\"g\":\"\"}]}}\n";

static bool parse(struct wh_recipe *recipe, const uint8_t *data, size_t size)
{
    struct wh_error error = { 0 };
    size_t types = 0;
    while (recipe->types[types])
        types++;
    int failed;
    if (data[0] == 'r') {
        failed = wh_recipe_file(recipe, fuzz_file(data + 1, size - 1), &error);
    } else {
        char *argument = wh_copy((const char *)data + 1, size - 1);
        failed = wh_recipe_option(recipe, recipe->types[data[0] % types]->op, argument, &error);
        free(argument);
    }
    CHECK(!failed || error.text[0]);
    return !failed;
}

static void check_print(const struct wh_recipe *recipe)
{
    char *text = wh_recipe_print(recipe);
    struct wh_recipe again;
    struct wh_error error = { 0 };
    wh_recipe_init(&again, recipe->types);
    CHECK(wh_recipe_file(&again, fuzz_file((const uint8_t *)text, strlen(text)), &error) == 0);
    char *same = wh_recipe_print(&again);
    CHECK(strcmp(text, same) == 0);
    char hash[13], same_hash[13];
    wh_recipe_hash(recipe, hash);
    wh_recipe_hash(&again, same_hash);
    CHECK(strcmp(hash, same_hash) == 0);
    wh_recipe_free(&again);
    free(same);
    free(text);
}

/* What steps made of a row must be a row. */
static void check_row(const struct wh_row *row)
{
    struct wh_buffer text = { 0 };
    wh_row_to_json(&text, row);
    json_error_t place;
    json_t *value = json_loadb(text.data, text.length, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES,
                               &place);
    CHECK(json_is_object(value) || json_error_code(&place) == json_error_numeric_overflow ||
          json_error_code(&place) == json_error_null_byte_in_key);
    json_decref(value);
    wh_buffer_free(&text);
}

static void run(const struct wh_recipe *recipe)
{
    struct wh_error error = { 0 };
    struct wh_steps *steps = wh_steps_create(recipe->steps, recipe->types, &error);
    CHECK(steps);
    static const struct wh_reading reading = { .format = WH_FORMAT_NDJSON };
    const char *path = fuzz_file((const uint8_t *)rows_text, sizeof rows_text - 1);
    struct wh_reader *reader = wh_reader_open(&reading, &path, 1, &error);
    CHECK(reader);
    enum wh_next next;
    while ((next = wh_reader_next(reader, &error)) == WH_NEXT_ROW) {
        if (wh_steps_row(steps, reader->row, NULL, &error) == WH_PASS_KEEP)
            check_row(reader->row);
    }
    CHECK(next == WH_NEXT_END);
    wh_reader_close(reader);
    wh_steps_free(steps);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct wh_recipe recipe;
    wh_recipe_init(&recipe, wh_clean_steps);
    if (parse(&recipe, data, size)) {
        check_print(&recipe);
        run(&recipe);
    }
    wh_recipe_free(&recipe);
    return 0;
}
