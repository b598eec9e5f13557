#include "pipe/chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct chain;

/* A stage, and what it emits to. */
struct link {
    struct wh_emit emit; /* first: what the stage emits to is the link */
    struct chain *chain;
    struct wh_stage *stage;
    struct link *next;   /* NULL: rows leave the chain */
};

struct chain {
    struct wh_stage base;
    struct wh_stage_ops ops; /* those that make sense for these stages */
    struct wh_emit *out;     /* where rows leave to, in the call at hand */
    struct link *links;
    size_t count;
    char *recipe;            /* NULL: no stage has any */
};

static struct chain *chain_of(struct wh_stage *stage)
{
    return (struct chain *)stage;
}

/* Rows from link to link. */

static enum wh_verdict pass_row(struct wh_emit *emit, struct wh_row *row, struct wh_error *error)
{
    const struct link *link = (const struct link *)(const void *)emit;
    struct link *next = link->next;
    if (!next)
        return wh_emit_row(link->chain->out, row, error);
    return next->stage->ops->row(next->stage, row, &next->emit, error);
}

static int pass_reject(struct wh_emit *emit, const struct wh_row *row,
                       const struct wh_error *reason, struct wh_error *error)
{
    struct wh_emit *out = ((const struct link *)(const void *)emit)->chain->out;
    return out->reject(out, row, reason, error);
}

/* From here on rows, rejects and files of checkpoints leave to `emit`. */
static void lead_to(struct chain *chain, struct wh_emit *emit)
{
    chain->out = emit;
    for (size_t i = 0; i < chain->count; i++)
        chain->links[i].emit.outlet = emit->outlet;
}

static enum wh_verdict chain_row(struct wh_stage *stage, struct wh_row *row, struct wh_emit *emit,
                                 struct wh_error *error)
{
    struct chain *chain = chain_of(stage);
    struct link *first = chain->links;
    if (chain->out != emit || first->emit.outlet != emit->outlet)
        lead_to(chain, emit);
    return first->stage->ops->row(first->stage, row, &first->emit, error);
}

static int chain_columns(struct wh_stage *stage, struct wh_row *row, struct wh_error *error)
{
    const struct chain *chain = chain_of(stage);
    for (size_t i = 0; i < chain->count; i++) {
        struct wh_stage *each = chain->links[i].stage;
        if (each->ops->columns(each, row, error) != 0)
            return -1;
    }
    return 0;
}

/* Ends and checkpoints. */

static int settle(struct link *link, struct wh_error *error)
{
    struct wh_stage *stage = link->stage;
    return stage->ops->settle ? stage->ops->settle(stage, &link->emit, error) : 0;
}

static int chain_settle(struct wh_stage *stage, struct wh_emit *emit, struct wh_error *error)
{
    struct chain *chain = chain_of(stage);
    lead_to(chain, emit);
    for (size_t i = 0; i < chain->count; i++)
        if (settle(&chain->links[i], error) != 0)
            return -1;
    return 0;
}

static int chain_finish(struct wh_stage *stage, struct wh_emit *emit, struct wh_error *error)
{
    struct chain *chain = chain_of(stage);
    lead_to(chain, emit);
    for (size_t i = 0; i < chain->count; i++) {
        struct link *link = &chain->links[i];
        const struct wh_stage_ops *ops = link->stage->ops;
        if ((i > 0 && settle(link, error) != 0)
            || (ops->finish && ops->finish(link->stage, &link->emit, error) != 0))
            return -1;
    }
    return 0;
}

static int chain_begin(struct wh_stage *stage, const struct wh_control *begin,
                       struct wh_error *error)
{
    const struct chain *chain = chain_of(stage);
    for (size_t i = 0; i < chain->count; i++) {
        struct wh_stage *each = chain->links[i].stage;
        if (each->ops->begin && each->ops->begin(each, begin, error) != 0)
            return -1;
    }
    return 0;
}

static int chain_checkpoint(struct wh_stage *stage, const struct wh_control *checkpoint,
                            struct wh_emit *emit, struct wh_error *error)
{
    struct chain *chain = chain_of(stage);
    lead_to(chain, emit);
    for (size_t i = 0; i < chain->count; i++) {
        struct link *link = &chain->links[i];
        const struct wh_stage_ops *ops = link->stage->ops;
        if (ops->checkpoint
            && ops->checkpoint(link->stage, checkpoint, &link->emit, error) != 0)
            return -1;
    }
    return 0;
}

static int chain_committed(struct wh_stage *stage, const struct wh_place *place,
                           struct wh_error *error)
{
    const struct chain *chain = chain_of(stage);
    for (size_t i = 0; i < chain->count; i++) {
        struct wh_stage *each = chain->links[i].stage;
        if (each->ops->committed && each->ops->committed(each, place, error) != 0)
            return -1;
    }
    return 0;
}

/* All of them hear of it; the first error is kept. */
static int chain_broken(struct wh_stage *stage, struct wh_error *error)
{
    const struct chain *chain = chain_of(stage);
    struct wh_error ignored;
    int result = 0;
    for (size_t i = 0; i < chain->count; i++) {
        struct wh_stage *each = chain->links[i].stage;
        if (each->ops->broken && each->ops->broken(each, result ? &ignored : error) != 0)
            result = -1;
    }
    return result;
}

