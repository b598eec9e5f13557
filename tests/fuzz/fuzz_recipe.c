/*
 * Recipes: any text is a recipe or refused; one that is accepted prints as a recipe that is the
 * same, with the same hash; and its steps, those that clean and those that make features, learn
 * from awkward rows and run over them, to rows that are valid. And any text is the state of a
 * recipe or refused; one that is accepted does not keep rows from being valid.
 *
 * The first byte chooses: r is a recipe file, s what a state holds beside its recipe (it gets the
 * digests that fit, which would keep the fuzzer out) and, behind a newline, the last step's tape;
 * any other the option of one step.
 */
#include <string.h>

#include "base/hash.h"
#include "feature/encoder.h"
#include "feature/stage.h"
#include "feature/table.h"
#include "fuzz.h"
#include "pipe/recipe.h"
#include "record/files.h"
#include "record/reader.h"
#include "record/writer.h"

static const char rows_text[] =
    "{\"a\":1,\"b\":\" Lagos \",\"c\":null,\"d\":\"\\u0041\\n\",\"e\":{\"f\":[1,{\"g\":\"\"}]}}\n"
    "{\"a\":\"12\",\"b\":\"\",\"c\":1e400,\"d\":true,\"e\":[]}\n"
    "{}\n"
    "{\"\":0,\"b\":\"2024-02-29 12:30+02\",\"a.b\":\"\xc3\x84\",\"c\":-0,\"a\":123456789012345678901}\n"
    "{\"a\":1,\"b\":\" Lagos \",\"c\":null,\"d\":\"\\u0041\\n\",\"e\":{\"f\":[1,{\"g\":\"\"}]}}\n";

static const char learning_recipe[] =
    "{\"steps\":[{\"columns\":\"a,c\",\"op\":\"standard\"},{\"columns\":\"b,d\",\"op\":\"onehot\"},"
    "{\"columns\":\"e\",\"op\":\"exclude\"},{\"columns\":\"/^[abc]$/\",\"op\":\"unique\"}]}";

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

/* What came out must be a row. */
static enum wh_verdict check_row(struct wh_emit *emit, struct wh_row *row, struct wh_error *error)
{
    (void)emit;
    (void)error;
    struct wh_buffer text = { 0 };
    wh_row_to_json(&text, row);
    json_error_t place;
    json_t *value = json_loadb(text.data, text.length, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES,
                               &place);
    CHECK(json_is_object(value) || json_error_code(&place) == json_error_numeric_overflow ||
          json_error_code(&place) == json_error_null_byte_in_key);
    json_decref(value);
    wh_buffer_free(&text);
    return WH_TAKEN;
}

/* One reading of the rows. False when a step could not go on. */
static bool read_rows(struct wh_stage *stage)
{
    static const struct wh_reading reading = { .format = WH_FORMAT_NDJSON };
    struct wh_error error = { 0 };
    struct wh_emit emit = { .row = check_row };
    const char *path = fuzz_file((const uint8_t *)rows_text, sizeof rows_text - 1);
    struct wh_reader *reader = wh_reader_open(&reading, &path, 1, &error);
    CHECK(reader);
    enum wh_verdict verdict = WH_TAKEN;
    enum wh_verdict next = WH_PASSED;
    while (verdict != WH_FATAL && (next = wh_reader_next(reader, &error)) == WH_PASSED)
        verdict = stage->ops->row(stage, reader->row, &emit, &error);
    CHECK(verdict == WH_FATAL || next == WH_ENDED);
    wh_reader_close(reader);
    return verdict != WH_FATAL;
}

static void run(const struct wh_recipe *recipe, enum wh_learning learning, const char *state,
                bool dense)
{
    struct wh_error error = { 0 };
    const struct wh_featurizing featurizing = {
        .recipe = recipe, .learning = learning, .state = state, .dense = dense,
    };
    struct wh_featurizer *featurizer = wh_featurizer_open(&featurizing, &error);
    CHECK(featurizer || error.text[0]);
    if (!featurizer)
        return;
    bool well = true;
    for (size_t pass = wh_featurizer_passes(featurizer); pass > 0 && well; pass--) {
        well = read_rows(wh_featurizer_stage(featurizer)) &&
               wh_featurizer_settle(featurizer, &error) == 0;
    }
    if (well)
        read_rows(wh_featurizer_stage(featurizer));
    wh_featurizer_close(featurizer);
}

static void add_digest(struct wh_buffer *text, const void *bytes, size_t length)
{
    struct wh_sha256 sha;
    char hex[65];
    wh_sha256_init(&sha);
    wh_sha256_add(&sha, bytes, length);
    wh_sha256_hex(&sha, hex);
    wh_buffer_format(text, "\"sha256\":\"%s\"}", hex);
}

/* A state file around the input, as pipe/state.h describes it. */
static const char *state_file(const uint8_t *data, size_t size)
{
    struct wh_buffer text = { 0 };
    const uint8_t *end = memchr(data, '\n', size), *tape = end ? end + 1 : data + size;
    size_t members = end ? (size_t)(end - data) : size, bytes = size - (size_t)(tape - data);
    wh_buffer_format(&text, "{\"wh\":\"state\",\"version\":2,\"recipe\":%s,", learning_recipe);
    wh_buffer_add(&text, data, members);
    if (end) {
        wh_buffer_format(&text, ",\"tapes\":[null,null,null,{\"bytes\":%zu,", bytes);
        add_digest(&text, tape, bytes);
        wh_buffer_byte(&text, ']');
    }
    size_t digested = text.length;
    wh_buffer_byte(&text, ',');
    add_digest(&text, text.data, digested);
    wh_buffer_byte(&text, '\n');
    wh_buffer_add(&text, tape, bytes);
    const char *path = fuzz_file((const uint8_t *)text.data, text.length);
    wh_buffer_free(&text);
    return path;
}

static void check_state(struct wh_recipe *recipe, const uint8_t *data, size_t size)
{
    struct wh_error error = { 0 };
    const char *path = fuzz_file((const uint8_t *)learning_recipe, sizeof learning_recipe - 1);
    CHECK(wh_recipe_file(recipe, path, &error) == 0);
    run(recipe, WH_LEARN_FROZEN, state_file(data, size), false);
}

static void check_recipe(struct wh_recipe *recipe, const uint8_t *data, size_t size)
{
    if (!parse(recipe, data, size))
        return;
    check_print(recipe);
    run(recipe, WH_LEARN_LIVE, NULL, false);
    run(recipe, WH_LEARN_FIRST, NULL, false);
    run(recipe, WH_LEARN_FIRST, NULL, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const struct wh_step_type **types = wh_feature_steps();
    struct wh_recipe recipe;
    wh_recipe_init(&recipe, types);
    if (data[0] == 's')
        check_state(&recipe, data + 1, size - 1);
    else
        check_recipe(&recipe, data, size);
    wh_recipe_free(&recipe);
    free(types);
    return 0;
}
