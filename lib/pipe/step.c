#include "pipe/step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "base/time.h"
#include "record/shape_cache.h"

enum {
    SLOTS_LOG2 = 6, /* bindings of a step that are remembered */
    /* Columns in all shapes that a list has bindings for. Beyond it they are made anew, so that
     * input whose columns change with every row cannot fill the memory; but a few shapes, however
     * wide, are always kept. */
    MAX_BOUND_COLUMNS = 1 << 17,
    KEPT_SHAPES = 4,
};

/* In a state, of a step that has met rows and has columns. */
enum { ALL_FOUND = 2, SOME_FOUND = 3 };

#define NO_LEVEL SIZE_MAX /* above all there are */

/* A binding and the shape it was made for. */
struct slot {
    uint64_t serial;
    struct wh_binding *binding;
    size_t columns;
};

struct entry {
    struct wh_step *step;
    size_t level;   /* the fitting pass that teaches or first applies this step */
    struct wh_binding *current; /* for the row that is in the list or has just left it */
    uint64_t rows_in, rows_dropped, rows_rejected;
    struct wh_shape_cache slots;
};

struct wh_steps {
    struct entry *entries;
    size_t count;
    size_t passes;        /* 0: nothing learns */
    size_t bindings;      /* in all slots */
    size_t bound_columns;
    size_t from, taught;  /* the steps that the last row came through: from one to before the
                             other */
    size_t takers;        /* steps that have something to take in */
    size_t levels;        /* while fitting: so many are run, from 0; else NO_LEVEL */
    bool timed;           /* a step needs the event time */
    struct wh_step_context context;
    struct wh_field *given; /* of a row that is being emitted, as it was given */
    size_t given_room;
};

/* One step. */

static const struct wh_step_type *find_type(const char *op,
                                            const struct wh_step_type *const *types)
{
    for (; *types; types++)
        if (strcmp((*types)->op, op) == 0)
            return *types;
    return NULL;
}

static int unknown_op(const char *op, const struct wh_step_type *const *types,
                      struct wh_error *error)
{
    size_t count = 0;
    while (types[count])
        count++;
    const char **names = wh_alloc(count, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = types[i]->op;
    char quoted[96];
    wh_fail(error, WH_REFUSED, "there is no step %s", wh_quote(quoted, op, strlen(op)));
    wh_suggest(error->text, sizeof error->text, op, names, count);
    free(names);
    return -1;
}

/* An option's "a:b" means the key b; the column of that name is spelled otherwise. */
static void suggest_colon(const json_t *object, const char *key, const json_t *value,
                          struct wh_error *error)
{
    const char *columns = json_string_value(json_object_get(object, "columns"));
    size_t used = strlen(error->text);
    if (columns && json_is_true(value))
        snprintf(error->text + used, sizeof error->text - used,
                 " (a column of the name %.99s:%.99s is written '%.99s\\:%.99s')", columns, key,
                 columns, key);
}

static int check_keys(const json_t *object, const struct wh_step_type *type,
                      struct wh_error *error)
{
    size_t count = 0;
    while (type->keys[count])
        count++;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value) {
        size_t i = 0;
        while (i < count && strcmp(type->keys[i], key) != 0)
            i++;
        if (i < count || strcmp(key, "op") == 0)
            continue;
        char quoted[96];
        wh_fail(error, WH_REFUSED, "there is no key %s", wh_quote(quoted, key, strlen(key)));
        wh_suggest(error->text, sizeof error->text, key, type->keys, count);
        suggest_colon(object, key, value, error);
        return -1;
    }
    return 0;
}

struct wh_step *wh_step_open(const json_t *object, const struct wh_step_type *const *types,
                             const char **op, struct wh_error *error)
{
    const char *name = json_string_value(json_object_get(object, "op"));
    *op = NULL;
    if (!name) {
        wh_fail(error, WH_REFUSED, "a step must be an object with \"op\", a string");
        return NULL;
    }
    const struct wh_step_type *type = find_type(name, types);
    if (!type) {
        unknown_op(name, types, error);
        return NULL;
    }
    *op = type->op;
    struct wh_step *step = NULL;
    if (check_keys(object, type, error) == 0)
        step = type->create(object, error);
    if (step)
        step->type = type;
    else
        error->status = WH_REFUSED;
    return step;
}

