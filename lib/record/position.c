#include "record/position.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/text.h"

enum { FIRST_BYTES = 4096 }; /* of a file, by which it is recognised */

static const char same_files[] = "name the same files in the same order; new ones go to the end";
static const char anew[] = "begin anew with another --checkpoint";

/* Making ------------------------------------------------------------------------------------- */

/* A string of text that need not be UTF-8. */
static json_t *text_json(const char *text)
{
    size_t length = strlen(text), at = 0;
    char *copy = wh_copy(text, length);
    while ((at += wh_utf8_valid(copy + at, length - at)) < length)
        copy[at++] = '?';
    json_t *json = json_stringn(copy, length);
    free(copy);
    return json;
}

/* Of the first paths; a NUL ends each. */
static void digest_paths(const char *const *paths, size_t count, char hex[static 65])
{
    struct wh_sha256 sha;
    wh_sha256_init(&sha);
    for (size_t i = 0; i < count; i++)
        wh_sha256_add(&sha, paths[i], strlen(paths[i]) + 1);
    wh_sha256_hex(&sha, hex);
}

/* Of the first `size` bytes of a file, at most FIRST_BYTES; returns how many there are. */
static size_t digest_first(const struct wh_input *input, size_t size, char hex[static 65])
{
    char bytes[FIRST_BYTES];
    size_t length = wh_input_first(input, bytes, size < sizeof bytes ? size : sizeof bytes);
    struct wh_sha256 sha;
    wh_sha256_init(&sha);
    wh_sha256_add(&sha, bytes, length);
    wh_sha256_hex(&sha, hex);
    return length;
}

/* What says how bytes become rows, as options in the order of their names. A format that was told
 * by the first byte of a file of which nothing has been read may yet be told otherwise. */
static json_t *options_json(const struct wh_reading *reading, bool begun)
{
    json_t *options = json_object();
    bool csv = reading->format == WH_FORMAT_CSV;
    char delimiter = reading->delimiter ? reading->delimiter : ',';
    if (begun && csv)
        json_object_set_new(options, "--delimiter", json_stringn(&delimiter, 1));
    if (reading->infer_rows > 0)
        json_object_set_new(options, "--infer", json_integer((json_int_t)reading->infer_rows));
    if (begun)
        json_object_set_new(options, "--input-format", json_string(reading->tsv ? "tsv"
                                                                   : csv        ? "csv"
                                                                                : "ndjson"));
    if (reading->no_header)
        json_object_set_new(options, "--no-header", json_true());
    if (reading->no_infer)
        json_object_set_new(options, "--no-infer", json_true());
    if (reading->null_count > 0) {
        json_t *nulls = json_array();
        for (size_t i = 0; i < reading->null_count; i++)
            json_array_append_new(nulls, text_json(reading->nulls[i]));
        json_object_set_new(options, "--null-value", nulls);
    }
    if (reading->ragged)
        json_object_set_new(options, "--ragged", json_true());
    if (reading->strings_text)
        json_object_set_new(options, "--string", text_json(reading->strings_text));
    if (reading->tsv && reading->tsv_escapes)
        json_object_set_new(options, "--tsv-escapes", json_true());
    return options;
}

json_t *wh_spot_json(const struct wh_spot *spot)
{
    json_t *json = json_object();
    json_object_set_new(json, "offset", json_integer((json_int_t)spot->offset));
    json_object_set_new(json, "line", json_integer((json_int_t)spot->line));
    if (spot->given && spot->length > 0)
        json_object_set_new(json, "unfinished", json_integer((json_int_t)spot->length));
    else if (spot->given)
        json_object_set_new(json, "too_long", json_true());
    return json;
}

/* Whether anything of the file has been given. */
static bool begun(const json_t *position)
{
    return json_integer_value(json_object_get(position, "offset")) > 0 ||
           json_object_get(position, "unfinished") || json_object_get(position, "too_long");
}

