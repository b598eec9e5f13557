#include "feature/stage.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/display.h"
#include "feature/encoder.h"
#include "feature/features.h"
#include "pipe/state.h"
#include "record/canonical.h"
#include "record/shape_cache.h"

enum { PLANS_LOG2 = 6, HASH = 12, STAMP = 2 * HASH + 1 };

static const char recipe_column[] = "recipe";
static const char features_column[] = "features";
static const char dense_prefix[] = "features.";

/* How rows of one shape, having come through these encoders, leave. */
struct plan {
    uint64_t serial;       /* of the row's shape; 0: no plan */
    uint64_t *encoders;    /* serials of the encoders' bindings */
    size_t encoder_count;
    struct wh_shape *shape;
    uint32_t *sources;     /* where in the row each column is that leaves beside the features */
    uint32_t source_count;
};

struct wh_featurizer {
    struct wh_stage stage;
    const struct wh_featurizing *options;
    struct wh_columns *keep;
    bool kept;                   /* a row had one of the columns to keep */
    bool resumed;                /* and may have had others that are not in the rows to come */
    struct wh_steps *steps;
    struct wh_features *features;
    struct wh_event_time clock;
    struct wh_emit *emit;       /* where rows go that steps have held back */
    struct wh_state_file *file; /* STATE, or the live part of it, to be written; NULL: neither */
    size_t pass, passes;        /* of fitting: done, and in all */
    uint64_t rows;              /* that taught the constants */
    uint64_t left;              /* of these, in a run that fits: not dropped by a step */
    uint64_t passed;            /* rows that live steps remember, when frozen */
    uint64_t continues;         /* rows of what an earlier run left that was no stream */
    char *full;                 /* a column with more values than are remembered, or NULL */
    char stamp[STAMP + 1 + WH_SLACK];
    char recipe[HASH + 1];       /* R alone */
    struct wh_buffer text;       /* of the row's features */
    struct wh_column *dense;     /* the features' columns, from the first row on */
    uint32_t dense_count;
    struct wh_shape *first;      /* dense: the columns that this row came with, */
    uint8_t first_format;        /* and their format; NULL: it was not the first row of all */
    struct wh_shape_cache plans;
};

/* The stamp. */

/* F: over the constants alone, not over what steps keep of the rows that went by. */
static void hash_constants(const struct wh_featurizer *self, char hex[static HASH + 1])
{
    struct wh_buffer text = { 0 };
    wh_steps_save(self->steps, WH_STEPS_CONSTANTS, &text);
    wh_text_hash(&text, hex);
    wh_buffer_free(&text);
}

static void make_stamp(struct wh_featurizer *self)
{
    char constants[HASH + 1] = "live";
    if (self->options->learning != WH_LEARN_LIVE || !wh_steps_learn(self->steps))
        hash_constants(self, constants);
    wh_recipe_hash(self->options->recipe, self->stamp);
    self->stamp[HASH] = '.';
    memcpy(self->stamp + HASH + 1, constants, sizeof constants);
}

/* Steps and features. */

static void begin_held(void *owner);
static enum wh_verdict emit_held(void *owner, struct wh_row *row, struct wh_error *error);
static void teach_held(void *owner);
static int reject_held(void *owner, const struct wh_row *row, const struct wh_error *reason,
                       struct wh_error *error);

static void forget_plan(struct plan *plan)
{
    free(plan->encoders);
    free(plan->sources);
    wh_shape_close(plan->shape);
    *plan = (struct plan){ 0 };
}

static void discard(struct wh_featurizer *self)
{
    for (struct plan *plan = NULL; (plan = wh_shape_cache_next(&self->plans, plan));)
        forget_plan(plan);
    wh_steps_close(self->steps);
    wh_features_close(self->features);
    self->steps = NULL;
    self->features = NULL;
}

