/*
 * Learning from any rows: bad ones apart, every number of the model stays finite, the model that
 * was saved reads back, scores of the same rows are numbers, and a run in two parts gives the
 * digest of one run.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "model/modelfile.h"
#include "record/files.h"
#include "record/reader.h"
#include "score/score.h"
#include "train/update.h"

static enum wh_verdict check_score(struct wh_emit *emit, struct wh_row *row,
                                   struct wh_error *error)
{
    (void)emit;
    (void)error;
    int at = wh_shape_find(row->shape, "score", 5);
    CHECK(at >= 0);
    double score;
    bool none = row->fields[at].type == WH_NULL; /* before the first label */
    CHECK(none || (wh_field_number(&row->fields[at], &score) && isfinite(score)));
    return WH_TAKEN;
}

/* Passes the rows from `first` up to `end` through the stage, bad ones being left out, and
 * finishes it. False where the stage or the reader refuses to go on. */
static bool pass_rows(struct wh_stage *stage, const char *rows, uint64_t first, uint64_t end)
{
    static const struct wh_reading reading = { .max_row = 1 << 20 };
    struct wh_emit emit = { .row = check_score };
    struct wh_error error;
    struct wh_reader *reader = wh_reader_open(&reading, &rows, 1, &error);
    if (!reader)
        return false;
    enum wh_verdict verdict = WH_TAKEN;
    uint64_t row = 0;
    for (enum wh_verdict next; verdict != WH_FATAL; row++) {
        next = wh_reader_next(reader, &error);
        if (next == WH_ENDED)
            break;
        if (next == WH_FATAL)
            verdict = WH_FATAL;
        else if (next == WH_PASSED && row >= first && row < end)
            verdict = stage->ops->row(stage, reader->row, &emit, &error);
    }
    wh_reader_close(reader);
    return verdict != WH_FATAL
        && (!stage->ops->finish || stage->ops->finish(stage, &emit, &error) == 0);
}

static bool learn(const struct wh_update_settings *settings, const char *rows, uint64_t first,
                  uint64_t end)
{
    struct wh_error error;
    struct wh_stage *stage = wh_update_open(settings, &error);
    bool good = stage && pass_rows(stage, rows, first, end);
    if (stage)
        stage->ops->close(stage);
    return good;
}

static void check_numbers(const struct wh_model *model)
{
    for (uint32_t id = 0; id < model->names.count; id++) {
        double numbers[2 * WH_MAX_PARAMETERS];
        size_t count = wh_learner_parameter_count(model->learner);
        if (count > sizeof numbers / sizeof *numbers)
            continue; /* many classes */
        wh_learner_get(model->learner, id, numbers);
        for (size_t i = 0; i < count; i++)
            CHECK(isfinite(numbers[i]));
    }
}

static void check_scores(const char *path, const char *rows)
{
    struct wh_error error;
    const struct wh_score_model model = { .path = path };
    struct wh_score_settings settings = { .models = &model, .count = 1,
                                          .scorer = { .label = "y", .threshold = (double)NAN } };
    struct wh_stage *stage = wh_score_open(&settings, &error);
    CHECK(stage);
    pass_rows(stage, rows, 0, UINT64_MAX);
    stage->ops->close(stage);
}

/* Learns all rows into `one`, and in two parts into `two`. */
static void check_learning(struct wh_update_settings *settings, const char *rows, uint64_t split,
                           const char *one, const char *two)
{
    struct wh_error error;
    settings->saving.path = one;
    if (!learn(settings, rows, 0, UINT64_MAX) || !wh_model_exists(one))
        return;
    struct wh_model *whole = wh_model_load(one, &error);
    CHECK(whole);
    check_numbers(whole);
    check_scores(one, rows);
    settings->saving.path = two;
    bool begun = learn(settings, rows, 0, split) && wh_model_exists(two);
    settings->saving.fresh = false;
    /* The second part alone is refused where none of its rows has a label's column. */
    if (begun && learn(settings, rows, split, UINT64_MAX)) {
        struct wh_model *parts = wh_model_load(two, &error);
        CHECK(parts && strcmp(parts->digest, whole->digest) == 0);
        wh_model_close(parts);
    }
    wh_model_close(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    /* The first byte says how: where to split, which loss, with weights or not, passing rows on. */
    bool passes = data[0] & 8;
    struct wh_update_settings settings = {
        .saving = { .fresh = true, .passes = passes },
        .given = { .task = passes ? "binary" : NULL, .learner = "nag",
                   .loss = data[0] & 1 ? "squared" : NULL, .model = wh_settings_none() },
    };
    settings.given.model.roles.label = "y";
    settings.given.model.roles.weight = data[0] & 2 ? "w" : NULL;
    settings.given.model.max_features = data[0] & 4 ? 3 : 0;
    char folder[] = "/dev/shm/wh-fuzz-update-XXXXXX", one[64], two[64];
    CHECK(mkdtemp(folder));
    snprintf(one, sizeof one, "%s/one.whm", folder);
    snprintf(two, sizeof two, "%s/two.whm", folder);
    check_learning(&settings, fuzz_file(data + 1, size - 1), data[0] >> 4, one, two);
    unlink(one);
    unlink(two);
    CHECK(rmdir(folder) == 0);
    return 0;
}
