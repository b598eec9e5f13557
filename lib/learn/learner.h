/*
 * Learners, behind one small interface.
 *
 * A learner has a view of the rows, which all of its outputs share (a scaler, bins ... or none),
 * and a head for each output: one for two classes and for numbers, one for each class where there
 * may be more. A head makes a raw prediction (learn/loss.h) of a row as the view shows it, and
 * learns from what came of that. What a head learns is alike for every task: with more than two
 * classes it is told, as if there were two, whether the row is of its class, by a margin against
 * all others together (model/model.h).
 *
 * View and heads are const while rows are predicted, so that any number of threads can predict by
 * one learner at once: what a thread makes of a row, and what learning from it then takes up, is
 * in its scratch.
 *
 * View and heads keep a few numbers for each feature, a few for the whole, and where that is not
 * enough further lines of the model's file; everything around them (names, labels, losses, files)
 * is common. A new learner is a file and a line in the table (learn/learners.h).
 *
 * Operations that a type does not have are NULL; the comments say which may be.
 */
#ifndef WH_LEARN_LEARNER_H
#define WH_LEARN_LEARNER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "learn/example.h"
#include "learn/loss.h"
#include "learn/names.h"

enum {
    WH_MAX_PARAMETERS = 8, /* of a feature, in the view and in each head */
    WH_MOST_OUTPUTS = 1000,
};

/* Learning rates beyond are refused. */
#define WH_LARGEST_RATE 1e9

struct wh_learner_settings {
    struct wh_loss loss;
    bool numbers;                 /* the task is regression: targets are scaled (learn/target.h) */
    double rate;                  /* the learning rate, above 0 */
    double l1, l2;                /* the penalties, 0 or more */
    const struct wh_names *names; /* the features'; they must stay */
};

struct wh_view; /* each learner's own */
struct wh_head;
struct wh_scratch;
struct wh_lines;
struct wh_learner_lines;

/* The numbers kept for each feature. */
struct wh_parameters {
    const char *const *names;
    size_t count;
};

struct wh_learner_type {
    const char *name;
    const char *help;       /* what it is: a noun phrase */
    double rate;    /* the learning rate unless one is given */
    unsigned needs; /* enum wh_needs, or'ed */
    const char *untuned;     /* why it takes no learning rate but its own; NULL: it does */
    const char *unpenalized; /* why it takes no penalties; NULL: it does */

    /* What a thread has of the row that it predicted last: a scratch, which all heads share, and
     * so many bytes for each head, zero at first, its guess. They fit every learner of this type
     * for the same kind of targets. NULL: there is none. */
    struct wh_scratch *(*scratch_new)(void);
    void (*scratch_free)(struct wh_scratch *scratch);
    size_t (*guess_size)(const struct wh_learner_settings *settings);

    /* The view. All are NULL where there is none. */
    struct wh_parameters view_parameters;
    struct wh_view *(*view_new)(const struct wh_learner_settings *settings);
    void (*view_free)(struct wh_view *view);
    /* A row is to be predicted; heads then look at the view. */
    void (*view_read)(const struct wh_view *view, struct wh_scratch *scratch,
                      const struct wh_example *example);
    /* Heads are about to learn from the row that was read last; NULL. */
    void (*view_meet)(struct wh_view *view, struct wh_scratch *scratch,
                      const struct wh_example *example, double weight);
    /* The heads have learned from the row that was read last, of this weight; NULL. */
    void (*view_learn)(struct wh_view *view, struct wh_scratch *scratch,
                       const struct wh_example *example, double weight);
    json_t *(*view_save)(const struct wh_view *view);
    int (*view_load)(struct wh_view *view, const json_t *state, struct wh_error *error);
    /* All that was saved is there again, the names of features too; NULL. */
    void (*view_loaded)(struct wh_view *view);
    void (*view_get)(const struct wh_view *view, uint32_t id, double *parameters);
    bool (*view_set)(struct wh_view *view, uint32_t id, const double *parameters);
    void (*view_renumber)(struct wh_view *view, const uint32_t *from, uint32_t count);
    void (*view_merge)(struct wh_view *view, const struct wh_view *from, const uint32_t *map,
                       uint32_t count);

    /* The heads. The first number of a feature in a linear learner is its weight, the first name
     * "weight"; others have no parameters. */
    struct wh_parameters head_parameters;
    struct wh_head *(*head_new)(const struct wh_learner_settings *settings,
                                struct wh_view *view);
    void (*head_free)(struct wh_head *head);
    /* The raw prediction. A feature that the head has no numbers for says nothing. */
    double (*predict)(const struct wh_head *head, struct wh_scratch *scratch, void *guess,
                      const struct wh_example *example);
    /* Learns from the example that was predicted last; `outcome` is what came of it. */
    void (*learn)(struct wh_head *head, struct wh_scratch *scratch, void *guess,
                  const struct wh_example *example, const struct wh_outcome *outcome);
    /* Batch learners, which need all rows at once, else NULL: their learn() only puts by what they
     * need of an example, and this, called after the last row, learns from all that was put by.
     * Until then the head predicts as before. What was put by is in no file: a batch learner is for
     * rows that come to an end, and is not to be saved before. 0, or -1 with the error. */
    int (*fit)(struct wh_head *head, struct wh_error *error);
    /* The view has learned or was loaded: the head follows what has changed in it; NULL. */
    void (*follow)(struct wh_head *head);
    /* The numbers of the whole as a new object, and back (0, or -1 with the error). */
    json_t *(*save)(const struct wh_head *head);
    int (*load)(struct wh_head *head, const json_t *state, struct wh_error *error);
    /* A feature's numbers. set() returns false for what cannot be one. */
    void (*get)(const struct wh_head *head, uint32_t id, double *parameters);
    bool (*set)(struct wh_head *head, uint32_t id, const double *parameters);
    /* Features are forgotten and the others move up: number i is now what from[i], which is i or
     * above, was before, for i below `count`; there are no others. */
    void (*renumber)(struct wh_head *head, const uint32_t *from, uint32_t count);
    /* Takes up what another head has learned from other rows; its feature i is number map[i] here,
     * for i below `count`, and its raw predictions mean so much more as `shift`. NULL where that
     * cannot be. */
    void (*merge)(struct wh_head *head, const struct wh_head *from, const uint32_t *map,
                  uint32_t count, double shift);
    /* Linear learners, else NULL: what each value of the example that was predicted last adds to
     * the raw prediction. All of `shares` together are that, before it is kept within bounds. */
    void (*contribute)(const struct wh_head *head, const struct wh_scratch *scratch,
                       const struct wh_example *example, double *shares);
    /* The most that a feature has moved a prediction by, as its weight is now: for ranking. */
    double (*effect)(const struct wh_head *head, uint32_t id);

