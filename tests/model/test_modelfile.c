#define _GNU_SOURCE /* memmem */
/* The model file: what is written reads back, and nothing else is taken for a model. */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "learn/learners.h"
#include "model/modelfile.h"
#include "model/modelstore.h"
#include "pipe/store.h"

#include "../trials.h"

static char folder[] = "/tmp/wh-modelfile-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(in_folder("m.whm"));
    unlink(in_folder("n.whm"));
    return rmdir(folder);
}

static void name_feature(struct wh_model *model, const char *text, size_t length, double number)
{
    uint32_t id = wh_names_add(&model->names, text, length);
    assert_true(wh_learner_set(model->learner, id,
                                 (const double[]){ number, number * number,
                                                    fmin(fabs(number), 1e50) }));
}

/* A model with names and numbers of every awkward kind. */
static struct wh_model *make_model(void)
{
    struct wh_model *model = wh_model_open();
    struct wh_error error;
    assert_int_equal(wh_task_init(&model->task, "regression", NULL, &error), 0);
    model->type = wh_learner_find("nag");
    model->loss = (struct wh_loss){ .kind = WH_LOSS_SQUARED };
    model->settings.rate = 0.1;
    model->input = WH_INPUT_FEATURES;
    strcpy(model->stamp, "0123456789ab.live");
    model->settings.roles.label = wh_copy("y \"quoted\"", 10);
    wh_model_make_learner(model);
    assert_true(wh_learner_set(model->learner, WH_CONSTANT, (const double[]){ -0.0, 0, 0 }));
    name_feature(model, "plain", 5, 1.0 / 3);
    name_feature(model, "", 0, 5e-324);
    name_feature(model, "a\"\\\n\0b", 6, -1.7976931348623157e100);
    name_feature(model, "caf\xC3\xA9=\xF0\x9F\x98\x80", 10, 1e21);
    wh_metrics_number(&model->metrics, 0.1, -0.0, 0.01, 1e-7);
    return model;
}

static void assert_same(const struct wh_model *a, const struct wh_model *b)
{
    assert_string_equal(a->digest, b->digest);
    assert_string_equal(a->stamp, b->stamp);
    assert_string_equal(a->saved, b->saved);
    assert_string_equal(a->settings.roles.label, b->settings.roles.label);
    assert_memory_equal(&a->metrics, &b->metrics, sizeof a->metrics);
    assert_int_equal(a->names.count, b->names.count);
    for (uint32_t id = 0; id < a->names.count; id++) {
        double left[WH_MAX_PARAMETERS] = { 0 }, right[WH_MAX_PARAMETERS] = { 0 };
        wh_learner_get(a->learner, id, left);
        wh_learner_get(b->learner, id, right);
        assert_memory_equal(left, right, sizeof left);
        assert_int_equal(a->names.names[id].length, b->names.names[id].length);
        assert_memory_equal(wh_names_text(&a->names, id), wh_names_text(&b->names, id),
                            a->names.names[id].length);
    }
}

static void a_model_reads_back_to_the_bit(void **state)
{
    (void)state;
    struct wh_error error;
    struct wh_model *model = make_model();
    assert_int_equal(wh_model_save(model, in_folder("m.whm"), &error), 0);
    struct wh_model *back = wh_model_load(in_folder("m.whm"), &error);
    assert_non_null(back);
    assert_same(model, back);
    /* And is written as the same again. */
    assert_int_equal(wh_model_save(back, in_folder("m.whm"), &error), 0);
    assert_string_equal(model->digest, back->digest);
    wh_model_close(back);
    wh_model_close(model);
}

/* A place in a stream with a position that holds all that JSON can, to the last digit. */
static const char position_text[] =
    "{\"key\":[9223372036854775807,-0.1,\"a\\u0000b\",null,true],\"line\":0}";

static void set_checkpoint(struct wh_model *model, uint64_t n, json_t *position)
{
    wh_checkpoint_free(&model->checkpoint);
    model->checkpoint = (struct wh_checkpoint){
        .place = { "9f2c41d07ab3", n }, .position = position,
        .through = json_pack("[s]", "wh-clean 5d1f2a7be0c4"),
    };
}

