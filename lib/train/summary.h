/*
 * What came of a run of wh-update: its closing summary, and its members of --stats.
 */
#ifndef WH_TRAIN_SUMMARY_H
#define WH_TRAIN_SUMMARY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"
#include "train/trainer.h"

/* Made for the moment; what it points at is borrowed. */
struct wh_summary {
    struct wh_trainer *trainer;
    const char *path; /* of the model */
    uint64_t saved;   /* so often */
    bool continues;   /* the model was there before */
    bool streams;     /* the rows came with control records */
    bool detached;    /* --detach */
    bool named;       /* the user named the task or the loss */
    bool windowed;    /* --window */
    bool scores;      /* rows were passed on */
    json_t *told;     /* more members; NULL */
};

/* Appends lines of text; the run took `seconds`. */
void wh_summary_print(const struct wh_summary *summary, double seconds, struct wh_buffer *out);
void wh_summary_stats(const struct wh_summary *summary, json_t *stats);

#endif
