/*
 * What a server says of rows that it does not take: whether they are at fault, not the connection,
 * the server or the SQL, and which of them.
 */
#ifndef WH_SINK_POSTGRES_FAULT_H
#define WH_SINK_POSTGRES_FAULT_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "sink/remedy.h"

struct wh_pg_fault {
    bool rows;             /* the rows are at fault; the error then is one of a bad row */
    uint64_t line;         /* the line of COPY that is, from 1; 0: not told */
    enum wh_refused_by by; /* what has refused it */
    struct wh_error error;
};

/* Reads a failed result; `copied` is the table that rows were copied to, NULL none. */
void wh_pg_fault_read(struct wh_pg_fault *fault, PGconn *connection, const PGresult *result,
                      const char *copied);

/* The same of a row in a result of wh_pg_stage_search. */
void wh_pg_fault_told(struct wh_pg_fault *fault, const PGresult *refused, int row);

#endif
