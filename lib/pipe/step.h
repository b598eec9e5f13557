/*
 * Steps: what wh-clean and wh-featurize do to a row, one after the other, in the order given.
 *
 * A step type is one line in a table (lib/clean/table.c, lib/feature/table.c): its name in
 * recipes and as an option, how an option's text becomes the recipe's JSON, and how that JSON
 * becomes a step. A step learns where its columns are once per shape (bind) and then works on
 * rows by index.
 */
#ifndef WH_PIPE_STEP_H
#define WH_PIPE_STEP_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/tape.h"
#include "pipe/eventtime.h"
#include "record/nulls.h"
#include "record/row.h"
#include "record/verdict.h"

struct wh_step;

/*
 * What a step knows about one shape. A step embeds this at the start of a struct of its own, made
 * by bind() with wh_alloc; it is freed by unbind(), or with free() where that is NULL.
 */
struct wh_binding {
    struct wh_shape *shape; /* the rows' shape after this step, owned by the binding (freed by the
                               list); NULL: unchanged, or set by row() itself */
};

/* What all steps of a list have at hand: step->context, where the list keeps it. */
struct wh_step_context {
    /* Where encoders put what they make of a row (feature/features.h); NULL in wh-clean. */
    void *features;
    /* The event time of the row at hand in milliseconds since 1970-01-01, where a step of the list
     * asks for it (wh_step_type.timed), read by `clock` from the row as it came to the list. */
    int64_t time;
    struct wh_event_time *clock; /* NULL: there is none, and no such step */
    int64_t now;                 /* the same for all rows: when the list was made */
    const char *zone;            /* of texts that name no time zone; NULL: UTC */

    /* Set by whoever runs the list, if it has steps that hold rows back or emit several; NULL where
     * there is nothing to do. */
    void *owner;
    /* Another row begins to go through the list, in the middle of the one at hand or after the
     * last: of the latter nothing is put in `features` yet, and it begins anew after that. */
    void (*begin)(void *owner);
    /* A row leaves the list that is not the one at hand. */
    enum wh_verdict (*row)(void *owner, struct wh_row *row, struct wh_error *error);
    /* It was kept or dropped, and emitted without being found bad: it may teach. */
    void (*taught)(void *owner);
    /* It was found bad: as struct wh_emit's. */
    int (*reject)(void *owner, const struct wh_row *row, const struct wh_error *reason,
                  struct wh_error *error);
};

struct wh_step_ops {
    /* NULL with `error`: the shape lacks a column that was named (a bad row), or worse. */
    struct wh_binding *(*bind)(struct wh_step *step, const struct wh_shape *shape,
                               struct wh_error *error);
    void (*unbind)(struct wh_binding *binding);
    /* Works on the row. WH_PASSED: it goes on to the next step. WH_DROPPED: it is left out, and the
     * list counts it. WH_TAKEN: the step has taken it over: it holds it back (record/held.h), or
     * has emitted others in its place. WH_BAD, WH_FATAL. The list sets row->shape to binding->shape
     * (where not NULL) after WH_PASSED; a step whose shape differs from the input's has set
     * row->fields to match it. Rows that wh_step_emit is given here come out before this one. */
    enum wh_verdict (*row)(struct wh_step *step, struct wh_binding *binding, struct wh_row *row,
                           struct wh_error *error);
    /* What row() puts into the context about the columns, where no row comes to tell it. NULL:
     * nothing. */
    void (*columns)(struct wh_step *step, struct wh_binding *binding);
    /*
     * Steps that hold rows back (wh_step_type.holds), NULL for those that only emit several. Rows
     * that are held back when a checkpoint comes are part of the step's state, which save() and
     * tape() give, so that what comes out never depends on where checkpoints fall; a step without
     * state emits them in flush(). flush() is called before each checkpoint, and before the end:
     * it emits what the step holds back for its own ease, such as to look them up in batches, and
     * nothing whose place or content it would change. finish() emits all that is left after the
     * last row. 0, or -1 where the run must end.
     */
    int (*flush)(struct wh_step *step, struct wh_error *error);
    int (*finish)(struct wh_step *step, struct wh_error *error);
    /*
     * Steps that learn constants or are live, NULL for the others. learn() takes in the row that
     * row() met last with this binding, where row() has left what learn() needs. It is called when
     * the row has come through the list, or was dropped or taken over by a later step, and never
     * for a bad row: what is rejected teaches nothing and leaves no trace. settle() ends the
     * learning of constants, which are then fixed.
     */
    void (*learn)(struct wh_step *step, struct wh_binding *binding);
    void (*settle)(struct wh_step *step);
    /*
     * Steps whose rows to come depend on those that went by, NULL for the others. save() appends
     * the step's state as JSON in canonical form (record/canonical.h); tape() gives what there is
     * too much of for JSON, NULL where there is none. load() takes both, into a step that has met
     * no row, so that it goes on exactly as the one that saved: nothing may depend on whether and
     * where it was saved.
     */
    void (*save)(const struct wh_step *step, struct wh_buffer *text);
    struct wh_tape *(*tape)(struct wh_step *step);
    int (*load)(struct wh_step *step, const json_t *state, struct wh_slice tape,
                struct wh_error *error);
    /* Whether what this step learns can change what `later`, a step further down the list, meets.
     * NULL: always. Only asked of steps that learn. */
    bool (*feeds)(const struct wh_step *step, const struct wh_step *later);
    /* The rows are about to come again from the first: forget those seen. NULL: nothing to do. */
    void (*rewind)(struct wh_step *step);
    /* Of steps whose constants know some values and not others, else NULL: a line for each column
     * that had values it does not know, and how many by the columns' names. */
    void (*tell)(const struct wh_step *step, struct wh_buffer *out);
    json_t *(*unknown)(const struct wh_step *step);
    /* Adds what a session (below) has counted of that, and lets it begin anew. Not NULL where they
     * are not. */
    void (*merge)(struct wh_step *step, struct wh_step *session);
    void (*close)(struct wh_step *step);
};

