#include "clean/stage.h"

#include <stdlib.h>

#include "pipe/state.h"

struct clean_stage {
    struct wh_stage base;
    const struct wh_cleaning *options;
    struct wh_steps *steps;
    struct wh_event_time clock;
    struct wh_emit *emit;       /* where rows go that steps have held back */
    struct wh_state_file *file; /* NULL: nothing is kept */
    uint64_t rows;              /* that the steps have taken, in earlier runs too */
    bool continues;             /* what an earlier run left that was no stream */
    char recipe[13];
};

/* Rows that steps emit when it is not their turn. */

static enum wh_verdict emit_held(void *owner, struct wh_row *row, struct wh_error *error)
{
    return wh_emit_row(((struct clean_stage *)owner)->emit, row, error);
}

static void remember_held(void *owner)
{
    wh_steps_remember(((struct clean_stage *)owner)->steps);
}

static int reject_held(void *owner, const struct wh_row *row, const struct wh_error *reason,
                       struct wh_error *error)
{
    struct wh_emit *emit = ((struct clean_stage *)owner)->emit;
    return emit->reject(emit, row, reason, error);
}

/* State. */

static int fill_context(struct clean_stage *self, struct wh_error *error)
{
    struct wh_step_context *context = wh_steps_context(self->steps);
    const char *timed = wh_steps_timed(self->steps);
    if (timed && !self->options->time)
        return wh_fail(error, WH_REFUSED, "--%s requires --time COL", timed);
    self->clock = (struct wh_event_time){ .column = self->options->time };
    context->clock = &self->clock;
    context->owner = self;
    context->row = emit_held;
    context->taught = remember_held;
    context->reject = reject_held;
    return 0;
}

/* New steps with this state; NULL: none. */
static int prepare(struct clean_stage *self, const struct wh_state *state, struct wh_error *error)
{
    const struct wh_recipe *recipe = self->options->recipe;
    wh_steps_close(self->steps);
    self->steps = wh_steps_open(recipe->steps, recipe->types, error);
    if (!self->steps || fill_context(self, error) != 0)
        return -1;
    wh_steps_declare(self->steps, &self->options->nulls);
    self->rows = state ? state->rows : 0;
    return state ? wh_state_load(state, self->steps, WH_STEPS_ALL, error) : 0;
}

static int open_state(struct clean_stage *self, struct wh_error *error)
{
    struct wh_state state;
    if (!self->options->state)
        return prepare(self, NULL, error);
    self->file = wh_state_open(self->options->state, error);
    if (!self->file)
        return -1;
    int there = wh_state_resume(self->file, self->options->recipe, &state, error);
    if (there < 0)
        return -1;
    int failed = prepare(self, there ? &state : NULL, error);
    if (there) {
        self->continues = wh_place_none(&state.place);
        wh_state_free(&state);
    }
    return failed;
}

static struct wh_state_content saving_of(const struct clean_stage *self)
{
    return (struct wh_state_content){ .recipe = self->options->recipe, .steps = self->steps,
                               .parts = WH_STEPS_ALL, .rows = self->rows };
}

static int clean_published(struct wh_stage *stage, struct wh_error *error)
{
    struct clean_stage *self = (struct clean_stage *)stage;
    struct wh_state_content saving = saving_of(self);
    return self->file ? wh_state_finish(self->file, &saving, error) : 0;
}

uint64_t wh_clean_rows(const struct wh_stage *stage)
{
    const struct clean_stage *self = (const struct clean_stage *)stage;
    return self->continues ? self->rows : 0;
}

/* Rows. */

static enum wh_verdict clean_row(struct wh_stage *stage, struct wh_row *row, struct wh_emit *emit,
                                 struct wh_error *error)
{
    struct clean_stage *self = (struct clean_stage *)stage;
    self->emit = emit;
    enum wh_verdict verdict = wh_steps_row(self->steps, row, error);
    if (verdict == WH_PASSED)
        verdict = wh_emit_row(emit, row, error);
    if (verdict != WH_TAKEN && verdict != WH_DROPPED)
        return verdict;
    wh_steps_remember(self->steps);
    self->rows++;
    return WH_TAKEN;
}

static int clean_columns(struct wh_stage *stage, struct wh_row *row, struct wh_error *error)
{
    return wh_steps_columns(((struct clean_stage *)stage)->steps, row, error);
}

static int clean_finish(struct wh_stage *stage, struct wh_emit *emit, struct wh_error *error)
{
    struct clean_stage *self = (struct clean_stage *)stage;
    self->emit = emit;
    return wh_steps_finish(self->steps, error);
}