static json_t *make_position(void)
{
    json_t *position = json_loads(position_text, JSON_ALLOW_NUL, NULL);
    assert_non_null(position);
    return position;
}

static void the_checkpoint_reads_back_and_is_no_part_of_what_was_learned(void **state)
{
    (void)state;
    struct wh_error error;
    struct wh_model *model = make_model();
    assert_int_equal(wh_model_save(model, in_folder("m.whm"), &error), 0);
    char digest[65];
    strcpy(digest, model->digest);
    struct wh_checkpoint held;
    assert_int_equal(wh_model_checkpoint(in_folder("m.whm"), &held, &error), 0);
    assert_true(wh_place_none(&held.place));

    set_checkpoint(model, 41, make_position());
    assert_int_equal(wh_model_save(model, in_folder("m.whm"), &error), 0);
    assert_string_equal(model->digest, digest);
    struct wh_model *back = wh_model_load(in_folder("m.whm"), &error);
    assert_non_null(back);
    assert_same(model, back);
    assert_int_equal(wh_model_checkpoint(in_folder("m.whm"), &held, &error), 0);
    const struct wh_checkpoint *found[] = { &back->checkpoint, &held };
    for (size_t i = 0; i < 2; i++) {
        assert_true(wh_place_same(&found[i]->place, &model->checkpoint.place));
        assert_true(json_equal(found[i]->position, model->checkpoint.position));
        assert_true(json_equal(found[i]->through, model->checkpoint.through));
    }
    wh_checkpoint_free(&held);
    wh_model_close(back);
    wh_model_close(model);
}

static void a_checkpoint_too_long_is_not_written_and_the_file_stays(void **state)
{
    (void)state;
    struct wh_error error;
    struct wh_model *model = make_model();
    set_checkpoint(model, 1, make_position());
    assert_int_equal(wh_model_save(model, in_folder("m.whm"), &error), 0);
    enum { LONG = 1 << 19 };
    char *text = calloc(1, LONG + 1);
    memset(text, 'x', LONG);
    set_checkpoint(model, 2, json_pack("{s:s}", "header", text));
    free(text);
    assert_int_equal(wh_model_save(model, in_folder("m.whm"), &error), -1);
    assert_int_equal(error.status, WH_REFUSED);
    assert_non_null(strstr(error.text, "m.whm: the source's position takes 524"));
    assert_non_null(strstr(error.text, " bytes, and there is room for 524288"));
    struct wh_checkpoint held;
    assert_int_equal(wh_model_checkpoint(in_folder("m.whm"), &held, &error), 0);
    assert_int_equal(held.place.n, 1);
    wh_checkpoint_free(&held);
    wh_model_close(model);
}

static void a_header_too_long_is_not_written_and_the_file_stays(void **state)
{
    (void)state;
    struct wh_error error;
    struct wh_model *model = make_model();
    assert_int_equal(wh_model_save(model, in_folder("m.whm"), &error), 0);
    enum { LONG = 4 << 20 };
    char *text = calloc(1, LONG + 1);
    memset(text, 'x', LONG);
    model->settings.roles.ignore = text;
    assert_int_equal(wh_model_save(model, in_folder("m.whm"), &error), -1);
    assert_int_equal(error.status, WH_REFUSED);
    assert_non_null(strstr(error.text, "m.whm: the model's header takes 4195"));
    assert_non_null(strstr(error.text, " bytes, and there is room for 4194304 (shorter labels, options "
                                       "or names of columns take less)"));
    struct wh_model *back = wh_model_load(in_folder("m.whm"), &error);
    assert_non_null(back);
    assert_null(back->settings.roles.ignore);
    wh_model_close(back);
    wh_model_close(model);
}

