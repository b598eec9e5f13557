#include "pipe/control.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "base/text.h"
#include "record/canonical.h"

/* ---- places ---------------------------------------------------------------------------------- */

bool wh_place_same(const struct wh_place *left, const struct wh_place *right)
{
    return strcmp(left->epoch, right->epoch) == 0
           && (wh_place_none(left) || left->n == right->n);
}

const char *wh_place_text(const struct wh_place *place, char out[static 80])
{
    if (wh_place_none(place))
        snprintf(out, 80, "nothing");
    else
        snprintf(out, 80, "checkpoint %" PRIu64 " of epoch %s", place->n, place->epoch);
    return out;
}

json_t *wh_place_json(const struct wh_place *place)
{
    if (wh_place_none(place))
        return json_null();
    return json_pack("{s:s, s:I}", "epoch", place->epoch, "n", (json_int_t)place->n);
}

/* Epochs become parts of file names, so that nothing but letters and digits may be in them. */
static bool read_epoch(const json_t *json, char epoch[static WH_EPOCH_SIZE])
{
    const char *text = json_string_value(json);
    size_t length = text ? json_string_length(json) : 0;
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    if (length == 0 || length > WH_EPOCH_SIZE - 4 || strspn(text, allowed) != length)
        return false;
    memcpy(epoch, text, length + 1);
    return true;
}

static bool read_count(const json_t *json, uint64_t *count)
{
    if (!json_is_integer(json) || json_integer_value(json) < 0)
        return false;
    *count = (uint64_t)json_integer_value(json);
    return true;
}

int wh_place_read(const json_t *json, struct wh_place *place)
{
    *place = (struct wh_place){ 0 };
    if (json_is_null(json))
        return 0;
    bool good = read_epoch(json_object_get(json, "epoch"), place->epoch)
                && read_count(json_object_get(json, "n"), &place->n);
    return good ? 0 : -1;
}

void wh_epoch_make(char epoch[static WH_EPOCH_SIZE])
{
    enum { BYTES = 6 };
    unsigned char bytes[BYTES];
    wh_random_bytes(bytes, BYTES);
    for (size_t i = 0; i < BYTES; i++)
        snprintf(epoch + 2 * i, 3, "%02x", bytes[i]);
}

/* ---- records --------------------------------------------------------------------------------- */

