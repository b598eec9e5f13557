/*
 * PostgreSQL as a target.
 *
 * Rows become lines of COPY (postgres_layout.h, postgres_value.h), which go to the server in
 * batches (postgres_batch.h): into the table itself or by way of a temporary one
 * (postgres_stage.h). All of it happens in one transaction, which the commit ends together with
 * the checkpoint (postgres_session.h).
 */
#ifndef WH_SINK_POSTGRES_POSTGRES_H
#define WH_SINK_POSTGRES_POSTGRES_H

#include "sink/sink.h"

/* A sink into the database that the request names, with what it says of a table; NULL on failure. */
struct wh_sink *wh_pg_sink_open(const struct wh_sink_request *request,
                                struct wh_error *error);

#endif
