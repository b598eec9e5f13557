/*
 * URLs of databases, as far as messages are concerned: passwords are never shown.
 */
#ifndef WH_DATABASE_URL_H
#define WH_DATABASE_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Whether the URL holds a password, before the host or as a parameter. True also where a password
 * seems to hold characters that had to be percent-encoded. */
bool wh_url_has_password(const char *url);

/* Refuses a password with a bare '@', '/', '?' or '#', which would be taken for a part of the host
 * and show up in messages. */
int wh_url_check(const char *url, struct wh_error *error);

/* "postgresql://ada@db/shop": the URL as messages name it, without password and parameters.
 * free() it. */
char *wh_url_display(const char *url);

#endif