static const char *const kinds[] = {
    [WH_CONTROL_BEGIN] = "begin",
    [WH_CONTROL_CHECKPOINT] = "checkpoint",
    [WH_CONTROL_SKIPPED] = "skipped",
    [WH_CONTROL_END] = "end",
    [WH_CONTROL_COMMITTED] = "committed",
    [WH_CONTROL_FAILED] = "failed",
    [WH_CONTROL_SCHEMA] = "schema",
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static int find_kind(struct wh_control *control, struct wh_error *error)
{
    const char *name = json_string_value(json_object_get(control->json, "@wh"));
    for (size_t i = 0; name && i < KINDS; i++)
        if (strcmp(kinds[i], name) == 0) {
            control->kind = (enum wh_control_kind)i;
            return 0;
        }
    char quoted[96];
    if (!name)
        return wh_fail(error, WH_BROKEN, "a control record has no kind: its \"@wh\" is not a text");
    return wh_fail(error, WH_BROKEN, "unknown kind of control record: %s (a newer version of the "
                   "tools wrote it, or the row is no control record)",
                   wh_quote(quoted, name, strlen(name)));
}

static int malformed(const struct wh_control *control, const char *member, struct wh_error *error)
{
    return wh_fail(error, WH_BROKEN, "the control record \"%s\" has no valid \"%s\"",
                   kinds[control->kind], member);
}

static int read_begin(struct wh_control *control, struct wh_error *error)
{
    const json_t *from = json_object_get(control->json, "from");
    const json_t *through = json_object_get(control->json, "through");
    control->marked = !from;
    if (from && wh_place_read(from, &control->from) != 0)
        return malformed(control, "from", error);
    if (through && !json_is_array(through))
        return malformed(control, "through", error);
    control->through = through;
    control->at = json_integer_value(json_object_get(control->json, "at"));
    return 0;
}

static int read_checkpoint(struct wh_control *control, struct wh_error *error)
{
    const json_t *json = control->json, *committed = json_object_get(json, "committed");
    if (!read_count(json_object_get(json, "n"), &control->place.n) || control->place.n == 0)
        return malformed(control, "n", error);
    if (!read_count(json_object_get(json, "rows"), &control->rows))
        return malformed(control, "rows", error);
    if (committed && !read_count(committed, &control->committed))
        return malformed(control, "committed", error);
    return 0;
}

/* A record without a hash has been made by hand, and is believed. */
static int read_position(struct wh_control *control, struct wh_error *error)
{
    const json_t *position = json_object_get(control->json, "position");
    const char *check = json_string_value(json_object_get(control->json, "check"));
    char hash[13];
    control->position = json_is_null(position) ? NULL : position;
    if (!control->position || !check)
        return 0;
    wh_json_hash(position, hash);
    if (strcmp(hash, check) == 0)
        return 0;
    return wh_fail(error, WH_BROKEN, "the position in the control record \"%s\" was changed on the "
                   "way here (a tool between that takes numbers for floating point, as jq 1.6 "
                   "does, cannot be used)", kinds[control->kind]);
}

void wh_control_place(json_t *record, const json_t *position)
{
    char hash[13];
    json_object_set(record, "position", (json_t *)position);
    if (!position)
        return;
    wh_json_hash(position, hash);
    json_object_set_new(record, "check", json_string(hash));
}

static int read_failed(struct wh_control *control, struct wh_error *error)
{
    control->tool = json_string_value(json_object_get(control->json, "tool"));
    control->what = json_string_value(json_object_get(control->json, "what"));
    return control->tool && control->what ? 0 : malformed(control, "tool", error);
}

static int read_members(struct wh_control *control, struct wh_error *error)
{
    const json_t *json = control->json;
    if (find_kind(control, error) != 0)
        return -1;
    const char *by = json_string_value(json_object_get(json, "by"));
    control->by = by ? by : "the tool before";
    if (control->kind == WH_CONTROL_SCHEMA)
        return 0;
    if (control->kind == WH_CONTROL_FAILED)
        return read_failed(control, error);
    if (!read_epoch(json_object_get(json, "epoch"), control->place.epoch))
        return malformed(control, "epoch", error);
    if (read_position(control, error) != 0)
        return -1;
    switch (control->kind) {
    case WH_CONTROL_BEGIN:
        return read_begin(control, error);
    case WH_CONTROL_CHECKPOINT:
    case WH_CONTROL_SKIPPED:
    case WH_CONTROL_END:
        return read_checkpoint(control, error);
    default:
        return read_count(json_object_get(json, "n"), &control->place.n)
                   ? 0 : malformed(control, "n", error);
    }
}

int wh_control_read(const char *text, size_t length, struct wh_control *control,
                    struct wh_error *error)
{
    json_error_t place;
    *control = (struct wh_control){ 0 };
    control->json = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &place);
    if (!control->json)
        return wh_fail(error, WH_BROKEN, "a control record is damaged: %s", place.text);
    if (read_members(control, error) == 0)
        return 0;
    wh_control_free(control);
    return -1;
}

void wh_control_free(struct wh_control *control)
{
    json_decref(control->json);
    *control = (struct wh_control){ 0 };
}

static void add_member(struct wh_buffer *out, const char *key, const json_t *value)
{
    json_t *name = json_string(key);
    wh_json_canonical(out, name);
    json_decref(name);
    wh_buffer_byte(out, ':');
    wh_json_canonical(out, value);
}

/* The members in the order they came, which @wh begins and `by` ends. */
static void print_members(struct wh_buffer *out, const json_t *json)
{
    const char *key;
    json_t *value;
    wh_buffer_byte(out, '{');
    add_member(out, "@wh", json_object_get(json, "@wh"));
    json_object_foreach((json_t *)json, key, value) {
        if (strcmp(key, "@wh") == 0 || strcmp(key, "by") == 0)
            continue;
        wh_buffer_byte(out, ',');
        add_member(out, key, value);
    }
    wh_buffer_byte(out, ',');
    add_member(out, "by", json_object_get(json, "by"));
    wh_buffer_literal(out, "}\n");
}

/* Whether a record of the kind stands at a checkpoint, and has n and rows. */
static bool is_counted(enum wh_control_kind kind)
{
    return kind == WH_CONTROL_CHECKPOINT || kind == WH_CONTROL_SKIPPED || kind == WH_CONTROL_END;
}

void wh_control_print(struct wh_buffer *out, const struct wh_control *control, uint64_t rows,
                      const char *by, const char *recipe)
{
    json_t *json = json_copy(control->json);
    json_object_set_new(json, "by", json_string(by));
    if (is_counted(control->kind))
        json_object_set_new(json, "rows", json_integer((json_int_t)rows));
    if (control->kind == WH_CONTROL_BEGIN && recipe) {
        json_t *through = control->through ? json_copy((json_t *)control->through) : json_array();
        char text[128];
        snprintf(text, sizeof text, "%s %s", by, recipe);
        json_array_append_new(through, json_string(text));
        json_object_set_new(json, "through", through);
    }
    print_members(out, json);
    json_decref(json);
}