static int fill_context(struct wh_featurizer *self, struct wh_error *error)
{
    struct wh_step_context *context = wh_steps_context(self->steps);
    const char *timed = wh_steps_timed(self->steps);
    if (timed && !self->options->time)
        return wh_fail(error, WH_REFUSED, "--%s requires --time COL", timed);
    self->clock = (struct wh_event_time){ .column = self->options->time };
    context->clock = &self->clock;
    context->features = self->features;
    context->owner = self;
    context->begin = begin_held;
    context->row = emit_held;
    context->taught = teach_held;
    context->reject = reject_held;
    return 0;
}

/* New steps with these parts of `state` (NULL: none yet). Frozen constants are settled. */
static int prepare(struct wh_featurizer *self, const struct wh_state *state, unsigned parts,
                   bool frozen, struct wh_error *error)
{
    const struct wh_featurizing *options = self->options;
    discard(self);
    self->features = wh_features_open();
    self->features->dense = options->dense && self->passes == self->pass;
    self->features->strict = options->strict;
    self->features->absence = options->missing_null ? WH_ABSENCE_NULL
                              : frozen              ? WH_ABSENCE_BAD
                                                    : WH_ABSENCE_LEARN;
    self->steps = wh_steps_open(options->recipe->steps, options->recipe->types, error);
    if (!self->steps || fill_context(self, error) != 0)
        return -1;
    wh_steps_declare(self->steps, &options->nulls);
    self->rows = state ? state->rows : 0;
    if (state && wh_state_load(state, self->steps, parts, error))
        return -1;
    if (state && wh_features_load(self->features, state->absent, error))
        return state->path ? wh_error_in(error, "%s", state->path) : -1;
    for (size_t pass = 0; frozen && pass < wh_steps_passes(self->steps); pass++)
        wh_steps_settle(self->steps, pass);
    make_stamp(self);
    return 0;
}

/* Frozen: the constants of STATE, and what live steps remember, of `kept` or else of STATE. */
static int prepare_frozen(struct wh_featurizer *self, const struct wh_state *kept,
                          struct wh_error *error)
{
    const struct wh_featurizing *options = self->options;
    struct wh_state state;
    if (wh_state_read(options->state, options->recipe, &state, error))
        return -1;
    int failed = prepare(self, &state, WH_STEPS_CONSTANTS, true, error) ||
                 wh_state_load(kept ? kept : &state, self->steps,
                               WH_STEPS_LIVE | (kept ? WH_STEPS_MET : 0), error);
    self->passed = kept ? kept->rows : 0;
    wh_state_free(&state);
    return failed ? -1 : 0;
}

/* Begins with the state of the file that goes on, NULL where there is none. */
static int take_up(struct wh_featurizer *self, const struct wh_state *kept, struct wh_error *error)
{
    if (self->options->learning == WH_LEARN_FROZEN)
        return prepare_frozen(self, kept, error);
    return prepare(self, kept, WH_STEPS_ALL, false, error);
}

/* New steps with the constants that these have learned. */
static int fix_constants(struct wh_featurizer *self, struct wh_error *error)
{
    struct wh_buffer text = { 0 };
    json_error_t place;
    wh_steps_save(self->steps, WH_STEPS_CONSTANTS, &text);
    struct wh_state state = {
        .rows = self->rows,
        .absent = wh_features_save(self->features),
        .learned.steps = json_loadb(text.data, text.length, JSON_ALLOW_NUL, &place),
    };
    wh_buffer_free(&text);
    int failed = prepare(self, &state, WH_STEPS_CONSTANTS, true, error);
    wh_state_free(&state);
    return failed;
}

/* What is to be saved; its `absent` must be given back. */
static struct wh_state_content saving_of(struct wh_featurizer *self)
{
    bool frozen = self->options->learning == WH_LEARN_FROZEN;
    const char *full = self->features->full;
    if (full && !self->full)
        self->full = wh_copy(full, strlen(full));
    return (struct wh_state_content){
        .recipe = self->options->recipe,
        .steps = self->steps,
        .parts = frozen ? WH_STEPS_LIVE | WH_STEPS_MET : WH_STEPS_ALL,
        .rows = frozen ? self->passed : self->rows,
        .absent = frozen ? json_array() : wh_features_save(self->features),
    };
}

