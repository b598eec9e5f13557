/*
 * Settings: what a model is begun with. They are stored in its file and hold for all its life: a
 * later run that gives another value is refused, one that gives none takes what is stored.
 *
 * One table says what settings there are; storing, reading, comparing and filling in are made from
 * it. A new one is a member here, a line in that table and an option of wh-update of that name.
 * (Learner, loss, task and positive class stand in the model's header by themselves, since what
 * was not given is settled by the first label.)
 */
#ifndef WH_MODEL_SETTINGS_H
#define WH_MODEL_SETTINGS_H

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"
#include "model/row_plan.h"

struct wh_settings {
    struct wh_roles roles;
    double rate;           /* the learning rate; NaN: not given */
    double l1, l2;         /* the penalties; NaN: not given */
    const char *class_weights; /* "LABEL=WEIGHT,..." (model/classweights.h) */
    const char *half_life; /* after which what was learned counts half (learn/forgetting.h) */
    uint64_t max_features; /* 0: not given; may change later */
    const char *holdout;   /* which rows are not learned from, as wh_holdout_text has it */
    const char *within;    /* how long rows wait for labels, and what is done with labels that */
    const char *unmatched; /* come without any (model/join.h) */
    const char *drift;     /* how drift is looked for, and what is done about it */
    const char *on_drift;  /* (model/guard.h) */
};

/* All not given. */
struct wh_settings wh_settings_none(void);

/* Those of `stored` where `given` has none. Texts are not copied. */
void wh_settings_fill(struct wh_settings *given, const struct wh_settings *stored);
/* Copies with texts of their own, to be freed. */
struct wh_settings wh_settings_copy(const struct wh_settings *settings);
void wh_settings_free(struct wh_settings *settings);

/* Refuses what could not be stored: texts that are not UTF-8, or too long for a model's header. */
int wh_settings_check(const struct wh_settings *given, struct wh_error *error);
/* The same for a single text, but its length. */
int wh_setting_check(const char *option, const char *text, struct wh_error *error);
/* Holds what was given against what the model at `path` was begun with. */
int wh_settings_compare(const struct wh_settings *given, const struct wh_settings *stored,
                        const char *path, struct wh_error *error);
/* The same for a single text. */
int wh_setting_compare(const char *option, const char *given, const char *stored,
                       const char *path, struct wh_error *error);

/* A new object, and back: the texts are the settings' own. A file may lack none. */
json_t *wh_settings_save(const struct wh_settings *settings);
int wh_settings_load(struct wh_settings *settings, const json_t *object, struct wh_error *error);

#endif
