/*
 * The STATE file: what the steps of a recipe have learned and remember.
 *
 *     {"wh":"state","version":2,"recipe":{"steps":[...]},
 *      "checkpoint":{"epoch":"9f2c41d07ab3","n":7},"rows":1000,"absent":[],"met":[2,1],
 *      "steps":[...],"tapes":[null,{"bytes":7,"sha256":"..."}],"sha256":"..."}
 *
 * One line of canonical JSON, so that equal states are equal files; `head -n 1 STATE | jq .` shows
 * it. Behind it stand the bytes of the steps' tapes, one after the other, if there are any. The
 * digest covers every byte of the line before it, and by the tapes' digests all of the file. A
 * file that was cut or changed, comes from a newer version or belongs to another recipe is
 * refused. It appears whole or not at all, with mode 0600. (In version 1 there was no checkpoint,
 * met or tapes.)
 *
 * "checkpoint" is the place in a stream that the state belongs to, null where it belongs to none.
 * Under control records (pipe/control.h) there is a file for each checkpoint (pipe/keep.h), and
 * STATE is that of the newest which the sink has committed.
 */
#ifndef WH_PIPE_STATE_H
#define WH_PIPE_STATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "pipe/control.h"
#include "pipe/outlet.h"
#include "pipe/recipe.h"

/* A state that was read. */
struct wh_state {
    const char *path;              /* where it was read, borrowed; NULL: it is in memory alone */
    struct wh_place place;         /* "checkpoint" */
    uint64_t rows;                 /* that taught it */
    json_t *absent;                /* the named columns that some of these rows lacked
                                      (feature/features.h) */
    struct wh_steps_state learned; /* for wh_steps_load */
    char *text;                    /* of the file, which the tapes point into */
};

/* Reads a state of this recipe. -1 with `error`, and then nothing to free. */
int wh_state_read(const char *path, const struct wh_recipe *recipe, struct wh_state *state,
                  struct wh_error *error);
void wh_state_free(struct wh_state *state);
/* Gives the steps these parts of it (wh_steps_load); an error names the file. */
int wh_state_load(const struct wh_state *state, struct wh_steps *steps, unsigned parts,
                  struct wh_error *error);

/* What is to be written. */
struct wh_state_content {
    const struct wh_recipe *recipe;
    const struct wh_steps *steps;
    unsigned parts;       /* of the steps' state (enum wh_steps_part) */
    uint64_t rows;
    json_t *absent;       /* NULL: none */
};

/* A STATE file in use: under a lock, in a folder known to take new files. */
struct wh_state_file;

/* NULL when another process holds it, it is no state, or cannot be replaced. `path` is kept. */
struct wh_state_file *wh_state_open(const char *path, struct wh_error *error);
/* Gives up the lock; what was not written stays as it was. NULL is allowed. */
void wh_state_close(struct wh_state_file *file);

/*
 * Reads STATE where it is there, and stands ready to go on from it: 1 with *state filled, 0 where
 * there is no such file.
 */
int wh_state_resume(struct wh_state_file *file, const struct wh_recipe *recipe,
                    struct wh_state *state, struct wh_error *error);

/*
 * Under control records, but for those of --mark, of which there is no begin here and nothing then
 * happens. begin: 1 where the stream begins with another state than wh_state_resume gave, *state
 * filled with it; 0 where that, or nothing, is right. checkpoint: writes the state that belongs to
 * the record, and hands it to the outlet to be saved. committed: makes that of the place STATE
 * itself.
 */
int wh_state_begin(struct wh_state_file *file, const struct wh_control *begin,
                   const struct wh_recipe *recipe, struct wh_state *state, struct wh_error *error);
int wh_state_checkpoint(struct wh_state_file *file, const struct wh_control *checkpoint,
                        const struct wh_state_content *saving, struct wh_outlet *outlet,
                        struct wh_error *error);
int wh_state_committed(struct wh_state_file *file, const struct wh_place *place,
                       struct wh_error *error);

/* At the end of a run, when its output is written: writes STATE, as one that belongs to no stream;
 * nothing under control records, where the sink's commit decides. WH_BROKEN where STATE belongs to
 * a stream and rows came that did not. */
int wh_state_finish(struct wh_state_file *file, const struct wh_state_content *saving,
                    struct wh_error *error);

#endif