/* At the end of all rows. */
static int save(struct wh_featurizer *self, struct wh_error *error)
{
    struct wh_state_content saving = saving_of(self);
    int failed = self->file ? wh_state_finish(self->file, &saving, error) : 0;
    json_decref(saving.absent);
    return failed;
}

/* Plans. */

static bool is_encoded(const struct wh_features *features, const struct wh_column *column)
{
    for (size_t i = 0; i < features->encoder_count; i++) {
        const struct wh_encoder_binding *encoder = features->encoders[i];
        for (size_t j = 0; j < encoder->count; j++)
            if (encoder->columns[j].length == column->length &&
                memcmp(encoder->columns[j].name, column->name, column->length) == 0)
                return true;
    }
    return false;
}

/* Names the option in an error about its columns. */
static int refuse_kept(struct wh_error *error)
{
    return wh_refuse_in(error, "--keep");
}

/* Whether the columns to keep were there: all of them where constants are learned, since there is
 * no other time to find out; else one, as a label may be missing from rows to be scored. `shape`
 * is what all rows have; NULL at the end, where they had what they had. */
static int check_kept(const struct wh_featurizer *self, const struct wh_shape *shape,
                      struct wh_error *error)
{
    bool learns = self->options->learning != WH_LEARN_FROZEN && wh_steps_learn(self->steps);
    if (self->resumed || (!learns && wh_columns_chosen(self->keep)) ||
        wh_columns_check(self->keep, true, shape, error) == 0)
        return 0;
    return refuse_kept(error);
}

/* The columns to keep that are there. The first row must have one that is named, if any is. */
static int choose_kept(struct wh_featurizer *self, const struct wh_row *row, uint32_t *sources,
                       struct wh_error *error)
{
    int count = wh_columns_resolve(self->keep, row->shape, true, sources, error);
    if (count == 0 && !self->kept &&
        wh_columns_resolve(self->keep, row->shape, false, sources, error) < 0)
        return refuse_kept(error);
    self->kept = true;
    if (row->raw_format != WH_FORMAT_NDJSON && check_kept(self, row->shape, error) != 0)
        return -1;
    return count;
}

/* Which of the row's columns leave: their indices in `sources`. */
static int choose_columns(struct wh_featurizer *self, const struct wh_row *row,
                          uint32_t *sources, struct wh_error *error)
{
    const struct wh_shape *shape = row->shape;
    if (self->keep)
        return choose_kept(self, row, sources, error);
    int count = 0;
    for (uint32_t i = 0; i < shape->count; i++)
        if (!is_encoded(self->features, &shape->columns[i]))
            sources[count++] = i;
    return count;
}

static bool is_ours(const struct wh_column *column)
{
    size_t prefix = sizeof dense_prefix - 1;
    return (column->length == sizeof recipe_column - 1 &&
            memcmp(column->name, recipe_column, column->length) == 0) ||
           (column->length == sizeof features_column - 1 &&
            memcmp(column->name, features_column, column->length) == 0) ||
           (column->length > prefix && memcmp(column->name, dense_prefix, prefix) == 0);
}

static int refuse_ours(const struct wh_column *column, struct wh_error *error)
{
    return wh_bad_row(error, "column", column->name, column->length, 0,
                      "the row has a column of this name already: rename it (--rename), or leave "
                      "it out (--exclude)");
}

/* The columns after those of the row. */
static struct wh_shape *make_shape(const struct wh_featurizer *self, const struct wh_shape *shape,
                                   const uint32_t *sources, uint32_t count)
{
    uint32_t added = self->options->dense ? 1 + self->dense_count : 2;
    struct wh_column *columns = wh_alloc(count + added, sizeof *columns);
    for (uint32_t i = 0; i < count; i++)
        columns[i] = shape->columns[sources[i]];
    columns[count] = wh_column_named(recipe_column);
    if (!self->options->dense)
        columns[count + 1] = wh_column_named(features_column);
    for (uint32_t i = 0; i < self->dense_count; i++)
        columns[count + 1 + i] = self->dense[i];
    struct wh_shape *made = wh_shape_open(columns, count + added);
    free(columns);
    return made;
}