void wh_control_failed(struct wh_buffer *out, const char *tool, const char *what, const char *by)
{
    json_t *json = json_pack("{s:s, s:s%, s:s%, s:s}", "@wh", "failed", "tool", tool, strlen(tool),
                             "what", what, strlen(what), "by", by);
    if (json)
        print_members(out, json);
    json_decref(json);
}

void wh_control_skip(struct wh_buffer *out, const char *record, size_t length)
{
    static const char printed[] = "{\"@wh\":\"checkpoint\"", skipped[] = "{\"@wh\":\"skipped\"";
    size_t before = sizeof printed - 1;
    wh_buffer_add(out, skipped, sizeof skipped - 1);
    wh_buffer_add(out, record + before, length - before);
}

/* ---- one hop --------------------------------------------------------------------------------- */

/* A broken stream: what is wrong, and on which hop. */
static int broken(const struct wh_hop *hop, const char *tool, struct wh_error *error,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));

static int broken(const struct wh_hop *hop, const char *tool, struct wh_error *error,
                  const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return wh_fail(error, WH_BROKEN, "the stream is broken between %s and %s: %s",
                   *hop->by ? hop->by : "the source", tool, text);
}

void wh_hop_name(struct wh_hop *hop, const struct wh_control *control)
{
    snprintf(hop->by, sizeof hop->by, "%s", control->by);
}

static int take_begin(struct wh_hop *hop, const struct wh_control *control, const char *tool,
                      struct wh_error *error)
{
    if (hop->begun)
        return broken(hop, tool, error, "it begins a second time, with epoch %s",
                      control->place.epoch);
    hop->begun = true;
    hop->marked = control->marked;
    hop->place = control->place;
    wh_hop_name(hop, control);
    return 0;
}

/* Whoever believed that would remove the states that the checkpoint still needs. */
static int claims_too_much(const struct wh_hop *hop, const struct wh_control *control,
                           uint64_t committed, const char *tool, struct wh_error *error)
{
    return broken(hop, tool, error, "\"%s\" says that checkpoint %" PRIu64 " is committed, and "
                  "there have been %" PRIu64 " (the record was changed on the way)",
                  kinds[control->kind], committed, hop->place.n);
}

static int take_checkpoint(struct wh_hop *hop, const struct wh_control *control, const char *tool,
                           struct wh_error *error)
{
    if (control->place.n != hop->place.n + 1)
        return broken(hop, tool, error, "checkpoint %" PRIu64 " follows checkpoint %" PRIu64
                      " (records were lost, doubled or put in another order)", control->place.n,
                      hop->place.n);
    if (control->rows != hop->rows)
        return broken(hop, tool, error, "rows before checkpoint %" PRIu64 ": %" PRIu64 " written, %"
                      PRIu64 " received (they were lost or added on the way)", control->place.n,
                      control->rows, hop->rows);
    if (control->committed > control->place.n)
        return claims_too_much(hop, control, control->committed, tool, error);
    hop->place = control->place;
    hop->rows = 0;
    hop->ended = control->kind == WH_CONTROL_END;
    return 0;
}

int wh_hop_take(struct wh_hop *hop, const struct wh_control *control, const char *tool,
                struct wh_error *error)
{
    if (control->kind == WH_CONTROL_FAILED)
        return wh_fail(error, WH_BROKEN, "stopped, since %s %s", control->tool, control->what);
    if (control->kind == WH_CONTROL_BEGIN && !hop->ended)
        return take_begin(hop, control, tool, error);
    if (!hop->begun) {
        wh_hop_name(hop, control);
        return broken(hop, tool, error, "it does not begin with \"begin\" but with \"%s\"",
                      kinds[control->kind]);
    }
    if (hop->closed || (hop->ended && control->kind != WH_CONTROL_COMMITTED))
        return broken(hop, tool, error, "\"%s\" follows the end", kinds[control->kind]);
    if (control->kind == WH_CONTROL_SCHEMA)
        return 0;
    if (strcmp(control->place.epoch, hop->place.epoch) != 0)
        return broken(hop, tool, error, "a record of epoch %s comes in epoch %s",
                      control->place.epoch, hop->place.epoch);
    if (control->kind != WH_CONTROL_COMMITTED)
        return take_checkpoint(hop, control, tool, error);
    if (!hop->ended)
        return broken(hop, tool, error, "\"committed\" comes before the end");
    if (control->place.n != hop->place.n)
        return claims_too_much(hop, control, control->place.n, tool, error);
    hop->closed = true;
    return 0;
}

int wh_hop_close(const struct wh_hop *hop, const char *tool, struct wh_error *error)
{
    if (!hop->begun || hop->ended)
        return 0;
    return broken(hop, tool, error, "it stops without an end, after checkpoint %" PRIu64 " and %"
                  PRIu64 " rows more (%s, or a tool before it, did not finish)", hop->place.n,
                  hop->rows, *hop->by ? hop->by : "the source");
}