struct wh_step_type {
    const char *op;       /* "drop_missing"; the option is --drop-missing */
    const char *argument; /* "COLS", "COL=VALUE" as --help shows it */
    const char *help;
    const char *const *words; /* of an argument "COLS=WORD", for completion, NULL last; NULL: any */
    const char *const *keys; /* what the recipe's object may hold beside "op", NULL at the end */
    /* An option's argument as a recipe object without "op"; NULL with `error`. */
    json_t *(*parse)(const char *argument, struct wh_error *error);
    /* A step from its recipe object. The step keeps a reference to it or a copy of what it needs.
     * The text of an error says what is wrong with the object, without the op's name. */
    struct wh_step *(*create)(const json_t *recipe, struct wh_error *error);
    bool learns;          /* has constants to learn: needs state */
    bool live;            /* what it keeps changes with every row, fixed constants or not: keys
                             that were seen */
    bool drops;           /* may leave rows out: what is after it meets rows by what is before */
    bool of_numbers;      /* an encoder of numbers, one feature for each column */
    bool holds;           /* may hold rows back or emit several: the same, and it must come before
                             all that encode. Where it keeps rows for long, it is `live` too */
    bool encodes;         /* puts features into the context */
    bool timed;           /* needs the rows' event time: context->time */
};

struct wh_step {
    const struct wh_step_ops *ops;
    const struct wh_step_type *type; /* set by the list, as are: */
    struct wh_step_context *context;
    struct wh_steps *list;
    size_t place;                    /* in it */
    /* The columns that the step was given, owned by it; NULL: none. A choice of which some item
     * finds no column is refused: by the header, or where rows vary after the last of them. */
    struct wh_columns *columns;
    bool names_optional; /* one that is named may be in no row: the step sees to that itself */
    /*
     * Set by the list before bind(). varying: each row of the input says which columns it has
     * (NDJSON), so that some may lack one; else all have those of a header or a query. lenient:
     * varying, and this is not the first row that the step meets: a column that was named may be
     * absent. That the first row must have it catches names that are spelled wrong.
     */
    bool varying;
    bool lenient;
    /* Set by the list when the step has been bound to a row; kept with the state, as is what
     * `columns` has found. */
    bool met;
    /* What --null-value declares null, set by the list; NULL: nothing. A value that the step makes
     * of another, or brings up from within one, is held against it (wh_step_made). */
    const struct wh_nulls *nulls;
};

/*
 * For a step that holds rows back or emits several: a row, which is not the one at hand, goes on to
 * the steps after this one, and out. It is the step's own, with a room and scratch of its own (as
 * wh_held_row gives it), and is used up; `time` is its event time, as context->time was when it
 * came. Where it is found bad it is rejected here, as it was given, and what the step has learned
 * stays. 0, or -1 where the run must end.
 */
int wh_step_emit(struct wh_step *step, struct wh_row *row, int64_t time, struct wh_error *error);

static inline void wh_step_made(const struct wh_step *step, struct wh_row *row, uint32_t index)
{
    if (step->nulls)
        wh_nulls_field(step->nulls, row, index);
}

/*
 * wh_columns_resolve for a step that works on what is there: where a column is absent and
 * step->lenient is not set, the step is refused (WH_REFUSED), not the row called bad.
 */
int wh_step_resolve(const struct wh_step *step, struct wh_columns *columns,
                    const struct wh_shape *shape, uint32_t *indices, struct wh_error *error);

/*
 * A step from its recipe object, whose op must be among `types` (NULL at the end) and whose keys
 * must be known; NULL with WH_REFUSED. The error does not name the op: callers do, by `op` (NULL
 * where it is unknown), or have named the option. Freed by wh_step_close.
 */
struct wh_step *wh_step_open(const json_t *object, const struct wh_step_type *const *types,
                             const char **op, struct wh_error *error);
void wh_step_close(struct wh_step *step);

/* A list of steps, run in order. */
struct wh_steps;

/* From an array of recipe objects, as struct wh_recipe holds it. The context is empty. */
struct wh_steps *wh_steps_open(const json_t *recipe, const struct wh_step_type *const *types,
                               struct wh_error *error);