static int fill_plan(struct wh_featurizer *self, const struct wh_row *row, struct plan *plan,
                     struct wh_error *error)
{
    const struct wh_shape *shape = row->shape;
    plan->sources = wh_alloc(shape->count, sizeof *plan->sources);
    int count = choose_columns(self, row, plan->sources, error);
    if (count < 0)
        return -1;
    for (int i = 0; i < count; i++)
        if (is_ours(&shape->columns[plan->sources[i]]))
            return refuse_ours(&shape->columns[plan->sources[i]], error);
    plan->source_count = (uint32_t)count;
    plan->shape = make_shape(self, shape, plan->sources, plan->source_count);
    plan->encoder_count = self->features->encoder_count;
    plan->encoders = wh_alloc(plan->encoder_count, sizeof *plan->encoders);
    for (size_t i = 0; i < plan->encoder_count; i++)
        plan->encoders[i] = self->features->encoders[i]->serial;
    plan->serial = shape->serial;
    return 0;
}

static bool fits(const struct plan *plan, const struct wh_shape *shape,
                 const struct wh_features *features)
{
    if (plan->serial != shape->serial || plan->encoder_count != features->encoder_count)
        return false;
    for (size_t i = 0; i < plan->encoder_count; i++)
        if (plan->encoders[i] != features->encoders[i]->serial)
            return false;
    return true;
}

/* The plan for the row; NULL with the error of a bad row, or one that must end the run. */
static const struct plan *find_plan(struct wh_featurizer *self, const struct wh_row *row,
                                    struct wh_error *error)
{
    struct plan *slot = wh_shape_cache_at(&self->plans, row->shape->serial);
    if (fits(slot, row->shape, self->features))
        return slot;
    struct plan plan = { 0 };
    if (fill_plan(self, row, &plan, error)) {
        free(plan.sources);
        return NULL;
    }
    forget_plan(slot);
    *slot = plan;
    return slot;
}

/* Rows. */

/* Names the columns of dense rows when the first row has met all encoders. */
static int settle_dense(struct wh_featurizer *self, struct wh_error *error)
{
    uint64_t count = self->features->columns;
    if (count > WH_MAX_DENSE)
        return wh_fail(error, WH_REFUSED, "%llu features are too many for columns of CSV (at most "
                       "%d): write -o ndjson", (unsigned long long)count, WH_MAX_DENSE);
    struct wh_column *columns = wh_alloc((size_t)count, sizeof *columns);
    wh_features_columns(self->features, columns);
    self->dense_count = (uint32_t)count;
    self->dense = wh_alloc(self->dense_count, sizeof *self->dense);
    for (uint32_t i = 0; i < self->dense_count; i++) {
        struct wh_buffer name = { 0 };
        wh_buffer_add(&name, dense_prefix, sizeof dense_prefix - 1);
        wh_buffer_add(&name, columns[i].name, columns[i].length);
        self->dense[i] = (struct wh_column){ .name = wh_buffer_text(&name),
                                             .length = (uint32_t)name.length };
    }
    free(columns);
    return 0;
}

static enum wh_verdict emit_features(struct wh_featurizer *self, struct wh_row *row,
                                     struct wh_emit *emit, struct wh_error *error)
{
    if (self->options->dense && !self->dense && settle_dense(self, error))
        return WH_FATAL;
    const struct plan *plan = find_plan(self, row, error);
    if (!plan)
        return error->status == WH_REFUSED ? WH_FATAL : WH_BAD;
    struct wh_field *fields = wh_row_fields(row, plan->shape->count);
    uint32_t next = 0;
    for (; next < plan->source_count; next++)
        fields[next] = row->fields[plan->sources[next]];
    fields[next++] = (struct wh_field){ .text = self->stamp,
                                        .length = (uint32_t)strlen(self->stamp),
                                        .type = WH_STRING,
                                        .flags = WH_JSON_SAFE };
    row->fields = fields;
    row->shape = plan->shape;
    row->changed = true;
    if (self->options->dense) {
        if (wh_features_dense(self->features, row, next, self->dense_count, error))
            return WH_BAD;
        return wh_emit_row(emit, row, error);
    }
    self->text.length = 0;
    wh_features_text(self->features, &self->text);
    fields[next] = (struct wh_field){ .text = self->text.data,
                                      .length = (uint32_t)self->text.length,
                                      .type = WH_NESTED };
    return wh_emit_row(emit, row, error);
}

