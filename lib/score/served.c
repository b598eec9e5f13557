#include "score/served.h"

#include <string.h>

#include "base/memory.h"

int wh_served_open(struct wh_served *served, const struct wh_served_settings *settings,
                   struct wh_loaded *loaded, const char *path, const char *as,
                   struct wh_error *error)
{
    *served = (struct wh_served){ .settings = settings, .path = path, .as = as };
    if (loaded)
        wh_loaded_hold(loaded);
    else if (!(loaded = wh_loaded_open(&wh_predictor_native, path, error)))
        return -1;
    served->loaded = loaded;
    struct wh_predictor *predictor = wh_loaded_predictor(loaded, &served->number);
    served->scorer = wh_scorer_open(&settings->scorer, predictor, as, error);
    wh_predictor_release(predictor);
    return served->scorer ? 0 : -1;
}

void wh_served_close(struct wh_served *served)
{
    wh_scorer_close(served->scorer);
    wh_scorer_close(served->next);
    wh_loaded_release(served->loaded);
}

void wh_served_flat(struct wh_served *served, bool flat)
{
    served->flat = flat;
    wh_scored_flat(served->scorer->scored, flat);
    if (served->next)
        wh_scored_flat(served->next->scored, flat);
}

static void pass_over(const struct wh_served *served, const char *reason)
{
    wh_notify_say(&served->settings->notify, "%s was replaced, and the model before goes on: %s",
                  served->path, reason);
}

/* The row is the first that the new model scores. */
static void say_taken_over(const struct wh_served *served, const struct wh_row *row)
{
    const struct wh_model *model = served->scorer->model;
    wh_notify_say(&served->settings->notify, "%s: a new model of %.0f rows, %.12s, scores from "
                  "line %llu on", served->path, model->metrics.rows, model->digest,
                  (unsigned long long)row->line);
}

/* Rows that were measured by one loss cannot be added to those by another. */
static bool same_loss(const struct wh_served *served, const struct wh_scorer *next)
{
    const struct wh_loss *now = &served->scorer->model->loss, *then = &next->model->loss;
    return !served->settings->scorer.label
        || (now->kind == then->kind && now->parameter == then->parameter);
}

static bool may_follow(const struct wh_served *served, const struct wh_scorer *next)
{
    struct wh_error reason;
    bool follows = wh_scorer_follows(served->scorer, next, &reason);
    if (follows && same_loss(served, next))
        return true;
    pass_over(served, follows ? "its loss differs from the one that is measured" : reason.text);
    return false;
}

/* A scorer by what was loaded last; NULL where that is nothing new, or cannot be scored by. */
static struct wh_scorer *open_next(struct wh_served *served)
{
    struct wh_error error;
    struct wh_predictor *predictor;
    if (!wh_loaded_newer(served->loaded, &served->number, &predictor, &error))
        return NULL;
    struct wh_scorer *next = predictor ? wh_scorer_open(&served->settings->scorer, predictor,
                                                        served->as, &error)
                                       : NULL;
    wh_predictor_release(predictor);
    if (!next)
        pass_over(served, error.text);
    return next;
}

/* Prepares what was loaded last to take over. */
static void renew(struct wh_served *served)
{
    struct wh_scorer *next = open_next(served);
    if (!next)
        return;
    wh_scorer_close(served->next);
    served->next = NULL;
    wh_scored_flat(next->scored, served->flat);
    bool same = strcmp(next->model->digest, served->scorer->model->digest) == 0;
    if (same || !may_follow(served, next)) {
        wh_scorer_close(next);
        return;
    }
    served->next = next;
    served->waiting_told = false;
}

void wh_served_look(struct wh_served *served)
{
    wh_loaded_look(served->loaded);
    renew(served);
}

/* Takes over if the next model can read the row. */
static bool take_over(struct wh_served *served, struct wh_row *row,
                      struct wh_reading_row *reading)
{
    struct wh_error reason;
    if (!served->next)
        return false;
    enum wh_verdict verdict = wh_session_read(served->next->session, row, reading, &reason);
    if (verdict == WH_TAKEN) {
        wh_census_carry(&served->next->model->census, &served->scorer->model->census);
        served->next->session->strangers += served->scorer->session->strangers;
        wh_scorer_close(served->scorer);
        served->scorer = served->next;
        served->next = NULL;
        say_taken_over(served, row);
        return true;
    }
    if (verdict == WH_FATAL && !served->waiting_told) {
        pass_over(served, reason.text);
        served->waiting_told = true;
    }
    return false;
}

enum wh_verdict wh_served_read(struct wh_served *served, struct wh_row *row,
                               struct wh_reading_row *reading, struct wh_error *error)
{
    if (served->settings->watch && wh_loaded_number(served->loaded) != served->number)
        renew(served); /* another thread has loaded it */
    if (take_over(served, row, reading))
        return WH_TAKEN;
    enum wh_verdict verdict = wh_session_read(served->scorer->session, row, reading, error);
    if (verdict != WH_FATAL || !served->settings->watch)
        return verdict;
    /* The row was made by another recipe. Is its model there already? */
    wh_served_look(served);
    return take_over(served, row, reading) ? WH_TAKEN : verdict;
}