void wh_steps_close(struct wh_steps *steps);
/* The context, to be filled before the first row. */
struct wh_step_context *wh_steps_context(struct wh_steps *steps);
/* Declares what is null where a step makes it; `nulls` must outlive the steps. */
void wh_steps_declare(struct wh_steps *steps, const struct wh_nulls *nulls);

/* Runs all steps on a row, which meets what the rows before it taught: as a step's row(). */
enum wh_verdict wh_steps_row(struct wh_steps *steps, struct wh_row *row, struct wh_error *error);
/* One pass: teaches the steps that learn by the row that wh_steps_row has just kept, dropped or
 * taken, or that context->taught is called for.
 * Called when the row has been emitted, so that one that cannot be written teaches nothing. */
void wh_steps_teach(struct wh_steps *steps);
/* The same where constants are fixed, or there are none: for the steps that are live. */
void wh_steps_remember(struct wh_steps *steps);
/*
 * The fitting pass. A step's level is one more than the highest of the learning steps before it
 * that feed it, 0 where none does. Pass k (from 0) runs the steps of level k and below and teaches
 * the learning ones of level k; those above would meet rows that are not as they will be, and
 * are left out. Most recipes take one pass; wh_steps_passes says how many (0: nothing learns).
 */
size_t wh_steps_passes(const struct wh_steps *steps);
enum wh_verdict wh_steps_fit(struct wh_steps *steps, size_t pass, struct wh_row *row,
                             struct wh_error *error);
void wh_steps_settle(struct wh_steps *steps, size_t pass);

/* Gives a row without values the columns that rows with its columns leave the list with. */
int wh_steps_columns(struct wh_steps *steps, struct wh_row *row, struct wh_error *error);
/* Before a checkpoint and before the end: emits what steps hold back only for their own ease. */
int wh_steps_flush(struct wh_steps *steps, struct wh_error *error);
/* After the last row, of each pass: emits what steps have held back. WH_REFUSED where a step's
 * columns were in no row at all. */
int wh_steps_finish(struct wh_steps *steps, struct wh_error *error);

bool wh_steps_learn(const struct wh_steps *steps); /* whether any of them learns */
/* The name of a step that is live, or one that needs the event time, or NULL. */
const char *wh_steps_live(const struct wh_steps *steps);
const char *wh_steps_timed(const struct wh_steps *steps);
/* [{"op":"trim","rows_in":9,"rows_dropped":0,"rows_rejected":1}, ...] for --stats */
json_t *wh_steps_stats(const struct wh_steps *steps);
/* A line for each column with values that a step's constants do not know. */
void wh_steps_tell(const struct wh_steps *steps, struct wh_buffer *out);

/* Which parts of the steps' state; they can be put together with |. */
enum wh_steps_part {
    WH_STEPS_CONSTANTS = 1, /* of the steps that learn */
    WH_STEPS_LIVE = 2,      /* what live steps remember */
    WH_STEPS_MET = 4,       /* what rows the steps have met, for the sake of misspelt columns */
    WH_STEPS_ALL = 7,
};

/* The state of steps as it was saved. */
struct wh_steps_state {
    json_t *steps;          /* an array: what each step's save() printed, null where nothing */
    json_t *met;            /* an array: 0 for a step that has met no row, else 1; with columns 2
                               where each item of the choice has found one (older versions: 1 or
                               2), else 3 + wh_columns_found(). NULL: not known, taken as 2 */
    struct wh_slice *tapes; /* one for each step; NULL: all are empty */
};

/* Appends the array of the steps' states, null in the place of the other parts. */
void wh_steps_save(const struct wh_steps *steps, unsigned parts, struct wh_buffer *text);
void wh_steps_save_met(const struct wh_steps *steps, struct wh_buffer *text);
/* The tape of a step, by its place in the list; NULL: none, or of another part. */
struct wh_tape *wh_steps_tape(const struct wh_steps *steps, unsigned parts, size_t step);
size_t wh_steps_count(const struct wh_steps *steps);
/* Takes these parts of a state up, before any row. */
int wh_steps_load(struct wh_steps *steps, const struct wh_steps_state *state, unsigned parts,
                  struct wh_error *error);
/*
 * Sessions (pipe/stage.h) of steps whose constants are fixed: other lists of the same recipe, with
 * what was saved of these. divide: 1 where they may begin; 0 while some step has met no row; -1 with
 * WH_REFUSED where a step remembers rows, or holds them back. follow: the session, which has met no
 * row, meets rows as these would meet their next. merge: adds what it has counted and found, which
 * it then begins to count anew.
 */
int wh_steps_divide(const struct wh_steps *steps, struct wh_error *error);
void wh_steps_follow(struct wh_steps *session, const struct wh_steps *steps);
void wh_steps_merge(struct wh_steps *steps, struct wh_steps *session);
/* Rows went through these steps in an earlier run, of which nothing is known: no row to come is
 * taken for the first. */
void wh_steps_resume(struct wh_steps *steps);

#endif