static void a_line_too_long_is_not_written_and_the_file_stays(void **state)
{
    (void)state;
    struct wh_error error;
    struct wh_model *model = make_model();
    assert_int_equal(wh_model_save(model, in_folder("m.whm"), &error), 0);
    enum { LONG = 2 << 20 };
    char *text = calloc(1, LONG + WH_SLACK);
    memset(text, 'x', LONG);
    model->settings.roles.join = wh_copy("id", 2);
    wh_pending_add(&model->joining.pending, (struct wh_slice){ "1", 1 }, 0,
                   (struct wh_slice){ text, LONG });
    assert_int_equal(wh_model_save(model, in_folder("m.whm"), &error), -1);
    assert_int_equal(error.status, WH_FAILED);
    assert_non_null(strstr(error.text, "m.whm: a line of pending has become too long"));
    free(text);
    wh_model_close(model);
    model = wh_model_load(in_folder("m.whm"), &error);
    assert_non_null(model);
    wh_model_close(model);
}

static void a_model_that_no_label_has_come_to_is_one_too(void **state)
{
    (void)state;
    struct wh_error error;
    static const char *const tasks[] = { NULL, "binary", "regression" };
    for (size_t i = 0; i < 3; i++) {
        struct wh_model *model = wh_model_open();
        assert_int_equal(wh_task_init(&model->task, tasks[i], NULL, &error), 0);
        model->type = wh_learner_find("nag");
        model->settings.rate = 0.1;
        model->met = i == 1;
        model->loss_settled = i == 2;
        model->settings.roles.label = wh_copy("y", 1);
        set_checkpoint(model, 1, make_position());
        assert_int_equal(wh_model_save(model, in_folder("m.whm"), &error), 0);
        struct wh_model *back = wh_model_load(in_folder("m.whm"), &error);
        if (!back)
            fail_msg("%s", error.text);
        assert_null(back->learner);
        assert_int_equal(back->task.kind, model->task.kind);
        assert_int_equal(back->met, model->met);
        assert_int_equal(back->loss_settled, model->loss_settled);
        assert_int_equal(back->input, WH_INPUT_UNSETTLED);
        assert_int_equal(back->names.count, 1);
        assert_string_equal(back->digest, model->digest);
        wh_model_close(back);
        wh_model_close(model);
    }
}

static void wh_extract_finds_the_checkpoint_in_a_file_of_any_name(void **state)
{
    (void)state;
    struct wh_error error;
    struct wh_checkpoint held;
    assert_true(wh_model_store.takes("live.whm"));
    assert_false(wh_model_store.takes(".whm"));
    assert_false(wh_model_store.takes("live.json"));
    assert_false(wh_model_store.takes(folder));
    struct wh_store *store = wh_model_store.open(in_folder("n.whm"), NULL, &error);
    assert_non_null(store);
    unlink(in_folder("n.whm"));
    assert_int_equal(store->ops->read(store, &held, &error), 0);
    assert_true(wh_place_none(&held.place));
    struct wh_model *model = make_model();
    set_checkpoint(model, 7, make_position());
    assert_int_equal(wh_model_save(model, in_folder("n.whm"), &error), 0);
    assert_int_equal(store->ops->read(store, &held, &error), 0);
    assert_int_equal(held.place.n, 7);
    wh_checkpoint_free(&held);
    store->ops->close(store);
    assert_int_equal(wh_model_save(model, in_folder("m"), &error), 0);
    assert_true(wh_model_store.takes(in_folder("m")));
    unlink(in_folder("m"));
    wh_model_close(model);
}

/* Reads the uncompressed text of the model. */
static char *text_of(const char *path, size_t *length)
{
    enum { ENOUGH = 1 << 16 };
    char *text = calloc(1, ENOUGH);
    gzFile file = gzopen(path, "rb");
    assert_non_null(file);
    int got = gzread(file, text, ENOUGH - 1);
    assert_true(got > 0);
    gzclose(file);
    *length = (size_t)got;
    return text;
}

