/*
 * The checkpoint C of a pipeline: what its sink has committed, as wh-extract reads it to resume.
 *
 * C belongs to the sink, which writes it in one atomic step with the rows: a model's file, a row
 * of the target database, a small file beside a target file. The source only ever reads it.
 */
#ifndef WH_PIPE_CHECKPOINT_H
#define WH_PIPE_CHECKPOINT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"
#include "pipe/control.h"

struct wh_checkpoint {
    struct wh_place place; /* none: there is no C yet */
    json_t *position;      /* of the source; NULL where place is none */
    json_t *through;       /* the recipes that the rows went through, an array */
    json_t *target;        /* what identifies the target, as its sink says it; NULL: not known */
};

void wh_checkpoint_free(struct wh_checkpoint *checkpoint);

/* The checkpoint that a commit of `control`, of the stream that `begin` began, makes: new
 * references. */
struct wh_checkpoint wh_checkpoint_of(const struct wh_control *begin,
                                      const struct wh_control *control);

/* {"epoch":...,"n":...,"position":{...},"through":[...]}, null for none; and back: WH_REFUSED for
 * what is none. */
json_t *wh_checkpoint_json(const struct wh_checkpoint *checkpoint);
int wh_checkpoint_read(const json_t *json, struct wh_checkpoint *checkpoint,
                       struct wh_error *error);

/*
 * For sinks. Whether the stream goes on exactly where C is: WH_BROKEN, naming both, where C (named
 * `name` in messages) holds anything else than begin->from. Then whether the rows come through the
 * recipes that they came through before, whatever constants these have learned since: WH_REFUSED
 * where not, unless `changed` allows it.
 */
int wh_checkpoint_check(const struct wh_checkpoint *held, const struct wh_control *begin,
                        const char *name, bool changed, struct wh_error *error);
/* Fails with WH_BROKEN: C, named `name`, holds an earlier place than what was committed. */
int wh_checkpoint_lost(const struct wh_place *held, const struct wh_place *committed,
                       const char *name, struct wh_error *error);
/* Before a commit: WH_BROKEN, naming the other epoch, where C does not hold `expected`. */
int wh_checkpoint_expect(const struct wh_checkpoint *held, const struct wh_place *expected,
                         const char *name, struct wh_error *error);

#endif
