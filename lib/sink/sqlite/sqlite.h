/*
 * SQLite databases as targets: one transaction for the rows and the checkpoint, begun with the
 * first row and holding the lock of the one writer from there to the commit. The journal's mode is
 * left as it is. Foreign keys are enforced.
 */
#ifndef WH_SINK_SQLITE_SQLITE_H
#define WH_SINK_SQLITE_SQLITE_H

#include "sink/sink.h"

/* A sink into the database that the request names, with what it says of a table; NULL on failure. */
struct wh_sink *wh_sqlite_sink_open(const struct wh_sink_request *request,
                                    struct wh_error *error);

#endif
