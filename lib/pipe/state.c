#include "pipe/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/formats.h"
#include "base/hash.h"
#include "base/memory.h"
#include "pipe/keep.h"
#include "pipe/side.h"
#include "record/canonical.h"

static const char opening[] = "{\"wh\":\"state\",\"version\":";
static const char before_digest[] = ",\"sha256\":\"";
static const char behind_digest[] = "\"}\n";

enum {
    VERSION = WH_STATE_VERSION,
    DIGEST = 64, /* hexadecimal digits */
    OPENING = sizeof opening - 1,
    BEFORE = sizeof before_digest - 1,
    BEHIND = sizeof behind_digest - 1,
    CLOSING = BEFORE + DIGEST + BEHIND,
    LARGEST = 1 << 30, /* bytes of the line, and of a file whose size cannot be known before */
};

struct wh_state_file {
    const char *path;
    struct wh_lock *lock;
    struct wh_atomic_file *new; /* STATE as it will be; NULL: not yet, or no more */
    bool there;                 /* wh_state_resume has read STATE, */
    struct wh_place place;      /* which belongs here, */
    uint64_t rows;              /* and had learned from so many */
    struct wh_keep *keep;       /* under control records */
};

void wh_state_free(struct wh_state *state)
{
    json_decref(state->absent);
    json_decref(state->learned.steps);
    json_decref(state->learned.met);
    free(state->learned.tapes);
    free(state->text);
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

/* Whether the line, with its end, ends in the digest of what is before. */
static bool is_whole(const char *line, size_t length)
{
    if (length < OPENING + CLOSING || length > LARGEST)
        return false;
    char hex[DIGEST + 1];
    const char *closing = line + length - CLOSING;
    digest(line, length - CLOSING, hex);
    return memcmp(closing, before_digest, BEFORE) == 0 &&
           memcmp(closing + BEFORE, hex, DIGEST) == 0 &&
           memcmp(closing + BEFORE + DIGEST, behind_digest, BEHIND) == 0;
}

static int damaged(const char *path, struct wh_error *error)
{
    return wh_fail(error, WH_REFUSED, "%s is damaged: its digest does not fit its content "
                   "(cut short, or edited)", path);
}

/* *line gets the length of the first line, with its end. */
static int check_text(const char *path, const char *text, size_t length, size_t *line,
                      struct wh_error *error)
{
    if (length < OPENING || memcmp(text, opening, OPENING) != 0)
        return wh_fail(error, WH_REFUSED, "%s is not a state of wh-clean or wh-featurize", path);
    /* The text ends in a NUL. */
    long version = strtol(text + OPENING, NULL, 10);
    if (version > VERSION)
        return wh_fail(error, WH_REFUSED, "%s was written by a newer version (version %ld of the "
                       "file, this one reads up to %d)", path, version, VERSION);
    const char *end = memchr(text, '\n', length);
    *line = end ? (size_t)(end - text) + 1 : length;
    return is_whole(text, *line) ? 0 : damaged(path, error);
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
        return wh_fail(error, WH_REFUSED, "%s was learned with steps, and none are given (head "
                       "-n 1 %s | jq .recipe >FILE writes them to a file for -r)", path, path);
    return wh_fail(error, WH_REFUSED, "%s was learned with another recipe (%s, the one given is "
                   "%s; head -n 1 %s | jq .recipe shows it): give that one, or another "
                   "FILE to begin anew", path, other, own, path);
}

/* Finds the tapes, which must fill the file after the line. */
static int take_tapes(const char *path, const json_t *tapes, struct wh_state *state,
                      const char *next, const char *end, struct wh_error *error)
{
    size_t i;
    json_t *tape;
    state->learned.tapes = wh_alloc(json_array_size(state->learned.steps), sizeof(struct wh_slice));
    if (tapes && json_array_size(tapes) != json_array_size(state->learned.steps))
        return damaged(path, error);
    json_array_foreach((json_t *)tapes, i, tape) {
        json_int_t bytes = json_integer_value(json_object_get(tape, "bytes"));
        const char *expected = json_string_value(json_object_get(tape, "sha256"));
        char hex[DIGEST + 1];
        if (json_is_null(tape))
            continue;
        if (bytes < 0 || bytes > end - next || !expected)
            return damaged(path, error);
        digest(next, (size_t)bytes, hex);
        if (strcmp(hex, expected) != 0)
            return damaged(path, error);
        state->learned.tapes[i] = (struct wh_slice){ next, (size_t)bytes };
        next += bytes;
    }
    return next == end ? 0 : damaged(path, error);
}

/* Version 1 did not say what the steps had met: all of it, if there were any rows. */
static json_t *guess_met(const json_t *steps, uint64_t rows)
{
    json_t *met = json_array();
    for (size_t i = 0; i < json_array_size(steps); i++)
        json_array_append_new(met, json_integer(rows > 0 ? 2 : 0));
    return met;
}

static int take(const char *path, const json_t *document, struct wh_state *state,
                struct wh_error *error)
{
    const json_t *rows = json_object_get(document, "rows");
    const json_t *place = json_object_get(document, "checkpoint");
    json_t *absent = json_object_get(document, "absent");
    json_t *steps = json_object_get(document, "steps");
    json_t *met = json_object_get(document, "met");
    if (!json_is_integer(rows) || json_integer_value(rows) < 0 || !json_is_array(absent) ||
        !json_is_array(steps))
        return wh_fail(error, WH_REFUSED, "%s lacks rows, absent or steps", path);
    if (place && wh_place_read(place, &state->place))
        return wh_fail(error, WH_REFUSED, "%s has an invalid checkpoint", path);
    state->rows = (uint64_t)json_integer_value(rows);
    state->absent = json_incref(absent);
    state->learned.steps = json_incref(steps);
    state->learned.met = met ? json_incref(met) : guess_met(steps, state->rows);
    return 0;
}

/* Takes the text over. */
static int parse(const char *path, char *text, size_t length, const struct wh_recipe *recipe,
                 struct wh_state *state, struct wh_error *error)
{
    size_t line = 0;
    *state = (struct wh_state){ .path = path, .text = text };
    if (check_text(path, text, length, &line, error))
        return -1;
    json_error_t place;
    json_t *document = json_loadb(text, line, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &place);
    if (!document)
        return wh_fail(error, WH_REFUSED, "%s: %s", path, place.text);
    int failed = check_recipe(path, document, recipe, error) ||
                 take(path, document, state, error) ||
                 take_tapes(path, json_object_get(document, "tapes"), state, text + line,
                            text + length, error);
    json_decref(document);
    return failed ? -1 : 0;
}

int wh_state_read(const char *path, const struct wh_recipe *recipe, struct wh_state *state,
                  struct wh_error *error)
{
    struct stat status;
    bool regular = stat(path, &status) == 0 && S_ISREG(status.st_mode);
    size_t length;
    char *text = wh_read_file(path, regular ? (size_t)status.st_size : LARGEST, &length, error);
    if (!text) {
        if (wh_file_missing(path))
            error->status = WH_REFUSED;
        return -1;
    }
    if (parse(path, text, length, recipe, state, error) == 0)
        return 0;
    wh_state_free(state);
    return -1;
}

int wh_state_load(const struct wh_state *state, struct wh_steps *steps, unsigned parts,
                  struct wh_error *error)
{
    if (wh_steps_load(steps, &state->learned, parts, error) == 0)
        return 0;
    return state->path ? wh_error_in(error, "%s", state->path) : -1;
}

/* Writing. */

static void add_member(struct wh_buffer *text, const char *key, const json_t *value)
{
    wh_buffer_format(text, ",\"%s\":", key);
    wh_json_canonical(text, value);
}

static void add_member_new(struct wh_buffer *text, const char *key, json_t *value)
{
    add_member(text, key, value);
    json_decref(value);
}

static void print_tapes(struct wh_buffer *text, const struct wh_state_content *saving)
{
    wh_buffer_format(text, ",\"tapes\":[");
    for (size_t i = 0; i < wh_steps_count(saving->steps); i++) {
        struct wh_tape *tape = wh_steps_tape(saving->steps, saving->parts, i);
        char hex[DIGEST + 1];
        if (i > 0)
            wh_buffer_byte(text, ',');
        if (!tape) {
            wh_buffer_literal(text, "null");
            continue;
        }
        wh_tape_digest(tape, hex);
        wh_buffer_format(text, "{\"bytes\":%llu,\"sha256\":\"%s\"}",
                         (unsigned long long)tape->length, hex);
    }
    wh_buffer_byte(text, ']');
}

static void print_line(struct wh_buffer *text, const struct wh_state_content *saving,
                       const struct wh_place *place)
{
    static const struct wh_place none;
    char hex[DIGEST + 1];
    wh_buffer_format(text, "%s%d", opening, VERSION);
    add_member_new(text, "recipe", json_pack("{s:O}", "steps", saving->recipe->steps));
    add_member_new(text, "checkpoint", wh_place_json(place ? place : &none));
    wh_buffer_format(text, ",\"rows\":%llu", (unsigned long long)saving->rows);
    if (saving->absent)
        add_member(text, "absent", saving->absent);
    else
        wh_buffer_format(text, ",\"absent\":[]");
    wh_buffer_format(text, ",\"met\":");
    wh_steps_save_met(saving->steps, text);
    wh_buffer_format(text, ",\"steps\":");
    wh_steps_save(saving->steps, saving->parts, text);
    print_tapes(text, saving);
    digest(text->data, text->length, hex);
    wh_buffer_format(text, "%s%s%s", before_digest, hex, behind_digest);
}

static int write_content(int descriptor, const struct wh_buffer *line,
                         const struct wh_state_content *saving, struct wh_error *error)
{
    if (line->length > LARGEST)
        return wh_fail(error, WH_FAILED, "what was learned takes more than %d bytes (--hash "
                       "takes less than --onehot)", LARGEST);
    if (wh_write_all(descriptor, line->data, line->length, error))
        return -1;
    for (size_t i = 0; i < wh_steps_count(saving->steps); i++) {
        const struct wh_tape *tape = wh_steps_tape(saving->steps, saving->parts, i);
        if (tape && wh_tape_write(tape, descriptor, error))
            return -1;
    }
    return 0;
}

/* Writes the state to `new`, which is over then, and is called `path` in messages. The outlet saves
 * it (NULL: it is saved at once). */
static int write_state(struct wh_atomic_file *new, const char *path, const struct wh_state_content *saving,
                       const struct wh_place *place, struct wh_outlet *outlet,
                       struct wh_error *error)
{
    struct wh_buffer line = { 0 };
    print_line(&line, saving, place);
    int failed = write_content(wh_atomic_descriptor(new), &line, saving, error);
    wh_buffer_free(&line);
    if (!failed)
        return wh_outlet_save(outlet, new, error);
    wh_atomic_abort(new);
    return wh_error_in(error, "%s", path);
}

struct wh_state_file *wh_state_open(const char *path, struct wh_error *error)
{
    struct wh_state_file *file = wh_alloc(1, sizeof *file);
    file->path = path;
    file->lock = wh_lock_take(path, error);
    if (file->lock && wh_refuse_foreign(path, opening, error) == 0)
        file->new = wh_atomic_open(path, error);
    if (file->new)
        return file;
    wh_state_close(file);
    return NULL;
}

void wh_state_close(struct wh_state_file *file)
{
    if (!file)
        return;
    wh_keep_close(file->keep);
    if (file->new)
        wh_atomic_abort(file->new);
    if (file->lock)
        wh_lock_release(file->lock);
    free(file);
}

int wh_state_resume(struct wh_state_file *file, const struct wh_recipe *recipe,
                    struct wh_state *state, struct wh_error *error)
{
    if (wh_file_missing(file->path))
        return 0;
    if (wh_state_read(file->path, recipe, state, error))
        return -1;
    file->there = true;
    file->place = state->place;
    file->rows = state->rows;
    return 1;
}

int wh_state_finish(struct wh_state_file *file, const struct wh_state_content *saving,
                    struct wh_error *error)
{
    char place[80];
    if (file->keep)
        return 0;
    if (!wh_place_none(&file->place)) {
        /* Where no row came, the source most likely ended before it could begin the stream. */
        return saving->rows == file->rows
                   ? 0 : wh_fail(error, WH_BROKEN, "%s: it is the state of %s, and these rows came "
                                 "without control records: it stays as it was (give --state "
                                 "another name, or remove it to start over)", file->path,
                                 wh_place_text(&file->place, place));
    }
    if (wh_lock_check(file->lock, error) != 0)
        return -1;
    struct wh_atomic_file *new = file->new;
    file->new = NULL;
    return write_state(new, file->path, saving, NULL, NULL, error);
}

/* Under control records. */

int wh_state_begin(struct wh_state_file *file, const struct wh_control *begin,
                   const struct wh_recipe *recipe, struct wh_state *state, struct wh_error *error)
{
    file->keep = wh_keep_open(file->path, begin, error);
    if (!file->keep)
        return -1;
    /* The place names the state: STATE need not be read again under its other name. */
    if (file->there && !wh_place_none(&file->place) && wh_place_same(&file->place, &begin->from))
        return 0;
    const char *source = wh_keep_source(file->keep);
    if (!source)
        return wh_keep_check(file->keep, NULL, error);
    if (file->there && strcmp(source, file->path) == 0)
        return wh_keep_check(file->keep, &file->place, error);
    if (wh_state_read(source, recipe, state, error))
        return -1;
    if (wh_keep_check(file->keep, &state->place, error) == 0)
        return 1;
    wh_state_free(state);
    return -1;
}

int wh_state_checkpoint(struct wh_state_file *file, const struct wh_control *checkpoint,
                        const struct wh_state_content *saving, struct wh_outlet *outlet,
                        struct wh_error *error)
{
    if (!file->keep)
        return 0;
    if (wh_lock_check(file->lock, error) != 0)
        return -1;
    const char *path = wh_keep_target(file->keep, &checkpoint->place);
    struct wh_atomic_file *new = wh_atomic_open(path, error);
    return new ? write_state(new, path, saving, &checkpoint->place, outlet, error) : -1;
}

int wh_state_committed(struct wh_state_file *file, const struct wh_place *place,
                       struct wh_error *error)
{
    if (!file->keep)
        return 0;
    return wh_lock_check(file->lock, error) == 0 ? wh_keep_committed(file->keep, place->n, error)
                                                 : -1;
}
