#include "clean/stage.h"

#include <stdlib.h>

struct clean_stage {
    struct wh_stage base;
    struct wh_steps *steps;
    struct wh_nulls nulls;
};

static enum wh_verdict clean_row(struct wh_stage *stage, struct wh_row *row, struct wh_emit *emit,
                                 struct wh_error *error)
{
    struct clean_stage *self = (struct clean_stage *)stage;
    enum wh_verdict verdict = WH_TAKEN;
    wh_nulls_row(&self->nulls, row);
    switch (wh_steps_row(self->steps, row, NULL, error)) {
    case WH_PASS_KEEP: verdict = wh_emit_row(emit, row, error); break;
    case WH_PASS_DROP: break;
    case WH_PASS_BAD: return WH_BAD;
    case WH_PASS_ERROR: return WH_FATAL;
    }
    if (verdict == WH_TAKEN)
        wh_steps_remember(self->steps);
    return verdict;
}

static int clean_columns(struct wh_stage *stage, struct wh_row *row, struct wh_error *error)
{
    return wh_steps_columns(((struct clean_stage *)stage)->steps, row, NULL, error);
}

static int clean_finish(struct wh_stage *stage, struct wh_emit *emit, struct wh_error *error)
{
    (void)emit;
    return wh_steps_finish(((struct clean_stage *)stage)->steps, error);
}

static void clean_stats(struct wh_stage *stage, json_t *stats)
{
    json_object_set_new(stats, "steps", wh_steps_stats(((struct clean_stage *)stage)->steps));
}

static void clean_close(struct wh_stage *stage)
{
    wh_steps_free(((struct clean_stage *)stage)->steps);
    free(stage);
}

struct wh_stage *wh_clean_stage(struct wh_steps *steps, struct wh_nulls nulls)
{
    static const struct wh_stage_ops ops = {
        .row = clean_row, .columns = clean_columns, .finish = clean_finish, .stats = clean_stats,
        .close = clean_close,
    };
    struct clean_stage *self = wh_alloc(1, sizeof *self);
    *self = (struct clean_stage){ .base = { &ops }, .steps = steps, .nulls = nulls };
    return &self->base;
}