static int clean_settle(struct wh_stage *stage, struct wh_emit *emit, struct wh_error *error)
{
    struct clean_stage *self = (struct clean_stage *)stage;
    self->emit = emit;
    return wh_steps_flush(self->steps, error);
}

/* Control records. Without STATE nothing is live, and there is nothing to keep. */

static int clean_begin(struct wh_stage *stage, const struct wh_control *begin,
                       struct wh_error *error)
{
    struct clean_stage *self = (struct clean_stage *)stage;
    const char *live = wh_steps_live(self->steps);
    struct wh_state state;
    if (begin->marked)
        return 0;
    if (!self->file && live)
        return wh_fail(error, WH_REFUSED, "--%s remembers rows, and a stream with checkpoints "
                       "cannot be resumed without that: give --state FILE", live);
    if (!self->file) {
        if (!wh_place_none(&begin->from))
            wh_steps_resume(self->steps);
        return 0;
    }
    int another = wh_state_begin(self->file, begin, self->options->recipe, &state, error);
    if (another <= 0)
        return another;
    int failed = prepare(self, &state, error);
    wh_state_free(&state);
    return failed;
}

static int clean_checkpoint(struct wh_stage *stage, const struct wh_control *checkpoint,
                            struct wh_emit *emit, struct wh_error *error)
{
    struct clean_stage *self = (struct clean_stage *)stage;
    struct wh_state_content saving = saving_of(self);
    if (!self->file)
        return 0;
    return wh_state_checkpoint(self->file, checkpoint, &saving, emit->outlet, error);
}

static int clean_committed(struct wh_stage *stage, const struct wh_place *place,
                           struct wh_error *error)
{
    const struct clean_stage *self = (const struct clean_stage *)stage;
    return self->file ? wh_state_committed(self->file, place, error) : 0;
}

static const char *clean_recipe(struct wh_stage *stage)
{
    return ((const struct clean_stage *)stage)->recipe;
}

/* The stage. */

static void clean_stats(struct wh_stage *stage, json_t *stats)
{
    json_object_set_new(stats, "steps", wh_steps_stats(((struct clean_stage *)stage)->steps));
}

static void clean_close(struct wh_stage *stage)
{
    struct clean_stage *self = (struct clean_stage *)stage;
    wh_steps_close(self->steps);
    wh_state_close(self->file);
    free(self);
}

/* Sessions: what steps remember, they would each remember a part of. */

static int clean_divides(const struct wh_stage *stage, struct wh_error *error)
{
    const struct clean_stage *self = (const struct clean_stage *)stage;
    int divides = wh_steps_divide(self->steps, error);
    if (divides < 0 || !self->options->state)
        return divides;
    return wh_fail(error, WH_REFUSED, "--state FILE is of all rows in their order, so that all must "
                                      "go through one thread (leave one of the two out)");
}

static const struct wh_stage_ops clean_ops;

static struct wh_stage *clean_session(struct wh_stage *stage, struct wh_error *error)
{
    const struct clean_stage *self = (const struct clean_stage *)stage;
    struct clean_stage *session = wh_alloc(1, sizeof *session);
    *session = (struct clean_stage){ .base = { &clean_ops }, .options = self->options };
    if (prepare(session, NULL, error) == 0) {
        wh_steps_follow(session->steps, self->steps);
        return &session->base;
    }
    clean_close(&session->base);
    return NULL;
}

static void clean_merge(struct wh_stage *stage, struct wh_stage *session)
{
    struct clean_stage *self = (struct clean_stage *)stage;
    struct clean_stage *other = (struct clean_stage *)session;
    wh_steps_merge(self->steps, other->steps);
    self->rows += other->rows;
    other->rows = 0;
}

static const struct wh_stage_ops clean_ops = {
    .row = clean_row, .finish = clean_finish, .columns = clean_columns, .begin = clean_begin,
    .settle = clean_settle, .checkpoint = clean_checkpoint, .committed = clean_committed,
    .published = clean_published, .recipe = clean_recipe, .stats = clean_stats,
    .divides = clean_divides, .session = clean_session, .merge = clean_merge,
    .close = clean_close,
};

struct wh_stage *wh_clean_open(const struct wh_cleaning *cleaning, struct wh_error *error)
{
    struct clean_stage *self = wh_alloc(1, sizeof *self);
    *self = (struct clean_stage){ .base = { &clean_ops }, .options = cleaning };
    wh_recipe_hash(cleaning->recipe, self->recipe);
    if (open_state(self, error) == 0)
        return &self->base;
    clean_close(&self->base);
    return NULL;
}
