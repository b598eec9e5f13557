#include "model/modelfile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "base/file.h"
#include "base/formats.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "base/time.h"
#include "learn/learners.h"
#include "learn/lines.h"
#include "model/guard.h"
#include "model/sections.h"
#include "record/canonical.h"
#include "record/json.h"

enum {
    VERSION = WH_MODEL_VERSION,
    OLDEST = 2, /* version that is read: without a census of the columns */
    BLOCK = 64 << 10,
    MAX_LINE = 4 << 20,
    MAX_CHECKPOINT = MAX_LINE / 8, /* bytes of its line, far below what a line may have */
    MAX_SECTION = 64,   /* bytes of a section's name and what stands around it */
    GZIP = 16 + MAX_WBITS, /* zlib's way to say: with a gzip header */
    CHUNK = 128 << 10, /* uncompressed at a time, so that it is still at hand when it is parsed */
    LEAST_FEATURE = 8, /* bytes that a feature mostly takes at least, compressed */
    MOST_EXPANSION = 256,  /* what is read may be so many times the file's size */
};

static const char BEGINNING[] = "{\"wh\":\"model\",";
static const char *const inputs[] = { [WH_INPUT_COLUMNS] = "columns",
                                      [WH_INPUT_FEATURES] = "features" };

/*
 * The header
 */

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *parameter_names(const struct wh_parameters *parameters)
{
    json_t *names = json_array();
    for (size_t i = 0; i < parameters->count; i++)
        json_array_append_new(names, json_string(parameters->names[i]));
    return names;
}

static json_t *header_of(struct wh_model *model)
{
    json_t *header = json_object();
    const struct wh_learner_type *type = model->type;
    char text[WH_LOSS_TEXT];
    json_object_set_new(header, "learner", json_string(type->name));
    wh_task_save(&model->task, header);
    bool loss = model->loss_settled;
    json_object_set_new(header, "loss",
                        text_or_null(loss ? wh_loss_print(&model->loss, text) : NULL));
    json_object_set_new(header, "link", text_or_null(loss ? wh_loss_link(&model->loss) : NULL));
    json_object_set_new(header, "options", wh_settings_save(&model->settings));
    json_object_set_new(header, "input", text_or_null(inputs[model->input]));
    json_object_set_new(header, "recipe", text_or_null(*model->stamp ? model->stamp : NULL));
    json_object_set_new(header, "rows", json_integer((json_int_t)model->metrics.rows));
    json_object_set_new(header, "features", json_integer((json_int_t)model->names.count - 1));
    json_object_set_new(header, "metrics", wh_metrics_save(&model->metrics));
    json_object_set_new(header, "state",
                        model->learner ? wh_learner_save(model->learner) : json_null());
    json_object_set_new(header, "target", wh_target_save(&model->target));
    json_object_set_new(header, "forgetting", wh_forgetting_save(&model->forgetting));
    if (!model->learner)
        json_object_set_new(header, "met", json_boolean(model->met));
    json_object_set_new(header, "parameters",
                        json_pack("{s:o, s:o}", "all", parameter_names(&type->view_parameters),
                                  "output", parameter_names(&type->head_parameters)));
    return header;
}

static int refuse_header(const char *member, struct wh_error *error)
{
    return wh_fail(error, WH_REFUSED, "\"%s\" in its header is invalid", member);
}

static int check_options(struct wh_model *model, struct wh_error *error)
{
    const struct wh_settings *settings = &model->settings;
    if (!settings->roles.label)
        return wh_fail(error, WH_REFUSED, "they name no label");
    if (settings->max_features >= WH_MOST_FEATURES)
        return wh_fail(error, WH_REFUSED, "--max-features %.15g must be above 0, and %" PRIu32
                       " at most",
                       (double)settings->max_features, WH_MOST_FEATURES - 1);
    return wh_guard_resume(model, error) || wh_join_check(model, error) ? -1 : 0;
}

static int load_options(struct wh_model *model, const json_t *options, struct wh_error *error)
{
    if (wh_settings_load(&model->settings, options, error) != 0 || check_options(model, error) != 0)
        return wh_error_in(error, "its header's options");
    return 0;
}