void wh_step_close(struct wh_step *step)
{
    if (step)
        step->ops->close(step);
}

/* An option's "a=b=5" means the column a; that of the name a=b is spelled otherwise. True where
 * there is such a column. */
static bool suggest_equals(const struct wh_step *step, const struct wh_columns *columns,
                           const struct wh_shape *shape, struct wh_error *error)
{
    size_t used = strlen(error->text), item = 0, length;
    const char *argument = step->type->argument;
    const char *absent = strstr(argument, "=") && *argument != '['
                             ? wh_columns_absent(columns, shape, &item, &length) : NULL;
    for (uint32_t i = 0; absent && i < shape->count; i++) {
        const struct wh_column *column = &shape->columns[i];
        if (column->length <= length || column->length > 99 || column->name[length] != '=' ||
            memcmp(column->name, absent, length) != 0)
            continue;
        snprintf(error->text + used, sizeof error->text - used,
                 " (the column %.*s is written '%.*s\\%.*s')", (int)column->length, column->name,
                 (int)length, column->name, (int)(column->length - length), column->name + length);
        return true;
    }
    return false;
}

int wh_step_resolve(const struct wh_step *step, struct wh_columns *columns,
                    const struct wh_shape *shape, uint32_t *indices, struct wh_error *error)
{
    int count = wh_columns_resolve(columns, shape, step->lenient, indices, error);
    if (count >= 0)
        return count;
    wh_refuse_in(error, "%s", step->type->op); /* it is no column of the row */
    if (!suggest_equals(step, columns, shape, error) && step->varying)
        wh_columns_suggest_later(columns, shape, error);
    return -1;
}

/* Levels: which fitting pass a step belongs to. */

static bool feeds(const struct wh_step *step, const struct wh_step *later)
{
    return step->ops->feeds ? step->ops->feeds(step, later) : true;
}

static void find_levels(struct wh_steps *steps)
{
    /* What a step that drops rows has to wait for, everything after it must wait for. */
    size_t floor = 0;
    for (size_t i = 0; i < steps->count; i++) {
        struct entry *entry = &steps->entries[i];
        entry->level = floor;
        for (size_t j = 0; j < i; j++) {
            const struct entry *before = &steps->entries[j];
            if (before->step->type->learns && before->level >= entry->level &&
                feeds(before->step, entry->step))
                entry->level = before->level + 1;
        }
        if (entry->step->type->drops || entry->step->type->holds)
            floor = entry->level;
        if (entry->step->type->learns && steps->passes < entry->level + 1)
            steps->passes = entry->level + 1;
    }
}

/* Bindings. */

static void unbind(struct wh_steps *steps, const struct entry *entry, struct slot *slot)
{
    struct wh_binding *binding = slot->binding;
    if (!binding)
        return;
    steps->bindings--;
    steps->bound_columns -= slot->columns;
    wh_shape_close(binding->shape);
    if (entry->step->ops->unbind)
        entry->step->ops->unbind(binding);
    else
        free(binding);
    *slot = (struct slot){ 0 };
}

static void unbind_all(struct wh_steps *steps)
{
    for (size_t i = 0; i < steps->count; i++) {
        const struct entry *entry = &steps->entries[i];
        for (struct slot *slot = NULL; (slot = wh_shape_cache_next(&entry->slots, slot));)
            unbind(steps, entry, slot);
    }
}