/* Writes text as a model's file and returns what loading it says, "" where it is taken. */
static const char *load_text(const char *text, size_t length)
{
    static struct wh_error error;
    gzFile file = gzopen(in_folder("n.whm"), "wb9");
    assert_true(gzwrite(file, text, (unsigned)length) == (int)length);
    assert_int_equal(gzclose(file), Z_OK);
    struct wh_model *model = wh_model_load(in_folder("n.whm"), &error);
    if (!model) {
        assert_int_equal(error.status, WH_REFUSED);
        return error.text;
    }
    wh_model_close(model);
    return "";
}

static void assert_refused(const char *text, size_t length, const char *reason)
{
    const char *said = load_text(text, length);
    if (!strstr(said, reason))
        fail_msg("\"%s\" instead of \"%s\"", said, reason);
}

/* The text with its first `from` replaced by `to`, of any length. */
static char *replaced(const char *text, size_t length, const char *from, const char *to,
                      size_t *new_length)
{
    const char *at = memmem(text, length, from, strlen(from));
    assert_non_null(at);
    char *out = calloc(1, length + strlen(to) + 1);
    size_t before = (size_t)(at - text);
    memcpy(out, text, before);
    memcpy(out + before, to, strlen(to));
    memcpy(out + before + strlen(to), at + strlen(from), length - before - strlen(from));
    *new_length = length - strlen(from) + strlen(to);
    return out;
}

