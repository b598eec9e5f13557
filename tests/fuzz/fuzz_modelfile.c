/*
 * Model files: any bytes are a sound model or refused; a model that loads can be saved, loads
 * again, and is the same by its digest.
 *
 * The check sums would keep the fuzzer out of everything behind them. So input that is not gzip is
 * taken as the lines of a model without the last, and gets the right last line and gzip around it.
 */
#include <jansson.h>
#include <string.h>
#include <zlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "fuzz.h"
#include "model/modelfile.h"
#include "record/canonical.h"

static size_t line_length(const char *text, const char *end)
{
    const char *newline = memchr(text, '\n', (size_t)(end - text));
    return newline ? (size_t)(newline - text) + 1 : (size_t)(end - text);
}

static void content_of(const char *header, size_t length, const char parameters[static 65],
                       char hex[static 65])
{
    struct wh_sha256 sha;
    struct wh_buffer text = { 0 };
    json_t *value = json_loadb(header, length, 0, NULL);
    if (value) {
        json_object_del(value, "wh");
        json_object_del(value, "version");
        json_object_del(json_object_get(value, "metrics"), "time");
        wh_json_canonical(&text, value);
    }
    wh_sha256_init(&sha);
    wh_sha256_add(&sha, text.data, text.length);
    wh_sha256_add(&sha, parameters, 64);
    wh_sha256_hex(&sha, hex);
    wh_buffer_free(&text);
    json_decref(value);
}

/* The line that makes `text` a whole model, as model/modelfile.h describes it. */
static void add_end(struct wh_buffer *text)
{
    const char *end = text->data + text->length;
    size_t header = line_length(text->data, end);
    size_t top = header + line_length(text->data + header, end);
    unsigned lines = 0;
    for (const char *at = text->data + top; at < end; at += line_length(at, end))
        lines++;

    struct wh_sha256 sha;
    char parameters[65], content[65], sum[65];
    wh_sha256_init(&sha);
    wh_sha256_add(&sha, text->data + top, text->length - top);
    wh_sha256_hex(&sha, parameters);
    content_of(text->data, header, parameters, content);
    wh_sha256_init(&sha);
    wh_sha256_add(&sha, text->data, top);
    wh_sha256_add(&sha, parameters, 64);
    wh_sha256_hex(&sha, sum);
    wh_buffer_format(text, "{\"end\":{\"content\":\"%s\",\"lines\":%u,\"sha256\":\"%s\"}}\n",
                     content, lines, sum);
}

static void compress_text(const struct wh_buffer *text, struct wh_buffer *out)
{
    enum { GZIP = 15 + 16 };
    z_stream stream = { 0 };
    CHECK(deflateInit2(&stream, 1, Z_DEFLATED, GZIP, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    size_t room = deflateBound(&stream, text->length);
    stream.next_in = (unsigned char *)text->data;
    stream.avail_in = (uInt)text->length;
    stream.next_out = (unsigned char *)wh_buffer_reserve(out, room);
    stream.avail_out = (uInt)room;
    CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    out->length = room - stream.avail_out;
    deflateEnd(&stream);
}

/* A file name of this process alone, in memory where the system has that. */
static const char *scratch_path(void)
{
    static char path[64];
    if (!path[0]) {
        const char *folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
        snprintf(path, sizeof path, "%s/wh-fuzz-%ld.whm", folder, (long)getpid());
    }
    return path;
}

static void check(const uint8_t *data, size_t size)
{
    struct wh_error error = { 0 };
    struct wh_model *model = wh_model_load(fuzz_file(data, size), &error);
    if (!model) {
        CHECK(error.status == WH_REFUSED && error.text[0]);
        return;
    }
    /* Saving settles how numbers are spelled; from then on nothing may change. */
    char digest[sizeof model->digest];
    CHECK(wh_model_save(model, scratch_path(), &error) == 0);
    memcpy(digest, model->digest, sizeof digest);
    wh_model_close(model);

    model = wh_model_load(scratch_path(), &error);
    CHECK(model && strcmp(model->digest, digest) == 0);
    CHECK(wh_model_save(model, scratch_path(), &error) == 0);
    CHECK(unlink(scratch_path()) == 0);
    CHECK(strcmp(model->digest, digest) == 0);
    wh_model_close(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size >= 2 && data[0] == 0x1F && data[1] == 0x8B) {
        check(data, size);
        return 0;
    }
    struct wh_buffer text = { 0 }, file = { 0 };
    wh_buffer_add(&text, data, size);
    wh_buffer_reserve(&text, 1);
    add_end(&text);
    compress_text(&text, &file);
    check((const uint8_t *)file.data, file.length);
    wh_buffer_free(&file);
    wh_buffer_free(&text);
    return 0;
}