static struct wh_binding *bind(struct wh_steps *steps, struct entry *entry, struct slot *slot,
                               const struct wh_row *row, struct wh_error *error)
{
    struct wh_step *step = entry->step;
    step->varying = row->raw_format == WH_FORMAT_NDJSON;
    step->lenient = step->met && step->varying;
    struct wh_binding *binding = step->ops->bind(step, row->shape, error);
    if (!binding)
        return NULL;
    step->met = true;
    unbind(steps, entry, slot);
    bool found = step->varying || !step->columns ||
                 wh_columns_check(step->columns, false, row->shape, error) == 0;
    *slot = (struct slot){ row->shape->serial, binding, row->shape->count };
    steps->bindings++;
    steps->bound_columns += row->shape->count;
    if (found)
        return binding;
    unbind(steps, entry, slot);
    wh_error_in(error, "%s", step->type->op);
    return NULL;
}

static inline struct wh_binding *binding_for(struct wh_steps *steps, struct entry *entry,
                                             const struct wh_row *row,
                                             struct wh_error *error)
{
    struct slot *slot = wh_shape_cache_at(&entry->slots, row->shape->serial);
    if (slot->serial == row->shape->serial)
        return slot->binding;
    return bind(steps, entry, slot, row, error);
}

/* The list. */

static void add_step(struct wh_steps *steps, struct wh_step *step)
{
    step->context = &steps->context;
    step->list = steps;
    step->place = steps->count;
    steps->takers += step->type->learns || step->type->live;
    steps->timed |= step->type->timed;
    struct entry *entry = &steps->entries[steps->count++];
    entry->step = step;
    wh_shape_cache_open(&entry->slots, sizeof(struct slot), SLOTS_LOG2);
}

/* What is held back or doubled in the middle of the list must have no features yet. */
static int check_order(const struct wh_steps *steps, struct wh_error *error)
{
    const struct wh_step_type *encoder = NULL;
    for (size_t i = 0; i < steps->count; i++) {
        const struct wh_step_type *type = steps->entries[i].step->type;
        if (type->encodes && !encoder)
            encoder = type;
        if (type->holds && encoder)
            return wh_fail(error, WH_REFUSED, "%s holds rows back or makes several of one, so it "
                           "must come before %s and all other steps that make features", type->op,
                           encoder->op);
    }
    return 0;
}

struct wh_steps *wh_steps_open(const json_t *recipe, const struct wh_step_type *const *types,
                               struct wh_error *error)
{
    struct wh_steps *steps = wh_alloc(1, sizeof *steps);
    steps->entries = wh_alloc(json_array_size(recipe), sizeof *steps->entries);
    steps->levels = NO_LEVEL;
    steps->context.now = wh_time_now();
    for (size_t i = 0; i < json_array_size(recipe); i++) {
        const char *op;
        struct wh_step *step = wh_step_open(json_array_get(recipe, i), types, &op, error);
        if (!step) {
            if (op)
                wh_error_in(error, "%s", op);
            wh_steps_close(steps);
            return NULL;
        }
        add_step(steps, step);
    }
    if (check_order(steps, error) != 0) {
        wh_steps_close(steps);
        return NULL;
    }
    find_levels(steps);
    return steps;
}

struct wh_step_context *wh_steps_context(struct wh_steps *steps)
{
    return &steps->context;
}

void wh_steps_declare(struct wh_steps *steps, const struct wh_nulls *nulls)
{
    for (size_t i = 0; i < steps->count; i++)
        steps->entries[i].step->nulls = nulls->count ? nulls : NULL;
}

void wh_steps_close(struct wh_steps *steps)
{
    if (!steps)
        return;
    unbind_all(steps);
    for (size_t i = 0; i < steps->count; i++) {
        wh_shape_cache_close(&steps->entries[i].slots);
        wh_step_close(steps->entries[i].step);
    }
    free(steps->entries);
    free(steps->given);
    free(steps);
}

static enum wh_verdict apply(struct wh_steps *steps, struct entry *entry, struct wh_row *row,
                             struct wh_error *error)
{
    struct wh_binding *binding = binding_for(steps, entry, row, error);
    entry->current = binding;
    if (!binding)
        return error->status == WH_FAILED ? WH_BAD : WH_FATAL;
    enum wh_verdict verdict = entry->step->ops->row(entry->step, binding, row, error);
    if (verdict == WH_PASSED && binding->shape)
        row->shape = binding->shape;
    return verdict;
}