/* Files whose gzip sum is right: what a hand that meant it could have written. */
static void what_was_changed_by_hand_is_refused_with_the_reason(void **state)
{
    (void)state;
    static const char *const changes[][3] = {
        { "\"wh\":\"model\"", "\"wh\":\"motel\"", "is not a model" },
        { "\"version\":3", "\"version\":4", "is a model of version 4, newer than this program knows (3)" },
        { "\"version\":3", "\"version\":\"3\"", "of no version" },
        { "\"nag\"", "\"gan\"", "its learner gan is not known here" },
        { "\"squared\"", "\"cubed\"", "its loss cubed is not known here: --loss" },
        { "\"squared\"", "\"huber:-1\"", "its loss huber:-1 is not known here: --loss" },
        { "\"squared\"", "7", "its header's loss is not a text" },
        { "\"regression\"", "\"ranking\"", "its task is not known here: " },
        { "\"regression\"", "7", "its header's task is not a text" },
        { "\"drift\":null", "\"drift\":\"often\"", "its header's options: --drift requires --on-drift" },
        { "\"on_drift\":null", "\"on_drift\":\"\"", "its header's options: --on-drift requires --drift" },
        { "\"within\":null", "\"within\":\"3h\"", "options: --within requires --join" },
        { "\"label\":\"y", "\"label\":null,\"was\":\"y", "options: they name no label" },
        { "\"max_features\":null", "\"max_features\":1e15", "its header's options: --max-features 1e+15 must be above 0, and 1073741823 at most" },
        { "\"max_features\":null", "\"max_features\":true", "its header's options: the value of --max-features is not a count" },
        { "\"metrics\"", "\"metrics", "is damaged: its header is not JSON: " },
        { "{\"checkpoint\":null}", "{\"checkpoint\":nul}", "its checkpoint is not JSON: " },
        { "\"features\":4", "\"features\":5", "holds no feature" },
        { "\"features\":4", "\"features\":3", "line 7 is not known here" },
        { "\"features\":4", "\"features\":1e300", "features" },
        { "\"features\":4", "\"features\":-1", "features" },
        { "\"input\":\"features\"", "\"input\":\"rows\"", "input" },
        { "\"lowest\":", "\"lowest\":null,\"was\":", "state" },
        { "\"spread\":", "\"spread\":\"x\",\"was\":", "\"metrics\" in its header is invalid" },
        { "\"learning_rate\":0.1", "\"learning_rate\":0",
          "--learning-rate must be above 0, and 1e9 at most" },
        { "\"l1\":null", "\"l1\":-1", "--l1 must be 0 or more, and 1e9 at most" },
        { "\"learning_rate\":0.1", "\"learning_rate\":0.2", "check sums do not fit" },
        { "{\"checkpoint\":null}", "{\"checkpoint\":{}}", "checkpoint" },
        { "{\"checkpoint\":null}", "{\"checkpoint\":null,\"n\":1}", "checkpoint" },
        { "{\"checkpoint\":null}", "{\"checkpoint\":7}", "checkpoint" },
        { "{\"checkpoint\":null}", "{\"position\":null}", "checkpoint" },
        { "{\"checkpoint\":null}", "null", "checkpoint" },
        { "{\"checkpoint\":null}", "{\"checkpoint\":{\"epoch\":\"../etc\",\"n\":1,"
                                   "\"position\":{},\"through\":[]}}", "checkpoint" },
        { "{\"checkpoint\":null}", "{\"checkpoint\":{\"epoch\":\"abc\",\"n\":-1,"
                                   "\"position\":{},\"through\":[]}}", "checkpoint" },
        { "{\"checkpoint\":null}", "{\"checkpoint\":{\"epoch\":\"abc\",\"n\":1,"
                                   "\"position\":{},\"through\":[]}}", "check sums do not fit" },
        { "[null,", "[\"x\",", "line 3 holds no feature" },
        { "[\"plain\"", "[null", "line 4 holds no feature" },
        { "[\"plain\"", "[\"\"", "line 5 holds no feature" }, /* twice the same name */
        { "[\"plain\"", "[\"pl\\x\"", "line 4 holds no feature" },
        { "[\"plain\"", "[\"pl\\\"", "line 4 holds no feature" },
        { "[\"plain\"", "[\"pl\xFFin\"", "line 4 holds no feature" },
        { "[\"plain\"", "[\"plane\"", "check sums do not fit" },
        { "0.3333333333333333,", "0.3333333333333334,", "check sums do not fit" },
        { "0.3333333333333333,", "1e999,", "line 4 holds no feature" },
        { "0.3333333333333333,", "0x3,", "line 4 holds no feature" },
        { "0.3333333333333333,", "", "line 4 holds no feature" },
        { "0.3333333333333333,", "0.3333333333333333,1,", "line 4 holds no feature" },
        { "\"content\":\"", "\"content\":\"0", "check sums do not fit" },
        { "\"end\"", "\"and\"", "line 9 is not known here" },
    };
    struct wh_error error;
    struct wh_model *model = make_model();
    assert_int_equal(wh_model_save(model, in_folder("m.whm"), &error), 0);
    wh_model_close(model);
    size_t length;
    char *text = text_of(in_folder("m.whm"), &length);
    assert_string_equal(load_text(text, length), "");
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        size_t changed_length;
        char *changed = replaced(text, length, changes[i][0], changes[i][1], &changed_length);
        assert_refused(changed, changed_length, changes[i][2]);
        free(changed);
    }
    char *longer = realloc(text, length + 8);
    memcpy(longer + length, "more\n", 5);
    assert_refused(longer, length + 5, "lines follow its end");
    assert_refused(longer, length - 1, "its last line is cut");
    free(longer);
}

/* Whatever single byte of the text is another, no sum is fooled and nothing crashes. */
static void no_byte_of_the_text_can_be_another(void **state)
{
    (void)state;
    struct wh_error error;
    struct wh_model *model = make_model();
    set_checkpoint(model, 41, make_position());
    assert_int_equal(wh_model_save(model, in_folder("m.whm"), &error), 0);
    wh_model_close(model);
    size_t length;
    char *text = text_of(in_folder("m.whm"), &length);
    size_t stride = length / trials_of(length);
    for (size_t i = 0; i < length; i += stride > 0 ? stride : 1) {
        static const char others[] = { 1, 0x20, (char)0x80 };
        for (size_t k = 0; k < sizeof others; k++) {
            text[i] = (char)(text[i] ^ others[k]);
            if (*load_text(text, length) == '\0')
                fail_msg("byte %zu changed by %d and still a model", i, others[k]);
            text[i] = (char)(text[i] ^ others[k]);
        }
    }
    free(text);
}