/* Nothing is before the first row; before one that is too long for a row the bytes may be gone. */
static void add_digest(json_t *position, const struct wh_input *input)
{
    uint64_t offset = (uint64_t)json_integer_value(json_object_get(position, "offset"));
    struct wh_input_digest digest;
    if (offset == 0 || json_object_get(position, "too_long")
        || !wh_input_take_digest(input, offset, &digest))
        return;
    json_t *before = json_object();
    json_object_set_new(before, "from", json_integer((json_int_t)digest.from));
    if (digest.from > 0)
        json_object_set_new(before, "word", json_sprintf("%016" PRIx64, digest.word));
    json_object_set_new(before, "digest", json_sprintf("%016" PRIx64, digest.digest));
    json_object_set_new(position, "before", before);
}

json_t *wh_position_make(struct wh_position_file *file, json_t *spot)
{
    char paths[65];
    digest_paths(file->paths, file->index + 1, paths);
    if (file->first_bytes < FIRST_BYTES) /* a short file may have grown */
        file->first_bytes = digest_first(file->input, FIRST_BYTES, file->first);
    json_t *first = json_object();
    json_object_set_new(first, "bytes", json_integer((json_int_t)file->first_bytes));
    json_object_set_new(first, "sha256", json_string(file->first));

    json_t *position = json_object();
    json_object_set_new(position, "kind", json_string("file"));
    json_object_set_new(position, "path", text_json(file->paths[file->index]));
    json_object_set_new(position, "file", json_integer((json_int_t)file->index));
    json_object_set_new(position, "paths", json_string(paths));
    json_object_set_new(position, "first", first);
    json_object_set_new(position, "options", options_json(file->reading, begun(spot)));
    json_object_update(position, spot);
    add_digest(position, file->input);
    json_decref(spot);
    return position;
}

/* Reading ------------------------------------------------------------------------------------ */

int wh_position_damaged(struct wh_error *error)
{
    return wh_fail(error, WH_REFUSED, "the checkpoint holds no position in files that this version "
                                      "of the tools can read (%s)", anew);
}

static bool get_count(const json_t *object, const char *name, uint64_t *count)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *count = (uint64_t)json_integer_value(value);
    return true;
}

int wh_spot_read(const json_t *position, struct wh_spot *spot, struct wh_error *error)
{
    uint64_t length = 0;
    bool too_long = json_is_true(json_object_get(position, "too_long"));
    bool unfinished = get_count(position, "unfinished", &length);
    *spot = (struct wh_spot){ .given = too_long || unfinished, .length = (size_t)length };
    if (!get_count(position, "offset", &spot->offset) ||
        !get_count(position, "line", &spot->line) || spot->line == 0 ||
        (unfinished && length == 0))
        return wh_position_damaged(error);
    return 0;
}