/* Teaches the steps by the row that has just been through those of them that are on the level
 * `highest` and below: what is live, and constants from the level `lowest` on. */
static void teach(struct wh_steps *steps, size_t lowest, size_t highest)
{
    if (steps->takers == 0)
        return;
    for (size_t i = steps->from; i < steps->taught; i++) {
        struct entry *entry = &steps->entries[i];
        const struct wh_step_type *type = entry->step->type;
        bool due = type->live || (type->learns && entry->level >= lowest);
        if (due && entry->level <= highest)
            entry->step->ops->learn(entry->step, entry->current);
    }
}

/* Only between rows: a row in the middle of the list may carry the shape of a binding. */
static void bound_memory(struct wh_steps *steps)
{
    if (steps->bound_columns > MAX_BOUND_COLUMNS && steps->bindings > KEPT_SHAPES * steps->count)
        unbind_all(steps);
}

/* Reads the event time of a row that comes to the list. */
static enum wh_verdict read_time(struct wh_steps *steps, struct wh_row *row, struct wh_error *error)
{
    struct wh_step_context *context = &steps->context;
    enum wh_verdict verdict = wh_event_time_read(context->clock, row, &context->time, error);
    return verdict == WH_TAKEN ? WH_PASSED : verdict;
}

/* Runs the steps from one on, and counts. */
static inline enum wh_verdict run_from(struct wh_steps *steps, size_t from, struct wh_row *row,
                                       struct wh_error *error)
{
    enum wh_verdict verdict = WH_PASSED;
    size_t i = from;
    for (; i < steps->count; i++) {
        struct entry *entry = &steps->entries[i];
        entry->rows_in++;
        verdict = apply(steps, entry, row, error);
        if (verdict == WH_PASSED)
            continue;
        entry->rows_dropped += verdict == WH_DROPPED;
        entry->rows_rejected += verdict == WH_BAD;
        break;
    }
    steps->from = from;
    steps->taught = verdict == WH_BAD || verdict == WH_FATAL ? from : i;
    return verdict;
}

enum wh_verdict wh_steps_row(struct wh_steps *steps, struct wh_row *row, struct wh_error *error)
{
    bound_memory(steps);
    if (__builtin_expect(steps->timed, 0)) {
        enum wh_verdict verdict = read_time(steps, row, error);
        if (verdict != WH_PASSED) {
            steps->taught = steps->from;
            return verdict;
        }
    }
    return run_from(steps, 0, row, error);
}

void wh_steps_teach(struct wh_steps *steps)
{
    teach(steps, 0, NO_LEVEL);
}

void wh_steps_remember(struct wh_steps *steps)
{
    teach(steps, NO_LEVEL, NO_LEVEL);
}

size_t wh_steps_passes(const struct wh_steps *steps)
{
    return steps->passes;
}

/* The same in a fitting pass, uncounted: those of its level and below, which are then taught. */
static enum wh_verdict fit_from(struct wh_steps *steps, size_t from, struct wh_row *row,
                                struct wh_error *error)
{
    enum wh_verdict result = WH_PASSED;
    size_t i = from, level = steps->levels - 1;
    for (; i < steps->count; i++) {
        if (steps->entries[i].level <= level)
            result = apply(steps, &steps->entries[i], row, error);
        if (result != WH_PASSED)
            break;
    }
    bool bad = result == WH_BAD || result == WH_FATAL;
    steps->from = from;
    steps->taught = bad ? from : i;
    teach(steps, level, level);
    return result;
}

enum wh_verdict wh_steps_fit(struct wh_steps *steps, size_t pass, struct wh_row *row,
                             struct wh_error *error)
{
    bound_memory(steps);
    steps->levels = pass + 1;
    if (steps->timed) {
        enum wh_verdict timed = read_time(steps, row, error);
        if (timed != WH_PASSED)
            return timed;
    }
    return fit_from(steps, 0, row, error);
}

/* Rows that steps emit. */

