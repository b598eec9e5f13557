/*
 * Chains: the stages of wh-clean, wh-featurize and wh-score in one process, in several threads at
 * once over one loaded model, give the bytes that a pipe of the tools gives; and what a chain hands to its stages, in
 * which order (chain.bats runs this under valgrind, `make tsan` under the thread sanitizer).
 */
#define _GNU_SOURCE
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/memory.h"
#include "clean/stage.h"
#include "clean/table.h"
#include "feature/stage.h"
#include "feature/table.h"
#include "pipe/chain.h"
#include "pipe/run.h"
#include "record/files.h"
#include "score/loaded.h"
#include "score/score.h"

enum { ROWS = 400, MOST_THREADS = 8 };

/* A stage that takes notes --------------------------------------------------------------------- */

/* Of two in a chain, named a and b, all calls are noted in one text. */
struct noting {
    struct wh_stage stage;
    struct wh_stage_ops ops;
    char name;
    struct wh_buffer *notes;
    bool drops, emits_at_end;
    const char *changes; /* the first field becomes that */
    const char *bad; /* the value of the first field that it finds bad */
    struct wh_row *row; /* the last one */
};

static struct noting *note(struct wh_stage *stage, const char *what)
{
    struct noting *self = (struct noting *)stage;
    wh_buffer_format(self->notes, "%c %s\n", self->name, what);
    return self;
}

static enum wh_verdict note_row(struct wh_stage *stage, struct wh_row *row, struct wh_emit *emit,
                                struct wh_error *error)
{
    struct noting *self = (struct noting *)stage;
    struct wh_slice value = wh_row_text(row, &row->fields[0]);
    wh_buffer_format(self->notes, "%c row %.*s\n", self->name, (int)value.length, value.text);
    self->row = row;
    if (self->changes)
        wh_row_set_text(row, 0, WH_STRING, self->changes, (uint32_t)strlen(self->changes),
                        WH_JSON_SAFE);
    if (self->bad && value.length == strlen(self->bad)
        && memcmp(value.text, self->bad, value.length) == 0) {
        wh_bad_row(error, "type", "x", 1, 0, "%c does not like it", self->name);
        return WH_BAD;
    }
    enum wh_verdict verdict = self->drops ? WH_TAKEN : wh_emit_row(emit, row, error);
    wh_buffer_format(self->notes, "%c %s\n", self->name, verdict == WH_TAKEN ? "learns" : "not");
    return verdict;
}

static int note_settle(struct wh_stage *stage, struct wh_emit *emit, struct wh_error *error)
{
    (void)emit;
    (void)error;
    note(stage, "settle");
    return 0;
}

static int note_finish(struct wh_stage *stage, struct wh_emit *emit, struct wh_error *error)
{
    struct noting *self = note(stage, "finish");
    struct wh_error reason;
    if (!self->emits_at_end || wh_emit_row(emit, self->row, &reason) == WH_TAKEN)
        return 0;
    return emit->reject(emit, self->row, &reason, error);
}

static int note_published(struct wh_stage *stage, struct wh_error *error)
{
    (void)error;
    note(stage, "published");
    return 0;
}

static void note_summary(struct wh_stage *stage, double seconds, struct wh_buffer *out)
{
    (void)seconds;
    wh_buffer_format(out, "%c's summary\n", note(stage, "summary")->name);
}

static void note_stats(struct wh_stage *stage, json_t *stats)
{
    const char name[2] = { ((struct noting *)stage)->name };
    json_object_set_new(stats, "name", json_string(name));
}

static void note_progress(struct wh_stage *stage, char *line, size_t size)
{
    snprintf(line, size, "%c goes on", ((struct noting *)stage)->name);
}

static const char *note_recipe(struct wh_stage *stage)
{
    return ((struct noting *)stage)->name == 'a' ? "0a0a" : "0b0b";
}

static int note_begin(struct wh_stage *stage, const struct wh_control *begin,
                      struct wh_error *error)
{
    (void)begin;
    (void)error;
    note(stage, "begin");
    return 0;
}