static int load_input(struct wh_model *model, const json_t *header, struct wh_error *error)
{
    const char *input = json_string_value(json_object_get(header, "input"));
    if (input && strcmp(input, inputs[WH_INPUT_COLUMNS]) == 0)
        model->input = WH_INPUT_COLUMNS;
    else if (input && strcmp(input, inputs[WH_INPUT_FEATURES]) == 0)
        model->input = WH_INPUT_FEATURES;
    else if (input || model->learner)
        return refuse_header("input", error);
    const char *stamp = json_string_value(json_object_get(header, "recipe"));
    if (stamp && strlen(stamp) >= WH_STAMP_SIZE)
        return refuse_header("recipe", error);
    strcpy(model->stamp, stamp ? stamp : "");
    return 0;
}

/* A model that no label has come to yet has no learner, and a loss only where one was asked for. */
static int load_loss(struct wh_model *model, const json_t *header, struct wh_error *error)
{
    const json_t *loss = json_object_get(header, "loss");
    const char *name = json_string_value(loss);
    bool unsettled = json_is_null(loss) && json_is_null(json_object_get(header, "state"));
    model->loss_settled = !unsettled;
    if (unsettled)
        return 0;
    if (!name)
        return wh_fail(error, WH_REFUSED, "its header's loss is not a text");
    if (wh_loss_parse(name, &model->loss, error) != 0)
        return wh_error_in(error, "its loss %s is not known here", name);
    return 0;
}

static int load_learner(struct wh_model *model, const json_t *header, struct wh_error *error)
{
    const char *learner = json_string_value(json_object_get(header, "learner"));
    model->type = learner ? wh_learner_find(learner) : NULL;
    if (!model->type)
        return wh_fail(error, WH_REFUSED, "its learner %s is not known here",
                       learner ? learner : "");
    if (load_loss(model, header, error) != 0 || wh_model_settle(model, error) != 0)
        return -1;
    const json_t *state = json_object_get(header, "state");
    if (json_is_null(state)) {
        model->met = json_is_true(json_object_get(header, "met"));
        return 0;
    }
    if (model->task.type == WH_NULL)
        return refuse_header("label_type", error);
    if (wh_model_check_loss(model, error) != 0)
        return -1;
    wh_model_make_learner(model);
    return wh_learner_load(model->learner, state, error);
}

static int load_metrics(struct wh_model *model, const json_t *header, struct wh_error *error)
{
    const json_t *metrics = json_object_get(header, "metrics");
    double rows = json_number_value(json_object_get(header, "rows"));
    if (!wh_target_load(&model->target, json_object_get(header, "target")))
        return refuse_header("target", error);
    if (!wh_forgetting_load(&model->forgetting, json_object_get(header, "forgetting")))
        return refuse_header("forgetting", error);
    if (!wh_metrics_load(&model->metrics, metrics) || !(rows >= 0 && rows <= 9e15))
        return refuse_header("metrics", error);
    model->metrics.rows = rows;
    const char *saved = json_string_value(json_object_get(metrics, "time"));
    size_t length = saved ? strlen(saved) : 0;
    if (length < sizeof model->saved)
        memcpy(model->saved, saved ? saved : "", length + 1);
    return 0;
}

static int load_header(struct wh_model *model, const json_t *header, struct wh_error *error)
{
    return load_options(model, json_object_get(header, "options"), error)
        || wh_task_load(&model->task, header, error)
        || load_learner(model, header, error)
        || load_input(model, header, error)
        || load_metrics(model, header, error) ? -1 : 0;
}

/*
 * Digests
 */

/* The canonical header without what is not learned. Takes `header` apart. */
static void digest_content(json_t *header, const char parameters[static 65], char hex[static 65])
{
    struct wh_buffer text = { 0 };
    struct wh_sha256 sha;
    json_object_del(header, "wh");
    json_object_del(header, "version");
    json_object_del(json_object_get(header, "metrics"), "time");
    wh_json_canonical(&text, header);
    wh_sha256_init(&sha);
    wh_sha256_add(&sha, text.data, text.length);
    wh_sha256_add(&sha, parameters, 64);
    wh_sha256_hex(&sha, hex);
    wh_buffer_free(&text);
}

/* How many lines of features there are: none before the learner has begun, or where nothing is
 * kept of a feature but its name. */
static uint32_t feature_lines(const struct wh_model *model)
{
    return model->learner ? model->names.count : 0;
}