    /* Both NULL, or for what is in neither the numbers of features nor those of the whole: values
     * of any number and size up to WH_MAX_LINE_VALUE, each given to wh_learner_line, and back.
     * They are called for the view, with head NULL, and then for each head. */
    int (*write)(const struct wh_view *view, const struct wh_head *head,
                 struct wh_learner_lines *lines, struct wh_error *error);
    int (*read)(struct wh_view *view, struct wh_head *head, const json_t *value,
                struct wh_error *error);
    /* Lines of text for --describe about a head, beyond its features; NULL. */
    void (*describe)(const struct wh_view *view, const struct wh_head *head,
                     struct wh_buffer *out);
};

struct wh_learner {
    const struct wh_learner_type *type;
    struct wh_learner_settings settings;
    struct wh_view *view;   /* NULL where the type has none */
    struct wh_head **heads;
    uint32_t outputs;
};

struct wh_learner *wh_learner_open(const struct wh_learner_type *type,
                                   const struct wh_learner_settings *settings, uint32_t outputs);
/* NULL is allowed. */
void wh_learner_close(struct wh_learner *learner);
/* Adds heads until there are `outputs`, WH_MOST_OUTPUTS at most. */
void wh_learner_grow(struct wh_learner *learner, uint32_t outputs);

/* What one thread needs to predict by a learner, and to learn; it grows with the learner. */
struct wh_learner_scratch;
struct wh_learner_scratch *wh_learner_scratch_open(const struct wh_learner *learner);
/* NULL is allowed. */
void wh_learner_scratch_close(struct wh_learner_scratch *scratch);
/* Whether a scratch, or NULL, can be used with the learner: it was made for one of its kind. */
bool wh_learner_scratch_fits(const struct wh_learner_scratch *scratch,
                             const struct wh_learner *learner);

/* The raw predictions, one for each output. */
void wh_learner_predict(const struct wh_learner *learner, struct wh_learner_scratch *scratch,
                        const struct wh_example *example, double *raw);
/* Learns from the example that was predicted last with this scratch; one outcome for each output,
 * all of the same weight. */
void wh_learner_learn(struct wh_learner *learner, struct wh_learner_scratch *scratch,
                      const struct wh_example *example, const struct wh_outcome *outcomes);
/* After the last row: as the types' fit, where they have it. */
int wh_learner_fit(struct wh_learner *learner, struct wh_error *error);
/* As the types' contribute, of one output; only where the type has it. */
void wh_learner_contribute(const struct wh_learner *learner,
                           const struct wh_learner_scratch *scratch, uint32_t output,
                           const struct wh_example *example, double *shares);

/* The numbers of the whole, {"heads":[...],"view":...}, and back, with as many heads. */
json_t *wh_learner_save(const struct wh_learner *learner);
int wh_learner_load(struct wh_learner *learner, const json_t *state, struct wh_error *error);

/* After that, when names, features' numbers and further lines are there too. */
void wh_learner_loaded(struct wh_learner *learner);

/* Further lines of the file (learn/lines.h), and back: the value of one, and whose it is. */
int wh_learner_write(const struct wh_learner *learner, struct wh_lines *lines,
                     struct wh_error *error);
int wh_learner_read(struct wh_learner *learner, const json_t *whose, const json_t *value,
                    struct wh_error *error);
/* For the types' write: adds a line with a value, whose reference it takes. */
int wh_learner_line(struct wh_learner_lines *lines, json_t *value, struct wh_error *error);

/* A feature's numbers: the view's, then each head's. */
size_t wh_learner_parameter_count(const struct wh_learner *learner);
void wh_learner_get(const struct wh_learner *learner, uint32_t id, double *parameters);
bool wh_learner_set(struct wh_learner *learner, uint32_t id, const double *parameters);
/* As the types' renumber. */
void wh_learner_renumber(struct wh_learner *learner, const uint32_t *from, uint32_t count);
/* How what one learner has learned fits another. */
struct wh_learner_map {
    uint32_t outputs;         /* how many there will be */
    const uint32_t *classes;  /* the number of each output there */
    const double *shifts;     /* of each output's raw predictions */
    const uint32_t *features; /* the number of each feature there */
    uint32_t feature_count;
};
/* As the types' merge, where they have it. */
void wh_learner_merge(struct wh_learner *learner, const struct wh_learner *from,
                      const struct wh_learner_map *map);
/* The largest of the heads' effects. */
double wh_learner_effect(const struct wh_learner *learner, uint32_t id);

#endif