static int note_checkpoint(struct wh_stage *stage, const struct wh_control *checkpoint,
                           struct wh_emit *emit, struct wh_error *error)
{
    (void)checkpoint;
    (void)error;
    note(stage, emit->outlet ? "checkpoint" : "checkpoint without an outlet");
    return 0;
}

static int note_committed(struct wh_stage *stage, const struct wh_place *place,
                          struct wh_error *error)
{
    (void)place;
    (void)error;
    note(stage, "committed");
    return 0;
}

static int note_broken(struct wh_stage *stage, struct wh_error *error)
{
    (void)error;
    note(stage, "broken");
    return 0;
}

static int note_columns(struct wh_stage *stage, struct wh_row *row, struct wh_error *error)
{
    (void)row;
    (void)error;
    note(stage, "columns");
    return 0;
}

static struct wh_lag note_lag(struct wh_stage *stage, double now)
{
    (void)stage;
    (void)now;
    return (struct wh_lag){ .rows = 7 };
}

static void note_close(struct wh_stage *stage)
{
    note(stage, "close");
}

static struct noting noting(char name, struct wh_buffer *notes)
{
    return (struct noting){
        .ops = { .row = note_row, .settle = note_settle, .finish = note_finish,
                 .published = note_published, .summary = note_summary, .stats = note_stats,
                 .progress = note_progress, .recipe = note_recipe, .begin = note_begin,
                 .checkpoint = note_checkpoint, .committed = note_committed,
                 .broken = note_broken, .columns = note_columns, .close = note_close },
        .name = name, .notes = notes,
    };
}

static void keep_line(void *context, const char *line)
{
    wh_buffer_format(context, "%s\n", line);
}

/* Runs text through a chain of these two; what came out, the rejects excepted, in `out`. */
static int run_noting(struct noting *a, struct noting *b, const char *text, const char *rejects,
                      struct wh_buffer *out, struct wh_buffer *said, struct wh_error *error)
{
    a->stage.ops = &a->ops;
    b->stage.ops = &b->ops;
    struct wh_stage *const stages[] = { &a->stage, &b->stage };
    struct wh_run_settings settings = { .tool = "test", .rejects = rejects,
                                        .notify = { keep_line, said } };
    struct wh_run run = {
        .settings = &settings, .stage = wh_chain_open(stages, 2), .output = -1,
        .write = wh_write_buffer, .write_context = out,
        .reader = wh_reader_open_memory(&settings.reading, "rows", text, strlen(text), error),
    };
    assert_non_null(run.reader);
    int result = wh_run(&run, error);
    wh_reader_close(run.reader);
    run.stage->ops->close(run.stage);
    return result;
}

static void rows_and_ends_go_through_the_stages_in_order(void **state)
{
    (void)state;
    struct wh_error error;
    struct wh_buffer notes = { 0 }, out = { 0 }, said = { 0 };
    struct noting a = noting('a', &notes), b = noting('b', &notes);
    assert_int_equal(run_noting(&a, &b, "{\"x\":\"1\"}\n", NULL, &out, &said, &error), 0);
    assert_string_equal(wh_buffer_text(&out), "{\"x\":\"1\"}\n");
    assert_string_equal(wh_buffer_text(&notes),
                        "a row 1\nb row 1\nb learns\na learns\na settle\nb settle\na finish\n"
                        "b settle\nb finish\na published\nb published\na summary\nb summary\n"
                        "a close\nb close\n");
    assert_string_equal(wh_buffer_text(&said), "a's summary\nb's summary\n");
    wh_buffer_free(&notes);
    wh_buffer_free(&out);
    wh_buffer_free(&said);
}