/* The last line, which holds every sum there is. */
static void print_end(struct wh_buffer *out, const char content[static 65], uint64_t lines,
                      struct wh_sha256 *top, const char parameters[static 65])
{
    char hex[65];
    wh_sha256_add(top, parameters, 64);
    wh_sha256_hex(top, hex);
    wh_buffer_format(out, "{\"end\":{\"content\":\"%s\",\"lines\":%" PRIu64
                     ",\"sha256\":\"%s\"}}\n", content, lines, hex);
}

/*
 * Writing
 */

struct writer {
    const char *path;
    int descriptor;
    z_stream stream;
    struct wh_buffer text; /* not yet compressed */
    struct wh_sha256 sha;  /* of the lines since it was begun */
    unsigned char block[BLOCK];
};

static int deflate_all(struct writer *writer, int flush, struct wh_error *error)
{
    writer->stream.next_in = (unsigned char *)writer->text.data;
    writer->stream.avail_in = (uInt)writer->text.length;
    do {
        writer->stream.next_out = writer->block;
        writer->stream.avail_out = BLOCK;
        (void)deflate(&writer->stream, flush); /* fails only on a stream that was not begun */
        struct wh_error reason;
        if (wh_write_all(writer->descriptor, writer->block,
                         BLOCK - writer->stream.avail_out, &reason) != 0)
            return wh_fail(error, WH_FAILED, "%s: %s", writer->path, reason.text);
    } while (writer->stream.avail_out == 0);
    writer->text.length = 0;
    return 0;
}

static int pass_text(struct writer *writer, int flush, struct wh_error *error)
{
    wh_sha256_add(&writer->sha, writer->text.data, writer->text.length);
    return deflate_all(writer, flush, error);
}

/* `numbers` has room for a feature's. */
static void print_feature(struct wh_buffer *out, const struct wh_model *model, uint32_t id,
                          double *numbers)
{
    wh_learner_get(model->learner, id, numbers);
    if (id == WH_CONSTANT) {
        wh_buffer_literal(out, "[null");
    } else {
        wh_buffer_literal(out, "[\"");
        wh_json_escape(out, wh_names_text(&model->names, id), model->names.names[id].length);
        wh_buffer_byte(out, '"');
    }
    size_t count = wh_learner_parameter_count(model->learner);
    for (size_t i = 0; i < count; i++) {
        wh_buffer_byte(out, ',');
        char *place = wh_buffer_reserve(out, WH_NUMBER_SIZE);
        out->length += wh_number_print(numbers[i], place);
    }
    wh_buffer_literal(out, "]\n");
}

static int print_checkpoint(struct writer *writer, const struct wh_checkpoint *checkpoint,
                            struct wh_error *error)
{
    json_t *line = json_object();
    size_t before = writer->text.length;
    json_object_set_new(line, "checkpoint", wh_checkpoint_json(checkpoint));
    wh_json_canonical(&writer->text, line);
    wh_buffer_byte(&writer->text, '\n');
    json_decref(line);
    if (writer->text.length - before <= MAX_CHECKPOINT)
        return 0;
    return wh_fail(error, WH_REFUSED, "%s: the source's position takes %zu bytes, and there is "
                   "room for %d", writer->path, writer->text.length - before, MAX_CHECKPOINT);
}

/* Nothing is written before both lines are known to be short enough to be read again. */
static int write_top(struct writer *writer, const struct wh_model *model, json_t *header,
                     struct wh_error *error)
{
    wh_buffer_format(&writer->text, "%s\"version\":%d,", BEGINNING, VERSION);
    struct wh_buffer rest = { 0 };
    json_object_set_new(json_object_get(header, "metrics"), "time", json_string(model->saved));
    wh_json_canonical(&rest, header);
    wh_buffer_add(&writer->text, rest.data + 1, rest.length - 1);
    wh_buffer_free(&rest);
    wh_buffer_byte(&writer->text, '\n');
    if (writer->text.length > MAX_LINE)
        return wh_fail(error, WH_REFUSED, "%s: the model's header takes %zu bytes, and there is "
                       "room for %d (shorter labels, options or names of columns take less)",
                       writer->path, writer->text.length, MAX_LINE);
    wh_sha256_init(&writer->sha);
    return print_checkpoint(writer, &model->checkpoint, error)
        || pass_text(writer, Z_NO_FLUSH, error) ? -1 : 0;
}