/* 16 MB of names in a file of a few kB: more than a file of this size may hold. */
static void what_expands_out_of_proportion_is_refused(void **state)
{
    (void)state;
    struct wh_error error;
    struct wh_model *model = make_model();
    assert_int_equal(wh_model_save(model, in_folder("m.whm"), &error), 0);
    wh_model_close(model);
    size_t length, top;
    char *text = text_of(in_folder("m.whm"), &length);
    top = (size_t)((char *)memmem(text, length, "[null", 5) - text);
    enum { LINE = 4000, LINES = 4000 };
    char *bomb = calloc(1, top + (size_t)LINE * LINES);
    memcpy(bomb, text, top);
    size_t at = top + (size_t)snprintf(bomb + top, LINE, "[null,0,0,0]\n");
    for (int i = 0; i < LINES - 1; i++) {
        memset(bomb + at, 'x', LINE);
        int used = snprintf(bomb + at, 16, "[\"%08d", i);
        bomb[at + (size_t)used] = 'x';
        memcpy(bomb + at + LINE - 9, "\",0,0,0]\n", 9);
        at += LINE;
    }
    size_t changed_length;
    char *changed = replaced(bomb, at, "\"features\":4", "\"features\":3999", &changed_length);
    assert_refused(changed, changed_length, "more in it than its size allows for");
    free(changed);
    free(bomb);
    free(text);
}

static void what_is_no_model_is_called_that(void **state)
{
    (void)state;
    struct wh_error error;
    assert_null(wh_model_load(in_folder("absent.whm"), &error));
    assert_int_equal(error.status, WH_REFUSED);
    assert_null(wh_model_load(folder, &error));
    assert_non_null(strstr(error.text, "is not a regular file"));
    int file = open(in_folder("n.whm"), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    assert_true(file >= 0);
    assert_null(wh_model_load(in_folder("n.whm"), &error));
    assert_non_null(strstr(error.text, "is an empty file, not a model"));
    assert_int_equal(write(file, "a,b\n1,2\n", 8), 8);
    close(file);
    assert_null(wh_model_load(in_folder("n.whm"), &error));
    assert_non_null(strstr(error.text, "is not a model"));
    assert_refused("{\"wh\":\"state\",\"version\":1}\n", 27, "is not a model");
    assert_refused("not JSON\n", 9, "is not a model");
    assert_refused("no line end", 11, "cut");
}

static void what_cannot_be_read_is_not_called_something_else(void **state)
{
    (void)state;
    struct wh_error error;
    assert_int_equal(symlink("loop.whm", in_folder("loop.whm")), 0);
    assert_true(wh_model_exists(in_folder("loop.whm")));
    assert_int_equal(wh_model_refuse_foreign(in_folder("loop.whm"), &error), -1);
    assert_int_equal(error.status, WH_FAILED);
    assert_non_null(strstr(error.text, "loop.whm: cannot open: "));
    unlink(in_folder("loop.whm"));
    assert_int_equal(wh_model_refuse_foreign(folder, &error), -1);
    assert_int_equal(error.status, WH_REFUSED);
    assert_non_null(strstr(error.text, "is not a model"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_reads_back_to_the_bit),
        cmocka_unit_test(the_checkpoint_reads_back_and_is_no_part_of_what_was_learned),
        cmocka_unit_test(a_checkpoint_too_long_is_not_written_and_the_file_stays),
        cmocka_unit_test(a_header_too_long_is_not_written_and_the_file_stays),
        cmocka_unit_test(a_line_too_long_is_not_written_and_the_file_stays),
        cmocka_unit_test(a_model_that_no_label_has_come_to_is_one_too),
        cmocka_unit_test(wh_extract_finds_the_checkpoint_in_a_file_of_any_name),
        cmocka_unit_test(what_was_changed_by_hand_is_refused_with_the_reason),
        cmocka_unit_test(no_byte_of_the_text_can_be_another),
        cmocka_unit_test(what_expands_out_of_proportion_is_refused),
        cmocka_unit_test(what_is_no_model_is_called_that),
        cmocka_unit_test(what_cannot_be_read_is_not_called_something_else),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