static bool get_word(const json_t *object, const char *name, uint64_t *word)
{
    const char *text = json_string_value(json_object_get(object, name));
    if (!text || strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
        return false;
    *word = strtoull(text, NULL, 16);
    return true;
}

int wh_spot_seek(const json_t *position, const struct wh_spot *spot, struct wh_input *input,
                 struct wh_error *error)
{
    const json_t *before = json_object_get(position, "before");
    struct wh_input_digest digest = { 0 };
    bool same;
    if (before && (!get_count(before, "from", &digest.from) || digest.from > spot->offset
                   || digest.from % WH_RUNNING_CHUNK != 0
                   || (digest.from > 0 && !get_word(before, "word", &digest.word))
                   || !get_word(before, "digest", &digest.digest)))
        return wh_position_damaged(error);
    if (wh_input_seek_checked(input, spot->offset, before ? &digest : NULL, &same, error) != 0)
        return -1;
    return same ? 0
                : wh_fail(error, WH_REFUSED, "%s has changed before line %llu, up to which it had "
                          "been read: a file may only grow at its end (put back what it was, or "
                          "%s)", input->name, (unsigned long long)spot->line, anew);
}

int wh_spot_pass(const struct wh_spot *spot, struct wh_reader *reader,
                 const struct wh_input *input, struct wh_error *error)
{
    /* Not so where what was taken for text has become an order mark. */
    bool here = input->offset == spot->offset;
    enum wh_verdict next = wh_reader_next(reader, error);
    if (next == WH_FATAL)
        return -1;
    const struct wh_row *row = reader->row;
    bool too_long = next == WH_BAD && strcmp(error->rule, "length") == 0;
    bool same = spot->length == row->raw_length - row->terminator && !too_long;
    if (here && next != WH_ENDED && row->line == spot->line && (same || spot->length == 0))
        return 0;
    return wh_fail(error, WH_REFUSED, "%s:%llu: this line was unfinished when it was read, and has "
                   "changed since (%s; append whole lines)", input->name,
                   (unsigned long long)spot->line, anew);
}

int wh_position_find(const json_t *position, const char *const *paths, size_t count,
                     size_t *index, struct wh_error *error)
{
    const char *kind = json_string_value(json_object_get(position, "kind"));
    const char *path = json_string_value(json_object_get(position, "path"));
    const char *digest = json_string_value(json_object_get(position, "paths"));
    uint64_t file;
    if (kind && strcmp(kind, "file") != 0)
        return wh_fail(error, WH_REFUSED, "the checkpoint is in another kind of source, not "
                                          "in files (%s)", anew);
    if (!kind || !path || !digest || !get_count(position, "file", &file))
        return wh_position_damaged(error);
    if (file >= count)
        return wh_fail(error, WH_REFUSED, "the checkpoint is in %s, file number %llu, but "
                       "there %s only %zu (%s)", path, (unsigned long long)file + 1,
                       count == 1 ? "is" : "are", count, same_files);
    char found[65];
    *index = (size_t)file;
    digest_paths(paths, *index + 1, found);
    if (strcmp(found, digest) == 0)
        return 0;
    if (strcmp(paths[*index], path) == 0)
        return wh_fail(error, WH_REFUSED, "the files before %s are not those that were read (%s)",
                       path, same_files);
    return wh_fail(error, WH_REFUSED, "the checkpoint is in %s, but in its place is %s (%s)",
                   path, paths[*index], same_files);
}

int wh_position_check_file(const json_t *position, const struct wh_input *input,
                           struct wh_error *error)
{
    const json_t *first = json_object_get(position, "first");
    const char *digest = json_string_value(json_object_get(first, "sha256"));
    uint64_t bytes;
    if (!digest || !get_count(first, "bytes", &bytes) || bytes > FIRST_BYTES)
        return wh_position_damaged(error);
    char found[65];
    if (digest_first(input, (size_t)bytes, found) == bytes && strcmp(found, digest) == 0)
        return 0;
    return wh_fail(error, WH_REFUSED, "%s is not the file it was: it begins with other bytes (put "
                   "the old one back under its name until it has been read, or %s)", input->name,
                   anew);
}

/* Options as they stand on a command line, for messages. */
static char *options_text(json_t *options)
{
    struct wh_buffer out = { 0 };
    const char *name;
    json_t *value;
    json_object_foreach(options, name, value) {
        char *text = json_is_true(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);
        wh_buffer_format(&out, "%s%s%s%s", out.length ? " " : "", name, text ? "=" : "",
                         text ? text : "");
        free(text);
    }
    if (out.length == 0)
        wh_buffer_format(&out, "no options");
    return wh_buffer_text(&out);
}

int wh_position_check_reading(const json_t *position, const struct wh_position_file *file,
                              struct wh_error *error)
{
    json_t *before = json_object_get(position, "options");
    if (!json_is_object(before))
        return wh_position_damaged(error);
    json_t *now = options_json(file->reading, begun(position));
    const char *format = json_string_value(json_object_get(before, "--input-format"));
    int result = 0;
    /* Version 0.1.0 read TSV as CSV with tabs, and said so. */
    if (file->reading->tsv && format && strcmp(format, "csv") == 0)
        json_object_set_new(now, "--input-format", json_string("csv"));
    if (!json_equal(before, now)) {
        char *text_before = options_text(before), *text_now = options_text(now);
        result = wh_fail(error, WH_REFUSED, "%s was read so far with %s, but is now with %s (give "
                         "the same options, or %s)", file->input->name, text_before, text_now,
                         anew);
        free(text_before);
        free(text_now);
    }
    json_decref(now);
    return result;
}
