/*
 * The one place where a tool writes to people: every diagnostic, notice and progress line goes
 * through here, so that no text from outside (data, names of files, what a server says) can make a
 * terminal act, and no password is shown (base/display.h, base/secrets.h).
 */
#ifndef WH_CLI_DIAGNOSTIC_H
#define WH_CLI_DIAGNOSTIC_H

#include "base/memory.h"

/* Writes "TOOL: TEXT" (TOOL may be NULL) as one line to standard error, in one piece, so that the
 * lines of several tools do not mix. */
void wh_diagnostic(const char *tool, const char *text);

/* Appends the text as wh_diagnostic would write it, without a line end. */
void wh_diagnostic_text(struct wh_buffer *out, const char *text);

#endif