static void a_row_that_a_later_stage_rejects_teaches_none_and_is_rejected_as_it_came(void **state)
{
    (void)state;
    struct wh_error error;
    struct wh_buffer notes = { 0 }, out = { 0 }, said = { 0 };
    struct noting a = noting('a', &notes), b = noting('b', &notes);
    size_t length;
    a.changes = b.bad = "3";
    static const char text[] = "{\"x\":\"1\"}\n";
    assert_int_equal(run_noting(&a, &b, text, "rejects", &out, &said, &error), 0);
    assert_string_equal(wh_buffer_text(&out), "");
    assert_non_null(strstr(wh_buffer_text(&notes), "a row 1\nb row 3\na not\na settle\n"));
    char *rejects = wh_read_file("rejects", 4096, &length, &error);
    assert_non_null(rejects);
    assert_non_null(strstr(rejects, "\"row\":\"{\\\"x\\\":\\\"1\\\"}\""));
    assert_non_null(strstr(rejects, "b does not like it"));
    free(rejects);
    wh_buffer_free(&notes);
    wh_buffer_free(&out);
    wh_buffer_free(&said);
}

static void what_a_stage_emits_at_its_end_goes_through_those_after_it(void **state)
{
    (void)state;
    struct wh_error error;
    struct wh_buffer notes = { 0 }, out = { 0 }, said = { 0 };
    struct noting a = noting('a', &notes), b = noting('b', &notes);
    a.drops = a.emits_at_end = true;
    assert_int_equal(run_noting(&a, &b, "{\"x\":\"1\"}\n", NULL, &out, &said, &error), 0);
    assert_string_equal(wh_buffer_text(&out), "{\"x\":\"1\"}\n");
    assert_non_null(strstr(wh_buffer_text(&notes),
                           "a finish\nb row 1\nb learns\nb settle\nb finish\n"));
    out.length = 0;
    b.bad = "1";
    assert_int_equal(run_noting(&a, &b, "{\"x\":\"1\"}\n", "rejects", &out, &said, &error), 0);
    assert_string_equal(wh_buffer_text(&out), "");
    assert_non_null(strstr(wh_buffer_text(&said), "1 of 1 rows rejected"));
    wh_buffer_free(&notes);
    wh_buffer_free(&out);
    wh_buffer_free(&said);
}

static const char stream[] =
    "{\"@wh\":\"begin\",\"epoch\":\"9f2c41d07ab3\",\"from\":null,\"position\":{}}\n"
    "{\"x\":\"1\"}\n"
    "{\"@wh\":\"checkpoint\",\"epoch\":\"9f2c41d07ab3\",\"n\":1,\"rows\":1,\"committed\":1,"
    "\"position\":{}}\n";
static const char end[] =
    "{\"@wh\":\"end\",\"epoch\":\"9f2c41d07ab3\",\"n\":2,\"rows\":0,\"position\":{}}\n";

static void control_records_reach_all_stages(void **state)
{
    (void)state;
    struct wh_error error;
    struct wh_buffer notes = { 0 }, out = { 0 }, said = { 0 }, text = { 0 };
    struct noting a = noting('a', &notes), b = noting('b', &notes);
    wh_buffer_format(&text, "%s%s", stream, end);
    int result = run_noting(&a, &b, wh_buffer_text(&text), NULL, &out, &said, &error);
    if (result)
        fail_msg("%s", error.text);
    assert_string_equal(wh_buffer_text(&notes),
                        "a begin\nb begin\na row 1\nb row 1\nb learns\na learns\na settle\n"
                        "b settle\na checkpoint\nb checkpoint\na committed\nb committed\n"
                        "a settle\nb settle\na finish\nb settle\nb finish\na settle\nb settle\n"
                        "a checkpoint\nb checkpoint\n"
                        "a published\nb published\na summary\nb summary\na close\nb close\n");
    assert_non_null(strstr(wh_buffer_text(&out), "\"through\":[\"test 0a0a+0b0b\"]"));
    assert_non_null(strstr(out.data, "\"@wh\":\"end\""));
    notes.length = out.length = 0;
    assert_int_equal(run_noting(&a, &b, stream, NULL, &out, &said, &error), -1);
    assert_int_equal(error.status, WH_BROKEN);
    assert_non_null(strstr(wh_buffer_text(&notes), "a broken\nb broken\na close\n"));
    wh_buffer_free(&notes);
    wh_buffer_free(&out);
    wh_buffer_free(&said);
    wh_buffer_free(&text);
}

