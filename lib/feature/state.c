#include "feature/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "pipe/side.h"

static const char opening[] = "{\"wh\":\"state\",\"version\":";
static const char before_digest[] = ",\"sha256\":\"";
static const char behind_digest[] = "\"}\n";

enum {
    VERSION = 1,
    DIGEST = 64, /* hexadecimal digits */
    OPENING = sizeof opening - 1,
    BEFORE = sizeof before_digest - 1,
    BEHIND = sizeof behind_digest - 1,
    CLOSING = BEFORE + DIGEST + BEHIND,
    LARGEST = 1 << 30, /* bytes of a file */
};

struct wh_state_file {
    const char *path;
    struct wh_lock *lock;
    struct wh_atomic_file *file;
};

void wh_state_free(struct wh_state *state)
{
    json_decref(state->absent);
    json_decref(state->steps);
    *state = (struct wh_state){ 0 };
}

/* Reading. */

static void digest(const char *text, size_t length, char hex[static DIGEST + 1])
{
    struct wh_sha256 sha;
    wh_sha256_init(&sha);
    wh_sha256_add(&sha, text, length);
    wh_sha256_hex(&sha, hex);
}

/* Whether the text ends in the digest of what is before. */
static bool is_whole(const char *text, size_t length)
{
    if (length < OPENING + CLOSING)
        return false;
    char hex[DIGEST + 1];
    const char *closing = text + length - CLOSING;
    digest(text, length - CLOSING, hex);
    return memcmp(closing, before_digest, BEFORE) == 0 &&
           memcmp(closing + BEFORE, hex, DIGEST) == 0 &&
           memcmp(closing + BEFORE + DIGEST, behind_digest, BEHIND) == 0;
}

static int check_text(const char *path, const char *text, size_t length, struct wh_error *error)
{
    if (length < OPENING || memcmp(text, opening, OPENING) != 0)
        return wh_fail(error, WH_REFUSED, "%s is not a state of wh-featurize", path);
    /* The text ends in a NUL. */
    long version = strtol(text + OPENING, NULL, 10);
    if (version > VERSION)
        return wh_fail(error, WH_REFUSED, "%s was written by a newer wh-featurize (version %ld of "
                       "the file, this one reads up to %d)", path, version, VERSION);
    if (!is_whole(text, length))
        return wh_fail(error, WH_REFUSED, "%s is damaged: its digest does not fit its content "
                       "(cut short, or edited)", path);
    return 0;
}

/* Checks that the state belongs to the recipe. */
static int check_recipe(const char *path, const json_t *document, const struct wh_recipe *recipe,
                        struct wh_error *error)
{
    char own[13], other[13];
    const json_t *learned_with = json_object_get(document, "recipe");
    if (!learned_with)
        return wh_fail(error, WH_REFUSED, "%s names no recipe", path);
    wh_recipe_hash(recipe, own);
    wh_json_hash(learned_with, other);
    if (strcmp(own, other) == 0)
        return 0;
    if (json_array_size(recipe->steps) == 0)
        return wh_fail(error, WH_REFUSED, "%s was learned with steps, and none are given (jq "
                       ".recipe %s >FILE writes them to a file for -r)", path, path);
    return wh_fail(error, WH_REFUSED, "%s was learned with another recipe (%s, the one given is "
                   "%s; jq .recipe %s shows it)", path, other, own, path);
}

static int take(const char *path, const json_t *document, struct wh_state *state,
                struct wh_error *error)
{
    const json_t *rows = json_object_get(document, "rows");
    json_t *absent = json_object_get(document, "absent");
    json_t *steps = json_object_get(document, "steps");
    if (!json_is_integer(rows) || json_integer_value(rows) < 0 || !json_is_array(absent) ||
        !json_is_array(steps))
        return wh_fail(error, WH_REFUSED, "%s lacks rows, absent or steps", path);
    *state = (struct wh_state){ (uint64_t)json_integer_value(rows), json_incref(absent),
                                json_incref(steps) };
    return 0;
}

int wh_state_read(const char *path, const struct wh_recipe *recipe, struct wh_state *state,
                  struct wh_error *error)
{
    size_t length;
    char *text = wh_read_file(path, LARGEST, &length, error);
    if (!text) {
        error->status = WH_REFUSED;
        return -1;
    }
    if (check_text(path, text, length, error)) {
        free(text);
        return -1;
    }
    json_error_t place;
    json_t *document = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &place);
    free(text);
    if (!document)
        return wh_fail(error, WH_REFUSED, "%s: %s", path, place.text);
    int failed = check_recipe(path, document, recipe, error) || take(path, document, state, error);
    json_decref(document);
    return failed ? -1 : 0;
}

/* Writing. */

struct wh_state_file *wh_state_open(const char *path, struct wh_error *error)
{
    struct wh_state_file *file = wh_alloc(1, sizeof *file);
    file->path = path;
    file->lock = wh_lock_take(path, error);
    if (file->lock && wh_refuse_foreign(path, opening, error) == 0)
        file->file = wh_atomic_open(path, error);
    if (file->file)
        return file;
    wh_state_close(file);
    return NULL;
}

void wh_state_close(struct wh_state_file *file)
{
    if (!file)
        return;
    if (file->file)
        wh_atomic_abort(file->file);
    if (file->lock)
        wh_lock_release(file->lock);
    free(file);
}

static void add_member(struct wh_buffer *text, const char *key, const json_t *value)
{
    wh_buffer_format(text, ",\"%s\":", key);
    wh_json_canonical(text, value);
}

static void print_state(struct wh_buffer *text, const struct wh_recipe *recipe,
                        const struct wh_state *state)
{
    char hex[DIGEST + 1];
    json_t *whole = json_pack("{s:O}", "steps", recipe->steps);
    wh_buffer_format(text, "%s%d", opening, VERSION);
    add_member(text, "recipe", whole);
    json_decref(whole);
    wh_buffer_format(text, ",\"rows\":%llu", (unsigned long long)state->rows);
    add_member(text, "absent", state->absent);
    add_member(text, "steps", state->steps);
    digest(text->data, text->length, hex);
    wh_buffer_format(text, "%s%s%s", before_digest, hex, behind_digest);
}

int wh_state_write(struct wh_state_file *file, const struct wh_recipe *recipe,
                   const struct wh_state *state, struct wh_error *error)
{
    struct wh_buffer text = { 0 };
    print_state(&text, recipe, state);
    int failed = wh_write_all(wh_atomic_descriptor(file->file), text.data, text.length, error);
    wh_buffer_free(&text);
    if (failed) {
        char reason[sizeof error->text];
        snprintf(reason, sizeof reason, "%s", error->text);
        return wh_fail(error, WH_FAILED, "%s: %s", file->path, reason);
    }
    struct wh_atomic_file *whole = file->file;
    file->file = NULL;
    return wh_atomic_commit(whole, error);
}