/* The row that has come out, or was dropped, teaches. */
static void teach(struct wh_featurizer *self)
{
    if (self->options->learning == WH_LEARN_LIVE) {
        wh_steps_teach(self->steps);
        wh_features_remember(self->features);
    } else {
        wh_steps_remember(self->steps);
    }
}

static enum wh_verdict transform(struct wh_featurizer *self, struct wh_row *row,
                                 struct wh_emit *emit, struct wh_error *error)
{
    enum wh_verdict verdict = wh_steps_row(self->steps, row, error);
    if (verdict == WH_PASSED)
        verdict = emit_features(self, row, emit, error);
    if (verdict != WH_TAKEN && verdict != WH_DROPPED)
        return verdict;
    teach(self);
    if (self->options->learning == WH_LEARN_LIVE)
        self->rows++;
    else
        self->passed++;
    return WH_TAKEN;
}

static enum wh_verdict fit(struct wh_featurizer *self, struct wh_row *row, struct wh_error *error)
{
    enum wh_verdict verdict = wh_steps_fit(self->steps, self->pass, row, error);
    if (verdict == WH_BAD || verdict == WH_FATAL)
        return verdict;
    if (verdict == WH_PASSED)
        self->left++;
    wh_features_remember(self->features);
    self->rows++;
    return WH_TAKEN;
}

/* Before the first row that comes through, all features that there can be must be asked for in the
 * order in which this row does it. */
static void note_first(struct wh_featurizer *self, const struct wh_row *row)
{
    wh_shape_close(self->first);
    self->first = NULL;
    if (self->features->row > 1)
        return;
    self->first = wh_shape_open(row->shape->columns, row->shape->count);
    self->first_format = row->raw_format;
}

static enum wh_verdict stage_row(struct wh_stage *stage, struct wh_row *row, struct wh_emit *emit,
                                 struct wh_error *error)
{
    struct wh_featurizer *self = (struct wh_featurizer *)stage;
    self->emit = emit;
    wh_features_begin(self->features);
    if (__builtin_expect(self->options->dense && !self->dense, 0))
        note_first(self, row);
    return self->pass < self->passes ? fit(self, row, error) : transform(self, row, emit, error);
}

/* Rows that steps emit when it is not their turn; while constants are learned nothing comes out. */

static bool fits_now(const struct wh_featurizer *self)
{
    return self->pass < self->passes;
}

static void begin_held(void *owner)
{
    wh_features_begin(((struct wh_featurizer *)owner)->features);
}

static enum wh_verdict emit_held(void *owner, struct wh_row *row, struct wh_error *error)
{
    struct wh_featurizer *self = owner;
    if (!fits_now(self))
        return emit_features(self, row, self->emit, error);
    self->left++;
    return WH_TAKEN;
}

static void teach_held(void *owner)
{
    struct wh_featurizer *self = owner;
    if (fits_now(self))
        wh_features_remember(self->features); /* the list has taught its steps */
    else
        teach(self);
}

static int reject_held(void *owner, const struct wh_row *row, const struct wh_error *reason,
                       struct wh_error *error)
{
    struct wh_emit *emit = ((struct wh_featurizer *)owner)->emit;
    return emit->reject(emit, row, reason, error);
}