static void columns_lag_statistics_and_progress_are_of_all_stages(void **state)
{
    (void)state;
    struct wh_error error;
    struct wh_buffer notes = { 0 };
    char line[24];
    struct noting a = noting('a', &notes), b = noting('b', &notes);
    a.stage.ops = &a.ops;
    b.stage.ops = &b.ops;
    struct wh_stage *const stages[] = { &a.stage, &b.stage };
    struct wh_stage *chain = wh_chain_open(stages, 2);
    assert_null(chain->ops->lag);
    json_t *stats = json_object();
    chain->ops->stats(chain, stats);
    char *text = json_dumps(stats, JSON_COMPACT);
    assert_string_equal(text, "{\"stages\":[{\"name\":\"a\"},{\"name\":\"b\"}]}");
    free(text);
    json_decref(stats);
    chain->ops->progress(chain, line, sizeof line);
    assert_string_equal(line, "a goes on, b goes on");
    chain->ops->progress(chain, line, 14);
    assert_string_equal(line, "a goes on, b ");
    assert_int_equal(chain->ops->columns(chain, &(struct wh_row){ 0 }, &error), 0);
    assert_string_equal(wh_buffer_text(&notes), "a columns\nb columns\n");
    chain->ops->close(chain);
    a.ops.lag = note_lag;
    b.ops.columns = NULL;
    chain = wh_chain_open(stages, 2);
    assert_null(chain->ops->columns);
    assert_int_equal(chain->ops->lag(chain, 0).rows, 7);
    chain->ops->close(chain);
    wh_buffer_free(&notes);
}

/* The tools ------------------------------------------------------------------------------------ */

static char folder[] = "/tmp/wh_chain_XXXXXX";
static struct wh_error problem;

static const char *const clean_ops[] = { "trim", "city,plan", "lower", "city", "type", "n=int",
                                         "fill", "plan=free", "unique", "id", NULL };
static const char *const feature_ops[] = { "standard", "amount", "onehot", "city,plan", "log1p",
                                           "n", NULL };

/* Rows of which some are bad, doubled, incomplete or of another shape. */
static void add_row(struct wh_buffer *out, unsigned int i, bool csv)
{
    static const char *const cities[] = { "Lagos", " Accra ", "LIMA", "Z\xC3\xBCrich", "" };
    static const char *const plans[] = { "free", "pro", "team " };
    unsigned int hash = i * 2654435761U;
    unsigned int id = i % 97 == 5 ? i - 1 : i, amount = hash >> 20, n = (hash >> 8) % 13;
    const char *city = cities[(hash >> 12) % 5], *plan = plans[(hash >> 16) % 3];
    bool churned = (hash >> 12) % 5 > 2 || n > 10, bad = i % 251 == 7;
    if (csv)
        wh_buffer_format(out, "%u,%u.%u,%s%u,\"%s\",%s,%d\n", id, amount, n, bad ? "x" : "", n,
                         city, i % 7 ? plan : "", churned);
    else if (i % 7)
        wh_buffer_format(out, "{\"id\":%u,\"amount\":%u.%u,\"n\":%s%u%s,\"city\":\"%s\","
                         "\"plan\":\"%s\",\"churned\":%d}\n", id, amount, n, bad ? "\"x" : "", n,
                         bad ? "\"" : "", city, plan, churned);
    else
        wh_buffer_format(out, "{\"id\":%u,\"amount\":%u,\"n\":%u,\"city\":\"%s\",\"plan\":null,"
                         "\"churned\":%d}\n", id, amount, n, city, churned);
}

static void make_rows(struct wh_buffer *rows, bool csv)
{
    if (csv)
        wh_buffer_format(rows, "id,amount,n,city,plan,churned\n");
    for (unsigned int i = 0; i < ROWS; i++)
        add_row(rows, i, csv);
}