/* Whether a row that is about to go on must be remembered as it is, for the rejects: its fields
 * and shape. The texts stay. */
static struct wh_row keep_given(struct wh_steps *steps, const struct wh_row *row)
{
    struct wh_row given = *row;
    uint32_t count = row->shape->count;
    if (row->raw)
        return given;
    if (steps->given_room < count) {
        steps->given_room = count;
        steps->given = wh_resize(steps->given, count, sizeof *steps->given);
    }
    memcpy(steps->given, row->fields, count * sizeof *row->fields);
    given.fields = steps->given;
    return given;
}

/* The rest of the list, and out. */
static enum wh_verdict pass_on(struct wh_steps *steps, size_t from, struct wh_row *row,
                               struct wh_error *error)
{
    const struct wh_step_context *context = &steps->context;
    enum wh_verdict verdict = steps->levels == NO_LEVEL ? run_from(steps, from, row, error)
                                                  : fit_from(steps, from, row, error);
    if (verdict == WH_PASSED && context->row)
        verdict = context->row(context->owner, row, error);
    if (verdict != WH_BAD && verdict != WH_FATAL && context->taught)
        context->taught(context->owner);
    return verdict;
}

int wh_step_emit(struct wh_step *step, struct wh_row *row, int64_t time, struct wh_error *error)
{
    struct wh_steps *steps = step->list;
    struct wh_step_context *context = &steps->context;
    int64_t time_at_hand = context->time;
    struct wh_error reason;
    struct wh_row given = keep_given(steps, row);
    context->time = time;
    if (context->begin)
        context->begin(context->owner);
    enum wh_verdict verdict = pass_on(steps, step->place + 1, row, &reason);
    context->time = time_at_hand;
    if (context->begin)
        context->begin(context->owner);
    if (verdict == WH_BAD && context->reject)
        return context->reject(context->owner, &given, &reason, error);
    if (verdict != WH_BAD && verdict != WH_FATAL)
        return 0;
    *error = reason;
    return -1;
}

/* Of what steps hold back: all, or what they hold for their own ease. */
static int let_go(struct wh_steps *steps, bool all, struct wh_error *error)
{
    for (size_t i = 0; i < steps->count; i++) {
        struct wh_step *step = steps->entries[i].step;
        int (*emit)(struct wh_step *, struct wh_error *) = all ? step->ops->finish
                                                               : step->ops->flush;
        bool runs = steps->levels == NO_LEVEL || steps->entries[i].level < steps->levels;
        if (emit && runs && emit(step, error) != 0)
            return -1;
    }
    return 0;
}

int wh_steps_flush(struct wh_steps *steps, struct wh_error *error)
{
    return let_go(steps, false, error);
}

void wh_steps_settle(struct wh_steps *steps, size_t pass)
{
    steps->levels = NO_LEVEL;
    for (size_t i = 0; i < steps->count; i++) {
        struct wh_step *step = steps->entries[i].step;
        if (step->type->learns && steps->entries[i].level == pass && step->ops->settle)
            step->ops->settle(step);
        if (step->ops->rewind)
            step->ops->rewind(step);
    }
}

int wh_steps_columns(struct wh_steps *steps, struct wh_row *row, struct wh_error *error)
{
    bound_memory(steps);
    for (size_t i = 0; i < steps->count; i++) {
        struct entry *entry = &steps->entries[i];
        struct wh_binding *binding = binding_for(steps, entry, row, error);
        if (!binding)
            return -1;
        if (entry->step->ops->columns)
            entry->step->ops->columns(entry->step, binding);
        if (binding->shape)
            row->shape = binding->shape;
    }
    return 0;
}

int wh_steps_finish(struct wh_steps *steps, struct wh_error *error)
{
    if (let_go(steps, true, error) != 0)
        return -1;
    for (size_t i = 0; i < steps->count; i++) {
        const struct wh_step *step = steps->entries[i].step;
        if (!step->met || !step->columns ||
            !wh_columns_check(step->columns, !step->names_optional, NULL, error))
            continue;
        return wh_error_in(error, "%s", step->type->op);
    }
    return 0;
}

