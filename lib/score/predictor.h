/*
 * Predictors: what rows are scored by, whatever made it, behind one interface that wh-score, the
 * comparison of a new model with the one before, and wh-update -p share. A kind of predictor is a
 * file; that of the models of wh is score/native.c, that of the model which is being learned
 * train/learning.c.
 *
 * A predictor is const once it is loaded, and any number of threads may hold it. What one thread
 * needs to read rows, to predict and to explain them is a session, made of the predictor. A session
 * holds its predictor: whoever reloads a model gives rows to sessions of the new one from then on,
 * and the last session of the old one frees that.
 *
 * A session of a model of wh takes 8 bytes for each feature (model/examples.h), of which the system
 * gives out only what rows touch, 400 for each raw column (model/census.h), and some 30 KB: 8 MB
 * where a model of a million features takes 65 to 100.
 *
 * What tasks, measures and columns of scores go by is a struct wh_model (model/model.h), which each
 * session has of its own: of its task it also learns the labels that the run brings. A kind that
 * is not a model of wh has no learner there and fills in what it has: task, loss, digest, label.
 */
#ifndef WH_SCORE_PREDICTOR_H
#define WH_SCORE_PREDICTOR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "model/examples.h"
#include "model/model.h"
#include "model/row_plan.h"
#include "pipe/stage.h"
#include "record/row.h"

struct wh_predictor_kind;

/* The first member of each kind's own. */
struct wh_predictor {
    const struct wh_predictor_kind *kind;
    char *path;
    atomic_uint holders;
};

struct wh_session_settings {
    const char *label;  /* the column to measure by; NULL: the predictor's own */
    const char *weight; /* of the rows; NULL: all 1 */
    bool strict;        /* rows unlike those that were learned from are bad */
    uint32_t explain;   /* features to explain each row by; 0: rows are not explained */
    unsigned digits;    /* significant ones of an explanation's numbers; 0: all */
};

/* The first member of each kind's own. Used by one thread at a time. The plans are closed before
 * the kind's session_close. */
struct wh_session {
    struct wh_predictor *predictor;
    struct wh_model *model;
    struct wh_row_plans *plans; /* of the rows that it reads */
    bool strict;
    uint64_t strangers; /* rows that share no feature with the predictor */
};

struct wh_predictor_kind {
    const char *name;
    /* NULL on failure: WH_REFUSED for what is not one of the kind, or is damaged. The operation is
     * NULL for predictors that come from no file. */
    struct wh_predictor *(*load)(const char *path, struct wh_error *error);
    void (*close)(struct wh_predictor *predictor);
    /* What it predicts; NULL while it has learned nothing. */
    const struct wh_task *(*task)(const struct wh_predictor *predictor);

    /* A session with its model and plans, of a predictor that has learned something. NULL on
     * failure. */
    struct wh_session *(*session)(const struct wh_predictor *predictor,
                                  const struct wh_session_settings *settings,
                                  struct wh_error *error);
    void (*session_close)(struct wh_session *session);
    /* Reads a row by its plan and counts what came in it: bad where --strict refuses it; fatal
     * where it was made by another recipe. */
    enum wh_verdict (*read)(struct wh_session *session, struct wh_row *row,
                            struct wh_row_plan *plan, struct wh_reading_row *reading,
                            struct wh_error *error);
    /* What is predicted of the row that was read last; valid until the next. */
    struct wh_prediction (*predict)(struct wh_session *session,
                                    const struct wh_reading_row *reading);
    /* Why the row that was predicted last is of the class `best`: a nested value in the row's
     * memory (score/explain.h). NULL: the kind cannot tell. */
    struct wh_field (*explain)(struct wh_session *session, const struct wh_reading_row *reading,
                               uint32_t best, struct wh_row *row);
    /* After the last row: WH_REFUSED where no row had the weight's column. */
    int (*finish)(const struct wh_session *session, struct wh_error *error);
    /* Adds what a session of another thread has met of what finish() asks for. NULL: nothing. */
    void (*merge)(struct wh_session *session, const struct wh_session *from);
};

extern const struct wh_predictor_kind wh_predictor_native;

/* Loads a predictor, which the caller then holds. NULL on failure. */
struct wh_predictor *wh_predictor_load(const struct wh_predictor_kind *kind, const char *path,
                                       struct wh_error *error);
/* For kinds without load: fills in a new predictor, which the caller then holds. */
void wh_predictor_init(struct wh_predictor *predictor, const struct wh_predictor_kind *kind,
                       const char *path);
/* One holder more, and one less: the last frees it. From any thread. Release takes NULL. */
void wh_predictor_hold(struct wh_predictor *predictor);
void wh_predictor_release(struct wh_predictor *predictor);

static inline const struct wh_task *wh_predictor_task(const struct wh_predictor *predictor)
{
    return predictor->kind->task(predictor);
}

/* NULL on failure: settings that the predictor cannot follow, or one that has learned nothing. */
struct wh_session *wh_session_open(struct wh_predictor *predictor,
                                   const struct wh_session_settings *settings,
                                   struct wh_error *error);
/* NULL is allowed. */
void wh_session_close(struct wh_session *session);

/* For the kinds of wh's models, of a row that was read: fatal where it was made by another recipe;
 * counts it where it names no feature of the model, unless that makes it bad. */
enum wh_verdict wh_session_admit(struct wh_session *session, const struct wh_reading_row *reading,
                                 struct wh_error *error);

/* `session` and `first` are of one predictor, and read rows of one run, in threads of their own:
 * what session has counted is added to the first's, of rows that follow those that went before, and
 * session begins anew. share() is called before it has read a row. */
void wh_session_share(struct wh_session *session, const struct wh_session *first);
void wh_session_merge(struct wh_session *first, struct wh_session *session);

/* As the kind has them. */
static inline enum wh_verdict wh_session_read(struct wh_session *session, struct wh_row *row,
                                              struct wh_reading_row *reading,
                                              struct wh_error *error)
{
    struct wh_row_plan *plan = wh_row_plan_of(session->plans, row->shape);
    enum wh_verdict verdict = session->predictor->kind->read(session, row, plan, reading, error);
    reading->plan = plan;
    return verdict;
}

static inline struct wh_prediction wh_session_predict(struct wh_session *session,
                                                      const struct wh_reading_row *reading)
{
    return session->predictor->kind->predict(session, reading);
}

static inline int wh_session_finish(const struct wh_session *session, struct wh_error *error)
{
    return session->predictor->kind->finish(session, error);
}

#endif
