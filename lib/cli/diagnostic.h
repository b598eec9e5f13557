/*
 * The one place where a tool writes to people: every diagnostic, notice and progress line goes
 * through here, so that no text from outside (data, names of files, what a server says) can make a
 * terminal act, and no password is shown (base/display.h).
 */
#ifndef WH_CLI_DIAGNOSTIC_H
#define WH_CLI_DIAGNOSTIC_H

#include "base/memory.h"

/* Notes which parts of the command line are passwords: none of them is shown later. Its strings are
 * copied. To be called before the first diagnostic. */
void wh_diagnostic_arguments(int argc, char *const *argv);

/* Writes "TOOL: TEXT" (TOOL may be NULL) as one line to standard error, in one piece, so that the
 * lines of several tools do not mix. */
void wh_diagnostic(const char *tool, const char *text);

/* Appends the text with `***` in the place of passwords, and otherwise as it is. */
void wh_diagnostic_hide(struct wh_buffer *out, const char *text);

/* Appends the text as wh_diagnostic would write it, without a line end. */
void wh_diagnostic_text(struct wh_buffer *out, const char *text);

#endif
