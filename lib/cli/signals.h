/*
 * Signals, which only set a flag: SIGTERM and SIGINT end a run between two rows, SIGHUP asks
 * wh-extract for a checkpoint. A second SIGTERM or SIGINT ends the process at once.
 */
#ifndef WH_CLI_SIGNALS_H
#define WH_CLI_SIGNALS_H

#include <stdbool.h>

#include "base/error.h"

/* Catches SIGTERM and SIGINT, those that are not ignored; SIGHUP too where `hup`. May be called
 * again. */
void wh_signals_catch(bool hup);
/* Around what could wait without an end and cannot be interrupted: SIGTERM and SIGINT end the
 * process there, as they did before they were caught. */
void wh_signals_release(void);
void wh_signals_catch_again(void);
/* From here on a closed output is an error (EPIPE), not the process's quiet end. */
void wh_signals_hold_pipe(void);

/* The signal that asks for the end, or 0. Cheap. */
int wh_signals_stop(void);
/* Readable, for poll(), from the moment on when a signal has asked for the end; -1 where none is
 * caught. */
int wh_signals_descriptor(void);
/* Where a signal has asked for the end: that the process ends by it in so many seconds, whatever
 * it waits for; 0 takes that back. */
void wh_signals_limit(unsigned int seconds);
/* Whether SIGHUP has come since the last call. */
bool wh_signals_hup(void);

/* Fails (WH_FAILED) where a signal asks for the end; its text names it. */
int wh_signals_check(struct wh_error *error);
/* The process ends by the signal that asked for it, as whoever waits for it expects; returns where
 * none did. */
void wh_signals_die(void);

#endif