static int stage_columns(struct wh_stage *stage, struct wh_row *row, struct wh_error *error)
{
    struct wh_featurizer *self = (struct wh_featurizer *)stage;
    wh_features_begin(self->features);
    if (wh_steps_columns(self->steps, row, error) ||
        (self->options->dense && !self->dense && settle_dense(self, error)))
        return -1;
    const struct plan *plan = find_plan(self, row, error);
    if (!plan)
        return -1;
    row->shape = plan->shape;
    return 0;
}

static int stage_finish(struct wh_stage *stage, struct wh_emit *emit, struct wh_error *error)
{
    struct wh_featurizer *self = (struct wh_featurizer *)stage;
    self->emit = emit;
    bool kept = self->keep && self->kept;
    return wh_steps_finish(self->steps, error) || (kept && check_kept(self, NULL, error)) ? -1 : 0;
}

static int stage_settle(struct wh_stage *stage, struct wh_emit *emit, struct wh_error *error)
{
    struct wh_featurizer *self = (struct wh_featurizer *)stage;
    self->emit = emit;
    return wh_steps_flush(self->steps, error);
}

/* Control records. */

/* What nothing is kept for must need nothing. */
static int begin_without(struct wh_featurizer *self, const struct wh_control *begin,
                         struct wh_error *error)
{
    const char *live = wh_steps_live(self->steps);
    if (live)
        return wh_fail(error, WH_REFUSED, "--%s remembers rows, and a stream with checkpoints "
                       "cannot be resumed without that: give %s FILE", live,
                       self->options->learning == WH_LEARN_FROZEN ? "--live" : "--state");
    if (!wh_place_none(&begin->from))
        wh_steps_resume(self->steps);
    return 0;
}

static int stage_begin(struct wh_stage *stage, const struct wh_control *begin,
                       struct wh_error *error)
{
    struct wh_featurizer *self = (struct wh_featurizer *)stage;
    if (begin->marked)
        return 0;
    if (self->options->learning == WH_LEARN_FIRST)
        return wh_featurizer_refuse_stream(error);
    /* A column to keep was looked for in the first row of all. */
    self->kept = self->resumed = !wh_place_none(&begin->from);
    if (!self->file)
        return begin_without(self, begin, error);
    struct wh_state state;
    int another = wh_state_begin(self->file, begin, self->options->recipe, &state, error);
    if (another <= 0)
        return another;
    int failed = take_up(self, &state, error);
    wh_state_free(&state);
    return failed;
}

static int stage_checkpoint(struct wh_stage *stage, const struct wh_control *checkpoint,
                            struct wh_emit *emit, struct wh_error *error)
{
    struct wh_featurizer *self = (struct wh_featurizer *)stage;
    if (!self->file)
        return 0;
    struct wh_state_content saving = saving_of(self);
    int failed = wh_state_checkpoint(self->file, checkpoint, &saving, emit->outlet, error);
    json_decref(saving.absent);
    return failed;
}

static int stage_committed(struct wh_stage *stage, const struct wh_place *place,
                           struct wh_error *error)
{
    const struct wh_featurizer *self = (const struct wh_featurizer *)stage;
    return self->file ? wh_state_committed(self->file, place, error) : 0;
}

/* R.F, or R alone where constants are still being learned. */
static const char *stage_recipe(struct wh_stage *stage)
{
    struct wh_featurizer *self = (struct wh_featurizer *)stage;
    if (self->options->learning != WH_LEARN_LIVE)
        return self->stamp;
    wh_recipe_hash(self->options->recipe, self->recipe);
    return self->recipe;
}

static void stage_stats(struct wh_stage *stage, json_t *stats)
{
    const struct wh_featurizer *self = (const struct wh_featurizer *)stage;
    json_object_set_new(stats, "steps", wh_steps_stats(self->steps));
    json_object_set_new(stats, "recipe", json_string(self->stamp));
    json_object_set_new(stats, "rows_learned", json_integer((json_int_t)self->rows));
}

static int stage_published(struct wh_stage *stage, struct wh_error *error)
{
    struct wh_featurizer *self = (struct wh_featurizer *)stage;
    return self->options->learning == WH_LEARN_FIRST ? 0 : save(self, error);
}

