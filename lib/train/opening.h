/*
 * The model that rows are to teach: begun by what the user gave, or taken from its file, and then
 * held against that.
 *
 * Who gets a model frees it (model/model.h). On failure there is none: WH_REFUSED where what was
 * given is wrong, or contradicts what the model was begun with.
 */
#ifndef WH_TRAIN_OPENING_H
#define WH_TRAIN_OPENING_H

#include "base/error.h"
#include "model/model.h"
#include "model/settings.h"

/* What the user gave; NULL where nothing: then a model that is there has what it was begun with. */
struct wh_opening {
    const char *learner, *loss, *task, *positive;
    struct wh_settings model;
};

/* A new model. */
struct wh_model *wh_opening_begin(const struct wh_opening *given, struct wh_error *error);

/* The model in the file `path`, to which messages give the name `name`. One that no label has come
 * to yet takes anew what is given, and the rest from what it was begun with. */
struct wh_model *wh_opening_load(const struct wh_opening *given, const char *path,
                                 const char *name, struct wh_error *error);

#endif
