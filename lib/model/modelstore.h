/*
 * A model's file as the checkpoint C that wh-extract reads (pipe/checkpoint.h): any file that
 * begins as gzip, or whose name ends in .whm. wh-update writes it.
 */
#ifndef WH_MODEL_MODELSTORE_H
#define WH_MODEL_MODELSTORE_H

#include "pipe/checkpoint.h"
#include "pipe/store.h"

extern const struct wh_store_kind wh_model_store;

#endif