static int write_file(const char *path, const struct wh_buffer *bytes)
{
    FILE *file = fopen(path, "w");
    if (!file || fwrite(bytes->data, 1, bytes->length, file) != bytes->length)
        return -1;
    return fclose(file);
}

static void add_options(struct wh_buffer *command, const char *const *ops)
{
    for (; *ops; ops += 2)
        wh_buffer_format(command, " --%s '%s'", ops[0], ops[1]);
}

/* Runs tools; `ops` are options of the first. */
static void shell(const char *tools, const char *const *ops, const char *rest)
{
    struct wh_buffer command = { 0 };
    wh_buffer_format(&command, "%s", tools);
    add_options(&command, ops);
    wh_buffer_format(&command, " %s", rest);
    if (system(wh_buffer_text(&command)) != 0)
        fail_msg("failed: %s", command.data);
    wh_buffer_free(&command);
}

/* What the tools make of the rows of a file: its name and ".out", ".bad". */
static void run_tools(const char *rows)
{
    char end_of_pipe[256];
    struct wh_buffer command = { 0 };
    wh_buffer_format(&command, "wh-clean -q --rejects %s.bad %s", rows, rows);
    add_options(&command, clean_ops);
    wh_buffer_format(&command, " | wh-featurize -q --state state --frozen --keep id,churned");
    snprintf(end_of_pipe, sizeof end_of_pipe, "| wh-score -q -m m.whm --explain 2 --proba >%s.out",
             rows);
    shell(wh_buffer_text(&command), feature_ops, end_of_pipe);
    wh_buffer_free(&command);
}

static const char *const none[] = { NULL };

/* A model of all rows, and two that are quick to load: of all rows, and of the first. */
static void make_models(void)
{
    shell("wh-clean -q --rejects /dev/null rows", clean_ops, ">cleaned");
    shell("wh-featurize -q --state state --fit cleaned", feature_ops, "");
    shell("wh-featurize -q --state state --frozen --keep id,churned cleaned", feature_ops,
          "| wh-update -q -m m.whm --label churned --id id");
    shell("wh-featurize -q --state state --frozen --keep id,churned cleaned", feature_ops,
          ">featurized");
    shell("wh-update -q -m late.whm --learner nag --label churned --id id featurized", none, "");
    shell("head -n 200 featurized | wh-update -q -m early.whm --learner nag --label churned --id id",
          none, "");
}

static int enter_folder(void **state)
{
    (void)state;
    struct wh_buffer rows = { 0 }, table = { 0 };
    if (!mkdtemp(folder) || chdir(folder) != 0)
        return -1;
    make_rows(&rows, false);
    make_rows(&table, true);
    int failed = write_file("rows", &rows) || write_file("table", &table);
    wh_buffer_free(&rows);
    wh_buffer_free(&table);
    if (failed)
        return -1;
    make_models();
    run_tools("rows");
    run_tools("table");
    return 0;
}

static int leave_folder(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return chdir("/") || system(command) ? -1 : 0;
}

/* One thread's run of the chain, stages and all its own. */
struct work {
    const char *name;
    const char *rows;
    size_t length;
    const struct wh_cleaning *cleaning;
    const struct wh_featurizing *featurizing;
    const struct wh_score_settings *scoring;
    char rejects[32];
    struct wh_buffer out;
    int result;
    struct wh_error error;
};

static struct wh_stage *open_chain(const struct work *work, struct wh_error *error)
{
    struct wh_featurizer *featurizer = wh_featurizer_open(work->featurizing, error);
    struct wh_stage *clean = wh_clean_open(work->cleaning, error);
    struct wh_stage *score = wh_score_open(work->scoring, error);
    if (featurizer && clean && score) {
        struct wh_stage *const stages[] = { clean, wh_featurizer_stage(featurizer), score };
        return wh_chain_open(stages, 3);
    }
    wh_featurizer_close(featurizer);
    if (clean)
        clean->ops->close(clean);
    if (score)
        score->ops->close(score);
    return NULL;
}