struct section_lines {
    struct wh_lines lines;
    struct writer *writer;
    const char *section;
    uint64_t count; /* of all sections */
};

static int add_line(struct wh_lines *base, json_t *value, struct wh_error *error)
{
    struct section_lines *lines = (struct section_lines *)base;
    struct writer *writer = lines->writer;
    size_t before = writer->text.length;
    json_t *line = json_pack("{s:o}", lines->section, value);
    wh_json_canonical(&writer->text, line);
    wh_buffer_byte(&writer->text, '\n');
    json_decref(line);
    lines->count++;
    if (writer->text.length - before > WH_MAX_LINE_VALUE + MAX_SECTION)
        return wh_fail(error, WH_FAILED, "%s: a line of %s has become too long", writer->path,
                       lines->section);
    return writer->text.length < BLOCK ? 0 : pass_text(writer, Z_NO_FLUSH, error);
}

static int write_features(struct writer *writer, const struct wh_model *model, uint32_t lines,
                          struct wh_error *error)
{
    double *numbers = wh_alloc(lines ? wh_learner_parameter_count(model->learner) : 1,
                               sizeof *numbers);
    int result = 0;
    for (uint32_t id = 0; id < lines && result == 0; id++) {
        print_feature(&writer->text, model, id, numbers);
        if (writer->text.length >= BLOCK)
            result = pass_text(writer, Z_NO_FLUSH, error);
    }
    free(numbers);
    return result;
}

static int write_sections(struct section_lines *lines, const struct wh_model *model,
                          struct wh_error *error)
{
    for (size_t i = 0; i < wh_section_count; i++) {
        lines->section = wh_sections[i].name;
        if (wh_sections[i].write(model, &lines->lines, error) != 0)
            return -1;
    }
    return 0;
}

static int write_model(struct writer *writer, struct wh_model *model, json_t *header,
                       struct wh_error *error)
{
    if (write_top(writer, model, header, error) != 0)
        return -1;
    struct wh_sha256 top = writer->sha;
    wh_sha256_init(&writer->sha);
    uint32_t features = feature_lines(model);
    struct section_lines lines = { { add_line }, writer, NULL, 0 };
    if (write_features(writer, model, features, error) != 0
        || write_sections(&lines, model, error) != 0 || pass_text(writer, Z_NO_FLUSH, error) != 0)
        return -1;
    char body[65];
    wh_sha256_hex(&writer->sha, body);
    digest_content(header, body, model->digest);
    print_end(&writer->text, model->digest, features + lines.count, &top, body);
    return deflate_all(writer, Z_FINISH, error);
}

static void tell_time(char saved[static 48])
{
    struct wh_civil now = wh_time_civil((int64_t)time(NULL), 0);
    size_t length = wh_time_print(&now, saved);
    saved[length < 48 ? length : 47] = '\0';
}

