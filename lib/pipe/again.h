/*
 * Operands that are read more than once: regular files, which are opened again each time, and
 * standard input, which is put by in a temporary file first where it is not a regular file itself.
 */
#ifndef WH_PIPE_AGAIN_H
#define WH_PIPE_AGAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

struct wh_again {
    const char *const *paths; /* as they were given: none, or "-", is standard input */
    size_t count;
    bool standard_input;      /* is among them, or all of them */
    int spool;                /* the file that it was put by in (for struct wh_reading); 0: none */
    off_t begin;              /* where the rows begin, in that or else in standard input */
};

/* `paths` must outlive it. */
struct wh_again wh_again_of(const char *const *paths, size_t count);

/* Whether standard input is among them and would have to be put by. */
bool wh_again_spools(const struct wh_again *again);

/*
 * Makes sure that all can be read again, by putting standard input by in a file where it is none.
 * Refused are other operands that are no regular files, `remedy` saying what to do instead, and a
 * stream with checkpoints on standard input, which may never end: `refuse_stream` fills the error
 * and returns -1.
 */
int wh_again_prepare(struct wh_again *again, const char *remedy,
                     int (*refuse_stream)(struct wh_error *error), struct wh_error *error);

/* Before each reading but the first. */
int wh_again_rewind(const struct wh_again *again, struct wh_error *error);

/* Gives the file back that standard input was put by in. */
void wh_again_free(struct wh_again *again);

#endif
