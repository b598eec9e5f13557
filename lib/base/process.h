/*
 * What a library asks of the process that it runs in: whether it is to end, and to be left to its
 * end where it waits. Whoever owns the process, a tool's command line (cli/signals.h), says how. In
 * a process that said nothing, nobody asks for the end, and what is asked of it has no effect.
 */
#ifndef WH_BASE_PROCESS_H
#define WH_BASE_PROCESS_H

#include <stdbool.h>

#include "base/error.h"

struct wh_process_ops {
    void (*catch)(bool hup);
    void (*release)(void);
    void (*catch_again)(void);
    void (*hold_pipe)(void);
    void (*guard)(void (*clean)(void));
    int (*stop)(void);
    int (*descriptor)(void);
    void (*limit)(unsigned int seconds);
    bool (*hup)(void);
};

/* Before any thread is started; `ops` must outlive the process's use of the library. */
void wh_process_own(const struct wh_process_ops *ops);

/* From here on SIGTERM and SIGINT only ask for the end, those that are not ignored; SIGHUP too asks
 * for something where `hup`. May be called again. */
void wh_process_catch(bool hup);
/* Around what could wait without an end and cannot be interrupted: SIGTERM and SIGINT end the
 * process there, as they did before they were caught. */
void wh_process_release(void);
void wh_process_catch_again(void);
/* From here on a closed output is an error (EPIPE), not the process's quiet end. */
void wh_process_hold_pipe(void);

/* A signal whose default action is in force, and ends the process, calls `clean` first, which may
 * do what a signal's handler may. A handler of the program's own, or a signal that is ignored, stays
 * as it is. To be called again whenever there is something to clean up: always with the same. */
void wh_process_guard(void (*clean)(void));

/* The signal that asks for the end, or 0. Cheap. */
int wh_process_stop(void);
/* Readable, for poll(), from the moment on when the end is asked for; -1 where that cannot be. */
int wh_process_descriptor(void);
/* Where the end is asked for: that it comes in so many seconds, whatever the process waits for; 0
 * takes that back. */
void wh_process_limit(unsigned int seconds);
/* Whether SIGHUP has come since the last call. */
bool wh_process_hup(void);

/* Fails (WH_FAILED) where the end is asked for; the text names the signal. */
int wh_process_check(struct wh_error *error);

#endif
