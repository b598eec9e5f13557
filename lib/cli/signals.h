/*
 * Signals, which only set a flag: SIGTERM and SIGINT end a run between two rows, SIGHUP asks
 * wh-extract for a checkpoint. A second SIGTERM or SIGINT ends the process at once. The library
 * learns of them by base/process.h.
 */
#ifndef WH_CLI_SIGNALS_H
#define WH_CLI_SIGNALS_H

/* Makes signals what the library's questions to its process (base/process.h) are answered from. */
void wh_signals_own(void);
/* The process ends by the signal that asked for it, as whoever waits for it expects; returns where
 * none did. */
void wh_signals_die(void);

#endif
