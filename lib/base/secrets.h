/*
 * Passwords that this process was given on its command line: no message shows them, wherever it
 * comes from.
 */
#ifndef WH_BASE_SECRETS_H
#define WH_BASE_SECRETS_H

#include "base/memory.h"

/* Notes which parts of the command line are passwords. Its strings are copied. To be called before
 * the first message, and before any thread is started. */
void wh_secrets_note(int argc, char *const *argv);

/* Appends the text with `***` in the place of passwords, those noted and those of URLs, and
 * otherwise as it is. */
void wh_secrets_hide(struct wh_buffer *out, const char *text);

#endif