static int chain_tick(struct wh_stage *stage, double now, struct wh_error *error)
{
    const struct chain *chain = chain_of(stage);
    for (size_t i = 0; i < chain->count; i++) {
        struct wh_stage *each = chain->links[i].stage;
        if (each->ops->tick && each->ops->tick(each, now, error) != 0)
            return -1;
    }
    return 0;
}

static int chain_published(struct wh_stage *stage, struct wh_error *error)
{
    const struct chain *chain = chain_of(stage);
    for (size_t i = 0; i < chain->count; i++) {
        struct wh_stage *each = chain->links[i].stage;
        if (each->ops->published && each->ops->published(each, error) != 0)
            return -1;
    }
    return 0;
}

/* What is told of the stages. */

/* Asked for anew each time, since it may change until the stream begins. */
static const char *chain_recipe(struct wh_stage *stage)
{
    struct chain *chain = chain_of(stage);
    struct wh_buffer joined = { 0 };
    for (size_t i = 0; i < chain->count; i++) {
        struct wh_stage *each = chain->links[i].stage;
        const char *recipe = each->ops->recipe ? each->ops->recipe(each) : NULL;
        if (recipe)
            wh_buffer_format(&joined, "%s%s", joined.length ? "+" : "", recipe);
    }
    free(chain->recipe);
    chain->recipe = joined.length ? wh_buffer_text(&joined) : NULL;
    if (!chain->recipe)
        wh_buffer_free(&joined);
    return chain->recipe;
}

static struct wh_lag chain_lag(struct wh_stage *stage, double now)
{
    const struct chain *chain = chain_of(stage);
    size_t i = chain->count - 1;
    while (!chain->links[i].stage->ops->lag)
        i--;
    return chain->links[i].stage->ops->lag(chain->links[i].stage, now);
}

static void chain_stats(struct wh_stage *stage, json_t *stats)
{
    const struct chain *chain = chain_of(stage);
    json_t *list = json_array();
    for (size_t i = 0; i < chain->count; i++) {
        struct wh_stage *each = chain->links[i].stage;
        json_t *members = json_object();
        if (each->ops->stats)
            each->ops->stats(each, members);
        json_array_append_new(list, members);
    }
    json_object_set_new(stats, "stages", list);
}

static void chain_progress(struct wh_stage *stage, char *line, size_t size)
{
    const struct chain *chain = chain_of(stage);
    size_t used = 0;
    for (size_t i = 0; i < chain->count; i++) {
        struct wh_stage *each = chain->links[i].stage;
        size_t start = used > 0 ? used + 2 : 0;
        if (!each->ops->progress || start + 1 >= size)
            continue;
        line[start] = '\0';
        each->ops->progress(each, line + start, size - start);
        if (line[start] == '\0')
            continue;
        if (used > 0)
            memcpy(line + used, ", ", 2);
        used = start + strlen(line + start);
    }
    line[used] = '\0';
}

static void chain_summary(struct wh_stage *stage, double seconds, struct wh_buffer *out)
{
    const struct chain *chain = chain_of(stage);
    for (size_t i = 0; i < chain->count; i++) {
        struct wh_stage *each = chain->links[i].stage;
        if (each->ops->summary)
            each->ops->summary(each, seconds, out);
    }
}

/* Opening and closing. */

static void chain_close(struct wh_stage *stage)
{
    struct chain *chain = chain_of(stage);
    for (size_t i = 0; i < chain->count; i++)
        chain->links[i].stage->ops->close(chain->links[i].stage);
    free(chain->links);
    free(chain->recipe);
    free(chain);
}

/* An op that is missing says something where that makes a difference: that no header can be known
 * of some stage, or that there is no commit to wait for. */
static void choose_ops(struct chain *chain)
{
    static const struct wh_stage_ops all = {
        .row = chain_row, .finish = chain_finish, .columns = chain_columns, .tick = chain_tick,
        .begin = chain_begin, .settle = chain_settle, .checkpoint = chain_checkpoint,
        .committed = chain_committed, .broken = chain_broken, .published = chain_published,
        .summary = chain_summary, .recipe = chain_recipe, .lag = chain_lag,
        .stats = chain_stats, .progress = chain_progress, .close = chain_close,
    };
    bool columns = true, lag = false;
    for (size_t i = 0; i < chain->count; i++) {
        columns &= chain->links[i].stage->ops->columns != NULL;
        lag |= chain->links[i].stage->ops->lag != NULL;
    }
    chain->ops = all;
    chain->ops.columns = columns ? chain_columns : NULL;
    chain->ops.lag = lag ? chain_lag : NULL;
    chain->base.ops = &chain->ops;
}

struct wh_stage *wh_chain_open(struct wh_stage *const *stages, size_t count)
{
    struct chain *chain = wh_alloc(1, sizeof *chain);
    chain->links = wh_alloc(count, sizeof *chain->links);
    chain->count = count;
    for (size_t i = 0; i < count; i++)
        chain->links[i] = (struct link){
            .emit = { .row = pass_row, .reject = pass_reject },
            .chain = chain,
            .stage = stages[i],
            .next = i + 1 < count ? &chain->links[i + 1] : NULL,
        };
    choose_ops(chain);
    return &chain->base;
}
