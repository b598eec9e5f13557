/*
 * Saving: when and where a model's file is written, and how the model stands to the stream that
 * its rows come from. The lock beside the file is held from open to close.
 *
 * Without control records, and in a stream of --mark, the model is saved at the end, and without
 * control records also every so often. In a stream with checkpoints there are two ways:
 *
 * --checkpoint: the model is where the stream ends, and is itself the checkpoint C. What was
 * learned and the position are written in one step, but only where the file still holds what this
 * run goes on from; at most once in `every` seconds, and one at a time. What was put off is written
 * by a later tick if no row has followed, else with the next checkpoint.
 *
 * -p: the model is a state on the way (pipe/keep.h). The file MODEL.EPOCH.N is written at each
 * checkpoint before that is passed on, and becomes MODEL when the sink has committed it.
 *
 * In both, learning goes on while the outlet (pipe/outlet.h) forces the file to disk.
 */
#ifndef WH_TRAIN_SAVING_H
#define WH_TRAIN_SAVING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "model/model.h"
#include "pipe/outlet.h"
#include "pipe/stage.h"

struct wh_saving_settings {
    const char *path;    /* of the model */
    bool fresh;          /* --new: what is there is not gone on with */
    bool detach;         /* --detach: the model shall belong to no stream any more */
    bool commits;        /* --checkpoint: the model is C */
    bool passes;         /* -p: the model is a filter's state */
    bool waits;          /* the rows are read several times: only wh_saving_write saves */
    bool changed_recipe; /* go on although the rows come through other recipes */
    double every;        /* seconds between two commits; negative: 1, or what keeps the cost low */
    double save_every;   /* seconds, without control records; 0: only at the end */
};

struct wh_saving;

/* Takes the lock. `settings` must stay. NULL on failure. */
struct wh_saving *wh_saving_open(const struct wh_saving_settings *settings,
                                 struct wh_error *error);
/* NULL is allowed. */
void wh_saving_close(struct wh_saving *saving);

/*
 * The stream begins, with `model`, that of the file or a new one. *source is the file that it must
 * be taken from instead, NULL where it is as it should be; then wh_saving_check says whether the
 * model, however it was come by, is the one that the stream goes on from.
 */
int wh_saving_begin(struct wh_saving *saving, const struct wh_model *model,
                    const struct wh_control *begin, const char **source, struct wh_error *error);
int wh_saving_check(const struct wh_saving *saving, const struct wh_model *model,
                    struct wh_error *error);

/* Called for each row before it is learned from: a model that belongs to a stream takes no others,
 * and --checkpoint none without control records. */
int wh_saving_row(struct wh_saving *saving, const struct wh_model *model, struct wh_error *error);
/* The model has changed. */
void wh_saving_changed(struct wh_saving *saving);
/* The rows are over, as far as this run is concerned. */
int wh_saving_finish(struct wh_saving *saving, struct wh_model *model, struct wh_error *error);

/* With `waits`: writes the model, if it has changed. */
int wh_saving_write(struct wh_saving *saving, struct wh_model *model, struct wh_error *error);
/* And what says that a stream with checkpoints cannot be read several times. -1. */
int wh_saving_refuse_stream(struct wh_error *error);

/* What the stage's operations of these names do. The outlet must outlive the stream; NULL: nothing
 * is put off. */
int wh_saving_checkpoint(struct wh_saving *saving, struct wh_model *model,
                         const struct wh_control *checkpoint, struct wh_outlet *outlet,
                         struct wh_error *error);
int wh_saving_committed(struct wh_saving *saving, const struct wh_place *place,
                        struct wh_error *error);
int wh_saving_broken(struct wh_saving *saving, struct wh_model *model, struct wh_error *error);
int wh_saving_tick(struct wh_saving *saving, struct wh_model *model, double now,
                   struct wh_error *error);
struct wh_lag wh_saving_lag(const struct wh_saving *saving, double now);

/* Whether the rows come in a stream with control records. */
bool wh_saving_streams(const struct wh_saving *saving);
/* How often a model was written. */
uint64_t wh_saving_count(const struct wh_saving *saving);

#endif