static void stage_summary(struct wh_stage *stage, double seconds, struct wh_buffer *out)
{
    const struct wh_featurizer *self = (const struct wh_featurizer *)stage;
    (void)seconds;
    if (self->full) {
        struct wh_buffer column = { 0 };
        wh_display_text(&column, self->full, strlen(self->full), false);
        wh_buffer_format(out, "%s: more than %d values, or %d MB of them: further ones count as "
                         "infrequent (--hash has no such limit)\n", wh_buffer_text(&column),
                         WH_ONEHOT_VALUES, WH_ONEHOT_BYTES >> 20);
        wh_buffer_free(&column);
    }
    wh_steps_tell(self->steps, out);
}

/* Sessions. */

static struct wh_featurizer *new_featurizer(const struct wh_featurizing *featurizing);

static int stage_divides(const struct wh_stage *stage, struct wh_error *error)
{
    const struct wh_featurizer *self = (const struct wh_featurizer *)stage;
    const struct wh_featurizing *options = self->options;
    if (options->learning != WH_LEARN_FROZEN)
        return wh_fail(error, WH_REFUSED, "constants must not change from row to row: learn them "
                                          "first (--state FILE --fit), then give --frozen");
    if (options->live)
        return wh_fail(error, WH_REFUSED, "--live FILE is of all rows in their order, so that all "
                                          "must go through one thread (leave one of the two out)");
    int divides = wh_steps_divide(self->steps, error);
    bool settled = (!self->keep || self->kept) && (!options->dense || (self->dense && self->first));
    return divides <= 0 ? divides : settled;
}

/* The constants and columns of another, whose next row this one could be given. */
static int follow(struct wh_featurizer *self, const struct wh_featurizer *other,
                  struct wh_error *error)
{
    struct wh_buffer text = { 0 };
    json_error_t place;
    const char *keep = self->options->keep;
    if (keep && wh_columns_parse(keep, strlen(keep), &self->keep, error) != 0)
        return -1;
    self->kept = other->kept;
    self->resumed = other->resumed;
    wh_steps_save(other->steps, WH_STEPS_CONSTANTS, &text);
    struct wh_state state = {
        .rows = other->rows,
        .absent = wh_features_save(other->features),
        .learned.steps = json_loadb(text.data, text.length, JSON_ALLOW_NUL, &place),
    };
    wh_buffer_free(&text);
    int failed = prepare(self, &state, WH_STEPS_CONSTANTS, true, error);
    wh_state_free(&state);
    struct wh_row row = { .shape = other->first, .raw_format = other->first_format };
    if (failed == 0 && other->first)
        failed = stage_columns(&self->stage, &row, error);
    if (failed == 0)
        wh_steps_follow(self->steps, other->steps);
    wh_row_free(&row);
    return failed;
}

static struct wh_stage *stage_session(struct wh_stage *stage, struct wh_error *error)
{
    const struct wh_featurizer *other = (const struct wh_featurizer *)stage;
    struct wh_featurizer *self = new_featurizer(other->options);
    if (follow(self, other, error) == 0)
        return &self->stage;
    wh_featurizer_close(self);
    return NULL;
}

static void stage_merge(struct wh_stage *stage, struct wh_stage *session)
{
    struct wh_featurizer *self = (struct wh_featurizer *)stage;
    struct wh_featurizer *other = (struct wh_featurizer *)session;
    wh_steps_merge(self->steps, other->steps);
    if (self->keep)
        wh_columns_set_found(self->keep,
                             wh_columns_found(self->keep) | wh_columns_found(other->keep));
    self->passed += other->passed;
    other->passed = 0;
}

static void stage_close(struct wh_stage *stage)
{
    struct wh_featurizer *self = (struct wh_featurizer *)stage;
    discard(self);
    wh_shape_cache_close(&self->plans);
    for (uint32_t i = 0; i < self->dense_count; i++)
        free((char *)self->dense[i].name);
    free(self->dense);
    wh_shape_close(self->first);
    free(self->full);
    wh_buffer_free(&self->text);
    wh_columns_free(self->keep);
    wh_state_close(self->file);
    free(self);
}