bool wh_steps_learn(const struct wh_steps *steps)
{
    return steps->passes > 0;
}

const char *wh_steps_live(const struct wh_steps *steps)
{
    for (size_t i = 0; i < steps->count; i++)
        if (steps->entries[i].step->type->live)
            return steps->entries[i].step->type->op;
    return NULL;
}

const char *wh_steps_timed(const struct wh_steps *steps)
{
    for (size_t i = 0; i < steps->count; i++)
        if (steps->entries[i].step->type->timed)
            return steps->entries[i].step->type->op;
    return NULL;
}

json_t *wh_steps_stats(const struct wh_steps *steps)
{
    json_t *list = json_array();
    for (size_t i = 0; i < steps->count; i++) {
        const struct entry *entry = &steps->entries[i];
        json_t *counts = json_pack("{s:s, s:I, s:I, s:I}", "op", entry->step->type->op,
                                   "rows_in", (json_int_t)entry->rows_in,
                                   "rows_dropped", (json_int_t)entry->rows_dropped,
                                   "rows_rejected", (json_int_t)entry->rows_rejected);
        if (entry->step->ops->unknown)
            json_object_set_new(counts, "values_not_learned",
                                entry->step->ops->unknown(entry->step));
        json_array_append_new(list, counts);
    }
    return list;
}

void wh_steps_tell(const struct wh_steps *steps, struct wh_buffer *out)
{
    for (size_t i = 0; i < steps->count; i++)
        if (steps->entries[i].step->ops->tell)
            steps->entries[i].step->ops->tell(steps->entries[i].step, out);
}

/* State. */

static bool is_part(const struct wh_step *step, unsigned parts)
{
    unsigned part = step->type->learns ? WH_STEPS_CONSTANTS
                    : step->type->live ? WH_STEPS_LIVE
                                       : WH_STEPS_MET;
    return parts & part;
}

void wh_steps_save(const struct wh_steps *steps, unsigned parts, struct wh_buffer *text)
{
    wh_buffer_byte(text, '[');
    for (size_t i = 0; i < steps->count; i++) {
        const struct wh_step *step = steps->entries[i].step;
        if (i > 0)
            wh_buffer_byte(text, ',');
        if (step->ops->save && is_part(step, parts))
            step->ops->save(step, text);
        else
            wh_buffer_literal(text, "null");
    }
    wh_buffer_byte(text, ']');
}

/* What is kept of a step's rows, as struct wh_steps_state describes it. */
static uint64_t met_level(const struct wh_step *step)
{
    struct wh_error ignored;
    if (!step->met || !step->columns)
        return step->met;
    bool all = wh_columns_check(step->columns, !step->names_optional, NULL, &ignored) == 0;
    return all ? ALL_FOUND : SOME_FOUND + wh_columns_found(step->columns);
}

void wh_steps_save_met(const struct wh_steps *steps, struct wh_buffer *text)
{
    for (size_t i = 0; i < steps->count; i++) {
        wh_buffer_byte(text, i > 0 ? ',' : '[');
        wh_buffer_format(text, "%llu", (unsigned long long)met_level(steps->entries[i].step));
    }
    if (steps->count == 0)
        wh_buffer_byte(text, '[');
    wh_buffer_byte(text, ']');
}

struct wh_tape *wh_steps_tape(const struct wh_steps *steps, unsigned parts, size_t step)
{
    struct wh_step *at = steps->entries[step].step;
    return at->ops->tape && is_part(at, parts) ? at->ops->tape(at) : NULL;
}

size_t wh_steps_count(const struct wh_steps *steps)
{
    return steps->count;
}

