/*
 * Text that came from outside, as people may see it: nothing in it makes a terminal act, and no
 * password is readable.
 */
#ifndef WH_BASE_DISPLAY_H
#define WH_BASE_DISPLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/memory.h"

/*
 * Length in bytes of the character at `text`; 0 where a terminal could obey it or be misled by it,
 * so that its first byte must be escaped: control characters (C0, DEL, C1), line and paragraph
 * separators, marks, embeddings, overrides and isolates of the writing direction, byte order marks,
 * broken UTF-8. `length` is at least 1.
 */
size_t wh_display_character(const char *text, size_t length);

/* Appends the text, those bytes as \xNN. Line ends stay where `lines`. */
void wh_display_text(struct wh_buffer *out, const char *text, size_t length, bool lines);

/* Whether a parameter of this name holds a secret: "password", "sslpassword", "PWD", ... */
bool wh_display_is_secret(const char *name, size_t length);

/*
 * Appends the text with `***` in the place of passwords: in scheme://user:PASSWORD@host, and in
 * password=PASSWORD and the like, as URLs, connection strings of libpq and of ODBC have them. Where
 * a text was cut off within a URL, what may be a part of its password is taken for one. Too much is
 * hidden rather than too little.
 */
void wh_display_hide(struct wh_buffer *out, const char *text, size_t length);
/* The same for a value of which it is known where it ends: a URL that it is may hold blanks. */
void wh_display_hide_value(struct wh_buffer *out, const char *value, size_t length);

/*
 * Appends to `secrets` each string, with its NUL, that may be a password in an argument of a
 * command line, where it is known where the argument ends. Short ones are left out, and those that
 * occur elsewhere in the argument, as where a password equals the user's name.
 */
void wh_display_secrets(struct wh_buffer *secrets, const char *argument);

/* Appends the text with `***` in the place of each of these secrets. */
void wh_display_hide_these(struct wh_buffer *out, const char *text, size_t length,
                           const struct wh_buffer *secrets);

#endif