/* Opening. */

static int open_state(struct wh_featurizer *self, struct wh_error *error)
{
    const struct wh_featurizing *options = self->options;
    bool frozen = options->learning == WH_LEARN_FROZEN;
    const char *path = frozen ? options->live : options->state;
    if (path && !(self->file = wh_state_open(path, error)))
        return -1;
    struct wh_state kept;
    int there = 0;
    if (path && options->learning != WH_LEARN_FIRST)
        there = wh_state_resume(self->file, options->recipe, &kept, error);
    if (there < 0)
        return -1;
    int failed = take_up(self, there ? &kept : NULL, error);
    if (there) {
        self->resumed = kept.rows > 0;
        self->continues = wh_place_none(&kept.place) ? kept.rows : 0;
        wh_state_free(&kept);
    }
    return failed;
}

static int begin(struct wh_featurizer *self, struct wh_error *error)
{
    const struct wh_featurizing *options = self->options;
    if (options->keep &&
        wh_columns_parse(options->keep, strlen(options->keep), &self->keep, error))
        return -1;
    if (options->learning == WH_LEARN_FIRST)
        self->passes = 1;
    if (open_state(self, error))
        return -1;
    if (options->learning == WH_LEARN_FIRST && wh_steps_passes(self->steps) > 1)
        self->passes = wh_steps_passes(self->steps);
    return 0;
}

static struct wh_featurizer *new_featurizer(const struct wh_featurizing *featurizing)
{
    static const struct wh_stage_ops ops = {
        .row = stage_row, .finish = stage_finish, .columns = stage_columns, .begin = stage_begin,
        .settle = stage_settle, .checkpoint = stage_checkpoint, .committed = stage_committed,
        .published = stage_published, .summary = stage_summary, .recipe = stage_recipe,
        .stats = stage_stats, .divides = stage_divides, .session = stage_session,
        .merge = stage_merge, .close = stage_close,
    };
    struct wh_featurizer *self = wh_alloc(1, sizeof *self);
    wh_shape_cache_open(&self->plans, sizeof(struct plan), PLANS_LOG2);
    self->stage.ops = &ops;
    self->options = featurizing;
    return self;
}

struct wh_featurizer *wh_featurizer_open(const struct wh_featurizing *featurizing,
                                         struct wh_error *error)
{
    struct wh_featurizer *self = new_featurizer(featurizing);
    if (begin(self, error)) {
        wh_featurizer_close(self);
        return NULL;
    }
    return self;
}

void wh_featurizer_close(struct wh_featurizer *self)
{
    if (self)
        stage_close(&self->stage);
}

struct wh_stage *wh_featurizer_stage(struct wh_featurizer *self)
{
    return &self->stage;
}

int wh_featurizer_refuse_stream(struct wh_error *error)
{
    return wh_fail(error, WH_REFUSED, "the recipe's constants are learned from all rows before the "
                   "first comes out, which a stream with checkpoints cannot wait for: learn them "
                   "from a stream without (--state FILE --fit) and give --frozen, or give --state "
                   "FILE alone to learn row by row");
}

size_t wh_featurizer_passes(const struct wh_featurizer *self)
{
    return self->passes - self->pass;
}

int wh_featurizer_settle(struct wh_featurizer *self, struct wh_error *error)
{
    const char *state = self->options->state;
    if (self->left == 0 && state)
        return wh_fail(error, WH_FAILED, "%s: %s, so %s", state, self->rows == 0 ?
                       "no row came to learn from" : "the steps dropped every row",
                       access(state, F_OK) == 0 ? "it stays as it was" : "it was not made");
    wh_steps_settle(self->steps, self->pass++);
    if (self->pass < self->passes) {
        self->rows = self->left = 0; /* they come again */
        return 0;
    }
    return save(self, error) || fix_constants(self, error) ? -1 : 0;
}

uint64_t wh_featurizer_continues(const struct wh_featurizer *self)
{
    return self->continues;
}