int wh_model_write(struct wh_model *model, int descriptor, const char *path,
                   struct wh_error *error)
{
    struct writer *writer = wh_alloc(1, sizeof *writer);
    wh_census_settle(&model->census);
    json_t *header = header_of(model);
    int result = -1;
    writer->path = path;
    writer->descriptor = descriptor;
    tell_time(model->saved);
    if (deflateInit2(&writer->stream, 1, Z_DEFLATED, GZIP, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        wh_fail(error, WH_FAILED, "%s: cannot compress: zlib has no memory", path);
    else
        result = write_model(writer, model, header, error);
    deflateEnd(&writer->stream);
    json_decref(header);
    wh_buffer_free(&writer->text);
    free(writer);
    return result;
}

struct wh_atomic_file *wh_model_prepare(struct wh_model *model, const char *path,
                                        struct wh_error *error)
{
    struct wh_atomic_file *file = wh_atomic_open(path, error);
    if (!file || wh_model_write(model, wh_atomic_descriptor(file), path, error) == 0)
        return file;
    wh_atomic_abort(file);
    return NULL;
}

int wh_model_save(struct wh_model *model, const char *path, struct wh_error *error)
{
    struct wh_atomic_file *file = wh_model_prepare(model, path, error);
    return file ? wh_atomic_commit(file, error) : -1;
}

/*
 * Reading
 */

struct reader {
    int descriptor;
    uint64_t left; /* how many bytes may still come out */
    uint64_t likely; /* there are hardly more features in a file of this size */
    z_stream stream;
    bool ended;    /* the compressed data is complete */
    char *text;    /* room for MAX_LINE of uncompressed bytes, of which */
    size_t next, end; /* these were not yet taken */
    unsigned char block[BLOCK];
};

enum line { LINE, LINE_END, LINE_ERROR };

static int refuse(struct wh_error *error, const char *what)
{
    return wh_fail(error, WH_REFUSED, "%s", what);
}

/* Uncompresses more after what is there. */
static int fill(struct reader *reader, struct wh_error *error)
{
    z_stream *stream = &reader->stream;
    if (stream->avail_in == 0) {
        ssize_t got;
        do
            got = read(reader->descriptor, reader->block, BLOCK);
        while (got < 0 && errno == EINTR);
        if (got < 0)
            return wh_fail_errno(error, WH_FAILED, "cannot read");
        if (got == 0)
            return refuse(error, "is cut short");
        stream->next_in = reader->block;
        stream->avail_in = (uInt)got;
    }
    size_t room = MAX_LINE - reader->end < CHUNK ? MAX_LINE - reader->end : CHUNK;
    stream->next_out = (unsigned char *)reader->text + reader->end;
    stream->avail_out = (uInt)room;
    int status = inflate(stream, Z_NO_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
        return refuse(error, "is damaged: it cannot be uncompressed");
    size_t made = room - stream->avail_out;
    if (made > reader->left)
        return refuse(error, "is damaged: there is more in it than its size allows for");
    reader->left -= made;
    reader->end += made;
    reader->ended = status == Z_STREAM_END;
    return 0;
}

/* The next line, with its line end. */
static enum line next_line(struct reader *reader, const char **line, size_t *length,
                           struct wh_error *error)
{
    size_t looked = 0;
    for (;;) {
        char *begin = reader->text + reader->next;
        size_t there = reader->end - reader->next;
        char *newline = memchr(begin + looked, '\n', there - looked);
        if (newline) {
            *line = begin;
            *length = (size_t)(newline - begin) + 1;
            reader->next += *length;
            return LINE;
        }
        looked = there;
        if (reader->ended) {
            if (there == 0)
                return LINE_END;
            refuse(error, "is damaged: its last line is cut");
            return LINE_ERROR;
        }
        memmove(reader->text, begin, there);
        reader->next = 0;
        reader->end = there;
        if (there == MAX_LINE) {
            refuse(error, "is damaged: a line is too long");
            return LINE_ERROR;
        }
        if (fill(reader, error) != 0)
            return LINE_ERROR;
    }
}

/* A line where there has to be one. */
static int need_line(struct reader *reader, const char **line, size_t *length,
                     struct wh_error *error)
{
    enum line next = next_line(reader, line, length, error);
    if (next == LINE_END)
        return refuse(error, "is damaged: lines are missing");
    return next == LINE ? 0 : -1;
}

static json_t *parse_header(const char *line, size_t length, struct wh_error *error)
{
    json_error_t broken;
    json_t *header = json_loadb(line, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL
                                              | JSON_DECODE_INT_AS_REAL, &broken);
    const char *kind = json_string_value(json_object_get(header, "wh"));
    double version = json_number_value(json_object_get(header, "version"));
    if (!header && length > strlen(BEGINNING) && memcmp(line, BEGINNING, strlen(BEGINNING)) == 0)
        wh_fail(error, WH_REFUSED, "is damaged: its header is not JSON: %s", broken.text);
    else if (!kind || strcmp(kind, "model") != 0)
        refuse(error, "is not a model");
    else if (version > VERSION)
        wh_fail(error, WH_REFUSED, "is a model of version %g, newer than this program knows (%d)",
                version, VERSION);
    else if (version == VERSION || version == OLDEST)
        return header;
    else
        refuse(error, "is a model of no version");
    json_decref(header);
    return NULL;
}

/* Integers stay what they are here: a position may hold keys of 64 bits. */
static int parse_checkpoint(const char *line, size_t length, struct wh_checkpoint *checkpoint,
                            struct wh_error *error)
{
    json_error_t broken;
    json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &broken);
    int result;
    if (!object)
        result = wh_fail(error, WH_REFUSED, "its checkpoint is not JSON: %s", broken.text);
    else if (json_object_size(object) != 1)
        result = refuse(error, "its second line is not a checkpoint");
    else if (length > MAX_CHECKPOINT)
        result = wh_fail(error, WH_REFUSED, "its checkpoint takes %zu bytes, and there is room for "
                         "%d", length, MAX_CHECKPOINT);
    else
        result = wh_checkpoint_read(json_object_get(object, "checkpoint"), checkpoint, error);
    json_decref(object);
    return result == 0 ? 0 : wh_error_in(error, "is damaged");
}

/* Where the body of a file is read to. */
struct body {
    struct wh_model *model;
    struct reader *reader;
    double *numbers; /* room for a feature's */
    size_t number_count;
    struct wh_buffer name; /* room for a name without escapes */
    struct wh_sha256 sha; /* of its lines */
    uint64_t lines;
};

/* Adds the name that stands at *at; *at is then after it. */
static bool load_name(struct body *body, const char **at)
{
    struct wh_names *names = &body->model->names;
    struct wh_field field;
    *at = wh_json_value(*at, &field);
    if (!*at || field.type != WH_STRING)
        return false;
    struct wh_slice name = { field.text, field.length };
    if (field.flags & WH_ESCAPED) {
        name.text = wh_buffer_reserve(&body->name, field.length);
        name.length = wh_json_unescape(field.text, field.length, body->name.data);
    }
    if (name.length > WH_MAX_NAME
        || wh_names_find(names, name.text, name.length) != WH_NO_FEATURE)
        return false;
    wh_names_add(names, name.text, name.length);
    return true;
}

static bool load_numbers(struct body *body, uint32_t id, const char *at, const char *end)
{
    double *numbers = body->numbers;
    for (size_t i = 0; i < body->number_count; i++) {
        struct wh_field field;
        if (*at++ != ',')
            return false;
        at = wh_json_value(at, &field);
        if (!at || field.type != WH_NUMBER)
            return false;
        numbers[i] = wh_number_parse_slack(field.text, field.length);
    }
    return end - at == 2 && memcmp(at, "]\n", 2) == 0
        && wh_learner_set(body->model->learner, id, numbers);
}

static bool load_feature(struct body *body, uint32_t id, const char *line, size_t length)
{
    static const char constant[] = "[null";
    const char *end = line + length;
    if (id == WH_CONSTANT) {
        size_t begin = strlen(constant);
        return length > begin && memcmp(line, constant, begin) == 0
            && load_numbers(body, id, line + begin, end);
    }
    const char *at = line + 1;
    return length > 2 && *line == '[' && load_name(body, &at) && load_numbers(body, id, at, end);
}

static int load_features(struct body *body, double count, struct wh_error *error)
{
    for (uint32_t id = 0; id < count; id++) {
        const char *line;
        size_t length;
        if (need_line(body->reader, &line, &length, error) != 0)
            return -1;
        if (!load_feature(body, id, line, length))
            return wh_fail(error, WH_REFUSED, "is damaged: line %lu holds no feature",
                           (unsigned long)id + 3);
        wh_sha256_add(&body->sha, line, length);
        body->lines++;
    }
    return 0;
}

/* `section` is that of the line before, and becomes this one's. */
static int load_section(struct body *body, const char *line, size_t length, size_t *section,
                        struct wh_error *error)
{
    json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    const char *name = json_object_iter_key(json_object_iter(object));
    while (name && *section < wh_section_count && strcmp(name, wh_sections[*section].name) != 0)
        (*section)++;
    int result;
    if (json_object_size(object) != 1 || *section == wh_section_count)
        result = wh_fail(error, WH_REFUSED, "is damaged: line %" PRIu64 " is not known here",
                         body->lines + 3);
    else
        result = wh_sections[*section].read(body->model, json_object_get(object, name), error);
    json_decref(object);
    return result;
}

/* The lines of sections; *line is then the one after them. */
static int load_sections(struct body *body, const char **line, size_t *length,
                         struct wh_error *error)
{
    static const char END[] = "{\"end\":";
    size_t section = 0;
    for (;;) {
        if (need_line(body->reader, line, length, error) != 0)
            return -1;
        if (*length >= strlen(END) && memcmp(*line, END, strlen(END)) == 0)
            return 0;
        if (load_section(body, *line, *length, &section, error) != 0)
            return -1;
        wh_sha256_add(&body->sha, *line, *length);
        body->lines++;
    }
}

/* Holds the last line, `line`, against what was read. */
static int check_end(const struct body *body, const char *line, size_t length,
                     struct wh_sha256 *top, const char hex[static 65], struct wh_error *error)
{
    struct reader *reader = body->reader;
    struct wh_buffer expected = { 0 };
    print_end(&expected, body->model->digest, body->lines, top, hex);
    bool same = expected.length == length && memcmp(expected.data, line, length) == 0;
    wh_buffer_free(&expected);
    if (!same)
        return refuse(error, "is damaged: its check sums do not fit");
    unsigned char more;
    switch (next_line(reader, &line, &length, error)) {
    case LINE_ERROR:
        return -1;
    case LINE:
        return refuse(error, "is damaged: lines follow its end");
    case LINE_END:
        break;
    }
    if (reader->stream.avail_in != 0 || read(reader->descriptor, &more, 1) != 0)
        return refuse(error, "is damaged: bytes follow its end");
    return 0;
}

/* What follows the checkpoint's line. `features` lines of features come first. */
static int read_lines(struct body *body, double features, json_t *header, struct wh_sha256 *top,
                      struct wh_error *error)
{
    const char *line;
    size_t length;
    char hex[65];
    wh_sha256_init(&body->sha);
    if (load_features(body, features, error) != 0
        || load_sections(body, &line, &length, error) != 0)
        return -1;
    wh_sha256_hex(&body->sha, hex);
    digest_content(header, hex, body->model->digest);
    return check_end(body, line, length, top, hex, error);
}

static int read_body(struct wh_model *model, struct reader *reader, json_t *header,
                     struct wh_sha256 *top, struct wh_error *error)
{
    const char *line;
    size_t length;
    double count = json_number_value(json_object_get(header, "features"));
    if (!(count >= 0 && count < WH_MOST_FEATURES))
        return refuse_header("features", error);
    if (load_header(model, header, error) != 0)
        return -1;
    if (!model->learner && (count > 0 || model->metrics.rows > 0))
        return refuse_header("state", error);
    if (need_line(reader, &line, &length, error) != 0
        || parse_checkpoint(line, length, &model->checkpoint, error) != 0)
        return -1;
    wh_sha256_add(top, line, length);
    struct body body = { .model = model, .reader = reader };
    if (model->learner)
        body.number_count = wh_learner_parameter_count(model->learner);
    body.numbers = wh_alloc(body.number_count, sizeof *body.numbers);
    wh_names_reserve(&model->names, (uint32_t)fmin(count + 1, (double)reader->likely));
    int result = read_lines(&body, model->learner ? count + 1 : 0, header, top, error);
    free(body.numbers);
    wh_buffer_free(&body.name);
    return result;
}

static int read_model(struct wh_model *model, struct reader *reader, struct wh_error *error)
{
    const char *line;
    size_t length;
    struct wh_sha256 top;
    if (need_line(reader, &line, &length, error) != 0)
        return -1;
    wh_sha256_init(&top);
    wh_sha256_add(&top, line, length);
    json_t *header = parse_header(line, length, error);
    if (!header)
        return -1;
    int result = read_body(model, reader, header, &top, error);
    if (result == 0 && model->learner)
        wh_learner_loaded(model->learner);
    if (model->census.rows == 0) /* of a version that counted no columns */
        model->census.earlier = (uint64_t)model->metrics.rows;
    json_decref(header);
    return result;
}

/* Reads from the reader's descriptor. */
static int begin_reading(struct reader *reader, struct wh_error *error)
{
    struct stat status;
    if (fstat(reader->descriptor, &status) != 0 || !S_ISREG(status.st_mode))
        return refuse(error, "is not a regular file");
    reader->left = (uint64_t)status.st_size * MOST_EXPANSION + MAX_LINE;
    reader->likely = (uint64_t)status.st_size / LEAST_FEATURE + 1;
    ssize_t got = read(reader->descriptor, reader->block, BLOCK);
    if (got < 0)
        return wh_fail_errno(error, WH_FAILED, "cannot read");
    if (got < 2 || reader->block[0] != 0x1F || reader->block[1] != 0x8B)
        return refuse(error, got == 0 ? "is an empty file, not a model" : "is not a model");
    reader->stream.next_in = reader->block;
    reader->stream.avail_in = (uInt)got;
    if (inflateInit2(&reader->stream, GZIP) != Z_OK)
        return wh_fail(error, WH_FAILED, "cannot uncompress: zlib has no memory");
    return 0;
}

static int open_reader(struct reader *reader, const char *path, struct wh_error *error)
{
    reader->descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (reader->descriptor < 0)
        return wh_fail_errno(error, errno == ENOENT ? WH_REFUSED : WH_FAILED, "cannot open");
    return begin_reading(reader, error);
}

static struct reader *new_reader(void)
{
    struct reader *reader = wh_alloc(1, sizeof *reader);
    reader->descriptor = -1;
    reader->text = wh_alloc(MAX_LINE + WH_SLACK, 1);
    return reader;
}

static void free_reader(struct reader *reader)
{
    inflateEnd(&reader->stream);
    if (reader->descriptor >= 0)
        close(reader->descriptor);
    free(reader->text);
    free(reader);
}

/* Reads a model by a reader that was opened, with status `opened` and `reason`. */
static struct wh_model *read_whole(struct reader *reader, int opened, const char *path,
                                   struct wh_error *reason, struct wh_error *error)
{
    struct wh_model *model = wh_model_open();
    if (opened != 0 || read_model(model, reader, reason) != 0) {
        wh_fail(error, reason->status, "%s: %s", path, reason->text);
        wh_model_close(model);
        model = NULL;
    }
    free_reader(reader);
    return model;
}

struct wh_model *wh_model_load(const char *path, struct wh_error *error)
{
    struct wh_error reason;
    struct reader *reader = new_reader();
    return read_whole(reader, open_reader(reader, path, &reason), path, &reason, error);
}

struct wh_model *wh_model_read(int descriptor, const char *path, struct wh_error *error)
{
    struct wh_error reason;
    struct reader *reader = new_reader();
    reader->descriptor = dup(descriptor);
    int opened = reader->descriptor < 0 ? wh_fail_errno(&reason, WH_FAILED, "cannot read")
                                        : begin_reading(reader, &reason);
    return read_whole(reader, opened, path, &reason, error);
}

static int read_top(struct reader *reader, struct wh_checkpoint *checkpoint,
                    struct wh_error *error)
{
    const char *line;
    size_t length;
    if (need_line(reader, &line, &length, error) != 0)
        return -1;
    json_t *header = parse_header(line, length, error);
    if (!header)
        return -1;
    json_decref(header);
    return need_line(reader, &line, &length, error)
        || parse_checkpoint(line, length, checkpoint, error) ? -1 : 0;
}

int wh_model_checkpoint(const char *path, struct wh_checkpoint *checkpoint,
                        struct wh_error *error)
{
    struct wh_error reason;
    *checkpoint = (struct wh_checkpoint){ 0 };
    if (!wh_model_exists(path))
        return 0;
    struct reader *reader = new_reader();
    int result = open_reader(reader, path, &reason) || read_top(reader, checkpoint, &reason);
    free_reader(reader);
    return result ? wh_fail(error, reason.status, "%s: %s", path, reason.text) : 0;
}

bool wh_model_exists(const char *path)
{
    return !wh_file_missing(path);
}

int wh_model_refuse_foreign(const char *path, struct wh_error *error)
{
    struct wh_error reason;
    struct stat status;
    if (stat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 0)
        return 0;
    struct reader *reader = new_reader();
    size_t length = strlen(BEGINNING);
    int result = open_reader(reader, path, &reason);
    while (result == 0 && reader->end < length && !reader->ended)
        result = fill(reader, &reason);
    bool model = result == 0 && reader->end >= length
              && memcmp(reader->text, BEGINNING, length) == 0;
    free_reader(reader);
    if (model)
        return 0;
    if (result != 0 && reason.status == WH_FAILED)
        return wh_fail(error, reason.status, "%s: %s", path, reason.text);
    return wh_fail(error, WH_REFUSED, "%s: is not a model, so it is not replaced by one (choose "
                   "another name, or remove it)", path);
}
