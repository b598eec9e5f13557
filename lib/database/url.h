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

/*
 * Refuses an operand that would be taken for a file's name but looks like a database: SCHEME: with
 * an unknown scheme of two letters or more, or libpq's "host=db dbname=shop". Its text is not
 * shown, as it may hold a password. "./odbc:x" is a file. `what` is "source" or "target"; `known`
 * are the `count` prefixes that have a kind.
 */
int wh_url_check_file(const char *operand, const char *what, const char *const *known,
                      size_t count, struct wh_error *error);

/*
 * Which kind of source or target a name is: the first that has a prefix which it begins with.
 * prefixes[k] are those of kind k, NULL last; the last of the `count` kinds takes every name, but
 * wh_url_check_file is asked before it does. `count` where that refuses, with the error.
 */
size_t wh_url_kind(const char *name, const char *what, const char *const *const *prefixes,
                   size_t count, struct wh_error *error);

#endif
