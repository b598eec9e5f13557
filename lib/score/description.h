/*
 * What a model is, as one JSON object for programs: `wh-score --describe=json`. For people
 * wh_report_model (score/report.h) says the same in lines of text.
 */
#ifndef WH_SCORE_DESCRIPTION_H
#define WH_SCORE_DESCRIPTION_H

#include <jansson.h>
#include <stddef.h>

#include "model/model.h"

/* A new reference. Of the features the `top` with the largest effect; what is not set is null. */
json_t *wh_model_description(const struct wh_model *model, size_t top);

#endif