static void *run_chain(void *context)
{
    struct work *work = context;
    struct wh_run_settings settings = { .tool = "test", .rejects = work->rejects,
                                        .writing.format = WH_FORMAT_NDJSON };
    struct wh_run run = { .settings = &settings, .output = -1, .write = wh_write_buffer,
                          .write_context = &work->out };
    work->result = -1;
    run.stage = open_chain(work, &work->error);
    if (!run.stage)
        return NULL;
    run.reader = wh_reader_open_memory(&settings.reading, work->name, work->rows, work->length,
                                       &work->error);
    if (run.reader)
        work->result = wh_run(&run, &work->error);
    wh_reader_close(run.reader);
    run.stage->ops->close(run.stage);
    return NULL;
}

static void assert_same_file(const char *rows, const char *ending, const void *bytes,
                             size_t length)
{
    char path[64];
    size_t expected;
    snprintf(path, sizeof path, "%s%s", rows, ending);
    char *text = wh_read_file(path, 1 << 26, &expected, &problem);
    assert_non_null(text);
    assert_true(expected > 0);
    assert_int_equal(length, expected);
    assert_memory_equal(bytes, text, length);
    free(text);
}

static void check_work(struct work *work)
{
    size_t length;
    if (work->result != 0)
        fail_msg("%s", work->error.text);
    assert_same_file(work->name, ".out", work->out.data, work->out.length);
    char *rejects = wh_read_file(work->rejects, 1 << 26, &length, &problem);
    assert_non_null(rejects);
    assert_same_file(work->name, ".bad", rejects, length);
    free(rejects);
    wh_buffer_free(&work->out);
}

static void run_threads(const struct work *work, size_t count)
{
    struct work works[MOST_THREADS];
    pthread_t threads[MOST_THREADS];
    for (size_t i = 0; i < count; i++) {
        works[i] = *work;
        snprintf(works[i].rejects, sizeof works[i].rejects, "bad.%zu", i);
        assert_int_equal(pthread_create(&threads[i], NULL, run_chain, &works[i]), 0);
    }
    for (size_t i = 0; i < count; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < count; i++)
        check_work(&works[i]);
}

static void fill_recipe(struct wh_recipe *recipe, const struct wh_step_type *const *types,
                        const char *const *ops)
{
    wh_recipe_init(recipe, types);
    for (; *ops; ops += 2)
        if (wh_recipe_option(recipe, ops[0], ops[1], &problem) != 0)
            fail_msg("%s", problem.text);
}

/* The recipes of a chain, and what is made of them. */
struct parts {
    struct wh_recipe clean, features;
    const struct wh_step_type **types;
    struct wh_cleaning cleaning;
    struct wh_featurizing featurizing;
};

static void open_parts(struct parts *parts)
{
    parts->types = wh_feature_steps();
    fill_recipe(&parts->clean, wh_clean_steps, clean_ops);
    fill_recipe(&parts->features, parts->types, feature_ops);
    parts->cleaning = (struct wh_cleaning){ .recipe = &parts->clean };
    parts->featurizing = (struct wh_featurizing){
        .recipe = &parts->features, .learning = WH_LEARN_FROZEN, .state = "state",
        .keep = "id,churned",
    };
}

static struct work work_of(const struct parts *parts, const char *name,
                           const struct wh_score_settings *scoring)
{
    struct work work = { .name = name, .cleaning = &parts->cleaning,
                         .featurizing = &parts->featurizing, .scoring = scoring };
    work.rows = wh_read_file(name, 1 << 26, &work.length, &problem);
    assert_non_null(work.rows);
    return work;
}

static void close_parts(struct parts *parts, const struct work *work)
{
    free((char *)work->rows);
    wh_recipe_free(&parts->clean);
    wh_recipe_free(&parts->features);
    free(parts->types);
}

