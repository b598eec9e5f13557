/*
 * Connections to PostgreSQL, and to what speaks its protocol, as sources, targets and checkpoints
 * make them. A password is never echoed; one in the URL earns a notice.
 */
#ifndef WH_DATABASE_PGCONNECT_H
#define WH_DATABASE_PGCONNECT_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/error.h"

/*
 * Connects, the client's encoding being UTF-8; the server's notices go to `notify`, which must
 * stay as long as the connection. `tool` is the application_name where nobody set another.
 * NULL on failure: WH_REFUSED for a URL that cannot be used, else WH_UNREACHABLE; the text does
 * not name the database (wh_url_display does). PQfinish() it.
 */
PGconn *wh_pg_connect(const char *url, const char *tool, const struct wh_notify *notify,
                      struct wh_error *error);

/* Whether the server vouches for UTF-8: a database in SQL_ASCII holds whatever was put there. */
bool wh_pg_encoded(const PGconn *connection);

/* Runs a command, or several, that give no rows; 0 or -1. */
int wh_pg_command(PGconn *connection, const char *sql, struct wh_error *error);

#endif
