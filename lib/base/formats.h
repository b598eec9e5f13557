/*
 * The versions of what the tools exchange, as --version prints them. Each grows when an older tool
 * could no longer read what a newer one writes.
 */
#ifndef WH_BASE_FORMATS_H
#define WH_BASE_FORMATS_H

enum {
    WH_STREAM_VERSION = 2, /* control records (pipe/control.h) */
    WH_STATE_VERSION = 2,  /* the states of filters (pipe/state.h) */
    WH_MODEL_VERSION = 3,  /* models (model/modelfile.h) */
};

#endif