/* In 1, 2 and 8 threads at once, over the model, recipes, settings and rows that they share. */
static void chain_gives_what_the_tools_give(const char *name)
{
    struct parts parts;
    open_parts(&parts);
    const struct wh_score_model model = {
        .path = "m.whm", .loaded = wh_loaded_open(&wh_predictor_native, "m.whm", &problem),
    };
    assert_non_null(model.loaded);
    const struct wh_score_settings scoring = {
        .models = &model, .count = 1, .format = WH_FORMAT_NDJSON,
        .scorer = { .threshold = (double)NAN, .explain = 2, .proba = true },
    };
    struct work work = work_of(&parts, name, &scoring);
    run_threads(&work, 1);
    run_threads(&work, 2);
    run_threads(&work, MOST_THREADS);
    wh_loaded_release(model.loaded);
    close_parts(&parts, &work);
}

static void chains_in_threads_give_the_bytes_of_a_pipe_of_the_tools(void **state)
{
    (void)state;
    chain_gives_what_the_tools_give("rows");
}

static void chains_give_the_bytes_of_a_pipe_of_the_tools_for_csv(void **state)
{
    (void)state;
    chain_gives_what_the_tools_give("table");
}

/* A reload while threads score ----------------------------------------------------------------- */

enum { SWAPS = 1000, SCORERS = 3 };

/* What all threads share, and what each of the two models makes of the rows. */
struct swapping {
    struct work work;
    struct wh_loaded *loaded;
    struct wh_buffer by[2];
    atomic_bool over;
};

/* A thread that scores the rows again and again. */
struct scoring {
    struct swapping *swapping;
    pthread_t id;
    char rejects[32];
    size_t rows[2]; /* that one model alone made so */
    size_t others;  /* that neither made so, or that are lost or too many */
    size_t changed; /* runs in which both scored */
};

static size_t line_length(const char *text, const char *after)
{
    const char *line_end = memchr(text, '\n', (size_t)(after - text));
    return line_end ? (size_t)(line_end - text) + 1 : (size_t)(after - text);
}

/* Holds each row against those that the two models make. */
static void compare_rows(struct scoring *scoring, const struct wh_buffer *out)
{
    const struct wh_buffer *by = scoring->swapping->by;
    size_t before[2] = { scoring->rows[0], scoring->rows[1] };
    const char *after = out->data + out->length, *at = out->data;
    size_t from[2] = { 0 };
    while (at < after && from[0] < by[0].length) {
        size_t length = line_length(at, after);
        bool same[2];
        for (int i = 0; i < 2; i++) {
            const char *row = by[i].data + from[i];
            size_t expected = line_length(row, by[i].data + by[i].length);
            same[i] = length == expected && memcmp(at, row, length) == 0;
            from[i] += expected;
        }
        scoring->rows[0] += same[0] && !same[1];
        scoring->rows[1] += same[1] && !same[0];
        scoring->others += !same[0] && !same[1];
        at += length;
    }
    scoring->others += at < after || from[0] < by[0].length;
    scoring->changed += scoring->rows[0] > before[0] && scoring->rows[1] > before[1];
}

static void *keep_scoring(void *context)
{
    struct scoring *scoring = context;
    struct swapping *swapping = scoring->swapping;
    do {
        struct work work = swapping->work;
        memcpy(work.rejects, scoring->rejects, sizeof work.rejects);
        run_chain(&work);
        scoring->others += work.result != 0;
        compare_rows(scoring, &work.out);
        wh_buffer_free(&work.out);
    } while (!atomic_load(&swapping->over));
    return NULL;
}

/* Puts another model in the file's place, until that was loaded: once, whoever saw it first. */
static void swap(struct wh_loaded *loaded, const char *model, uint64_t *number)
{
    struct wh_predictor *predictor;
    struct wh_error reason;
    uint64_t before = *number;
    unlink("next.whm");
    assert_int_equal(link(model, "next.whm"), 0);
    assert_int_equal(rename("next.whm", "served.whm"), 0);
    do
        wh_loaded_look(loaded);
    while (!wh_loaded_newer(loaded, number, &predictor, &reason));
    assert_non_null(predictor);
    assert_int_equal(*number, before + 1);
    wh_predictor_release(predictor);
}

