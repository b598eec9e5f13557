/*
 * The features object: {"price":3.5,"city=Oslo":1,"plan":"gold"} in the column `features` of a row.
 *
 * Reads its members into the example being made (model/maker.h). A key is guessed to be the one
 * that followed the key before in an earlier row, so that most are compared and not hashed; that is
 * why keys are not walked by record/json.h, whose grammar (record/json_scan.h) this goes by.
 */
#ifndef WH_MODEL_FEATURES_OBJECT_H
#define WH_MODEL_FEATURES_OBJECT_H

#include <stdbool.h>

#include "base/error.h"
#include "model/interactions.h"
#include "model/maker.h"
#include "record/row.h"

/* Reads the object that the field is; false for a bad row, such as one that has something else
 * there. `meeting`, where it is not NULL, is told of each key. */
bool wh_features_object_read(struct wh_maker *maker, struct wh_interactions *meeting,
                             struct wh_row *row, const struct wh_field *field,
                             struct wh_error *error);

#endif
