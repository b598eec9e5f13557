/*
 * A checkpoint in PostgreSQL, "postgresql://...#name", as the source reads and watches it: over a
 * connection that stays open and is made anew once where it broke.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "database/pgconnect.h"
#include "database/pgquery.h"
#include "pipe/store.h"
#include "sink/checkpoint_name.h"
#include "sink/postgres/checkpoint.h"
#include "sink/sink.h"

struct postgres_store {
    struct wh_store store;
    PGconn *connection;
    struct wh_pg_checkpoint checkpoint;
    char *row; /* its name in the table */
};

static int read_store(struct wh_store *store, struct wh_checkpoint *held, struct wh_error *error)
{
    struct postgres_store *pg = (struct postgres_store *)(void *)store;
    int status = wh_pg_checkpoint_read(&pg->checkpoint, pg->connection, held, error);
    if (status != 0 && PQstatus(pg->connection) == CONNECTION_BAD) {
        wh_pg_reset(pg->connection);
        status = wh_pg_checkpoint_read(&pg->checkpoint, pg->connection, held, error);
    }
    return status;
}

static void close_store(struct wh_store *store)
{
    struct postgres_store *pg = (struct postgres_store *)(void *)store;
    PQfinish(pg->connection);
    wh_pg_checkpoint_close(&pg->checkpoint);
    free(pg->row);
    free(pg);
}

static const struct wh_store_ops ops = { .read = read_store, .close = close_store };

static bool takes(const char *name)
{
    return strncmp(name, "postgresql://", 13) == 0 || strncmp(name, "postgres://", 11) == 0;
}

static struct wh_store *open_store(const char *name, const struct wh_notify *notify,
                                   struct wh_error *error)
{
    const char *row = wh_checkpoint_row(name);
    if (*row == '\0') {
        wh_fail(error, WH_REFUSED, "--checkpoint needs a name after the database's URL: "
                "postgresql://...#NAME");
        return NULL;
    }
    struct postgres_store *pg = wh_alloc(1, sizeof *pg);
    char *url = wh_copy(name, (size_t)(row - 1 - name));
    pg->store.ops = &ops;
    pg->row = wh_copy(row, strlen(row));
    wh_pg_checkpoint_open(&pg->checkpoint, pg->row);
    pg->connection = wh_pg_connect(url, "wh-extract", notify, error);
    free(url);
    if (pg->connection)
        return &pg->store;
    char *shown = wh_checkpoint_display(name);
    wh_error_in(error, "--checkpoint %s", shown);
    free(shown);
    close_store(&pg->store);
    return NULL;
}

const struct wh_store_kind wh_postgres_store = { takes, open_store, false };