static int load_step(struct wh_step *step, const struct wh_steps_state *state, size_t at,
                     struct wh_error *error)
{
    const json_t *saved = json_array_get(state->steps, at);
    struct wh_slice tape = { "", 0 };
    if (state->tapes)
        tape = state->tapes[at];
    if (!step->ops->load)
        return 0;
    /* Of a version in which the step saved nothing yet, or of other parts only. */
    if (json_is_null(saved) && tape.length == 0) {
        if (!step->type->learns)
            return 0;
        wh_fail(error, WH_REFUSED, "the state has no constants (it is one of --live)");
    } else if (step->ops->load(step, saved, tape, error) == 0) {
        return 0;
    }
    return wh_refuse_in(error, "%s", step->type->op);
}

/* `found_only`: what the steps have found in the rows that taught them, not that rows were met. */
static int load_met(struct wh_steps *steps, const json_t *met, bool found_only,
                    struct wh_error *error)
{
    if (json_array_size(met) != steps->count)
        return wh_fail(error, WH_REFUSED, "\"met\" does not have an entry for each step");
    for (size_t i = 0; i < steps->count; i++) {
        json_int_t level = json_integer_value(json_array_get(met, i));
        struct wh_step *step = steps->entries[i].step;
        step->met = level > 0 && !found_only;
        if (step->columns && level > 0)
            wh_columns_set_found(step->columns, level < SOME_FOUND
                                                    ? UINT64_MAX : (uint64_t)level - SOME_FOUND);
    }
    return 0;
}

int wh_steps_load(struct wh_steps *steps, const struct wh_steps_state *state, unsigned parts,
                  struct wh_error *error)
{
    if (json_array_size(state->steps) != steps->count)
        return wh_fail(error, WH_REFUSED, "the state has %zu steps and the recipe %zu",
                       json_array_size(state->steps), steps->count);
    for (size_t i = 0; i < steps->count; i++) {
        struct wh_step *step = steps->entries[i].step;
        if (is_part(step, parts) && load_step(step, state, i, error))
            return -1;
    }
    if (state->met && parts & (WH_STEPS_CONSTANTS | WH_STEPS_MET))
        return load_met(steps, state->met, !(parts & WH_STEPS_MET), error);
    if (parts & WH_STEPS_MET)
        wh_steps_resume(steps);
    return 0;
}

void wh_steps_resume(struct wh_steps *steps)
{
    for (size_t i = 0; i < steps->count; i++) {
        steps->entries[i].step->met = true;
        if (steps->entries[i].step->columns)
            wh_columns_set_found(steps->entries[i].step->columns, UINT64_MAX);
    }
}

/* Sessions. */

int wh_steps_divide(const struct wh_steps *steps, struct wh_error *error)
{
    bool met = true;
    for (size_t i = 0; i < steps->count; i++) {
        const struct wh_step *step = steps->entries[i].step;
        const char *why = step->type->live ? "remembers the rows before each row"
                        : step->type->holds ? "holds rows back" : NULL;
        met = met && step->met;
        if (why)
            return wh_fail(error, WH_REFUSED, "--%s %s, so that all must go through one thread "
                           "(leave the threads out, or give that step a wh-clean of its own)",
                           step->type->op, why);
    }
    return met;
}

void wh_steps_follow(struct wh_steps *session, const struct wh_steps *steps)
{
    session->context.now = steps->context.now;
    for (size_t i = 0; i < steps->count; i++) {
        struct wh_step *step = session->entries[i].step;
        step->met = true;
        if (step->columns)
            wh_columns_set_found(step->columns,
                                 wh_columns_found(steps->entries[i].step->columns));
    }
}

void wh_steps_merge(struct wh_steps *steps, struct wh_steps *session)
{
    for (size_t i = 0; i < steps->count; i++) {
        struct entry *entry = &steps->entries[i], *other = &session->entries[i];
        struct wh_columns *columns = entry->step->columns;
        entry->rows_in += other->rows_in;
        entry->rows_dropped += other->rows_dropped;
        entry->rows_rejected += other->rows_rejected;
        other->rows_in = other->rows_dropped = other->rows_rejected = 0;
        if (columns)
            wh_columns_set_found(columns, wh_columns_found(columns)
                                              | wh_columns_found(other->step->columns));
        if (entry->step->ops->merge)
            entry->step->ops->merge(entry->step, other->step);
    }
}