static void swap_while_scoring(struct swapping *swapping)
{
    struct scoring scorings[SCORERS];
    uint64_t number;
    wh_predictor_release(wh_loaded_predictor(swapping->loaded, &number));
    for (size_t i = 0; i < SCORERS; i++) {
        scorings[i] = (struct scoring){ .swapping = swapping };
        snprintf(scorings[i].rejects, sizeof scorings[i].rejects, "bad.%zu", i);
        assert_int_equal(pthread_create(&scorings[i].id, NULL, keep_scoring, &scorings[i]), 0);
    }
    for (int i = 0; i < SWAPS; i++)
        swap(swapping->loaded, i % 2 ? "early.whm" : "late.whm", &number);
    atomic_store(&swapping->over, true);
    size_t changed = 0;
    for (size_t i = 0; i < SCORERS; i++) {
        assert_int_equal(pthread_join(scorings[i].id, NULL), 0);
        assert_int_equal(scorings[i].others, 0);
        changed += scorings[i].changed;
    }
    assert_true(changed > 0);
}

/* What the chain makes of the rows by the model that is in the file. */
static struct wh_buffer score_alone(const struct work *work)
{
    struct work alone = *work;
    snprintf(alone.rejects, sizeof alone.rejects, "bad.alone");
    run_chain(&alone);
    if (alone.result != 0)
        fail_msg("%s", alone.error.text);
    return alone.out;
}

static void a_thousand_reloads_lose_and_mix_no_row_of_chains_in_threads(void **state)
{
    (void)state;
    struct parts parts;
    open_parts(&parts);
    struct wh_score_model model = { .path = "served.whm" };
    const struct wh_score_settings scoring = {
        .models = &model, .count = 1, .format = WH_FORMAT_NDJSON, .watch = true,
        .scorer = { .threshold = (double)NAN },
    };
    struct swapping swapping = { .work = work_of(&parts, "rows", &scoring) };
    for (int i = 0; i < 2; i++) {
        unlink("served.whm");
        assert_int_equal(link(i ? "early.whm" : "late.whm", "served.whm"), 0);
        swapping.by[i] = score_alone(&swapping.work);
    }
    model.loaded = swapping.loaded = wh_loaded_open(&wh_predictor_native, "served.whm", &problem);
    assert_non_null(swapping.loaded);
    swap_while_scoring(&swapping);
    wh_loaded_release(swapping.loaded);
    wh_buffer_free(&swapping.by[0]);
    wh_buffer_free(&swapping.by[1]);
    close_parts(&parts, &swapping.work);
}

/* The tools that were built with this program, unless BUILD names others. */
static void find_tools(const char *program)
{
    const char *build = getenv("BUILD"), *path = getenv("PATH");
    char *tests = realpath(program, NULL);
    for (int i = 0; tests && i < 3; i++)
        *strrchr(tests, '/') = '\0';
    struct wh_buffer paths = { 0 };
    wh_buffer_format(&paths, "%s/bin:%s", build ? build : tests ? tests : ".", path ? path : "");
    setenv("PATH", wh_buffer_text(&paths), 1);
    wh_buffer_free(&paths);
    free(tests);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_and_ends_go_through_the_stages_in_order),
        cmocka_unit_test(a_row_that_a_later_stage_rejects_teaches_none_and_is_rejected_as_it_came),
        cmocka_unit_test(what_a_stage_emits_at_its_end_goes_through_those_after_it),
        cmocka_unit_test(control_records_reach_all_stages),
        cmocka_unit_test(columns_lag_statistics_and_progress_are_of_all_stages),
        cmocka_unit_test(chains_in_threads_give_the_bytes_of_a_pipe_of_the_tools),
        cmocka_unit_test(chains_give_the_bytes_of_a_pipe_of_the_tools_for_csv),
        cmocka_unit_test(a_thousand_reloads_lose_and_mix_no_row_of_chains_in_threads),
    };
    if (argc > 0)
        find_tools(argv[0]);
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
